"""What a form of the page sends: fields by name, a chosen file among them."""

from __future__ import annotations

from collections.abc import Mapping
from email.message import Message
from email.parser import BytesParser
from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request

from adapter.service.problems import Refusal

_FIELDS_MAX: Final = 20
_URLENCODED: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"


async def form_fields(request: Request) -> Mapping[str, bytes]:
    """Fields of the form in the body; the first of those that bear one name.

    Raises:
        Refusal: 415, 413, 408, 400.
    """
    kind = request.headers.get("content-type", "")
    body = b"".join([piece async for piece in request.stream()])
    media_type = kind.partition(";")[0].strip().lower()
    if media_type == _URLENCODED:
        return _urlencoded(body)
    if media_type == _MULTIPART:
        return _multipart(kind, body)
    raise Refusal("media-type", "Cette adresse attend un formulaire de la page.")


def _urlencoded(body: bytes) -> Mapping[str, bytes]:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS_MAX, errors="strict")
    except ValueError:  # UnicodeDecodeError is one
        raise Refusal("unreadable-body", "Le formulaire n'est pas lisible.") from None
    return {name: value.encode() for name, value in reversed(pairs)}


def _multipart(kind: str, body: bytes) -> Mapping[str, bytes]:
    """Source: RFC 7578; RFC 2046, 5.1.1 (boundaries). A part is read as bytes, whatever its own type says."""
    boundary = _header("Content-Type", kind).get_boundary()
    first, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary.encode()) if boundary else (b"",)
    if first.strip() or not parts or not parts[-1].startswith(b"--") or len(parts) > _FIELDS_MAX:
        raise Refusal("unreadable-body", "Le formulaire n'est pas lisible.")
    found: dict[str, bytes] = {}
    for part in parts[:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = BytesParser().parsebytes(head, headersonly=True).get_param("name", header="content-disposition")
        if isinstance(name, str):
            found.setdefault(name, content)
    return found


def _header(name: str, value: str) -> Message:
    message = Message()
    message[name] = value
    return message
