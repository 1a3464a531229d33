"""``dmp-adapter reminders``: the next visit for a calendar, and what is due, late or still hidden from a patient."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adapter.cli.choices import format_option, read, settings_option
from adapter.cli.destinations import open_queue, outbox_option
from adapter.cli.files import read_bounded, write_together
from adapter.cli.french import FINDINGS, OK, FrenchGroup, Misuse, OneOf, SomeOf, shown
from adapter.cli.numbers import Whole
from adapter.cli.rows import say_json, say_table

if TYPE_CHECKING:
    from adapter.api.reminders import Item, Reading
    from adapter.settings import Settings

MANY = 20  # visits from which a bar is worth its line
HEAD = ("état", "date", "heure", "nature", "dossier", "dernière visite", "lieu", "visite", "origine")
WHEN = ("late", "due", "upcoming", "undated", "unplanned")


@click.group("reminders", cls=FrenchGroup)
def command() -> None:
    """Rappels : prochaine visite pour un agenda, visites à faire ou en retard, annonces en attente."""


@command.command("export")
@click.argument("visit", metavar="VISITE")
@click.option("-o", "--out", metavar="FICHIER", help="Fichier à écrire (sinon la sortie standard).")
@click.option("--to", "form", type=OneOf("ics", "fhir"), default="ics", metavar="ics|fhir", help="Forme (ics).")
@click.option("--withdraw", is_flag=True, help="Annule le rappel déjà exporté (décès, hospitalisation, autre équipe).")
@click.option(
    "--with",
    "asked",
    type=SomeOf("name", "diagnosis", "text", "address", aliases={}),
    metavar="DÉTAILS",
    help="Ce qui peut être lu dans l'agenda : name, diagnosis, text, address, séparés par des virgules (rien sinon).",
)
@click.option("--alarm", type=Whole(0, 336), metavar="HEURES", help="Alarme tant d'heures avant ; 0 : sans alarme.")
@settings_option
def export(
    visit: str,
    out: str | None,
    form: str,
    withdraw: bool,
    asked: tuple[str, ...] | None,
    alarm: int | None,
    settings_file: str | None,
) -> int:
    """Écrit le rappel de la prochaine visite (iCalendar, ou Appointment et Task FHIR). Sans nom ni maladie.

    La même visite donne le même fichier ; une version suivante remplace l'événement ; une correction qui ne prévoit
    plus de visite l'annule. Code de retour 1 si la visite ne donne pas de jour : aucune date n'est calculée.
    """
    from adapter.api import Options
    from adapter.api.reminders import Details, remind
    from adapter.errors import VisitInvalid
    from adapter.model.reader import read_visit
    from adapter.validation import report

    settings = read(settings_file)
    data = read_bounded(visit, settings.max_input_bytes)
    try:
        made = remind(
            read_visit(data, max_bytes=settings.max_input_bytes, max_depth=settings.max_input_depth),
            form="ics" if form == "ics" else "fhir",
            options=Options(settings.issuer_oid),
            details=Details(**dict.fromkeys(asked or (), True)),
            withdrawn=withdraw,
            alarm=None if alarm is None else timedelta(hours=alarm),
        )
    except VisitInvalid as refused:
        click.echo(report.as_text({shown(visit): refused.findings}), nl=False, err=True)
        return FINDINGS
    _write(out, made)
    return OK


@command.command("list")
@click.argument("folder", required=False, metavar="[DOSSIER]")
@outbox_option
@click.option("--at", "today", metavar="AAAA-MM-JJ", help="Jour du calcul (aujourd'hui sinon).")
@click.option("--within", "days", type=Whole(0, 3660), default=7, metavar="JOURS", help="« À faire » : sous 7 jours.")
@click.option("--doctor", metavar="RPPS", help="Les visites d'un seul médecin.")
@click.option(
    "--only",
    "wanted",
    type=SomeOf(*WHEN, aliases={}),
    metavar="ÉTATS",
    help="Seulement ces états, séparés par des virgules : late (en retard), due (à faire), upcoming (à venir), "
    "undated (sans date), unplanned (rien de prévu).",
)
@format_option("text", "csv", "json")
@click.option("--bom", is_flag=True, help="Marque d'ordre au début du CSV, pour certains tableurs.")
@click.option("-o", "--out", metavar="FICHIER", help="Fichier à écrire (sinon la sortie standard).")
@settings_option
def list_items(
    folder: str | None,
    outbox_url: str | None,
    today: str | None,
    days: int,
    doctor: str | None,
    wanted: tuple[str, ...] | None,
    form: str,
    bom: bool,
    out: str | None,
    settings_file: str | None,
) -> int:
    """Liste les prochaines visites et les documents encore cachés au patient, d'un DOSSIER de visites ou de la file.

    Pour chaque patient, la dernière visite fait foi. Aucun nom ni INS n'est écrit. Un fichier illisible n'arrête pas
    les autres : il est dit, avec ses constats, et le code de retour est 1.
    """
    from adapter.api.reminders import Agenda
    from adapter.reminders.agenda import agenda, as_csv

    if (folder is None) == (outbox_url is None):
        raise Misuse("donner un dossier de visites, ou une file avec --outbox.")
    if bom and form != "csv":
        raise Misuse("--bom ne vaut que pour --format csv.")
    day = _day(today)
    reading = _reading(folder, outbox_url, read(settings_file))
    drawn: Agenda = agenda(reading.planned, day, within_days=days)
    items = [
        item
        for item in drawn.items
        if (doctor is None or item.doctor_rpps == doctor) and (wanted is None or item.timing in wanted)
    ]
    match form:
        case "csv":
            _write(out, as_csv(items, bom=bom))
        case "json":
            _say(out, _as_dict(items, drawn, reading, day))
        case _ if out is not None:
            raise Misuse("-o demande --format csv ou json.")
        case _:
            _tell(items)
    _tell_faults(reading)
    click.echo(_summary(items, drawn, reading, queue=folder is None), err=True)
    return FINDINGS if reading.faults else OK


def _day(text: str | None) -> date:
    if text is None:
        return date.today()  # noqa: DTZ011  # the day of the person who asks
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Misuse("--at : date attendue, AAAA-MM-JJ.") from None


def _reading(folder: str | None, outbox_url: str | None, settings: Settings) -> Reading:
    from adapter.api.reminders import read_folder, read_outbox

    with _progress() as (on_total, on_step):
        if folder is None:
            with open_queue(settings, outbox_url) as outbox:
                return read_outbox(outbox, on_total=on_total, on_step=on_step)
        return read_folder(
            Path(folder),
            max_bytes=settings.max_input_bytes,
            max_depth=settings.max_input_depth,
            on_total=on_total,
            on_step=on_step,
        )


@contextmanager
def _progress() -> Iterator[tuple[Callable[[int], None], Callable[[], None]]]:
    """What to call with the number of files, then after each; a bar moves on a terminal when there are many."""
    bar: Any = None

    def on_total(total: int) -> None:
        nonlocal bar
        if total >= MANY and sys.stderr.isatty():
            bar = click.progressbar(length=total, label="Lecture", file=sys.stderr)
            bar.render_progress()

    def on_step() -> None:
        if bar is not None:
            bar.update(1)

    try:
        yield on_total, on_step
    finally:
        if bar is not None:
            bar.render_finish()


def _write(out: str | None, data: bytes) -> None:
    if out is None:
        click.echo(data, nl=False)
        return
    path = Path(out)
    write_together(path.parent, {path.name: data})


def _say(out: str | None, value: Any) -> None:
    import json

    if out is None:
        say_json(value)
    else:
        _write(out, json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n")


def _tell(items: list[Item]) -> None:
    """One table for each doctor."""
    doctors = sorted({(item.doctor, item.doctor_rpps) for item in items})
    for name, rpps in doctors:
        click.echo(f"{shown(name)} ({shown(rpps)})")
        say_table(HEAD, [_line(item) for item in items if (item.doctor, item.doctor_rpps) == (name, rpps)])
        click.echo()


def _line(item: Item) -> tuple[str, ...]:
    from adapter.reminders.agenda import KINDS, TIMINGS
    from adapter.reminders.values import PLACES

    return (
        TIMINGS[item.timing],
        f"{item.on:%d/%m/%Y}" if item.on else "",
        f"{item.at:%H:%M}" if item.at else "",
        KINDS[item.kind],
        item.record,
        f"{item.last_visit:%d/%m/%Y}",
        PLACES.get(item.place, ""),
        f"{item.visit_id} v{item.version}",
        item.origin,
    )


def _as_dict(items: list[Item], drawn: Any, reading: Reading, day: date) -> dict[str, Any]:
    return {
        "day": day.isoformat(),
        "items": [
            {
                "kind": item.kind,
                "timing": item.timing,
                "on": item.on.isoformat() if item.on else None,
                "at": item.at.isoformat() if item.at else None,
                "record": item.record or None,
                "doctor": item.doctor,
                "doctor_rpps": item.doctor_rpps,
                "last_visit": item.last_visit.isoformat(),
                "place": item.place or None,
                "visit": item.visit_id,
                "version": item.version,
                "origin": item.origin,
            }
            for item in items
        ],
        "read": len(reading.planned),
        "replaced": drawn.replaced,
        "followed": drawn.followed,
        "same": reading.same,
        "other_files": reading.other,
        "withdrawn": reading.withdrawn,
        "faults": {
            name: [{"rule": one.rule, "path": one.path, "message": one.message} for one in found]
            for name, found in reading.faults.items()
        },
    }


def _tell_faults(reading: Reading) -> None:
    if reading.faults:
        from adapter.validation import report

        click.echo(report.as_text({shown(name): found for name, found in reading.faults.items()}), nl=False, err=True)


def _summary(items: list[Item], drawn: Any, reading: Reading, *, queue: bool) -> str:
    from adapter.reminders.agenda import TIMINGS

    counts = ", ".join(f"{sum(item.timing == timing for item in items)} {name}" for timing, name in TIMINGS.items())
    read_count = f"{len(reading.planned)} lue(s), {drawn.replaced} remplacée(s), {drawn.followed} suivie(s) d'une autre"
    more = [f"{reading.same} en double"] if reading.same else []
    more += [f"{reading.other} autre(s) fichier(s)"] if reading.other else []
    more += [f"{reading.withdrawn} retirée(s)"] if reading.withdrawn else []
    lines = [
        f"Lignes : {counts}.",
        f"Synthèses : {', '.join((read_count, *more))}, {len(reading.faults)} illisible(s).",
    ]
    if queue:
        lines.append(
            "La file ne connaît ni la date d'annonce, ni une prochaine visite dite en clair, ni les visites d'un "
            "patient opposé au partage : pour tout voir, donner le dossier des visites."
        )
    return "\n".join(lines)
