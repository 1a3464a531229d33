"""S7: hardly anything is told, and nothing is made up."""

from __future__ import annotations

import re

import pytest

from tests.scenarios.outputs import FILLS, outputs


@pytest.mark.parametrize("fill", FILLS)
def test_no_score_and_no_measure(fill: str) -> None:
    told = outputs(f"s7.{fill}")
    measured = "//h:observation/h:value[@*[local-name()='type'] = 'PQ' or @*[local-name()='type'] = 'INT']"
    assert told.cda_count(measured) == 0
    assert told.resources("Observation") == []


@pytest.mark.parametrize("fill", FILLS)
def test_silence_on_allergies_is_not_their_absence(fill: str) -> None:
    told = outputs(f"s7.{fill}")
    assert "Allergies non renseignées" in told.section("48765-2")
    for text in told.texts():
        assert "aucune allergie" not in text.lower()
    assert "no-known-allergies" not in told.codes()
    assert "no-allergy-info" in told.codes()


@pytest.mark.parametrize("fill", FILLS)
def test_silence_on_treatments_is_not_their_absence(fill: str) -> None:
    told = outputs(f"s7.{fill}")
    assert "no-known-medications" not in told.codes()
    assert "Traitements non renseignés" in told.section("10160-0")


@pytest.mark.parametrize("fill", FILLS)
def test_no_date_is_computed_for_the_next_visit(fill: str) -> None:
    told = outputs(f"s7.{fill}")
    assert told.resources("Appointment") == []
    for text in told.texts():
        assert re.search(r"0?6/11/2026|2026-11-06|20261106", text) is None
    assert "7 jours" in told.section("18776-5")


@pytest.mark.parametrize("fill", FILLS)
def test_wishes_are_unknown_and_not_refused(fill: str) -> None:
    told = outputs(f"s7.{fill}")
    directives = told.section("42348-3")
    assert "inconnue" in directives
    assert "refus" not in directives.lower()
    assert told.resources("Consent") == []
    assert told.cda_count("//h:section[h:code/@code='42348-3']/h:entry") == 0


@pytest.mark.parametrize("fill", FILLS)
def test_sections_without_matter_are_absent_and_nobody_is_invented(fill: str) -> None:
    told = outputs(f"s7.{fill}")
    printed = set(told.cda_values("//h:section/h:code/@code"))
    assert not printed & {"46264-8", "47420-5", "42545-4", "8716-3", "29762-2", "55107-7", "11348-0"}
    assert told.document.team == ()
    assert told.document.relatives == ()
    assert told.resources("CareTeam") == []
    assert told.resources("RelatedPerson") == []
