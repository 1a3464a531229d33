"""Tables of the queue, version by version: a new queue and an old one go through the same steps."""

from __future__ import annotations

import secrets
from typing import Final

from adapter.outbox.database import Database, Session
from adapter.outbox.errors import OutboxDamaged

_VERSION_1: Final = (
    "CREATE TABLE outbox_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE outbox_row (
        id {identity},
        key TEXT NOT NULL,
        destination TEXT NOT NULL,
        form TEXT NOT NULL,
        patient TEXT NOT NULL,
        state TEXT NOT NULL,
        dead INTEGER NOT NULL DEFAULT 0,
        reason TEXT NOT NULL DEFAULT '',
        dmp_code TEXT NOT NULL DEFAULT '',
        attempts INTEGER NOT NULL DEFAULT 0,
        lease TEXT,
        due_at BIGINT,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        set_unique_id TEXT NOT NULL,
        content_digest TEXT NOT NULL,
        size_bytes BIGINT NOT NULL,
        purged INTEGER NOT NULL DEFAULT 0
    )""",
    "CREATE UNIQUE INDEX outbox_row_key ON outbox_row (destination, key) WHERE state <> 'withdrawn'",
    "CREATE INDEX outbox_row_due ON outbox_row (due_at, id) WHERE due_at IS NOT NULL",
    "CREATE INDEX outbox_row_patient ON outbox_row (patient)",
    """CREATE TABLE outbox_document (
        row_id BIGINT NOT NULL REFERENCES outbox_row (id),
        position INTEGER NOT NULL,
        destination TEXT NOT NULL,
        patient TEXT NOT NULL,
        set_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        unique_id TEXT NOT NULL,
        replaces TEXT NOT NULL,
        live INTEGER NOT NULL DEFAULT 1,
        PRIMARY KEY (row_id, position)
    )""",
    "CREATE UNIQUE INDEX outbox_document_unique ON outbox_document (destination, unique_id) WHERE live = 1",
    "CREATE INDEX outbox_document_set ON outbox_document (set_id, destination, version)",
    """CREATE TABLE outbox_part (
        row_id BIGINT NOT NULL REFERENCES outbox_row (id),
        position INTEGER NOT NULL,
        body {blob} NOT NULL,
        PRIMARY KEY (row_id, position)
    )""",
    """CREATE TABLE outbox_audit (
        seq BIGINT PRIMARY KEY,
        row_id BIGINT NOT NULL,
        recorded_at BIGINT NOT NULL,
        event {blob} NOT NULL,
        digest TEXT NOT NULL
    )""",
    "CREATE TABLE outbox_chain (id INTEGER PRIMARY KEY, seq BIGINT NOT NULL, digest TEXT NOT NULL)",
    "INSERT INTO outbox_chain (id, seq, digest) VALUES (1, 0, '{genesis}')",
)
_VERSION_2: Final = (
    "ALTER TABLE outbox_row ADD COLUMN endpoint TEXT NOT NULL DEFAULT ''",
    "CREATE TABLE outbox_opposition (patient TEXT PRIMARY KEY, recorded_at BIGINT NOT NULL)",
    "CREATE INDEX outbox_document_replaces ON outbox_document (replaces, destination) WHERE replaces <> ''",
)
_VERSION_3: Final = ("ALTER TABLE outbox_row ADD COLUMN recipient TEXT NOT NULL DEFAULT ''",)
_VERSION_4: Final = ("ALTER TABLE outbox_row ADD COLUMN mappings_digest TEXT NOT NULL DEFAULT ''",)
_VERSION_5: Final = (
    """CREATE TABLE outbox_request (
        name TEXT PRIMARY KEY,
        digest TEXT NOT NULL,
        row_id BIGINT NOT NULL REFERENCES outbox_row (id),
        answer {blob} NOT NULL,
        recorded_at BIGINT NOT NULL
    )""",
    "CREATE INDEX outbox_request_row ON outbox_request (row_id)",
)
_VERSION_6: Final = (
    "ALTER TABLE outbox_row ADD COLUMN message_id TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX outbox_row_message ON outbox_row (message_id) WHERE message_id <> ''",
)
_VERSION_7: Final = ("ALTER TABLE outbox_row ADD COLUMN dmp_said TEXT NOT NULL DEFAULT ''",)
VERSIONS: Final = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4, _VERSION_5, _VERSION_6, _VERSION_7)
LOST: Final = "Le secret de la file d'envoi est perdu ou illisible : restaurer une sauvegarde."


def migrate(database: Database, genesis: str) -> None:
    """Brings the queue to the newest version, in one transaction.

    Args:
        genesis: digest that the first audit event names as the one before.
    Raises:
        OutboxDamaged: tables that are not ours, or of a newer version.
    """
    with database.transaction() as session:
        database.hold_schema(session)
        version = _version(database, session)
        if version > len(VERSIONS):
            raise OutboxDamaged(
                f"Cette file d'envoi est d'une version plus récente ({version}) que ce programme ({len(VERSIONS)}) :"
                " mettre le programme à jour."
            )
        for statements in VERSIONS[version:]:
            for statement in statements:
                session.run(statement.format(blob=database.blob, identity=database.identity, genesis=genesis))
        if version == 0:
            _put(session, "digest_secret", "")
        if version < len(VERSIONS):
            session.run("DELETE FROM outbox_meta WHERE name = 'schema_version'")
            _put(session, "schema_version", str(len(VERSIONS)))


def _version(database: Database, session: Session) -> int:
    if not database.has_table(session, "outbox_meta"):
        if database.has_table(session, "outbox_row"):
            raise OutboxDamaged("Cette base contient déjà des tables qui ne sont pas celles d'une file d'envoi.")
        return 0
    values = session.run("SELECT value FROM outbox_meta WHERE name = 'schema_version'")
    if len(values) != 1 or not str(values[0][0]).isdecimal():
        raise OutboxDamaged("La version de la file d'envoi est illisible.")
    return int(values[0][0])


def _put(session: Session, name: str, value: str) -> None:
    session.run("INSERT INTO outbox_meta (name, value) VALUES (:name, :value)", name=name, value=value)


def read_secret(session: Session) -> str:
    """Stored secret of the patient digests, empty in a new queue.

    Raises:
        OutboxDamaged: it is lost.
    """
    found = session.run("SELECT value FROM outbox_meta WHERE name = 'digest_secret'")
    if not found:
        raise OutboxDamaged(LOST)
    return str(found[0][0])


def write_secret(session: Session, stored: str) -> None:
    """Keeps the secret of the patient digests."""
    session.run("UPDATE outbox_meta SET value = :stored WHERE name = 'digest_secret'", stored=stored)


def new_secret() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(32)
