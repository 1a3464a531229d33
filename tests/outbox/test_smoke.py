from __future__ import annotations

from adapter.outbox import Outbox, State, Worker
from tests.outbox.deposits import deposit
from tests.outbox.scripted_dmp import ScriptedDmp


def test_a_deposit_is_sent_and_confirmed(outbox: Outbox, worker: Worker, dmp: ScriptedDmp) -> None:
    row_id = outbox.enqueue(deposit(), destination="dmp", form="cda")
    assert outbox.row(row_id).state is State.QUEUED
    assert worker.drain(10)
    assert outbox.row(row_id).state is State.CONFIRMED
    assert dmp.calls == {"patient_status": 1, "submit": 1, "find": 1}
    assert outbox.verify().sound
    assert outbox.verify().length == 2
