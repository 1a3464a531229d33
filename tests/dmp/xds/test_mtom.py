"""MTOM over bytes: what we write is read back whole, what others write badly is refused with its reason."""

from __future__ import annotations

import email
import email.policy
from base64 import b64encode
from contextlib import suppress
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from lxml import etree

from adapter.dmp.xds import mtom
from adapter.dmp.xds.mtom import MtomInvalid, Part

ROOT = b"<a/>"
BOUNDARY_LETTERS = "abcXYZ019'()+_,-./:=?"


def envelope(*cids: str) -> etree._Element:
    root = etree.Element("a")
    for cid in cids:
        mtom.include(etree.SubElement(root, "b"), cid)
    return root


def raw(
    *parts: tuple[str, bytes], boundary: str = "b", end: str = "\r\n", close: bool = True, before: str = ""
) -> bytes:
    """Multipart body: header lines (separated by ``|``) and content of each part."""
    body = before.encode()
    for headers, content in parts:
        lines = [f"--{boundary}", *filter(None, headers.split("|")), "", ""]
        body += (end if body else "").encode() + end.join(lines).encode() + content
    return body + f"{end}--{boundary}{'--' if close else ''}{end}".encode()


# ---------------------------------------------------------------- there and back

boundaries = st.text(BOUNDARY_LETTERS, min_size=1, max_size=70)
contents = st.one_of(st.binary(max_size=300), st.sampled_from([b"", b"\r\n", b"\n--b", b"\r\n--", b"--b--\r\n", b"\r"]))


@given(boundary=boundaries, held=st.lists(contents, max_size=4), root=contents)
@example(boundary="b", held=[b"\n--b--\r\n"], root=b"\r\n")
def test_what_is_written_is_read_back(boundary: str, held: list[bytes], root: bytes) -> None:
    mark = f"\r\n--{boundary}".encode()
    assume(not any(mark in b"\r\n" + one + b"\r\n" for one in (root, *held)))
    parts = [Part(f"part{rank}@x", "text/xml", one) for rank, one in enumerate(held)]
    message = mtom.write(root, parts, action="urn:a:b", boundary=boundary)
    assert len(message.body) == len(bytes(message.body))
    received = mtom.read(bytes(message.body), message.content_type)
    assert bytes(received.root) == root
    assert received.charset == "UTF-8"
    assert {name: bytes(one.content) for name, one in received.parts.items()} == {
        one.content_id: one.content for one in parts
    }


@given(data=st.binary(max_size=400), boundary=boundaries)
def test_any_bytes_are_read_or_refused(data: bytes, boundary: str) -> None:
    for body in (data, raw(("", data), boundary=boundary), raw(("", b"x"), ("", b"y"), boundary=boundary)[: len(data)]):
        with suppress(MtomInvalid):
            received = mtom.read(body, f'multipart/related; boundary="{boundary}"')
            assert sum(len(one.content) for one in received.parts.values()) <= len(body)


@given(cid=st.text(min_size=1, max_size=30).filter(lambda text: text.isprintable()))
def test_any_identifier_of_a_part_is_found_again(cid: str) -> None:
    root = envelope(cid)
    assert bytes(mtom.content(root[0], {cid: Part(cid, "", b"x")})) == b"x"


# ---------------------------------------------------------------- what is met

RELATED = "multipart/related; boundary=b"


@pytest.mark.parametrize(
    "body",
    [
        raw(("Content-ID: <r>", ROOT), ("Content-ID: <d>", b"doc")),
        raw(("Content-ID: <r>", ROOT), ("content-id: <d>", b"doc"), end="\n"),
        raw(("Content-ID: <r>", ROOT), ("Content-ID:|  <d>", b"doc"), before="préambule\r\n"),
        raw(("Content-ID: <r>", ROOT), ("Content-ID: <d>|Content-Transfer-Encoding: base64", b64encode(b"doc"))),
        raw(("Content-ID: <r>", ROOT), ("Content-ID: <d>|Content-Transfer-Encoding: BINARY", b"doc"))[:-2],
        raw(("", ROOT), ("Content-ID: d", b"doc")).replace(b"--b\r", b"--b \t\r"),
    ],
    ids=["crlf", "bare line feeds", "preamble and folded header", "base64", "no last line end", "padding"],
)
def test_other_ways_of_writing_are_read(body: bytes) -> None:
    received = mtom.read(body, RELATED)
    assert bytes(received.root) == ROOT
    assert {name: bytes(one.content) for name, one in received.parts.items()} == {"d": b"doc"}


def test_the_root_is_where_the_header_says() -> None:
    body = raw(("Content-ID: <d>", b"doc"), ("Content-ID: <r>|Content-Type: text/xml; charset=latin1", ROOT))
    received = mtom.read(body, 'Multipart/Related; boundary="b"; start="<r>"')
    assert (bytes(received.root), received.charset, list(received.parts)) == (ROOT, "latin1", ["d"])


def test_xml_alone_is_read_as_such() -> None:
    received = mtom.read(ROOT, "application/soap+xml; charset=utf-8")
    assert (received.root, received.charset, received.parts) == (ROOT, "utf-8", {})


def test_quoted_parameters_are_read() -> None:
    kind, found = mtom.media_type(r'multipart/Related ; Boundary="a\"b;c" ;start=<x>; type=y')
    assert kind == "multipart/related"
    assert found == {"boundary": 'a"b;c', "start": "<x>", "type": "y"}


WHOLE = raw(("Content-ID: <r>", ROOT), ("Content-ID: <d>", b"doc"))


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (WHOLE, "multipart/related", "multipart-boundary"),
        (WHOLE, "multipart/related; boundary=c", "multipart-boundary"),
        (b"", RELATED, "multipart-boundary"),
        (WHOLE[:-7], RELATED, "multipart-cut"),
        (WHOLE[:30], RELATED, "multipart-cut"),
        (raw(("Content-ID: <r>", ROOT), close=False), RELATED, "multipart-cut"),
        (b"--b--\r\n", RELATED, "multipart-root"),
        (WHOLE, RELATED + '; start="<z>"', "multipart-root"),
        (raw(("", ROOT), ("Content-ID: <d>", b"1"), ("Content-ID: <d>", b"2")), RELATED, "cid-duplicate"),
        (raw(("Content-ID: <d>", ROOT), ("Content-ID: <d>", b"2")), RELATED, "cid-duplicate"),
        (raw(("nothing", ROOT)), RELATED, "multipart-headers"),
        (raw(("X: " + "a" * 20_000, ROOT)), RELATED, "multipart-headers"),
        (raw(("Content-Transfer-Encoding: quoted-printable", ROOT)), RELATED, "multipart-encoding"),
        (raw(("Content-Transfer-Encoding: base64", b"?")), RELATED, "multipart-encoding"),
        (raw(*[("", b"")] * 1002), RELATED, "multipart-parts"),
    ],
)
def test_a_body_that_cannot_be_told_apart_is_refused(body: bytes, content_type: str, code: str) -> None:
    with pytest.raises(MtomInvalid) as fault:
        mtom.read(body, content_type)
    assert fault.value.code == code


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        ('<b xmlns:x="http://www.w3.org/2004/08/xop/include"><x:Include href="cid:absent"/></b>', "cid-missing"),
        ('<b xmlns:x="http://www.w3.org/2004/08/xop/include"><x:Include href="http://a/b"/></b>', "xop"),
        ('<b xmlns:x="http://www.w3.org/2004/08/xop/include"><x:Include/></b>', "xop"),
        ('<b xmlns:x="http://www.w3.org/2004/08/xop/include">QQ==<x:Include href="cid:d"/></b>', "xop"),
        ("<b><c/></b>", "xop"),
        ("<b>pas du base64</b>", "xop"),
    ],
)
def test_a_document_that_is_not_there_is_refused(xml: str, code: str) -> None:
    with pytest.raises(MtomInvalid) as fault:
        mtom.content(etree.fromstring(xml), {"d": Part("d", "", b"doc")})
    assert fault.value.code == code


def test_a_document_in_place_is_read() -> None:
    assert mtom.content(etree.fromstring("<b> ZG9j\n </b>"), {}) == b"doc"


def test_an_escaped_identifier_names_its_part() -> None:
    root = etree.fromstring('<b><x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:a%40b%3Ac"/></b>')
    assert mtom.content(root, {"a@b:c": Part("a@b:c", "", b"doc")}) == b"doc"


def test_documents_are_not_copied() -> None:
    content = bytes(100)
    message = mtom.write(ROOT, [Part("d", "text/xml", content)], action="a", boundary="b")
    assert any(block is content for block in message.body)
    body = bytes(message.body)
    held = mtom.read(body, message.content_type).parts["d"].content
    assert isinstance(held, memoryview)
    assert held.obj is body


# ---------------------------------------------------------------- a parser that nobody here wrote

CONTENTS = (b"<a>\xc3\xa9</a>", b"\r\n--b--\r\n\x00\xff", b"", b"fin\r\n")


def test_the_mail_parser_of_python_reads_what_we_write() -> None:
    parts = [Part(f"d{rank}@x", "application/octet-stream", one) for rank, one in enumerate(CONTENTS)]
    message = mtom.write(ROOT, parts, action="urn:a", boundary="limite-1")
    head = f"MIME-Version: 1.0\r\nContent-Type: {message.content_type}\r\n\r\n".encode()
    read = email.message_from_bytes(head + bytes(message.body), policy=email.policy.HTTP)
    assert read.get_content_type() == "multipart/related"
    assert read.get_param("start") == f"<{mtom.ROOT_ID}>"
    assert not read.defects
    held = {str(one["Content-ID"]).strip("<>"): one.get_payload(decode=True) for one in read.iter_parts()}
    assert held == {mtom.ROOT_ID: ROOT, **{one.content_id: one.content for one in parts}}


def test_what_the_mail_library_of_python_writes_is_read() -> None:
    made = MIMEMultipart("related", boundary="limite-2", start="<root>")
    for name, one in (("root", ROOT), *((f"d{rank}", one) for rank, one in enumerate(CONTENTS))):
        part = MIMEApplication(one, "octet-stream")
        part["Content-ID"] = f"<{name}>"
        made.attach(part)
    received = mtom.read(made.as_bytes(policy=email.policy.HTTP), str(made["Content-Type"]))
    assert bytes(received.root) == ROOT
    assert [bytes(received.parts[f"d{rank}"].content) for rank in range(len(CONTENTS))] == list(CONTENTS)
