#!/usr/bin/env python3
"""Durable sends per second on one core, as a ratio to the floor, and the memory of a long drain.

    python benchmarks/outbox.py [--floor DIR] [--sends 400] [--rows 10000]

A durable send is: the row on the disk, the POST to a loopback server, the row done on the disk. The floor of the same
run is what SQLite and a socket cost at the least: three flushed commits of the same bytes and one bare exchange of the
same size. The server answers at once and keeps nothing, in a process of its own; both processes are held to one core
when the machine allows it. ``--floor`` also prints the durable lines of ``bench_floor.py`` from that folder.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import orjson

from adapter.api import convert
from adapter.dmp import EntryReceipt, FoundEntry, PatientStatus, Receipt
from adapter.dmp.pdsm.resources import transaction
from adapter.model.document import Identifier
from adapter.outbox import Outbox, State, Worker
from adapter.submission import Submission, prepare

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "samples" / "visits" / "s1.exhaustive.json"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class LoopbackDmp:
    """A DMP whose deposit is one real POST on a kept connection, and whose other answers cost nothing.

    What is measured is the queue: the PDSm client and the simulator have their own figures.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._last: Submission | None = None

    def patient_status(self, patient: Identifier) -> PatientStatus:
        """Active."""
        return PatientStatus("active")

    def post(self, body: bytes) -> None:
        """One exchange."""
        head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
        self._socket.sendall(head + body)
        left = len(ANSWER)
        while left:
            left -= len(self._socket.recv(left))

    def submit(self, submission: Submission) -> Receipt:
        """The whole transaction Bundle, as PDSm sends it."""
        self.post(orjson.dumps(transaction(submission)))
        self._last = submission
        ids = tuple(EntryReceipt(entry.unique_id) for entry in submission.entries)
        return Receipt(submission.set.unique_id, ids)

    def find(self, patient: Identifier, unique_id: str) -> tuple[FoundEntry, ...]:
        """What was just sent."""
        assert self._last is not None
        (entry,) = self._last.entries
        return (
            FoundEntry(
                unique_id=unique_id,
                entry_uuid="",
                location="",
                version="",
                status="current",
                archived=False,
                title="",
                type="",
                class_="",
                mime_type="",
                format="",
                confidentiality=(),
                masks=(),
                created=None,
                service_start=None,
                hash_sha1=entry.hash_sha1,
                size_bytes=entry.size_bytes,
                url="",
            ),
        )


@contextmanager
def server() -> Iterator[tuple[str, int]]:
    """Address of a process that reads requests and answers each of them with two bytes."""
    listening = socket.create_server(("127.0.0.1", 0))
    process = os.fork()
    if process == 0:
        while True:
            connection, _ = listening.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection.makefile("rb") as reading:
                while head := reading.readline():
                    length = 0
                    while (line := reading.readline()) not in (b"\r\n", b""):
                        if line.lower().startswith(b"content-length:"):
                            length = int(line.split(b":")[1])
                    assert head
                    reading.read(length)
                    connection.sendall(ANSWER)
            connection.close()
    try:
        yield ("127.0.0.1", listening.getsockname()[1])
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        listening.close()


def sample() -> Submission:
    """The exhaustive sample as CDA, ready to leave."""
    converted = convert(SAMPLE.read_bytes(), self_check=False)
    return prepare(
        converted.document,
        cda=converted.cda,
        bundle=None,
        submission_time=datetime(2026, 11, 1, 9, 0, tzinfo=UTC),
        opposition=False,
    )


def numbered(first: Submission, number: int) -> Submission:
    """The same deposit for another visit: identifiers, bytes and hash of its own."""
    (entry,), (content,) = first.entries, first.contents
    content += b"<!--%d-->" % number
    entry = replace(
        entry,
        unique_id=f"{entry.unique_id[:50]}.{number}",
        set_id=f"{entry.set_id[:50]}.{number}",
        hash_sha1=hashlib.sha1(content, usedforsecurity=False).digest(),
        size_bytes=len(content),
    )
    return replace(first, entries=(entry,), contents=(content,))


def floor_ms(folder: Path, first: Submission, dmp: LoopbackDmp, count: int) -> float:
    """Milliseconds of a row queued, sending and done with the same bytes, and of one bare exchange of the same size."""
    database = sqlite3.connect(folder / "floor.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE outbox (id INTEGER PRIMARY KEY, k TEXT UNIQUE, state TEXT, body BLOB)")
    body = orjson.dumps(transaction(first))
    start = time.perf_counter()
    for number in range(count):
        database.execute("INSERT INTO outbox VALUES (?, ?, 'queued', ?)", (number, f"k{number}", first.contents[0]))
        database.execute("UPDATE outbox SET state = 'sending' WHERE id = ?", (number,))
        dmp.post(body)
        database.execute("UPDATE outbox SET state = 'done', body = NULL WHERE id = ?", (number,))
    spent = time.perf_counter() - start
    database.close()
    return spent / count * 1e3


def ours_ms(folder: Path, first: Submission, dmp: LoopbackDmp, count: int) -> tuple[float, float]:
    """Milliseconds of one enqueue, and of one enqueue and its whole drain (accepted, found again, audited)."""
    submissions = [numbered(first, number) for number in range(count)]
    with Outbox.open(f"sqlite:///{folder / 'ours.db'}", key="") as outbox:
        worker = Worker(outbox, {"dmp": lambda: dmp})  # type: ignore[dict-item,return-value]  # what a worker calls
        outbox.enqueue(numbered(first, count), destination="dmp")
        worker.drain()
        queueing = 0.0
        start = time.perf_counter()
        for submission in submissions:
            began = time.perf_counter()
            outbox.enqueue(submission, destination="dmp")
            queueing += time.perf_counter() - began
            worker.step()
        spent = time.perf_counter() - start
        assert outbox.counts() == {State.CONFIRMED: count + 1}
        assert outbox.verify().sound
    return queueing / count * 1e3, spent / count * 1e3


def drain(folder: Path, first: Submission, dmp: LoopbackDmp, count: int) -> tuple[float, float, float]:
    """Rows per second of a drain of `count` queued rows, and peak memory in MB after a tenth and after all of it."""
    with Outbox.open(f"sqlite:///{folder / 'drain.db'}", key="") as outbox:
        for number in range(count):
            outbox.enqueue(numbered(first, number), destination="dmp")
        worker = Worker(outbox, {"dmp": lambda: dmp})  # type: ignore[dict-item,return-value]  # what a worker calls
        early = 0.0
        start = time.perf_counter()
        for number in range(count):
            assert worker.step()
            if number == count // 10:
                early = _peak_mb()
        spent = time.perf_counter() - start
        assert outbox.counts() == {State.CONFIRMED: count}
    return count / spent, early, _peak_mb()


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--floor", type=Path, help="folder of bench_floor.py")
    parser.add_argument("--sends", type=int, default=400)
    parser.add_argument("--rows", type=int, default=10_000, help="rows of the long drain; 0 leaves it out")
    parser.add_argument("--folder", type=Path, help="where the queues are written; a disk, not memory")
    options = parser.parse_args()

    first = sample()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with server() as address, tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder, dmp = Path(name), LoopbackDmp(address)
        floors, wholes, queueings = [], [], []
        for turn in range(3):
            place = folder / str(turn)
            place.mkdir()
            floors.append(floor_ms(place, first, dmp, options.sends))
            queueing, whole = ours_ms(place, first, dmp, options.sends)
            queueings.append(queueing)
            wholes.append(whole)
        floor, queueing, whole = (sorted(figures)[1] for figures in (floors, queueings, wholes))
        print(f"CDA {first.entries[0].size_bytes} B, transaction {len(orjson.dumps(transaction(first)))} B")
        print(f"floor: 3 commits and an exchange   {floor:7.3f} ms  {1000 / floor:7.0f} per second")
        print(f"enqueue                            {queueing:7.3f} ms")
        print(f"durable send, found again, audited {whole:7.3f} ms  {1000 / whole:7.0f} per second")
        print(f"ratio to the floor                 {whole / floor:7.2f}")
        if options.rows:
            rate, early, late = drain(folder, first, dmp, options.rows)
            print(f"{options.rows} queued rows drained: {rate:.0f} per second,", end=" ")
            print(f"peak memory {early:.1f} MB after a tenth, {late:.1f} MB at the end")
    if options.floor:
        command = [sys.executable, "bench_floor.py"]
        told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=options.floor)
        print("\n".join(line for line in told.stdout.splitlines() if "FULL" in line or "3 commits" in line))


if __name__ == "__main__":
    main()
