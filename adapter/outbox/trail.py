"""The audit trail in the database: appended to in the transaction of the state it tells of, checked, read in pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from adapter.model.document import Identifier
from adapter.outbox import audit
from adapter.outbox.database import Session
from adapter.outbox.errors import OutboxDamaged
from adapter.outbox.rows import check_order, milliseconds
from adapter.outbox.values import ChainReport, Disclosure

PAGE: Final = 500


def append(
    session: Session,
    for_update: str,
    disclosures: tuple[Disclosure, ...],
    *,
    row_id: int,
    author: Identifier | None,
    patient: str,
    observer: str,
    recipient: str,
    recorded: datetime,
    mappings_digest: str = "",
) -> None:
    """Appends one event for each disclosure; the head of the chain is held, so that it never forks.

    Args:
        for_update: end of a select that holds what it reads.
        row_id: row that the exchange was for, 0 for none.
        author, patient, observer, recipient, mappings_digest: as for ``audit.audit_event``.
    """
    if not disclosures:
        return
    seq, previous = _head(session, for_update)
    for disclosure in disclosures:
        seq += 1
        event = audit.audit_event(
            disclosure,
            author=author,
            patient=patient,
            observer=observer,
            recipient=recipient,
            recorded=recorded,
            previous=previous,
            mappings_digest=mappings_digest,
        )
        previous = audit.digest(event)
        session.run(
            "INSERT INTO outbox_audit (seq, row_id, recorded_at, event, digest)"
            " VALUES (:seq, :row_id, :now, :event, :digest)",
            seq=seq,
            row_id=row_id,
            now=milliseconds(recorded),
            event=event,
            digest=previous,
        )
    session.run("UPDATE outbox_chain SET seq = :seq, digest = :digest WHERE id = 1", seq=seq, digest=previous)


def check(session: Session) -> ChainReport:
    """What the check of every link found, the first broken one pinpointed."""
    length, head = _head(session)
    previous, seq = audit.GENESIS, 0
    for found, event, stored in _events(session):
        seq += 1
        if found != seq:
            return ChainReport(length, head, seq, "Un événement manque dans la trace.")
        if audit.digest(event) != stored:
            return ChainReport(length, head, seq, "Un événement de la trace a été modifié.")
        if audit.link(event) != previous:
            return ChainReport(length, head, seq, "Un événement de la trace n'est pas à sa place.")
        previous = stored
    if seq != length or previous != head:
        return ChainReport(length, head, min(seq, length) + 1, "La fin de la trace manque ou a été ajoutée.")
    return ChainReport(length, head)


def _head(session: Session, for_update: str = "") -> tuple[int, str]:
    """Number and digest of the last event.

    Raises:
        OutboxDamaged: they are lost.
    """
    found = session.run(f"SELECT seq, digest FROM outbox_chain WHERE id = 1 {for_update}")  # noqa: S608  # constant of the database
    if len(found) != 1 or not isinstance(found[0][0], int) or not isinstance(found[0][1], str):
        raise OutboxDamaged("La fin de la trace d'audit est perdue ou illisible : restaurer une sauvegarde.")
    return found[0][0], found[0][1]


def _events(session: Session) -> Iterator[tuple[int, bytes, str]]:
    after = 0
    while found := page(session, after):
        yield from found
        after = found[-1][0]


def page(session: Session, after: int) -> list[tuple[int, bytes, str]]:
    """Number, event and digest of the events that follow number `after`."""
    found = session.run(
        "SELECT seq, event, digest FROM outbox_audit WHERE seq > :after ORDER BY seq LIMIT :page",
        after=after,
        page=PAGE,
    )
    check_order(found, after)
    return [(seq, _bytes(event), digest) for seq, event, digest in found]


def _bytes(event: object) -> bytes:
    """The event as it stands; what is no longer bytes was not written by us, and its digest no longer holds."""
    return bytes(event) if isinstance(event, (bytes, memoryview)) else b""
