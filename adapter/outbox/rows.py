"""Rows as people see them, read inside a transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from adapter.outbox.database import Record, Session
from adapter.outbox.errors import OutboxDamaged, OutboxRefusal
from adapter.outbox.values import Reason, Row, State

PAGE: Final = 500
_COLUMNS: Final = """r.id, r.key, r.destination, r.endpoint, r.form, r.state, r.dead, r.reason, r.dmp_code, r.attempts,
    r.created_at, r.updated_at, r.due_at, r.set_unique_id, r.size_bytes, r.purged, r.recipient,
    r.mappings_digest, r.dmp_said"""


def read_row(session: Session, row_id: int) -> Row:
    """One row.

    Raises:
        OutboxRefusal: there is none.
    """
    found = session.run(f"SELECT {_COLUMNS} FROM outbox_row r WHERE r.id = :id", id=row_id)  # noqa: S608  # constant
    if not found:
        raise OutboxRefusal("Ce numéro n'est pas dans la file d'envoi.")
    return _to_row(found[0], _unique_ids(session, row_id))


def read_page(session: Session, after: int, conditions: Mapping[str, object]) -> list[Row]:
    """The next ``PAGE`` rows whose number is above `after`, those that meet the conditions (column -> value)."""
    where = "".join(f" AND r.{name} = :{name}" for name in conditions)
    statement = f"SELECT {_COLUMNS} FROM outbox_row r WHERE r.id > :after{where} ORDER BY r.id LIMIT :page"  # noqa: S608  # names of columns, from our own code
    found = session.run(statement, after=after, page=PAGE, **conditions)
    check_order(found, after)
    return [_to_row(record, _unique_ids(session, record[0])) for record in found]


def check_order(found: list[Record], after: int) -> None:
    """Nothing; a page that does not go up would be read again and again.

    Raises:
        OutboxDamaged: numbers of a page that do not follow `after`, as only a damaged file gives them.
    """
    for number, *_ in found:
        if not isinstance(number, int) or number <= after:
            raise OutboxDamaged("Les numéros de la file d'envoi ne se suivent plus : restaurer une sauvegarde.")
        after = number


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970, UTC: how every moment is stored."""
    return int(moment.timestamp() * 1000)


def moment(stored: int) -> datetime:
    """Aware UTC time of stored milliseconds."""
    return datetime.fromtimestamp(stored / 1000, UTC)


def read_state(stored: str) -> State:
    """State that a row holds.

    Raises:
        OutboxDamaged: none that this program knows.
    """
    try:
        return State(stored)
    except ValueError:
        raise OutboxDamaged(_DAMAGED) from None


def _read_reason(stored: str) -> Reason:
    try:
        return Reason(stored)
    except ValueError:
        raise OutboxDamaged(_DAMAGED) from None


_DAMAGED: Final = (
    "Une ligne de la file d'envoi porte une valeur inconnue de ce programme : fichier endommagé, ou programme trop"
    " ancien. Ne pas le supprimer : restaurer une sauvegarde, ou mettre le programme à jour."
)


def _unique_ids(session: Session, row_id: int) -> tuple[str, ...]:
    found = session.run("SELECT unique_id FROM outbox_document WHERE row_id = :id ORDER BY position", id=row_id)
    return tuple(unique_id for (unique_id,) in found)


def _to_row(record: Record, unique_ids: tuple[str, ...]) -> Row:
    (
        row_id,
        key,
        destination,
        endpoint,
        form,
        state,
        dead,
        reason,
        dmp_code,
        attempts,
        created,
        updated,
        due,
        set_unique_id,
        size,
        purged,
        recipient,
        mappings_digest,
        dmp_said,
    ) = record
    return Row(
        id=row_id,
        key=key,
        destination=destination,
        endpoint=endpoint,
        form=form,
        state=read_state(state),
        dead=bool(dead),
        reason=_read_reason(reason),
        dmp_code=dmp_code,
        attempts=attempts,
        created_at=moment(created),
        updated_at=moment(updated),
        due_at=None if due is None else moment(due),
        set_unique_id=set_unique_id,
        unique_ids=unique_ids,
        size_bytes=size,
        purged=bool(purged),
        recipient=recipient,
        mappings_digest=mappings_digest,
        dmp_said=dmp_said,
    )
