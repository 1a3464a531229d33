from __future__ import annotations

from tests import documents
from tests.cda.reading import entry, find_all, string


def test_an_allergy_names_agent_and_reaction() -> None:
    act = entry(documents.allergies(), documents.allergies().entries[0])
    observation = "c:entryRelationship/c:observation"
    assert string(act, f"{observation}/c:code/@code") == "416098002"
    assert string(act, f"{observation}/c:participant//c:playingEntity/c:code/@code") == "J01C"
    assert string(act, f"{observation}/c:participant//c:playingEntity/c:name/text()") == "Pénicilline"
    assert string(act, f"{observation}/c:entryRelationship[@typeCode='MFST']/c:observation/c:value/@code") == "L50.9"
    assert string(act, f"{observation}/c:effectiveTime/c:low/@value") == "1985"


def test_a_stated_absence_has_its_code_and_no_agent() -> None:
    act = entry(documents.no_allergies(), documents.no_allergies().entries[0])
    assert string(act, "c:entryRelationship/c:observation/c:value/@code") == "no-known-allergies"
    assert string(act, "c:statusCode/@code") == "completed"
    assert not find_all(act, ".//c:participant")
