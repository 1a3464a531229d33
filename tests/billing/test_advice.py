"""The advice on the sample visits, and what each field of a visit changes in it."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.api.billing import bill
from adapter.billing import BillingAdvice, advise
from adapter.billing.report import euros
from adapter.billing.territory import paris_offset, territory
from adapter.errors import MappingError, VisitInvalid
from adapter.mapping import load
from adapter.mapping.billing import BILLING_FILES, Amount, BillingTables
from adapter.model.reader import read_visit
from tests.cli.runs import ROOT, visit
from tests.visits import visits

SAMPLES = ROOT / "samples" / "visits"
REUNION_LETTERS = ("VSP", "MD")
FILLS = ("required", "exhaustive")


def sample(name: str) -> Path:
    return SAMPLES / f"{name}.json"


def advice(name: str, **changes: Any) -> BillingAdvice:
    return bill(visit(sample(name), **changes))


def verdict(told: BillingAdvice, key: str) -> str:
    (found,) = (answer.verdict for answer in told.conditions if answer.key == key)
    return found


def notes(told: BillingAdvice) -> set[str]:
    return {remark.key for remark in told.unknowns}


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("case", ["s1", "s2", "s4", "s5", "s7"])
def test_a_visit_of_the_attending_physician_is_sixty_and_ten_euros_at_the_insurance(case: str, fill: str) -> None:
    told = advice(f"{case}.{fill}")
    assert [(charge.code, charge.amount) for charge in told.charges] == [
        ("VSP", Decimal("60.00")),
        ("MD", Decimal("10.00")),
    ]
    assert told.total == Decimal("70.00")
    assert told.payer == "insurance"
    assert told.not_met == ()


@pytest.mark.parametrize("fill", FILLS)
def test_overseas_the_letters_are_proposed_without_an_invented_amount(fill: str) -> None:
    told = advice(f"s3.{fill}")
    assert tuple(charge.code for charge in told.charges) == REUNION_LETTERS
    assert [charge.amount for charge in told.charges] == [None, None]
    assert told.total is None
    assert told.payer == "insurance"
    assert notes(told) & {"no-amount", "territory-unknown"}


@pytest.mark.parametrize("fill", FILLS)
def test_a_correction_never_bills_again(fill: str) -> None:
    told = advice(f"s6.{fill}")
    assert (told.charges, told.total, told.payer, told.options) == ((), None, None, ())
    assert [answer.key for answer in told.not_met] == ["first-version"]


@given(version=st.integers(2, 9999))
def test_no_version_after_the_first_is_billed(version: int) -> None:
    assert not advice("s6.required", version=version).proposed


def test_another_doctor_is_told_that_this_is_no_vsp() -> None:
    told = advice("s2-other-doctor.exhaustive")
    assert not told.proposed
    assert "VSP" not in {charge.code for charge in told.charges}
    assert "attending" in {answer.key for answer in told.not_met}


def test_the_locum_bills_for_the_doctor_replaced() -> None:
    told = advice("s5-locum.exhaustive")
    assert told.total == Decimal("70.00")
    assert verdict(told, "attending") == "met"


def test_opposition_to_the_dmp_leaves_the_billing_as_it_is() -> None:
    assert "opposition" in notes(advice("s4.required"))
    assert "opposition" not in notes(advice("s1.required"))


@pytest.mark.parametrize(
    ("mode", "payer"), [*((str(m), "facility") for m in range(40, 44)), *((str(m), "insurance") for m in range(44, 48))]
)
def test_the_tariff_option_of_the_ehpad_names_the_payer(mode: str, payer: str) -> None:
    told = advice("s2.required", place={"kind": "ehpad", "finess": "990000036", "tariff_mode": mode})
    assert told.payer == payer
    assert told.total == Decimal("70.00")
    assert "shared-trip" in notes(told)


@pytest.mark.parametrize(
    "place", [{"kind": "ehpad", "tariff_mode": "unknown"}, {"kind": "ehpad"}, {"kind": "residence"}]
)
def test_an_unknown_payer_is_asked(place: dict[str, str]) -> None:
    assert advice("s2.required", place=place).payer == "ask"


HAD = {"id": "had", "structure": "had", "structure_name": "HAD de l'Exemple"}


@pytest.mark.parametrize(
    ("period", "payer"),
    [
        ({}, "ask"),
        ({"since": "2026-10-12"}, "ask"),
        ({"since": "2026-10-13"}, "insurance"),
        ({"until": "2026-10-12"}, "ask"),
        ({"until": "2026-10-11"}, "insurance"),
    ],
)
def test_a_patient_followed_by_an_had_on_the_day_has_a_payer_to_ask_for(period: dict[str, str], payer: str) -> None:
    assert advice("s1.required", care_team=[{**HAD, **period}]).payer == payer


def test_a_silent_visit_leaves_conditions_to_confirm_and_still_gets_its_proposal() -> None:
    told = advice("s7.required")
    assert {answer.key for answer in told.to_confirm} == {"palliative", "assessment", "coordination"}
    assert told.proposed


@pytest.mark.parametrize(
    ("phase", "code", "expected"),
    [("curative", "C25.9", "unknown"), ("curative", "Z51.5", "met"), ("terminal", "C25.9", "met")],
)
def test_palliative_care_is_read_in_the_phase_or_in_its_code(phase: str, code: str, expected: str) -> None:
    disease = {"main": {"label": "Maladie", "cim10": code}, "phase": phase}
    assert verdict(advice("s1.required", disease=disease), "palliative") == expected


def test_a_visit_before_the_vsp_has_no_amount() -> None:
    moments = {"start": "2023-10-31T10:00:00+01:00", "end": "2023-10-31T11:00:00+01:00"}
    told = advice("s7.required", **moments, written_at="2023-10-31T12:00:00+01:00", version=1)
    assert [charge.amount for charge in told.charges] == [None, None]
    assert "no-amount" in notes(told)


def test_a_new_amount_holds_from_its_first_day_on() -> None:
    tables = load()
    (vsp,) = (one for one in tables.billing.amounts if one.code == "VSP")
    first = date(2026, 10, 13)
    amounts = (
        dataclasses.replace(vsp, end=first - timedelta(days=1)),
        dataclasses.replace(vsp, amount=Decimal("65.00"), start=first),
    )
    changed = dataclasses.replace(tables, billing=dataclasses.replace(tables.billing, amounts=amounts))
    for day, amount in (("2026-10-12", "60.00"), ("2026-10-13", "65.00")):
        moments = {name: f"{day}T1{hour}:00:00+02:00" for hour, name in enumerate(("start", "end", "written_at"))}
        read = read_visit(visit(sample("s1.required"), **moments))
        assert advise(read, changed).charges[0].amount == Decimal(amount)


def test_tables_without_the_billing_files_are_told() -> None:
    without = dataclasses.replace(load(), billing=BillingTables())
    with pytest.raises(MappingError) as caught:
        advise(read_visit(sample("s1.required").read_bytes()), without)
    assert [finding.path for finding in caught.value.findings] == list(BILLING_FILES)


def test_a_refused_visit_is_refused() -> None:
    with pytest.raises(VisitInvalid):
        bill('{"format": "vsp-visit/1"}')


@pytest.mark.parametrize(
    ("address", "key", "assumed"),
    [
        ({"lines": ["1 rue"], "postal_code": "75001"}, "metropole", False),
        ({"lines": ["1 rue"], "postal_code": "20000"}, "metropole", False),
        ({"lines": ["1 rue"], "postal_code": "97430"}, "reunion", False),
        ({"lines": ["1 rue"], "postal_code": "97150"}, "", False),
        ({"lines": ["1 rue"], "postal_code": "98000"}, "", False),
        ({"lines": ["1 rue"], "postal_code": "1000", "country": "BEL"}, "", False),
        ({"lines": ["1 rue"], "country": "FRA"}, "metropole", True),
    ],
)
def test_the_address_tells_the_price_list(address: dict[str, Any], key: str, assumed: bool) -> None:
    found = territory(read_visit(visit(sample("s7.required"), place={"kind": "home", "address": address})))
    assert (found.key, found.assumed) == (key, assumed)


SECONDS = 40 * 366 * 24 * 3600


@given(st.integers(0, SECONDS))
def test_the_hour_of_paris_is_that_of_the_time_zone_tables(seconds: int) -> None:
    moment = datetime(1997, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    assert paris_offset(moment) == moment.astimezone(ZoneInfo("Europe/Paris")).utcoffset()


AMOUNTS = st.integers(0, 999_999_99).map(lambda cents: Decimal(cents).scaleb(-2))


@given(amounts=st.lists(AMOUNTS, min_size=2, max_size=2))
def test_the_total_is_the_exact_sum_to_the_cent(amounts: list[Decimal]) -> None:
    tables = load()
    made = tuple(
        Amount(code, "x", "act", "act", "metropole", amount, date(2020, 1, 1), None, "x", "")
        for code, amount in zip(("VSP", "MD"), amounts, strict=True)
    )
    changed = dataclasses.replace(tables, billing=dataclasses.replace(tables.billing, amounts=made))
    total = advise(read_visit(sample("s1.required").read_bytes()), changed).total
    assert total is not None
    assert total * 100 == sum(int(amount * 100) for amount in amounts)
    assert euros(total).replace(",", ".").removesuffix("\u00a0€") == f"{total:.2f}"


@settings(max_examples=40)
@given(drawn=visits())
def test_any_visit_gets_an_advice_that_keeps_its_word(drawn: dict[str, Any]) -> None:
    made = read_visit(json.dumps(drawn))
    told = advise(made, load())
    assert told == advise(made, load())
    assert told.proposed == (made.version == 1 and made.author.capacity != "other-doctor")
    assert (told.payer is not None) == told.proposed
    if told.total is not None:
        assert told.total == sum(charge.amount for charge in told.charges if charge.amount is not None)
    if made.place.kind == "ehpad" and made.place.tariff_mode in {None, "unknown"}:
        assert told.payer in {None, "ask"}
    assert all(answer.source and answer.says for answer in told.conditions)
