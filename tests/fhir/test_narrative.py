from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.fhir.narrative import escape, heading, markup, narrative, statement
from adapter.model.document import Bullets, Item, Paragraph, Row, Table

XHTML = "{http://www.w3.org/1999/xhtml}"
HOSTILE = ["<script>alert(1)</script>", "]]>", "&amp;", '" onload="x', "' x='", "<!-- -->", "a\x00b", "a\ud800b"]


def _words(div: str) -> str:
    root = ElementTree.fromstring(div)
    for line_break in root.iter(f"{XHTML}br"):
        line_break.text = "\n"
    return "".join(root.itertext())


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    root = ElementTree.fromstring(statement(text)["div"])
    assert [element.tag for element in root.iter()] == [f"{XHTML}div", f"{XHTML}p"]
    assert root[0].attrib == {}


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1))
def test_any_words_come_back_whole(text: str) -> None:
    assert _words(statement(text)["div"]) == text


@given(st.text(st.characters(codec=None)))
def test_any_text_gives_well_formed_xhtml_in_text_and_in_attributes(text: str) -> None:
    div = markup([Paragraph(text, anchor="x" + text.replace("\n", ""), label=text, strong=True)])
    ElementTree.fromstring(f"<div>{div}</div>".encode())


def test_a_line_break_is_a_break_element() -> None:
    assert escape("un\r\ndeux") == "un<br/>deux"


def test_a_character_that_xml_cannot_hold_is_replaced_not_dropped() -> None:
    assert escape("a\x00b\ud800\uffff") == "a\ufffdb\ufffd\ufffd"


def test_text_without_special_characters_is_given_back_as_it_is() -> None:
    text = "Dyspnée œdème 4,5"
    assert escape(text) is text


def test_blocks_keep_their_order_labels_captions_and_anchors() -> None:
    blocks = (
        Paragraph("un", label="Motif", anchor="a1", strong=True),
        Bullets((Item("deux", "a2", "Point"), Item("trois")), "Liste"),
        Table(("Nom", "Valeur"), (Row(("x", ""), "a3"),), "Tableau"),
    )
    assert markup(blocks) == (
        '<p id="a1"><b>Motif</b> : <b>un</b></p>'
        '<p>Liste</p><ul><li id="a2"><b>Point</b> : deux</li><li>trois</li></ul>'
        "<table><caption>Tableau</caption><thead><tr><th>Nom</th><th>Valeur</th></tr></thead>"
        '<tbody><tr id="a3"><td>x</td><td></td></tr></tbody></table>'
    )


def test_a_narrative_names_its_language_and_namespace() -> None:
    root = ElementTree.fromstring(narrative(heading("Douleur"))["div"])
    assert root.tag == f"{XHTML}div"
    assert root.attrib == {"lang": "fr-FR", "{http://www.w3.org/XML/1998/namespace}lang": "fr-FR"}
