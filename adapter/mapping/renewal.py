"""A list of ``value-sets`` beside the one its publisher gives now: what came, what went, which rows it touches."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from adapter.mapping.loader import Mappings
from adapter.mapping.tables import DATED_VALUE_SET_COLUMNS, VALUE_SET_COLUMNS
from adapter.terminology import Registry, ValueSet
from adapter.terminology.published import PublishedCode, PublishedList

Kind = Literal["added", "retired", "relabelled"]


@dataclass(frozen=True, slots=True)
class CodeChange:
    """One code that changes.

    Attributes:
        kind: ``added``, ``retired`` (gone, or closed by its date) or ``relabelled``.
        system: key of the code system.
        code: the code.
        before: label in our list, empty when added.
        after: label in the published list, empty when it is gone.
        rows: places (``file:line:column``) of our rows that cite the list and use the code.
    """

    kind: Kind
    system: str
    code: str
    before: str
    after: str
    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Renewal:
    """One published list beside ours.

    Attributes:
        value_set: our list.
        version: day of the published list.
        address: where its publisher gives it, as the list says; may be empty.
        changes: what changes, retired first.
        unknown: OIDs or URIs of systems that ``systems.csv`` does not have.
        table: content of the new ``value-sets/NAME.csv``.
    """

    value_set: ValueSet
    version: str
    address: str
    changes: tuple[CodeChange, ...]
    unknown: tuple[str, ...]
    table: bytes


def counterpart(published: PublishedList, mappings: Mappings) -> ValueSet | None:
    """Our list of the same OID; without an OID, the one whose name opens the published name; None when we hold none."""
    names = {published.name.replace("-", "_"), published.uri.rpartition("/")[2].replace("-", "_")}
    for value_set in mappings.value_sets.values():
        if published.oid and value_set.oid:
            if published.oid == value_set.oid:
                return value_set
        elif any(name == value_set.name or name.startswith(f"{value_set.name}_") for name in names):
            return value_set
    return None


def renewal(published: PublishedList, value_set: ValueSet, mappings: Mappings, day: str) -> Renewal:
    """What changes in `value_set` when it becomes `published`, codes being judged on `day` (``AAAA-MM-JJ``).

    Of an incomplete list only the codes that we already hold are compared and kept.
    """
    keys = _keys(mappings.registry, published.codes)
    given = {
        (mappings.registry.by_key[key].oid, code.code): (key, code)
        for code in published.codes
        if (key := keys.get(code.system))
    }
    kept = {place: found for place, found in given.items() if value_set.complete or place in value_set.members}
    changes: list[CodeChange] = []
    for place, label in value_set.members.items():
        key, code = kept.get(place, (mappings.registry.by_oid[place[0]].key, None))
        if code is None or (code.end and code.end < day):
            kind: Kind = "retired"
        elif code.display != label:
            kind = "relabelled"
        else:
            continue
        after = code.display if code else ""
        changes.append(CodeChange(kind, key, place[1], label, after, _rows(mappings, value_set, place)))
    for place, (key, code) in kept.items():
        if place not in value_set.members and not (code.end and code.end < day):
            changes.append(CodeChange("added", key, place[1], "", code.display, _rows(mappings, value_set, place)))
    return Renewal(
        value_set,
        published.version,
        published.uri,
        tuple(sorted(changes, key=lambda change: ("retired", "relabelled", "added").index(change.kind))),
        tuple(sorted({code.system for code in published.codes} - keys.keys())),
        _table([(key, code) for key, code in kept.values()]),
    )


def _keys(registry: Registry, codes: Sequence[PublishedCode]) -> dict[str, str]:
    found: dict[str, str] = {}
    for code in codes:
        system = registry.by_oid.get(code.system) or registry.by_uri.get(code.system)
        if system is not None:
            found[code.system] = system.key
    return found


def _rows(mappings: Mappings, value_set: ValueSet, place: tuple[str, str]) -> tuple[str, ...]:
    found = []
    for rows in mappings.rows.values():
        for row in rows:
            system = mappings.registry.by_key.get(row["system"])
            cited = row["source"].partition(" ")[0] == value_set.name
            if cited and system is not None and (system.oid, row["code"]) == place:
                found.append(row.place("code"))
    return tuple(found)


def _table(codes: Sequence[tuple[str, PublishedCode]]) -> bytes:
    dated = any(code.start or code.end for _, code in codes)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(DATED_VALUE_SET_COLUMNS if dated else VALUE_SET_COLUMNS)
    for key, code in codes:
        writer.writerow([key, code.code, code.display, *((code.start, code.end) if dated else ())])
    return out.getvalue().encode("utf-8")
