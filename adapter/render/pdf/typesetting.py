"""Typst, called on our page: fonts that it carries, archive flavour, same bytes for the same page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any, Final

from adapter.errors import DocumentInvalid, MissingExtra
from adapter.render.pdf.rule_texts import layout_refused
from adapter.render.pdf.tree import Inline, Node

STANDARD: Final = "a-1a"
"""PDF/A-1, the level that also carries reading order and Unicode text (it includes level b).

Source: ISO 19005-1; IHE ITI XDS-SD (PDF of a scanned or printed document); formats of the DMP (PDF/A-1).
"""

_PROBE: Final = b"#for sign in json(bytes(sys.inputs.page)) { par(sign) }"
_EXTRA: Final = "La sortie PDF demande typst : pip install 'dmp-adapter[pdf]'"


@dataclass(frozen=True, slots=True, repr=False)
class Sheet:
    """One document to typeset.

    Attributes:
        title: title of the file, for viewers and indexes; no patient data.
        running: line at the top of every page but the first.
        blocks: content.
        written_at: date of the file.
        one_page: the type shrinks, down to a size that is still read, to stay on one page.
        overflow: what the first page says when that is not enough.
        language: BCP 47 tag.
    """

    title: str
    running: str
    blocks: list[Node]
    written_at: datetime
    one_page: bool = False
    overflow: str = ""
    language: str = "fr-FR"


def typeset(sheet: Sheet) -> bytes:
    """PDF/A-1a bytes of `sheet`; the same sheet gives the same bytes with one version of typst.

    A sign that none of the fonts can draw is printed as its number between brackets (``[U+1F600]``): what the reader
    cannot see, the reader knows.

    Raises:
        MissingExtra: typst is not installed.
        DocumentInvalid: typst refuses the page (rule ``PDF-LAYOUT``).
    """
    swap = {ord(sign): f"[U+{ord(sign):04X}]" for sign in _undrawn(set("".join(_texts([sheet.running, sheet.blocks]))))}
    if swap:
        sheet = replace(sheet, running=sheet.running.translate(swap), blocks=_swapped(sheet.blocks, swap))
    typst = _typst()
    try:
        made: bytes = typst.compile(
            _template(),
            sys_inputs={"page": _data(sheet)},
            format="pdf",
            pdf_standards=[STANDARD],
            timestamp=int(sheet.written_at.timestamp()),
            ignore_system_fonts=True,  # the same bytes on every machine
        )
    except typst.TypstError:  # its words quote the page
        raise DocumentInvalid([layout_refused()]) from None
    return made


def _data(sheet: Sheet) -> str:
    return json.dumps(
        {
            "title": sheet.title,
            "running": sheet.running,
            "blocks": sheet.blocks,
            "one-page": sheet.one_page,
            "overflow": sheet.overflow,
            "language": sheet.language.partition("-")[0],
        },
        ensure_ascii=False,
    )


def _undrawn(signs: set[str]) -> set[str]:
    """Those of `signs` that no font draws, all of them found at once.

    Each is asked alone: joined to others (the parts of an emoji), typst would print one without a drawing.
    """
    asked = sorted(sign for sign in signs if not _is_drawn(sign))
    if not asked:
        return set()
    typst = _typst()
    try:
        typst.compile(
            _PROBE,
            sys_inputs={"page": json.dumps(asked)},
            format="pdf",
            pdf_standards=[STANDARD],
            ignore_system_fonts=True,
        )
    except typst.TypstError as fault:
        told = fault.diagnostic
        return {sign for sign in asked if f'`"{sign}"`' in told or f'`"\\u{{{ord(sign):x}}}"`' in told}
    return set()


def _is_drawn(sign: str) -> bool:
    """True for what the text font holds for sure: Latin letters and the punctuation of European languages."""
    number = ord(sign)
    return 0x20 <= number < 0x7F or 0xA0 <= number < 0x180 or 0x2010 <= number <= 0x2026 or number == 0x202F


def _texts(value: str | Inline | Node | list[Any] | int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _swapped(value: Any, swap: dict[int, str]) -> Any:
    if isinstance(value, str):
        return value.translate(swap)
    if isinstance(value, dict):
        return {name: _swapped(part, swap) for name, part in value.items()}
    if isinstance(value, list):
        return [_swapped(part, swap) for part in value]
    return value


@cache
def _template() -> bytes:
    return resources.files("adapter.render.pdf").joinpath("page.typ").read_bytes()


def _typst() -> Any:
    try:
        import typst
    except ImportError as error:
        raise MissingExtra(_EXTRA) from error
    return typst
