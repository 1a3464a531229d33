"""Money stays home: no amount, payer or billing resource in anything that may be shared."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from lxml import etree

from adapter.mapping import load
from tests.cli.runs import VISITS
from tests.scenarios.outputs import outputs

BILLING_RESOURCES = {"Account", "ChargeItem", "Claim", "Coverage", "Invoice", "PaymentNotice", "ExplanationOfBenefit"}
# What a price or a payer looks like, in any of the three forms.
MONEY = re.compile(r"\d[,.]\d\d\s?(?:€|EUR)|€|\bEUR\b|Assurance Maladie|\b[Ff]actur|\b[Tt]arif|\bpayeur", re.ASCII)


@pytest.mark.parametrize("path", VISITS, ids=lambda path: path.stem)
def test_no_document_speaks_of_money(path: Path) -> None:
    made = outputs(path.stem)
    said = path.read_text("utf-8")
    for text in made.texts():
        found = {match[0] for match in MONEY.finditer(text)}
        assert {word for word in found if word not in said} == set()


@pytest.mark.parametrize("path", VISITS, ids=lambda path: path.stem)
def test_no_bundle_holds_a_billing_resource(path: Path) -> None:
    kinds = {entry["resource"]["resourceType"] for entry in outputs(path.stem).bundle["entry"]}
    assert kinds & BILLING_RESOURCES == set()
    assert '"currency"' not in json.dumps(outputs(path.stem).bundle)


def test_no_sentence_of_the_billing_tables_is_printed() -> None:
    billing = load().billing
    sentences = {
        *(said.says for said in billing.notes.values()),
        *(said.says for _, said in billing.payers.values()),
        *(says for condition in billing.conditions.values() for _, says in condition.answers.values()),
        *(amount.label for amount in billing.amounts if amount.code != "VSP"),
    }
    for path in VISITS:
        for text in outputs(path.stem).texts():
            assert [one for one in sentences if one in text] == []


def test_a_planted_amount_would_be_seen() -> None:
    assert MONEY.search("Honoraires : 60,00 €")
    assert MONEY.search(etree.tostring(etree.XML("<text>payé par l'Assurance Maladie</text>"), encoding="unicode"))
