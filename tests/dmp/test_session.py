"""The session against real sockets on loopback: what breaks, when, and what may have happened."""

from __future__ import annotations

import contextlib
import http.server
import logging
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from adapter.dmp.session import DmpSession, RetryPolicy, retry_after
from adapter.errors import DmpAccessDenied, DmpError, DmpUnreachable, OutcomeUnknown

CERTIFICATES = Path(__file__).resolve().parent / "certificates"
AUTHORITY = CERTIFICATES / "authority.pem"
CLIENT = CERTIFICATES / "client.pem"
BODY = b"<secret-du-patient/>"
Handle = Callable[[socket.socket], None]


@contextmanager
def _server(handle: Handle, certificate: str = "", *, client_authority: Path | None = None) -> Iterator[int]:
    """A server that hands each connection to `handle`; the port it listens on."""
    context: ssl.SSLContext | None = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATES / f"{certificate}.pem")
        if client_authority:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(client_authority)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(5)

    def serve() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            plain.settimeout(5)
            connection = context.wrap_socket(plain, True, do_handshake_on_connect=False) if context else plain
            with connection:
                try:
                    if isinstance(connection, ssl.SSLSocket):
                        connection.do_handshake()
                    handle(connection)
                except ssl.SSLError:  # lets the client read the alert, that a reset would wipe out
                    with contextlib.suppress(OSError):
                        socket.socket.shutdown(connection, socket.SHUT_WR)
                        while socket.socket.recv(connection, 65536):
                            pass
                except OSError:
                    pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def _request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        block = connection.recv(65536)
        if not block:
            return data
        data += block
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(h.split(b":")[1]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return data


def _answering(raw: bytes) -> Handle:
    def handle(connection: socket.socket) -> None:
        if _request(connection):
            connection.sendall(raw)

    return handle


OK = _answering(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


def _reset_after_request(connection: socket.socket) -> None:
    _request(connection)
    plain = connection
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _silence(connection: socket.socket) -> None:
    _request(connection)
    connection.recv(1)


def _trickle(connection: socket.socket) -> None:
    _request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(40):
        connection.sendall(b"x")
        threading.Event().wait(0.02)


def _session(**more: Any) -> DmpSession:
    settings: dict[str, Any] = {
        "ca_bundle": AUTHORITY, "connect_timeout_s": 2, "read_timeout_s": 0.3, "retry": RetryPolicy(attempts=1),
    }  # fmt: skip
    return DmpSession(**{**settings, **more})


def _fault(url: str, *, safe: bool = False, **more: Any) -> DmpError:
    with pytest.raises(DmpError) as fault:
        _session(**more).send("essai", "POST", url, safe=safe, body=BODY)
    error = fault.value
    assert error.__cause__ is None, "the original holds the URL"
    assert error.__context__ is None or error.__suppress_context__
    assert "127.0.0.1" not in str(error)
    return error


# ---------------------------------------------------------------- TLS


def test_a_verified_server_is_reached() -> None:
    with _server(OK, "server") as port:
        answer = _session().send("essai", "GET", f"https://127.0.0.1:{port}/", safe=True)
    assert (answer.status, answer.body, answer.media_type) == (200, b"ok", "text/plain")


@pytest.mark.parametrize(
    ("certificate", "code", "words"),
    [
        ("expired", "certificate-expired", "expiré"),
        ("future", "certificate-not-yet-valid", "horloge"),
        ("other-host", "certificate-host", "autre serveur"),
    ],
)
def test_each_bad_certificate_has_its_own_message(certificate: str, code: str, words: str) -> None:
    with _server(OK, certificate) as port:
        fault = _fault(f"https://127.0.0.1:{port}/")
    assert isinstance(fault, DmpUnreachable)
    assert fault.code == code
    assert words in fault.message


def test_what_somebody_has_to_mend_is_not_tried_again() -> None:
    waits: list[float] = []
    with _server(OK, "expired") as port:
        _fault(f"https://127.0.0.1:{port}/", safe=True, retry=RetryPolicy(attempts=3), sleep=waits.append)
    assert waits == []


def test_an_unknown_authority_is_not_trusted() -> None:
    with _server(OK, "server") as port:
        fault = _fault(f"https://127.0.0.1:{port}/", ca_bundle=None)
    assert (type(fault), fault.code) == (DmpUnreachable, "certificate-authority")


@pytest.mark.parametrize("handle", [lambda c: c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), lambda c: _silence(c)])
def test_a_server_that_does_not_speak_tls_received_nothing(handle: Handle) -> None:
    with _server(handle) as port:
        fault = _fault(f"https://127.0.0.1:{port}/")
    assert (type(fault), fault.code) == (DmpUnreachable, "tls")


def test_our_certificate_is_shown() -> None:
    with _server(OK, "server", client_authority=AUTHORITY) as port:
        session = _session(certificate=(CLIENT, CLIENT))
        assert session.send("essai", "GET", f"https://127.0.0.1:{port}/", safe=True).body == b"ok"


def test_a_missing_client_certificate_is_access_denied() -> None:
    with _server(OK, "server", client_authority=AUTHORITY) as port:
        fault = _fault(f"https://127.0.0.1:{port}/")
    assert (type(fault), fault.code) == (DmpAccessDenied, "client-certificate")


def test_a_lost_certificate_file_is_told() -> None:
    fault = _fault("https://127.0.0.1:9/", certificate=(Path("/nulle/part.pem"), Path("/nulle/part.key")))
    assert (type(fault), fault.code) == (DmpUnreachable, "certificate-file")
    fault = _fault("https://127.0.0.1:9/", ca_bundle=Path("/nulle/part.pem"))
    assert (type(fault), fault.code) == (DmpUnreachable, "certificate-file")


@pytest.mark.parametrize("url", ["http://dmp.example.org/fhir", "ftp://127.0.0.1/", "dmp.example.org", "https:///x"])
def test_nothing_travels_in_clear_beyond_this_machine(url: str) -> None:
    assert _fault(url).code == "no-tls"


# ---------------------------------------------------------------- before, during, after


def test_a_refused_connection_did_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    fault = _fault(f"http://127.0.0.1:{port}/")
    assert (type(fault), fault.code) == (DmpUnreachable, "connection-refused")


def test_an_unknown_name_did_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    fault = _fault("https://dmp.example.org/fhir")
    assert (type(fault), fault.code) == (DmpUnreachable, "dns")


def test_a_dead_proxy_did_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    fault = _fault("https://127.0.0.1:9/", proxies={"https": f"http://127.0.0.1:{port}"})
    assert (type(fault), fault.code) == (DmpUnreachable, "proxy")


def test_a_proxy_that_refuses_did_nothing() -> None:
    with _server(_answering(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")) as port:
        fault = _fault("https://127.0.0.1:9/", proxies={"https": f"http://127.0.0.1:{port}"})
    assert (type(fault), fault.code) == (DmpUnreachable, "proxy")


@pytest.mark.parametrize(
    ("handle", "code"),
    [
        (_reset_after_request, "connection-cut"),
        (_silence, "read-timeout"),
        (_answering(b""), "connection-cut"),
        (_answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npartiel"), "answer-cut"),
        (_answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"), "answer-cut"),
        (_answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "answer-cut"),
        (_answering(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"), "answer-cut"),
        (_answering(b"bonjour\r\n\r\n"), "connection-cut"),
    ],
)
def test_what_breaks_once_sent_leaves_the_outcome_unknown(handle: Handle, code: str) -> None:
    for safe, kind in ((False, OutcomeUnknown), (True, DmpUnreachable)):
        with _server(handle) as port:
            fault = _fault(f"http://127.0.0.1:{port}/", safe=safe)
        assert (type(fault), fault.code) == (kind, code)


def test_a_server_that_trickles_is_left() -> None:
    with _server(_trickle) as port:
        fault = _fault(f"http://127.0.0.1:{port}/", total_timeout_s=0.2)
    assert (type(fault), fault.code) == (OutcomeUnknown, "answer-slow")


def test_an_oversized_answer_is_left() -> None:
    with _server(_answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000)) as port:
        fault = _fault(f"http://127.0.0.1:{port}/", max_answer_bytes=4000)
    assert (type(fault), fault.code) == (OutcomeUnknown, "answer-size")


def test_a_request_with_an_effect_is_sent_once() -> None:
    seen: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        seen.append(_request(connection))
        connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with _server(handle) as port:
        session = _session(retry=RetryPolicy(attempts=3, first_wait_s=0))
        assert session.send("essai", "POST", f"http://127.0.0.1:{port}/", safe=False, body=BODY).status == 503
    assert len(seen) == 1


def test_redirections_are_not_followed() -> None:
    with _server(_answering(b"HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n")) as port:
        assert _session().send("essai", "POST", f"http://127.0.0.1:{port}/", safe=False, body=BODY).status == 307


# ---------------------------------------------------------------- what each request says


def test_token_and_headers_are_asked_for_at_each_request() -> None:
    seen: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        seen.append(_request(connection))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    tokens = iter(("un", "deux"))
    with _server(handle) as port:
        session = _session(token=lambda: next(tokens), headers=lambda: {"X-DMP-Actor": "professional"})
        for _ in range(2):
            session.send("essai", "GET", f"http://127.0.0.1:{port}/", safe=True)
    assert [b"Authorization: Bearer un\r\n" in seen[0], b"Authorization: Bearer deux\r\n" in seen[1]] == [True, True]
    assert all(b"X-DMP-Actor: professional\r\n" in one and b"User-Agent: dmp-adapter\r\n" in one for one in seen)


def test_the_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login x password y\n")
    for name, value in {"HOME": str(tmp_path), "HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    seen: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        seen.append(_request(connection))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with _server(handle) as port:
        _session(token=lambda: "notre").send("essai", "GET", f"http://127.0.0.1:{port}/", safe=True)
    assert b"Bearer notre" in seen[0]
    assert b"Basic" not in seen[0]


def test_no_log_line_holds_a_url_or_a_body(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), _server(OK) as port:
        session = _session()
        url = f"http://127.0.0.1:{port}/DocumentReference"
        session.send("TD3.1a", "GET", url, safe=True, params=[("patient.identifier", "252034410921797")])
        session.send("TD2", "POST", f"{url}/page?ins=252034410921797", safe=False, body=BODY)
    assert any(record.name == "adapter.dmp.session" for record in caplog.records)
    assert any(record.name == "urllib3.connectionpool" for record in caplog.records)
    assert "252034410921797" not in caplog.text
    assert BODY.decode() not in caplog.text


class _Keeping(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    peers: ClassVar[set[int]] = set()

    def do_GET(self) -> None:
        self.peers.add(self.client_address[1])
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Says nothing."""


def test_each_thread_keeps_its_own_connection() -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Keeping)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    session = _session(read_timeout_s=5)
    url = f"http://127.0.0.1:{server.server_address[1]}/"

    def three() -> None:
        for _ in range(3):
            session.send("essai", "GET", url, safe=True)

    threads = [threading.Thread(target=three) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    three()
    session.close()
    server.shutdown()
    server.server_close()
    assert len(_Keeping.peers) == 3


def test_a_forked_process_opens_its_own_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    session = _session()
    ours = session._session()
    assert session._session() is ours
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert session._session() is not ours


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("0", 0.0), (" 30 ", 30.0), ("Mon, 23 Nov 2026 10:00:10 GMT", 10.0), ("Mon, 23 Nov 2026 09:00:00 GMT", 0.0),
        ("", None), ("-5", None), ("1.5", None), ("demain", None), ("٣", None), ("9" * 12, None),
        ("Mon, 01 Jan 99999999999 00:00:00 GMT", None), ("Mon, 23 Nov 2026 10:00:00 +99999999999999", None),
    ],
)  # fmt: skip
def test_retry_after_in_seconds_or_as_a_date(text: str, wait: float | None) -> None:
    assert retry_after(text, datetime(2026, 11, 23, 10, 0, tzinfo=UTC)) == wait
