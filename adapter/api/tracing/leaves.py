"""Values that one visit holds, each with other values that could have stood in its place."""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from adapter.model import codes, fields, people
from adapter.model.identifiers import INS_ROOTS
from adapter.model.visit import Visit

Path = tuple[str | int, ...]

_CAPITALS: Final = get_args(people.BirthName)[1].pattern
_FREE: Final = frozenset({r"\S", get_args(fields.Label)[1].pattern, _CAPITALS})
"""Patterns that let any words through."""
_KEY: Final = get_args(fields.LocalId)[1].pattern
_REFERENCES: Final = frozenset({"ref", "told_by", "relative", "who"})
_DATED: Final = {
    get_args(kind)[1]: name
    for kind, name in ((fields.Moment, "moment"), (fields.Day, "day"), (fields.PartialDay, "day"))
}
_DECIMAL: Final = get_args(fields.DecimalText)[1]
_TABLES: Final[Mapping[tuple[str, ...], str]] = {get_args(kind): table for table, kind in codes.LOCAL_CODES.items()}
_PDF: Final = b"%PDF-1.4\n% autre\n%%EOF\n"
_SMALL: Final = b"%PDF-1.4\n% petit\n%%EOF\n" + b"%" * 2000
_LARGE: Final = 4096  # characters


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value of a visit.

    Attributes:
        path: where it stands.
        value: what stands there; never shown.
        words: free words, which a marker can replace; ``capitals``: one in capital letters.
        table: mapping table of a coded value, or empty.
        others: values that could stand there instead.
        renames: a key, to be changed wherever it is referred to.
    """

    path: Path
    value: Any
    words: bool = False
    capitals: bool = False
    table: str = ""
    others: tuple[Any, ...] = ()
    renames: bool = False

    @property
    def name(self) -> str:
        """``$.symptoms[0].onset``."""
        return json_path(self.path)

    @property
    def empty(self) -> bool:
        """Nothing is said: null, or a list or an object without anything in it."""
        return self.value is None or self.value in ([], {})

    def __repr__(self) -> str:
        return f"Leaf({self.name})"


def json_path(path: Path) -> str:
    """``$.treatments.items[0].label``."""
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def pattern_of(path: str) -> str:
    """`path` with its ranks left out: ``$.treatments.items[].label``."""
    return re.sub(r"\[\d+\]", "[]", path)


def with_small_files(visit: Mapping[str, Any]) -> dict[str, Any]:
    """The visit with a small file in the place of each large one that is joined: the same places, printed sooner."""
    files = visit.get("attachments") or []
    small: dict[Path, Any] = {
        ("attachments", number, "data"): base64.b64encode(_SMALL).decode()
        for number, one in enumerate(files)
        if len(one["data"]) > _LARGE
    }
    return many_changed(visit, small)


def with_value(visit: Mapping[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """Copy of a visit with a value at `path`, objects on the way there being made when they are absent."""
    copied: dict[str, Any] = copy.deepcopy(dict(visit))
    at: Any = copied
    for step in path[:-1]:
        at = at.setdefault(step, {}) if isinstance(at, dict) else at[step]
    at[path[-1]] = value
    return copied


def many_changed(visit: Mapping[str, Any], values: Mapping[Path, Any]) -> dict[str, Any]:
    """Copy of a visit with other values at some paths; what holds none of them is shared with the original."""
    copied: dict[str, Any] = dict(visit)
    fresh: dict[Path, Any] = {(): copied}
    for path, value in values.items():
        at: Any = copied
        for depth, step in enumerate(path[:-1], 1):
            if path[:depth] not in fresh:
                fresh[path[:depth]] = at[step] = copy.copy(at[step])
            at = fresh[path[:depth]]
        at[path[-1]] = value
    return copied


def variants(visit: Mapping[str, Any], leaf: Leaf) -> Iterator[dict[str, Any]]:
    """The visit with each of the other values of `leaf` in turn."""
    for value in leaf.others:
        yield _renamed(visit, leaf.value, value) if leaf.renames else many_changed(visit, {leaf.path: value})


def _renamed(visit: Any, old: str, new: str, name: str = "") -> Any:
    if isinstance(visit, dict):
        return {key: _renamed(value, old, new, key) for key, value in visit.items()}
    if isinstance(visit, list):
        return [_renamed(value, old, new, name) for value in visit]
    return new if visit == old and name in {"id", *_REFERENCES} else visit


def leaves(visit: Mapping[str, Any]) -> tuple[Leaf, ...]:
    """Every value of a visit (plain JSON that the model accepts), in the order in which it stands there."""
    keys = tuple(dict.fromkeys(_keys(visit)))
    return tuple(_model(Visit, visit, (), keys))


def _keys(value: Any) -> Iterator[str]:
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if isinstance(child, dict) and isinstance(child.get("id"), str):
            yield child["id"]
        yield from _keys(child)


def _model(model: type[BaseModel], given: Mapping[str, Any], path: Path, keys: tuple[str, ...]) -> Iterator[Leaf]:
    for name, value in given.items():
        field = model.model_fields[name]
        yield from _value(field.annotation, value, (*path, name), tuple(field.metadata), keys)


def _value(kind: Any, value: Any, path: Path, metadata: tuple[Any, ...], keys: tuple[str, ...]) -> Iterator[Leaf]:
    origin = get_origin(kind)
    if value is None or value in ([], {}):
        yield Leaf(path, value)
    elif origin is Annotated:
        inner, *more = get_args(kind)
        yield from _value(inner, value, path, (*metadata, *more), keys)
    elif origin in {Union, UnionType}:
        yield from _value(next(a for a in get_args(kind) if a is not NoneType), value, path, metadata, keys)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from _model(kind, value, path, keys)
    elif origin is tuple:
        for number, item in enumerate(value):
            yield from _value(get_args(kind)[0], item, (*path, number), (), keys)
    else:
        yield _leaf(kind, value, path, _flat(metadata), keys)


def defaulted(visit: Mapping[str, Any]) -> tuple[Leaf, ...]:
    """Values that the format supposes where a visit is silent."""
    keys = tuple(dict.fromkeys(_keys(visit)))
    return tuple(_absent(Visit, visit, (), keys))


def _absent(model: type[BaseModel], given: Mapping[str, Any], path: Path, keys: tuple[str, ...]) -> Iterator[Leaf]:
    for name, field in model.model_fields.items():
        here = (*path, name)
        inner = _model_within(field.annotation)
        if name not in given:
            default = field.default
            if isinstance(default, BaseModel):
                yield from _absent(type(default), {}, here, keys)
            elif isinstance(default, (str, int)):
                yield from _value(field.annotation, default, here, tuple(field.metadata), keys)
        elif inner is not None:
            held = given[name]
            several = enumerate(held) if isinstance(held, list) else ((None, held),)
            for number, one in several:
                if isinstance(one, dict):
                    yield from _absent(inner, one, here if number is None else (*here, number), keys)


def _model_within(kind: Any) -> type[BaseModel] | None:
    """Model that a field holds, alone or in a list."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    return next((found for found in map(_model_within, get_args(kind)) if found is not None), None)


def _flat(metadata: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(one for each in metadata for one in (each.metadata if isinstance(each, FieldInfo) else (each,)))


def _leaf(kind: Any, value: Any, path: Path, metadata: tuple[Any, ...], keys: tuple[str, ...]) -> Leaf:
    if get_origin(kind) is Literal:
        choices = get_args(kind)
        return Leaf(path, value, table=_TABLES.get(choices, ""), others=tuple(c for c in choices if c != value))
    if kind is bool:
        return Leaf(path, value, others=(not value,))
    if kind is int:
        return Leaf(path, value, others=_integers(value, metadata))
    for dated, name in _DATED.items():
        if dated in metadata:
            return Leaf(path, value, others=_moments(value) if name == "moment" else (_day(value),))
    if _DECIMAL in metadata:
        return Leaf(path, value, others=(_number(str(value)),))
    pattern = next((m.pattern for m in metadata if getattr(m, "pattern", None)), None)
    if pattern == _KEY:
        return _key(value, path, keys)
    if pattern in _FREE:
        return Leaf(path, value, words=True, capitals=pattern == _CAPITALS)
    return Leaf(path, value, others=tuple(_shaped(str(path[-1]), value)))


def _key(value: str, path: Path, keys: tuple[str, ...]) -> Leaf:
    if path[-1] in _REFERENCES:
        return Leaf(path, value, others=tuple(k for k in (*keys, "author") if k != value))
    return Leaf(path, value, others=(f"{value[:56]}-autre",), renames=path != ("id",) and path[-1] == "id")


def _shaped(name: str, value: str) -> Iterator[str]:
    """Other values of the same outward form."""
    if name == "root":
        yield from (root for root in sorted(INS_ROOTS) if root != value)
    elif name == "data":
        yield base64.b64encode(_PDF).decode()
    elif name == "country":
        yield from (country for country in ("BEL", "CHE") if country != value)
    elif "@" in value:
        yield f"autre.{value}"
    else:
        for count in (12, 2, 1):
            if (other := _turned(value, count)) != value:
                yield other
        yield f"{value[:10]}9"


def _turned(value: str, count: int) -> str:
    """`value` with its last `count` digits one further each."""
    turned = list(value)
    places = [index for index, character in enumerate(value) if character in "0123456789"]
    for index in places[-count:]:
        turned[index] = str((int(value[index]) + 1) % 10)
    return "".join(turned)


def _number(value: str) -> str:
    """Another decimal of the same form, every digit different and none at the head a zero."""
    turned = _turned(value, len(value))
    sign, digits = ("-", turned[1:]) if turned.startswith("-") else ("", turned)
    return f"{sign}8{digits[1:]}" if digits[:1] == "0" and digits[1:2] not in {"", "."} else turned


def _integers(value: int, metadata: tuple[Any, ...]) -> tuple[int, ...]:
    low = next((int(str(m.ge)) for m in metadata if isinstance(m, annotated_types.Ge)), -100)
    high = next((int(str(m.le)) for m in metadata if isinstance(m, annotated_types.Le)), 10_000)
    near = (value + 1, value - 1, value + 2, value + 10, 1, 0)
    return tuple(dict.fromkeys(n for n in near if low <= n <= high and n != value))


def _day(value: str) -> str:
    """Another day, of the same precision, whose year, month and day all differ."""
    year, *rest = value[:10].split("-")
    moved = [str(int(year) - 1 if int(year) > 1900 else int(year) + 1)]
    moved += [f"{int(part) % top + 1:02}" for part, top in zip(rest, (12, 27), strict=False)]
    return "-".join(moved)


def _moments(value: str) -> tuple[str, ...]:
    hour, minute = int(value[11:13]), int(value[14:16])
    tail = value[16:]
    if tail[:1] == ":":
        tail = f":{(int(tail[1:3]) + 1) % 60:02}{tail[3:]}"
    clock = f"T{(hour + 1) % 24:02}:{(minute + 1) % 60:02}{tail}"
    return f"{_day(value)}{clock}", f"{value[:10]}{clock}"
