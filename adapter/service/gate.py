"""What every request goes through before anything reads it: host, origin, token, rate, size, time.

An ASGI layer of its own, so that bytes are counted while they stream and no body is kept for a caller who is refused.
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import time
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapter.service.installation import NOBODY, Installation
from adapter.service.metrics import Metrics
from adapter.service.problems import Refusal, problem
from adapter.service.rates import Rates

OPEN_PATHS: Final = frozenset({"/healthz", "/readyz"})
PAGES: Final = "/apercu"  # a browser cannot show a token here: the pages take it in a form and know it by a cookie
HELD: Final = 4  # times the limit that all bodies together may take
DRAINED: Final = 2  # times the limit that is read, and thrown away, so that a sender gets its answer
_SAFE: Final = frozenset({"GET", "HEAD"})
_HEADERS: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
)


class Gate:
    """Refuses what must not enter, bounds what does, and says so in the same words everywhere."""

    def __init__(self, app: ASGIApp, installation: Installation, metrics: Metrics) -> None:
        self._app = app
        self._installation = installation
        self._metrics = metrics
        bounds = installation.bounds
        self._rates = Rates(bounds.rate_per_s, bounds.burst)
        self._in_hand = 0
        self._held = _Held(bounds.max_body_bytes * HELD)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["request_id"] = secrets.token_hex(8)
        started = time.monotonic()
        answer = _Answer(send, scope)
        body = _Body(receive, self._installation, self._held)
        self._in_hand += 1
        try:
            try:
                scope["state"]["client"] = self._admit(scope)
            except Refusal as refusal:
                await problem(refusal)(scope, receive, answer)
            else:
                await self._app(scope, body.receive, answer)
        finally:
            self._in_hand -= 1
            body.release()
            self._metrics.count(scope, answer.status, time.monotonic() - started)

    def _admit(self, scope: Scope) -> str:
        """Name of the client.

        Raises:
            Refusal: this request goes no further.
        """
        headers = Headers(scope=scope)
        bounds = self._installation.bounds
        _check_framing(headers)
        check_host(headers, bounds.allowed_hosts)
        _check_origin(scope, headers)
        client = self._client(scope, headers)
        self._spend(client or f"?{_peer(scope)}")
        if client is None:
            detail = "Un jeton est attendu : Authorization: Bearer …"
            raise Refusal("token", detail, headers={"WWW-Authenticate": 'Bearer realm="dmp-adapter"'})
        if self._in_hand > bounds.max_concurrent:
            raise Refusal("busy", "Trop de requêtes en cours.", headers={"Retry-After": "1"})
        length = headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length) > bounds.max_body_bytes * (1 + DRAINED):
            raise too_large(bounds.max_body_bytes)
        return client

    def _client(self, scope: Scope, headers: Headers) -> str | None:
        path = scope["path"]
        if not self._installation.tokens or path in OPEN_PATHS or path == PAGES or path.startswith(f"{PAGES}/"):
            return NOBODY
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return self._installation.client(token.strip()) if scheme.lower() == "bearer" else None

    def _spend(self, name: str) -> None:
        wait_s = self._rates.spend(name)
        if wait_s:
            raise Refusal("too-many", "Trop de requêtes : revenir plus tard.", headers={"Retry-After": str(wait_s)})


def _check_framing(headers: Headers) -> None:
    """Refuse a request that tells its length twice: what stands in front of us may believe the other length.

    Raises:
        Refusal: 400, and the connection ends.
    Source: RFC 9112, 6.1 and 11.2 (request smuggling).
    """
    if "transfer-encoding" in headers and "content-length" in headers:
        raise Refusal("bad-request", "Deux longueurs annoncées pour un corps.", headers={"Connection": "close"})


def too_large(limit: int) -> Refusal:
    """Refusal of a body beyond `limit` bytes; the connection is cut after it."""
    return Refusal("too-large", f"La requête dépasse {limit} octets.", headers={"Connection": "close"})


def check_host(headers: Headers, allowed: tuple[str, ...]) -> None:
    """Nothing, when the name by which we are called is ours: a page of elsewhere may point its own name at us.

    Raises:
        Refusal: it is not (DNS rebinding), or there are several.
    """
    names = headers.getlist("host")
    if len(names) != 1 or not is_ours(names[0], allowed):
        raise Refusal("host", "Ce service n'est pas connu sous ce nom ; voir allowed_hosts dans les réglages.")


def is_ours(host: str, allowed: tuple[str, ...]) -> bool:
    """True for a name of this machine, or for one that the settings allow; the port does not count."""
    name = host.lower()
    if name.startswith("["):
        name, bracket, port = name[1:].partition("]")
        port = port.removeprefix(":") if bracket else "?"
    else:
        name, _, port = name.partition(":")
    if port and not port.isdigit():
        return False
    if name == "localhost" or name in allowed:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _check_origin(scope: Scope, headers: Headers) -> None:
    """Refuse what a page of elsewhere sends from the browser of someone of this practice.

    Raises:
        Refusal: another origin, or none that can be told.
    """
    origin = headers.get("origin")
    own = f"{scope['scheme']}://{headers.get('host', '')}".lower()
    elsewhere = origin is not None and origin.lower() != own
    if scope["method"] not in _SAFE and headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        elsewhere = True
    if elsewhere:
        raise Refusal("origin", "Ce service ne répond pas aux pages d'une autre origine.")


def _peer(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


class _Held:
    """Bytes of all the bodies in hand, so that many callers together cannot take the memory of the machine."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0


class _Body:
    """The body of one request, counted and timed while it comes."""

    def __init__(self, receive: Receive, installation: Installation, held: _Held) -> None:
        self._receive = receive
        self._held = held
        self._limit = installation.bounds.max_body_bytes
        self._timeout_s = installation.bounds.body_timeout_s
        self._end: float | None = None
        self._size = 0
        self._kept = 0
        self._whole = False

    async def receive(self) -> Message:
        """Next piece.

        Raises:
            Refusal: too large, once as much again was thrown away; too slow; too many at once.
        """
        if self._whole:
            return await self._receive()  # only the end of the connection is still to come
        message = await self._next()
        while self._size > self._limit and message["type"] != "http.disconnect":
            if not message.get("more_body") or self._size > self._limit * (1 + DRAINED):
                raise too_large(self._limit)
            message = await self._next()
        return message

    async def _next(self) -> Message:
        now = time.monotonic()
        if self._end is None:
            self._end = now + self._timeout_s
        try:
            message = await asyncio.wait_for(self._receive(), max(0.0, self._end - now))
        except TimeoutError:
            detail = f"Le corps n'est pas arrivé en {self._timeout_s:g} s."
            raise Refusal("slow-body", detail, headers={"Connection": "close"}) from None
        length = len(message.get("body", b""))
        if self._size + length <= self._limit:
            self._held.size += length
            self._kept += length
        self._size += length
        if self._held.size > self._held.limit:
            raise Refusal("busy", "Trop de corps en même temps.", headers={"Retry-After": "1", "Connection": "close"})
        self._whole = not message.get("more_body", False)
        return message

    def release(self) -> None:
        """The request is over, its bytes with it."""
        self._held.size -= self._kept
        self._kept = 0


class _Answer:
    """Sends the answer with the headers that every one bears, and remembers its status."""

    def __init__(self, send: Send, scope: Scope) -> None:
        self._send = send
        self._scope = scope
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS:
                headers.setdefault(name, value)
            if self._scope["scheme"] == "https":
                headers.setdefault("Strict-Transport-Security", "max-age=31536000")
            headers["X-Request-Id"] = self._scope["state"]["request_id"]
        await self._send(message)
