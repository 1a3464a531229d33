"""Mutual TLS: our certificate put into a session without its key ever lying on the disk in clear, and who is revoked.

TLS 1.2 at least; the certificate and the host name of the server are always verified.
Source: CNAM, PDT-INF-579 v4 (TLS of the DMP); IGC Santé (ORG_AUTH_CLI, CPS authentication).
"""

from __future__ import annotations

import os
import secrets
import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from requests.adapters import HTTPAdapter
from urllib3.util import create_urllib3_context

from adapter.errors import DmpUnreachable

if TYPE_CHECKING:
    from adapter.dmp.xds.signing import KeyPair

_PEM_CRL: Final = b"-----BEGIN X509 CRL-----"
# X.509 verification results (OpenSSL, X509_V_ERR_*).
_CERTIFICATE_CODES: Final = {
    9: "certificate-not-yet-valid",
    10: "certificate-expired",
    23: "certificate-revoked",
    **dict.fromkeys((62, 64), "certificate-host"),  # host name, IP address
    **dict.fromkeys((2, 18, 19, 20, 21), "certificate-authority"),
    **dict.fromkeys((3, 11, 12, 33), "certificate-crl"),  # none for this authority, not yet valid, expired, of another
}
# Alerts by which a server turns down the client's certificate (RFC 8446, 6.2), as OpenSSL names them.
_CLIENT_CERTIFICATE_ALERTS: Final = (
    "BAD_CERTIFICATE",
    "CERTIFICATE_EXPIRED",
    "CERTIFICATE_REQUIRED",
    "CERTIFICATE_REVOKED",
    "CERTIFICATE_UNKNOWN",
    "UNKNOWN_CA",
    "UNSUPPORTED_CERTIFICATE",
    "ACCESS_DENIED",
)


@dataclass(frozen=True, slots=True, repr=False)
class ClientKey:
    """A private key and its certificates, kept in memory, that open TLS sessions."""

    pair: KeyPair

    def put_in(self, context: ssl.SSLContext) -> None:
        """Gives the key to a context.

        The library of TLS only reads files: it gets one that is encrypted under a password made for it alone, that
        nobody else may read, and that is gone at once.
        """
        from cryptography.hazmat.primitives.serialization import (
            BestAvailableEncryption,
            Encoding,
            PrivateFormat,
        )

        password = secrets.token_bytes(32).hex().encode()
        key = self.pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
        chain = "".join(ssl.DER_cert_to_PEM_cert(one) for one in self.pair.certificates)
        with _short_lived(chain.encode("ascii") + key) as file:
            context.load_cert_chain(file, password=password)


@dataclass(frozen=True, slots=True)
class Trust:
    """What a TLS session is opened with, beside the authorities.

    Attributes:
        key: our key; None for a server that asks for none.
        crl: PEM or DER file of revoked certificates; None checks no revocation.
    """

    key: Callable[[], ClientKey] | None = field(default=None, repr=False)
    crl: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Context of a new session.

        Raises:
            DmpUnreachable: the list of revoked certificates cannot be read, or our key cannot serve.
        """
        context = create_urllib3_context(ssl_minimum_version=ssl.TLSVersion.TLSv1_2)
        context.verify_mode = ssl.CERT_REQUIRED
        context.check_hostname = True
        if self.key is not None:
            self.key().put_in(context)
        if self.crl is not None:
            _load_crl(context, self.crl)
        return context


class TrustAdapter(HTTPAdapter):
    """Connections of requests opened with a context of ours, through a proxy or not."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **more: Any) -> Any:
        """As the base does, with our context."""
        return super().init_poolmanager(*args, ssl_context=self._context, **more)

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:
        """As the base does, with our context for what is behind the proxy."""
        return super().proxy_manager_for(proxy, ssl_context=self._context, **more)


def certificate_code(result: int) -> str:
    """Our code for why the certificate of a server does not hold (``certificate-expired``...).

    Args:
        result: of the verification, as OpenSSL numbers it.
    """
    return _CERTIFICATE_CODES.get(result, "certificate")


def turned_down(reason: str) -> bool:
    """Whether a fault of TLS says that the server turned our certificate down."""
    told = reason.upper()
    return "ALERT" in told and any(name in told for name in _CLIENT_CERTIFICATE_ALERTS)


def _load_crl(context: ssl.SSLContext, file: Path) -> None:
    """Has the certificate of the server looked up in a list of revoked ones."""
    try:
        data = file.read_bytes()
        if _PEM_CRL in data:
            context.load_verify_locations(file)
        else:
            from cryptography import x509
            from cryptography.hazmat.primitives.serialization import Encoding

            with _short_lived(x509.load_der_x509_crl(data).public_bytes(Encoding.PEM)) as pem:
                context.load_verify_locations(pem)
    except (OSError, ValueError):
        raise DmpUnreachable("La liste des certificats révoqués est illisible.", code="certificate-crl") from None
    context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF


@contextmanager
def _short_lived(data: bytes) -> Iterator[str]:
    """Path of a file that holds `data`, that its owner alone may read, and that is gone at the end."""
    descriptor, path = tempfile.mkstemp(prefix="dmp-adapter-")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        yield path
    finally:
        Path(path).unlink()
