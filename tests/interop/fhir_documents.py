"""Everything of ours that is FHIR, written to files for foreign judges: documents, requests, tables, audit trail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import orjson

from adapter.api import convert
from adapter.api.billing import render_billing
from adapter.api.reminders import remind
from adapter.cda import render_n1
from adapter.dmp.pdsm.resources import simplified, transaction
from adapter.errors import VisitInvalid
from adapter.mapping import load
from adapter.mapping.fhir_terminology import file_name, terminology
from adapter.outbox.audit import GENESIS, audit_event
from adapter.outbox.values import Disclosure
from adapter.reminders import Details
from adapter.submission import Submission, as_n1, prepare
from tests.documents import PDF
from tests.samples_kept import VISITS

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def write_documents(folder: Path) -> list[Path]:
    """Document Bundle of every sample visit."""
    return [
        _write(folder / f"{visit.stem}.document.json", convert(visit.read_bytes(), self_check=False).bundle)
        for visit in VISITS
    ]


def write_requests(folder: Path) -> list[Path]:
    """Every resource that the PDSm client can send for the sample visits: ITI-65 transactions, ITI-105 publications."""
    return [
        _write(folder / f"{name}.json", content)
        for visit in VISITS
        for submission in submissions(visit)
        for name, content in _requests(f"{visit.stem}.{len(submission.entries)}", submission)
    ]


def submissions(visit: Path) -> Iterator[Submission]:
    """Deposits of one visit: its CDA form, its FHIR form, both together."""
    done = convert(visit.read_bytes(), self_check=False)
    for cda, bundle in ((done.cda, None), (None, done.bundle), (done.cda, done.bundle)):
        yield prepare(done.document, cda=cda, bundle=bundle, submission_time=NOW, opposition=False)


def n1_submission(visit: Path) -> Submission:
    """Deposit of one visit as a CDA document of level 1, around a PDF."""
    document = convert(visit.read_bytes(), self_check=False).document
    content = render_n1(as_n1(document), PDF)
    return prepare(document, cda=None, bundle=None, n1=content, submission_time=NOW, opposition=False)


def _requests(name: str, submission: Submission) -> Iterator[tuple[str, bytes]]:
    form = submission.entries[0].mime_type.partition("/")[2].replace("+", "-")
    yield f"{name}.{form}.iti-65", orjson.dumps(transaction(submission))
    if len(submission.entries) == 1:
        entry, content = submission.entries[0], submission.contents[0]
        publication = simplified(entry, content, submission.set.submission_time, "DocumentReference/1")
        yield f"{name}.{form}.iti-105", orjson.dumps(publication)


def write_terminology(folder: Path) -> list[Path]:
    """ConceptMap, CodeSystem and ValueSet of our tables."""
    return [_write(folder / file_name(one), orjson.dumps(one)) for one in terminology(load())]


def write_audit(folder: Path) -> list[Path]:
    """One AuditEvent of each kind of exchange and each outcome."""
    entry = next(submissions(VISITS[0])).entries[0]
    kinds: tuple[Literal["submit", "search", "read"], ...] = ("submit", "search", "read")
    outcomes: tuple[Literal["0", "4", "8"], ...] = ("0", "4", "8")
    return [
        _write(
            folder / f"{kind}-{outcome}.audit.json",
            audit_event(
                Disclosure(kind, (entry.unique_id,), outcome),
                author=entry.author.identifier,
                patient="0f" * 32,
                observer="poste-1",
                recipient="127.0.0.1",
                recorded=NOW,
                previous=GENESIS,
                mappings_digest="ab" * 32,
            ),
        )
        for kind in kinds
        for outcome in outcomes
    ]


def write_practice(folder: Path) -> list[Path]:
    """What stays in the practice: the advice on billing of every visit, and the reminder of the next one."""
    found: list[Path] = []
    everything = Details(name=True, diagnosis=True, text=True, address=True)
    for visit in VISITS:
        data = visit.read_bytes()
        found.append(_write(folder / f"{visit.stem}.billing.json", render_billing(data)))
        for withdrawn in (False, True):
            try:
                reminder = remind(data, form="fhir", withdrawn=withdrawn, details=everything)
            except VisitInvalid:
                continue  # nothing is planned on a known day
            found.append(_write(folder / f"{visit.stem}.{'withdrawn' if withdrawn else 'reminder'}.json", reminder))
    return found


def _write(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file


WRITERS: Final = (write_documents, write_requests, write_terminology, write_audit, write_practice)
