"""Whatever a doctor may record: both documents come out well formed, conforming, and saying the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from lxml import etree

from adapter.api import compose, convert, render_bundle, render_cda, render_sheet
from adapter.errors import Severity
from adapter.model.reader import check_visit
from adapter.validation import agreement, cda_rules, fhir_rules
from tests.judges import refused
from tests.visits import visits

EXAMPLES = 2000
JUDGED = 50


@settings(max_examples=EXAMPLES)
@given(visits())
def test_the_outputs_agree_and_break_no_rule(drawn: dict[str, Any]) -> None:
    visit, findings = check_visit(json.dumps(drawn))
    assert visit is not None, [f for f in findings if f.severity is Severity.ERROR]
    document = compose(visit)
    cda, bundle, sheet = render_cda(document), render_bundle(document), render_sheet(document)
    assert agreement.compare(cda, bundle) == []
    assert agreement.compare_sheet(cda, sheet) == []
    assert [f for f in cda_rules.check_cda(cda) if f.severity is Severity.ERROR] == []
    assert [f for f in fhir_rules.check_bundle(bundle) if f.severity is Severity.ERROR] == []
    _generated.append(cda)


_generated: list[bytes] = []
_bundles: list[bytes] = []


@pytest.mark.conformance
def test_generated_documents_pass_the_schema(shared_dir: Path) -> None:
    assert len(_generated) >= EXAMPLES, "runs after the test that generates"
    schema = etree.XMLSchema(file=str(shared_dir / "cisis" / "infrastructure" / "cda" / "CDA_extended.xsd"))
    for cda in _generated:
        schema.assertValid(etree.fromstring(cda, etree.XMLParser(huge_tree=True, resolve_entities=False)))


@pytest.mark.conformance
def test_some_generated_documents_pass_the_schematrons_and_profiles(shared_dir: Path, tmp_path: Path) -> None:
    rich = sorted(_generated, key=len)[-400:: 400 // JUDGED]
    files = []
    for number, cda in enumerate(rich):
        files.append(tmp_path / f"{number}.xml")
        files[-1].write_bytes(cda)
    assert len(files) == JUDGED
    assert refused(shared_dir, "check_cda", files, "--profile", "generic") == ""
