"""The endpoints: each reads its request, asks the registry, prints the answer.

Bodies and identifiers are never logged. Everything is FHIR JSON, refusals included.
"""

from __future__ import annotations

import sqlite3
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import orjson
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from adapter.dmp.simulator import admin, deposits, searches
from adapter.dmp.simulator.actors import HEADER, Actor, read_actor
from adapter.dmp.simulator.capabilities import capability_statement
from adapter.dmp.simulator.faults import Ends, FaultLayer, Faults, ends_of, read_fault
from adapter.dmp.simulator.outcomes import WRONG, Issue, Refusal, operation_outcome
from adapter.dmp.simulator.page import page
from adapter.dmp.simulator.queries import Parameters
from adapter.dmp.simulator.registry import Registry
from adapter.dmp.simulator.store import DocumentRow, Store
from adapter.errors import FindingsError
from adapter.model.json_input import parse_json

if TYPE_CHECKING:
    from adapter.dmp.simulator.soap.gate import Trusted

FHIR: Final = "application/fhir+json"
SIZE_LIMIT: Final = 5 * 1024 * 1024
DRAINED: Final = 8  # times the limit that is read, and thrown away, so that a sender gets its answer
_FHIR_TYPES: Final = frozenset((FHIR, "application/json"))
_FORM: Final = "application/x-www-form-urlencoded"
_FIELDS_MAX: Final = 200
_MESSAGES: Final = {404: "Adresse inconnue de ce DMP.", 405: "Opération non prévue à cette adresse."}


def utc_now() -> datetime:
    """The time of the machine."""
    return datetime.now(UTC)


def create_app(
    database: str = ":memory:",
    *,
    clock: Callable[[], datetime] = utc_now,
    size_limit: int = SIZE_LIMIT,
    trusted: Trusted | None = None,
) -> FastAPI:
    """DMP server over its own database.

    Args:
        database: path of a SQLite file, kept from one run to the next, or ``:memory:``.
        clock: gives aware times.
        size_limit: largest document, in bytes; a request may be four times that, and some more.
        trusted: whom the SOAP services believe; without it there are none.
    """
    registry = Registry(Store(database), clock, size_limit)
    faults = Faults()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        registry.store.close()

    app = FastAPI(title="Simulateur de DMP", openapi_url=None, lifespan=lifespan)
    app.state.registry = registry
    app.state.faults = faults
    app.add_middleware(FaultLayer, faults=faults)
    _handlers(app, registry)
    _fhir_routes(app, registry)
    _admin_routes(app, registry, faults)
    app.state.peers = {}
    if trusted is not None:
        _soap_routes(app, registry, trusted)
    return app


# ---------------------------------------------------------------- requests and answers


def _fhir(resource: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(resource), status, headers, FHIR)


def _actor(request: Request) -> Actor:
    return read_actor(request.headers.get(HEADER))


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _body(request: Request, registry: Registry) -> bytes:
    """Body, kept no further than the limit.

    Raises:
        Refusal: 413.
    """
    limit = 4 * registry.size_limit + 1024 * 1024
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size <= limit:
            pieces.append(piece)
        elif size > DRAINED * limit:
            break  # the connection is cut: this sender does not stop
    if size > limit:
        text = f"La requête dépasse {limit} octets."
        raise Refusal(413, Issue(text, "XDSRepositoryOutOfResources", "too-long"), headers={"Connection": "close"})
    return b"".join(pieces)


def _parsed(body: bytes, root: str) -> Any:
    """JSON value of a body.

    Raises:
        Refusal: 400.
    """
    try:
        return parse_json(body, max_bytes=len(body) + 1, root=root)
    except FindingsError as fault:
        raise Refusal(400, [Issue(one.message, WRONG, "structure", one.path) for one in fault.findings]) from None


async def _resource(request: Request, registry: Registry, root: str) -> tuple[Any, bytes]:
    """Parsed body of a FHIR request, and its bytes.

    Raises:
        Refusal: 415, 413 or 400.
    """
    if _media_type(request) not in _FHIR_TYPES:
        raise Refusal(415, Issue(f"Ce DMP lit {FHIR}.", WRONG, "not-supported"))
    body = await _body(request, registry)
    return _parsed(body, root), body


async def _parameters(request: Request, registry: Registry) -> Parameters:
    """Search parameters of the URL and, for POST, of the form.

    Raises:
        Refusal: 400, 413 or 415.
    """
    texts = [request.url.query]
    if request.method == "POST":
        if _media_type(request) != _FORM:
            raise Refusal(415, Issue(f"Une recherche POST est un formulaire {_FORM}.", WRONG, "not-supported"))
        texts.append((await _body(request, registry)).decode("utf-8", "replace"))
    try:
        return [pair for text in texts for pair in parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS_MAX)]
    except ValueError:
        raise Refusal(400, Issue("Trop de paramètres de recherche.", WRONG, "too-costly")) from None


def _versioned(row: DocumentRow) -> dict[str, str]:
    return {"ETag": f'W/"{row.version}"'}


def _handlers(app: FastAPI, registry: Registry) -> None:
    """Every refusal as an OperationOutcome."""

    async def refused(_: Request, fault: Exception) -> Response:
        if not isinstance(fault, Refusal):
            raise fault
        registry.note("refus", detail=str(fault))
        return _fhir(operation_outcome(fault.issues), fault.status, fault.headers)

    async def unknown(_: Request, fault: Exception) -> Response:
        if not isinstance(fault, HTTPException):
            raise fault
        issue = Issue(_MESSAGES.get(fault.status_code, "Requête refusée."), WRONG, "not-supported")
        headers = dict(fault.headers) if fault.headers else None
        return _fhir(operation_outcome([issue]), fault.status_code, headers)

    async def store_failed(_: Request, fault: Exception) -> Response:
        busy = isinstance(fault, sqlite3.OperationalError) and "locked" in str(fault)
        code, kind = ("XDSRegistryBusy", "lock-error") if busy else ("XDSRegistryError", "exception")
        issue = Issue("Le registre est occupé." if busy else "Le registre ne répond pas.", code, kind)
        return _fhir(operation_outcome([issue]), 503 if busy else 500, {"Retry-After": "1"} if busy else None)

    async def gone(_: Request, fault: Exception) -> Response:
        return Response(status_code=400)  # the client died in the middle of its request: nobody reads this

    app.add_exception_handler(ClientDisconnect, gone)
    app.add_exception_handler(Refusal, refused)
    app.add_exception_handler(HTTPException, unknown)
    app.add_exception_handler(sqlite3.Error, store_failed)


# ---------------------------------------------------------------- FHIR


def _fhir_routes(app: FastAPI, registry: Registry) -> None:
    cursors = searches.Cursors()

    @app.get("/metadata")
    async def metadata() -> Response:
        return _fhir(capability_statement(registry.now()))

    @app.post("/")
    async def transaction(request: Request) -> Response:
        """ITI-65 (TD2, TD2.1)."""
        bundle, body = await _resource(request, registry, "Bundle")
        return _fhir(deposits.transact(registry, _actor(request), bundle, body))

    @app.post("/DocumentReference")
    async def publication(request: Request) -> Response:
        """ITI-105 (TD2)."""
        value, _ = await _resource(request, registry, "DocumentReference")
        row, resource = deposits.publish(registry, _actor(request), value)
        location = f"{_base(request)}/DocumentReference/{row.id}/_history/{row.version}"
        return _fhir(searches.shown(resource, _base(request)), 201, {"Location": location, **_versioned(row)})

    @app.patch("/DocumentReference")
    async def conditional_patch(request: Request) -> Response:
        """TD3.3a, b, d by identifier."""
        return await _patched(request, f"DocumentReference?{request.url.query}")

    @app.patch("/DocumentReference/{key}")
    async def patch(request: Request, key: str) -> Response:
        """TD3.3a, b, d by id."""
        return await _patched(request, f"DocumentReference/{key}")

    async def _patched(request: Request, url: str) -> Response:
        if _media_type(request) not in {*_FHIR_TYPES, deposits.JSON_PATCH}:
            text = f"Une modification est {deposits.JSON_PATCH} ou une ressource Parameters."
            raise Refusal(415, Issue(text, WRONG, "not-supported"))
        asked = _parsed(await _body(request, registry), "Patch")
        row = registry.change(_actor(request), url, asked, request.headers.get("if-match"))
        return _fhir(searches.shown(orjson.loads(row.resource), _base(request)), headers=_versioned(row))

    @app.delete("/DocumentReference/{key}")
    async def deletion(request: Request, key: str) -> Response:
        """TD3.3c."""
        row = registry.delete(_actor(request), f"DocumentReference/{key}", request.headers.get("if-match"))
        return Response(status_code=204, headers=_versioned(row))

    @app.api_route("/DocumentReference/_search", methods=["GET", "POST"])
    async def document_search(request: Request) -> Response:
        """ITI-67 (TD3.1)."""
        return await _searched(request, "DocumentReference")

    @app.get("/DocumentReference")
    async def document_search_by_url(request: Request) -> Response:
        return await _searched(request, "DocumentReference")

    @app.api_route("/List/_search", methods=["GET", "POST"])
    async def list_search(request: Request) -> Response:
        """ITI-66."""
        return await _searched(request, "List")

    @app.get("/List")
    async def list_search_by_url(request: Request) -> Response:
        return await _searched(request, "List")

    async def _searched(request: Request, kind: str) -> Response:
        asked = await _parameters(request, registry)
        held = dict(asked)
        actor, base = _actor(request), _base(request)
        if "_getpages" in held:
            start = held.get("_getpagesoffset", "0")
            return _fhir(searches.next_page(registry, cursors, kind, actor, held["_getpages"], start, base))
        return _fhir(searches.search(registry, cursors, kind, actor, asked, base))

    @app.api_route("/Patient/_search", methods=["GET", "POST"])
    async def patient_search(request: Request) -> Response:
        """TD0.2."""
        asked = await _parameters(request, registry)
        return _fhir(searches.patients(registry, _actor(request), asked, _base(request)))

    @app.get("/Patient")
    async def patient_search_by_url(request: Request) -> Response:
        asked = await _parameters(request, registry)
        return _fhir(searches.patients(registry, _actor(request), asked, _base(request)))

    @app.get("/DocumentReference/{key}")
    async def document(request: Request, key: str) -> Response:
        found = registry.find(_actor(request), key)
        return _fhir(searches.shown(found.resource, _base(request)), headers=_versioned(found.row))

    @app.get("/DocumentReference/{key}/_history/{version}")
    async def document_version(request: Request, key: str, version: int) -> Response:
        registry.find(_actor(request), key)
        with registry.store.reading():
            resource = registry.store.version_resource(key, version)
        if resource is None:
            raise Refusal(404, Issue("Aucune version de ce rang.", WRONG, "not-found"))
        shown = searches.shown(orjson.loads(resource), _base(request))
        return _fhir(shown, headers={"ETag": f'W/"{version}"'})

    @app.get("/List/{key}")
    async def submission_set(request: Request, key: str) -> Response:
        actor = _actor(request)
        with registry.store.reading():
            row = registry.store.list_by_id(key)
            patient = registry.store.patient_by_id(row.patient_id) if row else None
            if patient is not None:
                registry.open_patient(patient, actor)
            value = registry.visible_list(actor, row, patient) if row and patient else None
        if value is None:
            raise Refusal(404, Issue("Aucune liste sous cet identifiant.", WRONG, "not-found"))
        return _fhir(value, headers={"ETag": 'W/"1"'})

    @app.get("/Binary/{key}")
    async def binary(request: Request, key: str) -> Response:
        """ITI-68 (TD3.2): the bytes, or a Binary resource when FHIR is what is accepted."""
        mime, data = registry.read(_actor(request), "Binary", key)
        accepted = {part.partition(";")[0].strip() for part in request.headers.get("accept", "").lower().split(",")}
        if accepted & _FHIR_TYPES and "*/*" not in accepted and mime not in accepted - _FHIR_TYPES:
            resource = {"resourceType": "Binary", "id": key, "contentType": mime, "data": b64encode(data).decode()}
            return _fhir(resource)
        return Response(data, media_type=None, headers={"Content-Type": mime})

    @app.get("/Bundle/{key}")
    async def bundle(request: Request, key: str) -> Response:
        """ITI-68 (TD3.2) of a document kept as a resource: its bytes as they came."""
        mime, data = registry.read(_actor(request), "Bundle", key)
        return Response(data, media_type=None, headers={"Content-Type": mime})


# ---------------------------------------------------------------- SOAP


def _soap_routes(app: FastAPI, registry: Registry, trusted: Trusted) -> None:
    from adapter.dmp.simulator.soap import services

    peers: dict[Ends, bytes] = app.state.peers

    @app.post(services.PATH + "/{service}")
    async def call(request: Request, service: str) -> Response:
        """ITI-41, ITI-43, ITI-18, ITI-57, TD0.2, TD0.3."""
        body = await _body(request, registry)
        ends = ends_of(request.scope.get("client"), request.scope.get("server"))
        written = services.serve(
            registry,
            trusted,
            service,
            body=body,
            content_type=request.headers.get("content-type", ""),
            peer=peers.get(ends, b"") if ends else b"",
        )
        if written is None:
            raise HTTPException(404)
        return Response(written.body, written.status, headers={"Content-Type": written.content_type})


# ---------------------------------------------------------------- administration and page


def _admin_routes(app: FastAPI, registry: Registry, faults: Faults) -> None:
    def check(request: Request) -> None:
        admin.check_local(request.client.host if request.client else None, request.headers.get("host", ""))

    @app.get("/")
    async def home() -> Response:
        headers = {
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
            "Cache-Control": "no-store",
        }
        return HTMLResponse(page(registry, faults.queue), headers=headers)

    @app.put("/admin/patients")
    async def patients(request: Request) -> Response:
        check(request)
        row = registry.register_patient(admin.read_patient(_parsed(await _body(request, registry), "$")))
        return Response(orjson.dumps({"id": row.id, "state": row.state}), media_type="application/json")

    @app.post("/admin/faults")
    async def add_faults(request: Request) -> Response:
        check(request)
        asked = _parsed(await _body(request, registry), "$")
        added = [read_fault(one) for one in (asked if isinstance(asked, list) else [asked])]
        faults.queue.extend(added)
        told = {"faults": [admin.as_dict(fault) for fault in faults.queue]}
        return Response(orjson.dumps(told), 201, media_type="application/json")

    @app.delete("/admin/faults")
    async def clear_faults(request: Request) -> Response:
        check(request)
        faults.queue.clear()
        return Response(status_code=204)

    @app.get("/admin/state")
    async def state(request: Request) -> Response:
        check(request)
        return Response(orjson.dumps(admin.state(registry, faults)), media_type="application/json")
