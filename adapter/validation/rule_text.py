"""What a rule says of itself, for ``dmp-adapter rules CODE`` and for the reports."""

from __future__ import annotations

from dataclasses import dataclass

from adapter.errors import Severity


@dataclass(frozen=True, slots=True)
class RuleText:
    """One rule, told to the person who has to mend the document.

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
