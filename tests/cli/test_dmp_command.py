"""``dmp``: what a DMP holds and what may be changed there, by files that tell the patient."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result

from adapter.api import convert
from adapter.cli import rows
from adapter.dmp.simulator.faults import Fault
from adapter.dmp.simulator.store import PatientRow
from tests.cli.conftest import Place, sample
from tests.cli.runs import run

S1, S5 = sample("s1.required"), sample("s5.required")
INS = "1.2.250.1.213.1.4.10|279122A00406186"


@pytest.fixture
def oid(place: Place) -> str:
    """Document of S5, deposited hidden from the patient."""
    (sent,) = place.json("send", S5, "--wait")["visits"]
    assert sent["row"]["state"] == "confirmed"
    return str(sent["document_id"])


def test_the_state_of_a_dmp_is_told(place: Place) -> None:
    assert place.json("dmp", "status", "--visit", S5)["state"] == "active"
    row = PatientRow("p", "urn:oid:1.2.250.1.213.1.4.10", "279122A00406186", "closed", "DMPClosed")
    place.running.app.state.registry.register_patient(row)
    result = place.run("dmp", "status", "--visit", S5)
    assert (result.exit_code, result.stdout) == (3, "Le DMP du patient est fermé. [DMPClosed]\n")


def test_a_document_is_found_listed_and_read(place: Place, oid: str) -> None:
    (found,) = place.json("dmp", "find", "--visit", S5)["documents"]
    assert (found["unique_id"], found["masks"], found["status"]) == (oid, ["INVISIBLE_PATIENT"], "current")
    assert place.json("dmp", "find", f"urn:oid:{oid}", "--visit", S5)["documents"] == [found]
    plain, titled = (place.run("dmp", "find", "--visit", S5, *more).stdout for more in ((), ("--titles",)))
    assert (oid in plain, "Synthèse" in plain, "Synthèse" in titled) == (True, False, True)
    assert "title" in place.json("dmp", "find", "--visit", S5, "--titles")["documents"][0]
    content = place.run("dmp", "get", oid, "--visit", S5).stdout_bytes
    assert content == convert(S5.read_bytes()).cda
    out = place.folder / "lu.xml"
    assert place.run("dmp", "get", oid, "--visit", S5, "--out", out).exit_code == 0
    assert out.read_bytes() == content
    assert place.run("dmp", "get", oid, "--visit", S5, "--out", place.folder).exit_code == 2


def test_what_is_not_there_is_one(place: Place, oid: str) -> None:
    assert place.run("dmp", "find", "--visit", S1).exit_code == 1
    assert place.run("dmp", "find", "1.2.3", "--visit", S5).exit_code == 1
    assert place.run("dmp", "get", "1.2.3", "--visit", S5).exit_code == 1
    assert place.run("dmp", "find", "--type", "11111-1", "--visit", S5).exit_code == 1
    assert place.run("dmp", "mask", "1.2.3", "--visit", S5).exit_code == 3
    assert oid


@pytest.mark.parametrize(
    ("verb", "back", "mask"),
    [
        ("hide-from-patient", "show-to-patient", "INVISIBLE_PATIENT"),
        ("hide-from-guardians", "show-to-guardians", "INVISIBLE_REPRESENTANTS_LEGAUX"),
        ("mask", "unmask", "MASQUE_PS"),
    ],
)
def test_visibility_moves_without_a_new_document(place: Place, oid: str, verb: str, back: str, mask: str) -> None:
    place.json("dmp", "show-to-patient", oid, "--visit", S5)
    (hidden,) = place.json("dmp", verb, oid, "--visit", S5)["documents"]
    assert (hidden["masks"], hidden["unique_id"]) == ([mask], oid)
    (shown,) = place.json("dmp", back, oid, "--visit", S5)["documents"]
    assert (shown["masks"], shown["unique_id"], shown["hash_sha1"]) == ([], oid, hidden["hash_sha1"])
    assert len(place.state()) == 1


def test_masks_that_exclude_each_other_are_refused(place: Place, oid: str) -> None:
    result = place.run("dmp", "mask", oid, "--visit", S5)
    assert (result.exit_code, "SUB-MASKS" in result.stderr) == (3, True)


def test_archiving_and_back(place: Place, oid: str) -> None:
    assert place.json("dmp", "archive", oid, "--visit", S5)["documents"][0]["archived"] is True
    assert len(place.json("dmp", "find", "--archived", "true", "--visit", S5)["documents"]) == 1
    assert place.run("dmp", "find", "--archived", "false", "--visit", S5).exit_code == 1
    assert place.json("dmp", "unarchive", oid, "--visit", S5)["documents"][0]["archived"] is False


def test_only_the_author_deletes_and_means_it(place: Place, oid: str) -> None:
    assert place.run("dmp", "delete", oid, "--visit", S5).exit_code == 2
    assert place.run("dmp", "delete", oid, "--visit", S5, "--yes", "--destination", "other").exit_code == 3
    assert place.run("dmp", "delete", oid, "--visit", S5, "--yes").exit_code == 0
    assert place.run("dmp", "find", "--visit", S5).exit_code == 1


def test_the_patient_may_be_told_by_a_file_or_by_standard_input(place: Place, oid: str) -> None:
    file = place.folder / "ins"
    file.write_text(f"urn:oid:{INS}\n", "utf-8")
    assert place.run("dmp", "find", oid, "--ins-file", file).exit_code == 0
    assert place.run("dmp", "find", oid, "--ins-file", "-", given=INS.encode()).exit_code == 0
    assert place.run("dmp", "find", oid, "--visit", "-", given=S5.read_bytes()).exit_code == 0


def _misuses(place: Place, folder: Path) -> list[Result]:
    (folder / "bad").write_text("279122A0040", "utf-8")
    return [
        place.run("dmp", "find"),
        place.run("dmp", "find", "--visit", S5, "--ins-file", folder / "bad"),
        place.run("dmp", "find", "--ins-file", folder / "bad"),
        place.run("dmp", "find", "pas-un-oid", "--visit", S5),
        place.run("dmp", "find", "--visit", folder / "absent.json"),
    ]


def test_misuses_are_told_in_french_and_repeat_no_number(place: Place, tmp_path: Path) -> None:
    for result in _misuses(place, tmp_path):
        assert result.exit_code == 2
        assert "Erreur : " in result.stderr
        assert "279122A0040" not in result.output
    assert place.patients() == 0


def test_no_command_takes_an_ins_on_its_line() -> None:
    for verb in ("status", "find", "get", "mask", "delete"):
        assert "--ins " not in run("dmp", verb, "--help").stdout


def test_a_visit_that_is_refused_asks_nothing(place: Place) -> None:
    refused = S5.parents[1] / "refused" / "ins-key.json"
    result = place.run("dmp", "status", "--visit", refused)
    assert (result.exit_code, "INS-KEY" in result.stderr, place.patients()) == (1, True, 0)


def test_a_dmp_that_does_not_answer_is_four(place: Place) -> None:
    place.configure("http://127.0.0.1:9", connect_timeout_s="1")
    result = place.run("dmp", "status", "--visit", S5)
    assert (result.exit_code, result.stdout) == (4, "")
    assert "connection-refused" in result.stderr


def test_a_lost_answer_to_a_change_is_four(place: Place, oid: str) -> None:
    place.breaks(Fault("reset-after-commit", method="PATCH"))
    assert place.run("dmp", "archive", oid, "--visit", S5).exit_code == 4
    assert place.run("dmp", "archive", oid, "--visit", S5).exit_code == 0


def test_what_is_found_and_read_leaves_a_trace_before_it_is_shown(place: Place, oid: str) -> None:
    before = place.json("outbox", "verify")["length"]
    for args in (("find",), ("find", oid), ("find", "1.2.3"), ("get", "1.2.3"), ("get", oid)):
        place.run("dmp", *args, "--visit", S5)
    assert place.json("outbox", "verify")["length"] == before + 6
    lines = place.run("outbox", "export-audit").stdout.splitlines()[before:]
    profiles = [json.loads(line)["meta"]["profile"][0].rpartition(".")[2] for line in lines]
    assert profiles == ["PatientQuery"] * 5 + ["PatientRead"]
    assert INS.partition("|")[2] not in "".join(lines)
    (place.folder / "envois.db").write_bytes(b"x" * 5000)
    refused = place.run("dmp", "get", oid, "--visit", S5)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "endommagé" in refused.stderr


@pytest.mark.parametrize("told", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_a_date_at_the_end_of_the_calendar_is_shown(told: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    for zone in ("America/New_York", "Asia/Tokyo"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        assert rows.local(told)
    monkeypatch.undo()
    time.tzset()
