"""A page of ours, read back from its HTML as plain values: what is typeset is what the page says, by construction.

Only the elements that our own pages use are known; another one is a fault of the program, never a line lost.
"""

from __future__ import annotations

import re
from typing import Any, Final

from lxml import html

Node = dict[str, Any]
Inline = list[str | Node]

_SCREEN_ONLY: Final = frozenset({"nav"})
_BOXES: Final = frozenset({"body", "header", "main", "section", "div", "footer"})
_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_BOLD: Final = frozenset({"b", "strong"})
_PLAIN: Final = frozenset({"a", "span", "time"})
_ONE_LINE: Final = 12  # characters that are not to be cut in two lines
_WIDEST_WORD: Final = 24  # characters; a longer one is broken
_SPACES: Final = re.compile(r"[ \t\r\n\f]+")  # no-break spaces stay


def tree(page: bytes) -> list[Node]:
    """Blocks of the body of `page`, in order, without what serves the screen alone (links within the page)."""
    parser = html.HTMLParser(huge_tree=True)  # a joined file stands whole in its link
    return _blocks(html.document_fromstring(page.decode(), parser=parser).find("body"))


def _blocks(box: html.HtmlElement) -> list[Node]:
    found = []
    if (box.text or "").strip():
        raise AssertionError("words outside of a block")
    for element in box:
        node = _block(element)
        if node is not None:
            found.append(node)
        if (element.tail or "").strip():
            raise AssertionError("words outside of a block")
    return found


def _block(element: html.HtmlElement) -> Node | None:
    tag, kind = element.tag, element.get("class", "")
    if tag in _SCREEN_ONLY or kind == "skip":
        return None
    if tag in _BOXES:
        return {"tag": "box", "class": kind or tag, "body": _blocks(element)}
    if tag in _HEADINGS:
        return {"tag": "heading", "level": _HEADINGS[tag], "body": inline(element)}
    if tag == "p":
        words = inline(element)
        return {"tag": "p", "class": kind, "body": words} if words else None
    if tag == "ul":
        return {"tag": "ul", "items": [inline(item) for item in element]}
    if tag == "dl":
        return {"tag": "dl", "rows": [[inline(part) for part in row] for row in element]}
    if tag == "table":
        return _table(element)
    raise AssertionError(f"no way to print <{tag}>")


def _table(element: html.HtmlElement) -> Node:
    caption = element.find("caption")
    head, body = element.find("thead"), element.find("tbody")
    columns = list(zip(*([str(cell.text_content()) for cell in row] for row in (*head, *body)), strict=True))
    return {
        "tag": "table",
        "caption": inline(caption) if caption is not None else [],
        "columns": [inline(cell) for cell in head[0]],
        "shares": [_share(column, bold=number == 0) for number, column in enumerate(columns)],
        "rows": [[inline(cell) for cell in row] for row in body],
    }


def _share(cells: tuple[str, ...], *, bold: bool) -> int:
    """Part of the width that a column takes: enough for its longest word, and less than in proportion beyond."""
    longest = max(map(len, cells))
    longest_word = max(len(word) for cell in cells for word in _SPACES.split(cell))
    share = longest if longest <= _ONE_LINE else max(min(longest_word, _WIDEST_WORD), longest**0.8)
    return round(10 * (share * (1.1 if bold else 1) + 2))


def inline(element: html.HtmlElement) -> Inline:
    """Words of `element` with their marks; spaces are those that a browser shows."""
    found: Inline = []
    _gather(element, found)
    return _trimmed(found)


def _gather(element: html.HtmlElement, into: Inline) -> None:
    _words(element.text, into)
    for child in element:
        if child.tag == "br":
            into.append({"tag": "br"})
        elif child.tag in _BOLD or child.tag == "small":
            marked: Inline = []
            _gather(child, marked)
            into.append({"tag": "small" if child.tag == "small" else "b", "body": marked})
        elif child.get("class") == "figures":
            into.append(
                {"tag": "figures", "body": [str(group.text_content()) for group in child] or [child.text or ""]}
            )
        elif child.tag == "a" and child.get("href", "").startswith("tel:"):
            into.append({"tag": "number", "body": str(child.text_content())})
        elif child.tag in _PLAIN:
            if child.get("download") is None:  # what a click would save is not on paper
                _gather(child, into)
        else:
            raise AssertionError(f"no way to print <{child.tag}>")
        _words(child.tail, into)


def _words(text: str | None, into: Inline) -> None:
    if text:
        into.append(_SPACES.sub(" ", text))


def _trimmed(parts: Inline) -> Inline:
    """The parts without the spaces that stand at the start, at the end or after a line break."""
    kept: Inline = []
    for part in parts:
        at_start = not kept or (isinstance(kept[-1], dict) and kept[-1]["tag"] == "br")
        if isinstance(part, str) and at_start:
            part = part.lstrip(" ")
        if part:
            kept.append(part)
    while kept and isinstance(kept[-1], str) and not kept[-1].strip(" "):
        kept.pop()
    return kept
