"""``dmp-adapter send --to-mss``: visits in, secure mails in the durable queue, and on to their operator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from adapter.cli import rows
from adapter.cli.files import read_bounded
from adapter.cli.french import FINDINGS, OK, USAGE, told_os

if TYPE_CHECKING:
    from adapter.api.mailing import MssMailbox
    from adapter.errors import Finding
    from adapter.outbox import Outbox, Row
    from adapter.settings import Settings

HEAD = ("visite", "n°", "état", "destinataire", "")


@dataclass
class _Told:
    """What became of one visit, and of each of its mails."""

    name: str
    rows: list[Row] = field(default_factory=list)
    already: frozenset[int] = frozenset()
    document_id: str = ""
    findings: tuple[Finding, ...] = ()
    fault: str = ""
    fault_code: int = OK
    queue_fails: bool = False  # the next visit would meet the same queue

    def code(self, waited: bool) -> int:
        """Exit code of this visit."""
        found = [rows.code(row) for row in self.rows]
        return max([self.fault_code, *(OK if one == rows.WAITING and not waited else one for one in found)])

    def to_say(self) -> tuple[Finding, ...]:
        """Findings to show: all of a refusal; those of the mail itself when it is in the queue."""
        return tuple(one for one in self.findings if not self.rows or one.rule.startswith("MSS-"))

    def as_dict(self) -> dict[str, Any]:
        """The same for a program."""
        return {
            "file": self.name,
            "document_id": self.document_id,
            "rows": [{**rows.as_dict(row), "already": row.id in self.already} for row in self.rows],
            "error": self.fault,
            "findings": [
                {"rule": one.rule, "severity": one.severity.value, "path": one.path, "message": one.message}
                for one in self.findings
            ],
        }

    def lines(self) -> list[tuple[str, ...]]:
        """Cells under ``HEAD``."""
        if not self.rows:
            return [(self.name, "-", "pas en file", "-", self.fault)]
        return [
            (self.name, str(row.id), rows.state(row), row.recipient, row.explanation or self._repeated(row))
            for row in self.rows
        ]

    def _repeated(self, row: Row) -> str:
        return "Déjà dans la file : rien n'a été ajouté." if row.id in self.already else ""


def send_mails(
    names: tuple[str, ...],
    recipients: tuple[str, ...],
    settings: Settings,
    outbox: Outbox,
    mailbox: MssMailbox,
    *,
    wait_s: float | None,
    form: str,
) -> int:
    """Exit code, once every visit is in the queue for each recipient, and sent when `wait_s` is given."""
    told = []
    for name in names:
        told.append(_queued(name, recipients, settings, outbox, mailbox))
        if told[-1].queue_fails:
            break
    if wait_s is not None:
        _deliver(told, outbox, mailbox, wait_s)
    if form == "json":
        rows.say_json({"visits": [one.as_dict() for one in told]})
    else:
        _say(told)
    return max((one.code(wait_s is not None) for one in told), default=OK)


def _queued(name: str, recipients: tuple[str, ...], settings: Settings, outbox: Outbox, mailbox: MssMailbox) -> _Told:
    """One visit put in the queue, or why not."""
    from adapter.api.mailing import mail
    from adapter.compose import Options
    from adapter.errors import FindingsError, MappingError, OutboxError
    from adapter.outbox import OutboxConflict, OutboxRefusal

    try:
        mailed = mail(
            read_bounded(name, settings.max_input_bytes),
            outbox,
            mailbox,
            recipients,
            options=Options(settings.issuer_oid, settings.practice_setting, settings.edition),
            mappings=settings.mappings,
            max_bytes=settings.max_input_bytes,
            max_depth=settings.max_input_depth,
        )
    except OSError as fault:
        return _Told(name, fault=told_os(fault), fault_code=USAGE)
    except FindingsError as fault:
        code = USAGE if isinstance(fault, MappingError) else FINDINGS
        return _Told(name, findings=fault.findings, fault="Ne peut pas être envoyé.", fault_code=code)
    except (OutboxConflict, OutboxRefusal) as fault:
        return _Told(name, fault=str(fault), fault_code=FINDINGS)
    except OutboxError as fault:
        return _Told(name, fault=f"{fault} Ce qui est en file y reste.", fault_code=USAGE, queue_fails=True)
    return _Told(name, list(mailed.rows), mailed.already, mailed.document_id, mailed.findings)


def _deliver(told: list[_Told], outbox: Outbox, mailbox: MssMailbox, timeout_s: float) -> None:
    """Sends what was queued, and waits for the answer of the operator."""
    from adapter.api.sending import deliver
    from adapter.errors import OutboxError

    ids = [row.id for one in told for row in one.rows]
    try:
        found = {row.id: row for row in deliver(outbox, [mailbox], ids, timeout_s=timeout_s)}
    except OutboxError as fault:
        told.append(_Told("file d'envoi", fault=f"{fault} Ce qui est en file y reste.", fault_code=USAGE))
        return
    for one in told:
        one.rows = [found[row.id] for row in one.rows]


def _say(told: list[_Told]) -> None:
    from adapter.validation import report

    findings = {one.name: found for one in told if (found := one.to_say())}
    if findings:
        click.echo(report.as_text(findings), nl=False, err=True)
    rows.say_table(HEAD, [line for one in told for line in one.lines()])
