"""``dmp-adapter schema``: the format of a visit, for those who write one."""

from __future__ import annotations

from pathlib import Path

import click

from adapter.cli.french import FrenchCommand


@click.command("schema", cls=FrenchCommand)
@click.option("--out", metavar="FICHIER", help="Fichier à écrire ; sinon la sortie standard.")
def command(out: str | None) -> None:
    """Donne le schéma JSON d'une visite."""
    data = schema()
    if out is None:
        click.echo(data, nl=False)
        return
    from adapter.cli.files import write_together

    path = Path(out)
    write_together(path.parent, {path.name: data})


def schema() -> bytes:
    """JSON Schema (2020-12) of a visit, descriptions in French, UTF-8."""
    import json

    from adapter.api.reference import visit_schema

    return (json.dumps(visit_schema(), ensure_ascii=False, indent=2) + "\n").encode()
