"""What one service works with: tables, queue, DMPs, bounds, and the programs that may call it."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Final, TypedDict

from adapter.api import Options
from adapter.api.records import Records
from adapter.api.reference import Mappings
from adapter.api.sending import DmpServer, Server
from adapter.outbox import Outbox
from adapter.settings import ServiceSettings

NOBODY: Final = "local"  # name of the caller when no token is asked


class ReadingLimits(TypedDict):
    """Bounds of a visit, as the readers of the api name them."""

    max_bytes: int
    max_depth: int


@dataclass(frozen=True)
class Installation:
    """Everything that requests share. One value a process.

    Attributes:
        tables, options: how documents are composed.
        outbox: the durable queue, also the audit trail of reads.
        servers: DMPs by name; `default` is the one used when a request names none, empty when it must.
        mailboxes: where mails that others queued leave from, when this process delivers.
        tokens: SHA-256 of the token of each client, by name; empty: no token is asked.
        bounds: limits and addresses.
        max_depth: deepest nesting of JSON that is read.
        own_worker: a thread of this process delivers what is queued.
    """

    tables: Mappings = field(repr=False)
    options: Options
    outbox: Outbox = field(repr=False)
    servers: Mapping[str, DmpServer] = field(default_factory=lambda: MappingProxyType({}))
    default: str = ""
    mailboxes: Sequence[Server] = field(default=(), repr=False)
    tokens: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    bounds: ServiceSettings = field(default_factory=ServiceSettings)
    max_depth: int = 100
    own_worker: bool = True

    @cached_property
    def reading(self) -> ReadingLimits:
        """Bounds of a visit."""
        return ReadingLimits(max_bytes=self.bounds.max_body_bytes, max_depth=self.max_depth)

    @cached_property
    def in_hand(self) -> InHand:
        """Deposits being queued at this moment."""
        return InHand()

    @cached_property
    def _records(self) -> dict[str, Records]:
        return {}

    def records(self, server: DmpServer) -> Records:
        """Records of this DMP, reached when they are first asked for.

        Raises:
            AdapterError: the keys that open it cannot be used.
        """
        found = self._records.get(server.name)
        return found or self._records.setdefault(server.name, Records(server, self.outbox))

    def client(self, token: str) -> str | None:
        """Name of the program that this token belongs to; every token is compared, each in constant time."""
        given = hashlib.sha256(token.encode()).digest()
        found: str | None = None
        for name, expected in self.tokens.items():
            if hmac.compare_digest(given, expected):
                found = name
        return found


class InHand:
    """Keys that one request is working on, so that a second one with the same key is told to wait."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, key: str) -> Iterator[bool]:
        """True while the key is ours, False when another request has it."""
        with self._lock:
            ours = key not in self._keys
            self._keys.add(key)
        try:
            yield ours
        finally:
            if ours:
                with self._lock:
                    self._keys.discard(key)
