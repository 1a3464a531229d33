from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from adapter.cda import render, render_n1
from tests import documents
from tests.cda.reading import find_all, parse, string, strings


def test_every_reference_finds_its_anchor_and_every_anchor_is_unique() -> None:
    root = parse(documents.full_document())
    anchors = strings(root, "//@ID")
    assert len(anchors) == len(set(anchors))
    assert set(strings(root, "//c:reference/@value")) <= {f"#{anchor}" for anchor in anchors}
    assert set(strings(root, "//c:renderMultiMedia/@referencedObject")) <= set(anchors)


def test_every_entry_is_printed_under_its_key() -> None:
    document = documents.full_document()
    sections = [*document.sections, *(child for s in document.sections for child in s.sections)]
    keys = [entry.key for section in sections for entry in section.entries]
    assert len(keys) == len(set(keys)) == 38
    roots = strings(parse(document), "//c:entry//c:id[not(@extension)]/@root")
    for key in keys:
        # The directive that points to the joined file names its key too.
        assert roots.count(key) == (2 if key == documents.key("attachment-1") else 1)


def test_sections_come_in_order_with_their_children_inside() -> None:
    document = documents.full_document()
    root = parse(document)
    path = "/c:ClinicalDocument/c:component/c:structuredBody/c:component/c:section"
    assert strings(root, f"{path}/c:code/@code") == [s.code.code for s in document.sections]
    assert strings(root, f"{path}/c:component/c:section/c:code/@code") == ["38208-5", "46006-3"]
    assert strings(root, f"{path}/c:title/text()") == [s.title for s in document.sections]


def test_the_same_document_gives_the_same_bytes() -> None:
    assert render(documents.full_document()) == render(documents.full_document())
    assert render(documents.full_document()).startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<ClinicalDocument ')


def test_level_one_keeps_the_header_and_carries_the_file() -> None:
    document = documents.full_document()
    root = parse(render_n1(document, documents.PDF))
    assert strings(root, "/c:ClinicalDocument/c:templateId/@root")[-1] == "1.3.6.1.4.1.19376.1.2.20"
    assert len(strings(root, "/c:ClinicalDocument/c:templateId/@root")) == 3
    assert base64.b64decode(string(root, "//c:nonXMLBody/c:text/text()")) == documents.PDF
    assert not find_all(root, "//c:structuredBody")
    header = "/c:ClinicalDocument/*[not(self::c:component or self::c:templateId)]"
    assert len(find_all(root, header)) == len(find_all(parse(document), header))


def test_text_that_xml_cannot_carry_is_refused_without_quotation() -> None:
    document = documents.full_document()
    with pytest.raises(ValueError, match=r"^caractère interdit en XML$"):
        render(replace(document, title="secret\x00"))
