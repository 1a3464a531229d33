"""A sender and reader of MTOM that nobody here wrote (npm ``soap``) feeds the simulator and reads documents from it.

The payload and the assertion are ours; the multipart body, its headers, the TLS session and the reading are not.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from adapter.dmp.pdsm import PdsmClient
from adapter.dmp.xds import dsg, mtom, retrieve
from adapter.dmp.xds.metadata import names
from tests.dmp import wire
from tests.dmp.simulator.soap.users import FEED, Hand, provided, signer

HOME = Path(__file__).resolve().parents[3] / "interop" / "mtom"
RETRIEVE = "urn:ihe:iti:2007:RetrieveDocumentSet"
OID = wire.DOCUMENT.oid


@pytest.fixture
def node() -> str:
    program = shutil.which("node")
    if program is None or not (HOME / "node_modules" / "soap").is_dir():
        reason = "node et npm install --ignore-scripts --no-package-lock --prefix tests/interop/mtom"
        if os.environ.get("CI") == "true":
            pytest.fail(f"il manque {reason} : l'intégration continue doit les installer.")
        pytest.skip(f"rien d'étranger n'a parlé MTOM au simulateur : il manque {reason}")
    return program


def _exchange(node: str, hand: Hand, envelope: bytes, action: str, parts: Sequence[mtom.Part] = ()) -> Any:
    folder = hand.running.certificates
    assert folder is not None
    asked = {
        "url": f"{hand.running.xds_url}/repository",
        "action": action,
        "envelope": envelope.decode("utf-8"),
        "parts": [
            {"id": one.content_id, "type": one.content_type, "content": b64encode(bytes(one.content)).decode()}
            for one in parts
        ],
        "authority": str(folder / "autorite.pem"),
        "certificate": str(folder / "client.pem"),
        "key": str(folder / "client.key"),
    }
    done = subprocess.run(
        [node, str(HOME / "exchange.js")], input=json.dumps(asked).encode(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_what_it_feeds_is_found_and_what_it_reads_is_whole(node: str, hand: Hand, pdsm: PdsmClient) -> None:
    payload, parts = provided(dsg.sign(wire.submission(), signer(hand.running)))
    fed = _exchange(node, hand, hand.envelope(payload, FEED), FEED, parts)
    assert fed["status"] == 200
    assert "ResponseStatusType:Success" in fed["envelope"]
    (found,) = pdsm.find(wire.PATIENT, OID)
    assert pdsm.read(found) == wire.CDA

    asked = retrieve.build([retrieve.Wanted(names.DMP_REPOSITORY, OID)])
    got = _exchange(node, hand, hand.envelope(asked, RETRIEVE), RETRIEVE)
    include = etree.fromstring(got["envelope"].encode()).find(".//{http://www.w3.org/2004/08/xop/include}Include")
    assert include is not None
    (part,) = got["parts"]
    assert part["headers"]["content-id"] == f"<{include.get('href', '').removeprefix('cid:')}>"
    assert b64decode(part["content"]) == wire.CDA


def test_it_reads_our_faults(node: str, hand: Hand) -> None:
    asked = retrieve.build([retrieve.Wanted(names.DMP_REPOSITORY, OID)])
    broken = hand.envelope(asked, RETRIEVE).replace(b"<wsa:MessageID>", b"<wsa:Other>")
    broken = broken.replace(b"</wsa:MessageID>", b"</wsa:Other>")
    told = _exchange(node, hand, broken, RETRIEVE)
    assert told["status"] == 500
    assert "MessageAddressingHeaderRequired" in told["envelope"]
