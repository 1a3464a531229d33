"""Deposits of made-up patients, ready for the queue."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import NAMESPACE_OID, uuid5

from adapter.model.coded import CodeSystem, Coding, Concept
from adapter.model.document import Address, Identifier, Organization, Patient, PersonName, Professional, Telecom
from adapter.submission.values import DocumentEntry, Submission, SubmissionSet

FAMILY, GIVEN = "ZYGOMATIQUE", "ANTIGONE"
NARRATIVE = "Narratif confidentiel de la visite"
ARC = "1.2.250.1.999.1"
AT = datetime(2026, 10, 12, 16, 20, 7, tzinfo=UTC)
SYSTEM = CodeSystem("loinc", "2.16.840.1.113883.6.1", "http://loinc.org", "LOINC")


def ins(number: int = 1) -> Identifier:
    """INS of the test root for patient `number`."""
    return Identifier("1.2.250.1.213.1.4.10", f"2520344109{number:05d}")


def deposit(
    visit: int = 1,
    version: int = 1,
    *,
    patient: int = 1,
    forms: tuple[str, ...] = ("cda",),
    text: str = NARRATIVE,
    size: int = 0,
) -> Submission:
    """Deposit of one version of one visit; a version above 1 replaces the one before."""
    code = Coding(SYSTEM, "11488-4", "CR")
    structure = Organization(
        "org", "CABINET", Identifier("1.2.250.1.71.4.2.2", "1990000036"), Concept("Cabinet", (code,)), facility=code
    )
    doctor = Professional(
        "dr",
        "dr-role",
        PersonName("EVENO", "Yann", suffix="DR"),
        Identifier("1.2.250.1.71.4.2.1", "899900000012"),
        Concept("Médecin", (code,)),
        telecoms=(Telecom("tel", "0200000002", always=True),),
        organization=structure,
    )
    person = Patient(
        "patient",
        FAMILY,
        (GIVEN, "MARIE"),
        Coding(SYSTEM, "F"),
        date(1952, 3, 14),
        ins(patient),
        True,
        address=Address(("12 rue des Tanneurs",), "44000", "Nantes"),
    )
    entries, contents = [], []
    for rank, form in enumerate(forms):
        content = f"<{form} visite='{visit}' version='{version}'>{FAMILY} {text}</{form}>".encode()
        content += b" " * max(0, size - len(content))
        entries.append(
            DocumentEntry(
                unique_id=f"{ARC}.{visit}.{rank}.{version}",
                entry_uuid=str(uuid5(NAMESPACE_OID, f"{visit}/{rank}/{version}")),
                set_id=f"{ARC}.{visit}.{rank}",
                version=version,
                mime_type="text/xml",
                type=code,
                class_=code,
                format=code,
                facility=code,
                practice_setting=code,
                confidentiality=(code,),
                title="Synthèse",
                language="fr-FR",
                creation_time=AT,
                service_start=AT,
                service_stop=AT,
                hash_sha1=hashlib.sha1(content).digest(),
                size_bytes=len(content),
                author=doctor,
                legal_authenticator=doctor,
                custodian=structure,
                patient=person,
                patient_id=ins(patient),
                source_patient_id=ins(patient),
                replaces=f"{ARC}.{visit}.{rank}.{version - 1}" if version > 1 else "",
            )
        )
        contents.append(content)
    submission_set = SubmissionSet(
        unique_id=f"{ARC}.{visit}.9.{version}",
        entry_uuid=str(uuid5(NAMESPACE_OID, f"{visit}/set/{version}")),
        source_id=ARC,
        content_type=Coding(SYSTEM, "07"),
        title="Dépôt",
        submission_time=AT,
        author=doctor,
        patient=person,
        patient_id=ins(patient),
    )
    return Submission(submission_set, tuple(entries), tuple(contents))


def with_other_bytes(submission: Submission) -> Submission:
    """The same documents with other contents, hashes in order."""
    contents = tuple(content + b"!" for content in submission.contents)
    entries = tuple(
        replace(entry, hash_sha1=hashlib.sha1(content).digest(), size_bytes=len(content))
        for entry, content in zip(submission.entries, contents, strict=True)
    )
    return replace(submission, entries=entries, contents=contents)
