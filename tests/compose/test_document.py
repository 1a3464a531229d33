"""What holds in every composed document, and what compose reports or refuses."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from adapter.compose import Options, compose
from adapter.errors import MappingError, VisitInvalid
from adapter.mapping import Mappings, load
from adapter.model import document as doc
from adapter.model.reader import read_visit
from adapter.model.visit import Visit
from tests.compose.whole_visit import Leaf, changed, json_path, whole_visit
from tests.samples_kept import NAMES, VISITS

WHOLE, LEAVES = whole_visit()
# What stands in the header of both documents, not in a narrative.
HEADER = ("$.title", "$.patient", "$.author", "$.structure", "$.place.address", "$.place.label")
HEADER_ENDS = (".address.lines[]", ".address.city", "title", ".identity")
KEPT_HOME = ("$.sharing.",)


@functools.cache
def sample(name: str) -> Visit:
    (path,) = [p for p in VISITS if p.name == f"{name}.json"]
    return read_visit(path.read_bytes())


def whole(**changes: Any) -> doc.Document:
    visit = WHOLE
    for path, value in changes.items():
        visit = changed(visit, tuple(path.split("__")), value)
    return compose(Visit.model_validate(visit), load())


def all_sections(sections: tuple[doc.Section, ...]) -> Iterator[doc.Section]:
    for section in sections:
        yield section
        yield from all_sections(section.sections)


def narrative_texts(section: doc.Section) -> Iterator[tuple[str, str]]:
    """Anchor and words of each paragraph, point and row."""
    for block in section.blocks:
        if isinstance(block, doc.Paragraph):
            yield block.anchor, f"{block.label}\n{block.text}"
        elif isinstance(block, doc.Bullets):
            for item in block.items:
                yield item.anchor, f"{item.label}\n{item.text}"
        else:
            for row in block.rows:
                yield row.anchor, "\n".join(row.cells)


def said(document: doc.Document) -> str:
    return "\n".join(text for s in all_sections(document.sections) for _, text in narrative_texts(s))


CLINICAL = [
    leaf
    for leaf in LEAVES
    if leaf.marker
    and not json_path(leaf.path).startswith((*HEADER, *KEPT_HOME))
    and not json_path(leaf.path).endswith(HEADER_ENDS)
]


@pytest.mark.parametrize("leaf", CLINICAL, ids=[json_path(leaf.path) for leaf in CLINICAL])
def test_what_the_doctor_wrote_is_in_the_narrative(leaf: Leaf) -> None:
    assert leaf.marker in said(whole())


def documents() -> list[doc.Document]:
    return [whole(), *[compose(sample(name), load()) for name in NAMES]]


def test_anchors_are_unique_and_each_entry_points_at_its_words() -> None:
    for document in documents():
        anchors = [a for s in all_sections(document.sections) for a, _ in narrative_texts(s) if a]
        assert len(anchors) == len(set(anchors))
        for section in all_sections(document.sections):
            here = {anchor for anchor, _ in narrative_texts(section)}
            assert {entry.anchor for entry in section.entries} <= here


def test_a_statement_says_the_words_of_its_row() -> None:
    for document in documents():
        for section in all_sections(document.sections):
            words = dict(narrative_texts(section))
            for entry in section.entries:
                for piece in words[entry.anchor].split("\n"):
                    assert piece in entry.statement or piece in section.title


def _keyed(value: Any) -> Iterator[tuple[str, Any]]:
    """Each derived key with the value that bears it."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            inner = getattr(value, field.name)
            if field.name.endswith("key") and isinstance(inner, str) and len(inner) == 36:
                yield inner, (field.name, value)
            else:
                yield from _keyed(inner)
    elif isinstance(value, tuple):
        for item in value:
            yield from _keyed(item)


def test_a_key_names_one_thing() -> None:
    for document in documents():
        named: dict[str, Any] = {}
        for key, thing in _keyed(document):
            # The practice is the author's and the custodian's: one key, one value.
            assert named.setdefault(key, thing) == thing


def test_tables_have_as_many_cells_as_columns_and_no_empty_column_title() -> None:
    for document in documents():
        for section in all_sections(document.sections):
            for block in section.blocks:
                if isinstance(block, doc.Table):
                    assert all(block.columns)
                    assert block.rows
                    assert all(len(row.cells) == len(block.columns) for row in block.rows)
                if isinstance(block, doc.Bullets):
                    assert block.items
                    assert block.caption


def test_no_word_is_blank_and_no_punctuation_stands_twice() -> None:
    for name in NAMES:
        for section in all_sections(compose(sample(name), load()).sections):
            for _, text in narrative_texts(section):
                assert text.strip()
                for double in (" ;;", "; ;", ". ;", ",,", ", ,", "..", " : :", " ,"):
                    assert double not in text
            for entry in section.entries:
                assert entry.statement.strip()
                assert ". ;" not in entry.statement


def test_the_same_visit_gives_an_equal_document() -> None:
    for name in NAMES:
        first, second = compose(sample(name), load()), compose(sample(name), load())
        assert first == second
        assert first.notices == second.notices


def test_each_visit_is_composed_from_its_own_tables() -> None:
    tables = load()
    messages = MappingProxyType({**tables.messages, "columns.goals": "But|Détail"})
    other = replace(tables, messages=messages)
    visit = sample("s1.exhaustive")
    heads = [
        block.columns
        for mappings in (tables, other, tables)
        for section in compose(visit, mappings).sections
        for block in section.blocks
        if isinstance(block, doc.Table) and block.columns[0] in {"But", "Objectif"}
    ]
    assert heads == [("Objectif", "Précisions"), ("But", "Détail"), ("Objectif", "Précisions")]


def _without(table: str, local: str) -> Mappings:
    tables = load()
    rows = {key: concept for key, concept in tables.tables[table].items() if key != local}
    return replace(tables, tables=MappingProxyType({**tables.tables, table: MappingProxyType(rows)}))


@pytest.mark.parametrize(
    ("table", "local"), [("symptoms", "pain"), ("routes", "oral"), ("professions", "nurse"), ("units", "mg")]
)
def test_a_value_without_a_row_is_refused(table: str, local: str) -> None:
    with pytest.raises(MappingError) as caught:
        compose(sample("s1.exhaustive"), _without(table, local))
    assert [(f.rule, f.path) for f in caught.value.findings] == [("MAP-ROW", f"codes/{table}.csv:{local}")]


def test_a_missing_sentence_is_refused() -> None:
    tables = load()
    messages = {key: text for key, text in tables.messages.items() if key != "plan.goals"}
    with pytest.raises(MappingError):
        compose(sample("s1.exhaustive"), replace(tables, messages=MappingProxyType(messages)))


def test_an_unknown_section_is_refused() -> None:
    tables = load()
    spec = replace(tables.document.sections[0], key="unheard-of")
    with pytest.raises(MappingError) as caught:
        compose(sample("s7.required"), replace(tables, document=replace(tables.document, sections=(spec,))))
    assert caught.value.findings[0].rule == "MAP-SECTION"


def test_a_section_that_must_not_be_empty_is_refused() -> None:
    tables = load()
    sections = tuple(replace(s, when_empty="refuse") if s.key == "devices" else s for s in tables.document.sections)
    with pytest.raises(VisitInvalid) as caught:
        compose(sample("s7.required"), replace(tables, document=replace(tables.document, sections=sections)))
    assert [(f.rule, f.path) for f in caught.value.findings] == [("CMP-EMPTY", "$.devices")]


def _notices(document: doc.Document) -> list[tuple[str, str]]:
    return [(f.rule, f.path) for f in document.notices]


def test_what_has_no_code_is_reported_by_its_path() -> None:
    assert ("CMP-UNCODED", "$.history[1]") in _notices(compose(sample("s1.exhaustive"), load()))
    assert ("CMP-UNCODED", "$.function.states[1]") in _notices(compose(sample("s2.exhaustive"), load()))
    assert ("CMP-UNCODED", "$.social.living") in _notices(compose(sample("s2.exhaustive"), load()))
    assert _notices(compose(sample("s7.required"), load())) == []


def test_a_main_disease_without_a_code_is_reported_and_kept() -> None:
    visit = changed(WHOLE, ("disease", "main", "cim10"), None)
    document = compose(Visit.model_validate(visit), load())
    assert ("CMP-UNCODED", "$.disease.main") in _notices(document)
    (main,) = [e for s in document.sections for e in s.entries if isinstance(e, doc.Problem) and e.main]
    assert main.what.codings == ()
    assert main.what.text


def test_a_code_of_another_substance_is_printed_alone_and_reported() -> None:
    visit = changed(WHOLE, ("treatments", "items", 0, "atc"), "C10AA05")
    document = compose(Visit.model_validate(visit), load())
    assert ("CMP-ATC", "$.treatments.items[0].atc") in _notices(document)
    product = next(e.product for s in document.sections for e in s.entries if isinstance(e, doc.Medication) and e.dose)
    assert [c.code for c in product.codings if c.system.key == "atc"] == ["C10AA05"]


@pytest.mark.parametrize("arc", ["1.2.250.1.999", "2.25"])
def test_an_issuer_numbers_its_documents_under_its_own_arc(arc: str) -> None:
    document = compose(sample("s1.required"), load(), Options(issuer_oid=arc))
    assert document.oid.startswith(f"{arc}.")
    assert len(document.oid) <= 64


def test_an_arc_that_leaves_no_room_for_a_number_is_refused() -> None:
    Options(issuer_oid="1.2." + "9" * 39)
    with pytest.raises(ValueError, match="43"):
        Options(issuer_oid="1.2." + "9" * 40)
    with pytest.raises(ValueError, match="OID"):
        Options(issuer_oid="not an oid")
