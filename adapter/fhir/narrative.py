"""Safe XHTML for FHIR narratives: every text passes through one escaping function."""

from __future__ import annotations

import re
from collections.abc import Iterable

from adapter.model.document import Block, Bullets, Paragraph, Table

_SPECIAL = re.compile(r"[&<>\"'\n\r\t\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_INSTEAD = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "\n": "<br/>", "\r": "", "\t": "\t"}
_OPEN = '<div xmlns="http://www.w3.org/1999/xhtml" xml:lang="fr" lang="fr">'


def escape(text: str) -> str:
    """`text` as XHTML character data, also safe between double quotes; a line break is ``<br/>``.

    Characters that XML 1.0 cannot hold become U+FFFD: the reader sees that something stood there.
    Source: FHIR R4, Narrative (txt-1, txt-2); XML 1.0, 2.2.
    """
    return _SPECIAL.sub(_replacement, text) if _SPECIAL.search(text) else text


def _replacement(match: re.Match[str]) -> str:
    return _INSTEAD.get(match.group(), "\ufffd")


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
    if isinstance(block, Paragraph):
        text = escape(block.text)
        if block.strong:
            text = f"<b>{text}</b>"
        return f"<p{_id(block.anchor)}>{_label(block.label)}{text}</p>"
    if isinstance(block, Bullets):
        items = "".join([f"<li{_id(i.anchor)}>{_label(i.label)}{escape(i.text)}</li>" for i in block.items])
        caption = f"<p>{escape(block.caption)}</p>" if block.caption else ""
        return f"{caption}<ul>{items}</ul>"
    return _table(block)


def _table(table: Table) -> str:
    head = "".join([f"<th>{escape(column)}</th>" for column in table.columns])
    rows = "".join(
        [
            f"<tr{_id(row.anchor)}><td>{'</td><td>'.join([escape(cell) for cell in row.cells])}</td></tr>"
            for row in table.rows
        ]
    )
    caption = f"<caption>{escape(table.caption)}</caption>" if table.caption else ""
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _label(label: str) -> str:
    return f"<b>{escape(label)}</b> : " if label else ""


def _id(anchor: str) -> str:
    return f' id="{escape(anchor)}"' if anchor else ""
