"""Submissions that hold a mail, from the document of the other tests; everybody in it is made up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from adapter.dmp.tls import Trust
from adapter.dmp.xdm.client import MailClient
from adapter.dmp.xdm.mail import Sending
from adapter.dmp.xdm.package import Software
from adapter.dmp.xdm.smtp import Account, MailServer
from adapter.submission.values import Mail, Submission
from tests.dmp import wire
from tests.dmp.xdm.operator import AUTHORITY, Operator

SOFTWARE = Software("dmp-adapter", "0.1.0")
SENDER, NURSE = "claire.eveno@test.mssante.fr", "karim.bensaid@test.mssante.fr"
BOX = f"{wire.PATIENT.value}@patient.mssante.fr"
TEXT = "Bonjour,\n\nCi-joint un document établi par le Dr ÉVENO.\n.\n..\nBien cordialement,\n"
PDF = b"%PDF-1.7\n%made up\n"


def letter(
    *, to: str = NURSE, replaces: bool = False, pdf: bytes = PDF, barred: bool = False, masks: tuple[str, ...] = ()
) -> Submission:
    """The document of the tests, as a mail."""
    told = Mail(
        sender=SENDER,
        recipient=to,
        to_patient=to == BOX,
        message_id="<b94d27b9934d3e08a52e52d7da7dabfa@test.mssante.fr>",
        act_on=date(2026, 10, 12),
        text=TEXT,
        in_reply_to="<0f343b0931126a20f133d67c2b018a3b@test.mssante.fr>" if replaces else "",
        reply_barred=barred,
        pdf=pdf,
    )
    return replace(wire.submission(replaces=replaces, masks=masks), mail=told)


def server(
    operator: Operator,
    *,
    host: str = "127.0.0.1",
    ca_bundle: Path | None = AUTHORITY,
    certificate: tuple[Path, Path] | None = None,
    trust: Trust | None = None,
    account: Account | None = None,
    timeout_s: float = 10.0,
) -> MailServer:
    """How an operator of the tests is reached."""
    told = account or Account()
    return MailServer(
        host, operator.port, ca_bundle, certificate=certificate, trust=trust, account=told, timeout_s=timeout_s
    )


def client(operator: Operator, *, max_bytes: int = 10_000_000) -> MailClient:
    """A mailbox at an operator of the tests."""
    return MailClient(server(operator), Sending("123456", name="Cabinet des Tanneurs"), SOFTWARE, max_bytes)
