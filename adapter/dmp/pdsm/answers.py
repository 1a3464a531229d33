"""What a PDSm server answers -> values, or the error that tells what may have happened.

Codes are kept whole, known or not. Texts of the server stay out of the errors: they may speak of the patient.
Source: FHIR R4, HTTP (status codes, transaction), OperationOutcome; PDSm 3.1.1; IHE MHD 4.2.3.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from adapter.dmp import EntryReceipt, EntryStatus, FoundEntry, FoundSet, PatientStatus
from adapter.dmp.pdsm.resources import IS_ARCHIVED
from adapter.dmp.session import Answer
from adapter.errors import DmpAccessDenied, DmpError, DmpRejected, DmpUnreachable, OutcomeUnknown
from adapter.fhir.datatypes import Json
from adapter.model.coded import CodeSystem, Coding

MASK_SYSTEM: Final = CodeSystem(
    "tre-a07",
    "1.2.250.1.213.1.1.4.13",
    "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument",
    "TRE_A07-StatutVisibiliteDocument",
)
RPPS_SYSTEM: Final = "https://rpps.esante.gouv.fr"
NATIONAL_PROFESSIONAL: Final = "urn:oid:1.2.250.1.71.4.2.1"

# FHIR issue types. Source: FHIR R4, value set issue-type.
_ACCESS: Final = frozenset({"security", "login", "unknown", "expired", "forbidden", "suppressed"})
_TRANSIENT: Final = frozenset(
    {"transient", "lock-error", "no-store", "exception", "timeout", "incomplete", "throttled"}
)
# Codes of XDS and of the DMP that decide, whatever type of issue stands beside them.
# Source: IHE ITI TF-3, table 4.2.4.1-2; SEL-MP-037 codes seen in the vendor package.
_NO_OPEN_DMP: Final = frozenset({"DMPClosed", "XDSUnknownPatientId"})
_ACCESS_CODES: Final = frozenset(
    {"DMPAccessForbidden", "DMPInvalidCertificate", "DMPIdentityCertificationFailure", "LocalPolicyRestrictionError"}
)
_BUSY_CODES: Final = frozenset(
    {
        "XDSRegistryBusy",
        "XDSRepositoryBusy",
        "XDSRegistryNotAvailable",
        "XDSRegistryOutOfResources",
        "XDSRepositoryOutOfResources",
    }
)
_TOO_LARGE: Final = 413
_REFUSED_BEFORE: Final = frozenset({408, 425, 429, 503})  # turned away before any effect
_ERRORS: Final = frozenset({"error", "fatal"})
_MAX_CODE: Final = 200
_ID: Final = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9\-.]{1,64}")  # FHIR id, and no step up in a path


def resource(answer: Answer, safe: bool, *, kinds: tuple[str, ...]) -> Json:
    """Resource of a successful answer, of one of `kinds`.

    Args:
        safe: the request had no effect: an unusable answer then means that nothing was done.

    Raises:
        DmpError: the kind that the status, the OperationOutcome or the lack of FHIR in the answer calls for.
    """
    found = _json(answer)
    if not 200 <= answer.status < 300:
        raise refusal(answer, found, safe)
    if found is None:
        kind = "html" if "html" in answer.media_type else "answer"
        raise unusable("Le DMP a répondu autre chose que du FHIR (page d'un proxy ou d'un portail ?).", kind, safe)
    if found.get("resourceType") == "OperationOutcome" and _issues(found):
        raise refusal(answer, found, safe)
    if found.get("resourceType") not in kinds:
        raise unusable("Le DMP a répondu une ressource inattendue.", "answer", safe)
    return found


def unusable(message: str, code: str, safe: bool) -> DmpError:
    """Error of an answer that says nothing usable."""
    return DmpUnreachable(message, code=code) if safe else OutcomeUnknown(message, code=code)


def refusal(answer: Answer, body: Json | None, safe: bool) -> DmpError:
    """Error for an answer that refuses: by status first, then by issue type."""
    outcome = body if body is not None and body.get("resourceType") == "OperationOutcome" else {}
    issues = _issues(outcome)
    code = _code(issues) or f"HTTP {answer.status}"
    types = {_text(issue, "code") for issue in issues}
    own = set(code.split())
    too_large = answer.status == _TOO_LARGE or "too-long" in types
    passing = bool(types & _TRANSIENT or own & _BUSY_CODES) and not too_large
    wait = answer.retry_after_s
    status = answer.status
    if 300 <= status < 400:
        return DmpUnreachable("Le DMP renvoie vers une autre adresse : elle n'est pas suivie.", code=code)
    if status in _REFUSED_BEFORE:
        return DmpUnreachable("Le DMP est momentanément indisponible.", code=code, retry_after_s=wait)
    if status in (401, 403, 407):
        return DmpAccessDenied(_DENIED, code=code)
    if status >= 500 and status != 501:
        return _in_doubt("Le DMP a rencontré une erreur interne.", code, wait, safe)
    if own & _NO_OPEN_DMP:
        return DmpAccessDenied("Ce patient n'a pas de DMP ouvert.", code=code)
    if types & _ACCESS or own & _ACCESS_CODES:
        return DmpAccessDenied(_DENIED, code=code)
    if passing and status < 300:
        return _in_doubt("Le DMP signale une erreur passagère.", code, wait, safe)
    if passing:
        return DmpUnreachable("Le DMP signale une erreur passagère.", code=code, retry_after_s=wait)
    return DmpRejected(_REJECTED.get(status, "Le DMP a refusé la demande."), code=code)


_DENIED: Final = "Le DMP refuse l'accès (droits, authentification ou choix du patient)."
_REJECTED: Final = {
    404: "Le DMP ne connaît pas ce qui est demandé.",
    410: "Ce document a été supprimé du DMP.",
    405: "Le DMP n'admet pas cette opération.",
    409: "Le DMP signale un conflit (document déjà présent ?).",
    412: "Le document a changé entre-temps dans le DMP.",
    413: "Le document est trop volumineux pour le DMP.",
    415: "Le DMP n'admet pas ce format.",
    422: "Le DMP juge la demande non conforme.",
}


def _in_doubt(message: str, code: str, wait: float | None, safe: bool) -> DmpError:
    if safe:
        return DmpUnreachable(message, code=code, retry_after_s=wait)
    return OutcomeUnknown(message, code=code, retry_after_s=wait)


def _json(answer: Answer) -> Json | None:
    """Body as a JSON object, None when it is none."""
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _issues(outcome: Json) -> list[Json]:
    """Issues of error or fatal severity."""
    return [i for i in _dicts(outcome.get("issue")) if _text(i, "severity") in _ERRORS]


def _code(issues: list[Json]) -> str:
    """Codes of the issues, the server's own before the FHIR type, each once."""
    codes: list[str] = []
    for issue in issues:
        own = [_text(c, "code") for c in _dicts(_dict(issue.get("details")).get("coding"))]
        code = next((c for c in own if c), "") or _text(issue, "code")
        if code and code not in codes:
            codes.append(code)
    return " ".join(codes)[:_MAX_CODE]


# ---------------------------------------------------------------- TD0.2


def patient_status(bundle: Json, caller_rpps: str) -> PatientStatus:
    """Status from a searchset of Patient: none is no DMP, inactive is closed, its reason in an OperationOutcome.

    Args:
        caller_rpps: RPPS of who asks, compared with ``Patient.generalPractitioner``; empty when not known.
    """
    patients = [r for r in _matches(bundle) if r.get("resourceType") == "Patient"]
    outcomes = [r for r in _members(bundle) if r.get("resourceType") == "OperationOutcome"]
    reason = _code([i for o in outcomes for i in _dicts(o.get("issue")) if i.get("code") != "informational"])
    if not patients:
        for outcome in outcomes:
            if _issues(outcome):
                raise refusal(Answer(200, {}, b""), outcome, True)
        return PatientStatus("absent", reason)
    if len(patients) > 1:
        raise unusable("Le DMP répond plusieurs dossiers pour un même INS.", "several-patients", True)
    one = patients[0]
    mine = _attending(one, caller_rpps)
    if one.get("active", True) is not True:
        return PatientStatus("closed", reason, mine)
    return PatientStatus("active", "", mine)


def blocked(answer: Answer) -> PatientStatus | None:
    """Status of an open DMP whose holder blocked the caller; None when the answer says something else.

    A blocked caller is told by 403, issue type ``forbidden`` and the DMP's own code.
    """
    outcome = _json(answer) or {}
    issues = [i for i in _issues(outcome) if i.get("code") == "forbidden" and _dict(i.get("details")).get("coding")]
    if answer.status != 403 or not issues:
        return None
    return PatientStatus("active", _code(issues), None, authorised=False)


def _attending(patient: Json, rpps: str) -> bool | None:
    practitioners = _dicts(patient.get("generalPractitioner"))
    if not rpps or not practitioners:
        return None
    for practitioner in practitioners:
        held = _dict(practitioner.get("identifier"))
        system, value = _text(held, "system"), _text(held, "value")
        if system == RPPS_SYSTEM and value == rpps:
            return True
        if system == NATIONAL_PROFESSIONAL and value == f"8{rpps}":
            return True
    return False


# ---------------------------------------------------------------- transaction


def receipts(bundle: Json, request: Json, unique_ids: tuple[str, ...]) -> tuple[EntryReceipt, ...]:
    """Receipts of the documents of a transaction, in their order.

    Args:
        request: the transaction that was sent; the documents stand right after the set.

    Raises:
        OutcomeUnknown: the answer is not that of the whole transaction; what was done is not known.
    """
    answered = _dicts(bundle.get("entry"))
    if bundle.get("type") != "transaction-response" or len(answered) != len(request["entry"]):
        raise OutcomeUnknown("La réponse du DMP ne couvre pas toute la transaction.", code="partial-response")
    for entry in answered:
        response = _dict(entry.get("response"))
        status = _text(response, "status")
        if not status.startswith("2"):
            outcome = _dict(response.get("outcome"))
            code = _code(_issues(outcome)) or f"HTTP {status[:40]}"
            raise OutcomeUnknown("La réponse du DMP mêle succès et échec.", code=code)
    return tuple(
        _receipt(unique_id, _dict(entry.get("response")))
        for unique_id, entry in zip(unique_ids, answered[1:], strict=False)
    )


def _receipt(unique_id: str, response: Json) -> EntryReceipt:
    location, version = split_location(_text(response, "location"))
    if not location:
        raise OutcomeUnknown("La réponse du DMP ne dit pas où se trouve le document.", code="no-location")
    return EntryReceipt(unique_id, location, _text(response, "etag") or version)


def split_location(text: str) -> tuple[str, str]:
    """``DocumentReference/id`` and weak ETag of a location, absolute or relative, with or without history."""
    parts = text.split("?")[0].split("/")
    for rank, part in enumerate(parts[:-1]):
        if part == "DocumentReference" and _ID.fullmatch(parts[rank + 1]):
            rest = parts[rank + 2 :]
            version = rest[1] if len(rest) == 2 and rest[0] == "_history" and rest[1] else ""
            return f"DocumentReference/{parts[rank + 1]}", f'W/"{version}"' if version else ""
    return "", ""


# ---------------------------------------------------------------- documents


def documents(bundle: Json) -> Iterator[Json]:
    """DocumentReference resources of one page.

    Raises:
        DmpError: the page carries an OperationOutcome of error severity.
    """
    yield from _searched(bundle, "DocumentReference")


def sets(bundle: Json) -> Iterator[Json]:
    """List resources of one page, as ``documents`` does."""
    yield from _searched(bundle, "List")


def next_page(bundle: Json) -> str:
    """URL of the next page, empty on the last one."""
    for link in _dicts(bundle.get("link")):
        if link.get("relation") == "next":
            return _text(link, "url")
    return ""


def _searched(bundle: Json, kind: str) -> Iterator[Json]:
    if bundle.get("type") != "searchset":
        raise unusable("Le DMP a répondu autre chose que le résultat d'une recherche.", "answer", True)
    for member in _members(bundle):
        if member.get("resourceType") == "OperationOutcome" and _issues(member):
            raise refusal(Answer(200, {}, b""), member, True)
    for match in _matches(bundle):
        if match.get("resourceType") == kind:
            yield match


def _members(bundle: Json) -> Iterator[Json]:
    for entry in _dicts(bundle.get("entry")):
        yield _dict(entry.get("resource"))


def _matches(bundle: Json) -> Iterator[Json]:
    for entry in _dicts(bundle.get("entry")):
        if _dict(entry.get("search")).get("mode", "match") == "match":
            yield _dict(entry.get("resource"))


def found_entry(value: Json, etag: str = "") -> FoundEntry:
    """Entry for a DocumentReference as a server tells it, whatever it leaves out.

    Args:
        etag: ETag of the answer that carried it; its ``meta.versionId`` serves when empty.
    """
    content = next(iter(_dicts(value.get("content"))), {})
    attachment = _dict(content.get("attachment"))
    context = _dict(value.get("context"))
    labels = [_coding(c) for label in _dicts(value.get("securityLabel")) for c in _dicts(label.get("coding"))]
    status: EntryStatus = "superseded" if value.get("status") == "superseded" else "current"
    key = _key(value)
    size = attachment.get("size")
    return FoundEntry(
        unique_id=_text(_dict(value.get("masterIdentifier")), "value").removeprefix("urn:oid:"),
        entry_uuid=_first_urn(value, "urn:uuid:"),
        location=f"DocumentReference/{key}" if key else "",
        version=etag or version(value),
        status=status,
        archived=archived(value),
        title=_text(attachment, "title") or _text(value, "description"),
        type=_concept_code(value.get("type")),
        class_=_concept_code(next(iter(_dicts(value.get("category"))), {})),
        mime_type=_text(attachment, "contentType"),
        format=_text(_dict(content.get("format")), "code"),
        confidentiality=tuple(labels),
        masks=tuple(label.code for label in labels if is_mask(label.system.uri)),
        created=_moment(_text(attachment, "creation")),
        service_start=_moment(_text(_dict(context.get("period")), "start")),
        hash_sha1=_base64(_text(attachment, "hash")),
        size_bytes=size if isinstance(size, int) and not isinstance(size, bool) else -1,
        url=_text(attachment, "url"),
        replaces=_replaces(value),
    )


def found_set(value: Json) -> FoundSet:
    """Submission set for a List as a server tells it."""
    source = next(
        (_dict(e.get("valueIdentifier")) for e in _dicts(value.get("extension")) if "sourceId" in _text(e, "url")), {}
    )
    key = _key(value)
    return FoundSet(
        unique_id=_first_urn(value, "urn:oid:"),
        entry_uuid=_first_urn(value, "urn:uuid:"),
        location=f"List/{key}" if key else "",
        status=_text(value, "status"),
        title=_text(value, "title"),
        submitted=_moment(_text(value, "date")),
        source_id=_text(source, "value").removeprefix("urn:oid:"),
        entries=tuple(_text(_dict(e.get("item")), "reference") for e in _dicts(value.get("entry"))),
    )


def version(value: Json) -> str:
    """Weak ETag of a resource by its version, empty when it tells none."""
    number = _text(_dict(value.get("meta")), "versionId")
    return f'W/"{number}"' if number else ""


def archived(value: Json) -> bool:
    """Whether a DocumentReference is put away."""
    return any(e.get("url") == IS_ARCHIVED and e.get("valueBoolean") is True for e in _dicts(value.get("extension")))


def is_mask(system: str) -> bool:
    """Whether a code system is TRE_A07; the published guides spell its URI in two ways."""
    return "/TRE_A07-" in system or system == f"urn:oid:{MASK_SYSTEM.oid}"


def bears(value: Json, oid: str) -> bool:
    """Whether a DocumentReference bears this OID: a lenient server ignores what it was asked for."""
    held = [_dict(value.get("masterIdentifier")), *_dicts(value.get("identifier"))]
    return any(_text(one, "value").removeprefix("urn:oid:") == oid for one in held)


def read_binary(answer: Answer) -> bytes:
    """Content of a read that came as JSON: that of the Binary around it, or the body itself when it is a document.

    Raises:
        DmpError: a 200 that carries an error.
    """
    found = _json(answer) or {}
    if found.get("resourceType") == "OperationOutcome" and _issues(found):
        raise refusal(answer, found, True)
    if found.get("resourceType") == "Binary" and (content := binary_data(found)) is not None:
        return content
    return answer.body


def inline_data(value: Json) -> bytes | None:
    """Document inside a DocumentReference, None when it stands elsewhere."""
    content = next(iter(_dicts(value.get("content"))), {})
    return binary_data(_dict(content.get("attachment")))


def binary_data(value: Json) -> bytes | None:
    """Content of a Binary or an attachment, None when there is none or it is no base64."""
    data = value.get("data")
    if not isinstance(data, str):
        return None
    try:
        return b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _key(value: Json) -> str:
    """Logical id, empty when it is none: it goes into URLs."""
    key = _text(value, "id")
    return key if _ID.fullmatch(key) else ""


def _replaces(value: Json) -> str:
    for relation in _dicts(value.get("relatesTo")):
        if relation.get("code") == "replaces":
            target = _dict(relation.get("target"))
            return _urn(_dict(target.get("identifier")), "urn:oid:") or _text(target, "reference")
    return ""


def _coding(value: Json) -> Coding:
    uri = _text(value, "system")
    return Coding(CodeSystem("", uri.removeprefix("urn:oid:"), uri, ""), _text(value, "code"), _text(value, "display"))


def _concept_code(value: object) -> str:
    return next((_text(c, "code") for c in _dicts(_dict(value).get("coding"))), "")


def _first_urn(value: Json, scheme: str) -> str:
    return next((found for held in _dicts(value.get("identifier")) if (found := _urn(held, scheme))), "")


def _urn(held: Json, scheme: str) -> str:
    value = _text(held, "value")
    return value.removeprefix(scheme) if value.startswith(scheme) else ""


def _base64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _text(value: Json, name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _dict(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[Json]:  # what a server sent may be anything
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
