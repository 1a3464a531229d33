"""S5: not visible to the patient until the announcement; a Corsican matricule; a name with a ligature."""

from __future__ import annotations

import pytest

from adapter.model.identifiers import MatriculeIns
from tests.scenarios.outputs import FILLS, outputs


@pytest.mark.parametrize("name", ["s5.required", "s5.exhaustive", "s5-locum.exhaustive"])
def test_the_mask_is_for_the_submission_only(name: str) -> None:
    told = outputs(name)
    document = told.document
    assert document.confidentiality.code == "N"
    (mask,) = document.visibility
    assert (mask.system.key, mask.code) == ("tre-a07", "INVISIBLE_PATIENT")
    assert told.cda_values("//h:confidentialityCode/@code") == ["N"]
    assert "INVISIBLE_PATIENT" not in told.converted.cda.decode()


@pytest.mark.parametrize("fill", FILLS)
def test_the_corsican_matricule_is_right_and_printed_whole(fill: str) -> None:
    told = outputs(f"s5.{fill}")
    ins = told.document.patient.ins
    assert ins is not None
    matricule = MatriculeIns.parse(ins.value, ins.root)
    assert matricule.value[5:7] == "2A"
    assert matricule.key_valid
    assert matricule.value in told.cda_values("//h:patientRole/h:id/@extension")


@pytest.mark.parametrize("fill", FILLS)
def test_the_used_name_keeps_its_ligature_beside_the_strict_trait(fill: str) -> None:
    told = outputs(f"s5.{fill}")
    cda, bundle, sheet = told.texts()
    for text in (cda, bundle, sheet):
        assert "cœurderoy" in text.lower()
    for text in (cda, bundle):
        assert "COEURDEROY" in text


@pytest.mark.parametrize("fill", FILLS)
def test_the_hidden_finding_is_in_the_document(fill: str) -> None:
    for text in outputs(f"s5.{fill}").texts():
        assert "cérébrale" in text
