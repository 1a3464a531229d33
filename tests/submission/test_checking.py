"""Metadata held against the bytes: nothing to say of what we prepare, and every planted fault told under its rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import orjson
import pytest

from adapter import cda as cda_printer
from adapter.errors import Severity
from adapter.model.coded import Coding
from adapter.submission import Submission, as_n1, check_submission, fhir_oid, prepare
from adapter.submission.prepare import CDA_MIME, FHIR_MIME
from adapter.submission.rule_texts import RULES
from adapter.submission.values import DocumentEntry, SubmissionSet
from tests.documents import PDF, full_document
from tests.interop.fhir_documents import submissions
from tests.samples_kept import VISITS

NOW = datetime(2026, 10, 12, 17, 0, tzinfo=UTC)
DOCUMENT = full_document()
CDA = cda_printer.render(DOCUMENT)
SENT = prepare(DOCUMENT, cda=CDA, bundle=None, submission_time=NOW, opposition=False)


def _with(change: Callable[[DocumentEntry], DocumentEntry]) -> Submission:
    return replace(SENT, entries=(change(SENT.entries[0]),))


def _set(change: Callable[[SubmissionSet], SubmissionSet]) -> Submission:
    return replace(SENT, set=change(SENT.set))


def _other(code: Coding, value: str) -> Coding:
    return replace(code, code=value)


PARIS = timezone(timedelta(hours=2))
PLANTED: dict[str, tuple[Submission, str, str]] = {
    "hash": (_with(lambda e: replace(e, hash_sha1=bytes(20))), "SUB-HASH", "entrées[0].hash"),
    "size": (_with(lambda e: replace(e, size_bytes=1)), "SUB-HASH", "entrées[0].size"),
    "contents": (replace(SENT, contents=()), "SUB-HASH", "lot"),
    "patient of the set": (
        _set(lambda s: replace(s, patient_id=replace(s.patient_id, value="279035121518989"))),
        "SUB-PATIENT",
        "lot.patientId",
    ),
    "patient of the entry": (
        _with(lambda e: replace(e, patient_id=replace(e.patient_id, value="279035121518989"))),
        "SUB-PATIENT",
        "entrées[0].patientId",
    ),
    "local identifier": (
        _with(lambda e: replace(e, source_patient_id=replace(e.source_patient_id, value="dossier-0"))),
        "SUB-PATIENT",
        "entrées[0].sourcePatientId",
    ),
    "birth date": (
        _with(lambda e: replace(e, patient=replace(e.patient, birth_date=date(1901, 1, 1)))),
        "SUB-PATIENT",
        "entrées[0].sourcePatientInfo",
    ),
    "type": (_with(lambda e: replace(e, type=_other(e.type, "34133-9"))), "SUB-ENTRY", "entrées[0].typeCode"),
    "class of another type": (
        _with(lambda e: replace(e, class_=_other(e.class_, "11"))),
        "SUB-CODE",
        "entrées[0].classCode",
    ),
    "no class": (_with(lambda e: replace(e, class_=_other(e.class_, "12"))), "SUB-CODE", "entrées[0].classCode"),
    "two levels": (
        _with(lambda e: replace(e, confidentiality=(*e.confidentiality, _other(e.confidentiality[0], "R")))),
        "SUB-CODE",
        "entrées[0].confidentialityCode",
    ),
    "facility": (
        _with(lambda e: replace(e, facility=_other(e.facility, "SA01"))),
        "SUB-ENTRY",
        "entrées[0].healthcareFacilityTypeCode",
    ),
    "setting": (
        _with(lambda e: replace(e, practice_setting=_other(e.practice_setting, "ETABLISSEMENT"))),
        "SUB-ENTRY",
        "entrées[0].practiceSettingCode",
    ),
    "title": (_with(lambda e: replace(e, title="Autre")), "SUB-ENTRY", "entrées[0].title"),
    "no title": (_with(lambda e: replace(e, title=" ")), "SUB-MISSING", "entrées[0].title"),
    "language": (_with(lambda e: replace(e, language="français")), "SUB-CODE", "entrées[0].languageCode"),
    "author": (
        _with(lambda e: replace(e, author=replace(e.author, identifier=None))),
        "SUB-MISSING",
        "entrées[0].authorPerson",
    ),
    "authenticator": (
        _with(lambda e: replace(e, legal_authenticator=replace(e.legal_authenticator, identifier=e.patient_id))),
        "SUB-ENTRY",
        "entrées[0].legalAuthenticator",
    ),
    "creation": (
        _with(lambda e: replace(e, creation_time=e.creation_time + timedelta(hours=1))),
        "SUB-ENTRY",
        "entrées[0].creationTime",
    ),
    "local time": (
        _with(lambda e: replace(e, creation_time=e.creation_time.astimezone(PARIS))),
        "SUB-TIME",
        "entrées[0].creationTime",
    ),
    "naive time": (
        _with(lambda e: replace(e, service_start=e.service_start.replace(tzinfo=None))),
        "SUB-TIME",
        "entrées[0].serviceStartTime",
    ),
    "malformed OID": (_with(lambda e: replace(e, unique_id="2.25.01")), "SUB-ID", "entrées[0].uniqueId"),
    "identifier of another": (_with(lambda e: replace(e, unique_id="2.25.1")), "SUB-ID", "entrées[0].uniqueId"),
    "malformed UUID": (_with(lambda e: replace(e, entry_uuid="Document01")), "SUB-ID", "entrées[0].entryUUID"),
    "shared identifier": (_set(lambda s: replace(s, unique_id=SENT.entries[0].unique_id)), "SUB-ID", "lot"),
    "source": (_set(lambda s: replace(s, source_id="dmp-adapter")), "SUB-ID", "lot.sourceId"),
    "mime": (_with(lambda e: replace(e, mime_type="application/pdf")), "SUB-MIME", "entrées[0].mimeType"),
    "mime of the other form": (_with(lambda e: replace(e, mime_type=FHIR_MIME)), "SUB-MIME", "entrées[0].mimeType"),
    "format": (
        _with(lambda e: replace(e, format=_other(e.format, "urn:ihe:iti:xds-sd:pdf:2008"))),
        "SUB-FORMAT",
        "entrées[0].formatCode",
    ),
    "replaces itself": (
        _with(lambda e: replace(e, replaces=e.unique_id)),
        "SUB-REPLACES",
        "entrées[0].replaces",
    ),
    "replaces another": (_with(lambda e: replace(e, replaces="2.25.1")), "SUB-REPLACES", "entrées[0].replaces"),
}


@pytest.mark.parametrize("visit", VISITS, ids=[visit.stem for visit in VISITS])
def test_what_we_prepare_fits_its_documents(visit: Path) -> None:
    for submission in submissions(visit):
        assert check_submission(submission) == []


def test_a_document_of_level_1_fits_too_and_no_other_format_does() -> None:
    content = cda_printer.render_n1(as_n1(DOCUMENT), PDF)
    sent = prepare(DOCUMENT, cda=None, bundle=None, n1=content, submission_time=NOW, opposition=False)
    assert check_submission(sent) == []
    wrong = replace(sent, entries=(replace(sent.entries[0], format=DOCUMENT.format),))
    assert [one.rule for one in check_submission(wrong)] == ["SUB-FORMAT"]


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_told_at_its_place(name: str) -> None:
    submission, rule, path = PLANTED[name]
    found = check_submission(submission)
    assert (rule, path) in {(one.rule, one.path) for one in found}
    for one in found:
        assert one.severity is Severity.ERROR
        assert one.rule in RULES
        assert DOCUMENT.patient.birth_family not in one.message


@pytest.mark.parametrize(
    ("mime", "content"),
    [
        (CDA_MIME, b"<a>"),
        (CDA_MIME, b"<ClinicalDocument/>"),
        (FHIR_MIME, b"{"),
        (FHIR_MIME, b'{"entry": [1]}'),
        (FHIR_MIME, b"[]"),
    ],
)
def test_bytes_that_are_no_document_are_told(mime: str, content: bytes) -> None:
    entry = replace(SENT.entries[0], mime_type=mime)
    found = check_submission(replace(SENT, entries=(entry,), contents=(content,)))
    assert "SUB-MIME" in {one.rule for one in found}


def test_a_composition_made_of_anything_is_told_and_never_stops_the_judge() -> None:
    odd = {"resourceType": "Composition", "subject": {"reference": []}, "event": [{"period": 1}], "date": {}, "type": 1}
    entry = replace(SENT.entries[0], mime_type=FHIR_MIME)
    content = orjson.dumps({"entry": [{"fullUrl": {}, "resource": odd}]})
    assert "SUB-PATIENT" in {one.rule for one in check_submission(replace(SENT, entries=(entry,), contents=(content,)))}


def test_a_replaced_version_is_the_one_that_the_header_names() -> None:
    second = replace(DOCUMENT, replaces_oid="2.25.7")
    sent = prepare(second, cda=cda_printer.render(second), bundle=None, submission_time=NOW, opposition=False)
    assert sent.entries[0].replaces == "2.25.7"
    assert check_submission(sent) == []
    as_fhir = replace(sent.entries[0], replaces=fhir_oid("2.25.7"))
    assert [one.rule for one in check_submission(replace(sent, entries=(as_fhir,)))] == ["SUB-REPLACES"]
