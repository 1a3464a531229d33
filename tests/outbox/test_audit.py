from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import orjson
import pytest
from fhir.resources.R4B.auditevent import AuditEvent

from adapter.errors import DmpRejected, OutcomeUnknown
from adapter.outbox import ChainReport, Disclosure, Outbox, Worker
from adapter.outbox.audit import GENESIS, PATIENT_SYSTEM, link
from tests import judges
from tests.outbox.deposits import ARC, FAMILY, GIVEN, NARRATIVE, deposit, ins
from tests.outbox.scripted_dmp import ScriptedDmp


def _events(outbox: Outbox) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in outbox.export_audit()]


def _entities(event: dict[str, Any], code: str) -> list[dict[str, Any]]:
    return [entity for entity in event["entity"] if entity["type"]["code"] == code]


def test_each_disclosure_is_one_event(outbox: Outbox, worker: Worker, dmp: ScriptedDmp) -> None:
    dmp.tells_hash = False
    dmp.fails("submit", OutcomeUnknown("silence"))
    outbox.enqueue(deposit(forms=("cda", "fhir")), destination="dmp", endpoint="https://dmp.example.org/fhir")
    worker.drain(60)
    events = _events(outbox)
    told = [(event["type"]["code"], event["subtype"][0]["code"], event["action"], event["outcome"]) for event in events]
    send, search, read = ("110106", "disclose", "R"), ("rest", "search-type", "E"), ("rest", "read", "R")
    assert told == [
        (*send, "4"),
        *[(*search, "0")] * 2,
        (*send, "0"),
        *[(*search, "0")] * 2,
        *[(*read, "0")] * 2,
    ]
    assert {event["agent"][0]["network"]["address"] for event in events} == {"cabinet"}
    assert {event["agent"][1]["network"]["address"] for event in events} == {"https://dmp.example.org/fhir"}
    assert [entity["what"]["identifier"]["value"] for entity in _entities(events[0], "2")] == [
        f"urn:oid:{ARC}.1.0.1",
        f"urn:oid:{ARC}.1.1.1",
    ]
    query = base64.b64decode(_entities(events[1], "2")[0]["query"]).decode()
    assert query == f"identifier=urn:ietf:rfc:3986|urn:oid:{ARC}.1.0.1"


def test_the_documents_sent_are_told_with_the_tables_that_made_them(outbox: Outbox, worker: Worker) -> None:
    outbox.enqueue(deposit(forms=("cda", "fhir")), destination="dmp", mappings_digest="ab" * 32)
    outbox.enqueue(deposit(2), destination="dmp")
    worker.drain(60)
    told = [[entity.get("detail") for entity in _entities(event, "2")] for event in _events(outbox)]
    detail = [{"type": "mappings-digest", "valueString": "ab" * 32}]
    assert told[0] == [detail, detail]
    assert [one for one in told if one != told[0] and any(one)] == []
    assert outbox.verify().sound
    AuditEvent.model_validate(_events(outbox)[0])


def test_a_refusal_is_a_disclosure_too(outbox: Outbox, worker: Worker, dmp: ScriptedDmp) -> None:
    dmp.fails("submit", DmpRejected("refus", code="invalid"))
    outbox.enqueue(deposit(), destination="dmp")
    worker.drain(60)
    assert [event["outcome"] for event in _events(outbox)] == ["8", "0"]


def test_the_roles_follow_the_way_of_the_data(outbox: Outbox, worker: Worker, dmp: ScriptedDmp) -> None:
    dmp.tells_hash = False
    outbox.enqueue(deposit(), destination="dmp")
    worker.drain(60)
    send, search, read = _events(outbox)
    for event, ours in ((send, "110153"), (search, "110153"), (read, "110152")):
        assert event["agent"][0]["type"]["coding"][0]["code"] == ours
        assert event["agent"][0]["who"] == event["source"]["observer"], "BALP: the source records itself"
        assert event["agent"][2]["who"]["identifier"]["value"] == "899900000012"


def test_the_trail_names_nobody(outbox: Outbox, worker: Worker) -> None:
    outbox.enqueue(deposit(), destination="dmp")
    worker.drain(60)
    text = b"".join(outbox.export_audit()).decode()
    for secret in (FAMILY, GIVEN, NARRATIVE, ins().value, "EVENO"):
        assert secret not in text
    (person,) = _entities(_events(outbox)[0], "1")
    assert person["what"]["identifier"] == {"system": PATIENT_SYSTEM, "value": outbox.patient_digest(ins())}


def test_the_events_have_the_shape_of_fhir(outbox: Outbox, worker: Worker, dmp: ScriptedDmp) -> None:
    dmp.tells_hash = False
    outbox.enqueue(deposit(), destination="dmp")
    worker.drain(60)
    for line in outbox.export_audit():
        assert AuditEvent.model_validate_json(line).entity


@pytest.mark.conformance
def test_the_events_hold_by_the_rules_of_fhir(dmp: ScriptedDmp, shared_dir: Path, tmp_path: Path) -> None:
    dmp.tells_hash = False
    with Outbox.open(f"sqlite:///{tmp_path / 'outbox.db'}", key="", host="cabinet") as outbox:
        outbox.enqueue(deposit(), destination="dmp")
        Worker(outbox, {"dmp": lambda: dmp}).drain(60)
        events = _events(outbox)
    assert len(events) == 3
    files = []
    for number, event in enumerate(events):
        del event["meta"]  # the BALP profiles are not among the stored packages
        files.append(tmp_path / f"event-{number}.json")
        files[-1].write_bytes(orjson.dumps(event))
    assert judges.refused(shared_dir, "check_fhir", files) == ""


def test_the_export_proves_itself(outbox: Outbox, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapter.outbox.trail.PAGE", 3)
    for visit in range(1, 6):
        outbox.enqueue(deposit(visit), destination="dmp")
    worker.drain(60)
    previous = GENESIS
    lines = list(outbox.export_audit())
    for line in lines:
        assert line.endswith(b"\n")
        assert link(line) == previous
        previous = hashlib.sha256(line[:-1]).hexdigest()
    assert outbox.verify() == ChainReport(len(lines), previous)
    assert len(lines) == 10


def test_writing_between_two_lines_of_the_export_is_allowed(outbox: Outbox, worker: Worker) -> None:
    outbox.enqueue(deposit(1), destination="dmp")
    worker.drain(60)
    lines = outbox.export_audit()
    next(lines)
    outbox.enqueue(deposit(2), destination="dmp")
    worker.drain(60)
    assert len(list(lines)) == 3


def test_an_empty_trail_is_sound(outbox: Outbox) -> None:
    assert outbox.verify() == ChainReport(0, GENESIS)
    assert outbox.verify().sound


@pytest.mark.parametrize(
    ("tampering", "broken_at"),
    [
        ("UPDATE outbox_audit SET event = {other} WHERE seq = 3", 3),
        ("UPDATE outbox_audit SET digest = 'x' WHERE seq = 4", 4),
        ("UPDATE outbox_audit SET digest = digest || 'x' WHERE seq = 4", 4),
        ("DELETE FROM outbox_audit WHERE seq = 2", 2),
        ("DELETE FROM outbox_audit WHERE seq = 6", 6),
        ("DELETE FROM outbox_audit", 1),
        ("UPDATE outbox_audit SET seq = seq + 100 WHERE seq > 4", 5),
        ("INSERT INTO outbox_audit SELECT 7, row_id, recorded_at, event, digest FROM outbox_audit WHERE seq = 6", 7),
    ],
)
def test_the_first_broken_link_is_pinpointed(outbox: Outbox, worker: Worker, tampering: str, broken_at: int) -> None:
    for visit in (1, 2, 3):
        outbox.enqueue(deposit(visit), destination="dmp")
    worker.drain(60)
    assert outbox.verify().length == 6
    with outbox._database.transaction() as session:
        other = "x'7b7d'" if outbox._database.blob == "BLOB" else r"'\x7b7d'"
        session.run(tampering.format(other=other))
    report = outbox.verify()
    assert not report.sound
    assert report.broken_at == broken_at
    assert "trace" in report.fault


def test_an_event_made_anew_with_its_digest_breaks_the_next_link(outbox: Outbox, worker: Worker) -> None:
    for visit in (1, 2):
        outbox.enqueue(deposit(visit), destination="dmp")
    worker.drain(60)
    with outbox._database.transaction() as session:
        ((event,),) = session.run("SELECT event FROM outbox_audit WHERE seq = 2")
        forged = bytes(event).replace(b'"outcome":"0"', b'"outcome":"8"')
        assert forged != bytes(event)
        session.run(
            "UPDATE outbox_audit SET event = :event, digest = :digest WHERE seq = 2",
            event=forged,
            digest=hashlib.sha256(forged).hexdigest(),
        )
    assert outbox.verify().broken_at == 3


def test_a_read_that_no_row_made_stands_in_the_same_chain(outbox: Outbox, worker: Worker, dmp: ScriptedDmp) -> None:
    outbox.enqueue(deposit(1), destination="dmp")
    worker.drain(60)
    done = (Disclosure("search", ()), Disclosure("search", (f"{ARC}.1.0.1",)), Disclosure("read", (f"{ARC}.1.0.1",)))
    outbox.record_exchanges(ins(), done, recipient="https://dmp.example")
    assert outbox.verify() == ChainReport(5, outbox.verify().head)
    *_, listed, searched, read = map(orjson.loads, outbox.export_audit())
    profiles = [event["meta"]["profile"][0].rpartition(".")[2] for event in (listed, searched, read)]
    assert profiles == ["PatientQuery", "PatientQuery", "PatientRead"]
    patients = {event["entity"][0]["what"]["identifier"]["value"] for event in (listed, searched, read)}
    assert patients == {outbox.patient_digest(ins())}
    assert ins().value not in str((listed, searched, read))
    assert {event["agent"][1]["who"]["display"] for event in (listed, read)} == {"https://dmp.example"}
    for event in (listed, searched, read):
        AuditEvent.model_validate(event)
