"""Makes the certificates of ``test_session.py``: test keys only, known to everybody, good for nothing else.

Needs the package ``cryptography`` (extra ``xds``): ``python tests/dmp/certificates/make.py``.
"""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HERE = Path(__file__).resolve().parent
PAST, FAR = datetime(2020, 1, 1, tzinfo=UTC), datetime(2120, 1, 1, tzinfo=UTC)
LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Tests {text}")])


def _certificate(
    name: str,
    issuer: str,
    key: ec.EllipticCurvePrivateKey,
    signing: ec.EllipticCurvePrivateKey,
    period: tuple[datetime, datetime],
    names: list[x509.GeneralName] | None,
) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(period[0])
        .not_valid_after(period[1])
        .add_extension(x509.BasicConstraints(ca=names is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
    )
    if names is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signing, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def main() -> None:
    """Writes the authority (certificate alone) and what it issued (certificate, then key)."""
    root = ec.generate_private_key(ec.SECP256R1())
    (HERE / "authority.pem").write_bytes(_certificate("authority", "authority", root, root, (PAST, FAR), None))
    issued: dict[str, tuple[tuple[datetime, datetime], list[x509.GeneralName]]] = {
        "server": ((PAST, FAR), [LOOPBACK, x509.DNSName("localhost")]),
        "expired": ((PAST, datetime(2020, 2, 1, tzinfo=UTC)), [LOOPBACK]),
        "future": ((datetime(2099, 1, 1, tzinfo=UTC), FAR), [LOOPBACK]),
        "other-host": ((PAST, FAR), [x509.DNSName("ailleurs.example.org")]),
        "client": ((PAST, FAR), [x509.DNSName("cabinet.example.org")]),
    }
    for name, (period, names) in issued.items():
        key = ec.generate_private_key(ec.SECP256R1())
        (HERE / f"{name}.pem").write_bytes(_certificate(name, "authority", key, root, period, names) + _pem(key))


if __name__ == "__main__":
    main()
