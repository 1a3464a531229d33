"""Sections and their blocks: the same words, in the same order, as in the other two documents."""

from __future__ import annotations

from adapter.model.document import Attachment, Block, Bullets, Item, Paragraph, Section, Table
from adapter.render.markup import attribute, size, text

# What a browser may be handed as a file; anything else stays a line of text.
# Source: formats ASS_A11 (2024-01-26) that carry no active content.
_OPENABLE = frozenset({"application/pdf", "image/jpeg", "image/png", "image/tiff", "text/plain"})
_DEEPEST_HEADING = 6


def section(value: Section, level: int = 2) -> str:
    """One section with its sub-sections; `level` is that of its heading."""
    parts = [f'<section id="rubrique-{attribute(value.key)}">\n<h{level}>{text(value.title)}</h{level}>\n']
    parts += map(block, value.blocks)
    parts += [attachment(entry) for entry in value.entries if isinstance(entry, Attachment)]
    parts += [section(child, min(level + 1, _DEEPEST_HEADING)) for child in value.sections]
    parts.append("</section>\n")
    return "".join(parts)


def block(value: Block) -> str:
    """One block of narrative."""
    if isinstance(value, Table):
        return _table(value)
    if isinstance(value, Bullets):
        return _bullets(value)
    return _paragraph(value)


def _paragraph(value: Paragraph) -> str:
    marker = ' class="strong"' if value.strong else ""
    return f"<p{marker}{_id(value.anchor)}>{_label(value.label)}{text(value.text)}</p>\n"


def _bullets(value: Bullets) -> str:
    caption = f'<p class="caption">{text(value.caption)}</p>\n' if value.caption else ""
    return f"{caption}<ul>\n{''.join(map(_item, value.items))}</ul>\n"


def _item(value: Item) -> str:
    return f"<li{_id(value.anchor)}>{_label(value.label)}{text(value.text)}</li>\n"


def _table(value: Table) -> str:
    """Table whose cells repeat their column label in an attribute: narrow screens show one card a row."""
    caption = f"<caption>{text(value.caption)}</caption>\n" if value.caption else ""
    head = "".join([f'<th scope="col">{text(column)}</th>' for column in value.columns])
    starts = [f'<td data-label="{attribute(column)}">' for column in value.columns]
    rows = []
    for row in value.rows:
        cells = "".join(
            [
                f"{start}{text(cell)}</td>" if cell else "<td></td>"
                for start, cell in zip(starts, row.cells, strict=True)
            ]
        )
        rows.append(f"<tr{_id(row.anchor)}>{cells}</tr>\n")
    return f"<table>\n{caption}<thead><tr>{head}</tr></thead>\n<tbody>\n{''.join(rows)}</tbody>\n</table>\n"


def attachment(value: Attachment) -> str:
    """Link that saves a joined file, which stands whole in the page; text alone for a type that could be active."""
    words = f"{text(value.title)} ({attribute(value.media_type)}, {size(value.size_bytes)})"
    if value.media_type not in _OPENABLE:
        return f'<p class="file">{words}</p>\n'
    url = f"data:{value.media_type};base64,{attribute(value.data)}"
    return f'<p class="file"><a download href="{url}">Enregistrer la pièce jointe\u00a0: {words}</a></p>\n'


def _id(anchor: str) -> str:
    return f' id="{attribute(anchor)}"' if anchor else ""


def _label(label: str) -> str:
    return f"<b>{text(label)}\u00a0:</b> " if label else ""
