"""From a visit to the DMP: converted, judged, put in the durable queue, then delivered and found there again.

from adapter import DmpServer, deliver, open_outbox, send
with open_outbox("sqlite:///envois.db") as outbox:
    server = DmpServer("https://dmp.example/fhir", ca_bundle=Path("autorites.pem"))
    sent = send(Path("visite.json").read_bytes(), outbox, server)
    (row,) = deliver(outbox, [server], [sent.row.id])
print(row.state, row.explanation)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, Protocol

from adapter.api import Options, compose, connecting, render_bundle, render_cda, render_cda_n1, render_pdf
from adapter.dmp import Dmp, Mailbox
from adapter.dmp.xds.keys import Keys, Secret, from_environment
from adapter.errors import DocumentInvalid, Finding, Severity, VisitInvalid
from adapter.mapping import Mappings, load
from adapter.model.destination import KeySource, Reach
from adapter.model.document import Document, Identifier
from adapter.model.json_input import MAX_BYTES, MAX_DEPTH
from adapter.model.reader import check_visit
from adapter.outbox import Destination, Outbox, Policy, Row, State, Worker
from adapter.submission import Form, Limits, Submission, SubmissionRefused, check_submission, fhir_oid, n1_oid
from adapter.submission import prepare as prepare_submission
from adapter.submission.rule_texts import RULES
from adapter.validation.cda_rules import check_cda
from adapter.validation.self_check import check_pair

Forms = Literal["cda", "fhir", "both", "cda-n1"]

SETTLED: Final = frozenset({State.CONFIRMED, State.REJECTED, State.BLOCKED, State.REPLACED, State.WITHDRAWN})
_FORMS: Final[Mapping[Forms, tuple[Form, ...]]] = {
    "cda": ("cda",),
    "fhir": ("fhir",),
    "both": ("cda", "fhir"),
    "cda-n1": ("cda-n1",),
}
_CARRIED: Final[frozenset[Form]] = frozenset({"cda", "cda-n1"})  # by the wire of production
_POLL_S: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class DmpServer(Reach):
    """One DMP and how it is reached.

    Attributes:
        name: under which the queue knows it; it must not change while rows wait.
        certificate: PEM files of the client certificate and of its key, when ``client`` tells none.
        token: gives the bearer token, asked at each request.
        limits: what it accepts.
        secret: gives the password of a key or the code of a card; the environment variables that they name, if not.
    """

    name: str = "dmp"
    certificate: tuple[Path, Path] | None = None
    token: Callable[[], str] | None = field(default=None, repr=False)
    limits: Limits = field(default_factory=Limits)
    secret: Secret = field(default=from_environment, repr=False)
    keys: Keys = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.certificate is not None and not self.client.told:
            object.__setattr__(self, "client", KeySource(*self.certificate))
        object.__setattr__(self, "keys", Keys(self, self.secret))

    def connect(self) -> Dmp:
        """Client of this DMP; no connection is made before its first request.

        Raises:
            KeyUnusable: the signing key cannot serve (``xds``).
        """
        made = connecting.xds if self.wire == "xds" else connecting.pdsm
        return made(self, self.keys, self.token)

    def check(self) -> tuple[Finding, ...]:
        """Warnings about our keys, once they are opened: a certificate will soon expire, or names another structure.

        Raises:
            KeyUnusable: a key cannot be opened, or its certificate cannot serve.
            MissingExtra: the extra ``xds`` is needed and not installed.
        """
        return self.keys.check(now(), place=f"destinations.{self.name}")


class Server(Protocol):
    """A DMP or a mailbox, and how the queue knows it: ``DmpServer``, ``MssMailbox``."""

    @property
    def name(self) -> str:
        """Under which the queue knows it."""
        ...

    @property
    def base_url(self) -> str:
        """Its address: rows queued for another one wait for a person."""
        ...

    def connect(self) -> Dmp | Mailbox:
        """Client."""
        ...


@dataclass(frozen=True, slots=True)
class Sent:
    """A deposit that is in the queue, on the disk.

    Attributes:
        row: its row: state, reason, identifiers.
        already: the same deposit was there before; nothing was added.
        document_id: OID of the document (its CDA form).
        findings: warnings met on the way.
    """

    row: Row
    already: bool
    document_id: str
    findings: tuple[Finding, ...]


def open_outbox(url: str, *, key: str | None = None) -> Outbox:
    """The durable queue at `url` (``sqlite:///file`` or ``postgresql://...``), made when it is not there.

    Raises:
        OutboxError: what is wrong with the place, the key or the content.
    """
    return Outbox.open(url, key=key)


def now() -> datetime:
    """Aware time of this machine."""
    return datetime.now(UTC)


def prepare(
    document: Document,
    *,
    cda: bytes | None = None,
    bundle: bytes | None = None,
    opposition: bool = False,
    submission_time: datetime | None = None,
    limits: Limits | None = None,
) -> Submission:
    """What a DMP is told about a document and its bytes.

    Raises:
        SubmissionRefused: opposition, INS not qualified, masks, size... all of them at once.
        ValueError: neither form.
    """
    moment = submission_time or now()
    return prepare_submission(
        document, cda=cda, bundle=bundle, submission_time=moment, opposition=opposition, limits=limits
    )


def send(
    data: bytes | str,
    outbox: Outbox,
    server: DmpServer,
    *,
    forms: Forms = "cda",
    options: Options | None = None,
    mappings: Path | Mappings | None = None,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
) -> Sent:
    """A visit converted, judged and put in the queue; a worker (``deliver``, ``outbox run``) takes it from there.

    The same visit sent again is recognised and adds nothing. A patient's opposition is noted in the queue, where it
    also stops the patient's rows that did not leave yet; nothing is queued then.

    Args:
        data: visit JSON. forms: documents to deposit; ``cda-n1`` is the sheet as a PDF in a CDA of level 1.
        options, mappings: as for ``convert``. max_bytes, max_depth: bounds of the visit.

    Raises:
        VisitInvalid, MappingError, DocumentInvalid: as for ``convert``.
        MissingExtra: ``cda-n1``, and typst is not installed (``dmp-adapter[pdf]``).
        SubmissionRefused: opposition (rule ``SUB-OPPOSITION``), INS not qualified, what this DMP does not accept,
            metadata that are not those of the documents.
        OutboxError: the queue refuses, or cannot be written; nothing was queued.
    """
    visit, warnings = check_visit(data, max_bytes=max_bytes, max_depth=max_depth)
    if visit is None:
        raise VisitInvalid(warnings)
    tables = mappings if isinstance(mappings, Mappings) else load(mappings)
    document = compose(visit, options=options, mappings=tables)
    patient = document.patient.ins
    opposed = visit.sharing.opposition
    if opposed and patient is not None:
        outbox.record_opposition(patient)
    cda, bundle = render_cda(document), render_bundle(document)
    judged = check_pair(cda, bundle)
    asked = _FORMS[forms]
    n1 = render_cda_n1(document, render_pdf(document)) if "cda-n1" in asked else None
    judged += check_cda(n1) if n1 is not None else []
    if any(one.severity is Severity.ERROR for one in judged):
        raise DocumentInvalid(judged)
    past = _past(outbox, server.name, patient)
    submission = prepare_submission(
        document,
        cda=cda if "cda" in asked else None,
        bundle=bundle if "fhir" in asked else None,
        submission_time=now(),
        opposition=opposed,
        limits=replace(server.limits, forms=_CARRIED) if server.wire == "xds" else server.limits,
        replaced_forms=_replaced_forms(document, past, asked),
        n1=n1,
    )
    if faults := check_submission(submission):
        raise SubmissionRefused(faults)
    row_id = outbox.enqueue(
        submission, destination=server.name, form=forms, endpoint=server.base_url, mappings_digest=document.digest
    )
    already = row_id in {row.id for row in past}
    judged += _left_behind(document, past, asked)
    return Sent(outbox.row(row_id), already, document.oid, (*warnings, *document.notices, *judged))


def deliver(
    outbox: Outbox,
    servers: Sequence[Server],
    row_ids: Sequence[int],
    *,
    timeout_s: float = 60.0,
    policy: Policy | None = None,
    on_settled: Callable[[int], object] = lambda settled: None,
) -> tuple[Row, ...]:
    """The rows, once each is settled or the time is over; other rows that are due are served on the way.

    Settled means that nothing more happens by itself: confirmed, refused, blocked, or left for a person. A row in
    another state when the time is over stays in the queue, and the next worker goes on with it.

    Args:
        on_settled: told how many rows are settled, each time that this grows.
    Raises:
        OutboxError: the queue cannot be used; nothing is lost.
    """
    worker = Worker(outbox, destinations(servers), policy=policy)
    end = time.monotonic() + timeout_s
    pending, told = list(row_ids), 0
    while True:
        pending = [row_id for row_id in pending if not settled(outbox.row(row_id))]
        if len(row_ids) - len(pending) > told:
            told = len(row_ids) - len(pending)
            on_settled(told)
        if not pending or time.monotonic() >= end:
            return tuple(outbox.row(row_id) for row_id in row_ids)
        if not worker.step():
            time.sleep(min(_POLL_S, max(0.0, end - time.monotonic())))


def destinations(servers: Sequence[Server]) -> dict[str, Destination]:
    """What a worker serves, by name."""
    return {server.name: Destination(server.connect, server.base_url) for server in servers}


def settled(row: Row) -> bool:
    """True when nothing more happens to this row by itself."""
    return row.dead or row.state in SETTLED or row.due_at is None


def _past(outbox: Outbox, destination: str, patient: Identifier | None) -> list[Row]:
    """Rows of this patient for this DMP that count."""
    if patient is None:
        return []
    rows = outbox.rows(destination=destination, patient=patient)
    return [row for row in rows if row.state is not State.WITHDRAWN]


def _replaced_forms(document: Document, past: Sequence[Row], asked: tuple[Form, ...]) -> tuple[Form, ...]:
    """Forms in which the replaced version was sent; all those asked when the queue does not know it."""
    known = _deposited(document.replaces_oid, past)
    return tuple(form for form in asked if form in known) if known else asked


def _left_behind(document: Document, past: Sequence[Row], asked: tuple[Form, ...]) -> list[Finding]:
    """Warning when the version that this one corrects was deposited in a form that nothing replaces."""
    left = _deposited(document.replaces_oid, past) - _deposited(document.oid, past) - set(asked)
    text = RULES["SUB-REPLACED-FORM"]
    message = "La version corrigée a été déposée sous une autre forme, qui reste en vigueur dans le DMP."
    return [Finding(text.code, text.severity, "$.correction", message, text.source)] if left else []


def _deposited(oid: str, past: Sequence[Row]) -> set[Form]:
    """Forms in which the queue knows the document `oid`; none for no document."""
    known = {unique_id for row in past for unique_id in row.unique_ids}
    ids: dict[Form, str] = {"cda": oid, "fhir": fhir_oid(oid), "cda-n1": n1_oid(oid)} if oid else {}
    return {form for form, unique_id in ids.items() if unique_id in known}


__all__ = [
    "DmpServer",
    "Forms",
    "Sent",
    "SubmissionRefused",
    "deliver",
    "destinations",
    "open_outbox",
    "prepare",
    "send",
    "settled",
]
