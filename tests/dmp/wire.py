"""What the tests of the PDSm client share: a prepared submission, a client without waits, answers of a server."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any

import orjson
import responses

from adapter import cda as cda_printer
from adapter import fhir as fhir_printer
from adapter.dmp.pdsm import PdsmClient
from adapter.dmp.pdsm.resources import comprehensive
from adapter.dmp.session import DmpSession, RetryPolicy
from adapter.model.coded import CodeSystem, Coding
from adapter.model.document import Document, Identifier
from adapter.submission import Submission, prepare
from tests.documents import full_document

BASE = "https://dmp.example.org/fhir"
NOW = datetime(2026, 10, 12, 17, 0, tzinfo=UTC)
RPPS = "99700100003"
TRE_A07 = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument"
IS_ARCHIVED = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived"

DOCUMENT = full_document()
CDA = cda_printer.render(DOCUMENT)
BUNDLE = fhir_printer.render(DOCUMENT)
PATIENT: Identifier = DOCUMENT.patient.ins or Identifier("", "")
PRIVATE = (PATIENT.value, DOCUMENT.patient.birth_family, DOCUMENT.patient.used_family)

Json = dict[str, Any]


def document(*masks: str, replaces: bool = False) -> Document:
    system = CodeSystem("tre-a07", "1.2.250.1.213.1.1.4.13", TRE_A07, "TRE_A07")
    kept = DOCUMENT if replaces else replace(DOCUMENT, replaces_oid="")
    return replace(kept, visibility=tuple(Coding(system, mask) for mask in masks))


def submission(
    *, cda: bool = True, fhir: bool = False, replaces: bool = False, masks: tuple[str, ...] = ()
) -> Submission:
    return prepare(
        document(*masks, replaces=replaces),
        cda=CDA if cda else None,
        bundle=BUNDLE if fhir else None,
        submission_time=NOW,
        opposition=False,
    )


def client(*, waits: list[float] | None = None, post_search: bool = True, rpps: str = RPPS, **more: Any) -> PdsmClient:
    """Client that never waits; `waits` receives what it would have waited."""
    slept: list[float] = [] if waits is None else waits
    session = DmpSession(sleep=slept.append, retry=RetryPolicy(attempts=3, first_wait_s=0.5, longest_wait_s=10), **more)
    return PdsmClient(BASE, session, caller_rpps=rpps, post_search=post_search)


def answer(
    method: str, path: str, body: Json | bytes | str = b"", status: int = 200, headers: dict[str, str] | None = None,
    content_type: str = "application/fhir+json",
) -> responses.BaseResponse:  # fmt: skip
    """Registers one answer of the server."""
    data = orjson.dumps(body) if isinstance(body, dict) else body
    return responses.add(method, BASE + path, body=data, status=status, headers=headers, content_type=content_type)


def outcome(code: str, own: str = "", severity: str = "error", text: str = "") -> Json:
    issue: Json = {"severity": severity, "code": code}
    if own or text:
        issue["details"] = {"coding": [{"code": own}] if own else [], "text": text}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def searchset(*matches: Json, next_url: str = "", outcomes: tuple[Json, ...] = ()) -> Json:
    entries = [{"resource": one, "search": {"mode": "match"}} for one in matches]
    entries += [{"resource": one, "search": {"mode": "outcome"}} for one in outcomes]
    bundle: Json = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    if next_url:
        bundle["link"] = [{"relation": "next", "url": next_url}]
    return bundle


def transaction_response(*locations: str, statuses: tuple[str, ...] = ()) -> Json:
    return {
        "resourceType": "Bundle",
        "type": "transaction-response",
        "entry": [
            {"response": {"status": status, **({"location": location} if location else {})}}
            for location, status in zip(locations, statuses or ("201 Created",) * len(locations), strict=True)
        ],
    }


def stored(*masks: str, archived: bool | None = False, version: str = "1", url: str = "Binary/b1", **more: Any) -> Json:
    """The CDA document of ``submission()`` as a server gives it back."""
    entry = submission(masks=masks).entries[0]
    found = comprehensive(entry, NOW)
    found["id"] = "d1"
    found["meta"] = {**found["meta"], "versionId": version}
    if archived is None:
        del found["extension"]
    else:
        found["extension"] = [{"url": IS_ARCHIVED, "valueBoolean": archived}]
    found["content"][0]["attachment"]["url"] = url
    found.update(more)
    return found


def describing(content: bytes, url: str = "Binary/b1", mime: str = "text/xml") -> Json:
    """A stored document whose content is `content`."""
    found = stored(url=url)
    found["content"][0]["attachment"] |= {
        "contentType": mime,
        "size": len(content),
        "hash": b64encode(sha1(content).digest()).decode(),
    }
    return found


def sent(rank: int = -1) -> Any:
    """Request of the call of this rank."""
    return responses.calls[rank].request


def form(request: Any) -> list[tuple[str, str]]:
    from urllib.parse import parse_qsl

    body = request.body
    return parse_qsl(body.decode() if isinstance(body, bytes) else body, keep_blank_values=True, strict_parsing=True)
