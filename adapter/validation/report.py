"""Findings to what people and machines read: text, JSON, SARIF, JUnit, OperationOutcome.

Every form takes the findings of each file under the name that the caller gives it, keeps their order, and is the
same for the same findings: no clock, no machine, no path of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from lxml import etree

from adapter.errors import Finding, RuleText, Severity

FindingsByFile = Mapping[str, Sequence[Finding]]

_LABELS = {Severity.ERROR: "erreur", Severity.WARNING: "avertissement"}
_SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_NO_RULES: Mapping[str, RuleText] = {}
_CONTROLS = [code for code in range(0x20) if code not in (0x09, 0x0A, 0x0D)]
# Source: XML 1.0 (5th edition), 2.2 Char; surrogates are illegal in UTF-8, hence in JSON bytes too.
_ILLEGAL_IN_XML = dict.fromkeys([*_CONTROLS, *range(0xD800, 0xE000), 0xFFFE, 0xFFFF], "\ufffd")


def as_text(files: FindingsByFile) -> str:
    """One line a finding, grouped by file, then a line of totals; ends with a line break."""
    lines: list[str] = []
    for name, findings in files.items():
        lines.append(f"{name} : {_total(findings)}")
        for finding in findings:
            lines.append(f"  {_LABELS[finding.severity]} {finding.rule} {finding.path}")
            lines.append(f"    {finding.message}")
            if finding.source:
                lines.append(f"    source : {finding.source}")
    if len(files) != 1:
        everything = [finding for findings in files.values() for finding in findings]
        lines.append(f"{_plural(len(files), 'fichier')} : {_total(everything)}")
    return "\n".join(lines) + "\n"


def as_json(files: FindingsByFile) -> bytes:
    """JSON object: for each file its findings, and the totals."""
    everything = [finding for findings in files.values() for finding in findings]
    return _json(
        {
            "files": [
                {"file": name, "valid": not _errors(findings), "findings": [_as_object(f) for f in findings]}
                for name, findings in files.items()
            ],
            "errors": _errors(everything),
            "warnings": len(everything) - _errors(everything),
        }
    )


def as_sarif(files: FindingsByFile, *, rules: Mapping[str, RuleText] = _NO_RULES, version: str = "") -> bytes:
    """SARIF 2.1.0 log with one run.

    Args:
        files: findings by file name.
        rules: what the rules say of themselves; a rule that is not there is named by its code alone.
        version: version of this package, left out when empty.
    Source: OASIS SARIF 2.1.0 (errata 01), 3.13, 3.14, 3.19, 3.27, 3.49.
    """
    codes = sorted({finding.rule for findings in files.values() for finding in findings})
    position = {code: number for number, code in enumerate(codes)}
    driver: dict[str, Any] = {"name": "dmp-adapter", "rules": [_sarif_rule(code, rules.get(code)) for code in codes]}
    if version:
        driver["version"] = version
    return _json(
        {
            "$schema": _SARIF_SCHEMA,
            "version": "2.1.0",
            "runs": [
                {
                    "tool": {"driver": driver},
                    "language": "fr-FR",
                    "columnKind": "unicodeCodePoints",
                    "results": [
                        {
                            "ruleId": finding.rule,
                            "ruleIndex": position[finding.rule],
                            "level": finding.severity.value,
                            "message": {"text": finding.message},
                            "locations": [
                                {
                                    "physicalLocation": {"artifactLocation": {"uri": _uri(name)}},
                                    "logicalLocations": [{"fullyQualifiedName": finding.path}],
                                }
                            ],
                        }
                        for name, findings in files.items()
                        for finding in findings
                    ],
                }
            ],
        }
    )


def as_junit(files: FindingsByFile) -> bytes:
    """JUnit XML: one suite a file, one failed case for each error, one passed case for each warning.

    A file without findings has one passed case, so that it shows as judged. Times are left out: findings have none.
    Source: JUnit XML as read by Jenkins and GitLab (testsuites/testsuite/testcase/failure).
    """
    root = etree.Element("testsuites", name="dmp-adapter")
    tests = failures = 0
    for name, findings in files.items():
        errors = _errors(findings)
        cases = max(1, len(findings))
        suite = etree.SubElement(
            root, "testsuite", name=_xml(name), tests=str(cases), failures=str(errors), errors="0", skipped="0"
        )
        for finding in findings:
            case = etree.SubElement(
                suite, "testcase", classname=_xml(name), name=_xml(f"{finding.rule} {finding.path}")
            )
            words = _xml(f"{finding.path}\n{finding.message}\n{finding.source}".rstrip())
            if finding.severity is Severity.ERROR:
                failure = etree.SubElement(case, "failure", type=_xml(finding.rule), message=_xml(finding.message))
                failure.text = words
            else:
                etree.SubElement(case, "system-out").text = words
        if not findings:
            etree.SubElement(suite, "testcase", classname=_xml(name), name="aucun constat")
        tests += cases
        failures += errors
    root.set("tests", str(tests))
    root.set("failures", str(failures))
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def as_operation_outcome(files: FindingsByFile) -> bytes:
    """FHIR R4 OperationOutcome; without findings, one issue says so.

    A FHIRPath goes to ``expression``; an XPath or JSON path, which FHIR has no live element for, to ``diagnostics``.
    With several files, the file name opens ``diagnostics``.
    Source: FHIR R4 4.0.1, OperationOutcome; issue-severity, issue-type.
    """
    several = len(files) > 1
    issues = [_issue(name if several else "", finding) for name, findings in files.items() for finding in findings]
    if not issues:
        issues = [{"severity": "information", "code": "informational", "details": {"text": "Aucun constat."}}]
    return _json({"resourceType": "OperationOutcome", "issue": issues})


def _issue(name: str, finding: Finding) -> dict[str, Any]:
    issue: dict[str, Any] = {
        "severity": finding.severity.value,
        "code": "invariant",
        "details": {"coding": [{"code": finding.rule}], "text": finding.message},
    }
    is_fhirpath = finding.path[:1].isalpha()
    notes = [name, "" if is_fhirpath else finding.path, f"source : {finding.source}" if finding.source else ""]
    if any(notes):
        issue["diagnostics"] = " | ".join(filter(None, notes))
    if is_fhirpath:
        issue["expression"] = [finding.path]
    return issue


def _as_object(finding: Finding) -> dict[str, str]:
    shown = {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "path": finding.path,
        "message": finding.message,
    }
    return shown | {"source": finding.source} if finding.source else shown


def _sarif_rule(code: str, rule: RuleText | None) -> dict[str, Any]:
    if rule is None:
        return {"id": code}
    return {
        "id": code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.explanation},
        "help": {"text": f"Source : {rule.source}"},
        "defaultConfiguration": {"level": rule.severity.value},
    }


def _uri(name: str) -> str:
    """File name as a relative URI reference. Source: RFC 3986, 2.1 and 3.3."""
    kept = "-._~/!$&'()*+,;=@"
    return "".join(
        [
            chr(byte) if chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) in kept) else f"%{byte:02X}"
            for byte in name.replace("\\", "/").encode("utf-8", "replace")
        ]
    )


def _xml(value: str) -> str:
    """`value` without the characters that XML 1.0 cannot hold."""
    return value.translate(_ILLEGAL_IN_XML)


def _json(value: dict[str, Any]) -> bytes:
    return orjson.dumps(_printable(value), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _printable(value: Any) -> Any:
    """`value` with every lone surrogate replaced: a file name may hold some, UTF-8 cannot."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {key: _printable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_printable(item) for item in value]
    return value


def _errors(findings: Sequence[Finding]) -> int:
    return sum(finding.severity is Severity.ERROR for finding in findings)


def _total(findings: Sequence[Finding]) -> str:
    if not findings:
        return "aucun constat"
    errors = _errors(findings)
    parts = [(errors, "erreur"), (len(findings) - errors, "avertissement")]
    return ", ".join(_plural(number, word) for number, word in parts if number)


def _plural(number: int, word: str) -> str:
    return f"{number} {word}{'s' if number > 1 else ''}"
