"""The HTTP service, as the table ``[service]`` of the file tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from adapter.errors import Finding, Severity
from adapter.settings import reading
from adapter.settings.reading import NAME, RULE


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """One program that may call the HTTP service: where its token is, told once.

    Attributes:
        token_env: environment variable that holds it. token_file: file whose first line holds it.
        token_sha256: SHA-256 of the token, in hexadecimal, so that no secret stands on this machine.
    """

    token_env: str = ""
    token_file: Path | None = None
    token_sha256: str = ""


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """The HTTP service, as the table ``[service]`` of the file tells it.

    Attributes:
        host, port: where it listens; port 0 takes a free one.
        tls_cert, tls_key: files of its certificate and of its key, both or neither; asked for outside this machine.
        allowed_hosts: names under which callers know it, beside those of this machine.
        clients: programs that may call it, by name; with none, whoever is on this machine may.
        max_body_bytes: largest request.
        header_timeout_s, body_timeout_s, request_timeout_s: for the head, for the body, for the whole exchange.
        rate_per_s, burst: requests a second of one client, and how many at once after a rest.
        max_concurrent: requests in hand together; those beyond are asked to come back.
        threads: conversions in hand together.
        stop_timeout_s: what is in hand when the service stops has that long.
        access_log: one line a request (operation, status, duration).
    """

    host: str = "127.0.0.1"
    port: int = 8765
    tls_cert: Path | None = None
    tls_key: Path | None = None
    allowed_hosts: tuple[str, ...] = ()
    clients: Mapping[str, ClientSettings] = field(default_factory=lambda: MappingProxyType({}))
    max_body_bytes: int = 32 * 1024 * 1024
    header_timeout_s: float = 10.0
    body_timeout_s: float = 30.0
    request_timeout_s: float = 120.0
    rate_per_s: float = 50.0
    burst: int = 200
    max_concurrent: int = 64
    threads: int = 2
    stop_timeout_s: float = 30.0
    access_log: bool = False


def read_service(value: object, file: Path, found: list[Finding]) -> ServiceSettings:
    """The HTTP service of the file; what is wrong with it goes to `found`."""
    before = len(found)
    table = dict(value) if isinstance(value, dict) else {}
    if not isinstance(value, dict):
        found.append(Finding(RULE, Severity.ERROR, f"{file.name}: service", "Une table [service] est attendue."))
    told = table.pop("clients", {})
    clients: dict[str, ClientSettings] = {}
    for name, one in (told if isinstance(told, dict) else {"": None}).items():
        place = f"{file.name}: service.clients.{name}"
        if not isinstance(one, dict) or not NAME.fullmatch(name):
            message = "Une table est attendue, d'un nom fait de lettres, de chiffres, de « - » et de « _ »."
            found.append(Finding(RULE, Severity.ERROR, place, message))
            continue
        clients[name] = ClientSettings(**reading.table(one, CLIENT_READERS, place, file.parent, found))
        if len(one) != 1:
            message = "Le jeton vient d'un seul endroit : token_env, token_file ou token_sha256."
            found.append(Finding(RULE, Severity.ERROR, place, message))
    values = reading.table(table, SERVICE_READERS, f"{file.name}: service", file.parent, found)
    if ("tls_cert" in table) != ("tls_key" in table):
        message = "Le certificat (tls_cert) et sa clé (tls_key) vont ensemble."
        found.append(Finding(RULE, Severity.ERROR, f"{file.name}: service", message))
    return ServiceSettings(clients=MappingProxyType(clients), **values) if len(found) == before else ServiceSettings()


SERVICE_READERS: Final[Mapping[str, reading.Reader]] = {
    "host": reading.host,
    "port": reading.port,
    "tls_cert": reading.file,
    "tls_key": reading.file,
    "allowed_hosts": reading.hosts,
    "max_body_bytes": reading.bound,
    "header_timeout_s": reading.seconds,
    "body_timeout_s": reading.seconds,
    "request_timeout_s": reading.seconds,
    "rate_per_s": reading.rate,
    "burst": reading.bound,
    "max_concurrent": reading.bound,
    "threads": reading.bound,
    "stop_timeout_s": reading.seconds,
    "access_log": reading.switch,
}
CLIENT_READERS: Final[Mapping[str, reading.Reader]] = {
    "token_env": reading.variable,
    "token_file": reading.file,
    "token_sha256": reading.sha256,
}
