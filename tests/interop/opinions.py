"""What foreign judges said of our outputs, and which of their remarks were read and accepted, each with its reason."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Remark:
    """One remark of a judge: the document (name of its file), the place in it, the rule and the words of the judge."""

    document: str
    severity: Severity
    place: str
    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one judge said of a batch.

    Attributes:
        judge, version: who. documents: how many were judged. seconds: wall time, its start included.
        remarks: errors and warnings; what is only information is left out.
        lost: sentences on what the judge does not keep of our documents; printed, never a failure of ours.
    """

    judge: str
    version: str
    documents: int
    seconds: float
    remarks: tuple[Remark, ...]
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """A remark that was read and is left as it is: regular expressions on the rule and on the words, and why."""

    judge: str
    severity: Severity
    rule: re.Pattern[str]
    text: re.Pattern[str]
    reason: str

    def covers(self, judge: str, remark: Remark) -> bool:
        """True when this entry speaks of that remark."""
        return (
            judge == self.judge
            and remark.severity == self.severity
            and self.rule.fullmatch(remark.rule) is not None
            and self.text.search(remark.text) is not None
        )


def read_accepted(file: Path) -> tuple[Accepted, ...]:
    """Entries of the reviewed file; an entry without a reason is refused."""
    entries = tomllib.loads(file.read_text("utf-8"))["accepted"]
    return tuple(
        Accepted(
            entry["judge"],
            entry["severity"],
            re.compile(entry.get("rule", ".*")),
            re.compile(entry.get("text", "")),
            _reason(entry),
        )
        for entry in entries
    )


def _reason(entry: dict[str, str]) -> str:
    reason = entry["reason"].strip()
    if not reason:
        raise ValueError("an accepted remark needs a reason")
    return reason


def unlisted(opinion: Opinion, accepted: Sequence[Accepted]) -> list[Remark]:
    """Remarks that no entry accepts."""
    return [r for r in opinion.remarks if not any(a.covers(opinion.judge, r) for a in accepted)]


def stale(opinions: Iterable[Opinion], accepted: Sequence[Accepted]) -> list[Accepted]:
    """Entries about a judge that spoke, which accept nothing any more: the file must not outlive what it excuses."""
    spoken = {o.judge: o.remarks for o in opinions}
    return [a for a in accepted if a.judge in spoken and not any(a.covers(a.judge, r) for r in spoken[a.judge])]


def table(opinions: Sequence[Opinion], accepted: Sequence[Accepted]) -> str:
    """One line a judge: documents, errors, warnings, those of them that nobody accepted, seconds."""
    head = ("juge", "version", "documents", "erreurs", "alertes", "non admises", "secondes")
    rows = [head]
    for o in opinions:
        errors = sum(r.severity == "error" for r in o.remarks)
        warnings = len(o.remarks) - errors
        open_ones = len(unlisted(o, accepted))
        rows.append(
            (o.judge, o.version, str(o.documents), str(errors), str(warnings), str(open_ones), f"{o.seconds:.1f}")
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
