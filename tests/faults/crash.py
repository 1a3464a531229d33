"""A worker killed with SIGKILL at random points, against the simulator with its faults on: what is left at the end.

The same on both wires: PDSm in clear, XDS under mutual TLS.

Every process is forked from one warm parent, so that nothing is imported twice: a run costs what its requests cost. A
lease that a dead worker left is not waited for: the next worker's clock is ahead by more than a lease.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any, Final

import orjson
import requests

from adapter.api import convert
from adapter.dmp import Dmp, Mailbox
from adapter.dmp.pdsm import PdsmClient
from adapter.dmp.session import DmpSession, RetryPolicy
from adapter.dmp.simulator import create_app, serve
from adapter.dmp.simulator.soap.authority import PROFESSIONAL, STRUCTURE, Authority
from adapter.dmp.xds import vihf
from adapter.dmp.xds.client import Services, XdsClient
from adapter.dmp.xds.credentials import SignedCredentials
from adapter.dmp.xds.signing import FileSigner
from adapter.model.destination import Wire, XdsAccess
from adapter.outbox import Outbox, Policy, State, Worker
from adapter.submission import Submission, prepare

SAMPLE: Final = Path(__file__).resolve().parents[2] / "samples" / "visits" / "s7.required.json"
DESTINATION: Final = "dmp"
ROLES: Final = ("10^1.2.250.1.71.1.2.7^Médecin", "SM54^1.2.250.1.71.4.2.5^Médecine Générale (SM)")
POLICY: Final = Policy(
    lease_s=30, exchange_s=5, base_s=0.002, cap_s=0.02, grace_s=0.005, status_s=60, max_attempts=1000
)
DRAIN_S: Final = 60.0
TIMED_SPAN_S: Final = 0.3
CALLS_SPAN: Final = 70_000

_AFTER: Final[dict[Wire, tuple[str, ...]]] = {
    "pdsm": ("reset-after-commit", "truncated-answer", "partial-response", "missing-location"),
    "xds": (
        *("reset-after-commit", "truncated-answer", "soap-truncated-multipart", "soap-fault-multipart"),
        *("soap-latin-1", "soap-partial-success", "soap-relates-to", "soap-wrong-cid"),
    ),
}
_EITHER = ("status", "html-answer", "operation-outcome-200")


@dataclass(slots=True)
class CrashRun:
    """What one run met and what it left.

    Attributes:
        kills: workers killed. ``sends``: deposits that left, lost answers included. ``searches``: by uniqueId.
        wrong: one sentence for each thing that is not as it must be.
    """

    seed: int
    kills: int = 0
    sends: int = 0
    searches: int = 0
    wrong: list[str] = field(default_factory=list)


def deposits(visits: int = 10) -> tuple[list[Submission], dict[str, str]]:
    """Originals then corrections of `visits` visits of one patient, and the identity of the patient."""
    create_app()  # loads what the simulators to come will find in memory
    sample: dict[str, Any] = orjson.loads(SAMPLE.read_bytes())
    made = []
    for version in (1, 2):
        for number in range(visits):
            visit = {**sample, "id": f"visite-{number}", "version": version}
            if version > 1:
                visit["correction"] = {"reason": "Erreur de transcription."}
                visit["written_at"] = "2026-10-31T15:20:00+01:00"
            converted = convert(orjson.dumps(visit), self_check=False)
            made.append(
                prepare(
                    converted.document,
                    cda=converted.cda,
                    bundle=None,
                    submission_time=datetime(2026, 11, 1, 9, 0, tzinfo=UTC),
                    opposition=False,
                )
            )
    return made, {name: sample["patient"]["ins"][name] for name in ("value", "root")}


def run_once(
    seed: int, folder: Path, submissions: list[Submission], ins: dict[str, str], authority: Authority | None = None
) -> CrashRun:
    """One queue of `submissions`, its worker killed one to three times, then left to finish; judged at the end.

    Args:
        authority: for the XDS wire; None goes by PDSm.
    """
    random, run = Random(seed), CrashRun(seed)
    wire: Wire = "pdsm" if authority is None else "xds"
    keys = None if authority is None else folder / "cles"
    simulator, base, services = _simulator(authority, keys)
    connect = _pdsm(base) if keys is None else _xds(services, keys)
    try:
        _admin("PUT", base, "patients", {"ins": ins["value"], "root": ins["root"]})
        _admin("POST", base, "faults", [_fault(random, wire) for _ in range(random.randint(0, 8))])
        url = f"sqlite:///{folder / f'run-{seed}.db'}"
        with Outbox.open(url, key="") as outbox:
            rows = [outbox.enqueue(submission, destination=DESTINATION) for submission in submissions]
        generation = 0
        for generation in range(random.randint(1, 3)):
            if killed(random, url, connect, generation, seed):
                run.kills += 1
        last = fork(lambda: work(url, connect, generation + 1, seed))
        if os.waitpid(last, 0)[1] != 0:
            run.wrong.append("the last worker did not finish")
        state = _admin("GET", base, "state")
    finally:
        os.kill(simulator, signal.SIGKILL)
        os.waitpid(simulator, 0)
    with Outbox.open(url, key="") as outbox:
        _judge(run, outbox, rows, submissions, state)
    return run


def _judge(
    run: CrashRun, outbox: Outbox, rows: list[int], submissions: list[Submission], state: dict[str, Any]
) -> None:
    expected = [State.CONFIRMED if submission.entries[0].version > 1 else State.REPLACED for submission in submissions]
    for row_id, wanted in zip(rows, expected, strict=True):
        row = outbox.row(row_id)
        if row.state is not wanted or row.dead:
            run.wrong.append(f"row {row_id} is {row.state} {row.reason}, not {wanted}")
    documents = [document for document in state["documents"] if not document["signature"]]
    ids = sorted(document["unique_id"] for document in documents)
    if ids != sorted(submission.entries[0].unique_id for submission in submissions):
        run.wrong.append("a document is missing or doubled")
    if state["counts"]["submission_sets"] != len(submissions):
        run.wrong.append("a deposit is missing or doubled")
    held = {document["unique_id"]: document for document in documents}
    for submission in submissions:
        (entry,) = submission.entries
        if entry.unique_id not in held or not entry.replaces:
            continue
        old, new = held[entry.replaces], held[entry.unique_id]
        if old["versions"][0]["at"] > new["versions"][0]["at"] or new["replaces"] != [old["id"]]:
            run.wrong.append("a correction overtook its original")
        if (old["status"], new["status"]) != ("superseded", "current"):
            run.wrong.append("an original is not superseded by its correction")
    report = outbox.verify()
    if not report.sound:
        run.wrong.append(f"the audit chain is broken at {report.broken_at}")
    kinds = [orjson.loads(line)["subtype"][0]["code"] for line in outbox.export_audit()]
    run.sends, run.searches = kinds.count("disclose"), kinds.count("search-type")
    if run.sends < len(submissions):
        run.wrong.append("a deposit left without a trace")


def _fault(random: Random, wire: Wire) -> dict[str, Any]:
    """One fault of the simulator for a deposit, a search or whatever comes next."""
    name = random.choice(("latency", "reset-before-commit", *_AFTER[wire], *_EITHER))
    fault: dict[str, Any] = {"name": name, "times": random.randint(1, 3), "method": random.choice(("", "POST"))}
    if name == "latency":
        fault["latency_ms"] = random.randint(1, 40)
    elif name in _EITHER:
        fault["after_commit"] = random.random() < 0.5
        if name == "status":
            fault |= {"status": random.choice((500, 502, 503)), "retry_after_s": 0}
    return fault


# ---------------------------------------------------------------- processes


def killed(random: Random, url: str, connect: Callable[[], Dmp | Mailbox], generation: int, seed: int) -> bool:
    """True when a worker was killed, False when it had finished before.

    Half of the deaths come after a random number of calls of Python (between any two statements), half at a random
    moment (in the middle of a system call, of a commit).
    """
    if random.random() < 0.5:
        calls = random.randrange(CALLS_SPAN)
        worker = fork(lambda: work(url, connect, generation, seed, calls))
    else:
        moment = random.uniform(0, TIMED_SPAN_S)
        worker = fork(lambda: work(url, connect, generation, seed))
        time.sleep(moment)
        os.kill(worker, signal.SIGKILL)  # a worker that has finished is not reaped yet: its number is still its own
    return os.WIFSIGNALED(os.waitpid(worker, 0)[1])


def work(url: str, connect: Callable[[], Dmp | Mailbox], generation: int, seed: int, calls: int | None = None) -> None:
    """The worker; with `calls`, it kills itself at that call."""
    ahead = timedelta(seconds=generation * (POLICY.lease_s + 1))

    def clock() -> datetime:
        return datetime.now(UTC) + ahead

    if calls is not None:
        _die_at(calls)
    with Outbox.open(url, key="", clock=clock) as outbox:
        worker = Worker(outbox, {DESTINATION: connect}, policy=POLICY, clock=clock, random=Random(seed))
        done = worker.drain(DRAIN_S)
    sys.setprofile(None)
    if not done:
        raise TimeoutError("the queue is not empty")


def _die_at(calls: int) -> None:
    left = [calls]

    def count(frame: FrameType, event: str, argument: object) -> None:
        if event in ("call", "c_call"):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)


def _pdsm(base: str) -> Callable[[], Dmp]:
    def connect() -> Dmp:
        return PdsmClient(base, DmpSession(read_timeout_s=5, retry=RetryPolicy(attempts=1)))

    return connect


def _xds(services: str, keys: Path) -> Callable[[], Dmp]:
    """By card: it feeds, finds, and reads the hash of what it fed."""
    signer = FileSigner.from_pem(
        (keys / "signature-carte.pem").read_bytes(), (keys / "signature-carte.key").read_bytes()
    )
    access = XdsAccess(
        mode="direct",
        structure=STRUCTURE,
        sector="SA08",
        user_id=PROFESSIONAL,
        roles=ROLES,
        software_name="essais",
        software_version="1",
    )

    def connect() -> Dmp:
        session = DmpSession(
            read_timeout_s=5,
            retry=RetryPolicy(attempts=1),
            ca_bundle=keys / "autorite.pem",
            certificate=(keys / "client.pem", keys / "client.key"),
        )
        credentials = SignedCredentials(vihf.caller(access), signer)
        return XdsClient(Services.under(services), session, credentials, source_id="1.2.250.1.999.9")

    return connect


def _simulator(authority: Authority | None, keys: Path | None) -> tuple[int, str, str]:
    """Process number and addresses of a simulator of its own, in memory."""
    reading, writing = os.pipe()

    def serve_for_ever() -> None:
        os.close(reading)
        running = serve(tls=authority is not None, authority=authority, certificates=keys)
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # clients that die in mid-request are the point
        os.write(writing, f"{running.base_url} {running.xds_url}".encode())
        os.close(writing)
        while True:
            signal.pause()

    process = fork(serve_for_ever)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        base, _, services = told.read().decode().partition(" ")
        return process, base, services


def fork(task: Callable[[], None]) -> int:
    """Number of a process that does `task` and exits with 0, or 1 with the fault on its standard error."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        task()
        status = 0
    except BaseException:  # noqa: BLE001  # the end of a forked process: nothing may go on in it
        traceback.print_exc()
    finally:
        os._exit(status)


def _admin(method: str, base: str, path: str, body: object = None) -> Any:
    data = None if body is None else orjson.dumps(body)
    answer = requests.request(method, f"{base}/admin/{path}", data=data, timeout=30)
    answer.raise_for_status()
    return answer.json()
