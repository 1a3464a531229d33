"""Every sample converts to exactly the files that were read and kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adapter.api import convert
from tests.samples_kept import NAMES, VISITS, expected


@pytest.mark.parametrize("visit", VISITS, ids=NAMES)
def test_a_sample_gives_the_kept_outputs(visit: Path, golden: Callable[[Path, bytes], None]) -> None:
    done = convert(visit.read_bytes())
    folder = expected(visit)
    golden(folder / "document.xml", done.cda)
    golden(folder / "bundle.json", done.bundle)
    golden(folder / "sheet.html", done.sheet)


def test_there_are_seven_scenarios_in_two_fills() -> None:
    assert {f"s{n}.{fill}" for n in range(1, 8) for fill in ("required", "exhaustive")} == set(NAMES)


def test_no_expected_folder_outlives_its_sample() -> None:
    kept = {path.name for path in (VISITS[0].parent.parent / "expected").iterdir()}
    assert kept == set(NAMES)
