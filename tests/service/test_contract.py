"""The contract says everything that the service does, and nothing else; a foreign reader calls every operation."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from httpx import Client

from adapter.api.reference import visit_schema
from adapter.dmp.simulator.serving import RunningSimulator
from adapter.service import contract, problems, rule_texts
from adapter.service.shapes import ANSWERS
from tests.service.calls import SAMPLES
from tests.service.processes import serve

HTTP = {"get", "post", "put", "patch", "delete"}
FRENCH = re.compile(r"[A-ZÀÉÈÊ]")


@pytest.fixture(scope="module")
def told(client: Client) -> Any:
    """The contract, as it is served."""
    return client.get("/openapi.json").json()


def _operations(told: Any) -> dict[str, Any]:
    return {
        f"{method} {path}": operation
        for path, methods in told["paths"].items()
        for method, operation in methods.items()
        if method in HTTP
    }


def test_each_operation_is_told_whole(told: Any) -> None:
    operations = _operations(told)
    names = [operation["operationId"] for operation in operations.values()]
    assert len(names) == len(set(names)) >= 32
    for name, operation in operations.items():
        assert FRENCH.match(operation["summary"]), name
        assert operation["tags"], name
        statuses = set(operation["responses"])
        assert statuses >= {"403", "421", "429", "500", "503"}, name
        assert "default" not in statuses
        if "requestBody" in operation:
            assert statuses >= {"400", "401", "408", "413", "415"}, name
        for status, answer in operation["responses"].items():
            assert answer["description"], name
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"], name
        for parameter in operation.get("parameters", ()):
            assert parameter["description"], (name, parameter["name"])


def test_the_operations_keep_their_names(told: Any) -> None:
    assert {one["operationId"] for one in _operations(told).values()} >= {
        "validateVisit",
        "convertVisit",
        "previewVisit",
        "submitVisit",
        "adviseBilling",
        "remindNextVisit",
        "printEmergencySheet",
        "listSubmissions",
        "getSubmission",
        "retrySubmission",
        "withdrawSubmission",
        "recordOpposition",
        "liftOpposition",
        "getDmpStatus",
        "searchDmpDocuments",
        "readDmpDocument",
        "maskDmpDocument",
        "unmaskDmpDocument",
        "hideFromPatientDmpDocument",
        "showToPatientDmpDocument",
        "hideFromGuardiansDmpDocument",
        "showToGuardiansDmpDocument",
        "archiveDmpDocument",
        "unarchiveDmpDocument",
        "deleteDmpDocument",
        "getMappings",
        "getMappingTable",
        "getVisitSchema",
        "getContract",
        "getHealth",
        "getReadiness",
        "getMetrics",
    }


def test_every_component_named_is_there(told: Any) -> None:
    named = set(re.findall(r'"\$ref": ?"#/components/schemas/(\w+)"', json.dumps(told)))
    assert named <= set(told["components"]["schemas"])
    assert {"Visit", "ProblemDetails", "Receipt"} <= named
    assert set(visit_schema()["$defs"]).isdisjoint(model.__name__ for model in ANSWERS)


def test_the_examples_are_the_samples(told: Any) -> None:
    examples = told["paths"]["/v1/visits:convert"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    assert examples["s1"]["value"] == json.loads((SAMPLES / "s1.exhaustive.json").read_bytes())
    assert examples["s7"]["value"] == json.loads((SAMPLES / "s7.required.json").read_bytes())
    assert all("fictives" in one["summary"] for one in examples.values())


def test_the_token_is_described_and_health_needs_none(told: Any) -> None:
    assert told["components"]["securitySchemes"]["jeton"]["scheme"] == "bearer"
    assert {} in told["security"]
    assert told["paths"]["/healthz"]["get"]["security"] == [{}]


def test_every_kind_of_problem_that_an_operation_names_exists() -> None:
    with pytest.raises(KeyError):
        contract.problems("inconnu")
    assert all(kind.title and 400 <= kind.status < 600 for kind in problems.KINDS.values())
    assert set(rule_texts.RULES) == {"SVC-BODY", "SVC-PARAMETER"}


def test_the_page_of_a_visit_schema_is_the_one_of_the_command_line(client: Client) -> None:
    assert client.get("/v1/schema").json() == visit_schema()


def test_tables_are_told_with_their_rows(client: Client) -> None:
    told = client.get("/v1/mappings").json()
    rows = {one["name"]: one["rows"] for one in told["tables"]}
    table = client.get("/v1/mappings/symptoms").json()
    assert len(table["rows"]) == rows["symptoms"] > 5
    assert len(told["digest"]) == 64
    assert client.get("/v1/mappings/..%2fsystems").status_code == 404


# Rules stricter than the schema (key of an INS, dates that follow each other) refuse what the schema allows; validate
# and preview answer a wrong visit by its findings.
CONFIGURATION = """
[checks]
positive_data_acceptance.expected-statuses = [200, 202, 400, 404, 406, 409, 422]

[[operations]]
include-path = ["/v1/visits:validate", "/v1/visits:preview"]
checks.negative_data_rejection.enabled = false
"""


@pytest.mark.parametrize(
    "options",
    [
        ["--phases", "examples,fuzzing", "--max-examples", "2"],
        ["--phases", "coverage", "--include-path-regex", "submissions|mappings|schema|:status$|:search$|z$"],
    ],
)
def test_a_foreign_reader_finds_no_fault(tmp_path: Path, dmp: RunningSimulator, options: list[str]) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION, "utf-8")
    with serve(tmp_path, "rate_per_s = 100000\nburst = 100000", dmp.base_url) as running:
        run = subprocess.run(
            [
                *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
                *("run", f"{running.address}/openapi.json", "--generation-deterministic", "--no-shrink"),
                *("--no-color", "--workers", "1", "--request-timeout", "60", *options),
            ],
            cwd=tmp_path,
            env={**os.environ, "PYTHONUTF8": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stdout[-6000:]
        assert "Traceback" not in running.log()
        assert "faute imprévue" not in running.log()
