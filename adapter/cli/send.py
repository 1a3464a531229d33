"""``dmp-adapter send``: visits in, deposits in the durable queue, and on to the DMP."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from adapter.cli import rows
from adapter.cli.choices import each_once, mappings_option, read, settings_option
from adapter.cli.destinations import answer_option, destination_option, open_queue, outbox_option, server
from adapter.cli.files import read_bounded
from adapter.cli.french import FINDINGS, OK, USAGE, FrenchCommand, Misuse, OneOf, told_os
from adapter.cli.keys import ready
from adapter.cli.numbers import Whole

if TYPE_CHECKING:
    from adapter.api.sending import DmpServer, Forms
    from adapter.errors import Finding
    from adapter.outbox import Outbox, Row
    from adapter.settings import Settings

MANY = 20  # visits from which a bar is worth its line
OPPOSITION = "SUB-OPPOSITION"
HEAD = ("visite", "n°", "état", "document", "")


@click.command("send", cls=FrenchCommand)
@click.argument("visits", nargs=-1, required=True, metavar="VISITE...")
@click.option(
    "--format",
    "forms",
    type=OneOf("cda", "fhir", "both", "cda-n1"),
    default="cda",
    metavar="cda|fhir|both|cda-n1",
    help="Documents à déposer (cda par défaut) ; cda-n1 : la fiche en PDF sous un en-tête CDA.",
)
@destination_option
@click.option(
    "--wire",
    type=OneOf("xds", "pdsm"),
    metavar="xds|pdsm",
    help="Voie du DMP : xds (SOAP, production) ou pdsm (FHIR). Choisit parmi les DMP des réglages.",
)
@outbox_option
@click.option("--wait", is_flag=True, help="Envoie tout de suite et attend que le DMP ait confirmé ou refusé.")
@click.option(
    "--timeout",
    "timeout_s",
    type=Whole(0, 86400),
    default=60,
    metavar="SECONDES",
    help="Attente la plus longue avec --wait (60 par défaut) ; ce qui reste demeure en file.",
)
@click.option(
    "--to-mss",
    "to_mss",
    multiple=True,
    metavar="ADRESSE",
    help="Envoie par messagerie sécurisée (MSSanté) au lieu de déposer : une adresse, ou « patient » ; répétable.",
)
@click.option("--mailbox", metavar="NOM", help="Messagerie des réglages d'où part --to-mss (sinon la seule).")
@mappings_option
@settings_option
@answer_option
def command(
    visits: tuple[str, ...],
    forms: Forms,
    destination: str | None,
    wire: str | None,
    outbox_url: str | None,
    wait: bool,
    timeout_s: int,
    to_mss: tuple[str, ...],
    mailbox: str | None,
    mappings: str | None,
    settings_file: str | None,
    form: str,
) -> int:
    """Convertit des visites et met leurs documents en file d'envoi vers le DMP. « - » lit l'entrée standard.

    Sans --wait, « dmp-adapter outbox run » les envoie. La même visite envoyée deux fois n'est déposée qu'une fois. Une
    visite dont le patient s'oppose au DMP n'est jamais envoyée.

    Codes de retour, le plus grand l'emporte : 0 en file ou confirmé, 1 visite refusée, 2 commande, fichiers ou file,
    3 opposition du patient, refusé ou bloqué, 4 (--wait) en attente ou sort inconnu.
    """
    settings = read(settings_file, mappings)
    if to_mss:
        from adapter.cli.mailboxes import mailbox as chosen
        from adapter.cli.mailing import send_mails

        if forms != "cda" or destination or wire:
            raise Misuse("--to-mss envoie le document CDA à une adresse : ni --format, ni --destination, ni --wire.")
        sender = chosen(settings, mailbox)
        with open_queue(settings, outbox_url) as outbox:
            waited = timeout_s if wait else None
            return send_mails(each_once(visits), to_mss, settings, outbox, sender, wait_s=waited, form=form)
    target = server(settings, destination, wire)
    if target.wire == "xds" and forms in ("fhir", "both"):
        raise Misuse("--format : la voie xds ne transporte que des documents CDA.")
    if wait:
        ready([target])
    with open_queue(settings, outbox_url) as outbox:
        run = _Run(settings, target, outbox, forms)
        names = each_once(visits)
        with _progress(len(names), "Mise en file") as step:
            for name in names:
                run.queue(name)
                step(1)
                if run.fault:
                    break  # the next visit would meet the same queue
        if wait and not run.fault:
            run.deliver(timeout_s)
    if form == "json":
        rows.say_json({"visits": [one.as_dict() for one in run.told]})
    else:
        _say(run.told)
    if run.fault:
        click.echo(f"Erreur : {run.fault} Ce qui est en file y reste ; la commande peut être relancée.", err=True)
        return USAGE
    return max((one.code(wait) for one in run.told), default=OK)


@dataclass
class _Told:
    """What became of one visit."""

    name: str
    row: Row | None = None
    already: bool = False
    document_id: str = ""
    findings: tuple[Finding, ...] = field(default=())
    fault: str = ""
    fault_code: int = OK

    def code(self, waited: bool) -> int:
        """Exit code of this visit."""
        if self.row is None:
            return self.fault_code
        found = rows.code(self.row)
        return OK if found == rows.WAITING and not waited else found

    def explanation(self) -> str:
        """French sentence, empty when the state says it all."""
        if self.row is None:
            return self.fault
        return self.row.explanation or ("Déjà dans la file : rien n'a été ajouté." if self.already else "")

    def as_dict(self) -> dict[str, Any]:
        """The same for a program."""
        return {
            "file": self.name,
            "document_id": self.document_id,
            "already": self.already,
            "row": rows.as_dict(self.row) if self.row is not None else None,
            "error": self.fault,
            "findings": [
                {"rule": one.rule, "severity": one.severity.value, "path": one.path, "message": one.message}
                for one in self.findings
            ],
        }


class _Run:
    """The deposits of one command."""

    def __init__(self, settings: Settings, target: DmpServer, outbox: Outbox, forms: Forms) -> None:
        from adapter.compose import Options
        from adapter.mapping import load

        self.settings = settings
        self.target = target
        self.outbox = outbox
        self.forms = forms
        self.options = Options(settings.issuer_oid, settings.practice_setting, settings.edition)
        self.tables = load(settings.mappings)
        self.tables.edition(settings.edition)  # an unknown edition is told once, before any visit
        self.told: list[_Told] = []
        self.fault = ""  # what the queue itself cannot do any more

    def queue(self, name: str) -> None:
        """Puts one visit in the queue, or notes why not."""
        from adapter.api.sending import SubmissionRefused, send
        from adapter.errors import FindingsError, MappingError, OutboxError
        from adapter.outbox import OutboxConflict, OutboxRefusal

        try:
            sent = send(
                read_bounded(name, self.settings.max_input_bytes),
                self.outbox,
                self.target,
                forms=self.forms,
                options=self.options,
                mappings=self.tables,
                max_bytes=self.settings.max_input_bytes,
                max_depth=self.settings.max_input_depth,
            )
        except OSError as fault:
            self.told.append(_Told(name, fault=told_os(fault), fault_code=USAGE))
        except SubmissionRefused as fault:
            opposed = any(one.rule == OPPOSITION for one in fault.findings)
            code = rows.REFUSED if opposed else FINDINGS
            said = "Opposition du patient : rien n'est envoyé." if opposed else "Ne peut pas être déposé."
            self.told.append(_Told(name, findings=fault.findings, fault=said, fault_code=code))
        except FindingsError as fault:
            code = USAGE if isinstance(fault, MappingError) else FINDINGS
            self.told.append(_Told(name, findings=fault.findings, fault="Visite refusée.", fault_code=code))
        except (OutboxConflict, OutboxRefusal) as fault:
            self.told.append(_Told(name, fault=str(fault), fault_code=FINDINGS))
        except OutboxError as fault:
            self.fault = str(fault)
            self.told.append(_Told(name, fault=str(fault), fault_code=USAGE))
        else:
            self.told.append(_Told(name, sent.row, sent.already, sent.document_id, sent.findings))

    def deliver(self, timeout_s: float) -> None:
        """Sends what was queued, and waits for what becomes of it."""
        from adapter.api.sending import deliver
        from adapter.errors import OutboxError

        ids = [one.row.id for one in self.told if one.row is not None]
        with _progress(len(ids), "Envoi") as step:
            done = 0

            def settled(count: int) -> None:
                nonlocal done
                step(count - done)
                done = count

            try:
                found = deliver(self.outbox, [self.target], ids, timeout_s=timeout_s, on_settled=settled)
            except OutboxError as fault:
                self.fault = str(fault)
                found = self._as_they_are(ids)
        by_id = {row.id: row for row in found}
        for one in self.told:
            if one.row is not None:
                one.row = by_id.get(one.row.id, one.row)

    def _as_they_are(self, ids: list[int]) -> tuple[Row, ...]:
        """The rows of a queue that could not be written; none when it cannot be read either."""
        from adapter.errors import OutboxError

        try:
            return tuple(self.outbox.row(row_id) for row_id in ids)
        except OutboxError:
            return ()


def _say(told: list[_Told]) -> None:
    from adapter.validation import report

    findings = {one.name: one.findings for one in told if one.row is None and one.findings}
    if findings:
        click.echo(report.as_text(findings), nl=False, err=True)
    rows.say_table(
        HEAD,
        [
            (one.name, str(one.row.id), rows.state(one.row), one.row.unique_ids[0], one.explanation())
            if one.row is not None
            else (one.name, "-", "pas en file", "-", one.explanation())
            for one in told
        ],
    )


@contextmanager
def _progress(total: int, label: str) -> Iterator[Callable[[int], None]]:
    """A step to call; it moves a bar on a terminal when there are many."""
    if total < MANY or not sys.stderr.isatty():
        yield lambda count: None
        return
    with click.progressbar(length=total, label=label, file=sys.stderr) as bar:
        yield bar.update
