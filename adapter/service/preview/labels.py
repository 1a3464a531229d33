"""What the fields of a visit are called, in the words of its schema, and what states are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from adapter.api.reference import visit_schema

_STEPS: Final = re.compile(r"\[\d*\]|[^.\[\]]+")
_DEEPEST: Final = 3  # names shown of one path

STATES: Final[Mapping[str, str]] = {
    "queued": "en file",
    "sending": "envoi en cours",
    "unknown": "sort inconnu",
    "accepted": "accepté",
    "confirmed": "confirmé",
    "rejected": "refusé",
    "blocked": "bloqué",
    "replaced": "remplacé",
    "withdrawn": "retiré",
}


def label(path: str) -> str:
    """Name of the field at `path` for people (``Patient › Matricule INS``); the path itself when it is not known."""
    names: list[str] = []
    node: Any = _schema()
    for step in _STEPS.findall(path.removeprefix("$")):
        node = _inner(node, step)
        if node is None:
            break
        if step.startswith("["):
            if names and step != "[]":
                names[-1] += f" n° {int(step[1:-1]) + 1}"
        elif told := node.get("description"):
            names.append(_short(told))
    return " › ".join(names[-_DEEPEST:]) or ("Visite entière" if path == "$" else path)


def _short(told: str) -> str:
    """First clause of a description, without what follows a comma, a colon or a bracket."""
    return re.split(r"[,:;(.]", told, maxsplit=1)[0].strip()


def _inner(node: Mapping[str, Any], step: str) -> Mapping[str, Any] | None:
    for one in _readings(node):
        found = one.get("items") if step.startswith("[") else one.get("properties", {}).get(step)
        if isinstance(found, dict):
            return found
    return None


def _readings(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The node, and what it points at."""
    found: list[Mapping[str, Any]] = [node]
    for one in (node, *node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ())):
        if "$ref" in one:
            found.append(_schema()["$defs"][one["$ref"].rpartition("/")[2]])
        elif one is not node:
            found.append(one)
    return found


@cache
def _schema() -> dict[str, Any]:
    return visit_schema()
