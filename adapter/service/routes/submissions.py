"""Deposits: queued once, followed, replayed, withdrawn."""

from __future__ import annotations

import hashlib
import json
from itertools import islice
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from adapter.api.forms import Encoding, check_visit, decoded
from adapter.api.sending import DmpServer, Sent, send, settled
from adapter.errors import VisitInvalid
from adapter.outbox import OutboxRefusal, Row, State
from adapter.service.bodies import visit_body, work
from adapter.service.contract import WITH_BODY, WITH_TOKEN, json_answer, problems, visit_body_of
from adapter.service.installation import Installation
from adapter.service.problems import Refusal, as_object
from adapter.service.shapes import FormsName, StateName

_ROW = Annotated[int, Path(ge=1, le=10**11 - 1, description="Numéro du dépôt.")]
_PAGE = 100
_IN_FLIGHT = "Cette visite, dans cette version, est en cours de mise en file : revenir dans un instant."


def router(installation: Installation) -> APIRouter:
    """Operations on deposits."""
    routes = APIRouter(prefix="/v1", tags=["dépôts"])
    outbox = installation.outbox
    limits = installation.reading

    @routes.post(
        "/visits:submit",
        operation_id="submitVisit",
        status_code=202,
        summary="Déposer une visite",
        description="Convertie, contrôlée, écrite dans la file durable ; le service l'envoie ensuite. La clé"
        " d'idempotence est l'identifiant de la visite et sa version : la même visite envoyée de nouveau donne la même"
        " réponse, un autre contenu sous la même clé est refusé (422), un envoi simultané attend (409).",
        responses={
            202: json_answer("En file, sur le disque.", "Receipt", headers=_LOCATION),
            **problems(*WITH_TOKEN, *WITH_BODY, *_SUBMIT),
        },
        openapi_extra=visit_body_of(),
    )
    async def submit(
        request: Request,
        forms: Annotated[
            FormsName, Query(description="Documents à déposer ; `cda-n1` : la fiche en PDF sous un en-tête CDA.")
        ] = "cda",
        destination: Annotated[str, Query(max_length=60, description="DMP visé, s'il y en a plusieurs.")] = "",
    ) -> Response:
        data, encoding = await visit_body(request)
        server = server_of(installation, destination)
        client = request.scope["state"]["client"]
        answer = await work(request, lambda: _queue(data, encoding, server, forms, client))
        return Response(answer, 202, {"Location": orjson.loads(answer)["href"]}, "application/json")

    def _queue(data: bytes, encoding: Encoding, server: DmpServer, forms: FormsName, client: str) -> bytes:
        """The answer to a deposit: a new one, or the one that was given to the same request before."""
        text = decoded(data, encoding)
        visit, found = check_visit(data, encoding=encoding, **limits)
        if visit is None:
            raise VisitInvalid(found)
        name, digest = f"{client}\n{server.name}\n{visit.id}\n{visit.version}", request_digest(text, forms)
        with installation.in_hand.hold(name) as ours:
            if not ours:
                raise Refusal("in-flight", _IN_FLIGHT, headers={"Retry-After": "1"})
            known = outbox.answered(name, digest)
            if known is not None:
                return known
            sent = send(
                text,
                outbox,
                server,
                forms=forms,
                options=installation.options,
                mappings=installation.tables,
                **limits,
            )
            answer = orjson.dumps(_receipt(sent))
            outbox.keep_answer(name, digest, sent.row.id, answer)
        return answer

    @routes.get(
        "/submissions",
        operation_id="listSubmissions",
        summary="Lister les dépôts",
        responses={200: json_answer("Une page.", "SubmissionPage"), **problems(*WITH_TOKEN, "parameters", "queue")},
    )
    async def listing(
        request: Request,
        state: Annotated[StateName | None, Query(description="Un état.")] = None,
        destination: Annotated[str | None, Query(max_length=60, description="Un seul DMP.")] = None,
        dead: Annotated[bool | None, Query(description="Essais épuisés, ou non.")] = None,
        after: Annotated[int, Query(ge=0, le=10**11 - 1, description="Dépôts après ce numéro.")] = 0,
        limit: Annotated[int, Query(ge=1, le=1000, description="Taille de la page.")] = _PAGE,
    ) -> Response:
        def page() -> list[Row]:
            wanted = State(state) if state else None
            rows = outbox.rows(state=wanted, destination=destination, dead=dead, after=after)
            return list(islice(rows, limit + 1))

        found = await work(request, page)
        shown = found[:limit]
        following = shown[-1].id if len(found) > limit else None
        return _json({"submissions": [as_dict(row) for row in shown], "next_after": following})

    @routes.get(
        "/submissions/{row_id:int}",
        operation_id="getSubmission",
        summary="Suivre un dépôt",
        responses={200: json_answer("Le dépôt.", "SubmissionShape"), **problems(*WITH_TOKEN, *_ONE)},
    )
    async def one(request: Request, row_id: _ROW) -> Response:
        return _json(as_dict(await work(request, lambda: _row(row_id))))

    def _row(row_id: int) -> Row:
        try:
            return outbox.row(row_id)
        except OutboxRefusal:
            raise Refusal("not-found", "Aucun dépôt sous ce numéro.") from None

    @routes.post(
        "/submissions/{row_id:int}:retry",
        operation_id="retrySubmission",
        summary="Rejouer un dépôt",
        description="Bloqué, refusé ou abandonné ; ce qui a pu partir est d'abord recherché dans le DMP.",
        responses={
            200: json_answer("Le dépôt, remis en file.", "SubmissionShape"),
            **problems(*WITH_TOKEN, *_ONE, "submission-state"),
        },
    )
    async def retry(request: Request, row_id: _ROW) -> Response:
        def replay() -> Row:
            _row(row_id)
            outbox.retry(row_id)
            return _row(row_id)

        return _json(as_dict(await work(request, replay)))

    @routes.post(
        "/submissions/{row_id:int}:withdraw",
        operation_id="withdrawSubmission",
        summary="Retirer un dépôt qui n'est pas parti",
        responses={
            200: json_answer("Le dépôt, retiré.", "SubmissionShape"),
            **problems(*WITH_TOKEN, *_ONE, "submission-state"),
        },
    )
    async def withdraw(request: Request, row_id: _ROW) -> Response:
        def take_back() -> Row:
            _row(row_id)
            outbox.withdraw(row_id)
            return _row(row_id)

        return _json(as_dict(await work(request, take_back)))

    return routes


_ONE = ("not-found", "parameters", "queue")
_SUBMIT = (
    "visit-invalid",
    "document-invalid",
    "tables",
    "submission-refused",
    "patient-opposition",
    "key-reused",
    "parameters",
    "in-flight",
    "queue",
    "not-acceptable",
)
_LOCATION = {"Location": {"description": "Où suivre ce dépôt.", "schema": {"type": "string"}}}


def server_of(installation: Installation, name: str) -> DmpServer:
    """The DMP that a request names, or the one there is.

    Raises:
        Refusal: none, several and none named, or an unknown name.
    """
    found = installation.servers.get(name or installation.default)
    if found is not None:
        return found
    if not installation.servers:
        raise Refusal("parameters", "Aucun DMP n'est réglé : écrire une table [destinations.NOM].")
    raise Refusal("parameters", f"destination : choisir parmi {', '.join(installation.servers)}.")


def request_digest(text: bytes | str, forms: str) -> str:
    """SHA-256 of what is asked: the visit whatever the order of its fields and its spaces, and the forms.

    Args:
        text: a visit that was found sound.
    """
    value = json.loads(text.decode("utf-8-sig") if isinstance(text, bytes) else text, parse_float=str)
    plain = json.dumps([forms, value], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def _receipt(sent: Sent) -> dict[str, Any]:
    return {
        "id": sent.row.id,
        "href": _href(sent.row.id),
        "destination": sent.row.destination,
        "form": sent.row.form,
        "document_id": sent.document_id,
        "set_unique_id": sent.row.set_unique_id,
        "unique_ids": list(sent.row.unique_ids),
        "findings": [as_object(one) for one in sent.findings],
    }


def as_dict(row: Row) -> dict[str, Any]:
    """Deposit for a program."""
    return {
        "id": row.id,
        "href": _href(row.id),
        "state": row.state.value,
        "settled": settled(row),
        "dead": row.dead,
        "reason": row.reason.value,
        "explanation": row.explanation,
        "dmp_code": row.dmp_code,
        "destination": row.destination,
        "endpoint": row.endpoint,
        "form": row.form,
        "attempts": row.attempts,
        "created_at": row.created_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
        "due_at": row.due_at.isoformat() if row.due_at else None,
        "set_unique_id": row.set_unique_id,
        "unique_ids": list(row.unique_ids),
        "size_bytes": row.size_bytes,
        "purged": row.purged,
    }


def _href(row_id: int) -> str:
    return f"/v1/submissions/{row_id}"


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")
