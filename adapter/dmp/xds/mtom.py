"""MTOM: a SOAP envelope and documents as multipart/related over bytes, written without copying the documents.

Source: W3C, SOAP MTOM and XOP 1.0 (25/01/2005); RFC 2387 (multipart/related), RFC 2046 5.1 (boundaries), RFC 2392.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

from lxml import etree

from adapter.errors import AdapterError

XOP: Final = "http://www.w3.org/2004/08/xop/include"
ROOT_ID: Final = "root@dmp-adapter"
SOAP_TYPE: Final = "application/soap+xml"
MAX_PARTS: Final = 1000
_MAX_HEADERS: Final = 16 * 1024
_INCLUDE: Final = f"{{{XOP}}}Include"
_BASE64: Final = "base64"
_AS_IS: Final = frozenset({"", "binary", "8bit", "7bit"})
_PARAMETER: Final = re.compile(r""";\s*([!#$%&'*+.^_`|~0-9A-Za-z\-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s"]*))""")


class MtomInvalid(AdapterError):
    """A multipart body that cannot be read; ``code`` is stable, nothing of the content is told.

    Codes: ``multipart-boundary`` (none, or absent from the body), ``multipart-cut`` (no end), ``multipart-headers``,
    ``multipart-encoding``, ``multipart-parts`` (too many), ``multipart-root``, ``cid-duplicate``, ``cid-missing``,
    ``xop`` (misplaced Include, bad base64).
    """

    def __init__(self, message: str, code: str) -> None:
        self.message = message
        self.code = code
        super().__init__(f"{message} [{code}]")


@dataclass(frozen=True, slots=True, repr=False)
class Part:
    """One part: identifier without angle brackets, media type, exact bytes."""

    content_id: str
    content_type: str
    content: bytes | memoryview


class Body:
    """A multipart body as blocks: it tells its length and may be gone through several times, as HTTP wants it."""

    __slots__ = ("_blocks", "_length")

    def __init__(self, blocks: Sequence[bytes | memoryview]) -> None:
        self._blocks = tuple(blocks)
        self._length = sum(len(block) for block in self._blocks)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._blocks)  # type: ignore[arg-type]  # a view is sent like bytes

    def __len__(self) -> int:
        return self._length

    def __bytes__(self) -> bytes:
        return b"".join(self._blocks)


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """What travels: value of the header Content-Type and body."""

    content_type: str
    body: Body


@dataclass(frozen=True, slots=True, repr=False)
class Received:
    """What came: the XML with its character set, and the other parts by identifier."""

    root: bytes | memoryview
    charset: str
    parts: Mapping[str, Part]


# ---------------------------------------------------------------- writing


def write(envelope: bytes, parts: Sequence[Part], *, action: str, boundary: str) -> Message:
    """Multipart message of an envelope and the documents that it includes.

    Args:
        action: of WS-Addressing, told again in the media type (RFC 3902).
        boundary: found nowhere in the parts; made at random by the caller.
    """
    root_type = f'application/xop+xml; charset=UTF-8; type="{SOAP_TYPE}"; action="{action}"'
    blocks: list[bytes | memoryview] = [
        b"".join((_headers(boundary, root_type, ROOT_ID, first=True), envelope)),
    ]
    for part in parts:
        blocks += [_headers(boundary, part.content_type, part.content_id), part.content]
    blocks.append(f"\r\n--{boundary}--\r\n".encode("ascii"))
    content_type = (
        f'multipart/related; type="application/xop+xml"; start="<{ROOT_ID}>"; start-info="{SOAP_TYPE}";'
        f' action="{action}"; boundary="{boundary}"'
    )
    return Message(content_type, Body(blocks))


def _headers(boundary: str, content_type: str, content_id: str, *, first: bool = False) -> bytes:
    return (
        f"{'' if first else chr(13) + chr(10)}--{boundary}\r\nContent-Type: {content_type}\r\n"
        f"Content-Transfer-Encoding: binary\r\nContent-ID: <{content_id}>\r\n\r\n"
    ).encode("ascii")


def include(parent: etree._Element, content_id: str) -> None:
    """Puts the reference of a part where its content would stand. Source: XOP 1.0, 3.1; RFC 2392."""
    etree.SubElement(parent, _INCLUDE, {"href": f"cid:{quote(content_id, safe='@')}"}, nsmap={"xop": XOP})


# ---------------------------------------------------------------- reading


def read(body: bytes, content_type: str) -> Received:
    """XML and parts of a body, which may be XML alone.

    Args:
        content_type: value of the header, empty when there is none.

    Raises:
        MtomInvalid: cut short, without boundary, with parts that cannot be told apart.
    """
    media, parameters = media_type(content_type)
    if not media.startswith("multipart/"):
        return Received(body, parameters.get("charset", ""), {})
    parts = _parts(body, parameters.get("boundary", ""))
    start = _identifier(parameters.get("start", ""))
    root = parts[0] if not start else next((one for one in parts if one.content_id == start), None)
    if root is None:
        raise MtomInvalid("La partie principale annoncée n'est pas dans le message.", "multipart-root")
    others: dict[str, Part] = {}
    for part in parts:
        if part is root or not part.content_id:
            continue
        if part.content_id in others or part.content_id == root.content_id:
            raise MtomInvalid("Deux parties du message portent le même identifiant.", "cid-duplicate")
        others[part.content_id] = part
    return Received(root.content, media_type(root.content_type)[1].get("charset", ""), others)


def media_type(content_type: str) -> tuple[str, dict[str, str]]:
    """Media type in lower case and parameters of a Content-Type value, their names in lower case."""
    media, separator, rest = content_type.partition(";")
    found: dict[str, str] = {}
    for name, quoted, plain in _PARAMETER.findall(separator + rest):
        found.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) if quoted else plain)
    return media.strip().lower(), found


def content(element: etree._Element, parts: Mapping[str, Part]) -> bytes | memoryview:
    """Bytes of an element of type base64Binary: those of the part that it includes, or its own text decoded.

    Raises:
        MtomInvalid: the part is not there, or the text is no base64.
    """
    children = list(element.iterchildren("*"))
    if not children:
        try:
            return b64decode("".join((element.text or "").split()), validate=True)
        except (binascii.Error, ValueError):
            raise MtomInvalid("Le contenu d'un document n'est pas du base64.", "xop") from None
    if len(children) != 1 or children[0].tag != _INCLUDE or (element.text or "").strip():
        raise MtomInvalid("Le contenu d'un document n'est pas une inclusion XOP.", "xop")
    href = children[0].get("href") or ""
    if href[:4].lower() != "cid:":
        raise MtomInvalid("Une inclusion XOP ne désigne pas une partie du message.", "xop")
    name = href[4:]
    found = parts.get(unquote(name)) or parts.get(name)
    if found is None:
        raise MtomInvalid("Un document du message manque (partie jointe absente).", "cid-missing")
    return found.content


def _parts(body: bytes, boundary: str) -> list[Part]:
    if not boundary:
        raise MtomInvalid("Le message en plusieurs parties n'annonce pas leur séparateur.", "multipart-boundary")
    view = memoryview(body)
    found: list[Part] = []
    start: int | None = None  # where the part in hand begins
    for left, right, last in _delimiters(body, boundary.encode("latin-1", "replace")):
        if start is not None:
            if len(found) >= MAX_PARTS:
                raise MtomInvalid("Le message a trop de parties.", "multipart-parts")
            found.append(_part(view, body, start, left))
        start = right
        if last:
            break
    else:
        code = "multipart-boundary" if start is None else "multipart-cut"
        raise MtomInvalid("Le message en plusieurs parties est incomplet.", code)
    if not found:
        raise MtomInvalid("Le message en plusieurs parties est vide.", "multipart-root")
    return found


def _delimiters(body: bytes, boundary: bytes) -> Iterator[tuple[int, int, bool]]:
    """Where each delimiter line begins (its line end before it included) and ends, and whether it is the last.

    A dump with bare line feeds is read too; when the first line ends with CRLF, so must all the others.
    """
    mark = b"--" + boundary
    at, crlf = 0, True
    first = True
    while (at := body.find(mark, at)) >= 0:
        left = at
        if at and body[at - 1 : at] != b"\n":
            at += len(mark)
            continue
        if at:
            left = at - 1
            if body[at - 2 : at] == b"\r\n":
                left = at - 2
            elif not first and crlf:
                at += len(mark)
                continue
        end = at + len(mark)
        last = body[end : end + 2] == b"--"
        line_end = body.find(b"\n", end)
        rest = body[end + 2 * last : len(body) if line_end < 0 else line_end]
        if rest.strip(b" \t\r") or (line_end < 0 and not last):
            at = end
            continue
        if first:
            crlf = rest.endswith(b"\r")
            first = False
        at = len(body) if line_end < 0 else line_end + 1
        yield left, at, last


def _part(view: memoryview, body: bytes, start: int, end: int) -> Part:
    fields, begin = _fields(body, start, max(start, end))
    encoding = fields.get("content-transfer-encoding", "").strip().lower()
    held: bytes | memoryview = view[begin : max(begin, end)]
    if encoding == _BASE64:
        try:
            held = b64decode(b"".join(bytes(held).split()), validate=True)
        except (binascii.Error, ValueError):
            raise MtomInvalid("Une partie du message n'est pas du base64.", "multipart-encoding") from None
    elif encoding not in _AS_IS:
        raise MtomInvalid("Une partie du message est codée d'une façon qui n'est pas lue.", "multipart-encoding")
    return Part(_identifier(fields.get("content-id", "")), fields.get("content-type", ""), held)


def _fields(body: bytes, start: int, end: int) -> tuple[dict[str, str], int]:
    """Header fields of a part, names in lower case, and where its content begins."""
    found: dict[str, str] = {}
    at, name = start, ""
    while at < end:
        stop = body.find(b"\n", at, end)
        if stop < 0 or stop - start > _MAX_HEADERS:
            break
        line = body[at:stop].rstrip(b"\r")
        at = stop + 1
        if not line:
            return found, at
        text = line.decode("latin-1")
        if text[0] in " \t" and name:
            found[name] += " " + text.strip()
            continue
        name, colon, value = text.partition(":")
        name = name.strip().lower()
        if not colon or name in found:
            break
        found[name] = value.strip()
    if at == end and body[start:end].endswith(b"\n"):
        return found, end
    raise MtomInvalid("Les en-têtes d'une partie du message sont illisibles.", "multipart-headers")


def _identifier(text: str) -> str:
    text = text.strip()
    return text[1:-1] if text.startswith("<") and text.endswith(">") else text
