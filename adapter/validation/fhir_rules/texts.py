"""The rules of this judge, told in French: what is asked, why, where it is written."""

from __future__ import annotations

from typing import Final

from adapter.errors import RuleText, Severity
from adapter.model.json_input import JSON_RULES

R4: Final = "FHIR R4 (4.0.1)"
CORE: Final = "FR Core 2.2.0-ballot-2"
DOC: Final = "FHIR document-core 0.1.0 (ANS, état du 2026-09-30)"
CLINICAL: Final = "HL7 FHIR Clinical Document 1.1.0"

E, W = Severity.ERROR, Severity.WARNING
_TEXTS: Final[tuple[tuple[str, Severity, str, str, str], ...]] = (
    (
        "FHIR-BUNDLE",
        E,
        "Ce n'est pas un Bundle de type document",
        "Une synthèse FHIR est un Bundle dont le type vaut document ; ni search, ni request, ni response, ni total.",
        f"{R4}, Bundle (bdl-1 à bdl-4) ; {DOC}, fr-bundle-document",
    ),
    (
        "FHIR-BUNDLE-IDENTIFIER",
        E,
        "Le document n'a pas d'identifiant complet",
        "Bundle.identifier (system et value) désigne cette version du document.",
        f"{R4}, bdl-9 ; {DOC}",
    ),
    (
        "FHIR-TIMESTAMP",
        E,
        "La date d'assemblage manque ou précède la date du document",
        "Bundle.timestamp est obligatoire et ne précède pas Composition.date.",
        f"{R4}, bdl-10 ; {CLINICAL}",
    ),
    (
        "FHIR-FULLURL",
        E,
        "fullUrl absent ou mal formé",
        "Chaque entrée porte un fullUrl de la forme urn:uuid: suivie d'un UUID en minuscules.",
        f"{R4}, Bundle.entry.fullUrl (bdl-8) ; RFC 4122",
    ),
    (
        "FHIR-FULLURL-UNIQUE",
        E,
        "Deux entrées portent le même fullUrl",
        "Un fullUrl désigne une seule ressource du document.",
        f"{R4}, bdl-7",
    ),
    (
        "FHIR-ID-UNIQUE",
        E,
        "Deux ressources du même type portent le même id",
        "L'id est unique par type dans le document, comme il doit l'être sur un serveur.",
        f"{R4}, Resource.id",
    ),
    (
        "FHIR-COMPOSITION",
        E,
        "La Composition n'est pas la première et la seule",
        "La première entrée d'un document est sa Composition et il n'y en a pas d'autre.",
        f"{R4}, bdl-11 ; {CLINICAL}",
    ),
    (
        "FHIR-ENTRIES",
        E,
        "Une ressource obligatoire de l'en-tête manque ou se répète",
        (
            "Le document porte exactement un Patient et au moins un PractitionerRole, un Practitioner, une "
            "Organization, un Encounter et une Location."
        ),
        f"{DOC}, fr-bundle-document",
    ),
    (
        "FHIR-RESOURCE-TYPE",
        E,
        "Type de ressource non prévu dans ce document",
        (
            "Le document ne porte que les types que la synthèse de visite emploie ; les ressources de facturation "
            "(Coverage, Claim, Invoice) n'y ont jamais leur place."
        ),
        f"{R4}, resourceType ; {DOC}",
    ),
    ("FHIR-ELEMENT", E, "Élément inconnu", "Cet élément n'existe pas dans la définition de base.", f"{R4}, json.html"),
    (
        "FHIR-REQUIRED",
        E,
        "Élément obligatoire absent",
        "La définition de base exige cet élément.",
        f"{R4}, cardinalités des définitions de base",
    ),
    (
        "FHIR-ARRAY",
        E,
        "Tableau, objet ou valeur simple à la place d'un autre",
        "Un élément répétable est toujours un tableau, un élément unique jamais.",
        f"{R4}, json.html",
    ),
    (
        "FHIR-EMPTY",
        E,
        "Élément vide",
        "Un élément présent a un contenu : ni null, ni texte vide ou blanc, ni objet ou tableau vide.",
        f"{R4}, json.html ; ele-1",
    ),
    (
        "FHIR-CHOICE",
        E,
        "Plusieurs formes d'une même valeur",
        "Un élément à choix (value[x]) ne prend qu'une forme.",
        f"{R4}, formats.html#choice",
    ),
    (
        "FHIR-PRIMITIVE",
        E,
        "Valeur simple mal formée",
        "La valeur n'a pas la forme de son type.",
        f"{R4}, datatypes.html",
    ),
    (
        "FHIR-URI",
        E,
        "URI contenant un blanc",
        "Une URI ne contient aucun espace, même à la fin.",
        f"{R4}, datatypes.html#uri",
    ),
    (
        "FHIR-DATE",
        E,
        "Date impossible ou mal formée",
        "La date n'existe pas au calendrier ou n'est pas de la forme ISO.",
        f"{R4}, datatypes.html#dateTime",
    ),
    (
        "FHIR-TIMEZONE",
        E,
        "Heure sans décalage horaire",
        "Une heure porte toujours ses secondes et son décalage.",
        f"{R4}, datatypes.html#dateTime, #instant",
    ),
    (
        "FHIR-CODE",
        E,
        "Code absent du jeu de valeurs obligatoire",
        "La définition de base impose un jeu de valeurs.",
        f"{R4}, liaisons « required »",
    ),
    (
        "FHIR-STRING-SIZE",
        E,
        "Texte de plus d'un mégaoctet",
        "Une chaîne FHIR ne dépasse pas 1 Mo.",
        f"{R4}, datatypes.html#string",
    ),
    (
        "FHIR-REFERENCE",
        E,
        "Référence sans cible dans le document",
        "Chaque référence d'un document désigne une entrée par son fullUrl, ou une ressource contenue.",
        f"{R4}, documents.html ; bdl (document)",
    ),
    (
        "FHIR-REFERENCE-TYPE",
        E,
        "Référence vers une ressource d'un autre type",
        "Le type de la cible n'est pas permis ici.",
        f"{R4}, références des définitions de base",
    ),
    (
        "FHIR-UNREACHED",
        E,
        "Entrée que rien ne relie à la Composition",
        "Un lecteur parcourt le document depuis la Composition : une entrée hors de ce parcours serait perdue.",
        f"{R4}, documents.html#content",
    ),
    (
        "FHIR-NO-SECTION",
        E,
        "Ressource clinique hors de toute section",
        "Chaque ressource clinique est citée par une section, pour être lue avec son texte.",
        f"{R4}, Composition.section.entry ; conception de la synthèse",
    ),
    (
        "FHIR-VERSION",
        E,
        "Version du document absente ou mal formée",
        "L'extension Composition.version de R5 est obligatoire et ne contient que des chiffres.",
        f"{DOC}, fr-composition-document (comp-1)",
    ),
    (
        "FHIR-HEADER",
        E,
        "En-tête du document incomplet",
        (
            "La Composition porte langue, identifiant, sujet, rencontre, auteurs datés, responsable légal, organisme "
            "de conservation, confidentialité et acte principal."
        ),
        f"{DOC}, fr-composition-document",
    ),
    (
        "FHIR-RELATES",
        E,
        "Document remplacé mal désigné",
        "Un seul relatesTo replaces, par targetIdentifier avec type, system et value.",
        f"{DOC}, fr-composition-document",
    ),
    (
        "FHIR-CONFIDENTIALITY",
        E,
        "Niveau de confidentialité autre que N, R ou V",
        "Le DMP ne connaît que N, R et V.",
        "JDV_J08 ; v3-Confidentiality",
    ),
    (
        "FHIR-SECTION",
        E,
        "Section sans code, titre ou texte",
        ("Chaque section porte code et titre, et un texte au premier niveau."),
        f"{DOC}, fr-composition-document ; {R4}, cmp-1",
    ),
    (
        "FHIR-SECTION-CODE",
        E,
        "Code de section hors de la liste",
        ("Le code de section est un code LOINC de la liste des sections."),
        f"{DOC}, jdv-section-document-cisis",
    ),
    (
        "FHIR-SECTION-CONTENT",
        E,
        "Section mêlant entrées et sous-sections, ou vide avec des entrées",
        "Une section a des entrées ou des sous-sections ; emptyReason seulement sans entrée.",
        f"{DOC}, comp-4 ; {R4}, cmp-2",
    ),
    (
        "FHIR-ENCOUNTER",
        E,
        "Visite du document incomplète",
        "Composition.encounter porte identifiant, classe, période et un seul lieu.",
        f"{DOC}, fr-encounter-care-document ; {CORE}",
    ),
    ("FHIR-NARRATIVE", E, "Texte lisible mal formé", "Le texte est un div XHTML bien formé.", f"{R4}, Narrative"),
    (
        "FHIR-NARRATIVE-UNSAFE",
        E,
        "Texte lisible dangereux ou non permis",
        "Seuls les éléments et attributs de mise en forme sont permis : ni script, ni formulaire, ni lien extérieur.",
        f"{R4}, txt-1",
    ),
    (
        "FHIR-NARRATIVE-EMPTY",
        E,
        "Texte lisible vide",
        "Le texte montre au moins un caractère ou une image.",
        f"{R4}, txt-2",
    ),
    ("FHIR-INS", E, "Matricule INS mal formé", "Le matricule INS compte 15 caractères.", "Référentiel INS"),
    (
        "FHIR-INS-KEY",
        E,
        "Clé du matricule INS fausse",
        "Erreur pour un matricule réel, avertissement pour un matricule de test ou de démonstration.",
        "Référentiel INS",
    ),
    (
        "FHIR-INS-TYPE",
        E,
        "Type et racine du matricule INS en désaccord",
        "Chaque racine d'INS a son type (INS-NIR, INS-NIA, INS-NIR-TEST, INS-NIR-DEMO), toujours envoyé.",
        f"{CORE}, fr-core-patient-ins",
    ),
    (
        "FHIR-INS-OFFICIAL",
        E,
        "Identité qualifiée sans matricule INS officiel unique",
        "Avec le statut VALI, un seul identifiant a l'usage official et c'est un INS.",
        f"{CORE}, fr-core-1, fr-core-2",
    ),
    (
        "FHIR-INS-QUALIFIED",
        W,
        "Identité non qualifiée",
        "Sans identité qualifiée, le document n'entre pas au DMP.",
        f"{CORE}, fr-core-identity-reliability",
    ),
    (
        "FHIR-PATIENT",
        E,
        "Traits d'identité incomplets",
        (
            "Un patient INS a un nom official (famille, premier prénom, liste des prénoms de naissance), un sexe "
            "et une date de naissance."
        ),
        f"{CORE}, fr-core-patient-ins",
    ),
    (
        "FHIR-BIRTHPLACE",
        E,
        "Lieu de naissance absent ou mal codé",
        "Le lieu de naissance porte le code officiel géographique (TRE_R13-CommuneOM), autre que 99999.",
        f"{CORE}, fr-core-patient-ins (fr-core-3)",
    ),
    (
        "FHIR-GENDER",
        E,
        "Sexe « other » refusé",
        "Les profils français n'acceptent que male, female et unknown.",
        f"{CORE}, fr-core-patient",
    ),
    (
        "FHIR-PROFESSIONAL",
        E,
        "Identifiant de professionnel ou de structure mal formé",
        "RPPS : 11 chiffres ; PS_IdNat : 8 puis le RPPS ; structure : 1 puis FINESS, 3 puis SIRET, 4 puis rang.",
        f"{CORE}, fr-core-practitioner, fr-core-organization",
    ),
    (
        "FHIR-SYSTEM",
        E,
        "Système de codage mal désigné",
        "Un système s'écrit par son URI officielle, sans variante.",
        "HL7 Terminology ; NOS (ANS)",
    ),
    (
        "FHIR-LOINC",
        E,
        "Code LOINC à clé fausse",
        "Le dernier chiffre d'un code LOINC se calcule.",
        "LOINC Users' Guide, clé modulo 10",
    ),
    (
        "FHIR-SNOMED",
        E,
        "Code SNOMED CT à clé fausse",
        "Le dernier chiffre d'un code SNOMED CT se calcule (Verhoeff).",
        "SNOMED CT Release File Specifications",
    ),
    (
        "FHIR-UCUM",
        E,
        "Quantité codée hors UCUM",
        "Le code d'une unité vient de UCUM.",
        f"{R4}, Quantity (qty-3) ; JDV_J158 et suivants",
    ),
    (
        "FHIR-OBSERVATION",
        E,
        "Observation avec valeur et raison d'absence, ou sans aucune des deux",
        "Une observation a une valeur ou la raison de son absence, jamais les deux.",
        f"{R4}, obs-6, obs-7",
    ),
    (
        "FHIR-PAIN",
        E,
        "Douleur hors de l'échelle",
        "La sévérité de la douleur (38208-5) est un entier de 0 à 10.",
        f"{DOC}, fr-observation-pain-score-document",
    ),
    (
        "FHIR-ECOG",
        E,
        "Stade ECOG impossible",
        "LA9627-6 désigne le stade 5 (décès) : jamais pour une personne vivante.",
        "LOINC 89247-1, liste de réponses",
    ),
    (
        "FHIR-ATTACHMENT",
        E,
        "Pièce jointe : base64, taille ou empreinte fausse",
        "size et hash (SHA-1 en base64) sont ceux des octets de data.",
        f"{R4}, Attachment (att-1)",
    ),
    (
        "FHIR-MEDIA",
        E,
        "Pièce jointe d'un autre type que celui annoncé",
        "Les premiers octets ne sont pas ceux du type de contenu annoncé.",
        f"{R4}, Attachment.contentType ; BCP 13",
    ),
    (
        "FHIR-PROFILE",
        E,
        "Adresse de profil mal formée",
        "meta.profile contient des adresses absolues de StructureDefinition.",
        f"{R4}, Meta.profile",
    ),
    ("FHIR-PROFILE-MISSING", W, "Profil français non déclaré", "Les guides attendent cette déclaration.", DOC),
    (
        "FHIR-PROFILE-RULE",
        E,
        "Règle du profil déclaré non suivie",
        "La ressource déclare un profil français dont elle ne suit pas une exigence.",
        DOC,
    ),
    ("FHIR-PERIOD", E, "Fin avant le début", "Une période finit après avoir commencé.", f"{R4}, per-1"),
    (
        "FHIR-CONTAINED",
        E,
        "Ressource contenue non conforme",
        "Une ressource contenue est citée, ne contient rien, et n'a ni version ni étiquette de sécurité.",
        f"{R4}, dom-2 à dom-5",
    ),
    (
        "FHIR-TELECOM",
        E,
        "Moyen de contact mal formé",
        (
            "system est obligatoire ; la valeur a la forme d'un téléphone, d'une adresse électronique ou d'une URL, "
            "sans préfixe tel: ou mailto:."
        ),
        f"{R4}, cpt-2 ; RFC 5322",
    ),
    (
        "FHIR-EXTENSION",
        E,
        "Extension sans valeur ou à double contenu",
        "Une extension a une valeur ou des extensions, jamais les deux.",
        f"{R4}, ext-1",
    ),
    (
        "FHIR-INVARIANT",
        E,
        "Règle interne de la ressource non suivie",
        "Une contrainte de la définition de base n'est pas respectée.",
        f"{R4}, invariants des définitions de base",
    ),
)

RULES: Final[dict[str, RuleText]] = {
    **{
        code: RuleText(code, Severity.ERROR, rule.title, rule.explanation, rule.source)
        for code, rule in JSON_RULES.items()
    },
    **{code: RuleText(code, weight, title, told, source) for code, weight, title, told, source in _TEXTS},
}
