"""Documents and sets of the state, which are FHIR, as the values of XDS: what was fed by PDSm told on the other wire.

Source: PDSm 3.1.1, correspondence of its profiles with XDS metadata.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, date, datetime
from typing import Any, Final

from adapter.dmp.simulator import people
from adapter.dmp.simulator.pdsm_rules import DESIGNATION, SOURCE_ID, contained
from adapter.dmp.simulator.soap.schemes import of_fhir
from adapter.dmp.simulator.store import DocumentRow, ListRow, PatientRow
from adapter.model.coded import CodeSystem, Coding, Concept
from adapter.model.document import Identifier, Organization, Patient, PersonName, Professional
from adapter.submission.values import DocumentEntry, SubmissionSet
from adapter.validation.fhir_rules.elements import dicts, extensions, text_of

Element = dict[str, Any]

NOTHING: Final = Coding(CodeSystem("", "", "", ""), "")
_OID: Final = "urn:oid:"
_NATIONAL_PERSON: Final = "1.2.250.1.71.4.2.1"
_NATIONAL_STRUCTURE: Final = "1.2.250.1.71.4.2.2"
_FINESS: Final = "https://finess.esante.gouv.fr"
_NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)
_SEX: Final = {"female": "F", "male": "M"}
_PLACE: Final = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"


def document_entry(resource: Element, row: DocumentRow, patient: PatientRow) -> DocumentEntry:
    """Metadata of a document; what its deposit did not say is an empty code."""
    ins = Identifier(patient.system.removeprefix(_OID), patient.value)
    context = _member(resource, "context")
    content = resource["content"][0]
    attachment = content["attachment"]
    period = _member(context, "period")
    created = _moment(text_of(attachment, "creation")) or _moment(text_of(resource, "date")) or _NEVER
    start = _moment(text_of(period, "start")) or created
    author = professional(resource, next(people.named(resource, "author"), {}))
    holder = _patient(resource, text_of(context.get("sourcePatientInfo"), "reference"), ins)
    return DocumentEntry(
        unique_id=row.unique_id.removeprefix(_OID),
        entry_uuid=row.entry_uuid.removeprefix("urn:uuid:"),
        set_id=row.set_id,
        version=row.set_version,
        mime_type=text_of(attachment, "contentType"),
        type=_concept(resource.get("type")),
        class_=_concept(next(dicts(resource.get("category")), None)),
        format=_coding(content.get("format")),
        facility=_concept(context.get("facilityType")),
        practice_setting=_concept(context.get("practiceSetting")),
        confidentiality=confidentiality(resource),
        title=text_of(attachment, "title") or text_of(resource, "description"),
        language=text_of(attachment, "language") or "fr-FR",
        creation_time=created,
        service_start=start,
        service_stop=_moment(text_of(period, "end")) or start,
        hash_sha1=_digest(text_of(attachment, "hash")),
        size_bytes=int(attachment.get("size", -1)),
        author=author,
        legal_authenticator=professional(resource, next(people.named(resource, "authenticator"), {}), author),
        custodian=author.organization or Organization(key="", name=""),
        patient=holder,
        patient_id=ins,
        source_patient_id=holder.local_id or ins,
        events=tuple(_concept(one) for one in dicts(context.get("event"))),
    )


def submission_set(resource: Element, row: ListRow, patient: PatientRow) -> SubmissionSet:
    """Metadata of a set."""
    ins = Identifier(patient.system.removeprefix(_OID), patient.value)
    designation = next(iter(extensions(resource, DESIGNATION)), {})
    source = next(iter(extensions(resource, SOURCE_ID)), {})
    return SubmissionSet(
        unique_id=(row.unique_id or "").removeprefix(_OID),
        entry_uuid=row.entry_uuid.removeprefix("urn:uuid:"),
        source_id=text_of(source.get("valueIdentifier"), "value").removeprefix(_OID),
        content_type=_concept(designation.get("valueCodeableConcept")),
        title=text_of(resource, "title"),
        submission_time=_moment(text_of(resource, "date")) or _NEVER,
        author=professional(resource, next(people.named(resource, "source"), {})),
        patient=_patient(resource, "", ins),
        patient_id=ins,
    )


def confidentiality(resource: Element) -> tuple[Coding, ...]:
    """Level and masks in force."""
    return tuple(_concept(one) for one in dicts(resource.get("securityLabel")))


def professional(resource: Element, reference: Element, otherwise: Professional | None = None) -> Professional:
    """Person behind a reference, within the structure that the resource tells."""
    target = contained(resource, text_of(reference, "reference")) or {}
    role = target if target.get("resourceType") == "PractitionerRole" else {}
    held = next(people.named(role, "practitioner"), {}) if role else reference
    person = contained(resource, text_of(held, "reference")) or {}
    pairs = people.identifiers(resource, reference)
    identifier = _person_identifier(pairs)
    if identifier is None and otherwise is not None and not target:
        return otherwise
    name = next(dicts(person.get("name")), {})
    given = name.get("given")
    shown = PersonName(text_of(name, "family"), " ".join(given) if isinstance(given, list) else "")
    place = next(people.named(role, "organization"), None) if role else None
    qualification = next(dicts(person.get("qualification")), {})
    profession = qualification.get("code")
    return Professional(
        key="",
        role_key="",
        name=shown,
        identifier=identifier,
        profession=Concept("", (_concept(profession),)) if _concept(profession).code else None,
        organization=_organization(resource, place) if place else None,
    )


def _person_identifier(pairs: list[tuple[str, str]]) -> Identifier | None:
    for system, value in pairs:
        if system == people.NATIONAL_PROFESSIONAL:
            return Identifier(_NATIONAL_PERSON, value)
    for system, value in pairs:
        if system == people.RPPS:
            return Identifier(_NATIONAL_PERSON, f"8{value}")
    return next((_identifier(system, value) for system, value in pairs), None)


def _organization(resource: Element, reference: Element) -> Organization:
    target = contained(resource, text_of(reference, "reference")) or {}
    pairs = people.identifiers(resource, reference)
    national = [value for system, value in pairs if system == f"{_OID}{_NATIONAL_STRUCTURE}"]
    national += [f"1{value}" for system, value in pairs if system == _FINESS]
    identifier = Identifier(_NATIONAL_STRUCTURE, national[0]) if national else None
    if identifier is None and pairs:
        identifier = _identifier(*pairs[0])
    return Organization(key="", name=text_of(target, "name"), identifier=identifier)


def _patient(resource: Element, reference: str, ins: Identifier) -> Patient:
    held = contained(resource, reference) or {}
    names = {text_of(one, "use"): one for one in dicts(held.get("name"))}
    official = names.get("official") or next(iter(names.values()), {})
    usual = names.get("usual", {})
    born = _day(text_of(held, "birthDate"))
    place = next(iter(extensions(held, _PLACE)), {}).get("valueAddress")
    commune = next(iter(dicts(place.get("extension") if isinstance(place, dict) else None)), {})
    local = next(
        (
            _identifier(text_of(one, "system"), text_of(one, "value"))
            for one in dicts(held.get("identifier"))
            if not people.is_ins(text_of(one, "system"))
        ),
        None,
    )
    return Patient(
        key="",
        birth_family=text_of(official, "family"),
        birth_given=_given(official),
        gender=Coding(CodeSystem("", "", "", ""), _SEX.get(text_of(held, "gender"), "U")),
        birth_date=born,
        ins=ins,
        ins_qualified=True,
        local_id=local,
        birth_place_code=text_of(commune.get("valueCoding"), "code"),
        used_family=text_of(usual, "family") if usual else "",
        used_given=next(iter(_given(usual)), "") if usual else "",
    )


def _given(name: Element) -> tuple[str, ...]:
    held = name.get("given")
    return tuple(one for one in held if isinstance(one, str)) if isinstance(held, list) else ()


def _member(value: Element, name: str) -> Element:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _concept(value: Any) -> Coding:
    return _coding(next(dicts(value.get("coding")), None)) if isinstance(value, dict) else NOTHING


def _coding(value: Any) -> Coding:
    if not isinstance(value, dict) or not text_of(value, "code"):
        return NOTHING
    return of_fhir(text_of(value, "system"), text_of(value, "code"), text_of(value, "display"))


def _identifier(system: str, value: str) -> Identifier:
    return Identifier(system.removeprefix(_OID), value)


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return date(1, 1, 1)


def _digest(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""
