from __future__ import annotations

from adapter.api import convert
from adapter.validation import agreement, cda_rules, fhir_rules
from adapter.validation.self_check import check_pair
from tests.samples_kept import VISITS


def test_sound_documents_have_no_finding() -> None:
    done = convert(VISITS[0].read_bytes())
    assert check_pair(done.cda, done.bundle) == []


def test_it_finds_what_each_judge_finds_alone() -> None:
    done = convert(VISITS[0].read_bytes())
    cda = done.cda.replace(b'code="fr-FR"', b'code="en-US"').replace(b"mg", b"mL", 1)
    bundle = done.bundle.replace(b'"confidentiality":"N"', b'"confidentiality":"Z"')
    assert cda != done.cda
    assert bundle != done.bundle
    alone = [*cda_rules.check_cda(cda), *fhir_rules.check_bundle(bundle), *agreement.compare(cda, bundle)]
    assert {f.rule.partition("-")[0] for f in alone} == {"CDA", "FHIR", "AGR"}
    assert check_pair(cda, bundle) == alone


def test_what_cannot_be_read_says_why() -> None:
    assert [f.rule for f in check_pair(b"<a", b"{}")] == ["XML-SYNTAX"]
    done = convert(VISITS[0].read_bytes())
    assert [f.rule for f in check_pair(done.cda, b"{")] == ["JSON-SYNTAX"]
