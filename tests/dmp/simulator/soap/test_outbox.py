"""The durable queue over the production wire: accidents by name, in both modes that may feed."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha1
from pathlib import Path
from random import Random

import pytest

from adapter.dmp.simulator import serve
from adapter.dmp.simulator.faults import Fault
from adapter.dmp.simulator.serving import RunningSimulator
from adapter.dmp.simulator.soap.authority import Authority
from adapter.model.destination import AccessMode
from adapter.outbox import Outbox, Policy, Reason, State, Worker
from adapter.submission import Submission
from tests.dmp import wire
from tests.dmp.simulator.soap.users import connect, original, server

MIB = 1024 * 1024
POLICY = Policy(base_s=0.01, cap_s=0.02, grace_s=0.01, max_attempts=20)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox.open(f"sqlite:///{tmp_path / 'envois.db'}", key="") as found:
        yield found


def _worker(outbox: Outbox, running: RunningSimulator, mode: AccessMode) -> Worker:
    return Worker(outbox, {"dmp": server(running, mode).connect}, policy=POLICY, random=Random(1))


def _held(running: RunningSimulator) -> dict[str, str]:
    """Documents of the DMP with their status, signatures left out."""
    from adapter.dmp.simulator.admin import state

    told = state(running.app.state.registry, running.app.state.faults)["documents"]
    held = [one for one in told if not one["signature"]]
    assert len({one["unique_id"] for one in held}) == len(held)
    return {one["unique_id"]: one["status"] for one in held}


@pytest.mark.parametrize("mode", ["direct", "indirect"])
@pytest.mark.parametrize(
    "fault",
    [
        None,
        Fault("reset-before-commit"),
        Fault("reset-after-commit"),
        Fault("status", status=503, retry_after_s=0),
        Fault("status", status=500, after_commit=True),
        Fault("soap-fault-multipart"),
        Fault("soap-truncated-multipart"),
        Fault("soap-partial-success"),
    ],
    ids=lambda fault: fault.name if fault else "none",
)
def test_a_deposit_and_its_correction_arrive_once(
    outbox: Outbox, running: RunningSimulator, mode: AccessMode, fault: Fault | None
) -> None:
    corrected = wire.submission(replaces=True)
    rows = [outbox.enqueue(one, destination="dmp") for one in (original(), corrected)]
    if fault is not None:
        running.app.state.faults.queue += [replace(fault, path="/services/repository") for _ in range(2)]
    assert _worker(outbox, running, mode).drain(30)
    told = [(outbox.row(row).state, outbox.row(row).reason) for row in rows]
    if mode == "direct":
        assert [state for state, _ in told] == [State.REPLACED, State.CONFIRMED]
    else:  # the structure may not read what it fed: found again, its bytes unseen
        assert told == [(State.ACCEPTED, Reason.READ_BACK_DENIED)] * 2
    (entry,) = corrected.entries
    assert _held(running) == {entry.replaces: "superseded", entry.unique_id: "current"}
    assert outbox.verify().sound


def _large(number: int) -> Submission:
    """A deposit of 20 MB, of identifiers of its own."""
    submission = wire.submission()
    (entry,) = submission.entries
    own = f"2.25.{1000 + number}"
    end = b"</ClinicalDocument>"
    content = wire.CDA.replace(entry.unique_id.encode(), own.encode(), 1)
    content = content.removesuffix(end) + b"<!--" + b"x" * (20 * MIB) + b"-->" + end
    told = replace(entry, unique_id=own, size_bytes=len(content), hash_sha1=sha1(content).digest())
    return Submission(replace(submission.set, unique_id=f"2.25.{2000 + number}"), (told,), (content,))


@contextmanager
def _elsewhere(authority: Authority, folder: Path) -> Iterator[str]:
    """Address of a simulator in a process of its own, whose memory is not ours."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        running = serve(tls=True, authority=authority, certificates=folder, size_limit=40 * MIB)
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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="le système ne sait pas dupliquer un processus")
def test_memory_stays_flat_from_one_large_document_to_the_next(authority: Authority, tmp_path: Path) -> None:
    with _elsewhere(authority, tmp_path) as url:
        client = connect(url, tmp_path)
        peaks = []
        for number in range(4):
            client.submit(_large(number))
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    assert peaks[-1] - peaks[0] < 30, peaks
