"""``dmp-adapter reminders``: a calendar file, and lists that lose no file and tell no name."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Place
from tests.cli.runs import FULL, ROOT, SHORT, VISITS, names, process, run
from tests.private_texts import texts_to_keep

SAMPLES = ROOT / "samples" / "visits"
DAY = ("--at", "2026-10-28")


def test_the_calendar_goes_to_a_file_or_to_the_output(tmp_path: Path) -> None:
    assert run("reminders", "export", FULL, "-o", tmp_path / "next.ics").exit_code == 0
    assert (tmp_path / "next.ics").read_bytes() == run("reminders", "export", FULL).stdout_bytes
    assert names(tmp_path) == ["next.ics"]
    assert b"MARCHAND" not in (tmp_path / "next.ics").read_bytes()


def test_a_name_is_told_when_asked() -> None:
    assert "MARCHAND" in run("reminders", "export", FULL, "--with", "name,diagnosis").stdout


def test_a_withdrawal_and_the_fhir_form() -> None:
    assert "METHOD:CANCEL" in run("reminders", "export", FULL, "--withdraw").stdout
    told = json.loads(run("reminders", "export", FULL, "--to", "fhir").stdout_bytes)
    assert [entry["resource"]["resourceType"] for entry in told["entry"]] == ["Appointment", "Task"]


def test_a_visit_without_a_day_gives_no_file_and_one(tmp_path: Path) -> None:
    told = run("reminders", "export", SHORT, "-o", tmp_path / "next.ics")
    assert (told.exit_code, names(tmp_path)) == (1, [])
    assert "REM-NO-DATE" in told.stderr


def test_the_list_goes_doctor_by_doctor() -> None:
    told = run("reminders", "list", SAMPLES, *DAY)
    assert told.exit_code == 0
    assert told.stdout.index("99700100045") < told.stdout.index("99700100003")
    assert "annonce au patient" in told.stdout
    assert "Lignes : 1 en retard, 6 à faire, 0 à venir, 2 sans date, 0 rien de prévu." in told.stderr
    only = run("reminders", "list", SAMPLES, *DAY, "--doctor", "99700100045").stdout
    assert "99700100003" not in only


def test_the_list_is_cut_by_state() -> None:
    told = json.loads(run("reminders", "list", SAMPLES, *DAY, "--only", "late", "--format", "json").stdout_bytes)
    assert {item["timing"] for item in told["items"]} == {"late"}
    assert told["read"] == len(VISITS)


def test_the_table_has_its_mark_when_asked(tmp_path: Path) -> None:
    out = tmp_path / "liste.csv"
    assert run("reminders", "list", SAMPLES, *DAY, "--format", "csv", "--bom", "-o", out).exit_code == 0
    text = out.read_bytes().decode("utf-8-sig")
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    assert {len(line) for line in csv.reader(io.StringIO(text, newline=""), delimiter=";")} == {11}


def test_an_unreadable_file_ends_with_one_and_the_rest_is_listed(tmp_path: Path) -> None:
    shutil.copy(FULL, tmp_path / "a.json")
    (tmp_path / "b.json").write_bytes(b"{")
    told = run("reminders", "list", tmp_path, *DAY)
    assert told.exit_code == 1
    assert "visite-s1" in told.stdout
    assert "b.json" in told.stderr
    assert "1 illisible(s)" in told.stderr


def test_the_queue_says_what_it_does_not_know(place: Place) -> None:
    assert place.run("send", FULL).exit_code in {0, 4}
    told = place.run("reminders", "list", "--outbox", f"sqlite:///{place.folder}/envois.db", *DAY)
    assert told.exit_code == 0
    assert "en retard" in told.stdout
    assert "La file ne connaît ni la date d'annonce" in told.stderr


@pytest.mark.parametrize(
    "args",
    [
        ("list",),
        ("list", SAMPLES, "--outbox", "sqlite:///x.db"),
        ("list", SAMPLES, "--at", "demain"),
        ("list", SAMPLES, "--bom"),
        ("list", SAMPLES, "-o", "x"),
        ("list", "nulle-part"),
        ("list", SAMPLES, "--only", "soon"),
        ("export", "nulle-part.json"),
        ("export", FULL, "--with", "ins"),
        ("export", FULL, "--alarm", "-1"),
    ],
)
def test_a_misuse_is_two_and_writes_nothing(args: tuple[str | Path, ...], tmp_path: Path) -> None:
    told = process("reminders", *args, cwd=tmp_path)
    assert (told.returncode, told.stdout) == (2, b"")
    assert b"Traceback" not in told.stderr
    assert names(tmp_path) == []


def test_nothing_of_the_record_is_said() -> None:
    kept = set(texts_to_keep(json.loads(FULL.read_bytes()))) - {"dossier-1001", "Claire", "ÉVENO"}
    for form in ("text", "csv", "json"):
        told = run("reminders", "list", SAMPLES, *DAY, "--format", form).output
        assert [text for text in kept if text in told] == []
