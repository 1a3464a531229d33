"""The queue in PostgreSQL, for workers on several hosts."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import psycopg
from psycopg import errors

from adapter.errors import OutboxError
from adapter.outbox.database import Record, Session, Values
from adapter.outbox.errors import OutboxBusy, OutboxContended, OutboxDamaged, OutboxFull

_SCHEMA_LOCK: Final = 0x646D7020  # one number for all installations: creating a queue is rare
SKEW_MAX_S: Final = 60.0
_NAMED: Final = re.compile(r"(?<!:):(\w+)")

Connection = psycopg.Connection[tuple[Any, ...]]


class PostgresDatabase:
    """One database (or schema, by ``options=-csearch_path=...``), one connection a thread.

    Its methods raise ``OutboxBusy`` while the server does not answer, ``OutboxError`` when the clocks differ.
    """

    blob = "BYTEA"
    identity = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
    skip_locked = "FOR UPDATE OF r SKIP LOCKED"
    for_update = "FOR UPDATE"

    def __init__(self, url: str, connect_s: int = 10) -> None:
        self._url = url
        self._connect_s = connect_s
        self._local = threading.local()
        self._mine: list[Connection] = []
        self._lock = threading.Lock()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """See ``Database``."""
        with _told():
            connection = self._connection()
            with connection.transaction():
                yield _PostgresSession(connection)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """See ``Database``."""
        with _told():
            connection = self._connection()
            with connection.transaction():
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                yield _PostgresSession(connection)

    def hold_schema(self, session: Session) -> None:
        """See ``Database``."""
        session.run("SELECT pg_advisory_xact_lock(:number)", number=_SCHEMA_LOCK)

    def has_table(self, session: Session, name: str) -> bool:
        """See ``Database``."""
        return session.run("SELECT to_regclass(:name) IS NOT NULL", name=name)[0][0] is True

    def check(self) -> None:
        """Nothing to read here: the server has its own page checksums."""

    def close(self) -> None:
        """See ``Database``."""
        with self._lock:
            for connection in self._mine:
                connection.close()
            self._mine.clear()
        self._local = threading.local()

    def _connection(self) -> Connection:
        """Connection of this thread, opened again after a break; never the one of a parent process."""
        kept: tuple[int, Connection] | None = getattr(self._local, "kept", None)
        if kept is not None and kept[0] == os.getpid() and not kept[1].closed:
            return kept[1]
        connection = psycopg.connect(
            self._url, autocommit=True, connect_timeout=self._connect_s, application_name="dmp-adapter outbox"
        )
        try:
            _refuse_skew(connection)
        except BaseException:
            connection.close()
            raise
        connection.execute("SET client_min_messages = warning")
        connection.execute("SET lock_timeout = '10s'")
        with self._lock:
            self._mine = [one for one in self._mine if not one.closed]
            self._mine.append(connection)
        self._local.kept = (os.getpid(), connection)
        return connection


def _refuse_skew(connection: Connection) -> None:
    """Passes when this machine and the server agree on the time: leases taken here are read by other hosts.

    Raises:
        OutboxError: they differ by more than ``SKEW_MAX_S``.
    """
    found = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
    skew = abs(found[0] - time.time()) if found else 0.0
    if skew > SKEW_MAX_S:
        raise OutboxError(
            f"L'horloge de cette machine s'écarte de {skew:.0f} s de celle du serveur de la file d'envoi :"
            " la remettre à l'heure."
        )


class _PostgresSession:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def run(self, statement: str, **values: object) -> list[Record]:
        cursor = self._connection.execute(_translated(statement), values)
        return cursor.fetchall() if cursor.description else []

    def run_many(self, statement: str, values: Sequence[Values]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(_translated(statement), values)


@cache
def _translated(statement: str) -> bytes:
    """The statement with the parameters of psycopg; bytes, as only our own constant text comes here."""
    return _NAMED.sub(r"%(\1)s", statement).encode()


@contextmanager
def _told() -> Iterator[None]:
    """Turns an error of the server that a person can act on into a sentence."""
    try:
        yield
    except (errors.DiskFull, errors.OutOfMemory) as fault:
        raise OutboxFull("Le serveur de la file d'envoi n'a plus de place ; rien n'a été modifié.") from fault
    except (errors.UniqueViolation, errors.DeadlockDetected, errors.SerializationFailure) as fault:
        raise OutboxContended("La file d'envoi est occupée par un autre programme ; rien n'a été modifié.") from fault
    except errors.LockNotAvailable as fault:
        raise OutboxBusy("La file d'envoi est occupée par un autre programme ; rien n'a été modifié.") from fault
    except (errors.DataCorrupted, errors.IndexCorrupted) as fault:
        raise OutboxDamaged("Le serveur de la file d'envoi signale des données endommagées.") from fault
    except errors.InsufficientPrivilege as fault:
        raise OutboxError("Le compte PostgreSQL n'a pas les droits sur la file d'envoi.") from fault
    except psycopg.OperationalError:
        # The server's own text may repeat the address and the account: it stays out of the message.
        raise OutboxBusy("Le serveur de la file d'envoi ne répond pas ; rien n'est perdu.") from None
