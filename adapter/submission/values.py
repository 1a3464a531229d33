"""What is handed to a DMP beside the bytes: values apart from any wire (XDS metadata, IHE ITI TF-3 4.2.3).

Every date here is UTC, as the registries want it; the documents themselves keep their local offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from adapter.model.coded import Coding
from adapter.model.document import Identifier, Organization, Patient, Professional


@dataclass(frozen=True, slots=True, repr=False)
class DocumentEntry:
    """Metadata of one document.

    Attributes:
        unique_id: OID of this version in this form; kept on every re-send.
        entry_uuid: UUID text (no prefix) proposed for the entry; derived, kept on every re-send.
        set_id, version: identifier shared by the versions, and rank of this one.
        mime_type: ``text/xml`` (CDA) or ``application/fhir+json`` (document Bundle).
        type, class_, format, facility, practice_setting: XDS codes.
        confidentiality: one to four codes: N, R or V first, then the DMP masks (TRE_A07).
        creation_time, service_start, service_stop: aware, UTC.
        hash_sha1, size_bytes: of the exact bytes that travel.
        author, author_role, legal_authenticator, custodian: who made it, answers for it, keeps it.
        patient, patient_id: the patient and the qualified INS under which the document is filed.
        source_patient_id: identifier in the practice (the INS when it has none of its own).
        events: coded events (VSP in NGAP).
        replaces: unique_id of the document that this one replaces, or empty.
    """

    unique_id: str
    entry_uuid: str
    set_id: str
    version: int
    mime_type: str
    type: Coding
    class_: Coding
    format: Coding
    facility: Coding
    practice_setting: Coding
    confidentiality: tuple[Coding, ...]
    title: str
    language: str
    creation_time: datetime
    service_start: datetime
    service_stop: datetime
    hash_sha1: bytes
    size_bytes: int
    author: Professional
    legal_authenticator: Professional
    custodian: Organization
    patient: Patient
    patient_id: Identifier
    source_patient_id: Identifier
    author_role: Coding | None = None
    events: tuple[Coding, ...] = ()
    replaces: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class SubmissionSet:
    """One deposit: who deposits, when, how it was produced (content type 07, consultations and outpatient care)."""

    unique_id: str
    entry_uuid: str
    source_id: str
    content_type: Coding
    title: str
    submission_time: datetime
    author: Professional
    patient: Patient
    patient_id: Identifier


@dataclass(frozen=True, slots=True, repr=False)
class Mail:
    """How documents travel by secure health mail (MSSanté) instead of to a DMP: one message, one recipient.

    Attributes:
        sender, recipient: addresses; the one of a patient holds the INS.
        to_patient: the recipient is the patient.
        message_id: ``<...@...>``, kept on every attempt, so that a receiver can drop a second copy.
        act_on: local day of the act, which names the PDF.
        text: what the recipient reads, plain text, lines ended by LF.
        in_reply_to: Message-ID of the message that this one cancels and replaces, or empty.
        reply_barred: the patient may not answer (``X-MSS-MES: FIN``).
        pdf: the document as a PDF, or empty.
    """

    sender: str
    recipient: str
    to_patient: bool
    message_id: str
    act_on: date
    text: str
    in_reply_to: str = ""
    reply_barred: bool = False
    pdf: bytes = b""


@dataclass(frozen=True, slots=True, repr=False)
class Submission:
    """One deposit ready to travel on any wire: the set, the entries, and the exact bytes of each.

    ``mail`` is None for a DMP.
    """

    set: SubmissionSet
    entries: tuple[DocumentEntry, ...]
    contents: tuple[bytes, ...]
    mail: Mail | None = None
