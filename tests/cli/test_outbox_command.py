"""``outbox``: the queue looked at, served, replayed, purged and proved."""

from __future__ import annotations

import base64
import json
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adapter.mapping import load
from tests.cli.conftest import Place, sample
from tests.cli.runs import ROOT, environment, names

S1, S2, S7 = sample("s1.required"), sample("s2.required"), sample("s7.required")


def test_an_empty_queue_says_so(place: Place) -> None:
    result = place.run("outbox", "list")
    assert (result.exit_code, result.stdout) == (0, "File d'envoi : vide.\n")
    assert "Chaîne intacte : 0 événement(s)" in place.run("outbox", "verify").stdout


def test_rows_are_listed_and_shown(place: Place) -> None:
    assert place.run("send", S1, S7).exit_code == 0
    listed = place.run("outbox", "list").stdout
    assert listed.splitlines()[0].split()[:3] == ["n°", "état", "DMP"]
    assert "File d'envoi : 2 en file." in listed
    assert [row["id"] for row in place.json("outbox", "list", "--state", "confirmed")["rows"]] == []
    shown = place.run("outbox", "show", "2").stdout
    assert "état           en file" in shown
    assert place.json("outbox", "show", "2")["unique_ids"][0] in shown
    digest = place.json("outbox", "show", "2")["mappings_digest"]
    assert digest == load().digest
    assert f"tables         {digest}" in shown
    assert place.run("outbox", "show", "9").exit_code == 2


def test_the_worker_empties_the_queue(place: Place) -> None:
    place.run("send", S1, S2, S7)
    result = place.run("outbox", "run", "--once")
    assert result.exit_code == 0, result.output
    assert {row["state"] for row in place.json("outbox", "list")["rows"]} == {"confirmed"}
    assert len(place.state()) == 3
    assert "rien ne reste à envoyer" in place.run("outbox", "run", "--once").stdout


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_worker_stops_cleanly_when_asked(place: Place, number: int) -> None:
    place.run("send", S7)
    worker = subprocess.Popen(
        [sys.executable, "-m", "adapter", "outbox", "run", "--settings", str(place.settings)],
        cwd=ROOT,
        env=environment(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until = time.monotonic() + 30
    while not place.state() and time.monotonic() < until:
        time.sleep(0.05)
    worker.send_signal(number)
    _, said = worker.communicate(timeout=30)
    assert worker.returncode == 0, said.decode()
    assert "Arrêté ; rien n'est perdu" in said.decode()
    assert place.run("outbox", "run", "--once").exit_code == 0
    assert [row["state"] for row in place.json("outbox", "list")["rows"]] == ["confirmed"]


def test_a_refused_row_is_replayed(place: Place) -> None:
    kept = place.settings.read_text("utf-8")
    place.settings.write_text(kept.replace("rpps=99700100003", "rpps=99700100003;mode=air"), "utf-8")
    assert place.run("send", S7, "--wait").exit_code == 3
    place.settings.write_text(kept, "utf-8")
    assert place.run("outbox", "retry", "1").exit_code == 0
    assert place.run("outbox", "run", "--once").exit_code == 0
    assert place.json("outbox", "show", "1")["state"] == "confirmed"
    assert place.run("outbox", "retry", "1").exit_code == 3
    assert place.run("outbox", "retry").exit_code == 2
    assert place.run("outbox", "retry", "--dead").exit_code == 0


def test_a_withdrawn_row_does_not_leave(place: Place) -> None:
    place.run("send", S7)
    assert place.run("outbox", "withdraw", "1").exit_code == 0
    assert place.run("outbox", "run", "--once").exit_code == 0
    assert place.patients() == 0
    assert place.json("send", S7)["visits"][0]["row"]["id"] == 2


def test_a_purge_keeps_the_trace(place: Place) -> None:
    place.run("send", S7, "--wait")
    time.sleep(0.05)
    assert "1 dépôt(s) purgé(s)." in place.run("outbox", "purge", "--older-than", "0").stdout
    assert place.json("outbox", "show", "1")["purged"] is True
    assert place.json("send", S7)["visits"][0]["already"] is True
    assert place.run("outbox", "purge").exit_code == 2


def test_an_address_that_changed_is_confirmed_by_a_person(place: Place) -> None:
    place.run("send", S7)
    place.configure(place.running.base_url.replace("127.0.0.1", "localhost"))
    place.run("outbox", "run", "--once")
    row = place.json("outbox", "show", "1")
    assert (row["state"], row["reason"]) == ("blocked", "destination-changed")
    place.run("outbox", "retry", "1")
    assert place.run("outbox", "run", "--once").exit_code == 0
    assert place.json("outbox", "show", "1")["state"] == "confirmed"


def test_the_audit_is_exported_and_proves_itself(place: Place) -> None:
    place.run("send", S7, "--wait")
    events = place.run("outbox", "export-audit").stdout.splitlines()
    assert {json.loads(event)["resourceType"] for event in events} == {"AuditEvent"}
    assert place.json("outbox", "verify")["length"] == len(events)
    assert place.run("outbox", "export-audit", "--out", place.folder / "trace.ndjson").exit_code == 0
    assert (place.folder / "trace.ndjson").read_text("utf-8").splitlines() == events
    assert not [name for name in names(place.folder) if name.endswith(".part")]


def test_a_chain_that_was_touched_is_one(place: Place) -> None:
    place.run("send", S7, "--wait")
    database = sqlite3.connect(place.folder / "envois.db")
    with database:
        database.execute(
            "UPDATE outbox_audit SET event = CAST(replace(CAST(event AS TEXT), '110106', '110107') AS BLOB)"
        )
    database.close()
    result = place.run("outbox", "verify")
    assert (result.exit_code, "Chaîne rompue à l'événement 1" in result.stdout) == (1, True)
    assert place.json("outbox", "verify", code=1)["sound"] is False


def test_a_damaged_file_is_told_and_left_alone(place: Place, tmp_path: Path) -> None:
    (tmp_path / "envois.db").write_bytes(b"ceci n'est pas une file" * 100)
    result = place.run("outbox", "list")
    assert (result.exit_code, "endommagé" in result.stderr) == (2, True)
    assert (tmp_path / "envois.db").read_bytes().startswith(b"ceci")


def test_a_sealed_queue_opens_with_its_key_only(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DMP_ADAPTER_OUTBOX_KEY", base64.b64encode(b"k" * 32).decode())
    assert place.run("send", S7).exit_code == 0
    assert b"BERNARD" not in b"".join(path.read_bytes() for path in place.folder.glob("envois.db*"))
    monkeypatch.delenv("DMP_ADAPTER_OUTBOX_KEY")
    result = place.run("outbox", "list")
    assert (result.exit_code, "DMP_ADAPTER_OUTBOX_KEY" in result.stderr) == (2, True)
    monkeypatch.setenv("DMP_ADAPTER_OUTBOX_KEY", "trop court")
    assert place.run("outbox", "run", "--once").exit_code == 2
    monkeypatch.setenv("DMP_ADAPTER_OUTBOX_KEY", base64.b64encode(b"k" * 32).decode())
    assert place.run("outbox", "run", "--once").exit_code == 0
    assert place.json("outbox", "show", "1")["state"] == "confirmed"


@pytest.mark.skipif(sys.platform != "linux", reason="folders of XDG")
def test_the_queue_of_the_user_is_his_alone(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(place.folder / "data"))
    place.settings.write_text(place.settings.read_text("utf-8").partition("\n")[2], "utf-8")
    assert place.run("outbox", "list").exit_code == 0
    file = place.folder / "data" / "dmp-adapter" / "outbox.db"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
