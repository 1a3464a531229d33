"""Markers that stand for words of the visit or of the tables, and tables in which marked words stand.

A marker is a made-up word that no document holds; where it is printed, there the words went that it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from adapter.api.tracing.scan import Form
from adapter.mapping import FhirSectionSpec, Mappings, SectionSpec
from adapter.mapping.loader import DOCUMENT, MESSAGES
from adapter.model.coded import CodeSystem, Coding, Concept
from adapter.terminology import Registry

_DIGITS: Final = "abcdefghijklmnop"
_HEADS: Final = ("zqx", "qzx", "xzq", "qxz", "zxq", "xqz", "jqz", "qjz", "wqz", "qwz", "vqz", "qvz")
_STOPS: Final = ".!?…"
_LINE: Final = re.compile(r"[^\r\n]+")

Key = tuple[str, ...]
"""``("text", table, local)``, ``("code", table, local, rank)``, ``("message", key)``, ``("section", key, part)``..."""


class Markers:
    """Made-up words, one for each rank below 65,536; `printed` are texts in which none of them may stand already.

    Raises:
        ValueError: every sort of marker stands there, which no true visit does.
    """

    def __init__(self, printed: Iterable[bytes] = ()) -> None:
        texts = [one.decode().lower() for one in printed]
        free = (head for head in _HEADS if not any(head in text for text in texts))
        head = next(free, None)
        if head is None:
            raise ValueError("aucun mot de repérage n'est libre dans cette visite")
        self._head = head
        self._pattern = re.compile(f"{head}([a-p]{{4}})q", re.IGNORECASE)

    def word(self, rank: int) -> str:
        """The word of `rank`."""
        return self._head + "".join(_DIGITS[rank >> shift & 15] for shift in (12, 8, 4, 0)) + "q"

    def ranks(self, text: str) -> set[int]:
        """Ranks of the markers that stand in `text`."""
        return {
            sum(_DIGITS.index(letter) << shift for letter, shift in zip(word.lower(), (12, 8, 4, 0), strict=True))
            for word in self._pattern.findall(text)
        }

    def stand_in(self, value: str, rank: int, *, capitals: bool = False) -> str:
        """Words for `value`: its marker on each of its lines, of its length, with its last stop."""
        word = self.word(rank).upper() if capitals else self.word(rank)
        return _LINE.sub(lambda found: _line(found[0], word), value)


def _line(line: str, word: str) -> str:
    if not line.strip():
        return line
    stop = line[-1] if line[-1] in _STOPS and word.islower() else ""
    filler = "A" if word.isupper() else "a"
    return word + filler * (len(line) - len(word) - len(stop)) + stop


def word_keys(mappings: Mappings) -> Iterator[Key]:
    """What the tables say to a reader, and the URLs that go through untouched: all of it can be marked."""
    for table, rows in mappings.tables.items():
        for local, concept in rows.items():
            yield "text", table, local
            yield from (("display", table, local, str(n)) for n, c in enumerate(concept.codings) if c.display)
    yield from (("message", key) for key in mappings.messages)
    spec = mappings.document
    yield "document", "title"
    yield from (("document", part, "display") for part in ("type", "class", "format"))
    yield from (("document", "template", str(n)) for n in range(len(spec.template_ids)))
    for section in spec.sections:
        yield "section", section.key, "title"
        yield "section", section.key, "display"
        yield from (("section", section.key, "template", str(n)) for n in range(len(section.template_ids)))
        yield from (("section", section.key, "text-template", str(n)) for n in range(len(section.text_template_ids)))
    titles = {section.title for section in spec.sections}
    for target in spec.fhir_sections:
        if target.title not in titles:  # printers compare both titles: equal ones are marked alike
            yield "fhir_section", target.key, "title"
        yield "fhir_section", target.key, "display"
    for name, profiles in mappings.editions.items():
        yield from (("profile", name, key) for key in profiles)
    yield from (("system", key, "name") for key in mappings.registry.by_key)


def decides(key: Key) -> bool:
    """True for the codes on which our printers decide something: told apart at once, they spare a search.

    One that is missing here is found all the same.
    """
    return key[:2] in _DECIDING or key in _DECIDING


_DECIDING: Final = frozenset(
    {
        ("code", "allergy-kinds"),
        ("code", "contact-roles"),
        ("code", "directive-document"),
        ("code", "scales"),
        ("code", "vital-signs"),
        ("system", "loinc", "uri"),
        ("system", "tre-r02", "uri"),
        ("system", "tre-r260", "uri"),
    }
)


def code_keys(mappings: Mappings) -> Iterator[Key]:
    """Codes and names of systems, on which a printer may decide something."""
    for table, rows in mappings.tables.items():
        for local, concept in rows.items():
            yield from (("code", table, local, str(n)) for n in range(len(concept.codings)))
    yield from (("document", part, "code") for part in ("type", "class", "format"))
    yield from (("section", section.key, "code") for section in mappings.document.sections)
    yield from (("fhir_section", target.key, "code") for target in mappings.document.fhir_sections)
    for key in mappings.registry.by_key:
        yield "system", key, "oid"
        yield "system", key, "uri"


def place(mappings: Mappings, key: Key, form: Form | None = None) -> str:
    """File, and line or key in it, of what `key` marks: ``codes/symptoms.csv:12``, ``messages/fr.toml:comment``."""
    kind, name, *more = key
    if form == "fhir" and kind == "section" and more == ["title"]:
        title = next(section.title for section in mappings.document.sections if section.key == name)
        targets = [target.key for target in mappings.document.fhir_sections if target.title == title]
        return f"{DOCUMENT}:fhir_section {targets[0]}" if targets else f"{DOCUMENT}:section {name}"
    if kind in {"text", "display", "code"}:
        lines = [row.line for row in mappings.rows[name] if row["local"] == more[0]]
        return f"codes/{name}.csv:{lines[int(more[1]) if len(more) > 1 else 0]}"
    if kind == "message":
        return f"{MESSAGES}:{name}"
    if kind == "profile":
        return f"editions/{name}.toml:{more[0]}"
    if kind == "system":
        return f"systems.csv:{name}"
    return (
        f"{DOCUMENT}:{'template_ids' if name == 'template' else name}"
        if kind == "document"
        else f"{DOCUMENT}:{kind} {name}"
    )


def marked(mappings: Mappings, words: Mapping[Key, str]) -> Mappings:
    """`mappings` in which `words` stand, each in the place that its key names."""
    systems = {
        key: CodeSystem(
            key,
            words.get(("system", key, "oid"), system.oid),
            words.get(("system", key, "uri"), system.uri),
            words.get(("system", key, "name"), system.name),
        )
        for key, system in mappings.registry.by_key.items()
    }

    def coding(given: Coding, *key: str) -> Coding:
        kind, rest = key[0], key[1:]
        code_key, display_key = (
            (("code", *rest), ("display", *rest)) if kind == "row" else ((*key, "code"), (*key, "display"))
        )
        return Coding(
            systems.get(given.system.key, given.system),
            words.get(code_key, given.code),
            words.get(display_key, given.display),
        )

    tables = {
        table: {
            local: Concept(
                words.get(("text", table, local), concept.text),
                tuple(coding(one, "row", table, local, str(n)) for n, one in enumerate(concept.codings)),
            )
            for local, concept in rows.items()
        }
        for table, rows in mappings.tables.items()
    }

    def templates(given: tuple[str, ...], *key: str) -> tuple[str, ...]:
        return tuple(words.get((*key, str(n)), oid) for n, oid in enumerate(given))

    def section(given: SectionSpec) -> SectionSpec:
        key = ("section", given.key)
        return replace(
            given,
            title=words.get((*key, "title"), given.title),
            code=coding(given.code, *key),
            template_ids=templates(given.template_ids, *key, "template"),
            text_template_ids=templates(given.text_template_ids, *key, "text-template"),
        )

    def fhir_section(given: FhirSectionSpec) -> FhirSectionSpec:
        key = ("fhir_section", given.key)
        title = words.get((*key, "title"), titles.get(given.title, given.title))
        return replace(given, title=title, code=coding(given.code, *key))

    spec = mappings.document
    title = words.get(("document", "title"))
    titles = {s.title: words.get(("section", s.key, "title"), s.title) for s in spec.sections}
    return replace(
        mappings,
        registry=Registry.of(list(systems.values())),
        tables=tables,
        messages={key: _message(text, words.get(("message", key))) for key, text in mappings.messages.items()},
        editions={
            name: {key: words.get(("profile", name, key), url) for key, url in profiles.items()}
            for name, profiles in mappings.editions.items()
        },
        document=replace(
            spec,
            type=coding(spec.type, "document", "type"),
            class_=coding(spec.class_, "document", "class"),
            format=coding(spec.format, "document", "format"),
            template_ids=templates(spec.template_ids, "document", "template"),
            title=_message(spec.title, title),
            sections=tuple(map(section, spec.sections)),
            fhir_sections=tuple(map(fhir_section, spec.fhir_sections)),
        ),
    )


def _message(text: str, word: str | None) -> str:
    """`text` with a marker before each of its parts (column titles stand in one text, between bars)."""
    return text if word is None else "|".join(f"{word} {part}" for part in text.split("|"))
