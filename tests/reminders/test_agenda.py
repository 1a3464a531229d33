"""The agenda: the last word on each patient, every announcement, and no file lost on the way."""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.api.reminders import Reading, agenda, read_folder, read_outbox
from adapter.api.sending import DmpServer, deliver, open_outbox, send
from adapter.dmp.simulator import serve
from adapter.errors import VisitInvalid
from adapter.model.reader import read_visit
from adapter.outbox import Outbox
from adapter.reminders.agenda import COLUMNS, Item, Planned, as_csv, planned
from adapter.reminders.agenda import agenda as draw
from tests.cli.runs import ROOT, SHORT, VISITS, visit
from tests.private_texts import texts_to_keep

TODAY = date(2026, 10, 28)
SAMPLES = ROOT / "samples" / "visits"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The sample visits, alone in a folder."""
    place = tmp_path / "visites"
    place.mkdir()
    for path in VISITS:
        shutil.copy(path, place)
    return place


def of(items: tuple[Item, ...], visit_id: str, kind: str = "visit") -> Item:
    (found,) = (item for item in items if item.visit_id == visit_id and item.kind == kind)
    return found


def test_due_late_and_undated_visits_are_told_apart(folder: Path) -> None:
    items = agenda(folder, TODAY).items
    assert of(items, "visite-s1").timing == "late"
    assert of(items, "visite-s1").version == 2
    assert of(items, "visite-s4").timing == "due"
    # S7 and its short form tell of one visit with the same words: either may speak, and only one.
    assert [item.timing for item in items if item.visit_id.startswith("visite-s7")] == ["undated"]
    assert of(agenda(folder, TODAY, within_days=5).items, "visite-s4").timing == "upcoming"


def test_what_is_hidden_from_its_patient_waits_for_its_announcement(folder: Path) -> None:
    items = agenda(folder, TODAY).items
    hidden = [item for item in items if item.kind == "announcement"]
    assert {item.visit_id for item in hidden} == {"visite-s5", "visite-s5-minimale", "visite-s5-remplacant"}
    assert {(item.timing, item.on) for item in hidden} == {("due", date(2026, 10, 29))}
    later = agenda(folder, date(2026, 10, 30)).items
    assert of(later, "visite-s5", "announcement").timing == "late"


def test_a_later_visit_answers_the_plan_of_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes((SAMPLES / "s1.exhaustive.json").read_bytes())
    assert of(agenda(tmp_path, TODAY).items, "visite-s1").timing == "late"
    moments = {"start": "2026-10-26T10:00:00+01:00", "end": "2026-10-26T10:40:00+01:00"}
    later = visit(SAMPLES / "s1.required.json", id="visite-b", written_at=moments["end"], next_visit=None, **moments)
    told = {name: value for name, value in json.loads(later).items() if value is not None}
    (tmp_path / "b.json").write_text(json.dumps(told), "utf-8")
    (only,) = agenda(tmp_path, TODAY).items
    assert (only.visit_id, only.timing) == ("visite-b", "unplanned")


def test_patients_without_any_number_are_never_taken_for_one(tmp_path: Path) -> None:
    for number in range(2):
        told = json.loads(visit(SHORT, id=f"visite-{number}"))
        del told["patient"]["ins"]
        (tmp_path / f"{number}.json").write_text(json.dumps(told), "utf-8")
    assert len(agenda(tmp_path, TODAY).items) == 2


def test_the_same_file_twice_counts_once_and_another_content_is_a_fault(folder: Path) -> None:
    shutil.copy(folder / "s1.exhaustive.json", folder / "copie.json")
    (folder / "z.json").write_bytes(visit(SAMPLES / "s1.exhaustive.json", conclusions="Autre conclusion."))
    reading = read_folder(folder)
    assert reading.same == 1
    assert {name: [one.rule for one in found] for name, found in reading.faults.items()} == {
        "z.json": ["REM-SAME-VISIT"]
    }


def _plant_text(name: str, text: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(text)


UNREADABLE: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "not JSON": (_plant_text("x.json", b"{"), "x.json", "JSON-SYNTAX"),
    "empty": (_plant_text("x.json", b""), "x.json", "JSON-SYNTAX"),
    "refused": (_plant_text("x.json", b'{"format": "vsp-visit/1"}'), "x.json", "VIS-MISSING"),
    "upper case": (_plant_text("X.JSON", b"[]"), "X.JSON", "VIS-TYPE"),
    "too large": (_plant_text("x.json", b" " * 70_000_000), "x.json", "JSON-SIZE"),
    "a link to nothing": (lambda folder: (folder / "x.json").symlink_to("nulle-part"), "x.json", "REM-FILE"),
    "a pipe": (lambda folder: os.mkfifo(folder / "x.json"), "x.json", "REM-FILE"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_file_is_told_and_loses_nothing_else(folder: Path, name: str) -> None:
    before = read_folder(folder)
    plant, file, rule = UNREADABLE[name]
    plant(folder)
    reading = read_folder(folder)
    assert reading.planned == before.planned
    assert list(reading.faults) == [file]
    assert reading.faults[file][0].rule == rule
    with pytest.raises(VisitInvalid):
        agenda(folder, TODAY)


def test_every_file_of_every_folder_below_is_in_one_count(folder: Path) -> None:
    below = folder / "2025" / "vieux"
    below.mkdir(parents=True)
    (below / "x.json").write_bytes(visit(SHORT, id="ancienne"))
    (below / "note.txt").write_bytes(b"")
    (folder / ".cache.json").write_bytes(b"{")
    steps: list[int] = []
    reading = read_folder(folder, on_total=steps.append, on_step=lambda: steps.append(1))
    assert len(reading.planned) == len(VISITS) + 1
    assert (reading.faults, reading.other) == ({}, 1)
    assert steps == [len(VISITS) + 1, *itertools.repeat(1, len(VISITS) + 1)]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_folder(tmp_path / "absent")


def test_the_table_is_what_a_spreadsheet_reads_and_tells_no_one(folder: Path) -> None:
    drawn = agenda(folder, TODAY)
    data = as_csv(drawn.items)
    assert as_csv(drawn.items, bom=True) == b"\xef\xbb\xbf" + data
    lines = list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter=";"))
    assert lines[0] == list(COLUMNS)
    assert len(lines) == len(drawn.items) + 1
    assert {len(line) for line in lines} == {len(COLUMNS)}
    every = [json.loads(path.read_bytes()) for path in VISITS]
    shown = {told["patient"].get("local_id") for told in every}
    shown |= {told["author"]["name"].get(part) for told in every for part in ("family", "given")}
    for told in every:
        assert [kept for kept in set(texts_to_keep(told)) - shown if kept in data.decode()] == []


def test_a_cell_is_never_a_formula(tmp_path: Path) -> None:
    author = json.loads(SHORT.read_bytes())["author"]
    author["name"] = {"family": "=HYPERLINK(1)"}
    (tmp_path / "x.json").write_bytes(visit(SHORT, author=author))
    assert ";'=HYPERLINK(1);" in as_csv(agenda(tmp_path, TODAY).items).decode()


def test_of_two_documents_of_one_visit_the_one_that_knows_the_day_speaks() -> None:
    told = planned(read_visit((SAMPLES / "s1.exhaustive.json").read_bytes()), "structuré")
    mute = dataclasses.replace(told, chain="page", origin="page", on=None, at=None, worded=True)
    for both in ((told, mute), (mute, told)):
        assert [item.origin for item in draw(both, TODAY).items] == ["structuré"]


# --- Laws -------------------------------------------------------------------------------------------------------

START = datetime(2026, 1, 1, 9, tzinfo=UTC)


@st.composite
def plans(draw: st.DrawFn) -> list[Planned]:
    """Syntheses of a few patients, some corrected, each file once."""
    made: dict[tuple[int, int], Planned] = {}
    for _ in range(draw(st.integers(0, 12))):
        chain, version = draw(st.integers(0, 4)), draw(st.integers(1, 3))
        day = draw(st.none() | st.integers(0, 60))
        keys = ((("ins", chain % 3),), (("local", chain % 3),), (("ins", chain % 3), ("local", chain % 3)))
        made[chain, version] = Planned(
            f"{chain}-{version}", chain, version, draw(st.sampled_from(keys)), START + timedelta(days=chain), "r", "d",
            "1", "home", str(chain), START.date() + timedelta(days=day) if day is not None else None, None, False,
            draw(st.booleans()), None,
        )  # fmt: skip
    return list(made.values())


@given(everything=plans(), shuffle=st.randoms(use_true_random=False))
def test_the_order_of_the_files_changes_nothing_and_all_are_counted(everything: list[Planned], shuffle: Any) -> None:
    drawn = draw(everything, date(2026, 1, 20))
    visits = [item for item in drawn.items if item.kind == "visit"]
    assert len(visits) + drawn.replaced + drawn.followed == len(everything)
    mixed = list(everything)
    shuffle.shuffle(mixed)
    assert {(i.kind, i.visit_id, i.version) for i in draw(mixed, date(2026, 1, 20)).items} == {
        (i.kind, i.visit_id, i.version) for i in drawn.items
    }
    ranks = ["late", "due", "upcoming", "undated", "unplanned"]
    assert [ranks.index(item.timing) for item in drawn.items] == sorted(ranks.index(i.timing) for i in drawn.items)


# --- The queue --------------------------------------------------------------------------------------------------


@pytest.fixture
def outbox(tmp_path: Path) -> Any:
    with open_outbox(f"sqlite:///{tmp_path}/envois.db") as queue:
        yield queue


def _send(outbox: Outbox, name: str, forms: Any = "cda") -> None:
    send((SAMPLES / f"{name}.json").read_bytes(), outbox, DmpServer("http://127.0.0.1:9"), forms=forms)


@pytest.mark.parametrize("forms", ["cda", "fhir", "both"])
@pytest.mark.parametrize("case", ["s1.exhaustive", "s5.exhaustive", "s4.exhaustive"])
def test_the_queue_gives_the_plan_that_its_documents_hold(outbox: Outbox, case: str, forms: Any) -> None:
    source = (SAMPLES / f"{case}.json").read_bytes()
    told = json.loads(source)
    told["sharing"]["opposition"] = False
    told["sharing"].pop("opposition_reason", None)
    send(json.dumps(told), outbox, DmpServer("http://127.0.0.1:9"), forms=forms)
    expected = planned(read_visit(source), "")
    reading = read_outbox(outbox)
    assert len(reading.planned) == (2 if forms == "both" else 1)
    for one in reading.planned:
        assert (one.on, one.hidden, one.doctor_rpps, one.record) == (
            expected.on,
            expected.hidden,
            expected.doctor_rpps,
            expected.record,
        )
        assert one.at == expected.at
        assert one.doctor == expected.doctor
    assert len([item for item in agenda(outbox, TODAY).items if item.kind == "visit"]) == 1


def test_what_the_queue_cannot_tell_is_undated_and_said(outbox: Outbox) -> None:
    _send(outbox, "s7.exhaustive")
    _send(outbox, "s5.required")
    items = agenda(outbox, TODAY).items
    assert {(item.kind, item.timing) for item in items} == {("visit", "undated"), ("announcement", "undated")}


def test_a_corrected_deposit_takes_the_place_of_the_first(outbox: Outbox) -> None:
    _send(outbox, "s1.exhaustive")
    _send(outbox, "s6.exhaustive")
    drawn = draw(read_outbox(outbox).planned, TODAY)
    (item,) = drawn.items
    assert (item.version, drawn.replaced) == (2, 1)


def test_a_purged_row_is_a_fault(outbox: Outbox) -> None:
    with serve() as dmp:
        server = DmpServer(dmp.base_url, actor="professional;rpps=99700100003")
        sent = send((SAMPLES / "s1.exhaustive.json").read_bytes(), outbox, server)
        deliver(outbox, [server], [sent.row.id])
    assert outbox.purge(timedelta(0)) == 1
    reading = read_outbox(outbox)
    assert reading.planned == ()
    assert [one.rule for found in reading.faults.values() for one in found] == ["REM-ROW"]


def test_a_withdrawn_row_is_counted(outbox: Outbox) -> None:
    _send(outbox, "s1.required")
    (row,) = outbox.rows()
    outbox.withdraw(row.id)
    assert read_outbox(outbox) == Reading((), {}, withdrawn=1)
