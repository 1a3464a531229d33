"""The simulator on a socket: in a thread for tests, or in the foreground for people."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from adapter.dmp.simulator import DEFAULT_PORT
from adapter.dmp.simulator.app import SIZE_LIMIT, create_app
from adapter.dmp.simulator.faults import Ends, Faults, ends_of

if TYPE_CHECKING:
    from adapter.dmp.simulator.soap.authority import Authority
    from adapter.dmp.simulator.soap.gate import Trusted

PATH: Final = "/services"
START_TIMEOUT_S: Final = 10.0


class _Server(uvicorn.Server):
    """Server that leaves no connection behind: what its last moments took in is cut before the loop ends."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        await asyncio.sleep(0)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for _ in range(3):  # an abort is carried out in the next turns, one more under TLS
            await asyncio.sleep(0)


def _server(app: FastAPI, tls: TlsFiles | None = None, *, lifespan: Literal["on", "off"] = "on") -> uvicorn.Server:
    """Server whose connections the faults can cut; it logs no request.

    Args:
        tls: what mutual TLS is done with; None serves in clear.
        lifespan: off for a second server of the same application.
    """
    faults: Faults = app.state.faults
    peers: dict[Ends, bytes] = app.state.peers

    class Connection(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
            super().connection_made(transport)
            self.access_log = False  # whatever the process logs: a URL may hold an INS
            own: socket.socket | None = transport.get_extra_info("socket")
            if own is not None:  # asyncio leaves it alone on a socket made without a protocol number
                own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ends = ends_of(self.client, self.server)
            if ends is not None:
                faults.transports[ends] = transport
                secured: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
                shown = secured.getpeercert(binary_form=True) if secured is not None else None
                if shown:
                    peers[ends] = shown

        def connection_lost(self, exc: Exception | None) -> None:
            ends = ends_of(self.client, self.server)
            if ends is not None:
                faults.transports.pop(ends, None)
                peers.pop(ends, None)
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
        lifespan=lifespan,
        **({} if tls is None else tls.options()),
    )
    return _Server(config)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Files of mutual TLS: the server's certificate and key, the authority that its clients come from."""

    certificate: Path
    key: Path
    authority: Path

    def options(self) -> dict[str, Any]:
        """Options of the server. Source: CNAM, PDT-INF-579 v4 (TLS 1.2 suites of the DMP)."""
        return {
            "ssl_certfile": str(self.certificate),
            "ssl_keyfile": str(self.key),
            "ssl_ca_certs": str(self.authority),
            "ssl_cert_reqs": ssl.CERT_REQUIRED,
            "ssl_ciphers": "ECDHE+AESGCM:ECDHE+CHACHA20",
        }


class _Listening:
    """One server in a thread."""

    def __init__(self, server: uvicorn.Server, host: str, port: int) -> None:
        self.socket = socket.create_server((host, port))
        self._server = server
        try:
            self._thread = threading.Thread(target=server.run, kwargs={"sockets": [self.socket]}, daemon=True)
            self._thread.start()
            self._wait()
        except BaseException:
            self.socket.close()
            raise

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def _wait(self) -> None:
        limit = time.monotonic() + START_TIMEOUT_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > limit:
                raise RuntimeError("le simulateur ne démarre pas")
            time.sleep(0.005)

    def stop(self, *, at_once: bool = False) -> None:
        """Stop; `at_once`, without waiting for idle clients to take leave (TLS), nor for the application to end."""
        self._server.force_exit = at_once
        self._server.should_exit = True
        self._thread.join(START_TIMEOUT_S)
        self.socket.close()


class RunningSimulator:
    """A simulator in a thread, as a context manager.

    Attributes:
        base_url: where it listens in clear (FHIR, administration), without a final slash.
        xds_url: where its SOAP services listen under mutual TLS (``…/services``), empty without them.
        authority: test authority of mutual TLS and what it issued, None without it.
        certificates: folder of its files, None without it.
        app: the application, whose ``state.registry`` and ``state.faults`` tests may reach.
    """

    def __init__(
        self,
        database: str = ":memory:",
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls: bool = False,
        tls_port: int = 0,
        authority: Authority | None = None,
        revoked: tuple[bytes, ...] = (),
        certificates: Path | None = None,
        **options: Any,
    ) -> None:
        """Listen at once; `port` 0 takes a free one. `options` are those of `create_app`.

        Args:
            tls: serves XDS too, under mutual TLS. ``tls_port``: where.
            authority: test authority; a new one when there is none. ``revoked``: DER revocation lists of it.
            certificates: folder for its files; a temporary one when there is none.
        Raises:
            MissingExtra: the extra ``xds`` is not installed.
            OSError: a port cannot be listened to, a file not written.
        """
        self.authority: Authority | None = None
        self.certificates: Path | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        files = None
        if tls:
            files = self._certify(authority, certificates, host)
            options["trusted"] = self._trusted(revoked)
        self.app = create_app(database, **options)
        self._listening: list[_Listening] = []
        try:
            self._listening.append(_Listening(_server(self.app), host, port))
            if files is not None:
                second = _server(self.app, files, lifespan="off")
                self._listening.insert(0, _Listening(second, host, tls_port))
        except BaseException:
            if self._listening:
                self.stop()
            raise
        self.base_url = f"http://{host}:{self._listening[-1].port}"
        self.xds_url = f"https://{host}:{self._listening[0].port}{PATH}" if files is not None else ""

    def _certify(self, authority: Authority | None, folder: Path | None, host: str) -> TlsFiles:
        from adapter.dmp.simulator.soap.authority import make_authority

        self.authority = authority or make_authority(host)
        if folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="dmp-simule-")
            folder = Path(self._folder.name)
        self.authority.write(folder)
        self.certificates = folder
        return TlsFiles(folder / "serveur.pem", folder / "serveur.key", folder / "autorite.pem")

    def _trusted(self, revoked: tuple[bytes, ...]) -> Trusted:
        from adapter.dmp.simulator.soap.gate import Trusted

        return Trusted((self.authority.der,) if self.authority else (), revoked)

    def stop(self) -> None:
        """Stop listening; what was committed to a file stays."""
        *secured, plain = self._listening
        for one in secured:
            one.stop(at_once=True)
        plain.stop()  # closes the database
        if self._folder is not None:
            self._folder.cleanup()

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
