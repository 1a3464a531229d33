"""Our XDS client before IPF's endpoints and validators, on this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import chain
from typing import Final

from adapter.dmp.session import DmpSession
from adapter.dmp.xds.client import Services, XdsClient
from adapter.dmp.xds.credentials import SignedCredentials
from adapter.dmp.xds.vihf import Caller, Software, acting
from adapter.model.document import Professional
from adapter.submission import Submission
from tests.dmp.xds import pki
from tests.interop.fhir_documents import n1_submission, submissions
from tests.interop.maven import Program
from tests.interop.opinions import Opinion
from tests.interop.steps import (
    Step,
    corrected,
    deposited,
    deposited_beside,
    equal,
    hidden_and_shown,
    live,
)
from tests.samples_kept import SAMPLES

JUDGE: Final = "IPF"
PROGRAM: Final = Program("ipf", "ipf.XdsEndpoints", "ipf.version")


def judge() -> Opinion:
    """What IPF makes of a deposit, a search, a reading, a change, a correction: one remark a failure."""
    start = time.monotonic()
    first, correction = (next(submissions(SAMPLES / "visits" / f"{name}.exhaustive.json")) for name in ("s1", "s6"))
    with PROGRAM.serving(log="off") as port:
        xds = client(port, first.set.author)
        life = chain(
            deposited(xds, first),
            _searched(xds, first),
            hidden_and_shown(xds, first),
            corrected(xds, first, correction),
            deposited_beside(xds, n1_submission(SAMPLES / "visits" / "s1.exhaustive.json")),
            _beyond(xds, correction),
        )
        steps, remarks = live(life)
    return Opinion(JUDGE, PROGRAM.version, steps, time.monotonic() - start, remarks)


def _searched(xds: XdsClient, first: Submission) -> Iterator[Step]:
    """Searches by dates and by deposits: what is in the period comes, what is out of it does not."""
    ins, (entry,) = first.set.patient_id, first.entries
    day, year = f"{entry.creation_time:%Y-%m-%d}", entry.creation_time.year

    def found(**asked: str) -> list[str]:
        return [one.unique_id for one in xds.search(ins, **asked)]

    yield "TD3.1a dates", lambda: equal(found(created_from=day, service_from=day), [entry.unique_id])
    yield "TD3.1a after", lambda: equal(found(created_from=f"{year + 1}-01-01"), [])
    yield "TD3.1a before", lambda: equal(found(created_to=f"{year}-01-01"), [])
    yield "TD3.1a sets", lambda: equal([s.unique_id for s in xds.submission_sets(ins)], [first.set.unique_id])
    yield "TD3.1a no set", lambda: equal(list(xds.submission_sets(ins, submitted_to=f"{year - 1}-01-01")), [])
    yield "TD3.1a deposited", lambda: equal(found(deposited_from=f"{year}-01-01"), [entry.unique_id])


def _beyond(xds: XdsClient, last: Submission) -> Iterator[Step]:
    """What the DMP has and IHE has not: French statuses."""
    ins, unique_id = last.set.patient_id, last.entries[0].unique_id
    yield "TD3.3d on", lambda: xds.set_archived(ins, unique_id, True)
    yield "TD3.3c", lambda: xds.delete(ins, unique_id)


def client(port: int, author: Professional) -> XdsClient:
    """Client of the endpoints, for this author."""
    caller = Caller("direct", pki.STRUCTURE, "SA07", Software("dmp-adapter", "0"))
    credentials = SignedCredentials(acting(caller, author), pki.issued("card-sign").signer)
    services = Services.under(f"http://127.0.0.1:{port}")
    return XdsClient(services, DmpSession(), credentials, source_id="1.2.250.1.999.9")
