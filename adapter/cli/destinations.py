"""From settings to what sending needs: the DMP by its name, and the queue."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from adapter.cli.french import Misuse, OneOf, nearest

if TYPE_CHECKING:
    from adapter.api.sending import DmpServer
    from adapter.outbox import Outbox
    from adapter.settings import DestinationSettings, Settings

TOKEN_KEPT_S = 30.0
TOKEN_TIMEOUT_S = 30.0

outbox_option = click.option(
    "--outbox",
    "outbox_url",
    metavar="ADRESSE",
    help="File d'envoi : sqlite:///fichier ou postgresql://… (sinon le réglage, sinon un fichier de l'utilisateur).",
)
destination_option = click.option(
    "--destination", metavar="NOM", help="DMP parmi ceux des réglages (sinon default_destination, sinon le seul)."
)

answer_option = click.option(
    "--answer",
    "form",
    type=OneOf("text", "json"),
    default="text",
    metavar="text|json",
    help="Forme de la réponse (text par défaut).",
)


def open_queue(settings: Settings, url: str | None) -> Outbox:
    """The queue named on the command line, else by the settings, else the one of the user, made when it is not there.

    Raises:
        OutboxError: it cannot be used.
        OSError: the folder of the user cannot be made.
    """
    from adapter.api.sending import open_outbox
    from adapter.settings import default_outbox

    address = url or settings.outbox
    if not address:
        file = default_outbox()
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        address = f"sqlite:///{file}"
    return open_outbox(address)


def server(settings: Settings, name: str | None, wire: str | None = None) -> DmpServer:
    """The DMP to talk to, among those of one wire when `wire` is given.

    Raises:
        Misuse: none, several and none chosen, or an unknown name.
    """
    known = settings.destinations
    if known and wire is not None:
        return _of_wire(settings, name, wire)
    if not known:
        raise Misuse("aucun DMP dans les réglages : écrire une table [destinations.NOM] dans le fichier de --settings.")
    chosen = name or settings.default_destination or (next(iter(known)) if len(known) == 1 else "")
    if not chosen:
        raise Misuse(f"plusieurs DMP dans les réglages : choisir avec --destination ({', '.join(known)}).")
    if chosen not in known:
        raise Misuse(f"--destination : ce DMP n'est pas dans les réglages.{nearest(chosen, list(known))}")
    return _server(chosen, settings)


def _of_wire(settings: Settings, name: str | None, wire: str) -> DmpServer:
    known = [one for one, told in settings.destinations.items() if told.wire == wire]
    default = settings.default_destination if settings.default_destination in known else ""
    chosen = name or default or (known[0] if len(known) == 1 else "")
    if not known:
        raise Misuse(f"--wire : aucun DMP des réglages n'est joint par la voie {wire} (réglage wire).")
    if not chosen:
        raise Misuse(f"plusieurs DMP par la voie {wire} : choisir avec --destination ({', '.join(known)}).")
    if chosen not in known:
        raise Misuse(f"--destination : ce DMP n'est pas joint par la voie {wire}.")
    return _server(chosen, settings)


def servers(settings: Settings, names: tuple[str, ...]) -> list[DmpServer]:
    """The DMP named, all of them when none is.

    Raises:
        Misuse: there is none, or an unknown name.
    """
    if names or not settings.destinations:
        return [server(settings, name) for name in names or (None,)]
    return [_server(name, settings) for name in settings.destinations]


def _server(name: str, settings: Settings) -> DmpServer:
    from dataclasses import fields, replace

    from adapter.api.sending import DmpServer
    from adapter.cli.keys import secret
    from adapter.model.destination import Reach
    from adapter.model.identifiers import INS_ROOTS
    from adapter.submission import Limits

    told = settings.destinations[name]
    reach = {one.name: getattr(told, one.name) for one in fields(Reach)}
    software = told.xds.software_name or settings.software_name
    version = told.xds.software_version or settings.software_version
    reach["xds"] = replace(told.xds, software_name=software, software_version=version)
    limits = Limits(frozenset(told.ins_roots) or INS_ROOTS, told.max_document_bytes)
    return DmpServer(**reach, name=name, token=_token(told), limits=limits, secret=secret)


def _token(told: DestinationSettings) -> Callable[[], str] | None:
    """What gives the bearer token, None when none is asked.

    Raises:
        Misuse: the variable is empty.
    """
    if told.token_env:
        value = os.environ.get(told.token_env, "").strip()
        if not value:
            raise Misuse(f"la variable {told.token_env}, qui doit porter le jeton du DMP, est vide.")
        return lambda: value
    return TokenCommand(told.token_command) if told.token_command else None


class TokenCommand:
    """A program that prints a token, asked again when the last one is older than ``TOKEN_KEPT_S``."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self._words = words
        self._kept: tuple[float, str] | None = None

    def __call__(self) -> str:
        """The token.

        Raises:
            DmpUnreachable: the program fails; nothing was sent.
        """
        if self._kept is not None and time.monotonic() - self._kept[0] < TOKEN_KEPT_S:
            return self._kept[1]
        from adapter.errors import DmpUnreachable

        try:
            run = subprocess.run(  # noqa: S603  # the program that the settings of this installation name
                self._words, stdin=subprocess.DEVNULL, capture_output=True, timeout=TOKEN_TIMEOUT_S, check=True
            )
            token = run.stdout.decode("ascii").strip()
        except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
            token = ""
        if not token or not token.isprintable():
            raise DmpUnreachable("La commande qui donne le jeton du DMP (token_command) a échoué.", code="token")
        self._kept = (time.monotonic(), token)
        return token


def patient_ins(visit: str | None, ins_file: str | None, settings: Settings) -> tuple[str, str]:
    """Root and value of the INS of a patient, from a visit or from a file; never from the command line itself, which
    the history of the shell and the list of processes would show.

    Raises:
        Misuse: neither, both, or a file that holds no INS.
        VisitInvalid: the visit is refused, or its INS is not qualified.
        OSError: the file cannot be read.
    """
    from adapter.cli.files import read_bounded
    from adapter.errors import Finding, Severity, VisitInvalid
    from adapter.model.identifiers import IdentifierError, MatriculeIns
    from adapter.model.reader import check_visit

    if (visit is None) == (ins_file is None):
        raise Misuse("désigner le patient par --visit VISITE ou par --ins-file FICHIER (« - » : entrée standard).")
    if visit is not None:
        data = read_bounded(visit, settings.max_input_bytes)
        found, findings = check_visit(data, max_bytes=settings.max_input_bytes, max_depth=settings.max_input_depth)
        if found is None:
            raise VisitInvalid(findings)
        ins = found.patient.ins
        if ins is None or ins.status != "qualified":
            message = "Le DMP ne s'ouvre qu'avec un INS qualifié."
            raise VisitInvalid([Finding("SUB-INS", Severity.ERROR, "$.patient.ins", message)])
        return ins.root, MatriculeIns.parse(ins.value, ins.root).value
    text = read_bounded(str(ins_file), 200).decode("utf-8", "replace").strip()
    root, separator, value = text.rpartition("|")
    try:
        parsed = MatriculeIns.parse(value, root.removeprefix("urn:oid:") if separator else PRODUCTION_ROOT)
    except IdentifierError as fault:
        raise Misuse(f"--ins-file : {fault.message} (« racine|matricule », ou le matricule seul pour un NIR)") from None
    return parsed.root, parsed.value


PRODUCTION_ROOT = "1.2.250.1.213.1.4.8"
