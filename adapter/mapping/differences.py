"""What changes for the reader between two folders of tables, one French sentence for each change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from adapter.mapping.billing import ADVICE, AMOUNTS, PAYERS, BillingTables
from adapter.mapping.loader import MESSAGES, Mappings
from adapter.mapping.spec import SectionSpec
from adapter.model.coded import Coding, Concept


@dataclass(frozen=True, slots=True)
class Change:
    """One change.

    Attributes:
        kind: ``label``, ``code``, ``value``, ``section``, ``message``, ``profile``, ``system`` or
            ``billing``.
        place: file, and the key in it (``codes/sides.csv:left``).
        message: the change as a French sentence.
    """

    kind: str
    place: str
    message: str


def differences(before: Mappings, after: Mappings) -> list[Change]:
    """Changes from `before` to `after`, file by file; empty when a reader and a machine would see the same."""
    return [
        *_systems(before, after),
        *_tables(before, after),
        *_sections(before, after),
        *_texts("message", MESSAGES, "Phrase", before.messages, after.messages),
        *(
            change
            for name in sorted({*before.editions, *after.editions})
            for change in _texts(
                "profile",
                f"editions/{name}.toml",
                "Profil",
                before.editions.get(name, {}),
                after.editions.get(name, {}),
            )
        ),
        *_billing(before.billing, after.billing),
    ]


def _billing(before: BillingTables, after: BillingTables) -> Iterator[Change]:
    """What changes in the billing advice; documents never hold any of it."""
    yield from _texts("billing", AMOUNTS, "Montant", _amounts(before), _amounts(after))
    yield from _texts("billing", PAYERS, "Payeur", _payers(before), _payers(after))
    yield from _texts("billing", ADVICE, "Conseil", _advice(before), _advice(after))


def _amounts(tables: BillingTables) -> dict[str, str]:
    return {
        f"{one.code}/{one.territory}/{one.start}": f"{one.label} : {one.amount} EUR"
        + (f" jusqu'au {one.end}" if one.end else "")
        for one in tables.amounts
    }


def _payers(tables: BillingTables) -> dict[str, str]:
    return {situation: f"{payer} ({said.says})" for situation, (payer, said) in tables.payers.items()}


def _advice(tables: BillingTables) -> dict[str, str]:
    told = {key: said.says for key, said in tables.notes.items()}
    for key, condition in tables.conditions.items():
        told[key] = condition.title
        told |= {f"{key}.{answer}": f"{verdict} ({says})" for answer, (verdict, says) in condition.answers.items()}
    return told


def _systems(before: Mappings, after: Mappings) -> Iterator[Change]:
    for key in _keys(before.registry.by_key, after.registry.by_key):
        place = f"systems.csv:{key}"
        old, new = before.registry.by_key.get(key), after.registry.by_key.get(key)
        if old is None or new is None:
            yield Change("system", place, f"Système de codes {'ajouté' if old is None else 'retiré'}.")
            continue
        for what, was, becomes in (("OID", old.oid, new.oid), ("URI", old.uri, new.uri), ("nom", old.name, new.name)):
            if was != becomes:
                yield Change("system", place, f"{what} : {_became(was, becomes)}")


def _tables(before: Mappings, after: Mappings) -> Iterator[Change]:
    for table in _keys(before.tables, after.tables):
        old, new = before.tables.get(table, {}), after.tables.get(table, {})
        for local in _keys(old, new):
            place = f"codes/{table}.csv:{local}"
            if local not in old:
                yield Change("value", place, f"Valeur ajoutée : {_quoted(new[local].text)}, {_codes(new[local])}.")
            elif local not in new:
                yield Change("value", place, f"Valeur retirée : {_quoted(old[local].text)}, {_codes(old[local])}.")
            else:
                yield from _concept(place, old[local], new[local])


def _concept(place: str, old: Concept, new: Concept) -> Iterator[Change]:
    if old.text != new.text:
        yield Change("label", place, f"Libellé : {_became(old.text, new.text)}")
    if _codes(old) != _codes(new):  # a system that changes is told once, in its own table
        yield Change("code", place, f"Code : {_codes(old)} devient {_codes(new)}.")


def _sections(before: Mappings, after: Mappings) -> Iterator[Change]:
    file = "documents/vsp-synthesis.toml"
    if before.document.title != after.document.title:
        yield Change("section", file, f"Titre du document : {_became(before.document.title, after.document.title)}")
    for name in ("type", "class_", "format"):
        was, becomes = getattr(before.document, name), getattr(after.document, name)
        if _coding(was) != _coding(becomes):
            yield Change("section", file, f"{name.strip('_')} : {_coding(was)} devient {_coding(becomes)}.")
    if before.document.template_ids != after.document.template_ids:
        yield Change("section", file, "Les modèles (templateId) du document changent.")
    old = {section.key: section for section in before.document.sections}
    new = {section.key: section for section in after.document.sections}
    for key in _keys(old, new):
        place = f"{file}:{key}"
        if key not in old:
            yield Change("section", place, f"Rubrique ajoutée : {_quoted(new[key].title)}.")
        elif key not in new:
            yield Change("section", place, f"Rubrique retirée : {_quoted(old[key].title)}.")
        else:
            yield from _section(place, old[key], new[key])
    if (order := [key for key in new if key in old]) != [key for key in old if key in new]:
        yield Change("section", file, f"Ordre des rubriques : {', '.join(order)}.")
    ours = [(s.key, s.title, _coding(s.code)) for s in before.document.fhir_sections]
    if ours != [(s.key, s.title, _coding(s.code)) for s in after.document.fhir_sections]:
        yield Change("section", file, "Les rubriques FHIR changent.")


def _section(place: str, old: SectionSpec, new: SectionSpec) -> Iterator[Change]:
    if old.title != new.title:
        yield Change("section", place, f"Titre de la rubrique : {_became(old.title, new.title)}")
    if _coding(old.code) != _coding(new.code):
        yield Change("section", place, f"Code de la rubrique : {_coding(old.code)} devient {_coding(new.code)}.")
    if old.when_empty != new.when_empty:
        yield Change("section", place, f"Conduite si vide : {_became(old.when_empty, new.when_empty)}")
    if old.parent != new.parent:
        yield Change("section", place, f"Rubrique mère : {_became(old.parent or 'aucune', new.parent or 'aucune')}")
    if old.fhir != new.fhir:
        yield Change("section", place, f"Rubrique FHIR : {_became(old.fhir, new.fhir)}")
    if old.scales != new.scales:
        yield Change("section", place, f"Échelles : {_became(', '.join(old.scales), ', '.join(new.scales))}")
    if (old.template_ids, old.text_template_ids) != (new.template_ids, new.text_template_ids):
        yield Change("section", place, "Les modèles (templateId) de la rubrique changent.")
    if old.source != new.source:
        yield Change("section", place, f"Source : {_became(old.source, new.source)}")


def _texts(kind: str, file: str, what: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for key in _keys(old, new):
        place = f"{file}:{key}"
        if key not in old:
            yield Change(kind, place, f"{what} en plus : {_quoted(new[key])}.")
        elif key not in new:
            yield Change(kind, place, f"{what} en moins : {_quoted(old[key])}.")
        elif old[key] != new[key]:
            yield Change(kind, place, f"{what} : {_became(old[key], new[key])}")


def _keys(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    return sorted({*old, *new})


def _became(old: str, new: str) -> str:
    return f"{_quoted(old)} devient {_quoted(new)}."


def _quoted(text: str) -> str:
    return f"« {text} »"


def _codes(concept: Concept) -> str:
    return " et ".join(_coding(coding) for coding in concept.codings) or "aucun code"


def _coding(coding: Coding) -> str:
    return f"{coding.system.key} {coding.code} ({_quoted(coding.display)})"
