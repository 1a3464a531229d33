"""What a form of the page sends: fields by name, a chosen file among them."""

from __future__ import annotations

from collections.abc import Mapping
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
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
    """Source: RFC 7578; a part is read as bytes, whatever its own type says."""
    head = f"Content-Type: {kind}\r\n\r\n".encode("ascii", "replace")
    message: EmailMessage = BytesParser(policy=HTTP).parsebytes(head + body)
    found: dict[str, bytes] = {}
    if not message.is_multipart() or message.defects:
        raise Refusal("unreadable-body", "Le formulaire n'est pas lisible.")
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes) and len(found) < _FIELDS_MAX:
            found.setdefault(name, content)
    return found
