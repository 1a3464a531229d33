"""What nothing moves: anchors named after their section, and constants of the form; whatever else is a riddle."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Final

from adapter.api.tracing import constants
from adapter.api.tracing.evidence import Evidence
from adapter.api.tracing.scan import Form
from adapter.mapping.loader import DOCUMENT

_ANCHOR: Final = re.compile(r"#?(?:rubrique-)?([a-z-]+?)(?:-\d+(?:-media)?)?")
_ANCHORED: Final = frozenset({"ID", "id", "value", "href", "extension", "referencedObject"})
_PART: Final[dict[Form, re.Pattern[str]]] = {
    "cda": re.compile(r".*?/entry\[\d+\]|.*/section\[\d+\]|(?:/[^/]+){1,2}"),
    "fhir": re.compile(r"Bundle(?:\.entry\[\d+\])?"),
    "sheet": re.compile(r"(?:/[^/]+){1,4}"),
}
"""What one module prints, as a rule: an entry, a section, a part of the header; a resource; a part of the page."""


def own(evidence: Evidence, form: Form) -> dict[int, tuple[str, str]]:
    """By rank of an atom that nothing moves: the row that names it, or the line of the program that prints it.

    An atom that is missing here has no origin at all.
    """
    known = evidence.scans[form]
    found: dict[int, tuple[str, str]] = {}
    parts: dict[str, list[tuple[int, tuple[str, ...]]]] = defaultdict(list)
    for number, atom in enumerate(known.atoms):
        if evidence.origins[form].known(number):
            continue
        anchor = _ANCHOR.fullmatch(atom.value) if atom.name in _ANCHORED else None
        if anchor and anchor[1] in evidence.sections:
            found[number] = f"{DOCUMENT}:section {anchor[1]}", ""
        elif lines := constants.lines(form, atom):
            part = _PART[form].match(known.places[atom.node].path)
            parts[part[0] if part else ""].append((number, lines))
    for some in parts.values():
        for (number, _), line in zip(some, constants.likeliest([lines for _, lines in some]), strict=True):
            found[number] = "", line
    return found
