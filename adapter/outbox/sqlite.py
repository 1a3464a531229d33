"""The queue in one SQLite file: write-ahead log, flushed to the disk at every commit."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from adapter.errors import OutboxError
from adapter.outbox.database import Record, Session, Values
from adapter.outbox.errors import OutboxBusy, OutboxDamaged, OutboxFull

_QUICK_CHECK_BYTES: Final = 64 * 1024 * 1024
_PRIMARY: Final = 0xFF  # the low byte of an extended result code is the primary one


class SqliteDatabase:
    """One file, one connection a thread.

    Args:
        path: the file; made readable by its owner only when it does not exist.
        busy_s: how long a transaction waits for another process.
    Raises:
        OutboxError: what is wrong with the file, or with its place.
    """

    blob = "BLOB"
    identity = "INTEGER PRIMARY KEY AUTOINCREMENT"
    skip_locked = ""  # one writer at a time: no row is ever locked by another
    for_update = ""

    def __init__(self, path: Path, busy_s: float = 10.0) -> None:
        self._path = path
        self._busy_s = busy_s
        self._local = threading.local()
        self._mine: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as fault:
            raise OutboxError(
                f"Le fichier de la file d'envoi ne peut être ni lu ni créé : {_told_os(fault)}."
            ) from None
        if path.stat().st_size <= _QUICK_CHECK_BYTES:
            self._examine("quick_check(1)")

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """See ``Database``."""
        with _told():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield _SqliteSession(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """See ``Database``."""
        with _told():
            connection = self._connection()
            connection.execute("BEGIN")
            try:
                yield _SqliteSession(connection)
            finally:
                connection.execute("ROLLBACK")

    def hold_schema(self, session: Session) -> None:
        """Nothing to wait for: the transaction holds the file already."""

    def has_table(self, session: Session, name: str) -> bool:
        """See ``Database``."""
        return bool(session.run("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = :name", name=name))

    def check(self) -> None:
        """See ``Database``."""
        self._examine("integrity_check(1)")

    def close(self) -> None:
        """See ``Database``."""
        with self._lock:
            for connection in self._mine:
                connection.close()
            self._mine.clear()
        self._local = threading.local()

    def _examine(self, pragma: str) -> None:
        """Reads the file through a connection of its own: one in use has pages in memory that may be better."""
        with _told():
            connection = sqlite3.connect(self._path, timeout=self._busy_s)
            try:
                ((answer,),) = connection.execute(f"PRAGMA {pragma}").fetchall()
            finally:
                connection.close()
        if answer != "ok":
            raise OutboxDamaged(_DAMAGED)

    def _connection(self) -> sqlite3.Connection:
        """Connection of this thread; a forked process never uses the one of its parent."""
        kept: tuple[int, sqlite3.Connection] | None = getattr(self._local, "kept", None)
        if kept is not None and kept[0] == os.getpid():
            return kept[1]
        connection = sqlite3.connect(self._path, timeout=self._busy_s, isolation_level=None, check_same_thread=False)
        try:
            connection.text_factory = _text
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON")  # purged health data leaves no trace in free pages
            connection.execute("PRAGMA foreign_keys = ON")
        except sqlite3.Error:
            connection.close()
            raise
        with self._lock:
            self._mine.append(connection)
        self._local.kept = (os.getpid(), connection)
        return connection


class _SqliteSession:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, statement: str, **values: object) -> list[Record]:
        return self._connection.execute(statement, values).fetchall()

    def run_many(self, statement: str, values: Sequence[Values]) -> None:
        self._connection.executemany(statement, values)


_DAMAGED: Final = (
    "Le fichier de la file d'envoi est endommagé ou n'en est pas un. Ne pas le supprimer : le mettre de côté, restaurer"
    " la dernière sauvegarde, puis relancer ; les documents déjà déposés sont retrouvés par leur identifiant."
)
_SENTENCES: Final = {
    sqlite3.SQLITE_BUSY: (OutboxBusy, "La file d'envoi est occupée par un autre programme ; rien n'a été modifié."),
    sqlite3.SQLITE_LOCKED: (OutboxBusy, "La file d'envoi est occupée par un autre programme ; rien n'a été modifié."),
    sqlite3.SQLITE_FULL: (OutboxFull, "Le disque de la file d'envoi est plein ; rien n'a été modifié."),
    sqlite3.SQLITE_CORRUPT: (OutboxDamaged, _DAMAGED),
    sqlite3.SQLITE_NOTADB: (OutboxDamaged, _DAMAGED),
    sqlite3.SQLITE_READONLY: (OutboxError, "Le fichier de la file d'envoi est en lecture seule."),
    sqlite3.SQLITE_CANTOPEN: (OutboxError, "Le fichier de la file d'envoi ne peut pas être ouvert."),
    sqlite3.SQLITE_IOERR: (
        OutboxError,
        "Le disque de la file d'envoi est plein ou en erreur ; rien n'a été modifié.",
    ),
}


# What SQLite says of tables that are no longer those that were checked at opening.
_NOT_OUR_TABLES: Final = ("no such ", "has no column named ", "unsupported file format")
_OS_SENTENCES: Final = {
    errno.ENOENT: "le dossier n'existe pas",
    errno.ENOTDIR: "un élément du chemin n'est pas un dossier",
    errno.EISDIR: "c'est un dossier",
    errno.EACCES: "l'accès est refusé",
    errno.EPERM: "l'accès est refusé",
    errno.EROFS: "le disque est en lecture seule",
    errno.ENOSPC: "le disque est plein",
    errno.ENAMETOOLONG: "le nom est trop long",
}


def _told_os(fault: OSError) -> str:
    """What the system refused, in French."""
    return _OS_SENTENCES.get(fault.errno or 0, f"erreur {fault.errno} du système")


def _text(stored: bytes) -> str:
    """Text of a column; damaged bytes stay visible, and are then refused where the value is read."""
    return stored.decode("utf-8", "replace")


@contextmanager
def _told() -> Iterator[None]:
    """Turns an error of SQLite that a person can act on into a sentence; one of ours (a wrong statement) passes."""
    try:
        yield
    except UnicodeDecodeError:  # SQLite repeats damaged names in its own messages
        raise OutboxDamaged(_DAMAGED) from None
    except sqlite3.DatabaseError as fault:
        code = getattr(fault, "sqlite_errorcode", 0) & _PRIMARY
        if code == sqlite3.SQLITE_ERROR and any(words in str(fault) for words in _NOT_OUR_TABLES):
            raise OutboxDamaged(_DAMAGED) from fault
        if code not in _SENTENCES:
            raise
        kind, sentence = _SENTENCES[code]
        raise kind(sentence) from fault
