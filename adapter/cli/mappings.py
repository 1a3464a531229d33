"""``dmp-adapter mappings``: the tables, judged for those who change them."""

from __future__ import annotations

import click

from adapter.cli.choices import format_option, mappings_option, read, settings_option
from adapter.cli.french import OK, USAGE, FrenchGroup


@click.group("mappings", cls=FrenchGroup)
def command() -> None:
    """Tables de correspondance : contrôle."""


@command.command("check")
@mappings_option
@settings_option
@format_option("text", "json")
def check(mappings: str | None, settings_file: str | None, form: str) -> int:
    """Contrôle les tables : un constat par ligne, « fichier:ligne:colonne »."""
    from adapter import mapping
    from adapter.errors import Severity
    from adapter.validation import report

    folder = read(settings_file, mappings).mappings or mapping.default_directory()
    found = mapping.check(folder, vocabulary=mapping.visit_vocabulary())
    if form == "json":
        click.echo(report.as_json({"mappings": found}), nl=False)
    else:
        for one in found:
            click.echo(f"{one.path}: {one.rule}: {one.message}")
        errors = sum(one.severity is Severity.ERROR for one in found)
        click.echo(f"Tables : {errors} erreur(s), {len(found) - errors} avertissement(s).")
    return USAGE if any(one.severity is Severity.ERROR for one in found) else OK
