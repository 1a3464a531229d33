"""Which judge sees which planted fault, as tables of a page: written there by a run, read there by a test."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, get_args

from tests.interop.planted_own import Column, Family

BEGIN: Final = "<!-- fautes semées : début -->"
END: Final = "<!-- fautes semées : fin -->"
OWN: Final = frozenset({("FHIR", "règles"), ("FHIR", "accord"), ("CDA", "règles"), ("CDA", "accord")}) | {
    ("XDS", "fiche"),
    ("XDS", "message"),
}
_SEEN: Final = "vue"
_UNSEEN: Final = "–"
_TITLES: Final = {
    "FHIR": "Dans le Bundle FHIR",
    "CDA": "Dans le document CDA",
    "XDS": "Dans les métadonnées du dépôt",
}


def tables(columns: Sequence[Column]) -> str:
    """One Markdown table for each family: a line for each fault, a column for each judge; ours come first."""
    parts = []
    for family in get_args(Family):
        mine = [one for one in columns if one.family == family]
        if mine:
            parts += [f"### {_TITLES[family]}", "", *_lines(mine), ""]
    return "\n".join(parts)


def _lines(columns: Sequence[Column]) -> Iterable[str]:
    faults = sorted(frozenset().union(*(one.seen | one.unseen for one in columns)))
    yield f"| Faute | {' | '.join(one.judge for one in columns)} |"
    yield f"|---|{':---:|' * len(columns)}"
    for fault in faults:
        yield f"| {fault} | {' | '.join(_mark(one, fault) for one in columns)} |"
    counts = (f"{len(one.seen)}/{len(one.seen) + len(one.unseen)}" for one in columns)
    yield f"| **vues** | {' | '.join(counts)} |"


def _mark(column: Column, fault: str) -> str:
    return _SEEN if fault in column.seen else _UNSEEN if fault in column.unseen else ""


def within(page: str, text: str) -> str:
    """The page with these tables in place of those between its marks.

    Raises:
        ValueError: it has no such marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError("the page has no place for the tables")
    return f"{before}{BEGIN}\n\n{text}\n{END}{after}"


def columns_of(page: str) -> list[Column]:
    """Columns that a page shows, as they were written there."""
    found: list[Column] = []
    shown = page.partition(BEGIN)[2].partition(END)[0]
    for family, title in _TITLES.items():
        body = re.search(rf"^### {title}\n\n((?:\|.*\n)+)", shown, re.MULTILINE)
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in body[1].splitlines()] if body else []
        head, faults = (rows[0], rows[2:-1]) if rows else ([], [])
        for rank, judge in enumerate(head[1:], 1):
            seen = frozenset(row[0] for row in faults if row[rank] == _SEEN)
            unseen = frozenset(row[0] for row in faults if row[rank] == _UNSEEN)
            found += [Column(one, judge, seen, unseen) for one in get_args(Family) if one == family]
    return found


def unseen_by_ours(columns: Iterable[Column]) -> list[str]:
    """Faults that none of our judges sees, by family and name."""
    asked: set[tuple[str, str]] = set()
    seen: set[tuple[str, str]] = set()
    for one in columns:
        if (one.family, one.judge) in OWN:
            asked |= {(one.family, name) for name in one.seen | one.unseen}
            seen |= {(one.family, name) for name in one.seen}
    return sorted(f"{family} {name}" for family, name in asked - seen)
