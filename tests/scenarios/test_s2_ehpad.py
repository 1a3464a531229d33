"""S2: EHPAD, a patient who cannot speak, a legal guardian, a collegial decision."""

from __future__ import annotations

import re

import pytest

from tests.scenarios.outputs import FILLS, outputs


@pytest.mark.parametrize("fill", FILLS)
def test_the_place_is_the_ehpad_and_the_encounter_a_home_visit(fill: str) -> None:
    told = outputs(f"s2.{fill}")
    assert told.cda_values("//h:encompassingEncounter/h:code/@code") == ["HH"]
    assert told.cda_count("//h:encompassingEncounter/h:location") == 1
    assert "EHPAD Les Ajoncs" in told.section("42349-1")
    (encounter,) = told.resources("Encounter")
    assert encounter["class"]["code"] == "HH"
    where = told.resources("Location") + told.resources("Organization")
    assert any(place["name"] == "EHPAD Les Ajoncs" for place in where)


@pytest.mark.parametrize("fill", FILLS)
def test_no_self_reported_pain_score(fill: str) -> None:
    told = outputs(f"s2.{fill}")
    assert told.cda_count("//h:observation[h:code/@code='38208-5']") == 0
    assert not [o for o in told.resources("Observation") if "38208-5" in str(o["code"])]
    for text in told.texts():
        assert re.search(r"\b(EN|EVA)\b", text) is None


def test_pain_is_said_not_assessable() -> None:
    told = outputs("s2.exhaustive")
    assert "Non évaluable" in told.section("42545-4")
    pain = [o for o in told.resources("Observation") if "R52.9" in str(o["code"])]
    assert pain
    assert all("dataAbsentReason" in o and "valueInteger" not in o for o in pain)


@pytest.mark.parametrize("fill", FILLS)
def test_a_wish_told_by_word_of_mouth_is_no_directive(fill: str) -> None:
    told = outputs(f"s2.{fill}")
    directives = "//h:section[h:code/@code='42348-3']"
    assert told.cda_count(directives) == 1
    assert told.cda_count(f"{directives}/h:entry") == 0
    assert told.resources("Consent") == []
    known = {"75779-9", "75787-2", "75789-8", "77352-3", "MED-295", "MED-298", "387713003", "75793-0"}
    assert not known & told.codes()


def test_the_wish_stands_as_a_wish() -> None:
    told = outputs("s2.exhaustive")
    assert "ni tuyaux ni hôpital" in told.section("18776-5")
    assert "ni tuyaux ni hôpital" not in told.section("42348-3")
    assert "Un proche, Annaïg LE GOFF" in told.section("18776-5")


@pytest.mark.parametrize("fill", FILLS)
def test_the_guardian_is_not_a_trusted_person(fill: str) -> None:
    told = outputs(f"s2.{fill}")
    assert told.cda_count("//h:guardian") >= 1
    assert told.cda_count("//*[@classCode='NOK']") == 0
    assert "Aucune personne de confiance désignée" in told.section("42348-3")
    assert "NOK" not in told.codes()
    (patient,) = told.resources("Patient")
    assert "LE GOFF" in str(patient["contact"])
