"""State of the simulated DMP in one SQLite database; every SQL statement of the simulator stands here.

One connection, one lock: a transaction that has begun is alone until it commits or leaves no trace. A file is kept in
WAL with synchronous FULL, so what was answered survives a power cut.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import orjson

from adapter.errors import AdapterError

SCHEMA_VERSION: Final = 1
_UNUSABLE: Final = "Ce fichier n'est pas utilisable par le simulateur (autre base, autre version, ou droits)."
EVENTS_KEPT: Final = 5000

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS patient (
    id TEXT PRIMARY KEY,
    system TEXT NOT NULL,
    value TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'closed', 'absent')),
    reason TEXT NOT NULL DEFAULT '',
    attending TEXT NOT NULL DEFAULT '',
    blocked TEXT NOT NULL DEFAULT '[]',
    UNIQUE (system, value)
) STRICT;
CREATE TABLE IF NOT EXISTS document (
    id TEXT PRIMARY KEY,
    patient_id TEXT NOT NULL REFERENCES patient (id),
    unique_id TEXT NOT NULL UNIQUE,
    entry_uuid TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('current', 'superseded')),
    deleted INTEGER NOT NULL DEFAULT 0,
    authors TEXT NOT NULL,
    structures TEXT NOT NULL,
    set_id TEXT NOT NULL,
    set_version INTEGER NOT NULL,
    content_id TEXT NOT NULL UNIQUE REFERENCES content (id),
    submission_id TEXT NOT NULL,
    resource BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS document_patient ON document (patient_id, deleted);
CREATE TABLE IF NOT EXISTS document_version (
    document_id TEXT NOT NULL REFERENCES document (id),
    version INTEGER NOT NULL,
    entry_uuid TEXT NOT NULL,
    at TEXT NOT NULL,
    change TEXT NOT NULL,
    resource BLOB NOT NULL,
    PRIMARY KEY (document_id, version)
) STRICT;
CREATE TABLE IF NOT EXISTS list (
    id TEXT PRIMARY KEY,
    patient_id TEXT NOT NULL REFERENCES patient (id),
    kind TEXT NOT NULL,
    unique_id TEXT UNIQUE,
    entry_uuid TEXT NOT NULL UNIQUE,
    structures TEXT NOT NULL,
    resource BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS list_patient ON list (patient_id);
CREATE TABLE IF NOT EXISTS content (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('Binary', 'Bundle')),
    mime TEXT NOT NULL,
    data BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    what TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    document_id TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS registered (
    owner TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('object', 'relation', 'authorisation')),
    data BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS registered_owner ON registered (owner, kind);
"""

_DOCUMENT: Final = (
    "SELECT id, patient_id, unique_id, entry_uuid, version, status, deleted, authors, structures, set_id,"
    " set_version, content_id, submission_id, resource FROM document "
)
_PATIENT: Final = "SELECT id, system, value, state, reason, attending, blocked FROM patient "


@dataclass(frozen=True, slots=True)
class PatientRow:
    """One DMP: ``state`` is active, closed or absent; `blocked` holds RPPS."""

    id: str
    system: str
    value: str
    state: str = "active"
    reason: str = ""
    attending: str = ""
    blocked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One document: its last version."""

    id: str
    patient_id: str
    unique_id: str
    entry_uuid: str
    version: int
    status: str
    deleted: bool
    authors: tuple[str, ...]
    structures: tuple[str, ...]
    set_id: str
    set_version: int
    content_id: str
    submission_id: str
    resource: bytes


@dataclass(frozen=True, slots=True)
class ListRow:
    """One submission set or folder."""

    id: str
    patient_id: str
    kind: str
    unique_id: str | None
    entry_uuid: str
    structures: tuple[str, ...]
    resource: bytes


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the history."""

    at: str
    what: str
    patient_id: str = ""
    document_id: str = ""
    detail: str = ""


class StoreUnusable(AdapterError):
    """The file is no database of the simulator, is that of another version, or cannot be written."""


class Store:
    """The database; use it inside ``reading()`` or ``writing()`` only."""

    def __init__(self, database: str) -> None:
        """Open or create `database`, a path or ``:memory:``.

        Raises:
            StoreUnusable: not a database of the simulator, or not writable.
        """
        self._lock = threading.RLock()
        try:
            self._connection = sqlite3.connect(database, timeout=10.0, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as fault:
            raise StoreUnusable(_UNUSABLE) from fault
        try:
            if database != ":memory:":
                self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA foreign_keys = ON")
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version not in (0, SCHEMA_VERSION):
                raise sqlite3.DatabaseError("schema of another version")
            self._connection.executescript(_SCHEMA)
            self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        except sqlite3.Error as fault:
            self._connection.close()
            raise StoreUnusable(_UNUSABLE) from fault

    def close(self) -> None:
        """Close the database; nothing may be asked afterwards."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: committed at the end, rolled back whole on any error; within another one, part of it."""
        with self._lock:
            if self._within():
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._within():
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Several reads of one same state."""
        with self._lock:
            if self._within():
                yield
                return
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("COMMIT")

    def _within(self) -> bool:
        return self._connection.in_transaction

    # ------------------------------------------------------------ patients

    def patient(self, system: str, value: str) -> PatientRow | None:
        """DMP of an INS, or None when none was ever noted."""
        found = self._connection.execute(_PATIENT + "WHERE system = ? AND value = ?", (system, value)).fetchone()
        return _patient(found) if found else None

    def patient_by_id(self, key: str) -> PatientRow | None:
        """DMP by its id on the server."""
        found = self._connection.execute(_PATIENT + "WHERE id = ?", (key,)).fetchone()
        return _patient(found) if found else None

    def patients(self) -> list[PatientRow]:
        """Every DMP noted."""
        return [_patient(row) for row in self._connection.execute(_PATIENT + "ORDER BY rowid")]

    def put_patient(self, row: PatientRow) -> None:
        """Note or replace a DMP; its id stays."""
        self._connection.execute(
            "INSERT INTO patient (id, system, value, state, reason, attending, blocked) VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (system, value) DO UPDATE SET state = excluded.state, reason = excluded.reason,"
            " attending = excluded.attending, blocked = excluded.blocked",
            (row.id, row.system, row.value, row.state, row.reason, row.attending, _texts(row.blocked)),
        )

    # ------------------------------------------------------------ documents

    def document(self, key: str) -> DocumentRow | None:
        """Document by its id on the server, deleted or not."""
        found = self._connection.execute(_DOCUMENT + "WHERE id = ?", (key,)).fetchone()
        return _document(found) if found else None

    def documents_identified(self, value: str) -> list[DocumentRow]:
        """Documents bearing an identifier value: uniqueId or entryUUID; deleted ones left out."""
        rows = self._connection.execute(
            _DOCUMENT + "WHERE (unique_id = ? OR entry_uuid = ?) AND deleted = 0", (value, value.lower())
        )
        return [_document(row) for row in rows]

    def documents_of(self, patient_id: str) -> list[DocumentRow]:
        """Documents of a patient in the order of their arrival; deleted ones left out."""
        rows = self._connection.execute(
            _DOCUMENT + "WHERE patient_id = ? AND deleted = 0 ORDER BY rowid", (patient_id,)
        )
        return [_document(row) for row in rows]

    def every_document_of(self, patient_id: str) -> list[DocumentRow]:
        """Documents of a patient in the order of their arrival, deleted ones too."""
        rows = self._connection.execute(_DOCUMENT + "WHERE patient_id = ? ORDER BY rowid", (patient_id,))
        return [_document(row) for row in rows]

    def documents_bearing(self, value: str) -> list[DocumentRow]:
        """Documents that bear or bore an identifier value: uniqueId, entryUUID of any version; deleted ones too."""
        by_version = "WHERE unique_id = ? OR id IN (SELECT document_id FROM document_version WHERE entry_uuid = ?)"
        rows = self._connection.execute(_DOCUMENT + by_version, (value, value.lower()))
        return [_document(row) for row in rows]

    def documents(self, limit: int = -1) -> list[DocumentRow]:
        """Every document, deleted ones too, the last arrived first."""
        rows = self._connection.execute(_DOCUMENT + "ORDER BY rowid DESC LIMIT ?", (limit,))
        return [_document(row) for row in rows]

    def document_of_content(self, content_id: str) -> DocumentRow | None:
        """Document whose bytes these are."""
        found = self._connection.execute(_DOCUMENT + "WHERE content_id = ?", (content_id,)).fetchone()
        return _document(found) if found else None

    def is_used(self, unique_id: str) -> bool:
        """True when a document bears or ever bore this uniqueId."""
        return self._has("SELECT 1 FROM document WHERE unique_id = ?", unique_id)

    def is_entry_uuid_used(self, entry_uuid: str) -> bool:
        """True when a document or a list bears this entryUUID."""
        return self._has("SELECT 1 FROM document WHERE entry_uuid = ?", entry_uuid) or self._has(
            "SELECT 1 FROM list WHERE entry_uuid = ?", entry_uuid
        )

    def is_set_used(self, unique_id: str) -> bool:
        """True when a submission set bears this uniqueId."""
        return self._has("SELECT 1 FROM list WHERE unique_id = ?", unique_id)

    def add_document(self, row: DocumentRow, at: str) -> None:
        """Note a new document, version included."""
        self._connection.execute(
            "INSERT INTO document (id, patient_id, unique_id, entry_uuid, version, status, deleted, authors,"
            " structures, set_id, set_version, content_id, submission_id, resource)"
            " VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(row.id, row.patient_id, row.unique_id, row.entry_uuid, row.version, row.status),
                *(_texts(row.authors), _texts(row.structures), row.set_id, row.set_version),
                *(row.content_id, row.submission_id, row.resource),
            ),
        )
        self._add_version(row, at, "création")

    def change_document(self, row: DocumentRow, at: str, change: str) -> None:
        """Replace the last version of a document by `row`, whose version is one more."""
        self._connection.execute(
            "UPDATE document SET entry_uuid = ?, version = ?, status = ?, deleted = ?, resource = ? WHERE id = ?",
            (row.entry_uuid, row.version, row.status, int(row.deleted), row.resource, row.id),
        )
        self._add_version(row, at, change)

    def _add_version(self, row: DocumentRow, at: str, change: str) -> None:
        self._connection.execute(
            "INSERT INTO document_version (document_id, version, entry_uuid, at, change, resource)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (row.id, row.version, row.entry_uuid, at, change, row.resource),
        )

    def versions(self, key: str) -> list[tuple[int, str, str, str]]:
        """Rank, entryUUID, time and change of each version of a document."""
        rows = self._connection.execute(
            "SELECT version, entry_uuid, at, change FROM document_version WHERE document_id = ? ORDER BY version",
            (key,),
        )
        return [(int(row[0]), str(row[1]), str(row[2]), str(row[3])) for row in rows]

    def version_resource(self, key: str, version: int) -> bytes | None:
        """DocumentReference as it was at one version."""
        found = self._connection.execute(
            "SELECT resource FROM document_version WHERE document_id = ? AND version = ?", (key, version)
        ).fetchone()
        return bytes(found[0]) if found else None

    # ------------------------------------------------------------ lists and contents

    def add_list(self, row: ListRow) -> None:
        """Note a submission set or a folder."""
        self._connection.execute(
            "INSERT INTO list (id, patient_id, kind, unique_id, entry_uuid, structures, resource)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (row.id, row.patient_id, row.kind, row.unique_id, row.entry_uuid, _texts(row.structures), row.resource),
        )

    def lists_of(self, patient_id: str) -> list[ListRow]:
        """Submission sets and folders of a patient, in the order of their arrival."""
        rows = self._connection.execute(
            "SELECT id, patient_id, kind, unique_id, entry_uuid, structures, resource FROM list"
            " WHERE patient_id = ? ORDER BY rowid",
            (patient_id,),
        )
        return [
            ListRow(row[0], row[1], row[2], row[3], row[4], tuple(orjson.loads(row[5])), bytes(row[6])) for row in rows
        ]

    def list_by_id(self, key: str) -> ListRow | None:
        """Submission set or folder by its id on the server."""
        row = self._connection.execute(
            "SELECT id, patient_id, kind, unique_id, entry_uuid, structures, resource FROM list WHERE id = ?", (key,)
        ).fetchone()
        if row is None:
            return None
        return ListRow(row[0], row[1], row[2], row[3], row[4], tuple(orjson.loads(row[5])), bytes(row[6]))

    def add_content(self, key: str, kind: str, mime: str, data: bytes) -> None:
        """Keep the bytes of a document."""
        self._connection.execute(
            "INSERT INTO content (id, kind, mime, data) VALUES (?, ?, ?, ?)", (key, kind, mime, data)
        )

    def content(self, key: str) -> tuple[str, str, bytes] | None:
        """Kind (Binary or Bundle), media type and bytes."""
        row = self._connection.execute("SELECT kind, mime, data FROM content WHERE id = ?", (key,)).fetchone()
        return (str(row[0]), str(row[1]), bytes(row[2])) if row else None

    # ------------------------------------------------------------ what XDS alone knows

    def register(self, owner: str, kind: str, data: bytes) -> None:
        """Note for an owner (document, list, patient): an object as it was registered, a relation, an authorisation."""
        self._connection.execute("INSERT INTO registered (owner, kind, data) VALUES (?, ?, ?)", (owner, kind, data))

    def unregister(self, owner: str, kind: str, data: bytes) -> None:
        """Forget what was noted."""
        self._connection.execute(
            "DELETE FROM registered WHERE owner = ? AND kind = ? AND data = ?", (owner, kind, data)
        )

    def registered(self, owner: str, kind: str) -> list[bytes]:
        """What was noted for an owner, in its order."""
        rows = self._connection.execute(
            "SELECT data FROM registered WHERE owner = ? AND kind = ? ORDER BY rowid", (owner, kind)
        )
        return [bytes(row[0]) for row in rows]

    # ------------------------------------------------------------ history

    def add_event(self, event: Event) -> None:
        """Note an event; the oldest ones go."""
        cursor = self._connection.execute(
            "INSERT INTO event (at, what, patient_id, document_id, detail) VALUES (?, ?, ?, ?, ?)",
            (event.at, event.what, event.patient_id, event.document_id, event.detail),
        )
        self._connection.execute("DELETE FROM event WHERE seq <= ?", ((cursor.lastrowid or 0) - EVENTS_KEPT,))

    def events(self, limit: int) -> list[Event]:
        """Last events, the most recent first."""
        rows = self._connection.execute(
            "SELECT at, what, patient_id, document_id, detail FROM event ORDER BY seq DESC LIMIT ?", (limit,)
        )
        return [Event(*map(str, row)) for row in rows]

    def counts(self) -> dict[str, int]:
        """How many patients, documents by status, sets, and how many events in all."""
        asked = {
            "patients": "SELECT count(*) FROM patient",
            "current": "SELECT count(*) FROM document WHERE status = 'current' AND deleted = 0",
            "superseded": "SELECT count(*) FROM document WHERE status = 'superseded' AND deleted = 0",
            "deleted": "SELECT count(*) FROM document WHERE deleted = 1",
            "submission_sets": "SELECT count(*) FROM list WHERE kind = 'submissionset'",
            "contents": "SELECT count(*) FROM content",
            "events": "SELECT coalesce(max(seq), 0) FROM event",
        }
        return {name: int(self._connection.execute(sql).fetchone()[0]) for name, sql in asked.items()}

    def _has(self, sql: str, value: str) -> bool:
        return self._connection.execute(sql, (value,)).fetchone() is not None


def _texts(values: tuple[str, ...]) -> str:
    return orjson.dumps(values).decode()


def _patient(row: tuple[Any, ...]) -> PatientRow:
    return PatientRow(row[0], row[1], row[2], row[3], row[4], row[5], tuple(orjson.loads(row[6])))


def _document(row: tuple[Any, ...]) -> DocumentRow:
    key, patient_id, unique_id, entry_uuid, version, status, deleted, authors, structures, *rest = row
    set_id, set_version, content_id, submission_id, resource = rest
    return DocumentRow(
        key,
        patient_id,
        unique_id,
        entry_uuid,
        version,
        status,
        bool(deleted),
        tuple(orjson.loads(authors)),
        tuple(orjson.loads(structures)),
        set_id,
        set_version,
        content_id,
        submission_id,
        bytes(resource),
    )
