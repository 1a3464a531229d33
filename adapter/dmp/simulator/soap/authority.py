"""A test authority made at run time, and what it issues: the server, a TLS client, ORG_SIGN and a card to sign with.

Good for nothing but this simulator: the people and the structure are those of the samples, and do not exist.
Source: IGC Santé (ORG_AUTH_CLI, ORG_SIGN, CPS: one certificate opens the session, another one signs).
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from adapter.dmp.xds.certificates import need_cryptography

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

STRUCTURE: Final = "1990000010"
PROFESSIONAL: Final = "899700100003"
_LIFE: Final = timedelta(days=365)
_BITS: Final = 2048

Use = Literal["server", "client", "sign"]


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """A certificate and its private key, PEM."""

    certificate: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class Authority:
    """One test authority and everything that it issued.

    Attributes:
        pem, der: its own certificate.
        server: of the simulator. ``client``: opens the TLS session of a structure (ORG_AUTH_CLI).
        structure: signs for the structure (ORG_SIGN). ``card``: signs for a professional.
    """

    pem: bytes = field(repr=False)
    der: bytes = field(repr=False)
    server: Issued
    client: Issued
    structure: Issued
    card: Issued

    def write(self, folder: Path) -> None:
        """Puts the files in `folder`; the private keys are for their owner alone (0600)."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(folder / "autorite.pem", self.pem)
        for name, one in self.issued.items():
            _write(folder / f"{name}.pem", one.certificate + self.pem)
            _write(folder / f"{name}.key", one.key)

    @property
    def issued(self) -> dict[str, Issued]:
        """What it issued, by the name of its files."""
        return {
            "serveur": self.server,
            "client": self.client,
            "signature-structure": self.structure,
            "signature-carte": self.card,
        }


def make_authority(host: str = "127.0.0.1", now: datetime | None = None) -> Authority:
    """A new authority, valid for a year.

    Args:
        host: name or address of the server, beside the loopback ones.
    Raises:
        MissingExtra: the extra ``xds`` is not installed.
    """
    need_cryptography()
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding

    moment = now or datetime.now(UTC)
    own = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    name = _name("Autorité d'essai du simulateur")
    certificate = _build(name, name, own, own, moment, authority=True)

    def issue(common: str, use: Use, unit: str = "") -> Issued:
        key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
        return _pair(_build(_name(common, unit), name, key, own, moment, use=use, host=host), key)

    return Authority(
        certificate.public_bytes(Encoding.PEM),
        certificate.public_bytes(Encoding.DER),
        server=issue("Simulateur de DMP", "server"),
        client=issue("Structure fictive (authentification)", "client", STRUCTURE),
        structure=issue("Structure fictive (signature)", "sign", STRUCTURE),
        card=issue(PROFESSIONAL, "sign"),
    )


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        path.chmod(0o600)  # a file that was there keeps its mode otherwise
        file.write(data)


def _pair(certificate: x509.Certificate, key: RSAPrivateKey) -> Issued:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return Issued(
        certificate.public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )


def _name(common: str, unit: str = "") -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    parts = [(NameOID.COUNTRY_NAME, "FR"), (NameOID.ORGANIZATION_NAME, "ESSAI"), (NameOID.COMMON_NAME, common)]
    if unit:
        parts.insert(2, (NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])


def _build(
    subject: x509.Name,
    issuer: x509.Name,
    own: RSAPrivateKey,
    signing: RSAPrivateKey,
    now: datetime,
    *,
    authority: bool = False,
    use: Use = "server",
    host: str = "",
) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID

    public = own.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(_usage(authority=authority, use=use), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
    )
    if not authority:
        extended = {
            "server": ExtendedKeyUsageOID.SERVER_AUTH,
            "client": ExtendedKeyUsageOID.CLIENT_AUTH,
            "sign": ExtendedKeyUsageOID.EMAIL_PROTECTION,
        }[use]
        builder = builder.add_extension(x509.ExtendedKeyUsage([extended]), critical=False)
    if not authority and use == "server":
        builder = builder.add_extension(x509.SubjectAlternativeName(_hosts(host)), critical=False)
    return builder.sign(signing, hashes.SHA256())


def _usage(*, authority: bool, use: Use) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=use == "sign",
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _hosts(host: str) -> list[x509.GeneralName]:
    from cryptography import x509

    named = dict.fromkeys(("127.0.0.1", "::1", "localhost", host))
    found: list[x509.GeneralName] = []
    for one in named:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(one)))
        except ValueError:
            found.append(x509.DNSName(one))
    return found
