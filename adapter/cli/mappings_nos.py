"""``dmp-adapter mappings import-nos``: published lists beside ours, and ours made new."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adapter.cli.choices import each_once, mappings_option, read, settings_option
from adapter.cli.files import read_bounded, write_together
from adapter.cli.french import FINDINGS, OK, USAGE, shown, told_os

if TYPE_CHECKING:
    from adapter.mapping.renewal import CodeChange, Renewal

_WORDS = {"added": "ajouté", "retired": "retiré", "relabelled": "nouveau libellé"}


@click.command("import-nos")
@click.argument("files", nargs=-1, required=True, metavar="FICHIER...")
@mappings_option
@click.option("--write", is_flag=True, help="Met à jour les listes de value-sets/ et leurs sources.")
@click.option(
    "--origin",
    metavar="TEXTE",
    help="D'où viennent les fichiers, pour sources.toml (sinon l'adresse que la liste dit).",
)
@settings_option
def import_nos(
    files: tuple[str, ...], mappings: str | None, write: bool, origin: str | None, settings_file: str | None
) -> int:
    """Compare nos listes à celles publiées (NOS en XML, FHIR en JSON) : codes ajoutés, retirés, nouveaux libellés.

    Code de retour 1 si l'une de nos lignes est touchée.
    """
    from adapter.mapping import default_directory, load, merged
    from adapter.mapping.renewal import counterpart, renewal
    from adapter.terminology.published import MAX_BYTES, NotPublished, read_published

    directory = read(settings_file, mappings).mappings
    tables = load(directory)
    today = date.today().isoformat()  # noqa: DTZ011  # the day of the desk
    code, others, told = OK, 0, 0
    new: dict[str, tuple[str, bytes, Renewal]] = {}
    for name in each_once(files):
        try:
            raw = read_bounded(name, MAX_BYTES)
            published = read_published(raw)
        except OSError as fault:
            code = USAGE
            click.echo(f"Erreur : {told_os(fault)}", err=True)
            continue
        except NotPublished as fault:
            code = USAGE
            click.echo(f"Erreur : {shown(name)} : {fault}", err=True)
            continue
        ours = counterpart(published, tables)
        if ours is None:
            others += 1
            continue
        found = renewal(published, ours, tables, today)
        new[ours.name] = (Path(name).name, raw, found)
        told += 1
        click.echo(f"{ours.name} : {found.version or 'sans date'} (le nôtre : {ours.version or 'sans date'})")
        for change in found.changes:
            click.echo(_line(change))
            if change.rows and code == OK:
                code = FINDINGS
        for system in found.unknown:
            click.echo(f"  système absent de systems.csv : {shown(system)}")
        if write and found.unknown:
            code = USAGE
            message = "ses codes d'un système inconnu seraient perdus ; compléter systems.csv."
            click.echo(f"Erreur : {shown(name)} : {message}", err=True)
    click.echo(f"{told} liste(s) comparée(s), {others} que nous n'employons pas.")
    if write and code != USAGE and new:
        contents = {f"{name}.csv": found.table for name, (_, _, found) in new.items()}
        index = merged(directory).by_name["value-sets/sources.toml"].read_text("utf-8")
        for name, (file, raw, found) in new.items():
            place = "/".join(filter(None, (shown(origin or found.address), shown(file))))
            facts = {"version": found.version, "origin": place, "sha256": hashlib.sha256(raw).hexdigest()}
            index = _with_facts(index, name, facts)
        write_together(
            (directory or default_directory()) / "value-sets", {**contents, "sources.toml": index.encode("utf-8")}
        )
        click.echo(f"{len(contents)} liste(s) écrite(s) ; voir ensuite « mappings check ».")
    return code


def _line(change: CodeChange) -> str:
    labels = " → ".join(f"« {shown(label)} »" for label in (change.before, change.after) if label)
    rows = f" ; nos lignes : {', '.join(change.rows)}" if change.rows else ""
    return f"  {_WORDS[change.kind]} : {change.system} {shown(change.code)} {labels}{rows}"


def _with_facts(index: str, name: str, facts: dict[str, str]) -> str:
    """Text of ``sources.toml`` with other facts in the table `name`; its comments and its order are kept."""
    head, opened, rest = index.partition(f"[{name}]\n")
    own, following, tail = rest.partition("\n[")
    lines = own.split("\n")
    for number, line in enumerate(lines):
        value = facts.get(line.partition(" = ")[0])
        if value is not None:
            quoted = value.replace("\\", "\\\\").replace('"', '\\"')
            lines[number] = f'{line.partition(" = ")[0]} = "{quoted}"'
    return head + opened + "\n".join(lines) + following + tail
