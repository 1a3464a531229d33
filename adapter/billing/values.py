"""The billing advice as a value: money is exact, and what is not known is said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Verdict = Literal["met", "not-met", "unknown"]
Payer = Literal["insurance", "facility", "ask"]


@dataclass(frozen=True, slots=True)
class Charge:
    """One key letter with its amount in euros.

    Attributes:
        per: for one act, or for one kilometre.
        amount: None when no amount is known for the territory and the day.
        source: where the amount comes from, empty when there is none.
        note: what its table adds.
    """

    code: str
    label: str
    per: Literal["act", "km"]
    amount: Decimal | None
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One condition of the VSP, and what the visit says about it."""

    key: str
    title: str
    verdict: Verdict
    says: str
    source: str


@dataclass(frozen=True, slots=True)
class Remark:
    """One French sentence with its source: who pays, or what cannot be known from the visit."""

    key: str
    says: str
    source: str


@dataclass(frozen=True, slots=True)
class BillingAdvice:
    """What the visit may be billed. It proposes; the certified billing software bills.

    Attributes:
        visit_id, version, day: the visit; ``day`` chooses the amounts.
        territory: key of the price list, empty when the visit does not tell.
        charges: what is proposed, empty when nothing is.
        total: sum of `charges` in euros; None when nothing is proposed or an amount is not known.
        payer: None when nothing is proposed; ``ask`` is never to be replaced by a guess.
        payer_remark: why; None when nothing is proposed.
        conditions: every condition, in the order of a reading.
        options: amounts that depend on what no visit says (kilometres, mountain).
        unknowns: what the visit cannot tell.
    """

    visit_id: str
    version: int
    day: date
    territory: str
    charges: tuple[Charge, ...]
    total: Decimal | None
    payer: Payer | None
    payer_remark: Remark | None
    conditions: tuple[Answer, ...]
    options: tuple[Charge, ...]
    unknowns: tuple[Remark, ...]

    @property
    def proposed(self) -> bool:
        """True when the visit may be billed as a VSP, some conditions being perhaps left to confirm."""
        return bool(self.charges)

    @property
    def to_confirm(self) -> tuple[Answer, ...]:
        """Conditions that the visit does not tell."""
        return tuple(answer for answer in self.conditions if answer.verdict == "unknown")

    @property
    def not_met(self) -> tuple[Answer, ...]:
        """Conditions that are not met: why nothing is proposed."""
        return tuple(answer for answer in self.conditions if answer.verdict == "not-met")
