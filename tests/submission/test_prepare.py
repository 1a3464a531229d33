from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from hashlib import sha1

import pytest

from adapter import cda as cda_printer
from adapter import fhir as fhir_printer
from adapter.errors import Severity
from adapter.model.coded import CodeSystem, Coding
from adapter.model.document import Document, Identifier
from adapter.submission import Form, Limits, Submission, SubmissionRefused, as_n1, fhir_oid, n1_oid, prepare
from adapter.submission.rule_texts import RULES
from tests.documents import PDF, full_document

NOW = datetime(2026, 10, 12, 19, 0, tzinfo=timezone(timedelta(hours=2)))
TRE_A07 = CodeSystem("tre-a07", "1.2.250.1.213.1.1.4.13", "urn:oid:1.2.250.1.213.1.1.4.13", "TRE_A07")
DOCUMENT = full_document()
CDA = cda_printer.render(DOCUMENT)
BUNDLE = fhir_printer.render(DOCUMENT)
N1 = cda_printer.render_n1(as_n1(DOCUMENT), PDF)


def _prepared(document: Document = DOCUMENT, at: datetime = NOW) -> Submission:
    return prepare(document, cda=CDA, bundle=BUNDLE, submission_time=at, opposition=False)


def _masked(*codes: str) -> Document:
    return replace(DOCUMENT, visibility=tuple(Coding(TRE_A07, code) for code in codes))


def _rules(document: Document, *, opposition: bool = False, limits: Limits | None = None) -> list[str]:
    with pytest.raises(SubmissionRefused) as refused:
        prepare(document, cda=CDA, bundle=BUNDLE, submission_time=NOW, opposition=opposition, limits=limits)
    for finding in refused.value.findings:
        assert finding.severity is Severity.ERROR
        assert finding.rule in RULES
        assert DOCUMENT.patient.birth_family not in finding.message
    return [finding.rule for finding in refused.value.findings]


def test_both_forms_make_two_entries_that_share_no_identifier() -> None:
    cda, fhir = _prepared().entries
    assert (cda.mime_type, fhir.mime_type) == ("text/xml", "application/fhir+json")
    assert cda.unique_id == DOCUMENT.oid
    assert fhir.unique_id == fhir_oid(DOCUMENT.oid) != DOCUMENT.oid
    assert fhir.unique_id.startswith("2.25.")
    assert cda.entry_uuid != fhir.entry_uuid
    assert cda.set_id != fhir.set_id


def test_hash_and_size_are_those_of_the_exact_bytes() -> None:
    submission = _prepared()
    for entry, content in zip(submission.entries, submission.contents, strict=True):
        assert entry.size_bytes == len(content)
        assert entry.hash_sha1 == sha1(content).digest()
    assert submission.contents == (CDA, BUNDLE)


def test_each_form_says_its_own_format() -> None:
    cda, fhir = _prepared().entries
    assert cda.format == DOCUMENT.format
    assert (fhir.format.system.uri, fhir.format.code) == (
        "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode",
        "urn:ihe:iti:xds:2017:mimeTypeSufficient",
    )


def test_times_are_utc_and_the_birth_date_never_shifts() -> None:
    late = datetime(2026, 10, 12, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    entry = _prepared(replace(DOCUMENT, written_at=late)).entries[0]
    assert entry.creation_time == datetime(2026, 10, 11, 22, 30, tzinfo=UTC)
    assert entry.service_start == datetime(2026, 10, 12, 8, 0, tzinfo=UTC)
    for moment in (entry.creation_time, entry.service_start, entry.service_stop, _prepared().set.submission_time):
        assert moment.tzinfo is UTC
    assert entry.patient.birth_date == date(1952, 3, 14)


def test_confidentiality_comes_before_the_masks() -> None:
    entry = _prepared(_masked("INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX")).entries[0]
    assert [c.code for c in entry.confidentiality] == ["N", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"]


def test_the_set_says_consultation_and_a_setting_may_say_otherwise() -> None:
    content_type = _prepared().set.content_type
    assert (content_type.system.oid, content_type.code) == ("1.2.250.1.213.2.2", "07")
    own = Coding(content_type.system, "06", "Hospitalisation à domicile")
    submission = prepare(
        DOCUMENT, cda=CDA, bundle=None, submission_time=NOW, opposition=False, content_type=own, source_id="1.2.3.4"
    )
    assert submission.set.content_type is own
    assert submission.set.source_id == "1.2.3.4"


def test_a_re_send_keeps_every_identifier() -> None:
    first, again = _prepared(), _prepared(at=NOW + timedelta(days=1))
    assert again.set.submission_time != first.set.submission_time
    assert replace(again, set=replace(again.set, submission_time=first.set.submission_time)) == first


def test_sending_other_forms_is_another_deposit() -> None:
    cda_only = prepare(DOCUMENT, cda=CDA, bundle=None, submission_time=NOW, opposition=False)
    fhir_only = prepare(DOCUMENT, cda=None, bundle=BUNDLE, submission_time=NOW, opposition=False)
    assert len({s.set.unique_id for s in (cda_only, fhir_only, _prepared())}) == 3
    assert cda_only.entries == _prepared().entries[:1]
    assert fhir_only.entries == _prepared().entries[1:]


def test_a_correction_replaces_each_form_by_its_like() -> None:
    cda, fhir = _prepared().entries
    assert DOCUMENT.replaces_oid
    assert (cda.replaces, fhir.replaces) == (DOCUMENT.replaces_oid, fhir_oid(DOCUMENT.replaces_oid))


def test_a_form_that_was_not_sent_before_replaces_nothing() -> None:
    sent: list[Form] = ["cda"]
    submission = prepare(DOCUMENT, cda=CDA, bundle=BUNDLE, submission_time=NOW, opposition=False, replaced_forms=sent)
    assert [e.replaces for e in submission.entries] == [DOCUMENT.replaces_oid, ""]


def test_the_practice_record_number_is_the_source_id_and_the_ins_when_there_is_none() -> None:
    assert _prepared().entries[0].source_patient_id == DOCUMENT.patient.local_id
    alone = replace(DOCUMENT, patient=replace(DOCUMENT.patient, local_id=None))
    assert _prepared(alone).entries[0].source_patient_id == DOCUMENT.patient.ins


def test_opposition_stops_everything() -> None:
    assert _rules(DOCUMENT, opposition=True) == ["SUB-OPPOSITION"]


def test_no_ins_or_an_unqualified_one_is_refused() -> None:
    assert _rules(replace(DOCUMENT, patient=replace(DOCUMENT.patient, ins_qualified=False))) == ["SUB-INS"]
    assert _rules(replace(DOCUMENT, patient=replace(DOCUMENT.patient, ins=None))) == ["SUB-INS"]


def test_an_ins_that_the_destination_does_not_take_is_refused() -> None:
    production = Limits(ins_roots=frozenset({"1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9"}))
    assert _rules(DOCUMENT, limits=production) == ["SUB-INS-ROOT"]
    retired = replace(DOCUMENT.patient, ins=Identifier("1.2.250.1.213.1.4.2", "0" * 22))
    assert _rules(replace(DOCUMENT, patient=retired)) == ["SUB-INS-ROOT"]


def test_masked_to_professionals_and_hidden_from_the_patient_do_not_go_together() -> None:
    assert _rules(_masked("MASQUE_PS", "INVISIBLE_PATIENT")) == ["SUB-MASKS"]
    _prepared(_masked("MASQUE_PS", "INVISIBLE_REPRESENTANTS_LEGAUX"))


def test_a_document_over_the_limit_is_refused_and_there_is_no_limit_by_default() -> None:
    assert _rules(DOCUMENT, limits=Limits(max_bytes=len(CDA) - 1)) == ["SUB-SIZE", "SUB-SIZE"]
    prepare(DOCUMENT, cda=CDA, bundle=None, submission_time=NOW, opposition=False, limits=Limits(max_bytes=len(CDA)))


def test_a_structure_without_practice_setting_is_refused() -> None:
    assert _rules(replace(DOCUMENT, custodian=replace(DOCUMENT.custodian, setting=None))) == ["SUB-SETTING"]


def test_the_bytes_of_another_document_are_refused() -> None:
    assert _rules(replace(DOCUMENT, oid="1.2.250.1.999.2.1.77")) == ["SUB-BYTES"]


def test_every_fault_is_told_at_once() -> None:
    document = replace(_masked("MASQUE_PS", "INVISIBLE_PATIENT"), patient=replace(DOCUMENT.patient, ins=None))
    assert _rules(document, opposition=True, limits=Limits(max_bytes=1)) == [
        "SUB-OPPOSITION", "SUB-INS", "SUB-MASKS", "SUB-SIZE", "SUB-SIZE",
    ]  # fmt: skip


def test_neither_form_or_a_naive_time_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="at least one document"):
        prepare(DOCUMENT, cda=None, bundle=None, submission_time=NOW, opposition=False)
    with pytest.raises(ValueError, match="offset"):
        prepare(DOCUMENT, cda=CDA, bundle=None, submission_time=NOW.replace(tzinfo=None), opposition=False)


def test_the_level_one_form_is_a_document_of_its_own_with_the_format_of_a_pdf() -> None:
    submission = prepare(DOCUMENT, cda=CDA, bundle=None, n1=N1, submission_time=NOW, opposition=False)
    structured, printed = submission.entries
    assert submission.contents == (CDA, N1)
    assert (printed.mime_type, printed.format.code) == ("text/xml", "urn:ihe:iti:xds-sd:pdf:2008")
    assert printed.format.system.oid == "1.3.6.1.4.1.19376.1.2.3"
    assert printed.unique_id == n1_oid(DOCUMENT.oid)
    assert printed.unique_id.encode() in N1
    assert DOCUMENT.oid.encode() + b'"' not in N1
    assert len({structured.unique_id, printed.unique_id, fhir_oid(DOCUMENT.oid)}) == 3
    assert structured.set_id != printed.set_id
    assert (structured.type, structured.class_) == (printed.type, printed.class_)
    assert printed.replaces == n1_oid(DOCUMENT.replaces_oid)
    assert printed.replaces.encode() in N1


def test_a_level_one_form_under_the_identifier_of_the_other_is_refused() -> None:
    other = cda_printer.render_n1(DOCUMENT, PDF)
    with pytest.raises(SubmissionRefused) as refused:
        prepare(DOCUMENT, cda=None, bundle=None, n1=other, submission_time=NOW, opposition=False)
    assert [finding.rule for finding in refused.value.findings] == ["SUB-BYTES"]
