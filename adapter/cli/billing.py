"""``dmp-adapter billing``: what a visit may be billed, who pays, and what is left to ask."""

from __future__ import annotations

import click

from adapter.cli.choices import format_option, mappings_option, read, settings_option
from adapter.cli.files import read_bounded
from adapter.cli.french import FINDINGS, OK, FrenchCommand, shown


@click.command("billing", cls=FrenchCommand)
@click.argument("visit", metavar="VISITE")
@mappings_option
@settings_option
@format_option("text", "json", "fhir")
def command(visit: str, mappings: str | None, settings_file: str | None, form: str) -> int:
    """Conseil de facturation d'une visite : codes, montants, payeur, conditions. « - » lit l'entrée standard.

    Le conseil reste au cabinet : rien n'en est imprimé dans un document partagé. Code de retour 0 dès qu'un conseil
    est donné, même « rien à facturer » ; 1 si la visite est refusée.
    """
    from adapter.api import Options
    from adapter.api.billing import bill, render_billing
    from adapter.billing import report
    from adapter.cli.rows import say_json
    from adapter.errors import VisitInvalid
    from adapter.mapping import load
    from adapter.model.reader import read_visit
    from adapter.validation import report as findings_report

    settings = read(settings_file, mappings)
    tables = load(settings.mappings)
    data = read_bounded(visit, settings.max_input_bytes)
    try:
        found = read_visit(data, max_bytes=settings.max_input_bytes, max_depth=settings.max_input_depth)
    except VisitInvalid as refused:
        click.echo(findings_report.as_text({shown(visit): refused.findings}), nl=False, err=True)
        return FINDINGS
    match form:
        case "json":
            say_json(report.as_dict(bill(found, mappings=tables)))
        case "fhir":
            click.echo(render_billing(found, options=Options(settings.issuer_oid), mappings=tables), nl=False)
        case _:
            click.echo(report.as_text(bill(found, mappings=tables)), nl=False)
    return OK
