"""A sample visit converted, and its outputs read back the plain way: lxml for the CDA, orjson for the Bundle."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from lxml import etree

from adapter.api import Conversion, convert
from adapter.model.document import Document

VISITS = Path(__file__).resolve().parents[2] / "samples" / "visits"
FILLS = ("required", "exhaustive")
_NS = {"h": "urn:hl7-org:v3"}


@dataclass(frozen=True)
class Outputs:
    """What a conversion leaves, open for questions."""

    converted: Conversion
    cda: etree._Element
    bundle: dict[str, Any]

    @property
    def document(self) -> Document:
        return self.converted.document

    def cda_values(self, path: str) -> list[str]:
        """Attribute or text values at an XPath whose steps have the prefix ``h``."""
        found = self.cda.xpath(path, namespaces=_NS)
        assert isinstance(found, list)
        return [str(value) for value in found]

    def cda_count(self, path: str) -> int:
        found = self.cda.xpath(path, namespaces=_NS)
        assert isinstance(found, list)
        return len(found)

    def resources(self, kind: str) -> list[dict[str, Any]]:
        """Resources of one type, in the order of the Bundle."""
        found = [entry["resource"] for entry in self.bundle["entry"]]
        return [resource for resource in found if resource["resourceType"] == kind]

    def codes(self) -> set[str]:
        """Every code printed in either document, whatever it stands for."""
        said = {str(c) for c in self.cda_values("//@code")}
        return said | {str(node["code"]) for node in _dicts(self.bundle) if isinstance(node.get("code"), str)}

    def texts(self) -> tuple[str, str, str]:
        """CDA, Bundle and sheet as text."""
        done = self.converted
        return done.cda.decode(), done.bundle.decode(), done.sheet.decode()

    def section(self, code: str) -> str:
        """Narrative text of the CDA section under a LOINC code, empty when there is no such section."""
        return " ".join(self.cda_values(f"//h:section[h:code/@code='{code}']/h:text//text()"))


def _dicts(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from _dicts(child)
    elif isinstance(node, list):
        for child in node:
            yield from _dicts(child)


@functools.cache
def outputs(name: str) -> Outputs:
    """Outputs of ``samples/visits/<name>.json``; our own judges have passed them."""
    converted = convert((VISITS / f"{name}.json").read_bytes())
    return Outputs(converted, etree.fromstring(converted.cda), orjson.loads(converted.bundle))
