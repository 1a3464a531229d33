"""Next visits: one as a calendar file, all of them as an agenda drawn from a folder of visits or from the queue.

from adapter import agenda, remind
Path("prochaine.ics").write_bytes(remind(Path("visite.json").read_bytes()))
for item in agenda(Path("visites"), date.today()).items:
    print(item.timing, item.on, item.record)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Literal

from adapter.compose import Options
from adapter.errors import DocumentInvalid, Finding, OutboxError, VisitInvalid
from adapter.model.json_input import MAX_BYTES, MAX_DEPTH
from adapter.model.reader import check_visit, read_visit
from adapter.model.visit import Visit
from adapter.outbox import Outbox, Row, State
from adapter.reminders import Details, next_visit
from adapter.reminders.agenda import Agenda, Item, Planned, planned
from adapter.reminders.agenda import agenda as draw
from adapter.reminders.calendar import as_ics
from adapter.reminders.documents import When, from_bundle, from_cda
from adapter.reminders.fhir import as_bundle
from adapter.reminders.rule_texts import finding
from adapter.submission.prepare import CDA_MIME, HIDDEN_FROM_PATIENT
from adapter.submission.values import DocumentEntry
from adapter.validation.xml_input import parse_xml

Form = Literal["ics", "fhir"]

__all__ = ["Agenda", "Details", "Form", "Item", "Reading", "agenda", "read_folder", "read_outbox", "remind"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What could be read out of a folder or a queue; every file or row is in exactly one of the counts.

    Attributes:
        planned: what each synthesis plans.
        faults: findings by file or row; none of these is in `planned`, but for two contents of one version.
        same: files that repeat another one to the byte.
        other: files that are not visits by their name.
        withdrawn: rows of the queue taken back before they left.
    """

    planned: tuple[Planned, ...]
    faults: dict[str, tuple[Finding, ...]]
    same: int = 0
    other: int = 0
    withdrawn: int = 0


def remind(
    visit: Visit | bytes | str,
    *,
    form: Form = "ics",
    options: Options | None = None,
    details: Details | None = None,
    withdrawn: bool = False,
    alarm: timedelta | None = None,
) -> bytes:
    """Calendar file of the next visit, or its FHIR Appointment and Task; a withdrawal when there is none any more.

    Neither a name nor a disease is told unless `details` asks for it.

    Args:
        visit: a visit read, or its JSON.
        form: ``ics`` (needs the extra ``calendar``) or ``fhir``.
        options: issuer, as for the documents. details: what may be read there.
        withdrawn: the plan is given up, whatever the visit says.
        alarm: how long before it rings; None for the eve, zero for no alarm.

    Raises:
        VisitInvalid: the data, or ``REM-NO-DATE``: the visit plans nothing on a known day.
        MissingExtra: no icalendar here.
    """
    read = visit if isinstance(visit, Visit) else read_visit(visit)
    issuer = options.issuer_oid if options else None
    found = next_visit(read, issuer_oid=issuer, withdrawn=withdrawn, details=details)
    if found is None:
        raise VisitInvalid([finding("REM-NO-DATE", "$.next_visit", "Aucun jour n'est donné pour la prochaine visite.")])
    return as_ics(found, alarm=alarm) if form == "ics" else as_bundle(found)


def agenda(source: Path | Outbox, today: date, *, within_days: int = 7) -> Agenda:
    """Agenda of a folder of visits, or of what the queue still holds (see ``read_folder`` and ``read_outbox``).

    Raises:
        VisitInvalid: some files or rows cannot be read; every finding, with the file or row in its path. Read and
            draw in two steps to have the rest all the same.
    """
    reading = read_folder(source) if isinstance(source, Path) else read_outbox(source)
    faults = [replace(one, path=f"{name}: {one.path}") for name, found in reading.faults.items() for one in found]
    if faults:
        raise VisitInvalid(faults)
    return draw(reading.planned, today, within_days=within_days)


def read_folder(
    folder: Path,
    *,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    on_total: Callable[[int], object] = lambda total: None,
    on_step: Callable[[], object] = lambda: None,
) -> Reading:
    """What the visits of a folder and of those below it plan; one visit is in memory at a time.

    Files whose name ends with ``.json`` are visits; hidden ones are left alone.

    Raises:
        OSError: the folder cannot be listed.
    """
    names, other, refused = _files(folder)
    on_total(len(names))
    found: list[Planned] = []
    unreadable: tuple[Finding, ...] = (finding("REM-FILE", "$", "Ce fichier ou ce dossier ne peut pas être lu."),)
    faults = {path.relative_to(folder).as_posix(): unreadable for path in refused}
    digests: dict[tuple[object, int], bytes] = {}
    same = 0
    for path in names:
        name = path.relative_to(folder).as_posix()
        try:
            data = _content(path, max_bytes)
        except OSError:
            faults[name] = unreadable
            on_step()
            continue
        visit, told = check_visit(data, max_bytes=max_bytes, max_depth=max_depth)
        if visit is None:
            faults[name] = told
        else:
            one = planned(visit, name)
            digest = sha256(data).digest()
            known = digests.setdefault((one.chain, one.version), digest)
            if known is digest:
                found.append(one)
            elif known == digest:
                same += 1
            else:
                message = "Un autre fichier porte cette visite et cette version, avec un autre contenu."
                faults[name] = (finding("REM-SAME-VISIT", "$.version", message),)
        on_step()
    return Reading(tuple(found), faults, same, other)


def _files(folder: Path) -> tuple[list[Path], int, list[Path]]:
    """Visits of a folder in the order of their names, how many other files stand there, folders that refuse.

    Links to folders are not followed; they count among the others.

    Raises:
        OSError: the folder itself cannot be listed.
    """
    next(folder.iterdir(), None)
    names: list[Path] = []
    refused: list[Path] = []
    other = 0
    for place, folders, files in os.walk(folder, onerror=lambda fault: refused.append(Path(fault.filename))):
        links = {name for name in folders if (Path(place) / name).is_symlink()}
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in links)
        visits = [name for name in files if name.lower().endswith(".json") and not name.startswith(".")]
        names += (Path(place) / name for name in visits)
        other += sum(not name.startswith(".") for name in (*files, *links)) - len(visits)
    return sorted(names), other, refused


def _content(path: Path, max_bytes: int) -> bytes:
    if not path.is_file():  # a pipe would be waited for
        raise OSError
    with path.open("rb") as stream:
        return stream.read(max_bytes + 1)


def read_outbox(
    outbox: Outbox,
    *,
    on_total: Callable[[int], object] = lambda total: None,
    on_step: Callable[[], object] = lambda: None,
) -> Reading:
    """What the documents in the queue plan, read back from their own bytes.

    The queue knows the next visit (it stands in the document) and that a synthesis is hidden from the patient. It
    knows neither the day of the announcement nor a next visit told in words, it never sees the visits of a patient
    who opposes sharing, and a purged row plans nothing any more: each is told, or counted as a fault.

    Raises:
        OutboxError: the queue itself cannot be read.
    """
    rows = list(outbox.rows())
    on_total(len(rows))
    found: dict[tuple[object, int], Planned] = {}
    faults: dict[str, tuple[Finding, ...]] = {}
    withdrawn = 0
    for row in rows:
        name = f"dépôt {row.id}"
        if row.state is State.WITHDRAWN:
            withdrawn += 1
        elif row.purged:
            faults[name] = (finding("REM-ROW", "$", "Le contenu de ce dépôt a été purgé."),)
        else:
            try:
                for one in _planned_in(outbox, row, name):
                    found.setdefault((one.chain, one.version), one)
            except (OutboxError, DocumentInvalid, ValueError):
                faults[name] = (finding("REM-ROW", "$", "Le contenu de ce dépôt n'a pas pu être lu."),)
        on_step()
    return Reading(tuple(found.values()), faults, withdrawn=withdrawn)


def _planned_in(outbox: Outbox, row: Row, name: str) -> Iterator[Planned]:
    submission = outbox.submission(row.id)
    for entry, content in zip(submission.entries, submission.contents, strict=True):
        yield _planned_entry(entry, _when(entry, content), name)


def _when(entry: DocumentEntry, content: bytes) -> When:
    if entry.mime_type == CDA_MIME:
        return from_cda(parse_xml(content))
    return from_bundle(content)


def _planned_entry(entry: DocumentEntry, when: When, name: str) -> Planned:
    on, at = when
    local = entry.source_patient_id if entry.source_patient_id != entry.patient_id else None
    number = entry.author.identifier.value if entry.author.identifier else ""
    return Planned(
        origin=name,
        chain=entry.set_id,
        version=entry.version,
        patients=(("ins", entry.patient_id.root, entry.patient_id.value),),
        start=entry.service_start,
        record=local.value if local else "",
        doctor=entry.author.name.text,
        doctor_rpps=number.removeprefix("8"),
        place="",
        visit_id=entry.unique_id,
        on=on,
        at=at,
        worded=True,
        hidden=any(code.code == HIDDEN_FROM_PATIENT for code in entry.confidentiality),
        announce_on=None,
    )
