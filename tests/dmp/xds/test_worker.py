"""The queue on the XDS wire, keys and signatures included: sent once, found again, whatever the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import requests
import responses

from adapter.dmp.session import DmpSession
from adapter.dmp.xds import dsg, ebxml, hl7v3, mtom, outcome, queries, soap, vihf
from adapter.dmp.xds.client import Services, XdsClient
from adapter.dmp.xds.credentials import SignedCredentials
from adapter.dmp.xds.ebxml import ExtrinsicObject, ObjectRef
from adapter.dmp.xds.metadata import names
from adapter.dmp.xds.received_xml import read_xml
from adapter.model.destination import AccessMode
from adapter.model.document import Identifier
from adapter.outbox import Outbox, Policy, Reason, State, Worker
from tests.dmp import wire
from tests.dmp.xds import dialogue, pki
from tests.dmp.xds.dialogue import BASE, OUR_OID
from tests.outbox.conftest import Clock

CLOCK = Clock()
Reply = tuple[int, dict[str, str], bytes]


class Registry:
    """A small DMP behind the wire: it keeps what it is fed, and answers as it is told."""

    def __init__(self) -> None:
        self.held: dict[str, ExtrinsicObject] = {}
        self.contents: dict[str, bytes] = {}
        self.assertions: list[vihf.VihfRead] = []
        self.fed = 0
        self.faults: list[Callable[[], Reply]] = []
        for name in ("repository", "registry", "patients"):
            responses.add_callback("POST", f"{BASE}/{name}", self._answer)

    def _answer(self, request: Any) -> Reply:
        received = mtom.read(bytes(request.body), request.headers["Content-Type"])
        root = read_xml(received.root, received.charset, lenient=False)
        envelope = soap.read(root)
        assert envelope.assertion is not None
        assert envelope.payload is not None
        found = vihf.verify(envelope.assertion, trusted=(pki.authority().der,), now=pki.NOW)
        vihf.require_patient(found, wire.PATIENT)
        self.assertions.append(found)
        if envelope.action.endswith("PRPA_IN201307UV02"):
            return self._told(self._existence(envelope), envelope)
        if envelope.action.endswith("RegistryStoredQuery"):
            return self._told(self._query(envelope.payload), envelope)
        reply = self._told(self._feed(envelope.payload, received), envelope)
        return self.faults.pop(0)() if self.faults else reply

    def _told(self, payload: Any, envelope: soap.Envelope) -> Reply:
        return 200, {"Content-Type": "application/soap+xml"}, dialogue.enveloped(payload, envelope.message_id)

    def _existence(self, envelope: soap.Envelope) -> Any:
        assert envelope.payload is not None
        query = hl7v3.read_existence_query(envelope.payload)
        assert query is not None
        sender = hl7v3.Sender(OUR_OID, "test")
        return hl7v3.existence_answer(query, sender, pki.NOW, Identifier("1.2.3", "a"), state="active", attending=True)

    def _query(self, payload: Any) -> Any:
        query = queries.read(payload)
        parameter = query.parameter("$XDSDocumentEntryUniqueId")
        assert parameter is not None
        found = [self.held[one] for one in parameter.values if one in self.held]
        if query.return_type == "ObjectRef":
            return dialogue.found(*(ObjectRef(one.id) for one in found))
        return dialogue.found(*found)

    def _feed(self, payload: Any, received: mtom.Received) -> Any:
        self.fed += 1
        objects = ebxml.parse(payload)
        documents = {str(one.get("id")): one for one in payload.iterchildren("{urn:ihe:iti:xds-b:2007}Document")}
        if any(one.identifier(names.UNIQUE) in self.held for one in objects.documents):
            return dialogue.registry(outcome.DUPLICATE)
        for one in objects.documents:
            unique_id = one.identifier(names.UNIQUE)
            self.held[unique_id] = one
            self.contents[unique_id] = bytes(mtom.content(documents[one.id], received.parts))
        return dialogue.registry()


def client(mode: AccessMode = "direct") -> XdsClient:
    software = vihf.Software("dmp-adapter", "0.1.0", "1.2.250.1.999.1", "AUT-1")
    caller = vihf.Caller(mode, pki.STRUCTURE, "SA08", software)
    return XdsClient(
        Services.under(BASE),
        DmpSession(),
        SignedCredentials(caller, pki.issued().signer, "SHA-256"),
        source_id=OUR_OID,
        clock=lambda: pki.NOW,
    )


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox.open(f"sqlite:///{tmp_path / 'outbox.db'}", key="", clock=CLOCK, host="cabinet") as opened:
        yield opened


def sent(outbox: Outbox, mode: AccessMode = "direct") -> tuple[State, Reason]:
    """Where one deposit ended."""
    row = outbox.enqueue(wire.submission(), destination="dmp")
    worker = Worker(
        outbox, {"dmp": lambda: client(mode)}, policy=Policy(), clock=CLOCK, random=Random(1), sleep=CLOCK.sleep
    )
    assert worker.drain()
    found = outbox.row(row)
    return found.state, found.reason


@responses.activate
def test_a_deposit_is_sent_signed_by_its_author_and_found_again(outbox: Outbox) -> None:
    registry = Registry()
    assert sent(outbox) == (State.CONFIRMED, Reason.NONE)
    assert registry.fed == 1
    author = wire.DOCUMENT.author.identifier
    assert author is not None
    assert {one.user_id for one in registry.assertions} == {author.value}
    signature = next(
        registry.contents[unique_id]
        for unique_id, one in registry.held.items()
        if one.classified(names.CLASS)[0].representation == names.SIGNATURE_CLASS
    )
    read = dsg.verify(signature, documents={wire.DOCUMENT.oid: wire.CDA}, set_unique_id=wire.submission().set.unique_id)
    assert read.documents == (wire.DOCUMENT.oid,)


def _cut() -> Reply:
    return 200, {"Content-Type": "multipart/related; boundary=x"}, b"--x\r\nContent-ID: <r>\r\n\r\n<soap:Env"


def _lost() -> Reply:
    raise requests.ConnectionError("reset")


def _portal() -> Reply:
    return 502, {"Content-Type": "text/html"}, b"<html/>"


@pytest.mark.parametrize("fault", [_cut, _lost, _portal])
@responses.activate
def test_an_answer_lost_after_the_deposit_is_searched_and_never_sent_twice(
    outbox: Outbox, fault: Callable[[], Reply]
) -> None:
    registry = Registry()
    registry.faults = [fault]
    assert sent(outbox) == (State.CONFIRMED, Reason.NONE)
    assert registry.fed == 1


@responses.activate
def test_a_duplicate_of_our_own_is_done_once_it_is_found(outbox: Outbox) -> None:
    """The search after the lost answer came too early: the document is sent again, and refused as known."""
    registry = Registry()
    client().submit(wire.submission())
    assert sent(outbox) == (State.CONFIRMED, Reason.NONE)
    assert registry.fed == 2
    assert len(registry.held) == 2


@responses.activate
def test_a_busy_registry_gets_the_deposit_later(outbox: Outbox) -> None:
    registry = Registry()

    def busy() -> Reply:
        registry.held.clear()
        told = dialogue.enveloped(dialogue.registry("XDSRegistryBusy"))
        return 200, {"Content-Type": "application/soap+xml"}, told

    registry.faults = [busy, busy]
    assert sent(outbox) == (State.CONFIRMED, Reason.NONE)
    assert registry.fed == 3


@responses.activate
def test_a_structure_that_may_not_read_leaves_the_deposit_as_accepted(outbox: Outbox) -> None:
    registry = Registry()
    assert sent(outbox, "indirect") == (State.ACCEPTED, Reason.READ_BACK_DENIED)
    assert registry.fed == 1
