"""Narrative blocks as CDA text: what a reader sees, with the anchors that entries refer to.

Source: CDA R2, narrative block (StrucDoc.Text).
"""

from __future__ import annotations

from adapter.cda.fragments import NOTHING, Markup, around, each, fragment, join, text
from adapter.model.document import Block, Bullets, Paragraph, Table

_TEXT = fragment("<text>{blocks}</text>")
_PARAGRAPH = fragment("<paragraph>{words}</paragraph>")
_ANCHORED = fragment('<paragraph><content ID="{anchor}">{words}</content></paragraph>')
_LABELLED = fragment('<paragraph><content styleCode="Bold">{label}</content><br/>{words}</paragraph>')
_LABELLED_ANCHORED = fragment("""
<paragraph><content styleCode="Bold">{label}</content><br/><content ID="{anchor}">{words}</content></paragraph>
""")
_STRONG = fragment("""
<paragraph>{label}<content ID="{anchor?}" styleCode="Bold">{words}</content></paragraph>
""")
_LABEL = fragment('<content styleCode="Bold">{label}</content><br/>')
_ITEM = fragment("<item>{label}{words}</item>")
_ITEM_ANCHORED = fragment('<item>{label}<content ID="{anchor}">{words}</content></item>')
_ITEM_LABEL = fragment('<content styleCode="Bold">{label}</content>{separator}')
_LIST = fragment('<list listType="unordered">{caption}{items}</list>')
_CAPTION = fragment("<caption>{caption}</caption>")
_TABLE = fragment("""
<table border="1">{caption}
  <thead><tr>{columns}</tr></thead>
  <tbody>{rows}</tbody>
</table>
""")
_COLUMN = around("<th>{words}</th>")
_ROW = fragment('<tr ID="{anchor?}">{cells}</tr>')
_CELL = around("<td>{words}</td>")
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
    label = block.label
    anchor = block.anchor
    if block.strong:
        return _STRONG(label=_LABEL(label=label) if label else NOTHING, anchor=anchor or None, words=words)
    if label:
        if anchor:
            return _LABELLED_ANCHORED(label=label, anchor=anchor, words=words)
        return _LABELLED(label=label, words=words)
    if anchor:
        return _ANCHORED(anchor=anchor, words=words)
    return _PARAGRAPH(words=words)


def _bullets(block: Bullets) -> Markup:
    items = []
    for item in block.items:
        label = _ITEM_LABEL(label=item.label, separator=_SEPARATOR) if item.label else NOTHING
        words = lines(item.text)
        if item.anchor:
            items.append(_ITEM_ANCHORED(label=label, anchor=item.anchor, words=words))
        else:
            items.append(_ITEM(label=label, words=words))
    caption = _CAPTION(caption=block.caption) if block.caption else NOTHING
    return _LIST(caption=caption, items=join(items))


def _table(block: Table) -> Markup:
    columns = each(_COLUMN, block.columns)
    rows = join([_ROW(anchor=row.anchor or None, cells=each(_CELL, row.cells, lines)) for row in block.rows])
    caption = _CAPTION(caption=block.caption) if block.caption else NOTHING
    return _TABLE(caption=caption, columns=columns, rows=rows)
