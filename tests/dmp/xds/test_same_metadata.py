"""One deposit on both wires: every attribute that PDSm and XDS share says the same thing.

The table follows the correspondence of PDSm: for each attribute of XDS, where PDSm puts it.
"""

from __future__ import annotations

import csv
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapter.dmp.pdsm import resources
from adapter.dmp.xds import ebxml
from adapter.dmp.xds.ebxml import ExtrinsicObject, RegistryObject, RegistryPackage
from adapter.dmp.xds.metadata import document_entry, hl7, names, submission_set, submit_objects
from adapter.submission import Submission
from tests.dmp import wire

Json = dict[str, Any]
Code = tuple[str, str, str]

ROOT = Path(__file__).parents[3]
with (ROOT / "mappings" / "systems.csv").open(encoding="utf-8", newline="") as held:
    OIDS = {row["uri"]: row["oid"] for row in csv.DictReader(held)}

DEPOSIT = wire.submission(replaces=True, masks=("INVISIBLE_PATIENT",))
OLD = "urn:uuid:0d5bd7b4-0d4b-4c4e-9b3e-6b6ad5b41a11"


# ---------------------------------------------------------------- how PDSm says it


def oid(system: str) -> str:
    return OIDS.get(system) or system.removeprefix("urn:oid:")


def code(concept: Json) -> Code:
    one = concept["coding"][0] if "coding" in concept else concept
    return (one["code"], oid(one["system"]), one.get("display") or one["code"])


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def contained(resource: Json, reference: Json) -> Json:
    key = reference["reference"].removeprefix("#")
    return next(one for one in resource["contained"] if one["id"] == key)


def identifier(resource: Json, root: str) -> tuple[str, str] | None:
    return next(((root, one["value"]) for one in resource["identifier"] if one["system"] == f"urn:oid:{root}"), None)


def person(resource: Json, reference: Json) -> tuple[str, str, object]:
    practitioner = contained(resource, contained(resource, reference)["practitioner"])
    name = practitioner["name"][0]
    return (name["family"], name["given"][0], identifier(practitioner, hl7.PROFESSIONAL_ROOT))


def structure(resource: Json, reference: Json) -> tuple[str, object]:
    organization = contained(resource, contained(resource, reference)["organization"])
    return (organization["name"], identifier(organization, hl7.STRUCTURE_ROOT))


def specialty(resource: Json, reference: Json) -> Code:
    practitioner = contained(resource, contained(resource, reference)["practitioner"])
    return code(practitioner["qualification"][0]["code"])


def patient(resource: Json) -> Json:
    return next(one for one in resource["contained"] if one["resourceType"] == "Patient")


def name(resource: Json, use: str) -> tuple[str, str]:
    one = next(n for n in patient(resource)["name"] if n["use"] == use)
    return (one["family"], one["given"][0])


def birthplace(resource: Json) -> str:
    place = next(e["valueAddress"] for e in patient(resource)["extension"] if "birthPlace" in e["url"])
    return str(place["extension"][0]["valueCoding"]["code"])


def subject(resource: Json) -> tuple[str, ...]:
    system, _, value = resource["subject"]["reference"].removeprefix("Patient?identifier=").partition("|")
    return (system.removeprefix("urn:oid:"), value)


def urn(text: str) -> str:
    return text.rpartition("urn:oid:")[2]


# ---------------------------------------------------------------- how XDS says it


def xcode(value: RegistryObject, scheme: str, rank: int = 0) -> Code:
    one = value.classified(scheme)[rank]
    return (one.representation or "", one.slot_value("codingScheme"), one.label)


def xtime(value: RegistryObject, slot: str) -> datetime | None:
    text = value.slot_value(slot)
    assert len(text) == 14
    return hl7.read_dtm(text)


def xperson(text: str) -> tuple[str, str, object]:
    held, known = hl7.read_xcn(text)
    return (held.family, held.given, (known.root, known.value) if known else None)


def xstructure(value: RegistryObject, scheme: str) -> tuple[str, object]:
    label, known = hl7.read_xon(value.classified(scheme)[0].slot_value("authorInstitution"))
    return (label, (known.root, known.value) if known else None)


def xspecialty(value: RegistryObject, scheme: str) -> Code:
    one = hl7.read_coded(value.classified(scheme)[0].slot_value("authorSpecialty"))
    return (one.code, one.system.oid, one.display)


def xid(text: str) -> tuple[str, ...]:
    one = hl7.read_cx(text)
    return (one.root, one.value) if one else ()


def info(value: RegistryObject, field: str, kind: str = "") -> list[str]:
    held = [one.partition("|")[2].split("^") for one in value.slot("sourcePatientInfo") if one.startswith(f"{field}|")]
    return next(one for one in held if not kind or one[6] == kind)


_SEX = {"female": "F", "male": "M", "unknown": "U"}

ENTRY: dict[str, tuple[Callable[[Json], object], Callable[[ExtrinsicObject], object]]] = {
    "uniqueId": (lambda r: urn(r["masterIdentifier"]["value"]), lambda o: o.identifier(names.UNIQUE)),
    "patientId": (subject, lambda o: xid(o.identifier(names.PATIENT))),
    "mimeType": (lambda r: r["content"][0]["attachment"]["contentType"], lambda o: o.mime_type),
    "hash": (
        lambda r: b64decode(r["content"][0]["attachment"]["hash"]).hex(),
        lambda o: o.slot_value("hash"),
    ),
    "size": (lambda r: r["content"][0]["attachment"]["size"], lambda o: int(o.slot_value("size"))),
    "languageCode": (lambda r: r["content"][0]["attachment"]["language"], lambda o: o.slot_value("languageCode")),
    "title": (lambda r: r["content"][0]["attachment"]["title"], lambda o: o.label),
    "creationTime": (lambda r: utc(r["content"][0]["attachment"]["creation"]), lambda o: xtime(o, "creationTime")),
    "serviceStartTime": (lambda r: utc(r["context"]["period"]["start"]), lambda o: xtime(o, "serviceStartTime")),
    "serviceStopTime": (lambda r: utc(r["context"]["period"]["end"]), lambda o: xtime(o, "serviceStopTime")),
    "typeCode": (lambda r: code(r["type"]), lambda o: xcode(o, names.TYPE)),
    "classCode": (lambda r: code(r["category"][0]), lambda o: xcode(o, names.CLASS)),
    "formatCode": (lambda r: code(r["content"][0]["format"]), lambda o: xcode(o, names.FORMAT)),
    "healthcareFacilityTypeCode": (lambda r: code(r["context"]["facilityType"]), lambda o: xcode(o, names.FACILITY)),
    "practiceSettingCode": (
        lambda r: code(r["context"]["practiceSetting"]),
        lambda o: xcode(o, names.PRACTICE_SETTING),
    ),
    "eventCodeList": (
        lambda r: [code(one) for one in r["context"]["event"]],
        lambda o: [xcode(o, names.EVENT, rank) for rank in range(len(o.classified(names.EVENT)))],
    ),
    "confidentialityCode": (
        lambda r: [code(one) for one in r["securityLabel"]],
        lambda o: [xcode(o, names.CONFIDENTIALITY, rank) for rank in range(len(o.classified(names.CONFIDENTIALITY)))],
    ),
    "authorPerson": (
        lambda r: person(r, r["author"][0]),
        lambda o: xperson(o.classified(names.AUTHOR)[0].slot_value("authorPerson")),
    ),
    "authorInstitution": (lambda r: structure(r, r["author"][0]), lambda o: xstructure(o, names.AUTHOR)),
    "authorSpecialty": (lambda r: specialty(r, r["author"][0]), lambda o: xspecialty(o, names.AUTHOR)),
    "legalAuthenticator": (
        lambda r: person(r, r["authenticator"]),
        lambda o: xperson(o.slot_value("legalAuthenticator")),
    ),
    "sourcePatientId": (
        lambda r: tuple(patient(r)["identifier"][1][k].removeprefix("urn:oid:") for k in ("system", "value")),
        lambda o: xid(o.slot_value("sourcePatientId")),
    ),
    "sourcePatientInfo PID-5 L": (lambda r: name(r, "official"), lambda o: tuple(info(o, "PID-5", "L")[:2])),
    "sourcePatientInfo PID-5 D": (lambda r: name(r, "usual"), lambda o: tuple(info(o, "PID-5", "D")[:2])),
    "sourcePatientInfo PID-7": (lambda r: patient(r)["birthDate"].replace("-", ""), lambda o: info(o, "PID-7")[0]),
    "sourcePatientInfo PID-8": (lambda r: _SEX[patient(r)["gender"]], lambda o: info(o, "PID-8")[0]),
    "sourcePatientInfo PID-11": (birthplace, lambda o: info(o, "PID-11")[8]),
}

SET: dict[str, tuple[Callable[[Json], object], Callable[[RegistryPackage], object]]] = {
    "uniqueId": (lambda r: urn(r["identifier"][0]["value"]), lambda o: o.identifier(names.SET_UNIQUE)),
    "sourceId": (
        lambda r: urn(next(e for e in r["extension"] if "sourceId" in e["url"])["valueIdentifier"]["value"]),
        lambda o: o.identifier(names.SET_SOURCE),
    ),
    "patientId": (subject, lambda o: xid(o.identifier(names.SET_PATIENT))),
    "submissionTime": (lambda r: utc(r["date"]), lambda o: xtime(o, "submissionTime")),
    "title": (lambda r: r["title"], lambda o: o.label),
    "contentTypeCode": (
        lambda r: code(next(e for e in r["extension"] if "designationType" in e["url"])["valueCodeableConcept"]),
        lambda o: xcode(o, names.SET_CONTENT_TYPE),
    ),
    "authorPerson": (
        lambda r: person(r, r["source"]),
        lambda o: xperson(o.classified(names.SET_AUTHOR)[0].slot_value("authorPerson")),
    ),
    "authorInstitution": (lambda r: structure(r, r["source"]), lambda o: xstructure(o, names.SET_AUTHOR)),
    "authorSpecialty": (lambda r: specialty(r, r["source"]), lambda o: xspecialty(o, names.SET_AUTHOR)),
}

# What only one wire says, and why.
XDS_ONLY = {"authorRole"}  # PDSm has no place for the function of an author
PDSM_ONLY = {"custodian", "is-archived"}  # an XDS entry has neither; the DMP keeps every document


def xds(deposit: Submission) -> ebxml.SubmitObjects:
    return submit_objects(deposit, replaced={one.replaces: OLD for one in deposit.entries if one.replaces})


@pytest.mark.parametrize("attribute", ENTRY)
def test_same_metadata_on_both_wires(attribute: str) -> None:
    of_pdsm, of_xds = ENTRY[attribute]
    said = of_pdsm(resources.comprehensive(DEPOSIT.entries[0], DEPOSIT.set.submission_time))
    assert said
    assert of_xds(xds(DEPOSIT).documents[0]) == said


@pytest.mark.parametrize("attribute", SET)
def test_same_set_on_both_wires(attribute: str) -> None:
    of_pdsm, of_xds = SET[attribute]
    said = of_pdsm(resources.submission_set(DEPOSIT.set, DEPOSIT.entries))
    assert said
    assert of_xds(xds(DEPOSIT).packages[0]) == said


def test_both_wires_replace_the_same_document() -> None:
    said = resources.comprehensive(DEPOSIT.entries[0], DEPOSIT.set.submission_time)["relatesTo"][0]
    assert urn(said["target"]["reference"]) == DEPOSIT.entries[0].replaces
    relation = next(one for one in xds(DEPOSIT).associations if one.type == names.REPLACES)
    assert (relation.source, relation.target) == ("Document01", OLD)


def test_the_table_covers_every_attribute_of_the_message() -> None:
    """What an entry and a set say, in XDS, and no more."""
    objects = xds(DEPOSIT)
    document, package = objects.documents[0], objects.packages[0]
    slots = {one.name for one in document.slots} | {s.name for c in document.classified(names.AUTHOR) for s in c.slots}
    codes = {one.scheme for one in document.classifications} - {names.AUTHOR}
    told = {row.split()[0] for row in ENTRY}
    assert slots - told == XDS_ONLY
    assert len(codes) == len({row for row in told if row.endswith(("Code", "CodeList"))} - {"languageCode"})
    author = package.classified(names.SET_AUTHOR)[0]
    assert {one.name for one in (*package.slots, *author.slots)} <= set(SET)
    said = resources.comprehensive(DEPOSIT.entries[0], DEPOSIT.set.submission_time)
    assert {*said, said["extension"][0]["url"].rpartition("-ext-")[2]} >= PDSM_ONLY


def test_what_is_registered_is_read_back_as_it_was() -> None:
    """Keys and what no metadata tell apart: those of the document in its structure."""
    objects = xds(DEPOSIT)
    entry, deposit = DEPOSIT.entries[0], DEPOSIT.set
    read = document_entry(objects.documents[0], replaces=entry.replaces)
    for field in (
        "unique_id", "mime_type", "title", "language", "creation_time", "service_start", "service_stop", "hash_sha1",
        "size_bytes", "patient_id", "source_patient_id", "replaces",
    ):  # fmt: skip
        assert getattr(read, field) == getattr(entry, field), field
    for field in ("type", "class_", "format", "facility", "practice_setting"):
        one, other = getattr(read, field), getattr(entry, field)
        assert (one.code, one.system.oid, one.display) == (other.code, other.system.oid, other.display), field
    assert read.author.name.family == entry.author.name.family
    assert read.author.identifier == entry.author.identifier
    assert read.author_role is not None
    assert entry.author_role is not None
    assert read.author_role.display == entry.author_role.display
    traits = ("birth_family", "birth_date", "birth_place_code", "used_family", "used_given", "ins", "local_id")
    for field in traits:
        assert getattr(read.patient, field) == getattr(entry.patient, field), field
    again = submission_set(objects.packages[0])
    for field in ("unique_id", "source_id", "title", "submission_time", "patient_id"):
        assert getattr(again, field) == getattr(deposit, field), field
    rebuilt = replace(read, entry_uuid=entry.entry_uuid)
    second = submit_objects(Submission(DEPOSIT.set, (rebuilt,), DEPOSIT.contents), replaced={entry.replaces: OLD})
    assert second.documents[0] == objects.documents[0]
