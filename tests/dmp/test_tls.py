"""Mutual TLS against real sockets on loopback: what opens it, what refuses it, what lies on the disk."""

from __future__ import annotations

import http.server
import select
import socket
import ssl
import stat
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from adapter.dmp import tls
from adapter.dmp.session import DmpSession, RetryPolicy
from adapter.dmp.tls import ClientKey, Trust
from adapter.dmp.xds.certificates import KeyUnusable
from adapter.dmp.xds.keys import Keys
from adapter.dmp.xds.signing import read_pem, read_pkcs12
from adapter.errors import DmpAccessDenied, DmpError, DmpUnreachable
from adapter.model.destination import KeySource, Reach
from tests.dmp.xds import pki

CLIENT = pki.issued("client")
PASSWORD = b"mot de passe"


class _Ok(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        connection = self.connection
        assert isinstance(connection, ssl.SSLSocket)
        body = f"{connection.version()} {bool(connection.getpeercert())}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        return


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        return


@contextmanager
def serving(
    folder: Path, *, certificate: pki.Issued | None = None, newest: ssl.TLSVersion | None = None
) -> Iterator[int]:
    """A server that asks every client for a certificate of our authority; its port."""
    own = certificate or pki.issued("server")
    file = folder / "server.pem"
    file.write_bytes(own.pem + own.key_pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=pki.authority().pem.decode())
    if newest is not None:
        context.maximum_version = newest
    server = _Server(("127.0.0.1", 0), _Ok)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    file = tmp_path / "authority.pem"
    file.write_bytes(pki.authority().pem)
    return file


def session(authority: Path, trust: Trust, **more: Any) -> DmpSession:
    return DmpSession(ca_bundle=authority, trust=trust, read_timeout_s=2, retry=RetryPolicy(attempts=1), **more)


def answer(port: int, through: DmpSession, host: str = "127.0.0.1") -> str:
    try:
        return through.send("essai", "GET", f"https://{host}:{port}/", safe=True).body.decode()
    finally:
        through.close()


def refused(port: int, through: DmpSession, host: str = "127.0.0.1") -> DmpError:
    with pytest.raises(DmpError) as fault:
        answer(port, through, host)
    return fault.value


def from_p12() -> ClientKey:
    return ClientKey(read_pkcs12(CLIENT.p12(PASSWORD), PASSWORD))


@pytest.mark.parametrize("key", [from_p12, lambda: ClientKey(read_pem(CLIENT.pem, CLIENT.key_pem(PASSWORD), PASSWORD))])
def test_a_key_under_password_opens_a_session(key: Any, tmp_path: Path, authority: Path) -> None:
    with serving(tmp_path) as port:
        assert answer(port, session(authority, Trust(key))) == "TLSv1.3 True"
        assert answer(port, session(authority, Trust(key)), host="localhost") == "TLSv1.3 True"


def test_no_key_lies_on_the_disk_in_clear(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, authority: Path) -> None:
    seen: list[tuple[Path, int, bytes]] = []
    short_lived = tls._short_lived

    @contextmanager
    def watched(data: bytes) -> Iterator[str]:
        with short_lived(data) as path:
            seen.append((Path(path), stat.S_IMODE(Path(path).stat().st_mode), Path(path).read_bytes()))
            yield path

    monkeypatch.setattr(tls, "_short_lived", watched)
    with serving(tmp_path) as port:
        assert answer(port, session(authority, Trust(from_p12))) == "TLSv1.3 True"
    ((path, mode, content),) = seen
    assert (path.exists(), mode) == (False, 0o600)
    assert b"ENCRYPTED PRIVATE KEY" in content
    assert b"BEGIN PRIVATE KEY" not in content
    assert PASSWORD not in content


def test_the_file_goes_even_when_the_key_does_not_serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    wrong = ClientKey(read_pem(CLIENT.pem, CLIENT.key_pem(), None))
    object.__setattr__(wrong.pair, "key", pki.key("autre"))
    with pytest.raises(ssl.SSLError):
        wrong.put_in(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    assert list(tmp_path.iterdir()) == []


def test_without_our_certificate_the_server_turns_us_away(tmp_path: Path, authority: Path) -> None:
    with serving(tmp_path) as port:
        fault = refused(port, session(authority, Trust()))
    assert (type(fault), fault.code) == (DmpAccessDenied, "client-certificate")


def test_tls_1_2_is_the_least(tmp_path: Path, authority: Path) -> None:
    assert Trust(from_p12).context().minimum_version == ssl.TLSVersion.TLSv1_2
    with serving(tmp_path, newest=ssl.TLSVersion.TLSv1_2) as port:
        assert answer(port, session(authority, Trust(from_p12))) == "TLSv1.2 True"


@pytest.mark.parametrize(
    ("certificate", "code"),
    [
        (pki.issued("server", by="AC inconnue"), "certificate-authority"),
        (pki.issued("server", period=(pki.PAST, pki.PAST + timedelta(days=9))), "certificate-expired"),
        (pki.issued("server", period=(pki.FAR - timedelta(days=9), pki.FAR)), "certificate-not-yet-valid"),
    ],
)
def test_each_bad_server_has_its_own_message(
    certificate: pki.Issued, code: str, tmp_path: Path, authority: Path
) -> None:
    with serving(tmp_path, certificate=certificate) as port:
        fault = refused(port, session(authority, Trust(from_p12)))
    assert (type(fault), fault.code) == (DmpUnreachable, code)


def test_the_name_of_the_host_is_always_checked(tmp_path: Path, authority: Path) -> None:
    with serving(tmp_path, certificate=pki.issued("server", host="ailleurs.example.org")) as port:
        fault = refused(port, session(authority, Trust(from_p12)))
    assert (type(fault), fault.code) == (DmpUnreachable, "certificate-host")


@pytest.mark.parametrize("form", [Encoding.PEM, Encoding.DER])
def test_a_revoked_server_is_refused(form: Encoding, tmp_path: Path, authority: Path) -> None:
    crl = tmp_path / "revoked.crl"
    crl.write_bytes(pki.revocation_list(CLIENT).public_bytes(form))
    with serving(tmp_path) as port:
        assert answer(port, session(authority, Trust(from_p12, crl))) == "TLSv1.3 True"
        crl.write_bytes(pki.revocation_list(pki.issued("server")).public_bytes(form))
        fault = refused(port, session(authority, Trust(from_p12, crl)))
    assert (type(fault), fault.code) == (DmpUnreachable, "certificate-revoked")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"n'importe quoi",
        pki.revocation_list(until=pki.PAST).public_bytes(Encoding.PEM),
        pki.revocation_list(by="AC inconnue").public_bytes(Encoding.DER),
    ],
)
def test_a_list_of_revoked_that_says_nothing_stops_the_call(content: bytes, tmp_path: Path, authority: Path) -> None:
    crl = tmp_path / "revoked.crl"
    crl.write_bytes(content)
    with serving(tmp_path) as port:
        fault = refused(port, session(authority, Trust(from_p12, crl)))
    assert (type(fault), fault.code) == (DmpUnreachable, "certificate-crl")


def test_a_key_that_cannot_be_opened_stops_the_call_before_it(tmp_path: Path, authority: Path) -> None:
    (tmp_path / "nous.p12").write_bytes(CLIENT.p12(PASSWORD))
    reach = Reach("https://dmp.example", client=KeySource(cert=tmp_path / "nous.p12"))
    through = session(authority, Trust(Keys(reach, lambda source, use: "autre").client))
    with serving(tmp_path) as port:
        fault = refused(port, through)
    assert (type(fault), fault.code) == (KeyUnusable, "certificate-password")


def test_a_proxy_carries_the_session_without_seeing_into_it(tmp_path: Path, authority: Path) -> None:
    with serving(tmp_path) as port, _proxy() as (proxy, asked):
        through = session(authority, Trust(from_p12), proxies={"https": f"http://127.0.0.1:{proxy}"})
        assert answer(port, through) == "TLSv1.3 True"
        assert asked == [f"CONNECT 127.0.0.1:{port} HTTP/1.0"]


@contextmanager
def _proxy() -> Iterator[tuple[int, list[str]]]:
    """A proxy that opens one tunnel; its port, and what it was asked."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(5)
    asked: list[str] = []

    def serve() -> None:
        client, _ = listener.accept()
        with client:
            head = client.recv(65536).decode()
            asked.append(head.splitlines()[0])
            with socket.create_connection(("127.0.0.1", int(head.split()[1].rpartition(":")[2]))) as server:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                while True:
                    for ready in select.select([client, server], [], [], 5)[0]:
                        data = ready.recv(65536)
                        if not data:
                            return
                        (server if ready is client else client).sendall(data)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], asked
    finally:
        listener.close()
        thread.join(5)
