"""XML written as it looks: snippets with named slots, parsed once, filled by one function that escapes by place.

A snippet that is not well-formed cannot be loaded. Every slot is escaped for where it stands, text or attribute;
``Markup`` (what a fragment gives back) passes as it is in text. There is no logic in a fragment, only one
convenience: an attribute whose value is exactly one slot disappears when that slot is None.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from xml.parsers import expat  # reads our own constants at import, never anything from outside

_SLOT = re.compile(r"\{([a-z_]+)\}")
_INDENT = re.compile(r"\s*\n\s*")
_WRAPPER = "fragment"

# XML 1.0, production [2] Char: what no escape can bring into a document.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# A parser turns a literal carriage return into a line feed, and any white space of an attribute into a blank.
_IN_TEXT: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_IN_ATTRIBUTE: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)


class Markup(str):
    """XML ready to stand in element content; only fragments and `join` make it."""

    __slots__ = ()


NOTHING: Final = Markup("")


def text(value: str) -> str:
    """`value` as element content; a carriage return survives as a character reference.

    Raises:
        ValueError: `value` holds a character that XML 1.0 cannot carry; it is not quoted.
    """
    if value.__class__ is Markup:
        return value
    # Printable: neither control nor surrogate; the three searches cost less than building a copy.
    if value.isprintable() and "&" not in value and "<" not in value and ">" not in value:
        return value
    if _NOT_XML.search(value):
        raise ValueError("caractère interdit en XML")
    return value.translate(_IN_TEXT)


def attribute(value: str) -> str:
    """`value` as the content of a double-quoted attribute; its white space survives.

    Raises:
        ValueError: `value` holds a character that XML 1.0 cannot carry, or is markup, which no attribute holds.
    """
    if value.isprintable() and "&" not in value and "<" not in value and '"' not in value:
        if value.__class__ is Markup and value:
            raise ValueError("balisage dans un attribut")
        return value
    if value.__class__ is Markup:
        raise ValueError("balisage dans un attribut")
    if _NOT_XML.search(value):
        raise ValueError("caractère interdit en XML")
    return value.translate(_IN_ATTRIBUTE)


def join(parts: Iterable[Markup]) -> Markup:
    """Markup of `parts` one after the other."""
    return Markup("".join(parts))


class Fragment:
    """One snippet, flattened to static text and slots; calling it with a value for each slot gives Markup."""

    __slots__ = ("_last", "_slots", "names")

    def __init__(self, source: str) -> None:
        pieces = _flatten(source)
        # (static text before, slot, in an attribute, attribute opening that goes when the value is None)
        self._slots: tuple[tuple[str, str, bool, str | None], ...] = tuple(pieces[:-1])
        self._last: str = pieces[-1][0]
        self.names: frozenset[str] = frozenset(name for _, name, _, _ in self._slots)

    def __call__(self, **values: str | None) -> Markup:
        """XML with every slot filled.

        Raises:
            KeyError: a slot got no value.
            ValueError: a value cannot be written in XML, or is None where it cannot be left out.
        """
        out: list[str] = []
        add = out.append
        for before, name, in_attribute, opening in self._slots:
            value = values[name]
            add(before)
            if opening is not None:
                if value is not None:
                    add(opening)
                    add(attribute(value))
                    add('"')
            elif value is None:
                raise ValueError(f"emplacement sans valeur : {name}")
            elif in_attribute:
                add(attribute(value))
            elif value.__class__ is Markup:
                add(value)
            else:
                add(text(value))
        add(self._last)
        return Markup("".join(out))


def fragment(source: str) -> Fragment:
    """Fragment of the XML snippet `source`; its indentation is dropped.

    Raises:
        ValueError: the snippet is not well-formed.
    """
    return Fragment(source)


def _flatten(source: str) -> list[tuple[str, str, bool, str | None]]:
    """Static text and slots of `source` in order; the last piece has static text only."""
    pieces: list[tuple[str, str, bool, str | None]] = []
    static: list[str] = []
    open_tag = False  # a start tag waits for its ">" or "/>"

    def slot(name: str, in_attribute: bool, opening: str | None) -> None:
        pieces.append(("".join(static), name, in_attribute, opening))
        static.clear()

    def close_tag() -> None:
        nonlocal open_tag
        if open_tag:
            static.append(">")
            open_tag = False

    def split(content: str, in_attribute: bool) -> None:
        escape = attribute if in_attribute else text
        for index, part in enumerate(_SLOT.split(content)):
            if index % 2:
                slot(part, in_attribute, None)
            else:
                static.append(escape(part))

    def start(name: str, attributes: list[str]) -> None:
        nonlocal open_tag
        if name == _WRAPPER:
            return
        close_tag()
        static.append(f"<{name}")
        for key, value in zip(attributes[::2], attributes[1::2], strict=True):
            whole = _SLOT.fullmatch(value)
            if whole:
                slot(whole[1], True, f' {key}="')
            else:
                static.append(f' {key}="')
                split(value, True)
                static.append('"')
        open_tag = True

    def end(name: str) -> None:
        nonlocal open_tag
        if name == _WRAPPER:
            return
        static.append("/>" if open_tag else f"</{name}>")
        open_tag = False

    def characters(content: str) -> None:
        content = _INDENT.sub("", content)
        if content:
            close_tag()
            split(content, False)

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.ordered_attributes = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    try:
        parser.Parse(f"<{_WRAPPER}>{source}</{_WRAPPER}>", True)
    except expat.ExpatError as error:
        raise ValueError(f"fragment mal formé : {error}") from error
    pieces.append(("".join(static), "", False, None))
    return pieces
