"""What reading a package or writing a mail may find, told to the person who has to mend it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapter.errors import Finding, RuleText, Severity

_XDM: Final = "IHE ITI TF-2, 3.32 (Distribute Document Set on Media) ; TF-3, 4.2.3"
_MSS: Final = "Référentiel n° 2 MSSanté, client de messagerie, 1.0.1 (18/01/2024)"
_GUIDE: Final = "ANS, volet Transmission d'un document CDA en HL7 v2, règles de gestion MSSanté"
_OURS: Final = "Politique d'entrée de l'adaptateur"

RULES: Final[Mapping[str, RuleText]] = {
    code: RuleText(code, severity, title, explanation, source)
    for code, severity, title, explanation, source in (
        (
            "XDM-ZIP",
            Severity.ERROR,
            "Archive illisible",
            "Le fichier n'est pas une archive ZIP entière : tronquée, altérée en route, ou d'une autre nature. La"
            " demander de nouveau à l'émetteur.",
            _OURS,
        ),
        (
            "XDM-SIZE",
            Severity.ERROR,
            "Archive trop volumineuse",
            "L'archive, ou ce qu'elle contient une fois décompressé, dépasse la taille admise : rien n'est ouvert.",
            _OURS,
        ),
        (
            "XDM-BOMB",
            Severity.ERROR,
            "Compression démesurée",
            "Un fichier de l'archive se décompresse en une taille sans rapport avec celle qu'il occupe : c'est la"
            " marque d'une archive faite pour saturer la mémoire. Elle n'est pas ouverte.",
            _OURS,
        ),
        (
            "XDM-COUNT",
            Severity.ERROR,
            "Trop de fichiers",
            "L'archive compte plus de fichiers qu'un envoi de documents n'en a jamais : elle n'est pas ouverte.",
            _OURS,
        ),
        (
            "XDM-PATH",
            Severity.ERROR,
            "Chemin dangereux",
            "Un nom de l'archive est absolu, remonte dans l'arborescence ou porte un caractère interdit : extrait, il"
            " écrirait hors du dossier prévu. L'archive entière est refusée.",
            _OURS,
        ),
        (
            "XDM-LINK",
            Severity.ERROR,
            "Lien ou fichier spécial",
            "L'archive contient un lien symbolique ou un fichier qui n'est pas ordinaire : elle est refusée.",
            _OURS,
        ),
        (
            "XDM-ENCRYPTED",
            Severity.ERROR,
            "Fichier chiffré",
            "L'archive est protégée par un mot de passe : le contenu d'un IHE_XDM.ZIP ne l'est jamais, la messagerie"
            " protège l'échange.",
            _XDM,
        ),
        (
            "XDM-METHOD",
            Severity.ERROR,
            "Compression non admise",
            "Un fichier est compressé par une autre méthode que « deflate » : l'émetteur doit faire un ZIP ordinaire.",
            _XDM,
        ),
        (
            "XDM-DUPLICATE",
            Severity.ERROR,
            "Nom en double",
            "Deux fichiers de l'archive portent le même nom (sans tenir compte des majuscules) : rien ne dit lequel"
            " l'émetteur a voulu envoyer.",
            _XDM,
        ),
        (
            "XDM-TREE",
            Severity.ERROR,
            "Arborescence absente",
            "L'archive ne contient pas de dossier IHE_XDM avec au moins un lot de documents (un sous-dossier et son"
            " METADATA.XML) : ce n'est pas un envoi IHE XDM.",
            _XDM,
        ),
        (
            "XDM-METADATA",
            Severity.ERROR,
            "Métadonnées absentes ou illisibles",
            "Chaque lot porte un fichier METADATA.XML, une demande SubmitObjectsRequest ebRS 3.0 qui décrit un lot et"
            " ses documents.",
            _XDM,
        ),
        (
            "XDM-EBRS-21",
            Severity.ERROR,
            "Métadonnées d'une ancienne version",
            "METADATA.XML suit ebRS 2.1 (profil XDS.a, abandonné) : le logiciel émetteur doit être mis à jour pour"
            " écrire des métadonnées ebRS 3.0.",
            _XDM,
        ),
        (
            "XDM-URI",
            Severity.ERROR,
            "Fichier du document non désigné",
            "La métadonnée URI, obligatoire sur un média, nomme le fichier du document dans le dossier du lot. Elle"
            " manque, ou désigne autre chose qu'un fichier de ce dossier.",
            _XDM,
        ),
        (
            "XDM-DOCUMENT",
            Severity.ERROR,
            "Document absent",
            "Les métadonnées décrivent un document dont le fichier n'est pas dans l'archive.",
            _XDM,
        ),
        (
            "XDM-HASH",
            Severity.ERROR,
            "Empreinte fausse ou absente",
            "L'empreinte SHA-1 annoncée (hash), obligatoire sur un média, n'est pas celle du fichier : il a été altéré"
            " ou échangé. Ne pas l'intégrer ; demander un nouvel envoi.",
            _XDM,
        ),
        (
            "XDM-LENGTH",
            Severity.ERROR,
            "Taille fausse ou absente",
            "La taille annoncée (size), obligatoire sur un média, n'est pas celle du fichier : il est tronqué ou a été"
            " échangé. Ne pas l'intégrer ; demander un nouvel envoi.",
            _XDM,
        ),
        (
            "XDM-UNIQUE-ID",
            Severity.ERROR,
            "Identifiant en double",
            "Deux documents de l'envoi portent le même identifiant (uniqueId) : l'un remplacerait l'autre. Demander un"
            " nouvel envoi.",
            _XDM,
        ),
        (
            "XDM-PATIENT",
            Severity.ERROR,
            "Plusieurs patients",
            "Les documents d'un même message concernent un seul patient (ECO.2.1.1), désigné par patientId (ECO.2.1.2)"
            " ; ceux-ci en désignent plusieurs. Ne rien intégrer avant d'avoir interrogé l'émetteur.",
            _MSS,
        ),
        (
            "XDM-NO-PATIENT",
            Severity.WARNING,
            "Patient non désigné",
            "Aucune métadonnée patientId : le document ne peut pas être rattaché à un patient de façon automatique.",
            _MSS,
        ),
        (
            "XDM-EXTRA",
            Severity.WARNING,
            "Fichier non décrit",
            "Un fichier du lot n'est décrit par aucune métadonnée : il n'est pas lu.",
            _XDM,
        ),
        (
            "XDM-INDEX",
            Severity.WARNING,
            "Page d'accueil absente",
            "INDEX.HTM et README.TXT présentent l'envoi à qui l'ouvre sans logiciel ; l'un des deux manque.",
            _XDM,
        ),
        (
            "MSS-ADDRESS",
            Severity.ERROR,
            "Adresse mal formée",
            "Une adresse de messagerie sécurisée a la forme nom@domaine, sans espace ni accent.",
            _MSS,
        ),
        (
            "MSS-DOMAIN",
            Severity.ERROR,
            "Hors de l'espace de confiance MSSanté",
            "Le domaine de l'adresse n'est pas de ceux des réglages (recipient_domains) : un document de santé ne part"
            " jamais vers une messagerie ordinaire.",
            _MSS,
        ),
        (
            "MSS-PATIENT-BOX",
            Severity.ERROR,
            "Boîte d'un autre patient",
            "L'adresse est celle d'un usager, et son matricule n'est pas l'INS du patient de la visite (ou son domaine"
            " n'est pas celui des réglages). Écrire « patient » à la place de l'adresse : elle est formée de son INS.",
            _MSS,
        ),
        (
            "MSS-VISIBILITY",
            Severity.ERROR,
            "Destinataire exclu par les masques du document",
            "Un document invisible au patient ne part que vers des professionnels ; un document masqué aux"
            " professionnels ou aux représentants légaux ne part que vers le patient. Toute autre combinaison est une"
            " erreur.",
            _GUIDE,
        ),
        (
            "MSS-SIZE",
            Severity.ERROR,
            "Message trop volumineux",
            "Le message dépasse la taille que l'opérateur de messagerie admet (réglage max_message_bytes). Alléger les"
            " pièces jointes de la visite.",
            _MSS,
        ),
        (
            "MSS-PDF",
            Severity.WARNING,
            "Message sans PDF",
            "Le message accompagne l'IHE_XDM.ZIP du même document en PDF (ECO.2.1.1), pour qui n'a pas de logiciel ; il"
            " part sans, faute du paquet qui l'imprime.",
            _MSS,
        ),
        (
            "MSS-NOTICE",
            Severity.ERROR,
            "Avis illisible ou étranger",
            "Le message donné n'est pas un avis de traitement (MDN, RFC 8098) ni un avis de remise (RFC 3464) qui"
            " désigne par son Message-ID un message parti de cette file.",
            _MSS,
        ),
        (
            "MSS-OPPOSITION",
            Severity.WARNING,
            "Opposition au DMP",
            "Le patient s'oppose à l'alimentation de son DMP : le document n'y va pas. L'opposition ne dit rien de la"
            " messagerie ; l'auteur s'assure que le patient accepte cet envoi.",
            "Code de la santé publique, L1110-4",
        ),
    )
}
"""Every rule of packages and mails, by code."""


def finding(rule: str, path: str, message: str = "") -> Finding:
    """Finding of a rule of this table; its title serves as message when there is nothing more precise to say."""
    text = RULES[rule]
    return Finding(rule, text.severity, path, message or f"{text.title}.", text.source)
