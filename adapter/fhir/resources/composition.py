"""Composition: header and sections of the document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from adapter.fhir.datatypes import (
    Frame,
    Json,
    coded,
    oid_identifier,
    period,
    reference,
)
from adapter.fhir.narrative import narrative, paragraphs
from adapter.model.document import Document, FhirSection

# What an identifier of a document is called. Source: FHIR R4, identifier-type admits other codes (extensible).
_DOCUMENT_ID: Final[Json] = {"text": "Identifiant unique du document"}


@dataclass(frozen=True, slots=True)
class SectionContent:
    """One section ready to print: its XHTML and the keys of its entries, in order."""

    section: FhirSection
    xhtml: str
    entries: Sequence[str]


def composition(document: Document, sections: Sequence[SectionContent], frame: Frame) -> Json:
    """Composition resource.

    Args:
        document: the header is read from it.
        sections: sections that have content, in order.
        frame: what the document's resources share.
    Source: fr-composition-document (document-core 0.1.0), clinical-document-composition (HL7 1.1.0).
    """
    found: Json = {"resourceType": "Composition", "id": document.composition_key}
    if meta := frame.meta(("composition", "clinical-composition")):
        found["meta"] = meta
    found["language"] = document.language
    heading = [document.title]
    if document.correction:
        heading.append(document.correction)
    found["text"] = narrative(paragraphs(heading))
    found |= frame.extended({"ext-composition-version": {"valueString": str(document.version)}})
    found["identifier"] = oid_identifier(document.set_oid)
    found["status"] = "final"
    found["type"] = coded(document.type)
    found["category"] = [coded(document.class_)]
    found["subject"] = frame.patient
    found["encounter"] = reference(document.encounter.key)
    found["date"] = frame.written_at
    found["author"] = [
        {
            **frame.extended({"ext-author-time": {"valueDateTime": frame.written_at}}),
            **frame.author,
        }
    ]
    found["title"] = document.title
    found["confidentiality"] = document.confidentiality.code
    found["attester"] = [{"mode": "legal", "time": frame.written_at, "party": frame.author}]
    found["custodian"] = reference(document.custodian.key)
    if document.replaces_oid:
        target = {"type": _DOCUMENT_ID, **oid_identifier(document.replaces_oid)}
        found["relatesTo"] = [{"code": "replaces", "targetIdentifier": target}]
    found["event"] = [_event(document, frame)]
    found["section"] = [_section(content) for content in sections]
    return found


def _event(document: Document, frame: Frame) -> Json:
    found = frame.extended(
        {
            "ext-event-performer": {"valueReference": frame.author},
            "ext-principal-event": {"valueBoolean": True},
        }
    )
    if document.encounter.type:
        found["code"] = [coded(document.encounter.type)]
    found["period"] = period(document.encounter.start, document.encounter.end)
    found["detail"] = [reference(document.encounter.key)]
    return found


def _section(content: SectionContent) -> Json:
    found: Json = {
        "title": content.section.title,
        "code": coded(content.section.code),
        "text": narrative(content.xhtml),
    }
    if content.entries:
        found["entry"] = [reference(key) for key in content.entries]
    return found
