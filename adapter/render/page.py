"""Shell of every page of ours: self-contained, without script, nothing in its title that names anybody."""

from __future__ import annotations

from adapter.model.document import Document
from adapter.render.markup import attribute, css_string, short_date, text


def page(document: Document, title: str, style: str, body: str) -> bytes:
    """UTF-8 HTML page in French around `body`; `title` is shown by windows, so it carries no patient data."""
    return (
        "<!DOCTYPE html>\n"
        f'<html lang="{attribute(document.language)}">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{text(title)}</title>\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="robots" content="noindex, nofollow">\n<meta name="referrer" content="no-referrer">\n'
        '<meta name="format-detection" content="telephone=no">\n'
        f"<style>\n{style}@page {{ @top-left {{ content: {css_string(running_head(document))}; }} }}\n</style>\n"
        f"</head>\n<body>\n{body}</body>\n</html>\n"
    ).encode()


def running_head(document: Document) -> str:
    """Line of every printed page but the first: a page that left its bundle must still find its patient."""
    patient = document.patient
    return f"{patient.text}, {short_date(patient.birth_date)} · {document.title} · version {document.version}"
