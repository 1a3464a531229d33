"""The forms asked of one visit, made once and judged before any of them leaves."""

from __future__ import annotations

import codecs
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from adapter import api
from adapter.api import Options, compose, render_bundle, render_cda, render_cda_n1, render_sheet
from adapter.errors import DocumentInvalid, Finding, Severity, VisitInvalid
from adapter.mapping import Mappings
from adapter.model.document import Document
from adapter.model.json_input import MAX_BYTES, MAX_DEPTH
from adapter.model.reader import check_visit as check_visit_bytes
from adapter.model.visit import Visit
from adapter.validation.self_check import check_pair

Form = Literal["cda", "fhir", "sheet", "pdf", "n1"]
Encoding = Literal["utf-8", "windows-1252"]

FORMS: Final[tuple[Form, ...]] = get_args(Form)
USUAL_FORMS: Final[tuple[Form, ...]] = ("cda", "fhir", "sheet")
MEDIA_TYPES: Final[Mapping[Form, str]] = {
    "cda": "text/xml",
    "fhir": "application/fhir+json",
    "sheet": "text/html",
    "pdf": "application/pdf",
    "n1": "text/xml",
}
_PRINTED: Final = frozenset({"pdf", "n1"})


@dataclass(frozen=True, slots=True)
class Made:
    """One visit in the forms that were asked.

    Attributes:
        contents: bytes by form.
        findings: warnings met on the way.
    """

    visit: Visit = field(repr=False)  # a log must not hold the record by accident
    document: Document = field(repr=False)
    contents: Mapping[Form, bytes] = field(repr=False)
    findings: tuple[Finding, ...]


def check_visit(
    data: bytes, *, encoding: Encoding = "utf-8", max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH
) -> tuple[Visit | None, tuple[Finding, ...]]:
    """Visit of `data` with every finding; None as soon as one of them is an error."""
    try:
        text = decoded(data, encoding)
    except VisitInvalid as refused:
        return None, refused.findings
    return check_visit_bytes(text, max_bytes=max_bytes, max_depth=max_depth)


def decoded(data: bytes, encoding: Encoding) -> bytes | str:
    """`data` for the reader of visits, which decodes UTF-8 itself.

    Raises:
        VisitInvalid: not in `encoding`.
    """
    if encoding == "utf-8":
        return data
    try:
        return codecs.decode(data, "cp1252")
    except UnicodeDecodeError as fault:
        message = f"L'octet {fault.start} n'est pas du windows-1252."
        raise VisitInvalid([Finding("JSON-ENCODING", Severity.ERROR, "$", message)]) from None


def make(
    data: bytes,
    forms: Collection[Form] = USUAL_FORMS,
    *,
    encoding: Encoding = "utf-8",
    options: Options | None = None,
    mappings: Mappings | None = None,
    self_check: bool = True,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
) -> Made:
    """A visit in the forms asked, all of the same document.

    Args:
        self_check: read CDA and Bundle back, check them against our rules and against each other.

    Raises:
        VisitInvalid, MappingError, DocumentInvalid: as for ``convert``.
        MissingExtra: a printed form is asked, and the extra that prints is not installed.
    """
    visit, told = check_visit(data, encoding=encoding, max_bytes=max_bytes, max_depth=max_depth)
    if visit is None:
        raise VisitInvalid(told)
    return render_all(visit, told, forms, options=options, mappings=mappings, self_check=self_check)


def render_all(
    visit: Visit,
    told: tuple[Finding, ...],
    forms: Collection[Form],
    *,
    options: Options | None = None,
    mappings: Mappings | None = None,
    self_check: bool = True,
) -> Made:
    """The same for a visit that was read already, with the warnings of its reading.

    Raises:
        VisitInvalid, MappingError, DocumentInvalid, MissingExtra: as for ``make``.
    """
    document = compose(visit, options=options, mappings=mappings)
    made: dict[Form, bytes] = {}
    if self_check or "cda" in forms:
        made["cda"] = render_cda(document)
    if self_check or "fhir" in forms:
        made["fhir"] = render_bundle(document)
    judged = check_pair(made["cda"], made["fhir"]) if self_check else []
    if any(one.severity is Severity.ERROR for one in judged):
        raise DocumentInvalid((*told, *document.notices, *judged))
    if "sheet" in forms:
        made["sheet"] = render_sheet(document)
    if _PRINTED & set(forms):
        made["pdf"] = _pdf(document)
    if "n1" in forms:
        made["n1"] = render_cda_n1(document, made["pdf"])
    contents = {form: made[form] for form in FORMS if form in forms}
    return Made(visit, document, contents, (*told, *document.notices, *judged))


def _pdf(document: Document) -> bytes:
    return api.render_pdf(document)


__all__ = ["FORMS", "MEDIA_TYPES", "USUAL_FORMS", "Encoding", "Form", "Made", "check_visit", "decoded", "make"]
