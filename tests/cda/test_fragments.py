from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from adapter.cda.fragments import NOTHING, Markup, around, attribute, attributes, each, fragment, join, text

PLACES = fragment('<a code="{code}" note="#{code}" use="{use?}"><b>{words}</b>{rest}</a>')

# Everything that XML 1.0 can carry.
xml_text = st.text(
    st.characters(
        exclude_categories=["Cs"],
        exclude_characters=[chr(n) for n in range(32) if n not in (9, 10, 13)] + ["\ufffe", "\uffff"],
    )
)
not_xml = st.sampled_from(["\x00", "\x08", "\x0b", "\x1f", "\ud800", "\udfff", "\ufffe", "\uffff"])


@given(code=xml_text, use=xml_text, words=xml_text)
def test_any_text_comes_back_as_it_was(code: str, use: str, words: str) -> None:
    root = etree.fromstring(PLACES(code=code, use=use, words=words, rest=NOTHING).encode())
    assert root.get("code") == code
    assert root.get("note") == "#" + code
    assert root.get("use") == use
    assert (root.findtext("b") or "") == words


@given(before=xml_text, bad=not_xml, after=xml_text)
def test_what_xml_cannot_carry_is_refused_without_being_quoted(before: str, bad: str, after: str) -> None:
    for escape in (text, attribute):
        with pytest.raises(ValueError, match=r"^caractère interdit en XML$"):
            escape(before + bad + after)


@given(st.lists(xml_text))
def test_nested_fragments_are_not_escaped_again(words: list[str]) -> None:
    inner = fragment("<i>{words}</i>")
    root = etree.fromstring(
        PLACES(code="", use=None, words="", rest=join([inner(words=w) for w in words])).encode(),
        etree.XMLParser(huge_tree=True),
    )
    assert [i.text or "" for i in root.findall("i")] == words


def test_an_optional_attribute_goes_when_its_value_is_none() -> None:
    assert PLACES(code="1", use=None, words="w", rest=NOTHING) == '<a code="1" note="#1"><b>w</b></a>'
    assert PLACES(code="1", use="H", words="w", rest=NOTHING) == '<a code="1" note="#1" use="H"><b>w</b></a>'


def test_indentation_is_dropped_and_inner_blanks_stay() -> None:
    spaced = fragment("""
    <a>
      <b>{words}</b>
      <c>un deux</c> <d/>
    </a>
    """)
    assert spaced(words="x") == "<a><b>x</b><c>un deux</c> <d/></a>"


def test_static_text_keeps_quotes_backslashes_and_entities() -> None:
    assert fragment("""<a b="&lt;\\'&quot;">&amp; \\n "x" '{y}'</a>""")(y="1") == (
        """<a b="&lt;\\'&quot;">&amp; \\n "x" '1'</a>"""
    )


def test_a_run_of_attributes_leaves_out_what_is_none() -> None:
    code = fragment('<code attributes="{coding}"/>')
    assert code(coding=attributes(code='a"b', displayName=None, name="<")) == '<code code="a&quot;b" name="&lt;"/>'
    with pytest.raises(ValueError, match="attributs"):
        code(coding=' code="1"')


@pytest.mark.parametrize("source", ["<a>", "<a></b>", "<a b=1/>", "<a>&x;</a>", '<a b="1" b="2"/>', "</a>"])
def test_a_malformed_fragment_cannot_load(source: str) -> None:
    with pytest.raises(ValueError, match="mal formé"):
        fragment(source)


def test_a_slot_without_value_and_a_value_without_slot_are_refused() -> None:
    one = fragment("<a>{x}</a>")
    with pytest.raises(TypeError):
        one()
    with pytest.raises(TypeError):
        one(x="", y="")


def test_markup_cannot_stand_in_an_attribute() -> None:
    with pytest.raises(ValueError, match="balisage"):
        attribute(Markup("<a/>"))
    with pytest.raises(ValueError, match="balisage"):
        attribute(Markup("a"))


def test_hostile_text_stays_text() -> None:
    words = "]]><script>alert('&amp;')</script><!-- \r\n\t"
    root = etree.fromstring(PLACES(code=words, use=words, words=words, rest=NOTHING).encode())
    assert root.findtext("b") == words
    assert root.get("use") == words


@given(st.lists(xml_text))
def test_each_value_stands_in_its_own_element(words: list[str]) -> None:
    root = etree.fromstring(f"<r>{each(around('<i>{x}</i>'), words)}</r>".encode(), etree.XMLParser(huge_tree=True))
    assert [i.text or "" for i in root] == words


def test_around_gives_both_sides_of_the_only_slot() -> None:
    assert around("<a><b/>{x}</a>") == ("<a><b/>", "</a>", "</a><a><b/>")
    for source in ("<a/>", "<a>{x}{y}</a>", '<a b="{x}"/>'):
        with pytest.raises(ValueError, match="emplacement"):
            around(source)
