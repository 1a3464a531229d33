"""SMTP towards the operator of a mailbox: STARTTLS always, and errors that tell whether the message may have left.

The last line of a message is sent apart: until it left, the operator has not taken the message (RFC 5321, 6.1), so a
failure before it is one to try again, and one after it is a doubt.
Nothing here logs or raises an address, a header or a reply of the server: they may speak of a patient.
Source: RFC 5321, 3207 (STARTTLS), 1870 (SIZE); MSSanté, Référentiel n° 2 (client); ANS, table SMTPERRORCODE.
"""

from __future__ import annotations

import contextlib
import logging
import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from adapter.dmp import DepositBusy
from adapter.dmp.tls import Trust, certificate_code, turned_down
from adapter.errors import DmpAccessDenied, DmpError, DmpRejected, DmpUnreachable, OutcomeUnknown

_log = logging.getLogger(__name__)

_ACCESS: Final = frozenset({530, 534, 535, 538})
_GONE: Final = 421
_STUFFED: Final = re.compile(rb"(?m)^\.")


@dataclass(frozen=True, slots=True)
class Account:
    """How the operator knows us; nothing for a client certificate alone.

    Attributes:
        user: name of the account. password: gives its password.
        token: gives a bearer token instead (XOAUTH2).
    """

    user: str = ""
    password: Callable[[], str] | None = field(default=None, repr=False)
    token: Callable[[], str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class MailServer:
    """Server of the operator.

    Attributes:
        host, port: where it listens; the host is the name that its certificate must bear.
        ca_bundle: file of the authorities to trust; None for the usual ones.
        certificate: PEM files of our certificate and of its key, in clear.
        trust: another form of our key, and the list of revoked certificates; None for neither.
        timeout_s: longest silence of the server.
        last_answer_s: longest wait for its answer to a whole message: an operator examines it first, and whoever hangs
            up too early leaves a doubt (RFC 5321, 4.5.3.2.6 asks for ten minutes; the queue keeps a row for seven).
    """

    host: str
    port: int = 587
    ca_bundle: Path | None = None
    certificate: tuple[Path, Path] | None = None
    trust: Trust | None = None
    account: Account = field(default_factory=Account)
    timeout_s: float = 60.0
    last_answer_s: float = 240.0


def post(server: MailServer, sender: str, recipient: str, message: bytes) -> None:
    """Nothing: the operator took the message for this recipient.

    Args:
        message: lines ended by CRLF.
    Raises:
        DmpUnreachable: it did not leave, now; ``DepositBusy`` when that is about this message alone.
        OutcomeUnknown: it left, and nothing usable came back.
        DmpRejected: refused for good. DmpAccessDenied: we are not let in.
    """
    session = _open(server, sender.rpartition("@")[2])
    try:
        try:
            _enter(session, server.account)
            _envelope(session, sender, recipient, message)
            _most_of(session, message)
        except (OSError, smtplib.SMTPException) as fault:
            raise _not_sent(fault) from None
        _end(session, max(server.timeout_s, server.last_answer_s))
    finally:
        session.close()
    _log.debug("message taken: %d bytes", len(message))


def _open(server: MailServer, domain: str) -> smtplib.SMTP:
    """A session under TLS."""
    context = _context(server)
    try:
        session = smtplib.SMTP(server.host, server.port, local_hostname=domain, timeout=server.timeout_s)
    except (OSError, smtplib.SMTPException) as fault:
        raise _not_sent(fault) from None
    try:
        session.starttls(context=context)
        session.ehlo_or_helo_if_needed()
    except BaseException as fault:
        session.close()
        if isinstance(fault, OSError | smtplib.SMTPException):
            raise _not_sent(fault) from None
        raise
    return session


def _context(server: MailServer) -> ssl.SSLContext:
    """TLS 1.2 at least, the name of the server always checked.

    Raises:
        DmpUnreachable: a file of certificates cannot be read, or our key cannot serve.
    """
    context = server.trust.context() if server.trust is not None else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if server.ca_bundle is not None:
            context.load_verify_locations(server.ca_bundle)
        else:
            context.load_default_certs()
        if server.certificate is not None:
            context.load_cert_chain(*server.certificate, password=_no_password)
    except (OSError, ValueError):
        message = "Le certificat client, sa clé ou le fichier des autorités est introuvable ou illisible."
        raise DmpUnreachable(message, code="certificate-file") from None
    return context


def _no_password() -> str:
    """No password: OpenSSL would ask for one on the terminal."""
    return ""


def _enter(session: smtplib.SMTP, account: Account) -> None:
    """Tells who we are, when the operator wants to know more than our certificate."""
    try:
        if account.token is not None:
            session.auth("XOAUTH2", _BearerToken(account.user, account.token()))
        elif account.password is not None:
            session.login(account.user, account.password())
    except UnicodeEncodeError:
        raise DmpAccessDenied("Le mot de passe de la messagerie n'est pas en ASCII.", code="password") from None
    except ValueError:  # a challenge that is no base64
        raise DmpUnreachable("Le serveur de messagerie demande le compte d'une façon inconnue.", code="auth") from None
    except smtplib.SMTPNotSupportedError:
        raise DmpAccessDenied("Le serveur de messagerie n'admet pas ce compte.", code="no-auth") from None
    except smtplib.SMTPAuthenticationError as fault:
        if fault.smtp_code // 100 == 4:
            raise _refused(fault.smtp_code) from None
        raise DmpAccessDenied("Le serveur de messagerie refuse le compte.", code=str(fault.smtp_code)) from None


class _BearerToken:
    """Answers of XOAUTH2: the token at once, nothing to the challenge that tells why it is refused."""

    def __init__(self, user: str, token: str) -> None:
        self._text = f"user={user}\x01auth=Bearer {token}\x01\x01"

    def __call__(self, challenge: bytes | None = None) -> str:
        return self._text if challenge is None else ""


def _envelope(session: smtplib.SMTP, sender: str, recipient: str, message: bytes) -> None:
    """From whom and to whom, and how long."""
    told = session.esmtp_features.get("size", "").split(" ")[0]
    options = []
    if session.has_extn("size"):
        options.append(f"size={len(message)}")
        if told.isascii() and told.isdigit() and 0 < int(told) < len(message):
            raise DmpRejected(f"Le serveur de messagerie n'admet pas plus de {told} octets.", code="size")
    code, _ = session.mail(sender, options)
    if code // 100 != 2:
        raise _refused(code)
    code, _ = session.rcpt(recipient)
    if code // 100 != 2:
        raise _refused(code, alone=True)


def _most_of(session: smtplib.SMTP, message: bytes) -> None:
    """Sends the message, its last line (a dot) left out."""
    code, _ = session.docmd("DATA")
    if code != 354:
        raise _refused(code, alone=True)
    body = _STUFFED.sub(b"..", message)
    try:
        _socket(session).sendall(body if body.endswith(b"\r\n") else body + b"\r\n")
    except OSError:  # smtplib would close, and lose what the server said before it stopped reading
        raise _refused(_parting_reply(session), alone=True) from None


def _socket(session: smtplib.SMTP) -> socket.socket:
    """The connection.

    Raises:
        SMTPServerDisconnected: it is closed.
    """
    if session.sock is None:
        raise smtplib.SMTPServerDisconnected("closed")
    return session.sock


def _parting_reply(session: smtplib.SMTP) -> int:
    """Code that a server left before it hung up in the middle of a message; 421 when it left none."""
    if session.sock is None:
        return _GONE
    with contextlib.suppress(OSError, smtplib.SMTPException):
        code, _ = session.getreply()
        return code if code // 100 in (4, 5) else _GONE
    return _GONE


def _end(session: smtplib.SMTP, wait_s: float) -> None:
    """Sends the last line: from here on the operator may have taken the message.

    Raises:
        OutcomeUnknown: no usable answer.
    """
    try:
        _socket(session).settimeout(wait_s)
        session.send(b".\r\n")
        code, _ = session.getreply()
    except (OSError, smtplib.SMTPException):
        raise OutcomeUnknown("Le message est parti, sans réponse du serveur.", code="no-answer") from None
    if code // 100 in (4, 5):
        raise _refused(code, alone=True)
    if code // 100 != 2:
        raise OutcomeUnknown("Le message est parti, avec une réponse qui n'en est pas une.", code=str(code))
    with contextlib.suppress(OSError, smtplib.SMTPException):
        session.quit()


def _refused(code: int, *, alone: bool = False) -> DmpError:
    """What a reply other than yes means.

    Args:
        alone: it is about this message, and says nothing of the next one.
    """
    if code // 100 == 5:
        if code in _ACCESS:
            return DmpAccessDenied("Le serveur de messagerie demande une authentification.", code=str(code))
        return DmpRejected("Le serveur de messagerie refuse le message.", code=str(code))
    message = "Le serveur de messagerie remet le message à plus tard."
    if alone and code != _GONE:
        return DepositBusy(message, code=str(code))
    return DmpUnreachable(message, code=str(code))


def _not_sent(fault: OSError | smtplib.SMTPException) -> DmpError:
    """What a failure before the end of the message means: nothing left."""
    if isinstance(fault, smtplib.SMTPServerDisconnected) and isinstance(fault.__context__, OSError):
        fault = fault.__context__  # smtplib tells any failure of the connection as this one
    match fault:
        case ssl.SSLCertVerificationError():
            message = "Le certificat du serveur de messagerie n'est pas valable."
            return DmpUnreachable(message, code=certificate_code(fault.verify_code))
        case ssl.SSLError() if turned_down(str(fault.reason)):
            return DmpAccessDenied("Le serveur de messagerie refuse notre certificat.", code="client-certificate")
        case ssl.SSLError():
            return DmpUnreachable("La négociation TLS avec le serveur de messagerie a échoué.", code="tls")
        case smtplib.SMTPNotSupportedError():
            return DmpUnreachable("Le serveur de messagerie n'offre pas STARTTLS.", code="no-tls")
        case smtplib.SMTPResponseException() if fault.smtp_code // 100 == 5:
            return DmpAccessDenied("Le serveur de messagerie refuse la connexion.", code=str(fault.smtp_code))
        case smtplib.SMTPResponseException():
            return _refused(fault.smtp_code)
        case socket.gaierror():
            return DmpUnreachable("Le nom du serveur de messagerie est introuvable (DNS).", code="dns")
        case TimeoutError():
            return DmpUnreachable("Le serveur de messagerie ne répond pas.", code="connect-timeout")
        case ConnectionRefusedError():
            return DmpUnreachable("La connexion au serveur de messagerie est refusée.", code="connection-refused")
        case _:
            return DmpUnreachable("La connexion au serveur de messagerie a été coupée.", code="connection-cut")
