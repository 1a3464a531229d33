"""``dmp-adapter package``: the package IHE_XDM.ZIP of a visit, and what a received one holds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adapter.cli import rows
from adapter.cli.choices import format_option, mappings_option, read, settings_option
from adapter.cli.files import read_bounded, write_together
from adapter.cli.french import FINDINGS, OK, FrenchGroup

if TYPE_CHECKING:
    from adapter.dmp.xdm.reading import Package, PackagedDocument
    from adapter.errors import Finding

DEFAULT = "IHE_XDM.ZIP"
SUFFIXES = frozenset({".xml", ".pdf", ".txt", ".rtf", ".jpg", ".jpeg", ".tif", ".tiff"})  # nothing that would run
HEAD = ("lot", "fichier", "type", "octets", "document")


@click.group("package", cls=FrenchGroup)
def command() -> None:
    """Paquet IHE_XDM.ZIP de la messagerie sécurisée de santé : le faire, le lire."""


@command.command("xdm")
@click.argument("visit", metavar="VISITE")
@click.option("-o", "--out", default=DEFAULT, metavar="FICHIER", help=f"Archive à écrire ({DEFAULT} par défaut).")
@mappings_option
@settings_option
def make(visit: str, out: str, mappings: str | None, settings_file: str | None) -> int:
    """Écrit l'IHE_XDM.ZIP d'une visite ; la même visite donne les mêmes octets. « - » lit l'entrée standard."""
    from adapter.api.mailing import Software, package_xdm
    from adapter.compose import Options
    from adapter.errors import FindingsError, MappingError

    settings = read(settings_file, mappings)
    try:
        data = package_xdm(
            read_bounded(visit, settings.max_input_bytes),
            options=Options(settings.issuer_oid, settings.practice_setting, settings.edition),
            mappings=settings.mappings,
            software=Software(settings.software_name, settings.software_version),
            max_bytes=settings.max_input_bytes,
            max_depth=settings.max_input_depth,
        )
    except MappingError:
        raise
    except FindingsError as fault:
        _say_findings(visit, fault.findings)
        return FINDINGS
    path = Path(out)
    write_together(path.parent, {path.name: data})
    click.echo(f"{out} : {len(data)} octets.", err=True)
    return OK


@command.command("read")
@click.argument("file", metavar="FICHIER")
@click.option("--out", metavar="DOSSIER", help="Dossier des documents, nommés par leur identifiant.")
@settings_option
@format_option("text", "json")
def show(file: str, out: str | None, settings_file: str | None, form: str) -> int:
    """Lit un IHE_XDM.ZIP reçu : ses documents, chacun prouvé par sa taille et son empreinte.

    Une archive dangereuse, altérée ou incomplète est refusée, avec tous les constats (code de retour 1).
    """
    from adapter.api.mailing import ArchiveLimits, PackageRefused, read_package

    settings = read(settings_file)
    limits = ArchiveLimits(max_bytes=settings.max_input_bytes)
    package: Package | None = None
    try:
        package = read_package(read_bounded(file, settings.max_input_bytes), limits)
        findings = package.findings
    except PackageRefused as refused:
        findings = refused.findings
    if package is not None and out is not None:
        write_together(Path(out), {_name(rank, one): one.content for rank, one in enumerate(package.documents, 1)})
    if form == "json":
        rows.say_json(_as_dict(file, package, findings))
    else:
        if findings:
            _say_findings(file, findings)
        if package is not None:
            rows.say_table(HEAD, _lines(package))
    return FINDINGS if package is None else OK


def _name(rank: int, document: PackagedDocument) -> str:
    """Name of our own: the sender may have named the file after the patient."""
    suffix = Path(document.uri).suffix.lower()
    known = re.fullmatch(r"[0-9.]{3,64}", document.unique_id)
    return f"{document.unique_id if known else f'document-{rank}'}{suffix if suffix in SUFFIXES else '.dat'}"


def _lines(package: Package) -> list[tuple[str, ...]]:
    return [
        (subset.name, one.uri, one.entry.mime_type or "", str(len(one.content)), one.unique_id)
        for subset in package.subsets
        for one in subset.documents
    ]


def _as_dict(file: str, package: Package | None, findings: tuple[Finding, ...]) -> dict[str, Any]:
    documents = _lines(package) if package is not None else []
    return {
        "file": file,
        "accepted": package is not None,
        "documents": [
            {"subset": subset, "file": name, "mime_type": mime, "size_bytes": int(size), "unique_id": unique_id}
            for subset, name, mime, size, unique_id in documents
        ],
        "findings": [
            {"rule": one.rule, "severity": one.severity.value, "path": one.path, "message": one.message}
            for one in findings
        ],
    }


def _say_findings(name: str, findings: tuple[Finding, ...]) -> None:
    from adapter.validation import report

    click.echo(report.as_text({name: findings}), nl=False, err=True)
