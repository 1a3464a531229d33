"""The adapter as a local HTTP service, for software that is not written in Python.

`create_app` gives the application, `serving.run` puts it on a socket, ``dmp-adapter serve`` does both from the
settings. It calls the api and the outbox, and nothing below them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapter.errors import MissingExtra

if TYPE_CHECKING:
    from fastapi import FastAPI

    from adapter.service.installation import Installation

__all__ = ["create_app"]

_EXTRA: Final = "Le service demande FastAPI et uvicorn : installer dmp-adapter[service]."


def create_app(installation: Installation) -> FastAPI:
    """ASGI application of the service; see ``app.create_app``.

    Raises:
        MissingExtra: FastAPI is not installed.
    """
    try:
        from adapter.service import app
    except ImportError as error:
        raise MissingExtra(_EXTRA) from error
    return app.create_app(installation)
