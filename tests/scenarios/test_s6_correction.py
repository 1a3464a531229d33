"""S6: S1 corrected the next day."""

from __future__ import annotations

import re

import pytest

from adapter.api import convert
from tests.scenarios.outputs import FILLS, VISITS, outputs


@pytest.mark.parametrize("fill", FILLS)
def test_same_set_next_version_new_id_and_a_link_to_the_first(fill: str) -> None:
    first, second = outputs(f"s1.{fill}"), outputs(f"s6.{fill}")
    set_id = "/h:ClinicalDocument/h:setId/@root"
    identifier = "/h:ClinicalDocument/h:id/@root"
    assert first.cda_values(set_id) == second.cda_values(set_id) != []
    assert first.cda_values("/h:ClinicalDocument/h:versionNumber/@value") == ["1"]
    assert second.cda_values("/h:ClinicalDocument/h:versionNumber/@value") == ["2"]
    assert first.cda_values(identifier) != second.cda_values(identifier)
    assert second.cda_values("//h:relatedDocument[@typeCode='RPLC']/h:parentDocument/h:id/@root") == first.cda_values(
        identifier
    )
    assert first.cda_count("//h:relatedDocument") == 0


@pytest.mark.parametrize("fill", FILLS)
def test_the_bundle_replaces_too(fill: str) -> None:
    first, second = outputs(f"s1.{fill}"), outputs(f"s6.{fill}")
    assert first.bundle["identifier"] != second.bundle["identifier"]
    (composition,) = second.resources("Composition")
    (relation,) = composition["relatesTo"]
    assert relation["code"] == "replaces"
    assert relation["targetIdentifier"]["value"].removeprefix("urn:oid:") == first.document.oid
    (before,) = first.resources("Composition")
    assert "relatesTo" not in before
    assert before["identifier"] == composition["identifier"]


@pytest.mark.parametrize("fill", FILLS)
def test_the_right_dose_stands_and_the_wrong_one_does_not(fill: str) -> None:
    told = outputs(f"s6.{fill}")
    treatments = told.section("10160-0")
    assert "40 mg" in treatments
    assert "60 mg" not in treatments
    for statement in told.resources("MedicationStatement"):
        assert "60" not in re.findall(r"'value': (\d+)", str(statement))
    assert "60" not in told.cda_values("//h:substanceAdministration//@value")


@pytest.mark.parametrize("fill", FILLS)
def test_the_reason_is_in_the_text(fill: str) -> None:
    told = outputs(f"s6.{fill}")
    assert "Correction d'une synthèse antérieure" in told.section("42349-1")
    assert "40 mg" in told.section("42349-1")
    for text in told.texts():
        assert "Erreur de transcription" in text


@pytest.mark.parametrize("fill", FILLS)
def test_the_date_of_the_visit_stays_and_that_of_the_document_moves(fill: str) -> None:
    first, second = outputs(f"s1.{fill}"), outputs(f"s6.{fill}")
    visit = "//h:encompassingEncounter/h:effectiveTime/h:low/@value"
    assert second.cda_values(visit) == first.cda_values(visit)
    assert second.cda_values(visit)[0].startswith("20261012")
    assert second.cda_values("/h:ClinicalDocument/h:effectiveTime/@value") == ["20261013182000+0200"]
    assert second.resources("Encounter")[0]["period"] == first.resources("Encounter")[0]["period"]


@pytest.mark.parametrize("fill", FILLS)
def test_the_same_correction_twice_is_the_same_document(fill: str) -> None:
    told = outputs(f"s6.{fill}").converted
    again = convert((VISITS / f"s6.{fill}.json").read_bytes())
    assert (again.cda, again.bundle, again.sheet) == (told.cda, told.bundle, told.sheet)
