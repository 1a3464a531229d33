"""Each rule on the billing tables, tried on one planted fault; and what the tables promise."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.compose.sections import BUILDERS
from adapter.mapping import check, default_directory, files_of, load, needs_of_the_package
from adapter.mapping.billing import ADVICE, AMOUNTS, CONDITIONS, PAYERS, SITUATIONS
from adapter.mapping.differences import differences
from adapter.model import codes
from adapter.model.people import Author

VSP = "VSP,Visite soins palliatifs,act,act,metropole,60.00,2023-11-01,,"


def _swap(name: str, old: str, new: str) -> Callable[[Path], None]:
    def plant(directory: Path) -> None:
        text = (directory / name).read_text("utf-8")
        assert old in text
        (directory / name).write_text(text.replace(old, new, 1), "utf-8")

    return plant


def _line(name: str, text: str) -> int:
    lines = (default_directory() / name).read_text("utf-8").split("\n")
    return next(number for number, line in enumerate(lines, 1) if text in line)


def _vsp(old: str, new: str) -> Callable[[Path], None]:
    return _swap(AMOUNTS, VSP, VSP.replace(old, new))


ATTENDING = _line(ADVICE, "[condition.attending]")
PLANTS: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "amount with a comma": (_vsp("60.00", '"60,00"'), "MAP-BILLING-AMOUNT", f"{AMOUNTS}:2:47"),
    "amount of one decimal": (_vsp("60.00", "60.0"), "MAP-BILLING-AMOUNT", f"{AMOUNTS}:2:47"),
    "negative amount": (_vsp("60.00", "-60.00"), "MAP-BILLING-AMOUNT", f"{AMOUNTS}:2:47"),
    "no start": (_vsp("2023-11-01", ""), "MAP-BILLING-AMOUNT", f"{AMOUNTS}:2:53"),
    "no such day": (_vsp("2023-11-01", "2023-11-31"), "MAP-BILLING-AMOUNT", f"{AMOUNTS}:2:53"),
    "end before start": (_vsp("2023-11-01,,", "2023-11-01,2023-10-31,"), "MAP-BILLING-AMOUNT", f"{AMOUNTS}:2:64"),
    "two amounts one day": (
        _swap(AMOUNTS, VSP, f"{VSP}x,\n{VSP.replace('60', '65').replace('2023', '2026')}"),
        "MAP-BILLING-AMOUNT",
        f"{AMOUNTS}:3:53",
    ),
    "unknown territory": (_vsp("metropole", "corse"), "MAP-BILLING-AMOUNT", f"{AMOUNTS}:2:37"),
    "no code": (_vsp("VSP,", " ,"), "MAP-CODE", f"{AMOUNTS}:2:1"),
    "unknown payer": (_swap(PAYERS, "home,insurance", "home,cpam"), "MAP-BILLING-PAYER", f"{PAYERS}:2:6"),
    "no payer": (_swap(PAYERS, "ehpad-40,", "ehpad-39,"), "MAP-BILLING-PAYER", f"{PAYERS}:1:1"),
    "payer of nothing": (_swap(PAYERS, "\nhad,", "\nhad,ask,x,x,\nusld,"), "MAP-BILLING-PAYER", f"{PAYERS}:16:1"),
    "two payers": (_swap(PAYERS, "\nhad,", "\nhad,ask,x,x,\nhad,"), "MAP-DUPLICATE", f"{PAYERS}:16:1"),
    "answer missing": (_swap(ADVICE, "locum = ", "# "), "MAP-BILLING-ADVICE", f"{ADVICE}:{ATTENDING}:1"),
    "answer of nobody": (_swap(ADVICE, "locum = ", "remplacant = "), "MAP-BILLING-ADVICE", f"{ADVICE}:{ATTENDING}:1"),
    "no verdict": (_swap(ADVICE, '{ is = "met"', '{ is = "ok"'), "MAP-BILLING-ADVICE", f"{ADVICE}:{ATTENDING}:1"),
    "no title": (_swap(ADVICE, "title = ", "titre = "), "MAP-BILLING-ADVICE", f"{ADVICE}:{ATTENDING}:1"),
    "condition of nobody": (
        _swap(ADVICE, "[note]", '[condition.ald]\ntitle = "x"\n[note]'),
        "MAP-BILLING-ADVICE",
        f"{ADVICE}:{_line(ADVICE, '[note]')}:1",
    ),
    "note missing": (_swap(ADVICE, "\nrate = ", "\n# "), "MAP-BILLING-ADVICE", f"{ADVICE}:{_line(ADVICE, '[note]')}:1"),
    "note of nobody": (
        _swap(ADVICE, "\nrate = ", "\nrates = "),
        "MAP-BILLING-ADVICE",
        f"{ADVICE}:{_line(ADVICE, 'rate = ')}:1",
    ),
    "no amounts": (lambda directory: (directory / AMOUNTS).rename(directory / "x.md"), "MAP-FILE", f"{AMOUNTS}:1:1"),
    "stray": (
        lambda directory: (directory / AMOUNTS).with_name("tarifs.csv").write_text(VSP, "utf-8"),
        "MAP-STRAY",
        "billing/tarifs.csv:1:1",
    ),
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_fault_is_found_where_it_stands(tmp_path: Path, name: str) -> None:
    plant, rule, place = PLANTS[name]
    copy = tmp_path / "mappings"
    shutil.copytree(default_directory(), copy)
    plant(copy)
    found = check(files_of(copy), needs=needs_of_the_package(frozenset(BUILDERS)))
    assert (rule, place) in {(finding.rule, finding.path) for finding in found}, found
    assert len(found) <= 4


def test_the_tables_speak_of_every_value_of_the_visit() -> None:
    assert CONDITIONS["place"] == set(get_args(codes.PlaceCode))
    assert CONDITIONS["palliative"] - {"coded", "silent"} == set(get_args(codes.PhaseCode))
    assert CONDITIONS["attending"] == set(get_args(Author.model_fields["capacity"].annotation))
    places = {place for place in get_args(codes.PlaceCode) if place != "ehpad"}
    assert places | {f"ehpad-{mode}" for mode in get_args(codes.TariffModeCode)} | {"had"} == SITUATIONS


def test_the_payer_follows_the_tariff_option_and_is_never_guessed() -> None:
    payers = {situation: payer for situation, (payer, _) in load().billing.payers.items()}
    assert {payers[f"ehpad-{mode}"] for mode in (40, 41, 42, 43)} == {"facility"}
    assert {payers[f"ehpad-{mode}"] for mode in (44, 45, 46, 47)} == {"insurance"}
    assert payers["ehpad-unknown"] == "ask"


def test_a_change_of_the_tables_is_told(tmp_path: Path) -> None:
    copy = tmp_path / "mappings"
    shutil.copytree(default_directory(), copy)
    _vsp("60.00", "62.00")(copy)
    _swap(PAYERS, "home,insurance", "home,ask")(copy)
    _swap(ADVICE, "Les conclusions sont écrites.", "Elles sont écrites.")(copy)
    assert differences(load(), load()) == []
    assert [(one.kind, one.place) for one in differences(load(), load(copy))] == [
        ("billing", f"{AMOUNTS}:VSP/metropole/2023-11-01"),
        ("billing", f"{PAYERS}:home"),
        ("billing", f"{ADVICE}:conclusions.told"),
    ]


def test_the_amounts_of_today_are_those_of_the_convention() -> None:
    amounts = {one.code: one.amount for one in load().billing.in_force("metropole", date(2026, 11, 22))}
    assert (amounts["VSP"], amounts["MD"]) == (Decimal("60.00"), Decimal("10.00"))


@given(day=st.dates(date(2000, 1, 1), date(2100, 1, 1)), territory=st.sampled_from(["metropole", "reunion", "mars"]))
def test_a_key_letter_has_one_amount_a_day_at_most(day: date, territory: str) -> None:
    letters = [one.code for one in load().billing.in_force(territory, day)]
    assert len(letters) == len(set(letters))
    assert "VSP" not in letters or day >= date(2023, 11, 1)
