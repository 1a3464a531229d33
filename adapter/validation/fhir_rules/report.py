"""Findings of one judgement, with paths that are only spelled out when something is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from adapter.errors import Finding, RuleText, Severity

At: TypeAlias = "tuple[Any, str, int] | None"
"""Place in the Bundle: parent place, member, index in its array or -1; None is the Bundle itself."""


Pointer: TypeAlias = "tuple[int, str, frozenset[str] | None, At]"
"""One literal reference: the entry it stands in, its text, the types it may point to, its place."""


def spell(at: At) -> str:
    """FHIRPath of a place: ``Bundle.entry[3].resource.code``."""
    steps: list[str] = []
    while at is not None:
        parent, member, index = at
        steps.append(f"{member}[{index}]" if index >= 0 else member)
        at = parent
    return ".".join(["Bundle", *reversed(steps)])


class Report:
    """What one judgement gathers.

    Attributes:
        findings: faults in the order they were met.
        pointers: every literal reference.
        entry: index of the entry being walked.
        kinds: type of the resource that each ``fullUrl`` names (and each ``entry#id`` of a contained one).
        places: index of the entry that each ``fullUrl`` names.
        systems: verdict on each code system already met.
        sound: codings (system, code) and lists of profiles already judged without fault.
        holders: entry, place and contained ids (with their rank) of each resource that contains others.
    """

    __slots__ = ("entry", "findings", "holders", "kinds", "places", "pointers", "rules", "sound", "systems")

    def __init__(self, rules: Mapping[str, RuleText]) -> None:
        self.rules = rules
        self.findings: list[Finding] = []
        self.pointers: list[Pointer] = []
        self.kinds: dict[str, str] = {}
        self.entry = -1
        self.places: dict[str, int] = {}
        self.systems: dict[str, tuple[str, bool] | None] = {}
        self.sound: set[tuple[str, ...]] = set()
        self.holders: list[tuple[int, At, dict[str, int]]] = []

    def add(self, rule: str, at: At, detail: str = "", *, severity: Severity | None = None) -> None:
        """One more finding; `detail` is French and holds no data of the document."""
        text = self.rules[rule]
        message = f"{text.title} : {detail}." if detail else f"{text.title}."
        self.findings.append(Finding(rule, severity or text.severity, spell(at), message, text.source))
