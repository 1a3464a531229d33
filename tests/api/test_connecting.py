"""A DMP on the production wire, reached as its settings say: services, mutual TLS, who calls, what is signed."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from adapter.api.sending import DmpServer
from adapter.dmp.pdsm import PdsmClient
from adapter.dmp.xds.certificates import KeyUnusable
from adapter.dmp.xds.client import XdsClient
from adapter.dmp.xds.vihf import VihfRead, require_patient, verify
from adapter.errors import DmpAccessDenied, DmpError
from adapter.model.destination import KeySource, XdsAccess
from tests.dmp import wire
from tests.dmp.xds import pki

PASSWORD = "Sesame-9"
ROLES = ("10^1.2.250.1.71.1.2.7^Médecin", "SM54^1.2.250.1.71.4.2.5^Médecine générale (SM)")
ASSERTION = "{urn:oasis:names:tc:SAML:2.0:assertion}Assertion"


class Heard(http.server.ThreadingHTTPServer):
    """A DMP that keeps what it hears, and answers nothing of use."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        own = pki.issued("server")
        (folder / "server.pem").write_bytes(own.pem + own.key_pem())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=pki.authority().pem.decode())
        super().__init__(("127.0.0.1", 0), _Keeping)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.kept: list[tuple[str, bytes, bytes]] = []

    @property
    def base_url(self) -> str:
        return f"https://127.0.0.1:{self.server_address[1]}/services"


class _Keeping(http.server.BaseHTTPRequestHandler):
    server: Heard
    connection: ssl.SSLSocket

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.kept.append((self.path, body, self.connection.getpeercert(binary_form=True) or b""))
        self.send_response(400)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        return


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[Heard]:
    server = Heard(tmp_path)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def reached(heard: Heard, tmp_path: Path) -> DmpServer:
    (tmp_path / "authority.pem").write_bytes(pki.authority().pem)
    (tmp_path / "client.p12").write_bytes(pki.issued("client").p12(PASSWORD.encode()))
    (tmp_path / "sign.pem").write_bytes(pki.issued().pem + pki.issued().key_pem())
    return DmpServer(
        heard.base_url,
        wire="xds",
        ca_bundle=tmp_path / "authority.pem",
        client=KeySource(tmp_path / "client.p12", password_env="CLIENT"),
        read_timeout_s=2,
        xds=XdsAccess(
            structure=pki.STRUCTURE, sector="SA08", user_id="899700100099", user_name="Autre Personne", roles=ROLES,
            software_name="Logiciel", software_version="7.1", source_id="1.2.250.1.999.1",
            signing=KeySource(tmp_path / "sign.pem", tmp_path / "sign.pem"),
        ),
        secret=lambda source, use: PASSWORD if source.password_env == "CLIENT" else None,
    )  # fmt: skip


def _assertion(body: bytes) -> VihfRead:
    """The assertion of a request, judged."""
    start = body.index(b"<?xml") if b"<?xml" in body else body.index(b"<")
    end = body.index(b"Envelope>", start) + len(b"Envelope>")
    root = etree.fromstring(body[start:end])
    (found,) = root.iter(ASSERTION)
    return verify(found, trusted=[pki.authority().der], now=datetime.now(UTC))


def _heard(heard: Heard, asked: Any) -> tuple[str, bytes, bytes]:
    with pytest.raises(DmpError):
        asked()
    return heard.kept[-1]


def test_a_question_goes_to_its_service_with_both_certificates(reached: DmpServer, heard: Heard) -> None:
    client = reached.connect()
    assert isinstance(client, XdsClient)
    path, body, peer = _heard(heard, lambda: client.patient_status(wire.PATIENT))
    assert (path, peer) == ("/services/patients", pki.issued("client").der)
    found = _assertion(body)
    require_patient(found, wire.PATIENT)
    assert (found.mode, found.structure, found.user_id) == ("indirect", pki.STRUCTURE, "899700100099")
    assert found.attributes["LPS_Nom"] == ("Logiciel",)
    assert found.certificate == pki.issued().der


def test_what_is_recalled_of_the_dmp_is_a_setting(reached: DmpServer, heard: Heard) -> None:
    (usual, other) = (reached.xds, replace(reached.xds, processing="D", revocation="RETRAIT"))
    for access, processing, action in ((usual, b"P", b"SUPPRESSION"), (other, b"D", b"RETRAIT")):
        client = replace(reached, xds=replace(access, mode="direct")).connect()
        assert isinstance(client, XdsClient)
        _, body, _ = _heard(heard, lambda client=client: client.patient_status(wire.PATIENT))
        assert b'processingCode code="%s"' % processing in body
        _, body, _ = _heard(heard, lambda client=client: client.revoke(wire.PATIENT))
        assert b">%s</" % action in body


def test_a_deposit_is_made_by_its_author(reached: DmpServer, heard: Heard) -> None:
    path, body, _ = _heard(heard, lambda: reached.connect().submit(wire.submission()))
    assert path == "/services/repository"
    assert _assertion(body).user_id == "899700100003"
    assert b"IHEManifest" in body


def test_a_service_may_have_an_address_of_its_own(reached: DmpServer, heard: Heard) -> None:
    elsewhere = heard.base_url.replace("/services", "/ailleurs")
    other = replace(reached, xds=replace(reached.xds, services={"patients": elsewhere}))
    path, _, _ = _heard(heard, lambda: other.connect().patient_status(wire.PATIENT))
    assert path == "/ailleurs"


@pytest.mark.parametrize("mode", ["air", "indirect-reinforced"])
def test_nothing_is_fed_by_pro_sante_connect_and_nothing_is_sent(mode: Any, reached: DmpServer, heard: Heard) -> None:
    other = replace(reached, xds=replace(reached.xds, mode=mode))
    with pytest.raises(DmpAccessDenied, match=r"TD2\.1") as fault:
        other.connect().submit(wire.submission())
    assert (fault.value.code, heard.kept) == ("access-mode", [])


def test_nothing_is_read_in_indirect_mode_and_nothing_is_sent(reached: DmpServer, heard: Heard) -> None:
    with pytest.raises(DmpAccessDenied, match=r"TD3\.1a"):
        list(reached.connect().search(wire.PATIENT))
    assert heard.kept == []


def test_a_key_that_cannot_sign_stops_before_any_call(reached: DmpServer, heard: Heard, tmp_path: Path) -> None:
    (tmp_path / "sign.pem").unlink()
    with pytest.raises(KeyUnusable):
        reached.connect()
    assert heard.kept == []


def test_the_keys_are_looked_at_on_demand(reached: DmpServer) -> None:
    assert reached.check() == ()
    (found,) = replace(reached, name="dmp", xds=replace(reached.xds, structure="1999999999")).check()
    assert (found.rule, found.path) == ("TRUST-STRUCTURE", "destinations.dmp.xds.structure")


def test_a_pair_of_pem_files_serves_either_way(tmp_path: Path) -> None:
    files = (tmp_path / "c.pem", tmp_path / "c.key")
    assert DmpServer("https://d", certificate=files).client == KeySource(*files)
    assert isinstance(DmpServer("https://d", certificate=files).connect(), PdsmClient)


def test_no_password_shows(reached: DmpServer) -> None:
    assert PASSWORD not in repr(reached)
    assert "899700100099" not in repr(reached)
