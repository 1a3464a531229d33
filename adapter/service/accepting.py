"""Which forms a caller wants, from the parameter or from the header Accept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapter.api.forms import USUAL_FORMS, Form
from adapter.service.problems import Refusal

_BY_TYPE: Final[dict[str, Form | None]] = {
    "application/json": None,
    "text/xml": "cda",
    "application/xml": "cda",
    "application/hl7-sda+xml": "cda",
    "application/fhir+json": "fhir",
    "text/html": "sheet",
    "application/pdf": "pdf",
    "application/*": None,
    "*/*": None,
    "text/*": "sheet",
}


def chosen(to: Sequence[Form] | None, accept: str) -> tuple[tuple[Form, ...], bool]:
    """Forms asked, and whether the one form is wanted alone, as its bytes.

    Raises:
        Refusal: 406, nothing that the caller accepts.
    Source: RFC 9110, 12.5.1 (Accept).
    """
    if to:
        forms = tuple(dict.fromkeys(to))
        wants_json = any(kind == "application/json" for kind, _ in _preferences(accept))
        return forms, len(forms) == 1 and not wants_json
    if not accept.strip():
        return USUAL_FORMS, False
    for kind, weight in _preferences(accept):
        if weight > 0 and kind in _BY_TYPE:
            form = _BY_TYPE[kind]
            return ((form,), True) if form else (USUAL_FORMS, False)
    raise Refusal("not-acceptable", f"Formes produites : {', '.join(_BY_TYPE)}.")


def _preferences(accept: str) -> list[tuple[str, float]]:
    """Media types of the header with their weight, the preferred first."""
    found: list[tuple[str, float]] = []
    for part in accept.split(","):
        kind, _, parameters = part.partition(";")
        weight = 1.0
        for parameter in parameters.split(";"):
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "q":
                weight = _weight(value.strip())
        if kind.strip():
            found.append((kind.strip().lower(), weight))
    return sorted(found, key=lambda one: -one[1])


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
