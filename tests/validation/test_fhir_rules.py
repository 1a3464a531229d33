"""The judge of FHIR documents: silent on a valid one, and every rule bites on a planted fault."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from adapter.errors import Severity
from adapter.model.json_input import JSON_RULES
from adapter.validation.fhir_rules import RULES, check_bundle
from adapter.validation.fhir_rules.narrative import narrative_fault, parsed_fault
from tests.validation import fhir_sample as sample
from tests.validation.fhir_sample import WRECKS, Json, bundle, code, div, encoded, nodes, ref, resource, url

Plant = Callable[[Json], object]


def put(kind: str, path: str, value: Any) -> Plant:
    """Plant `value` at a dotted path of one resource (``Bundle`` is the document itself)."""

    def plant(document: Json) -> None:
        held: Any = document if kind == "Bundle" else resource(document, kind)
        *steps, last = path.split(".")
        for step in steps:
            held = held[int(step)] if step.isdigit() else held[step]
        held[int(last) if last.isdigit() else last] = value

    return plant


def drop(kind: str, path: str) -> Plant:
    """Plant an absence at a dotted path of one resource."""

    def plant(document: Json) -> None:
        held: Any = document if kind == "Bundle" else resource(document, kind)
        *steps, last = path.split(".")
        for step in steps:
            held = held[int(step)] if step.isdigit() else held[step]
        del held[int(last) if last.isdigit() else last]

    return plant


def place(kind: str) -> str:
    """FHIRPath of the only resource of one type."""
    return f"Bundle.entry[{sample.ORDER.index(kind)}].resource"


def again(document: Json) -> None:
    """Plant a second Composition."""
    document["entry"].append(copy.deepcopy(document["entry"][0]) | {"fullUrl": url("Composition")[:-1] + "a"})


def anonymous(document: Json) -> None:
    """Plant a professional without name or identifier."""
    for name in ("name", "identifier"):
        drop("Practitioner", name)(document)


def contain(*held: Json) -> Plant:
    """Plant contained resources in the Encounter."""
    return put("Encounter", "contained", list(held))


NOWHERE = url("Goal")[:-3] + "999"
WARD: Json = {"resourceType": "Location", "id": "a", "name": "x"}
WRONG_KEY = "279035121518988"
NARRATIVE = f"{place('Observation')}.text.div"
ATTACHMENT = f"{place('DocumentReference')}.content[0].attachment"
FAULTS: list[tuple[str, str, Plant]] = [
    ("FHIR-BUNDLE", "Bundle.type", put("Bundle", "type", "collection")),
    ("FHIR-BUNDLE", "Bundle.total", put("Bundle", "total", 3)),
    ("FHIR-BUNDLE", "Bundle.entry[1].search", put("Bundle", "entry.1.search", {"mode": "match"})),
    ("FHIR-BUNDLE", "Bundle.resourceType", put("Bundle", "resourceType", "Patient")),
    ("FHIR-BUNDLE-IDENTIFIER", "Bundle.identifier", drop("Bundle", "identifier.system")),
    ("FHIR-TIMESTAMP", "Bundle.timestamp", drop("Bundle", "timestamp")),
    ("FHIR-TIMESTAMP", "Bundle.timestamp", put("Bundle", "timestamp", "2026-11-20T10:29:59+01:00")),
    ("FHIR-FULLURL", "Bundle.entry[2].fullUrl", put("Bundle", "entry.2.fullUrl", "http://example.org/Practitioner/1")),
    ("FHIR-FULLURL-UNIQUE", "Bundle.entry[9].fullUrl", put("Bundle", "entry.9.fullUrl", url("Observation"))),
    ("FHIR-ID-UNIQUE", f"Bundle.entry[{len(sample.ORDER)}].resource.id", again),
    ("FHIR-COMPOSITION", "Bundle.entry", again),
    ("FHIR-COMPOSITION", "Bundle.entry", lambda b: b["entry"].reverse()),
    ("FHIR-ENTRIES", "Bundle.entry", drop("Bundle", "entry.6")),
    ("FHIR-RESOURCE-TYPE", "Bundle.entry[11].resource.resourceType", put("Goal", "resourceType", "Coverage")),
    ("FHIR-ELEMENT", f"{place('Goal')}.colour", put("Goal", "colour", "red")),
    ("FHIR-ELEMENT", place("Goal"), put("Goal", "DURAND", "red")),
    ("FHIR-REQUIRED", f"{place('Goal')}.description", drop("Goal", "description")),
    ("FHIR-REQUIRED", f"{place('MedicationStatement')}.medication[x]",
     drop("MedicationStatement", "medicationCodeableConcept")),
    ("FHIR-ARRAY", f"{place('Condition')}.category", put("Condition", "category", {"text": "x"})),
    ("FHIR-ARRAY", f"{place('Condition')}.code", put("Condition", "code", "C50.9")),
    ("FHIR-EMPTY", f"{place('Condition')}.note", put("Condition", "note", [])),
    ("FHIR-EMPTY", f"{place('Condition')}.severity", put("Condition", "severity", {})),
    ("FHIR-EMPTY", f"{place('Condition')}.recordedDate", put("Condition", "recordedDate", None)),
    ("FHIR-EMPTY", f"{place('Location')}.name", put("Location", "name", "  ")),
    ("FHIR-CHOICE", f"{place('Condition')}.onset[x]", put("Condition", "onsetString", "2024")),
    ("FHIR-PRIMITIVE", f"{place('Patient')}.active", put("Patient", "active", "true")),
    ("FHIR-PRIMITIVE", f"{place('Patient')}.id", put("Patient", "id", "a b")),
    ("FHIR-URI", f"{place('Condition')}.code.coding[0].system",
     put("Condition", "code.coding.0.system", "http://loinc.org ")),
    ("FHIR-DATE", f"{place('Patient')}.birthDate", put("Patient", "birthDate", "1979-02-30")),
    ("FHIR-DATE", f"{place('Composition')}.date", put("Composition", "date", "20/11/2026")),
    ("FHIR-TIMEZONE", f"{place('Observation')}.effectiveDateTime",
     put("Observation", "effectiveDateTime", "2026-11-20T10:00:00")),
    ("FHIR-CODE", f"{place('Observation')}.status", put("Observation", "status", "done")),
    ("FHIR-CODE", f"{place('Condition')}.clinicalStatus",
     put("Condition", "clinicalStatus", code(sample.THO + "condition-clinical", "ongoing"))),
    ("FHIR-STRING-SIZE", f"{place('Location')}.description", put("Location", "description", "a" * (1024 * 1024 + 1))),
    ("FHIR-REFERENCE", f"{place('Goal')}.subject.reference", put("Goal", "subject.reference", NOWHERE)),
    ("FHIR-REFERENCE", f"{place('Goal')}.subject", put("Goal", "subject", {"type": "Patient"})),
    ("FHIR-REFERENCE", f"{place('Goal')}.subject.reference", put("Goal", "subject.reference", "#nobody")),
    ("FHIR-REFERENCE", f"{place('DocumentReference')}.content[1].attachment.url",
     put("DocumentReference", "content.1.attachment.url", "Binary/1")),
    ("FHIR-REFERENCE-TYPE", f"{place('Encounter')}.subject.reference", put("Encounter", "subject", ref("Location"))),
    ("FHIR-REFERENCE-TYPE", f"{place('Composition')}.author[0].reference",
     put("Composition", "author.0.reference", url("Practitioner"))),
    ("FHIR-UNREACHED", "Bundle.entry[17]", drop("CareTeam", "participant.1")),
    ("FHIR-NO-SECTION", "Bundle.entry[11]", drop("Composition", "section.4.entry.0")),
    ("FHIR-VERSION", f"{place('Composition')}.extension", put("Composition", "extension.0.valueString", "1.0")),
    ("FHIR-HEADER", f"{place('Composition')}.language", drop("Composition", "language")),
    ("FHIR-HEADER", f"{place('Composition')}.author[0]", drop("Composition", "author.0.extension")),
    ("FHIR-HEADER", f"{place('Composition')}.attester", put("Composition", "attester.0.mode", "personal")),
    ("FHIR-HEADER", f"{place('Composition')}.attester[0]", drop("Composition", "attester.0.time")),
    ("FHIR-HEADER", f"{place('Composition')}.event", drop("Composition", "event.0.extension.0")),
    ("FHIR-HEADER", f"{place('Composition')}.event[0].period", drop("Composition", "event.0.period")),
    ("FHIR-HEADER", place("Practitioner"), anonymous),
    ("FHIR-RELATES", f"{place('Composition')}.relatesTo[0]",
     put("Composition", "relatesTo", [{"code": "replaces", "targetIdentifier": {"value": "1"}}])),
    ("FHIR-CONFIDENTIALITY", f"{place('Composition')}.confidentiality", put("Composition", "confidentiality", "U")),
    ("FHIR-SECTION", f"{place('Composition')}.section[1].text", drop("Composition", "section.1.text")),
    ("FHIR-SECTION", f"{place('Composition')}.section", drop("Composition", "section")),
    ("FHIR-SECTION-CODE", f"{place('Composition')}.section[1].code",
     put("Composition", "section.1.code", code(sample.LOINC, "11488-4"))),
    ("FHIR-SECTION-CONTENT", f"{place('Composition')}.section[0]",
     put("Composition", "section.0.section", [sample.section("x", "11450-4", "<p>x</p>")])),
    ("FHIR-ENCOUNTER", f"{place('Encounter')}.period", drop("Encounter", "period")),
    ("FHIR-ENCOUNTER", f"{place('Encounter')}.identifier", drop("Encounter", "identifier.0.type")),
    ("FHIR-NARRATIVE", NARRATIVE, put("Observation", "text", div("<p>ouvert"))),
    ("FHIR-NARRATIVE", NARRATIVE, put("Observation", "text.div", "<div>sans espace de noms</div>")),
    ("FHIR-NARRATIVE-UNSAFE", NARRATIVE, put("Observation", "text", div("<script>x</script>"))),
    ("FHIR-NARRATIVE-UNSAFE", NARRATIVE, put("Observation", "text", div('<p onclick="x">x</p>'))),
    ("FHIR-NARRATIVE-UNSAFE", NARRATIVE, put("Observation", "text", div('<a href="https://example.org">x</a>'))),
    ("FHIR-NARRATIVE-UNSAFE", NARRATIVE, put("Observation", "text", div('<p style="background:url(x)">x</p>'))),
    ("FHIR-NARRATIVE-UNSAFE", NARRATIVE,
     put("Observation", "text.div", '<!DOCTYPE x [<!ENTITY a "b">]><div xmlns="http://www.w3.org/1999/xhtml">&a;</div>')),
    ("FHIR-NARRATIVE-EMPTY", NARRATIVE, put("Observation", "text", div("<p> </p><br/>"))),
    ("FHIR-INS", f"{place('Patient')}.identifier[0].value", put("Patient", "identifier.0.value", "27903512151898")),
    ("FHIR-INS-KEY", f"{place('Patient')}.identifier[0].value", put("Patient", "identifier.0.value", WRONG_KEY)),
    ("FHIR-INS-TYPE", f"{place('Patient')}.identifier[0].type",
     put("Patient", "identifier.0.type", code(sample.FR_0203, "INS-NIR"))),
    ("FHIR-INS-OFFICIAL", f"{place('Patient')}.identifier", put("Patient", "identifier.0.use", "usual")),
    ("FHIR-INS-QUALIFIED", place("Patient"),
     put("Patient", "extension.0.extension.0.valueCoding.code", "PROV")),
    ("FHIR-PATIENT", f"{place('Patient')}.name[0]", put("Patient", "name.0.given", ["UN", "DEUX"])),
    ("FHIR-PATIENT", f"{place('Patient')}.name[0]", drop("Patient", "name.0.extension")),
    ("FHIR-PATIENT", f"{place('Patient')}.birthDate", drop("Patient", "birthDate")),
    ("FHIR-BIRTHPLACE", f"{place('Patient')}.extension", drop("Patient", "extension.1")),
    ("FHIR-BIRTHPLACE", f"{place('Patient')}.extension",
     put("Patient", "extension.1.valueAddress.extension.0.valueCoding.code", "99999")),
    ("FHIR-GENDER", f"{place('Patient')}.gender", put("Patient", "gender", "other")),
    ("FHIR-PROFESSIONAL", f"{place('Practitioner')}.identifier[0].value",
     put("Practitioner", "identifier.0.value", "8997")),
    ("FHIR-SYSTEM", f"{place('Condition')}.code.coding[0].system",
     put("Condition", "code.coding.0.system", "https://loinc.org")),
    ("FHIR-SYSTEM", f"{place('Organization')}.type[0].coding[0].system",
     put("Organization", "type.0.coding.0.system", sample.NOS + "TRE_A01-CadreExercice/FHIR/TRE-A02-CadreExercice")),
    ("FHIR-SYSTEM", f"{place('Condition')}.code.coding[0]", drop("Condition", "code.coding.0.system")),
    ("FHIR-LOINC", f"{place('Consent')}.category[0].coding[0].code",
     put("Consent", "category.0", code(sample.LOINC, "42348-4"))),
    ("FHIR-SNOMED", f"{place('Goal')}.description.coding[0].code",
     put("Goal", "description", code("http://snomed.info/sct", "103735008"))),
    ("FHIR-UCUM", f"{place('MedicationStatement')}.dosage[0].doseAndRate[0].doseQuantity",
     drop("MedicationStatement", "dosage.0.doseAndRate.0.doseQuantity.system")),
    ("FHIR-UCUM", f"{place('MedicationStatement')}.dosage[0].doseAndRate[0].doseQuantity.system",
     put("MedicationStatement", "dosage.0.doseAndRate.0.doseQuantity.system", "urn:oid:2.16.840.1.113883.6.8")),
    ("FHIR-OBSERVATION", place("Observation"), drop("Observation", "valueInteger")),
    ("FHIR-OBSERVATION", place("Observation"), put("Observation", "dataAbsentReason", {"text": "refus"})),
    ("FHIR-OBSERVATION", f"{place('Observation')}.component[0]",
     put("Observation", "component", [{"code": {"text": "x"}}])),
    ("FHIR-PAIN", f"{place('Observation')}.valueInteger", put("Observation", "valueInteger", 11)),
    ("FHIR-ECOG", f"{place('Goal')}.description.coding[0].code",
     put("Goal", "description", code(sample.LOINC, "LA9627-6"))),
    ("FHIR-ATTACHMENT", f"{ATTACHMENT}.size", put("DocumentReference", "content.0.attachment.size", 16)),
    ("FHIR-ATTACHMENT", f"{ATTACHMENT}.hash", put("DocumentReference", "content.0.attachment.hash", "AAAA")),
    ("FHIR-ATTACHMENT", f"{ATTACHMENT}.data", put("DocumentReference", "content.0.attachment.data", "%%%")),
    ("FHIR-MEDIA", f"{ATTACHMENT}.contentType",
     put("DocumentReference", "content.0.attachment.contentType", "image/png")),
    ("FHIR-MEDIA", f"{place('Binary')}.contentType", put("Binary", "contentType", "image/jpeg")),
    ("FHIR-PROFILE", f"{place('Goal')}.meta.profile[0]", put("Goal", "meta", {"profile": ["fr-goal"]})),
    ("FHIR-PROFILE-MISSING", f"{place('Location')}.meta", drop("Location", "meta")),
    ("FHIR-PROFILE-RULE", f"{place('Condition')}.onset[x]", drop("Condition", "onsetDateTime")),
    ("FHIR-PROFILE-RULE", f"{place('Observation')}.status", put("Observation", "status", "amended")),
    ("FHIR-PERIOD", f"{place('Encounter')}.period",
     put("Encounter", "period", {"start": sample.AT, "end": "2026-11-20T09:29:00Z"})),
    ("FHIR-CONTAINED", f"{place('Encounter')}.contained[0]", contain(WARD)),
    ("FHIR-CONTAINED", f"{place('Encounter')}.contained[0]", contain({"resourceType": "Location", "name": "x"})),
    ("FHIR-TELECOM", f"{place('Patient')}.telecom[0].value", put("Patient", "telecom.0.value", "tel:+33299000000")),
    ("FHIR-TELECOM", f"{place('PractitionerRole')}.telecom[0].value",
     put("PractitionerRole", "telecom.0.value", "mailto:contact@cabinet.example")),
    ("FHIR-TELECOM", f"{place('Patient')}.telecom[0]", drop("Patient", "telecom.0.system")),
    ("FHIR-EXTENSION", f"{place('Composition')}.extension[0]",
     put("Composition", "extension.0", {"url": sample.DC + "x"})),
    ("FHIR-INVARIANT", place("Condition"), drop("Condition", "clinicalStatus")),
    ("FHIR-INVARIANT", place("Condition"), put("Condition", "abatementDateTime", "2025")),
    ("FHIR-INVARIANT", place("AllergyIntolerance"), drop("AllergyIntolerance", "clinicalStatus")),
    ("FHIR-INVARIANT", place("Consent"), drop("Consent", "policy")),
    ("FHIR-INVARIANT", f"{place('CarePlan')}.activity[0]", put("CarePlan", "activity.0.reference", ref("Appointment"))),
    ("FHIR-INVARIANT", f"{place('Goal')}.target[0]", put("Goal", "target", [{"detailString": "x"}])),
    ("FHIR-INVARIANT", place("Appointment"), put("Appointment", "status", "booked")),
    ("FHIR-INVARIANT", f"{place('Appointment')}.participant[0]", drop("Appointment", "participant.0.actor")),
    ("FHIR-INVARIANT", place("Organization"), drop("Organization", "name")),
    ("FHIR-INVARIANT", f"{place('MedicationStatement')}.dosage[0].timing.repeat",
     drop("MedicationStatement", "dosage.0.timing.repeat.periodUnit")),
    ("JSON-CONTROL", f"{place('Location')}.name", put("Location", "name", "a\x01")),
]  # fmt: skip


def test_a_valid_document_has_no_finding() -> None:
    assert check_bundle(encoded(bundle())) == []


@pytest.mark.parametrize(
    ("rule", "path", "plant"), FAULTS, ids=[f"{rule}-{n}" for n, (rule, _, _) in enumerate(FAULTS)]
)
def test_each_rule_bites_on_its_planted_fault(rule: str, path: str, plant: Plant) -> None:
    document = bundle()
    plant(document)
    found = check_bundle(encoded(document))
    assert (rule, path) in [(finding.rule, finding.path) for finding in found]
    assert all(finding.source and finding.message.endswith(".") for finding in found)


def test_no_rule_goes_untried() -> None:
    assert {rule for rule, _, _ in FAULTS} >= set(RULES) - set(JSON_RULES)


def test_a_wrong_ins_key_weighs_more_on_a_real_number() -> None:
    def weight(system: str, kind: str) -> Severity:
        document = bundle()
        held = resource(document, "Patient")["identifier"][0]
        held.update(
            value="279035121518988", system=f"urn:oid:1.2.250.1.213.1.4.{system}", type=code(sample.FR_0203, kind)
        )
        (finding,) = [one for one in check_bundle(encoded(document)) if one.rule == "FHIR-INS-KEY"]
        return finding.severity

    assert weight("10", "INS-NIR-TEST") is Severity.WARNING
    assert weight("8", "INS-NIR") is Severity.ERROR


def test_an_unknown_system_is_only_a_warning() -> None:
    document = bundle()
    put("Condition", "code.coding.0.system", "https://example.org/codes")(document)
    assert [(f.rule, f.severity) for f in check_bundle(encoded(document))] == [("FHIR-SYSTEM", Severity.WARNING)]


def test_faults_are_told_together() -> None:
    document = bundle()
    put("Patient", "telecom.0.value", "?")(document)
    put("Patient", "gender", "other")(document)
    put("Composition", "extension.0.valueString", "v1")(document)
    drop("MedicationStatement", "dosage.0.doseAndRate.0.doseQuantity.system")(document)
    rules = {finding.rule for finding in check_bundle(encoded(document))}
    assert rules >= {"FHIR-TELECOM", "FHIR-GENDER", "FHIR-VERSION", "FHIR-UCUM"}


def test_contained_resources_may_be_cited() -> None:
    document = bundle()
    contain({"resourceType": "Location", "id": "lieu", "name": "Chambre"})(document)
    resource(document, "Encounter")["location"][0]["location"] = {"reference": "#lieu"}
    assert [f.rule for f in check_bundle(encoded(document))] == ["FHIR-UNREACHED"]


def test_primitive_extensions_are_understood() -> None:
    document = bundle()
    absent = {
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
    }
    resource(document, "Patient")["_birthDate"] = absent
    resource(document, "Patient")["name"][0]["_given"] = [absent]
    assert check_bundle(encoded(document)) == []


@pytest.mark.parametrize(
    "data", [b"[]", b"3", b"null", b"{}", b'{"resourceType":"Bundle"}', b'{"resourceType":["Bundle"]}']
)
def test_anything_else_than_a_bundle_is_told(data: bytes) -> None:
    assert check_bundle(data)


def test_no_value_of_the_document_is_repeated() -> None:
    told = ""
    for _, _, plant in FAULTS:
        document = bundle()
        plant(document)
        told += "".join(f"{finding.path} {finding.message}" for finding in check_bundle(encoded(document)))
    for secret in ("EXEMPLE", "FICTIVE", "27903512", "SOIGNANTE", "Morphine", "99 00 00"):
        assert secret not in told


MARKS = [
    "<p>",
    "</p>",
    "<b>",
    "</b>",
    "<br/>",
    "<ul>",
    "<li>",
    "</li>",
    "</ul>",
    "a",
    " ",
    "&amp;",
    "&#39;",
    "&",
    "<",
    ">",
]
MARKS += ["<table>", "<tbody>", "<tr>", "<td>", "</td>", "</tr>", "</tbody>", "</table>", "]]>", "&#0;", "<script/>"]


def test_the_short_cut_for_plain_narratives_lets_nothing_through() -> None:
    dice = random.Random(7)
    plain = 0
    for _ in range(8_000):
        inner = "".join(dice.choices(MARKS, k=dice.randint(1, 4)))
        shell = dice.choice(["<p>{}</p>", "<ul><li>{}</li></ul>", "<p>x</p>{}", "{}", '<p id="a"><b>{}</b></p>'])
        one = div(shell.format(inner))["div"]
        if narrative_fault(one) is None:
            plain += 1
            assert parsed_fault(one) is None, one
        else:
            assert narrative_fault(one) == parsed_fault(one)
    assert plain > 400


def test_no_wreck_breaks_the_judge() -> None:
    dice = random.Random(20261120)
    for _ in range(300):
        document = bundle()
        for _ in range(dice.randint(1, 3)):
            held, key = dice.choice(nodes(document))
            held[key] = copy.deepcopy(dice.choice(WRECKS))
        for finding in check_bundle(json.dumps(document).encode()):
            assert finding.rule in RULES
