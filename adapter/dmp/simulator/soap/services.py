"""The four SOAP services: each request is taken apart, its caller let in, its operation done, its answer written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from lxml import etree

from adapter.dmp.simulator.outcomes import Issue, Refusal
from adapter.dmp.simulator.registry import Registry
from adapter.dmp.simulator.soap import feeding, gate, incoming, people, querying, retrieving, updating
from adapter.dmp.simulator.soap.answers import (
    DONE,
    Reply,
    SoapFault,
    Written,
    refused,
    registry_response,
    write,
    write_fault,
)
from adapter.dmp.simulator.soap.gate import Caller, Trusted
from adapter.dmp.simulator.soap.incoming import Incoming

# Actions of WS-Addressing. Source: DMP vendor package (messages of each transaction).
FEED: Final = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
RETRIEVE: Final = "urn:ihe:iti:2007:RetrieveDocumentSet"
QUERY: Final = "urn:ihe:iti:2007:RegistryStoredQuery"
UPDATE: Final = "urn:ihe:iti:2010:UpdateDocumentSet"
EXISTENCE: Final = "urn:hl7-org:v3:PRPA_IN201307UV02"
AUTHORISE: Final = "urn:si-dmp-habilitations:HabilitationsEndPoint:setAuthorization"

PATH: Final = "/services"
ENVELOPE_MAX: Final = 4 * 1024 * 1024

_Operation = Callable[[Registry, Trusted, Caller, Incoming], Reply]


@dataclass(frozen=True, slots=True)
class _Served:
    """One operation: what it does, and the action of its answer."""

    do: _Operation
    answer: str


def serve(
    registry: Registry, trusted: Trusted, service: str, *, body: bytes, content_type: str, peer: bytes
) -> Written | None:
    """Answer to one request, None when there is no such service.

    Args:
        peer: DER certificate of the TLS session, empty without one.
    """
    operations = SERVICES.get(service)
    if operations is None:
        return None
    message_id = ""
    try:
        request = incoming.read(body, content_type, tuple(operations), max_bytes=ENVELOPE_MAX)
        message_id = request.message_id
        caller = gate.let_in(request.assertion, registry, trusted, peer)
        served = operations[request.action]
        return write(_done(served.do, registry, trusted, caller, request), served.answer, message_id)
    except SoapFault as fault:
        registry.note("refus", detail=str(fault))
        return write_fault(fault, message_id or incoming.message_of(body, content_type))


def _done(operation: _Operation, registry: Registry, trusted: Trusted, caller: Caller, request: Incoming) -> Reply:
    try:
        return operation(registry, trusted, caller, request)
    except Refusal as fault:
        registry.note("refus", detail=str(fault))
        return Reply(registry_response(refused(fault.issues)))
    except sqlite3.Error as error:
        busy = isinstance(error, sqlite3.OperationalError) and "locked" in str(error)
        issue = Issue(
            "Le registre est occupé." if busy else "Le registre ne répond pas.",
            "XDSRegistryBusy" if busy else "XDSRegistryError",
        )
        return Reply(registry_response(refused([issue])))


def _feed(registry: Registry, trusted: Trusted, caller: Caller, request: Incoming) -> Reply:
    feeding.feed(registry, trusted, caller, request)
    return _success()


def _update(registry: Registry, trusted: Trusted, caller: Caller, request: Incoming) -> Reply:
    updating.update(registry, caller, request.payload)
    return _success()


def _success() -> Reply:
    return Reply(registry_response(DONE))


def _simple(do: Callable[[Registry, Caller, etree._Element], etree._Element]) -> _Operation:
    return lambda registry, trusted, caller, request: Reply(do(registry, caller, request.payload))


SERVICES: Final[Mapping[str, Mapping[str, _Served]]] = {
    "repository": {
        FEED: _Served(_feed, f"{FEED}Response"),
        RETRIEVE: _Served(
            lambda registry, trusted, caller, request: retrieving.read(registry, caller, request.payload),
            f"{RETRIEVE}Response",
        ),
    },
    "registry": {
        QUERY: _Served(_simple(querying.answer), f"{QUERY}Response"),
        UPDATE: _Served(_update, f"{UPDATE}-Response"),
    },
    "patients": {EXISTENCE: _Served(_simple(people.existence), EXISTENCE.replace("201307", "201308"))},
    "habilitations": {AUTHORISE: _Served(_simple(people.authorisation), f"{AUTHORISE}Response")},
}
