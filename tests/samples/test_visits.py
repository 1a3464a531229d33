from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from adapter.model.reader import check_visit, read_visit
from adapter.model.visit import Visit

VISITS = Path(__file__).resolve().parents[2] / "samples" / "visits"
SAMPLES = sorted(VISITS.glob("*.json"))
CASES = [f"s{number}" for number in range(1, 8)]


def sample(name: str) -> Visit:
    return read_visit((VISITS / f"{name}.json").read_bytes())


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models_in(field.annotation)
    for inner in get_args(annotation):
        yield from models_in(inner)


def filled(value: Any) -> Iterator[tuple[str, str]]:
    """Model and field names that `value` fills with something."""
    if isinstance(value, BaseModel):
        for name in value.model_fields_set:
            content = getattr(value, name)
            if content is not None and content != ():
                yield type(value).__name__, name
                yield from filled(content)
    elif isinstance(value, tuple):
        for entry in value:
            yield from filled(entry)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_read_without_any_error_and_never_half_told(path: Path) -> None:
    visit, findings = check_visit(path.read_bytes())
    assert visit is not None, findings
    expected = {"VIS-INCOMPLETE", "VIS-OPPOSITION", "VIS-NOT-VSP"}
    assert {finding.rule for finding in findings} <= expected


def test_every_scenario_has_its_two_fillings() -> None:
    names = {path.stem for path in SAMPLES}
    assert {f"{case}.{fill}" for case in CASES for fill in ("required", "exhaustive")} <= names


def test_every_field_of_the_model_is_filled_in_some_exhaustive_sample() -> None:
    seen: set[tuple[str, str]] = set()
    for path in VISITS.glob("*.exhaustive.json"):
        seen.update(filled(read_visit(path.read_bytes())))
    wanted = {(model.__name__, name) for model in set(models_in(Visit)) for name in model.model_fields}
    known_under_a_child = {("Professional", name) for model, name in seen if model == "Author"}
    assert wanted - seen - known_under_a_child == set()


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_names_only_invented_people_and_numbers(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    visit = read_visit(text)
    assert visit.patient.ins is None or visit.patient.ins.root == "1.2.250.1.213.1.4.10"
    for number in re.findall(r'"rpps": "(\d+)"', text):
        assert number.startswith("99700")
    for number in re.findall(r'"finess": "(\d+)"', text):
        assert number.startswith("99")
    for number in re.findall(r'"(0\d(?: \d\d){4})"', text):
        assert re.fullmatch(r"0\d 00 00 00 \d\d", number)
    for address in re.findall(r'"([^"@]+@[^"]+)"', text):
        assert address.endswith(".example")


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_written_plainly(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=2) + "\n"


def test_s1_asks_nothing_more() -> None:
    _, findings = check_visit((VISITS / "s1.exhaustive.json").read_bytes())
    assert findings == ()


def test_s6_replaces_s1_under_the_same_id() -> None:
    first, second = sample("s1.exhaustive"), sample("s6.exhaustive")
    assert (first.id, first.version, second.version) == (second.id, 1, 2)
    assert second.correction is not None
    assert second.start == first.start
    assert second.written_at > first.written_at
    assert second.treatments is not None
    assert second.treatments.items[0].dose is not None
    assert second.treatments.items[0].dose.value == "40"


def test_s3_keeps_the_offset_of_la_reunion() -> None:
    assert sample("s3.exhaustive").start.isoformat() == "2026-10-19T16:00:00+04:00"


def test_s4_gives_the_reason_of_the_opposition_in_one_field_only() -> None:
    visit = sample("s4.exhaustive")
    assert visit.sharing.opposition_reason is not None
    assert "frère" not in visit.model_copy(update={"sharing": None}).model_dump_json(warnings=False)


def test_s5_shows_the_name_as_it_is_lived_and_keeps_the_strict_traits() -> None:
    patient = sample("s5.exhaustive").patient
    assert (patient.used_family_name, patient.birth_family_name) == ("Cœurderoy", "COEURDEROY")


def test_s7_invents_nothing() -> None:
    visit, findings = check_visit((VISITS / "s7.required.json").read_bytes())
    assert visit is not None
    assert visit.scales == ()
    assert visit.allergies is None
    assert visit.directives is None
    assert visit.next_visit is not None
    assert visit.next_visit.on is None
    assert {finding.rule for finding in findings} == {"VIS-INCOMPLETE"}
