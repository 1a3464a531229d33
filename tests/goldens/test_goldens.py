"""Every sample converts to exactly the files that were read and kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from adapter.api import Conversion, convert
from adapter.dmp.pdsm.resources import transaction
from adapter.submission.prepare import SubmissionRefused, prepare
from tests.samples_kept import NAMES, VISITS, expected

NEVER_SENT = {"s4.required", "s4.exhaustive"}
"""The patient is opposed to sharing."""


@pytest.mark.parametrize("visit", VISITS, ids=NAMES)
def test_a_sample_gives_the_kept_outputs(visit: Path, golden: Callable[[Path, bytes], None]) -> None:
    done = convert(visit.read_bytes())
    folder = expected(visit)
    golden(folder / "document.xml", done.cda)
    golden(folder / "bundle.json", done.bundle)
    golden(folder / "sheet.html", done.sheet)
    if folder.name not in NEVER_SENT:
        golden(folder / "submission.json", _deposit(done))


def _deposit(done: Conversion) -> bytes:
    """The ITI-65 transaction of both forms, without the contents (kept beside it), indented to be read."""
    submission = prepare(
        done.document,
        cda=done.cda,
        bundle=done.bundle,
        submission_time=done.document.written_at,
        opposition=False,
    )
    request = transaction(submission)
    for entry in request["entry"]:
        entry["resource"].pop("data", None)
    return orjson.dumps(request, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


@pytest.mark.parametrize("visit", [v for v in VISITS if expected(v).name in NEVER_SENT], ids=lambda v: v.name)
def test_an_opposition_gives_documents_and_no_deposit(visit: Path) -> None:
    done = convert(visit.read_bytes())
    with pytest.raises(SubmissionRefused):
        prepare(
            done.document,
            cda=done.cda,
            bundle=None,
            submission_time=done.document.written_at,
            opposition=True,
        )
    assert not (expected(visit) / "submission.json").exists()


def test_there_are_seven_scenarios_in_two_fills() -> None:
    assert {f"s{n}.{fill}" for n in range(1, 8) for fill in ("required", "exhaustive")} <= set(NAMES)


def test_no_expected_folder_outlives_its_sample() -> None:
    kept = {path.name for path in (VISITS[0].parent.parent / "expected").iterdir()}
    assert kept == set(NAMES)
