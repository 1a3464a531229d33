"""FHIR data types as plain dicts, from the values of the document.

Source: HL7 FHIR R4 (4.0.1), Data Types; hl7.fhir.fr.core 2.2.0-ballot-2 for the French extensions.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha1
from typing import Any

import orjson

from adapter.fhir.narrative import statement
from adapter.model.coded import Coding, Concept
from adapter.model.document import Address, Identifier, PersonName, Quantity, Telecom

Json = dict[str, Any]

NOS = "https://mos.esante.gouv.fr/NOS/"
TRE_R02 = f"{NOS}TRE_R02-SecteurActivite/FHIR/TRE-R02-SecteurActivite"
TRE_R256 = f"{NOS}TRE_R256-TypeMessagerie/FHIR/TRE-R256-TypeMessagerie"
TRE_R260 = f"{NOS}TRE_R260-HL7RoleClass/FHIR/TRE-R260-HL7RoleClass"
FR_CORE = "https://hl7.fr/ig/fhir/core/StructureDefinition/"
FR_V2_0203 = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203"
V2_0203 = "http://terminology.hl7.org/CodeSystem/v2-0203"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
DATA_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"

_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_SYSTEM = {"tel": "phone", "fax": "fax", "mailto": "email"}
_USE = {"H": "home", "HP": "home", "WP": "work", "DIR": "work", "MC": "mobile"}


@dataclass(frozen=True, slots=True)
class Frame:
    """What the resources of one document share: whom they speak of, who wrote them, when, and the profile URLs."""

    patient: Json
    author: Json
    written_at: str
    profiles: Mapping[str, str]
    _metas: dict[tuple[str, ...], Json] = field(default_factory=dict, repr=False)
    _moments: dict[int, tuple[datetime | date, str]] = field(default_factory=dict, repr=False)

    def meta(self, keys: tuple[str, ...]) -> Json:
        """Meta with the profile URLs of `keys`, an empty dict when the edition knows none of them."""
        found = self._metas.get(keys)
        if found is None:
            urls = [self.profiles[key] for key in keys if key in self.profiles]
            found = self._metas[keys] = {"profile": urls} if urls else {}
        return found

    def extended(self, values: Mapping[str, Json]) -> Json:
        """Member ``extension`` with `values` under the URLs of their keys; those the edition has not are left out."""
        found = [{"url": self.profiles[key], **value} for key, value in values.items() if key in self.profiles]
        return {"extension": found} if found else {}

    def moment(self, value: datetime | date) -> str:
        """``dateTime`` of `value` at its precision, formatted once for all the facts of one time.

        Known by identity: equal moments may have different offsets, and each keeps its own.
        """
        known = self._moments.get(id(value))
        if known is None or known[0] is not value:
            known = self._moments[id(value)] = value, _when(value)
        return known[1]


def resource(kind: str, key: str, frame: Frame, keys: tuple[str, ...], text: str) -> Json:
    """Start of a resource: type, id, declared profiles, narrative of one sentence.

    Args:
        kind: resource type.
        key: UUID of the resource.
        frame: knows the profile URLs.
        keys: profiles that this very resource meets; one that the edition does not know is left out.
        text: the sentence.
    """
    if keys and (meta := frame.meta(keys)):
        return {"resourceType": kind, "id": key, "meta": meta, "text": statement(text)}
    return {"resourceType": kind, "id": key, "text": statement(text)}


def reference(key: str) -> Json:
    """Reference to the Bundle entry `key`."""
    return {"reference": f"urn:uuid:{key}"}


def derived_key(key: str, role: str) -> str:
    """UUID (version 5 form) of a resource that hangs from `key`: same input, same answer.

    Source: RFC 9562, 5.5.
    """
    raw = bytearray(sha1(f"{key}/{role}".encode(), usedforsecurity=False).digest()[:16])
    raw[6] = raw[6] & 0x0F | 0x50
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def coding(value: Coding) -> Json:
    """Coding; the display only when the publisher's label is known."""
    if value.display:
        return {"system": value.system.uri, "code": value.code, "display": value.display}
    return {"system": value.system.uri, "code": value.code}


def coded(value: Coding) -> Json:
    """CodeableConcept of one coding."""
    return {"coding": [coding(value)]}


def concept(value: Concept) -> Json:
    """CodeableConcept: the words always, the codes when there are any."""
    codings = value.codings
    if not codings:
        return {"text": value.text}
    if len(codings) == 1:  # nearly always, and a comprehension costs
        return {"coding": [coding(codings[0])], "text": value.text}
    return {"coding": [coding(c) for c in codings], "text": value.text}


def fixed(system: str, code: str, display: str = "") -> Json:
    """CodeableConcept of a code that FHIR or a profile prescribes."""
    only = {"system": system, "code": code, "display": display} if display else {"system": system, "code": code}
    return {"coding": [only]}


def moment(value: datetime) -> str:
    """``dateTime`` to the second, offset kept."""
    return value.isoformat(timespec="seconds")


def decimal(value: str) -> orjson.Fragment:
    """JSON number with the very digits of `value`: 4.50 stays 4.50.

    Raises:
        ValueError: `value` is no plain decimal.
    Source: FHIR R4, decimal: the precision is part of the value.
    """
    if _DECIMAL.fullmatch(value) is None:
        raise ValueError("quantity is not a plain decimal")
    return orjson.Fragment(value.encode("ascii"))


def quantity(value: Quantity) -> Json:
    """Quantity with the digits as written; UCUM only when the unit has a code there."""
    found: Json = {"value": decimal(value.value), "unit": value.unit}
    if value.ucum:
        found["system"] = UCUM
        found["code"] = value.ucum
    return found


def period(start: str | date | datetime | None, end: str | date | datetime | None) -> Json:
    """Period of what is known; an empty dict when nothing is."""
    found: Json = {}
    if start:
        found["start"] = _when(start)
    if end:
        found["end"] = _when(end)
    return found


def _when(value: str | date | datetime) -> str:
    if isinstance(value, str):
        return value
    return moment(value) if isinstance(value, datetime) else value.isoformat()


def identifier(value: Identifier) -> Json:
    """Identifier of an OID assigning authority, without use or type."""
    return {"system": f"urn:oid:{value.root}", "value": value.value}


def uuid_identifier(key: str) -> Json:
    """Identifier of somebody that we know by our own key only."""
    return {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{key}"}


def oid_identifier(oid: str) -> Json:
    """Identifier whose value is an OID."""
    return {"system": "urn:ietf:rfc:3986", "value": f"urn:oid:{oid}"}


def telecoms(values: Iterable[Telecom]) -> list[Json]:
    """ContactPoints; a secure mailbox carries its type.

    Source: fr-core-contact-point; TRE_R256 (MSSANTE).
    """
    return [_telecom(value) for value in values]


def structure_telecoms(values: Iterable[Telecom]) -> list[Json]:
    """ContactPoints of a structure: what its people call home is no use there.

    Source: FHIR R4, Organization org-3.
    """
    found = telecoms(values)
    for telecom in found:
        if telecom.get("use") == "home":
            del telecom["use"]
    return found


def _telecom(value: Telecom) -> Json:
    found: Json = {}
    if value.mssante:
        found["extension"] = [
            {
                "url": f"{FR_CORE}fr-core-contact-point-email-type",
                "valueCoding": {"system": TRE_R256, "code": "MSSANTE"},
            }
        ]
    found["system"] = _SYSTEM[value.kind]
    found["value"] = value.value
    if use := _USE.get(value.use):
        found["use"] = use
    return found


def address(value: Address) -> Json:
    """Address of what is known; an empty dict when nothing is."""
    found: Json = {}
    if value.lines:
        found["line"] = list(value.lines)
    if value.city:
        found["city"] = value.city
    if value.postal_code:
        found["postalCode"] = value.postal_code
    if value.country:
        found["country"] = value.country
    return found


def human_name(value: PersonName) -> Json:
    """HumanName: family name, one given name, civility (JDV_J245) and title (JDV_J246) when known.

    Source: fr-human-name-document.
    """
    found: Json = {"text": value.text, "family": value.family}
    if value.given:
        found["given"] = [value.given]
    if value.prefix:
        found["prefix"] = [value.prefix]
    if value.suffix:
        found["suffix"] = [value.suffix]
    return found


def base64(raw: bytes) -> str:
    """base64 text of `raw`."""
    return b64encode(raw).decode("ascii")
