from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from adapter.outbox import Outbox, OutboxDamaged, State, Worker, payload, schema
from adapter.outbox.sealing import patient_digest
from tests.outbox.conftest import Clock
from tests.outbox.deposits import deposit, ins
from tests.outbox.scripted_dmp import ScriptedDmp

FIRST = Path(__file__).with_name("schema-1.sql")


def _first_version(path: Path) -> None:
    """A file that the first version made, with one row that waits, as that version wrote it."""
    submission = deposit()
    secret = bytes(range(1, 33))
    digest = patient_digest(secret, ins().root, ins().value)
    with sqlite3.connect(path) as old:
        old.executescript(FIRST.read_text("utf-8"))
        old.execute(
            "INSERT INTO outbox_row (key, destination, form, patient, state, due_at, created_at, updated_at,"
            " set_unique_id, content_digest, size_bytes) VALUES ('k', 'dmp', 'cda', ?, 'queued', 0, 0, 0, ?, 'd', ?)",
            (digest, submission.set.unique_id, submission.entries[0].size_bytes),
        )
        entry = submission.entries[0]
        old.execute(
            "INSERT INTO outbox_document VALUES (1, 1, 'dmp', ?, ?, 1, ?, '', 1)",
            (digest, entry.set_id, entry.unique_id),
        )
        for position, body in enumerate((payload.to_json(submission), submission.contents[0])):
            old.execute("INSERT INTO outbox_part VALUES (1, ?, ?)", (position, b"\x00" + body))
    old.close()


def test_a_queue_of_the_first_version_is_migrated_and_goes_on(tmp_path: Path, clock: Clock, dmp: ScriptedDmp) -> None:
    path = tmp_path / "old.db"
    _first_version(path)
    with Outbox.open(f"sqlite:///{path}", key="", clock=clock) as outbox:
        (row,) = outbox.rows(patient=ins())
        assert (row.state, row.endpoint) == (State.QUEUED, "")
        outbox.enqueue(deposit(2, patient=2), destination="dmp")
        outbox.record_opposition(ins(2))
        assert Worker(outbox, {"dmp": lambda: dmp}, clock=clock).drain(10)
        assert outbox.row(row.id).state is State.CONFIRMED
        assert outbox.counts() == {State.CONFIRMED: 1, State.BLOCKED: 1}
        assert outbox.verify().sound
    with Outbox.open(f"sqlite:///{path}", key="", clock=clock) as again:
        assert len(list(again.rows())) == 2


def test_a_migrated_queue_is_the_same_as_a_new_one(tmp_path: Path) -> None:
    shapes = []
    for name in ("old", "new"):
        path = tmp_path / f"{name}.db"
        if name == "old":
            _first_version(path)
        Outbox.open(f"sqlite:///{path}", key="").close()
        with sqlite3.connect(path) as connection:
            names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            shapes.append(
                {
                    "tables": {name: connection.execute(f"PRAGMA table_info({name})").fetchall() for name in names},
                    "indexes": {
                        index: (unique, partial, connection.execute(f"PRAGMA index_info('{index}')").fetchall())
                        for name in names
                        for _, index, unique, _, partial in connection.execute(f"PRAGMA index_list({name})")
                    },
                }
            )
        connection.close()
    assert shapes[0] == shapes[1]


def test_rows_from_before_the_digest_of_the_tables_have_none_and_new_ones_have_theirs(
    url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(schema, "VERSIONS", schema.VERSIONS[:3])
        with Outbox.open(url, key="", clock=clock) as outbox, outbox._database.transaction() as session:
            session.run(
                "INSERT INTO outbox_row (key, destination, form, patient, state, created_at, updated_at,"
                " set_unique_id, content_digest, size_bytes) VALUES ('k', 'dmp', 'cda', 'p', 'confirmed', 0, 0, '1',"
                " 'd', 1)"
            )
    with Outbox.open(url, key="", clock=clock) as outbox:
        row_id = outbox.enqueue(deposit(2), destination="dmp", mappings_digest="ab" * 32)
        assert [row.mappings_digest for row in outbox.rows()] == ["", "ab" * 32]
        assert outbox.enqueue(deposit(2), destination="dmp", mappings_digest="cd" * 32) == row_id
        assert outbox.row(row_id).mappings_digest == "ab" * 32


def test_a_queue_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    url = f"sqlite:///{path}"
    Outbox.open(url, key="").close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE outbox_meta SET value = '99' WHERE name = 'schema_version'")
    connection.close()
    with pytest.raises(OutboxDamaged, match="plus récente"):
        Outbox.open(url, key="")


def test_tables_that_are_not_ours_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE outbox_row (x)")
    connection.close()
    with pytest.raises(OutboxDamaged, match="ne sont pas celles"):
        Outbox.open(f"sqlite:///{path}", key="")


@pytest.mark.parametrize("change", ["DELETE FROM outbox_meta", "UPDATE outbox_meta SET value = 'x'"])
def test_a_version_that_cannot_be_read_is_refused(tmp_path: Path, change: str) -> None:
    path = tmp_path / "odd.db"
    Outbox.open(f"sqlite:///{path}", key="").close()
    with sqlite3.connect(path) as connection:
        connection.execute(change + " WHERE name = 'schema_version'")
    connection.close()
    with pytest.raises(OutboxDamaged, match="version"):
        Outbox.open(f"sqlite:///{path}", key="")


def test_two_processes_may_create_the_queue_at_once(url: str) -> None:
    opened: list[Outbox] = []
    threads = [threading.Thread(target=lambda: opened.append(Outbox.open(url, key=""))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len({one.patient_digest(ins()) for one in opened}) == 1
    assert len(opened) == 6
    for one in opened:
        one.close()
