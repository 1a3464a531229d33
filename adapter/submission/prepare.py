"""A Document and its bytes -> Submission: what is told to the DMP, and what must never leave.

Source: IHE ITI TF-3, 4.2.3 (metadata of documents and submission sets); ANS, PDSm 3.1.1.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha1
from typing import Final, Literal, get_args
from uuid import UUID, uuid5

from adapter.errors import Finding, FindingsError
from adapter.model.coded import CodeSystem, Coding
from adapter.model.document import Document, Identifier
from adapter.model.identifiers import INS_ROOTS
from adapter.submission.rule_texts import RULES
from adapter.submission.values import DocumentEntry, Submission, SubmissionSet

Form = Literal["cda", "fhir", "cda-n1"]

CDA_MIME: Final = "text/xml"
FHIR_MIME: Final = "application/fhir+json"

CONSULTATION: Final = Coding(
    CodeSystem("content-type", "1.2.250.1.213.2.2", "urn:oid:1.2.250.1.213.2.2", "JDV_J59-ContentTypeCode-DMP"),
    "07",
    "Consultations et soins externes",
)
"""Content type of a home visit: the nearest one of the value set. Source: JDV_J59-DMP (JDV_J03)."""

FHIR_FORMAT: Final = Coding(
    CodeSystem(
        "tre-a11",
        "1.3.6.1.4.1.19376.1.2.3",
        "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode",
        "IHE Format Codes",
    ),
    "urn:ihe:iti:xds:2017:mimeTypeSufficient",
    "mimeType Sufficient",
)
"""Format of a document whose media type says all there is to say. Source: IHE format codes; TRE_A11."""

N1_FORMAT: Final = Coding(
    CodeSystem(
        "tre-a11",
        "1.3.6.1.4.1.19376.1.2.3",
        "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode",
        "IHE Format Codes",
    ),
    "urn:ihe:iti:xds-sd:pdf:2008",
    "Document à corps non structuré en Pdf/A-1",
)
"""Format of a CDA document of level 1 around a PDF. Source: TRE_A11; IHE ITI XDS-SD."""

MASKED_TO_PROFESSIONALS: Final = "MASQUE_PS"
HIDDEN_FROM_PATIENT: Final = "INVISIBLE_PATIENT"

_FORMS: Final[tuple[Form, ...]] = ("cda", "fhir", "cda-n1")
_NAMES: Final[dict[Form, str]] = {"cda": "CDA", "fhir": "FHIR", "cda-n1": "CDA N1"}
_OURS: Final = UUID("9d7f7c8e-3b0f-5d1a-8a43-6f0f4c3f7a51")  # name space of what is derived here: fixed for ever


class SubmissionRefused(FindingsError):
    """A document that must not leave, or cannot be described: findings with the French reason."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one destination accepts.

    Attributes:
        ins_roots: assigning authorities of the INS; production takes neither test nor demonstration.
        max_bytes: largest document, None for no limit.
        forms: those that its wire carries.
    """

    ins_roots: frozenset[str] = INS_ROOTS
    max_bytes: int | None = None
    forms: frozenset[Form] = frozenset(get_args(Form))


def fhir_oid(oid: str) -> str:
    """OID of the FHIR form of the document `oid`: a form of its own is a document of its own for a registry.

    Source: Rec. ITU-T X.667 (2.25); IHE ITI TF-3, 4.2.3.2.26 (uniqueId).
    """
    return _oid(f"{oid}fhir")


def n1_oid(oid: str) -> str:
    """OID of the level 1 form of the document `oid`, which its header carries: see ``fhir_oid``."""
    return _oid(f"{oid}n1")


def as_n1(document: Document) -> Document:
    """`document` under the identifiers of its level 1 form: its own, its set, and the version that it replaces."""
    return replace(
        document,
        oid=n1_oid(document.oid),
        set_oid=n1_oid(document.set_oid),
        replaces_oid=n1_oid(document.replaces_oid) if document.replaces_oid else "",
    )


def prepare(
    document: Document,
    *,
    cda: bytes | None,
    bundle: bytes | None,
    submission_time: datetime,
    opposition: bool,
    source_id: str | None = None,
    content_type: Coding = CONSULTATION,
    limits: Limits | None = None,
    replaced_forms: Collection[Form] = _FORMS,
    n1: bytes | None = None,
) -> Submission:
    """Submission of a document in one or more of its forms; the same input gives the same identifiers.

    Args:
        document: the composed document.
        cda: its CDA bytes, None not to send this form.
        bundle: its FHIR document bytes, None not to send this form.
        submission_time: now, aware; a re-send may have another one and keeps every identifier.
        opposition: the patient objects to feeding the DMP (``visit.sharing.opposition``): nothing leaves then.
        source_id: OID of the sending system; None takes the one under which the structure numbers its patients.
        content_type: how the set was produced.
        limits: what the destination accepts.
        replaced_forms: forms in which the replaced version was sent; another form goes as a new document.
        n1: its CDA bytes of level 1 (around a PDF), None not to send this form.

    Raises:
        SubmissionRefused: opposition, INS, masks, size... all of them at once.
        ValueError: no form, or a naive time.
    """
    given: list[tuple[Form, bytes]] = [
        (form, content) for form, content in zip(_FORMS, (cda, bundle, n1), strict=True) if content is not None
    ]
    if not given:
        raise ValueError("a submission holds at least one document")
    if submission_time.tzinfo is None:
        raise ValueError("submission time without offset")
    patient_id = document.patient.ins
    findings = _faults(document, given, opposition, limits or Limits())
    if findings or patient_id is None:
        raise SubmissionRefused(findings)
    entries = [_entry(document, form, content, patient_id, replaced_forms) for form, content in given]
    unique_id = _oid("/".join(["set", *(entry.unique_id for entry in entries)]))
    deposit = SubmissionSet(
        unique_id=unique_id,
        entry_uuid=_uuid(f"{unique_id}/entry"),
        source_id=source_id or document.encounter.identifier.root,
        content_type=content_type,
        title=document.title,
        submission_time=submission_time.astimezone(UTC),
        author=document.author,
        patient=document.patient,
        patient_id=patient_id,
    )
    return Submission(deposit, tuple(entries), tuple(content for _, content in given))


def _entry(
    document: Document, form: Form, content: bytes, patient_id: Identifier, replaced_forms: Collection[Form]
) -> DocumentEntry:
    setting = document.custodian.setting
    if setting is None:
        raise AssertionError("refused before")
    own = _OWN_OID[form]
    unique_id = own(document.oid)
    return DocumentEntry(
        unique_id=unique_id,
        entry_uuid=_uuid(f"{unique_id}/entry"),
        set_id=own(document.set_oid),
        version=document.version,
        mime_type=FHIR_MIME if form == "fhir" else CDA_MIME,
        type=document.type,
        class_=document.class_,
        format={"cda": document.format, "fhir": FHIR_FORMAT, "cda-n1": N1_FORMAT}[form],
        facility=document.encounter.facility,
        practice_setting=setting,
        confidentiality=(document.confidentiality, *document.visibility),
        title=document.title,
        language=document.language,
        creation_time=document.written_at.astimezone(UTC),
        service_start=document.encounter.start.astimezone(UTC),
        service_stop=document.encounter.end.astimezone(UTC),
        hash_sha1=sha1(content, usedforsecurity=False).digest(),
        size_bytes=len(content),
        author=document.author,
        author_role=document.author_function,
        legal_authenticator=document.author,
        custodian=document.custodian,
        patient=document.patient,
        patient_id=patient_id,
        source_patient_id=document.patient.local_id or patient_id,
        events=(document.encounter.type,) if document.encounter.type else (),
        replaces=own(document.replaces_oid) if document.replaces_oid and form in replaced_forms else "",
    )


def _faults(document: Document, given: Sequence[tuple[Form, bytes]], opposition: bool, limits: Limits) -> list[Finding]:
    found: list[Finding] = []

    def refuse(rule: str, path: str, message: str) -> None:
        text = RULES[rule]
        found.append(Finding(rule, text.severity, path, message, text.source))

    if opposition:
        refuse(
            "SUB-OPPOSITION",
            "$.sharing.opposition",
            "Le patient s'oppose à l'alimentation de son DMP : rien n'est envoyé.",
        )
    patient = document.patient
    if patient.ins is None or not patient.ins_qualified:
        refuse("SUB-INS", "$.patient.ins", "Rien ne part, au DMP ou par messagerie, sans un INS qualifié.")
    elif patient.ins.root not in limits.ins_roots:
        refuse("SUB-INS-ROOT", "$.patient.ins", "Cette destination n'accepte pas cette nature d'INS.")
    masks = {mask.code for mask in document.visibility}
    if {MASKED_TO_PROFESSIONALS, HIDDEN_FROM_PATIENT} <= masks:
        refuse("SUB-MASKS", "$.sharing.visibility", "Masquer aux professionnels et au patient à la fois est refusé.")
    if document.custodian.setting is None or not document.encounter.facility.code:
        refuse("SUB-SETTING", "$.author", "Le secteur d'activité ou le cadre d'exercice de la structure manque.")
    for form, content in given:
        name = _NAMES[form]
        mark = document.bundle_key if form == "fhir" else _OWN_OID[form](document.oid)
        if mark.encode() not in content:
            refuse("SUB-BYTES", name, f"Le fichier {name} n'est pas celui de ce document.")
        if form not in limits.forms:
            refuse("SUB-FORM", name, f"Cette destination ne reçoit pas la forme {name}.")
        if limits.max_bytes is not None and len(content) > limits.max_bytes:
            refuse(
                "SUB-SIZE", name, f"Le fichier {name} fait {len(content)} octets, au-delà de {limits.max_bytes} admis."
            )
    return found


_OWN_OID: Final[dict[Form, Callable[[str], str]]] = {"cda": str, "fhir": fhir_oid, "cda-n1": n1_oid}


def _uuid(name: str) -> str:
    return str(uuid5(_OURS, name))


def _oid(name: str) -> str:
    return f"2.25.{uuid5(_OURS, name).int}"
