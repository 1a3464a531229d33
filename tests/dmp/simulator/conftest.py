"""A simulator on loopback and its user, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
import requests

from adapter.dmp.simulator import serve
from adapter.dmp.simulator.serving import RunningSimulator
from tests.dmp.simulator.deposited import INS, INS_SYSTEM, URI, oid

Json = dict[str, Any]
FHIR = {"Content-Type": "application/fhir+json"}
START = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


class Caller:
    """Requests of a user of the simulator; each answer is a `requests.Response`."""

    def __init__(self, base_url: str) -> None:
        self.base = base_url
        self.session = requests.Session()

    def post(self, resource: Json, path: str = "/", **headers: str) -> requests.Response:
        told = {**FHIR, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.session.post(self.base + path, data=orjson.dumps(resource), headers=told, timeout=10)

    def send(self, method: str, path: str, *, json: Any = None, **headers: str) -> requests.Response:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        data = None if json is None else orjson.dumps(json)
        return self.session.request(method, self.base + path, data=data, headers=told, timeout=10)

    def search(
        self, kind: str = "DocumentReference", actor: Json | None = None, more: Json | None = None, **others: str
    ) -> requests.Response:
        """Search for the usual patient; `more` are parameters whose name is no Python name."""
        asked = {"patient.identifier": f"{INS_SYSTEM}|{INS}", "status": "current,superseded"}
        asked |= {**others, **(more or {})}
        url = f"{self.base}/{kind}/_search"
        return self.session.post(url, data=asked, headers=actor or {}, timeout=10)

    def found(self, actor: Json | None = None, more: Json | None = None, **others: str) -> list[Json]:
        answer = self.search(actor=actor, more=more, **others)
        assert answer.status_code == 200, answer.text
        return [entry["resource"] for entry in answer.json().get("entry", [])]

    def one(self, name: str, actor: Json | None = None) -> Json:
        (value,) = self.found(actor, identifier=f"{URI}|urn:oid:{oid(name)}")
        return value

    def state(self) -> Json:
        value: Json = self.session.get(self.base + "/admin/state", timeout=10).json()
        return value


class Clock:
    """Time that moves by one second at each look."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


@pytest.fixture
def simulator() -> Iterator[RunningSimulator]:
    with serve(clock=Clock(), size_limit=100_000) as running:
        yield running


@pytest.fixture
def caller(simulator: RunningSimulator) -> Iterator[Caller]:
    user = Caller(simulator.base_url)
    with user.session:
        yield user


def codes(answer: requests.Response) -> list[str]:
    """Codes of the issues of an OperationOutcome; every issue has a French text."""
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome", outcome
    assert all(issue["details"]["text"] and issue["severity"] for issue in outcome["issue"])
    return [issue["details"]["coding"][0]["code"] for issue in outcome["issue"]]
