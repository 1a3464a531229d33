"""French wording of dates, numbers and lines; the words themselves come from the mappings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime


def day(value: date) -> str:
    """``12/10/2026``."""
    written = value.isoformat()
    return f"{written[8:10]}/{written[5:7]}/{written[:4]}"


def clock(value: datetime) -> str:
    """``10 h 05``."""
    return f"{value.hour} h {value.minute:02d}"


def moment(value: datetime) -> str:
    """``12/10/2026 à 10 h 05``."""
    return f"{day(value)} à {clock(value)}"


def offset(value: datetime) -> str:
    """``+02:00``; empty for UTC itself."""
    shown = value.isoformat()[-6:]
    return "" if shown == "+00:00" else shown


def partial(value: str | None) -> str:
    """Date at the precision in which it was given: ``2025``, ``03/2025``, ``14/03/2025``; empty when unknown."""
    return "/".join(reversed(value.split("-"))) if value else ""


def decimal(value: str) -> str:
    """Decimal with the French comma, digits unchanged."""
    return value.replace(".", ",")


def inline(label: str) -> str:
    """Label of a table as it reads within a line, ``voie orale``; an acronym keeps its capitals."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def lines(value: str | None) -> str:
    """Text with one sort of line break (``\\n``); empty when there is none."""
    if not value:
        return ""
    return value.replace("\r\n", "\n").replace("\r", "\n") if "\r" in value else value


def joined(parts: Iterable[str], separator: str = " ; ") -> str:
    """The parts that are not empty, joined."""
    return separator.join(filter(None, parts))


_STOPPED_TWICE = tuple((f"{stop} ; ", f"{stop} ") for stop in ".!?…")


def sentence(labels: tuple[str, ...], cells: tuple[str, ...]) -> str:
    """One line for one table row: ``Colonne : cellule ; ...`` without the empty cells.

    A cell that ends as a sentence does keeps its own stop, and no semicolon follows it.

    Args:
        labels: column titles, each with its colon: ``Colonne : ``.
        cells: as many cells.
    """
    said = " ; ".join([label + cell for label, cell in zip(labels, cells, strict=True) if cell])
    for twice, once in _STOPPED_TWICE:
        if twice in said:
            said = said.replace(twice, once)
    return said
