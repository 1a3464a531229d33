from __future__ import annotations

import base64
import sqlite3
from pathlib import Path

import pytest

from adapter.outbox import Outbox, OutboxKey, Reason, State, Worker
from adapter.outbox.sealing import KEY_VARIABLE, parse_key
from tests.outbox.conftest import Clock
from tests.outbox.deposits import FAMILY, NARRATIVE, deposit, ins
from tests.outbox.scripted_dmp import ScriptedDmp

KEY = base64.urlsafe_b64encode(bytes(range(200, 232))).decode()
OTHER = base64.b64encode(bytes(32)).decode()
SECRETS = [FAMILY, NARRATIVE, ins().value]


def _on_disk(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


def test_with_a_key_nothing_of_the_patient_is_on_the_disk(
    url: str, tmp_path: Path, clock: Clock, dmp: ScriptedDmp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    with Outbox.open(url, clock=clock) as outbox:
        row_id = outbox.enqueue(deposit(), destination="dmp")
        outbox.record_opposition(ins(2))
        worker = Worker(outbox, {"dmp": lambda: dmp}, clock=clock)
        assert worker.drain(10)
        assert outbox.row(row_id).state is State.CONFIRMED
        assert list(outbox.rows(patient=ins())) == [outbox.row(row_id)]
        assert outbox.verify().sound
        if url.startswith("sqlite"):
            stored = _on_disk(tmp_path)
        else:
            with outbox._database.reading() as session:
                tables = ("row", "document", "part", "audit", "meta", "opposition")
                stored = repr([session.run(f"SELECT * FROM outbox_{table}") for table in tables]).encode()
                stored += b"".join(bytes(body) for (body,) in session.run("SELECT body FROM outbox_part"))
    for secret in SECRETS:
        assert secret.encode() not in stored
    assert dmp.stored


def test_without_a_key_the_matricule_stands_in_the_payload_only(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "outbox.db"
    with Outbox.open(f"sqlite:///{path}", key="", clock=clock) as outbox:
        outbox.enqueue(deposit(), destination="dmp")
        with outbox._database.reading() as session:
            for table in ("row", "document", "audit", "meta", "opposition"):
                assert ins().value not in repr(session.run(f"SELECT * FROM outbox_{table}"))


@pytest.mark.parametrize(
    ("made_with", "opened_with", "sentence"),
    [(KEY, OTHER, "pas celle"), (KEY, "", "chiffrée"), ("", KEY, "créée sans clé")],
)
def test_a_queue_keeps_to_the_key_it_was_made_with(
    tmp_path: Path, made_with: str, opened_with: str, sentence: str
) -> None:
    url = f"sqlite:///{tmp_path / 'outbox.db'}"
    Outbox.open(url, key=made_with).close()
    with pytest.raises(OutboxKey, match=sentence) as told:
        Outbox.open(url, key=opened_with)
    assert KEY not in str(told.value)
    Outbox.open(url, key=made_with).close()


@pytest.mark.parametrize("text", ["court", base64.b64encode(bytes(31)).decode(), "é" * 44, KEY[:-1]])
def test_a_malformed_key_is_told_and_never_repeated(text: str) -> None:
    with pytest.raises(OutboxKey, match="32 octets") as told:
        parse_key(text)
    assert text not in str(told.value)


def test_both_alphabets_of_base64_are_read() -> None:
    key = bytes([251, 255] * 16)
    assert parse_key(base64.b64encode(key).decode()) == parse_key(base64.urlsafe_b64encode(key).decode()) == key


def test_parts_cannot_change_place(tmp_path: Path, clock: Clock, dmp: ScriptedDmp) -> None:
    path = tmp_path / "outbox.db"
    with Outbox.open(f"sqlite:///{path}", key=KEY, clock=clock) as outbox:
        rows = [outbox.enqueue(deposit(visit, patient=visit), destination="dmp") for visit in (1, 2)]
        with sqlite3.connect(path) as connection:
            connection.execute(
                "UPDATE outbox_part SET body = (SELECT body FROM outbox_part o WHERE o.row_id = 2 AND o.position = 1)"
                " WHERE row_id = 1 AND position = 1"
            )
        connection.close()
        assert Worker(outbox, {"dmp": lambda: dmp}, clock=clock).drain(10)
        assert (outbox.row(rows[0]).dead, outbox.row(rows[0]).reason) == (True, Reason.UNREADABLE)
        assert outbox.row(rows[1]).state is State.CONFIRMED
