"""``dmp-adapter mappings diff``: what changes for the reader between two folders of tables."""

from __future__ import annotations

from pathlib import Path

import click

from adapter.cli.choices import format_option
from adapter.cli.french import FINDINGS, OK, Misuse, shown


@click.command("diff")
@click.argument("before", metavar="AVANT")
@click.argument("after", metavar="APRÈS")
@format_option("text", "json")
def diff_tables(before: str, after: str, form: str) -> int:
    """Ce qui change d'un dossier de tables à l'autre : codes, libellés, rubriques, phrases. Code 1 s'il y en a."""
    import orjson

    from adapter.mapping import load
    from adapter.mapping.differences import differences

    for name in (before, after):
        if not Path(name).is_dir():
            raise Misuse(f"{shown(name)} : ce dossier n'existe pas.")
    changes = differences(load(Path(before)), load(Path(after)))
    if form == "json":
        told = [{"kind": one.kind, "place": one.place, "message": one.message} for one in changes]
        click.echo(orjson.dumps({"changes": told}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE), nl=False)
    else:
        for one in changes:
            click.echo(f"{shown(one.place)} : {shown(one.message)}")
        click.echo(f"{len(changes)} changement(s).")
    return FINDINGS if changes else OK
