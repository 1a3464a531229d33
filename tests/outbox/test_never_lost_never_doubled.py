"""The accidents that a queue must survive, by name."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random

import pytest

from adapter.errors import DmpRejected, DmpUnreachable, OutcomeUnknown
from adapter.outbox import Claim, Destination, Outbox, Policy, QuietLog, Reason, Settlement, State, Worker
from tests.outbox.conftest import Clock, new_worker
from tests.outbox.deposits import ARC, FAMILY, GIVEN, NARRATIVE, deposit, ins
from tests.outbox.scripted_dmp import After, ScriptedDmp


def test_time_out_after_success(outbox: Outbox, worker: Worker, dmp: ScriptedDmp) -> None:
    dmp.fails("submit", After(OutcomeUnknown("délai dépassé")))
    row_id = outbox.enqueue(deposit(), destination="dmp")
    worker.step()
    assert outbox.row(row_id).state is State.UNKNOWN
    assert worker.drain(60)
    assert outbox.row(row_id).state is State.CONFIRMED
    assert dmp.calls["submit"] == 1, "found by uniqueId, never sent again"
    assert dmp.copies == {f"{ARC}.1.0.1": 1}


@pytest.mark.parametrize("arrived", [True, False])
def test_stuck_row_after_restart(outbox: Outbox, url: str, dmp: ScriptedDmp, clock: Clock, arrived: bool) -> None:
    # The program died between its claim and its answer; a new one starts on the same queue.
    row_id = outbox.enqueue(deposit(), destination="dmp")
    claim = outbox.claim(("dmp",), Policy().lease_s)
    assert claim is not None
    if arrived:
        dmp.submit(claim.submission)
    outbox.close()
    with Outbox.open(url, key="", clock=clock) as reopened:
        worker = new_worker(reopened, dmp, clock)
        assert not worker.step(), "the dead program's lease still runs"
        assert worker.drain(Policy().lease_s + 60)
        assert reopened.row(row_id).state is State.CONFIRMED
        assert reopened.verify().sound
    assert dmp.copies == {f"{ARC}.1.0.1": 1}


def test_recovery_racing_workers(outbox: Outbox, dmp: ScriptedDmp, clock: Clock) -> None:
    # A worker stalls in the middle of a send until its lease is over; another one takes the row and sends it; then the
    # first one wakes up and its own request arrives.
    slow, quick = new_worker(outbox, dmp, clock), new_worker(outbox, dmp, clock)

    def stall() -> None:
        clock.sleep(Policy().lease_s + 1)
        while quick.step():
            pass

    dmp.fails("submit", stall)
    row_id = outbox.enqueue(deposit(), destination="dmp")
    slow.step()
    assert outbox.row(row_id).state is State.CONFIRMED
    assert dmp.copies == {f"{ARC}.1.0.1": 1}
    assert dmp.calls["submit"] == 2
    assert outbox.verify().sound


def test_many_workers_share_the_rows_and_send_each_once(outbox: Outbox, dmp: ScriptedDmp, clock: Clock) -> None:
    rows = [
        outbox.enqueue(deposit(visit, version, patient=visit % 5), destination="dmp")
        for version in (1, 2)
        for visit in range(1, 16)
    ]
    faults: list[BaseException] = []

    def work() -> None:
        worker = new_worker(outbox, dmp, clock)
        idle = 0
        while idle < 20:
            try:
                idle = 0 if worker.step() else idle + 1
            except BaseException as fault:
                faults.append(fault)
                raise
            if idle:
                threading.Event().wait(0.01)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []
    assert {outbox.row(row_id).state for row_id in rows[:15]} == {State.REPLACED}
    assert {outbox.row(row_id).state for row_id in rows[15:]} == {State.CONFIRMED}
    assert set(dmp.copies.values()) == {1}
    assert len(dmp.copies) == 30
    assert outbox.verify().sound
    for visit in range(1, 16):
        assert dmp.order.index(f"{ARC}.{visit}.0.1") < dmp.order.index(f"{ARC}.{visit}.0.2")


def test_destination_settings_changed_with_rows_queued(outbox: Outbox, dmp: ScriptedDmp, clock: Clock) -> None:
    def queue(visit: int) -> int:
        return outbox.enqueue(deposit(visit), destination="dmp", endpoint="https://essai.example.org")

    old = Worker(outbox, {"dmp": Destination(lambda: dmp, "https://essai.example.org")}, clock=clock)
    lost = queue(1)
    dmp.fails("submit", After(OutcomeUnknown("silence")))
    old.step()
    waiting = queue(2)

    elsewhere = ScriptedDmp()
    changed = Worker(
        outbox,
        {"dmp": Destination(lambda: elsewhere, "https://reel.example.org")},
        clock=clock,
        sleep=clock.sleep,
    )
    assert changed.drain(60)
    assert elsewhere.calls == {}, "nothing made for one address goes to another by itself"
    assert (outbox.row(waiting).state, outbox.row(waiting).reason) == (State.BLOCKED, Reason.DESTINATION_CHANGED)
    assert (outbox.row(lost).state, outbox.row(lost).dead) == (State.UNKNOWN, True)
    assert outbox.row(lost).reason is Reason.DESTINATION_CHANGED

    # The destination is taken out of the settings: the rows stay, and nothing fails.
    gone = Worker(outbox, {"other": lambda: elsewhere}, clock=clock)
    outbox.retry(waiting)
    assert not gone.step()
    assert outbox.row(waiting).state is State.QUEUED

    # A person confirmed the new address for one row; the other one goes back to the old address.
    assert changed.drain(60)
    assert outbox.row(waiting).state is State.CONFIRMED
    assert elsewhere.copies == {f"{ARC}.2.0.1": 1}
    outbox.retry(lost)
    assert new_worker(outbox, dmp, clock).drain(60)
    assert outbox.row(lost).state is State.CONFIRMED
    assert dmp.copies == {f"{ARC}.1.0.1": 1}


class _Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def test_10_000_failures_do_not_flood_the_log(outbox: Outbox, dmp: ScriptedDmp, clock: Clock) -> None:
    records, logger = _Records(), logging.Logger("outbox")
    logger.addHandler(records)
    seconds = [0.0]
    log = QuietLog(logger, every_s=60, monotonic=lambda: seconds[0])
    for _ in range(10_000):
        log.tell(logging.WARNING, "dmp", "injoignable")
        seconds[0] += 0.03
    log.flush()
    assert len(records.lines) <= 7
    assert records.lines[0] == "dmp : injoignable"
    told = sum(int(line.split("(")[1].split()[0]) if "(" in line else 1 for line in records.lines)
    assert told == 10_000, "every failure is counted"

    # The same through the queue itself: a hundred refused rows are one line.
    records.lines.clear()
    worker = Worker(
        outbox, {"dmp": lambda: dmp}, clock=clock, sleep=clock.sleep, random=Random(1), log=QuietLog(logger)
    )
    rows = range(1, 101)
    for visit in rows:
        outbox.enqueue(deposit(visit), destination="dmp")
    dmp.fails("submit", *[DmpRejected(f"refus de {FAMILY}", code="x") for _ in rows])
    while worker.step():
        pass
    assert outbox.counts() == {State.REJECTED: 100}
    assert len(records.lines) == 1
    assert FAMILY not in "".join(records.lines)


class _Flood(Outbox):
    """A queue without a disk: as many rows as asked, each forgotten once settled."""

    def __init__(self, rows: int, clock: Clock) -> None:
        self._left = rows
        self._clock = clock
        self.settled: Counter[State] = Counter()

    def claim(self, destinations: Sequence[str], lease_s: float) -> Claim | None:
        if not destinations or not self._left:
            return None
        self._left -= 1
        until = self._clock() + timedelta(seconds=lease_s)
        return Claim(self._left, "t", State.SENDING, "dmp", "", str(self._left), 1, until, _SUBMISSION)

    def may_send(self, claim: Claim) -> bool:
        return True

    def settle(self, claim: Claim, settlement: Settlement) -> State:
        self.settled[settlement.state] += 1
        return settlement.state


_SUBMISSION = deposit()


@pytest.mark.parametrize(
    ("method", "fault", "state"),
    [
        ("submit", DmpRejected(f"refus de {FAMILY}", code=FAMILY), State.REJECTED),
        ("submit", OutcomeUnknown(NARRATIVE, code=GIVEN), State.UNKNOWN),
        ("patient_status", DmpUnreachable(GIVEN, code=FAMILY), State.QUEUED),
    ],
)
def test_10_000_failures_of_the_worker_are_a_few_lines(
    clock: Clock, method: str, fault: BaseException, state: State
) -> None:
    records, logger, dmp = _Records(), logging.Logger("outbox"), ScriptedDmp()
    logger.addHandler(records)
    dmp.fails(method, *[fault] * 10_000)
    outbox = _Flood(10_000, clock)
    log = QuietLog(logger, monotonic=lambda: 0.0)
    worker = Worker(outbox, {"dmp": lambda: dmp}, clock=clock, sleep=clock.sleep, random=Random(1), log=log)
    while outbox.settled.total() < 10_000:
        if not worker.step():  # the destination is left alone for a while
            clock.sleep(3600)
    log.flush()
    assert outbox.settled == {state: 10_000}
    told = sum(int(line.split("(")[1].split()[0]) if "(" in line else 1 for line in records.lines)
    assert told == 10_000, "every failure is counted"
    assert len(records.lines) <= 2
    assert not [word for word in (FAMILY, GIVEN, NARRATIVE) if word in "".join(records.lines)]


def test_an_outage_does_not_use_up_the_attempts_of_the_rows_behind(
    outbox: Outbox, dmp: ScriptedDmp, clock: Clock
) -> None:
    worker = new_worker(outbox, dmp, clock)
    rows = [outbox.enqueue(deposit(visit), destination="dmp") for visit in range(1, 51)]
    away = [DmpUnreachable("absent")]
    dmp.fails("patient_status", *away * 30)
    assert worker.drain(48 * 3600)
    assert dmp.calls["patient_status"] < 50
    assert {outbox.row(row_id).state for row_id in rows} == {State.CONFIRMED}


def test_opposition_recorded_later(outbox: Outbox, worker: Worker, dmp: ScriptedDmp) -> None:
    # One deposit left without an answer, one waits; then the patient objects.
    arrived = outbox.enqueue(deposit(1), destination="dmp")
    dmp.fails("submit", After(OutcomeUnknown("silence")))
    worker.step()
    lost = outbox.enqueue(deposit(2), destination="dmp")
    dmp.fails("submit", OutcomeUnknown("silence"))
    worker.step()
    waiting = outbox.enqueue(deposit(3), destination="dmp")
    assert outbox.record_opposition(ins()) == 1
    sent = dmp.calls["submit"]
    assert worker.drain(60)
    assert dmp.calls["submit"] == sent, "nothing leaves any more"
    assert outbox.row(arrived).state is State.CONFIRMED, "what the DMP has is told, not hidden"
    for row_id in (lost, waiting):
        assert (outbox.row(row_id).state, outbox.row(row_id).reason) == (State.BLOCKED, Reason.OPPOSITION)


@pytest.mark.parametrize(
    "fault", [DmpUnreachable("absent"), OutcomeUnknown("silence"), After(OutcomeUnknown("silence"))]
)
def test_a_correction_never_overtakes_its_original(
    outbox: Outbox, worker: Worker, dmp: ScriptedDmp, clock: Clock, fault: BaseException
) -> None:
    dmp.fails("submit", fault)
    correction = outbox.enqueue(deposit(version=2), destination="dmp")
    original = outbox.enqueue(deposit(version=1), destination="dmp")
    other = outbox.enqueue(deposit(2), destination="dmp")
    worker.step()
    assert outbox.row(correction).state is State.QUEUED
    assert outbox.row(original).state in (State.QUEUED, State.UNKNOWN)
    clock.sleep(0.001)
    assert worker.drain(120)
    assert dmp.order.index(f"{ARC}.1.0.1") < dmp.order.index(f"{ARC}.1.0.2")
    assert outbox.row(original).state is State.REPLACED
    assert outbox.row(correction).state is State.CONFIRMED
    assert outbox.row(other).state is State.CONFIRMED


def _interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("method", ["patient_status", "submit", "find"])
def test_ctrl_c(outbox: Outbox, worker: Worker, dmp: ScriptedDmp, method: str) -> None:
    step: Callable[[], object] | BaseException = After(KeyboardInterrupt()) if method == "submit" else _interrupt
    dmp.fails(method, step)
    row_id = outbox.enqueue(deposit(), destination="dmp")
    with pytest.raises(KeyboardInterrupt):
        worker.drain(60)
    row = outbox.row(row_id)
    expected = {"patient_status": State.QUEUED, "submit": State.UNKNOWN, "find": State.ACCEPTED}[method]
    assert (row.state, row.reason) == (expected, Reason.INTERRUPTED)
    assert worker.drain(60), "the row is free at once, no lease to wait for"
    assert outbox.row(row_id).state is State.CONFIRMED
    assert dmp.copies == {f"{ARC}.1.0.1": 1}
    assert outbox.verify().sound


def test_a_fault_of_the_program_never_loses_a_row(outbox: Outbox, dmp: ScriptedDmp, clock: Clock) -> None:
    worker = new_worker(outbox, dmp, clock, Policy(max_attempts=2))
    dmp.fails("submit", ZeroDivisionError())
    dmp.fails("find", ZeroDivisionError())
    row_id = outbox.enqueue(deposit(), destination="dmp")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            worker.drain(60)
    assert (outbox.row(row_id).state, outbox.row(row_id).dead) == (State.UNKNOWN, True)
    assert worker.drain(60), "a row that always fails does not hold up the others for ever"
    outbox.retry(row_id)
    assert worker.drain(60)
    assert outbox.row(row_id).state is State.CONFIRMED


def test_no_log_line_names_the_patient(
    outbox: Outbox, worker: Worker, dmp: ScriptedDmp, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    faults = [
        DmpRejected(f"{FAMILY} {ins().value}", code=ins().value),
        OutcomeUnknown(NARRATIVE),
        DmpUnreachable(GIVEN, code=FAMILY),
    ]
    dmp.fails("submit", *faults)
    for visit in (1, 2, 3):
        outbox.enqueue(deposit(visit), destination="dmp")
    worker.drain(600)
    assert caplog.text
    for secret in (FAMILY, GIVEN, NARRATIVE, ins().value):
        assert secret not in caplog.text
