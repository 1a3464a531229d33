"""What goes wrong, as types: one finding per fault, one exception per kind of end.

Messages hold the rule, the path and the table; never a name, an INS or a sentence of the visit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding weighs: an error stops the step, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, told so that a reader can go to it and mend it.

    Attributes:
        rule: stable code of the rule (``VIS-012``, ``INS-KEY``...), explained by ``dmp-adapter rules CODE``.
        severity: error or warning.
        path: JSON path (``$.care_team[2].rpps``), XPath or FHIRPath of the culprit.
        message: one French sentence without any patient data.
        source: where the rule comes from (text, edition, section).
    """

    rule: str
    severity: Severity
    path: str
    message: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class RuleText:
    """One rule, told to the person who has to mend what it found.

    Attributes:
        code: stable code, the one that findings carry (``CDA-TIME-ZONE``).
        severity: the usual weight of a finding of this rule; a check may lower it and says why in its message.
        title: one short French line.
        explanation: what is asked, why, and how to mend it, in French.
        source: text, edition and section the rule comes from.
    """

    code: str
    severity: Severity
    title: str
    explanation: str
    source: str


class AdapterError(Exception):
    """Root of every error that this package raises on purpose."""


class FindingsError(AdapterError):
    """A step that found at least one error; it carries every finding, warnings included."""

    def __init__(self, findings: tuple[Finding, ...] | list[Finding]) -> None:
        self.findings: tuple[Finding, ...] = tuple(findings)
        super().__init__("; ".join(f"{f.rule} {f.path}" for f in self.findings))


class VisitInvalid(FindingsError):
    """The caller's data: findings with JSON paths."""


class MappingError(FindingsError):
    """Our tables: findings whose path is ``file:line`` or table and local code."""


class DocumentInvalid(FindingsError):
    """Our output: findings against the published rules, with XPath or FHIRPath."""


class DmpError(AdapterError):
    """Root of what a DMP exchange can end in, other than success.

    Attributes:
        code: the DMP's own code, kept whole; empty when there is none.
        retry_after_s: seconds that the DMP asked us to wait, or None.
        details: what the DMP said beside the code (context, place), patient data cut out; not part of the message.
    """

    def __init__(
        self, message: str, *, code: str = "", retry_after_s: float | None = None, details: tuple[str, ...] = ()
    ) -> None:
        self.message = message
        self.code = code
        self.retry_after_s = retry_after_s
        self.details = details
        super().__init__(f"{message} [{code}]" if code else message)


class DmpUnreachable(DmpError):
    """Nothing left, or nothing was done for sure (refused before any effect): try again later."""


class OutcomeUnknown(DmpError):
    """Sent, and no usable answer: search by unique id before sending again."""


class DmpRejected(DmpError):
    """The DMP refused the content or the operation; the same request would be refused again."""


class DmpAccessDenied(DmpError):
    """Credentials, rights, consent, or no open DMP."""


class OutboxError(AdapterError):
    """The durable queue could not do what was asked."""


class MissingExtra(AdapterError):
    """An optional package is needed for what was asked; the message says which extra brings it."""
