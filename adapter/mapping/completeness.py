"""What the program asks of the tables as a whole: nothing it needs is missing, nothing stands there for nobody."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import filterfalse
from typing import Any, Final

from adapter.mapping.billing import BILLING_FILES
from adapter.mapping.loader import DOCUMENT, MESSAGES, Mappings, load
from adapter.mapping.overlay import TableFiles, looks_like_a_table, merged
from adapter.mapping.tables import Findings, Source, read_source, read_toml

NOT_SHARED: Final = "not-shared.toml"
_SLOT = re.compile(r"\{(\w*)[^}]*\}")
_PLACED = re.compile(r"codes/[^/]+\.csv|editions/[^/]+\.toml|value-sets/sources\.toml")


@dataclass(frozen=True, slots=True)
class Needs:
    """What the program asks of the tables, beside the vocabulary of the visit.

    Attributes:
        builders: keys of the sections that the program can fill.
        tables: names of the files of ``codes``.
        messages: slots of each sentence, by dotted key.
        profiles: keys of the profile URLs of an edition.
        templates: OIDs that a section may print, by its key; the empty key is the document.
        not_shared: JSON paths of the visit that no document prints.
        filled: keys of the sections that the sample visits fill; None when no samples were given.
    """

    builders: frozenset[str]
    tables: frozenset[str]
    messages: Mapping[str, frozenset[str]]
    profiles: frozenset[str]
    templates: Mapping[str, frozenset[str]]
    not_shared: frozenset[str]
    filled: frozenset[str] | None = None


def needs_of_the_package(builders: frozenset[str], filled: frozenset[str] | None = None) -> Needs:
    """Needs of this version of the program: what its own tables hold, which tests prove to be what its code asks.

    Args:
        builders: keys of the sections that the program can fill; the caller knows them, this layer does not.
        filled: keys of the sections that sample visits fill, or None.
    """
    ours = load()
    templates = {s.key: frozenset({*s.template_ids, *s.text_template_ids}) for s in ours.document.sections}
    return Needs(
        builders=builders,
        tables=frozenset(ours.tables),
        messages={key: _slots(text) for key, text in ours.messages.items()},
        profiles=frozenset(key for edition in ours.editions.values() for key in edition),
        templates={**templates, "": frozenset(ours.document.template_ids)},
        not_shared=frozenset(read_not_shared(merged(None))),
        filled=filled,
    )


def read_not_shared(files: TableFiles) -> dict[str, str]:
    """Reason by JSON path, of what ``not-shared.toml`` declares; empty without that file or when it is unreadable."""
    source = _source(files, NOT_SHARED)
    return {path: str(reason) for path, reason in read_toml(source, Findings()).items()} if source else {}


def visit_fields() -> tuple[str, ...]:
    """JSON path of every value that a visit may hold (``$.symptoms[].code``), in the order of the model."""
    from adapter.model.visit import Visit

    schema = Visit.model_json_schema()
    return tuple(dict.fromkeys(_leaves(schema, schema.get("$defs", {}), "$")))


@dataclass(frozen=True, slots=True)
class FieldFate:
    """What becomes of one field of the visit.

    Attributes:
        path: JSON path, without ranks.
        printed: some document prints it.
        reason: why none does, as ``not-shared.toml`` declares; empty when it is printed or nothing is declared.
    """

    path: str
    printed: bool
    reason: str


def coverage(files: TableFiles) -> tuple[FieldFate, ...]:
    """Fate of every field of the visit. What the program prints is known from its own tables; tests prove these."""
    kept, declared = read_not_shared(merged(None)), read_not_shared(files)
    return tuple(
        FieldFate(path, path not in kept, declared.get(path, "").strip() if path in kept else "")
        for path in visit_fields()
    )


def _leaves(schema: Mapping[str, Any], known: Mapping[str, Any], path: str) -> Iterator[str]:
    if "$ref" in schema:
        yield from _leaves(known[schema["$ref"].rpartition("/")[2]], known, path)
    elif choices := schema.get("anyOf") or schema.get("oneOf"):
        for choice in choices:
            if choice.get("type") != "null":
                yield from _leaves(choice, known, path)
    elif "properties" in schema:
        for name, field in schema["properties"].items():
            yield from _leaves(field, known, f"{path}.{name}")
    elif schema.get("type") == "array" and "items" in schema:
        yield from _leaves(schema["items"], known, f"{path}[]")
    else:
        yield path


def check_strays(files: TableFiles, found: Findings) -> None:
    """Tells each file that nothing reads; a list of ``value-sets`` is read when ``sources.toml`` names it.

    Unknown names that look like tables were told when the files were read.
    """
    index = _source(files, "value-sets/sources.toml")
    lists = {f"value-sets/{name}.csv" for name in read_toml(index, Findings())} if index else set()
    known = {"systems.csv", DOCUMENT, MESSAGES, NOT_SHARED, *BILLING_FILES, *lists}
    strays = [name for name in files.by_name if name not in known and not _PLACED.fullmatch(name)]
    for name in (*strays, *filterfalse(looks_like_a_table, files.unknown)):
        found.error("MAP-STRAY", f"{name}:1:1", "Fichier que rien ne lit.")


def check_needs(files: TableFiles, mappings: Mappings, needs: Needs, found: Findings) -> None:
    """Tells what the program needs and does not find, and what it finds and does not need."""
    _check_tables(mappings, needs, found)
    if document := _source(files, DOCUMENT):
        _check_sections(document, mappings, needs, found)
    if messages := _source(files, MESSAGES):
        _check_messages(messages, mappings, needs, found)
    for name, profiles in mappings.editions.items():
        if edition := _source(files, f"editions/{name}.toml"):
            _compare("MAP-PROFILE", edition, profiles, needs.profiles, _named_line, "Profil", found)
    _check_not_shared(files, needs, found)
    for name in mappings.billing.absent:
        found.error("MAP-FILE", f"{name}:1:1", "Fichier absent.")


def _check_tables(mappings: Mappings, needs: Needs, found: Findings) -> None:
    for name in sorted(needs.tables - mappings.tables.keys()):
        found.error("MAP-TABLE", f"codes/{name}.csv:1:1", "Table du programme absente.")
    for name in sorted(mappings.tables.keys() - needs.tables):
        found.error("MAP-TABLE", f"codes/{name}.csv:1:1", "Table que rien n'interroge.")


def _check_sections(source: Source, mappings: Mappings, needs: Needs, found: Findings) -> None:
    places = source.places_of(r"^\s*\[\[section\]\]")
    _check_templates(source.place_of("^template_ids"), mappings.document.template_ids, needs.templates[""], found)
    for section, place in zip(mappings.document.sections, places, strict=False):
        if section.key not in needs.builders:
            found.error("MAP-BUILDER", place, f"Rubrique que le programme ne sait pas remplir : {section.key}.")
            continue
        templates = (*section.template_ids, *section.text_template_ids)
        _check_templates(place, templates, needs.templates.get(section.key, frozenset()), found)
        if needs.filled is not None and section.key not in needs.filled:
            found.warning("MAP-SAMPLE", place, f"Aucun exemple ne remplit la rubrique {section.key}.")
    for key in sorted(needs.builders - {section.key for section in mappings.document.sections}):
        found.error("MAP-BUILDER", source.place(1), f"Partie de la visite sans rubrique, donc perdue : {key}.")


def _check_templates(place: str, given: tuple[str, ...], known: frozenset[str], found: Findings) -> None:
    for oid in given:
        if oid not in known:
            found.error("MAP-TEMPLATE", place, f"Modèle inconnu pour cette rubrique : {oid}.")


def _check_messages(source: Source, mappings: Mappings, needs: Needs, found: Findings) -> None:
    _compare("MAP-MESSAGE", source, mappings.messages, needs.messages.keys(), _sentence_line, "Phrase", found)
    for key, slots in needs.messages.items():
        given = _slots(mappings.messages.get(key, ""))
        if key in mappings.messages and given != slots:
            wanted = ", ".join(f"{{{slot}}}" for slot in sorted(slots)) or "aucun"
            found.error("MAP-SLOT", _sentence_line(source, key), f"Emplacements attendus : {wanted}.")


def _check_not_shared(files: TableFiles, needs: Needs, found: Findings) -> None:
    source = _source(files, NOT_SHARED)
    if source is None:
        found.error("MAP-FILE", f"{NOT_SHARED}:1:1", "Fichier absent.")
        return
    declared = read_toml(source, found)
    _compare("MAP-NOT-SHARED", source, declared, needs.not_shared, _named_line, "Champ", found)
    for path, reason in declared.items():
        if not isinstance(reason, str) or not reason.strip():
            found.error("MAP-NOT-SHARED", _named_line(source, path), "Raison absente.")


def _compare(
    rule: str,
    source: Source,
    given: Mapping[str, Any],
    needed: Set[str],
    line: Callable[[Source, str], str],
    what: str,
    found: Findings,
) -> None:
    for key in sorted(needed - given.keys()):
        found.error(rule, source.place(1), f"{what} à ajouter dans ce fichier : {key}.")
    for key in sorted(given.keys() - needed):
        found.error(rule, line(source, key), f"{what} sans emploi : {key}.")


def _named_line(source: Source, key: str) -> str:
    return source.place_of(rf'^\s*"?{re.escape(key)}"?\s*=')


def _sentence_line(source: Source, key: str) -> str:
    """Place of the sentence `key` (``allergies.unknown``): its line after the header of its table."""
    table, _, name = key.rpartition(".")
    header = ""
    for number, line in enumerate(source.text.split("\n"), 1):
        if opened := re.match(r"\s*\[([^\[\]]+)\]", line):
            header = opened[1].strip()
        elif header == table and (named := re.match(rf'\s*"?({re.escape(name)})"?\s*=', line)):
            return source.place(number, named.start(1) + 1)
    return source.place(1)


def _slots(text: str) -> frozenset[str]:
    return frozenset(_SLOT.findall(text))


def _source(files: TableFiles, name: str) -> Source | None:
    file = files.by_name.get(name)
    return read_source(name, file, Findings()) if file else None
