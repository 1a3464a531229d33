"""What callers of a service were answered, so that the same request asked again gets the same answer.

Names of requests are kept as keyed digests; an answer holds identifiers and findings, nothing of the patient.
"""

from __future__ import annotations

from adapter.outbox.database import Session
from adapter.outbox.errors import OutboxConflict


def find(session: Session, name: str, digest: str) -> bytes | None:
    """Answer that was given to this request, None when it is new.

    Raises:
        OutboxConflict: the same name came with another content.
    """
    found = session.run("SELECT digest, answer FROM outbox_request WHERE name = :name", name=name)
    if not found:
        return None
    if found[0][0] != digest:
        raise OutboxConflict("Cette visite, dans cette version, est déposée avec un autre contenu : monter la version.")
    return bytes(found[0][1])


def keep(session: Session, name: str, digest: str, row_id: int, answer: bytes, now: int) -> None:
    """Keeps the answer; the first one stands."""
    session.run(
        "INSERT INTO outbox_request (name, digest, row_id, answer, recorded_at)"
        " VALUES (:name, :digest, :row_id, :answer, :now) ON CONFLICT (name) DO NOTHING",
        name=name,
        digest=digest,
        row_id=row_id,
        answer=answer,
        now=now,
    )


def forget(session: Session, row_id: int) -> None:
    """The request that made this row may be made again."""
    session.run("DELETE FROM outbox_request WHERE row_id = :id", id=row_id)
