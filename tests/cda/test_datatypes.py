from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from adapter.cda import datatypes
from adapter.model.coded import Coding, Concept
from adapter.model.document import Quantity
from tests.documents import CIM10, loinc, snomed


def test_the_offset_of_a_moment_is_kept() -> None:
    reunion = timezone(timedelta(hours=4))
    assert datatypes.timestamp(datetime(2026, 10, 19, 16, 0, 5, tzinfo=reunion)) == "20261019160005+0400"
    assert datatypes.timestamp(datetime(2026, 10, 19, tzinfo=UTC)) == "20261019000000+0000"
    assert datatypes.timestamp(datetime(826, 1, 2, tzinfo=UTC)) == "08260102000000+0000"
    with pytest.raises(ValueError, match="décalage"):
        datatypes.timestamp(datetime(2026, 10, 19))  # noqa: DTZ001  # naive on purpose


def test_dates_keep_their_precision() -> None:
    assert datatypes.day(date(1952, 3, 4)) == "19520304"
    assert [datatypes.partial(d) for d in ("2026", "2026-03", "2026-03-04")] == ["2026", "202603", "20260304"]
    assert datatypes.low("2026") == '<low value="2026"/>'
    assert datatypes.low("") == '<low nullFlavor="UNK"/>'
    assert datatypes.high("", "NA") == '<high nullFlavor="NA"/>'


def test_several_codings_are_translations_of_the_first() -> None:
    concept = Concept("Hypertension", (Coding(CIM10, "I10", "HTA"), snomed("38341003")))
    assert datatypes.concept_code(concept, "p-1") == (
        '<code code="I10" displayName="HTA" codeSystem="2.16.840.1.113883.6.3" codeSystemName="CIM-10">'
        '<originalText>Hypertension<reference value="#p-1"/></originalText>'
        '<translation code="38341003" codeSystem="2.16.840.1.113883.6.96" codeSystemName="SNOMED CT"/></code>'
    )


def test_a_concept_without_code_keeps_its_words() -> None:
    assert datatypes.concept_code(Concept("Hoquet")) == (
        '<code nullFlavor="OTH"><originalText>Hoquet</originalText></code>'
    )
    assert datatypes.concept_value(Concept("Hoquet"), "p") == (
        '<value xsi:type="CD" nullFlavor="OTH"><originalText>Hoquet<reference value="#p"/></originalText></value>'
    )


def test_decimals_stay_as_they_were_written() -> None:
    assert datatypes.quantity(Quantity("4.50", "mg", "mg")) == '<value xsi:type="PQ" value="4.50" unit="mg"/>'
    assert datatypes.quantity(Quantity("1", "ampoule")) == (
        '<value xsi:type="PQ" value="1"><translation><originalText>ampoule</originalText></translation></value>'
    )


def test_equal_codings_print_alike_whatever_was_printed_before() -> None:
    for n in range(datatypes._PRINTED_MOST + 10):
        assert f'code="{n}"' in datatypes.coded(loinc(str(n)))
