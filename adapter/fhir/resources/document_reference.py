"""DocumentReference and Binary of a joined file."""

from __future__ import annotations

from adapter.fhir.datatypes import Frame, Json, base64, coded, resource
from adapter.model.document import Attachment


def document_reference(value: Attachment, language: str, frame: Frame) -> Json:
    """DocumentReference resource; size and digest are those of the decoded file.

    It has no author: the doctor who joins a file did not write it, advance directives are the patient's own.
    Source: fr-document-reference-document (document-core 0.1.0): type 1..1.
    """
    found = resource("DocumentReference", value.key, frame, ("document-reference",), value.statement)
    found["status"] = "current"
    found["docStatus"] = "final"
    found["type"] = coded(value.type) if value.type else {"text": value.title}
    found["subject"] = frame.patient
    found["date"] = frame.written_at
    attachment: Json = {
        "contentType": value.media_type,
        "language": language,
        "url": f"urn:uuid:{value.binary_key}",
        "size": value.size_bytes,
        "hash": base64(value.sha1),
        "title": value.title,
    }
    if value.created_on:
        attachment["creation"] = value.created_on.isoformat()
    found["content"] = [{"attachment": attachment}]
    return found


def binary(value: Attachment) -> Json:
    """Binary resource with the base64 text as received. Source: FHIR R4, Binary."""
    return {"resourceType": "Binary", "id": value.binary_key, "contentType": value.media_type, "data": value.data}
