"""An operator of secure mail on this machine: a real SMTP server under STARTTLS, that answers as it is told to."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

CERTIFICATES = Path(__file__).resolve().parent.parent / "certificates"
AUTHORITY = CERTIFICATES / "authority.pem"
USER, PASSWORD, TOKEN = "cabinet", "mot de passe du test", "jeton-du-test"


class Operator:
    """What the server received, and how it answers: `replies` by command, each for the next call (empty: yes)."""

    def __init__(self) -> None:
        self.port = 0
        self.replies: dict[str, deque[str]] = {}
        self.received: list[bytes] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.hang_up_after_data = False
        self.silent_after_data_s = 0.0
        self.accounts: list[str] = []

    def says(self, command: str, *replies: str) -> None:
        """Answers of the next calls of a command (``MAIL``, ``RCPT``, ``DATA``)."""
        self.replies.setdefault(command, deque()).extend(replies)

    def message(self) -> EmailMessage:
        """The one message received."""
        (data,) = self.received
        found = message_from_bytes(data, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found

    def _next(self, command: str, otherwise: str) -> str:
        waiting = self.replies.get(command)
        return waiting.popleft() if waiting else otherwise

    # What the server calls, by its own names.

    async def handle_MAIL(  # noqa: N802  # the name is aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self._next("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802  # the name is aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self._next("RCPT", "250 OK")
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # the name is aiosmtpd's
        reply = self._next("DATA", "250 OK")
        assert session.ssl is not None, "nothing travels in clear"
        if reply.startswith("2"):
            assert isinstance(envelope.content, bytes)
            self.received.append(envelope.content)
            self.envelopes.append((str(envelope.mail_from), list(envelope.rcpt_tos)))
        await asyncio.sleep(self.silent_after_data_s)
        if self.hang_up_after_data:
            assert server.transport is not None
            server.transport.abort()  # type: ignore[attr-defined]  # a socket's transport, which knows how to abort
        return reply

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802  # the name is aiosmtpd's
        from base64 import b64decode

        self.accounts.append(b64decode(args[1]).decode())
        known = f"auth=Bearer {TOKEN}\x01" in self.accounts[-1]
        return AuthResult(success=known, handled=known)

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth_data: Any
    ) -> AuthResult:
        """Says whether the account is known."""
        assert isinstance(auth_data, LoginPassword)
        self.accounts.append(auth_data.login.decode())
        known = (auth_data.login.decode(), auth_data.password.decode()) == (USER, PASSWORD)
        return AuthResult(success=known, handled=False)


@contextmanager
def operator(
    *,
    tls: bool = True,
    certificate: str = "server.pem",
    client_certificates: Path | None = None,
    accounts: bool = False,
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    max_bytes: int = 33_554_432,
) -> Iterator[Operator]:
    """A server that runs until the end of the block.

    Args:
        certificate: file, in the folder of the tests or elsewhere. client_certificates: asks for one of this authority.
            accounts: asks for an account.
        newest: newest version of TLS that it speaks.
    """
    found = Operator()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / certificate)
    context.maximum_version = newest
    if client_certificates is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_certificates)

    def protocol() -> SMTP:
        return SMTP(
            found,
            hostname="operateur.example",
            ident="ESMTP",
            loop=loop,
            data_size_limit=max_bytes,
            tls_context=context if tls else None,
            require_starttls=tls,
            auth_required=accounts,
            authenticator=found.authenticate if accounts else None,
        )

    loop = asyncio.new_event_loop()
    ready = threading.Event()

    listening: list[asyncio.Server] = []

    async def serve() -> None:
        listening.append(await loop.create_server(protocol, "127.0.0.1", 0))
        found.port = listening[0].sockets[0].getsockname()[1]
        ready.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield found
    finally:
        asyncio.run_coroutine_threadsafe(_end(listening[0]), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
