"""S1: at home, the nominal case told whole."""

from __future__ import annotations

import pytest

from adapter.mapping import load
from tests.scenarios.outputs import FILLS, outputs


@pytest.mark.parametrize("fill", FILLS)
def test_the_document_is_a_visit_report(fill: str) -> None:
    told = outputs(f"s1.{fill}")
    assert told.cda_values("/h:ClinicalDocument/h:code/@code") == ["11488-4"]
    (composition,) = told.resources("Composition")
    assert [c["code"] for c in composition["type"]["coding"]] == ["11488-4"]
    assert "10" in {c["code"] for category in composition["category"] for c in category["coding"]}
    assert told.document.class_.code == "10"


def test_every_section_is_there() -> None:
    told = outputs("s1.exhaustive")
    spec = load().document
    printed = set(told.cda_values("//h:section/h:code/@code"))
    assert {section.code.code for section in spec.sections} == printed
    (composition,) = told.resources("Composition")
    assert [s["title"] for s in composition["section"]] == [s.title for s in spec.fhir_sections]


def test_five_team_members_at_least() -> None:
    told = outputs("s1.exhaustive")
    members = told.cda_values("//h:participant/h:functionCode/@code") + told.cda_values(
        "//h:documentationOf//h:performer/h:functionCode/@code"
    )
    assert len(members) >= 5
    (team,) = told.resources("CareTeam")
    assert len(team["participant"]) >= 5


def test_the_visit_is_a_vsp_at_home() -> None:
    told = outputs("s1.exhaustive")
    assert told.cda_values("//h:encompassingEncounter/h:code/@code") == ["HH"]
    assert told.cda_values("//h:documentationOf/h:serviceEvent/h:code/@code") == ["VSP"]
    (encounter,) = told.resources("Encounter")
    assert encounter["class"]["code"] == "HH"


def test_numbers_are_those_of_the_doctor() -> None:
    told = outputs("s1.exhaustive")
    for text in told.texts():
        assert "60 mg" in text
    weights = [o for o in told.resources("Observation") if "29463-7" in str(o["code"])]
    assert [o["valueQuantity"]["value"] for o in weights] == [48.2]
    assert told.cda_values("//h:value[@unit='kg']/@value") == ["48.2"]


def test_billing_stays_out() -> None:
    for text in outputs("s1.exhaustive").texts():
        assert "60,00" not in text
        assert "Coverage" not in text
