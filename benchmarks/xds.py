#!/usr/bin/env python3
"""Figures of the production wire: a message of TD2.1 built and read, beside what any program must do for it.

    python benchmarks/xds.py [--seconds 2] [--markdown]

The message holds one CDA document and a signature entry of the same sample as the other figures. The assertion and the
signatures are left out: RSA takes what it takes. The floor is measured in the same run: printing the ready tree of the
envelope and joining the parts (build), parsing the envelope and finding the parts (read). Nothing here is a test.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from lxml import etree

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from adapter.api import compose, render_cda  # noqa: E402  # the project is not installed where figures are taken
from adapter.dmp.xds import ebxml, mtom, soap  # noqa: E402
from adapter.dmp.xds.feeding import provide  # noqa: E402
from adapter.dmp.xds.metadata import document_entry, names  # noqa: E402
from adapter.dmp.xds.received_xml import read_xml  # noqa: E402
from adapter.model.coded import CodeSystem, Coding  # noqa: E402
from adapter.model.reader import read_visit  # noqa: E402
from adapter.submission import Submission, prepare  # noqa: E402
from benchmarks.bench import SAMPLE, median_ms  # noqa: E402

ASSERTION = b'<saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" ID="_figures"/>'
ACTION = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
MESSAGE_ID = "urn:uuid:00000000-0000-4000-8000-000000000001"
BOUNDARY = "uuid_00000000-0000-4000-8000-000000000002"
XDS_DOCUMENT = "{urn:ihe:iti:xds-b:2007}Document"


def deposit() -> Submission:
    """The sample ready to be fed, with an entry in the place of the signature."""
    document = compose(read_visit(SAMPLE.read_bytes()))
    made = prepare(document, cda=render_cda(document), bundle=None, submission_time=datetime.now(UTC), opposition=False)
    urn = CodeSystem("urn", "URN", "URN", "")
    signature = replace(
        made.entries[0],
        unique_id=f"{made.entries[0].unique_id}.1",
        class_=Coding(urn, names.SIGNATURE_CLASS, "Digital Signature"),
    )
    return Submission(made.set, (*made.entries, signature), (*made.contents, b"<Signature/>" * 300))


def build(submission: Submission) -> mtom.Message:
    """The message as the client makes it."""
    payload, parts = provide(submission, {})
    envelope = soap.envelope(payload, action=ACTION, message_id=MESSAGE_ID, to="https://localhost", assertion=ASSERTION)
    return mtom.write(envelope, parts, action=ACTION, boundary=BOUNDARY)


def parse(body: bytes, content_type: str) -> list[object]:
    """Everything that a DMP reads of the message: metadata as values, documents."""
    received = mtom.read(body, content_type)
    payload = soap.read(read_xml(received.root, received.charset)).payload
    if payload is None:
        raise SystemExit("le message n'a pas de corps")
    found: list[object] = [document_entry(one) for one in ebxml.parse(payload).documents]
    return found + [mtom.content(one, received.parts) for one in payload.iterchildren(XDS_DOCUMENT)]


def floors(body: bytes, content_type: str) -> tuple[Callable[[], object], Callable[[], object]]:
    """The least that a build and a read cost: one print of the tree and a join, one parse and a split."""
    received = mtom.read(body, content_type)
    envelope = bytes(received.root)
    tree = etree.fromstring(envelope)
    contents = [bytes(part.content) for part in received.parts.values()]
    mark = f"\r\n--{BOUNDARY}".encode()
    return (
        lambda: b"".join((etree.tostring(tree, encoding="UTF-8"), *contents)),
        lambda: (etree.fromstring(envelope), body.split(mark)),
    )


def main() -> None:
    """Prints the figures."""
    options = argparse.ArgumentParser(description="Figures of the production wire.")
    options.add_argument("--seconds", type=float, default=2.0, help="for each figure")
    options.add_argument("--markdown", action="store_true")
    asked = options.parse_args()
    submission = deposit()
    message = build(submission)
    body = bytes(message.body)
    parse(body, message.content_type)
    least_build, least_parse = floors(body, message.content_type)
    rows = []
    for name, ours, least in (
        ("ITI-41 build", lambda: build(submission), least_build),
        ("ITI-41 read", lambda: parse(body, message.content_type), least_parse),
    ):
        floor, spent = median_ms(least, asked.seconds), median_ms(ours, asked.seconds)
        rows.append((name, spent, floor, spent / floor))
    print(f"message: {len(body)} bytes, of which {sum(map(len, submission.contents))} of documents")
    if asked.markdown:
        print("\n| step (one core, warm) | ms | floor, ms | ratio |\n|---|---|---|---|")
    for name, spent, floor, ratio in rows:
        if asked.markdown:
            print(f"| {name} | {spent:.2f} | {floor:.2f} | {ratio:.1f} |")
        else:
            print(f"{name:15} {spent:8.3f} ms   floor {floor:8.3f} ms   ratio {ratio:5.1f}")


if __name__ == "__main__":
    main()
