"""The readable sheet on paper: PDF/A, its fonts within, made of the very page that the screen shows."""

from __future__ import annotations

from adapter.model.document import Document
from adapter.render import emergency, sheet
from adapter.render.markup import short_date
from adapter.render.page import running_head
from adapter.render.pdf.tree import tree
from adapter.render.pdf.typesetting import STANDARD, Sheet, typeset

__all__ = ["STANDARD", "render", "render_emergency"]

_LONGEST_HEAD = 140  # characters of the line that later pages repeat


def render(document: Document) -> bytes:
    """PDF/A-1a bytes of the sheet of `document`; same document, same bytes.

    The title of the file carries no patient data: viewers show it and indexes keep it. No author either.

    Raises:
        MissingExtra: typst is not installed.
        DocumentInvalid: typst refuses the page (rule ``PDF-LAYOUT``).
    """
    return typeset(
        Sheet(
            title=f"Synthèse de visite du {short_date(document.encounter.start)}",
            running=_running(document),
            blocks=tree(sheet.render(document)),
            written_at=document.written_at,
            language=document.language,
        )
    )


def render_emergency(document: Document) -> bytes:
    """PDF/A-1a bytes of the emergency sheet: one page, the type shrinking when there is much to say.

    When the smallest type that is still read is too large, a second page takes the rest and the first one says so.

    Raises:
        MissingExtra: typst is not installed.
        DocumentInvalid: typst refuses the page (rule ``PDF-LAYOUT``).
    """
    return typeset(
        Sheet(
            title=f"{emergency.TITLE} du {short_date(document.encounter.start)}",
            running=_running(document),
            blocks=tree(emergency.render(document)),
            written_at=document.written_at,
            one_page=True,
            overflow="Cette fiche ne tient pas sur une page : lire aussi la suite, page 2.",
            language=document.language,
        )
    )


def _running(document: Document) -> str:
    head = running_head(document)
    return head if len(head) <= _LONGEST_HEAD else head[: _LONGEST_HEAD - 1] + "…"
