"""Beside the shared document: billing advice, the next visit, the emergency sheet."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from adapter.api import render_emergency, render_emergency_pdf
from adapter.api.billing import advice_as_dict, bill, render_billing
from adapter.api.forms import Encoding, check_visit, make
from adapter.api.reminders import remind
from adapter.errors import VisitInvalid
from adapter.service.bodies import visit_body, work
from adapter.service.contract import WITH_BODY, WITH_TOKEN, problems, visit_body_of
from adapter.service.installation import Installation
from adapter.service.routes.visits import SHEET_CSP

_WHY: Final = (*WITH_TOKEN, *WITH_BODY, "visit-invalid", "tables", "parameters")


def router(installation: Installation) -> APIRouter:
    """Operations whose answers stay at the practice, or go to the patient's home."""
    routes = APIRouter(prefix="/v1", tags=["visites"])
    options, tables = installation.options, installation.tables

    def sound(data: bytes, encoding: Encoding) -> Any:
        visit, found = check_visit(data, encoding=encoding, **installation.reading)
        if visit is None:
            raise VisitInvalid(found)
        return visit

    @routes.post(
        "/visits:billing",
        operation_id="adviseBilling",
        summary="Conseil de facturation",
        description="Codes, montants, payeur, conditions, et ce que la visite ne dit pas. Reste au cabinet.",
        responses={200: _answer("Le conseil.", "application/json", "application/fhir+json"), **problems(*_WHY)},
        openapi_extra=visit_body_of(),
    )
    async def billing(
        request: Request,
        as_: Annotated[Literal["json", "fhir"], Query(alias="as", description="JSON simple, ou FHIR.")] = "json",
    ) -> Response:
        data, encoding = await visit_body(request)

        def advise() -> bytes:
            visit = sound(data, encoding)
            if as_ == "fhir":
                return render_billing(visit, options=options, mappings=tables)
            return orjson.dumps(advice_as_dict(bill(visit, mappings=tables)))

        kind = "application/fhir+json" if as_ == "fhir" else "application/json"
        return Response(await work(request, advise), media_type=kind)

    @routes.post(
        "/visits:reminders",
        operation_id="remindNextVisit",
        summary="Prochaine visite, pour l'agenda",
        description="iCalendar ou FHIR (Appointment, Task), sans nom ni diagnostic.",
        responses={
            200: _answer("Le rappel.", "text/calendar", "application/fhir+json"),
            **problems(*_WHY, "not-acceptable"),
        },
        openapi_extra=visit_body_of(),
    )
    async def reminders(
        request: Request,
        as_: Annotated[Literal["ics", "fhir"], Query(alias="as", description="iCalendar, ou FHIR.")] = "ics",
        withdrawn: Annotated[bool, Query(description="La prochaine visite est annulée.")] = False,
    ) -> Response:
        data, encoding = await visit_body(request)
        content = await work(
            request, lambda: remind(sound(data, encoding), form=as_, options=options, withdrawn=withdrawn)
        )
        kind = "text/calendar; charset=utf-8" if as_ == "ics" else "application/fhir+json"
        return Response(content, headers={"Content-Type": kind})

    @routes.post(
        "/visits:emergency",
        operation_id="printEmergencySheet",
        summary="Fiche urgence, une page",
        responses={
            200: _answer("La fiche.", "text/html", "application/pdf"),
            **problems(*_WHY, "document-invalid", "not-acceptable"),
        },
        openapi_extra=visit_body_of(),
    )
    async def emergency(
        request: Request,
        as_: Annotated[Literal["html", "pdf"], Query(alias="as", description="HTML, ou PDF.")] = "html",
    ) -> Response:
        data, encoding = await visit_body(request)

        def show() -> bytes:
            made = make(data, (), encoding=encoding, options=options, mappings=tables, **installation.reading)
            return (render_emergency_pdf if as_ == "pdf" else render_emergency)(made.document)

        content = await work(request, show)
        if as_ == "pdf":
            return Response(content, media_type="application/pdf")
        return Response(content, media_type="text/html", headers={"Content-Security-Policy": SHEET_CSP})

    return routes


def _answer(description: str, *kinds: str) -> dict[str, Any]:
    shape = {"json": {"type": "object"}}
    content = {
        kind: {"schema": shape.get(kind.rpartition("/")[2].rpartition("+")[2], {"type": "string"})} for kind in kinds
    }
    return {"description": description, "content": content}
