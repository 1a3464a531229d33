"""Values to HTML text: the only place that escapes, and the only place that writes dates and numbers for people."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime

_WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_MONTHS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)
_FIRST_MONTHS_OF_LIFE = 36
_HOUR = re.compile(r"(?<=\d) h\b(?: (?=\d\d\b))?")
_PAIRS = re.compile(r"\b0\d(?: \d\d){4}\b")
NBSP = "\u00a0"
_NUMBERS = re.compile(rf"\b0\d(?:{NBSP}\d\d){{4}}\b")


def attribute(value: str) -> str:
    """`value` for a double-quoted attribute or a line of text."""
    if "&" in value:
        value = value.replace("&", "&amp;")
    if "<" in value:
        value = value.replace("<", "&lt;")
    if ">" in value:
        value = value.replace(">", "&gt;")
    if '"' in value:
        value = value.replace('"', "&quot;")
    return value


def text(value: str) -> str:
    """`value` as HTML text, its line breaks kept; no line ends within a phone number in pairs or an hour."""
    value = attribute(value)
    if "0" in value and " " in value:
        value = _PAIRS.sub(lambda found: found.group().replace(" ", "\u00a0"), value)
    if " h" in value:
        value = _HOUR.sub(lambda found: found.group().replace(" ", "\u00a0"), value)
    return value.replace("\n", "<br>\n") if "\n" in value else value


def callable_text(value: str) -> str:
    """`value` as HTML text whose French phone numbers can be called."""
    return _NUMBERS.sub(_called, text(value))


def _called(found: re.Match[str]) -> str:
    number = found.group()
    return f'<a href="tel:{number.replace(NBSP, "")}">{number}</a>'


def css_string(value: str) -> str:
    """`value` as a quoted CSS string: every character but ASCII letters and digits is written as its number.

    Source: CSS Syntax Level 3, 4.3.7 (an escape takes six digits, and swallows the space that follows it).
    """
    return '"' + "".join([c if c.isascii() and c.isalnum() else f"\\{ord(c):06x}" for c in value]) + '"'


def joined(parts: Iterable[str], separator: str = " ") -> str:
    """The parts that are not empty."""
    return separator.join(filter(None, parts))


def long_date(day: date) -> str:
    """Date in full: ``lundi 12 octobre 2026``, ``dimanche 1er mars 2026``."""
    number = "1er" if day.day == 1 else str(day.day)
    return f"{_WEEKDAYS[day.weekday()]} {number} {_MONTHS[day.month - 1]} {day.year}"


def short_date(day: date) -> str:
    """Date in figures: ``12/10/2026``."""
    return f"{day.day:02}/{day.month:02}/{day.year:04}"


def clock(moment: datetime) -> str:
    """Local time as people write it: ``10 h 05``."""
    return f"{moment.hour}\u00a0h\u00a0{moment.minute:02}"


def time_tag(moment: date, words: str) -> str:
    """`words` as a time element that carries the exact value, offset included."""
    return f'<time datetime="{moment.isoformat()}">{words}</time>'


def age(born: date, on: date) -> str:
    """Age on a day: years, or months before the third birthday."""
    months = (on.year - born.year) * 12 + on.month - born.month - (on.day < born.day)
    if months < _FIRST_MONTHS_OF_LIFE:
        return f"{months} mois"
    return f"{months // 12} ans"


def phone(number: str) -> str:
    """French numbers by pairs, other ones as they are: ``06 00 00 00 01``."""
    national = "0" + number[3:] if number.startswith("+33") and len(number) == 12 else number
    if len(national) == 10 and national.isascii() and national.isdigit() and national[0] == "0":
        return "\u00a0".join(national[i : i + 2] for i in range(0, 10, 2))
    return number


def size(octets: int) -> str:
    """Size of a file, rounded up: ``34 ko``, ``2,1 Mo``."""
    if octets < 1_000_000:
        return f"{max(1, -(-octets // 1000))}\u00a0ko"
    return f"{octets / 1_000_000:.1f}\u00a0Mo".replace(".", ",")
