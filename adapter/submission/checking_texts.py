"""What the comparison of a submission with its documents may find: its part of ``dmp-adapter rules``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapter.errors import RuleText, Severity

_XDS: Final = "IHE ITI TF-3, 4.2.3 ; PDSm 3.1.1"
_HEADER: Final = "ANS, correspondance entre l'en-tête CDA et les métadonnées XDS"
_AGAIN: Final = " Convertir la visite à nouveau ; si la faute revient, c'est un défaut du programme ou des tables."

CHECKED: Final[Mapping[str, RuleText]] = {
    rule.code: rule
    for rule in (
        RuleText(
            "SUB-HASH",
            Severity.ERROR,
            "Empreinte ou taille fausse",
            "L'empreinte SHA-1 et la taille annoncées sont celles des octets qui partent, exactement : le DMP refuse un"
            " fichier qui n'y répond pas." + _AGAIN,
            "IHE ITI TF-3, 4.2.3.2.10 et 4.2.3.2.23",
        ),
        RuleText(
            "SUB-PATIENT",
            Severity.ERROR,
            "Un autre patient",
            "L'INS, l'identifiant local et les traits d'identité des métadonnées sont ceux du document, et ceux du lot"
            " : un document déposé sous un autre patient est le pire des accidents. Rien n'est envoyé." + _AGAIN,
            _HEADER,
        ),
        RuleText(
            "SUB-ID",
            Severity.ERROR,
            "Identifiant mal formé, en double ou d'un autre document",
            "Lot et documents ont chacun un OID (64 caractères au plus) et un UUID ; aucun ne sert deux fois, et ceux"
            " d'un document sont ceux qu'il porte." + _AGAIN,
            _XDS,
        ),
        RuleText(
            "SUB-ENTRY",
            Severity.ERROR,
            "Métadonnée autre que ce que dit le document",
            "Type, titre, langue, confidentialité, dates, auteur, responsable, structure et acte des métadonnées sont"
            " ceux de l'en-tête du document." + _AGAIN,
            _HEADER,
        ),
        RuleText(
            "SUB-MISSING",
            Severity.ERROR,
            "Attribut obligatoire absent",
            "Un attribut sans lequel aucun registre n'accepte un dépôt est vide : auteur et responsable (identifiant et"
            " nom), titre, langue, codes de type, de classe, de format, de lieu et de cadre.",
            _XDS,
        ),
        RuleText(
            "SUB-CODE",
            Severity.ERROR,
            "Code hors de son jeu de valeurs",
            "Classe de document du DMP, qui va avec le type ; un niveau de confidentialité N, R ou V ; masques connus,"
            " chacun une fois, qui vont ensemble. Corriger la table mappings/documents.",
            "TRE_A03, TRE_A07, ASS_X04 et ASS_X16 (NOS) ; guide d'intégration du DMP",
        ),
        RuleText(
            "SUB-TIME",
            Severity.ERROR,
            "Date qui n'est pas en temps universel",
            "Les dates des métadonnées sont en UTC, alors que les documents gardent l'heure locale et son décalage.",
            "IHE ITI TF-3, 4.2.3.1.7 (DTM)",
        ),
        RuleText(
            "SUB-MIME",
            Severity.ERROR,
            "Type de fichier faux",
            "Le type annoncé est text/xml pour un document CDA, application/fhir+json pour un document FHIR, et le"
            " fichier en est un.",
            _XDS,
        ),
        RuleText(
            "SUB-FORMAT",
            Severity.ERROR,
            "Format annoncé faux",
            "Le code de format dit ce qu'est le fichier : corps structuré (N3), PDF dans un CDA (N1), ou document"
            " FHIR.",
            "TRE_A06, TRE_A11 ; JDV_J60-FormatCode-DMP",
        ),
        RuleText(
            "SUB-REPLACES",
            Severity.ERROR,
            "Remplacement faux",
            "Un document remplace la version que son en-tête désigne, jamais lui-même ni une autre.",
            "IHE ITI TF-3, 4.2.2.2.3 (RPLC) ; CDA R2, relatedDocument",
        ),
    )
}
"""Rules of ``check_submission``, by code."""
