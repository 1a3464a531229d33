"""What can happen to a server; without PostgreSQL here, skipped and told."""

from __future__ import annotations

import time

import psycopg
import pytest

from adapter.errors import OutboxError
from adapter.outbox import Outbox, OutboxBusy, State, Worker
from adapter.outbox.postgres import PostgresDatabase
from tests.outbox.conftest import Clock
from tests.outbox.deposits import deposit
from tests.outbox.scripted_dmp import ScriptedDmp


def test_a_server_that_is_away_is_told_without_its_address() -> None:
    with pytest.raises(OutboxBusy, match="ne répond pas") as told:
        Outbox.open("postgresql://compte:motdepasse@127.0.0.1:9/base?connect_timeout=2", key="")
    assert "motdepasse" not in str(told.value)
    assert told.value.__cause__ is None


def test_a_broken_connection_is_told_then_opened_again(postgres_url: str, dmp: ScriptedDmp, clock: Clock) -> None:
    with Outbox.open(postgres_url, key="", clock=clock) as outbox:
        row_id = outbox.enqueue(deposit(), destination="dmp")

        def cut() -> None:
            assert isinstance(outbox._database, PostgresDatabase)
            own = outbox._database._connection().info.backend_pid
            with psycopg.connect(postgres_url, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", (own,))

        dmp.fails("submit", cut)
        worker = Worker(outbox, {"dmp": lambda: dmp}, clock=clock, sleep=clock.sleep)
        with pytest.raises(OutboxBusy, match="ne répond pas"):
            worker.step()
        assert worker.drain(900), "the document is found, not sent again"
        assert outbox.row(row_id).state is State.CONFIRMED
        assert set(dmp.copies.values()) == {1}
        assert outbox.verify().sound


def test_a_machine_whose_clock_is_wrong_is_refused(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = time.time
    monkeypatch.setattr("adapter.outbox.postgres.time.time", lambda: right() + 300)
    with pytest.raises(OutboxError, match="horloge"):
        Outbox.open(postgres_url, key="")


def test_a_row_that_another_worker_holds_is_stepped_over(postgres_url: str) -> None:
    with Outbox.open(postgres_url, key="") as outbox:
        first, second = (outbox.enqueue(deposit(visit), destination="dmp") for visit in (1, 2))
        with psycopg.connect(postgres_url) as other:
            other.execute("SELECT 1 FROM outbox_row WHERE id = %s FOR UPDATE", (first,))
            claim = outbox.claim(("dmp",), 60)
            assert claim is not None
            assert claim.row_id == second
