"""Who sits at the page: a signed cookie, and the token that every form carries back.

Programs call the service with a token in ``Authorization``; a browser cannot, so the page takes the same token once
and gives a cookie for it. Nothing is kept: the cookie says who, until when, and is signed with a key that lives as
long as the process. Where the service asks no token, the cookie only binds the forms to this browser.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

COOKIE: Final = "dmp-adapter-apercu"
LIFE_S: Final = 8 * 3600
_FORM: Final = b"form"


@dataclass(frozen=True, slots=True, repr=False)
class Session:
    """One browser. ``client`` is the name of the program whose token it gave; ``proof`` goes into its forms."""

    client: str
    value: str
    proof: str


class Sessions:
    """Makes and reads sessions; a restart of the service ends them all.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._key = secrets.token_bytes(32)
        self._clock = clock

    def open(self, client: str) -> Session:
        """A session that starts now."""
        end = int(self._clock()) + LIFE_S
        return self._session(client, f"{client.encode().hex()}.{end}.{secrets.token_hex(16)}")

    def read(self, cookie: str) -> Session | None:
        """The session of a cookie of ours that is not over; None for anything else."""
        content, _, seal = cookie.rpartition(".")
        if not content.isascii() or not seal.isascii() or not hmac.compare_digest(self._sealed(content), seal):
            return None
        client, end, _ = content.split(".")
        if int(end) <= self._clock():
            return None
        return self._session(bytes.fromhex(client).decode(), content)

    def holds(self, session: Session, proof: str) -> bool:
        """True when a form comes from a page that was given to this session."""
        return hmac.compare_digest(session.proof.encode(), proof.encode())

    def _session(self, client: str, content: str) -> Session:
        proof = hmac.new(self._key, _FORM + content.encode(), hashlib.sha256).hexdigest()
        return Session(client, f"{content}.{self._sealed(content)}", proof)

    def _sealed(self, content: str) -> str:
        return hmac.new(self._key, content.encode(), hashlib.sha256).hexdigest()
