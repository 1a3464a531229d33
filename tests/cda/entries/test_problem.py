from __future__ import annotations

from dataclasses import replace

from adapter.model.document import Problem
from tests import documents
from tests.cda.reading import entry, find_all, string, strings


def _entries() -> tuple[Problem, Problem]:
    first, second = documents.problems().entries
    assert isinstance(first, Problem)
    assert isinstance(second, Problem)
    return first, second


def test_a_problem_carries_words_code_translation_and_month_of_onset() -> None:
    act = entry(documents.problems(), _entries()[0])
    assert string(act, "c:statusCode/@code") == "active"
    value = "c:entryRelationship/c:observation/c:value"
    assert string(act, f"{value}/@code") == "C25.9"
    assert string(act, f"{value}/c:translation/@code") == "363418001"
    assert string(act, f"{value}/c:originalText/text()") == "Adénocarcinome du pancréas"
    assert strings(act, "c:entryRelationship/c:observation/c:effectiveTime/*/@value") == ["202603"]
    assert not find_all(act, ".//c:high")


def test_a_resolved_problem_without_code_or_onset_has_an_end() -> None:
    act = entry(documents.problems(), _entries()[1])
    assert string(act, "c:statusCode/@code") == "completed"
    observation = "c:entryRelationship/c:observation"
    assert string(act, f"{observation}/c:value/@nullFlavor") == "OTH"
    assert string(act, f"{observation}/c:value/c:originalText/text()") == "Hoquet tenace"
    assert string(act, f"{observation}/c:effectiveTime/c:low/@nullFlavor") == "UNK"
    assert string(act, f"{observation}/c:effectiveTime/c:high/@value") == "20261001"


def test_a_problem_with_an_end_is_over_whatever_else_is_said() -> None:
    act = entry(documents.problems(), replace(_entries()[1], resolved=False))
    assert string(act, "c:statusCode/@code") == "completed"  # an active concern has no end: IHE PCC, Concern Entry
