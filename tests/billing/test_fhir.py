"""The advice as local FHIR drafts: base R4, money to the cent, one payer, and no name."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from adapter.api.billing import bill, render_billing
from adapter.fhir.r4 import as_fhir_resources
from tests.cli.runs import ROOT, VISITS, visit
from tests.private_texts import texts_to_keep

SAMPLES = ROOT / "samples" / "visits"
FACILITY = {"kind": "ehpad", "finess": "990000036", "name": "EHPAD Les Ajoncs", "tariff_mode": "41"}


def printed(data: bytes) -> list[dict[str, Any]]:
    """Resources of the Bundle, which the R4 library has read without complaint."""
    as_fhir_resources(data)
    return [entry["resource"] for entry in json.loads(data).get("entry", [])]


def kinds(data: bytes) -> Counter[str]:
    return Counter(resource["resourceType"] for resource in printed(data))


def of_kind(data: bytes, kind: str) -> list[dict[str, Any]]:
    return [resource for resource in printed(data) if resource["resourceType"] == kind]


@pytest.mark.parametrize("path", VISITS, ids=lambda path: path.stem)
def test_every_sample_gives_sound_resources_and_the_same_twice(path: Any) -> None:
    data = path.read_bytes()
    made = render_billing(data)
    assert made == render_billing(data)
    assert bool(kinds(made)) == bill(data).proposed


def test_the_insurance_gets_a_draft_claim_of_seventy_euros() -> None:
    made = render_billing((SAMPLES / "s1.exhaustive.json").read_bytes())
    assert kinds(made) == {"ChargeItem": 2, "Coverage": 1, "Claim": 1}
    (claim,) = of_kind(made, "Claim")
    assert claim["status"] == "draft"
    assert claim["total"] == {"value": 70.00, "currency": "EUR"}
    assert b'"value":70.00' in made.replace(b" ", b"")
    assert [one["priceOverride"]["value"] for one in of_kind(made, "ChargeItem")] == [60, 10]


def test_the_ehpad_of_a_global_tariff_gets_a_draft_invoice_and_no_claim() -> None:
    made = render_billing(visit(SAMPLES / "s2.exhaustive.json", place=FACILITY))
    assert kinds(made) == {"ChargeItem": 2, "Invoice": 1}
    (invoice,) = of_kind(made, "Invoice")
    assert invoice["recipient"]["identifier"]["value"] == "1990000036"
    assert invoice["totalGross"]["value"] == 70


def test_a_payer_to_ask_for_leaves_the_charges_alone() -> None:
    made = render_billing(visit(SAMPLES / "s2.required.json", place={**FACILITY, "tariff_mode": "unknown"}))
    assert kinds(made) == {"ChargeItem": 2}


def test_an_amount_that_is_not_known_is_left_out() -> None:
    made = render_billing((SAMPLES / "s3.exhaustive.json").read_bytes())
    assert all("priceOverride" not in item for item in of_kind(made, "ChargeItem"))
    (claim,) = of_kind(made, "Claim")
    assert "total" not in claim


def test_a_condition_to_confirm_leaves_the_charge_planned() -> None:
    statuses = {
        item["status"] for item in of_kind(render_billing((SAMPLES / "s7.required.json").read_bytes()), "ChargeItem")
    }
    assert statuses == {"planned"}


def test_the_locum_acts_and_the_replaced_doctor_bills() -> None:
    source = SAMPLES / "s5-locum.exhaustive.json"
    author = json.loads(source.read_bytes())["author"]
    made = render_billing(source.read_bytes())
    (claim,) = of_kind(made, "Claim")
    assert claim["provider"]["identifier"]["value"] == f"8{author['replaces']['rpps']}"
    performers = {item["performer"][0]["actor"]["identifier"]["value"] for item in of_kind(made, "ChargeItem")}
    assert performers == {f"8{author['rpps']}"}


@pytest.mark.parametrize("path", [path for path in VISITS if "exhaustive" in path.name], ids=lambda path: path.stem)
def test_the_patient_is_named_by_one_number_only(path: Any) -> None:
    told = json.loads(path.read_bytes())
    made = render_billing(path.read_bytes()).decode()
    patient = told["patient"]
    number = patient.get("local_id") or patient["ins"]["value"]  # a draft bill must name its patient somehow
    kept = set(texts_to_keep(told)) - {number, told["place"].get("name")}
    assert [text for text in kept if text in made] == []
