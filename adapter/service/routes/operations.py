"""What those who run the service look at: alive, ready, measured; and what callers look up."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from adapter.api.reference import table_rows, tables_summary, visit_schema
from adapter.errors import OutboxError
from adapter.service.bodies import work
from adapter.service.contract import WITH_TOKEN, json_answer, problems
from adapter.service.installation import Installation
from adapter.service.metrics import CONTENT_TYPE, Metrics
from adapter.service.problems import Refusal
from adapter.settings import SOFTWARE_VERSION

SCHEMA_JSON = "application/schema+json"


def router(installation: Installation, metrics: Metrics) -> APIRouter:
    """Health, measures and reference."""
    routes = APIRouter()

    @routes.get(
        "/healthz",
        operation_id="getHealth",
        tags=["service"],
        summary="Le processus répond",
        responses={200: json_answer("Il répond.", "Health"), **problems()},
        openapi_extra={"security": [{}]},
    )
    async def health() -> Response:
        return _json({"status": "ok", "version": SOFTWARE_VERSION})

    @routes.get(
        "/readyz",
        operation_id="getReadiness",
        tags=["service"],
        summary="Le service peut travailler",
        description="File d'envoi lisible, envois en marche.",
        responses={200: json_answer("Prêt.", "Readiness"), **problems("not-ready")},
        openapi_extra={"security": [{}]},
    )
    async def ready(request: Request) -> Response:
        checks = await work(request, lambda: _checks(request))
        if not all(checks.values()):
            raise Refusal("not-ready", "Une partie du service ne répond pas.", more={"checks": checks})
        return _json({"status": "ready", "checks": checks})

    def _checks(request: Request) -> dict[str, bool]:
        try:
            installation.outbox.counts()
        except OutboxError:
            queue = False
        else:
            queue = True
        checks = {"queue": queue}
        if request.app.state.delivery is not None:
            checks["delivery"] = request.app.state.delivery.alive
        return checks

    @routes.get(
        "/metrics",
        operation_id="getMetrics",
        tags=["service"],
        summary="Mesures (Prometheus)",
        description="Nombres et durées par opération, dépôts par état. Aucune donnée de patient.",
        responses={200: _METRICS, **problems(*WITH_TOKEN, "queue")},
    )
    async def measures(request: Request) -> Response:
        counts = await work(request, installation.outbox.counts)
        delivery = request.app.state.delivery
        gauges: list[tuple[str, str, dict[str, float]]] = [
            ("outbox_rows", "Dépôts par état.", {f'state="{state.value}"': n for state, n in counts.items()}),
            ("delivery_up", "1 quand les envois sont en marche.", {"": float(delivery is not None and delivery.alive)}),
        ]
        return Response(metrics.text(gauges), media_type=None, headers={"Content-Type": CONTENT_TYPE})

    @routes.get(
        "/v1/schema",
        operation_id="getVisitSchema",
        tags=["référence"],
        summary="Format d'une visite (JSON Schema 2020-12)",
        responses={
            200: {"description": "Schéma.", "content": {SCHEMA_JSON: {"schema": {"type": "object"}}}},
            **problems(*WITH_TOKEN),
        },
    )
    async def schema() -> Response:
        return Response(orjson.dumps(visit_schema()), media_type=SCHEMA_JSON)

    @routes.get(
        "/v1/mappings",
        operation_id="getMappings",
        tags=["référence"],
        summary="Tables de correspondance en service",
        responses={200: json_answer("Ce que les tables contiennent.", "Tables"), **problems(*WITH_TOKEN)},
    )
    async def mappings() -> Response:
        return _json(tables_summary(installation.tables))

    @routes.get(
        "/v1/mappings/{table}",
        operation_id="getMappingTable",
        tags=["référence"],
        summary="Valeurs d'une table : libellés et codes",
        responses={200: json_answer("Ses lignes.", "Table"), **problems(*WITH_TOKEN, "not-found", "parameters")},
    )
    async def table(table: Annotated[str, Path(max_length=60, description="Nom de la table.")]) -> Response:
        rows = table_rows(installation.tables, table)
        if rows is None:
            raise Refusal("not-found", "Aucune table de ce nom.")
        return _json({"name": table, "rows": rows})

    return routes


_METRICS: dict[str, Any] = {"description": "Mesures.", "content": {"text/plain": {"schema": {"type": "string"}}}}


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")
