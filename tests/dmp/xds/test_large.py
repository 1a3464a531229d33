"""A large document over a real socket: told by its length, sent without being copied, received whole."""

from __future__ import annotations

import hashlib
import http.server
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha1
from typing import ClassVar

from adapter.dmp.session import DmpSession
from adapter.dmp.xds import mtom
from adapter.dmp.xds.client import Services, XdsClient
from adapter.submission import Submission
from tests.dmp import wire
from tests.dmp.xds import dialogue
from tests.dmp.xds.dialogue import Keyless

SIZE = 20 * 1024 * 1024


class _Repository(http.server.BaseHTTPRequestHandler):
    """Counts and hashes what it is fed without keeping it; gives one large document."""

    protocol_version = "HTTP/1.1"
    given: ClassVar[bytes] = b""
    media: ClassVar[str] = ""
    received: ClassVar[list[tuple[dict[str, str], int, bytes]]] = []

    def do_POST(self) -> None:
        left = int(self.headers["Content-Length"])
        kept, total = hashlib.sha1(usedforsecurity=False), left
        while left:
            block = self.rfile.read(min(left, 65536))
            kept.update(block)
            left -= len(block)
        self.received.append((dict(self.headers.items()), total, kept.digest()))
        body, media = dialogue.enveloped(dialogue.registry()), "application/soap+xml"
        if "RetrieveDocumentSet" in self.headers["Content-Type"]:
            body, media = self.given, self.media
        self.send_response(200)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name in the library
        """Says nothing."""


@contextmanager
def repository() -> Iterator[XdsClient]:
    """A client of a server on loopback."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Repository)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    session = DmpSession()
    try:
        yield XdsClient(
            Services.under(f"http://127.0.0.1:{server.server_port}"),
            session,
            Keyless(),
            source_id=dialogue.OUR_OID,
            clock=lambda: dialogue.NOW,
        )
    finally:
        session.close()
        server.shutdown()
        server.server_close()
        thread.join(5)
        _Repository.received.clear()


def large() -> Submission:
    """Deposit of one document of 20 MB."""
    content = b"<ClinicalDocument>" + bytes(32 + rank % 64 for rank in range(64)) * (SIZE // 64)
    deposit = wire.submission()
    entry = replace(deposit.entries[0], size_bytes=len(content), hash_sha1=sha1(content).digest())
    return Submission(deposit.set, (entry,), (content,))


def test_a_large_document_is_fed_without_being_copied() -> None:
    deposit = large()
    with repository() as dmp:
        dmp.submit(wire.submission())  # what is made once is made now
        tracemalloc.start()
        dmp.submit(deposit)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        headers, total, _ = _Repository.received[-1]
    assert "Transfer-Encoding" not in headers
    assert total > len(deposit.contents[0])
    assert peak < SIZE / 4


def test_a_large_document_is_read_whole() -> None:
    deposit = large()
    entry, content = deposit.entries[0], deposit.contents[0]
    body, media = dialogue.retrieved(content, entry.unique_id)
    _Repository.given, _Repository.media = body, media
    held = dialogue.found_entry_of(entry)
    with repository() as dmp:
        assert dmp.read_of(wire.PATIENT, held) == content


def test_a_document_may_be_read_again_from_its_blocks() -> None:
    """A request without effect is tried again: its body must come out whole each time."""
    message = mtom.write(b"<a/>", [mtom.Part("d", "text/xml", b"doc")], action="a", boundary="b")
    assert b"".join(message.body) == b"".join(message.body) == bytes(message.body)
