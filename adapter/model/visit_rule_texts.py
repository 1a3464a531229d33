"""What each rule on a visit asks, why, and where it comes from: the table behind ``dmp-adapter rules``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapter.errors import RuleText as Rule
from adapter.errors import Severity
from adapter.model.json_input import JSON_RULES

_E: Final = Severity.ERROR
_W: Final = Severity.WARNING
_FORMAT: Final = "Format vsp-visit/1 (JSON Schema publié par « dmp-adapter schema »)"
_CDA: Final = "HL7 CDA R2 ; CI-SIS, Volet Structuration minimale de documents de santé"
_INS: Final = "Référentiel INS ; référentiel national d'identitovigilance (RNIV)"
_CSP: Final = "Code de la santé publique, "
_NGAP: Final = "NGAP, article 15.2.3 (visite soins palliatifs)"
_SCALES: Final = "Bornes publiées par les auteurs de chaque échelle"
_DMP: Final = "Guide d'intégration du DMP ; ANS, PDSm pour le DMP"

_OWN: Final = (
    Rule("VIS-UNKNOWN-FIELD", _E, "Champ inconnu",
         "Le format refuse tout champ qu'il ne connaît pas : une faute de frappe ferait perdre une donnée sans bruit.",
         _FORMAT),
    Rule("VIS-TOO-MANY", _E, "Trop de constats",
         "Les données ont tant de fautes que seules les premières sont dites.", _FORMAT),
    Rule("VIS-TOO-LARGE", _E, "Trop de valeurs",
         "Une visite compte quelques milliers de valeurs au plus ; un fichier qui en a plus de 100 000 est refusé sans "
         "autre examen.", "RFC 8259 section 9 (un lecteur peut borner ce qu'il accepte)"),
    Rule("VIS-MISSING", _E, "Champ obligatoire absent", "Ce champ est nécessaire pour produire le document.", _FORMAT),
    Rule("VIS-TYPE", _E, "Type JSON inattendu",
         "La valeur n'est pas du type prévu (texte, nombre entier, booléen, tableau, objet). Un champ sans valeur ne "
         "s'envoie pas.", _FORMAT),
    Rule("VIS-CODE", _E, "Code local inconnu",
         "La valeur doit être l'un des codes locaux de la liste, que les tables de mappings/codes traduisent.",
         _FORMAT),
    Rule("VIS-DATE", _E, "Date impossible",
         "Les jours s'écrivent AAAA-MM-JJ, les moments AAAA-MM-JJTHH:MM:SS avec décalage ; ils doivent exister, entre "
         "1850 et 2200.", "ISO 8601"),
    Rule("VIS-OFFSET", _E, "Heure sans décalage",
         "Sans décalage horaire, une heure saisie à La Réunion serait lue comme une heure de métropole.",
         "CI-SIS, Volet Structuration minimale de documents de santé (datation)"),
    Rule("VIS-DECIMAL", _E, "Nombre décimal mal écrit",
         "Un nombre JSON ou un texte décimal avec un point ; ses chiffres sont gardés tels quels.", _FORMAT),
    Rule("VIS-TEXT-BLANK", _E, "Texte vide",
         "Un texte vide ou fait de blancs ne dit rien : un champ sans valeur ne s'envoie pas.", _FORMAT),
    Rule("VIS-BOUNDS", _E, "Hors des bornes", "Longueur, nombre d'éléments ou valeur hors des bornes du champ.",
         _FORMAT),
    Rule("VIS-FORMAT", _E, "Forme inattendue", "Le texte ne suit pas la forme du champ (une ligne, clé, code...).",
         _FORMAT),
    Rule("VIS-REPEATED", _E, "Valeur répétée", "Une même valeur figure deux fois dans une liste de codes.", _FORMAT),
    Rule("VIS-END-BEFORE-START", _E, "Fin avant le début", "La visite ne peut pas finir avant d'avoir commencé.",
         _CDA),
    Rule("VIS-WRITTEN-BEFORE-START", _E, "Rédaction avant la visite",
         "La synthèse rend compte de la visite : elle ne peut pas être rédigée avant son début.", _CDA),
    Rule("VIS-DURATION", _W, "Visite très longue", "Une visite de plus de douze heures est sans doute mal datée.",
         "Vraisemblance"),
    Rule("VIS-BIRTH-FUTURE", _E, "Naissance après la visite", "La date de naissance suit la date de la visite.", _INS),
    Rule("VIS-AGE", _W, "Âge invraisemblable", "Le patient aurait plus de 125 ans.", "Vraisemblance"),
    Rule("VIS-INS-ABSENT", _W, "Identité INS absente",
         "Le document est produit et peut être archivé, mais le DMP n'accepte que des identités INS qualifiées.",
         _INS),
    Rule("VIS-INS-STATUS", _W, "Identité INS non qualifiée",
         "Seule une identité qualifiée (INS récupérée et pièce d'identité contrôlée) permet l'envoi au DMP.", _INS),
    Rule("VIS-INS-TRAITS", _W, "Matricule et traits en désaccord",
         "Le sexe, l'année ou le mois de naissance ne sont pas ceux que porte le matricule ; l'identité est à "
         "vérifier.", _INS),
    Rule("VIS-INS-BIRTHPLACE", _E, "Identité qualifiée sans lieu de naissance",
         "Une identité qualifiée a ses cinq traits ; le code INSEE du lieu de naissance en est un.", _INS),
    Rule("INS-ROOT", _E, "Racine INS inconnue",
         "La racine dit l'autorité d'affectation : 1.2.250.1.213.1.4.8 (NIR), .9 (NIA), .10 (test), "
         ".11 (démonstration).", _INS),
    Rule("INS-FORMAT", _E, "Matricule INS mal formé", "Le matricule compte 13 caractères et une clé de 2 chiffres.",
         _INS),
    Rule("INS-KEY", _E, "Clé INS fausse",
         "La clé vaut 97 moins le reste de la division du matricule par 97 (2A compte pour 19, 2B pour 18). Erreur "
         "pour un matricule réel, avertissement pour un matricule de test ou de démonstration.", _INS),
    Rule("RPPS-FORMAT", _E, "RPPS mal formé", "Le numéro RPPS compte 11 chiffres.",
         "CI-SIS, Annexe Sources des données personnes et structures"),
    Rule("RPPS-KEY", _W, "Clé RPPS fausse", "Le dernier chiffre du RPPS est une clé de Luhn.",
         "CI-SIS, Annexe Sources des données personnes et structures"),
    Rule("FINESS-FORMAT", _E, "FINESS mal formé", "Le numéro FINESS compte 9 caractères (2A ou 2B pour la Corse).",
         "CI-SIS, Annexe Sources des données personnes et structures"),
    Rule("FINESS-KEY", _W, "Clé FINESS fausse", "Le dernier chiffre du FINESS est une clé de Luhn.",
         "CI-SIS, Annexe Sources des données personnes et structures"),
    Rule("INSEE-FORMAT", _E, "Code INSEE mal formé",
         "Le lieu de naissance est un code INSEE de 5 caractères (2A ou 2B pour la Corse, 99 et le pays à "
         "l'étranger).", "INSEE, Code officiel géographique"),
    Rule("OID-FORMAT", _E, "OID mal formé", "Un OID est une suite de nombres séparés par des points.",
         "ITU-T X.660 ; HL7 CDA R2, type uid"),
    Rule("VIS-STRUCTURE-ID", _E, "Structure sans identifiant",
         "La structure qui conserve le document porte un identifiant national (FINESS, ou identifiant déjà préfixé : "
         "un cabinet sans FINESS donne « 4 » suivi de son RPPS-rang).",
         "CI-SIS, Annexe Sources des données personnes et structures"),
    Rule("VIS-LOCUM", _E, "Remplacement mal décrit",
         "Un remplaçant nomme le médecin remplacé (champ replaces) ; un autre auteur ne le nomme pas.", _NGAP),
    Rule("VIS-ATTENDING", _W, "Médecin traitant superflu",
         "Le médecin traitant se décrit à part seulement quand l'auteur est un autre médecin.", _FORMAT),
    Rule("VIS-NOT-VSP", _W, "Ce n'est pas une VSP",
         "Seuls le médecin traitant et son remplaçant font une visite soins palliatifs ; le document reste un compte "
         "rendu de visite.", _NGAP),
    Rule("VIS-EHPAD", _W, "EHPAD incomplet",
         "Pour un EHPAD, le FINESS et le mode de fixation des tarifs disent qui paie la visite ; sans eux la question "
         "reste posée, elle n'est jamais devinée.", "FINESS, mode de fixation des tarifs ; " + _NGAP),
    Rule("VIS-PLACE-FIELD", _W, "Tarif hors EHPAD", "Le mode de fixation des tarifs ne concerne qu'un EHPAD.",
         "FINESS, mode de fixation des tarifs"),
    Rule("VIS-DUPLICATE-ID", _E, "Clé utilisée deux fois",
         "Proches, représentants, membres de l'équipe et pièces jointes partagent un seul jeu de clés ; « author » est "
         "réservé au médecin auteur.", _FORMAT),
    Rule("VIS-REF", _E, "Clé qui ne désigne personne",
         "Une référence doit porter la clé d'une personne décrite dans la visite, du genre attendu à cet endroit.",
         _FORMAT),
    Rule("VIS-PRESENT-UNNAMED", _W, "Présent non décrit",
         "Un proche ou un professionnel présent se désigne par sa clé ou en clair.", _FORMAT),
    Rule("VIS-GUARDIAN", _E, "Représentant légal mal décrit",
         "Un représentant légal est une personne (name) ou un organisme (organization), l'un des deux exactement.",
         _FORMAT),
    Rule("VIS-MINOR-GUARDIAN", _W, "Mineur sans représentant légal",
         "Les titulaires de l'autorité parentale d'un mineur sont ses représentants légaux dans le DMP.",
         "Code civil, article 371-1"),
    Rule("VIS-TRUSTED", _E, "Personne de confiance incohérente",
         "« designated » demande un proche portant le rôle trusted-person ; ce rôle et une date de désignation "
         "demandent « designated » : avec un autre statut, la date ne s'imprimerait nulle part. Un "
         "mineur n'a pas de personne de confiance ; « not-applicable » vaut pour un mineur ou un majeur représenté.",
         _CSP + "article L1111-6"),
    Rule("VIS-MAIN-CARER", _W, "Plusieurs aidants principaux", "Un seul proche est l'aidant principal.",
         _CSP + "article L1111-6-1"),
    Rule("VIS-TEAM-EMPTY", _E, "Membre de l'équipe sans nom",
         "Un membre de l'équipe porte un nom, un nom de structure ou un type de structure.", _FORMAT),
    Rule("VIS-TELECOM", _E, "Moyen de contact inutilisable",
         "Un téléphone s'écrit avec des chiffres seulement (espaces, points, tirets, parenthèses et + initial permis), "
         "une adresse électronique avec une arobase. Deux numéros sont deux moyens de contact ; un commentaire va dans "
         "une rubrique de texte.", "RFC 3966 ; RFC 5322"),
    Rule("VIS-SCALE-BOUNDS", _E, "Score hors de l'échelle",
         "Le score doit être l'un de ceux de l'échelle. Les valeurs qui désignent le décès (ECOG 5, Karnofsky 0, "
         "PPS 0) sont refusées : le patient est vivant.", _SCALES),
    Rule("VIS-SCALE-VALUE", _E, "Score ou motif",
         "Une échelle porte un score, ou le motif pour lequel il n'a pas pu être obtenu : l'un des deux exactement.",
         _FORMAT),
    Rule("VIS-SCALE-AGE", _W, "Échelle d'un autre âge",
         "L'échelle n'est pas faite pour l'âge du patient ; le score est gardé tel quel.", _SCALES),
    Rule("VIS-SCALE-SELF", _W, "Autoévaluation d'un patient non communicant",
         "Un score d'autoévaluation demande que le patient puisse répondre ; une échelle d'hétéroévaluation convient "
         "mieux.", _SCALES),
    Rule("VIS-VITAL-BOUNDS", _W, "Signe vital invraisemblable",
         "La valeur sort des limites du vraisemblable : unité ou virgule à vérifier. Elle n'est jamais changée.",
         "Vraisemblance"),
    Rule("VIS-VITAL-IMPOSSIBLE", _E, "Signe vital impossible",
         "Une saturation va de 0 à 100 % ; les autres signes sont supérieurs à zéro.", "Définition de la mesure"),
    Rule("VIS-QUANTITY", _E, "Quantité négative ou nulle", "Une dose ou un bolus est supérieur à zéro, un débit n'est "
         "pas négatif.", _FORMAT),
    Rule("VIS-PCA", _W, "Réglages de pompe hors pompe",
         "Des réglages de pompe accompagnent un traitement qui n'est ni PCA ni continu.", _FORMAT),
    Rule("VIS-STATUS-ITEMS", _E, "Statut et liste en désaccord",
         "« listed » ou « written » va avec des éléments ou un document, « unknown » et « none » vont sans : une liste "
         "vide ne dit pas « aucune ».", "Distinction entre absence connue et absence d'information (CI-SIS, FHIR IPS)"),
    Rule("VIS-OTHER-LABEL", _E, "« other » sans précision",
         "La valeur « other » ne dit rien sans le texte qui l'accompagne.", _FORMAT),
    Rule("VIS-PERIOD", _E, "Fin avant le début", "La fin d'une période précède son début.", _FORMAT),
    Rule("VIS-FUTURE", _W, "Date à venir", "Un fait constaté est daté d'après la rédaction de la synthèse.",
         "Vraisemblance"),
    Rule("VIS-TREATMENT-ENDED", _W, "Traitement en cours déjà fini",
         "Le traitement est dit en cours alors que sa fin précède la visite.", "Vraisemblance"),
    Rule("VIS-DIRECTIVES-DATE", _W, "Directives sans date",
         "Les directives anticipées sont un document écrit, daté et signé ; la date manque.",
         _CSP + "articles L1111-11 et R1111-17"),
    Rule("VIS-DIRECTIVES-DOCUMENT", _W, "Document de directives sans directives",
         "Une pièce jointe est le document des directives anticipées alors que celles-ci ne sont pas dites rédigées.",
         _CSP + "article L1111-11"),
    Rule("VIS-COLLEGIAL", _W, "Décision sans procédure collégiale décrite",
         "Limiter ou arrêter des traitements chez une personne hors d'état de s'exprimer suit une procédure "
         "collégiale ; elle est dite suivie mais n'est pas décrite.",
         _CSP + "articles L1110-5-1 et R4127-37-2"),
    Rule("VIS-NEXT-VISIT", _E, "Prochaine visite incohérente",
         "La prochaine visite porte une date ou un texte, après la visite, et un seul jour ; aucune date n'est "
         "calculée.", _FORMAT),
    Rule("VIS-BASE64", _E, "Pièce jointe mal encodée",
         "Le contenu est en base64 (RFC 4648), sans retour à la ligne ni blanc.", "RFC 4648 section 4"),
    Rule("VIS-PDF", _E, "Pièce jointe qui n'est pas un PDF", "Un fichier PDF commence par « %PDF- ».",
         "ISO 32000-1, section 7.5.2"),
    Rule("VIS-HIDDEN-ANNOUNCE", _W, "Masquage au patient sans annonce",
         "Le masquage au patient est provisoire, jusqu'à une consultation d'annonce dont la date suit la rédaction.",
         _DMP),
    Rule("VIS-HIDDEN-GUARDIANS", _W, "Masquage aux représentants sans représentant",
         "Le masquage aux représentants légaux ne concerne qu'un patient qui en a.", _DMP),
    Rule("VIS-OPPOSITION", _W, "Opposition du patient : pas d'envoi",
         "Le document est produit et archivé localement ; il n'est jamais envoyé au DMP, même sur relance.",
         _CSP + "articles L1111-14 et suivants ; " + _DMP),
    Rule("VIS-OPPOSITION-REASON", _W, "Motif sans opposition",
         "Un motif d'opposition est donné alors que l'opposition n'est pas notée.", _FORMAT),
    Rule("VIS-CORRECTION", _E, "Version et correction en désaccord",
         "La version 1 n'a pas de correction ; toute version suivante remplace la précédente et en dit le motif.",
         "HL7 CDA R2, section 4.2.3.1 (relatedDocument, setId, versionNumber)"),
    Rule("VIS-INCOMPLETE", _W, "Rubrique recommandée absente",
         "Cette rubrique aide la nuit ou en urgence. Rien n'est inventé : elle sera dite non renseignée.",
         "Contenu utile d'une synthèse de soins palliatifs à domicile (HAS 2016, maintien à domicile ; SFAP, fiche "
         "urgence pallia)"),
)  # fmt: skip

RULES: Final[Mapping[str, Rule]] = {
    **{rule.code: rule for rule in _OWN},
    **{code: Rule(code, _E, text.title, text.explanation, text.source) for code, text in JSON_RULES.items()},
}
"""Every rule that reading a visit may name, by code."""
