"""Answers of the SOAP services spoilt on demand, as servers and what stands before them do spoil them.

Source: DRIM-M client (faults as multipart, bodies in Latin-1); MTOM and ebRS for what is then wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from uuid import uuid4

from adapter.dmp.simulator.outcomes import Issue
from adapter.dmp.simulator.soap import answers
from adapter.dmp.simulator.soap.answers import Reply, SoapFault
from adapter.dmp.xds import mtom
from adapter.dmp.xds.outcome import PARTIAL, SUCCESS

Answer = tuple[int, str, bytes]
"""Status, media type, body."""

_ACTION: Final = re.compile(rb"<wsa:Action[^>]*>([^<]*)<")
_RELATES: Final = re.compile(rb"<wsa:RelatesTo>([^<]*)<")
_CID: Final = re.compile(rb'href="cid:')
_DECLARATION: Final = re.compile(rb"<\?xml[^>]*\?>")


def failure(status: int) -> Answer:
    """What a failing server says: a SOAP fault of the receiver."""
    written = answers.write_fault(SoapFault("", "Panne simulée.", code="Receiver"), "")
    return status, written.content_type, written.body


def spoilt(name: str, answer: Answer) -> Answer:
    """The answer with the fault of this name (one of `NAMES`)."""
    return _SPOILERS[name](answer)


def _multipart(answer: Answer) -> Answer:
    """The same envelope as the root of a multipart body."""
    status, content_type, body = answer
    if content_type.startswith("multipart/"):
        return answer
    found = _ACTION.search(body)
    action = found.group(1).decode() if found else ""
    message = mtom.write(body, (), action=action, boundary=f"uuid_{uuid4()}")
    return status, message.content_type, bytes(message.body)


def _cut(answer: Answer) -> Answer:
    """A multipart body whose end never came, told as whole."""
    status, content_type, body = _multipart(answer)
    return status, content_type, body[: len(body) * 3 // 4]


def _fault_multipart(answer: Answer) -> Answer:
    _, _, body = answer
    found = _RELATES.search(body)
    relates_to = found.group(1).decode() if found else ""
    written = answers.write_fault(SoapFault("", "Erreur interne simulée.", code="Receiver"), relates_to)
    return _multipart((500, written.content_type, written.body))


def _latin_1(answer: Answer) -> Answer:
    """Body in Latin-1 that nothing announces."""
    status, content_type, body = answer
    if content_type.startswith("multipart/"):
        return answer
    text = _DECLARATION.sub(b"", body, count=1).decode("utf-8")
    words = text.replace("</wsa:MessageID>", "</wsa:MessageID><!-- r\xe9pondu -->", 1)
    return status, re.sub(r";\s*charset=[^;]*", "", content_type), words.encode("latin-1", "xmlcharrefreplace")


def _wrong_cid(answer: Answer) -> Answer:
    status, content_type, body = answer
    return status, content_type, _CID.sub(b'href="cid:ailleurs-', body)


def _no_cid(answer: Answer) -> Answer:
    """Documents announced, whose parts are not there."""
    status, content_type, body = answer
    if not content_type.startswith("multipart/"):
        return answer
    return status, content_type, body.replace(b"Content-ID: <document", b"X-Content-ID: <document")


def _partial(answer: Answer) -> Answer:
    """Success told as a part, with an error beside; what tells no ebRS success has no part either."""
    status, content_type, body = answer
    if SUCCESS.encode() not in body:
        return answer
    response = answers.registry_response(answers.refused([Issue("Panne simulée.", "XDSRegistryError")], partial=True))
    if b"RegistryErrorList" not in body and not content_type.startswith("multipart/") and b"AdhocQuery" not in body:
        found, relates = _ACTION.search(body), _RELATES.search(body)
        written = answers.write(
            Reply(response),
            found.group(1).decode() if found else "",
            relates.group(1).decode() if relates else "",
        )
        return written.status, written.content_type, written.body
    return status, content_type, body.replace(SUCCESS.encode(), PARTIAL.encode())


def _other_message(answer: Answer) -> Answer:
    """Answer to another message."""
    status, content_type, body = answer
    return status, content_type, _RELATES.sub(f"<wsa:RelatesTo>urn:uuid:{uuid4()}<".encode(), body)


_SPOILERS: Final[dict[str, Callable[[Answer], Answer]]] = {
    "soap-truncated-multipart": _cut,
    "soap-fault-multipart": _fault_multipart,
    "soap-latin-1": _latin_1,
    "soap-wrong-cid": _wrong_cid,
    "soap-missing-cid": _no_cid,
    "soap-partial-success": _partial,
    "soap-relates-to": _other_message,
}
