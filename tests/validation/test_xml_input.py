"""The door for XML: what is refused, with which code, and what must pass."""

from __future__ import annotations

import pytest

from adapter.errors import DocumentInvalid
from adapter.validation.xml_input import RULES, parse_xml

LAUGHS = b"""<?xml version="1.0"?>
<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;">]><a b="&e;">&e;</a>"""


def refusal(data: bytes, max_bytes: int = 1 << 26) -> str:
    """Code of the only finding that `data` is refused with."""
    with pytest.raises(DocumentInvalid) as caught:
        parse_xml(data, max_bytes=max_bytes)
    (finding,) = caught.value.findings
    assert finding.rule in RULES
    return finding.rule


@pytest.mark.parametrize(
    ("rule", "data"),
    [
        ("XML-DOCTYPE", LAUGHS),
        ("XML-DOCTYPE", b"\xef\xbb\xbf<!-- x --> <?xml-stylesheet href='a'?>\n<!DOCTYPE a SYSTEM 'file:///x'><a/>"),
        ("XML-PI", b"<?xml version='1.0'?><a><?php echo 1 ?></a>"),
        ("XML-PI", b"<a/><?late x?>"),
        ("XML-DEPTH", b"<a>" * 101 + b"</a>" * 101),
        ("XML-DEPTH", b"<a>" * 100_000 + b"</a>" * 100_000),
        ("XML-SYNTAX", b"<a><b></a>"),
        ("XML-SYNTAX", b""),
        ("XML-SYNTAX", b"<a>&nbsp;</a>"),
        ("XML-SYNTAX", b"<a>\x01</a>"),
        ("XML-ENCODING", "<?xml version='1.0' encoding='ISO-8859-1'?><a>é</a>".encode("latin-1")),
        ("XML-ENCODING", b"<a>\xe9</a>"),
        ("XML-ENCODING", "<a>é</a>".encode("utf-16")),
        ("XML-ENCODING", "<a>e</a>".encode("utf-16-le")),
        ("XML-ENCODING", b"<a>\xed\xa0\x80</a>"),
    ],
)
def test_hostile_bytes_are_refused_with_a_stable_code(rule: str, data: bytes) -> None:
    assert refusal(data) == rule


def test_size_is_checked_before_anything_else() -> None:
    assert refusal(LAUGHS, max_bytes=10) == "XML-SIZE"


def test_message_says_where_and_never_quotes_the_document() -> None:
    with pytest.raises(DocumentInvalid) as caught:
        parse_xml(b"<a>\n<SECRET>MARTIN</OTHER></a>")
    (finding,) = caught.value.findings
    assert "ligne 2" in finding.message
    assert "SECRET" not in finding.message + str(caught.value)
    assert "MARTIN" not in finding.message + str(caught.value)


def test_a_text_of_five_or_of_twelve_megabytes_is_read() -> None:
    for size in (5_000_000, 12_000_000):
        root = parse_xml(b"<a>" + b"x" * size + b"</a>")
        assert len(root.text or "") == size


def test_what_looks_like_a_doctype_in_a_text_is_text() -> None:
    assert parse_xml(b"<a><![CDATA[<!DOCTYPE html>]]></a>").text == "<!DOCTYPE html>"


def test_style_sheet_instruction_comments_and_depth_of_one_hundred_pass() -> None:
    data = b"<?xml version='1.0' encoding='UTF-8'?><?xml-stylesheet href='cda.xsl'?><!-- c -->"
    root = parse_xml(data + b"<a>" * 100 + b"</a>" * 100)
    assert root.tag == "a"
