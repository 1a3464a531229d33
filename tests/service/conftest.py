"""A service in this process, on a queue and a DMP of its own."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from httpx import Client

from adapter.api import Options
from adapter.api.reference import load_tables
from adapter.api.sending import DmpServer, open_outbox
from adapter.dmp.simulator import serve
from adapter.dmp.simulator.serving import RunningSimulator
from adapter.service import create_app, serving
from adapter.service.installation import Installation
from adapter.settings import ServiceSettings

AUTHOR = "professional;rpps=99700100003"
TOKEN = "un-jeton-d-essai-de-trente-deux-caracteres"  # of the tests only

Opening = Callable[..., Client]


@pytest.fixture
def dmp() -> Iterator[RunningSimulator]:
    with serve() as running:
        yield running


@contextmanager
def service(folder: Path, server: DmpServer | None = None, **changes: Any) -> Iterator[Client]:
    """A client of a service on loopback with a queue in `folder`; `changes` are fields of ``Installation``."""
    with open_outbox(f"sqlite:///{folder / 'envois.db'}", key="") as outbox:
        values: dict[str, Any] = {
            "tables": load_tables(None, "2026-11"),
            "options": Options(),
            "outbox": outbox,
            "servers": {server.name: server} if server else {},
            "default": server.name if server else "",
            "bounds": ServiceSettings(),
        }
        installation = Installation(**{**values, **changes})
        with running(installation) as port, Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            yield client


@contextmanager
def running(installation: Installation) -> Iterator[int]:
    """Port of a service in a thread."""
    ready = threading.Event()
    with serving.listen("127.0.0.1", 0) as listening:
        server = serving.Server(serving.config(create_app(installation), installation.bounds), ready.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            assert ready.wait(30), "the service does not start"
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opening]:
    """Opens services until the end of the test."""
    with ExitStack() as stack:
        yield lambda server=None, **changes: stack.enter_context(service(tmp_path, server, **changes))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A service whose DMP is never called; one for all the tests of a module, which leave nothing behind."""
    away = DmpServer("http://127.0.0.1:9", name="essai")
    quick = ServiceSettings(rate_per_s=100_000, burst=100_000)
    with service(tmp_path_factory.mktemp("service"), away, own_worker=False, bounds=quick) as client:
        yield client


@pytest.fixture
def sending(dmp: RunningSimulator, opened: Opening) -> Client:
    """A service that delivers to the simulator."""
    return opened(DmpServer(dmp.base_url, name="essai", actor=AUTHOR))


def sha256(token: str) -> bytes:
    """What the service keeps of a token."""
    return hashlib.sha256(token.encode()).digest()
