"""The DMP of a patient: open or not, its documents, who may see them. The INS travels in bodies, never in addresses."""

from __future__ import annotations

from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from adapter.api import records as dmp
from adapter.api.records import CHANGES, Change, Identifier, Records, as_dict
from adapter.service.bodies import object_body, work
from adapter.service.contract import WITH_BODY, WITH_TOKEN, body_of, json_answer, problems
from adapter.service.installation import Installation
from adapter.service.problems import Refusal
from adapter.service.routes.submissions import server_of
from adapter.service.shapes import PatientBody, SearchBody

_DESTINATION = Annotated[str, Query(max_length=60, description="DMP visé, s'il y en a plusieurs.")]
_DOCUMENT = Annotated[
    str, Path(pattern=r"^[0-2](\.(0|[1-9][0-9]*))+$", max_length=64, description="OID d'un document.")
]
_DMP: Final = (*WITH_TOKEN, *WITH_BODY, "visit-invalid", "parameters", "queue", "dmp-access-denied", "dmp-rejected")
_DMP_PROBLEMS: Final = (*_DMP, "dmp-unreachable", "dmp-outcome-unknown")
EXAMPLE: Final = {
    "ins": {
        "summary": "INS de test (personne fictive)",
        "value": {"ins": {"root": "1.2.250.1.213.1.4.10", "value": "252034410921797"}},
    }
}
_SAID: Final[dict[Change, str]] = {
    "mask": "Masquer aux professionnels (TD3.3a)",
    "unmask": "Rendre visible aux professionnels (TD3.3a)",
    "hide-from-patient": "Rendre invisible au patient (TD3.3b)",
    "show-to-patient": "Rendre visible au patient (TD3.3b)",
    "hide-from-guardians": "Rendre invisible aux représentants légaux (TD3.3b)",
    "show-to-guardians": "Rendre visible aux représentants légaux (TD3.3b)",
    "archive": "Archiver (TD3.3d)",
    "unarchive": "Sortir de l'archive (TD3.3d)",
}


def router(installation: Installation) -> APIRouter:
    """Operations on the DMP of a patient."""
    routes = APIRouter(prefix="/v1/dmp", tags=["dmp"])

    def _records(destination: str) -> Records:
        return installation.records(server_of(installation, destination))

    @routes.post(
        ":status",
        operation_id="getDmpStatus",
        summary="État du DMP du patient (TD0.2)",
        responses={200: json_answer("Son état.", "DmpStatus"), **problems(*_DMP_PROBLEMS)},
        openapi_extra=body_of("PatientBody", EXAMPLE),
    )
    async def status(request: Request, destination: _DESTINATION = "") -> Response:
        told = await object_body(request, PatientBody)
        held, patient = _records(destination), _patient(told)
        found = await work(request, lambda: held.status(patient))
        return _json(
            {
                "state": found.state,
                "reason": found.reason,
                "authorised": found.authorised,
                "attending_physician": found.attending_physician,
            }
        )

    @routes.post(
        "/documents:search",
        operation_id="searchDmpDocuments",
        summary="Documents du patient (TD3.1)",
        responses={200: json_answer("Ce que le DMP montre.", "DmpDocuments"), **problems(*_DMP_PROBLEMS)},
        openapi_extra=body_of("SearchBody", EXAMPLE),
    )
    async def search(request: Request, destination: _DESTINATION = "") -> Response:
        told = await object_body(request, SearchBody)
        held, patient = _records(destination), _patient(told)

        def look() -> list[dmp.FoundEntry]:
            if told.unique_id:
                return held.find(patient, told.unique_id)
            return held.search(patient, **_filters(told))

        found = await work(request, look)
        return _json({"documents": [as_dict(one) for one in found]})

    @routes.post(
        "/documents/{unique_id}:read",
        operation_id="readDmpDocument",
        summary="Contenu d'un document (TD3.2)",
        description="Ses octets, empreinte et taille vérifiées.",
        responses={200: _CONTENT, **problems(*_DMP_PROBLEMS, "not-found")},
        openapi_extra=body_of("PatientBody", EXAMPLE),
    )
    async def read(request: Request, unique_id: _DOCUMENT, destination: _DESTINATION = "") -> Response:
        told = await object_body(request, PatientBody)
        held, patient = _records(destination), _patient(told)
        found = await work(request, lambda: held.read(patient, unique_id))
        if found is None:
            raise Refusal("not-found", "Ce document n'est pas dans le DMP, ou l'appelant ne peut pas le voir.")
        entry, content = found
        headers = {"Content-Disposition": "attachment", "DMP-Adapter-Media-Type": _ascii(entry.mime_type)}
        return Response(content, headers=headers, media_type="application/octet-stream")

    @routes.post(
        "/documents/{unique_id}:delete",
        operation_id="deleteDmpDocument",
        summary="Supprimer un document (TD3.3c)",
        description="Définitif ; seul son auteur le peut.",
        responses={200: json_answer("Supprimé.", "Deleted"), **problems(*_DMP_PROBLEMS)},
        openapi_extra=body_of("PatientBody", EXAMPLE),
    )
    async def delete(request: Request, unique_id: _DOCUMENT, destination: _DESTINATION = "") -> Response:
        told = await object_body(request, PatientBody)
        held, patient = _records(destination), _patient(told)
        await work(request, lambda: held.delete(patient, unique_id))
        return _json({"deleted": unique_id})

    for change in CHANGES:
        _changing(routes, change, _records)
    return routes


def _changing(routes: APIRouter, change: Change, records_of: Any) -> None:
    """Adds the operation that makes one change to one document."""
    name = "".join(part.capitalize() for part in change.split("-"))

    @routes.post(
        f"/documents/{{unique_id}}:{change}",
        operation_id=f"{name[0].lower()}{name[1:]}DmpDocument",
        summary=_SAID[change],
        responses={200: json_answer("Le document après le changement.", "DmpDocument"), **problems(*_DMP_PROBLEMS)},
        openapi_extra=body_of("PatientBody", EXAMPLE),
    )
    async def act(request: Request, unique_id: _DOCUMENT, destination: _DESTINATION = "") -> Response:
        told = await object_body(request, PatientBody)
        held: Records = records_of(destination)
        patient = _patient(told)
        found = await work(request, lambda: held.change(patient, unique_id, change))
        return _json(as_dict(found))


_CONTENT: Final[dict[str, Any]] = {
    "description": "Les octets du document.",
    "headers": {"DMP-Adapter-Media-Type": {"description": "Type de contenu.", "schema": {"type": "string"}}},
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}


def _patient(told: PatientBody) -> Identifier:
    return dmp.patient(told.ins.root, told.ins.value)


def _filters(told: SearchBody) -> dict[str, str]:
    found = {"status": "current,superseded" if told.superseded else "current"}
    if told.archived is not None:
        found["archived"] = str(told.archived).lower()
    if told.type is not None:
        found["type"] = told.type
    if told.created_from is not None:
        found["created_from"] = told.created_from.isoformat()
    if told.created_to is not None:
        found["created_to"] = told.created_to.isoformat()
    return found


def _ascii(text: str) -> str:
    return "".join(character for character in text if character.isascii() and character.isprintable())


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")
