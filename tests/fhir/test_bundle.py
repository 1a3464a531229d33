from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from adapter.fhir import render
from adapter.model.document import Document, FhirSection
from tests import documents
from tests.documents import (
    PATIENT,
    REPLACED,
    colleague_document,
    full_document,
    key,
    locum_document,
    minimal_document,
)
from tests.fhir.bundles import Json, bundle_of, by_key, declared, references, resources

ALL = (full_document, colleague_document, locum_document, minimal_document)


@pytest.fixture(params=ALL, ids=lambda make: make.__name__)
def document(request: pytest.FixtureRequest) -> Document:
    made: Document = request.param()
    return made


@pytest.fixture
def bundle(document: Document) -> Json:
    return bundle_of(document)


@pytest.fixture(scope="module")
def full() -> Json:
    return bundle_of(full_document())


def test_the_composition_comes_first_and_every_entry_has_its_own_address(bundle: Json) -> None:
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert kinds[0] == "Composition"
    assert kinds.count("Composition") == kinds.count("Patient") == 1
    addresses = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(addresses)) == len(addresses)
    for entry in bundle["entry"]:
        assert entry["fullUrl"] == f"urn:uuid:{entry['resource']['id']}"
        UUID(entry["resource"]["id"])


def test_every_reference_is_answered_and_everything_is_reached_from_the_composition(bundle: Json) -> None:
    known = {entry["fullUrl"]: entry["resource"] for entry in bundle["entry"]}
    reached: set[str] = set()
    waiting = [bundle["entry"][0]["fullUrl"]]
    while waiting:
        address = waiting.pop()
        if address not in reached:
            reached.add(address)
            waiting += references(known[address])
    assert reached == set(known)


def test_every_clinical_resource_stands_in_a_section(bundle: Json) -> None:
    standing = set(references(bundle["entry"][0]["resource"]["section"]))
    clinical = {
        "Condition", "AllergyIntolerance", "MedicationStatement", "Observation", "Consent", "Goal", "CarePlan",
        "ServiceRequest", "Appointment", "DeviceUseStatement", "DocumentReference", "RelatedPerson", "CareTeam",
    }  # fmt: skip
    missing = [
        entry["resource"]["resourceType"]
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] in clinical and entry["fullUrl"] not in standing
    ]
    assert missing == []


def test_every_resource_but_binaries_has_a_narrative(bundle: Json) -> None:
    bare = [entry["resource"]["resourceType"] for entry in bundle["entry"] if "text" not in entry["resource"]]
    assert set(bare) <= {"Binary"}


def test_nothing_is_empty(bundle: Json) -> None:
    def empties(value: object, path: str) -> list[str]:
        if value in ("", [], {}, None):
            return [path]
        if isinstance(value, dict):
            return [found for name, part in value.items() for found in empties(part, f"{path}.{name}")]
        if isinstance(value, list):
            return [found for index, part in enumerate(value) for found in empties(part, f"{path}[{index}]")]
        return []

    assert empties(bundle, "Bundle") == []


def test_the_header_says_which_version_replaces_which(full: Json) -> None:
    composition = full["entry"][0]["resource"]
    assert full["identifier"] == {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.250.1.999.2.1.2"}
    assert composition["identifier"]["value"] == "urn:oid:1.2.250.1.999.2.1"
    assert composition["extension"][0]["valueString"] == "2"
    (replaced,) = composition["relatesTo"]
    assert replaced["code"] == "replaces"
    assert replaced["targetIdentifier"]["value"] == "urn:oid:1.2.250.1.999.2.1.1"
    assert "Dose de morphine corrigée." in composition["text"]["div"]


def test_a_first_version_replaces_nothing() -> None:
    assert "relatesTo" not in bundle_of(minimal_document())["entry"][0]["resource"]


def test_the_header_carries_author_attester_custodian_and_event(full: Json) -> None:
    composition = full["entry"][0]["resource"]
    role = f"urn:uuid:{key('author-role')}"
    written = "2026-10-12T18:20:07+02:00"
    assert full["timestamp"] == composition["date"] == written
    assert composition["author"][0]["reference"] == role
    assert composition["author"][0]["extension"][0]["valueDateTime"] == written
    assert composition["attester"] == [{"mode": "legal", "time": written, "party": {"reference": role}}]
    assert composition["custodian"] == {"reference": f"urn:uuid:{key('practice')}"}
    assert composition["confidentiality"] == "N"
    (event,) = composition["event"]
    assert event["period"] == {"start": "2026-10-12T10:00:00+02:00", "end": "2026-10-12T11:05:00+02:00"}
    assert event["code"][0]["coding"][0]["code"] == "VSP"
    (encounter,) = resources(full, "Encounter")
    assert encounter["class"]["code"] == "HH"
    assert encounter["type"][0]["coding"][0]["code"] == "VSP"
    assert encounter["diagnosis"] == [{"condition": {"reference": f"urn:uuid:{key('problem-1')}"}, "rank": 1}]


def test_a_colleague_has_no_vsp_act_and_the_attending_physician_is_named() -> None:
    bundle = bundle_of(colleague_document())
    (encounter,) = resources(bundle, "Encounter")
    assert "type" not in encounter
    (patient,) = resources(bundle, "Patient")
    assert patient["generalPractitioner"] == [{"reference": f"urn:uuid:{REPLACED.key}"}]
    (team,) = resources(bundle, "CareTeam")
    assert team["participant"][0]["member"] == {"reference": f"urn:uuid:{REPLACED.role_key}"}
    assert team["participant"][0]["role"][0]["coding"][0]["code"] == "PCP"


def test_the_doctor_whom_a_locum_replaces_stays_the_general_practitioner() -> None:
    (patient,) = resources(bundle_of(locum_document()), "Patient")
    assert patient["generalPractitioner"] == [{"reference": f"urn:uuid:{REPLACED.key}"}]


def test_sub_sections_follow_their_parent_under_their_own_titles(full: Json) -> None:
    (section,) = [s for s in full["entry"][0]["resource"]["section"] if s["title"] == "État fonctionnel"]
    div = section["text"]["div"]
    assert div.index("<h3>Douleur</h3>") < div.index("EN 6/10") < div.index("<h3>Autonomie et échelles</h3>")
    assert [e["reference"] for e in section["entry"]] == [
        f"urn:uuid:{key(name)}" for name in ("pain-1", "pain-2", "pain-3", "score-1", "score-2", "score-3", "score-4")
    ]


def test_sections_keep_their_order_and_an_empty_one_is_left_out() -> None:
    document = full_document()
    empty = FhirSection("nobody", documents.loinc("42349-1"), "Rubrique vide")
    bundle = bundle_of(replace(document, fhir_sections=(empty, *document.fhir_sections)))
    titles = [section["title"] for section in bundle["entry"][0]["resource"]["section"]]
    assert titles == [section.title for section in document.fhir_sections]


def test_a_section_without_place_in_fhir_is_refused_not_dropped() -> None:
    document = full_document()
    with pytest.raises(ValueError, match=r"^no FHIR section for \['plan'\]$"):
        render(replace(document, fhir_sections=tuple(s for s in document.fhir_sections if s.key != "plan")))


def test_people_stand_in_the_section_that_names_them() -> None:
    document = full_document()
    social = replace(documents.social(), people=(key("husband"), document.team_key))
    sections = tuple(social if section.key == "social" else section for section in document.sections)
    composition = bundle_of(replace(document, sections=sections))["entry"][0]["resource"]
    (section,) = [s for s in composition["section"] if s["title"] == "Environnement"]
    assert [e["reference"] for e in section["entry"][1:]] == [
        f"urn:uuid:{key('husband-nok')}",
        f"urn:uuid:{document.team_key}",
    ]


def test_the_care_plan_gathers_act_goal_requests_and_next_visit(full: Json) -> None:
    (plan,) = resources(full, "CarePlan")
    assert (plan["status"], plan["intent"]) == ("active", "plan")
    assert plan["category"][0]["coding"][0]["code"] == "103735009"
    assert "period" not in plan  # palliative care is under way, since when nobody said
    assert plan["careTeam"] == [{"reference": f"urn:uuid:{key('team')}"}]
    assert plan["goal"] == [{"reference": f"urn:uuid:{key('goal-1')}"}]
    assert [a["reference"]["reference"] for a in plan["activity"]] == [
        f"urn:uuid:{key(name)}" for name in ("request-1", "request-2", "request-3", "next-1")
    ]
    assert "Souhaite mourir à domicile" in plan["text"]["div"]


def test_the_same_document_gives_the_same_bytes_in_another_process() -> None:
    program = (
        "from tests.documents import full_document; from adapter.fhir import render; import hashlib;"
        "print(hashlib.sha256(render(full_document())).hexdigest())"
    )

    def digest(seed: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert digest("1") == digest("2") != ""


def test_rendering_imports_no_fhir_library() -> None:
    program = "import sys, adapter.fhir; assert not any(name.startswith('fhir') for name in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).resolve().parents[2])


def test_without_an_edition_no_profile_is_declared() -> None:
    bundle = json.loads(render(replace(declared(full_document()), profiles={})))
    assert '"profile"' not in json.dumps(bundle)


def test_without_a_qualified_identity_the_plain_patient_profile_is_declared() -> None:
    document = replace(full_document(), patient=replace(PATIENT, ins=None, ins_qualified=False))
    (patient,) = resources(bundle_of(document), "Patient")
    assert [url.rsplit("/", 1)[1] for url in patient["meta"]["profile"]] == ["fr-patient-document", "fr-core-patient"]


def test_hostile_text_changes_words_only() -> None:
    words = '</div><script>x</script>"\\ ]]> \u2028'
    document = full_document()
    hostile = replace(
        documents.problems(),
        entries=tuple(replace(entry, statement=words) for entry in documents.problems().entries),
        title=words,
    )
    sections = tuple(hostile if section.key == "problems" else section for section in document.sections)
    bundle = bundle_of(replace(document, sections=sections))
    div = by_key(bundle, key("problem-1"))["text"]["div"]
    assert "<script>" not in div
    assert "&lt;script&gt;" in div
