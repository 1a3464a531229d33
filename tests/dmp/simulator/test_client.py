"""Our PDSm client and the simulator, talking over loopback, for every sample visit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapter.api import convert
from adapter.dmp.pdsm import PdsmClient
from adapter.dmp.session import DmpSession, RetryPolicy
from adapter.dmp.simulator import serve
from adapter.dmp.simulator.serving import RunningSimulator
from adapter.errors import DmpAccessDenied, DmpError, DmpRejected, DmpUnreachable, OutcomeUnknown
from adapter.submission import Submission, prepare
from tests.dmp.simulator.conftest import Caller

VISITS = sorted((Path(__file__).resolve().parents[3] / "samples" / "visits").glob("*.json"))
NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


@pytest.fixture
def simulator() -> Iterator[RunningSimulator]:
    with serve() as running:
        yield running


def _submission(visit: Path, form: str = "cda") -> Submission:
    done = convert(visit.read_bytes(), self_check=False)
    return prepare(
        done.document,
        cda=done.cda if form != "fhir" else None,
        bundle=done.bundle if form != "cda" else None,
        submission_time=NOW,
        opposition=False,
        replaced_forms=(),
    )


def _visit(stem: str) -> Path:
    return next(visit for visit in VISITS if visit.stem == stem)


@contextmanager
def _client(base: str, submission: Submission, *, post_search: bool = True, fault: str = "") -> Iterator[PdsmClient]:
    identifier = submission.set.author.identifier
    rpps = identifier.value[-11:] if identifier else ""
    told = {"X-DMP-Actor": f"professional;rpps={rpps};mode=direct"}
    if fault:
        told["X-DMP-Fault"] = fault
    session = DmpSession(headers=lambda: told, retry=RetryPolicy(attempts=1), sleep=lambda _: None)
    try:
        yield PdsmClient(base, session, caller_rpps=rpps, post_search=post_search)
    finally:
        session.close()


@pytest.mark.parametrize("form", ["cda", "fhir", "both"])
@pytest.mark.parametrize("visit", VISITS, ids=lambda visit: visit.stem)
def test_every_sample_lives_its_whole_life(simulator: RunningSimulator, visit: Path, form: str) -> None:
    submission = _submission(visit, form)
    patient = submission.set.patient_id
    with _client(simulator.base_url, submission) as client:
        assert client.patient_status(patient).state == "active"
        receipt = client.submit(submission)
        assert [one.unique_id for one in receipt.entries] == [one.unique_id for one in submission.entries]
        for entry, content, held in zip(submission.entries, submission.contents, receipt.entries, strict=True):
            (found,) = client.find(patient, entry.unique_id)
            assert (found.location, found.version) == (held.location, held.version)
            assert (found.hash_sha1, found.size_bytes) == (entry.hash_sha1, entry.size_bytes)
            assert client.read(found) == content
        (deposit,) = client.submission_sets(patient)
        assert deposit.unique_id == submission.set.unique_id
        unique_id = submission.entries[0].unique_id
        assert client.set_archived(patient, unique_id, True).archived
        assert not client.set_archived(patient, unique_id, False).archived
        masked = client.set_mask(patient, unique_id, "INVISIBLE_REPRESENTANTS_LEGAUX", True)
        assert "INVISIBLE_REPRESENTANTS_LEGAUX" in masked.masks
        with pytest.raises(DmpRejected) as refused:
            client.submit(submission)
        assert "XDSDuplicateUniqueIdInRegistry" in refused.value.code
        client.delete(patient, unique_id)
        assert client.find(patient, unique_id) == ()


@pytest.mark.parametrize("by_transaction", [True, False])
def test_a_correction_supersedes_its_original(simulator: RunningSimulator, by_transaction: bool) -> None:
    first = _submission(_visit("s1.exhaustive"))
    done = convert(_visit("s6.exhaustive").read_bytes(), self_check=False)
    second = prepare(done.document, cda=done.cda, bundle=None, submission_time=NOW, opposition=False)
    assert second.entries[0].replaces == first.entries[0].unique_id
    patient = first.set.patient_id
    with _client(simulator.base_url, first) as client:
        send = client.submit if by_transaction else client.publish
        with pytest.raises(DmpRejected) as refused:
            send(second)
        assert "XDSReplaceFailed" in refused.value.code
        send(first)
        send(second)
        (old,) = client.find(patient, first.entries[0].unique_id)
        (new,) = client.find(patient, second.entries[0].unique_id)
        assert (old.status, new.status) == ("superseded", "current")
        assert [one.unique_id for one in client.search(patient)] == [new.unique_id]


def test_pages_and_searches_by_url(simulator: RunningSimulator) -> None:
    submission = _submission(_visit("s1.exhaustive"), "both")
    with _client(simulator.base_url, submission, post_search=False) as client:
        client.submit(submission)
        client._page_size = 1
        found = list(client.search(submission.set.patient_id))
    assert {one.unique_id for one in found} == {one.unique_id for one in submission.entries}


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("reset-before-commit", OutcomeUnknown),
        ("reset-after-commit", OutcomeUnknown),
        ("truncated-answer", OutcomeUnknown),
        ("partial-response", OutcomeUnknown),
        ("missing-location", OutcomeUnknown),
        ("html-answer", OutcomeUnknown),
        ("status;status=500", OutcomeUnknown),
        ("status;status=503;retry_after_s=3", DmpUnreachable),
        ("operation-outcome-200", OutcomeUnknown),
    ],
)
def test_a_fault_ends_in_the_error_that_tells_what_may_have_happened(
    simulator: RunningSimulator, fault: str, kind: type[DmpError]
) -> None:
    submission = _submission(_visit("s1.required"))
    with _client(simulator.base_url, submission, fault=fault) as client, pytest.raises(kind) as failed:
        client.submit(submission)
    if "retry" in fault:
        assert failed.value.retry_after_s == 3
    with _client(simulator.base_url, submission) as client:
        if not client.find(submission.set.patient_id, submission.entries[0].unique_id):
            client.submit(submission)
        assert len(client.find(submission.set.patient_id, submission.entries[0].unique_id)) == 1


def test_closed_absent_and_blocked(simulator: RunningSimulator, caller: Caller) -> None:
    submission = _submission(_visit("s1.required"))
    patient = submission.set.patient_id
    root, ins = patient.root, patient.value
    with _client(simulator.base_url, submission) as client:
        caller.send("PUT", "/admin/patients", json={"ins": ins, "root": root, "state": "closed", "reason": "DECES"})
        status = client.patient_status(patient)
        assert (status.state, status.reason) == ("closed", "DECES")
        with pytest.raises(DmpAccessDenied, match="DMPClosed"):
            client.submit(submission)
        caller.send("PUT", "/admin/patients", json={"ins": ins, "root": root, "state": "absent"})
        assert client.patient_status(patient).state == "absent"
        with pytest.raises(DmpError, match="XDSUnknownPatientId"):
            client.submit(submission)
        rpps = client._caller_rpps
        caller.send("PUT", "/admin/patients", json={"ins": ins, "root": root, "attending": rpps})
        assert client.patient_status(patient).attending_physician is True
        caller.send("PUT", "/admin/patients", json={"ins": ins, "root": root, "blocked": [rpps]})
        assert client.patient_status(patient).authorised is False
