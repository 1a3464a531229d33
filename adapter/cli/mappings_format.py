"""``dmp-adapter mappings format``: tables as a spreadsheet left them, put back in their one written form."""

from __future__ import annotations

from pathlib import PurePosixPath

import click

from adapter.cli.choices import mappings_option, read, settings_option
from adapter.cli.files import write_together
from adapter.cli.french import FINDINGS, OK, USAGE, shown


@click.command("format")
@mappings_option
@click.option("--check", is_flag=True, help="N'écrit rien ; le code de retour est 1 si un fichier devait changer.")
@settings_option
def format_tables(mappings: str | None, check: bool, settings_file: str | None) -> int:
    """Remet les tables en forme après un tableur : séparateur, BOM, fins de ligne, ordre des colonnes."""
    from adapter.mapping import default_directory
    from adapter.mapping.canonical import canonical_files

    directory = read(settings_file, mappings).mappings or default_directory()
    changed, found = canonical_files(directory)
    for one in found:
        click.echo(f"{shown(one.path)}: {one.rule}: {one.message}")
    if found:
        click.echo("Rien n'est écrit.")
        return USAGE
    for name in changed:
        click.echo(f"{shown(name)} : {'à remettre' if check else 'remis'} en forme.")
    if check:
        return FINDINGS if changed else OK
    by_folder: dict[PurePosixPath, dict[str, bytes]] = {}
    for name, content in changed.items():
        by_folder.setdefault(PurePosixPath(name).parent, {})[PurePosixPath(name).name] = content
    for inner, contents in by_folder.items():
        write_together(directory / inner, contents)
    return OK
