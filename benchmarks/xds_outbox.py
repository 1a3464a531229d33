#!/usr/bin/env python3
"""Durable sends per second over the production wire: mutual TLS, VIHF and signature of the set, found again, audited.

    python benchmarks/xds_outbox.py [--sends 100]

One send is: a row on the disk, TD2.1 with its assertion and its signature, TD3.1b with another assertion, the row
done. The floor of the same run is what that costs at the least: three flushed commits, two exchanges of the same sizes
on a kept TLS connection, three RSA signatures. The server is a process of its own that answers at once and keeps none;
the keys are made for the run. Nothing here is a test.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import sqlite3
import ssl
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from adapter.dmp.session import DmpSession  # noqa: E402  # the project is not installed where figures are taken
from adapter.dmp.xds import hl7v3, outcome, queries, soap, vihf  # noqa: E402
from adapter.dmp.xds.client import Services, XdsClient  # noqa: E402
from adapter.dmp.xds.credentials import SignedCredentials  # noqa: E402
from adapter.dmp.xds.metadata import document_object, names  # noqa: E402
from adapter.dmp.xds.signing import Signer  # noqa: E402
from adapter.model.document import Identifier  # noqa: E402
from adapter.outbox import Outbox, State, Worker  # noqa: E402
from adapter.submission import Submission  # noqa: E402
from benchmarks.outbox import numbered, sample  # noqa: E402
from tests.dmp.xds import pki  # noqa: E402

UNIQUE_ID = re.compile(rb"\('([0-9.]+)'\)")
NOW = pki.NOW


def answered(payload: object) -> bytes:
    """HTTP answer that carries a payload; it says nothing of the message that it answers."""
    told = soap.envelope(payload, action="urn:answer", message_id="urn:uuid:1", relates_to="x")  # type: ignore[arg-type]
    body = told.replace(b"<wsa:RelatesTo>x</wsa:RelatesTo>", b"")
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def answers(submissions: list[Submission]) -> dict[bytes, bytes]:
    """Answer by what marks a request: its operation, or the uniqueId that it searches."""
    patient = submissions[0].set.patient_id
    query = hl7v3.ExistenceQuery(patient, Identifier("1.2.3", "m"), Identifier("1.2.3", "q"))
    exists = hl7v3.existence_answer(query, hl7v3.Sender("1.2.3", "x"), NOW, Identifier("1.2.3", "a"), state="active")
    done = outcome.RegistryResponse(outcome.SUCCESS)
    found = {
        b"PRPA_IN201307UV02": answered(exists),
        b"ProvideAndRegisterDocumentSet-b": answered(outcome.build_response(done)),
    }
    for one in submissions:
        entry = one.entries[0]
        held = document_object(entry, "urn:uuid:1", lid="urn:uuid:1", status=names.APPROVED, version="1")
        told = queries.build_answer(queries.QueryAnswer(done, (held,)))
        found[entry.unique_id.encode()] = answered(told)
    return found


@contextmanager
def server(context: ssl.SSLContext, told: Mapping[bytes, bytes]) -> Iterator[int]:
    """Port of a process that answers each request at once."""
    listening = socket.create_server(("127.0.0.1", 0))
    process = os.fork()
    if process == 0:
        while True:
            plain, _ = listening.accept()
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with context.wrap_socket(plain, server_side=True) as connection, connection.makefile("rb") as reading:
                while head := _head(reading):
                    body = reading.read(int(re.search(rb"(?i)content-length: *(\d+)", head)[1]))  # type: ignore[index]
                    searched = UNIQUE_ID.search(body) if b"RegistryStoredQuery" in head else None
                    mark = searched[1] if searched else next(one for one in told if one in head)
                    connection.sendall(told[mark])
    try:
        yield listening.getsockname()[1]
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        listening.close()


def _head(reading: object) -> bytes:
    lines = []
    while (line := reading.readline()) not in (b"\r\n", b""):  # type: ignore[attr-defined]
        lines.append(line)
    return b"".join(lines)


class Keys:
    """Keys of one run: files for TLS, a signer."""

    def __init__(self, folder: Path) -> None:
        self.authority = folder / "authority.pem"
        self.authority.write_bytes(pki.authority().pem)
        self.client, self.server = self._files(folder, "client"), self._files(folder, "server")
        self.signer: Signer = pki.issued().signer

    def _files(self, folder: Path, use: str) -> tuple[Path, Path]:
        one = pki.issued(use)  # type: ignore[arg-type]
        paths = folder / f"{use}.pem", folder / f"{use}.key"
        for path, data in zip(paths, (one.pem, one.key_pem()), strict=True):
            path.touch(0o600)
            path.write_bytes(data)
        return paths

    def context(self) -> ssl.SSLContext:
        """Of the server, which wants a certificate."""
        found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        found.load_cert_chain(*self.server)
        found.verify_mode = ssl.CERT_REQUIRED
        found.load_verify_locations(self.authority)
        return found


def client(port: int, keys: Keys) -> XdsClient:
    """As the command line makes it."""
    caller = vihf.Caller("direct", pki.STRUCTURE, "SA08", vihf.Software("dmp-adapter", "0", "1.2.3", "x"))
    session = DmpSession(ca_bundle=keys.authority, certificate=keys.client)
    base = f"https://127.0.0.1:{port}"
    credentials = SignedCredentials(caller, keys.signer, "SHA-256")
    return XdsClient(Services.under(base), session, credentials, source_id="1.2.250.1.999.9", clock=lambda: NOW)


def floor_ms(folder: Path, port: int, keys: Keys, first: Submission, told: Mapping[bytes, bytes], count: int) -> float:
    """Milliseconds of three commits, two exchanges and three signatures."""
    database = sqlite3.connect(folder / "floor.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE outbox (id INTEGER PRIMARY KEY, k TEXT UNIQUE, state TEXT, body BLOB)")
    context = ssl.create_default_context(cafile=str(keys.authority))
    context.load_cert_chain(*keys.client)
    feed = _request(b"ProvideAndRegisterDocumentSet-b", first.contents[0] + bytes(40_000))
    search = _request(b"RegistryStoredQuery", b"('%s')" % first.entries[0].unique_id.encode() + bytes(8_000))
    plain = socket.create_connection(("127.0.0.1", port))
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with context.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
        start = time.perf_counter()
        for number in range(count):
            database.execute("INSERT INTO outbox VALUES (?, ?, 'queued', ?)", (number, f"k{number}", first.contents[0]))
            database.execute("UPDATE outbox SET state = 'sending' WHERE id = ?", (number,))
            for request, mark in (
                (feed, b"ProvideAndRegisterDocumentSet-b"),
                (search, first.entries[0].unique_id.encode()),
            ):
                connection.sendall(request)
                left = len(told[mark])
                while left:
                    left -= len(connection.recv(left))
            for _ in range(3):
                keys.signer.sign(first.contents[0], "SHA-256")
            database.execute("UPDATE outbox SET state = 'done', body = NULL WHERE id = ?", (number,))
        spent = time.perf_counter() - start
    database.close()
    return spent / count * 1e3


def _request(mark: bytes, body: bytes) -> bytes:
    return b"POST /%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (mark, len(body)) + body


def ours_ms(folder: Path, port: int, keys: Keys, submissions: list[Submission]) -> float:
    """Milliseconds of one send, from the row to the row done."""
    with Outbox.open(f"sqlite:///{folder / 'ours.db'}", key="") as outbox:
        worker = Worker(outbox, {"dmp": lambda: client(port, keys)})
        outbox.enqueue(submissions[0], destination="dmp")
        worker.drain()
        start = time.perf_counter()
        for one in submissions[1:]:
            outbox.enqueue(one, destination="dmp")
            worker.step()
        spent = time.perf_counter() - start
        if outbox.counts() != {State.CONFIRMED: len(submissions)}:
            raise SystemExit(f"des dépôts n'ont pas abouti : {outbox.counts()}")
    return spent / (len(submissions) - 1) * 1e3


def main() -> None:
    """Prints the figures."""
    options = argparse.ArgumentParser(description="Durable sends per second over the production wire.")
    options.add_argument("--sends", type=int, default=100)
    count = options.parse_args().sends
    first = sample()
    submissions = [numbered(first, number) for number in range(count + 1)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keys = Keys(folder)
        told = answers(submissions)
        with server(keys.context(), told) as port:
            floor = floor_ms(folder, port, keys, submissions[0], told, count)
        with server(keys.context(), told) as port:
            spent = ours_ms(folder, port, keys, submissions)
    print(f"document {first.entries[0].size_bytes} bytes, {count} sends over mutual TLS on loopback")
    print(f"floor: 3 commits, 2 exchanges, 3 signatures   {floor:7.2f} ms  {1000 / floor:6.0f} per second")
    print(f"durable send, signed, found again, audited    {spent:7.2f} ms  {1000 / spent:6.0f} per second")
    print(f"ratio to the floor                            {spent / floor:7.2f}")


if __name__ == "__main__":
    main()
