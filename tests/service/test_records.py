"""The DMP of a patient through the service: the INS in the body, the trace left, nothing quoted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from httpx import Client

from adapter.api.sending import DmpServer, open_outbox
from adapter.dmp.simulator.faults import Fault
from adapter.dmp.simulator.serving import RunningSimulator
from tests.service.calls import INS, S1, post, problem, settled
from tests.service.conftest import AUTHOR, Opening

WHO = {"ins": INS}


@pytest.fixture
def deposited(sending: Client) -> str:
    """Identifier of S1, confirmed in the DMP."""
    told = post(sending, "/v1/visits:submit", S1).json()
    assert settled(sending, told["id"])["state"] == "confirmed"
    return str(told["document_id"])


def test_the_state_of_a_dmp_is_told(sending: Client) -> None:
    told = post(sending, "/v1/dmp:status", WHO).json()
    assert (told["state"], told["authorised"]) == ("active", True)


def test_documents_are_searched_and_read_as_they_were_deposited(sending: Client, deposited: str) -> None:
    (found,) = post(sending, "/v1/dmp/documents:search", WHO).json()["documents"]
    assert found["unique_id"] == deposited
    assert "title" not in found
    assert post(sending, "/v1/dmp/documents:search", {**WHO, "unique_id": deposited}).json()["documents"] == [found]
    for filters, count in (({"type": "11488-4"}, 1), ({"type": "autre"}, 0), ({"archived": True}, 0)):
        assert len(post(sending, "/v1/dmp/documents:search", {**WHO, **filters}).json()["documents"]) == count
    answer = post(sending, f"/v1/dmp/documents/{deposited}:read", WHO)
    assert answer.content == post(sending, "/v1/visits:convert?to=cda", S1).content
    assert answer.headers["dmp-adapter-media-type"] == "text/xml"
    assert answer.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ("mask", "masks", ["MASQUE_PS"]),
        ("unmask", "masks", []),
        ("hide-from-patient", "masks", ["INVISIBLE_PATIENT"]),
        ("show-to-patient", "masks", []),
        ("hide-from-guardians", "masks", ["INVISIBLE_REPRESENTANTS_LEGAUX"]),
        ("show-to-guardians", "masks", []),
        ("archive", "archived", True),
        ("unarchive", "archived", False),
    ],
)
def test_a_document_is_changed(sending: Client, deposited: str, change: str, field: str, value: object) -> None:
    opposite = {"unmask": "mask", "show-to-patient": "hide-from-patient", "unarchive": "archive"}.get(change)
    if opposite:
        assert post(sending, f"/v1/dmp/documents/{deposited}:{opposite}", WHO).status_code == 200
    told = post(sending, f"/v1/dmp/documents/{deposited}:{change}", WHO).json()
    assert (told["unique_id"], told[field]) == (deposited, value)


def test_a_document_is_deleted(sending: Client, deposited: str) -> None:
    assert post(sending, f"/v1/dmp/documents/{deposited}:delete", WHO).json() == {"deleted": deposited}
    assert post(sending, "/v1/dmp/documents:search", WHO).json()["documents"] == []
    problem(post(sending, f"/v1/dmp/documents/{deposited}:read", WHO), 404, "not-found")


def test_searches_and_reads_leave_a_trace_without_the_ins(sending: Client, deposited: str, tmp_path: Path) -> None:
    post(sending, "/v1/dmp/documents:search", WHO)
    post(sending, f"/v1/dmp/documents/{deposited}:read", WHO)
    with open_outbox(f"sqlite:///{tmp_path / 'envois.db'}", key="") as outbox:
        events = b"".join(outbox.export_audit())
        assert outbox.verify().sound
    kinds = [json.loads(line)["meta"]["profile"][0].rpartition(".")[2] for line in events.splitlines()]
    assert kinds[-3:] == ["PatientQuery", "PatientQuery", "PatientRead"]
    assert INS["value"].encode() not in events


def test_a_wrong_ins_is_told_by_its_rule(client: Client) -> None:
    real = "1.2.250.1.213.1.4.8"  # with a wrong key: nobody's number
    for root, value, rule in (
        (INS["root"], "25203441092179", "INS-FORMAT"),
        ("1.2.3", INS["value"], "INS-ROOT"),
        (real, "252034410921798", "INS-KEY"),
    ):
        told = problem(post(client, "/v1/dmp:status", {"ins": {"root": root, "value": value}}), 422, "visit-invalid")
        assert (told["findings"][0]["rule"], told["findings"][0]["path"]) == (rule, "$.ins")
        assert value not in json.dumps(told)


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({}, {"$.ins"}),
        ({"ins": {"root": 1, "valeur": "x"}}, {"$.ins.root", "$.ins.value", "$.ins.valeur"}),
        ({**WHO, "unique_id": "../../etc/passwd"}, {"$.unique_id"}),
        ({**WHO, "created_from": "hier", "type": "a b"}, {"$.created_from", "$.type"}),
        ([], {"$"}),
    ],
)
def test_another_body_is_told_field_by_field(client: Client, body: dict[str, object], paths: set[str]) -> None:
    told = problem(post(client, "/v1/dmp/documents:search", body), 422, "parameters")
    assert {one["path"] for one in told["findings"]} == paths
    assert {one["rule"] for one in told["findings"]} == {"SVC-BODY"}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"ins": "\xe9"}', b"[" * 100_000])
def test_a_body_that_is_no_json_is_unreadable(client: Client, body: bytes) -> None:
    problem(post(client, "/v1/dmp:status", body), 400, "unreadable-body")


@pytest.mark.parametrize("name", ["..", "%2e%2e%2f", "1.2.3%00", "1" * 70, "urn:oid:1.2.3", "a", "1..2"])
def test_a_path_trick_names_no_document(client: Client, name: str) -> None:
    answer = post(client, f"/v1/dmp/documents/{name}:read", WHO)
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("fault", "status", "name"),
    [
        (Fault("status", status=403, times=9), 403, "dmp-access-denied"),
        (Fault("status", status=503, retry_after_s=600, times=9), 503, "dmp-unreachable"),
    ],
)
def test_what_the_dmp_refuses_is_a_problem_of_its_own(
    sending: Client, dmp: RunningSimulator, fault: Fault, status: int, name: str
) -> None:
    dmp.app.state.faults.queue.append(fault)
    answer = post(sending, "/v1/dmp:status", WHO)
    problem(answer, status, name)
    assert answer.headers.get("retry-after") == ("600" if status == 503 else None)


def test_a_dmp_that_is_away_is_told(opened: Opening) -> None:
    client = opened(DmpServer("http://127.0.0.1:9", name="essai", actor=AUTHOR), own_worker=False)
    told = problem(post(client, "/v1/dmp:status", WHO), 503, "dmp-unreachable")
    assert told["dmp_code"] == "connection-refused"


def test_a_change_of_what_is_not_there_is_rejected(sending: Client) -> None:
    problem(post(sending, "/v1/dmp/documents/1.2.3:mask", WHO), 422, "dmp-rejected")
