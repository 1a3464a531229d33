"""``dmp-adapter mappings diff``: what changes for the reader between two folders of tables."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adapter.cli.choices import folder, format_option
from adapter.cli.french import FINDINGS, OK, Misuse, shown

if TYPE_CHECKING:
    from adapter.mapping import Mappings

_CELLS = frozenset({"td", "th"})
_LINES = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "p", "li", "tr", "caption", "dt", "dd"})


@click.command("diff")
@click.argument("folders", nargs=-1, metavar="[AVANT] APRÈS")
@click.option("--samples", metavar="DOSSIER", help="Visites d'exemple : les lignes de leur fiche qui changent.")
@format_option("text", "json")
def diff_tables(folders: tuple[str, ...], samples: str | None, form: str) -> int:
    """Ce qui change d'un dossier de tables à l'autre : codes, libellés, rubriques, phrases. Code 1 s'il y en a.

    Un seul dossier est comparé aux tables du paquet.
    """
    import orjson

    from adapter.mapping import load
    from adapter.mapping.differences import differences

    if not 1 <= len(folders) <= 2:
        raise Misuse("un dossier (comparé aux tables du paquet) ou deux sont attendus.")
    for name in folders:
        if not Path(name).is_dir():
            raise Misuse(f"{shown(name)} : ce dossier n'existe pas.")
    new = load(Path(folders[-1]))
    old = load(Path(folders[0])) if len(folders) == 2 else load()
    changes = differences(old, new)
    moved = _moved(folder("--samples", samples), old, new) if samples is not None else {}
    if form == "json":
        told = [{"kind": one.kind, "place": one.place, "message": one.message} for one in changes]
        click.echo(
            orjson.dumps({"changes": told, "samples": moved}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE),
            nl=False,
        )
    else:
        for one in changes:
            click.echo(f"{shown(one.place)} : {shown(one.message)}")
        for name, lines in moved.items():
            click.echo(f"{shown(name)} :")
            for line in lines:
                click.echo(f"  {shown(line)}")
        click.echo(f"{len(changes)} changement(s).")
    return FINDINGS if changes else OK


def _moved(samples: Path, old: Mappings, new: Mappings) -> dict[str, list[str]]:
    """Lines of the readable sheet that go (``- ``) and come (``+ ``), by name of the sample; the others are left out.

    Raises:
        VisitInvalid: a sample is not a visit.
    """
    from adapter.compose import compose
    from adapter.model.reader import read_visit
    from adapter.render import render

    found: dict[str, list[str]] = {}
    for path in sorted(samples.glob("*.json")):
        visit = read_visit(path.read_bytes())
        was, becomes = (_lines(render(compose(visit, tables))) for tables in (old, new))
        if changed := [line for line in difflib.ndiff(was, becomes) if line[:2] in {"- ", "+ "}]:
            found[path.name] = changed
    return found


def _lines(sheet: bytes) -> list[str]:
    """Lines of a sheet as they are read, without its markup; bars between the cells of a row."""
    from lxml import html

    found = []
    for element in html.fromstring(sheet).iter():
        if element.tag in _LINES:
            cells = [cell for cell in element if cell.tag in _CELLS] or [element]
            found.append(" | ".join(" ".join("".join(map(str, cell.itertext())).split()) for cell in cells))
    return found
