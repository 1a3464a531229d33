"""Faults on demand on the production wire: what our client makes of them, and that nothing is lost nor doubled."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.dmp.session import RetryPolicy
from adapter.dmp.simulator.faults import Fault
from adapter.dmp.simulator.serving import RunningSimulator
from adapter.dmp.xds.client import XdsClient
from adapter.errors import DmpUnreachable, OutcomeUnknown
from tests.dmp import wire

OID = wire.DOCUMENT.oid


def _break(running: RunningSimulator, name: str, path: str = "/services/repository", **more: Any) -> None:
    running.app.state.faults.queue.append(Fault(name, times=RetryPolicy().attempts, path=path, **more))


def _mend(running: RunningSimulator) -> None:
    running.app.state.faults.queue.clear()


@pytest.mark.parametrize(
    ("name", "more", "done", "doubt"),
    [
        ("reset-before-commit", {}, False, True),
        ("reset-after-commit", {}, True, True),
        ("truncated-answer", {}, True, True),
        ("status", {"status": 500}, False, True),
        ("status", {"status": 500, "after_commit": True}, True, True),
        ("status", {"status": 503, "retry_after_s": 0}, False, False),
        ("html-answer", {"after_commit": True}, True, True),
        ("soap-truncated-multipart", {}, True, True),
        ("soap-fault-multipart", {}, True, True),
        ("soap-partial-success", {}, True, True),
        ("soap-relates-to", {}, True, True),
    ],
)
def test_a_feed_whose_answer_is_spoilt_is_searched_for(
    running: RunningSimulator, structure: XdsClient, name: str, more: Any, done: bool, doubt: bool
) -> None:
    _break(running, name, **more)
    with pytest.raises(OutcomeUnknown if doubt else DmpUnreachable):
        structure.submit(wire.submission())
    _mend(running)
    assert bool(structure.find(wire.PATIENT, OID)) is done
    if not done:
        structure.submit(wire.submission())
    assert len(structure.find(wire.PATIENT, OID)) == 1


def test_an_answer_in_latin_1_is_read(running: RunningSimulator, structure: XdsClient) -> None:
    _break(running, "soap-latin-1", "/services")
    assert structure.patient_status(wire.PATIENT).state == "active"
    assert structure.submit(wire.submission()).entries[0].unique_id == OID


@pytest.mark.parametrize(
    "name", ["soap-wrong-cid", "soap-missing-cid", "soap-truncated-multipart", "soap-fault-multipart"]
)
def test_a_document_that_cannot_be_read_whole_is_not_read(
    running: RunningSimulator, structure: XdsClient, doctor: XdsClient, name: str
) -> None:
    structure.submit(wire.submission())
    (found,) = doctor.find(wire.PATIENT, OID)
    _break(running, name)
    with pytest.raises(DmpUnreachable):
        doctor.read(found)
    _mend(running)
    assert doctor.read(found) == wire.CDA


def test_a_search_answered_in_part_is_not_a_search(
    running: RunningSimulator, structure: XdsClient, doctor: XdsClient
) -> None:
    structure.submit(wire.submission())
    _break(running, "soap-partial-success", "/services/registry")
    with pytest.raises(DmpUnreachable):
        doctor.find(wire.PATIENT, OID)


def test_latency_and_slowness_change_nothing(running: RunningSimulator, structure: XdsClient) -> None:
    running.app.state.faults.queue += [Fault("latency", latency_ms=20), Fault("slow-body", latency_ms=20)]
    assert structure.patient_status(wire.PATIENT).state == "active"
    assert structure.submit(wire.submission()).entries
