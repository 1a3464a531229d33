"""Faults on demand: what a network, a proxy or a tired server does to a request, before or after its effect.

One ASGI layer around the whole application. A fault is asked by the header ``X-DMP-Fault`` of the request itself, or
waits in a queue for the next requests that it fits. Administration and the page are never touched.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from adapter.dmp.simulator.outcomes import Issue, Refusal, operation_outcome

HEADER: Final = b"x-dmp-fault"
NAMES: Final = (
    "latency",
    "status",
    "reset-before-commit",
    "reset-after-commit",
    "truncated-answer",
    "slow-body",
    "html-answer",
    "partial-response",
    "missing-location",
    "operation-outcome-200",
    "soap-truncated-multipart",
    "soap-fault-multipart",
    "soap-latin-1",
    "soap-wrong-cid",
    "soap-missing-cid",
    "soap-partial-success",
    "soap-relates-to",
)
SOAP_PATH: Final = "/services/"
LATENCY_MAX_MS: Final = 600_000
_SPARED: Final = ("/admin", "/favicon.ico")
_PIECES: Final = 10

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Ends = tuple[str, int, int]
"""Host and port of a client, port of ours: one client port may serve for two connections, in clear and under TLS."""


class ConnectionReset(ConnectionResetError):
    """The answer that a reset would be, where there is no connection to reset (in-process client)."""


@dataclass(slots=True)
class Fault:
    """One fault and how often it comes.

    Attributes:
        times: requests left. ``method``, ``path``: only these requests (a path begins so); empty for any.
        latency_ms: wait before the request is served (``latency``), or in all while it is answered (``slow-body``).
        status, retry_after_s: of the answer of ``status``.
        after_commit: the request takes effect before the fault (``status``, ``html-answer``,
            ``operation-outcome-200``; a reset says it by its name; an answer of the SOAP services is always spoilt
            after its effect).
    """

    name: str
    times: int = 1
    method: str = ""
    path: str = ""
    latency_ms: int = 0
    status: int = 503
    retry_after_s: int | None = None
    after_commit: bool = False


@dataclass(slots=True)
class Faults:
    """Queue of the faults to come, and the open connections by their ends."""

    queue: list[Fault] = field(default_factory=list)
    transports: dict[Ends, asyncio.Transport] = field(default_factory=dict)

    def take(self, method: str, path: str) -> Fault | None:
        """First fault that fits the request, one time less."""
        for fault in self.queue:
            if (not fault.method or fault.method == method) and path.startswith(fault.path):
                fault.times -= 1
                if fault.times <= 0:
                    self.queue.remove(fault)
                return fault
        return None


def ends_of(client: Any, server: Any) -> Ends | None:
    """Ends of a connection, as ASGI tells them; None when it does not."""
    if not client or not server or server[1] is None:
        return None
    return str(client[0]), int(client[1]), int(server[1])


def read_fault(value: Any) -> Fault:
    """Fault told by a JSON object: ``name`` and any of the attributes of `Fault`.

    Raises:
        Refusal: 400.
    """
    fault = Fault("")
    if not isinstance(value, dict):
        raise _unreadable("un objet JSON est attendu")
    for name, given in value.items():
        if name not in Fault.__slots__:
            raise _unreadable(f"membres admis : {', '.join(Fault.__slots__)}")
        held = getattr(fault, name)
        whole = isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= LATENCY_MAX_MS
        sound = whole if name == "retry_after_s" or type(held) is int else type(given) is type(held)
        if not sound:
            raise _unreadable(f"valeur impossible pour {name}")
        setattr(fault, name, given)
    if fault.name not in NAMES:
        raise _unreadable(f"name vaut {', '.join(NAMES)}")
    if not 400 <= fault.status <= 599 or fault.times < 1:
        raise _unreadable("status va de 400 à 599 et times vaut au moins 1")
    return fault


def read_header(text: str) -> Fault:
    """Fault told by ``X-DMP-Fault``: ``status;status=503;retry_after_s=2``, ``latency;latency_ms=200``…

    Raises:
        Refusal: 400.
    """
    name, *pairs = [part.strip() for part in text.split(";")]
    value: dict[str, Any] = {"name": name}
    for pair in filter(None, pairs):
        key, _, given = pair.partition("=")
        key = key.strip().replace("-", "_")
        given = given.strip()
        if key == "after_commit":
            value[key] = given != "false"
        else:
            value[key] = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else given
    return read_fault(value)


def _unreadable(why: str) -> Refusal:
    return Refusal(400, Issue(f"Faute demandée illisible : {why}.", "FAULT", "value"))


class FaultLayer:
    """ASGI application around another one."""

    def __init__(self, app: App, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, with the fault that awaits it if any."""
        path = scope.get("path", "")
        if scope["type"] != "http" or (path == "/" and scope["method"] == "GET") or path.startswith(_SPARED):
            await self._app(scope, receive, send)
            return
        asked = next((value for name, value in scope["headers"] if name == HEADER), None)
        try:
            fault = read_header(asked.decode("latin-1")) if asked else self._faults.take(scope["method"], path)
        except Refusal as refused:
            await _answer(send, 400, operation_outcome(refused.issues))
            return
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await self._faulty(fault, scope, receive, send)

    async def _faulty(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.name == "latency":
            await asyncio.sleep(fault.latency_ms / 1000)
            await self._app(scope, receive, send)
            return
        if fault.name == "reset-before-commit":
            await _drain(receive)
            await self._reset(scope, receive)
            return
        executes = fault.after_commit or fault.name not in ("status", "html-answer", "operation-outcome-200")
        if not executes:
            await _drain(receive)
        answer = await _captured(self._app, scope, receive) if executes else (0, [], b"")
        await self._altered(fault, answer, scope, receive, send)

    async def _altered(
        self,
        fault: Fault,
        answer: tuple[int, list[tuple[bytes, bytes]], bytes],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        status, headers, body = answer
        if fault.name == "reset-after-commit":
            await self._reset(scope, receive)
        elif fault.name == "truncated-answer":
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            await asyncio.sleep(0.02)  # let the half leave
            await self._reset(scope, receive, abrupt=False)
        elif fault.name == "slow-body":
            await send({"type": "http.response.start", "status": status, "headers": headers})
            size = max(1, -(-len(body) // _PIECES))
            for start in range(0, len(body), size):
                await asyncio.sleep(fault.latency_ms / 1000 / _PIECES)
                piece = body[start : start + size]
                await send({"type": "http.response.body", "body": piece, "more_body": start + size < len(body)})
        elif fault.name.startswith("soap-"):
            await _send(send, *_soap_spoilt(fault.name, scope["path"], answer))
        elif fault.name == "status" and scope["path"].startswith(SOAP_PATH):
            from adapter.dmp.simulator.soap import maiming

            told, content_type, page = maiming.failure(fault.status)
            wait = [] if fault.retry_after_s is None else [(b"retry-after", str(fault.retry_after_s).encode())]
            await _send(send, told, [(b"content-type", content_type.encode()), *wait], page)
        elif fault.name == "status":
            code = "transient" if fault.status in (429, 503) else "exception"
            issue = Issue("Panne simulée.", "XDSRegistryNotAvailable", code)
            more = [] if fault.retry_after_s is None else [(b"retry-after", str(fault.retry_after_s).encode())]
            await _answer(send, fault.status, operation_outcome([issue]), more)
        elif fault.name == "html-answer":
            page = b"<!DOCTYPE html><html lang='fr'><title>Portail</title><h1>Acc\xc3\xa8s au r\xc3\xa9seau</h1></html>"
            await _send(send, 200, [(b"content-type", b"text/html; charset=utf-8")], page)
        elif fault.name == "operation-outcome-200":
            issue = Issue("Erreur interne simulée.", "XDSRegistryError", "exception")
            await _answer(send, 200, operation_outcome([issue]))
        else:
            if fault.name == "missing-location":
                headers = [(name, value) for name, value in headers if name.lower() != b"location"]
            await _send(send, status, headers, _maimed(fault.name, body))

    async def _reset(self, scope: Scope, receive: Receive, *, abrupt: bool = True) -> None:
        """Close the TCP connection without a word (RST when `abrupt`)."""
        ends = ends_of(scope.get("client"), scope.get("server"))
        transport = self._faults.transports.get(ends) if ends else None
        if transport is None:
            raise ConnectionReset("connexion coupée par la faute simulée")
        own: socket.socket | None = transport.get_extra_info("socket")
        if abrupt and own is not None:
            with contextlib.suppress(OSError):
                own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass


def _soap_spoilt(
    name: str, path: str, answer: tuple[int, list[tuple[bytes, bytes]], bytes]
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Answer of a SOAP service with its fault; that of any other address is left as it is."""
    if not path.startswith(SOAP_PATH):
        return answer
    from adapter.dmp.simulator.soap import maiming

    status, headers, body = answer
    told = next((value.decode("latin-1") for key, value in headers if key.lower() == b"content-type"), "")
    status, told, body = maiming.spoilt(name, (status, told, body))
    kept = [(key, value) for key, value in headers if key.lower() != b"content-type"]
    return status, [*kept, (b"content-type", told.encode("latin-1"))], body


def _maimed(name: str, body: bytes) -> bytes:
    """Transaction-response without its last entry, or without any location; any other body unchanged."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    if not isinstance(value, dict) or value.get("type") != "transaction-response":
        return body
    if name == "partial-response":
        value["entry"] = value["entry"][:-1]
    else:
        for entry in value["entry"]:
            entry["response"].pop("location", None)
    return orjson.dumps(value)


async def _drain(receive: Receive) -> None:
    """Read the request to its end."""
    while True:
        message = await receive()
        if message["type"] != "http.request" or not message.get("more_body"):
            return


async def _captured(app: App, scope: Scope, receive: Receive) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body that the application answers; nothing leaves."""
    status, headers, pieces = 500, [], []

    async def keep(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], list(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            pieces.append(message.get("body", b""))

    await app(scope, receive, keep)
    return status, headers, b"".join(pieces)


async def _answer(
    send: Send, status: int, resource: dict[str, Any], more: list[tuple[bytes, bytes]] | None = None
) -> None:
    await _send(send, status, [(b"content-type", b"application/fhir+json"), *(more or [])], orjson.dumps(resource))


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    headers = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
