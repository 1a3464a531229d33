"""Which problem each exception of the package becomes."""

from __future__ import annotations

import math
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from adapter.api.sending import SubmissionRefused
from adapter.errors import (
    AdapterError,
    DmpAccessDenied,
    DmpError,
    DmpRejected,
    DocumentInvalid,
    Finding,
    FindingsError,
    MappingError,
    MissingExtra,
    OutboxError,
    OutcomeUnknown,
    Severity,
)
from adapter.outbox import OutboxBusy, OutboxConflict, OutboxRefusal
from adapter.service.problems import Refusal, problem

_OPPOSITION = "SUB-OPPOSITION"
_METHODS = {
    404: ("not-found", "Aucune opération à cette adresse."),
    405: ("method", "Cette opération ne s'appelle pas ainsi."),
}


def add_handlers(app: FastAPI) -> None:
    """Every exception that a request may end in becomes a problem."""

    async def refused(_: Request, fault: Exception) -> Response:
        return problem(refusal(fault))

    async def gone(_: Request, fault: Exception) -> Response:
        return Response(status_code=400)  # the client died in the middle of its request: nobody reads this

    async def broken(_: Request, fault: Exception) -> Response:
        told = "Le service n'a pas pu répondre ; la faute est dans son journal."
        return problem(Refusal("internal", told, headers={"Connection": "close"}))  # the server cuts it anyway

    app.add_exception_handler(ClientDisconnect, gone)
    for kind in (Refusal, HTTPException, RequestValidationError, AdapterError):
        app.add_exception_handler(kind, refused)
    app.add_exception_handler(Exception, broken)


def refusal(fault: Exception) -> Refusal:
    """The problem that tells `fault`.

    Raises:
        Exception: `fault` itself, when it is no end that we know.
    """
    match fault:
        case Refusal():
            return fault
        case FindingsError():
            return _of_findings(fault)
        case DmpError():
            return _of_dmp(fault)
        case OutboxError():
            return _of_queue(fault)
        case MissingExtra():
            return Refusal("not-acceptable", str(fault))
        case AdapterError():
            return Refusal("internal", str(fault))
        case RequestValidationError():
            return Refusal("parameters", "Un paramètre n'a pas une valeur admise.", findings=_of_parameters(fault))
        case HTTPException():
            name, detail = _METHODS.get(fault.status_code, ("bad-request", "Requête mal formée."))
            return Refusal(name, detail, headers=fault.headers)
        case _:
            raise fault


def _of_findings(fault: FindingsError) -> Refusal:
    errors = [one for one in fault.findings if one.severity is Severity.ERROR]
    match fault:
        case SubmissionRefused():
            if any(one.rule == _OPPOSITION for one in errors):
                detail = "Le patient s'oppose à l'alimentation de son DMP : rien n'est envoyé."
                return Refusal("patient-opposition", detail, findings=fault.findings)
            return Refusal("submission-refused", "Ce document ne peut pas être déposé.", findings=fault.findings)
        case MappingError():
            return Refusal("tables", "Les tables ne connaissent pas une valeur de la visite.", findings=fault.findings)
        case DocumentInvalid():
            return Refusal("document-invalid", "Le document produit n'est pas assez bon.", findings=fault.findings)
    if any(one.rule == "JSON-SIZE" for one in errors):
        return Refusal("too-large", "La visite dépasse la taille acceptée.", findings=fault.findings)
    if errors and all(one.rule.startswith("JSON-") for one in errors):
        return Refusal("unreadable-body", "Le corps n'est pas du JSON lisible.", findings=fault.findings)
    return Refusal("visit-invalid", "La visite est refusée ; chaque constat dit où.", findings=fault.findings)


def _of_dmp(fault: DmpError) -> Refusal:
    more: dict[str, Any] = {"dmp_code": fault.code[:200]} if fault.code else {}
    wait = {"Retry-After": str(math.ceil(fault.retry_after_s))} if fault.retry_after_s else None
    match fault:
        case DmpAccessDenied():
            return Refusal("dmp-access-denied", fault.message, more=more)
        case DmpRejected():
            return Refusal("dmp-rejected", fault.message, more=more)
        case OutcomeUnknown():
            return Refusal("dmp-outcome-unknown", fault.message, more=more, headers=wait)
        case _:
            return Refusal("dmp-unreachable", fault.message, more=more, headers=wait)


def _of_queue(fault: OutboxError) -> Refusal:
    match fault:
        case OutboxConflict():
            return Refusal("key-reused", str(fault))
        case OutboxRefusal():
            return Refusal("submission-state", str(fault))
        case OutboxBusy():
            return Refusal("queue", str(fault), headers={"Retry-After": "1"})
        case _:
            return Refusal("queue", str(fault))


def _of_parameters(fault: RequestValidationError) -> list[Finding]:
    """One finding a parameter; neither the words of the library nor the value are kept."""
    found = []
    for error in fault.errors():
        path = ".".join(str(step) for step in error["loc"])
        found.append(Finding("SVC-PARAMETER", Severity.ERROR, path, _said(error), "Contrat OpenAPI du service"))
    return found


def _said(error: dict[str, Any]) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return "Ce paramètre est obligatoire."
        case "literal_error" | "enum":
            return f"Valeurs admises : {str(context.get('expected', '')).replace(' or ', ', ')}."
        case "greater_than_equal":
            return f"Au moins {context['ge']}."
        case "less_than_equal":
            return f"Au plus {context['le']}."
        case _:
            return "Valeur d'une autre forme que celle attendue."
