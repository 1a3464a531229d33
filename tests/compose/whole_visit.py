"""A visit in which every field of the model is filled, built from the model itself, and what came of each field.

A field added to the model is in it by itself: a test that walks this visit sees a new field that nobody composes.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from adapter.model import fields
from adapter.model.document import Document
from adapter.model.visit import Visit

Path = tuple[str | int, ...]

_NAMED: dict[str, Any] = {
    "format": "vsp-visit/1",
    "value": "06 11 22 33 44",
    "rpps": "99700100003",
    "finess": "990000010",
    "national_id": "312345678901234",
    "birth_place": "44109",
    "birth_family_name": "ROUSSEL",
    "birth_given_names": ["HELENE", "MARIE"],
    "postal_code": "44000",
    "country": "FRA",
    "cim10": "C25.9",
    "reaction_cim10": "L50.9",
    "atc": "N02AA01",
    "cis": "60000001",
    "data": "JVBERi0xLjQKJUVPRgo=",
    "replaces_document_id": "1.2.250.1.999.7",
    "media_type": "application/pdf",
    "ref": "k-relative",
    "told_by": "k-relative",
    "relative": "k-relative",
    "who": "k-member",
}
_IDS = {"relatives": "k-relative", "care_team": "k-member", "guardians": "k-guardian", "attachments": "k-attachment"}
_CHOSEN: dict[str, str] = {"status": "listed", "facility_type": "solo-practice"}


@dataclasses.dataclass
class Leaf:
    """One value of the visit: where it stands, what it is, and the values that could stand there instead."""

    path: Path
    value: Any
    others: tuple[Any, ...]
    marker: str = ""
    table: tuple[Any, ...] = ()


class _Filler:
    def __init__(self) -> None:
        self.leaves: list[Leaf] = []
        self._count = 0

    def model(self, model: type[BaseModel], path: Path) -> dict[str, Any]:
        filled: dict[str, Any] = {}
        for name, field in model.model_fields.items():
            filled[name] = self.value(field.annotation, (*path, name), tuple(field.metadata))
        return filled

    def value(self, annotation: Any, path: Path, metadata: tuple[Any, ...] = ()) -> Any:
        name = str(next(step for step in reversed(path) if isinstance(step, str)))
        if get_origin(annotation) is Annotated:
            if known := self._dated(annotation, path):
                return known
            inner, *more = get_args(annotation)
            return self.value(inner, path, (*metadata, *more))
        if get_origin(annotation) in {Union, UnionType}:
            return self.value(next(a for a in get_args(annotation) if a is not NoneType), path, metadata)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return self.model(annotation, path)
        for known_type in (fields.Moment, fields.Day, fields.PartialDay, fields.DecimalText):
            if metadata and metadata == get_args(known_type)[1:]:
                return self._dated(known_type, path)
        if name == "id":
            return next((_IDS[str(step)] for step in path if step in _IDS), "visite-1")
        if name in _NAMED and (name != "value" or "telecoms" in path):
            return self._leaf(path, _NAMED[name], ())
        if get_origin(annotation) is tuple:
            return [self.value(get_args(annotation)[0], (*path, 0))]
        if get_origin(annotation) is Literal:
            choices = get_args(annotation)
            chosen = _CHOSEN.get(name, choices[0])
            value = chosen if chosen in choices else choices[0]
            return self._leaf(path, value, tuple(c for c in choices if c != value), table=choices)
        if annotation is bool:
            return self._leaf(path, True, (False,))
        if annotation is int:
            bounds = [m for each in metadata for m in (each.metadata if isinstance(each, FieldInfo) else [each])]
            low = next((int(str(m.ge)) for m in bounds if isinstance(m, annotated_types.Ge)), 0)
            return self._leaf(path, low + 1, (low + 2, low) if low else (low + 2, 0))
        if annotation is str:
            return self._text(path)
        raise NotImplementedError(f"no value for {annotation} at {path}")

    def _text(self, path: Path) -> str:
        self._count += 1
        marker = f"mot{self._count:03d}e"
        self._leaf(path, marker, (f"{marker}-bis",), marker=marker)
        return marker

    def _dated(self, annotation: Any, path: Path) -> Any:
        self._count += 1
        n = self._count
        if annotation == fields.Moment:
            return self._leaf(path, f"2026-10-12T10:{n % 60:02d}:00+02:00", (f"2026-10-13T11:{n % 60:02d}:00+02:00",))
        if annotation == fields.Day:
            return self._leaf(path, f"20{10 + n % 16}-0{1 + n % 9}-11", (f"20{10 + n % 16}-0{1 + n % 9}-12",))
        if annotation == fields.PartialDay:
            return self._leaf(path, f"20{10 + n % 16}-0{1 + n % 9}", (f"20{10 + n % 16}", f"20{10 + n % 16}-12-31"))
        if annotation == fields.DecimalText:
            return self._leaf(path, f"{n}.50", (f"{n}.5", f"{n}"))
        return None

    def _leaf(self, path: Path, value: Any, others: tuple[Any, ...], marker: str = "", table: Any = ()) -> Any:
        self.leaves.append(Leaf(path, value, others, marker, table))
        return value


def whole_visit() -> tuple[dict[str, Any], list[Leaf]]:
    """JSON object of a visit with every field filled, and its leaves."""
    filler = _Filler()
    visit = filler.model(Visit, ())
    visit["version"] = 2
    visit["sharing"]["opposition"] = False
    # What excludes one another stands in two entries.
    visit["patient"]["ins"] |= {
        "value": "2 52 03 44 109 217 97",
        "root": "1.2.250.1.213.1.4.10",
        "status": "qualified",
    }
    visit["scales"].append({**visit["scales"][0], "value": None})
    visit["scales"][0]["not_assessable"] = None
    visit["treatments"]["items"].append({"label": "Simple", "kind": "as-needed"})
    organization = {**visit["patient"]["guardians"][0], "id": "k-organization", "name": None}
    visit["patient"]["guardians"][0]["organization"] = None
    visit["patient"]["guardians"].append(organization)
    visit["directives"]["status"] = "written"
    visit["trusted_person"]["status"] = "designated"
    moved = {
        ("scales", 0, "not_assessable"): ("scales", 1, "not_assessable"),
        ("patient", "guardians", 0, "organization"): ("patient", "guardians", 1, "organization"),
    }
    for leaf in filler.leaves:
        leaf.path = moved.get(leaf.path, leaf.path)
    return visit, filler.leaves


def changed(visit: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """Copy of the visit with another value at `path`."""
    copied = copy.deepcopy(visit)
    at: Any = copied
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return copied


def json_path(path: Path) -> str:
    """``$.treatments.items[].label``."""
    return "$" + "".join("[]" if isinstance(step, int) else f".{step}" for step in path)


def texts(value: Any) -> Iterator[str]:
    """Every text, number and date of a composed document, its derived keys left out."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            if field.name not in {"key", "role_key", "binary_key", "anchor", "notices", "digest", "profiles"}:
                yield from texts(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, (int, date, datetime)):
        yield str(value)


def all_text(document: Document) -> str:
    """Everything that the document says, one piece a line."""
    return "\n".join(texts(document))
