"""Tables of the billing advice (``billing/``): dated amounts, payers, conditions and what they mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal, get_args

from adapter.mapping.tables import AMOUNT_COLUMNS, PAYER_COLUMNS, Findings, Row, Source, read_rows, read_toml

AMOUNTS: Final = "billing/amounts.csv"
PAYERS: Final = "billing/payers.csv"
ADVICE: Final = "billing/advice.toml"
BILLING_FILES: Final = (AMOUNTS, PAYERS, ADVICE)

Verdict = Literal["met", "not-met", "unknown"]
Payer = Literal["insurance", "facility", "ask"]
Kind = Literal["act", "travel", "option"]
Per = Literal["act", "km"]

TERRITORIES: Final = frozenset({"metropole", "guadeloupe", "martinique", "guyane", "reunion", "mayotte"})
CONDITIONS: Final[Mapping[str, frozenset[str]]] = {
    "attending": frozenset({"attending-physician", "locum", "other-doctor"}),
    "palliative": frozenset({"curative", "palliative", "advanced-palliative", "terminal", "agonal", "coded", "silent"}),
    "place": frozenset({"home", "relative-home", "ehpad", "residence", "other"}),
    "assessment": frozenset({"told", "silent"}),
    "coordination": frozenset({"told", "silent"}),
    "conclusions": frozenset({"told"}),
    "first-version": frozenset({"first", "correction"}),
}
"""Answers that the program may give to each condition, in the order of a reading; a test compares with the model,
which loading the tables must not import."""

NOTES: Final = frozenset(
    {
        "declared", "same-day", "majorations", "rate", "travel", "shared-trip", "no-amount", "territory-assumed",
        "territory-unknown", "opposition", "other-act", "review",
    }
)  # fmt: skip
SITUATIONS: Final = frozenset(
    {
        "home", "relative-home", "residence", "other", "had",
        "ehpad-40", "ehpad-41", "ehpad-42", "ehpad-43", "ehpad-44", "ehpad-45", "ehpad-46", "ehpad-47", "ehpad-unknown",
    }
)  # fmt: skip
_AMOUNT: Final = re.compile(r"(?:0|[1-9]\d{0,5})\.\d\d", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Amount:
    """One dated amount, in euros.

    Attributes:
        kind: ``act`` and ``travel`` go with every VSP, ``option`` depends on what no visit says.
        per: for one act, or for one kilometre.
        start, end: first and last day; no end: still in force.
    """

    code: str
    label: str
    kind: Kind
    per: Per
    territory: str
    amount: Decimal
    start: date
    end: date | None
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class Said:
    """One French sentence and where its rule comes from."""

    says: str
    source: str


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of the VSP: its title, its source, and each answer with its sentence."""

    title: str
    source: str
    answers: Mapping[str, tuple[Verdict, str]]


@dataclass(frozen=True, slots=True)
class BillingTables:
    """What the billing advice looks up.

    Attributes:
        amounts: in the order of the file. payers: payer by situation (``home``, ``ehpad-45``, ``had``).
        conditions, notes: by key.
        absent: files that the folder does not have; advice cannot be given then.
    """

    amounts: tuple[Amount, ...] = ()
    payers: Mapping[str, tuple[Payer, Said]] = field(default_factory=dict)
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    notes: Mapping[str, Said] = field(default_factory=dict)
    absent: tuple[str, ...] = BILLING_FILES

    def in_force(self, territory: str, day: date) -> tuple[Amount, ...]:
        """Amounts of `territory` on `day`, in the order of the file."""
        return tuple(
            amount
            for amount in self.amounts
            if amount.territory == territory and amount.start <= day and (amount.end is None or day <= amount.end)
        )


def read_billing(sources: Mapping[str, Source], found: Findings) -> BillingTables:
    """Tables among `sources`, as complete as their faults allow; a missing file is no fault here."""
    amounts = sources.get(AMOUNTS)
    payers = sources.get(PAYERS)
    advice = sources.get(ADVICE)
    content = read_toml(advice, found) if advice else {}
    return BillingTables(
        amounts=_amounts(read_rows(amounts, AMOUNT_COLUMNS, found), found) if amounts else (),
        payers=_payers(payers, found) if payers else {},
        conditions=_conditions(advice, content, found) if advice else {},
        notes=_notes(advice, content, found) if advice else {},
        absent=tuple(name for name in BILLING_FILES if name not in sources),
    )


def _amounts(rows: Iterable[Row], found: Findings) -> tuple[Amount, ...]:
    read: list[Amount] = []
    for row in rows:
        amount = _amount(row, found)
        if amount is None:
            continue
        for other in read:
            same = (other.code, other.territory) == (amount.code, amount.territory)
            if same and _overlap(other, amount):
                message = "Deux montants en vigueur le même jour : fermer le premier (end) la veille du second."
                found.error("MAP-BILLING-AMOUNT", row.place("start"), message)
        read.append(amount)
    return tuple(read)


def _amount(row: Row, found: Findings) -> Amount | None:
    start, end = _day(row, "start", found), _day(row, "end", found) if row["end"] else None
    told = len(found.items)
    for column, allowed in (("kind", get_args(Kind)), ("per", get_args(Per)), ("territory", sorted(TERRITORIES))):
        if row[column] not in allowed:
            found.error("MAP-BILLING-AMOUNT", row.place(column), f"Attendu : {', '.join(allowed)}.")
    if not _AMOUNT.fullmatch(row["amount"]):
        found.error("MAP-BILLING-AMOUNT", row.place("amount"), "Montant attendu en euros avec deux décimales (60.00).")
    for column, rule in (("code", "MAP-CODE"), ("label", "MAP-LABEL"), ("source", "MAP-SOURCE")):
        if not row[column].strip():
            found.error(rule, row.place(column), "Valeur absente.")
    if start and end and end < start:
        found.error("MAP-BILLING-AMOUNT", row.place("end"), "La fin précède le début.")
    if start is None or len(found.items) > told:
        return None
    return Amount(
        row["code"],
        row["label"],
        "act" if row["kind"] == "act" else "travel" if row["kind"] == "travel" else "option",
        "km" if row["per"] == "km" else "act",
        row["territory"],
        Decimal(row["amount"]),
        start,
        end,
        row["source"],
        row["note"],
    )


def _day(row: Row, column: str, found: Findings) -> date | None:
    if _DAY.fullmatch(row[column]):
        try:
            return date.fromisoformat(row[column])
        except ValueError:
            pass
    found.error("MAP-BILLING-AMOUNT", row.place(column), "Date attendue : AAAA-MM-JJ.")
    return None


def _overlap(one: Amount, other: Amount) -> bool:
    last = date.max
    return one.start <= (other.end or last) and other.start <= (one.end or last)


def _payers(source: Source, found: Findings) -> dict[str, tuple[Payer, Said]]:
    payers: dict[str, tuple[Payer, Said]] = {}
    for row in read_rows(source, PAYER_COLUMNS, found):
        payer: Payer | None = next((known for known in _PAYERS if known == row["payer"]), None)
        if row["situation"] in payers:
            found.error("MAP-DUPLICATE", row.place("situation"), f"Situation déjà définie : {row['situation']}.")
        if row["situation"] not in SITUATIONS:
            found.error("MAP-BILLING-PAYER", row.place("situation"), "Situation que rien n'interroge.")
        if payer is None:
            found.error("MAP-BILLING-PAYER", row.place("payer"), "Attendu : insurance, facility, ask.")
        for column, rule in (("says", "MAP-TEXT"), ("source", "MAP-SOURCE")):
            if not row[column].strip():
                found.error(rule, row.place(column), "Valeur absente.")
        if payer is not None:
            payers[row["situation"]] = payer, Said(row["says"], row["source"])
    for situation in sorted(SITUATIONS - payers.keys()):
        found.error("MAP-BILLING-PAYER", source.place(1), f"Situation sans payeur : {situation}.")
    return payers


_PAYERS: Final[tuple[Payer, ...]] = ("insurance", "facility", "ask")
_VERDICTS: Final[tuple[Verdict, ...]] = ("met", "not-met", "unknown")


def _conditions(source: Source, content: Mapping[str, Any], found: Findings) -> dict[str, Condition]:
    given = _table(content, "condition")
    conditions: dict[str, Condition] = {}
    for key in sorted(given.keys() - CONDITIONS.keys()):
        found.error("MAP-BILLING-ADVICE", _header(source, f"condition.{key}"), f"Condition sans emploi : {key}.")
    for key, wanted in CONDITIONS.items():
        place = _header(source, f"condition.{key}")
        table = _table(given, key)
        answers = _table(table, "answers")
        for name in ("title", "source"):
            if not _text(table, name):
                found.error("MAP-BILLING-ADVICE", place, f"Condition {key} : « {name} » absent.")
        for answer in sorted(wanted ^ answers.keys()):
            what = "Réponse absente" if answer in wanted else "Réponse sans emploi"
            found.error("MAP-BILLING-ADVICE", place, f"{what} de la condition {key} : {answer}.")
        read: dict[str, tuple[Verdict, str]] = {}
        for answer in wanted & answers.keys():
            told = _table(answers, answer)
            verdict: Verdict | None = next((known for known in _VERDICTS if known == told.get("is")), None)
            if verdict is None or not _text(told, "says"):
                message = f"Réponse {answer} de {key} : « is » (met, not-met, unknown) et « says » sont attendus."
                found.error("MAP-BILLING-ADVICE", place, message)
            else:
                read[answer] = verdict, _text(told, "says")
        conditions[key] = Condition(_text(table, "title"), _text(table, "source"), read)
    return conditions


def _notes(source: Source, content: Mapping[str, Any], found: Findings) -> dict[str, Said]:
    given = _table(content, "note")
    for key in sorted(given.keys() ^ NOTES):
        place = source.place_of(rf"^{re.escape(key)}\s*=") if key in given else _header(source, "note")
        found.error("MAP-BILLING-ADVICE", place, f"Note {'sans emploi' if key in given else 'absente'} : {key}.")
    notes: dict[str, Said] = {}
    for key in sorted(given.keys() & NOTES):
        told = _table(given, key)
        notes[key] = Said(_text(told, "says"), _text(told, "source"))
        if not (notes[key].says and notes[key].source):
            place = source.place_of(rf"^{re.escape(key)}\s*=")
            found.error("MAP-BILLING-ADVICE", place, f"Note {key} : « says » et « source » sont attendus.")
    return notes


def _table(content: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = content.get(name)
    return value if isinstance(value, dict) else {}


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name)
    return value.strip() if isinstance(value, str) else ""


def _header(source: Source, name: str) -> str:
    return source.place_of(rf"^\s*\[{re.escape(name)}\]")
