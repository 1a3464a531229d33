"""The application: one gate in front, one router per resource, one thread that delivers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Final

import orjson
from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI
from fastapi.responses import Response

from adapter.service.contract import WITH_TOKEN, describe, problems
from adapter.service.delivery import Delivery
from adapter.service.gate import Gate
from adapter.service.installation import Installation
from adapter.service.metrics import Metrics
from adapter.service.preview import router as preview_pages
from adapter.service.refusals import add_handlers
from adapter.service.routes import aids, operations, oppositions, records, submissions, visits
from adapter.settings import SOFTWARE_VERSION

# Newer releases of FastAPI would tell a collector of exceptions with their words, which may hold a value of a visit.
_NO_TELEMETRY: Final[Any] = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}


def create_app(installation: Installation) -> FastAPI:
    """ASGI application; its life starts and stops the thread that delivers."""
    metrics = Metrics(installation.bounds.access_log)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.limiter = CapacityLimiter(installation.bounds.threads)
        app.state.heavy_limiter = CapacityLimiter(1)
        delivery = _delivery(installation)
        app.state.delivery = delivery
        try:
            yield
        finally:
            if delivery is not None:
                await to_thread.run_sync(delivery.stop, installation.bounds.stop_timeout_s)

    app = FastAPI(
        title="dmp-adapter",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        telemetry=_NO_TELEMETRY,
    )
    _put_gate_in_front(app, installation, metrics)
    add_handlers(app)
    app.include_router(visits.router(installation))
    app.include_router(aids.router(installation))
    app.include_router(submissions.router(installation))
    app.include_router(oppositions.router(installation))
    app.include_router(records.router(installation))
    app.include_router(operations.router(installation, metrics))
    app.include_router(preview_pages(installation))
    _contract(app, bool(installation.tokens))
    return app


def _put_gate_in_front(app: FastAPI, installation: Installation, metrics: Metrics) -> None:
    """The gate stands before the layer that answers unforeseen faults, so that those answers pass through it too."""
    inner = app.build_middleware_stack
    app.build_middleware_stack = lambda: Gate(inner(), installation, metrics)  # type: ignore[method-assign]


def _delivery(installation: Installation) -> Delivery | None:
    served = [*installation.servers.values(), *installation.mailboxes]
    if not installation.own_worker or not served:
        return None
    delivery = Delivery(installation.outbox, served)
    delivery.start()
    return delivery


def _contract(app: FastAPI, tokens: bool) -> None:
    @cache
    def contract() -> dict[str, Any]:
        return describe(app, SOFTWARE_VERSION, tokens)

    app.openapi = contract  # type: ignore[method-assign]  # the way that FastAPI documents

    @app.get(
        "/openapi.json",
        operation_id="getContract",
        tags=["référence"],
        summary="Ce contrat (OpenAPI 3.1)",
        responses={
            200: {"description": "Le contrat.", "content": {"application/json": {"schema": {"type": "object"}}}},
            **problems(*WITH_TOKEN),
        },
    )
    async def openapi() -> Response:
        return Response(orjson.dumps(contract()), media_type="application/json")
