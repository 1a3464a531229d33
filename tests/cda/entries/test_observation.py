from __future__ import annotations

from dataclasses import replace

import pytest

from adapter.model.document import AnyEntry, Observation, Section
from tests import documents
from tests.cda.reading import TYPE, entry, find, find_all, string, strings, with_entries


def _observation(found: AnyEntry) -> Observation:
    assert isinstance(found, Observation)
    return found


def _pain() -> Section:
    return documents.functional().sections[0]


def _performance() -> Section:
    return documents.functional().sections[1]


def test_pain_keeps_the_fixed_code_and_its_scale_as_translation() -> None:
    observation = entry(_pain(), _pain().entries[0])
    assert string(observation, "c:code/@code") == "38208-5"
    assert string(observation, "c:code/c:translation/@code") == "72514-3"
    assert string(observation, "c:code/c:originalText/text()") == "Échelle numérique"
    assert string(observation, "c:value/@value") == "6"
    assert find(observation, "c:value").get(TYPE) == "INT"
    assert string(observation, "c:targetSiteCode/c:originalText/text()") == "épigastre"
    assert string(observation, "c:methodCode/c:originalText/text()") == "avant interdose"
    assert string(observation, "c:effectiveTime/@value") == "20261012100000+0200"


def test_pain_that_nobody_could_assess_has_no_value_but_the_reason() -> None:
    observation = entry(_pain(), _pain().entries[2])
    assert string(observation, "c:value/@nullFlavor") == "NA"
    assert string(observation, "c:value/c:originalText/text()") == "non évaluable"


@pytest.mark.parametrize(
    ("number", "kind", "attribute", "expected"),
    [(1, "CD", "code", "LA9625-0"), (2, "PQ", "value", "50"), (3, "INT", "value", "15"), (4, "CD", "nullFlavor", "NA")],
)
def test_a_score_has_the_type_of_its_answer(number: int, kind: str, attribute: str, expected: str) -> None:
    value = find(entry(_performance(), _performance().entries[number - 1]), "c:value")
    assert value.get(TYPE) == kind
    assert value.get(attribute) == expected


def test_words_and_yes_or_no_are_answers_too() -> None:
    words = find(entry(documents.symptoms(), documents.symptoms().entries[2]), "c:value")
    assert (words.get(TYPE), words.text) == ("ST", "stade 1")
    present = find(entry(documents.symptoms(), documents.symptoms().entries[3]), "c:value")
    assert (present.get(TYPE), present.get("value")) == ("BL", "true")
    absent = replace(_observation(documents.symptoms().entries[3]), value=False)
    assert find(entry(documents.symptoms(), absent), "c:value").get("value") == "false"


def test_vital_signs_stand_together_and_keep_their_decimals() -> None:
    section = documents.vital_signs()
    other = documents.symptoms().entries[0]
    printed = with_entries(section, section.entries[0], other, *section.entries[1:])
    assert len(find_all(printed, "c:entry")) == 2
    organizer = find(printed, "c:entry/c:organizer")
    assert strings(organizer, "c:component/c:observation/c:code/@code") == ["8310-5", "20564-1", "29463-7"]
    assert strings(organizer, "c:component/c:observation/c:value/@value") == ["36.90", "96", "48.2"]
    assert strings(organizer, "c:component/c:observation/c:value/@unit") == ["Cel", "%", "kg"]


def test_social_facts_wishes_and_decisions_are_printed() -> None:
    social = entry(documents.social(), documents.social().entries[0])
    assert string(social, "c:code/@code") == "11345-6"
    assert string(social, "c:value/@code") == "408821002"
    wish, decision = documents.plan().entries[5:7]
    assert string(entry(documents.plan(), wish), "c:value/c:originalText/text()") == "Domicile"
    assert string(entry(documents.plan(), decision), "c:code/c:originalText/text()") == "Décision de limitation"


def test_a_score_with_a_method_is_a_simple_observation() -> None:
    score = replace(_observation(_performance().entries[2]), method="avec l'aidante")
    observation = entry(_performance(), score)
    assert string(observation, "c:methodCode/c:originalText/text()") == "avec l'aidante"
    assert "1.3.6.1.4.1.19376.1.5.3.1.1.12.3.6" not in strings(observation, "c:templateId/@root")
