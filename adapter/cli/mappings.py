"""``dmp-adapter mappings``: the tables, judged for those who change them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adapter.cli.choices import folder, format_option, mappings_option, read, settings_option
from adapter.cli.french import OK, USAGE, FrenchGroup, Misuse, shown
from adapter.cli.mappings_diff import diff_tables
from adapter.cli.mappings_export import export_tables
from adapter.cli.mappings_format import format_tables
from adapter.cli.mappings_nos import import_nos
from adapter.cli.rule_texts import all_rules

if TYPE_CHECKING:
    from adapter.errors import Finding
    from adapter.mapping import Mappings, TableFiles
    from adapter.mapping.completeness import FieldFate


@click.group("mappings", cls=FrenchGroup)
def command() -> None:
    """Tables de correspondance : contrôle, remise en forme, comparaison, export, listes publiées."""


for _other in (format_tables, diff_tables, export_tables, import_nos):
    command.add_command(_other)


@command.command("check")
@mappings_option
@click.option("--samples", metavar="DOSSIER", help="Visites d'exemple : chaque rubrique doit être remplie par l'une.")
@click.option("--at", "at", metavar="AAAA-MM-JJ", help="Jour où les codes doivent être en vigueur (aujourd'hui).")
@click.option(
    "--coverage", is_flag=True, help="Ajoute la table des champs de la visite : imprimés, ou non et pourquoi."
)
@settings_option
@format_option("text", "json", "sarif", "junit", "github")
def check(
    mappings: str | None, samples: str | None, at: str | None, coverage: bool, settings_file: str | None, form: str
) -> int:
    """Contrôle les tables : un constat par ligne, « fichier:ligne:colonne »."""
    from adapter import mapping
    from adapter.compose.sections import BUILDERS
    from adapter.errors import Severity

    directory = read(settings_file, mappings).mappings
    files = mapping.merged(directory)
    builders, day = frozenset(BUILDERS), _day(at)

    def judged(filled: frozenset[str] | None = None) -> list[Finding]:
        needs = mapping.needs_of_the_package(builders, filled)
        return mapping.check(files, mapping.visit_vocabulary(), needs=needs, day=day)

    found = judged()
    faulty = any(one.severity is Severity.ERROR for one in found)
    if samples is not None and not faulty:
        found = judged(_filled(folder("--samples", samples), mapping.load(directory)))
    click.echo(_printed(form, found), nl=False)
    if form == "text" and directory is not None:
        click.echo(_replaced(files))
    if form == "text":
        click.echo(_coverage(files, whole=coverage), nl=False)
    return USAGE if faulty else OK


def _day(text: str | None) -> date:
    if text is None:
        return date.today()  # noqa: DTZ011  # the day of the desk, as the person reads it
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Misuse("--at : date attendue, AAAA-MM-JJ.") from None


def _filled(samples: Path, tables: Mappings) -> frozenset[str]:
    """Keys of the sections that the visits of a folder fill.

    Raises:
        VisitInvalid: a sample is not a visit.
    """
    from adapter.compose import compose
    from adapter.model.reader import read_visit

    keys: set[str] = set()
    for path in sorted(samples.glob("*.json")):
        for section in compose(read_visit(path.read_bytes()), tables).sections:
            keys |= {section.key, *(inner.key for inner in section.sections)}
    return frozenset(keys)


def _printed(form: str, found: list[Finding]) -> bytes:
    """Findings in the form asked for; machines get one entry for each file of the tables."""
    from adapter.errors import Severity
    from adapter.settings import SOFTWARE_VERSION
    from adapter.validation import report

    errors = sum(one.severity is Severity.ERROR for one in found)
    if form == "text":
        lines = [f"{shown(one.path)}: {one.rule}: {one.message}" for one in found]
        lines.append(f"Tables : {errors} erreur(s), {len(found) - errors} avertissement(s).")
        return ("\n".join(lines) + "\n").encode()
    if form == "github":
        return "".join(map(_annotation, found)).encode()
    if form == "json":
        return report.as_json({"mappings": found})
    files: dict[str, list[Finding]] = {}
    for one in found:
        files.setdefault(one.path.rsplit(":", 2)[0], []).append(one)
    if form == "junit":
        return report.as_junit(files or {"mappings": []})
    return _with_lines(report.as_sarif(files, rules=all_rules(), version=SOFTWARE_VERSION))


def _with_lines(log: bytes) -> bytes:
    """SARIF `log` whose results also carry their line and column. Source: SARIF 2.1.0, 3.29.4 and 3.30."""
    import orjson

    content = orjson.loads(log)
    for result in content["runs"][0]["results"]:
        (location,) = result["locations"]
        _, line, column = location["logicalLocations"][0]["fullyQualifiedName"].rsplit(":", 2)
        location["physicalLocation"]["region"] = {"startLine": int(line), "startColumn": int(column)}
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _annotation(one: Finding) -> str:
    """One finding as a workflow command. Source: GitHub Actions, workflow commands, ``error`` and ``warning``."""
    name, line, column = one.path.rsplit(":", 2)
    place = f"file={_escaped(name, ':,')},line={line},col={column},title={one.rule}"
    return f"::{one.severity.value} {place}::{_escaped(one.message)}\n"


def _escaped(text: str, more: str = "") -> str:
    return "".join(f"%{ord(char):02X}" if char in f"%\r\n{more}" else char for char in text)


def _replaced(files: TableFiles) -> str:
    """How many files stand in the place of those of the package, and the names of those that say something else."""
    changed = files.changed()
    told = f"{len(files.own)}, dont {len(changed)} qui en diffère{'nt' if len(changed) > 1 else ''}"
    return f"Fichiers à la place de ceux du paquet : {told} : {shown(', '.join(changed) or 'aucun')}."


def _coverage(files: TableFiles, *, whole: bool) -> str:
    """Fields of the visit, in French: their count and the share that is accounted for, after the `whole` table."""
    from adapter.mapping.completeness import coverage

    fields = coverage(files)
    lines = [f"{field.path} | {_fate(field)}" for field in fields] if whole else []
    printed, kept = sum(field.printed for field in fields), sum(field.reason != "" for field in fields)
    share = 100 * (printed + kept) // len(fields)
    lines.append(
        f"Champs de la visite : {len(fields)}, dont {printed} imprimés et {kept} non partagés avec raison : {share} %."
    )
    return "\n".join(lines) + "\n"


def _fate(field: FieldFate) -> str:
    if field.printed:
        return "imprimé"
    return f"non partagé : {field.reason}" if field.reason else "ni imprimé, ni déclaré"
