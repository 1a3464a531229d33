"""Users of the SOAP services on loopback: clients of ours by card or by structure, and messages made by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from lxml import etree

from adapter import cda as cda_printer
from adapter.api.sending import DmpServer
from adapter.dmp.simulator.serving import RunningSimulator
from adapter.dmp.xds import ebxml, mtom, soap, vihf
from adapter.dmp.xds.client import XdsClient
from adapter.dmp.xds.ebxml.names import XDSB
from adapter.dmp.xds.metadata import submit_objects
from adapter.dmp.xds.metadata.writing import document_ids
from adapter.dmp.xds.outcome import RegistryResponse, read_response
from adapter.dmp.xds.received_xml import read_xml
from adapter.dmp.xds.signing import FileSigner
from adapter.model.destination import AccessMode, KeySource, XdsAccess
from adapter.submission import Submission, prepare
from tests.dmp import wire

STRUCTURE = "1990000010"
FEED = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
ROLES = ("10^1.2.250.1.71.1.2.7^Médecin", "SM54^1.2.250.1.71.4.2.5^Médecine Générale (SM)")
SIGNERS: dict[AccessMode, str] = {"direct": "signature-carte"}


def access(mode: AccessMode = "direct", *, user: str = "899700100003", structure: str = STRUCTURE) -> XdsAccess:
    return XdsAccess(
        mode=mode,
        structure=structure,
        sector="SA08",
        user_id=user,
        user_name="Claire ÉVENO",
        roles=ROLES,
        source_id="1.2.250.1.999.9",
        software_name="essais",
        software_version="1",
    )


def server(running: RunningSimulator, mode: AccessMode = "direct", *, user: str = "899700100003") -> DmpServer:
    """How the simulator is reached by XDS, with the keys that it wrote."""
    assert running.certificates is not None
    return reached(running.xds_url, running.certificates, mode, user=user)


def reached(url: str, folder: Path, mode: AccessMode = "direct", *, user: str = "899700100003") -> DmpServer:
    signing = SIGNERS.get(mode, "signature-structure")
    keys = KeySource(folder / f"{signing}.pem", folder / f"{signing}.key")
    return DmpServer(
        url,
        wire="xds",
        ca_bundle=folder / "autorite.pem",
        client=KeySource(folder / "client.pem", folder / "client.key"),
        xds=replace(access(mode, user=user), signing=keys),
    )


def connect(url: str, folder: Path) -> XdsClient:
    """By card, to a simulator elsewhere."""
    found = reached(url, folder).connect()
    assert isinstance(found, XdsClient)
    return found


def client(running: RunningSimulator, mode: AccessMode = "direct", *, user: str = "899700100003") -> XdsClient:
    found = server(running, mode, user=user).connect()
    assert isinstance(found, XdsClient)
    return found


def signer(running: RunningSimulator, name: str = "signature-carte") -> FileSigner:
    folder = running.certificates
    assert folder is not None
    return FileSigner.from_pem((folder / f"{name}.pem").read_bytes(), (folder / f"{name}.key").read_bytes())


@dataclass
class Hand:
    """Messages made by hand, so that what our client never sends is sent; answers taken apart."""

    running: RunningSimulator

    def assertion(self, mode: AccessMode = "direct", *, at: datetime | None = None, **more: Any) -> bytes:
        name = SIGNERS.get(mode, "signature-structure")
        caller = vihf.caller(access(mode, **more))
        return vihf.assertion(
            caller, wire.PATIENT, signer(self.running, name), now=at or datetime.now(UTC), assertion_id=f"_{uuid4()}"
        )

    def post(self, service: str, body: bytes, content_type: str, *, certificate: bool = True) -> requests.Response:
        folder = self.running.certificates
        assert folder is not None
        pair = (str(folder / "client.pem"), str(folder / "client.key"))
        return requests.post(
            f"{self.running.xds_url}/{service}",
            data=body,
            headers={"Content-Type": content_type},
            cert=pair if certificate else None,
            verify=str(folder / "autorite.pem"),
            timeout=30,
        )

    def envelope(self, payload: etree._Element, action: str, assertion: bytes | None = None) -> bytes:
        return soap.envelope(
            payload,
            action=action,
            message_id=f"urn:uuid:{uuid4()}",
            to=self.running.xds_url,
            assertion=self.assertion() if assertion is None else assertion,
        )

    def ask(self, service: str, payload: etree._Element, action: str, assertion: bytes | None = None) -> Answer:
        """A request without documents."""
        body = self.envelope(payload, action, assertion)
        return read(self.post(service, body, f'application/soap+xml; charset=UTF-8; action="{action}"'))

    def feed(
        self,
        signed: Submission,
        *,
        changed: Callable[[etree._Element], object] = lambda payload: None,
        parts: Callable[[list[mtom.Part]], list[mtom.Part]] = lambda parts: parts,
        assertion: bytes | None = None,
        **more: Any,
    ) -> Answer:
        """ITI-41 of a signed set, its payload or its parts changed before it leaves."""
        payload, documents = provided(signed, **more)
        changed(payload)
        message = mtom.write(
            self.envelope(payload, FEED, assertion), parts(documents), action=FEED, boundary=f"b{uuid4()}"
        )
        return read(self.post("repository", bytes(message.body), message.content_type))


@dataclass(frozen=True)
class Answer:
    """Status, payload or fault, and parts."""

    status: int
    payload: etree._Element
    fault: soap.Fault | None
    received: mtom.Received

    @property
    def response(self) -> RegistryResponse:
        return read_response(self.payload)

    @property
    def codes(self) -> list[str]:
        return [one.code for one in self.response.errors]


def provided(signed: Submission, replaced: dict[str, str] | None = None) -> tuple[etree._Element, list[mtom.Part]]:
    """Payload and parts of ITI-41."""
    root = etree.Element(f"{{{XDSB}}}ProvideAndRegisterDocumentSetRequest", nsmap={"xds": XDSB})
    root.append(ebxml.build(submit_objects(signed, replaced=replaced)))
    ids = document_ids(signed)
    parts = []
    for entry, content in zip(signed.entries, signed.contents, strict=True):
        held = etree.SubElement(root, f"{{{XDSB}}}Document", {"id": ids[entry.unique_id]})
        mtom.include(held, f"{ids[entry.unique_id]}@essai")
        parts.append(mtom.Part(f"{ids[entry.unique_id]}@essai", entry.mime_type, content))
    return root, parts


def read(answer: requests.Response) -> Answer:
    received = mtom.read(answer.content, answer.headers["Content-Type"])
    envelope = soap.read(read_xml(received.root, received.charset))
    assert envelope.payload is not None
    return Answer(answer.status_code, envelope.payload, envelope.fault, received)


def original() -> Submission:
    """What ``wire.submission(replaces=True)`` replaces."""
    first = replace(wire.DOCUMENT, oid=wire.DOCUMENT.replaces_oid, replaces_oid="", version=1)
    return prepare(first, cda=cda_printer.render(first), bundle=None, submission_time=wire.NOW, opposition=False)
