"""The simulator on a socket: in a thread for tests, or in the foreground for people."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from adapter.dmp.simulator import DEFAULT_PORT
from adapter.dmp.simulator.app import SIZE_LIMIT, create_app
from adapter.dmp.simulator.faults import Faults

START_TIMEOUT_S: Final = 10.0


def _server(app: FastAPI) -> uvicorn.Server:
    """Server whose connections the faults can cut; it logs no request."""
    faults: Faults = app.state.faults

    class Connection(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
            super().connection_made(transport)
            self.access_log = False  # whatever the process logs: a URL may hold an INS
            own: socket.socket | None = transport.get_extra_info("socket")
            if own is not None:  # asyncio leaves it alone on a socket made without a protocol number
                own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.client is not None:
                faults.transports[self.client] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            if self.client is not None:
                faults.transports.pop(self.client, None)
            super().connection_lost(exc)

    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


class RunningSimulator:
    """A simulator in a thread, as a context manager.

    Attributes:
        base_url: where it listens, without a final slash.
        app: the application, whose ``state.registry`` and ``state.faults`` tests may reach.
    """

    def __init__(self, database: str = ":memory:", host: str = "127.0.0.1", port: int = 0, **options: Any) -> None:
        """Listen at once; `port` 0 takes a free one. `options` are those of `create_app`."""
        self._socket = socket.create_server((host, port))
        try:
            self.app = create_app(database, **options)
            self._server = _server(self.app)
            self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
            self._thread.start()
            self._wait()
        except BaseException:
            self._socket.close()
            raise
        self.base_url = f"http://{host}:{self._socket.getsockname()[1]}"

    def _wait(self) -> None:
        limit = time.monotonic() + START_TIMEOUT_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > limit:
                raise RuntimeError("le simulateur ne démarre pas")
            time.sleep(0.005)

    def stop(self) -> None:
        """Stop listening; what was committed to a file stays."""
        self._server.should_exit = True
        self._thread.join(START_TIMEOUT_S)
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def run(
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    database: str = ":memory:",
    *,
    size_limit: int = SIZE_LIMIT,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until interrupted.

    Args:
        on_ready: called with the base URL once connections are taken.
    Raises:
        OSError: the port cannot be listened to.
        StoreUnusable: the database cannot be used.
    """
    with socket.create_server((host, port)) as listening:
        server = _server(create_app(database, size_limit=size_limit))
        if on_ready is not None:
            on_ready(f"http://{host}:{listening.getsockname()[1]}")
        server.run(sockets=[listening])
