"""HTTP towards a DMP: one requests.Session a thread, TLS always verified, and errors that tell what may have happened.

Nothing here logs or raises a URL, a header or a body: they may speak of a patient.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

import requests
import urllib3
from requests import exceptions as rx
from requests.structures import CaseInsensitiveDict

from adapter.dmp.tls import Trust, TrustAdapter, certificate_code, turned_down
from adapter.errors import DmpAccessDenied, DmpError, DmpUnreachable, OutcomeUnknown

_log = logging.getLogger(__name__)

USER_AGENT: Final = "dmp-adapter"
MAX_ANSWER_BYTES: Final = 128 * 1024 * 1024
_BLOCK: Final = 64 * 1024

# Failures that can only happen before the first byte of the request.
_BEFORE_SENDING: Final = (
    "HANDSHAKE_FAILURE",
    "PROTOCOL_VERSION",
    "WRONG_VERSION_NUMBER",
    "NO_PROTOCOLS_AVAILABLE",
    "UNRECOGNIZED_NAME",
    "UNSUPPORTED_PROTOCOL",
)


class _NoQueryInLogs(logging.Filter):
    """Cuts query strings out of urllib3's debug lines: a server may put a patient's number in a link to a next page."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(a.partition("?")[0] if isinstance(a, str) else a for a in record.args)
        return True


logging.getLogger("urllib3.connectionpool").addFilter(_NoQueryInLogs())


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How a request without effect is tried again; one with an effect is sent once, the outbox knows what to do next.

    Attributes:
        attempts: tries in all, 1 for none again.
        first_wait_s: wait before the second try; it doubles from try to try.
        longest_wait_s: longest wait; a server that asks for more gets its error reported at once.
    """

    attempts: int = 3
    first_wait_s: float = 0.5
    longest_wait_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered, whole: status, headers (whatever their case), the exact bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """Media type in lower case without parameters, empty when there is none."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def retry_after_s(self) -> float | None:
        """Seconds that the server asks us to wait, None when it does not."""
        return retry_after(self.headers.get("Retry-After", ""), datetime.now(UTC))


class Blocks(Protocol):
    """A body in several pieces, sent one after the other without being joined; its length is told beforehand."""

    def __iter__(self) -> Iterator[bytes]:
        """The pieces, from the first again at each call."""
        ...

    def __len__(self) -> int:
        """Bytes in all."""
        ...


def retry_after(text: str, now: datetime) -> float | None:
    """Seconds to wait for a ``Retry-After`` value, in seconds or as a date; None when it says nothing usable.

    Source: RFC 9110, 10.2.3.
    """
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - now).total_seconds())


class DmpSession:
    """Requests towards one DMP; may be shared by threads, each has its own connections.

    Args:
        connect_timeout_s: to reach the server. ``read_timeout_s``: between two blocks of its answer.
        total_timeout_s: for the whole answer, against a server that trickles.
        ca_bundle: file of the authorities to trust; None trusts those of requests. Never switched off.
        certificate: PEM files of the client certificate and of its key.
        trust: our key when it is no plain file, and who is revoked; it replaces `certificate`.
        token: gives the bearer token, asked at each try.
        headers: gives further headers, asked at each try.
        proxies: by scheme, as requests wants them; those of the environment are left alone.
        retry: for requests without effect.
        max_answer_bytes: largest answer read.
        sleep: waits; tests give their own.
    """

    def __init__(
        self,
        *,
        connect_timeout_s: float = 10.0,
        read_timeout_s: float = 60.0,
        total_timeout_s: float = 300.0,
        ca_bundle: Path | None = None,
        certificate: tuple[Path, Path] | None = None,
        trust: Trust | None = None,
        token: Callable[[], str] | None = None,
        headers: Callable[[], Mapping[str, str]] | None = None,
        proxies: Mapping[str, str] | None = None,
        retry: RetryPolicy | None = None,
        user_agent: str = USER_AGENT,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._timeout = (connect_timeout_s, read_timeout_s)
        self._total_timeout_s = total_timeout_s
        self._verify: str | bool = str(ca_bundle) if ca_bundle else True
        self._certificate = (str(certificate[0]), str(certificate[1])) if certificate else None
        self._trust = trust
        self._token = token
        self._headers = headers
        self._proxies = dict(proxies or {})
        self._retry = retry or RetryPolicy()
        self._user_agent = user_agent
        self._max_answer_bytes = max_answer_bytes
        self._sleep = sleep
        self._local = threading.local()
        self._opened: weakref.WeakSet[requests.Session] = weakref.WeakSet()
        self._lock = threading.Lock()

    def send(
        self,
        name: str,
        method: str,
        url: str,
        *,
        safe: bool,
        params: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | Blocks | None = None,
    ) -> Answer:
        """Answer to one request, whatever its status.

        Args:
            name: what is being done (``TD2``), for the log.
            method, url, params, headers, body: the request; ``url`` without query.
            safe: no effect on the server: failures mean that nothing was done, and the request is tried again.

        Raises:
            DmpUnreachable: nothing was done.
            OutcomeUnknown: sent, and no usable answer.
            DmpAccessDenied: our certificate was turned down.
        """
        _want_tls(url)
        waits = _waits(self._retry) if safe else iter(())
        while True:
            started = time.monotonic()
            try:
                answer = self._once(method, url, params, headers, body, safe)
            except DmpUnreachable as failure:
                _log.debug("%s %s: %s", name, method, type(failure).__name__)
                if _lasts(failure.code) or (wait := next(waits, None)) is None:
                    raise
            else:
                spent = time.monotonic() - started
                _log.debug("%s %s: %d, %d bytes, %.3f s", name, method, answer.status, len(answer.body), spent)
                if answer.status not in (429, 503) or (wait := next(waits, None)) is None:
                    return answer
                asked = answer.retry_after_s
                if asked is not None and asked > self._retry.longest_wait_s:
                    return answer
                wait = max(wait, asked or 0.0)
            self._sleep(wait)

    def close(self) -> None:
        """Closes the connections of every thread."""
        with self._lock:
            opened = list(self._opened)
        for session in opened:
            session.close()

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None or self._local.process != os.getpid():  # a forked worker must not share our sockets
            session = requests.Session()
            session.trust_env = False  # no .netrc over our token, no proxy or authority from the environment
            session.verify = self._verify
            session.cert = self._certificate if self._trust is None else None
            if self._trust is not None:
                session.mount("https://", TrustAdapter(self._trust.context()))
            session.proxies = dict(self._proxies)
            session.headers = CaseInsensitiveDict(
                {"User-Agent": self._user_agent, "Accept-Encoding": "identity", "Connection": "keep-alive"}
            )
            self._local.session, self._local.process = session, os.getpid()
            with self._lock:
                self._opened.add(session)
        return session

    def _once(
        self,
        method: str,
        url: str,
        params: Sequence[tuple[str, str]],
        headers: Mapping[str, str] | None,
        body: bytes | Blocks | None,
        safe: bool,
    ) -> Answer:
        own = {**(self._headers() if self._headers else {}), **(headers or {})}
        if self._token:
            own["Authorization"] = f"Bearer {self._token()}"
        try:
            response = self._session().request(
                method,
                url,
                params=list(params),
                headers=own,
                data=body,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            )
        except rx.RequestException as fault:
            raise _typed(fault, safe) from None  # the text of the original holds the URL
        except OSError:
            raise DmpUnreachable(
                "Le certificat client, sa clé ou le fichier des autorités est introuvable ou illisible.",
                code="certificate-file",
            ) from None
        with response:
            return Answer(response.status_code, response.headers, self._read(response, safe))

    def _read(self, response: requests.Response, safe: bool) -> bytes:
        """The whole body; a slow, oversized or cut one is an error."""
        until = time.monotonic() + self._total_timeout_s
        blocks: list[bytes] = []
        size = 0
        try:
            while block := response.raw.read1(_BLOCK, decode_content=True):
                size += len(block)
                if size > self._max_answer_bytes:
                    raise _broken("La réponse du DMP dépasse la taille admise.", "answer-size", safe)
                if time.monotonic() > until:
                    raise _broken("La réponse du DMP n'en finit pas.", "answer-slow", safe)
                blocks.append(block)
        except (urllib3.exceptions.HTTPError, OSError):
            raise _broken("La réponse du DMP est incomplète.", "answer-cut", safe) from None
        return b"".join(blocks)


def _want_tls(url: str) -> None:
    """Refuses a URL that would travel in clear beyond this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" and host:
        return
    if parts.scheme == "http" and (host == "localhost" or _is_loopback(host)):
        return
    raise DmpUnreachable("L'adresse du DMP doit commencer par https:// (http admis en local).", code="no-tls")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _waits(policy: RetryPolicy) -> Iterator[float]:
    """Waits between the tries: doubling, bounded, the same in every run."""
    for rank in range(policy.attempts - 1):
        yield min(policy.first_wait_s * 2**rank, policy.longest_wait_s)


def _lasts(code: str) -> bool:
    """Whether a failure is there to stay until somebody mends something."""
    return code.startswith("certificate") or code in {"settings", "tls", "answer-size"}


def _broken(message: str, code: str, safe: bool) -> DmpError:
    return DmpUnreachable(message, code=code) if safe else OutcomeUnknown(message, code=code)


def _typed(fault: rx.RequestException, safe: bool) -> DmpError:
    """Error that tells whether anything may have happened on the server."""
    if isinstance(fault, rx.SSLError):
        return _tls_fault(fault, safe)
    if isinstance(fault, rx.ProxyError):
        return DmpUnreachable("Le proxy est injoignable ou a refusé la connexion.", code="proxy")
    if isinstance(fault, rx.ConnectTimeout):
        return DmpUnreachable("Le DMP ne répond pas à la connexion.", code="connect-timeout")
    causes = list(_causes(fault))
    if isinstance(fault, rx.ReadTimeout):
        if any("handshake" in str(cause) for cause in causes if isinstance(cause, TimeoutError)):
            return DmpUnreachable("La négociation TLS avec le DMP n'aboutit pas.", code="tls")
        return _broken("Le DMP n'a pas répondu à temps.", "read-timeout", safe)
    if any(isinstance(cause, urllib3.exceptions.NameResolutionError) for cause in causes):
        return DmpUnreachable("Le nom du serveur du DMP est introuvable (DNS).", code="dns")
    if any(isinstance(cause, urllib3.exceptions.NewConnectionError) for cause in causes):
        return DmpUnreachable("La connexion au DMP est refusée.", code="connection-refused")
    if isinstance(fault, rx.InvalidURL | rx.MissingSchema | rx.InvalidSchema | rx.InvalidHeader):
        return DmpUnreachable("L'adresse du DMP, du proxy ou un en-tête est inutilisable.", code="settings")
    return _broken("La connexion au DMP a été coupée.", "connection-cut", safe)


def _tls_fault(fault: rx.SSLError, safe: bool) -> DmpError:
    causes = list(_causes(fault))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _server_certificate_fault(cause.verify_code)
    reasons = " ".join(str(cause.reason or "") for cause in causes if isinstance(cause, ssl.SSLError)).upper()
    if turned_down(reasons):
        return DmpAccessDenied("Le DMP refuse notre certificat client.", code="client-certificate")
    if any(name in reasons for name in _BEFORE_SENDING):
        return DmpUnreachable("La négociation TLS avec le DMP a échoué.", code="tls")
    return _broken("La liaison TLS avec le DMP a été rompue.", "tls", safe)


def _server_certificate_fault(result: int) -> DmpUnreachable:
    code = certificate_code(result)
    return DmpUnreachable(_CERTIFICATE_TEXTS[code], code=code)


_CERTIFICATE_TEXTS: Final = {
    "certificate-expired": "Le certificat du DMP a expiré (vérifier aussi l'horloge).",
    "certificate-not-yet-valid": "Le certificat du DMP n'est pas encore valable : l'horloge de ce poste retarde sans"
    " doute.",
    "certificate-host": "Le certificat du DMP est celui d'un autre serveur.",
    "certificate-authority": "L'autorité qui a émis le certificat du DMP n'est pas de confiance.",
    "certificate-revoked": "Le certificat du DMP est révoqué.",
    "certificate-crl": "La liste des certificats révoqués ne dit rien de celui du DMP, ou n'est plus à jour.",
    "certificate": "Le certificat du DMP n'est pas valable.",
}


def _causes(fault: BaseException) -> Iterator[BaseException]:
    """`fault` and everything that it wraps, once each."""
    todo: list[BaseException] = [fault]
    seen: set[int] = set()
    while todo:
        one = todo.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
        todo += [cause for cause in inner if isinstance(cause, BaseException)]
