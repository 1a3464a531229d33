"""The loss report of every sample visit is empty, and what was looked at was really looked at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapter.api import trace
from adapter.api.tracing import Trace
from adapter.api.tracing.report import report
from adapter.compose import Options
from adapter.mapping import load, merged
from adapter.mapping.completeness import read_not_shared
from tests.compose.whole_visit import whole_visit
from tests.samples_kept import NAMES, VISITS


def _values(value: Any) -> int:
    """Values of a JSON object that say something."""
    if isinstance(value, dict):
        return sum(map(_values, value.values()))
    if isinstance(value, list):
        return sum(map(_values, value))
    return value is not None


def _is_complete(found: Trace) -> None:
    assert [(one.path, one.form) for one in found.lost] == []
    assert [(node.form, node.locator, node.unexplained) for node in found.unexplained] == []


@pytest.mark.parametrize("visit", VISITS, ids=NAMES)
def test_nothing_is_lost_and_nothing_comes_from_nowhere(visit: Path) -> None:
    data = visit.read_bytes()
    found = trace(data)
    _is_complete(found)
    told = [one for one in found.fields if one.leaf and not one.empty]
    assert len(told) == _values(json.loads(data))
    for one in told:
        assert all(form in one.nodes or form in one.silent or form in one.reasons for form in ("cda", "fhir", "sheet"))
    assert {node.form for node in found.nodes} == {"cda", "fhir", "sheet"}


def test_nothing_of_a_visit_in_which_every_field_is_filled_is_lost() -> None:
    visit, _ = whole_visit()
    not_shared = read_not_shared(merged(None))
    _is_complete(report(visit, load(), Options(), not_shared, lambda done, total: None))
