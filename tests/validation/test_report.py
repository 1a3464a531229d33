"""Reports: the same findings, told to people and to four machines."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from fhir.resources.R4B.operationoutcome import OperationOutcome
from lxml import etree

from adapter.errors import Finding, RuleText, Severity
from adapter.validation.report import as_json, as_junit, as_operation_outcome, as_sarif, as_text

ERROR = Finding("INS-KEY", Severity.ERROR, "$.patient.ins", "La clé du matricule est fausse.", "Référentiel INS")
WARNING = Finding("CDA-CODE", Severity.WARNING, "/ClinicalDocument/code", "Système <inconnu> & non vérifié.")
FHIR = Finding("FHIR-REF", Severity.ERROR, "Bundle.entry[3].resource", "Référence sans cible.", "FHIR R4")
FILES = {"visite é.json": [ERROR, WARNING], "bundle.json": [FHIR], "vide.xml": []}
RULE = RuleText("INS-KEY", Severity.ERROR, "Clé INS", "La clé se calcule.", "Référentiel INS")


def test_text_tells_each_finding_under_its_file_and_counts() -> None:
    assert as_text(FILES) == (
        "visite é.json : 1 erreur, 1 avertissement\n"
        "  erreur INS-KEY $.patient.ins\n"
        "    La clé du matricule est fausse.\n"
        "    source : Référentiel INS\n"
        "  avertissement CDA-CODE /ClinicalDocument/code\n"
        "    Système <inconnu> & non vérifié.\n"
        "bundle.json : 1 erreur\n"
        "  erreur FHIR-REF Bundle.entry[3].resource\n"
        "    Référence sans cible.\n"
        "    source : FHIR R4\n"
        "vide.xml : aucun constat\n"
        "3 fichiers : 2 erreurs, 1 avertissement\n"
    )


def test_text_of_one_file_has_no_line_of_totals() -> None:
    assert as_text({"a.xml": []}) == "a.xml : aucun constat\n"


def test_json_keeps_every_field_and_order() -> None:
    report = json.loads(as_json(FILES))
    assert (report["errors"], report["warnings"]) == (2, 1)
    assert [(f["file"], f["valid"], len(f["findings"])) for f in report["files"]] == [
        ("visite é.json", False, 2),
        ("bundle.json", False, 1),
        ("vide.xml", True, 0),
    ]
    assert report["files"][0]["findings"][0] == {
        "rule": "INS-KEY",
        "severity": "error",
        "path": "$.patient.ins",
        "message": "La clé du matricule est fausse.",
        "source": "Référentiel INS",
    }
    assert "source" not in report["files"][0]["findings"][1]


def test_sarif_has_the_shape_that_readers_ask_for() -> None:
    log = json.loads(as_sarif(FILES, rules={"INS-KEY": RULE}, version="0.1.0"))
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("dmp-adapter", "0.1.0")
    assert [rule["id"] for rule in driver["rules"]] == ["CDA-CODE", "FHIR-REF", "INS-KEY"]
    assert driver["rules"][2]["shortDescription"]["text"] == "Clé INS"
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning"}
        assert result["message"]["text"]
        (location,) = result["locations"]
        assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", location["physicalLocation"]["artifactLocation"]["uri"])
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "visite%20%C3%A9.json"
    assert run["results"][0]["locations"][0]["logicalLocations"] == [{"fullyQualifiedName": "$.patient.ins"}]


def test_sarif_without_findings_is_an_empty_run() -> None:
    (run,) = json.loads(as_sarif({"a.xml": []}))["runs"]
    assert run["results"] == []
    assert "version" not in run["tool"]["driver"]


def test_junit_counts_agree_with_its_cases() -> None:
    root = etree.fromstring(as_junit(FILES))
    assert (root.get("tests"), root.get("failures")) == ("4", "2")
    for suite in root.findall("testsuite"):
        assert suite.get("tests") == str(len(suite.findall("testcase")))
        assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
        assert all(case.get("name") and case.get("classname") == suite.get("name") for case in suite)
    assert root.findtext("testsuite/testcase/system-out") == "/ClinicalDocument/code\nSystème <inconnu> & non vérifié."
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.get("type") == "INS-KEY"


def test_junit_replaces_what_xml_cannot_hold() -> None:
    odd = Finding("R", Severity.ERROR, "$['\x00\ud800']", "Caractère\x0binterdit.")
    assert etree.fromstring(as_junit({"\ud800.json": [odd]})).get("failures") == "1"


def test_operation_outcome_is_one_for_fhir() -> None:
    body = as_operation_outcome(FILES)
    outcome = OperationOutcome.model_validate_json(body)
    assert len(outcome.issue) == 3
    first, second, third = json.loads(body)["issue"]
    assert first["severity"] == "error"
    assert first["diagnostics"] == "visite é.json | $.patient.ins | source : Référentiel INS"
    assert "expression" not in first
    assert second["severity"] == "warning"
    assert third["expression"] == ["Bundle.entry[3].resource"]


def test_operation_outcome_of_one_file_leaves_its_name_out() -> None:
    (issue,) = json.loads(as_operation_outcome({"a.json": [FHIR]}))["issue"]
    assert issue["diagnostics"] == "source : FHIR R4"


def test_operation_outcome_without_findings_still_has_its_issue() -> None:
    body = as_operation_outcome({"a.json": []})
    OperationOutcome.model_validate_json(body)
    assert json.loads(body)["issue"][0]["severity"] == "information"


@pytest.mark.parametrize("form", [as_text, as_json, as_sarif, as_junit, as_operation_outcome])
def test_forms_say_the_same_twice(form: Any) -> None:
    assert form(FILES) == form(dict(FILES))


@pytest.mark.parametrize("form", [as_json, as_sarif, as_junit, as_operation_outcome])
def test_a_file_name_that_is_no_utf8_does_not_stop_the_report(form: Any) -> None:
    assert form({"\udce9.json": [ERROR], "b.json": []}).decode()
