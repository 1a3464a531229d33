"""SOAP 1.2 envelopes with WS-Addressing and an assertion, built and read; faults both ways.

Source: W3C, SOAP 1.2 part 1 (27/04/2007), WS-Addressing 1.0 core and SOAP binding; OASIS WS-Security 1.0 (header only);
GIE SESAM-Vitale, DMP vendor package (the four addressing headers are required).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

from lxml import etree

from adapter.errors import AdapterError

SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
SOAP11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
WSA: Final = "http://www.w3.org/2005/08/addressing"
ANONYMOUS: Final = f"{WSA}/anonymous"
FAULT_ACTION: Final = f"{WSA}/soap/fault"
WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
SAML: Final = "urn:oasis:names:tc:SAML:2.0:assertion"

_S: Final = f"{{{SOAP}}}"
_W: Final = f"{{{WSA}}}"
_NSMAP: Final = {"soap": SOAP, "wsa": WSA}
_MUST_UNDERSTAND: Final = f"{_S}mustUnderstand"
_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"


class SoapInvalid(AdapterError):
    """What was read is no SOAP envelope; ``code`` is stable (``soap-version``, ``soap-envelope``, ``soap-body``)."""

    def __init__(self, message: str, code: str) -> None:
        self.message = message
        self.code = code
        super().__init__(f"{message} [{code}]")


@dataclass(frozen=True, slots=True, repr=False)
class Fault:
    """A SOAP fault: local names of the code and of the subcodes, whatever their prefix; ``reason`` is free text.

    ``subcodes`` goes from the general to the particular; ``details`` holds the texts of the elements of the detail that
    have no child, by local name: a server may put its own code there.
    """

    code: str
    subcodes: tuple[str, ...] = ()
    reason: str = ""
    details: tuple[tuple[str, str], ...] = ()

    @property
    def own_code(self) -> str:
        """The most particular code."""
        return self.subcodes[-1] if self.subcodes else self.code


@dataclass(frozen=True, slots=True, repr=False)
class Envelope:
    """An envelope read; a header that is absent is an empty string.

    Attributes:
        payload: first element of the body, None when the body is empty.
        assertion: the saml2:Assertion, still in its tree, None without one.
        fault: the fault in the body, None when there is none.
        version: 1.2, or 1.1 for an answer of old middleware.
        security: number of wsse:Security headers.
    """

    action: str
    message_id: str
    to: str
    relates_to: str
    reply_to: str
    payload: etree._Element | None
    assertion: etree._Element | None = None
    fault: Fault | None = None
    version: str = "1.2"
    security: int = 0
    missing: tuple[str, ...] = field(default=())


def envelope(
    payload: etree._Element,
    *,
    action: str,
    message_id: str,
    to: str = ANONYMOUS,
    relates_to: str = "",
    assertion: bytes = b"",
) -> bytes:
    """Bytes of an envelope.

    Args:
        relates_to: identifier of the request that this answers; a request has none and gets ``ReplyTo``.
        assertion: signed assertion; its bytes are taken as they are, so that nothing touches its signature.
    """
    root = etree.Element(f"{_S}Envelope", nsmap=_NSMAP)
    header = etree.SubElement(root, f"{_S}Header")
    etree.SubElement(header, f"{_W}Action", {_MUST_UNDERSTAND: "true"}).text = action
    etree.SubElement(header, f"{_W}MessageID").text = message_id
    etree.SubElement(header, f"{_W}To").text = to
    if relates_to:
        etree.SubElement(header, f"{_W}RelatesTo").text = relates_to
    else:
        reply = etree.SubElement(header, f"{_W}ReplyTo", {_MUST_UNDERSTAND: "true"})
        etree.SubElement(reply, f"{_W}Address").text = ANONYMOUS
    mark = ""
    if assertion:
        mark = uuid4().hex
        etree.SubElement(header, f"{{{WSSE}}}Security", nsmap={"wsse": WSSE}).text = mark
    etree.SubElement(root, f"{_S}Body").append(payload)
    written: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written.replace(mark.encode("ascii"), _bare(assertion), 1) if mark else written


def fault(
    code: str,
    subcode: str,
    reason: str,
    *,
    message_id: str,
    relates_to: str = "",
    subcode_namespace: str = SOAP,
    action: str = FAULT_ACTION,
) -> bytes:
    """Bytes of an envelope that carries a fault.

    Args:
        code: ``Sender``, ``Receiver``, ``MustUnderstand``, ``VersionMismatch`` or ``DataEncodingUnknown``.
        subcode: local name, empty for none. ``subcode_namespace``: the DMP takes that of SOAP itself.
    """
    found = etree.Element(f"{_S}Fault", nsmap={"soap": SOAP, "sub": subcode_namespace})
    held = etree.SubElement(found, f"{_S}Code")
    etree.SubElement(held, f"{_S}Value").text = f"soap:{code}"
    if subcode:
        inner = etree.SubElement(held, f"{_S}Subcode")
        etree.SubElement(inner, f"{_S}Value").text = f"sub:{subcode}"
    texts = etree.SubElement(found, f"{_S}Reason")
    etree.SubElement(texts, f"{_S}Text", {_LANG: "fr"}).text = reason
    return envelope(found, action=action, message_id=message_id, relates_to=relates_to or ANONYMOUS)


def read(root: etree._Element) -> Envelope:
    """The envelope whose root is `root`.

    Headers that must be there are listed in ``missing``; an answer that lacks some is read all the same.

    Raises:
        SoapInvalid: no envelope, or no body.
    """
    name = etree.QName(root)
    if name.localname != "Envelope" or name.namespace not in (SOAP, SOAP11):
        raise SoapInvalid("Ce n'est pas une enveloppe SOAP.", "soap-envelope")
    own = f"{{{name.namespace}}}"
    body = root.find(f"{own}Body")
    if body is None:
        raise SoapInvalid("L'enveloppe SOAP n'a pas de corps.", "soap-body")
    payload = next(body.iterchildren("*"), None)
    held = root.find(f"{own}Header")
    header = etree.Element("none") if held is None else held
    found = {one: _text(header.find(f"{_W}{one}")) for one in ("Action", "MessageID", "To", "RelatesTo")}
    reply = _text(header.find(f"{_W}ReplyTo/{_W}Address"))
    securities = header.findall(f"{{{WSSE}}}Security")
    present = {**found, "ReplyTo": reply, "To": "there" if header.find(f"{_W}To") is not None else ""}
    return Envelope(
        action=found["Action"],
        message_id=found["MessageID"],
        to=found["To"],
        relates_to=found["RelatesTo"],
        reply_to=reply,
        payload=payload,
        assertion=securities[0].find(f"{{{SAML}}}Assertion") if securities else None,
        fault=_fault(payload, own) if payload is not None and payload.tag == f"{own}Fault" else None,
        version="1.2" if name.namespace == SOAP else "1.1",
        security=len(securities),
        missing=tuple(one for one in ("MessageID", "To", "ReplyTo", "Action") if not present[one]),
    )


def _fault(element: etree._Element, own: str) -> Fault:
    if own != _S:
        code = _local(_text(element.find("faultcode")))
        parts = tuple(filter(None, code.split(".")))
        return Fault(
            parts[0] if parts else "", parts[1:], _text(element.find("faultstring")), _details(element.find("detail"))
        )
    codes: list[str] = []
    held = element.find(f"{_S}Code")
    while held is not None and len(codes) < 10:
        codes.append(_local(_text(held.find(f"{_S}Value"))))
        held = held.find(f"{_S}Subcode")
    reason = " ".join(_text(one) for one in element.iterfind(f"{_S}Reason/{_S}Text"))
    return Fault(
        codes[0] if codes else "",
        tuple(filter(None, codes[1:])),
        reason.strip(),
        _details(element.find(f"{_S}Detail")),
    )


def _details(element: etree._Element | None) -> tuple[tuple[str, str], ...]:
    if element is None:
        return ()
    leaves = (one for one in element.iter("*") if one is not element and not len(one))
    return tuple((etree.QName(one).localname, _text(one)) for one in leaves)[:50]


def _text(element: etree._Element | None) -> str:
    return "" if element is None else (element.text or "").strip()


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _bare(assertion: bytes) -> bytes:
    """The assertion without XML declaration: it stands inside a document."""
    if assertion.startswith(b"<?xml"):
        return assertion[assertion.index(b"?>") + 2 :].lstrip()
    return assertion
