"""What can happen to a file: each fault is told in French, with its own type, and loses nothing."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

import pytest

from adapter.errors import OutboxError
from adapter.outbox import Outbox, OutboxBusy, OutboxDamaged, OutboxFull, State, Worker, trail
from adapter.outbox.database import Record
from adapter.outbox.rows import read_page
from adapter.outbox.sqlite import SqliteDatabase
from tests.outbox.conftest import Clock
from tests.outbox.deposits import deposit
from tests.outbox.scripted_dmp import ScriptedDmp


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


@pytest.fixture
def outbox(path: Path, clock: Clock) -> Iterator[Outbox]:
    with Outbox.open(f"sqlite:///{path}", key="", clock=clock) as opened:
        yield opened


def _database(outbox: Outbox) -> SqliteDatabase:
    assert isinstance(outbox._database, SqliteDatabase)
    return outbox._database


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """The file while another program writes into it."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_every_commit_reaches_the_disk(outbox: Outbox) -> None:
    with _database(outbox).reading() as session:
        assert session.run("PRAGMA journal_mode") == [("wal",)]
        assert session.run("PRAGMA synchronous") == [(2,)]
        assert session.run("PRAGMA secure_delete") == [(1,)]


def test_the_file_is_for_its_owner_only(outbox: Outbox, path: Path) -> None:
    outbox.enqueue(deposit(), destination="dmp")
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


def test_a_disk_that_is_full_is_told_and_loses_nothing(outbox: Outbox, dmp: ScriptedDmp, clock: Clock) -> None:
    first = outbox.enqueue(deposit(1), destination="dmp")
    connection = _database(outbox)._connection()
    ((pages,),) = connection.execute("PRAGMA page_count").fetchall()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(OutboxFull, match="plein") as told:
        outbox.enqueue(deposit(2, size=200_000), destination="dmp")
    assert "visite" not in str(told.value)
    assert [row.id for row in outbox.rows()] == [first]
    connection.execute("PRAGMA max_page_count = 1000000")
    second = outbox.enqueue(deposit(2, size=200_000), destination="dmp")
    assert Worker(outbox, {"dmp": lambda: dmp}, clock=clock).drain(10)
    assert [outbox.row(row_id).state for row_id in (first, second)] == [State.CONFIRMED] * 2


def test_a_disk_that_fills_up_during_a_send_doubles_nothing(outbox: Outbox, dmp: ScriptedDmp, clock: Clock) -> None:
    # Thirty documents: the trace of the deposit needs more than the room left.
    row_id = outbox.enqueue(deposit(forms=tuple(f"f{rank}" for rank in range(30))), destination="dmp")
    connection = _database(outbox)._connection()

    def fill() -> None:
        ((pages,),) = connection.execute("PRAGMA page_count").fetchall()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    dmp.fails("submit", fill)
    worker = Worker(outbox, {"dmp": lambda: dmp}, clock=clock, sleep=clock.sleep)
    with pytest.raises(OutboxFull):
        worker.step()
    assert outbox.row(row_id).state is State.SENDING
    connection.execute("PRAGMA max_page_count = 1000000")
    assert worker.drain(600)
    assert outbox.row(row_id).state is State.CONFIRMED
    assert set(dmp.copies.values()) == {1}
    assert outbox.verify().sound


def test_a_file_that_another_program_holds_is_waited_for_then_told(path: Path, clock: Clock) -> None:
    Outbox.open(f"sqlite:///{path}", key="").close()
    outbox = Outbox.open(f"sqlite:///{path}", key="", clock=clock)
    _database(outbox)._connection().execute("PRAGMA busy_timeout = 50")
    with _locked(path), pytest.raises(OutboxBusy, match="occupée"):
        outbox.enqueue(deposit(), destination="dmp")
    assert outbox.enqueue(deposit(), destination="dmp") == 1
    outbox.close()


def test_a_worker_waits_for_a_file_that_is_held(outbox: Outbox, path: Path, dmp: ScriptedDmp, clock: Clock) -> None:
    import threading

    row_id = outbox.enqueue(deposit(), destination="dmp")
    stop = threading.Event()
    dmp.fails("find", stop.set)
    worker = Worker(outbox, {"dmp": lambda: dmp}, clock=clock)

    def work() -> None:
        _database(outbox)._connection().execute("PRAGMA busy_timeout = 50")
        worker.run(stop, poll_s=0.01)

    thread = threading.Thread(target=work)
    with _locked(path):
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
    thread.join(20)
    assert not thread.is_alive()
    assert outbox.row(row_id).state is State.CONFIRMED


def test_a_file_that_is_no_queue_is_told_and_left_alone(path: Path) -> None:
    path.write_bytes(b"Ceci n'est pas une base de donnees. " * 100)
    before = path.read_bytes()
    with pytest.raises(OutboxDamaged, match="Ne pas le supprimer"):
        Outbox.open(f"sqlite:///{path}", key="")
    assert path.read_bytes() == before


def test_a_corrupt_file_is_told(outbox: Outbox, path: Path) -> None:
    for visit in range(1, 30):
        outbox.enqueue(deposit(visit, size=3000), destination="dmp")
    outbox.close()
    content = bytearray(path.read_bytes())
    for page in range(3, len(content) // 4096, 2):
        content[page * 4096 : page * 4096 + 200] = os.urandom(200)
    path.write_bytes(content)
    with pytest.raises(OutboxDamaged, match="endommagé"):
        Outbox.open(f"sqlite:///{path}", key="")


def test_damage_that_comes_later_is_found_by_verify(outbox: Outbox, path: Path) -> None:
    for visit in range(1, 30):
        outbox.enqueue(deposit(visit, size=3000), destination="dmp")
    outbox.close()
    with Outbox.open(f"sqlite:///{path}", key="") as reopened:
        content = bytearray(path.read_bytes())
        for page in range(3, len(content) // 4096, 2):
            content[page * 4096 : page * 4096 + 200] = os.urandom(200)
        path.write_bytes(content)
        with pytest.raises(OutboxDamaged):
            reopened.verify()


def test_a_place_that_does_not_exist_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutboxError, match="ni lu ni créé : le dossier n'existe pas"):
        Outbox.open(f"sqlite:///{tmp_path / 'absent' / 'outbox.db'}", key="")
    with pytest.raises(OutboxError, match="ni lu ni créé : c'est un dossier"):
        Outbox.open(f"sqlite:///{tmp_path}", key="")


@pytest.mark.parametrize("url", ["outbox.db", "sqlite://", "sqlite:///", "mysql://x/y", ""])
def test_an_address_that_is_none_is_told(url: str) -> None:
    with pytest.raises(OutboxError, match="sqlite:///fichier"):
        Outbox.open(url, key="")


def test_a_forked_process_opens_its_own_connection(outbox: Outbox) -> None:
    outbox.enqueue(deposit(1), destination="dmp")
    child = os.fork()
    if child == 0:
        try:
            outbox.enqueue(deposit(2), destination="dmp")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert len(list(outbox.rows())) == 2
    assert outbox.verify().sound


def test_an_unreadable_row_is_put_aside_and_the_others_leave(
    outbox: Outbox, path: Path, dmp: ScriptedDmp, clock: Clock
) -> None:
    broken, emptied, good = (outbox.enqueue(deposit(visit), destination="dmp") for visit in (1, 2, 3))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE outbox_part SET body = x'007b' WHERE row_id = ? AND position = 0", (broken,))
        connection.execute("DELETE FROM outbox_part WHERE row_id = ?", (emptied,))
    connection.close()
    assert Worker(outbox, {"dmp": lambda: dmp}, clock=clock).drain(10)
    for row_id in (broken, emptied):
        row = outbox.row(row_id)
        assert (row.state, row.dead, row.reason) == (State.QUEUED, True, "unreadable")
        assert "illisible" in row.explanation
    assert outbox.row(good).state is State.CONFIRMED


@pytest.mark.parametrize("forged", ["cast(event AS TEXT)", "cast(x'ff41' AS TEXT)", "42"])
def test_an_event_that_is_no_longer_bytes_breaks_the_chain(
    outbox: Outbox, path: Path, dmp: ScriptedDmp, clock: Clock, forged: str
) -> None:
    outbox.enqueue(deposit(), destination="dmp")
    Worker(outbox, {"dmp": lambda: dmp}, clock=clock).drain(10)
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE outbox_audit SET event = {forged} WHERE seq = 2")
    connection.close()
    assert outbox.verify().broken_at == 2
    assert len(list(outbox.export_audit())) == 2, "what is left can still be taken out"


@pytest.mark.parametrize("damage", ["state = 'quexed'", "state = cast(x'ff71' AS TEXT)", "reason = 'nonsense'"])
def test_a_damaged_value_is_told_as_damage(outbox: Outbox, path: Path, damage: str) -> None:
    row_id = outbox.enqueue(deposit(), destination="dmp")
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE outbox_row SET {damage}")
    connection.close()
    for look in (lambda: outbox.row(row_id), lambda: list(outbox.rows()), lambda: outbox.retry(row_id)):
        with pytest.raises(OutboxDamaged, match="valeur inconnue"):
            look()
    if damage.startswith("state"):
        with pytest.raises(OutboxDamaged, match="valeur inconnue"):
            outbox.counts()
        with pytest.raises(OutboxDamaged, match="valeur inconnue"):
            outbox.claim(("dmp",), 60)


def test_a_cut_row_that_cannot_be_read_may_have_left(outbox: Outbox, path: Path, clock: Clock) -> None:
    row_id = outbox.enqueue(deposit(), destination="dmp")
    assert outbox.claim(("dmp",), 60) is not None
    with sqlite3.connect(path) as connection:
        ((kept,),) = connection.execute("SELECT body FROM outbox_part WHERE position = 0").fetchall()
        connection.execute("UPDATE outbox_part SET body = x'007b' WHERE position = 0")
    clock.sleep(61)
    assert outbox.claim(("dmp",), 60) is None
    row = outbox.row(row_id)
    assert (row.state, row.dead, row.reason) == (State.UNKNOWN, True, "unreadable")
    with connection:
        connection.execute("UPDATE outbox_part SET body = ? WHERE position = 0", (kept,))
    connection.close()
    outbox.retry(row_id)
    claim = outbox.claim(("dmp",), 60)
    assert claim is not None
    assert claim.state is State.UNKNOWN, "searched, not sent again"


class _Upside:
    """A damaged tree: the same records whatever is asked for."""

    def run(self, statement: str, **values: object) -> list[Record]:
        return [(2, b"{}", "x"), (1, b"{}", "x")]

    def run_many(self, statement: str, values: object) -> None:
        raise AssertionError


def test_numbers_that_do_not_go_up_end_the_reading() -> None:
    with pytest.raises(OutboxDamaged, match="ne se suivent plus"):
        trail.page(_Upside(), 0)
    with pytest.raises(OutboxDamaged, match="ne se suivent plus"):
        read_page(_Upside(), 5, {})


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM outbox_meta WHERE name = 'digest_secret'",
        "UPDATE outbox_meta SET value = 'zz' WHERE name = 'digest_secret'",
    ],
)
def test_a_lost_secret_is_told(path: Path, damage: str) -> None:
    Outbox.open(f"sqlite:///{path}", key="").close()
    with sqlite3.connect(path) as connection:
        connection.execute(damage)
    connection.close()
    with pytest.raises(OutboxDamaged, match="secret"):
        Outbox.open(f"sqlite:///{path}", key="")


def test_bytes_changed_at_random_are_damage_or_nothing(path: Path, tmp_path: Path) -> None:
    with Outbox.open(f"sqlite:///{path}", key="") as outbox:
        for visit in (1, 2, 3):
            outbox.enqueue(deposit(visit), destination="dmp")
    whole, random = path.read_bytes(), Random(5)
    for rank in range(60):
        changed = bytearray(whole)
        for _ in range(random.choice((1, 3, 40))):
            changed[random.randrange(len(whole) if rank % 3 else 4096)] = random.randrange(256)
        file = tmp_path / f"{rank}.db"
        file.write_bytes(changed)
        with suppress(OutboxError), Outbox.open(f"sqlite:///{file}", key="") as outbox:
            assert len(list(outbox.rows())) <= 3
            outbox.verify()
            assert len(list(outbox.export_audit())) == 0
            Worker(outbox, {"dmp": ScriptedDmp}).step()


@pytest.mark.parametrize(
    "damage", ["DELETE FROM outbox_chain", "UPDATE outbox_chain SET id = 7", "UPDATE outbox_chain SET seq = 'x'"]
)
def test_a_chain_whose_head_is_lost_is_told(path: Path, damage: str) -> None:
    with Outbox.open(f"sqlite:///{path}", key="") as outbox:
        outbox.enqueue(deposit(), destination="dmp")
    with sqlite3.connect(path) as connection:
        connection.execute(damage)
    connection.close()
    with Outbox.open(f"sqlite:///{path}", key="") as outbox:
        with pytest.raises(OutboxDamaged, match="trace"):
            outbox.verify()
        with pytest.raises(OutboxDamaged, match="trace"):
            Worker(outbox, {"dmp": ScriptedDmp}).step()


def test_a_column_or_a_format_that_damage_renamed_is_told(path: Path) -> None:
    with Outbox.open(f"sqlite:///{path}", key="") as outbox:
        outbox.enqueue(deposit(), destination="dmp")
    whole = path.read_bytes()
    path.write_bytes(whole[:44] + (9).to_bytes(4) + whole[48:])  # schema format number of the header
    with pytest.raises(OutboxDamaged):
        Outbox.open(f"sqlite:///{path}", key="")
    path.write_bytes(
        whole.replace(b"recorded_at BIGINT NOT NULL,\n        event", b"recorded_ax BIGINT NOT NULL,\n        event")
    )
    with Outbox.open(f"sqlite:///{path}", key="") as outbox, pytest.raises(OutboxDamaged):
        Worker(outbox, {"dmp": ScriptedDmp}).step()
