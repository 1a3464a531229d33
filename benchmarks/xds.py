#!/usr/bin/env python3
"""The production wire in figures: building and reading ITI-41, signing apart, and sends per second under mutual TLS.

    python benchmarks/xds.py [--times 200] [--sends 100] [--folder DIR]

Each figure of one step stands beside the least that any program would spend on it, measured in the same run.

The sends go through the durable queue to the simulator, in a process of its own on this machine: TD0.2, ITI-41 with its
signature, then the search that confirms, each under mutual TLS with an assertion signed for it. What the simulator
judges (assertion, signature, metadata, document) is part of the time.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lxml import etree

from adapter.api.sending import DmpServer
from adapter.dmp.simulator import serve
from adapter.dmp.simulator.soap.authority import PROFESSIONAL, STRUCTURE, make_authority
from adapter.dmp.xds import dsg, ebxml, mtom, soap, vihf
from adapter.dmp.xds.ebxml.names import XDSB
from adapter.dmp.xds.feeding import provide
from adapter.dmp.xds.metadata import document_entry
from adapter.dmp.xds.received_xml import read_xml
from adapter.dmp.xds.signing import FileSigner
from adapter.model.destination import KeySource, XdsAccess
from adapter.outbox import Outbox, State, Worker
from adapter.submission import Submission
from benchmarks.outbox import numbered, sample

ROLES = ("10^1.2.250.1.71.1.2.7^Médecin", "SM54^1.2.250.1.71.4.2.5^Médecine Générale (SM)")
FEED = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
BOUNDARY = "limite"
BUILT, READ = "ITI-41 built, signatures apart", "ITI-41 read, signatures apart"
VIHF, DSG = "VIHF signed", "set signed (DSG)"


def access(signing: KeySource | None = None) -> XdsAccess:
    """The doctor of the samples, by card."""
    return XdsAccess(
        mode="direct",
        structure=STRUCTURE,
        sector="SA08",
        user_id=PROFESSIONAL,
        roles=ROLES,
        source_id="1.2.250.1.999.9",
        software_name="mesure",
        software_version="1",
        signing=signing or KeySource(),
    )


def message(signed: Submission, assertion: bytes) -> mtom.Message:
    """ITI-41 as it travels."""
    root, parts = provide(signed, {})
    envelope = soap.envelope(root, action=FEED, message_id=f"urn:uuid:{uuid4()}", to="https://dmp", assertion=assertion)
    return mtom.write(envelope, parts, action=FEED, boundary=BOUNDARY)


def read(body: bytes, content_type: str) -> list[object]:
    """Metadata of a message as values, and its documents."""
    received = mtom.read(body, content_type)
    payload = soap.read(read_xml(received.root, received.charset)).payload
    assert payload is not None
    told: list[object] = [document_entry(one) for one in ebxml.parse(payload).documents]
    return told + [mtom.content(one, received.parts) for one in payload.iterchildren(f"{{{XDSB}}}Document")]


def floors(body: bytes, content_type: str, signer: FileSigner) -> dict[str, Callable[[], object]]:
    """The least that each step costs: a print of the ready tree and a join, a parse and a split, an RSA signature."""
    received = mtom.read(body, content_type)
    envelope, parts = bytes(received.root), [bytes(part.content) for part in received.parts.values()]
    tree, mark = etree.fromstring(envelope), f"\r\n--{BOUNDARY}".encode()

    def sign() -> object:
        return signer.sign(b"", "SHA-256")

    return {
        BUILT: lambda: b"".join((etree.tostring(tree, encoding="UTF-8"), *parts)),
        READ: lambda: (etree.fromstring(envelope), body.split(mark)),
        VIHF: sign,
        DSG: sign,
    }


def ms(times: int, work: Callable[[], object]) -> float:
    """Milliseconds of one go, the middle of three turns."""
    turns = []
    for _ in range(3):
        start = time.perf_counter()
        for _ in range(times):
            work()
        turns.append((time.perf_counter() - start) / times * 1e3)
    return sorted(turns)[1]


@contextmanager
def simulator(folder: Path) -> Iterator[str]:
    """Address of the SOAP services of a simulator in a process of its own, in memory; its keys are in `folder`."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        running = serve(tls=True, certificates=folder)
        os.write(writing, running.xds_url.encode())
        os.close(writing)
        while True:
            signal.pause()
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as told:
            yield told.read().decode()
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def sends_per_second(folder: Path, first: Submission, count: int) -> float:
    """Deposits queued, sent, found again and audited, each second."""
    keys = folder / "cles"
    with simulator(keys) as url:
        server = DmpServer(
            url,
            wire="xds",
            ca_bundle=keys / "autorite.pem",
            client=KeySource(keys / "client.pem", keys / "client.key"),
            xds=access(KeySource(keys / "signature-carte.pem", keys / "signature-carte.key")),
        )
        with Outbox.open(f"sqlite:///{folder / 'envois.db'}", key="") as outbox:
            worker = Worker(outbox, {"dmp": server.connect})
            outbox.enqueue(distinct(first, count), destination="dmp")
            worker.drain()
            submissions = [distinct(first, number) for number in range(count)]
            start = time.perf_counter()
            for submission in submissions:
                outbox.enqueue(submission, destination="dmp")
                worker.step()
            spent = time.perf_counter() - start
            assert outbox.counts() == {State.CONFIRMED: count + 1}, outbox.counts()
    return count / spent


def distinct(first: Submission, number: int) -> Submission:
    """The same deposit as another one: document, identifiers and set of its own, the CDA saying so too."""
    (entry,) = first.entries
    own = f"2.25.{uuid4().int}"
    made = numbered(first, number)
    content = made.contents[0].replace(entry.unique_id.encode(), own.encode(), 1)
    told = replace(
        made.entries[0],
        unique_id=own,
        size_bytes=len(content),
        hash_sha1=sha1(content, usedforsecurity=False).digest(),
    )
    return Submission(replace(first.set, unique_id=f"2.25.{uuid4().int}"), (told,), (content,))


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--sends", type=int, default=100)
    parser.add_argument("--folder", type=Path, help="where the queue is written; a disk, not memory")
    options = parser.parse_args()
    first = sample()
    card = make_authority().card
    signer = FileSigner.from_pem(card.certificate, card.key)
    caller = vihf.caller(access())
    patient = first.set.patient_id

    def assertion() -> bytes:
        return vihf.assertion(caller, patient, signer, now=datetime.now(UTC), assertion_id=f"_{uuid4()}")

    signed, said = dsg.sign(first, signer), assertion()
    made = message(signed, said)
    body = bytes(made.body)
    figures = {
        BUILT: ms(options.times, lambda: message(signed, said)),
        READ: ms(options.times, lambda: read(body, made.content_type)),
        VIHF: ms(options.times, assertion),
        DSG: ms(options.times, lambda: dsg.sign(first, signer)),
    }
    print(f"CDA {first.entries[0].size_bytes} B, message {len(body)} B")
    for name, least in floors(body, made.content_type, signer).items():
        floor = ms(options.times, least)
        print(f"{name:34} {figures[name]:7.3f} ms   floor {floor:7.3f} ms   ratio {figures[name] / floor:5.1f}")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        rate = sends_per_second(Path(folder), first, options.sends)
    print(f"durable sends, mutual TLS, loopback {rate:6.1f} per second")


if __name__ == "__main__":
    main()
