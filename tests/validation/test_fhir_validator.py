"""The validator of a user: its report read, its words about the patient taken out, its silence told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from adapter.errors import Severity
from adapter.validation.fhir_validator import ValidatorUnusable, findings_of, run_jar


def _outcome(*issues: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "OperationOutcome", "issue": list(issues)}


ERROR = {
    "severity": "error",
    "expression": ["Bundle.entry[1].resource.birthDate"],
    "details": {"text": "The value '1931-02-30' is not valid, see 'https://hl7.org/fhir/StructureDefinition/Patient'"},
}


def test_errors_and_warnings_are_told_where_they_stand_without_the_values() -> None:
    warning = {"severity": "warning", "diagnostics": "dom-6", "location": ["Bundle"]}
    told = findings_of(orjson.dumps(_outcome(ERROR, warning, {"severity": "information", "diagnostics": "ok"})))
    assert [(one.severity, one.path) for one in told] == [
        (Severity.ERROR, "Bundle.entry[1].resource.birthDate"),
        (Severity.WARNING, "Bundle"),
    ]
    assert "1931" not in told[0].message
    assert "[…]" in told[0].message
    assert "https://hl7.org/fhir/StructureDefinition/Patient" in told[0].message


def test_a_bundle_of_outcomes_is_read_whole() -> None:
    bundle = {"resourceType": "Bundle", "entry": [{"resource": _outcome(ERROR)}, {"resource": _outcome(ERROR)}]}
    assert len(findings_of(orjson.dumps(bundle))) == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>",
        b"[]",
        b"3",
        b'{"resourceType": "Patient"}',
        b'{"resourceType": "OperationOutcome"}',
        b'{"resourceType": "OperationOutcome", "issue": [3]}',
        b'{"resourceType": "Bundle", "entry": [{}]}',
    ],
)
def test_an_answer_of_another_shape_is_told_as_such(answer: bytes) -> None:
    with pytest.raises(ValidatorUnusable):
        findings_of(answer)


def _java(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ``java`` of our own before any other: it stands for the validator, which is not ours to ship."""
    program = folder / "java"
    program.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_the_program_is_run_without_any_terminology_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = orjson.dumps(_outcome(ERROR)).decode().replace("'", "'\\''")
    wanted = "-jar v.jar -version 4.0.1 -tx n/a -output"
    given = "$1 $2 $4 $5 $6 $7 $8"
    _java(tmp_path, f"""[ "{given}" = "{wanted}" ] && printf %s '{said}' > "$9"; exit 1""", monkeypatch)
    (found,) = run_jar(Path("v.jar"), b"{}")
    assert found.severity is Severity.ERROR


def test_a_program_that_leaves_no_report_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _java(tmp_path, "exit 3", monkeypatch)
    with pytest.raises(ValidatorUnusable, match="rapport"):
        run_jar(Path("v.jar"), b"{}")


def test_a_machine_without_java_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValidatorUnusable, match="Java"):
        run_jar(Path("v.jar"), b"{}")
