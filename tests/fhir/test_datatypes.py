from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import orjson
import pytest

from adapter.fhir import datatypes as fhir
from adapter.model.coded import CodeSystem, Coding, Concept
from adapter.model.document import Address, Identifier, PersonName, Quantity, Telecom

LOINC = CodeSystem("loinc", "2.16.840.1.113883.6.1", "http://loinc.org", "LOINC")


def test_a_quantity_keeps_its_digits() -> None:
    printed = orjson.dumps(fhir.quantity(Quantity("4.50", "mg", "mg")))
    assert printed == b'{"value":4.50,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"}'


def test_a_unit_without_ucum_code_has_no_system() -> None:
    assert set(fhir.quantity(Quantity("1", "ampoule"))) == {"value", "unit"}


@pytest.mark.parametrize("text", ["", "04", "+4", ".5", "4.", "4,5", "1e3", "NaN", '4,"x":1', "4\n", "٤"])
def test_what_is_no_plain_decimal_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"^quantity is not a plain decimal$"):
        fhir.decimal(text)


def test_an_unknown_label_is_left_out() -> None:
    assert fhir.coding(Coding(LOINC, "38208-5")) == {"system": "http://loinc.org", "code": "38208-5"}


def test_a_concept_has_its_words_and_all_its_codes() -> None:
    codings = (Coding(LOINC, "a", "A"), Coding(LOINC, "b"))
    assert fhir.concept(Concept("mots", codings)) == {"coding": [*map(fhir.coding, codings)], "text": "mots"}
    assert fhir.concept(Concept("mots")) == {"text": "mots"}


def test_a_moment_keeps_its_offset_and_drops_its_microseconds() -> None:
    reunion = datetime(2026, 10, 19, 16, 0, 1, 5, tzinfo=timezone(timedelta(hours=4)))
    assert fhir.moment(reunion) == "2026-10-19T16:00:01+04:00"
    assert fhir.moment(reunion.astimezone(UTC)) == "2026-10-19T12:00:01+00:00"


def test_derived_keys_are_uuids_stable_and_distinct() -> None:
    key = "5a0bbd4e-59b9-5d0c-a6a0-1d0f6d0e4c9a"
    found = fhir.derived_key(key, "device")
    assert str(UUID(found)) == found
    assert UUID(found).version == 5
    assert found == fhir.derived_key(key, "device") != fhir.derived_key(key, "organization")


def test_only_what_is_known_of_an_address_is_printed() -> None:
    assert fhir.address(Address((), city="Nantes")) == {"city": "Nantes"}
    assert fhir.address(Address(())) == {}


def test_a_secure_mailbox_carries_its_type() -> None:
    (plain, secure) = fhir.telecoms([Telecom("tel", "1", "MC"), Telecom("mailto", "a@b.fr", "WP", mssante=True)])
    assert plain == {"system": "phone", "value": "1", "use": "mobile"}
    assert secure["system"] == "email"
    assert secure["extension"][0]["valueCoding"]["code"] == "MSSANTE"


def test_an_emergency_number_has_no_fhir_use() -> None:
    assert fhir.telecoms([Telecom("tel", "1", "EC")]) == [{"system": "phone", "value": "1"}]


def test_a_name_has_its_parts_and_its_text() -> None:
    assert fhir.human_name(PersonName("ÉVENO", "Claire", "MME", "DR")) == {
        "text": "Dr Claire ÉVENO",
        "family": "ÉVENO",
        "given": ["Claire"],
        "prefix": ["MME"],
        "suffix": ["DR"],
    }
    assert fhir.human_name(PersonName("ROY")) == {"text": "ROY", "family": "ROY"}


def test_identifiers_name_their_authority() -> None:
    assert fhir.identifier(Identifier("1.2.3", "x")) == {"system": "urn:oid:1.2.3", "value": "x"}
    assert fhir.oid_identifier("1.2.3") == {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.3"}
