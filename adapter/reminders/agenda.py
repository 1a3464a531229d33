"""What is due, late or still hidden from its patient, out of many visits: only the last word on each patient counts."""

from __future__ import annotations

import csv
import io
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from adapter.model.visit import Visit
from adapter.reminders.values import PLACES, person

Kind = Literal["visit", "announcement"]
Timing = Literal["late", "due", "upcoming", "undated", "unplanned"]

TIMINGS: Final[dict[Timing, str]] = {
    "late": "en retard",
    "due": "à faire",
    "upcoming": "à venir",
    "undated": "sans date",
    "unplanned": "rien de prévu",
}
KINDS: Final[dict[Kind, str]] = {"visit": "prochaine visite", "announcement": "annonce au patient"}
COLUMNS: Final = (
    "nature", "état", "date", "heure", "dossier", "médecin", "RPPS", "dernière visite", "lieu", "visite", "version",
)  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, repr=False)
class Planned:
    """What one synthesis plans, without any trait of the patient but the keys that tell patients apart.

    Attributes:
        origin: file, or number of the row in the queue.
        chain: same for every version of one synthesis. version: rank of this one.
        patients: keys of the patient; two visits that share one are of the same patient.
        start: start of the visit.
        on, at: day and moment of the next visit, None when not known.
        worded: the next visit is told in words only.
        hidden: the synthesis is hidden from the patient. announce_on: day of the announcement, None when not known.
    """

    origin: str
    chain: Hashable
    version: int
    patients: tuple[Hashable, ...]
    start: datetime
    record: str
    doctor: str
    doctor_rpps: str
    place: str
    visit_id: str
    on: date | None
    at: datetime | None
    worded: bool
    hidden: bool
    announce_on: date | None


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the agenda: a next visit, or an announcement after which a synthesis may be shown."""

    kind: Kind
    timing: Timing
    on: date | None
    at: datetime | None
    record: str
    doctor: str
    doctor_rpps: str
    last_visit: date
    place: str
    visit_id: str
    version: int
    origin: str


@dataclass(frozen=True, slots=True)
class Agenda:
    """Every line, most urgent first, and what became of the rest.

    Attributes:
        replaced: syntheses that a newer version replaces. followed: visits after which the patient was seen again.
        Their announcements still count.
    """

    items: tuple[Item, ...]
    replaced: int
    followed: int


def planned(visit: Visit, origin: str) -> Planned:
    """What a visit plans."""
    patient, structure, next_one = visit.patient, visit.structure, visit.next_visit
    owner = structure.finess or structure.national_id or structure.name
    keys: list[Hashable] = []
    if patient.ins is not None:
        keys.append(("ins", patient.ins.root, patient.ins.value))
    if patient.local_id is not None:
        keys.append(("local", owner, patient.local_id))
    day = (next_one.at.date() if next_one.at else next_one.on) if next_one else None
    return Planned(
        origin=origin,
        chain=(owner, visit.id),
        version=visit.version,
        patients=tuple(keys) or (("visit", owner, visit.id),),
        start=visit.start,
        record=patient.local_id or "",
        doctor=person(visit.author.name),
        doctor_rpps=visit.author.rpps,
        place=visit.place.kind,
        visit_id=visit.id,
        on=day,
        at=next_one.at if next_one else None,
        worded=next_one is not None and day is None,
        hidden="hidden-from-patient" in visit.sharing.visibility,
        announce_on=visit.sharing.announce_on,
    )


def agenda(everything: Sequence[Planned], today: date, *, within_days: int = 7) -> Agenda:
    """Lines as of `today`: for each patient the plan of the last visit, and every announcement still to come.

    Args:
        everything: what all the syntheses plan; the newest version of each counts.
        today: the day it is; no clock is read.
        within_days: up to how many days ahead a line is due.
    """
    newest: dict[Hashable, Planned] = {}
    for one in everything:
        known = newest.get(one.chain)
        if known is None or one.version > known.version:
            newest[one.chain] = one
    last: dict[int, Planned] = {}
    patients = _Patients()
    for one in newest.values():
        patients.join(one.patients)
    for one in newest.values():
        patient = patients.of(one.patients)
        known = last.get(patient)
        if known is None or _weight(one) > _weight(known):
            last[patient] = one
    items = [_item("visit", one, today, within_days) for one in last.values()]
    items += [_item("announcement", one, today, within_days) for one in newest.values() if one.hidden]
    return Agenda(
        items=tuple(sorted(items, key=_urgency)),
        replaced=len(everything) - len(newest),
        followed=len(newest) - len(last),
    )


def _weight(one: Planned) -> tuple[datetime, tuple[bool, ...], date, str]:
    """Of two visits the later one speaks; of two that tell of one visit, the one that knows more."""
    knows = (one.on is not None, one.at is not None, one.worded, bool(one.record))
    return one.start, knows, one.on or date.min, one.origin


class _Patients:
    """Which keys name the same patient: a union of sets."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._parents: list[int] = []

    def join(self, keys: Iterable[Hashable]) -> None:
        first: int | None = None
        for key in keys:
            number = self._numbers.setdefault(key, len(self._parents))
            if number == len(self._parents):
                self._parents.append(number)
            root = self._root(number)
            if first is None:
                first = root
            else:
                self._parents[root] = first

    def of(self, keys: Sequence[Hashable]) -> int:
        return self._root(self._numbers[keys[0]])

    def _root(self, number: int) -> int:
        while self._parents[number] != number:
            self._parents[number] = self._parents[self._parents[number]]
            number = self._parents[number]
        return number


def _item(kind: Kind, one: Planned, today: date, within_days: int) -> Item:
    on = one.on if kind == "visit" else one.announce_on
    absent: Timing = "undated" if kind == "announcement" or one.worded else "unplanned"
    return Item(
        kind=kind,
        timing=_timing(on, today, within_days) if on is not None else absent,
        on=on,
        at=one.at if kind == "visit" else None,
        record=one.record,
        doctor=one.doctor,
        doctor_rpps=one.doctor_rpps,
        last_visit=one.start.date(),
        place=one.place,
        visit_id=one.visit_id,
        version=one.version,
        origin=one.origin,
    )


def _timing(on: date, today: date, within_days: int) -> Timing:
    if on < today:
        return "late"
    return "due" if on - today <= timedelta(days=within_days) else "upcoming"


def _urgency(item: Item) -> tuple[int, date, str, str, str]:
    return list(TIMINGS).index(item.timing), item.on or date.max, item.doctor, item.kind, item.origin


def cells(item: Item) -> tuple[str, ...]:
    """Texts of one line, under ``COLUMNS``; the name of the file, which a person chose, is not among them."""
    return (
        KINDS[item.kind],
        TIMINGS[item.timing],
        item.on.isoformat() if item.on else "",
        f"{item.at:%H:%M}" if item.at else "",
        item.record,
        item.doctor,
        item.doctor_rpps,
        item.last_visit.isoformat(),
        PLACES.get(item.place, ""),
        item.visit_id,
        str(item.version),
    )


def as_csv(items: Iterable[Item], *, bom: bool = False) -> bytes:
    """Table (UTF-8, ``;``, CRLF) for a spreadsheet; no INS and no name of a patient stands in it.

    A cell that a spreadsheet would take for a formula begins with an apostrophe.

    Args:
        items: lines, in their order.
        bom: begin with a byte order mark, which some spreadsheets need to read accents.
    Source: RFC 4180.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for item in items:
        writer.writerow(f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells(item))
    return (b"\xef\xbb\xbf" if bom else b"") + out.getvalue().encode()
