"""Whatever a doctor may record: both documents come out well formed, conforming, and saying the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from lxml import etree

from adapter.api import compose, render_bundle, render_cda, render_sheet
from adapter.errors import Severity
from adapter.model.reader import check_visit
from adapter.validation import agreement, cda_rules, fhir_rules
from tests.judges import refused
from tests.visits import visits

EXAMPLES = 2000
JUDGED = 50
_generated: list[tuple[bytes, bytes]] = []


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
    _generated.append((cda, bundle))


@pytest.mark.conformance
def test_generated_documents_pass_the_schema(shared_dir: Path) -> None:
    assert len(_generated) >= EXAMPLES, "runs after the test that generates"
    schema = etree.XMLSchema(file=str(shared_dir / "cisis" / "infrastructure" / "cda" / "CDA_extended.xsd"))
    parser = etree.XMLParser(huge_tree=True, resolve_entities=False, no_network=True)
    for cda, _ in _generated:
        schema.assertValid(etree.fromstring(cda, parser))


@pytest.mark.conformance
def test_the_richest_generated_documents_pass_schematrons_and_profiles(shared_dir: Path, tmp_path: Path) -> None:
    assert len(_generated) >= EXAMPLES, "runs after the test that generates"
    # Every fourth of the two hundred largest: long documents hold the most kinds of entry.
    rich = sorted(_generated, key=lambda pair: len(pair[0]))[-4 * JUDGED :: 4]
    assert len(rich) == JUDGED
    for number, (cda, bundle) in enumerate(rich):
        (tmp_path / f"{number}.xml").write_bytes(cda)
        (tmp_path / f"{number}.json").write_bytes(bundle)
    assert refused(shared_dir, "check_cda", sorted(tmp_path.glob("*.xml")), "--profile", "generic") == ""
    assert refused(shared_dir, "check_fhir", sorted(tmp_path.glob("*.json")), "--profile", "fr-bundle-document") == ""
