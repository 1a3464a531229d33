"""Keys and certificates made for the tests: an authority, those it issues, a revocation list. Good for nothing else."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from adapter.dmp.xds.signing import FileSigner

NOW = datetime(2026, 10, 12, 17, 0, tzinfo=UTC)
PAST, FAR = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
STRUCTURE = "1990000010"

Use = Literal["sign", "card-sign", "client", "server", "any"]
AnyKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_PEM, _DER = serialization.Encoding.PEM, serialization.Encoding.DER


@dataclass(frozen=True)
class Issued:
    """A certificate, its chain and its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    chain: tuple[x509.Certificate, ...]

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(_DER)

    @property
    def pem(self) -> bytes:
        return b"".join(one.public_bytes(_PEM) for one in (self.certificate, *self.chain))

    def key_pem(self, password: bytes | None = None) -> bytes:
        kept = BestAvailableEncryption(password) if password else NoEncryption()
        return self.key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, kept)

    def p12(self, password: bytes) -> bytes:
        kept = BestAvailableEncryption(password)
        return pkcs12.serialize_key_and_certificates(b"test", self.key, self.certificate, list(self.chain), kept)

    @property
    def signer(self) -> FileSigner:
        return FileSigner.from_pem(self.pem, self.key_pem())


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    """One key a name: making them is what takes time."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _name(common: str, unit: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tests")]
    if unit:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def authority(name: str = "AC de test") -> Issued:
    """The authority of this name, the same one whenever it is asked for."""
    return _authority(name)


@cache
def _authority(name: str) -> Issued:
    own = key(name)
    certificate = _build(_name(name), _name(name), own, own, (PAST, FAR), [
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (_usage(authority=True), True),
    ])  # fmt: skip
    return Issued(certificate, own, ())


def issued(
    use: Use = "sign", *, unit: str = STRUCTURE, period: tuple[datetime, datetime] = (PAST, FAR),
    by: str = "AC de test", host: str = "",
) -> Issued:  # fmt: skip
    """A certificate of the authority `by` for one use, the same one whenever it is asked for."""
    return _issued(use, unit, period, by, host)


@cache
def _issued(use: Use, unit: str, period: tuple[datetime, datetime], by: str, host: str) -> Issued:
    issuer = authority(by)
    own = key(use)
    extensions: list[tuple[x509.ExtensionType, bool]] = [(x509.BasicConstraints(ca=False, path_length=None), True)]
    if use != "any":
        extensions.append((_usage(signs=use != "card-sign", commits=use in ("sign", "card-sign")), True))
        extensions.append((x509.ExtendedKeyUsage([_EXTENDED[use]]), False))
    if use in ("server", "client"):
        here = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
        names = [x509.DNSName(host)] if host else here
        extensions.append((x509.SubjectAlternativeName(names), False))
    extensions += [
        (x509.SubjectKeyIdentifier.from_public_key(own.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), False),
    ]
    certificate = _build(_name(f"Test {use}", unit), issuer.certificate.subject, own, issuer.key, period, extensions)
    return Issued(certificate, own, (issuer.certificate,))


def issued_by_no_authority() -> Issued:
    """A certificate that one for signing, which is no authority, has signed."""
    issuer, own = issued(), key("imposture")
    extensions: list[tuple[x509.ExtensionType, bool]] = [(_usage(signs=True), True)]
    certificate = _build(_name("Imposture"), issuer.certificate.subject, own, issuer.key, (PAST, FAR), extensions)
    return Issued(certificate, own, (issuer.certificate, *issuer.chain))


def revocation_list(*revoked: Issued, by: str = "AC de test", until: datetime = FAR) -> x509.CertificateRevocationList:
    issuer = authority(by)
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject)
    builder = builder.last_update(datetime(2010, 1, 1, tzinfo=UTC)).next_update(until)
    for one in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(one.certificate.serial_number).revocation_date(PAST).build()
        )
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    numbered = builder.add_extension(x509.CRLNumber(1), critical=False).add_extension(identifier, critical=False)
    return numbered.sign(issuer.key, hashes.SHA256())


_EXTENDED = {
    "sign": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "card-sign": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "client": ExtendedKeyUsageOID.CLIENT_AUTH,
    "server": ExtendedKeyUsageOID.SERVER_AUTH,
}


def _build(
    subject: x509.Name, issuer: x509.Name, own: AnyKey, signing: AnyKey,
    period: tuple[datetime, datetime], extensions: list[tuple[x509.ExtensionType, bool]],
) -> x509.Certificate:  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(period[0])
        .not_valid_after(period[1])
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical=critical)
    return builder.sign(signing, hashes.SHA256())


def _usage(*, signs: bool = False, commits: bool = False, authority: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs, content_commitment=commits, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=authority, crl_sign=authority, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def self_signed(own: AnyKey) -> x509.Certificate:
    """A certificate for a key of any kind."""
    name = _name("Seul")
    return _build(name, name, own, own, (PAST, FAR), [])
