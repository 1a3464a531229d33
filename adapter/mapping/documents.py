"""Reads a document specification (``documents/*.toml``), telling each fault at the line of its key."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Any

from adapter.mapping.spec import WHEN_EMPTY, DocumentSpec, FhirSectionSpec, SectionSpec
from adapter.mapping.tables import Findings, Source, read_toml
from adapter.model.coded import CodeSystem, Coding
from adapter.terminology import Registry, is_oid

NO_CODING = Coding(CodeSystem("", "", "", ""), "", "")
NO_DOCUMENT = DocumentSpec(NO_CODING, NO_CODING, NO_CODING, (), "", (), ())


class _Reader:
    """Reads one document specification, telling each fault at the line of its key."""

    def __init__(self, source: Source, registry: Registry, found: Findings) -> None:
        self.source = source
        self.registry = registry
        self.found = found

    def string(self, table: Mapping[str, Any], name: str, place: str, rule: str = "MAP-SECTION") -> str:
        value = table.get(name, "")
        if not isinstance(value, str) or not value.strip():
            self.found.error(rule, place, f"« {name} » absent ou vide.")
            return ""
        return value

    def strings(self, table: Mapping[str, Any], name: str, place: str) -> tuple[str, ...]:
        value = table.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.found.error("MAP-SECTION", place, f"« {name} » est une liste de textes entre guillemets.")
            return ()
        return tuple(value)

    def oids(self, table: Mapping[str, Any], name: str, place: str) -> tuple[str, ...]:
        values = self.strings(table, name, place)
        if not values:
            self.found.error("MAP-SECTION", place, f"« {name} » : au moins un OID de modèle est attendu.")
        for value in values:
            if not is_oid(value):
                self.found.error("MAP-OID", self.source.place_of(re.escape(f'"{value}"')), f"OID mal formé : {value}.")
        return values

    def coding(self, table: Mapping[str, Any], place: str) -> Coding:
        key = self.string(table, "system", place)
        code = self.string(table, "code", place)
        display = self.string(table, "display", place, "MAP-DISPLAY")
        system = self.registry.by_key.get(key)
        if system is None:
            if key:
                self.found.error("MAP-SYSTEM", place, "Système de codes absent de systems.csv.")
            return NO_CODING
        return Coding(system, code, display)


def _tables(content: Mapping[str, Any], name: str, source: Source) -> list[tuple[dict[str, Any], str]]:
    """Tables ``[[name]]`` in their order, each with its place (the nth header line of that name)."""
    value = content.get(name, [])
    tables = [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
    places = source.places_of(rf"^\s*\[\[{re.escape(name)}\]\]")
    return list(zip(tables, [*places, *[source.place(1)] * len(tables)], strict=False))


def read_document(source: Source, registry: Registry, scales: Container[str], found: Findings) -> DocumentSpec:
    """Specification in the TOML file `source`, as complete as its faults allow; `scales` holds the known scales."""
    content = read_toml(source, found)
    if not content:
        return NO_DOCUMENT
    reader = _Reader(source, registry, found)
    codings: dict[str, Coding] = {}
    for name in ("type", "class", "format"):
        place = source.place_of(rf"^\[{name}\]")
        part = content.get(name)
        if isinstance(part, dict):
            codings[name] = reader.coding(part, place)
        else:
            found.error("MAP-SECTION", place, f"[{name}] absent.")
            codings[name] = NO_CODING
    fhir_sections: list[FhirSectionSpec] = []
    for table, place in _tables(content, "fhir_section", source):
        title = reader.string(table, "title", place)
        fhir_sections.append(FhirSectionSpec(reader.string(table, "key", place), title, reader.coding(table, place)))
    places = [place for _, place in _tables(content, "section", source)]
    sections = [_section(reader, table, place, scales) for table, place in _tables(content, "section", source)]
    keys = [section.key for section in sections]
    fhir_keys = {section.key for section in fhir_sections}
    for number, (section, place) in enumerate(zip(sections, places, strict=True)):
        if section.key in keys[:number]:
            found.error("MAP-DUPLICATE", place, f"Rubrique définie deux fois : {section.key}.")
        if section.fhir and section.fhir not in fhir_keys:
            found.error("MAP-FHIR-SECTION", place, f"Rubrique FHIR inconnue : {section.fhir}.")
        if section.parent is not None and section.parent not in keys:
            found.error("MAP-PARENT", place, f"Rubrique mère inconnue : {section.parent}.")
    if not sections:
        found.error("MAP-SECTION", source.place(1), "Aucune rubrique [[section]].")
    return DocumentSpec(
        type=codings["type"],
        class_=codings["class"],
        format=codings["format"],
        template_ids=reader.oids(content, "template_ids", source.place_of(r"^template_ids")),
        title=reader.string(content, "title", source.place(1)),
        sections=tuple(sections),
        fhir_sections=tuple(fhir_sections),
    )


def _section(reader: _Reader, table: Mapping[str, Any], place: str, scales: Container[str]) -> SectionSpec:
    when_empty = reader.string(table, "when_empty", place)
    if when_empty and when_empty not in WHEN_EMPTY:
        reader.found.error("MAP-WHEN-EMPTY", place, "« when_empty » : omit, state-absence ou refuse.")
    parent = table.get("parent")
    names = reader.strings(table, "scales", place)
    for name in names:
        if name not in scales:
            reader.found.error("MAP-SCALE", place, f"Échelle absente de codes/scales.csv : {name}.")
    return SectionSpec(
        key=reader.string(table, "key", place),
        title=reader.string(table, "title", place),
        code=reader.coding(table, place),
        template_ids=reader.oids(table, "template_ids", place),
        parent=parent if isinstance(parent, str) else None,
        fhir=reader.string(table, "fhir", place),
        when_empty=when_empty,
        scales=names,
        source=reader.string(table, "source", place),
        text_template_ids=reader.oids(table, "text_template_ids", place) if "text_template_ids" in table else (),
    )
