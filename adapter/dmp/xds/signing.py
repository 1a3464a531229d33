"""Who signs: a private key behind one small port, whether it is in a file or in a card.

Keys are RSA, as the DMP wants them; a signature is PKCS#1 v1.5. Nothing here shows a key, a password or a path.
Sources: IGC Santé (one certificate signs, another one opens the TLS session); RFC 8017, 8.2; RFC 5280, 4.2.1.3 and
4.2.1.12 (uses of a key).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from adapter.errors import DmpUnreachable, Finding, Severity
from adapter.validation.kit import MissingExtra

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

Digest = Literal["SHA-1", "SHA-256"]
Use = Literal["signature", "tls"]

WARNED_AHEAD: Final = timedelta(days=30)
_SMALLEST_KEY: Final = 2048

_CLIENT_AUTH: Final = "1.3.6.1.5.5.7.3.2"
_ANY_USE: Final = "2.5.29.37.0"
# Extended uses that only open sessions: client, server, Windows logon.
_SESSION_USES: Final = frozenset({_CLIENT_AUTH, "1.3.6.1.5.5.7.3.1", "1.3.6.1.4.1.311.20.2.2"})
_USES_IN_FRENCH: Final = {"signature": "de signature", "tls": "d'authentification (TLS)"}


class KeyUnusable(DmpUnreachable):
    """Our own key or certificate cannot serve: nothing left. ``code`` starts with ``certificate``."""


class Signer(Protocol):
    """Something that signs: a file, a card."""

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """DER certificates, ours first, then those that lead to its authority, as many as are known."""
        ...

    def sign(self, data: bytes, digest: Digest) -> bytes:
        """Signature of `data`, RSA PKCS#1 v1.5.

        Raises:
            KeyUnusable: the key cannot be reached any more.
        """
        ...


@dataclass(frozen=True, slots=True, repr=False)
class FileSigner:
    """Signs with a key read from a file, kept in memory only."""

    certificates: tuple[bytes, ...]
    _key: RSAPrivateKey

    @classmethod
    def from_pem(cls, certificate: bytes, key: bytes, password: bytes | None = None) -> FileSigner:
        """Signer from PEM texts.

        Args:
            certificate: our certificate, then its chain.
            key: its private key, in clear or encrypted; the same text as `certificate` when one file holds both.
            password: of the key, None when it is in clear.
        Raises:
            KeyUnusable: unreadable, wrong password, not an RSA key, or the key of another certificate.
        """
        return cls(*_rsa(read_pem(certificate, key, password)))

    @classmethod
    def from_pkcs12(cls, data: bytes, password: bytes | None) -> FileSigner:
        """Signer from a PKCS#12 file.

        Raises:
            KeyUnusable: unreadable, wrong password, no key, not an RSA key.
        """
        return cls(*_rsa(read_pkcs12(data, password)))

    def sign(self, data: bytes, digest: Digest) -> bytes:
        """Signature of `data`."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

        chosen = hashes.SHA256() if digest == "SHA-256" else hashes.SHA1()  # noqa: S303  # what the DMP reads
        return self._key.sign(data, PKCS1v15(), chosen)


@dataclass(frozen=True, slots=True, repr=False)
class KeyPair:
    """A private key of any kind with its DER certificates, ours first."""

    certificates: tuple[bytes, ...]
    key: Any


def need_cryptography() -> None:
    """Raises:
    MissingExtra: the extra ``xds`` is not installed.
    """
    try:
        import cryptography  # noqa: F401  # only looked for
    except ImportError as error:
        raise MissingExtra("Les clés et signatures demandent cryptography : installer dmp-adapter[xds].") from error


def read_pem(certificate: bytes, key: bytes, password: bytes | None) -> KeyPair:
    """Key and certificates of PEM texts.

    Raises:
        KeyUnusable: unreadable, wrong password, or the key of another certificate.
        MissingExtra: the extra ``xds`` is not installed.
    """
    need_cryptography()
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

    try:
        certificates = x509.load_pem_x509_certificates(certificate)
    except ValueError:
        raise KeyUnusable("Le fichier du certificat n'est pas un certificat PEM.", code="certificate-file") from None
    try:
        private = load_pem_private_key(key, password if password else None)
    except TypeError:
        raise _password_fault(asked=password is None) from None
    except (ValueError, UnsupportedAlgorithm):
        if password:
            raise _password_fault(asked=False) from None
        raise KeyUnusable("Le fichier de la clé n'est pas une clé privée PEM.", code="certificate-file") from None
    return _pair(private, [one.public_bytes(Encoding.DER) for one in certificates])


def read_pkcs12(data: bytes, password: bytes | None) -> KeyPair:
    """Key and certificates of a PKCS#12 file.

    Raises:
        KeyUnusable: unreadable, wrong password, or without key.
        MissingExtra: the extra ``xds`` is not installed.
    """
    need_cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

    try:
        held = pkcs12.load_pkcs12(data, password)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyUnusable(
            "Le fichier PKCS#12 est illisible, ou son mot de passe est faux.", code="certificate-password"
        ) from None
    if held.key is None or held.cert is None:
        raise KeyUnusable("Le fichier PKCS#12 ne contient pas de clé avec son certificat.", code="certificate-file")
    chain = [held.cert, *held.additional_certs]
    return _pair(held.key, [one.certificate.public_bytes(Encoding.DER) for one in chain])


def check_certificate(certificates: Sequence[bytes], use: Use, now: datetime, *, path: str) -> tuple[Finding, ...]:
    """Warnings about our own certificate, first of `certificates`: it will soon expire.

    Args:
        path: what the finding is about, for whoever reads it (``destinations.dmp.signing``).
    Raises:
        KeyUnusable: expired, not yet valid, or not made for this use.
    """
    certificate = load_certificate(certificates[0])
    name = _USES_IN_FRENCH[use]
    if now < certificate.not_valid_before_utc:
        raise KeyUnusable(
            f"Notre certificat {name} n'est pas encore valable : l'horloge de ce poste retarde sans doute.",
            code="certificate-own-not-yet-valid",
        )
    if now > certificate.not_valid_after_utc:
        raise KeyUnusable(
            f"Notre certificat {name} a expiré le {certificate.not_valid_after_utc:%d/%m/%Y}.",
            code="certificate-own-expired",
        )
    if not made_for(certificate, use):
        raise KeyUnusable(
            f"Ce certificat n'est pas un certificat {name} : le certificat de signature et celui d'authentification"
            " ont sans doute été intervertis.",
            code="certificate-use",
        )
    left = certificate.not_valid_after_utc - now
    if left >= WARNED_AHEAD:
        return ()
    message = (
        f"Notre certificat {name} expire le {certificate.not_valid_after_utc:%d/%m/%Y}"
        f" (dans {left.days} jour{'s' if left.days > 1 else ''}) : le renouveler."
    )
    return (Finding("TRUST-EXPIRY", Severity.WARNING, path, message, "IGC Santé, politiques de certification"),)


def made_for(certificate: x509.Certificate, use: Use) -> bool:
    """Whether the uses that a certificate declares allow this one; one that declares none allows all.

    Source: RFC 5280, 4.2.1.3 and 4.2.1.12; IGC Santé: ORG_SIGN and CPS signature against ORG_AUTH_CLI and CPS
    authentication.
    """
    from cryptography import x509

    try:
        declared = certificate.extensions
        usage = _value(declared, x509.KeyUsage)
        extended = _value(declared, x509.ExtendedKeyUsage)
    except ValueError:  # an extension that cannot be read allows nothing
        return False
    if usage is not None and not (usage.digital_signature or (use == "signature" and usage.content_commitment)):
        return False
    if extended is None:
        return True
    uses = {one.dotted_string for one in extended}
    if use == "tls":
        return bool(uses & {_CLIENT_AUTH, _ANY_USE})
    return not uses <= _SESSION_USES


def load_certificate(der: bytes) -> x509.Certificate:
    """The certificate.

    Raises:
        KeyUnusable: not a certificate.
    """
    from cryptography import x509

    try:
        return x509.load_der_x509_certificate(der)
    except ValueError:
        raise KeyUnusable("Un certificat est illisible.", code="certificate-file") from None


def _value(extensions: x509.Extensions, kind: Any) -> Any:
    """Value of an extension, None when it is not there."""
    from cryptography.x509 import ExtensionNotFound

    try:
        return extensions.get_extension_for_class(kind).value
    except ExtensionNotFound:
        return None


def _pair(key: Any, certificates: list[bytes]) -> KeyPair:
    """The pair, its own certificate first; a key that belongs to none of them is refused."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    def public(one: Any) -> bytes:
        return bytes(one.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))

    own = public(key)
    ours = [one for one in certificates if public(load_certificate(one)) == own]
    if not ours:
        raise KeyUnusable("La clé n'est pas celle du certificat.", code="certificate-key")
    return KeyPair((ours[0], *(one for one in certificates if one != ours[0])), key)


def _rsa(pair: KeyPair) -> tuple[tuple[bytes, ...], Any]:
    return pair.certificates, need_rsa(pair.key)


def need_rsa(key: Any) -> Any:
    """The key, public or private.

    Raises:
        KeyUnusable: not RSA, or too short to be trusted.
    """
    from cryptography.hazmat.primitives.asymmetric import rsa

    if not isinstance(key, rsa.RSAPrivateKey | rsa.RSAPublicKey):
        raise KeyUnusable(
            "La clé de signature n'est pas une clé RSA, la seule que le DMP lise.", code="certificate-key"
        )
    if key.key_size < _SMALLEST_KEY:
        raise KeyUnusable(f"La clé de signature compte moins de {_SMALLEST_KEY} bits.", code="certificate-key")
    return key


def _password_fault(*, asked: bool) -> KeyUnusable:
    message = "La clé est protégée par un mot de passe, qui manque." if asked else "Le mot de passe de la clé est faux."
    return KeyUnusable(message, code="certificate-password")
