"""What a row of the queue is, and how it may end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

from adapter.submission.values import Submission

PATIENT: Final = "patient"  # stands for the address of a patient, which holds the INS


class State(StrEnum):
    """Where a deposit stands.

    ``queued`` waits; ``sending`` may be on the wire; ``unknown`` was sent and got no usable answer; ``accepted`` was
    taken by the DMP; ``confirmed`` was found there again, byte for byte; ``rejected`` was refused; ``blocked`` may not
    leave until a person acts; ``replaced`` has a confirmed correction; ``withdrawn`` was taken back before it left.

    A mail cannot be searched: ``accepted`` was taken by the operator of the mailbox and says no more; ``confirmed`` was
    acknowledged by the software of the recipient; ``unknown`` always waits for a person, who may send it again under
    the same Message-ID.
    """

    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    BLOCKED = "blocked"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


class Reason(StrEnum):
    """Why a row is where it is, when the state alone does not tell."""

    NONE = ""
    UNREACHABLE = "unreachable"
    NO_ANSWER = "no-answer"
    LEASE_EXPIRED = "lease-expired"
    INTERRUPTED = "interrupted"
    NOT_FOUND = "not-found"
    READ_BACK_DENIED = "read-back-denied"
    REFUSED = "refused"
    OTHER_CONTENT = "other-content"
    PARTLY_FOUND = "partly-found"
    DMP_ABSENT = "dmp-absent"
    DMP_CLOSED = "dmp-closed"
    DMP_FORBIDDEN = "dmp-forbidden"
    ACCESS_DENIED = "access-denied"
    OPPOSITION = "opposition"
    PREDECESSOR = "predecessor"
    DESTINATION_CHANGED = "destination-changed"
    UNREADABLE = "unreadable"
    POSTED = "posted"
    NOT_INTEGRATED = "not-integrated"
    ACKNOWLEDGED = "acknowledged"


REASON_TEXTS: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.NONE: "",
        Reason.UNREACHABLE: "Le DMP est injoignable ; un nouvel essai est prévu.",
        Reason.NO_ANSWER: "Envoyé sans réponse exploitable ; le document est recherché avant tout nouvel envoi.",
        Reason.LEASE_EXPIRED: "L'envoi a été coupé ; le document est recherché avant tout nouvel envoi.",
        Reason.INTERRUPTED: "L'envoi a été interrompu ; le document est recherché avant tout nouvel envoi.",
        Reason.NOT_FOUND: "Le DMP ne retrouve pas le document.",
        Reason.READ_BACK_DENIED: "Déposé ; le DMP ne permet pas de relire le contenu pour le comparer.",
        Reason.REFUSED: "Le DMP a refusé le dépôt ; le même dépôt serait refusé de nouveau.",
        Reason.OTHER_CONTENT: "Le DMP détient un autre contenu sous le même identifiant.",
        Reason.PARTLY_FOUND: "Le DMP ne retrouve qu'une partie des documents du dépôt.",
        Reason.DMP_ABSENT: "Le patient n'a pas de DMP.",
        Reason.DMP_CLOSED: "Le DMP du patient est fermé.",
        Reason.DMP_FORBIDDEN: "Le patient a fermé l'accès de son DMP à ce professionnel.",
        Reason.ACCESS_DENIED: "Le DMP refuse l'accès : vérifier le certificat et les droits.",
        Reason.OPPOSITION: "Le patient s'est opposé au dépôt.",
        Reason.PREDECESSOR: "Le document à remplacer n'a pas été déposé.",
        Reason.DESTINATION_CHANGED: "L'adresse de la destination a changé depuis la mise en file : à confirmer.",
        Reason.UNREADABLE: "La ligne est illisible : restaurer une sauvegarde ou convertir la visite de nouveau.",
        Reason.POSTED: "Remis à l'opérateur de messagerie ; rien ne dit encore que le destinataire l'a reçu.",
        Reason.ACKNOWLEDGED: "Le logiciel du destinataire a accusé réception.",
        Reason.NOT_INTEGRATED: "Le destinataire n'a pas reçu ou pas intégré le document.",
    }
)

_ASK_THE_RECIPIENT: Final = "s'informer auprès du destinataire, puis rejouer au besoin : le message sera le même."
_MAIL_TEXTS: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.UNREACHABLE: "Le serveur de messagerie est injoignable ; un nouvel essai est prévu.",
        Reason.NO_ANSWER: f"Envoyé sans réponse du serveur de messagerie : {_ASK_THE_RECIPIENT}",
        Reason.LEASE_EXPIRED: f"L'envoi a été coupé : {_ASK_THE_RECIPIENT}",
        Reason.INTERRUPTED: f"L'envoi a été interrompu : {_ASK_THE_RECIPIENT}",
        Reason.REFUSED: "Le serveur de messagerie ou le destinataire a refusé le message.",
        Reason.ACCESS_DENIED: "Le serveur de messagerie refuse l'accès : vérifier certificat, compte et droits.",
    }
)


# Why nothing could be sent, by the code of ``DmpSession`` that a person can act on.
_UNREACHABLE_TEXTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "certificate": "Le certificat du DMP n'est pas valable",
        "certificate-authority": "L'autorité qui a émis le certificat du DMP n'est pas de confiance",
        "certificate-card": "La carte ou son lecteur ne répond pas",
        "certificate-crl": "La liste des certificats révoqués est illisible ou n'est plus à jour",
        "certificate-expired": "Le certificat du DMP a expiré, ou l'horloge de ce poste avance",
        "certificate-file": "Le certificat client, sa clé ou le fichier des autorités est introuvable ou illisible",
        "certificate-host": "Le certificat du DMP est celui d'un autre serveur",
        "certificate-key": "Une clé n'est pas celle de son certificat, ou n'est pas une clé RSA",
        "certificate-not-yet-valid": "L'horloge de ce poste retarde : le certificat du DMP n'est pas encore valable",
        "certificate-own-expired": "Un certificat de la structure a expiré : le renouveler",
        "certificate-own-not-yet-valid": "Un certificat de la structure n'est pas encore valable : vérifier l'horloge",
        "certificate-password": "Le mot de passe d'une clé est faux ou manque",
        "certificate-pin": "Le code de la carte est faux ou manque",
        "certificate-revoked": "Le certificat du DMP est révoqué",
        "certificate-use": "Les certificats de signature et d'authentification sont intervertis",
        "connection-refused": "Le DMP est injoignable (connexion refusée)",
        "dns": "Le DMP est injoignable (nom de serveur introuvable)",
        "no-tls": "L'adresse du DMP doit commencer par https://",
        "proxy": "Le proxy est injoignable ou a refusé la connexion",
        "settings": "L'adresse du DMP, du proxy ou un en-tête est inutilisable",
        "tls": "La négociation TLS avec le DMP a échoué",
        "token": "La commande qui donne le jeton du DMP a échoué",
        "XDSRegistryOutOfResources": "Le DMP n'a pas la place pour ce dépôt, peut-être trop volumineux",
        "XDSRepositoryOutOfResources": "Le DMP n'a pas la place pour ce dépôt, peut-être trop volumineux",
    }
)


# What is not sent because the DMP could only refuse it, by the code of what was checked before.
_NOT_SENT_TEXTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "xds-form": "La voie XDS ne transporte que des documents CDA : rien n'a été envoyé.",
        "xds-metadata": "Les métadonnées du dépôt sont incomplètes ou fausses : rien n'a été envoyé.",
    }
)

# Why the DMP was not asked, by the code of what was checked before.
_DENIED_TEXTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "access-mode": "Le mode d'authentification ne permet pas d'alimenter le DMP : rien n'a été envoyé.",
        "vihf-incomplete": "Les réglages ne disent pas tout de qui appelle le DMP : rien n'a été envoyé.",
        "vihf-role": "La profession de l'auteur n'a pas de code que le DMP lise : rien n'a été envoyé.",
        "vihf-user": "L'auteur n'a pas d'identifiant national : rien n'a été envoyé.",
    }
)


# The same for a mail, by the code of ``MailSession``, or by the reply of the server.
_MAIL_UNREACHABLE_TEXTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "certificate": "Un certificat, le nôtre ou celui du serveur de messagerie, n'est pas valable",
        "certificate-authority": "L'autorité du certificat du serveur de messagerie n'est pas de confiance",
        "certificate-crl": "La liste des certificats révoqués est illisible ou n'est plus à jour",
        "certificate-expired": "Le certificat du serveur de messagerie a expiré, ou l'horloge de ce poste avance",
        "certificate-host": "Le certificat du serveur de messagerie est celui d'un autre serveur",
        "certificate-not-yet-valid": "L'horloge de ce poste retarde : le certificat du serveur n'est pas valable",
        "certificate-password": "Le mot de passe de la clé du certificat client est faux",
        "certificate-revoked": "Le certificat du serveur de messagerie est révoqué",
        "certificate-file": _UNREACHABLE_TEXTS["certificate-file"],
        "no-tls": "Le serveur de messagerie n'offre pas STARTTLS",
        "tls": "La négociation TLS avec le serveur de messagerie a échoué",
        "token": "La commande qui donne le jeton de la messagerie a échoué",
        "4": "Le serveur de messagerie remet le message à plus tard",
    }
)
# Errors that the software of a recipient tells. Source: ANS, table of the errors of integration, 900 and after.
_NOT_INTEGRATED_TEXTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "900": "Le destinataire ne tient pas la version que ce document remplace.",
        "901": "Le destinataire ne reconnaît pas à l'auteur le droit de remplacer ce document.",
        "902": "Le patient est inconnu du logiciel du destinataire.",
        "903": "Le logiciel du destinataire ne trouve pas d'INS dans le document.",
        "904": "L'INS ou les traits ne sont pas ceux que tient le logiciel du destinataire.",
        "905": "Le logiciel du destinataire trouve l'identité incomplète.",
        "deleted": "Le message a été supprimé par le destinataire, peut-être sans être lu.",
    }
)
_MAIL_REFUSED_TEXTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "size": "Le message dépasse la taille que l'opérateur admet : alléger les pièces jointes.",
        "510": "L'adresse du destinataire est refusée : la vérifier.",
        "512": "Le domaine du destinataire est introuvable : vérifier l'adresse.",
        "513": "L'adresse du destinataire est refusée : la vérifier.",
        "523": "Le message dépasse la taille que le serveur du destinataire admet.",
        "541": "Le serveur du destinataire a rejeté le message.",
        "550": "La boîte du destinataire n'existe pas ou n'est pas accessible : vérifier l'adresse.",
        "551": "Le destinataire n'est pas joignable par ce serveur : vérifier l'adresse.",
        "552": "Le message dépasse la taille admise, ou la boîte du destinataire est pleine.",
        "553": "L'adresse du destinataire est refusée : la vérifier.",
    }
)


def explain(reason: Reason, dmp_code: str = "", *, dead: bool = False, mail: bool = False) -> str:
    """French sentence for a reason, made of our own words only; empty for none.

    Args:
        dead: no further attempt is planned.
        mail: the row is a mail.
    """
    text = _mail_text(reason, dmp_code) if mail else REASON_TEXTS[reason]
    if not mail and reason is Reason.UNREACHABLE and dmp_code in _UNREACHABLE_TEXTS:
        text = f"{_UNREACHABLE_TEXTS[dmp_code]} ; un nouvel essai est prévu."
    if not mail and reason is Reason.ACCESS_DENIED and dmp_code in _DENIED_TEXTS:
        text = _DENIED_TEXTS[dmp_code]
    if not mail and reason is Reason.REFUSED and dmp_code in _NOT_SENT_TEXTS:
        text = _NOT_SENT_TEXTS[dmp_code]
    return text.replace("un nouvel essai est prévu", "les essais sont épuisés, à rejouer") if dead else text


def _mail_text(reason: Reason, code: str) -> str:
    if reason is Reason.REFUSED and code in _MAIL_REFUSED_TEXTS:
        return _MAIL_REFUSED_TEXTS[code]
    if reason is Reason.NOT_INTEGRATED:
        return _NOT_INTEGRATED_TEXTS.get(code, REASON_TEXTS[reason])
    kind = "4" if code[:1] == "4" else code
    if kind not in _MAIL_UNREACHABLE_TEXTS:
        kind = kind.partition("-")[0]
    told = _MAIL_UNREACHABLE_TEXTS.get(kind)
    if reason is Reason.UNREACHABLE and told:
        return f"{told} ; un nouvel essai est prévu."
    return _MAIL_TEXTS.get(reason, REASON_TEXTS[reason])


@dataclass(frozen=True, slots=True)
class Row:
    """One deposit for one destination, without its content or any trait of the patient.

    Attributes:
        id: number of the row, in the order of arrival.
        key: idempotency key: the same key and bytes give the same row.
        destination, endpoint: name of the DMP, and its address when the row was queued (empty: any).
        form: form of the documents, as the caller named it (``cda``, ``fhir``, ``both``).
        dead: attempts are used up; the state tells what is known; ``retry`` replays it.
        reason, dmp_code: why, and the DMP's own code, kept whole.
        attempts: attempts since the last step forward.
        due_at: next attempt, or end of the lease of the worker that has the row; None when nothing is planned.
        unique_ids, set_unique_id: identifiers of the documents and of the deposit.
        size_bytes: size of the documents together.
        purged: content and metadata are gone, the trace stays.
        recipient: address of the professional whom a mail goes to, ``PATIENT`` for the patient; empty for a DMP.
        mappings_digest: digest of the tables that made the documents; empty when it was not told.
        dmp_said: what the DMP said beside its code at the last attempt, patient data cut out.
    """

    id: int
    key: str
    destination: str
    endpoint: str
    form: str
    state: State
    dead: bool
    reason: Reason
    dmp_code: str
    attempts: int
    created_at: datetime
    updated_at: datetime
    due_at: datetime | None
    set_unique_id: str
    unique_ids: tuple[str, ...]
    size_bytes: int
    purged: bool
    recipient: str = ""
    mappings_digest: str = ""
    dmp_said: str = ""

    @property
    def explanation(self) -> str:
        """French sentence that tells why the row is where it is; empty when the state says it all."""
        return explain(self.reason, self.dmp_code, dead=self.dead, mail=bool(self.recipient))


@dataclass(frozen=True, slots=True)
class Claim:
    """One row in the hands of one worker.

    Attributes:
        state: ``sending`` (to send), ``unknown`` (to search) or ``accepted`` (to read back); a mail is only sent.
        token: proof of the lease; a worker that lost it can change nothing any more.
        until: end of the lease.
        attempts: this attempt included.
    """

    row_id: int
    token: str
    state: State
    destination: str
    endpoint: str
    patient: str
    attempts: int
    until: datetime
    submission: Submission


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One exchange that carried patient data out or in, told to the audit trail.

    Attributes:
        kind: ``submit`` (documents out), ``search`` (one identifier) or ``read`` (content of one document in).
        unique_ids: the documents.
        outcome: FHIR audit outcome: 0 success, 4 minor failure (result not known), 8 refused.
    """

    kind: Literal["submit", "search", "read"]
    unique_ids: tuple[str, ...]
    outcome: Literal["0", "4", "8"] = "0"


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a worker found out about the row it holds.

    Attributes:
        dmp_said: what the DMP said beside its code, patient data cut out.
        due_in_s: seconds until the next attempt; None: nothing more to do until a person acts.
        dead: attempts are used up.
        forward: a step forward: attempts start again from zero.
        disclosures: exchanges to tell the audit trail, in order, in the same transaction.
    """

    state: State
    reason: Reason = Reason.NONE
    dmp_code: str = ""
    dmp_said: tuple[str, ...] = ()
    due_in_s: float | None = None
    dead: bool = False
    forward: bool = False
    disclosures: tuple[Disclosure, ...] = ()


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What the check of the audit chain found.

    Attributes:
        length, head: number of events, digest of the last one (hex; empty when there is none).
        broken_at: number of the first event that does not hold, or None.
        fault: French sentence about it.
    """

    length: int
    head: str
    broken_at: int | None = None
    fault: str = ""

    @property
    def sound(self) -> bool:
        """True when every link holds."""
        return self.broken_at is None
