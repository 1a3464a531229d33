"""Reads CDA back in tests: parsed documents, XPath with the CDA namespace as ``c``."""

from __future__ import annotations

from dataclasses import replace

from lxml import etree

from adapter.cda import render
from adapter.model.document import AnyEntry, Document, Section
from tests.documents import full_document

NAMESPACES = {"c": "urn:hl7-org:v3", "xsi": "http://www.w3.org/2001/XMLSchema-instance"}
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def parse(document: Document | bytes) -> etree._Element:
    return etree.fromstring(document if isinstance(document, bytes) else render(document))


def find_all(root: etree._Element, path: str) -> list[etree._Element]:
    found = root.xpath(path, namespaces=NAMESPACES)
    assert isinstance(found, list)
    elements = []
    for element in found:
        assert isinstance(element, etree._Element)
        elements.append(element)
    return elements


def find(root: etree._Element, path: str) -> etree._Element:
    elements = find_all(root, path)
    assert len(elements) == 1, f"{len(elements)} fois {path}"
    return elements[0]


def strings(root: etree._Element, path: str) -> list[str]:
    found = root.xpath(path, namespaces=NAMESPACES)
    assert isinstance(found, list)
    return [str(value) for value in found]


def string(root: etree._Element, path: str) -> str:
    values = strings(root, path)
    assert len(values) == 1, f"{len(values)} fois {path}"
    return values[0]


def with_entries(section: Section, *entries: AnyEntry) -> etree._Element:
    """Section element of a document that has this section alone, with `entries`."""
    document = replace(full_document(), sections=(replace(section, entries=entries),))
    return find(parse(document), "/c:ClinicalDocument/c:component/c:structuredBody/c:component/c:section")


def entry(section: Section, value: AnyEntry) -> etree._Element:
    """Element within ``entry`` that prints `value`."""
    return find(with_entries(section, value), "c:entry/*")
