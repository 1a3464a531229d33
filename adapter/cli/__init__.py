"""Command line ``dmp-adapter``: one module per command, loaded when it is named.

Exit codes: 0 done, 1 findings, 2 usage, files or mappings, 3 refused by the DMP or by the patient, 4 queued or
unknown, 130 interrupted.
"""

from __future__ import annotations

from importlib import import_module

import click

from adapter.cli.french import FrenchGroup

__all__ = ["main"]

COMMANDS = (
    "convert", "explain", "render", "validate", "schema", "mappings", "rules", "send", "outbox", "dmp", "simulator",
    "package", "billing", "serve", "reminders",
)  # fmt: skip


class Commands(FrenchGroup):
    """The group of all commands; a command is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = import_module(f"adapter.cli.{cmd_name}").command
        return found


def _print_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from adapter.settings import SOFTWARE_VERSION

        click.echo(f"dmp-adapter {SOFTWARE_VERSION}")
        ctx.exit()


@click.group("dmp-adapter", cls=Commands)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Donne la version et s'arrête.",
)
def main() -> None:
    """Visites soins palliatifs (VSP) en documents CDA R2, FHIR R4 et fiche lisible.

    Codes de retour : 0 fait, 1 constats, 2 commande, fichiers ou tables, 3 refusé (DMP, opposition du
    patient), 4 en attente ou inconnu, 130 interrompu.
    """
