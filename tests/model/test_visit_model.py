from __future__ import annotations

import types
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_origin

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from adapter.model import codes, fields, visit
from adapter.model.fields import day, decimal_text, moment, partial_day
from adapter.model.reader import read_visit
from adapter.model.visit import Visit


def test_a_moment_keeps_the_offset_it_was_written_with() -> None:
    assert moment("2026-10-19T16:00:00+04:00").utcoffset() == timedelta(hours=4)
    assert moment("2026-10-19T16:00Z").utcoffset() == timedelta(0)
    assert moment("2026-10-19T16:00:00.250-03:30").microsecond == 250_000


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-19",
        "2026-10-19T16:00:00",
        "2026-10-19 16:00:00+02:00",
        "20261019T160000+0200",
        "2026-W43-1T16:00:00+02:00",
        "2026-02-30T16:00:00+02:00",
        "2026-10-19T24:00:01+02:00",
        "2026-10-19T16:00:00+14:01",
        "2026-10-19T16:00:00+99:00",
        "1066-10-14T16:00:00+02:00",
        "２０２６-10-19T16:00:00+02:00",
        "2026-10-19T16:00:00+02:00\n",
        20261019,
        None,
    ],
)
def test_what_is_no_moment_is_refused(text: Any) -> None:
    with pytest.raises(PydanticCustomError):
        moment(text)


@pytest.mark.parametrize(
    "text", ["2026-2-3", "20260203", "2026-02-30", "0001-01-01", "2201-01-01", " 2026-02-03", "٢٠٢٦-02-03", 3]
)
def test_what_is_no_day_is_refused(text: Any) -> None:
    with pytest.raises(PydanticCustomError):
        day(text)


def test_a_partial_day_keeps_its_precision() -> None:
    assert [partial_day(text) for text in ("2025", "2025-03", "2024-02-29")] == ["2025", "2025-03", "2024-02-29"]


@pytest.mark.parametrize("text", ["25", "2025-13", "2025-00", "2025-02-29", "2025-03-", "1700", "2025/03", 2025])
def test_what_is_no_partial_day_is_refused(text: Any) -> None:
    with pytest.raises(PydanticCustomError):
        partial_day(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("4.50"), "4.50"),
        (3, "3"),
        ("0.10", "0.10"),
        (Decimal("1E+2"), "100"),
        (Decimal("1E-3"), "0.001"),
        ("-0.5", "-0.5"),
    ],
)
def test_a_decimal_is_kept_as_it_was_written(value: Any, text: str) -> None:
    assert decimal_text(value) == text


@pytest.mark.parametrize(
    "value",
    ["4,5", "", "1e3", "+1", ".5", "5.", "NaN", Decimal("NaN"), True, 1.5, None, "٤", "9" * 13, Decimal("1E+40")],
)
def test_what_is_no_decimal_is_refused(value: Any) -> None:
    with pytest.raises(PydanticCustomError):
        decimal_text(value)


def models() -> Iterator[type[BaseModel]]:
    todo: list[type[BaseModel]] = [Visit]
    seen: set[type[BaseModel]] = set()
    while todo:
        model = todo.pop()
        if model in seen:
            continue
        seen.add(model)
        yield model
        for field in model.model_fields.values():
            todo += _in(field.annotation)


def _in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in getattr(annotation, "__args__", ()) for model in _in(inner)]


def test_every_model_is_strict_frozen_and_closed() -> None:
    for model in models():
        assert issubclass(model, fields.Model)
        config = model.model_config
        assert (config.get("strict"), config.get("frozen"), config.get("extra")) == (True, True, "forbid")


def test_every_field_has_a_description() -> None:
    for model in models():
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"


def test_every_list_is_a_tuple_and_takes_a_json_array() -> None:
    for model in models():
        for name, field in model.model_fields.items():
            assert get_origin(field.annotation) is not list, f"{model.__name__}.{name}"
    assert TypeAdapter(visit.Sharing).validate_python({"visibility": ["hidden-from-patient"]}).visibility


@pytest.mark.parametrize(
    "wrong", [{"opposition": "true"}, {"opposition": 1}, {"visibility": "hidden-from-patient"}, {"visibility": {}}]
)
def test_nothing_is_converted_to_fit(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        visit.Sharing.model_validate(wrong)


def test_a_visit_cannot_be_changed() -> None:
    sharing = visit.Sharing()
    with pytest.raises(ValidationError):
        sharing.opposition = True  # type: ignore[misc]


def test_the_schema_is_closed_and_describes_itself() -> None:
    schema = Visit.model_json_schema()
    assert schema["additionalProperties"] is False
    for name, part in schema["$defs"].items():
        assert part["additionalProperties"] is False, name
        for field, told in part["properties"].items():
            assert told.get("description"), f"{name}.{field}"
    assert {"patient", "author", "start", "end", "conclusions"} <= set(schema["required"])


def test_every_local_value_list_is_published() -> None:
    lists = [
        value
        for name, value in vars(codes).items()
        if name.endswith("Code") and not isinstance(value, types.ModuleType)
    ]
    assert all(any(value is published for published in codes.LOCAL_CODES.values()) for value in lists)
    for table, values in codes.LOCAL_CODES.items():
        assert len(set(values.__args__)) == len(values.__args__), table


def test_a_visit_never_shows_what_it_holds() -> None:
    path = Path(__file__).resolve().parents[2] / "samples" / "visits" / "s1.exhaustive.json"
    read = read_visit(path.read_bytes())
    assert {repr(read), str(read), f"{read}"} == {"Visit(***)"}
    assert repr(read.patient.ins) == "Ins(***)"
