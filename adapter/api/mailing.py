"""From a visit to a mailbox of secure health mail: converted, judged, queued, then handed to the operator.

from adapter import MssMailbox, deliver, mail, open_outbox
with open_outbox("sqlite:///envois.db") as outbox:
    mailbox = MssMailbox("smtp.operateur.example", "cabinet@cabinet.mssante.fr", nil="123456")
    mailed = mail(Path("visite.json").read_bytes(), outbox, mailbox, ["emsp@hopital.mssante.fr", "patient"])
    rows = deliver(outbox, [mailbox], [row.id for row in mailed.rows])
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from adapter.api import Options, compose, render_bundle, render_cda
from adapter.api.printing import render_pdf
from adapter.api.sending import now
from adapter.dmp import Mailbox
from adapter.dmp.tls import Trust
from adapter.dmp.xdm.addresses import Recipient, RecipientRefused, TrustSpace, recipients
from adapter.dmp.xdm.archive import ArchiveLimits, PackageRefused
from adapter.dmp.xdm.client import MailClient
from adapter.dmp.xdm.mail import Sending
from adapter.dmp.xdm.notification import NotificationInvalid, read_notification
from adapter.dmp.xdm.package import Software, build
from adapter.dmp.xdm.reading import Package, read_package
from adapter.dmp.xdm.rule_texts import finding
from adapter.dmp.xdm.smtp import Account, MailServer
from adapter.dmp.xds.keys import Keys, Secret, from_environment
from adapter.errors import DocumentInvalid, Finding, MissingExtra, Severity, VisitInvalid
from adapter.mapping import Mappings, load
from adapter.model.destination import KeySource, Reach
from adapter.model.document import Document
from adapter.model.json_input import MAX_BYTES, MAX_DEPTH
from adapter.model.reader import check_visit
from adapter.outbox import PATIENT, Outbox, Row, State
from adapter.submission import Limits, Mail, Submission, SubmissionRefused, check_submission
from adapter.submission import prepare as prepare_submission
from adapter.validation.self_check import check_pair

PRODUCT: Final = Software("dmp-adapter", "")
_SENT: Final = frozenset({State.QUEUED, State.SENDING, State.UNKNOWN, State.ACCEPTED, State.CONFIRMED})


@dataclass(frozen=True, slots=True)
class MssMailbox:
    """One mailbox of secure health mail and how it is reached.

    Attributes:
        host, port: server of the operator. address: that of the mailbox.
        nil: number of this software (``X-MSS-NIL``), given when the product is declared.
        name: under which the queue knows it; it must not change while rows wait.
        sender_name: shown beside the address.
        ca_bundle: file of the authorities to trust; None for the usual ones.
        certificate: PEM files of the client certificate and of its key, when ``key`` tells none.
        key: the client key in another form (PKCS#12, PEM under a password). crl: list of revoked certificates.
        secret: gives the password of the key; the environment variable that it names, if not.
        user, password, token: account, and what gives its password or its bearer token (XOAUTH2).
        space: where health data may go.
        notify: asks the software of the recipient to tell what it did.
        reply_barred: a patient may not answer.
        max_bytes: largest message. timeout_s: longest silence of the server.
        limits: kinds of INS that may leave.
        software: name and version told by the package.
    """

    host: str
    address: str
    nil: str
    port: int = 587
    name: str = "mss"
    sender_name: str = ""
    ca_bundle: Path | None = None
    certificate: tuple[Path, Path] | None = None
    key: KeySource = field(default_factory=KeySource)
    crl: Path | None = None
    secret: Secret = field(default=from_environment, repr=False)
    user: str = ""
    password: Callable[[], str] | None = field(default=None, repr=False)
    token: Callable[[], str] | None = field(default=None, repr=False)
    space: TrustSpace = field(default_factory=TrustSpace)
    notify: bool = True
    reply_barred: bool = False
    max_bytes: int = 10_000_000
    timeout_s: float = 60.0
    limits: Limits = field(default_factory=Limits)
    software: Software = PRODUCT

    @property
    def base_url(self) -> str:
        """Address under which rows are queued: another one makes them wait for a person."""
        return f"smtp://{self.host}:{self.port}"

    def connect(self) -> Mailbox:
        """Client of this mailbox; no connection is made before its first message."""
        return self.client()

    def client(self) -> MailClient:
        """The same, which also shows the message that it would send."""
        source = self.key if self.key.told or self.certificate is None else KeySource(*self.certificate)
        keys = Keys(Reach(base_url=self.base_url, client=source), self.secret)
        plain = self.crl is None and keys.client_in_clear
        server = MailServer(
            self.host,
            self.port,
            self.ca_bundle,
            certificate=(source.cert, source.key) if plain and source.cert and source.key else None,
            trust=None if plain else Trust(keys.client if source.told else None, self.crl),
            account=Account(self.user, self.password, self.token),
            timeout_s=self.timeout_s,
        )
        return MailClient(server, Sending(self.nil, self.notify, self.sender_name), self.software, self.max_bytes)


@dataclass(frozen=True, slots=True)
class Mailed:
    """Mails that are in the queue, on the disk: a row for each recipient.

    Attributes:
        rows: in the order of the recipients, one named twice counting once.
        already: numbers of the rows that were there before.
        document_id: OID of the document.
        findings: warnings met on the way.
    """

    rows: tuple[Row, ...]
    already: frozenset[int]
    document_id: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Composed:
    document: Document
    cda: bytes
    tables: Mappings
    opposed: bool
    findings: tuple[Finding, ...]


def package_xdm(
    data: bytes | str,
    *,
    options: Options | None = None,
    mappings: Path | Mappings | None = None,
    software: Software = PRODUCT,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
) -> bytes:
    """IHE_XDM.ZIP of a visit; the same visit gives the same bytes.

    Raises:
        VisitInvalid, MappingError, DocumentInvalid: as for ``convert``.
        SubmissionRefused: INS not qualified, masks that exclude one another.
    """
    made = _composed(data, options, mappings, max_bytes, max_depth)
    submission = prepare_submission(
        made.document, cda=made.cda, bundle=None, submission_time=made.document.written_at, opposition=False
    )
    _require_fitting(submission)
    return build(submission, software)


def mail(
    data: bytes | str,
    outbox: Outbox,
    mailbox: MssMailbox,
    named: Sequence[str],
    *,
    options: Options | None = None,
    mappings: Path | Mappings | None = None,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
) -> Mailed:
    """A visit converted, judged and put in the queue, once for each recipient; a worker takes it from there.

    The same visit sent again to the same recipient adds nothing. An opposition is about the DMP: it is noted in the
    queue, where it stops the deposits of this patient, and told as a warning.

    Args:
        named: addresses; ``patient`` for the patient's own box.
        options, mappings: as for ``convert``. max_bytes, max_depth: bounds of the visit.
    Raises:
        VisitInvalid, MappingError, DocumentInvalid: as for ``convert``.
        SubmissionRefused: INS not qualified, masks that exclude one another.
        RecipientRefused: recipients whom this document may not go to, or a message too large; nothing was queued.
        OutboxError: the queue refuses, or cannot be written; what was queued before stays.
    """
    made = _composed(data, options, mappings, max_bytes, max_depth)
    patient = made.document.patient.ins
    if made.opposed and patient is not None:
        outbox.record_opposition(patient)
    submission = prepare_submission(
        made.document, cda=made.cda, bundle=None, submission_time=now(), opposition=False, limits=mailbox.limits
    )
    _require_fitting(submission)
    whom = recipients(named, submission.entries, mailbox.space)
    pdf, missing = _pdf(made.document)
    rows = list(outbox.rows(destination=mailbox.name, patient=submission.set.patient_id))
    mails = [_to(one, submission, made, mailbox, outbox, rows, pdf) for one in whom]
    _refuse_large(mails, mailbox)
    queued = [
        outbox.enqueue(
            one, destination=mailbox.name, form="xdm", endpoint=mailbox.base_url, mappings_digest=made.document.digest
        )
        for one in mails
    ]
    warnings = [*made.findings, *missing]
    if made.opposed:
        message = "Le patient s'oppose au DMP ; s'assurer qu'il accepte cet envoi par messagerie."
        warnings.append(finding("MSS-OPPOSITION", "$.sharing.opposition", message))
    before = {row.id for row in rows if row.state is not State.WITHDRAWN}
    told = tuple(outbox.row(row_id) for row_id in queued)
    return Mailed(told, frozenset(before & set(queued)), made.document.oid, tuple(warnings))


def record_notice(data: bytes, outbox: Outbox) -> Row:
    """The row that a notice received in the mailbox is about, which now says what became of the mail.

    Args:
        data: the whole message, as the mailbox gives it: a disposition notification (MDN) or a delivery report.
    Raises:
        NotificationInvalid: no notice, or about a mail that this queue does not know.
        OutboxRefusal: the mail did not leave, or is being sent.
    """
    told = read_notification(data)
    if told.outcome == "none":
        row_id = outbox.find_mail(told.message_id)
    else:
        row_id = outbox.record_notice(told.message_id, taken=told.outcome == "taken", code=told.code)
    if row_id is None:
        message = "L'avis est celui d'un message qui n'est pas parti de cette file."
        raise NotificationInvalid([finding("MSS-NOTICE", "/", message)])
    return outbox.row(row_id)


def _composed(
    data: bytes | str, options: Options | None, mappings: Path | Mappings | None, max_bytes: int, max_depth: int
) -> _Composed:
    visit, warnings = check_visit(data, max_bytes=max_bytes, max_depth=max_depth)
    if visit is None:
        raise VisitInvalid(warnings)
    tables = mappings if isinstance(mappings, Mappings) else load(mappings)
    document = compose(visit, options=options, mappings=tables)
    cda = render_cda(document)
    judged = check_pair(cda, render_bundle(document))
    if any(one.severity is Severity.ERROR for one in judged):
        raise DocumentInvalid(judged)
    return _Composed(document, cda, tables, visit.sharing.opposition, (*warnings, *document.notices, *judged))


def _pdf(document: Document) -> tuple[bytes, list[Finding]]:
    """The document as a PDF; none, and why, when the package that prints it is not installed."""
    try:
        return render_pdf(document), []
    except MissingExtra as fault:
        return b"", [finding("MSS-PDF", "/", str(fault))]


def _to(
    one: Recipient,
    submission: Submission,
    made: _Composed,
    mailbox: MssMailbox,
    outbox: Outbox,
    rows: Sequence[Row],
    pdf: bytes,
) -> Submission:
    """The submission as a mail to one recipient."""
    entry, document = submission.entries[0], made.document
    domain = mailbox.address.rpartition("@")[2]

    def message_id(unique_id: str) -> str:
        """Stable, and of no use to who does not hold the queue: the address may be an INS."""
        told = f"{unique_id}/{outbox.recipient_digest(one.address)}"
        return f"<{hashlib.sha256(told.encode()).hexdigest()[:40]}@{domain}>"

    shown = PATIENT if one.to_patient else one.address
    known = any(
        entry.replaces in row.unique_ids and row.recipient.lower() == shown.lower() and row.state in _SENT
        for row in rows
    )
    barred = one.to_patient and mailbox.reply_barred
    told = Mail(
        sender=mailbox.address,
        recipient=one.address,
        to_patient=one.to_patient,
        message_id=message_id(entry.unique_id),
        act_on=document.encounter.start.date(),
        text=_text(document, made.tables, to_patient=one.to_patient, barred=barred, pdf=bool(pdf)),
        in_reply_to=message_id(entry.replaces) if entry.replaces and known else "",
        reply_barred=barred,
        pdf=pdf,
    )
    return replace(submission, mail=told)


def _text(document: Document, tables: Mappings, *, to_patient: bool, barred: bool, pdf: bool) -> str:
    """What the recipient reads; it tells neither the patient nor anything of the visit."""
    author = document.author.name.text
    told = tables.text("mail.to-patient" if to_patient else "mail.to-professional")
    paragraphs = [
        tables.text("mail.greeting"),
        told.format(author=author, title=document.title),
        tables.text("mail.replaces") if document.replaces_oid else "",
        tables.text("mail.package-and-pdf" if pdf else "mail.package"),
        tables.text("mail.no-reply") if barred else "",
        f"{tables.text('mail.closing')}\n{author}",
    ]
    return "\n\n".join(one for one in paragraphs if one) + "\n"


def _require_fitting(submission: Submission) -> None:
    """Nothing, when the metadata are those of the document.

    Raises:
        SubmissionRefused: they are not.
    """
    if faults := check_submission(submission):
        raise SubmissionRefused(faults)


def _refuse_large(mails: Sequence[Submission], mailbox: MssMailbox) -> None:
    """Refuses before the queue what the operator would refuse.

    Raises:
        RecipientRefused: a message is too large.
    """
    client = mailbox.client()
    found = []
    for rank, one in enumerate(mails, 1):
        size = len(client.message(one))
        if size > mailbox.max_bytes:
            message = f"Le message fait {size} octets, au-delà de {mailbox.max_bytes} admis."
            found.append(finding("MSS-SIZE", f"destinataire n° {rank}", message))
    if found:
        raise RecipientRefused(found)


__all__ = [
    "ArchiveLimits",
    "Mailed",
    "MssMailbox",
    "NotificationInvalid",
    "Package",
    "PackageRefused",
    "RecipientRefused",
    "Software",
    "TrustSpace",
    "mail",
    "package_xdm",
    "read_package",
    "record_notice",
]
