"""Where each field of a visit stands in its text, so that a finding is shown beside its field."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_TOKENS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)
_DEEPEST: Final = 100  # levels; deeper is refused by the reader of visits anyway
_LONGEST: Final = 4_000_000  # characters of a text whose fields are placed
_STEP: Final = re.compile(r"(\[\d+\]|\.[^.\[\]]+)$")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field is written: its line, from 1, and its first and last character in the text."""

    line: int
    start: int
    end: int


def places(text: str) -> Mapping[str, Place]:
    """Place of every field of the JSON `text` by its path (``$.care_team[2].rpps``), as far as it can be read."""
    found = {"$": Place(1, 0, 0)}
    if len(text) > _LONGEST:
        return found
    line, counted = 1, 0
    for path, start, end in _values(text):
        line += text.count("\n", counted, start)
        counted = start
        found.setdefault(path, Place(line, start, end))
    return found


def nearest(path: str, known: Mapping[str, Place]) -> Place:
    """Place of the field at `path`, or of the nearest one around it: a field that is missing has no place."""
    while path not in known:
        shorter = _STEP.sub("", path)
        path = "$" if shorter == path else shorter
    return known[path]


def _values(text: str) -> Iterator[tuple[str, int, int]]:
    """Path, start and end of each member or element, the start being that of its name when it has one."""
    where: list[str] = ["$"]
    ranks: list[int] = [-1]  # -1 within an object
    name, begins = "", 0
    awaits_name = False
    for token in _TOKENS.finditer(text):
        word, start, end = token.group(), token.start(), token.end()
        if word in "}]":
            if len(where) > 1:
                where.pop()
                ranks.pop()
            awaits_name = False
        elif word == ",":
            awaits_name = ranks[-1] < 0
        elif word == ":":
            awaits_name = False
        elif awaits_name and word.startswith('"'):
            name, begins = _decoded(word), start
        else:
            path, begins = _path(where, ranks, name, begins, start)
            yield path, begins, end
            name = ""
            if word in "{[":
                if len(where) > _DEEPEST:
                    return
                where.append(path)
                ranks.append(0 if word == "[" else -1)
                awaits_name = word == "{"


def _path(where: list[str], ranks: list[int], name: str, begins: int, start: int) -> tuple[str, int]:
    if len(where) == 1:
        return "$", start
    if ranks[-1] < 0:
        return f"{where[-1]}.{name}", begins
    rank = ranks[-1]
    ranks[-1] += 1
    return f"{where[-1]}[{rank}]", start


def _decoded(word: str) -> str:
    try:
        return str(json.loads(word, strict=False))
    except ValueError:
        return word.strip('"')
