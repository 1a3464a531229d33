"""The list of accepted remarks: what it lets pass, and that it never outlives what it excuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop.opinions import Opinion, Remark, read_accepted, stale, table, unlisted

LISTED = """
[[accepted]]
judge = "HAPI"
severity = "warning"
rule = "dom-6"
text = "^Constraint"
reason = "no narrative"
"""
WARNING = Remark("a.json", "warning", "Bundle", "dom-6", "Constraint failed")


def _file(folder: Path, text: str) -> Path:
    file = folder / "accepted.toml"
    file.write_text(text, "utf-8")
    return file


def _said(*remarks: Remark, judge: str = "HAPI") -> Opinion:
    return Opinion(judge, "1", 1, 0.5, remarks)


@pytest.mark.parametrize(
    "other",
    [
        Remark("a.json", "error", "Bundle", "dom-6", "Constraint failed"),
        Remark("a.json", "warning", "Bundle", "dom-60", "Constraint failed"),
        Remark("a.json", "warning", "Bundle", "dom-6", "Another"),
    ],
)
def test_only_what_is_listed_passes(tmp_path: Path, other: Remark) -> None:
    accepted = read_accepted(_file(tmp_path, LISTED))
    assert unlisted(_said(WARNING, other), accepted) == [other]
    assert unlisted(_said(WARNING, judge="IPF"), accepted) == [WARNING]


def test_an_entry_that_excuses_nothing_any_more_is_told_once_its_judge_has_spoken(tmp_path: Path) -> None:
    accepted = read_accepted(_file(tmp_path, LISTED))
    assert stale([_said(WARNING)], accepted) == []
    assert stale([_said()], accepted) == list(accepted)
    assert stale([_said(judge="IPF")], accepted) == []


def test_an_entry_without_a_reason_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="reason"):
        read_accepted(_file(tmp_path, LISTED.replace("no narrative", " ")))


def test_the_table_counts_each_severity_and_what_is_open(tmp_path: Path) -> None:
    accepted = read_accepted(_file(tmp_path, LISTED))
    error = Remark("a.json", "error", "Bundle", "bdl-1", "Wrong")
    line = table([_said(WARNING, error)], accepted).splitlines()[1]
    assert line.split() == ["HAPI", "1", "1", "1", "1", "1", "0.5"]


def test_the_reviewed_file_can_be_read() -> None:
    assert read_accepted(Path(__file__).with_name("accepted.toml"))
