"""A FHIR server asked for its opinion: what is sent, and what each answer becomes."""

from __future__ import annotations

from pathlib import Path

import pytest
import responses

from adapter.api.second_opinion import ValidatorUnusable, second_opinion
from tests.cli.runs import FULL, run

OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "diagnostics": "bdl-1"}]}


@responses.activate
@pytest.mark.parametrize("base", ["https://fhir.example/r4", "https://fhir.example/r4/Bundle/$validate"])
def test_the_bundle_goes_to_the_operation_and_its_outcome_comes_back(base: str) -> None:
    asked = responses.post("https://fhir.example/r4/Bundle/$validate", json=OUTCOME, status=422)
    (found,) = second_opinion(b"{}", base)
    assert (found.rule, found.message) == ("FHIR-VALIDATOR", "bdl-1")
    assert asked.calls[0].request.body == b"{}"


@responses.activate
def test_an_answer_that_is_no_opinion_is_told() -> None:
    responses.post("https://fhir.example/r4/Bundle/$validate", status=404)
    with pytest.raises(ValidatorUnusable, match="404"):
        second_opinion(b"{}", "https://fhir.example/r4")


def test_a_document_never_leaves_this_machine_in_clear() -> None:
    with pytest.raises(ValidatorUnusable):
        second_opinion(b"{}", "http://fhir.example/r4")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValidatorUnusable, match="introuvable"):
        second_opinion(b"{}", str(tmp_path / "validator_cli.jar"))


@responses.activate
def test_validate_merges_its_findings_with_ours(tmp_path: Path) -> None:
    responses.post("https://fhir.example/r4/Bundle/$validate", json=OUTCOME)
    assert run("convert", FULL, "--out", tmp_path).exit_code == 0
    bundle = next(tmp_path.glob("*.bundle.json"))
    assert run("validate", bundle).exit_code == 0
    told = run("validate", bundle, "--fhir-validator", "https://fhir.example/r4")
    assert told.exit_code == 1
    assert "FHIR-VALIDATOR" in told.stdout
    unusable = run("validate", bundle, "--fhir-validator", str(tmp_path / "none.jar"))
    assert unusable.exit_code == 2
