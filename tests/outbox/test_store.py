from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from adapter.errors import DmpAccessDenied, DmpRejected, OutcomeUnknown
from adapter.outbox import (
    Disclosure,
    LeaseLost,
    Outbox,
    OutboxConflict,
    OutboxRefusal,
    Reason,
    Settlement,
    State,
    Worker,
)
from tests.outbox.conftest import Clock
from tests.outbox.deposits import deposit, ins, with_other_bytes
from tests.outbox.scripted_dmp import ScriptedDmp


def test_a_row_tells_everything_but_the_patient(outbox: Outbox, clock: Clock) -> None:
    submission = deposit(forms=("cda", "fhir"))
    row = outbox.row(outbox.enqueue(submission, destination="dmp", form="both", endpoint="https://dmp.example.org"))
    assert (row.state, row.dead, row.reason, row.attempts, row.form) == (State.QUEUED, False, Reason.NONE, 0, "both")
    assert (row.destination, row.endpoint) == ("dmp", "https://dmp.example.org")
    assert row.unique_ids == tuple(entry.unique_id for entry in submission.entries)
    assert row.set_unique_id == submission.set.unique_id
    assert row.size_bytes == sum(map(len, submission.contents))
    assert row.created_at == row.updated_at == row.due_at == clock.now
    assert ins().value not in repr(row)


def test_the_same_deposit_twice_is_one_row(outbox: Outbox) -> None:
    assert outbox.enqueue(deposit(), destination="dmp") == outbox.enqueue(deposit(), destination="dmp")
    assert len(list(outbox.rows())) == 1


def test_the_same_deposit_for_two_destinations_is_two_rows(outbox: Outbox) -> None:
    assert outbox.enqueue(deposit(), destination="dmp") != outbox.enqueue(deposit(), destination="other")


def test_the_same_document_with_other_bytes_is_a_conflict(outbox: Outbox) -> None:
    outbox.enqueue(deposit(), destination="dmp")
    with pytest.raises(OutboxConflict, match="autre contenu"):
        outbox.enqueue(with_other_bytes(deposit()), destination="dmp")


def test_the_same_key_with_other_bytes_is_a_conflict(outbox: Outbox) -> None:
    outbox.enqueue(deposit(1), destination="dmp", idempotency_key="visite-1")
    with pytest.raises(OutboxConflict):
        outbox.enqueue(deposit(2), destination="dmp", idempotency_key="visite-1")


def test_a_document_stands_in_one_deposit_only(outbox: Outbox) -> None:
    outbox.enqueue(deposit(forms=("cda",)), destination="dmp")
    with pytest.raises(OutboxConflict, match="autre dépôt"):
        outbox.enqueue(deposit(forms=("cda", "fhir")), destination="dmp")


def test_an_older_version_is_refused_once_a_newer_one_left(outbox: Outbox, worker: Worker, dmp: ScriptedDmp) -> None:
    dmp.stored["1.2.250.1.999.1.1.0.1"] = (b"", b"", "")
    outbox.enqueue(deposit(version=2), destination="dmp")
    worker.drain(10)
    with pytest.raises(OutboxConflict, match="plus récente"):
        outbox.enqueue(deposit(version=1), destination="dmp")


@pytest.mark.parametrize("fault", ["hash", "missing", "patient"])
def test_values_that_contradict_each_other_are_refused(outbox: Outbox, fault: str) -> None:
    from dataclasses import replace

    good = deposit(forms=("cda", "fhir"))
    bad = {
        "hash": replace(good, contents=(good.contents[0], b"autre")),
        "missing": replace(good, contents=good.contents[:1]),
        "patient": replace(good, entries=(good.entries[0], replace(good.entries[1], patient_id=ins(2)))),
    }[fault]
    with pytest.raises(OutboxRefusal):
        outbox.enqueue(bad, destination="dmp")
    assert list(outbox.rows()) == []


def test_rows_are_filtered_and_paged(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapter.outbox.rows.PAGE", 2)
    ids = [outbox.enqueue(deposit(n, patient=n % 2), destination="ab"[n % 2]) for n in range(5)]
    outbox.withdraw(ids[3])
    assert [row.id for row in outbox.rows()] == ids
    assert [row.id for row in outbox.rows(state=State.WITHDRAWN)] == [ids[3]]
    assert [row.id for row in outbox.rows(destination="b", state=State.QUEUED)] == [ids[1]]
    assert [row.id for row in outbox.rows(patient=ins(0))] == [ids[0], ids[2], ids[4]]
    assert list(outbox.rows(dead=True)) == []
    assert list(outbox.rows(reason=Reason.OPPOSITION)) == []
    assert outbox.counts() == {State.QUEUED: 4, State.WITHDRAWN: 1}


def test_an_unknown_row_is_refused(outbox: Outbox) -> None:
    for act in (outbox.row, outbox.withdraw, outbox.retry):
        with pytest.raises(OutboxRefusal, match="pas dans la file"):
            act(99)


def test_a_withdrawn_deposit_may_be_queued_again(outbox: Outbox, worker: Worker, dmp: ScriptedDmp) -> None:
    first = outbox.enqueue(deposit(), destination="dmp")
    outbox.withdraw(first)
    assert outbox.row(first).state is State.WITHDRAWN
    second = outbox.enqueue(with_other_bytes(deposit()), destination="dmp")
    assert second != first
    worker.drain(10)
    assert outbox.row(first).state is State.WITHDRAWN
    assert outbox.row(second).state is State.CONFIRMED
    assert dmp.calls["submit"] == 1


def test_what_left_or_may_have_left_cannot_be_withdrawn(outbox: Outbox, worker: Worker, dmp: ScriptedDmp) -> None:
    row_id = outbox.enqueue(deposit(), destination="dmp")
    dmp.fails("submit", OutcomeUnknown("silence"))
    worker.step()
    assert outbox.row(row_id).state is State.UNKNOWN
    with pytest.raises(OutboxRefusal):
        outbox.withdraw(row_id)
    worker.drain(60)
    assert outbox.row(row_id).state is State.CONFIRMED
    with pytest.raises(OutboxRefusal):
        outbox.withdraw(row_id)
    with pytest.raises(OutboxRefusal, match="rien à rejouer"):
        outbox.retry(row_id)


def test_an_opposition_stops_waiting_and_later_rows(outbox: Outbox, worker: Worker, dmp: ScriptedDmp) -> None:
    waiting = outbox.enqueue(deposit(1, patient=1), destination="dmp")
    other = outbox.enqueue(deposit(2, patient=2), destination="dmp")
    assert outbox.record_opposition(ins(1)) == 1
    assert outbox.record_opposition(ins(1)) == 0
    assert outbox.opposed(ins(1))
    assert not outbox.opposed(ins(2))
    later = outbox.enqueue(deposit(3, patient=1), destination="dmp")
    worker.drain(10)
    for row_id in (waiting, later):
        row = outbox.row(row_id)
        assert (row.state, row.reason) == (State.BLOCKED, Reason.OPPOSITION)
        assert row.explanation == "Le patient s'est opposé au dépôt."
    assert outbox.row(other).state is State.CONFIRMED
    assert dmp.calls["submit"] == 1


def test_a_stopped_row_leaves_once_the_opposition_is_lifted_and_the_row_retried(outbox: Outbox, worker: Worker) -> None:
    row_id = outbox.enqueue(deposit(), destination="dmp")
    outbox.record_opposition(ins())
    with pytest.raises(OutboxRefusal, match="opposition"):
        outbox.retry(row_id)
    outbox.lift_opposition(ins())
    assert not outbox.opposed(ins())
    worker.drain(10)
    assert outbox.row(row_id).state is State.BLOCKED
    outbox.retry(row_id)
    worker.drain(10)
    assert outbox.row(row_id).state is State.CONFIRMED


def test_the_purge_takes_the_content_and_leaves_the_trace(
    outbox: Outbox, worker: Worker, dmp: ScriptedDmp, clock: Clock
) -> None:
    done = outbox.enqueue(deposit(1), destination="dmp")
    worker.drain(10)
    dmp.fails("submit", DmpAccessDenied("certificat"))
    blocked = outbox.enqueue(deposit(2), destination="dmp")
    worker.drain(10)
    clock.sleep(3600)
    recent = outbox.enqueue(deposit(3), destination="dmp")
    worker.drain(10)
    clock.sleep(1800)
    assert outbox.purge(timedelta(minutes=45)) == 1
    assert outbox.purge(timedelta(minutes=45)) == 0
    assert [outbox.row(row_id).purged for row_id in (done, blocked, recent)] == [True, False, False]
    assert outbox.row(done).state is State.CONFIRMED
    assert outbox.enqueue(deposit(1), destination="dmp") == done
    assert outbox.verify().sound
    outbox.retry(blocked)
    worker.drain(10)
    assert outbox.row(blocked).state is State.CONFIRMED


def test_a_purged_rejection_cannot_be_replayed(outbox: Outbox, worker: Worker, dmp: ScriptedDmp, clock: Clock) -> None:
    dmp.fails("submit", DmpRejected("refus", code="invalid"))
    row_id = outbox.enqueue(deposit(), destination="dmp")
    worker.drain(10)
    clock.sleep(10)
    assert outbox.purge(timedelta()) == 1
    with pytest.raises(OutboxRefusal, match="purgé"):
        outbox.retry(row_id)


def test_a_lease_keeps_others_away_until_it_ends(outbox: Outbox, clock: Clock) -> None:
    row_id = outbox.enqueue(deposit(), destination="dmp")
    claim = outbox.claim(("dmp",), 60)
    assert claim is not None
    assert claim.submission == deposit()
    assert outbox.row(row_id).state is State.SENDING
    assert outbox.claim(("dmp",), 60) is None
    with pytest.raises(OutboxRefusal, match="rien à rejouer"):
        outbox.retry(row_id)
    clock.sleep(30)
    assert outbox.renew(claim, 60) == clock.now + timedelta(seconds=60)
    clock.sleep(45)
    assert outbox.claim(("dmp",), 60) is None
    clock.sleep(20)
    second = outbox.claim(("dmp",), 60)
    assert second is not None
    assert second.state is State.UNKNOWN
    assert outbox.row(row_id).reason is Reason.LEASE_EXPIRED
    assert outbox.verify().length == 1, "what may have left is in the audit trail"
    with pytest.raises(OutboxRefusal, match="entre les mains"):
        outbox.retry(row_id)
    for late in (
        lambda: outbox.renew(claim, 60),
        lambda: outbox.may_send(claim),
        lambda: outbox.settle(claim, Settlement(State.ACCEPTED)),
    ):
        with pytest.raises(LeaseLost):
            late()
    assert outbox.row(row_id).state is State.UNKNOWN


def test_a_late_worker_still_tells_the_audit_trail(outbox: Outbox, clock: Clock) -> None:
    outbox.enqueue(deposit(), destination="dmp")
    claim = outbox.claim(("dmp",), 60)
    assert claim is not None
    clock.sleep(61)
    outbox.claim(("dmp",), 60)
    with pytest.raises(LeaseLost):
        outbox.settle(claim, Settlement(State.ACCEPTED, disclosures=(Disclosure("submit", ("1.2.3",)),)))
    assert outbox.verify().length == 2
    assert outbox.verify().sound


def test_nothing_is_claimed_for_unserved_destinations(outbox: Outbox, clock: Clock) -> None:
    outbox.enqueue(deposit(), destination="dmp")
    assert outbox.claim((), 60) is None
    assert outbox.claim(("other",), 60) is None
    assert outbox.next_due(()) is None
    assert outbox.next_due(("other",)) is None
    assert outbox.next_due(("other", "dmp")) == clock.now


def test_ten_threads_that_queue_the_same_deposit_make_one_row(outbox: Outbox) -> None:
    ids: list[int] = []
    threads = [
        threading.Thread(target=lambda: ids.append(outbox.enqueue(deposit(), destination="dmp"))) for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(ids) == 10
    assert len(set(ids)) == 1
    assert len(list(outbox.rows())) == 1


def test_an_answer_is_kept_for_the_same_request_until_its_row_is_withdrawn(outbox: Outbox) -> None:
    row_id = outbox.enqueue(deposit(), destination="dmp")
    assert outbox.answered("visite-1", "d1") is None
    outbox.keep_answer("visite-1", "d1", row_id, b"first")
    outbox.keep_answer("visite-1", "d1", row_id, b"second")
    assert outbox.answered("visite-1", "d1") == b"first"
    with pytest.raises(OutboxConflict, match="autre contenu"):
        outbox.answered("visite-1", "d2")
    outbox.withdraw(row_id)
    assert outbox.answered("visite-1", "d2") is None


def test_a_listing_may_begin_after_a_row(outbox: Outbox) -> None:
    first, second, third = (outbox.enqueue(deposit(number), destination="dmp") for number in (1, 2, 3))
    assert [row.id for row in outbox.rows(after=first)] == [second, third]
    assert list(outbox.rows(after=third)) == []
