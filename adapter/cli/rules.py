"""``dmp-adapter rules``: what a rule asks, why, and where it is written."""

from __future__ import annotations

import click

from adapter.cli.choices import format_option
from adapter.cli.french import FrenchCommand, Misuse, nearest

_WEIGHTS = {"error": "erreur", "warning": "avertissement"}


@click.command("rules", cls=FrenchCommand)
@click.argument("code", required=False)
@format_option("text", "json")
def command(code: str | None, form: str) -> None:
    """Explique une règle, ou les énumère toutes."""
    from adapter.cli.rule_texts import all_rules

    rules = all_rules()
    if code is not None:
        wanted = code.strip().upper()
        if wanted not in rules:
            raise Misuse(f"Règle inconnue.{nearest(wanted, list(rules))}")
        rules = {wanted: rules[wanted]}
    if form == "json":
        import json

        rows = [
            {
                "code": rule.code,
                "severity": rule.severity.value,
                "title": rule.title,
                "explanation": rule.explanation,
                "source": rule.source,
            }
            for rule in rules.values()
        ]
        click.echo((json.dumps(rows, ensure_ascii=False, indent=2) + "\n").encode(), nl=False)
    elif code is None:
        width = max(map(len, rules))
        for rule in rules.values():
            click.echo(f"{rule.code:{width}}  {_WEIGHTS[rule.severity]:13}  {rule.title}")
    else:
        (rule,) = rules.values()
        click.echo(f"{rule.code} ({_WEIGHTS[rule.severity]})\n{rule.title}\n\n{rule.explanation}\n")
        click.echo(f"Source : {rule.source}")
