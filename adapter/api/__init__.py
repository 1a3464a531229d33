"""The way of the data on one screen: visit JSON -> Visit -> Document -> CDA, Bundle, sheet, judged before they leave.

from adapter import convert
done = convert(Path("visite.json").read_bytes())
Path("synthese.xml").write_bytes(done.cda)
Path("synthese.json").write_bytes(done.bundle)
Path("synthese.html").write_bytes(done.sheet)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from adapter import cda as cda_printer
from adapter import fhir as fhir_printer
from adapter import render as sheet_printer
from adapter.api.billing import BillingAdvice, bill, render_billing
from adapter.api.printing import render_emergency, render_emergency_pdf, render_pdf
from adapter.compose import Options
from adapter.compose import compose as compose_document
from adapter.errors import DocumentInvalid, Finding, Severity, VisitInvalid
from adapter.mapping import Mappings, load
from adapter.model.document import Document
from adapter.model.reader import check_visit, read_visit
from adapter.model.visit import Visit
from adapter.submission import as_n1
from adapter.validation.self_check import check_pair

if TYPE_CHECKING:
    from adapter.api.tracing import Trace

__all__ = [
    "BillingAdvice",
    "Conversion",
    "Options",
    "bill",
    "check_outputs",
    "compose",
    "convert",
    "read_visit",
    "render_billing",
    "render_bundle",
    "render_cda",
    "render_cda_n1",
    "render_emergency",
    "render_emergency_pdf",
    "render_pdf",
    "render_sheet",
    "trace",
]


@dataclass(frozen=True, slots=True)
class Conversion:
    """One visit converted: the composed document, its three forms, and the warnings met on the way."""

    document: Document = field(repr=False)  # a log must not hold the record by accident
    cda: bytes = field(repr=False)
    bundle: bytes = field(repr=False)
    sheet: bytes = field(repr=False)
    findings: tuple[Finding, ...]


def compose(visit: Visit, *, options: Options | None = None, mappings: Mappings | None = None) -> Document:
    """Document of a visit, with the packaged mappings unless others are given.

    Raises:
        MappingError: a value of the visit has no row.
    """
    return compose_document(visit, mappings or load(), options)


def render_cda(document: Document) -> bytes:
    """CDA R2 level 3 document (UTF-8 XML)."""
    return cda_printer.render(document)


def render_cda_n1(document: Document, pdf: bytes) -> bytes:
    """CDA R2 level 1 document: the same header around a PDF, under identifiers of its own."""
    return cda_printer.render_n1(as_n1(document), pdf)


def render_bundle(document: Document) -> bytes:
    """FHIR R4 document Bundle (UTF-8 JSON)."""
    return fhir_printer.render(document)


def render_sheet(document: Document) -> bytes:
    """Readable sheet (UTF-8 HTML, French, one file)."""
    return sheet_printer.render(document)


def check_outputs(cda: bytes, bundle: bytes) -> list[Finding]:
    """Findings of our own judges on both documents, and of the judge of their agreement."""
    return check_pair(cda, bundle)


def convert(
    data: bytes | str,
    *,
    options: Options | None = None,
    mappings: Path | Mappings | None = None,
    self_check: bool = True,
) -> Conversion:
    """A visit converted whole, and judged before it is handed over.

    Args:
        data: visit JSON (``dmp-adapter schema`` gives its schema).
        options: issuer and practice setting.
        mappings: folder whose files replace the packaged ones of the same name, or mappings already loaded.
        self_check: read both outputs back, check them against our rules and against each other.

    Raises:
        VisitInvalid: the data; every finding, with its JSON path.
        MappingError: the tables.
        DocumentInvalid: our own output is not good enough to leave.
    """
    visit, told = check_visit(data)
    if visit is None:
        raise VisitInvalid(told)
    tables = mappings if isinstance(mappings, Mappings) else load(mappings)
    document = compose_document(visit, tables, options)
    cda, bundle = render_cda(document), render_bundle(document)
    found = check_outputs(cda, bundle) if self_check else []
    if any(f.severity is Severity.ERROR for f in found):
        raise DocumentInvalid(found)
    return Conversion(document, cda, bundle, render_sheet(document), (*told, *document.notices, *found))


def trace(data: bytes | str, *, options: Options | None = None, mappings: Path | Mappings | None = None) -> Trace:
    """Where each value of a visit goes in the three forms, and where each node of these comes from: the loss report.

    It takes seconds, for it prints the visit hundreds of times; ``convert`` pays nothing for it.

    Raises:
        VisitInvalid: the data; every finding, with its JSON path.
        MappingError: the tables.
    """
    from adapter.api import tracing

    return tracing.trace(data, options=options, mappings=mappings)
