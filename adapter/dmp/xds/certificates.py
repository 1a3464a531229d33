"""Certificates: what they may be used for, until when, and who vouches for them.

Sources: RFC 5280, 4.2.1.3 and 4.2.1.12 (uses of a key), 6.1 (paths); IGC Santé: one certificate signs (ORG_SIGN, CPS
signature), another one opens the TLS session (ORG_AUTH_CLI, CPS authentication).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from adapter.errors import DmpUnreachable, Finding, MissingExtra, RuleText, Severity

if TYPE_CHECKING:
    from cryptography import x509

Use = Literal["signature", "tls"]

WARNED_AHEAD: Final = timedelta(days=30)
_LONGEST_PATH: Final = 6

_CLIENT_AUTH: Final = "1.3.6.1.5.5.7.3.2"
_ANY_USE: Final = "2.5.29.37.0"
# Extended uses that only open sessions: client, server, Windows logon.
_SESSION_USES: Final = frozenset({_CLIENT_AUTH, "1.3.6.1.5.5.7.3.1", "1.3.6.1.4.1.311.20.2.2"})
_USES_IN_FRENCH: Final = {"signature": "de signature", "tls": "d'authentification (TLS)"}
_SOURCE: Final = "IGC Santé, politiques de certification"

RULES: Final[dict[str, RuleText]] = {
    text.code: text
    for text in (
        RuleText(
            "TRUST-EXPIRY",
            Severity.WARNING,
            "Certificat bientôt expiré",
            "Un certificat de la structure (signature ou authentification) expire dans moins de trente jours. Passé"
            " cette date, plus rien ne part vers le DMP : en demander un nouveau à l'IGC Santé, puis changer les"
            " fichiers que les réglages nomment.",
            _SOURCE,
        ),
        RuleText(
            "TRUST-STRUCTURE",
            Severity.WARNING,
            "Structure autre que celle du certificat",
            "L'identifiant national de la structure dit par les réglages n'est pas celui que porte un des certificats"
            " (signature, authentification) : le DMP refuse l'appel quand ils diffèrent. Corriger le réglage"
            " structure, changer de certificat, ou lever ce contrôle par check_structure = false.",
            _SOURCE,
        ),
    )
}


class KeyUnusable(DmpUnreachable):
    """Our own key or certificate cannot serve: nothing left. ``code`` starts with ``certificate``."""


class NotTrusted(Exception):
    """A certificate for which no trusted authority vouches now; ``code`` says why, the text is French."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(message)


def need_cryptography() -> None:
    """Raises:
    MissingExtra: the extra ``xds`` is not installed.
    """
    try:
        import cryptography  # noqa: F401  # only looked for
    except ImportError as error:
        raise MissingExtra("Les clés et signatures demandent cryptography : installer dmp-adapter[xds].") from error


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
    return (Finding("TRUST-EXPIRY", Severity.WARNING, path, message, _SOURCE),)


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
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return False  # what cannot be read allows nothing
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


def public_key(certificate: x509.Certificate) -> object | None:
    """Public key of a certificate, None when it is of no known kind."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None


def _value(extensions: x509.Extensions, kind: Any) -> Any:
    """Value of an extension, None when it is not there."""
    from cryptography.x509 import ExtensionNotFound

    try:
        return extensions.get_extension_for_class(kind).value
    except ExtensionNotFound:
        return None


def check_structure(certificate: bytes, structure: str, *, path: str) -> tuple[Finding, ...]:
    """A warning when the certificate names a structure other than `structure` (Struct_IdNat).

    Organisation certificates carry it as an organizational unit; those that carry none are not judged.

    Source: CNAM samples (OU of the issuer of a VIHF in indirect mode equals Identifiant_Structure).
    """
    from cryptography.x509.oid import NameOID

    units = load_certificate(certificate).subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    named = {str(unit.value) for unit in units if str(unit.value)[:1].isdigit() and " " not in str(unit.value)}
    if not named or structure in named:
        return ()
    message = "Un certificat est celui d'une autre structure que celle des réglages."
    return (Finding("TRUST-STRUCTURE", Severity.WARNING, path, message, _SOURCE),)


def vouch(
    leaf: x509.Certificate,
    others: Sequence[x509.Certificate],
    trusted: Sequence[x509.Certificate],
    now: datetime,
    *,
    revoked: Sequence[x509.CertificateRevocationList] = (),
) -> None:
    """Nothing, when a path of valid certificates leads from `leaf` to one of `trusted`.

    Args:
        others: certificates that may stand on the path.
        revoked: revocation lists; one that is not signed by the issuer of a certificate says nothing about it.
    Raises:
        NotTrusted: ``code`` is ``certificate-authority``, ``-expired``, ``-not-yet-valid`` or ``-revoked``.
    """
    certificate = leaf
    for _ in range(_LONGEST_PATH):
        if now < certificate.not_valid_before_utc:
            raise NotTrusted("certificate-not-yet-valid", "Un certificat n'est pas encore valable.")
        if now > certificate.not_valid_after_utc:
            raise NotTrusted("certificate-expired", "Un certificat a expiré.")
        if certificate in trusted:
            return
        issuer = next((one for one in (*trusted, *others) if _issued(one, certificate)), None)
        if issuer is None:
            break
        if any(_lists(one, issuer, certificate) for one in revoked):
            raise NotTrusted("certificate-revoked", "Un certificat est révoqué.")
        certificate = issuer
    raise NotTrusted("certificate-authority", "L'autorité qui a émis un certificat n'est pas de confiance.")


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether `issuer` is an authority that signed `certificate`."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    if issuer == certificate:
        return False
    try:
        constraints = _value(issuer.extensions, x509.BasicConstraints)
        usage = _value(issuer.extensions, x509.KeyUsage)
        if constraints is None or not constraints.ca or (usage is not None and not usage.key_cert_sign):
            return False
        certificate.verify_directly_issued_by(issuer)
    except (
        ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm,
        x509.DuplicateExtension, x509.UnsupportedGeneralNameType,
    ):  # fmt: skip
        return False
    return True


def _lists(revoked: x509.CertificateRevocationList, issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    if revoked.issuer != issuer.subject or not revoked.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type]  # an authority's key can sign
        return False
    return revoked.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None
