"""``dmp-adapter simulator``: a DMP on this machine, to try against."""

from __future__ import annotations

import ipaddress
import os
import threading
from pathlib import Path
from typing import Any

import click

from adapter.cli.french import OK, FrenchCommand, Misuse
from adapter.cli.numbers import Whole


@click.command("simulator", cls=FrenchCommand)
@click.option("--host", default="127.0.0.1", metavar="ADRESSE", help="Adresse d'écoute (127.0.0.1 par défaut).")
@click.option("--port", type=Whole(0, 65535), metavar="PORT", help="Port (8080 par défaut ; 0 : libre).")
@click.option("--database", metavar="FICHIER", help="Fichier gardé d'une fois sur l'autre (sinon en mémoire).")
@click.option("--xds", is_flag=True, help="Sert aussi la voie de production (SOAP, XDS.b) en TLS mutuel.")
@click.option("--xds-port", type=Whole(0, 65535), metavar="PORT", help="Port de la voie XDS (8443 par défaut).")
@click.option("--certs", metavar="DOSSIER", help="Où écrire l'autorité d'essai et les clés (avec --xds).")
@click.option("--allow-remote", is_flag=True, help="Autorise une adresse d'écoute visible du réseau.")
def command(
    host: str,
    port: int | None,
    database: str | None,
    xds: bool,
    xds_port: int | None,
    certs: str | None,
    allow_remote: bool,
) -> int:
    """Démarre un DMP d'essai qui répond comme le vrai, en PDSm (FHIR R4) et, avec --xds, en XDS.b. Ctrl-C l'arrête.

    PDSm y est sans authentification ni chiffrement : n'y mettre que des patients fictifs. Un INS de test y a un DMP
    ouvert. Avec --xds, une autorité d'essai est créée à chaque démarrage, avec les clés d'un client (0600), et les
    réglages d'une destination qui s'en sert sont affichés.
    """
    if xds != (certs is not None) or (xds_port is not None and not xds):
        raise Misuse("--xds et --certs DOSSIER vont ensemble, et --xds-port avec eux.")
    if not allow_remote and not _is_loopback(host):
        raise Misuse("--host : cette adresse est visible du réseau ; ajouter --allow-remote si c'est voulu.")
    from adapter.dmp.simulator import DEFAULT_PORT, DEFAULT_TLS_PORT, serve

    port = DEFAULT_PORT if port is None else port
    folder = None if certs is None else _made(certs)
    more: dict[str, Any] = {}
    if xds:
        more = {"tls": True, "certificates": folder, "tls_port": DEFAULT_TLS_PORT if xds_port is None else xds_port}
    try:
        running = serve(database or ":memory:", host, port, **more)
    except OSError:
        ports = f"{port} ou {more['tls_port']}" if xds else port
        raise Misuse(
            f"l'adresse {host}:{ports} n'est pas libre ou pas à cette machine ; --port 0 en prend un libre."
        ) from None
    with running:
        click.echo(f"DMP d'essai : {running.base_url} (FHIR), page à ouvrir dans un navigateur : {running.base_url}/")
        if folder is not None:
            from adapter.dmp.simulator.soap.destination import settings

            click.echo(
                f"Voie XDS : {running.xds_url} (TLS mutuel), clés d'essai dans {folder}. Réglages à recopier :\n"
            )
            click.echo(settings(running.xds_url, folder))
        click.echo("Patients fictifs seulement. Ctrl-C pour arrêter.")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            click.echo("Arrêté.")
    return OK


def _made(certs: str) -> Path:
    """Folder of the keys, made when it is not there."""
    folder = Path(certs)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        raise Misuse(f"--certs : le dossier {certs} ne peut pas être créé.") from None
    if not os.access(folder, os.W_OK):
        raise Misuse(f"--certs : rien ne peut être écrit dans {certs}.")
    return folder


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
