"""The HL7 FHIR validator that a user has: its findings on a Bundle, beside ours.

Its messages quote values of the document: what could be a word of the patient's record is replaced by […].
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from adapter.errors import AdapterError, Finding, FindingsError, RuleText, Severity
from adapter.model.json_input import parse_json

LIMIT_S: Final = 600
RULE: Final = "FHIR-VALIDATOR"
SOURCE: Final = "Validateur FHIR de HL7"
RULES: Final[dict[str, RuleText]] = {
    RULE: RuleText(
        RULE,
        Severity.ERROR,
        "Constat du validateur FHIR",
        "Le validateur FHIR désigné par --fhir-validator fait cette remarque. Le message est le sien, en anglais ; ce"
        " qui pourrait être une donnée du patient y est remplacé par […].",
        "HL7, validateur FHIR (org.hl7.fhir.validation)",
    )
}
_SEVERITIES: Final = {
    "fatal": Severity.ERROR,
    "error": Severity.ERROR,
    "warning": Severity.WARNING,
}
_QUOTED: Final = re.compile(r"'(?!https?://|urn:oid:[0-9.]+'|[A-Za-z]+(\.[A-Za-z:]+)+')[^']*'")


class ValidatorUnusable(AdapterError):
    """The validator cannot be run or did not answer as one; a French sentence that quotes nothing of the document."""


def run_jar(jar: Path, bundle: bytes) -> list[Finding]:
    """Findings of ``validator_cli.jar`` on a Bundle; it asks no terminology server, so that no code leaves the machine.

    Raises:
        ValidatorUnusable: Java is missing, or the program failed without a report.
    """
    java = shutil.which("java")
    if java is None:
        raise ValidatorUnusable("Le validateur FHIR demande Java, introuvable sur cette machine.")
    with tempfile.TemporaryDirectory() as folder:
        told, report = Path(folder) / "bundle.json", Path(folder) / "report.json"
        told.write_bytes(bundle)
        options = ["-version", "4.0.1", "-tx", "n/a", "-output", str(report)]
        try:
            subprocess.run(  # noqa: S603  # the user names the program; no shell reads the arguments
                [java, "-jar", str(jar), str(told), *options],
                capture_output=True,
                timeout=LIMIT_S,
                check=False,  # it exits with 1 when it finds errors
            )
        except (OSError, subprocess.TimeoutExpired):
            raise ValidatorUnusable("Le validateur FHIR n'a pas répondu.") from None
        if not report.exists():
            raise ValidatorUnusable("Le validateur FHIR s'est arrêté sans rendre de rapport.")
        return findings_of(report.read_bytes())


def findings_of(outcome: bytes) -> list[Finding]:
    """Errors and warnings of an OperationOutcome, or of a Bundle that holds one.

    Raises:
        ValidatorUnusable: it is neither.
    """
    try:
        read = parse_json(outcome, root="OperationOutcome")
    except FindingsError:
        raise ValidatorUnusable("La réponse du validateur FHIR n'est pas lisible.") from None
    try:
        outcomes = _outcomes(read)
        issues = [issue for one in outcomes for issue in one["issue"]]
        return [_finding(issue) for issue in issues if issue["severity"] in _SEVERITIES]
    except (AttributeError, KeyError, TypeError):
        raise ValidatorUnusable("La réponse du validateur FHIR n'est pas un OperationOutcome.") from None


def _outcomes(read: Any) -> list[Any]:
    """Outcomes of an answer; any other shape raises KeyError, TypeError or AttributeError."""
    if read["resourceType"] == "Bundle":
        return [one for entry in read["entry"] for one in _outcomes(entry["resource"])]
    if read["resourceType"] != "OperationOutcome":
        raise KeyError("OperationOutcome")
    return [read]


def _finding(issue: Mapping[str, Any]) -> Finding:
    said = issue.get("details", {}).get("text") or issue.get("diagnostics") or ""
    place = next(iter(issue.get("expression") or issue.get("location") or ()), "")
    return Finding(RULE, _SEVERITIES[issue["severity"]], str(place), _QUOTED.sub("[…]", str(said)), SOURCE)
