"""Refusals, and how they are told: one OperationOutcome with the code that XDS or the DMP gives to the fault.

Texts are French and hold no data of the request.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

# Codes of IHE ITI TF-3 table 4.2.4.1-2 (XDS…) and of the DMP (DMP…). FHIR gives them no code system of their own:
# this URI is the simulator's choice, and a client should look at the code.
ERROR_SYSTEM: Final = "urn:oid:1.3.6.1.4.1.19376.1.2.27.1"

MISSING: Final = "XDSMissingDocumentMetadata"
WRONG: Final = "XDSRegistryMetadataError"


@dataclass(frozen=True, slots=True)
class Issue:
    """One line of an OperationOutcome.

    Attributes:
        text: French sentence. ``code``: code of the DMP or XDS. ``kind``: FHIR issue type.
        expression: FHIRPath of the culprit, or empty.
    """

    text: str
    code: str = WRONG
    kind: str = "invalid"
    expression: str = ""
    severity: Literal["error", "warning", "information"] = "error"


class Refusal(Exception):
    """The request is refused: an HTTP status and every reason found."""

    def __init__(self, status: int, issues: Issue | Iterable[Issue], *, headers: dict[str, str] | None = None) -> None:
        self.status = status
        self.issues = (issues,) if isinstance(issues, Issue) else tuple(issues)
        self.headers = headers or {}
        super().__init__(f"{status} {' '.join(sorted({issue.code for issue in self.issues}))}")


@dataclass(slots=True)
class Issues:
    """Issues gathered along a check; `at` gives the FHIRPath prefix of what is being checked."""

    found: list[Issue] = field(default_factory=list)

    def missing(self, expression: str, text: str) -> None:
        """A required element is absent."""
        self.found.append(Issue(text, MISSING, "required", expression))

    def wrong(self, expression: str, text: str, *, code: str = WRONG, kind: str = "value") -> None:
        """An element is there and must not be, or not so."""
        self.found.append(Issue(text, code, kind, expression))

    def refuse(self, status: int = 422) -> None:
        """Raise when anything was found.

        Raises:
            Refusal: with every issue.
        """
        if self.found:
            raise Refusal(status, self.found)


def operation_outcome(issues: Iterable[Issue]) -> dict[str, Any]:
    """OperationOutcome resource; without an issue it says that all is well."""
    told = list(issues) or [Issue("Aucune anomalie.", "DMPOk", "informational", severity="information")]
    return {"resourceType": "OperationOutcome", "issue": [_issue(one) for one in told]}


def _issue(one: Issue) -> dict[str, Any]:
    issue: dict[str, Any] = {"severity": one.severity, "code": one.kind}
    issue["details"] = {"coding": [{"system": ERROR_SYSTEM, "code": one.code}], "text": one.text}
    issue["diagnostics"] = one.text
    if one.expression:
        issue["expression"] = [one.expression]
    return issue
