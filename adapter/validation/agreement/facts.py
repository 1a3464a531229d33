"""Canonical facts: what a document says, whatever its format, each with the places where it says it.

A fact is (kind, subject, field, value): ``("problem", "<uuid>", "code", "2.16.840.1.113883.6.3|C25.9")``. The subject
is the key of the entry, or what names the person; facts of the same subject are told together.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Key = tuple[str, str, str, str]


class Fact(NamedTuple):
    """One fact; its text never shows in a log, since the value may be a name or a sentence."""

    kind: str
    subject: str
    field: str
    value: str

    def __repr__(self) -> str:
        return f"Fact({self.kind!r}, {self.field!r}, <masked>)"


@dataclass(slots=True)
class Text:
    """Words of one entry for people, and the words that may stand around them (labels, column titles).

    Attributes:
        words: the words in order.
        labels: words of labels, in lower case; empty where the format prints the words alone.
        place: where they stand.
        claims: words that the format says apart (a dosage, a unit for people), each with its place; the other format
            has them in its narrative only.
    """

    words: list[str]
    labels: frozenset[str]
    place: Any
    claims: list[tuple[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Reading:
    """Everything that one document says.

    Attributes:
        facts: places of each fact; a fact said twice has two places.
        texts: words of each entry, by its key.
    """

    facts: dict[Key, list[Any]] = field(default_factory=dict)
    texts: dict[str, Text] = field(default_factory=dict)

    def add(self, kind: str, subject: str, name: str, value: str, place: Any) -> None:
        """Note one fact; an empty value says nothing."""
        if value:
            key = (kind, subject, name, value)
            places = self.facts.get(key)
            if places is None:
                self.facts[key] = [place]
            else:
                places.append(place)

    def counted(self) -> Counter[Fact]:
        """Facts and how often each is said."""
        return Counter({Fact(*key): len(places) for key, places in self.facts.items()})


# Marks that stand between a label and its words, or between the words of two cells: they carry nothing.
_JOINTS = frozenset({":", ";"})
_TAG = re.compile(r"<[^>]*>")


def words(text: str) -> list[str]:
    """Words of `text`, white space and joints aside."""
    found = text.split()
    if ":" in text or ";" in text:
        return [word for word in found if word not in _JOINTS]
    return found


def line(text: str | None) -> str:
    """`text` with every run of white space as one blank."""
    return " ".join(text.split()) if text else ""


def bare(found: Iterable[str]) -> list[str]:
    """Words without the punctuation that ends a cell or joins two of them."""
    return [word.rstrip(",;:.") or word for word in found]


def address(lines: Iterable[str], postal_code: str, city: str, country: str) -> str:
    """One value for an address; where its lines are cut does not count, CDA has two places for them at the most."""
    return "|".join([line(" ".join(lines)), line(postal_code), line(city), line(country)]).strip("|")


def without_tags(markup: str) -> str:
    """Text of an XHTML fragment, blanks where the tags were."""
    text = _TAG.sub(" ", markup)
    if "&" in text:
        from html import unescape

        return unescape(text)
    return text
