"""Billing advice, next visit, emergency sheet: what the command line gives, and nothing of it in what is shared."""

from __future__ import annotations

import json

import pytest
from httpx import Client

from adapter import api
from adapter.api.billing import render_billing
from adapter.api.reminders import remind
from tests.service.calls import S1, S7, changed, post, problem


def test_the_billing_advice_of_s1(client: Client) -> None:
    told = post(client, "/v1/visits:billing", S1).json()
    assert (told["codes"], told["total"], told["payer"]) == (["VSP", "MD"], "70.00", "insurance")
    fhir = post(client, "/v1/visits:billing?as=fhir", S1)
    assert fhir.headers["content-type"] == "application/fhir+json"
    assert fhir.content == render_billing(S1)


def test_the_next_visit_of_s1(client: Client) -> None:
    answer = post(client, "/v1/visits:reminders", S1)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    assert answer.content == remind(S1)
    assert "MARCHAND" not in answer.text
    assert json.loads(post(client, "/v1/visits:reminders?as=fhir", S1).content)["resourceType"] == "Bundle"
    assert "STATUS:CANCELLED" in post(client, "/v1/visits:reminders?withdrawn=true", S1).text
    told = problem(post(client, "/v1/visits:reminders", S7), 422, "visit-invalid")
    assert "REM-NO-DATE" in {one["rule"] for one in told["findings"]}


def test_the_emergency_sheet_of_s1(client: Client) -> None:
    answer = post(client, "/v1/visits:emergency", S1)
    assert answer.content == api.render_emergency(api.convert(S1).document)
    assert "sandbox" in answer.headers["content-security-policy"]
    printed = post(client, "/v1/visits:emergency?as=pdf", S1)
    assert (printed.headers["content-type"], printed.content[:5]) == ("application/pdf", b"%PDF-")


@pytest.mark.parametrize("operation", ["billing", "reminders", "emergency"])
def test_a_refused_visit_gets_none(client: Client, operation: str) -> None:
    problem(post(client, f"/v1/visits:{operation}", changed(S7, conclusions="")), 422, "visit-invalid")
    problem(post(client, f"/v1/visits:{operation}?as=docx", S7), 422, "parameters")
