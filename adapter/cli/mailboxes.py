"""From settings to the mailboxes of secure health mail."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from adapter.cli.destinations import TokenCommand, servers
from adapter.cli.french import Misuse, nearest

if TYPE_CHECKING:
    from adapter.api.mailing import MssMailbox
    from adapter.api.sending import DmpServer
    from adapter.settings import MailboxSettings, Settings


def mailbox(settings: Settings, name: str | None) -> MssMailbox:
    """The mailbox to send from.

    Raises:
        Misuse: none, several and none chosen, an unknown name, or an empty variable.
    """
    known = settings.mailboxes
    if not known:
        raise Misuse("aucune messagerie dans les réglages : écrire une table [mailboxes.NOM] dans leur fichier.")
    chosen = name or (next(iter(known)) if len(known) == 1 else "")
    if not chosen:
        raise Misuse(f"plusieurs messageries dans les réglages : choisir avec --mailbox ({', '.join(known)}).")
    if chosen not in known:
        raise Misuse(f"--mailbox : cette messagerie n'est pas dans les réglages.{nearest(chosen, list(known))}")
    return _mailbox(chosen, known[chosen], settings)


def everywhere(settings: Settings, names: tuple[str, ...]) -> list[DmpServer | MssMailbox]:
    """DMP and mailboxes named, all of them when none is.

    Raises:
        Misuse: there is none, or an unknown name.
    """
    boxes = [name for name in names or settings.mailboxes if name in settings.mailboxes]
    others = tuple(name for name in names if name not in settings.mailboxes)
    found: list[DmpServer | MssMailbox] = []
    if others or (not names and (settings.destinations or not boxes)):
        found += servers(settings, others)
    return found + [mailbox(settings, name) for name in boxes]


def _mailbox(name: str, told: MailboxSettings, settings: Settings) -> MssMailbox:
    from adapter.api.mailing import MssMailbox, Software, TrustSpace
    from adapter.cli.keys import secret
    from adapter.model.destination import KeySource
    from adapter.model.identifiers import INS_ROOTS
    from adapter.submission import Limits

    token: Callable[[], str] | None = TokenCommand(told.token_command) if told.token_command else None
    return MssMailbox(
        told.host,
        told.address,
        told.nil,
        port=told.port,
        name=name,
        sender_name=told.sender_name,
        ca_bundle=told.ca_bundle,
        key=KeySource(told.client_cert, told.client_key, told.client_password_env),
        crl=told.crl,
        secret=secret,
        user=told.user,
        password=_variable(told.password_env),
        token=_variable(told.token_env) or token,
        space=TrustSpace(told.recipient_domains, told.patient_domain),
        notify=told.notify,
        reply_barred=not told.patient_may_reply,
        max_bytes=told.max_message_bytes,
        timeout_s=told.timeout_s,
        limits=Limits(frozenset(told.ins_roots) or INS_ROOTS),
        software=Software(settings.software_name, settings.software_version),
    )


def _variable(name: str) -> Callable[[], str] | None:
    """What gives the secret that a variable holds, None without a name.

    Raises:
        Misuse: the variable is empty.
    """
    if not name:
        return None
    value = os.environ.get(name, "").strip()
    if not value:
        raise Misuse(f"la variable {name}, qui doit porter le secret de la messagerie, est vide.")
    return lambda: value
