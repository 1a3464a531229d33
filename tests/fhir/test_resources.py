from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import orjson
import pytest

from adapter.fhir.datatypes import TRE_R260, Frame, reference
from adapter.fhir.resources.allergy_intolerance import allergy_intolerance
from adapter.fhir.resources.appointment import appointment
from adapter.fhir.resources.care_team import care_team
from adapter.fhir.resources.condition import condition
from adapter.fhir.resources.consent import consent
from adapter.fhir.resources.device import device, device_key, device_use_statement
from adapter.fhir.resources.document_reference import binary, document_reference
from adapter.fhir.resources.goal import goal
from adapter.fhir.resources.location import location
from adapter.fhir.resources.medication_statement import medication_statement
from adapter.fhir.resources.observation import observation
from adapter.fhir.resources.organization import guardian_organization, organization
from adapter.fhir.resources.patient import patient
from adapter.fhir.resources.practitioner import practitioner, practitioner_role
from adapter.fhir.resources.related_person import guardian_person, related_person
from adapter.fhir.resources.service_request import service_request
from adapter.model.coded import Coding, Concept
from adapter.model.document import (
    Allergy,
    Attachment,
    Device,
    Directive,
    Identifier,
    Medication,
    NextVisit,
    Observation,
    Problem,
    Quantity,
    Request,
    Telecom,
)
from tests import documents as made
from tests.documents import AUTHOR, EMSP, PATIENT, PRACTICE, RELATIVES, TEAM, VISIT_START, VOLUNTEER, loinc, snomed
from tests.fhir.bundles import PROFILES

Json = dict[str, Any]
FRAME = Frame(reference("patient"), reference("author"), "2026-10-12T18:20:07+02:00", PROFILES)


def plain(resource: Json | None) -> Json:
    """`resource` as a reader parses it."""
    found: Json = json.loads(orjson.dumps(resource))
    return found


def profiles(resource: Json) -> list[str]:
    return [url.rsplit("/", 1)[1] for url in resource.get("meta", {}).get("profile", [])]


# ---------------------------------------------------------------- people and places


def test_a_qualified_patient_has_one_official_identifier_and_both_names() -> None:
    found = patient(PATIENT, FRAME)
    assert profiles(found) == ["fr-patient-ins-document", "fr-core-patient-ins"]
    (ins, local) = found["identifier"]
    assert (ins["use"], ins["system"], ins["value"]) == ("official", "urn:oid:1.2.250.1.213.1.4.10", "252034410921797")
    assert ins["type"]["coding"][0]["code"] == "INS-NIR-TEST"
    assert (local["use"], local["value"]) == ("usual", "PAT-0001")
    (official, usual) = found["name"]
    assert (official["family"], official["given"]) == ("ROUSSEL", ["HELENE"])
    assert official["extension"][0]["valueString"] == "HELENE MARIE"
    assert (usual["family"], usual["given"]) == ("MARCHAND", ["Hélène"])
    assert (found["gender"], found["birthDate"]) == ("female", "1952-03-14")
    status, place = found["extension"]
    assert status["extension"][0]["valueCoding"]["code"] == "VALI"
    assert place["valueAddress"]["extension"][0]["valueCoding"]["code"] == "44109"


@pytest.mark.parametrize(
    ("root", "kind"),
    [("8", "INS-NIR"), ("9", "INS-NIA"), ("10", "INS-NIR-TEST"), ("11", "INS-NIR-DEMO")],
)
def test_each_ins_root_has_its_identifier_type(root: str, kind: str) -> None:
    value = replace(PATIENT, ins=Identifier(f"1.2.250.1.213.1.4.{root}", "252034410921797"))
    assert patient(value, FRAME)["identifier"][0]["type"]["coding"][0]["code"] == kind


def test_an_unqualified_ins_is_temporary_and_claims_no_ins_profile() -> None:
    found = patient(replace(PATIENT, ins_qualified=False, identity_status=None), FRAME)
    assert found["identifier"][0]["use"] == "temp"
    assert "type" not in found["identifier"][0]
    assert profiles(found) == ["fr-patient-document", "fr-core-patient"]
    assert [e["url"].rsplit("/", 1)[1] for e in found["extension"]] == ["patient-birthPlace"]


@pytest.mark.parametrize(("code", "gender"), [("F", "female"), ("M", "male"), ("UN", "unknown")])
def test_genders(code: str, gender: str) -> None:
    assert patient(replace(PATIENT, gender=replace(PATIENT.gender, code=code)), FRAME)["gender"] == gender


def test_legal_representatives_are_contacts_and_related_persons() -> None:
    person, body = PATIENT.guardians
    (first, second) = patient(PATIENT, FRAME)["contact"]
    assert first["name"]["family"] == "MARCHAND"
    assert first["relationship"][0]["coding"][0]["code"] == "GUARD"
    assert second["name"]["text"] == "Association tutélaire de l'Ouest"
    found = guardian_person(person, FRAME)
    assert found is not None
    assert [r["coding"][0]["code"] for r in found["relationship"]] == ["GUARD", "DAUC"]
    assert guardian_person(body, FRAME) is None
    printed = guardian_organization(body, FRAME)
    assert second["organization"] == {"reference": f"urn:uuid:{printed['id']}"}
    assert printed["name"] == "Association tutélaire de l'Ouest"


def test_a_tutor_keeps_its_own_code_beside_guard() -> None:
    tutor = replace(PATIENT.guardians[0], kind=Concept("Tuteur", (snomed("58626002", "tuteur légal"),)))
    found = guardian_person(tutor, FRAME)
    assert found is not None
    assert [r["coding"][0]["code"] for r in found["relationship"]] == ["GUARD", "58626002", "DAUC"]
    assert found["relationship"][1]["text"] == "Tuteur"


def test_the_contact_of_a_tutor_holds_no_code_that_its_profile_gives_to_another_slice() -> None:
    tutor = replace(PATIENT.guardians[0], kind=Concept("Tuteur", (snomed("58626002", "tuteur légal"),)))
    (contact,) = patient(replace(PATIENT, guardians=(tutor,)), FRAME)["contact"]
    assert [[c["code"] for c in r["coding"]] for r in contact["relationship"]] == [["GUARD"]]
    assert contact["relationship"][0]["text"] == "Tuteur"


def test_a_professional_has_rpps_and_national_identifier() -> None:
    found = practitioner(AUTHOR, FRAME)
    assert [(i["type"]["coding"][0]["code"], i["value"]) for i in found["identifier"]] == [
        ("RPPS", "99700100003"),
        ("IDNPS", "899700100003"),
    ]
    assert found["qualification"][0]["code"]["coding"][0]["code"] == "G15_10/SM54"


def test_a_professional_without_national_number_carries_our_key() -> None:
    found = practitioner(VOLUNTEER, FRAME)
    assert found["identifier"] == [{"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{VOLUNTEER.key}"}]


def test_a_role_without_organisation_declares_the_directory_profile_only() -> None:
    assert profiles(practitioner_role(VOLUNTEER, "", FRAME)) == ["as-practitionerrole"]
    found = practitioner_role(AUTHOR, "practice", FRAME, made.TEAM[0].function)
    assert profiles(found) == ["fr-practitionerRole-document", "as-practitionerrole"]
    assert found["organization"] == {"reference": "urn:uuid:practice"}
    assert found["code"][0]["coding"][0]["code"] == "353"


def test_an_organisation_has_its_national_identifier_and_finess() -> None:
    found = organization(PRACTICE, FRAME)
    assert [(i["system"], i["value"]) for i in found["identifier"]] == [
        ("urn:oid:1.2.250.1.71.4.2.2", "1990000010"),
        ("https://finess.esante.gouv.fr", "990000010"),
    ]
    assert [t["coding"][0]["code"] for t in found["type"]] == ["PALLIATIF", "SA08"]


def test_a_sort_of_structure_that_is_a_sector_is_marked_as_such() -> None:
    pharmacy = Concept("Pharmacie d'officine", (Coding(made.TRE_R02, "SA33", "Pharmacie d'officine"),))
    (found,) = organization(replace(EMSP, kind=pharmacy), FRAME)["type"]
    assert found["extension"][0]["valueCode"] == "secteurActiviteRASS"
    assert (found["coding"][0]["code"], found["text"]) == ("SA33", "Pharmacie d'officine")
    two_sectors = organization(replace(PRACTICE, kind=pharmacy), FRAME)
    assert len(two_sectors["type"]) == 3
    assert profiles(two_sectors) == []


@pytest.mark.parametrize("value", ["499700100003001", "199000001"])
def test_another_structure_number_is_no_finess(value: str) -> None:
    found = organization(replace(PRACTICE, identifier=Identifier("1.2.250.1.71.4.2.2", value)), FRAME)
    assert [i["value"] for i in found["identifier"]] == [value]


def test_a_relative_is_one_person_in_each_part() -> None:
    found = related_person(RELATIVES[0], FRAME)
    assert profiles(found) == ["cds-fr-related-person"]
    assert found["identifier"][0]["value"] == f"urn:uuid:{RELATIVES[0].person}"
    assert found["relationship"][0]["coding"][0]["system"] == TRE_R260
    assert found["relationship"][1]["text"] == "Époux"
    assert profiles(related_person(replace(RELATIVES[0], telecoms=()), FRAME)) == []


def test_a_place_has_the_sector_of_the_practice_and_its_own_words() -> None:
    place = made.full_document().encounter.place
    found = location(place, made.full_document().encounter.facility, FRAME)
    assert found["type"][0]["text"] == "Domicile de la patiente"
    assert found["type"][0]["coding"][0]["code"] == "SA08"


def test_a_team_without_known_start_begins_on_the_day_of_the_visit_at_the_latest() -> None:
    found = care_team("team", "Équipe", TEAM, (), date(2026, 10, 12), FRAME)
    assert found["period"] == {"start": "2026-08-01"}
    assert profiles(found) == []  # one member has an end and no start
    found = care_team("team", "Équipe", TEAM[2:3], (), date(2026, 10, 12), FRAME)
    assert found["period"] == {"start": "2026-10-12"}
    assert profiles(found) == ["cds-ihe-careteam"]
    assert found["participant"][0]["member"] == {"reference": f"urn:uuid:{EMSP.key}"}


def test_a_structure_with_a_plain_mailbox_is_no_member_in_the_sense_of_the_profile() -> None:
    mailbox = replace(EMSP, telecoms=(Telecom("mailto", "emsp@test.fr", "WP"),))
    found = care_team("team", "Équipe", [replace(TEAM[2], organization=mailbox)], (), date(2026, 10, 12), FRAME)
    assert profiles(found) == []


def test_a_structure_has_no_home() -> None:
    found = organization(replace(PRACTICE, telecoms=(Telecom("tel", "1", "H"), Telecom("tel", "2", "WP"))), FRAME)
    assert [telecom.get("use") for telecom in found["telecom"]] == [None, "work"]


# ---------------------------------------------------------------- entries


def _problem(**changes: Any) -> Problem:
    start = Problem(
        key="k", anchor="a", statement="Toux", kind=snomed("418799008"), what=Concept("Toux"), onset="2026-03"
    )
    return replace(start, **changes)


def test_a_partial_onset_stays_partial_and_an_unknown_one_is_said() -> None:
    assert condition(_problem(), FRAME)["onsetDateTime"] == "2026-03"
    found = condition(_problem(onset=""), FRAME)
    assert found["_onsetDateTime"]["extension"][0]["valueCode"] == "unknown"
    assert "onsetDateTime" not in found


@pytest.mark.parametrize(
    ("changes", "status"), [({}, "active"), ({"resolved": True}, "resolved"), ({"end": "2026"}, "resolved")]
)
def test_a_problem_is_active_until_it_is_over(changes: dict[str, Any], status: str) -> None:
    found = condition(_problem(**changes), FRAME)
    assert found["clinicalStatus"]["coding"][0]["code"] == status
    assert found.get("abatementDateTime") == changes.get("end")


def test_nobody_says_how_sure_the_doctor_is() -> None:
    (entry,) = made.allergies().entries
    assert isinstance(entry, Allergy)
    assert "verificationStatus" not in condition(_problem(), FRAME)
    assert "verificationStatus" not in allergy_intolerance(entry, FRAME)


def test_an_allergy_has_type_category_reaction_and_onset() -> None:
    (entry,) = made.allergies().entries
    assert isinstance(entry, Allergy)
    found = allergy_intolerance(entry, FRAME)
    assert (found["type"], found["category"]) == ("allergy", ["medication"])
    assert found["onsetPeriod"] == {"start": "1985"}
    assert found["reaction"][0]["manifestation"][0]["text"] == "Urticaire"


def test_an_absence_of_allergy_is_its_own_code_and_of_no_type() -> None:
    (entry,) = made.no_allergies().entries
    assert isinstance(entry, Allergy)
    found = allergy_intolerance(entry, FRAME)
    assert found["code"]["coding"][0]["code"] == "no-known-allergies"
    assert "type" not in found
    assert "category" not in found


def _medication(**changes: Any) -> Medication:
    start = Medication(key="k", anchor="a", statement="Morphine", status="active", product=Concept("Morphine"))
    return replace(start, **changes)


@pytest.mark.parametrize(
    ("status", "printed"),
    [("active", "active"), ("stopped", "stopped"), ("suspended", "on-hold"), ("planned", "intended")],
)
def test_the_status_of_a_treatment_is_kept(status: str, printed: str) -> None:
    found = medication_statement(_medication(status=status), FRAME)
    assert found["status"] == printed
    assert profiles(found) == []


def test_a_stated_absence_of_treatment_is_no_current_treatment() -> None:
    (entry,) = made.no_treatments().entries
    assert isinstance(entry, Medication)
    assert medication_statement(entry, FRAME)["status"] == "unknown"


def test_the_most_intakes_a_day_are_kept() -> None:
    (dosage,) = plain(medication_statement(_medication(as_needed=True, max_per_day=4), FRAME))["dosage"]
    assert dosage["maxDosePerPeriod"] == {
        "numerator": {"value": 4, "unit": "prise(s)", "system": "http://unitsofmeasure.org", "code": "{dose}"},
        "denominator": {"value": 24, "unit": "h", "system": "http://unitsofmeasure.org", "code": "h"},
    }


def test_a_dosage_is_printed_as_given() -> None:
    found = plain(
        medication_statement(
            _medication(
                dosage="20 mg si besoin", dose=Quantity("20.50", "mg", "mg"), every_hours=4, as_needed=True,
                max_per_day=4, route=Concept("orale"), rate=Quantity("12", "µg/h", "ug/h"), indication="Douleur",
                start="2026-10", end="2026-10-12",
            ),
            FRAME,
        )
    )  # fmt: skip
    (dosage,) = found["dosage"]
    assert dosage["text"] == "20 mg si besoin"
    assert dosage["timing"] == {"repeat": {"frequency": 1, "period": 4, "periodUnit": "h"}}
    assert dosage["asNeededBoolean"] is True
    assert dosage["doseAndRate"][0]["doseQuantity"]["value"] == 20.5
    assert dosage["doseAndRate"][0]["rateQuantity"]["code"] == "ug/h"
    assert dosage["maxDosePerPeriod"]["numerator"]["value"] == 4
    assert found["effectivePeriod"] == {"start": "2026-10", "end": "2026-10-12"}
    assert found["reasonCode"] == [{"text": "Douleur"}]


@pytest.mark.parametrize(
    ("times", "hours", "printed"),
    [
        (3, None, (3, 1, "d")),
        (None, 72, (1, 72, "h")),
        (6, 4, (6, 1, "d")),
        (5, 6, (1, 6, "h")),
        (5, None, (5, 1, "d")),
    ],
)
def test_one_rhythm_is_printed(times: int | None, hours: int | None, printed: tuple[int, int, str]) -> None:
    found = medication_statement(_medication(times_per_day=times, every_hours=hours), FRAME)
    repeat = found["dosage"][0]["timing"]["repeat"]
    assert (repeat["frequency"], repeat["period"], repeat["periodUnit"]) == printed


def test_a_treatment_without_dosage_has_none() -> None:
    assert "dosage" not in medication_statement(_medication(), FRAME)


def _observation(kind: str, code: str = "", **changes: Any) -> Observation:
    what = Concept("x", (loinc(code),) if code else ())
    start = Observation(key="k", anchor="a", statement="s", kind="pain", what=what, at=VISIT_START, value=4)
    return replace(start, **{"kind": kind, **changes})


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (_observation("pain", "38208-5"), ["fr-observation-pain-score-document"]),
        (_observation("pain", "38208-5", value=11), []),
        (_observation("pain", "38208-5", value=True), []),
        (_observation("pain", "72514-3"), []),
        (_observation("pain", "38208-5", value=None, absent="non évaluable"), []),
        (_observation("score"), ["fr-observation-assessment-document"]),
        (_observation("score", value=None, absent="refus"), []),
        (_observation("vital-sign", "8310-5", value=Quantity("36.9", "°C", "Cel")),
         ["fr-observation-vital-signs-document"]),
        (_observation("vital-sign", "8310-5", value=None, absent="refus"), []),
        (_observation("vital-sign", "99999-9", value=Quantity("1", "x")), []),
        (_observation("symptom"), ["fr-observation-result-document"]),
        (_observation("finding", method="à la toilette"), []),
        (_observation("wish"), []),
        (_observation("decision"), []),
        (_observation("social"), []),
    ],
)  # fmt: skip
def test_an_observation_declares_only_the_profile_that_it_meets(entry: Observation, expected: list[str]) -> None:
    assert profiles(observation(entry, FRAME)) == expected


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (3, {"valueInteger": 3}),
        (True, {"valueBoolean": True}),
        ("stade 1", {"valueString": "stade 1"}),
        (Concept("modérée"), {"valueCodeableConcept": {"text": "modérée"}}),
        (Quantity("0", "mg"), {"valueQuantity": {"value": 0, "unit": "mg"}}),
    ],
)
def test_an_observation_prints_each_sort_of_value(value: Any, printed: Json) -> None:
    found = plain(observation(_observation("finding", value=value), FRAME))
    assert {name: part for name, part in found.items() if name.startswith("value")} == printed
    assert "dataAbsentReason" not in found


def test_a_value_that_is_missing_says_why() -> None:
    found = observation(_observation("pain", value=None, absent="non évaluable", site="dos", method="repos"), FRAME)
    assert found["dataAbsentReason"] == {"text": "non évaluable"}
    assert (found["bodySite"], found["method"]) == ({"text": "dos"}, {"text": "repos"})


def test_a_score_names_no_performer() -> None:
    assert "performer" not in observation(_observation("score"), FRAME)
    assert observation(_observation("pain"), FRAME)["performer"] == [FRAME.author]


@pytest.mark.parametrize(("accepted", "kind"), [(True, "permit"), (False, "deny"), (None, None)])
def test_a_directive_says_yes_no_or_see_the_words(accepted: bool | None, kind: str | None) -> None:
    value = Directive(key="k", anchor="a", statement="s", what=Concept("x", (loinc("75779-9"),)), accepted=accepted)
    found = consent(value, FRAME)
    assert found["provision"].get("type") == kind
    assert found["scope"]["coding"][0]["code"] == "adr"
    assert profiles(found) == ["fr-advance-directive-document"]
    assert profiles(consent(replace(value, what=Concept("mots")), FRAME)) == []


def test_a_directive_points_to_its_document() -> None:
    value = Directive(
        key="k", anchor="a", statement="s", what=Concept("x"), attachment="d", written_on=date(2026, 9, 2)
    )
    found = consent(value, FRAME)
    assert found["sourceReference"] == {"reference": "urn:uuid:d"}
    assert found["dateTime"] == "2026-09-02"


def _request(**changes: Any) -> Request:
    return replace(Request(key="k", anchor="a", statement="s", what=Concept("x"), status="planned"), **changes)


@pytest.mark.parametrize(
    ("status", "printed"),
    [("planned", ("active", "plan")), ("requested", ("active", "order")), ("done", ("completed", "order"))],
)
def test_the_status_of_a_request_is_kept(status: str, printed: tuple[str, str]) -> None:
    found = service_request(_request(status=status), "", FRAME)
    assert (found["status"], found["intent"]) == printed
    assert "performer" not in found


def test_a_request_names_who_does_it_by_when() -> None:
    found = service_request(_request(performer_label="Karim", due=date(2026, 10, 20)), "nurse", FRAME)
    assert found["performer"] == [{"reference": "urn:uuid:nurse", "display": "Karim"}]
    assert found["occurrencePeriod"] == {"end": "2026-10-20"}  # a limit, not the day it happens
    assert profiles(found) == ["fr-service-request-document"]
    assert service_request(_request(performer_label="SSIAD"), "", FRAME)["performer"] == [{"display": "SSIAD"}]


def test_the_next_visit_is_proposed_on_its_day_or_at_its_hour() -> None:
    day = NextVisit(key="k", anchor="a", statement="Prochaine visite", on=date(2026, 10, 26))
    found = appointment(day, FRAME)
    assert (found["status"], found["requestedPeriod"]) == ("proposed", [{"start": "2026-10-26"}])
    assert appointment(replace(day, at=VISIT_START), FRAME)["requestedPeriod"] == [
        {"start": "2026-10-12T10:00:00+02:00"}
    ]


def test_a_goal_keeps_its_words() -> None:
    (entry,) = [e for e in made.plan().entries if e.key == made.key("goal-1")]
    assert goal(entry, FRAME)["description"] == {"text": "Rester à domicile"}  # type: ignore[arg-type]  # found by key


def test_a_device_is_one_thing_and_its_use() -> None:
    value = Device(key="k", anchor="a", statement="s", what=Concept("Lit"), site="chambre", since="2026")
    thing, use = device(value, FRAME), device_use_statement(value, FRAME)
    assert thing["id"] == device_key(value)
    assert use["device"] == {"reference": f"urn:uuid:{thing['id']}"}
    assert (use["timingPeriod"], use["bodySite"]) == ({"start": "2026"}, {"text": "chambre"})


def test_an_attachment_is_a_reference_and_its_bytes() -> None:
    (entry,) = made.attachments().entries
    assert isinstance(entry, Attachment)
    found = document_reference(entry, "fr-FR", FRAME)
    (content,) = found["content"]
    assert content["attachment"]["url"] == f"urn:uuid:{entry.binary_key}"
    assert content["attachment"]["size"] == entry.size_bytes
    assert content["attachment"]["creation"] == "2026-09-02"
    assert "author" not in found  # who joins a file did not write it: directives are the patient's
    assert binary(entry)["data"] == entry.data
    assert document_reference(replace(entry, type=None), "fr-FR", FRAME)["type"] == {"text": "Directives anticipées"}
