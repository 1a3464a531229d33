"""A visit: judged, converted, shown, queued."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from adapter.api import forms as made_forms
from adapter.api.forms import MEDIA_TYPES, USUAL_FORMS, Form, Made
from adapter.api.preview import Preview, preview
from adapter.errors import Severity, VisitInvalid
from adapter.service.accepting import chosen
from adapter.service.bodies import visit_body, work
from adapter.service.contract import WITH_BODY, WITH_TOKEN, json_answer, problems, visit_body_of
from adapter.service.installation import Installation
from adapter.service.problems import as_object, told

JSON: Final = "application/json"
_BINARY: Final = frozenset({"pdf"})
SHEET_CSP: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"


def router(installation: Installation) -> APIRouter:
    """Operations on visits."""
    routes = APIRouter(prefix="/v1", tags=["visites"])
    options, tables = installation.options, installation.tables
    limits = installation.reading

    @routes.post(
        "/visits:validate",
        operation_id="validateVisit",
        summary="Contrôler une visite",
        description="Tous les constats d'un coup. Une visite lisible mais refusée répond 200, avec « valid » faux.",
        responses={200: json_answer("Constats.", "Report"), **problems(*WITH_TOKEN, *WITH_BODY)},
        openapi_extra=visit_body_of(),
    )
    async def validate(request: Request) -> Response:
        data, encoding = await visit_body(request)
        _, found = await work(request, lambda: made_forms.check_visit(data, encoding=encoding, **limits))
        errors = [one for one in found if one.severity is Severity.ERROR]
        if errors and all(one.rule.startswith("JSON-") for one in errors):
            raise VisitInvalid(found)
        return _json(told(found))

    @routes.post(
        "/visits:convert",
        operation_id="convertVisit",
        summary="Convertir une visite",
        description="Une seule forme (`to=cda`, ou `Accept: text/xml`, `application/fhir+json`, `text/html`,"
        " `application/pdf`) : ses octets. Plusieurs, ou `Accept: application/json` : un objet JSON qui les porte"
        " toutes. `to` l'emporte sur `Accept`. Sans rien : CDA, FHIR et fiche.",
        responses={200: _CONVERTED, **problems(*WITH_TOKEN, *WITH_BODY, *_REFUSED, "not-acceptable")},
        openapi_extra=visit_body_of(),
    )
    async def convert(
        request: Request,
        to: Annotated[list[Form] | None, Query(description="Forme voulue ; répéter pour plusieurs.")] = None,
    ) -> Response:
        asked, alone = chosen(to, request.headers.get("accept", ""))
        data, encoding = await visit_body(request)
        made = await work(
            request,
            lambda: made_forms.make(data, asked, encoding=encoding, options=options, mappings=tables, **limits),
        )
        return _one(made, asked[0]) if alone else _json(_conversion(made))

    @routes.post(
        "/visits:preview",
        operation_id="previewVisit",
        summary="Montrer une visite avant partage",
        description="La fiche, les deux documents, les constats à côté du champ qu'ils visent, et qui verra quoi."
        " Une visite refusée répond 200, sans document.",
        responses={
            200: json_answer("La visite avant partage.", "PreviewShape"),
            **problems(*WITH_TOKEN, *WITH_BODY, "tables", "parameters"),
        },
        openapi_extra=visit_body_of(),
    )
    async def show(
        request: Request,
        destination: Annotated[str, Query(max_length=60, description="DMP visé, s'il y en a plusieurs.")] = "",
        trace: Annotated[bool, Query(description="Avec l'origine de chaque partie : plusieurs secondes.")] = False,
    ) -> Response:
        data, encoding = await visit_body(request)
        server = installation.servers.get(destination or installation.default)
        accepted = server.limits if server else None

        def look() -> Preview:
            return preview(
                data, encoding=encoding, options=options, mappings=tables, limits=accepted, traced=trace, **limits
            )

        return _json(_preview(await work(request, look, heavy=trace)))

    return routes


_REFUSED: Final = ("visit-invalid", "document-invalid", "tables", "parameters")
_CONVERTED: Final[dict[str, Any]] = {
    "description": "Un document, ou un objet JSON qui porte les documents demandés.",
    "headers": {
        "DMP-Adapter-Document": {"description": "OID du document.", "schema": {"type": "string"}},
        "DMP-Adapter-Warnings": {"description": "Nombre d'avertissements.", "schema": {"type": "string"}},
    },
    "content": {
        JSON: {"schema": {"$ref": "#/components/schemas/Conversion"}},
        "text/xml": {"schema": {"type": "string"}},
        "application/fhir+json": {"schema": {"type": "object"}},
        "text/html": {"schema": {"type": "string"}},
        "application/pdf": {"schema": {"type": "string", "contentMediaType": "application/pdf"}},
    },
}


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type=JSON)


def _one(made: Made, form: Form) -> Response:
    headers = {
        "DMP-Adapter-Document": made.document.oid,
        "DMP-Adapter-Warnings": str(len(made.findings)),
        "Content-Type": MEDIA_TYPES[form] + ("" if form in _BINARY | {"fhir"} else "; charset=utf-8"),
        "Vary": "Accept",
    }
    if form == "sheet":
        headers["Content-Security-Policy"] = SHEET_CSP
    return Response(made.contents[form], headers=headers)


def _conversion(made: Made) -> dict[str, Any]:
    return {
        "document_id": made.document.oid,
        "set_id": made.document.set_oid,
        "version": made.document.version,
        "forms": {form: _content(form, content) for form, content in made.contents.items()},
        "findings": [as_object(one) for one in made.findings],
    }


def _content(form: Form, content: bytes) -> dict[str, Any]:
    binary = form in _BINARY
    return {
        "media_type": MEDIA_TYPES[form],
        "encoding": "base64" if binary else "utf-8",
        "content": b64encode(content).decode() if binary else content.decode(),
        "size_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _preview(found: Preview) -> dict[str, Any]:
    if found.made is None and all(one.rule.startswith("JSON-") for one in found.findings):
        raise VisitInvalid(found.findings)
    by_path: dict[str, list[dict[str, str]]] = {}
    for one in (*found.findings, *found.refusals):
        if one.path.startswith("$"):
            by_path.setdefault(one.path, []).append(as_object(one))
    made = found.made
    contents: dict[str, Any] = {form: made.contents[form].decode() if made else None for form in USUAL_FORMS}
    return {
        "valid": found.made is not None,
        **contents,
        "findings": [as_object(one) for one in found.findings],
        "by_path": by_path,
        "may_be_sent": found.made is not None and not found.refusals,
        "refusals": [as_object(one) for one in found.refusals],
        "sights": [
            {"reader": one.reader, "visible": one.visible, "explanation": one.explanation, "until": one.until or None}
            for one in found.sights
        ],
        "kept": [{"path": path, "reason": reason} for path, reason in found.kept],
        "trace": found.trace,
    }
