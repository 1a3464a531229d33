"""Our XDS client before IPF's endpoints and validators, on this machine."""

from __future__ import annotations

import time
from itertools import chain
from typing import Final

from adapter.dmp.session import DmpSession
from adapter.dmp.xds.client import Services, XdsClient
from adapter.dmp.xds.credentials import SignedCredentials
from adapter.dmp.xds.vihf import Caller, Software, acting
from adapter.model.document import Professional
from tests.dmp.xds import pki
from tests.interop.fhir_documents import submissions
from tests.interop.maven import Program
from tests.interop.opinions import Opinion
from tests.interop.steps import corrected, deposited, hidden_and_shown, live
from tests.samples_kept import SAMPLES

JUDGE: Final = "IPF"
PROGRAM: Final = Program("ipf", "ipf.XdsEndpoints", "ipf.version")


def judge() -> Opinion:
    """What IPF makes of a deposit, a search, a reading, a change, a correction: one remark a failure."""
    start = time.monotonic()
    first, correction = (next(submissions(SAMPLES / "visits" / f"{name}.exhaustive.json")) for name in ("s1", "s6"))
    with PROGRAM.serving() as port:
        xds = client(port, first.set.author)
        life = chain(deposited(xds, first), hidden_and_shown(xds, first), corrected(xds, first, correction))
        steps, remarks = live(life)
    return Opinion(JUDGE, PROGRAM.version, steps, time.monotonic() - start, remarks)


def client(port: int, author: Professional) -> XdsClient:
    """Client of the endpoints, for this author."""
    caller = Caller("direct", pki.STRUCTURE, "SA07", Software("dmp-adapter", "0"))
    credentials = SignedCredentials(acting(caller, author), pki.issued("card-sign").signer)
    services = Services.under(f"http://127.0.0.1:{port}")
    return XdsClient(services, DmpSession(), credentials, source_id="1.2.250.1.999.9")
