"""The mailboxes of secure health mail, as the tables ``[mailboxes.NAME]`` of the file tell them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from adapter.errors import Finding, Severity
from adapter.model.mail_address import is_address, is_domain
from adapter.settings import reading
from adapter.settings.destinations import files_together
from adapter.settings.reading import NAME, RULE


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxSettings:
    """One mailbox.

    Attributes:
        host, port: server of the operator. address: that of the mailbox.
        nil: number of this software (``X-MSS-NIL``), given when the product is declared to the authority.
        sender_name: shown beside the address.
        ca_bundle: file of the authorities to trust; None for the usual ones.
        client_cert, client_key: files of our certificate and of its key, or a PKCS#12 file (.p12, .pfx) alone.
        client_password_env: environment variable of the password of the key.
        crl: list of revoked certificates; None checks no revocation.
        user: name of the account. password_env: environment variable that holds its password.
        token_env, token_command: variable that holds a bearer token, or program that prints it (XOAUTH2).
        recipient_domains: domains of professionals that may receive health data.
        patient_domain: domain of the patients; the one of tests differs.
        notify: asks the software of the recipient to tell what it did with a message.
        patient_may_reply: False writes ``X-MSS-MES: FIN``.
        max_message_bytes: largest message that the operator admits.
        timeout_s: longest silence of the server, in seconds.
        ins_roots: assigning authorities of the INS that may leave; empty for the four published ones.
    """

    host: str
    address: str
    nil: str
    port: int = 587
    sender_name: str = ""
    ca_bundle: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    client_password_env: str = ""
    crl: Path | None = None
    user: str = ""
    password_env: str = ""
    token_env: str = ""
    token_command: tuple[str, ...] = ()
    recipient_domains: tuple[str, ...] = ("mssante.fr",)
    patient_domain: str = "patient.mssante.fr"
    notify: bool = True
    patient_may_reply: bool = True
    max_message_bytes: int = 10_000_000
    timeout_s: float = 60.0
    ins_roots: tuple[str, ...] = ()


def read_mailboxes(value: object, file: Path, found: list[Finding]) -> Mapping[str, MailboxSettings]:
    """Mailboxes of the file; what is wrong with them goes to `found`."""

    def refuse(place: str, message: str) -> None:
        found.append(Finding(RULE, Severity.ERROR, f"{file.name}: {place}", message))

    if not isinstance(value, dict):
        refuse("mailboxes", "Des tables [mailboxes.NOM] sont attendues.")
        return {}
    read: dict[str, MailboxSettings] = {}
    for name, table in value.items():
        place = f"mailboxes.{name}"
        if not isinstance(table, dict) or not NAME.fullmatch(name):
            refuse(place, "Une table est attendue, d'un nom fait de lettres, de chiffres, de « - » et de « _ ».")
            continue
        before = len(found)
        values = reading.table(table, MAILBOX_READERS, f"{file.name}: {place}", file.parent, found)
        for key in ("host", "address", "nil"):
            if key not in table:
                refuse(f"{place}.{key}", "Ce réglage manque : aucun message ne part sans lui.")
        if not files_together(table.get("client_cert"), table.get("client_key")):
            refuse(place, "Le certificat client (client_cert) et sa clé (client_key) vont ensemble.")
        secrets = {"password_env", "token_env", "token_command"} & table.keys()
        if len(secrets) > 1:
            refuse(place, "Un mot de passe ou un jeton, d'une variable ou d'une commande : un seul des trois.")
        if bool(secrets) != ("user" in table):
            refuse(place, "Le compte (user) et son mot de passe ou son jeton vont ensemble.")
        if len(found) == before:
            read[name] = MailboxSettings(**values)
    return MappingProxyType(read)


def _address(value: object, folder: Path) -> str:
    text = reading.text(value, folder)
    if not is_address(text):
        raise ValueError("Une adresse a la forme nom@domaine, sans espace ni accent.")
    return text


def _domain(value: object, folder: Path) -> str:
    text = reading.text(value, folder)
    if not is_domain(text):
        raise ValueError("Un nom de domaine est attendu (mssante.fr).")
    return text.lower()


def _domains(value: object, folder: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError("Un tableau de noms de domaine est attendu.")
    return tuple(_domain(one, folder) for one in value)


MAILBOX_READERS: Final[Mapping[str, reading.Reader]] = {
    "host": reading.host,
    "port": reading.port,
    "address": _address,
    "nil": reading.header,
    "sender_name": reading.text,
    "ca_bundle": reading.file,
    "client_cert": reading.file,
    "client_key": reading.file,
    "client_password_env": reading.variable,
    "crl": reading.file,
    "user": reading.header,
    "password_env": reading.variable,
    "token_env": reading.variable,
    "token_command": reading.words,
    "recipient_domains": _domains,
    "patient_domain": _domain,
    "notify": reading.switch,
    "patient_may_reply": reading.switch,
    "max_message_bytes": reading.bound,
    "timeout_s": reading.seconds,
    "ins_roots": reading.ins_roots,
}
