"""The service on a socket: connections timed, signals obeyed, logs without any value of a request."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import ssl
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from adapter.settings import ServiceSettings

CONNECTIONS_MAX: Final = 512
IDLE_S: Final = 15.0
HEAD_MAX: Final = 32 * 1024


def run(app: FastAPI, bounds: ServiceSettings, listening: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serves until SIGTERM or Ctrl-C; what is in hand is then finished, within ``stop_timeout_s``."""
    quiet_logs()
    server = Server(config(app, bounds), on_ready)
    with _stopped_by_signals(server):
        server.run(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """Socket that listens.

    Raises:
        OSError: the address is not free, or not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=256)


def check_certificate(certificate: Path, key: Path) -> None:
    """Nothing, when both files make a TLS server.

    Raises:
        OSError: a file cannot be read, or they do not go together (``ssl.SSLError``).
    """
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)


def config(app: FastAPI, bounds: ServiceSettings) -> uvicorn.Config:
    """How uvicorn serves the application."""
    return uvicorn.Config(
        app,
        http=_connection(bounds),
        ws="none",
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=HEAD_MAX,
        timeout_keep_alive=int(IDLE_S),
        timeout_graceful_shutdown=max(1, int(bounds.stop_timeout_s)),
        ssl_certfile=bounds.tls_cert,
        ssl_keyfile=bounds.tls_key,
    )


class Server(uvicorn.Server):
    """Server that leaves signals to `run`, and says when it takes connections."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):  # whose time to finish is over
            connection.transport.abort()
        for _ in range(3):  # an abort is carried out in the next turns, one more under TLS
            await asyncio.sleep(0)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def _stopped_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the service once what is in hand is done; a second one cuts short."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number: int, frame: object) -> None:
        server.force_exit = server.should_exit
        server.should_exit = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# ---------------------------------------------------------------- connections


def _connection(bounds: ServiceSettings) -> type[H11Protocol]:
    """Protocol whose connections end when the head, or the whole exchange, takes too long.

    The body has its own time in ``gate``, which can still answer; here nobody is left to answer to.
    """

    class Connection(H11Protocol):
        _timer: asyncio.TimerHandle | None = None
        _known: Any = None  # the exchange that the timer is about
        _idle = True

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
            super().connection_made(transport)
            self.access_log = False  # whatever the process logs: a URL may hold an identifier
            if len(self.connections) > CONNECTIONS_MAX:
                transport.abort()
                return
            self._arm(bounds.header_timeout_s)

        def connection_lost(self, exc: Exception | None) -> None:
            self._disarm()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self._idle:
                self._idle = False
                self._arm(bounds.header_timeout_s)
            super().data_received(data)
            self._look()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._look()

        def _look(self) -> None:
            """Sets the timer for what is now awaited."""
            if self.transport.is_closing():
                return
            cycle: Any = self.cycle  # None before the first request, whatever its type says
            if cycle is not None and cycle is not self._known:
                self._known = cycle
                self._arm(bounds.request_timeout_s)
            elif cycle is not None and not self._idle and cycle.response_complete and self._head_awaited():
                self._idle = not self.conn.trailing_data[0]
                self._arm(IDLE_S if self._idle else bounds.header_timeout_s)

        def _head_awaited(self) -> bool:
            return self.conn.their_state is h11.IDLE

        def _arm(self, seconds: float) -> None:
            self._disarm()
            self._timer = self.loop.call_later(seconds, self.transport.abort)

        def _disarm(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    return Connection


# ---------------------------------------------------------------- logs


class _NoValues(logging.Filter):
    """Keeps the kind and the place of an exception, and drops its words: they may hold a value of the visit."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1] is not None:
            record.msg, record.args = "%s", (told(record.exc_info[1]),)
            record.exc_info = record.exc_text = None
        return True


def told(fault: BaseException) -> str:
    """Kind of an unforeseen exception and where it was raised, without its words."""
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(fault.__traceback__)[-4:]]
    return f"faute imprévue {type(fault).__name__} à {' < '.join(reversed(places))}"


def told_of_thread(fault: threading.ExceptHookArgs) -> str:
    """The same for a thread that ended so."""
    return told(fault.exc_value) if fault.exc_value is not None else f"faute imprévue {fault.exc_type.__name__}"


def quiet_logs() -> None:
    """Warnings of the server and lines of the service go to the standard error, without any value."""
    warnings.simplefilter("ignore")  # a library may quote a value in them
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    handler.addFilter(_NoValues())
    threading.excepthook = lambda fault: logging.getLogger("adapter.service").error("%s", told_of_thread(fault))
    for name, level in (
        ("", logging.WARNING),
        ("uvicorn", logging.WARNING),
        ("adapter.service", logging.INFO),
        ("adapter.outbox", logging.INFO),
    ):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.propagate = False
        logger.setLevel(level)
