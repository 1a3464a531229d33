"""Derived identifiers: well formed, stable, distinct, and silent."""

from __future__ import annotations

import re
import uuid
from itertools import combinations

from adapter.compose.identity import Keys
from adapter.model.identifiers import Oid

ARC = "1.2.250.1.999.1.2.3"
LONGEST_ARC = "1.2." + "9" * 39


def keys(issuer: str | None = None, structure: str = "990000010", visit: str = "visite-1", version: int = 1) -> Keys:
    return Keys(issuer, structure, visit, version)


def test_a_key_is_a_version_5_uuid_in_canonical_form() -> None:
    for number in range(300):
        text = keys().key(f"role/{number}")
        value = uuid.UUID(text)
        assert str(value) == text
        assert (value.version, value.variant) == (5, uuid.RFC_4122)


def test_oids_are_well_formed_and_fit() -> None:
    for issuer in (None, ARC, LONGEST_ARC):
        for number in range(50):
            named = keys(issuer, visit=f"v{number}")
            for oid in (named.set_oid(), named.version_oid(1), named.version_oid(9999), named.local_root()):
                assert Oid.parse(oid).value == oid
                assert len(oid) <= 64


def test_an_oid_without_issuer_carries_a_uuid() -> None:
    number = int(keys().set_oid().removeprefix("2.25."))
    assert uuid.UUID(int=number).version == 5


def test_the_same_question_has_the_same_answer() -> None:
    for issuer in (None, ARC):
        one, two = keys(issuer), keys(issuer)
        assert one.key("patient") == two.key("patient") == one.key("patient")
        assert (one.set_oid(), one.version_oid(1), one.local_root()) == (
            two.set_oid(),
            two.version_oid(1),
            two.local_root(),
        )


def test_each_change_changes_the_keys() -> None:
    askers = [keys(), keys(ARC), keys(structure="990000028"), keys(visit="visite-2"), keys(version=2)]
    for one, two in combinations(askers, 2):
        assert one.key("patient") != two.key("patient")
    roles = ["patient", "author", "treatments/1", "treatments/11", "treatments/1/1"]
    assert len({keys().key(role) for role in roles}) == len(roles)


def test_versions_share_their_set_and_nothing_else() -> None:
    for issuer in (None, ARC):
        first, second = keys(issuer), keys(issuer, version=2)
        assert first.set_oid() == second.set_oid()
        assert first.version_oid(1) == second.version_oid(1) != second.version_oid(2)
        assert first.set_oid() not in {first.version_oid(1), first.version_oid(2)}


def test_two_practices_never_share_an_id() -> None:
    one, two = keys(structure="990000010"), keys(structure="990000028")
    assert {one.set_oid(), one.version_oid(1), one.local_root()}.isdisjoint(
        {two.set_oid(), two.version_oid(1), two.local_root()}
    )


def test_no_separator_can_make_two_visits_one() -> None:
    assert keys(structure="a", visit="b-c").key("x") != keys(structure="a-b", visit="c").key("x")
    assert keys(visit="v1", version=11).key("x") != keys(visit="v11", version=1).key("x")


def test_nothing_of_the_visit_shows() -> None:
    telling = keys(visit="20261012").key("patient") + keys(visit="20261012").set_oid()
    assert "20261012" not in telling
    assert re.search("990000010", telling) is None
