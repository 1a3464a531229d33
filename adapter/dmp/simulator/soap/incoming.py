"""One SOAP request taken apart: MTOM, envelope, WS-Addressing, header of security; anything amiss is a fault.

Source: W3C, SOAP 1.2, MTOM, WS-Addressing 1.0 SOAP binding; OASIS WS-Security 1.0; DMP vendor package (the four
addressing headers are required, the header of security holds the assertion and nothing else).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from lxml import etree

from adapter.dmp.simulator.soap.answers import SECURITY_FAULTS, SoapFault
from adapter.dmp.xds import mtom, soap
from adapter.dmp.xds.received_xml import XmlRefused, read_xml

_MUST: Final = f"{{{soap.SOAP}}}mustUnderstand"
_ROLE: Final = f"{{{soap.SOAP}}}role"
_NEXT: Final = frozenset({"", f"{soap.SOAP}/role/next", f"{soap.SOAP}/role/ultimateReceiver"})
_UNDERSTOOD: Final = frozenset({soap.WSA, soap.WSSE})
_MARKED: Final = ("Action", "ReplyTo")
_ABSENT: Final = "A required header representing a Message Addressing Property is not present"


@dataclass(frozen=True, slots=True, repr=False)
class Incoming:
    """A request whose envelope is sound.

    Attributes:
        action, message_id: of WS-Addressing. ``assertion``: still to be judged.
        parts: by identifier. ``mtom``: it came as multipart.
    """

    action: str
    message_id: str
    payload: etree._Element
    assertion: etree._Element
    parts: Mapping[str, mtom.Part]
    mtom: bool


def read(body: bytes, content_type: str, actions: Collection[str], *, max_bytes: int) -> Incoming:
    """The request.

    Args:
        actions: those of the service.
        max_bytes: of the envelope, documents apart.

    Raises:
        SoapFault: something of it cannot be accepted; `message_of` tells which message that was.
    """
    media, parameters = mtom.media_type(content_type)
    if media == "text/xml":
        raise SoapFault("", "Ce service lit SOAP 1.2 (application/soap+xml), pas SOAP 1.1.", code="VersionMismatch")
    if media not in (mtom.SOAP_TYPE, "multipart/related"):
        raise SoapFault("InvalidMessage", "Type de contenu inattendu : application/soap+xml ou multipart/related.")
    multipart = media == "multipart/related"
    if multipart and parameters.get("type", "").lower() != "application/xop+xml":
        raise SoapFault("InvalidMessage", "Le message MTOM n'annonce pas type=application/xop+xml.")
    try:
        received = mtom.read(body, content_type)
        root = read_xml(received.root, received.charset, lenient=False, max_bytes=max_bytes)
        envelope = soap.read(root)
    except (mtom.MtomInvalid, XmlRefused, soap.SoapInvalid) as fault:
        raise SoapFault("InvalidMessage", fault.message) from None
    if envelope.version != "1.2":
        raise SoapFault("", "Ce service lit SOAP 1.2.", code="VersionMismatch")
    header = root.find(f"{{{soap.SOAP}}}Header")
    _check_addressing(envelope, header, actions, parameters.get("action", ""))
    _check_understood(header)
    if envelope.payload is None:
        raise SoapFault("InvalidMessage", "Le corps du message est vide.")
    return Incoming(
        envelope.action,
        envelope.message_id,
        envelope.payload,
        _assertion(envelope, header),
        received.parts,
        multipart,
    )


def message_of(body: bytes, content_type: str) -> str:
    """MessageID of a request that may be unsound, empty when it cannot be told."""
    try:
        received = mtom.read(body, content_type)
        return soap.read(read_xml(received.root, received.charset)).message_id
    except (mtom.MtomInvalid, XmlRefused, soap.SoapInvalid):
        return ""


def _check_addressing(
    envelope: soap.Envelope, header: etree._Element | None, actions: Collection[str], announced: str
) -> None:
    if envelope.missing or header is None:
        raise SoapFault("MessageAddressingHeaderRequired", _ABSENT, namespace=soap.WSA)
    for name in (*_MARKED, "MessageID", "To"):
        held = header.findall(f"{{{soap.WSA}}}{name}")
        if len(held) != 1:
            raise SoapFault("InvalidAddressingHeader", f"L'en-tête {name} est donné deux fois.", namespace=soap.WSA)
        if name in _MARKED and held[0].get(_MUST) not in ("true", "1"):
            reason = f"L'en-tête {name} doit porter mustUnderstand."
            raise SoapFault("InvalidAddressingHeader", reason, namespace=soap.WSA)
    if not envelope.message_id.startswith("urn:uuid:"):
        raise SoapFault("InvalidAddressingHeader", "MessageID est un URN d'UUID.", namespace=soap.WSA)
    if envelope.reply_to != soap.ANONYMOUS:
        raise SoapFault("OnlyAnonymousAddressSupported", "La réponse part dans la même connexion.", namespace=soap.WSA)
    if envelope.action not in actions or (announced and announced != envelope.action):
        raise SoapFault("ActionNotSupported", "Cette action n'est pas celle du service.", namespace=soap.WSA)


def _check_understood(header: etree._Element | None) -> None:
    for one in header.iterchildren("*") if header is not None else ():
        known = etree.QName(one).namespace in _UNDERSTOOD
        if one.get(_MUST) in ("true", "1") and one.get(_ROLE, "") in _NEXT and not known:
            raise SoapFault("", "Un en-tête à comprendre ne l'est pas.", code="MustUnderstand")


def _assertion(envelope: soap.Envelope, header: etree._Element | None) -> etree._Element:
    if envelope.security != 1 or header is None:
        reason = "Le message porte un en-tête wsse:Security et un seul."
        raise SoapFault("InvalidSecurity", reason, namespace=SECURITY_FAULTS)
    (security,) = header.findall(f"{{{soap.WSSE}}}Security")
    if envelope.assertion is None or len(list(security.iterchildren("*"))) != 1:
        reason = "L'en-tête wsse:Security porte le VIHF et rien d'autre."
        raise SoapFault("InvalidSecurity", reason, namespace=SECURITY_FAULTS)
    return envelope.assertion
