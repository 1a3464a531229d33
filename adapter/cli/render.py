"""``dmp-adapter render``: one visit as a page for people, on screen or on paper."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adapter.cli.choices import mappings_option, read, settings_option
from adapter.cli.convert import decoded
from adapter.cli.files import read_bounded, write_together
from adapter.cli.french import FINDINGS, OK, FrenchCommand, Misuse, OneOf, refuse_closed_output, shown

if TYPE_CHECKING:
    from adapter.model.document import Document
    from adapter.settings import Settings


@click.command("render", cls=FrenchCommand)
@click.argument("visit", metavar="VISITE")
@click.option(
    "--as",
    "page",
    type=OneOf("sheet", "emergency"),
    default="sheet",
    metavar="sheet|emergency",
    help="Fiche de lecture complète (sheet, par défaut) ou fiche urgence d'une page (emergency).",
)
@click.option(
    "--format",
    "form",
    type=OneOf("html", "pdf"),
    metavar="html|pdf",
    help="Page HTML ou PDF/A. Sans --format : selon l'extension de -o, sinon html.",
)
@click.option("-o", "--out", metavar="FICHIER", help="Fichier à écrire ; sinon la sortie standard.")
@mappings_option
@settings_option
@click.option(
    "--encoding",
    type=OneOf("utf-8", "windows-1252"),
    default="utf-8",
    metavar="utf-8|windows-1252",
    help="Encodage de la visite (utf-8 par défaut).",
)
def command(
    visit: str,
    page: str,
    form: str | None,
    out: str | None,
    mappings: str | None,
    settings_file: str | None,
    encoding: str,
) -> int:
    """Imprime une visite pour les personnes. « - » lit l'entrée standard.

    La fiche reprend toute la synthèse ; la fiche urgence tient sur une page A4 (maladie, conduite à tenir, volontés,
    numéros). Une visite refusée n'est pas imprimée ; ses constats sont tous donnés.
    """
    form = form or ("pdf" if out is not None and out.lower().endswith(".pdf") else "html")
    if out is None:
        refuse_closed_output()
        if form == "pdf" and sys.stdout.isatty():
            raise Misuse("un PDF ne s'affiche pas dans un terminal : donner un fichier avec -o.")
    settings = read(settings_file, mappings)
    document = _document(visit, settings, encoding)
    if document is None:
        return FINDINGS
    data = _printer(page, form)(document)
    if out is None:
        click.echo(data, nl=False)
    else:
        path = Path(out)
        write_together(path.parent, {path.name: data})
    return OK


def _printer(page: str, form: str) -> Callable[[Document], bytes]:
    from adapter import api

    return {
        ("sheet", "html"): api.render_sheet,
        ("sheet", "pdf"): api.render_pdf,
        ("emergency", "html"): api.render_emergency,
        ("emergency", "pdf"): api.render_emergency_pdf,
    }[page, form]


def _document(name: str, settings: Settings, encoding: str) -> Document | None:
    """The visit composed, its findings told on standard error; None when it is refused.

    Raises:
        MappingError: the tables.
        OSError: the file cannot be read.
    """
    from adapter import api
    from adapter.compose import Options
    from adapter.errors import VisitInvalid
    from adapter.mapping import load
    from adapter.model.reader import check_visit
    from adapter.validation import report

    data = read_bounded(name, settings.max_input_bytes)
    try:
        visit, found = check_visit(
            decoded(data, encoding), max_bytes=settings.max_input_bytes, max_depth=settings.max_input_depth
        )
    except VisitInvalid as refused:
        visit, found = None, refused.findings
    document = None
    if visit is not None:
        options = Options(settings.issuer_oid, settings.practice_setting, settings.edition)
        document = api.compose(visit, options=options, mappings=load(settings.mappings))
        found = (*found, *document.notices)
    if found:
        click.echo(report.as_text({shown(name): found}), nl=False, err=True)
    return document
