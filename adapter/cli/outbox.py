"""``dmp-adapter outbox``: the queue of deposits, looked at, served and looked after."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adapter.cli import rows
from adapter.cli.choices import each_once, read, settings_option
from adapter.cli.destinations import answer_option, open_queue, outbox_option, patient_ins
from adapter.cli.files import read_bounded
from adapter.cli.french import FINDINGS, OK, FrenchGroup, OneOf, shown
from adapter.cli.keys import ready
from adapter.cli.mailboxes import everywhere
from adapter.cli.numbers import Whole

if TYPE_CHECKING:
    from adapter.model.document import Identifier
    from adapter.outbox import Outbox

_row = click.argument("row_id", type=Whole(1, 10**11 - 1), metavar="NUMÉRO")
_visit = click.option("--visit", metavar="VISITE", help="Visite qui désigne le patient.")
_ins_file = click.option("--ins-file", metavar="FICHIER", help="Fichier qui porte l'INS (« - » : entrée standard).")


@click.group("outbox", cls=FrenchGroup)
def command() -> None:
    """File d'envoi : la lire, la servir, l'entretenir."""


@command.command("list")
@click.option("--state", type=OneOf(*rows.STATES), metavar="ÉTAT", help=f"Un état : {', '.join(rows.STATES)}.")
@click.option("--destination", metavar="NOM", help="Un seul DMP.")
@click.option("--dead", is_flag=True, help="Seulement les dépôts dont les essais sont épuisés.")
@outbox_option
@settings_option
@answer_option
def list_rows(
    state: str | None, destination: str | None, dead: bool, outbox_url: str | None, settings_file: str | None, form: str
) -> int:
    """Liste les dépôts, dans l'ordre de leur arrivée."""
    from adapter.outbox import State

    wanted = State(state) if state else None
    with open_queue(read(settings_file), outbox_url) as outbox:
        found = outbox.rows(state=wanted, destination=destination, dead=True if dead else None)
        if form == "json":
            rows.say_json({"rows": [rows.as_dict(row) for row in found]})
            return OK
        told = [rows.line(row) for row in found]
        counts = outbox.counts()
    if told:
        rows.say_table(rows.HEAD, told)
    summary = ", ".join(f"{count} {rows.STATES[name]}" for name, count in counts.items())
    click.echo(f"File d'envoi : {summary or 'vide'}.")
    return OK


@command.command("show")
@_row
@outbox_option
@settings_option
@answer_option
def show(row_id: int, outbox_url: str | None, settings_file: str | None, form: str) -> int:
    """Montre un dépôt : où il en est, pourquoi, et ce qui va suivre."""
    with open_queue(read(settings_file), outbox_url) as outbox:
        row = outbox.row(row_id)
    if form == "json":
        rows.say_json(rows.as_dict(row))
        return OK
    told = (
        ("numéro", str(row.id)),
        ("état", rows.state(row)),
        ("pourquoi", row.explanation),
        ("code du DMP", row.dmp_code),
        ("précisions", row.dmp_said),
        ("messagerie" if row.recipient else "DMP", f"{row.destination} {row.endpoint}".strip()),
        ("destinataire", row.recipient),
        ("forme", row.form),
        ("documents", ", ".join(row.unique_ids)),
        ("dépôt", row.set_unique_id),
        ("tables", row.mappings_digest),
        ("taille", f"{row.size_bytes} octets" + (" (contenu purgé)" if row.purged else "")),
        ("essais", str(row.attempts)),
        ("mis en file", rows.local(row.created_at)),
        ("modifié", rows.local(row.updated_at)),
        ("prochain essai", rows.local(row.due_at) if row.due_at else "aucun n'est prévu"),
    )
    for name, value in told:
        if value:
            click.echo(f"{name:15}{shown(value)}")
    return OK


@command.command("run")
@click.option("--once", is_flag=True, help="Traite ce qui est dû maintenant, puis s'arrête.")
@click.option(
    "--destination", "names", multiple=True, metavar="NOM", help="DMP ou messagerie à servir, répétable (sinon tous)."
)
@outbox_option
@settings_option
def run(once: bool, names: tuple[str, ...], outbox_url: str | None, settings_file: str | None) -> int:
    """Sert la file : envoie, recherche, relit, jusqu'à Ctrl-C. Plusieurs peuvent tourner ensemble.

    Codes de retour : 0 arrêté proprement, et avec --once plus rien à envoyer ; 4 (--once) il reste des dépôts.
    """
    from adapter.api.sending import DmpServer, destinations
    from adapter.outbox import Worker

    settings = read(settings_file)
    reached = everywhere(settings, names)
    ready([one for one in reached if isinstance(one, DmpServer)])
    served = destinations(reached)
    with open_queue(settings, outbox_url) as outbox, _stopped_by_signals() as stop:
        worker = Worker(outbox, served)
        if not once:
            click.echo(f"File servie pour : {', '.join(served)}. Ctrl-C pour arrêter.", err=True)
            worker.run(stop)
            click.echo("Arrêté ; rien n'est perdu, le prochain lancement reprend la suite.", err=True)
            return OK
        done = 0
        while not stop.is_set() and worker.step():
            done += 1
        left = outbox.next_due(tuple(served)) is not None
    click.echo(f"{done} étape(s) faite(s) ; {'il reste des dépôts à traiter' if left else 'rien ne reste à envoyer'}.")
    return rows.WAITING if left else OK


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set, so that the row in hand is finished first; a second one cuts short."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def ask(number: int, frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@command.command("retry")
@click.argument("row_ids", nargs=-1, type=Whole(1, 10**11 - 1), metavar="[NUMÉRO]...")
@click.option("--dead", is_flag=True, help="Tous les dépôts dont les essais sont épuisés.")
@outbox_option
@settings_option
def retry(row_ids: tuple[int, ...], dead: bool, outbox_url: str | None, settings_file: str | None) -> int:
    """Rejoue des dépôts bloqués, refusés ou abandonnés ; ce qui a pu partir est d'abord recherché dans le DMP.

    Un message qui est parti ou a pu partir ne peut pas être recherché : seul son numéro le rejoue, sous le même
    Message-ID, une fois le destinataire interrogé.
    """
    from adapter.cli.french import Misuse
    from adapter.outbox import OutboxRefusal

    if bool(row_ids) == dead:
        raise Misuse("donner des numéros, ou --dead.")
    code = OK
    with open_queue(read(settings_file), outbox_url) as outbox:
        for row_id in row_ids or _dead(outbox):
            try:
                outbox.retry(row_id)
            except OutboxRefusal as fault:
                click.echo(f"n° {row_id} : {fault}", err=True)
                code = rows.REFUSED
            else:
                click.echo(f"n° {row_id} : remis en file.")
    return code


def _dead(outbox: Outbox) -> list[int]:
    """Rows to replay together; a mail that may have left is for a person to decide, one by one."""
    found = []
    for row in outbox.rows(dead=True):
        if row.recipient and row.state == "unknown":
            click.echo(f"n° {row.id} : {row.explanation}", err=True)
        else:
            found.append(row.id)
    return found


@command.command("notice")
@click.argument("files", nargs=-1, required=True, metavar="FICHIER...")
@outbox_option
@settings_option
def notice(files: tuple[str, ...], outbox_url: str | None, settings_file: str | None) -> int:
    """Note ce que disent des avis reçus (MDN ou remise, un message entier par fichier) sur les messages envoyés.

    Codes de retour : 0 tous notés, 1 un avis illisible ou étranger à la file, 3 un message refusé par son destinataire.
    """
    from adapter.api.mailing import NotificationInvalid, record_notice

    settings = read(settings_file)
    codes = {OK}
    with open_queue(settings, outbox_url) as outbox:
        for name in each_once(files):
            try:
                row = record_notice(read_bounded(name, settings.max_input_bytes), outbox)
            except NotificationInvalid as fault:
                click.echo(f"{shown(name)} : {fault.findings[0].message} [{fault.findings[0].rule}]", err=True)
                codes.add(FINDINGS)
                continue
            click.echo(f"{shown(name)} : n° {row.id}, {rows.state(row)}. {row.explanation}".rstrip())
            codes.add(rows.REFUSED if row.state == "rejected" else OK)
    return max(codes)


@command.command("withdraw")
@_row
@outbox_option
@settings_option
def withdraw(row_id: int, outbox_url: str | None, settings_file: str | None) -> int:
    """Retire de la file un dépôt qui n'est pas parti."""
    with open_queue(read(settings_file), outbox_url) as outbox:
        outbox.withdraw(row_id)
    click.echo(f"n° {row_id} : retiré.")
    return OK


@command.command("oppose")
@_visit
@_ins_file
@outbox_option
@settings_option
def oppose(visit: str | None, ins_file: str | None, outbox_url: str | None, settings_file: str | None) -> int:
    """Note l'opposition d'un patient : ses dépôts qui ne sont pas partis, et ceux à venir, sont bloqués."""
    settings = read(settings_file)
    patient = _patient(*patient_ins(visit, ins_file, settings))
    with open_queue(settings, outbox_url) as outbox:
        stopped = outbox.record_opposition(patient)
    click.echo(f"Opposition notée ; {stopped} dépôt(s) bloqué(s).")
    return OK


@command.command("lift-opposition")
@_visit
@_ins_file
@outbox_option
@settings_option
def lift_opposition(visit: str | None, ins_file: str | None, outbox_url: str | None, settings_file: str | None) -> int:
    """Lève l'opposition d'un patient ; ses dépôts bloqués partent quand ils sont rejoués (retry)."""
    settings = read(settings_file)
    patient = _patient(*patient_ins(visit, ins_file, settings))
    with open_queue(settings, outbox_url) as outbox:
        outbox.lift_opposition(patient)
    click.echo("Opposition levée.")
    return OK


def _patient(root: str, value: str) -> Identifier:
    from adapter.model.document import Identifier

    return Identifier(root, value)


@command.command("purge")
@click.option("--older-than", "days", type=Whole(0, 36500), required=True, metavar="JOURS", help="Terminés depuis.")
@outbox_option
@settings_option
def purge(days: int, outbox_url: str | None, settings_file: str | None) -> int:
    """Efface le contenu des dépôts terminés depuis tant de jours ; leur trace reste."""
    from datetime import timedelta

    with open_queue(read(settings_file), outbox_url) as outbox:
        purged = outbox.purge(timedelta(days=days))
    click.echo(f"{purged} dépôt(s) purgé(s).")
    return OK


@command.command("verify")
@outbox_option
@settings_option
@answer_option
def verify(outbox_url: str | None, settings_file: str | None, form: str) -> int:
    """Prouve la file et la chaîne de ses traces d'audit. Codes de retour : 0 intacte, 1 rompue."""
    with open_queue(read(settings_file), outbox_url) as outbox:
        found = outbox.verify()
    if form == "json":
        rows.say_json(
            {
                "sound": found.sound,
                "length": found.length,
                "head": found.head,
                "broken_at": found.broken_at,
                "fault": found.fault,
            }
        )
    elif found.sound:
        click.echo(f"Chaîne intacte : {found.length} événement(s), empreinte du dernier {found.head or '-'}.")
    else:
        click.echo(f"Chaîne rompue à l'événement {found.broken_at} : {found.fault}")
    return OK if found.sound else FINDINGS


@command.command("export-audit")
@click.option("--out", metavar="FICHIER", help="Fichier à écrire (sinon la sortie standard).")
@outbox_option
@settings_option
def export_audit(out: str | None, outbox_url: str | None, settings_file: str | None) -> int:
    """Exporte les traces d'audit (FHIR AuditEvent, une par ligne) ; aucune ne porte de nom ni d'INS."""
    with open_queue(read(settings_file), outbox_url) as outbox:
        if out is None:
            for event in outbox.export_audit():
                click.echo(event, nl=False)
            return OK
        path = Path(out)
        part = path.with_name(path.name + ".part")
        with part.open("wb") as stream:
            stream.writelines(outbox.export_audit())
        part.replace(path)
    return OK
