"""The next visit of a visit, as a value that tells no name and no disease unless asked.

Source: RFC 5545 3.8.7.4 (SEQUENCE), RFC 7986 5.3 (UID without any trait of a person).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from adapter.compose.identity import Keys
from adapter.model.people import Address, PersonName
from adapter.model.visit import Visit

PLACES: Final = {
    "home": "Visite à domicile",
    "relative-home": "Visite au domicile d'un proche",
    "ehpad": "Visite en EHPAD",
    "residence": "Visite en résidence",
    "other": "Visite",
}
_EVERY_VERSION: Final = 0  # a key that the versions of one visit share


@dataclass(frozen=True, slots=True)
class Details:
    """What the doctor asked to read in the calendar; nothing by default."""

    name: bool = False
    diagnosis: bool = False
    text: bool = False
    address: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Reminder:
    """The next visit asked for by one version of one visit.

    Attributes:
        key: UUID shared by every version of the visit: a later one replaces.
        sequence: grows with every version, and once more when the plan is withdrawn.
        cancelled: no next visit any more.
        on, at: its day, and its moment when known; both None for a withdrawal without a date.
        stamp: when the synthesis was written: the same visit gives the same bytes.
        record: local number of the patient, else of the visit: never a trait.
        what: kind of visit, in French.
        doctor, doctor_rpps, doctor_email: whose plan it is; the address is empty when unknown.
        patient_root: OID under which `record` is numbered, empty when it is the visit's.
        name, diagnosis, text, address: said only when asked, empty otherwise.
    """

    key: str
    sequence: int
    cancelled: bool
    on: date | None
    at: datetime | None
    stamp: datetime
    record: str
    what: str
    doctor: str
    doctor_rpps: str
    doctor_email: str
    patient_root: str
    name: str = ""
    diagnosis: str = ""
    text: str = ""
    address: str = ""


def next_visit(
    visit: Visit, *, issuer_oid: str | None = None, withdrawn: bool = False, details: Details | None = None
) -> Reminder | None:
    """Reminder of the next visit; None when the visit plans none on a known day, and none was planned before.

    A corrected visit without a dated next visit withdraws what its earlier version may have planned. No date is ever
    computed from words (« dans 7 jours »).

    Args:
        visit: the visit; its version orders the reminders.
        issuer_oid: OID arc of the installation, as for ``compose``: it enters the identifier.
        withdrawn: the plan is given up (death, transfer), whatever the visit says.
        details: what may be read in the reminder.
    """
    planned = visit.next_visit
    day = (planned.at.date() if planned.at else planned.on) if planned else None
    if day is None and visit.version == 1 and not withdrawn:
        return None
    structure = visit.structure
    keys = Keys(issuer_oid, structure.finess or structure.national_id or structure.name, visit.id, _EVERY_VERSION)
    asked = details or Details()
    return Reminder(
        key=keys.key("next-visit"),
        sequence=visit.version + withdrawn,
        cancelled=withdrawn or day is None,
        on=day,
        at=planned.at if planned else None,
        stamp=visit.written_at,
        record=visit.patient.local_id or visit.id,
        what=PLACES[visit.place.kind],
        doctor=person(visit.author.name),
        doctor_rpps=visit.author.rpps,
        doctor_email=next((one.value for one in visit.author.telecoms if one.kind == "email"), ""),
        patient_root=keys.local_root() if visit.patient.local_id else "",
        name=_patient(visit) if asked.name else "",
        diagnosis=visit.disease.main.label if asked.diagnosis else "",
        text=(planned.text or "") if asked.text and planned else "",
        address=_address(visit.place.address or visit.patient.address) if asked.address else "",
    )


def person(name: PersonName) -> str:
    """Name in reading order: ``Dr Claire ÉVENO``."""
    return " ".join(part for part in ((name.title or "").capitalize(), name.given, name.family) if part)


def _patient(visit: Visit) -> str:
    patient = visit.patient
    given = patient.used_given_name or patient.birth_given_names[0]
    return f"{given} {patient.used_family_name or patient.birth_family_name}"


def _address(address: Address | None) -> str:
    if address is None:
        return ""
    town = " ".join(part for part in (address.postal_code, address.city) if part)
    return ", ".join(part for part in (*address.lines, town) if part)
