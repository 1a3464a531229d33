r"""HL7 v2 data types inside metadata values: written and read, their delimiters escaped.

Sources: IHE ITI TF-3, 4.2.3.1.7 (CX, XCN, XON, SourcePatientInfo, DTM); HL7 v2.5, 2.7 (escapes ``\S\``...);
GIE SESAM-Vitale, DMP vendor package v2.05 (which components the DMP wants).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Final

from adapter.model.coded import CodeSystem, Coding
from adapter.model.document import Identifier, Organization, Patient, PersonName, Professional

PROFESSIONAL_ROOT: Final = "1.2.250.1.71.4.2.1"
STRUCTURE_ROOT: Final = "1.2.250.1.71.4.2.2"
NATIONAL_PERSON: Final = "IDNPS"
NATIONAL_STRUCTURE: Final = "IDNST"
INTERNAL: Final = "EI"
INS_TYPE: Final = "NH"
LOCAL_TYPE: Final = "PI"

_ESCAPES: Final = str.maketrans({"\\": "\\E\\", "^": "\\S\\", "&": "\\T\\", "|": "\\F\\", "~": "\\R\\"})
_ESCAPED: Final = re.compile(r"\\([ESTFR])\\")
_MEANT: Final = {"E": "\\", "S": "^", "T": "&", "F": "|", "R": "~"}
_DTM: Final = re.compile(r"(\d{4})(\d{2})?(\d{2})?(?:(\d{2})(\d{2})?(\d{2})?)?")


def escaped(value: str) -> str:
    """Text without delimiters."""
    return value.translate(_ESCAPES)


def unescaped(value: str) -> str:
    """Text as it was before ``escaped``."""
    return _ESCAPED.sub(lambda found: _MEANT[found.group(1)], value)


def dtm(moment: datetime) -> str:
    """Point in time in UTC to the second: ``20261120093000``."""
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S").zfill(14)


def read_dtm(value: str) -> datetime | None:
    """Aware moment of a DTM value, of any precision; None when it is none. What is left out is its beginning."""
    found = _DTM.fullmatch(value)
    if not found:
        return None
    year, month, day, hour, minute, second = found.groups()
    try:
        return datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC
        )
    except ValueError:
        return None


def cx(value: Identifier, kind: str) -> str:
    """Identifier of a patient: ``value^^^&oid&ISO^type``."""
    return f"{escaped(value.value)}^^^{_authority(value.root)}^{kind}"


def read_cx(value: str) -> Identifier | None:
    """Identifier of a CX value, None when it has no value or no authority."""
    parts = value.split("^")
    root = _oid(parts[3]) if len(parts) > 3 else ""
    return Identifier(root, unescaped(parts[0])) if parts[0] and root else None


def xcn(value: Professional) -> str:
    """Person: ``id^family^given^^^^^^&oid&ISO^D^^^IDNPS``; without the authority when there is no identifier."""
    held = value.identifier
    names = f"{escaped(value.name.family)}^{escaped(value.name.given)}"
    if held is None:
        return f"^{names}^^^^^^^D"
    kind = NATIONAL_PERSON if held.root == PROFESSIONAL_ROOT else INTERNAL
    return f"{escaped(held.value)}^{names}^^^^^^{_authority(held.root)}^D^^^{kind}"


def read_xcn(value: str) -> tuple[PersonName, Identifier | None]:
    """Name and identifier of an XCN value."""
    parts = [*value.split("^"), *[""] * 13]
    root = _oid(parts[8])
    identifier = Identifier(root, unescaped(parts[0])) if parts[0] and root else None
    return PersonName(unescaped(parts[1]), unescaped(parts[2])), identifier


def xon(value: Organization) -> str:
    """Structure: ``NAME^^^^^&oid&ISO^IDNST^^^id``; its name alone when it has no identifier."""
    held = value.identifier
    if held is None:
        return escaped(value.name)
    kind = NATIONAL_STRUCTURE if held.root == STRUCTURE_ROOT else INTERNAL
    return f"{escaped(value.name)}^^^^^{_authority(held.root)}^{kind}^^^{escaped(held.value)}"


def read_xon(value: str) -> tuple[str, Identifier | None]:
    """Name and identifier of an XON value."""
    parts = [*value.split("^"), *[""] * 10]
    root = _oid(parts[5])
    return unescaped(parts[0]), Identifier(root, unescaped(parts[9])) if parts[9] and root else None


def coded(value: Coding) -> str:
    """Code in one value: ``code^display^oid``."""
    return f"{escaped(value.code)}^{escaped(value.display)}^{value.system.oid}"


def read_coded(value: str) -> Coding:
    """Code of ``code^display^oid``; a text alone is a display."""
    parts = value.split("^")
    if len(parts) < 3:
        return Coding(CodeSystem("", "", "", ""), "", unescaped(value))
    oid = parts[2]
    return Coding(CodeSystem("", oid, f"urn:oid:{oid}", ""), unescaped(parts[0]), unescaped(parts[1]))


def patient_info(value: Patient) -> tuple[str, ...]:
    """Values of sourcePatientInfo: birth name (L), used name (D), birth date, sex, birthplace (INSEE).

    Source: DMP vendor package, TD2.1 (PID-5, PID-7, PID-8, PID-11 BDL).
    """
    given = escaped(value.birth_given[0]) if value.birth_given else ""
    found = [f"PID-5|{escaped(value.birth_family)}^{given}^^^^^L"]
    if value.used_family or value.used_given:
        family = escaped(value.used_family or value.birth_family)
        found.append(f"PID-5|{family}^{escaped(value.used_given) or given}^^^^^D")
    found += [f"PID-7|{value.birth_date:%Y%m%d}", f"PID-8|{value.gender.code}"]
    if value.birth_place_code:
        found.append(f"PID-11|^^^^^^BDL^^{escaped(value.birth_place_code)}")
    return tuple(found)


def read_patient(values: tuple[str, ...], key: str, ins: Identifier | None, local_id: Identifier | None) -> Patient:
    """Patient of sourcePatientInfo, as far as it goes.

    Raises:
        ValueError: no birth name, or no usable birth date.
    """
    fields = [(name, held) for name, bar, held in (one.partition("|") for one in values) if bar]
    names = {kind: parts for parts in (_name(held) for name, held in fields if name == "PID-5") for kind in parts[2:]}
    birth = names.get("L") or next(iter(names.values()), None)
    born = read_dtm(next((held for name, held in fields if name == "PID-7"), "")[:8])
    if birth is None or not birth[0] or born is None:
        raise ValueError("sourcePatientInfo without birth name or birth date")
    used = names.get("D", ("", "", ""))
    sex = next((held for name, held in fields if name == "PID-8"), "")
    return Patient(
        key=key,
        birth_family=birth[0],
        birth_given=(birth[1],) if birth[1] else (),
        gender=Coding(CodeSystem("gender", "2.16.840.1.113883.5.1", "urn:oid:2.16.840.1.113883.5.1", ""), sex),
        birth_date=date(born.year, born.month, born.day),
        ins=ins,
        ins_qualified=ins is not None,
        local_id=local_id,
        birth_place_code=next(
            (place for name, held in fields if name == "PID-11" and (place := _birthplace(held))), ""
        ),
        used_family=used[0] if used[0] != birth[0] else "",
        used_given=used[1] if used[1] != birth[1] else "",
    )


def _name(value: str) -> tuple[str, str, str]:
    parts = [*value.split("^"), *[""] * 7]
    return unescaped(parts[0]), unescaped(parts[1]), parts[6]


def _birthplace(value: str) -> str:
    parts = [*value.split("^"), *[""] * 9]
    return unescaped(parts[8]) if parts[6] == "BDL" else ""


def _authority(root: str) -> str:
    return f"&{root}&ISO"


def _oid(value: str) -> str:
    parts = value.split("&")
    return parts[1] if len(parts) > 1 else ""
