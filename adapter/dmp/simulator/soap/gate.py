"""Who calls: the assertion judged, its structure held against the certificates, its mode against the rights.

Source: IGM and DMP vendor package (VIHF); CNAM, PDT-INF-526 v1.8 and 606 v1.3 (rights by access mode).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from lxml import etree

from adapter.dmp.simulator.actors import Actor
from adapter.dmp.simulator.outcomes import Issue, Refusal
from adapter.dmp.simulator.registry import Registry
from adapter.dmp.simulator.soap.answers import SECURITY_FAULTS, SoapFault
from adapter.dmp.simulator.store import PatientRow
from adapter.dmp.xds import vihf
from adapter.dmp.xds.access import Transaction, allowed
from adapter.dmp.xds.certificates import check_structure
from adapter.model.document import Identifier

_SECURITY: Final = {
    "signature": "FailedCheck",
    "expired": "MessageExpired",
    "not-yet-valid": "MessageExpired",
    "xml": "InvalidSecurityToken",
    "issuer": "InvalidSecurityToken",
}
_OID: Final = "urn:oid:"


@dataclass(frozen=True, slots=True)
class Trusted:
    """Whom the SOAP services believe.

    Attributes:
        authorities: DER certificates. ``revoked``: DER revocation lists.
        skew: how far apart the clocks may be.
    """

    authorities: tuple[bytes, ...] = field(repr=False)
    revoked: tuple[bytes, ...] = field(default=(), repr=False)
    skew: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, repr=False)
class Caller:
    """Who was let in: as the registry knows callers, and as the assertion says."""

    actor: Actor
    said: vihf.VihfRead

    @property
    def patient(self) -> Identifier:
        """INS of the assertion."""
        if self.said.patient is None:
            raise AssertionError("an assertion without patient is refused before")
        return self.said.patient


def let_in(assertion: etree._Element, registry: Registry, trusted: Trusted, peer: bytes) -> Caller:
    """Who calls.

    Args:
        peer: DER certificate of the TLS session, empty without one.
    Raises:
        SoapFault: nobody whom the DMP knows.
    """
    if not peer:
        raise SoapFault("DMPInvalidCertificate", "Ces services demandent une session TLS mutuelle.")
    try:
        said = vihf.verify(
            assertion,
            trusted=trusted.authorities,
            now=registry.clock(),
            skew=trusted.skew,
            revoked=trusted.revoked,
        )
    except vihf.VihfInvalid as fault:
        raise _fault(fault) from None
    if said.mode != "direct":
        for certificate in (said.certificate, peer):
            if check_structure(certificate, said.structure, path=""):
                reason = "La structure du VIHF n'est pas celle du certificat."
                raise SoapFault("DMPIdentityCertificationFailure", reason)
    return Caller(_actor(said), said)


def require(caller: Caller, transaction: Transaction) -> None:
    """Pass when the access mode gives a right to the transaction.

    Raises:
        Refusal: it does not.
    """
    if caller.said.mode is None or not allowed(caller.said.mode, transaction):
        text = f"La transaction {transaction} n'est pas permise dans ce mode d'authentification."
        raise Refusal(403, Issue(text, "LocalPolicyRestrictionError", "forbidden"))


def require_patient(caller: Caller, patient: Identifier) -> None:
    """Pass when message and assertion are about the same patient.

    Raises:
        SoapFault: they are not.
    """
    try:
        vihf.require_patient(caller.said, patient)
    except vihf.VihfInvalid as fault:
        raise _fault(fault) from None


def open_dmp(caller: Caller, registry: Registry) -> PatientRow:
    """DMP of the patient of the assertion, open to the caller.

    Raises:
        Refusal: none, closed, or not for this caller.
    """
    row = registry.patient(f"{_OID}{caller.patient.root}", caller.patient.value)
    registry.open_patient(row, caller.actor)
    return row


def _actor(said: vihf.VihfRead) -> Actor:
    rpps = said.user_id[1:] if len(said.user_id) == 12 and said.user_id.startswith("8") else ""
    mode = {"direct": "direct", "indirect": "indirect"}.get(said.mode or "", "air")
    return Actor("professional", rpps, said.structure, mode, told=True)


def _fault(fault: vihf.VihfInvalid) -> SoapFault:
    if fault.code.startswith("certificate"):
        return SoapFault("DMPInvalidCertificate", fault.message)
    if fault.code in _SECURITY:
        return SoapFault(_SECURITY[fault.code], fault.message, namespace=SECURITY_FAULTS)
    return SoapFault("DMPIdentityCertificationFailure", fault.message)
