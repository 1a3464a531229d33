"""``dmp-adapter mappings export``: the tables as FHIR R4 terminology resources."""

from __future__ import annotations

import re
from pathlib import Path

import click

from adapter.cli.choices import mappings_option, read, settings_option
from adapter.cli.files import write_together
from adapter.cli.french import OK, Misuse


@click.command("export")
@mappings_option
@click.option("--out", metavar="DOSSIER", required=True, help="Dossier où écrire, créé s'il n'existe pas.")
@click.option("--base", metavar="URL", help="Début des adresses canoniques (https://dmp-adapter.example/fhir).")
@settings_option
def export_tables(mappings: str | None, out: str, base: str | None, settings_file: str | None) -> int:
    """Écrit les tables en ressources FHIR R4 : CodeSystem, ValueSet et ConceptMap, un fichier par ressource."""
    import orjson

    from adapter.mapping import load
    from adapter.mapping.fhir_terminology import DEFAULT_BASE, file_name, terminology

    root = DEFAULT_BASE if base is None else base.rstrip("/")
    if not re.fullmatch(r"https?://[^\s/]\S*", root):
        raise Misuse("--base : une adresse https://… ou http://… est attendue.")
    files = {
        file_name(resource): orjson.dumps(resource, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        for resource in terminology(load(read(settings_file, mappings).mappings), root)
    }
    write_together(Path(out), files)
    click.echo(f"{len(files)} ressource(s) écrite(s).")
    return OK
