"""What each ``CDA-...`` rule asks and why, in the words of ``dmp-adapter rules CODE``."""

from __future__ import annotations

from adapter.errors import RuleText, Severity

_STRUCT_MIN = "CI-SIS, Volet Structuration minimale de documents de santé"
_CONTENT = "CI-SIS, Volet Modèles de contenus CDA"
_CDA = "HL7 CDA R2 (2005)"
_TYPES = "HL7 V3 Data Types R1"
_INS = "Référentiel INS ; CI-SIS, Volet Structuration minimale, patientRole"
_NATIONAL_IDS = "CI-SIS, Volet Structuration minimale, identifiants nationaux ; ISO/IEC 7812-1, annexe B (clé)"
_W = Severity.WARNING
_E = Severity.ERROR

RULES: dict[str, RuleText] = {
    text.code: text
    for text in (
        # --- header ---
        RuleText(
            "CDA-ROOT",
            _E,
            "Ce n'est pas un document CDA",
            "L'élément racine doit être ClinicalDocument dans l'espace de noms urn:hl7-org:v3.",
            _CDA,
        ),
        RuleText(
            "CDA-CHILD",
            _E,
            "Élément inconnu ou hors de sa place",
            "Chaque classe de CDA a ses éléments, dans un ordre fixe ; le schéma refuse tout autre.",
            f"{_CDA}, POCD_MT000040",
        ),
        RuleText(
            "CDA-HEADER-CARD",
            _E,
            "Élément d'en-tête absent ou en trop",
            "L'en-tête français fixe le nombre de chaque élément : un seul id, un seul recordTarget, un"
            " custodian, un legalAuthenticator, au moins un auteur et un documentationOf, un componentOf…",
            _STRUCT_MIN,
        ),
        RuleText("CDA-REALM", _E, "Pays du document", "realmCode vaut FR pour tout document du CI-SIS.", _STRUCT_MIN),
        RuleText(
            "CDA-TYPE-ID",
            _E,
            "Version de CDA",
            "typeId désigne le modèle CDA R2 : 2.16.840.1.113883.1.3, POCD_HD000040.",
            _CDA,
        ),
        RuleText(
            "CDA-TEMPLATE-HEADER",
            _E,
            "Modèles déclarés dans l'en-tête",
            "Un document déclare une fois le modèle HL7 France et une fois la structuration minimale du CI-SIS, et"
            " au moins un troisième modèle ; aucun n'est répété.",
            _STRUCT_MIN,
        ),
        RuleText(
            "CDA-TEMPLATE-UNKNOWN",
            _W,
            "Modèle inconnu de ce contrôle",
            "Le templateId n'est pas dans la table du contrôle : soit il est mal écrit, soit il vient d'un volet"
            " que l'adaptateur n'emploie pas. Il est signalé une seule fois par document.",
            _CONTENT,
        ),
        RuleText(
            "CDA-DOC-CODE",
            _E,
            "Type du document",
            "Le type porte un code et un libellé. Un code LOINC (chiffres, tiret, clé) va avec le système LOINC ;"
            " les autres types viennent de TRE_A05 (1.2.250.1.213.1.1.4.12). Le kit officiel ne compare pas le"
            " système.",
            _STRUCT_MIN + " ; JDV_J07",
        ),
        RuleText(
            "CDA-DOC-TITLE", _E, "Titre du document", "Le titre se lit dans le DMP : il ne peut être vide.", _STRUCT_MIN
        ),
        RuleText(
            "CDA-DOC-TIME",
            _E,
            "Date de création du document",
            "effectiveTime s'écrit AAAAMMJJhhmmss+zzzz : à la seconde, avec le décalage horaire.",
            _STRUCT_MIN,
        ),
        RuleText(
            "CDA-CONFIDENTIALITY",
            _E,
            "Confidentialité",
            "N, R ou V du système 2.16.840.1.113883.5.25. Les masquages du DMP sont des métadonnées, pas des"
            " valeurs du document.",
            _STRUCT_MIN + " ; JDV_J08",
        ),
        RuleText("CDA-LANGUAGE", _E, "Langue", "languageCode vaut fr-FR.", _STRUCT_MIN),
        RuleText("CDA-VERSION", _E, "Numéro de version", "versionNumber est un entier à partir de 1.", _STRUCT_MIN),
        RuleText(
            "CDA-VERSION-ALONE",
            _W,
            "Version sans remplacement",
            "Une version 2 ou plus remplace un document : relatedDocument RPLC doit dire lequel.",
            _STRUCT_MIN,
        ),
        RuleText(
            "CDA-REPLACE",
            _E,
            "Remplacement d'un document",
            "Seul RPLC est admis. Le document qui remplace porte une version d'au moins 2, désigne le remplacé par"
            " son identifiant, ne se désigne pas lui-même et reste dans le même ensemble (setId).",
            _STRUCT_MIN,
        ),
        RuleText(
            "CDA-SET-ID",
            _E,
            "Ensemble de versions",
            "setId est commun aux versions successives ; il diffère de l'identifiant de chacune.",
            _STRUCT_MIN,
        ),
        RuleText(
            "CDA-PATIENT", _E, "Patient absent", "recordTarget porte patientRole, qui porte patient.", _STRUCT_MIN
        ),
        RuleText("CDA-GENDER", _E, "Sexe", "administrativeGenderCode vaut M, F ou UN.", _STRUCT_MIN + " ; JDV_J143"),
        RuleText(
            "CDA-BIRTH",
            _E,
            "Naissance après le document",
            "La date de naissance ne peut pas suivre la date du document.",
            _STRUCT_MIN,
        ),
        RuleText(
            "CDA-INS-NONE",
            _W,
            "Pas de matricule INS",
            "Le DMP n'est alimenté qu'avec une identité qualifiée. Sans matricule INS, le document reste local.",
            _INS,
        ),
        RuleText(
            "CDA-INS-ROOT",
            _E,
            "Racine de matricule inconnue",
            "Les racines sont .8 (NIR), .9 (NIA), .10 (test) et .11 (démonstration) sous 1.2.250.1.213.1.4.",
            _INS,
        ),
        RuleText(
            "CDA-INS-FORMAT",
            _E,
            "Forme du matricule INS",
            "Treize caractères (2A et 2B admis pour la Corse) suivis d'une clé de deux chiffres.",
            _INS,
        ),
        RuleText(
            "CDA-INS-KEY",
            _E,
            "Clé du matricule INS",
            "Clé = 97 moins le reste du numéro par 97, avec 2A compté 19 et 2B compté 18. C'est une erreur pour les"
            " racines de production (.8, .9), un avertissement pour celles de test (.10, .11).",
            _INS,
        ),
        RuleText(
            "CDA-INS-SEX",
            _W,
            "Matricule et sexe",
            "Le premier chiffre du matricule dit le sexe. Un écart peut être légitime ; il se vérifie.",
            _INS,
        ),
        RuleText(
            "CDA-INS-TRAITS",
            _E,
            "Traits d'identité incomplets",
            "Avec un matricule INS : nom de naissance, prénoms de naissance, premier prénom, sexe, date et lieu de"
            " naissance (code INSEE) sont tous obligatoires.",
            _INS,
        ),
        RuleText(
            "CDA-RPPS-FORMAT",
            _E,
            "Identifiant de professionnel",
            "Sous 1.2.250.1.71.4.2.1, un RPPS s'écrit 8 puis onze chiffres ; les autres formes (ADELI, FINESS,"
            " SIRET avec numéro interne) ont leur propre préfixe.",
            _NATIONAL_IDS,
        ),
        RuleText("CDA-RPPS-KEY", _W, "Clé du RPPS", "Le onzième chiffre du RPPS est une clé de Luhn.", _NATIONAL_IDS),
        RuleText(
            "CDA-FINESS-FORMAT",
            _E,
            "Identifiant de structure",
            "Sous 1.2.250.1.71.4.2.2, un FINESS s'écrit 1 puis neuf caractères, un SIRET 3 puis quatorze chiffres.",
            _NATIONAL_IDS,
        ),
        RuleText(
            "CDA-FINESS-KEY", _W, "Clé du FINESS", "Le dernier chiffre du FINESS est une clé de Luhn.", _NATIONAL_IDS
        ),
        RuleText(
            "CDA-AUTHOR",
            _E,
            "Auteur incomplet",
            "Un auteur porte une date, un identifiant, et une personne ou un dispositif.",
            _STRUCT_MIN,
        ),
        RuleText(
            "CDA-LEGAL",
            _E,
            "Responsable légal incomplet",
            "legalAuthenticator porte une date, signatureCode S et un identifiant complet.",
            _STRUCT_MIN,
        ),
        RuleText(
            "CDA-AUTHENTICATOR",
            _E,
            "Validateur sans identifiant national",
            "authenticator porte un identifiant sous 1.2.250.1.71.4.2.1.",
            _STRUCT_MIN,
        ),
        RuleText(
            "CDA-PARTICIPANT", _E, "Participant incomplet", "participant porte time et associatedEntity.", _STRUCT_MIN
        ),
        RuleText(
            "CDA-RELATION",
            _W,
            "Lien du proche",
            "Le rôle du proche est ECON, NOK, CAREGIVER, CON ou PAT ; son lien avec le patient est codé"
            " (JDV_J11), ou dit inconnu.",
            _STRUCT_MIN,
        ),
        RuleText(
            "CDA-CUSTODIAN",
            _E,
            "Structure conservatrice",
            "Elle porte un identifiant national de structure.",
            _STRUCT_MIN,
        ),
        RuleText(
            "CDA-SERVICE-EVENT",
            _E,
            "Acte documenté",
            "Le premier documentationOf porte le début de l'acte, un exécutant PRF et un seul, et son cadre"
            " d'exercice.",
            _STRUCT_MIN + " ; JDV_J04",
        ),
        RuleText(
            "CDA-ENCOUNTER",
            _E,
            "Prise en charge",
            "componentOf porte les dates de la prise en charge et la modalité d'exercice de la structure.",
            _STRUCT_MIN + " ; JDV_J02",
        ),
        # --- data types ---
        RuleText(
            "CDA-TIME-FORMAT",
            _E,
            "Forme d'une date",
            "AAAAMMJJhhmmss+zzzz, ou un début de cette forme.",
            _TYPES + ", TS",
        ),
        RuleText(
            "CDA-TIME-REAL", _E, "Date impossible", "Le jour, l'heure ou le décalage n'existe pas.", _TYPES + ", TS"
        ),
        RuleText(
            "CDA-TIME-ZONE",
            _E,
            "Heure sans décalage horaire",
            "Une heure sans décalage change de sens d'un territoire à l'autre. Erreur dans l'en-tête et pour les"
            " auteurs, avertissement ailleurs.",
            _STRUCT_MIN,
        ),
        RuleText(
            "CDA-TIME-ORDER", _E, "Intervalle à l'envers", "Le début d'un intervalle précède sa fin.", _TYPES + ", IVL"
        ),
        RuleText(
            "CDA-TIME-EMPTY",
            _E,
            "Date vide",
            "Une date porte une valeur, des bornes ou un nullFlavor.",
            _TYPES + ", IVL",
        ),
        RuleText(
            "CDA-OID",
            _E,
            "OID mal formé",
            "Nombres séparés par des points, sans zéro en tête.",
            _TYPES + ", UID ; UIT-T X.660",
        ),
        RuleText(
            "CDA-ID-ROOT",
            _E,
            "Racine d'identifiant",
            "Un identifiant a pour racine un OID ou un UUID, ou dit par nullFlavor qu'il manque.",
            _TYPES + ", II",
        ),
        RuleText(
            "CDA-ID-TWICE",
            _E,
            "ID répété",
            "Deux éléments du document portent le même attribut ID : les renvois"
            " du codé vers le texte deviennent ambigus.",
            "XML 1.0, ID ; " + _CDA + ", 4.2.3",
        ),
        RuleText(
            "CDA-ENTRY-TWICE",
            _E,
            "Identifiant d'entrée répété",
            "Deux entrées ou sections portent le même identifiant : le lecteur les prendrait pour la même. Un"
            " simple renvoi à une entrée le déclare par le modèle Référence interne.",
            _CDA + ", Act.id",
        ),
        RuleText(
            "CDA-REF-DANGLING",
            _E,
            "Renvoi sans réponse",
            "Un renvoi (text/reference, originalText/reference, renderMultiMedia…) désigne un ID de ce document.",
            _CDA + ", 4.3.5",
        ),
        RuleText("CDA-REF-FORM", _E, "Forme d'un renvoi", "Un renvoi au texte s'écrit #ID.", _CDA + ", 4.3.5"),
        RuleText(
            "CDA-CODE-EMPTY",
            _E,
            "Code absent",
            "Un élément codé porte un code, ou un nullFlavor, ou un texte d'origine.",
            _TYPES + ", CD",
        ),
        RuleText("CDA-CODE-NULL", _E, "Code et nullFlavor ensemble", "L'un exclut l'autre.", _TYPES + ", ANY"),
        RuleText(
            "CDA-CODE-SYSTEM",
            _E,
            "Code sans système",
            "Un code n'a de sens que dans son système de codes.",
            _TYPES + ", CD",
        ),
        RuleText(
            "CDA-SYSTEM-UNKNOWN",
            _W,
            "Système de codes inconnu",
            "Le système n'est pas de ceux que le CI-SIS emploie. Signalé une seule fois par document.",
            _CONTENT,
        ),
        RuleText(
            "CDA-LOINC",
            _E,
            "Code LOINC faux",
            "La clé d'un code LOINC est une clé de Luhn (mod 10).",
            "LOINC Users' Guide, check digit",
        ),
        RuleText(
            "CDA-SNOMED",
            _E,
            "Code SNOMED CT faux",
            "La clé d'un identifiant SNOMED CT est celle de Verhoeff.",
            "SNOMED CT Release File Specification, SCTID",
        ),
        RuleText(
            "CDA-NULL-FLAVOR",
            _E,
            "nullFlavor inconnu",
            "La valeur vient de la liste HL7 NullFlavor.",
            "HL7 V3 NullFlavor, 2.16.840.1.113883.5.1008",
        ),
        RuleText(
            "CDA-QUANTITY",
            _E,
            "Quantité",
            "Un nombre décimal écrit avec un point ; borne basse puis borne haute.",
            _TYPES + ", PQ et INT",
        ),
        RuleText("CDA-UNIT", _E, "Unité", "Une unité UCUM : ni vide, ni espace, ni accent.", "UCUM 2.1"),
        RuleText(
            "CDA-VALUE-TYPE",
            _E,
            "Valeur sans type",
            "La valeur d'une observation porte xsi:type, et une valeur booléenne est true ou false.",
            _CDA + ", Observation.value",
        ),
        RuleText(
            "CDA-BASE64",
            _E,
            "Contenu embarqué illisible",
            "Le contenu se décode en base 64 et n'est pas vide.",
            "RFC 4648, 4",
        ),
        RuleText(
            "CDA-MEDIA-TYPE",
            _E,
            "Type de média",
            "Le contenu embarqué commence par la signature de son type de média (%PDF- pour application/pdf).",
            _TYPES + ", ED",
        ),
        RuleText(
            "CDA-TELECOM",
            _E,
            "Coordonnées",
            "Préfixe tel:, fax:, mailto:, http:, ftp: ou mllp:, puis la valeur.",
            _STRUCT_MIN + ", telecom",
        ),
        RuleText(
            "CDA-ADDRESS",
            _E,
            "Adresse",
            "En lignes (streetAddressLine) ou en éléments, jamais les deux.",
            _STRUCT_MIN + ", addr",
        ),
        # --- body ---
        RuleText(
            "CDA-BODY",
            _E,
            "Corps du document",
            "Un corps structuré avec au moins une section, ou un corps non structuré.",
            _CDA + ", component",
        ),
        RuleText(
            "CDA-N1",
            _E,
            "Corps non structuré",
            "Trois templateId dont 1.3.6.1.4.1.19376.1.2.20, un format admis (application/pdf…), en base 64.",
            _STRUCT_MIN + ", nonXMLBody",
        ),
        RuleText("CDA-SECTION-CODE", _E, "Section sans code", "Une section porte un code.", _CONTENT),
        RuleText("CDA-SECTION-TITLE", _E, "Section sans titre", "Une section porte un titre lisible.", _CONTENT),
        RuleText(
            "CDA-SECTION-TEXT",
            _E,
            "Section sans texte",
            "Le texte est ce que lit le professionnel : une section codée sans texte est vide pour lui.",
            _CDA + ", 4.3.5",
        ),
        RuleText(
            "CDA-SECTION-TWICE",
            _E,
            "Section en double",
            "Un même code de section ne se répète pas à un même niveau, hors plan de soins (18776-5).",
            _CONTENT,
        ),
        RuleText(
            "CDA-SECTION-TEMPLATE",
            _E,
            "Modèle de section incomplet",
            "Le modèle français d'une section va avec les modèles IHE et CCD qu'il précise.",
            _CONTENT,
        ),
        RuleText(
            "CDA-SECTION-FRENCH",
            _E,
            "Modèle français absent",
            "Les règles françaises d'une section tiennent à son modèle français ; les schématrons publiés ne voient"
            " pas son absence. Une section de texte seul peut s'en tenir à un modèle générique.",
            _CONTENT,
        ),
        RuleText(
            "CDA-ENTRY-TEMPLATE",
            _E,
            "Modèle d'entrée incomplet",
            "Le modèle français d'une entrée va avec les modèles IHE et CCD qu'il précise.",
            _CONTENT,
        ),
        RuleText(
            "CDA-SCALE",
            _E,
            "Valeur hors de l'échelle",
            "La valeur d'une échelle connue (douleur, ECOG, Karnofsky, Braden, saturation) sort de ses bornes ou de"
            " sa liste de réponses.",
            "LOINC ; JDV_EvaluationDouleur ; JDV_ScorePerformanceECOG",
        ),
        RuleText(
            "CDA-SCALE-DEATH",
            _E,
            "Réponse réservée au décès",
            "LA9627-6 est le grade 5 de l'échelle ECOG, le décès ; elle ne va jamais avec un patient vivant.",
            "LOINC, réponses de 89247-1 ; JDV_ScorePerformanceECOG",
        ),
    )
}
