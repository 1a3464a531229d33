"""How the signature of a set is described among its documents.

Source: CNAM, sample messages of the DMP v2.05 (TD2.1).
"""

from __future__ import annotations

from hashlib import sha1
from typing import Final
from uuid import UUID, uuid5

from adapter.model.coded import CodeSystem, Coding
from adapter.submission.values import DocumentEntry, SubmissionSet

_OURS: Final = UUID("5b0e4c1d-6a7f-5e26-9b56-2f0c8f6f9a27")  # name space of what is derived here: fixed for ever


def _system(key: str, scheme: str, name: str = "") -> CodeSystem:
    """A code system whose coding scheme is printed as it stands, OID or not."""
    return CodeSystem(key, scheme, f"urn:oid:{scheme}" if scheme[0].isdigit() else scheme, name)


_URN: Final = _system("urn", "URN", "URN")
_MASKS: Final = _system("tre-a07", "1.2.250.1.213.1.1.4.13", "TRE_A07-StatutVisibiliteDocument")
_CONFIDENTIALITY: Final = _system("confidentiality", "2.16.840.1.113883.5.25", "HL7:Confidentiality")

CLASS: Final = Coding(_URN, "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", "Digital Signature")
TYPE: Final = Coding(_system("astm", "ASTM", "ASTM"), "E1762", "Full Document")
FORMAT: Final = Coding(_URN, "http://www.w3.org/2000/09/xmldsig#", "Default Signature Style")
PURPOSE: Final = Coding(_system("astm-purpose", "1.2.840.10065.1.12"), "1.2.840.10065.1.12.1.14", "Source")
HIDDEN: Final = (
    Coding(_CONFIDENTIALITY, "N", "Normal"),
    Coding(_MASKS, "MASQUE_PS", "Masqué aux professionnels de santé"),
    Coding(_MASKS, "INVISIBLE_PATIENT", "Non visible par le patient"),
)
MIME: Final = "text/xml"
LANGUAGE: Final = "art"
TITLE: Final = "Source"


def is_signature(entry: DocumentEntry) -> bool:
    """Whether an entry describes the signature of its set, which is never shown to the user."""
    return entry.class_.code == CLASS.code


def unique_id(deposit: SubmissionSet) -> str:
    """OID of the signature of a set, the same on every re-send."""
    return f"2.25.{uuid5(_OURS, deposit.unique_id).int}"


def entry_uuid(deposit: SubmissionSet) -> str:
    """UUID proposed for its entry, the same on every re-send."""
    return str(uuid5(_OURS, f"{deposit.unique_id}/entry"))


def entry(deposit: SubmissionSet, signed: DocumentEntry, content: bytes) -> DocumentEntry:
    """Metadata of the signature `content` of a set.

    Args:
        signed: a document of the set, whose structure signs.
    """
    return DocumentEntry(
        unique_id=unique_id(deposit),
        entry_uuid=entry_uuid(deposit),
        set_id=unique_id(deposit),
        version=1,
        mime_type=MIME,
        type=TYPE,
        class_=CLASS,
        format=FORMAT,
        facility=signed.facility,
        practice_setting=signed.practice_setting,
        confidentiality=HIDDEN,
        title=TITLE,
        language=LANGUAGE,
        creation_time=deposit.submission_time,
        service_start=deposit.submission_time,
        service_stop=deposit.submission_time,
        hash_sha1=sha1(content, usedforsecurity=False).digest(),
        size_bytes=len(content),
        author=deposit.author,
        legal_authenticator=deposit.author,
        custodian=signed.custodian,
        patient=deposit.patient,
        patient_id=deposit.patient_id,
        source_patient_id=deposit.patient_id,
        events=(PURPOSE,),
    )
