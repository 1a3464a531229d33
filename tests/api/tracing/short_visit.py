"""A visit short enough to be traced in a moment, with the kinds of entries that faults are planted in."""

from __future__ import annotations

import json
from typing import Any

from tests.samples_kept import VISITS

_LEFT_OUT = (
    "actions", "anticipatory", "attachments", "care_team", "devices", "function", "goals", "limitations", "needs",
    "next_visit", "nutrition", "places", "social", "wishes", "wounds",
)  # fmt: skip
_FIRST = ("problems", "history", "symptoms", "scales", "expected_events", "relatives")
S1 = next(path for path in VISITS if path.name == "s1.exhaustive.json")


def short_visit(**changes: Any) -> bytes:
    """S1 exhaustive without half of its parts and with one entry in most lists, and other values for some fields."""
    visit: dict[str, Any] = json.loads(S1.read_bytes())
    for name in _LEFT_OUT:
        del visit[name]
    for name in _FIRST:
        visit[name] = visit[name][:1]
    visit["vital_signs"] = visit["vital_signs"][:2]
    for name in ("allergies", "treatments", "directives"):
        visit[name]["items"] = visit[name]["items"][:1]
    visit["present"] = [{"kind": "patient"}]
    return json.dumps(visit | changes).encode()
