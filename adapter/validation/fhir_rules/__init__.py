"""Judge of a FHIR document as bytes: base R4 shapes, document rules, French rules said in words.

It knows nothing of how the document was made: its facts are its own, each rule tells where it is written. It does not
replace the profiles themselves (`adapter.validation.fhir_packages`), nor a terminology server.
"""

from __future__ import annotations

from adapter.errors import Finding, FindingsError, Severity
from adapter.model.json_input import MAX_BYTES, MAX_DEPTH, parse_json
from adapter.validation.fhir_rules.document import judge
from adapter.validation.fhir_rules.report import Report
from adapter.validation.fhir_rules.texts import RULES

__all__ = ["RULES", "check_bundle", "check_bundle_tree"]


def check_bundle(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> list[Finding]:
    """Every finding on the FHIR document `data`, in one pass; an empty list when all is well.

    Args:
        data: UTF-8 JSON of one Bundle.
        max_bytes: refused beyond, with JSON-SIZE.
        max_depth: deepest nesting accepted, else JSON-DEPTH.
    Source: FHIR R4 (4.0.1); FHIR document-core 0.1.0; FR Core 2.2.0-ballot-2; see `RULES`.
    """
    try:
        bundle = parse_json(data, max_bytes=max_bytes, max_depth=max_depth, root="Bundle")
    except FindingsError as fault:
        return list(fault.findings)
    return check_bundle_tree(bundle)


def check_bundle_tree(bundle: object) -> list[Finding]:
    """Every finding on a document already parsed by `parse_json`."""
    report = Report(RULES)
    if not isinstance(bundle, dict):
        text = RULES["FHIR-BUNDLE"]
        return [Finding("FHIR-BUNDLE", Severity.ERROR, "Bundle", f"{text.title}.", text.source)]
    judge(report, bundle)
    return report.findings
