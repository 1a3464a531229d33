from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from adapter.errors import Finding, Severity, VisitInvalid
from adapter.model.reader import check_visit, read_visit
from adapter.model.visit_rule_texts import RULES

REFUSED = Path(__file__).resolve().parents[2] / "samples" / "refused"
SAMPLES = sorted(path for path in REFUSED.glob("*.json") if not path.name.endswith(".findings.json"))

# Words of the invented patient; a sample that is not JSON at all has at least these.
PATIENT = {"FARFADET", "ZELIE", "Farfadet", "Zélie", "Bivouac", "paisible", "tilleul", "Mirabelle", "kaléidoscopique"}
PATIENT_DIGITS = re.compile(r"\d{7,}|[0-9]{2}( [0-9]{2}){4}")


def told(findings: tuple[Finding, ...]) -> bytes:
    rows = [{"rule": f.rule, "severity": f.severity.value, "path": f.path, "message": f.message} for f in findings]
    return (json.dumps(rows, ensure_ascii=False, indent=2) + "\n").encode()


def words_of(value: Any) -> Iterator[str]:
    """Every word that a person may have written in a visit; local codes are short and published, names are ours."""
    if isinstance(value, dict):
        for child in value.values():
            yield from words_of(child)
    elif isinstance(value, list):
        for child in value:
            yield from words_of(child)
    elif isinstance(value, str) and not re.fullmatch(r"[a-z0-9/-]+", value):
        yield from re.findall(r"\w{4,}", value)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_refused_visit_raises_exactly_its_findings(sample: Path, golden: Callable[[Path, bytes], None]) -> None:
    visit, findings = check_visit(sample.read_bytes())
    assert visit is None
    assert any(finding.severity is Severity.ERROR for finding in findings)
    golden(sample.with_suffix(".findings.json"), told(findings))
    with pytest.raises(VisitInvalid) as refused:
        read_visit(sample.read_bytes())
    assert refused.value.findings == findings


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_finding_never_repeats_what_the_visit_says(sample: Path) -> None:
    try:
        words = PATIENT | set(words_of(json.loads(sample.read_bytes())))
    except ValueError:
        words = PATIENT
    words -= {"1850", "2200"}  # bounds of a year, in the text of the rule
    _, findings = check_visit(sample.read_bytes())
    for finding in findings:
        said = set(re.findall(r"\w{4,}", f"{finding.message} {finding.path}"))
        assert words & said == set(), finding.rule
        assert not PATIENT_DIGITS.search(finding.message + finding.path), finding.rule
    with pytest.raises(VisitInvalid) as refused:
        read_visit(sample.read_bytes())
    assert not any(word in str(refused.value) for word in words)


def test_every_finding_has_a_rule_that_explains_it_and_its_source() -> None:
    for sample in SAMPLES:
        for finding in check_visit(sample.read_bytes())[1]:
            assert finding.rule in RULES
            assert finding.source


def test_the_samples_show_at_least_thirty_rules_and_each_is_named_after_one() -> None:
    shown = set()
    for sample in SAMPLES:
        rules = {finding.rule for finding in check_visit(sample.read_bytes())[1]}
        shown |= rules
        named = any(sample.stem.startswith(rule.lower()) for rule in rules)
        assert named or sample.stem in {"several-at-once", "hostile-text", "json-not-an-object"}, sample.stem
    assert len(shown) >= 30


def test_no_findings_file_stands_without_its_sample() -> None:
    alone = [
        path.name
        for path in REFUSED.glob("*.findings.json")
        if path.with_suffix("").with_suffix(".json") not in SAMPLES
    ]
    assert alone == []
