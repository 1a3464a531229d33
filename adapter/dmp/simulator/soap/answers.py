"""What the SOAP services answer: envelopes, faults (HTTP 500), refusals in words of ebRS (HTTP 200).

Source: SOAP 1.2 part 1 and 2 (HTTP binding); IHE ITI TF-3, 4.2.4; DMP vendor package (subcodes of the DMP).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import uuid4

from lxml import etree

from adapter.dmp.simulator.outcomes import Issue
from adapter.dmp.xds import mtom, outcome, soap
from adapter.dmp.xds.outcome import FAILURE, PARTIAL, SUCCESS, RegistryError, RegistryResponse

FaultCode = Literal["Sender", "Receiver", "MustUnderstand", "VersionMismatch"]
SECURITY_FAULTS: Final = soap.WSSE
DONE: Final = RegistryResponse(SUCCESS)


class SoapFault(Exception):
    """The envelope, or whoever sent it, is refused: nothing was looked at beyond.

    Attributes:
        code, subcode: as in the fault. ``namespace``: of the subcode; the DMP takes that of SOAP for its own.
        reason: French sentence without any value of the message.
    """

    def __init__(self, subcode: str, reason: str, *, code: FaultCode = "Sender", namespace: str = soap.SOAP) -> None:
        self.code = code
        self.subcode = subcode
        self.reason = reason
        self.namespace = namespace
        super().__init__(f"{code} {subcode}")


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """What an operation gives back: payload, and the documents that it includes."""

    payload: etree._Element
    parts: Sequence[mtom.Part] = ()
    multipart: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Written:
    """Bytes of an HTTP answer."""

    status: int
    content_type: str
    body: bytes


def write(reply: Reply, action: str, relates_to: str) -> Written:
    """Envelope of a reply, multipart when it includes documents."""
    envelope = soap.envelope(reply.payload, action=action, message_id=_message_id(), relates_to=relates_to)
    if not (reply.multipart or reply.parts):
        return Written(200, _single(action), envelope)
    message = mtom.write(envelope, reply.parts, action=action, boundary=f"uuid_{uuid4()}")
    return Written(200, message.content_type, bytes(message.body))


def write_fault(fault: SoapFault, relates_to: str) -> Written:
    """Envelope of a fault, HTTP 500."""
    action = f"{soap.WSA}/fault" if fault.namespace == soap.WSA else soap.FAULT_ACTION
    body = soap.fault(
        fault.code,
        fault.subcode,
        fault.reason,
        message_id=_message_id(),
        relates_to=relates_to,
        subcode_namespace=fault.namespace,
        action=action,
    )
    return Written(500, _single(action), body)


def refused(issues: Iterable[Issue], *, partial: bool = False) -> RegistryResponse:
    """Response that tells every reason."""
    errors = tuple(RegistryError(one.code, one.text, one.expression, warning=one.severity != "error") for one in issues)
    return RegistryResponse(PARTIAL if partial else FAILURE, errors)


def registry_response(response: RegistryResponse) -> etree._Element:
    """``rs:RegistryResponse``."""
    return outcome.build_response(response)


def _single(action: str) -> str:
    return f'{mtom.SOAP_TYPE}; charset=UTF-8; action="{action}"'


def _message_id() -> str:
    return f"urn:uuid:{uuid4()}"
