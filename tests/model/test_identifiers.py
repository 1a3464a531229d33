"""Identifiers of adapter.model.identifiers: published shapes, keys, and a mask that holds."""

from __future__ import annotations

import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import AdapterError, Severity
from adapter.model.identifiers import (
    INS_NIA,
    INS_NIR,
    INS_NIR_DEMO,
    INS_NIR_TEST,
    INS_ROOTS,
    Finess,
    IdentifierError,
    InseeCommune,
    MatriculeIns,
    Oid,
    Rpps,
    Uuid,
    luhn_valid,
)

SCENARIO_INS = [
    "252034410921797",
    "138092923204547",
    "120059741623314",
    "161012901934235",
    "279122A00406186",
    "147075935041097",
]
SCENARIO_RPPS = ["99700100003", "99700100011", "99700100029", "99700100037"]
SCENARIO_FINESS = ["990000010", "990000028", "990000036"]
SCENARIO_BIRTHPLACES = ["44109", "29232", "97416", "29019", "2A004", "59350"]

Masked = MatriculeIns | Rpps | Finess | InseeCommune


def _ins_key(number: str) -> str:
    """Key by the other published way: on the number with its letter made 0, less a million (2A) or two (2B)."""
    whole = int(number.replace("A", "0").replace("B", "0"))
    whole -= 1_000_000 if "A" in number else 2_000_000 if "B" in number else 0
    return f"{97 - whole % 97:02}"


def _with_luhn_key(digits: str) -> str:
    return next(digits + key for key in string.digits if luhn_valid(digits + key))


def _digits(count: int) -> st.SearchStrategy[str]:
    return st.text(string.digits, min_size=count, max_size=count)


months = st.sampled_from([f"{month:02}" for month in (*range(1, 13), *range(20, 43), *range(50, 100))])
departments = st.one_of(_digits(2), st.sampled_from(["2A", "2B"]))
ins_numbers = st.builds(
    lambda *parts: "".join(parts), st.sampled_from("123478"), _digits(2), months, departments, _digits(6)
)
roots = st.sampled_from(sorted(INS_ROOTS))
matricules = st.builds(lambda number, root: MatriculeIns.parse(number + _ins_key(number), root), ins_numbers, roots)
rpps_numbers = _digits(10).map(_with_luhn_key)
finess_numbers = _digits(8).map(_with_luhn_key)
masked: st.SearchStrategy[Masked] = st.one_of(
    matricules,
    rpps_numbers.map(Rpps.parse),
    finess_numbers.map(Finess.parse),
    st.sampled_from(SCENARIO_BIRTHPLACES).map(InseeCommune.parse),
)


@pytest.mark.parametrize("text", SCENARIO_INS)
def test_scenario_matricules_are_valid(text: str) -> None:
    assert MatriculeIns.parse(text, INS_NIR_TEST).check("$.patient.ins") == ()


@pytest.mark.parametrize("text", SCENARIO_RPPS)
def test_scenario_professionals_are_valid(text: str) -> None:
    rpps = Rpps.parse(text)
    assert rpps.check("$.author.rpps") == ()
    assert (rpps.oid, rpps.national_id) == ("1.2.250.1.71.4.2.1", "8" + text)


@pytest.mark.parametrize("text", SCENARIO_FINESS)
def test_scenario_structures_are_valid(text: str) -> None:
    finess = Finess.parse(text)
    assert finess.check("$.structure.finess") == ()
    assert (finess.oid, finess.national_id) == ("1.2.250.1.71.4.2.2", "1" + text)


@pytest.mark.parametrize("text", SCENARIO_BIRTHPLACES)
def test_scenario_birthplaces_are_valid(text: str) -> None:
    assert InseeCommune.parse(text).value == text


@given(ins_numbers, roots)
def test_ins_round_trip(number: str, root: str) -> None:
    text = number + _ins_key(number)
    ins = MatriculeIns.parse(text, root)
    assert (ins.value, ins.number, ins.key, ins.root) == (text, text[:13], text[13:], root)
    assert ins.key_valid
    assert MatriculeIns.parse(ins.value, ins.root) == ins


@given(matricules, st.integers(0, 14), st.sampled_from(string.digits))
def test_any_one_digit_change_breaks_the_ins(ins: MatriculeIns, position: int, digit: str) -> None:
    if not ins.value[position].isdigit() or ins.value[position] == digit:
        return
    changed = ins.value[:position] + digit + ins.value[position + 1 :]
    try:
        parsed = MatriculeIns.parse(changed, ins.root)
    except IdentifierError:
        return  # no longer a sex, a month or a department
    assert not parsed.key_valid


@given(st.one_of(rpps_numbers, finess_numbers), st.integers(0, 8), st.sampled_from(string.digits))
def test_any_one_digit_change_breaks_the_luhn_key(text: str, position: int, digit: str) -> None:
    changed = text[:position] + digit + text[position + 1 :]
    assert luhn_valid(changed) == (changed == text)


@given(masked)
def test_no_way_of_printing_shows_the_value(identifier: Masked) -> None:
    printed = f"{identifier} {identifier!r} {identifier:>40} {[identifier]}" + str({"champ": identifier})
    if not isinstance(identifier, InseeCommune):
        printed += str(identifier.check("$"))
    assert identifier.value not in printed
    assert not any(character.isdigit() for character in repr(identifier))


@pytest.mark.parametrize(
    ("root", "severity"),
    [
        (INS_NIR, Severity.ERROR),
        (INS_NIA, Severity.ERROR),
        (INS_NIR_TEST, Severity.WARNING),
        (INS_NIR_DEMO, Severity.WARNING),
    ],
)
def test_a_wrong_ins_key_weighs_by_root(root: str, severity: Severity) -> None:
    (finding,) = MatriculeIns.parse("252034410921798", root).check("$.patient.ins.value")
    assert (finding.rule, finding.severity, finding.path) == ("INS-KEY", severity, "$.patient.ins.value")
    assert not any(character.isdigit() for character in finding.message)


@pytest.mark.parametrize(
    ("check", "rule"),
    [(Rpps.parse("99700100004").check, "RPPS-KEY"), (Finess.parse("990000011").check, "FINESS-KEY")],
)
def test_a_wrong_luhn_key_is_a_warning(check: Callable[[str], tuple[object, ...]], rule: str) -> None:
    (finding,) = check("$.x")
    assert getattr(finding, "rule", None) == rule
    assert getattr(finding, "severity", None) is Severity.WARNING


def test_corsican_structures_have_no_key_to_judge() -> None:
    assert Finess.parse("2a0000123").value == "2A0000123"
    assert Finess.parse("2A0000123").check("$.x") == ()


def test_spaces_between_groups_are_forgiven() -> None:
    assert MatriculeIns.parse("2 79 12 2a 004 061 86", INS_NIR_TEST).value == "279122A00406186"
    assert Rpps.parse("997 0010 0003").value == "99700100003"


@pytest.mark.parametrize(
    ("parse", "rule"),
    [
        (lambda: MatriculeIns.parse("252034410921797", "1.2.250.1.213.1.4.12"), "INS-ROOT"),
        (lambda: MatriculeIns.parse("2520344109217", INS_NIR), "INS-FORMAT"),
        (lambda: MatriculeIns.parse("952034410921797", INS_NIR), "INS-FORMAT"),
        (lambda: MatriculeIns.parse("252134410921797", INS_NIR), "INS-FORMAT"),
        (lambda: MatriculeIns.parse("252452410921797", INS_NIR), "INS-FORMAT"),
        (lambda: MatriculeIns.parse("252032C10921797", INS_NIR), "INS-FORMAT"),
        (lambda: MatriculeIns.parse("25203441092179٧", INS_NIR), "INS-FORMAT"),
        (lambda: MatriculeIns.parse("252034410921797\n", INS_NIR), "INS-FORMAT"),
        (lambda: Rpps.parse("9970010000"), "RPPS-FORMAT"),
        (lambda: Rpps.parse("9970010000A"), "RPPS-FORMAT"),
        (lambda: Rpps.parse(""), "RPPS-FORMAT"),
        (lambda: Finess.parse("99000001"), "FINESS-FORMAT"),
        (lambda: Finess.parse("9C0000010"), "FINESS-FORMAT"),
        (lambda: Oid.parse("1"), "OID-FORMAT"),
        (lambda: Oid.parse("1.02.3"), "OID-FORMAT"),
        (lambda: Oid.parse("3.1.2"), "OID-FORMAT"),
        (lambda: Oid.parse("1.40"), "OID-FORMAT"),
        (lambda: Oid.parse("1.2."), "OID-FORMAT"),
        (lambda: Oid.parse("1.2." + "1" * 61), "OID-FORMAT"),
        (lambda: Uuid.parse("0123456789abcdef0123456789abcdef"), "UUID-FORMAT"),
        (lambda: Uuid.parse("{01234567-89ab-cdef-0123-456789abcdef}"), "UUID-FORMAT"),
        (lambda: InseeCommune.parse("96001"), "INSEE-FORMAT"),
        (lambda: InseeCommune.parse("20004"), "INSEE-FORMAT"),
        (lambda: InseeCommune.parse("441090"), "INSEE-FORMAT"),
    ],
)
def test_a_wrong_shape_is_refused_by_its_rule(parse: Callable[[], object], rule: str) -> None:
    with pytest.raises(IdentifierError) as refusal:
        parse()
    assert refusal.value.rule == rule
    assert isinstance(refusal.value, AdapterError)
    assert isinstance(refusal.value, ValueError)


@given(st.text(min_size=4))
def test_a_refusal_never_quotes_the_text(text: str) -> None:
    secret = text + "§"
    for parse in (
        lambda: MatriculeIns.parse(secret, INS_NIR),
        lambda: Rpps.parse(secret),
        lambda: Finess.parse(secret),
    ):
        with pytest.raises(IdentifierError) as refusal:
            parse()
        assert secret not in f"{refusal.value!s} {refusal.value!r} {refusal.value.args}"


@given(st.uuids())
def test_uuids_become_canonical(number: object) -> None:
    for text in (str(number), str(number).upper(), f"urn:uuid:{number}"):
        assert str(Uuid.parse(text)) == str(number)
    assert Uuid.parse(str(number)).urn == f"urn:uuid:{number}"


@given(st.integers(0, 2), st.integers(0, 39), st.lists(st.integers(0, 10**6), max_size=7))
def test_oids_round_trip(first: int, second: int, others: list[int]) -> None:
    text = ".".join(map(str, (first, second, *others)))
    assert str(Oid.parse(text)) == text


@pytest.mark.parametrize("text", ["01001", "2a004", "97411", "98818", "99109"])
def test_birthplaces_overseas_and_abroad(text: str) -> None:
    commune = InseeCommune.parse(text)
    assert commune.value == text.upper()
    assert commune.is_abroad == text.startswith("99")
