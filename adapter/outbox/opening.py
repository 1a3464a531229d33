"""How a queue is found and unlocked: its address, and the secret of its patient digests."""

from __future__ import annotations

from pathlib import Path

from adapter.errors import OutboxError
from adapter.outbox import schema
from adapter.outbox.database import Database, retried
from adapter.outbox.errors import OutboxDamaged, OutboxKey
from adapter.outbox.sealing import KEY_VARIABLE, Seal


def find_database(url: str) -> Database:
    """The database at `url`, reached when it is first used.

    Raises:
        OutboxError: no such address, or its library is missing.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and len(rest) > 1 and rest.startswith("/"):
        from adapter.outbox.sqlite import SqliteDatabase

        return SqliteDatabase(Path(rest[1:]))
    if scheme in ("postgresql", "postgres"):
        try:
            from adapter.outbox.postgres import PostgresDatabase
        except ImportError:
            raise OutboxError("PostgreSQL demande la bibliothèque psycopg (extra « postgres »).") from None
        return PostgresDatabase(url)
    raise OutboxError("L'adresse de la file d'envoi doit être sqlite:///fichier ou postgresql://...")


@retried
def unlock(database: Database, seal: Seal, keyed: bool) -> bytes:
    """Secret of the patient digests, made at the first opening.

    Raises:
        OutboxKey: the key is not the one of this queue.
        OutboxDamaged: the secret is lost.
    """
    with database.transaction() as session:
        database.hold_schema(session)
        stored = schema.read_secret(session)
        if not stored:
            secret = schema.new_secret()
            schema.write_secret(session, seal.close(secret, "digest_secret").hex())
            return secret
    try:
        sealed = bytes.fromhex(stored)
    except ValueError:
        raise OutboxDamaged(schema.LOST) from None
    if keyed and sealed[:1] == b"\x00":
        raise OutboxKey(f"Cette file d'envoi a été créée sans clé : vider {KEY_VARIABLE}, ou en créer une autre.")
    try:
        return seal.open(sealed, "digest_secret")
    except OutboxDamaged:
        raise OutboxKey(f"La clé ({KEY_VARIABLE}) n'est pas celle de cette file d'envoi.") from None
