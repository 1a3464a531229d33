from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from adapter.model.document import Medication
from tests import documents
from tests.cda.reading import entry, find_all, string, strings


def _treatment(number: int) -> Medication:
    found = documents.treatments().entries[number - 1]
    assert isinstance(found, Medication)
    return found


def test_a_regular_treatment_has_dose_route_frequency_and_reason() -> None:
    act = entry(documents.treatments(), _treatment(1))
    assert act.get("moodCode") == "EVN"
    assert string(act, "c:administrationUnitCode/c:originalText/text()") == "LP"
    assert strings(act, "c:doseQuantity/*/@value") == ["60", "60"]
    assert strings(act, "c:doseQuantity/*/@unit") == ["mg", "mg"]
    assert string(act, "c:routeCode/@code") == "20053000"
    assert string(act, "c:effectiveTime[1]/c:low/@value") == "20260921"
    assert string(act, "c:effectiveTime[1]/c:high/@nullFlavor") == "NA"
    assert string(act, "c:effectiveTime[2]/@operator") == "A"
    assert string(act, "c:effectiveTime[2]/c:period/@value") == "12"
    assert string(act, ".//c:manufacturedMaterial/c:code/c:translation/@code") == "N02AA01"
    assert string(act, ".//c:manufacturedMaterial/c:name/text()") == "Morphine"
    assert string(act, "c:entryRelationship[@typeCode='RSON']/c:act/c:code/c:originalText/text()") == "Douleur"


def test_an_as_needed_treatment_has_its_condition_and_bound() -> None:
    act = entry(documents.treatments(), _treatment(2))
    assert string(act, "c:precondition/c:criterion/c:text/c:reference/@value") == "#treatment-2"
    assert string(act, "c:maxDoseQuantity/c:numerator/@value") == "4"
    assert string(act, "c:maxDoseQuantity/c:denominator/@unit") == "h"
    assert strings(act, "c:doseQuantity/*/@value") == ["20.50", "20.50"]
    assert string(act, "c:effectiveTime[2]/c:period/@value") == "4"


def test_a_patch_has_a_rate() -> None:
    act = entry(documents.treatments(), _treatment(3))
    assert strings(act, "c:rateQuantity/*/@value") == ["12", "12"]
    assert strings(act, "c:rateQuantity/*/@unit") == ["ug/h", "ug/h"]
    assert string(act, "c:effectiveTime[1]/c:low/@value") == "202610"


def test_a_stopped_treatment_has_an_end_even_unknown() -> None:
    assert string(entry(documents.treatments(), _treatment(4)), "c:effectiveTime/c:high/@value") == "20261012"
    unknown = replace(_treatment(4), end="", status="suspended")
    assert string(entry(documents.treatments(), unknown), "c:effectiveTime/c:high/@nullFlavor") == "UNK"


@pytest.mark.parametrize(("status", "code"), [("stopped", "73425007"), ("suspended", "421139008")])
def test_a_treatment_that_is_no_longer_taken_says_so_in_a_code(
    status: Literal["stopped", "suspended"], code: str
) -> None:
    act = entry(documents.treatments(), replace(_treatment(4), status=status))
    (state,) = find_all(act, "c:entryRelationship[@typeCode='REFR']/c:observation")
    assert strings(state, "c:templateId/@root") == ["2.16.840.1.113883.10.20.1.57", "2.16.840.1.113883.10.20.1.47"]
    assert string(state, "c:code/@code") == "33999-4"
    assert string(state, "c:value/@code") == code


def test_a_current_treatment_says_no_other_state() -> None:
    act = entry(documents.treatments(), _treatment(1))
    assert not find_all(act, "c:entryRelationship[@typeCode='REFR']")


def test_an_anticipatory_prescription_is_an_intent_and_words_stay() -> None:
    act = entry(documents.treatments(), _treatment(5))
    assert act.get("moodCode") == "INT"
    assert string(act, "c:routeCode/c:originalText/text()") == "voie au choix de l'infirmier"
    assert strings(act, "c:doseQuantity/*//c:originalText/text()") == ["ampoule", "ampoule"]
    assert string(act, ".//c:manufacturedMaterial/c:code/c:originalText/text()") == "Midazolam"


@pytest.mark.parametrize("times", [5, 7, 25])
def test_a_frequency_that_hours_cannot_say_is_left_to_the_words(times: int) -> None:
    act = entry(documents.treatments(), replace(_treatment(1), times_per_day=times))
    assert len(find_all(act, "c:effectiveTime")) == 1


def test_a_stated_absence_is_the_code_of_the_act() -> None:
    act = entry(documents.no_treatments(), documents.no_treatments().entries[0])
    assert string(act, "c:code/@code") == "no-medication-info"
    assert string(act, ".//c:manufacturedMaterial/c:code/@nullFlavor") == "NA"
