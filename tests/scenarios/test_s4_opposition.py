"""S4: the patient opposes sharing in the DMP; the documents exist for local use, and never say why."""

from __future__ import annotations

import pytest

from tests.scenarios.outputs import FILLS, VISITS, outputs

REASON_WORDS = ("employeur", "hôpital local", "oppos")


@pytest.mark.parametrize("fill", FILLS)
def test_documents_are_produced(fill: str) -> None:
    done = outputs(f"s4.{fill}").converted
    assert done.cda
    assert done.bundle
    assert done.sheet


@pytest.mark.parametrize("fill", FILLS)
def test_the_reason_is_printed_nowhere(fill: str) -> None:
    told = (VISITS / f"s4.{fill}.json").read_text("utf-8")
    assert '"opposition": true' in told
    for text in outputs(f"s4.{fill}").texts():
        for word in REASON_WORDS:
            assert word not in text.lower()
