"""A patient who objects to the feeding of his or her DMP: noted, and lifted, at the queue that stops the deposits."""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response

from adapter.api import records
from adapter.service.bodies import object_body, work
from adapter.service.contract import WITH_BODY, WITH_TOKEN, body_of, json_answer, problems
from adapter.service.installation import Installation
from adapter.service.routes.records import EXAMPLE
from adapter.service.shapes import PatientBody

_WHY = (*WITH_TOKEN, *WITH_BODY, "visit-invalid", "parameters", "queue")


def router(installation: Installation) -> APIRouter:
    """Operations on oppositions."""
    routes = APIRouter(prefix="/v1", tags=["dépôts"])
    outbox = installation.outbox

    @routes.post(
        "/oppositions:record",
        operation_id="recordOpposition",
        summary="Noter l'opposition d'un patient",
        description="Ses dépôts qui ne sont pas partis, et ceux à venir, sont bloqués. Déposer une visite qui porte"
        " l'opposition la note aussi.",
        responses={200: json_answer("Notée.", "Opposition"), **problems(*_WHY)},
        openapi_extra=body_of("PatientBody", EXAMPLE),
    )
    async def record(request: Request) -> Response:
        told = await object_body(request, PatientBody)
        patient = records.patient(told.ins.root, told.ins.value)
        return _answer(True, await work(request, lambda: outbox.record_opposition(patient)))

    @routes.post(
        "/oppositions:lift",
        operation_id="liftOpposition",
        summary="Lever l'opposition d'un patient",
        description="Ses dépôts bloqués partent quand ils sont rejoués (retrySubmission).",
        responses={200: json_answer("Levée.", "Opposition"), **problems(*_WHY)},
        openapi_extra=body_of("PatientBody", EXAMPLE),
    )
    async def lift(request: Request) -> Response:
        told = await object_body(request, PatientBody)
        patient = records.patient(told.ins.root, told.ins.value)
        await work(request, lambda: outbox.lift_opposition(patient))
        return _answer(False, 0)

    return routes


def _answer(opposed: bool, stopped: int) -> Response:
    return Response(orjson.dumps({"opposed": opposed, "stopped": stopped}), media_type="application/json")
