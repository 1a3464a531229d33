"""A PDF read back by a foreign reader."""

from __future__ import annotations

import re
from functools import cache
from io import BytesIO
from pathlib import Path

from pypdf import PdfReader
from pypdf.generic import DictionaryObject, PdfObject, StreamObject

from adapter.api import compose, read_visit
from adapter.model.document import Document

_SPACES = re.compile(r"[\s\u200b]+")  # where a line ends is the business of the page


@cache
def composed(name: str) -> Document:
    """Document of a sample visit (``s1.exhaustive``)."""
    visits = Path(__file__).resolve().parent.parent.parent / "samples" / "visits"
    return compose(read_visit((visits / f"{name}.json").read_bytes()))


def reader(content: bytes) -> PdfReader:
    """The file, every page of it readable."""
    return PdfReader(BytesIO(content), strict=True)


def squeezed(text: str) -> str:
    """`text` without any space."""
    return _SPACES.sub("", text)


def words(content: bytes) -> str:
    """Everything that the pages say, in order, squeezed."""
    return squeezed("".join(page.extract_text() for page in reader(content).pages))


def fonts(content: bytes) -> list[DictionaryObject]:
    """Descriptor of every font of every page."""
    found = []
    for page in reader(content).pages:
        resources = _dictionary(page["/Resources"])
        for font in _dictionary(resources["/Font"]).values():
            (descendant,) = font.get_object()["/DescendantFonts"]
            found.append(descendant.get_object()["/FontDescriptor"].get_object())
    return found


def catalogue(content: bytes) -> DictionaryObject:
    """Root of the file: its language, its structure."""
    return _dictionary(reader(content).trailer["/Root"])


def _dictionary(value: object) -> DictionaryObject:
    found = value.get_object() if isinstance(value, PdfObject) else None
    assert isinstance(found, DictionaryObject)
    return found


def metadata(content: bytes) -> str:
    """XMP packet of the file."""
    packet = catalogue(content)["/Metadata"].get_object()
    assert isinstance(packet, StreamObject)
    return packet.get_data().decode()
