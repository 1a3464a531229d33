"""What the queue asks of a database: short transactions, and the few places where SQLite and PostgreSQL differ.

The statements are written once, with ``:name`` parameters, in words that both understand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any, Final, ParamSpec, Protocol, TypeVar

from adapter.outbox.errors import OutboxContended

P = ParamSpec("P")
R = TypeVar("R")

_CONTENDED_TRIES: Final = 8

Values = Mapping[str, object]
Record = tuple[Any, ...]


class Session(Protocol):
    """One open transaction."""

    def run(self, statement: str, **values: object) -> list[Record]:
        """Records that the statement gives, none for one that gives nothing."""
        ...

    def run_many(self, statement: str, values: Sequence[Values]) -> None:
        """The statement once for each of `values`."""
        ...


class Database(Protocol):
    """One queue, used by several threads, each with a connection of its own."""

    blob: str
    """Type of a column of bytes."""
    identity: str
    """Definition of a numbering primary key."""
    skip_locked: str
    """End of a select that takes the first row no other worker holds."""
    for_update: str
    """End of a select that holds what it reads until the transaction ends."""

    def transaction(self) -> AbstractContextManager[Session]:
        """A transaction that writes: all of it is on the disk when the block ends, or nothing is."""
        ...

    def reading(self) -> AbstractContextManager[Session]:
        """A transaction that reads one state of the queue."""
        ...

    def hold_schema(self, session: Session) -> None:
        """Waits until no other process creates or migrates the queue."""
        ...

    def has_table(self, session: Session, name: str) -> bool:
        """True when the table exists."""
        ...

    def check(self) -> None:
        """Reads every page.

        Raises:
            OutboxDamaged: one does not hold.
        """
        ...

    def close(self) -> None:
        """Closes every connection of this process."""
        ...


def retried(method: Callable[P, R]) -> Callable[P, R]:
    """The method, run again when its transaction met another one on the same rows."""

    @wraps(method)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(_CONTENDED_TRIES - 1):
            try:
                return method(*args, **kwargs)
            except OutboxContended:
                continue
        return method(*args, **kwargs)

    return run
