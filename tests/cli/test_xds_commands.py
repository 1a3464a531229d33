"""The life of visits on the production wire, from the command line: mutual TLS, VIHF and signature all the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from adapter.api import convert
from adapter.dmp.simulator import admin, serve
from adapter.dmp.simulator.serving import RunningSimulator
from adapter.dmp.simulator.soap.destination import settings
from tests.cli.conftest import sample
from tests.cli.runs import run

S1, S5 = sample("s1.required"), sample("s5.required")


class Office:
    """A practice and its DMP, by either wire."""

    def __init__(self, folder: Path, running: RunningSimulator) -> None:
        assert running.certificates is not None
        self.running = running
        self.settings = folder / "dmp.toml"
        text = settings(running.xds_url, running.certificates)
        fhir = f'[destinations.fhir]\nbase_url = "{running.base_url}"\nactor = "professional;rpps=99700100003"\n'
        self.settings.write_text(f'outbox = "sqlite:///envois.db"\n{text}\n{fhir}', "utf-8")

    def run(self, *args: str | Path) -> Result:
        result = run(*args, "--settings", self.settings)
        assert "279122A00406186" not in result.stderr
        return result

    def json(self, *args: str | Path, code: int = 0) -> Any:
        result = self.run(*args, "--answer", "json")
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    def state(self) -> list[dict[str, Any]]:
        app = self.running.app
        found: list[dict[str, Any]] = admin.state(app.state.registry, app.state.faults)["documents"]
        return found


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    for name in ("SETTINGS", "OUTBOX", "OUTBOX_KEY", "DEFAULT_DESTINATION"):
        monkeypatch.delenv(f"DMP_ADAPTER_{name}", raising=False)
    with serve(tls=True) as running:
        yield Office(tmp_path, running)


STRUCTURE, CARD = ("--destination", "sim-xds"), ("--destination", "sim-xds-carte")


def _fed(office: Office, visit: Path = S5, destination: tuple[str, str] = STRUCTURE) -> str:
    """Identifier of a document that was fed; a structure finds it there again, and may not read it back."""
    (sent,) = office.json("send", visit, *destination, "--wait")["visits"]
    told = (sent["row"]["state"], sent["row"]["reason"])
    assert told == (("accepted", "read-back-denied") if destination == STRUCTURE else ("confirmed", "")), sent
    return str(sent["document_id"])


def test_a_visit_is_fed_by_the_structure_and_the_same_one_is_fed_once(office: Office) -> None:
    oid = _fed(office)
    (sent,) = office.json("send", S5, *STRUCTURE, "--wait")["visits"]
    assert (sent["already"], sent["row"]["state"]) == (True, "accepted")
    fed = [one["unique_id"] for one in office.state()]
    assert (fed.count(oid), len(fed)) == (1, 2), "the document, and the signature of its set"
    assert office.run("outbox", "verify").exit_code == 0


def test_the_settings_that_the_simulator_prints_serve_as_they_are(office: Office) -> None:
    assert office.run("send", S5, "--wire", "xds", "--wait").exit_code == 0
    assert office.run("dmp", "status", "--visit", S5).exit_code == 0
    assert len(office.state()) == 2, "the document, and the signature of its set"


def test_several_dmp_of_one_wire_are_told_apart(office: Office) -> None:
    told = office.settings.read_text("utf-8")
    office.settings.write_text(told.replace('default_destination = "sim-xds"\n', ""), "utf-8")
    said = office.run("send", S5, "--wire", "xds")
    assert (said.exit_code, "sim-xds, sim-xds-carte" in said.stderr) == (2, True)
    assert office.run("send", S5, "--wire", "xds", *CARD).exit_code == 0
    assert office.run("outbox", "run", "--once").exit_code == 0
    assert "confirmed" in office.run("outbox", "list", "--answer", "json").stdout


def test_by_card_a_document_is_listed_read_and_changed(office: Office) -> None:
    oid = _fed(office)
    assert office.json("dmp", "status", "--visit", S5, *CARD)["state"] == "active"
    (found,) = office.json("dmp", "find", "--visit", S5, *CARD)["documents"]
    assert (found["unique_id"], found["status"]) == (oid, "current")
    assert office.run("dmp", "get", oid, "--visit", S5, *CARD).stdout_bytes == convert(S5.read_bytes()).cda
    assert office.json("dmp", "archive", oid, "--visit", S5, *CARD)["documents"][0]["archived"]
    assert not office.json("dmp", "unarchive", oid, "--visit", S5, *CARD)["documents"][0]["archived"]
    shown = office.json("dmp", "show-to-patient", oid, "--visit", S5, *CARD)["documents"][0]
    assert (found["masks"], shown["masks"]) == (["INVISIBLE_PATIENT"], [])


def test_by_the_structure_a_document_is_found_and_deleted_but_not_read(office: Office) -> None:
    oid = _fed(office)
    for args in (("find",), ("get", oid), ("mask", oid), ("archive", oid)):
        said = office.run("dmp", *args, "--visit", S5, *STRUCTURE)
        assert (said.exit_code, "Rien n'a été envoyé." in said.stderr) == (3, True), (args, said.output)
    assert office.run("dmp", "find", oid, "--visit", S5, *STRUCTURE).exit_code == 0
    assert office.run("dmp", "delete", oid, "--yes", "--visit", S5, *STRUCTURE).exit_code == 0
    assert office.run("dmp", "find", "--visit", S5, *CARD).exit_code == 1


def test_what_one_wire_feeds_the_other_finds(office: Office) -> None:
    by_soap, by_fhir = _fed(office), _fed(office, S1, ("--destination", "fhir"))
    here = office.json("dmp", "find", "--visit", S5, "--destination", "fhir")["documents"]
    there = office.json("dmp", "find", "--visit", S1, *CARD)["documents"]
    assert ([one["unique_id"] for one in here], [one["unique_id"] for one in there]) == ([by_soap], [by_fhir])


def test_an_exchange_of_the_two_certificates_is_told_before_any_call(office: Office) -> None:
    text = office.settings.read_text("utf-8")
    office.settings.write_text(text.replace("/signature-structure.", "/client."), "utf-8")
    said = office.run("dmp", "status", "--visit", S5, *STRUCTURE)
    assert (said.exit_code, "intervertis" in said.stderr) == (2, True)


def test_another_structure_is_warned_about_then_refused_by_the_dmp(office: Office) -> None:
    text = office.settings.read_text("utf-8")
    (line,) = {one for one in text.splitlines() if one.startswith("structure = ")}
    office.settings.write_text(text.replace(line, 'structure = "1999999999"'), "utf-8")
    said = office.run("dmp", "status", "--visit", S5, *STRUCTURE)
    assert said.exit_code == 3
    assert "TRUST-STRUCTURE" in said.stderr
    assert "DMPIdentityCertificationFailure" in said.stderr
