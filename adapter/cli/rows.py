"""How rows of the queue are told to a person, and to a program."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from adapter.cli.french import OK, shown

if TYPE_CHECKING:
    from adapter.outbox import Row

REFUSED = 3
WAITING = 4

STATES = {
    "queued": "en file",
    "sending": "en cours",
    "unknown": "sort inconnu",
    "accepted": "accepté",
    "confirmed": "confirmé",
    "rejected": "refusé",
    "blocked": "bloqué",
    "replaced": "remplacé",
    "withdrawn": "retiré",
}
HEAD = ("n°", "état", "DMP", "forme", "essais", "modifié", "document")


def say_table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """Lines in columns as wide as they need."""
    every = [tuple(head), *(tuple(map(shown, line)) for line in lines)]  # a DMP may put anything in its codes
    widths = [max(len(line[column]) for line in every) for column in range(len(head))]
    for line in every:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def say_json(value: Any) -> None:
    """JSON, in UTF-8 whatever the console."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n", nl=False)


def state(row: Row) -> str:
    """State in French."""
    return STATES[row.state] + (" (essais épuisés)" if row.dead else "")


def line(row: Row) -> tuple[str, ...]:
    """Cells of one row, under ``HEAD``."""
    at = local(row.updated_at)
    return str(row.id), state(row), row.destination, row.form, str(row.attempts), at, row.unique_ids[0]


def local(moment: datetime) -> str:
    """Moment in the time of this machine; as it stands at the ends of the calendar, where a server may put it."""
    try:
        moment = moment.astimezone()
    except (OverflowError, ValueError, OSError):
        return moment.isoformat()
    return moment.strftime("%d/%m/%Y %H:%M:%S")


def as_dict(row: Row) -> dict[str, Any]:
    """Row for a program."""
    return {
        "id": row.id,
        "state": row.state.value,
        "dead": row.dead,
        "reason": row.reason.value,
        "explanation": row.explanation,
        "dmp_code": row.dmp_code,
        "dmp_said": row.dmp_said,
        "destination": row.destination,
        "recipient": row.recipient,
        "endpoint": row.endpoint,
        "form": row.form,
        "attempts": row.attempts,
        "created_at": row.created_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
        "due_at": row.due_at.isoformat() if row.due_at else None,
        "set_unique_id": row.set_unique_id,
        "unique_ids": list(row.unique_ids),
        "size_bytes": row.size_bytes,
        "mappings_digest": row.mappings_digest,
        "purged": row.purged,
    }


def code(row: Row) -> int:
    """Exit code that tells where a row is: 0 at the DMP, 3 refused or blocked, 4 waiting or not known."""
    if row.state in ("confirmed", "replaced", "withdrawn") or (row.state == "accepted" and row.due_at is None):
        return WAITING if row.dead else OK
    return REFUSED if row.state in ("rejected", "blocked") else WAITING
