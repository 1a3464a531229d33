"""Our PDSm client before a real FHIR server: HAPI's JPA server, in memory, on this machine."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Final

import requests

from adapter.api.second_opinion import second_opinion
from adapter.dmp.pdsm import PdsmClient
from adapter.dmp.session import DmpSession
from adapter.errors import Severity
from adapter.model.document import Identifier
from tests.interop.fhir_documents import submissions
from tests.interop.maven import Program
from tests.interop.opinions import Opinion
from tests.interop.steps import Step, corrected, deposited, equal, expect, hidden_and_shown, live
from tests.samples_kept import SAMPLES

JUDGE: Final = "HAPI JPA"
_NOT_HELD: Final = re.compile(
    "could not be found|^Invalid profile. Failed to retrieve|^Extension url 'http://hl7.org/fhir/5.0/"
)
PROGRAM: Final = Program("server", "server.FhirServer", "hapi.version")


def judge() -> Opinion:
    """What a real server makes of a deposit, a search, a reading, a change, a correction: one remark a failure."""
    start = time.monotonic()
    with PROGRAM.serving() as port:
        base = f"http://127.0.0.1:{port}/fhir"
        steps, remarks = live(_life(base, PdsmClient(base, DmpSession(connect_timeout_s=10, read_timeout_s=60))))
    return Opinion(JUDGE, PROGRAM.version, steps, time.monotonic() - start, remarks)


def _life(base: str, client: PdsmClient) -> Iterator[Step]:
    """S1 in both forms, its masks, then S6 which corrects it."""
    first, correction = (list(submissions(SAMPLES / "visits" / f"{name}.exhaustive.json"))[2] for name in ("s1", "s6"))
    ins, unique_id = first.set.patient_id, first.entries[0].unique_id
    yield "patient", lambda: _make_patient(base, ins)
    yield from deposited(client, first)
    yield "ITI-66", lambda: equal([s.unique_id for s in client.submission_sets(ins)], [first.set.unique_id])
    yield from hidden_and_shown(client, first)
    yield "TD3.3d on", lambda: client.set_archived(ins, unique_id, True)
    yield "TD3.3d seen", lambda: expect(client, ins, unique_id, archived=True)
    yield "TD3.3d off", lambda: client.set_archived(ins, unique_id, False)
    yield from corrected(client, first, correction)
    yield "TD3.3c", lambda: client.delete(ins, unique_id)
    yield from _validated(base, first.contents[1])


def _validated(base: str, bundle: bytes) -> Iterator[Step]:
    """Operation $validate, as ``validate --fhir-validator URL`` calls it: on a sound document, then on a spoilt one."""
    spoilt = bundle.replace(b'"final"', b'"fini"', 1)
    yield "$validate", lambda: equal(_refused(bundle, base), [])
    yield "$validate spoilt", lambda: equal(len(_refused(spoilt, base)) > 0, True)


def _refused(bundle: bytes, base: str) -> list[str]:
    """Errors of the server, apart from what it does not hold: French profiles, extensions of R5."""
    found = (one.message for one in second_opinion(bundle, base) if one.severity is Severity.ERROR)
    return [one for one in found if _NOT_HELD.search(one) is None]


def _make_patient(base: str, ins: Identifier) -> None:
    patient = {"resourceType": "Patient", "identifier": [{"system": f"urn:oid:{ins.root}", "value": ins.value}]}
    headers = {"Content-Type": "application/fhir+json"}
    requests.post(f"{base}/Patient", json=patient, headers=headers, timeout=60).raise_for_status()
