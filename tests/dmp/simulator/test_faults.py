"""Faults on demand, the administration and the page."""

from __future__ import annotations

import socket
import sqlite3
import threading
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.exceptions import ChunkedEncodingError
from requests.exceptions import ConnectionError as Disconnected

from adapter.dmp.simulator import serve
from adapter.dmp.simulator.store import StoreUnusable
from tests.dmp.simulator.conftest import Caller, codes
from tests.dmp.simulator.deposited import AUTHOR, INS, cda, deposit, simplified

Json = dict[str, Any]


def _current(caller: Caller) -> int:
    value: int = caller.state()["counts"]["current"]
    return value


def test_a_reset_before_the_commit_leaves_nothing(caller: Caller) -> None:
    with pytest.raises(Disconnected):
        caller.post(deposit("a"), X_DMP_Fault="reset-before-commit")
    assert _current(caller) == 0
    assert caller.post(deposit("a")).status_code == 200


def test_a_reset_after_the_commit_loses_the_answer_only(caller: Caller) -> None:
    with pytest.raises(Disconnected):
        caller.post(deposit("a"), X_DMP_Fault="reset-after-commit")
    assert _current(caller) == 1
    assert caller.post(deposit("a")).status_code == 409


def test_a_truncated_answer_after_the_commit(caller: Caller) -> None:
    with pytest.raises((ChunkedEncodingError, Disconnected)):
        caller.post(deposit("a"), X_DMP_Fault="truncated-answer")
    assert _current(caller) == 1


def test_a_slow_answer_and_a_late_one(caller: Caller) -> None:
    for rank, fault in enumerate(("slow-body;latency_ms=200", "latency;latency_ms=200")):
        start = time.monotonic()
        answer = caller.post(deposit(f"d{rank}"), X_DMP_Fault=fault)
        assert answer.json()["type"] == "transaction-response"
        assert time.monotonic() - start >= 0.19


@pytest.mark.parametrize(("after", "entered"), [("", 0), (";after_commit=true", 1)])
def test_an_error_status_with_a_time_to_wait(caller: Caller, after: str, entered: int) -> None:
    answer = caller.post(deposit("a"), X_DMP_Fault=f"status;status=503;retry_after_s=7{after}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert codes(answer) == ["XDSRegistryNotAvailable"]
    assert _current(caller) == entered


def test_answers_of_another_kind(caller: Caller) -> None:
    page = caller.post(deposit("a"), X_DMP_Fault="html-answer")
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    outcome = caller.post(deposit("a"), X_DMP_Fault="operation-outcome-200")
    assert (outcome.status_code, codes(outcome)) == (200, ["XDSRegistryError"])
    assert _current(caller) == 0
    partial = caller.post(deposit("a"), X_DMP_Fault="partial-response").json()
    assert len(partial["entry"]) == 2
    lost = caller.post(deposit("b"), X_DMP_Fault="missing-location").json()
    assert not any("location" in entry["response"] for entry in lost["entry"])
    assert "Location" not in caller.post(simplified("c"), "/DocumentReference", X_DMP_Fault="missing-location").headers
    assert _current(caller) == 3


def test_faults_wait_for_the_requests_that_they_fit(caller: Caller) -> None:
    told = caller.send(
        "POST", "/admin/faults", json=[{"name": "status", "times": 2, "method": "POST", "path": "/", "status": 500}]
    )
    assert told.status_code == 201
    assert caller.send("GET", "/metadata").status_code == 200
    assert [caller.post(deposit("a")).status_code for _ in range(3)] == [500, 500, 200]
    caller.send("POST", "/admin/faults", json={"name": "latency", "times": 9})
    assert caller.state()["faults"][0]["times"] == 9
    assert "latency" in caller.send("GET", "/").text
    assert caller.send("DELETE", "/admin/faults").status_code == 204
    assert caller.state()["faults"] == []


@pytest.mark.parametrize(
    "fault",
    [
        {},
        [1],
        {"name": "fire"},
        {"name": "status", "status": 200},
        {"name": "status", "x": 1},
        {"name": "latency", "latency_ms": "1"},
        {"name": "latency", "times": 0},
        {"name": "status", "after_commit": 1},
    ],
)
def test_a_fault_that_cannot_be_read_is_refused(caller: Caller, fault: Any) -> None:
    assert caller.send("POST", "/admin/faults", json=fault).status_code == 400
    assert caller.state()["faults"] == []


def test_a_header_that_cannot_be_read_is_refused(caller: Caller) -> None:
    answer = caller.post(deposit("a"), X_DMP_Fault="fire")
    assert (answer.status_code, codes(answer)) == (400, ["FAULT"])


def test_administration_is_for_the_machine_itself(caller: Caller) -> None:
    for path, method in (("/admin/state", "GET"), ("/admin/faults", "DELETE")):
        answer = caller.send(method, path, Host="dmp.example.org")
        assert (answer.status_code, codes(answer)) == (403, ["LocalPolicyRestrictionError"])


@pytest.mark.parametrize(
    "patient",
    [[], {}, {"ins": "1"}, {"ins": INS, "state": "lost"}, {"ins": INS, "name": "x"}, {"ins": INS, "blocked": "x"}],
)
def test_a_patient_that_cannot_be_read_is_refused(caller: Caller, patient: Any) -> None:
    assert caller.send("PUT", "/admin/patients", json=patient).status_code == 400


def test_the_state_names_nobody(caller: Caller) -> None:
    caller.post(deposit("a"))
    caller.post(deposit("b", replaces="a", of="a", version=2))
    text = caller.session.get(caller.base + "/admin/state", timeout=5).text
    assert all(private not in text for private in (INS, AUTHOR, "ESSAI", "EXEMPLE"))
    old, new = caller.state()["documents"]
    assert new["replaces"] == [old["id"]]


class _Page(HTMLParser):
    """What a page asks of a reader: languages, headings, tables with their scopes, things from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_page_shows_and_hides(caller: Caller) -> None:
    caller.send("PUT", "/admin/patients", json={"ins": INS, "reason": "<script>alert(1)</script>"})
    caller.post(deposit("a", masks=["MASQUE_PS"]))
    caller.post(deposit("a"))
    text = caller.send("GET", "/").text
    assert all(private not in text for private in (INS, "ESSAI", "EXEMPLE", "<script"))
    assert all(word in text for word in ("masqué aux professionnels", "en cours", "refus", "dépôt", f"2{'•' * 12}34"))
    page = _Page()
    page.feed(text)
    tags = [tag for tag, _ in page.tags]
    assert page.tags[0] == ("html", {"lang": "fr"})
    assert tags.count("h1") == tags.count("main") == 1
    assert not {"script", "img", "link", "iframe"} & set(tags)
    assert all("src" not in attributes and "href" not in attributes for _, attributes in page.tags)
    assert all(attributes.get("scope") == "col" for tag, attributes in page.tags if tag == "th")


def test_an_empty_page_says_so(caller: Caller) -> None:
    assert "Rien pour l'instant" in caller.send("GET", "/").text


def test_a_file_keeps_everything_from_one_run_to_the_next(tmp_path: Path) -> None:
    database = str(tmp_path / "dmp.sqlite")
    with serve(database) as first, Caller(first.base_url).session as session:
        assert session.post(first.base_url, json=deposit("a"), timeout=5).status_code == 200
        assert session.post(first.base_url, json=deposit("b", replaces="a", of="a", version=2), timeout=5).ok
    with serve(database) as second:
        caller = Caller(second.base_url)
        with caller.session:
            assert (caller.one("a")["status"], caller.one("b")["status"]) == ("superseded", "current")
            assert caller.session.get(caller.one("a")["content"][0]["attachment"]["url"], timeout=5).content == cda("a")
    held = sqlite3.connect(database)
    assert held.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    held.execute("PRAGMA user_version = 99")
    held.close()
    with pytest.raises(StoreUnusable):
        serve(database)


def test_many_callers_at_once_lose_and_double_nothing(caller: Caller) -> None:
    statuses: list[int] = []

    def feed() -> None:
        with requests.Session() as session:
            for rank in range(10):
                statuses.append(session.post(caller.base, json=deposit(f"d{rank}"), timeout=20).status_code)

    threads = [threading.Thread(target=feed) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 10 + [409] * 30
    assert _current(caller) == 10


def test_a_client_that_dies_in_the_middle_is_no_fault_of_the_server(
    caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    host, port = caller.base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as client:
        head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nContent-Length: 9000\r\n\r\n{"
        client.sendall(head.encode())
        time.sleep(0.1)  # the server waits for the rest
    for _ in range(20):
        caller.send("GET", "/metadata")
    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []
    assert _current(caller) == 0


def test_nothing_of_a_request_is_logged(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    caller.post(deposit("a"))
    caller.search()
    caller.send("GET", f"/DocumentReference?patient.identifier={INS}")
    server = [record for record in caplog.records if not record.name.startswith("urllib3")]
    told = "\n".join(record.getMessage() for record in server)
    assert not [private for private in (INS, AUTHOR, "ESSAI") if private in told], told
