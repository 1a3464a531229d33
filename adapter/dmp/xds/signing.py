"""Who signs: a private key behind one small port, whether it is in a file or in a card.

Keys are RSA, as the DMP wants them; a signature is PKCS#1 v1.5. Nothing here shows a key, a password or a path.
Source: RFC 8017, 8.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from adapter.dmp.xds.certificates import KeyUnusable, load_certificate, need_cryptography
from adapter.model.destination import DigestName

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

Digest = DigestName

_SMALLEST_KEY: Final = 2048


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
    def from_pair(cls, pair: KeyPair) -> FileSigner:
        """Signer from a key that was read.

        Raises:
            KeyUnusable: not an RSA key, or too short.
        """
        return cls(pair.certificates, need_rsa(pair.key))

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
        return cls.from_pair(read_pem(certificate, key, password))

    @classmethod
    def from_pkcs12(cls, data: bytes, password: bytes | None) -> FileSigner:
        """Signer from a PKCS#12 file.

        Raises:
            KeyUnusable: unreadable, wrong password, no key, not an RSA key.
        """
        return cls.from_pair(read_pkcs12(data, password))

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
