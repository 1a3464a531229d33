"""A way to reach someone that a visit may hold is one that its documents may hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import Severity
from adapter.model.reader import check_visit
from adapter.validation.fhir_rules.elements import EMAIL, PHONE
from tests.cli.runs import SHORT

WRITTEN = st.text("0123456789 .-+()/", min_size=1, max_size=14) | st.text("aé0 .@:<>-", min_size=1, max_size=9)


@given(value=WRITTEN)
@pytest.mark.parametrize(("kind", "form"), [("phone", PHONE), ("email", EMAIL)])
def test_what_the_documents_would_be_refused_for_is_refused_in_the_visit(kind: str, form: Any, value: str) -> None:
    visit = json.loads(SHORT.read_bytes())
    visit["patient"]["telecoms"] = [{"kind": kind, "value": value}]
    _, found = check_visit(json.dumps(visit))
    refused = [one.path for one in found if one.severity is Severity.ERROR]
    assert refused == ([] if form.fullmatch(value) and value == value.strip() else ["$.patient.telecoms[0].value"])
