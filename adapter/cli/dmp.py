"""``dmp-adapter dmp``: what a DMP holds for a patient, and what may be changed there.

The patient is told by a file, never on the command line: the history of a shell keeps what was typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from adapter.cli import rows
from adapter.cli.choices import read, settings_option
from adapter.cli.destinations import answer_option, destination_option, open_queue, patient_ins, server
from adapter.cli.files import write_together
from adapter.cli.french import FINDINGS, OK, USAGE, FrenchGroup, Misuse, OneOf, refuse_closed_output, shown
from adapter.cli.keys import ready

if TYPE_CHECKING:
    from adapter.dmp import Dmp, FoundEntry, Mask
    from adapter.model.document import Identifier

_Done = tuple[Literal["search", "read"], tuple[str, ...]]
_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])
_OID = re.compile(r"(?:urn:oid:)?([0-2](?:\.(?:0|[1-9][0-9]*))+)")
HEAD = ("document", "état", "archivé", "masques", "type", "octets", "créé le")
STATUSES = {"current": "actif", "superseded": "remplacé"}
DMP_STATES = {"absent": "Le patient n'a pas de DMP.", "closed": "Le DMP du patient est fermé."}


@click.group("dmp", cls=FrenchGroup)
def command() -> None:
    """DMP d'un patient : état, documents, visibilité. Le patient se désigne par --visit ou --ins-file."""


def _common(decorated: _Decorated) -> _Decorated:
    """Who the patient is, which DMP, which settings."""
    for option in (
        settings_option,
        destination_option,
        click.option("--ins-file", metavar="FICHIER", help="Fichier qui porte l'INS (« - » : entrée standard)."),
        click.option("--visit", metavar="VISITE", help="Visite qui désigne le patient (« - » : entrée standard)."),
    ):
        decorated = option(decorated)
    return decorated


_unique_id = click.argument("unique_id", metavar="DOCUMENT")


def _oid(text: str) -> str:
    """OID of a document.

    Raises:
        Misuse: it is none.
    """
    found = _OID.fullmatch(text)
    if found is None or len(text) > 128:
        raise Misuse("DOCUMENT : l'identifiant unique d'un document (OID) est attendu.")
    return found[1]


@contextmanager
def _reached(
    visit: str | None, ins_file: str | None, destination: str | None, settings_file: str | None
) -> Iterator[tuple[Dmp, Identifier]]:
    """The DMP and the patient; what the DMP refuses ends the command with 3, what it leaves unknown with 4."""
    from adapter.errors import DmpAccessDenied, DmpError, DmpRejected, VisitInvalid
    from adapter.model.document import Identifier

    settings = read(settings_file)
    target = server(settings, destination)
    ready([target])
    try:
        patient = Identifier(*patient_ins(visit, ins_file, settings))
    except VisitInvalid as refused:
        for found in refused.findings:
            click.echo(f"Erreur : {found.path} : {found.message} [{found.rule}]", err=True)
        raise click.exceptions.Exit(FINDINGS) from None
    try:
        yield target.connect(), patient
    except DmpError as fault:
        denied = isinstance(fault, DmpRejected | DmpAccessDenied)
        click.echo(f"{'Refusé' if denied else 'Sans réponse'} : {shown(str(fault))}", err=True)
        for said in fault.details:
            click.echo(f"Le DMP précise : {shown(said)}", err=True)
        raise click.exceptions.Exit(rows.REFUSED if denied else rows.WAITING) from None


def _leave_trace(
    patient: Identifier, done: tuple[_Done, ...], destination: str | None, settings_file: str | None
) -> None:
    """Writes searches and reads into the audit trail of the queue that the settings name, before anything is shown.

    Raises:
        OutboxError: the trail cannot be written.
    """
    from adapter.outbox import Disclosure

    settings = read(settings_file)
    if not settings.outbox:
        return
    told = tuple(Disclosure(kind, unique_ids) for kind, unique_ids in done)
    with open_queue(settings, None) as outbox:
        outbox.record_exchanges(patient, told, recipient=server(settings, destination).base_url)


@command.command("status")
@_common
@answer_option
def status(
    visit: str | None, ins_file: str | None, destination: str | None, settings_file: str | None, form: str
) -> int:
    """Dit si le DMP du patient est ouvert à l'appelant (TD0.2). Code de retour 3 quand il ne l'est pas."""
    with _reached(visit, ins_file, destination, settings_file) as (dmp, patient):
        found = dmp.patient_status(patient)
    if form == "json":
        rows.say_json(
            {
                "state": found.state,
                "reason": found.reason,
                "authorised": found.authorised,
                "attending_physician": found.attending_physician,
            }
        )
    else:
        said = DMP_STATES.get(found.state) or "Le DMP du patient est ouvert."
        click.echo(said + (f" [{shown(found.reason)}]" if found.reason else ""))
        if not found.authorised:
            click.echo("Le patient en a fermé l'accès à ce professionnel.")
        if found.attending_physician:
            click.echo("L'appelant est médecin traitant DMP.")
    return OK if found.state == "active" and found.authorised else rows.REFUSED


@command.command("find")
@click.argument("unique_id", metavar="[DOCUMENT]", required=False)
@click.option("--all", "every", is_flag=True, help="Les documents remplacés aussi.")
@click.option("--archived", type=OneOf("true", "false"), metavar="true|false", help="Archivés ou non.")
@click.option("--type", "kind", metavar="CODE", help="Type de document (11488-4…).")
@click.option("--from", "created_from", metavar="DATE", help="Créés à partir de cette date (AAAA-MM-JJ).")
@click.option("--to", "created_to", metavar="DATE", help="Créés jusqu'à cette date.")
@click.option("--titles", is_flag=True, help="Les titres aussi : texte libre, qui peut désigner le patient.")
@_common
@answer_option
def find(
    unique_id: str | None,
    every: bool,
    titles: bool,
    archived: str | None,
    kind: str | None,
    created_from: str | None,
    created_to: str | None,
    visit: str | None,
    ins_file: str | None,
    destination: str | None,
    settings_file: str | None,
    form: str,
) -> int:
    """Liste les documents du patient (TD3.1), ou un seul par son identifiant. Code 1 quand il n'y en a pas."""
    filters = {
        "status": "current,superseded" if every else "current",
        "archived": archived,
        "type": kind,
        "created_from": created_from,
        "created_to": created_to,
    }
    oid = _oid(unique_id) if unique_id else ""
    with _reached(visit, ins_file, destination, settings_file) as (dmp, patient):
        if oid:
            found = list(dmp.find(patient, oid))
        else:
            found = list(dmp.search(patient, **{name: value for name, value in filters.items() if value}))
    _leave_trace(patient, (("search", (oid,) if oid else ()),), destination, settings_file)
    _say(found, form, titles=titles)
    return OK if found else FINDINGS


@command.command("get")
@_unique_id
@click.option("--out", metavar="FICHIER", help="Fichier à écrire (sinon la sortie standard).")
@_common
def get(
    unique_id: str,
    out: str | None,
    visit: str | None,
    ins_file: str | None,
    destination: str | None,
    settings_file: str | None,
) -> int:
    """Lit le contenu d'un document (TD3.2), empreinte et taille vérifiées."""
    oid = _oid(unique_id)
    if out is None:
        refuse_closed_output()
    with _reached(visit, ins_file, destination, settings_file) as (dmp, patient):
        found = dmp.find(patient, oid)
        if not found:
            _leave_trace(patient, (("search", (oid,)),), destination, settings_file)
            click.echo("Ce document n'est pas dans le DMP, ou l'appelant ne peut pas le voir.", err=True)
            return FINDINGS
        content = dmp.read(found[0])
    _leave_trace(patient, (("search", (oid,)), ("read", (oid,))), destination, settings_file)
    if out is None:
        click.echo(content, nl=False)
        return OK
    path = Path(out)
    if path.is_dir():
        click.echo("Erreur : --out : c'est un dossier, un fichier est attendu.", err=True)
        return USAGE
    write_together(path.parent, {path.name: content})
    return OK


def _changing(name: str, text: str, act: Callable[[Dmp, Identifier, str], FoundEntry]) -> None:
    """Adds the command that makes one change to one document and shows it as it then is."""

    @command.command(name, help=text)
    @_unique_id
    @_common
    @answer_option
    def change(
        unique_id: str,
        visit: str | None,
        ins_file: str | None,
        destination: str | None,
        settings_file: str | None,
        form: str,
    ) -> int:
        oid = _oid(unique_id)
        with _reached(visit, ins_file, destination, settings_file) as (dmp, patient):
            found = act(dmp, patient, oid)
        _say([found], form)
        return OK


def _mask(mask: Mask, on: bool) -> Callable[[Dmp, Identifier, str], FoundEntry]:
    return lambda dmp, patient, oid: dmp.set_mask(patient, oid, mask, on)


def _archive(on: bool) -> Callable[[Dmp, Identifier, str], FoundEntry]:
    return lambda dmp, patient, oid: dmp.set_archived(patient, oid, on)


_changing("mask", "Masque un document aux professionnels (TD3.3a).", _mask("MASQUE_PS", True))
_changing("unmask", "Rend un document visible aux professionnels (TD3.3a).", _mask("MASQUE_PS", False))
_changing("hide-from-patient", "Rend un document invisible au patient (TD3.3b).", _mask("INVISIBLE_PATIENT", True))
_changing("show-to-patient", "Rend un document visible au patient (TD3.3b).", _mask("INVISIBLE_PATIENT", False))
_changing(
    "hide-from-guardians",
    "Rend un document invisible aux représentants légaux (TD3.3b).",
    _mask("INVISIBLE_REPRESENTANTS_LEGAUX", True),
)
_changing(
    "show-to-guardians",
    "Rend un document visible aux représentants légaux (TD3.3b).",
    _mask("INVISIBLE_REPRESENTANTS_LEGAUX", False),
)
_changing("archive", "Archive un document (TD3.3d).", _archive(True))
_changing("unarchive", "Sort un document de l'archive (TD3.3d).", _archive(False))


@command.command("delete")
@_unique_id
@click.option("--yes", is_flag=True, help="Confirme la suppression, qui est définitive.")
@_common
def delete(
    unique_id: str,
    yes: bool,
    visit: str | None,
    ins_file: str | None,
    destination: str | None,
    settings_file: str | None,
) -> int:
    """Supprime un document (TD3.3c) ; seul son auteur le peut."""
    oid = _oid(unique_id)
    if not yes:
        raise Misuse("une suppression est définitive : ajouter --yes.")
    with _reached(visit, ins_file, destination, settings_file) as (dmp, patient):
        dmp.delete(patient, oid)
    click.echo(f"Supprimé : {oid}")
    return OK


def _say(found: list[FoundEntry], form: str, *, titles: bool = False) -> None:
    """Documents told; their titles only when asked, as the DMP may hold anything there."""
    if form == "json":
        from adapter.api.records import as_dict

        told = [as_dict(one) | ({"title": one.title} if titles else {}) for one in found]
        rows.say_json({"documents": told})
        return
    if not found:
        click.echo("Aucun document.")
        return
    rows.say_table(
        (*HEAD, "titre") if titles else HEAD, [(*_line(one), one.title) if titles else _line(one) for one in found]
    )


def _line(one: FoundEntry) -> tuple[str, ...]:
    return (
        one.unique_id,
        STATUSES[one.status],
        "oui" if one.archived else "non",
        ", ".join(one.masks) or "-",
        one.type,
        str(one.size_bytes) if one.size_bytes >= 0 else "?",
        rows.local(one.created) if one.created else "?",
    )
