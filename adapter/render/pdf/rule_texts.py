"""What printing may refuse, told to the person who prints: its part of ``dmp-adapter rules``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapter.errors import Finding, RuleText, Severity

_LAYOUT: Final = RuleText(
    "PDF-LAYOUT",
    Severity.ERROR,
    "Mise en page impossible",
    "La fiche n'a pas pu être mise en page en PDF/A. La cause habituelle est un texte d'un seul tenant de plusieurs"
    " centaines de pages, que le format PDF/A-1 n'admet pas : couper ce texte en paragraphes dans la visite. Les formes"
    " CDA, FHIR et HTML ne sont pas touchées.",
    "ISO 19005-1 (PDF/A-1), 6.1.12, limites d'implémentation",
)

RULES: Final[Mapping[str, RuleText]] = {_LAYOUT.code: _LAYOUT}
"""Every rule that printing may name, by code."""


def layout_refused() -> Finding:
    """Finding of a page that cannot be typeset; it says nothing of the content."""
    return Finding(_LAYOUT.code, _LAYOUT.severity, "$", "La mise en page du PDF a échoué.", _LAYOUT.source)
