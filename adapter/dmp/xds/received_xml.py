"""Bytes received on the wire -> XML tree, or a refusal with a stable code.

The character set told beside a body, or in it, is followed (Latin-1 is met); the rest of the policy is that of every
XML read here: no DOCTYPE, no instruction, bounded size and depth.
Source: RFC 7303, 3 (byte order mark, then charset parameter, then declaration).
"""

from __future__ import annotations

import codecs
import re
from typing import Final

from lxml import etree

from adapter.errors import AdapterError, DocumentInvalid
from adapter.validation.xml_input import parse_xml

MAX_BYTES: Final = 64 * 1024 * 1024

_DECLARATION: Final = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<\?xml\s[^>]{0,300}>")
_ENCODING: Final = re.compile(rb"""\bencoding\s*=\s*["']([A-Za-z0-9._\-]*)["']""")
_READ: Final = frozenset({"utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252"})


class XmlRefused(AdapterError):
    """XML that is not read; ``code`` is that of the rule (``XML-DOCTYPE``...), nothing of the content is told."""

    def __init__(self, message: str, code: str) -> None:
        self.message = message
        self.code = code
        super().__init__(f"{message} [{code}]")


def read_xml(
    data: bytes | memoryview, charset: str = "", *, max_bytes: int = MAX_BYTES, lenient: bool = True
) -> etree._Element:
    """Root of the document in `data`.

    Args:
        data: the body, or the part of a body.
        charset: character set told by the carrier, empty when it tells none.
        lenient: bytes that are not the UTF-8 they should be are read as Windows-1252: servers forget to declare it.

    Raises:
        XmlRefused: hostile, oversized, malformed, or in a character set that is not read.
    """
    if len(data) > max_bytes:
        raise XmlRefused(f"Le message XML fait {len(data)} octets ; la limite est de {max_bytes} octets.", "XML-SIZE")
    try:
        return parse_xml(_utf8(bytes(data), charset, lenient), max_bytes=4 * max_bytes)
    except DocumentInvalid as refused:
        finding = refused.findings[0]
        raise XmlRefused(finding.message, finding.rule) from None


def _utf8(data: bytes, charset: str, lenient: bool) -> bytes:
    """The same document in UTF-8, without a declaration that would say otherwise."""
    if data.startswith(codecs.BOM_UTF8):
        return _undeclared(data[3:])
    found = _DECLARATION.match(data)
    declared = _ENCODING.search(found.group()) if found else None
    name = charset or (declared.group(1).decode("ascii") if declared else "") or "utf-8"
    try:
        known = codecs.lookup(name.strip("\"' ")).name
    except LookupError:
        known = ""
    if known not in _READ:
        raise XmlRefused("Le jeu de caractères du message n'est pas lu.", "XML-ENCODING")
    text = _decoded(data, known, lenient)
    if text is None:
        return _undeclared(data)
    return _undeclared(text.encode("utf-8"))


def _decoded(data: bytes, name: str, lenient: bool) -> str | None:
    """Text of `data`, None when it is UTF-8 already."""
    if name in ("utf-8", "ascii"):
        if not lenient:
            return None
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            name = "cp1252"
        else:
            return None
    try:
        return data.decode(name)
    except UnicodeDecodeError:
        raise XmlRefused("Le message n'est pas dans le jeu de caractères qu'il annonce.", "XML-ENCODING") from None


def _undeclared(data: bytes) -> bytes:
    found = _DECLARATION.match(data)
    return data[found.end() :] if found else data.lstrip()
