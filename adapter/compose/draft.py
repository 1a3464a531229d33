"""What the builders of one document share: the visit, the tables, the keys, and what they report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from adapter.compose.identity import Keys
from adapter.compose.people import People
from adapter.compose.phrases import Columns, anchors, phrases
from adapter.compose.wording import moment, offset, partial, sentence
from adapter.errors import Finding, Severity
from adapter.mapping import Mappings
from adapter.model.clinical import Wish
from adapter.model.coded import Coding, Concept
from adapter.model.document import AnyEntry, Block, Row
from adapter.model.visit import Visit

_NO_DEFAULT: Final = "Règle de l'adaptateur : pas de code par défaut"


@dataclass(frozen=True, slots=True)
class Content:
    """What a builder puts into one section; ``coded``: its entries are those that the coded templates want."""

    blocks: tuple[Block, ...] = ()
    entries: tuple[AnyEntry, ...] = ()
    people: tuple[str, ...] = ()
    coded: bool = True


class Draft:
    """One composition in progress.

    Attributes:
        visit, mappings, keys, people: what is composed, with what.
        notices: warnings gathered on the way (an entry kept as text...).
        words: French words and sentences of the tables, ``words("compose.…")``.
    """

    __slots__ = ("_anchors", "_columns", "concept", "keys", "mappings", "notices", "people", "visit", "words")

    def __init__(self, visit: Visit, mappings: Mappings, keys: Keys, people: People) -> None:
        self.visit = visit
        self.mappings = mappings
        self.keys = keys
        self.people = people
        self.notices: list[Finding] = []
        known = phrases(mappings)
        self.words = known.words
        self.concept = known.concept
        self._columns = known.columns
        self._anchors: dict[str, Iterator[str]] = {}

    def anchor(self, section: str) -> str:
        """Next free anchor of ``section``."""
        free = self._anchors.get(section)
        if free is None:
            free = self._anchors[section] = anchors(section)
        return next(free)

    def uncoded(self, path: str) -> None:
        """Report an entry that stays text because no code is known for it."""
        self.notices.append(
            Finding("CMP-UNCODED", Severity.WARNING, path, "Élément sans code : conservé en texte.", _NO_DEFAULT)
        )

    def named(self, table: str, local: str, own_words: str | None = None) -> Concept:
        """Concept of a local value; the doctor's own words follow the table's label, or stand alone for « other »."""
        concept = self.concept(table, local)
        if not own_words:
            return concept
        if local == "other":
            return Concept(own_words, concept.codings)
        return Concept(self.words("own-words").format(label=concept.text, words=own_words), concept.codings)

    def shown(self, table: str, local: str | None) -> str:
        """French label of a local value, empty when there is none."""
        return self.concept(table, local).text if local else ""

    def coded(self, text: str, *codings: tuple[str, str | None]) -> Concept:
        """Concept from the doctor's words and the codes that the software sent (system key, code)."""
        found = tuple(Coding(self.mappings.system(key), code) for key, code in codings if code)
        return Concept(text, found)

    def since(self, value: str | None, key: str = "since") -> str:
        """``depuis le 21/09/2026``, ``depuis 09/2026``; `key` names another turn of ``[period]``."""
        if not value:
            return ""
        return self.words(f"period.{key}-day" if len(value) == 10 else f"period.{key}").format(date=partial(value))

    def when(self, at: datetime | None) -> str:
        """Moment of a measure; its offset is told when it is not that of the visit."""
        if at is None:
            return ""
        shown = moment(at)
        if at.utcoffset() != self.visit.start.utcoffset():
            return self.words("scales.at-offset").format(moment=shown, offset=offset(at))
        return shown

    def source(self, wish: Wish) -> str:
        """Who told a wish: ``Un proche, Annaïg LE GOFF``."""
        shown = self.shown("wish-sources", wish.source)
        return f"{shown}, {self.people.refs[wish.told_by][1]}" if wish.told_by else shown

    def heads(self, table: str) -> Columns:
        """Column titles of one table of the narrative."""
        return self._columns(table)


def row(columns: Columns, cells: tuple[str, ...], anchor: str) -> tuple[Row, str]:
    """The table row and the same words as one sentence."""
    return Row(cells, anchor), sentence(columns.labels, cells)
