from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from adapter.dmp import DepositBusy
from adapter.dmp.tls import ClientKey, Trust
from adapter.dmp.xdm import smtp
from adapter.dmp.xdm.smtp import Account, MailServer
from adapter.dmp.xds.signing import read_pkcs12
from adapter.errors import DmpAccessDenied, DmpError, DmpRejected, DmpUnreachable, OutcomeUnknown
from tests.dmp import wire
from tests.dmp.xdm.letters import BOX, NURSE, SENDER, server
from tests.dmp.xdm.operator import AUTHORITY, CERTIFICATES, PASSWORD, TOKEN, USER, Operator, operator
from tests.dmp.xds import pki

MESSAGE = b"Subject: essai\r\n\r\n.un point\r\n..deux\r\nfin\r\n"


@pytest.fixture
def running() -> Iterator[Operator]:
    with operator() as found:
        yield found


def _fault(kind: type[DmpError], to: MailServer, recipient: str = NURSE) -> DmpError:
    with pytest.raises(kind) as caught:
        smtp.post(to, SENDER, recipient, MESSAGE)
    assert type(caught.value) is kind
    for private in (SENDER, recipient, wire.PATIENT.value):
        assert private not in str(caught.value)
    return caught.value


def test_a_message_arrives_whole_under_tls(running: Operator) -> None:
    smtp.post(server(running), SENDER, NURSE, MESSAGE)
    assert running.received == [MESSAGE]
    assert running.envelopes == [(SENDER, [NURSE])]


@pytest.mark.parametrize(
    ("command", "reply", "kind"),
    [
        ("MAIL", "421 closing", DmpUnreachable),
        ("MAIL", "451 later", DmpUnreachable),
        ("MAIL", "530 authenticate", DmpAccessDenied),
        ("MAIL", "552 too big", DmpRejected),
        ("RCPT", "421 closing", DmpUnreachable),
        ("RCPT", "422 box is full", DepositBusy),
        ("RCPT", "450 greylisted", DepositBusy),
        ("RCPT", "510 bad address", DmpRejected),
        ("RCPT", "550 no such box", DmpRejected),
        ("RCPT", "553 bad name", DmpRejected),
        ("DATA", "451 later", DepositBusy),
        ("DATA", "421 closing", DmpUnreachable),
        ("DATA", "523 too big", DmpRejected),
        ("DATA", "554 refused", DmpRejected),
    ],
)
def test_each_reply_has_its_kind(running: Operator, command: str, reply: str, kind: type[DmpError]) -> None:
    running.says(command, reply)
    assert _fault(kind, server(running)).code == reply[:3]
    assert running.received == []


@pytest.mark.parametrize("reply", ["251 forwarded", "252 cannot verify"])
def test_a_box_that_is_elsewhere_or_unverified_is_taken(running: Operator, reply: str) -> None:
    running.says("RCPT", reply)
    smtp.post(server(running), SENDER, NURSE, MESSAGE)
    assert len(running.received) == 1


def test_a_connection_lost_after_the_last_line_is_a_doubt(running: Operator) -> None:
    running.hang_up_after_data = True
    assert _fault(OutcomeUnknown, server(running)).code == "no-answer"
    assert len(running.received) == 1


def test_a_server_that_never_answers_the_last_line_is_a_doubt(running: Operator) -> None:
    running.silent_after_data_s = 5
    to = replace(server(running, timeout_s=0.5), last_answer_s=0.5)
    assert _fault(OutcomeUnknown, to).code == "no-answer"


def test_an_operator_may_take_its_time_over_a_message(running: Operator) -> None:
    running.silent_after_data_s = 1
    smtp.post(replace(server(running, timeout_s=0.5), last_answer_s=10), SENDER, NURSE, MESSAGE)
    assert len(running.received) == 1


def test_a_message_above_what_the_server_told_does_not_leave() -> None:
    with operator(max_bytes=20) as small:
        assert _fault(DmpRejected, server(small)).code == "size"
        assert small.received == []


def test_nothing_travels_without_tls() -> None:
    with operator(tls=False) as clear:
        assert _fault(DmpUnreachable, server(clear)).code == "no-tls"
        assert clear.received == []


@pytest.mark.parametrize(
    ("certificate", "code"),
    [
        ("expired.pem", "certificate-expired"),
        ("future.pem", "certificate-not-yet-valid"),
        ("other-host.pem", "certificate-host"),
    ],
)
def test_a_certificate_that_does_not_hold_stops_everything(certificate: str, code: str) -> None:
    with operator(certificate=certificate) as wrong:
        assert _fault(DmpUnreachable, server(wrong)).code == code
        assert wrong.envelopes == []


def test_an_unknown_authority_stops_everything(running: Operator) -> None:
    assert _fault(DmpUnreachable, server(running, ca_bundle=None)).code == "certificate-authority"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_an_old_tls_is_refused() -> None:
    with operator(newest=ssl.TLSVersion.TLSv1_1) as old:
        assert _fault(DmpUnreachable, server(old)).code in {"tls", "connection-cut"}


def test_a_client_certificate_is_shown_when_asked() -> None:
    ours = (CERTIFICATES / "client.pem", CERTIFICATES / "client.pem")
    with operator(client_certificates=AUTHORITY) as strict:
        smtp.post(server(strict, certificate=ours), SENDER, NURSE, MESSAGE)
        assert len(strict.received) == 1


class _Scripted:
    """A server of one connection, that says what it is told to and may stop anywhere."""

    def __init__(
        self,
        *,
        hello: bytes = b"250 here\r\n",
        after_data: bytes = b"",
        client_certificate: bool = False,
        starttls: bytes = b"220 go on\r\n",
    ):
        self._hello = hello
        self._after_data = after_data
        self._client_certificate = client_certificate
        self._starttls = starttls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.told = threading.Event()  # hanging up at once would take an alert or a reply away with it
        self._thread = threading.Thread(target=self._serve)

    @property
    def server(self) -> MailServer:
        return MailServer("127.0.0.1", self._listening.getsockname()[1], AUTHORITY, timeout_s=0.5)

    def __enter__(self) -> _Scripted:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.told.set()
        self._thread.join(10)
        self._listening.close()

    def _serve(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATES / "server.pem")
        if self._client_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(AUTHORITY)
        connection, _ = self._listening.accept()
        with connection, suppress(OSError):
            for reply in (b"220 ready\r\n", b"250-here\r\n250 STARTTLS\r\n", self._starttls):
                connection.sendall(reply)
                if reply is not self._starttls:
                    connection.recv(1000)
            with context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as secured:
                self._talk(secured)

    def _talk(self, secured: ssl.SSLSocket) -> None:
        try:
            secured.do_handshake()
            for reply in (self._hello, b"250 OK\r\n", b"250 OK\r\n", b"354 go on\r\n"):
                secured.recv(1000)
                secured.sendall(reply)
            secured.recv(1000)
            secured.sendall(self._after_data)
        except ssl.SSLError:
            pass
        self.told.wait(10 if self._after_data or self._client_certificate else 0)


def test_a_client_certificate_that_is_missing_is_an_access_denied() -> None:
    with _Scripted(client_certificate=True) as strict:
        assert _fault(DmpAccessDenied, strict.server).code == "client-certificate"


LONG = b"Subject: essai\r\n\r\n" + b"0123456789\r\n" * 1_000_000


def test_a_server_that_refuses_in_the_middle_of_a_message_is_heard() -> None:
    with _Scripted(after_data=b"552 too large\r\n") as full, pytest.raises(DmpRejected) as caught:
        smtp.post(full.server, SENDER, NURSE, LONG)
    assert caught.value.code == "552"


def test_a_server_that_hangs_up_in_the_middle_of_a_message_took_nothing() -> None:
    with _Scripted() as gone, pytest.raises(DmpUnreachable):
        smtp.post(gone.server, SENDER, NURSE, LONG)


def test_a_challenge_that_is_none_is_no_traceback() -> None:
    hello = b"250-here\r\n250 AUTH CRAM-MD5\r\n334 \xe9\xe9\xe9=a\r\n"
    with _Scripted(hello=hello) as strange:
        _fault(DmpUnreachable, replace(strange.server, account=Account(USER, lambda: PASSWORD)))


@pytest.mark.parametrize(("reply", "kind"), [(b"454 later\r\n", DmpUnreachable), (b"502 no\r\n", DmpAccessDenied)])
def test_a_refusal_of_tls_says_nothing_of_the_message(reply: bytes, kind: type[DmpError]) -> None:
    with _Scripted(starttls=reply) as refusing:
        assert _fault(kind, refusing.server).code == reply[:3].decode()


def test_files_of_certificates_that_cannot_be_read_are_told(running: Operator, tmp_path: Path) -> None:
    absent = tmp_path / "absent.pem"
    assert _fault(DmpUnreachable, server(running, ca_bundle=absent)).code == "certificate-file"
    assert _fault(DmpUnreachable, server(running, certificate=(absent, absent))).code == "certificate-file"


def test_an_account_is_told_by_password_or_by_token() -> None:
    with operator(accounts=True) as strict:
        smtp.post(server(strict, account=Account(USER, password=lambda: PASSWORD)), SENDER, NURSE, MESSAGE)
        smtp.post(server(strict, account=Account(USER, token=lambda: TOKEN)), SENDER, NURSE, MESSAGE)
        assert len(strict.received) == 2
        assert strict.accounts == [USER, f"user={USER}\x01auth=Bearer {TOKEN}\x01\x01"]


@pytest.mark.parametrize(
    "account",
    [
        Account(),
        Account(USER, password=lambda: "un autre"),
        Account(USER, password=lambda: "mot de passé"),
        Account(USER, token=lambda: "perime"),
    ],
)
def test_an_unknown_account_is_an_access_denied(account: Account) -> None:
    with operator(accounts=True) as strict:
        _fault(DmpAccessDenied, server(strict, account=account))
        assert strict.received == []


def test_no_server_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert _fault(DmpUnreachable, MailServer("127.0.0.1", port)).code == "connection-refused"


def test_a_silent_server_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = _fault(DmpUnreachable, MailServer("127.0.0.1", silent.getsockname()[1], timeout_s=0.2))
    assert found.code == "connect-timeout"


@pytest.mark.parametrize(
    ("greeting", "kind"),
    [
        (b"554 no service here\r\n", DmpAccessDenied),
        (b"421 too busy\r\n", DmpUnreachable),
        (b"\xff\xfe nonsense\r\n", DmpUnreachable),
        (b"2" * 20_000, DmpError),
    ],
)
def test_a_strange_greeting_is_no_traceback(greeting: bytes, kind: type[DmpError]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as strange:

        def answer() -> None:
            connection, _ = strange.accept()
            with connection:
                connection.sendall(greeting)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(kind):
            smtp.post(MailServer("127.0.0.1", strange.getsockname()[1], timeout_s=5), SENDER, NURSE, MESSAGE)
        thread.join(10)


def test_no_address_goes_to_a_log(running: Operator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "adapter")
    smtp.post(server(running), SENDER, BOX, MESSAGE)
    running.says("RCPT", f"550 {BOX} unknown")
    _fault(DmpRejected, server(running), BOX)
    assert "bytes" in caplog.text
    assert wire.PATIENT.value not in caplog.text


@pytest.fixture
def issued(tmp_path: Path) -> Path:
    """Folder with the certificate of a server and its authority, both of the test authority."""
    own = pki.issued("server")
    (tmp_path / "server.pem").write_bytes(own.pem + own.key_pem())
    (tmp_path / "authority.pem").write_bytes(pki.authority().pem)
    return tmp_path


def test_a_key_under_password_is_shown_when_asked(issued: Path) -> None:
    key = ClientKey(read_pkcs12(pki.issued("client").p12(b"secret"), b"secret"))
    authority = issued / "authority.pem"
    with operator(certificate=str(issued / "server.pem"), client_certificates=authority) as strict:
        smtp.post(server(strict, ca_bundle=authority, trust=Trust(lambda: key)), SENDER, NURSE, MESSAGE)
        assert len(strict.received) == 1


def test_a_revoked_server_gets_nothing(issued: Path) -> None:
    crl = issued / "revoked.crl"
    with operator(certificate=str(issued / "server.pem")) as revoked:
        to = server(revoked, ca_bundle=issued / "authority.pem", trust=Trust(crl=crl))
        crl.write_bytes(pki.revocation_list().public_bytes(Encoding.PEM))
        smtp.post(to, SENDER, NURSE, MESSAGE)
        crl.write_bytes(pki.revocation_list(pki.issued("server")).public_bytes(Encoding.DER))
        assert _fault(DmpUnreachable, to).code == "certificate-revoked"
        crl.write_bytes(b"")
        assert _fault(DmpUnreachable, to).code == "certificate-crl"
        assert len(revoked.received) == 1
