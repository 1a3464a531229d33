"""What we send over PDSm, as plain dicts: transaction ITI-65, publication ITI-105, contained people.

Everything satisfies PDSm 3.1.0 and 3.1.1: custodian, ``masterIdentifier.use``, PractitionerRole as the source of the
set, identifiers with their type.
Source: ANS, PDSm 3.1.1 (profiles ``pdsm-comprehensive-provide-document-bundle`` and ``pdsm-simplified-publish``).
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from adapter.fhir.datatypes import Frame, Json, coded, coding, moment, oid_identifier
from adapter.fhir.resources.organization import organization
from adapter.fhir.resources.patient import patient
from adapter.fhir.resources.practitioner import practitioner, practitioner_role
from adapter.model.document import Identifier, Organization, Patient, Professional
from adapter.submission.values import DocumentEntry, Submission, SubmissionSet

PDSM: Final = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/"
MHD: Final = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/"
URI: Final = "urn:ietf:rfc:3986"
IS_ARCHIVED: Final = f"{PDSM}pdsm-ext-is-archived"

# Profiles that contained resources declare; those of documents are for documents.
_PROFILES: Final = {
    "core-patient-ins": "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient-ins",
    "core-patient": "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient",
    "as-practitioner": "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-practitioner",
    "as-practitioner-role": "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-practitionerrole",
    "as-organization": "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-organization",
}


def transaction(submission: Submission) -> Json:
    """Bundle of ITI-65: the set, one DocumentReference an entry, one Binary a content, one patch a replaced document.

    A FHIR document travels as a Binary too: its hash is that of its bytes, and a server may rewrite a Bundle.
    Source: PDSm 3.1.1, ``pdsm-comprehensive-provide-document-bundle``; IHE MHD 4.2.3, ITI-65.
    """
    entries = submission.entries
    members = [
        _post(submission_set(submission.set, entries), submission.set.entry_uuid),
        *(_post(comprehensive(entry, submission.set.submission_time), entry.entry_uuid) for entry in entries),
        *(_supersede(entry.replaces) for entry in entries if entry.replaces),
        *(
            _post(binary(entry, content), binary_key(entry))
            for entry, content in zip(entries, submission.contents, strict=True)
        ),
    ]
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [f"{PDSM}pdsm-comprehensive-provide-document-bundle"]},
        "type": "transaction",
        "entry": members,
    }


def submission_set(value: SubmissionSet, entries: tuple[DocumentEntry, ...]) -> Json:
    """List of one deposit. Source: PDSm 3.1.1, ``pdsm-submissionset-comprehensive``."""
    people = _People()
    source: Json = {"reference": people.role(value.author)}
    if value.author.organization:
        place = {"reference": people.organization(value.author.organization)}
        source["extension"] = [{"url": f"{MHD}ihe-authorOrg", "valueReference": place}]
    return {
        "resourceType": "List",
        "meta": {"profile": [f"{PDSM}pdsm-submissionset-comprehensive"]},
        "contained": people.contained,
        "extension": [
            {"url": f"{MHD}ihe-designationType", "valueCodeableConcept": coded(value.content_type)},
            {"url": f"{MHD}ihe-sourceId", "valueIdentifier": oid_identifier(value.source_id)},
        ],
        "identifier": [{"use": "usual", **oid_identifier(value.unique_id)}, _entry_uuid(value.entry_uuid)],
        "status": "current",
        "mode": "working",
        "title": value.title,
        "code": {
            "coding": [{"system": "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes", "code": "submissionset"}]
        },
        "subject": {"reference": conditional_patient(value.patient_id)},
        "date": moment(value.submission_time),
        "source": source,
        "entry": [{"item": {"reference": f"urn:uuid:{entry.entry_uuid}"}} for entry in entries],
    }


def comprehensive(entry: DocumentEntry, submitted: datetime) -> Json:
    """DocumentReference of ITI-65. Source: PDSm 3.1.1, ``pdsm-comprehensive-document-reference``."""
    people = _People()
    found = _described(entry, submitted, people, "pdsm-comprehensive-document-reference")
    found["extension"] = [{"url": IS_ARCHIVED, "valueBoolean": False}]
    found["identifier"] = [_entry_uuid(entry.entry_uuid)]
    found["subject"] = {"reference": conditional_patient(entry.patient_id)}
    if entry.replaces:
        found["relatesTo"] = [{"code": "replaces", "target": {"reference": conditional_document(entry.replaces)}}]
    found["content"][0]["attachment"]["url"] = f"urn:uuid:{binary_key(entry)}"
    found["contained"] = people.contained
    return found


def simplified(entry: DocumentEntry, content: bytes, submitted: datetime, replaced: str = "") -> Json:
    """DocumentReference of ITI-105, the document inside.

    Args:
        replaced: literal reference of the document that this one replaces (``DocumentReference/…``), or empty.
    Source: PDSm 3.1.1, ``pdsm-simplified-publish``.
    """
    people = _People()
    found = _described(entry, submitted, people, "pdsm-simplified-publish")
    found["subject"] = {"type": "Patient", "identifier": people.typed_ins(entry.patient)}
    if entry.replaces:
        target: Json = {"type": "DocumentReference", "identifier": oid_identifier(entry.replaces)}
        if replaced:
            target["reference"] = replaced
        found["relatesTo"] = [{"code": "replaces", "target": target}]
    found["content"][0]["attachment"]["data"] = b64encode(content).decode("ascii")
    found["contained"] = people.contained
    return found


def binary(entry: DocumentEntry, content: bytes) -> Json:
    """Binary with the exact bytes. Source: FHIR R4, Binary."""
    return {"resourceType": "Binary", "contentType": entry.mime_type, "data": b64encode(content).decode("ascii")}


def binary_key(entry: DocumentEntry) -> str:
    """UUID of the Binary of an entry, kept on every re-send."""
    return str(uuid5(UUID(entry.entry_uuid), "binary"))


def conditional_patient(value: Identifier) -> str:
    """Reference by INS; the body of a transaction only. Source: FHIR R4, transaction, conditional references."""
    return f"Patient?identifier=urn:oid:{value.root}|{value.value}"


def conditional_document(unique_id: str) -> str:
    """Reference or request by uniqueId."""
    return f"DocumentReference?identifier={URI}|urn:oid:{unique_id}"


def _described(entry: DocumentEntry, submitted: datetime, people: _People, profile: str) -> Json:
    """What both ways of depositing say of a document."""
    author = {"reference": people.role(entry.author)}
    authenticator = {"reference": people.role(entry.legal_authenticator)}
    custodian = {"reference": people.organization(entry.custodian)}
    context: Json = {
        "period": {"start": moment(entry.service_start), "end": moment(entry.service_stop)},
        "facilityType": coded(entry.facility),
        "practiceSetting": coded(entry.practice_setting),
        "sourcePatientInfo": {"reference": people.patient(entry.patient)},
    }
    if entry.events:
        context["event"] = [coded(event) for event in entry.events]
    return {
        "resourceType": "DocumentReference",
        "meta": {"profile": [f"{PDSM}{profile}"]},
        "masterIdentifier": {"use": "usual", **oid_identifier(entry.unique_id)},
        "status": "current",
        "type": coded(entry.type),
        "category": [coded(entry.class_)],
        "date": moment(submitted),
        "author": [author],
        "authenticator": authenticator,
        "custodian": custodian,
        "description": entry.title,
        "securityLabel": [coded(label) for label in entry.confidentiality],
        "content": [
            {
                "attachment": {
                    "contentType": entry.mime_type,
                    "language": entry.language,
                    "size": entry.size_bytes,
                    "hash": b64encode(entry.hash_sha1).decode("ascii"),
                    "title": entry.title,
                    "creation": moment(entry.creation_time),
                },
                "format": coding(entry.format),
            }
        ],
        "context": context,
    }


def _post(resource: Json, key: str) -> Json:
    url = resource["resourceType"]
    return {"fullUrl": f"urn:uuid:{key}", "resource": resource, "request": {"method": "POST", "url": url}}


def _supersede(unique_id: str) -> Json:
    """Patch of the replaced document within the transaction.

    Source: IHE MHD 4.2.3, ``IHE.MHD.Patch.Parameters``; PDSm 3.1.1, slice UpdateDocumentRefs.
    """
    return {
        "resource": {
            "resourceType": "Parameters",
            "meta": {"profile": [f"{MHD}IHE.MHD.Patch.Parameters"]},
            "parameter": [
                {
                    "name": "operation",
                    "part": [
                        {"name": "type", "valueCode": "replace"},
                        {"name": "path", "valueString": "DocumentReference.status"},
                        {"name": "value", "valueCode": "superseded"},
                    ],
                }
            ],
        },
        "request": {"method": "PATCH", "url": conditional_document(unique_id)},
    }


def _entry_uuid(key: str) -> Json:
    return {"use": "official", "system": URI, "value": f"urn:uuid:{key}"}


class _People:
    """Contained people and structures of one resource, each once, in the order in which they are named."""

    def __init__(self) -> None:
        self._frame = Frame({}, {}, "", _PROFILES)
        self._by_id: dict[str, Json] = {}

    @property
    def contained(self) -> list[Json]:
        """The resources, for ``contained``."""
        return list(self._by_id.values())

    def role(self, value: Professional) -> str:
        """Reference to the professional within the structure."""
        if value.role_key not in self._by_id:
            where = value.organization
            found = practitioner_role(value, where.key if where else "", self._frame)
            found["practitioner"] = {"reference": self._practitioner(value)}
            if where:
                found["organization"] = {"reference": self.organization(where)}
            found.pop("telecom", None)
            self._add(found)
        return f"#{value.role_key}"

    def organization(self, value: Organization) -> str:
        """Reference to the structure, by its identity only."""
        if value.key not in self._by_id:
            self._add(organization(replace(value, telecoms=(), address=None), self._frame))
        return f"#{value.key}"

    def patient(self, value: Patient) -> str:
        """Reference to the patient, by identity traits only: no address, no phone, no relative travels here."""
        if value.key not in self._by_id:
            self._add(patient(replace(value, telecoms=(), address=None, guardians=()), self._frame))
        return f"#{value.key}"

    def typed_ins(self, value: Patient) -> Json:
        """INS with its type: the type tells INS and NSS apart, they share their root."""
        self.patient(value)
        ins: Json = self._by_id[value.key]["identifier"][0]  # a qualified INS comes first
        return {name: held for name, held in ins.items() if name != "use"}

    def _practitioner(self, value: Professional) -> str:
        if value.key not in self._by_id:
            self._add(practitioner(replace(value, telecoms=(), address=None), self._frame))
        return f"#{value.key}"

    def _add(self, resource: Json) -> None:
        resource.pop("text", None)  # the narrative is that of the document
        self._by_id[resource["id"]] = resource
