from __future__ import annotations

import pytest

from adapter.model.coded import CodeSystem, Coding
from adapter.terminology import Registry, ValueSet, is_oid

LOINC = CodeSystem("loinc", "2.16.840.1.113883.6.1", "http://loinc.org", "LOINC")
ROLE = CodeSystem("tre-r216", "2.16.840.1.113883.5.111", "https://example.org/r216", "RoleCode")
ROLE_HL7 = CodeSystem("role-code", "2.16.840.1.113883.5.111", "https://example.org/v3", "RoleCode")


@pytest.mark.parametrize("text", ["2.16.840.1.113883.6.1", "1.2.250", "0.4.0.127", "2.25.1371110086301414299"])
def test_an_oid_is_recognised(text: str) -> None:
    assert is_oid(text)


@pytest.mark.parametrize("text", ["", "1", "1.2", "1.02.3", "3.1.1", "1.40.1", "1.2.3.", "1.2.a", "1.2.3\n", " 1.2.3"])
def test_what_is_no_oid_is_told_apart(text: str) -> None:
    assert not is_oid(text)


def test_a_system_is_found_under_its_three_names() -> None:
    registry = Registry.of([LOINC])
    assert registry.by_key["loinc"] is LOINC
    assert registry.by_oid["2.16.840.1.113883.6.1"] is LOINC
    assert registry.by_uri["http://loinc.org"] is LOINC
    assert registry.by_uri["urn:oid:2.16.840.1.113883.6.1"] is LOINC


def test_the_first_of_two_systems_with_one_oid_answers() -> None:
    registry = Registry.of([ROLE, ROLE_HL7])
    assert registry.by_oid["2.16.840.1.113883.5.111"] is ROLE
    assert registry.by_uri["https://example.org/v3"] is ROLE_HL7


def test_membership_looks_at_the_oid_and_the_code() -> None:
    values = ValueSet("JDV", "1.2.3", "2024-01-01", True, {("2.16.840.1.113883.6.1", "8310-5"): "Température"})
    assert values.holds(Coding(LOINC, "8310-5", "autre libellé"))
    assert not values.holds(Coding(ROLE, "8310-5"))
    assert values.display(Coding(LOINC, "8310-5")) == "Température"
    assert values.display(Coding(LOINC, "0")) is None
