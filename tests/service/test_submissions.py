"""Submit once, follow, replay, withdraw; the same request gets the same answer."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from httpx import Client

from adapter.api import sending as api_sending
from adapter.api.sending import DmpServer
from adapter.dmp.simulator.faults import Fault
from adapter.dmp.simulator.serving import RunningSimulator
from adapter.service.routes import submissions
from adapter.settings import ServiceSettings
from tests.service.calls import S1, S4, S5, S7, changed, post, problem, settled
from tests.service.conftest import AUTHOR, Opening, sha256


def _submit(client: Client, visit: bytes, query: str = "") -> Any:
    answer = post(client, f"/v1/visits:submit{query}", visit)
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert answer.headers["location"] == told["href"] == f"/v1/submissions/{told['id']}"
    return told


def test_a_visit_is_queued_then_confirmed(sending: Client) -> None:
    told = _submit(sending, S7)
    found = settled(sending, told["id"])
    assert (found["state"], found["unique_ids"]) == ("confirmed", told["unique_ids"])
    assert told["document_id"] in found["unique_ids"]


@pytest.mark.parametrize(("forms", "count"), [("both", 2), ("cda-n1", 1)])
def test_the_forms_asked_are_those_deposited(sending: Client, forms: str, count: int) -> None:
    told = _submit(sending, S7, f"?forms={forms}")
    assert (told["form"], len(told["unique_ids"])) == (forms, count)
    assert settled(sending, told["id"])["state"] == "confirmed"


def test_the_same_request_gets_the_same_answer_to_the_byte_whatever_became_of_it(sending: Client) -> None:
    first = post(sending, "/v1/visits:submit", S7)
    settled(sending, first.json()["id"])
    spaced = json.dumps(json.loads(S7), indent=7, sort_keys=True).encode()
    for again in (S7, spaced):
        answer = post(sending, "/v1/visits:submit", again)
        assert (answer.status_code, answer.content) == (202, first.content)
        assert answer.headers["location"] == first.headers["location"]
    assert len(sending.get("/v1/submissions").json()["submissions"]) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"conclusions": "Autre conclusion."},
        {"sharing": {"informed": False}},  # printed nowhere: another request all the same
        {"structure": {**json.loads(S7)["structure"], "finess": "990000028"}},  # numbered apart by the documents
    ],
)
def test_another_content_under_the_same_key_is_refused(sending: Client, changes: dict[str, Any]) -> None:
    _submit(sending, S7)
    problem(post(sending, "/v1/visits:submit", changed(S7, **changes)), 422, "key-reused")
    problem(post(sending, "/v1/visits:submit?forms=both", S7), 422, "key-reused")
    assert len(sending.get("/v1/submissions").json()["submissions"]) == 1


def test_the_same_request_at_the_same_time_waits(sending: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow(*args: Any, **options: Any) -> api_sending.Sent:
        entered.set()
        assert leave.wait(30)
        return api_sending.send(*args, **options)

    monkeypatch.setattr(submissions, "send", slow)
    answers: list[int] = []
    first = threading.Thread(target=lambda: answers.append(post(sending, "/v1/visits:submit", S7).status_code))
    first.start()
    assert entered.wait(30)
    told = post(sending, "/v1/visits:submit", S7)
    problem(told, 409, "in-flight")
    assert told.headers["retry-after"] == "1"
    leave.set()
    first.join()
    assert answers == [202]
    _submit(sending, S7)


def test_an_opposition_is_told_apart_and_reaches_no_dmp(sending: Client, dmp: RunningSimulator) -> None:
    for _ in range(2):
        told = problem(post(sending, "/v1/visits:submit", S4), 422, "patient-opposition")
        assert told["findings"][0]["rule"] == "SUB-OPPOSITION"
    assert sending.get("/v1/submissions").json() == {"submissions": [], "next_after": None}
    assert dmp.app.state.registry.store.counts()["patients"] == 0


def test_what_the_dmp_would_refuse_is_refused_before(sending: Client) -> None:
    visit = json.loads(S7)
    visit["patient"]["ins"]["status"] = "provisional"
    told = problem(post(sending, "/v1/visits:submit", visit), 422, "submission-refused")
    assert "SUB-INS" in {one["rule"] for one in told["findings"]}


def test_a_refused_visit_is_not_queued(sending: Client) -> None:
    problem(post(sending, "/v1/visits:submit", changed(S7, conclusions="")), 422, "visit-invalid")
    assert sending.get("/v1/submissions").json()["submissions"] == []


def test_without_a_dmp_nothing_is_submitted(opened: Opening) -> None:
    told = problem(post(opened(), "/v1/visits:submit", S7), 422, "parameters")
    assert "destinations" in told["detail"]


def test_an_unknown_destination_is_told_with_those_there_are(sending: Client) -> None:
    told = problem(post(sending, "/v1/visits:submit?destination=autre", S7), 422, "parameters")
    assert "essai" in told["detail"]


def test_a_listing_has_pages_and_filters(opened: Opening, dmp: RunningSimulator) -> None:
    client = opened(DmpServer(dmp.base_url, name="essai", actor=AUTHOR), own_worker=False)
    ids = [_submit(client, visit)["id"] for visit in (S1, S5, S7)]
    client.post(f"/v1/submissions/{ids[1]}:withdraw")
    first = client.get("/v1/submissions?limit=2").json()
    assert ([one["id"] for one in first["submissions"]], first["next_after"]) == (ids[:2], ids[1])
    rest = client.get(f"/v1/submissions?limit=2&after={first['next_after']}").json()
    assert ([one["id"] for one in rest["submissions"]], rest["next_after"]) == (ids[2:], None)
    for query, expected in (
        ("state=withdrawn", [ids[1]]),
        ("state=queued", [ids[0], ids[2]]),
        ("destination=essai", ids),
        ("destination=autre", []),
        ("dead=true", []),
    ):
        told = client.get(f"/v1/submissions?{query}").json()["submissions"]
        assert [one["id"] for one in told] == expected, query
    told = problem(client.get("/v1/submissions?state=perdu&limit=0"), 422, "parameters")
    assert {one["path"] for one in told["findings"]} == {"query.state", "query.limit"}


def test_what_is_withdrawn_may_be_submitted_again_with_other_words(opened: Opening) -> None:
    client = opened(DmpServer("http://127.0.0.1:9", name="essai"), own_worker=False)
    first = _submit(client, S7)["id"]
    assert client.post(f"/v1/submissions/{first}:withdraw").json()["state"] == "withdrawn"
    second = _submit(client, changed(S7, conclusions="Autre conclusion."))["id"]
    assert second != first
    problem(client.post(f"/v1/submissions/{first}:withdraw"), 409, "submission-state")
    problem(client.post(f"/v1/submissions/{first}:retry"), 409, "submission-state")


def test_a_deposit_that_a_dmp_refused_is_replayed(sending: Client, dmp: RunningSimulator) -> None:
    dmp.app.state.faults.queue.append(Fault("status", status=422))
    told = _submit(sending, S7)
    state = settled(sending, told["id"])
    if state["state"] == "rejected":
        assert state["explanation"]
        assert sending.post(f"{told['href']}:retry").status_code == 200
    assert settled(sending, told["id"])["state"] == "confirmed"


@pytest.mark.parametrize("number", ["999", "0", "-1", "x", str(10**30), "1%00", "1/../../etc/passwd"])
def test_an_unknown_deposit_is_not_found(client: Client, number: str) -> None:
    for answer in (
        client.get(f"/v1/submissions/{number}"),
        client.post(f"/v1/submissions/{number}:retry"),
        client.post(f"/v1/submissions/{number}:withdraw"),
    ):
        assert answer.status_code in (404, 405, 422), answer.text
        assert answer.headers["content-type"] == "application/problem+json"


def test_two_clients_may_use_the_same_numbers(opened: Opening) -> None:
    tokens = {name: sha256(name * 40) for name in ("a", "b")}
    client = opened(DmpServer("http://127.0.0.1:9", name="essai"), own_worker=False, tokens=tokens)
    other = changed(S7, structure={**json.loads(S7)["structure"], "name": "Autre cabinet", "finess": "990000028"})
    first = post(client, "/v1/visits:submit", S7, Authorization=f"Bearer {'a' * 40}")
    second = post(client, "/v1/visits:submit", other, Authorization=f"Bearer {'b' * 40}")
    assert (first.status_code, second.status_code) == (202, 202), second.text


def test_a_queue_that_fails_is_told_and_the_service_lives(opened: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    from adapter.outbox import Outbox, OutboxBusy, OutboxFull

    client = opened(DmpServer("http://127.0.0.1:9", name="essai"), own_worker=False, bounds=ServiceSettings())
    for fault, header in ((OutboxFull("disque plein"), None), (OutboxBusy("occupée"), "1")):

        def fails(*args: Any, fault: Exception = fault, **options: Any) -> int:
            raise fault

        with monkeypatch.context() as broken:
            broken.setattr(Outbox, "enqueue", fails)
            answer = post(client, "/v1/visits:submit", S7)
        problem(answer, 503, "queue")
        assert answer.headers.get("retry-after") == header
    _submit(client, S7)


def test_an_opposition_noted_stops_what_waits_until_it_is_lifted(opened: Opening, dmp: RunningSimulator) -> None:
    client = opened(DmpServer(dmp.base_url, name="essai", actor=AUTHOR), own_worker=False)
    told = _submit(client, S7)
    who = {"ins": {key: json.loads(S7)["patient"]["ins"][key] for key in ("root", "value")}}
    assert post(client, "/v1/oppositions:record", who).json() == {"opposed": True, "stopped": 1}
    state = client.get(told["href"]).json()
    assert (state["state"], state["reason"], state["settled"]) == ("blocked", "opposition", True)
    problem(client.post(f"{told['href']}:retry"), 409, "submission-state")
    assert post(client, "/v1/oppositions:lift", who).json() == {"opposed": False, "stopped": 0}
    assert client.post(f"{told['href']}:retry").json()["state"] == "queued"
