"""One SOAP exchange with the DMP: envelope and assertion out, payload or typed error back.

Whatever cannot be read of an answer is told by what the request may have done: nothing for one without effect,
``OutcomeUnknown`` for any other.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from lxml import etree

from adapter.dmp.session import Answer, DmpSession
from adapter.dmp.xds import mtom, outcome, soap
from adapter.dmp.xds.credentials import Credentials
from adapter.dmp.xds.received_xml import XmlRefused, read_xml
from adapter.model.document import Identifier, Professional

_ACCEPT: Final = "multipart/related, application/soap+xml"


@dataclass(frozen=True, slots=True, repr=False)
class Call:
    """One request.

    Attributes:
        transaction: what is done (``TD2.1``), for the log.
        url, action: where, and which operation.
        patient: the patient whom the assertion names.
        safe: no effect on the DMP.
        parts: documents sent along. ``mtom``: multipart even without documents.
        author: who acts, when the credentials name nobody.
        secrets: what is known of the patient, cut out of what errors tell.
    """

    transaction: str
    url: str
    action: str
    payload: etree._Element
    patient: Identifier
    safe: bool = True
    parts: Sequence[mtom.Part] = ()
    mtom: bool = False
    author: Professional | None = None
    secrets: Collection[str] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """Payload of an answer, with the parts that it may include."""

    payload: etree._Element
    parts: Mapping[str, mtom.Part]


class Exchange:
    """Calls towards one DMP; may be shared by threads.

    Args:
        clock: aware time. ``new_uuid``: random; both are replaced in tests.
    """

    def __init__(
        self,
        session: DmpSession,
        credentials: Credentials,
        *,
        clock: Callable[[], datetime],
        new_uuid: Callable[[], UUID],
    ) -> None:
        self._session = session
        self._credentials = credentials
        self._clock = clock
        self._new_uuid = new_uuid
        self._author: Professional | None = None

    def acting(self, author: Professional) -> Exchange:
        """The same exchange, for calls that this professional makes; who the credentials name stays."""
        other = copy.copy(self)
        other._author = author
        return other

    def call(self, one: Call) -> Reply:
        """What the DMP answers.

        Raises:
            DmpError: a fault, an answer that cannot be read, no answer.
        """
        message_id = f"urn:uuid:{self._new_uuid()}"
        author = one.author or self._author
        assertion = self._credentials.assertion(one.patient, self._clock(), f"_{self._new_uuid()}", author)
        envelope = soap.envelope(one.payload, action=one.action, message_id=message_id, to=one.url, assertion=assertion)
        body: bytes | mtom.Body = envelope
        content_type = f'{mtom.SOAP_TYPE}; charset=UTF-8; action="{one.action}"'
        if one.parts or one.mtom:
            message = mtom.write(envelope, one.parts, action=one.action, boundary=f"uuid_{self._new_uuid()}")
            body, content_type = message.body, message.content_type
        answer = self._session.send(
            one.transaction,
            "POST",
            one.url,
            safe=one.safe,
            headers={"Content-Type": content_type, "Accept": _ACCEPT},
            body=body,
        )
        return read_reply(answer, message_id, safe=one.safe, secrets=(one.patient.value, *one.secrets))


def read_reply(answer: Answer, message_id: str, *, safe: bool, secrets: Collection[str] = ()) -> Reply:
    """Payload of an answer to the message `message_id`.

    Raises:
        DmpError: a fault, an HTTP error, an answer to another message, or one that cannot be read.
    """
    wait = answer.retry_after_s
    try:
        received = mtom.read(answer.body, answer.headers.get("Content-Type", ""))
        envelope = soap.read(read_xml(received.root, received.charset))
    except (mtom.MtomInvalid, XmlRefused, soap.SoapInvalid) as fault:
        code = "html" if answer.media_type == "text/html" else fault.code
        raise outcome.by_status(answer.status, code, safe=safe, retry_after_s=wait) from None
    if envelope.fault is not None:
        raise outcome.by_fault(envelope.fault, answer.status, safe=safe, retry_after_s=wait, secrets=secrets)
    if not 200 <= answer.status < 300:
        raise outcome.by_status(answer.status, "", safe=safe, retry_after_s=wait)
    if envelope.relates_to and envelope.relates_to != message_id:
        raise outcome.unusable("relates-to", safe=safe)
    if envelope.payload is None:
        raise outcome.unusable("soap-body", safe=safe)
    return Reply(envelope.payload, received.parts)
