"""The audit trail: one FHIR AuditEvent per disclosure, each holding the digest of the one before.

The patient stands in it as a keyed digest only: no INS, no name, no word of the documents, so that the export may
travel to a log server. Who holds the queue can compute the digest of a patient and find the events.
Source: IHE BALP 1.1.4 profiles PrivacyDisclosure.Source (documents sent), PatientQuery (search), PatientRead (content
read back); FHIR R4 AuditEvent.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from datetime import datetime
from typing import Any, Final

import orjson

from adapter.model.document import Identifier
from adapter.outbox.values import Disclosure

GENESIS: Final = "0" * 64
PATIENT_SYSTEM: Final = "urn:dmp-adapter:outbox:patient"
CHAIN_SYSTEM: Final = "urn:dmp-adapter:outbox:chain"
MAPPINGS_DIGEST: Final = "mappings-digest"

_BALP: Final = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
_DCM: Final = "http://dicom.nema.org/resources/ontology/DCM"
_ENTITY_TYPE: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ENTITY_ROLE: Final = "http://terminology.hl7.org/CodeSystem/object-role"
_REST: Final = {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest"}
_INTERACTION: Final = "http://hl7.org/fhir/restful-interaction"
_SOURCE_ROLE: Final = {"coding": [{"system": _DCM, "code": "110153", "display": "Source Role ID"}]}
_DESTINATION_ROLE: Final = {"coding": [{"system": _DCM, "code": "110152", "display": "Destination Role ID"}]}
_AUTHOR_ROLE: Final = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType",
            "code": "AUT",
            "display": "author (originator)",
        }
    ]
}
_DATA: Final = {"system": _ENTITY_TYPE, "code": "2", "display": "System Object"}
_URI: Final = "urn:ietf:rfc:3986"
_OUTCOMES: Final = {"0": "Succès", "4": "Résultat inconnu", "8": "Refusé par le DMP"}
_EVENTS: Final[dict[str, dict[str, Any]]] = {
    "submit": {
        "profile": "PrivacyDisclosure.Source",
        "type": {"system": _DCM, "code": "110106", "display": "Export"},
        "subtype": [{"system": "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle", "code": "disclose"}],
        "action": "R",
    },
    "search": {
        "profile": "PatientQuery",
        "type": _REST,
        "subtype": [{"system": _INTERACTION, "code": "search-type"}],
        "action": "E",
    },
    "read": {
        "profile": "PatientRead",
        "type": _REST,
        "subtype": [{"system": _INTERACTION, "code": "read"}],
        "action": "R",
    },
}


def audit_event(
    disclosure: Disclosure,
    *,
    author: Identifier | None,
    patient: str,
    observer: str,
    recipient: str,
    recorded: datetime,
    previous: str,
    mappings_digest: str = "",
) -> bytes:
    """Canonical JSON (keys sorted, UTF-8, one line) of the event; its SHA-256 is the link of the next one.

    Args:
        author: who answers for the deposit, by national identifier; None when it has none.
        patient: keyed digest.
        observer: name of this system. recipient: address or name of the DMP.
        previous: digest of the event before, hex.
        mappings_digest: digest of the tables that made the documents, told with a submission; empty: not known.
    """
    event = _EVENTS[disclosure.kind]
    sending = disclosure.kind != "read"  # the one who reads is the destination of the data, BALP PatientRead
    here = {"type": "Device", "display": observer}
    us = {"who": here, "requestor": False, "network": {"address": observer, "type": "1"}}
    them = {"who": {"display": recipient}, "requestor": False, "network": {"address": recipient, "type": "5"}}
    agents = [
        {"type": _SOURCE_ROLE if sending else _DESTINATION_ROLE, **us},
        {"type": _DESTINATION_ROLE if sending else _SOURCE_ROLE, **them},
        *_author(author),
    ]
    chain = {
        "type": {"system": _ENTITY_TYPE, "code": "4", "display": "Other"},
        "what": {"identifier": {"system": CHAIN_SYSTEM, "value": previous}},
    }
    person = {
        "type": {"system": _ENTITY_TYPE, "code": "1", "display": "Person"},
        "role": {"system": _ENTITY_ROLE, "code": "1", "display": "Patient"},
        "what": {"type": "Patient", "identifier": {"system": PATIENT_SYSTEM, "value": patient}},
    }
    resource: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "meta": {"profile": [_BALP + event["profile"]]},
        "type": event["type"],
        "subtype": event["subtype"],
        "action": event["action"],
        "recorded": recorded.isoformat(timespec="milliseconds"),
        "outcome": disclosure.outcome,
        "outcomeDesc": _OUTCOMES[disclosure.outcome],
        "agent": agents,
        "source": {"observer": here},
        "entity": [person, *_documents(disclosure, mappings_digest), chain],
    }
    resource["id"] = str(uuid.uuid5(uuid.NAMESPACE_OID, previous + resource["recorded"]))
    return orjson.dumps(resource, option=orjson.OPT_SORT_KEYS)


def digest(event: bytes) -> str:
    """Link that the next event carries."""
    return hashlib.sha256(event).hexdigest()


def link(event: bytes) -> str | None:
    """Digest of the event before, as `event` carries it; None when it carries none."""
    try:
        (chain,) = (
            entity["what"]["identifier"]["value"]
            for entity in orjson.loads(event)["entity"]
            if "what" in entity and entity["what"]["identifier"]["system"] == CHAIN_SYSTEM
        )
    except (KeyError, TypeError, ValueError):
        return None
    return str(chain)


def _author(identifier: Identifier | None) -> list[dict[str, Any]]:
    if identifier is None:
        return []
    who = {"identifier": {"system": f"urn:oid:{identifier.root}", "value": identifier.value}}
    return [{"type": _AUTHOR_ROLE, "who": who, "requestor": True}]


def _documents(disclosure: Disclosure, mappings_digest: str) -> list[dict[str, Any]]:
    """The data: documents by uniqueId; a search is told by its request, the patient left out."""
    ids = [f"urn:oid:{one}" for one in disclosure.unique_ids]
    if disclosure.kind == "search":
        request = "identifier=" + ",".join(f"{_URI}|{one}" for one in ids) if ids else "DocumentReference"
        query = base64.b64encode(request.encode()).decode()
        return [{"type": _DATA, "role": {"system": _ENTITY_ROLE, "code": "24", "display": "Query"}, "query": query}]
    report = {"system": _ENTITY_ROLE, "code": "3", "display": "Report"}
    told = {"type": MAPPINGS_DIGEST, "valueString": mappings_digest}
    detail = {"detail": [told]} if mappings_digest and disclosure.kind == "submit" else {}
    return [
        {
            "type": _DATA,
            "role": report,
            "what": {"type": "DocumentReference", "identifier": {"system": _URI, "value": one}},
            **detail,
        }
        for one in ids
    ]
