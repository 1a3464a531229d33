"""What preparing or checking a submission may refuse, told to who sends: its part of ``dmp-adapter rules``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapter.errors import RuleText, Severity
from adapter.submission.checking_texts import CHECKED

RULES: Final[Mapping[str, RuleText]] = {
    rule.code: rule
    for rule in (
        RuleText(
            "SUB-OPPOSITION",
            Severity.ERROR,
            "Opposition du patient",
            "Le patient s'est opposé à l'alimentation de son DMP : le document n'est jamais envoyé. L'opposition est"
            " gérée par le logiciel du cabinet ; si elle a été levée, mettre la visite à jour puis recommencer.",
            "Code de la santé publique, R1111-47 ; guide d'intégration du DMP",
        ),
        RuleText(
            "SUB-INS",
            Severity.ERROR,
            "INS absent ou non qualifié",
            "Au DMP comme par messagerie sécurisée, un document ne part que sous une identité qualifiée : INS obtenu"
            " par le téléservice INSi et identité vérifiée sur une pièce. Qualifier l'identité dans le logiciel du"
            " cabinet, puis recommencer.",
            "Référentiel INS ; référentiel national d'identitovigilance (RNIV)",
        ),
        RuleText(
            "SUB-INS-ROOT",
            Severity.ERROR,
            "Nature d'INS non admise par cette destination",
            "L'autorité d'affectation de l'INS n'est pas parmi celles que cette destination accepte : un INS de test ou"
            " de démonstration ne part pas en production, et inversement.",
            "Référentiel INS ; HL7 FR Core, fr-core-patient-ins",
        ),
        RuleText(
            "SUB-MASKS",
            Severity.ERROR,
            "Masques incompatibles",
            "Un document ne peut pas être à la fois masqué aux professionnels de santé et invisible au patient : il ne"
            " serait plus lu que par son auteur. Choisir l'un des deux masques.",
            "Guide d'intégration du DMP, visibilité des documents (EX_2.1-1050)",
        ),
        RuleText(
            "SUB-SIZE",
            Severity.ERROR,
            "Document trop volumineux",
            "Le document dépasse la taille que cette destination accepte (réglage). Alléger les pièces jointes.",
            "Réglage de l'installation",
        ),
        RuleText(
            "SUB-FORM",
            Severity.ERROR,
            "Forme que cette destination ne reçoit pas",
            "La voie de production du DMP (XDS.b) transporte des documents CDA, structurés ou autour d'un PDF ; elle ne"
            " reçoit pas de document FHIR. Déposer le CDA, ou choisir une destination en PDSm.",
            "Guide d'intégration du DMP ; CI-SIS, volet Partage de documents de santé",
        ),
        RuleText(
            "SUB-REPLACED-FORM",
            Severity.WARNING,
            "Version corrigée sous une autre forme",
            "Un dépôt remplace le document de même forme. La version corrigée est dans le DMP sous une forme que cet"
            " envoi ne remplace pas : elle y reste en vigueur, erreur comprise. Envoyer aussi la correction sous cette"
            " forme.",
            "IHE ITI TF-3, 4.2.2.2 (relation RPLC) ; règle de l'adaptateur",
        ),
        RuleText(
            "SUB-SETTING",
            Severity.ERROR,
            "Cadre d'exercice ou secteur d'activité absent",
            "Le secteur d'activité de la structure (TRE_R02) et le cadre d'exercice (TRE_A01) décrivent tout document"
            " déposé. Compléter la structure de l'auteur dans la visite.",
            "IHE ITI TF-3, 4.2.3.2.11 et 4.2.3.2.17 ; ANS, PDSm 3.1.1",
        ),
        RuleText(
            "SUB-BYTES",
            Severity.ERROR,
            "Fichier d'un autre document",
            "Les octets remis ne portent pas l'identifiant du document décrit : la fiche et le fichier ne vont pas"
            " ensemble. Convertir la visite à nouveau.",
            "Règle de l'adaptateur",
        ),
        *CHECKED.values(),
    )
}
"""Every rule that preparing or checking a submission may name, by code."""
