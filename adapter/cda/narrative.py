"""Narrative blocks as CDA text: what a reader sees, with the anchors that entries refer to.

Source: CDA R2, narrative block (StrucDoc.Text).
"""

from __future__ import annotations

from adapter.cda.fragments import NOTHING, Markup, fragment, join, text
from adapter.model.document import Block, Bullets, Paragraph, Table

_TEXT = fragment("<text>{blocks}</text>")
_PARAGRAPH = fragment("<paragraph>{label}{words}</paragraph>")
_LABEL = fragment('<content styleCode="Bold">{label}</content><br/>')
_INLINE_LABEL = fragment('<content styleCode="Bold">{label}</content>{separator}')
_PLAIN = fragment('<content ID="{anchor}">{words}</content>')
_STRONG = fragment('<content ID="{anchor?}" styleCode="Bold">{words}</content>')
_LIST = fragment('<list listType="unordered">{caption}{items}</list>')
_CAPTION = fragment("<caption>{caption}</caption>")
_ITEM = fragment("<item>{label}{words}</item>")
_TABLE = fragment("""
<table border="1">{caption}
  <thead><tr>{columns}</tr></thead>
  <tbody>{rows}</tbody>
</table>
""")
_COLUMN = fragment("<th>{words}</th>")
_ROW = fragment('<tr ID="{anchor?}">{cells}</tr>')
_CELL = fragment("<td>{words}</td>")
_MEDIA = fragment('<paragraph><renderMultiMedia referencedObject="{anchor}"/></paragraph>')
_BREAK = "<br/>"
_SEPARATOR = " : "


def narrative(blocks: tuple[Block, ...], media: tuple[str, ...] = ()) -> Markup:
    """Element ``text`` of a section: its blocks, then the joined files whose media anchors are given."""
    parts = [_block(block) for block in blocks]
    parts.extend(_MEDIA(anchor=anchor) for anchor in media)
    return _TEXT(blocks=join(parts))


def lines(words: str) -> Markup:
    """`words` as narrative content, each line break as ``<br/>``; `CR LF` and a lone `CR` count as one."""
    if "\r" in words:
        words = words.replace("\r\n", "\n").replace("\r", "\n")
    if "\n" not in words:
        return Markup(text(words))
    return Markup(_BREAK.join([text(line) for line in words.split("\n")]))


def _block(block: Block) -> Markup:
    match block:
        case Paragraph():
            return _paragraph(block)
        case Bullets():
            return _bullets(block)
        case Table():
            return _table(block)


def _paragraph(block: Paragraph) -> Markup:
    words = lines(block.text)
    if block.strong:
        words = _STRONG(anchor=block.anchor or None, words=words)
    elif block.anchor:
        words = _PLAIN(anchor=block.anchor, words=words)
    return _PARAGRAPH(label=_LABEL(label=block.label) if block.label else NOTHING, words=words)


def _bullets(block: Bullets) -> Markup:
    items = []
    for item in block.items:
        words = lines(item.text)
        if item.anchor:
            words = _PLAIN(anchor=item.anchor, words=words)
        label = _INLINE_LABEL(label=item.label, separator=_SEPARATOR) if item.label else NOTHING
        items.append(_ITEM(label=label, words=words))
    caption = _CAPTION(caption=block.caption) if block.caption else NOTHING
    return _LIST(caption=caption, items=join(items))


def _table(block: Table) -> Markup:
    columns = join([_COLUMN(words=column) for column in block.columns])
    rows = join(
        [
            _ROW(anchor=row.anchor or None, cells=join([_CELL(words=lines(cell)) for cell in row.cells]))
            for row in block.rows
        ]
    )
    caption = _CAPTION(caption=block.caption) if block.caption else NOTHING
    return _TABLE(caption=caption, columns=columns, rows=rows)
