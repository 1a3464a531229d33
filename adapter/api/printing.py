"""The synthesis for people, beyond the sheet: printed, and as the one-page sheet of the emergency."""

from __future__ import annotations

from adapter.model.document import Document

__all__ = ["render_emergency", "render_emergency_pdf", "render_pdf"]


def render_pdf(document: Document) -> bytes:
    """The readable sheet as PDF/A-1a: for paper, and for the N1 form.

    Raises:
        MissingExtra: typst is not installed (``dmp-adapter[pdf]``).
        DocumentInvalid: the page cannot be typeset (rule ``PDF-LAYOUT``).
    """
    from adapter.render import pdf

    return pdf.render(document)


def render_emergency(document: Document) -> bytes:
    """One-page emergency sheet (UTF-8 HTML, French, one file)."""
    from adapter.render import emergency

    return emergency.render(document)


def render_emergency_pdf(document: Document) -> bytes:
    """One-page emergency sheet as PDF/A-1a.

    Raises:
        MissingExtra: typst is not installed (``dmp-adapter[pdf]``).
        DocumentInvalid: the page cannot be typeset (rule ``PDF-LAYOUT``).
    """
    from adapter.render import pdf

    return pdf.render_emergency(document)
