from __future__ import annotations

import hashlib
import threading
from random import Random

import pytest

from adapter.dmp import DepositBusy, PatientStatus
from adapter.errors import DmpAccessDenied, DmpError, DmpRejected, DmpUnreachable, OutcomeUnknown
from adapter.outbox import Outbox, OutboxRefusal, Policy, Reason, State, Worker
from tests.outbox.conftest import Clock, new_worker
from tests.outbox.deposits import ARC, deposit, ins
from tests.outbox.scripted_dmp import After, ScriptedDmp


def _queued(outbox: Outbox, visit: int = 1, version: int = 1) -> int:
    return outbox.enqueue(deposit(visit, version), destination="dmp")


def _state(outbox: Outbox, row_id: int) -> tuple[State, Reason]:
    row = outbox.row(row_id)
    return row.state, row.reason


def test_a_deposit_is_sent_and_found_again(outbox: Outbox, worker: Worker, dmp: ScriptedDmp) -> None:
    row_id = outbox.enqueue(deposit(forms=("cda", "fhir")), destination="dmp")
    assert worker.drain(10)
    assert _state(outbox, row_id) == (State.CONFIRMED, Reason.NONE)
    assert dmp.calls == {"patient_status": 1, "submit": 1, "find": 2}
    assert not worker.step()


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (PatientStatus("absent"), Reason.DMP_ABSENT),
        (PatientStatus("closed", "DMPClosed"), Reason.DMP_CLOSED),
        (PatientStatus("active", authorised=False), Reason.DMP_FORBIDDEN),
    ],
)
def test_nothing_leaves_without_an_open_dmp(
    outbox: Outbox, worker: Worker, dmp: ScriptedDmp, status: PatientStatus, reason: Reason
) -> None:
    dmp.status = status
    row_id = _queued(outbox)
    assert worker.drain(10)
    assert _state(outbox, row_id) == (State.BLOCKED, reason)
    assert outbox.row(row_id).dmp_code == status.reason
    assert dmp.calls["submit"] == 0
    assert outbox.verify().length == 0
    dmp.status = PatientStatus("active")
    outbox.retry(row_id)
    worker.drain(10)
    assert _state(outbox, row_id) == (State.CONFIRMED, Reason.NONE)


def test_the_state_of_a_dmp_is_asked_again_after_a_while(
    outbox: Outbox, worker: Worker, dmp: ScriptedDmp, clock: Clock
) -> None:
    for visit in (1, 2):
        _queued(outbox, visit)
    worker.drain(10)
    assert dmp.calls["patient_status"] == 1
    clock.sleep(61)
    _queued(outbox, 3)
    worker.drain(10)
    assert dmp.calls["patient_status"] == 2


@pytest.mark.parametrize("method", ["patient_status", "submit"])
@pytest.mark.parametrize(
    ("fault", "state", "reason"),
    [
        (DmpAccessDenied("refus", code="DMPInvalidCertificate"), State.BLOCKED, Reason.ACCESS_DENIED),
        (DmpRejected("refus", code="invalid"), State.REJECTED, Reason.REFUSED),
        (DmpUnreachable("absent", code="503"), State.QUEUED, Reason.UNREACHABLE),
    ],
)
def test_each_refusal_has_its_end(
    outbox: Outbox,
    worker: Worker,
    dmp: ScriptedDmp,
    method: str,
    fault: DmpError,
    state: State,
    reason: Reason,
) -> None:
    dmp.fails(method, fault)
    row_id = _queued(outbox)
    worker.step()
    assert _state(outbox, row_id) == (state, reason)
    assert outbox.row(row_id).dmp_code == fault.code
    assert dmp.stored == {}
    left = method == "submit" and not isinstance(fault, DmpUnreachable)
    assert (outbox.verify().length > 0) is left, "only what left is a disclosure"
    if state is not State.QUEUED:
        outbox.retry(row_id)
    assert worker.drain(60)
    assert _state(outbox, row_id) == (State.CONFIRMED, Reason.NONE)


def test_an_unknown_state_of_the_dmp_is_not_a_send(outbox: Outbox, worker: Worker, dmp: ScriptedDmp) -> None:
    dmp.fails("patient_status", OutcomeUnknown("silence"))
    row_id = _queued(outbox)
    worker.step()
    assert _state(outbox, row_id) == (State.QUEUED, Reason.UNREACHABLE)


def test_a_refused_client_blocks_the_row(outbox: Outbox, clock: Clock) -> None:
    def connect() -> ScriptedDmp:
        raise DmpAccessDenied("certificat expiré", code="tls")

    worker = Worker(outbox, {"dmp": connect}, clock=clock)
    row_id = _queued(outbox)
    worker.step()
    assert _state(outbox, row_id) == (State.BLOCKED, Reason.ACCESS_DENIED)


def test_delays_grow_with_jitter_up_to_a_cap() -> None:
    policy, random = Policy(base_s=2, cap_s=600), Random(1)
    for attempt in range(1, 60):
        drawn = [policy.delay_s(attempt, random) for _ in range(200)]
        ceiling = min(600, 2 * 2 ** (attempt - 1))
        assert 0 <= min(drawn) < ceiling / 4
        assert ceiling * 3 / 4 < max(drawn) <= ceiling
    assert policy.delay_s(1, random, retry_after_s=900) == 900
    assert policy.delay_s(10_000, random) <= 600


def test_retry_after_is_obeyed_for_the_whole_destination(
    outbox: Outbox, worker: Worker, dmp: ScriptedDmp, clock: Clock
) -> None:
    first, second = _queued(outbox, 1), _queued(outbox, 2)
    dmp.fails("submit", DmpUnreachable("occupé", code="503", retry_after_s=120))
    start = clock.now
    assert worker.step()
    assert not worker.step(), "the rows behind wait too"
    assert outbox.row(second).attempts == 0
    clock.sleep(119)
    assert not worker.step()
    clock.sleep(1)
    assert worker.drain(30)
    assert (clock.now - start).total_seconds() >= 120
    assert [outbox.row(row_id).state for row_id in (first, second)] == [State.CONFIRMED] * 2


def test_attempts_used_up_leave_a_dead_letter_that_can_be_replayed(
    outbox: Outbox, dmp: ScriptedDmp, clock: Clock
) -> None:
    worker = new_worker(outbox, dmp, clock, Policy(max_attempts=3, base_s=1))
    dmp.fails("submit", *[DmpUnreachable("absent")] * 3)
    row_id = _queued(outbox)
    assert worker.drain(3600)
    row = outbox.row(row_id)
    assert (row.state, row.dead, row.attempts, row.due_at) == (State.QUEUED, True, 3, None)
    assert [one.id for one in outbox.rows(dead=True)] == [row_id]
    outbox.retry(row_id)
    assert worker.drain(3600)
    assert not outbox.row(row_id).dead
    assert outbox.row(row_id).state is State.CONFIRMED


def test_a_dead_letter_that_may_have_left_is_searched_first(outbox: Outbox, dmp: ScriptedDmp, clock: Clock) -> None:
    worker = new_worker(outbox, dmp, clock, Policy(max_attempts=3))
    dmp.fails("submit", After(OutcomeUnknown("silence")))
    dmp.fails("find", *[DmpUnreachable("absent")] * 2)
    row_id = _queued(outbox)
    assert worker.drain(3600)
    assert (outbox.row(row_id).state, outbox.row(row_id).dead) == (State.UNKNOWN, True)
    outbox.retry(row_id)
    assert worker.drain(3600)
    assert outbox.row(row_id).state is State.CONFIRMED
    assert dmp.calls["submit"] == 1


def test_a_send_that_did_not_arrive_is_searched_then_sent_again(
    outbox: Outbox, worker: Worker, dmp: ScriptedDmp, clock: Clock
) -> None:
    dmp.fails("submit", OutcomeUnknown("silence"))
    row_id = _queued(outbox)
    start = clock.now
    worker.step()
    assert _state(outbox, row_id) == (State.UNKNOWN, Reason.NO_ANSWER)
    assert not worker.step(), "a slow DMP is given time"
    assert worker.drain(60)
    assert (clock.now - start).total_seconds() >= Policy().grace_s
    assert _state(outbox, row_id) == (State.CONFIRMED, Reason.NONE)
    assert dmp.copies == {f"{ARC}.1.0.1": 1}
    assert dmp.calls["find"] == 2


def test_a_refusal_of_what_arrived_before_counts_as_accepted(outbox: Outbox, worker: Worker, dmp: ScriptedDmp) -> None:
    # The queue was restored from an old backup: the DMP has the document, the row does not know.
    dmp.submit(deposit())
    row_id = _queued(outbox)
    assert worker.drain(10)
    assert _state(outbox, row_id) == (State.CONFIRMED, Reason.NONE)
    assert dmp.copies == {f"{ARC}.1.0.1": 1}


def test_a_refusal_whose_search_fails_is_settled_later(outbox: Outbox, worker: Worker, dmp: ScriptedDmp) -> None:
    dmp.fails("submit", DmpRejected("refus", code="invalid"), DmpRejected("refus", code="invalid"))
    dmp.fails("find", DmpUnreachable("absent"))
    row_id = _queued(outbox)
    worker.step()
    assert _state(outbox, row_id) == (State.UNKNOWN, Reason.NO_ANSWER)
    assert worker.drain(60)
    assert _state(outbox, row_id) == (State.REJECTED, Reason.REFUSED)


def test_another_document_under_our_identifier_is_told(outbox: Outbox, worker: Worker, dmp: ScriptedDmp) -> None:
    dmp.stored[f"{ARC}.1.0.1"] = (b"autre", hashlib.sha1(b"autre").digest(), "")
    row_id = _queued(outbox)
    assert worker.drain(10)
    assert _state(outbox, row_id) == (State.REJECTED, Reason.REFUSED)
    dmp.stored.clear()
    dmp.fails("submit", After(OutcomeUnknown("silence")))
    dmp.fails("find", lambda: dmp.stored.update({f"{ARC}.1.0.1": (b"autre", hashlib.sha1(b"autre").digest(), "")}))
    outbox.retry(row_id)
    assert worker.drain(60)
    assert _state(outbox, row_id) == (State.REJECTED, Reason.OTHER_CONTENT)


def test_half_a_deposit_is_told(outbox: Outbox, worker: Worker, dmp: ScriptedDmp) -> None:
    dmp.fails("submit", After(OutcomeUnknown("silence")))
    row_id = outbox.enqueue(deposit(forms=("cda", "fhir")), destination="dmp")
    worker.step()
    del dmp.stored[f"{ARC}.1.1.1"]
    assert worker.drain(60)
    assert _state(outbox, row_id) == (State.REJECTED, Reason.PARTLY_FOUND)
    with pytest.raises(OutboxRefusal, match="parti"):
        outbox.withdraw(row_id)


def test_the_content_is_read_when_the_dmp_tells_no_hash(outbox: Outbox, worker: Worker, dmp: ScriptedDmp) -> None:
    dmp.tells_hash = False
    row_id = _queued(outbox)
    assert worker.drain(10)
    assert _state(outbox, row_id) == (State.CONFIRMED, Reason.NONE)
    assert dmp.calls["read"] == 1
    assert outbox.verify().length == 3, "send, search, read"


def test_a_content_that_is_not_ours_is_told(outbox: Outbox, worker: Worker, dmp: ScriptedDmp) -> None:
    dmp.tells_hash = False
    dmp.fails("read", lambda: dmp.stored.update({f"{ARC}.1.0.1": (b"autre", b"", "")}))
    row_id = _queued(outbox)
    assert worker.drain(10)
    assert _state(outbox, row_id) == (State.REJECTED, Reason.OTHER_CONTENT)


def test_a_dmp_that_lets_nothing_be_read_leaves_the_row_accepted(
    outbox: Outbox, worker: Worker, dmp: ScriptedDmp
) -> None:
    dmp.tells_hash = False
    dmp.fails("read", DmpAccessDenied("lecture interdite"))
    row_id = _queued(outbox)
    assert worker.drain(10)
    assert _state(outbox, row_id) == (State.ACCEPTED, Reason.READ_BACK_DENIED)
    outbox.retry(row_id)
    assert worker.drain(10)
    assert _state(outbox, row_id) == (State.CONFIRMED, Reason.NONE)
    assert dmp.calls["submit"] == 1


@pytest.mark.parametrize("fault", [DmpUnreachable("absent"), OutcomeUnknown("silence"), DmpRejected("refus")])
def test_a_read_back_that_fails_is_done_later(
    outbox: Outbox, worker: Worker, dmp: ScriptedDmp, fault: DmpError
) -> None:
    dmp.fails("find", fault)
    row_id = _queued(outbox)
    worker.step()
    assert _state(outbox, row_id) == (State.ACCEPTED, Reason.NO_ANSWER)
    assert worker.drain(60)
    assert _state(outbox, row_id) == (State.CONFIRMED, Reason.NONE)
    assert dmp.calls["submit"] == 1


def test_an_accepted_document_that_is_not_found_yet_is_looked_for_again(
    outbox: Outbox, worker: Worker, dmp: ScriptedDmp
) -> None:
    hidden: dict[str, tuple[bytes, bytes, str]] = {}

    def hide() -> None:
        hidden.update(dmp.stored)
        dmp.stored.clear()

    dmp.fails("find", hide, lambda: dmp.stored.update(hidden))
    row_id = _queued(outbox)
    worker.step()
    assert _state(outbox, row_id) == (State.ACCEPTED, Reason.NOT_FOUND)
    assert worker.drain(60)
    assert _state(outbox, row_id) == (State.CONFIRMED, Reason.NONE)


def test_a_confirmed_correction_replaces_its_original(outbox: Outbox, worker: Worker, dmp: ScriptedDmp) -> None:
    rows = [_queued(outbox, 1, version) for version in (1, 2, 3)]
    assert worker.drain(10)
    assert [outbox.row(row_id).state for row_id in rows] == [State.REPLACED, State.REPLACED, State.CONFIRMED]
    assert dmp.order == [f"{ARC}.1.0.{version}" for version in (1, 2, 3)]


def test_an_original_of_two_documents_is_replaced_when_both_are(outbox: Outbox, worker: Worker) -> None:
    original = outbox.enqueue(deposit(forms=("cda", "fhir")), destination="dmp")
    outbox.enqueue(deposit(version=2, forms=("cda",)), destination="dmp")
    worker.drain(10)
    assert outbox.row(original).state is State.CONFIRMED


def test_a_correction_whose_original_is_stopped_waits_for_it(outbox: Outbox, worker: Worker, dmp: ScriptedDmp) -> None:
    dmp.fails("submit", DmpRejected("refus", code="invalid"))
    original, correction, other = _queued(outbox, 1, 1), _queued(outbox, 1, 2), _queued(outbox, 2)
    worker.drain(10)
    assert _state(outbox, original) == (State.REJECTED, Reason.REFUSED)
    assert _state(outbox, correction) == (State.BLOCKED, Reason.PREDECESSOR)
    assert outbox.row(other).state is State.CONFIRMED
    outbox.retry(original)
    worker.drain(10)
    assert outbox.row(original).state is State.REPLACED
    assert outbox.row(correction).state is State.CONFIRMED


def test_a_short_lease_is_renewed_before_a_send(outbox: Outbox, dmp: ScriptedDmp, clock: Clock) -> None:
    worker = new_worker(outbox, dmp, clock, Policy(lease_s=100, exchange_s=90))
    dmp.fails("patient_status", lambda: clock.sleep(50))
    dmp.fails("submit", lambda: clock.sleep(80))
    row_id = _queued(outbox)
    worker.step()
    assert outbox.row(row_id).state is State.CONFIRMED


def test_drain_ends_with_its_time(outbox: Outbox, worker: Worker, dmp: ScriptedDmp, clock: Clock) -> None:
    dmp.fails("submit", *[DmpUnreachable("absent", retry_after_s=30)] * 100)
    _queued(outbox)
    start = clock.now
    assert not worker.drain(100)
    assert (clock.now - start).total_seconds() <= 101


def test_run_works_until_it_is_told_to_stop(outbox: Outbox, dmp: ScriptedDmp) -> None:
    stop = threading.Event()
    rows = [_queued(outbox, visit) for visit in range(1, 6)]
    dmp.fails("submit", None, None, None, None, stop.set)
    Worker(outbox, {"dmp": lambda: dmp}, clock=outbox._clock).run(stop, poll_s=0.01)
    assert [outbox.row(row_id).state for row_id in rows] == [State.CONFIRMED] * 5


def test_an_opposition_between_claim_and_send_stops_the_send(outbox: Outbox, worker: Worker, dmp: ScriptedDmp) -> None:
    dmp.fails("patient_status", lambda: outbox.record_opposition(ins()))
    row_id = _queued(outbox)
    worker.drain(10)
    assert _state(outbox, row_id) == (State.BLOCKED, Reason.OPPOSITION)
    assert dmp.calls["submit"] == 0


@pytest.mark.parametrize("fault", [DmpUnreachable, OutcomeUnknown])
def test_a_wait_without_measure_is_cut_to_a_day(
    outbox: Outbox, worker: Worker, dmp: ScriptedDmp, clock: Clock, fault: type[DmpError]
) -> None:
    dmp.fails("submit", fault("surcharge", retry_after_s=9e10))
    row_id = _queued(outbox)
    worker.step()
    due = outbox.row(row_id).due_at
    assert due is not None
    assert 86_000 < (due - clock()).total_seconds() <= 86_401
    clock.sleep(86_402)
    assert worker.drain(60)
    assert _state(outbox, row_id) == (State.CONFIRMED, Reason.NONE)


def test_a_clock_that_was_years_ahead_holds_nothing_back(
    outbox: Outbox, worker: Worker, dmp: ScriptedDmp, clock: Clock
) -> None:
    clock.sleep(10 * 365 * 86_400)
    dmp.fails("patient_status", DmpUnreachable("absent"))
    waiting = _queued(outbox)
    worker.step()
    assert _state(outbox, waiting) == (State.QUEUED, Reason.UNREACHABLE)
    sending = outbox.enqueue(deposit(2, patient=2), destination="dmp")
    assert outbox.claim(("dmp",), 60) is not None
    clock.sleep(-10 * 365 * 86_400)
    assert worker.drain(60), "the same worker, its pauses and what it remembers included"
    assert [outbox.row(row_id).state for row_id in (waiting, sending)] == [State.CONFIRMED] * 2
    assert set(dmp.copies.values()) == {1}


def test_what_a_person_can_mend_is_named(outbox: Outbox, dmp: ScriptedDmp, clock: Clock) -> None:
    dmp.fails("patient_status", *[DmpUnreachable("x", code="certificate-expired")] * 2)
    row_id = _queued(outbox)
    worker = new_worker(outbox, dmp, clock, Policy(max_attempts=2))
    worker.step()
    said = outbox.row(row_id).explanation
    assert said == "Le certificat du DMP a expiré, ou l'horloge de ce poste avance ; un nouvel essai est prévu."
    assert worker.drain(60)
    assert outbox.row(row_id).dead
    assert outbox.row(row_id).explanation.endswith(" ; les essais sont épuisés, à rejouer.")


@pytest.mark.parametrize("method", ["patient_status", "submit"])
@pytest.mark.parametrize(
    "fault",
    [
        DmpRejected("refus", code="XDSNonIdenticalHash", details=("empreinte différente", "slot hash")),
        DmpAccessDenied("refus", code="DMPInvalidCertificate", details=("empreinte différente", "slot hash")),
        DmpUnreachable("occupé", code="XDSRegistryBusy", details=("empreinte différente", "slot hash")),
    ],
)
def test_what_the_dmp_said_beside_its_code_is_kept_until_the_next_attempt(
    outbox: Outbox, worker: Worker, dmp: ScriptedDmp, fault: DmpError, method: str
) -> None:
    dmp.fails(method, fault)
    row_id = _queued(outbox)
    worker.step()
    assert outbox.row(row_id).dmp_said == "empreinte différente ; slot hash"
    if outbox.row(row_id).state is not State.QUEUED:
        outbox.retry(row_id)
    worker.drain(600)
    assert (outbox.row(row_id).state, outbox.row(row_id).dmp_said) == (State.CONFIRMED, "")


def test_a_deposit_that_the_dmp_has_no_room_for_holds_up_no_other(
    outbox: Outbox, worker: Worker, dmp: ScriptedDmp
) -> None:
    dmp.fails("submit", DepositBusy("trop", code="XDSRepositoryOutOfResources"))
    first, second = _queued(outbox, 1), _queued(outbox, 2)
    worker.step()
    assert _state(outbox, first) == (State.QUEUED, Reason.UNREACHABLE)
    worker.step()
    assert _state(outbox, second) == (State.CONFIRMED, Reason.NONE)


def test_a_deposit_that_the_dmp_never_has_room_for_is_given_up_with_its_reason(
    outbox: Outbox, dmp: ScriptedDmp, clock: Clock
) -> None:
    worker = new_worker(outbox, dmp, clock, Policy(max_attempts=3))
    dmp.fails("submit", *(DepositBusy("trop", code="XDSRepositoryOutOfResources"),) * 3)
    row_id = _queued(outbox)
    worker.drain(100_000)
    row = outbox.row(row_id)
    assert (row.state, row.dead, row.attempts) == (State.QUEUED, True, 3)
    assert "trop volumineux" in row.explanation
    assert "les essais sont épuisés" in row.explanation
