"""The billing advice told to a person, and to a program."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from adapter.billing.values import BillingAdvice, Charge, Payer, Verdict

VERDICTS: Final[dict[Verdict, str]] = {"met": "remplie", "not-met": "non remplie", "unknown": "à confirmer"}
PAYERS: Final[dict[Payer, str]] = {
    "insurance": "Assurance Maladie",
    "facility": "EHPAD",
    "ask": "à demander",
}


def euros(amount: Decimal) -> str:
    """Amount as a French reader writes it: ``60,00 €``."""
    return f"{amount:.2f}".replace(".", ",") + "\u00a0€"


def as_text(advice: BillingAdvice) -> str:
    """The whole advice, in French, without anything that names the patient."""
    return "\n".join(_lines(advice)) + "\n"


def _lines(advice: BillingAdvice) -> Iterator[str]:
    yield f"Visite {advice.visit_id}, version {advice.version}, du {advice.day:%d/%m/%Y}"
    if advice.proposed:
        letters = " + ".join(charge.code for charge in advice.charges)
        yield f"Proposé : {letters}, {euros(advice.total) if advice.total is not None else 'montant à demander'}"
        yield from map(_charge_line, advice.charges)
    else:
        yield "Proposé : rien"
        yield from (f"  {answer.says}" for answer in advice.not_met)
    if advice.payer is not None and advice.payer_remark is not None:
        yield f"Payeur : {PAYERS[advice.payer]}"
        yield f"  {advice.payer_remark.says} [{advice.payer_remark.source}]"
    yield "Conditions :"
    for answer in advice.conditions:
        yield f"  {VERDICTS[answer.verdict]:12}{answer.title}. {answer.says} [{answer.source}]"
    if advice.options:
        yield "Selon le cas :"
        yield from map(_charge_line, advice.options)
    yield "Ce que la visite ne dit pas :"
    yield from (f"  {remark.says} [{remark.source}]" for remark in advice.unknowns)
    yield "Conseil local : le logiciel de facturation agréé facture, le médecin décide."


def _charge_line(charge: Charge) -> str:
    amount = "montant à demander" if charge.amount is None else euros(charge.amount)
    note = f", {charge.note}" if charge.note else ""
    source = f" [{charge.source}]" if charge.source else ""
    return f"  {charge.code:4}{charge.label} : {amount}{'/km' if charge.per == 'km' else ''}{note}{source}"


def as_dict(advice: BillingAdvice) -> dict[str, Any]:
    """The whole advice for a program; amounts are texts with two decimals, never binary numbers."""
    remark = advice.payer_remark
    return {
        "visit": advice.visit_id,
        "version": advice.version,
        "day": advice.day.isoformat(),
        "proposed": advice.proposed,
        "codes": [charge.code for charge in advice.charges],
        "charges": [_charge(charge) for charge in advice.charges],
        "currency": "EUR",
        "total": _amount(advice.total),
        "territory": advice.territory or None,
        "payer": advice.payer,
        "payer_reason": None if remark is None else {"says": remark.says, "source": remark.source},
        "conditions": [
            {
                "key": answer.key,
                "title": answer.title,
                "verdict": answer.verdict,
                "says": answer.says,
                "source": answer.source,
            }
            for answer in advice.conditions
        ],
        "options": [_charge(charge) for charge in advice.options],
        "unknowns": [{"key": one.key, "says": one.says, "source": one.source} for one in advice.unknowns],
    }


def _charge(charge: Charge) -> dict[str, Any]:
    return {
        "code": charge.code,
        "label": charge.label,
        "per": charge.per,
        "amount": _amount(charge.amount),
        "source": charge.source or None,
        "note": charge.note or None,
    }


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.2f}"
