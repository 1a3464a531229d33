"""What the tables say, made ready once for every document: sentences, column titles, anchors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain, count
from typing import NamedTuple

from adapter.mapping import Mappings
from adapter.model.coded import Concept
from adapter.model.document import FhirSection


class Columns(NamedTuple):
    """Column titles of one table of the narrative; ``labels`` are the titles with their colon."""

    titles: tuple[str, ...]
    labels: tuple[str, ...]


class _Words(dict[str, str]):
    """Sentences by dotted key; a missing one is a MappingError."""

    def __init__(self, mappings: Mappings) -> None:
        super().__init__(mappings.messages)
        self._mappings = mappings

    def __missing__(self, key: str) -> str:
        return self._mappings.text(key)


class _ByTable(dict[str, Columns]):
    """Columns by table of the narrative, each split when first asked for."""

    def __init__(self, words: _Words) -> None:
        super().__init__()
        self._words = words

    def __missing__(self, table: str) -> Columns:
        titles = tuple(self._words[f"columns.{table}"].split("|"))
        columns = self[table] = Columns(titles, tuple([f"{title} : " for title in titles]))
        return columns


class Phrases:
    """Concepts, sentences, columns and FHIR sections of one ``Mappings``; all but the last are asked as functions."""

    __slots__ = ("_mappings", "_tables", "columns", "fhir_sections", "words")

    def __init__(self, mappings: Mappings) -> None:
        words = _Words(mappings)
        specs = mappings.document.fhir_sections
        self.fhir_sections = tuple([FhirSection(s.key, s.code, s.title) for s in specs])
        self._mappings = mappings
        self._tables = {table: dict(rows) for table, rows in mappings.tables.items()}
        self.words: Callable[[str], str] = words.__getitem__
        self.columns: Callable[[str], Columns] = _ByTable(words).__getitem__

    def concept(self, table: str, local: str) -> Concept:
        """What `local` means in `table`, as ``Mappings.concept`` answers and refuses."""
        try:
            return self._tables[table][local]
        except KeyError:
            return self._mappings.concept(table, local)


_last: tuple[Mappings, Phrases] | None = None


def phrases(mappings: Mappings) -> Phrases:
    """Phrases of `mappings`, those of the last ones asked for being kept: a process rarely uses two."""
    global _last
    kept = _last
    if kept is None or kept[0] is not mappings:
        kept = _last = (mappings, Phrases(mappings))
    return kept[1]


@cache
def _first_anchors(section: str) -> tuple[str, ...]:
    return tuple([f"{section}-{number}" for number in range(1, 65)])


def anchors(section: str) -> Iterator[str]:
    """``section-1``, ``section-2``... without end."""
    return chain(_first_anchors(section), (f"{section}-{number}" for number in count(65)))
