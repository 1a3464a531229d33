"""Our PDSm client before a real FHIR server: HAPI's JPA server, in memory, on this machine."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import requests

from adapter.dmp.pdsm import PdsmClient
from adapter.dmp.session import DmpSession
from adapter.errors import DmpError
from adapter.model.document import Identifier
from adapter.submission import Submission
from tests.interop.fhir_documents import submissions
from tests.interop.maven import Program
from tests.interop.opinions import Opinion, Remark
from tests.samples_kept import SAMPLES

JUDGE: Final = "HAPI JPA"
PROGRAM: Final = Program("server", "server.FhirServer", "hapi.version")
_FHIR: Final = {"Content-Type": "application/fhir+json"}


class Unexpected(AssertionError):
    """The server took the request, and does not tell afterwards what was asked."""


def judge() -> Opinion:
    """What a real server makes of a deposit, a search, a reading, a change, a correction: one remark a failure."""
    start = time.monotonic()
    remarks: list[Remark] = []
    steps = 0
    with running() as base:
        client = PdsmClient(base, DmpSession(connect_timeout_s=10, read_timeout_s=60))
        for name, step in _life(base, client):
            steps += 1
            try:
                step()
            except (DmpError, Unexpected) as fault:
                remarks.append(Remark("s1.exhaustive", "error", name, type(fault).__name__, str(fault)))
    return Opinion(JUDGE, PROGRAM.version, steps, time.monotonic() - start, tuple(remarks))


@contextmanager
def running() -> Iterator[str]:
    """Base URL of a server that lives as long as the block."""
    command = PROGRAM.command("-Dorg.slf4j.simpleLogger.defaultLogLevel=error")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            port = next(line.split()[1] for line in process.stdout if line.startswith("port "))
            yield f"http://127.0.0.1:{port}/fhir"
        finally:
            process.stdin.close()
            process.wait(60)


def _life(base: str, client: PdsmClient) -> Iterator[tuple[str, Callable[[], object]]]:
    """Steps by name, in order: S1 in both forms, its masks, then S6 which corrects it."""
    first, correction = (list(submissions(SAMPLES / "visits" / f"{name}.exhaustive.json"))[2] for name in ("s1", "s6"))
    ins = first.set.patient_id
    cda, bundle = first.entries
    yield "patient", lambda: _make_patient(base, ins)
    yield "TD2.1", lambda: client.submit(first)
    yield "TD3.1b", lambda: _expect(client, ins, cda.unique_id, status="current")
    yield "TD3.1b FHIR", lambda: _expect(client, ins, bundle.unique_id, status="current")
    yield (
        "TD3.1a",
        lambda: _expect_equal({one.unique_id for one in client.search(ins)}, {cda.unique_id, bundle.unique_id}),
    )
    yield "ITI-66", lambda: _expect_equal([s.unique_id for s in client.submission_sets(ins)], [first.set.unique_id])
    yield "TD3.2", lambda: _expect_equal(_contents(client, first), list(first.contents))
    yield "TD3.3b on", lambda: client.set_mask(ins, cda.unique_id, "INVISIBLE_PATIENT", True)
    yield "TD3.3b seen", lambda: _expect(client, ins, cda.unique_id, masks=("INVISIBLE_PATIENT",))
    yield "TD3.3b off", lambda: client.set_mask(ins, cda.unique_id, "INVISIBLE_PATIENT", False)
    yield "TD3.3d on", lambda: client.set_archived(ins, cda.unique_id, True)
    yield "TD3.3d seen", lambda: _expect(client, ins, cda.unique_id, archived=True)
    yield "TD3.3d off", lambda: client.set_archived(ins, cda.unique_id, False)
    yield "TD2.1 correction", lambda: client.submit(correction)
    yield "TD2.1 replaced", lambda: _expect(client, ins, cda.unique_id, status="superseded")
    yield "TD2.1 replacing", lambda: _expect(client, ins, correction.entries[0].unique_id, status="current")
    yield "TD3.3c", lambda: client.delete(ins, cda.unique_id)


def _make_patient(base: str, ins: Identifier) -> None:
    patient = {"resourceType": "Patient", "identifier": [{"system": f"urn:oid:{ins.root}", "value": ins.value}]}
    requests.post(f"{base}/Patient", json=patient, headers=_FHIR, timeout=60).raise_for_status()


def _contents(client: PdsmClient, submission: Submission) -> list[bytes]:
    ins = submission.set.patient_id
    return [client.read(found) for entry in submission.entries for found in client.find(ins, entry.unique_id)]


def _expect(client: PdsmClient, ins: Identifier, unique_id: str, **told: object) -> None:
    (found,) = client.find(ins, unique_id)
    _expect_equal({name: getattr(found, name) for name in told}, told)


def _expect_equal(found: object, wanted: object) -> None:
    if found != wanted:
        raise Unexpected("the server tells something else")
