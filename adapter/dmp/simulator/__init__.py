"""A DMP that answers like the real one, in PDSm (FHIR R4): what vendors try against, what the demo and tests use.

It really executes: transactions, replacement, visibility, rights, refusals, and faults on demand. It holds no real
data and is no proof of conformity to the national DMP.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from adapter.validation.kit import MissingExtra

if TYPE_CHECKING:
    from fastapi import FastAPI

    from adapter.dmp.simulator.serving import RunningSimulator

__all__ = ["DEFAULT_PORT", "DEFAULT_TLS_PORT", "create_app", "run", "serve"]

DEFAULT_PORT: Final = 8080
DEFAULT_TLS_PORT: Final = 8443

_EXTRA = "Le simulateur demande FastAPI et uvicorn : installer dmp-adapter[service]."


def create_app(
    database: str = ":memory:", *, clock: Callable[[], datetime] | None = None, size_limit: int | None = None
) -> FastAPI:
    """ASGI application of the simulator; see ``app.create_app``.

    Raises:
        MissingExtra: FastAPI is not installed.
    """
    try:
        from adapter.dmp.simulator import app
    except ImportError as error:
        raise MissingExtra(_EXTRA) from error
    return app.create_app(database, clock=clock or app.utc_now, size_limit=size_limit or app.SIZE_LIMIT)


def serve(database: str = ":memory:", host: str = "127.0.0.1", port: int = 0, **options: Any) -> RunningSimulator:
    """Simulator already listening, in a thread; stop it with ``stop()`` or ``with``.

    Raises:
        MissingExtra: FastAPI or uvicorn is not installed.
    """
    try:
        from adapter.dmp.simulator.serving import RunningSimulator
    except ImportError as error:
        raise MissingExtra(_EXTRA) from error
    return RunningSimulator(database, host, port, **options)


def run(
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    database: str = ":memory:",
    *,
    size_limit: int | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve in the foreground until interrupted; see ``serving.run``.

    Raises:
        MissingExtra: FastAPI or uvicorn is not installed.
        OSError: the port cannot be listened to.
        StoreUnusable: the database cannot be used.
    """
    try:
        from adapter.dmp.simulator import app, serving
    except ImportError as error:
        raise MissingExtra(_EXTRA) from error
    serving.run(host, port, database, size_limit=size_limit or app.SIZE_LIMIT, on_ready=on_ready)
