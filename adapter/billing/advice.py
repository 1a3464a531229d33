"""Visit + dated tables -> billing advice: codes, amounts, payer, conditions, and what the visit cannot tell.

Source: NGAP, article 15.2.3 (VSP); amounts, payers and sentences: ``mappings/billing``.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from adapter.billing.territory import TerritoryFound, territory
from adapter.billing.values import Answer, BillingAdvice, Charge, Payer, Remark
from adapter.errors import Finding, MappingError, Severity
from adapter.mapping import Mappings
from adapter.mapping.billing import Amount, BillingTables
from adapter.model.visit import Visit

PALLIATIVE_CARE = "Z51.5"  # CIM-10: soins palliatifs


def advise(visit: Visit, mappings: Mappings) -> BillingAdvice:
    """Advice for one visit; the same visit and tables give the same advice, no clock is read.

    Raises:
        MappingError: the tables of the billing are not in the folder of mappings, or do not know a case.
    """
    tables = mappings.billing
    if tables.absent:
        raise MappingError(
            [_missing(name, "Fichier absent : pas de conseil de facturation.") for name in tables.absent]
        )
    conditions = tuple(_answer(tables, key, answer) for key, answer in _answers(visit))
    where = territory(visit)
    day = visit.start.date()
    amounts = tables.in_force(where.key, day) if where.key else ()
    proposed = all(condition.verdict != "not-met" for condition in conditions)
    charges = _charges(tables, amounts) if proposed else ()
    payer, remark = _payer(tables, _situation(visit)) if proposed else (None, None)
    return BillingAdvice(
        visit_id=visit.id,
        version=visit.version,
        day=day,
        territory=where.key,
        charges=charges,
        total=_total(charges),
        payer=payer,
        payer_remark=remark,
        conditions=conditions,
        options=tuple(_charge(amount) for amount in amounts if amount.kind == "option") if proposed else (),
        unknowns=tuple(_remark(tables, key) for key in _unknowns(visit, where, charges)),
    )


def _answers(visit: Visit) -> Iterator[tuple[str, str]]:
    """Each condition and the answer of the visit, both keys of ``advice.toml``."""
    yield "attending", visit.author.capacity
    yield "palliative", _palliative(visit)
    yield "place", visit.place.kind
    assessed = visit.symptoms or visit.scales or visit.vital_signs or visit.goals
    yield "assessment", "told" if assessed else "silent"
    yield "coordination", "told" if visit.care_team or visit.actions else "silent"
    yield "conclusions", "told"  # the format has no visit without them
    yield "first-version", "correction" if visit.version > 1 or visit.correction else "first"


def _palliative(visit: Visit) -> str:
    phase = visit.disease.phase
    if phase is not None and phase != "curative":
        return phase
    problems = (visit.disease.main, *visit.problems)
    if any(problem.cim10 == PALLIATIVE_CARE for problem in problems):
        return "coded"
    return phase or "silent"


def _situation(visit: Visit) -> str:
    """Key of ``payers.csv``: an HAD that follows the patient on the day comes first, then the place."""
    day = visit.start.date()
    for member in visit.care_team:
        begun = member.since is None or member.since <= day
        if member.structure == "had" and begun and (member.until is None or day <= member.until):
            return "had"
    if visit.place.kind == "ehpad":
        return f"ehpad-{visit.place.tariff_mode or 'unknown'}"
    return visit.place.kind


def _charges(tables: BillingTables, amounts: tuple[Amount, ...]) -> tuple[Charge, ...]:
    """The act and its travel, with the amounts in force; without them, the key letters alone."""
    known = tuple(_charge(amount) for kind in ("act", "travel") for amount in amounts if amount.kind == kind)
    told = {charge.code for charge in known}
    unknown = ((code, label) for code, label in _letters(tables).items() if code not in told)
    return known + tuple(Charge(code, label, "act", None, "") for code, label in unknown)


def _letters(tables: BillingTables) -> dict[str, str]:
    letters: dict[str, str] = {}
    for kind in ("act", "travel"):
        letters.update((amount.code, amount.label) for amount in tables.amounts if amount.kind == kind)
    return letters


def _total(charges: tuple[Charge, ...]) -> Decimal | None:
    known = [charge.amount for charge in charges if charge.amount is not None]
    return sum(known, Decimal("0.00")) if known and len(known) == len(charges) else None


def _unknowns(visit: Visit, where: TerritoryFound, charges: tuple[Charge, ...]) -> Iterator[str]:
    """Keys of the notes that hold for this visit."""
    if not charges:
        yield "review" if visit.version > 1 or visit.correction else "other-act"
        return
    if where.assumed:
        yield "territory-assumed"
    if not where.key:
        yield "territory-unknown"
    elif any(charge.amount is None for charge in charges):
        yield "no-amount"
    yield from ("declared", "same-day")
    if visit.place.kind == "ehpad":
        yield "shared-trip"
    yield from ("travel", "majorations", "rate")
    if visit.sharing.opposition:
        yield "opposition"


def _charge(amount: Amount) -> Charge:
    return Charge(amount.code, amount.label, amount.per, amount.amount, amount.source, amount.note)


def _answer(tables: BillingTables, key: str, answer: str) -> Answer:
    condition = tables.conditions.get(key)
    told = condition.answers.get(answer) if condition else None
    if condition is None or told is None:
        raise MappingError([_missing(f"billing/advice.toml:condition.{key}.{answer}", "Réponse absente.")])
    verdict, says = told
    return Answer(key, condition.title, verdict, says, condition.source)


def _payer(tables: BillingTables, situation: str) -> tuple[Payer, Remark]:
    found = tables.payers.get(situation)
    if found is None:
        raise MappingError([_missing(f"billing/payers.csv:{situation}", "Aucun payeur pour cette situation.")])
    payer, said = found
    return payer, Remark(situation, said.says, said.source)


def _remark(tables: BillingTables, key: str) -> Remark:
    said = tables.notes.get(key)
    if said is None:
        raise MappingError([_missing(f"billing/advice.toml:note.{key}", "Note absente.")])
    return Remark(key, said.says, said.source)


def _missing(path: str, message: str) -> Finding:
    return Finding("MAP-ROW", Severity.ERROR, path, message, "mappings/README.md")
