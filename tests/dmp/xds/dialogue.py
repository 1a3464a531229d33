"""What the tests of the XDS client share: a client without key, answers of a DMP, what was sent taken apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import responses
from lxml import etree

from adapter.dmp import FoundEntry
from adapter.dmp.session import DmpSession, RetryPolicy
from adapter.dmp.xds import ebxml, mtom, outcome, queries, retrieve, soap
from adapter.dmp.xds.client import Services, XdsClient
from adapter.dmp.xds.metadata import document_object, found_entry, names
from adapter.dmp.xds.received_xml import read_xml
from adapter.model.coded import CodeSystem, Coding
from adapter.model.destination import AccessMode
from adapter.model.document import Identifier, Professional
from adapter.submission import Submission
from adapter.submission.values import DocumentEntry
from tests.dmp import wire

BASE = "https://dmp.example.org/si-dmp-server/v2/services"
NOW = datetime(2026, 10, 12, 17, 0, tzinfo=UTC)
OUR_OID = "1.2.250.1.999.9"
REPOSITORY = "1.2.250.1.213.4.1.1.1.2"
ENTRY = "urn:uuid:5f1a7ab8-6f0b-4d57-8c84-7d5a0a5ef0aa"
ASSERTION = b'<saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" ID="_test"/>'


class Keyless:
    """Credentials that sign nothing; they remember whom they were asked for."""

    def __init__(self, mode: AccessMode = "direct", *, signs: bool = True) -> None:
        self._mode = mode
        self._signs = signs
        self.patients: list[Identifier] = []
        self.authors: list[Professional | None] = []

    @property
    def mode(self) -> AccessMode:
        return self._mode

    def assertion(self, patient: Identifier, now: datetime, assertion_id: str, author: Professional | None) -> bytes:
        assert now == NOW
        assert assertion_id.startswith("_")
        self.patients.append(patient)
        self.authors.append(author)
        return ASSERTION

    def signed(self, submission: Submission) -> Submission:
        if not self._signs:
            return submission
        entry = submission.entries[0]
        urn = CodeSystem("urn", "URN", "URN", "")
        signature = replace(
            entry,
            unique_id=f"{entry.unique_id}.9",
            class_=Coding(urn, names.SIGNATURE_CLASS, "Digital Signature"),
            title="Source",
            language="art",
            source_patient_id=entry.patient_id,
            replaces="",
        )
        return Submission(submission.set, (*submission.entries, signature), (*submission.contents, b"<Signature/>"))


def uuids() -> Iterator[UUID]:
    for rank in range(1, 10_000):
        yield UUID(int=rank)


def client(
    mode: AccessMode = "direct", *, waits: list[float] | None = None, credentials: Keyless | None = None, **more: Any
) -> XdsClient:
    """Client that never waits, with counted UUIDs: the first message of a client is number 1."""
    slept: list[float] = [] if waits is None else waits
    session = DmpSession(sleep=slept.append, retry=RetryPolicy(attempts=3, first_wait_s=0.5, longest_wait_s=10))
    made = uuids()
    return XdsClient(
        Services.under(BASE),
        session,
        credentials or Keyless(mode),
        source_id=OUR_OID,
        clock=lambda: NOW,
        new_uuid=lambda: next(made),
        **more,
    )


# ---------------------------------------------------------------- answers


def enveloped(payload: etree._Element, relates_to: str = "") -> bytes:
    return soap.envelope(
        payload, action="urn:test:answer", message_id=f"urn:uuid:{UUID(int=99)}", relates_to=relates_to or "none"
    ).replace(b"<wsa:RelatesTo>none</wsa:RelatesTo>", b"")


def answer(
    service: str, payload: etree._Element | bytes, status: int = 200,
    content_type: str = "application/soap+xml; charset=UTF-8", headers: dict[str, str] | None = None,
) -> responses.BaseResponse:  # fmt: skip
    """Registers one answer of a service."""
    body = payload if isinstance(payload, bytes) else enveloped(payload)
    return responses.add(
        "POST", f"{BASE}/{service}", body=body, status=status, content_type=content_type, headers=headers
    )


def registry(*codes: str, status: str = "", warning: bool = False, context: str = "") -> etree._Element:
    """RegistryResponse: a success without codes, a failure with some."""
    errors = tuple(outcome.RegistryError(code, context, "", warning) for code in codes)
    told = status or (outcome.FAILURE if codes and not warning else outcome.SUCCESS)
    return outcome.build_response(outcome.RegistryResponse(told, errors))


def found(*objects: Any, status: str = outcome.SUCCESS, codes: Iterable[str] = ()) -> etree._Element:
    """Answer of a stored query."""
    errors = tuple(outcome.RegistryError(code) for code in codes)
    return queries.build_answer(queries.QueryAnswer(outcome.RegistryResponse(status, errors), objects))


def stored(
    *masks: str, status: str = names.APPROVED, version: str = "1", object_id: str = ENTRY, **more: Any
) -> ebxml.ExtrinsicObject:
    """The CDA document of ``wire.submission()`` as the registry gives it back."""
    entry = replace(wire.submission(masks=masks).entries[0], **more)
    return document_object(entry, object_id, lid=ENTRY, status=status, version=version, repository=REPOSITORY)


def retrieved(content: bytes, unique_id: str = wire.DOCUMENT.oid) -> tuple[bytes, str]:
    """Body and media type of an answer that gives one document."""
    held = retrieve.Retrieved(REPOSITORY, unique_id, "text/xml", content)
    payload = retrieve.build_answer(
        retrieve.RetrieveAnswer(outcome.RegistryResponse(outcome.SUCCESS), (held,)), {unique_id: "doc@dmp"}
    )
    message = mtom.write(
        enveloped(payload), [mtom.Part("doc@dmp", "text/xml", content)], action="urn:test", boundary="limit"
    )
    return bytes(message.body), message.content_type


def fault(code: str, subcode: str, reason: str = "motif") -> bytes:
    return soap.fault(
        code, subcode, reason, message_id=f"urn:uuid:{UUID(int=99)}", relates_to=f"urn:uuid:{UUID(int=1)}"
    )


# ---------------------------------------------------------------- what was sent


def sent(rank: int = -1) -> tuple[soap.Envelope, mtom.Received, Any]:
    """Envelope, parts and request of the call of this rank."""
    request = responses.calls[rank].request
    body = bytes(request.body)  # type: ignore[arg-type]  # bytes, or blocks that join themselves
    received = mtom.read(body, request.headers["Content-Type"])
    return soap.read(read_xml(received.root, received.charset, lenient=False)), received, request


def payload(rank: int = -1) -> etree._Element:
    """Payload of the call of this rank."""
    held = sent(rank)[0].payload
    assert held is not None
    return held


def found_entry_of(entry: DocumentEntry) -> FoundEntry:
    """What the registry tells of an entry."""
    return found_entry(document_object(entry, ENTRY, lid=ENTRY, version="1", repository=REPOSITORY))
