from __future__ import annotations

from lxml import etree

from adapter.cda.narrative import lines, narrative
from adapter.model.document import Bullets, Item, Paragraph, Row, Table


def test_line_breaks_become_br_and_words_stay_safe() -> None:
    assert lines("a & b\nc\r\n<d>\re") == "a &amp; b<br/>c<br/>&lt;d&gt;<br/>e"


def test_every_anchor_is_printed_once() -> None:
    printed = narrative(
        (
            Paragraph("p", anchor="a-p", label="Étiquette", strong=True),
            Bullets((Item("i", "a-i", "L"), Item("j")), "Légende"),
            Table(("C1", "C2"), (Row(("1", ""), "a-r"), Row(("2", "3"))), "Légende"),
        ),
        ("media-1",),
    )
    root = etree.fromstring(printed.encode())
    assert root.xpath("//@ID") == ["a-p", "a-i", "a-r"]
    assert root.xpath("//renderMultiMedia/@referencedObject") == ["media-1"]
    assert root.xpath("count(//tbody/tr[1]/td)") == 2
    assert "".join(str(part) for part in root.itertext()) == "ÉtiquettepLégendeL : ijLégendeC1C2123"


def test_a_section_without_blocks_has_an_empty_text() -> None:
    assert narrative(()) == "<text></text>"
