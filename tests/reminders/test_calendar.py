"""The next visit in a calendar: stable, monotonic, silent about people, and read back by another reader."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from adapter.api.reminders import Details, remind
from adapter.errors import MissingExtra, VisitInvalid
from adapter.fhir.r4 import as_fhir_resources
from adapter.model.reader import read_visit
from adapter.reminders import Reminder, next_visit
from adapter.reminders.calendar import as_ics
from adapter.reminders.fhir import as_bundle
from tests.cli.runs import ROOT, VISITS, visit
from tests.private_texts import texts_to_keep
from tests.visits import visits

SAMPLES = ROOT / "samples" / "visits"
ALL = Details(name=True, diagnosis=True, text=True, address=True)
DATED = ("s1", "s4", "s5", "s6")


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.json").read_bytes()


def event(data: bytes) -> Any:
    """The one event of a calendar, as the library reads it."""
    (found,) = Calendar.from_ical(data).walk("VEVENT")
    return found


def unfolded(data: bytes) -> str:
    return data.decode().replace("\r\n ", "")


@pytest.mark.parametrize("case", DATED)
def test_the_next_visit_is_an_event_with_its_alarm(case: str) -> None:
    data = remind(sample(f"{case}.exhaustive"))
    assert data == remind(sample(f"{case}.exhaustive"))
    found = event(data)
    planned = json.loads(sample(f"{case}.exhaustive"))["next_visit"]
    start = found["DTSTART"].dt
    if "at" in planned:
        assert start == datetime.fromisoformat(planned["at"])
        assert start.utcoffset() == timedelta(0)
    else:
        assert start == date.fromisoformat(planned["on"])
    assert [str(alarm["ACTION"]) for alarm in found.walk("VALARM")] == ["DISPLAY"]
    assert (str(found["STATUS"]), str(found["CLASS"])) == ("TENTATIVE", "CONFIDENTIAL")


def test_every_line_is_folded_and_ended_as_the_format_wants() -> None:
    for line in remind(sample("s1.exhaustive"), details=ALL).split(b"\r\n"):
        assert len(line) <= 75
        assert b"\n" not in line


def test_a_correction_replaces_the_event() -> None:
    first, second = event(remind(sample("s1.exhaustive"))), event(remind(sample("s6.exhaustive")))
    assert first["UID"] == second["UID"]
    assert second["SEQUENCE"] > first["SEQUENCE"]
    assert second["DTSTAMP"].dt > first["DTSTAMP"].dt


def test_a_correction_without_a_next_visit_withdraws_it() -> None:
    told = json.loads(sample("s6.required"))
    del told["next_visit"]
    data = remind(json.dumps(told))
    calendar, found = Calendar.from_ical(data), event(data)
    assert (calendar["METHOD"], found["STATUS"], found["SEQUENCE"]) == ("CANCEL", "CANCELLED", 2)
    assert found["UID"] == event(remind(sample("s1.required")))["UID"]
    assert not found.walk("VALARM")


def test_a_plan_given_up_is_cancelled() -> None:
    kept, given_up = event(remind(sample("s1.required"))), event(remind(sample("s1.required"), withdrawn=True))
    assert given_up["STATUS"] == "CANCELLED"
    assert given_up["UID"] == kept["UID"]
    assert given_up["SEQUENCE"] > kept["SEQUENCE"]


@pytest.mark.parametrize("case", ["s7.required", "s3.exhaustive", "s2.required"])
def test_no_date_is_ever_computed(case: str) -> None:
    with pytest.raises(VisitInvalid) as caught:
        remind(sample(case))
    assert [(one.rule, one.path) for one in caught.value.findings] == [("REM-NO-DATE", "$.next_visit")]


def _reminder(data: bytes, details: Details | None = None) -> Reminder | None:
    return next_visit(read_visit(data), withdrawn=True, details=details)


@pytest.mark.parametrize("path", VISITS, ids=lambda path: path.stem)
def test_no_trait_of_the_patient_stands_in_it_unless_asked(path: Any) -> None:
    told = json.loads(path.read_bytes())
    reminder = _reminder(path.read_bytes())
    assert reminder is not None
    shown = {told["patient"].get("local_id", told["id"]), told["author"]["name"]["family"]}
    shown.add(told["author"]["name"].get("given", ""))
    for data in (as_ics(reminder), as_bundle(reminder)):
        text = unfolded(data).replace("\\,", ",")
        assert [kept for kept in set(texts_to_keep(told)) - shown if kept in text] == []
        assert "palliati" not in text


def test_what_is_asked_is_told() -> None:
    text = unfolded(remind(sample("s1.exhaustive"), details=ALL))
    for words in ("MARCHAND", "pancréas", "Nantes", "en présence de la fille"):
        assert words in text
    assert "MARCHAND" not in unfolded(remind(sample("s1.exhaustive"), details=Details(diagnosis=True)))


@pytest.mark.parametrize(("hours", "trigger"), [(None, timedelta(hours=-24)), (48, timedelta(hours=-48)), (0, None)])
def test_the_alarm_rings_when_asked(hours: int | None, trigger: timedelta | None) -> None:
    found = event(remind(sample("s1.exhaustive"), alarm=None if hours is None else timedelta(hours=hours)))
    assert [alarm["TRIGGER"].dt for alarm in found.walk("VALARM")] == ([trigger] if trigger else [])


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "icalendar", None)
    with pytest.raises(MissingExtra, match=r"dmp-adapter\[calendar\]"):
        remind(sample("s1.exhaustive"))
    assert remind(sample("s1.exhaustive"), form="fhir")


@pytest.mark.parametrize("case", DATED)
@pytest.mark.parametrize("withdrawn", [False, True])
def test_the_fhir_form_is_a_sound_appointment_and_its_task(case: str, withdrawn: bool) -> None:
    data = remind(sample(f"{case}.exhaustive"), form="fhir", withdrawn=withdrawn)
    as_fhir_resources(data)
    appointment, task = (entry["resource"] for entry in json.loads(data)["entry"])
    assert (appointment["resourceType"], task["resourceType"]) == ("Appointment", "Task")
    assert appointment["status"] == ("cancelled" if withdrawn else "proposed")
    assert (task["intent"], task["status"]) == ("plan", "cancelled" if withdrawn else "requested")
    assert task["focus"]["reference"] == f"urn:uuid:{appointment['id']}"
    assert len({appointment["id"], task["id"]}) == 2


def test_two_visits_never_share_an_event() -> None:
    keys = {one.key for path in VISITS if (one := _reminder(path.read_bytes())) is not None}
    ids = {(json.loads(path.read_bytes())["id"]) for path in VISITS}
    assert len(keys) == len(ids)


STEPS = st.lists(st.sampled_from(["correct", "withdraw", "drop"]), min_size=1, max_size=8)


@settings(max_examples=30)
@given(steps=STEPS)
def test_whatever_happens_the_later_word_wins(steps: list[str]) -> None:
    """RFC 5546, 2.1.5: the greater SEQUENCE wins, and of two equal ones the later DTSTAMP."""
    told: list[tuple[int, datetime]] = []
    version, written = 1, datetime(2026, 10, 12, 12, tzinfo=UTC)
    told.append(_stamp(version, written, dated=True, withdrawn=False))
    for step in steps:
        if step == "withdraw":
            told.append(_stamp(version, written, dated=True, withdrawn=True))
            continue
        version, written = version + 1, written + timedelta(hours=1)
        told.append(_stamp(version, written, dated=step == "correct", withdrawn=False))
    assert told == sorted(told)


def _stamp(version: int, written: datetime, *, dated: bool, withdrawn: bool) -> tuple[int, datetime]:
    changes: dict[str, Any] = {"version": version, "written_at": written.isoformat()}
    if version > 1:
        changes["correction"] = {"reason": "Date changée."}
    if not dated:
        changes["next_visit"] = {"text": "À revoir."}
    found = event(remind(visit(SAMPLES / "s1.required.json", **changes), withdrawn=withdrawn))
    return int(found["SEQUENCE"]), found["DTSTAMP"].dt


@settings(max_examples=40)
@given(drawn=visits())
def test_whatever_a_doctor_writes_is_read_back_as_it_was(drawn: dict[str, Any]) -> None:
    read = read_visit(json.dumps(drawn))
    reminder = next_visit(read, details=ALL)
    assume(reminder is not None)
    assert reminder is not None
    found = event(as_ics(reminder))
    assert str(found["UID"]) == reminder.key
    assert found["SEQUENCE"] == reminder.sequence
    assert str(found["SUMMARY"]) == _spaced(f"{reminder.what} ({reminder.name})")
    assert str(found.get("LOCATION", "")) == _spaced(reminder.address)
    expected = "\n".join(part for part in (reminder.diagnosis, reminder.text) if part)
    assert str(found.get("DESCRIPTION", "")) == _spaced(expected)
    if reminder.at is not None:
        assert found["DTSTART"].dt == reminder.at.replace(microsecond=0)


def _spaced(text: str) -> str:
    """Text with the only change that a calendar makes: one kind of line break."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
