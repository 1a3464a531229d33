"""A visit short enough to be traced in a moment, with one entry of most kinds."""

from __future__ import annotations

import json
from typing import Any

from tests.samples_kept import VISITS

_FIRST = (
    "problems", "history", "symptoms", "scales", "anticipatory", "devices", "wounds", "needs",
    "wishes", "goals", "limitations", "expected_events", "relatives", "care_team", "actions",
)  # fmt: skip
S1 = next(path for path in VISITS if path.name == "s1.exhaustive.json")


def short_visit(**changes: Any) -> bytes:
    """S1 exhaustive with one entry in each list, and other values for some of its fields."""
    visit: dict[str, Any] = json.loads(S1.read_bytes())
    for name in _FIRST:
        visit[name] = visit[name][:1]
    visit["vital_signs"] = visit["vital_signs"][:2]
    for name in ("allergies", "treatments", "directives"):
        visit[name]["items"] = visit[name]["items"][:1]
    visit["present"] = [{"kind": "patient"}]
    visit["actions"] = [{key: value for key, value in visit["actions"][0].items() if key != "who"}]
    del visit["attachments"]
    return json.dumps(visit | changes).encode()
