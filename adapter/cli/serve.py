"""``dmp-adapter serve``: the adapter as an HTTP service for the other software of this machine."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import click

from adapter.cli.choices import mappings_option, read, settings_option
from adapter.cli.destinations import open_queue, outbox_option, servers
from adapter.cli.french import OK, FrenchCommand, Misuse
from adapter.cli.keys import ready
from adapter.cli.mailboxes import mailbox
from adapter.cli.numbers import Whole

if TYPE_CHECKING:
    from adapter.api.sending import DmpServer
    from adapter.settings import ClientSettings, ServiceSettings, Settings

TOKEN_MIN = 32


@click.command("serve", cls=FrenchCommand)
@click.option("--host", metavar="ADRESSE", help="Adresse d'écoute (127.0.0.1 par défaut).")
@click.option("--port", type=Whole(0, 65535), metavar="PORT", help="Port (8765 par défaut ; 0 : libre).")
@click.option("--no-delivery", is_flag=True, help="N'envoie pas : « outbox run » s'en charge ailleurs.")
@outbox_option
@mappings_option
@settings_option
def command(
    host: str | None,
    port: int | None,
    no_delivery: bool,
    outbox_url: str | None,
    mappings: str | None,
    settings_file: str | None,
) -> int:
    """Démarre le service HTTP : contrôler, convertir, montrer, déposer. Ctrl-C ou SIGTERM l'arrête proprement.

    Il sert aussi la file : dépôts et messages que d'autres commandes y ont mis. Il n'écoute que cette machine.
    Ailleurs, il faut un certificat (tls_cert, tls_key), un jeton par logiciel appelant ([service.clients.NOM]) et,
    pour une adresse sans nom, allowed_hosts.
    """
    settings = read(settings_file, mappings)
    told = settings.service
    bounds = replace(told, host=host or told.host, port=told.port if port is None else port)
    tokens = {name: _token(name, client) for name, client in bounds.clients.items()}
    _refuse_exposure(bounds, tokens)
    serve = _serving()
    with open_queue(settings, outbox_url) as outbox:
        from adapter.api import Options
        from adapter.api.reference import load_tables
        from adapter.service import create_app
        from adapter.service.installation import Installation

        installation = Installation(
            tables=load_tables(settings.mappings, settings.edition),
            options=Options(settings.issuer_oid, settings.practice_setting, settings.edition),
            outbox=outbox,
            servers=_reached(settings, delivering=not no_delivery),
            default=_default(settings),
            mailboxes=() if no_delivery else [mailbox(settings, name) for name in settings.mailboxes],
            tokens=tokens,
            bounds=replace(bounds, max_body_bytes=min(bounds.max_body_bytes, settings.max_input_bytes)),
            max_depth=settings.max_input_depth,
            own_worker=not no_delivery,
        )
        if bounds.tls_cert and bounds.tls_key:
            _check_certificate(bounds.tls_cert, bounds.tls_key)
        try:
            listening = serve.listen(bounds.host, bounds.port)
        except OSError:
            place = f"{bounds.host}:{bounds.port}"
            raise Misuse(f"l'adresse {place} n'est pas libre ou pas à cette machine ; --port 0 : libre.") from None
        with listening:
            address = _address(bounds, listening.getsockname()[1])
            serve.run(create_app(installation), installation.bounds, listening, lambda: _say_ready(address))
    click.echo("Arrêté ; rien n'est perdu, le prochain lancement reprend la suite.", err=True)
    return OK


def _serving() -> ModuleType:
    """What puts the service on a socket.

    Raises:
        MissingExtra: FastAPI or uvicorn is not installed.
    """
    from adapter.errors import MissingExtra

    try:
        from adapter.service import serving
    except ImportError:
        raise MissingExtra("Le service demande FastAPI et uvicorn : installer dmp-adapter[service].") from None
    return serving


def _reached(settings: Settings, *, delivering: bool) -> dict[str, DmpServer]:
    """The DMP of the settings by name, their keys opened when this service delivers."""
    found = servers(settings, ()) if settings.destinations else []
    if delivering:
        ready(found, strict=False)
    return {server.name: server for server in found}


def _default(settings: Settings) -> str:
    """Name of the DMP for requests that name none; empty when they must."""
    known = settings.destinations
    return settings.default_destination or (next(iter(known)) if len(known) == 1 else "")


def _token(name: str, client: ClientSettings) -> bytes:
    """SHA-256 of the token of one client.

    Raises:
        Misuse: there is none, or it is too short to keep anyone out.
    """
    if client.token_sha256:
        return bytes.fromhex(client.token_sha256)
    place = f"[service.clients.{name}]"
    if client.token_env:
        token = os.environ.get(client.token_env, "").strip()
        if not token:
            raise Misuse(f"{place} : la variable {client.token_env}, qui doit porter le jeton, est vide.")
    else:
        token = _first_line(place, client.token_file or Path())
    if len(token) < TOKEN_MIN or not token.isascii() or not token.isprintable() or " " in token:
        raise Misuse(f"{place} : un jeton compte au moins {TOKEN_MIN} caractères ASCII, sans espace.")
    return hashlib.sha256(token.encode()).digest()


def _first_line(place: str, file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return stream.readline(4096).decode("ascii", "replace").strip()
    except OSError:
        raise Misuse(f"{place} : le fichier du jeton (token_file) est illisible.") from None


def _refuse_exposure(bounds: ServiceSettings, tokens: Mapping[str, bytes]) -> None:
    """Nothing, when the service is on this machine only, or well guarded.

    Raises:
        Misuse: what is missing.
    """
    if bounds.host == "localhost":
        return
    try:
        address = ipaddress.ip_address(bounds.host)
    except ValueError:
        address = None
    if address is not None and address.is_loopback:
        return
    missing = []
    if bounds.tls_cert is None:
        missing.append("un certificat (tls_cert et tls_key)")
    if not tokens:
        missing.append("un jeton par logiciel appelant ([service.clients.NOM])")
    if address is not None and not bounds.allowed_hosts:
        missing.append("les noms sous lesquels on l'appelle (allowed_hosts)")
    if missing:
        raise Misuse(f"cette adresse d'écoute est visible du réseau ; il manque : {', '.join(missing)}.")


def _check_certificate(certificate: Path, key: Path) -> None:
    from adapter.service.serving import check_certificate

    try:
        check_certificate(certificate, key)
    except OSError:
        raise Misuse("tls_cert, tls_key : certificat ou clé illisible, ou qui ne vont pas ensemble.") from None


def _address(bounds: ServiceSettings, port: int) -> str:
    host = f"[{bounds.host}]" if ":" in bounds.host else bounds.host
    return f"{'https' if bounds.tls_cert else 'http'}://{host}:{port}"


def _say_ready(address: str) -> None:
    click.echo(f"Service : {address} (contrat : {address}/openapi.json). Ctrl-C pour arrêter.")
    sys.stdout.flush()
