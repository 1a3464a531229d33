"""Safe XHTML for FHIR narratives: every text passes through one escaping function."""

from __future__ import annotations

import re
from collections.abc import Iterable

from adapter.model.document import Block, Bullets, Table

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_BETWEEN = "\u241f"  # symbol for unit separator: a text that holds it is handled apart
_OPEN = '<div xmlns="http://www.w3.org/1999/xhtml" xml:lang="fr-FR" lang="fr-FR">'


def escape(text: str) -> str:
    """`text` as XHTML character data, a line break being ``<br/>``; without line break, safe between double quotes too.

    Characters that XML 1.0 cannot hold become U+FFFD: the reader sees that something stood there.
    Source: FHIR R4, Narrative (txt-1, txt-2); XML 1.0, 2.2.
    """
    if not text.isprintable():  # cheaper than the search, and true of nearly every text
        text = _NOT_XML.sub("\ufffd", text).replace("\r", "")
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    if '"' in text:
        text = text.replace('"', "&quot;")
    return text.replace("\n", "<br/>")


def statement(text: str) -> dict[str, str]:
    """``Resource.text`` of one sentence."""
    return {"status": "generated", "div": f"{_OPEN}<p>{escape(text)}</p></div>"}


def narrative(xhtml: str) -> dict[str, str]:
    """``text`` around markup that this module made."""
    return {"status": "generated", "div": f"{_OPEN}{xhtml}</div>"}


def heading(title: str) -> str:
    """Heading of a part of a merged section."""
    return f"<h3>{escape(title)}</h3>"


def paragraphs(texts: Iterable[str]) -> str:
    """One paragraph for each text."""
    return "".join([f"<p>{escape(text)}</p>" for text in texts])


def markup(blocks: Iterable[Block]) -> str:
    """`blocks` as XHTML, in order; their anchors are ``id`` attributes, whose scope is the narrative."""
    return "".join([_block(block) for block in blocks])


def _block(block: Block) -> str:
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Bullets):
        return _bullets(block)
    anchor, label, text = _escaped([block.anchor, block.label, block.text])
    if block.strong:
        text = f"<b>{text}</b>"
    return f"<p{_id(anchor)}>{_label(label)}{text}</p>"


def _bullets(block: Bullets) -> str:
    given = [block.caption]
    for item in block.items:
        given += (item.anchor, item.label, item.text)
    caption, *rest = _escaped(given)
    triples = zip(rest[::3], rest[1::3], rest[2::3], strict=True)
    items = "".join([f"<li{_id(anchor)}>{_label(label)}{text}</li>" for anchor, label, text in triples])
    return f"<p>{caption}</p><ul>{items}</ul>" if caption else f"<ul>{items}</ul>"


def _table(block: Table) -> str:
    given = [block.caption, *block.columns]
    for row in block.rows:
        given.append(row.anchor)
        given += row.cells
    texts = _escaped(given)
    end = 1 + len(block.columns)
    head = "</th><th>".join(texts[1:end])
    lines: list[str] = []
    for row in block.rows:
        start = end + 1
        anchor, end = texts[end], start + len(row.cells)
        lines.append(f"<tr{_id(anchor)}><td>{'</td><td>'.join(texts[start:end])}</td></tr>")
    caption = f"<caption>{texts[0]}</caption>" if texts[0] else ""
    return f"<table>{caption}<thead><tr><th>{head}</th></tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _escaped(texts: list[str]) -> list[str]:
    """`texts` escaped in one pass over all of them: a visit has hundreds, and most need no change."""
    found = escape(_BETWEEN.join(texts)).split(_BETWEEN)
    return found if len(found) == len(texts) else [escape(text) for text in texts]


def _label(label: str) -> str:
    return f"<b>{label}</b> : " if label else ""


def _id(anchor: str) -> str:
    return f' id="{anchor}"' if anchor else ""
