"""``dmp-adapter explain``: where each value of a visit goes, and where each piece of the documents comes from."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from adapter.cli.choices import format_option, mappings_option, read, settings_option
from adapter.cli.files import read_bounded
from adapter.cli.french import FINDINGS, OK, FrenchCommand, shown

if TYPE_CHECKING:
    from adapter.api.tracing import Field, Form, Node, Trace
    from adapter.errors import Finding
    from adapter.settings import Settings

_FORMS: dict[Form, str] = {"cda": "CDA", "fhir": "FHIR", "sheet": "fiche"}


@click.command("explain", cls=FrenchCommand)
@click.argument("visit", metavar="VISITE")
@click.option(
    "--path",
    metavar="CHEMIN",
    help="Un champ de la visite ($.symptoms[0]), ou un endroit d'un document (/ClinicalDocument/…, Bundle.entry[3], "
    "/html/…), et ce qu'il contient.",
)
@mappings_option
@settings_option
@format_option("text", "json")
def command(visit: str, path: str | None, mappings: str | None, settings_file: str | None, form: str) -> int:
    """Dit où va chaque champ d'une visite, et d'où vient chaque élément des documents. « - » lit l'entrée standard.

    Code 1 si un champ se perd sans raison connue, ou si un élément n'a pas d'origine connue. Rien n'est écrit de la
    visite elle-même : des chemins et des lignes de tables.
    """
    from adapter.errors import VisitInvalid
    from adapter.validation import report

    settings = read(settings_file, mappings)
    data = read_bounded(visit, settings.max_input_bytes)
    try:
        trace = traced(data, settings)
    except VisitInvalid as fault:
        click.echo(report.as_text({shown(visit): fault.findings}), nl=False, err=form == "json")
        return FINDINGS
    fields, nodes = _chosen(trace, path)
    if form == "json":
        click.echo(as_json(trace, fields, nodes), nl=False)
    else:
        if path is None or _of_the_visit(path):
            _say_fields(trace, fields)
        else:
            _say_nodes(nodes)
        if found := findings(trace):
            click.echo(report.as_text({shown(visit): found}), nl=False)
        leaves = sum(one.leaf and not one.empty for one in trace.fields)
        click.echo(
            f"{leaves} valeur(s), {len(trace.nodes)} élément(s) : {len(trace.lost)} perte(s), "
            f"{len(trace.unexplained)} élément(s) sans origine."
        )
    return code(trace)


def traced(data: bytes | str, settings: Settings) -> Trace:
    """Trace of a visit, with a bar on a terminal.

    Raises:
        VisitInvalid, MappingError: as for ``convert``.
    """
    from adapter.api.tracing import trace
    from adapter.compose import Options
    from adapter.mapping import load

    load(settings.mappings).edition(settings.edition)
    options = Options(settings.issuer_oid, settings.practice_setting, settings.edition)
    with _progress() as step:
        return trace(
            data,
            options=options,
            mappings=settings.mappings,
            progress=step,
            max_bytes=settings.max_input_bytes,
            max_depth=settings.max_input_depth,
        )


def code(trace: Trace) -> int:
    """Exit code: 1 when something is lost or unexplained."""
    return OK if trace.complete else FINDINGS


def findings(trace: Trace) -> tuple[Finding, ...]:
    """Losses and nodes without origin, as findings."""
    from adapter.cli.rule_texts import finding

    lost = [finding("TRACE-LOST", one.path, one.message) for one in trace.lost]
    return (*lost, *(finding("TRACE-ORIGIN", node.locator) for node in trace.unexplained))


def as_json(trace: Trace, fields: Iterable[Field] | None = None, nodes: Iterable[Node] | None = None) -> bytes:
    """JSON form of a trace, of some of its fields and nodes when they are given."""
    from dataclasses import replace

    import orjson

    if fields is not None:
        trace = replace(trace, fields=tuple(fields))
    told = trace.as_dict()
    if nodes is not None:
        kept = {node.id for node in nodes}
        told["nodes"] = [one for one in told["nodes"] if one["id"] in kept]
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


def _chosen(trace: Trace, path: str | None) -> tuple[tuple[Field, ...], tuple[Node, ...]]:
    """Fields and nodes that `path` names; all of them without it.

    Raises:
        VisitInvalid: it names none.
    """
    if path is None:
        return trace.fields, trace.nodes
    wanted = path.strip()
    if _of_the_visit(wanted):
        fields = trace.under(wanted)
        ids = {id_ for one in fields for held in (one.nodes, one.silent) for some in held.values() for id_ in some}
        nodes = tuple(node for node in trace.nodes if node.id in ids)
    else:
        nodes = trace.at(wanted)
        names = {name for node in nodes for name in node.fields}
        fields = tuple(one for one in trace.fields if one.path in names)
    if not fields and not nodes:
        from adapter.cli.rule_texts import finding
        from adapter.errors import FindingsError

        raise FindingsError([finding("TRACE-PATH", shown(wanted))])
    return fields, nodes


def _of_the_visit(path: str) -> bool:
    """True for a path of the visit, false for a place in a document."""
    return path.lstrip().startswith("$")


def _say_fields(trace: Trace, fields: Iterable[Field]) -> None:
    by_id = {node.id: node for node in trace.nodes}
    for one in fields:
        if one.leaf:
            click.echo(one.path)
            for line in _lines(one, by_id):
                click.echo(f"  {line}")


def _say_nodes(nodes: Iterable[Node]) -> None:
    for node in nodes:
        click.echo(f"{_FORMS[node.form]} {node.locator}")
        for line in _origins(node):
            click.echo(f"  {line}")


def _lines(one: Field, nodes: dict[int, Node]) -> Iterator[str]:
    if one.empty:
        yield "rien n'est dit (vide ou null)"
        return
    if one.rows:
        yield f"tables  {', '.join(one.rows)}"
    for form, name in _FORMS.items():
        for id_ in one.nodes.get(form, ()):
            node = nodes[id_]
            yield f"{name:7} {node.locator}" + (f" (« {node.place} »)" if node.place else "")
        for id_ in one.silent.get(form, ()):
            yield f"{name:7} {nodes[id_].locator} (dit par son absence)"
        if form in one.reasons:
            yield f"{name:7} rien : {one.reasons[form]}"


def _origins(node: Node) -> Iterator[str]:
    for label, told in (
        ("visite", node.fields),
        ("tables", node.rows),
        ("réglages", node.settings),
        ("défaut", node.defaults),
        ("forme", node.constants),
        ("inconnu", node.unexplained),
    ):
        if told:
            yield f"{label:8} {', '.join(told)}"


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """What moves a bar on a terminal, and nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    with click.progressbar(length=1, label="Trace", file=sys.stderr) as bar:

        def step(done: int, total: int) -> None:
            bar.length = total
            bar.update(1)

        yield step
