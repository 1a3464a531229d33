"""Both documents judged before they leave: each is parsed once, then rules and agreement read the same trees."""

from __future__ import annotations

from adapter.errors import Finding, FindingsError
from adapter.model.json_input import parse_json
from adapter.validation import agreement
from adapter.validation.cda_rules import check_cda_tree
from adapter.validation.fhir_rules import check_bundle_tree
from adapter.validation.xml_input import parse_xml


def check_pair(cda: bytes, bundle: bytes) -> list[Finding]:
    """Findings on each document by our own rules, then on their agreement; a document that cannot be read says why."""
    try:
        root = parse_xml(cda)
        tree = parse_json(bundle, root="Bundle")
    except FindingsError as fault:
        return list(fault.findings)
    return [*check_cda_tree(root), *check_bundle_tree(tree), *agreement.compare_trees(root, tree)]
