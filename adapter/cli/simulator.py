"""``dmp-adapter simulator``: a DMP on this machine, to try against."""

from __future__ import annotations

import ipaddress
import threading

import click

from adapter.cli.french import OK, FrenchCommand, Misuse
from adapter.cli.numbers import Whole


@click.command("simulator", cls=FrenchCommand)
@click.option("--host", default="127.0.0.1", metavar="ADRESSE", help="Adresse d'écoute (127.0.0.1 par défaut).")
@click.option("--port", type=Whole(0, 65535), metavar="PORT", help="Port (8080 par défaut ; 0 : libre).")
@click.option("--database", metavar="FICHIER", help="Fichier gardé d'une fois sur l'autre (sinon en mémoire).")
@click.option("--allow-remote", is_flag=True, help="Autorise une adresse d'écoute visible du réseau.")
def command(host: str, port: int | None, database: str | None, allow_remote: bool) -> int:
    """Démarre un DMP d'essai qui répond comme le vrai, en PDSm (FHIR R4). Ctrl-C l'arrête.

    Sans authentification ni chiffrement : n'y mettre que des patients fictifs. Un INS de test y a un DMP ouvert.
    """
    if not allow_remote and not _is_loopback(host):
        raise Misuse("--host : cette adresse est visible du réseau ; ajouter --allow-remote si c'est voulu.")
    from adapter.dmp.simulator import DEFAULT_PORT, serve

    port = DEFAULT_PORT if port is None else port
    try:
        running = serve(database or ":memory:", host, port)
    except OSError:
        raise Misuse(
            f"l'adresse {host}:{port} n'est pas libre ou pas à cette machine ; --port 0 en prend un libre."
        ) from None
    with running:
        click.echo(f"DMP d'essai : {running.base_url} (FHIR), page à ouvrir dans un navigateur : {running.base_url}/")
        click.echo("Patients fictifs seulement. Ctrl-C pour arrêter.")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            click.echo("Arrêté.")
    return OK


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
