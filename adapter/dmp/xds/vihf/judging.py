"""A VIHF judged as the DMP judges it: signature, certificate, period, attributes.

What is read is what was signed: the canonical bytes that the signature covers, not the message around them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from lxml import etree

from adapter.dmp.xds.certificates import NotTrusted, made_for, need_cryptography, vouch
from adapter.dmp.xds.vihf.reading import NS, VihfRead, certificate_of, decoded, parsed, read_tree, refuse
from adapter.dmp.xds.vihf.values import (
    AUTOMATA,
    DECLARATIONS,
    NEED_SPECIALITY,
    PURPOSE,
    RESOURCE_ID,
    ROLE,
    SAML,
    SUBJECT_ID,
)
from adapter.dmp.xds.xmldsig import ENVELOPED, EXCLUSIVE_C14N
from adapter.errors import MissingExtra
from adapter.model.document import Identifier

if TYPE_CHECKING:
    from cryptography import x509

SKEW: Final = timedelta(minutes=5)
LONGEST_LIFE: Final = timedelta(hours=1)
_TRANSFORMS: Final = (ENVELOPED, EXCLUSIVE_C14N)
_BETWEEN_PARTS: Final = re.compile(r"(?<!\\)[,+]")
_REQUIRED: Final = (
    "VIHF_Version", "Identifiant_Structure", "Secteur_Activite", ROLE, RESOURCE_ID, "Ressource_URN", PURPOSE,
)  # fmt: skip


def verify(
    assertion: bytes | etree._Element,
    *,
    trusted: Sequence[bytes],
    now: datetime,
    skew: timedelta = SKEW,
    revoked: Sequence[bytes] = (),
) -> VihfRead:
    """What the assertion says, once its signature, its certificate, its period and its attributes were judged.

    Args:
        assertion: alone, or the element within its message.
        trusted: DER certificates of the authorities.
        now: aware. ``skew``: how far apart the two clocks may be.
        revoked: DER revocation lists.
    Raises:
        VihfInvalid: the first thing that the DMP would refuse.
        MissingExtra: the extra ``xds`` is not installed.
    """
    need_cryptography()
    root = parsed(assertion)
    leaf = _check_certificate(root, trusted, now, revoked)
    signed = _check_signature(root, leaf, now)
    found = read_tree(signed, certificate_of(root))
    if _parts(found.issuer) != _parts(leaf.subject.rfc4514_string()):
        refuse("issuer", "L'émetteur du VIHF n'est pas le sujet du certificat qui le signe.")
    _check_period(found, now, skew)
    _check_attributes(found)
    return found


def require_patient(found: VihfRead, patient: Identifier) -> None:
    """Nothing, when the assertion and the message are about the same patient.

    Raises:
        VihfInvalid: they are not.
    """
    if found.patient is None or (found.patient.root, found.patient.value) != (patient.root, patient.value):
        refuse("patient", "Le patient du VIHF n'est pas celui du message.")


def _check_certificate(
    root: etree._Element, trusted: Sequence[bytes], now: datetime, revoked: Sequence[bytes]
) -> x509.Certificate:
    """The signing certificate, vouched for and made for signing."""
    from cryptography import x509

    held = [decoded(one.text) for one in root.iterfind("ds:Signature/ds:KeyInfo/ds:X509Data/ds:X509Certificate", NS)]
    if not held:
        refuse("signature", "Le VIHF n'est pas signé, ou sa signature ne porte pas de certificat.")
    try:
        leaf, *others = (x509.load_der_x509_certificate(one) for one in held)
        vouch(
            leaf,
            others,
            [x509.load_der_x509_certificate(one) for one in trusted],
            now,
            revoked=[x509.load_der_x509_crl(one) for one in revoked],
        )
    except ValueError:
        refuse("certificate", "Le certificat du VIHF est illisible.")
    except NotTrusted as fault:
        refuse(fault.code, f"Signature du VIHF : {fault.message}")
    if not made_for(leaf, "signature"):
        refuse("certificate-use", "Le certificat du VIHF n'est pas un certificat de signature.")
    return leaf


def _check_signature(root: etree._Element, leaf: x509.Certificate, now: datetime) -> etree._Element:
    """The assertion as it was signed, alone and canonical."""
    _check_shape(root)
    try:
        from signxml.algorithms import DigestAlgorithm, SignatureMethod
        from signxml.exceptions import InvalidInput, SignXMLException
        from signxml.verifier import SignatureConfiguration, XMLVerifier
    except ImportError as error:
        raise MissingExtra("Vérifier un VIHF demande signxml : installer dmp-adapter[xds].") from error
    expected = SignatureConfiguration(
        location="./",
        signature_methods=frozenset({SignatureMethod.RSA_SHA256, SignatureMethod.RSA_SHA1}),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA1}),
        verification_time=now,
    )
    try:
        result = XMLVerifier().verify(root, x509_cert=leaf, id_attribute="ID", expect_config=expected)
    except (SignXMLException, InvalidInput, ValueError, etree.LxmlError):
        refuse("signature", "La signature du VIHF est fausse.")
    verified = result[0] if isinstance(result, list) else result
    return parsed(verified.signed_data)


def _check_shape(root: etree._Element) -> None:
    """One signature, just after the issuer, of the whole assertion and nothing else (no wrapping)."""
    signature = root[1] if len(root) > 1 else None
    every = root.findall(".//ds:Signature", NS)
    if signature is None or every != [signature] or root[0].tag != f"{{{SAML}}}Issuer":
        refuse("signature", "Le VIHF porte une seule signature, juste après son émetteur.")
    references = signature.findall("ds:SignedInfo/ds:Reference", NS)
    identifiers = [one.get("ID") for one in root.iter() if one.get("ID") is not None]
    if len(references) != 1 or references[0].get("URI") != f"#{root.get('ID')}" or len(identifiers) != 1:
        refuse("signature", "La signature du VIHF ne couvre pas l'assertion, ou pas elle seule.")
    transforms = tuple(one.get("Algorithm") for one in references[0].iterfind("ds:Transforms/ds:Transform", NS))
    method = signature.find("ds:SignedInfo/ds:CanonicalizationMethod", NS)
    if transforms != _TRANSFORMS or method is None or method.get("Algorithm") != EXCLUSIVE_C14N:
        refuse("signature", "La forme canonique de la signature du VIHF n'est pas celle qui est attendue.")
    for name in ("SignatureValue", "SignedInfo/ds:Reference/ds:DigestValue"):
        found = signature.find(f"ds:{name}", NS)
        decoded(found.text if found is not None else None)


def _parts(name: str) -> list[str]:
    """Parts of a distinguished name, whatever their order and the space between them: software writes it either way."""
    return sorted(part.strip() for part in _BETWEEN_PARTS.split(name))


def _check_period(found: VihfRead, now: datetime, skew: timedelta) -> None:
    starts = max(found.issued_at, found.not_before or found.issued_at)
    ends = min(found.issued_at + LONGEST_LIFE, found.not_on_or_after or found.issued_at + LONGEST_LIFE)
    if now < starts - skew:
        refuse("not-yet-valid", "Le VIHF n'est pas encore valable : les horloges diffèrent trop.")
    if now >= ends + skew:
        refuse("expired", "Le VIHF n'est plus valable.")


def _check_attributes(found: VihfRead) -> None:
    missing = [name for name in _REQUIRED if name not in found.attributes]
    if missing:
        refuse("attributes", f"Il manque au VIHF : {', '.join(missing)}.")
    if found.mode is None:
        refuse("attributes", "Le mode d'authentification du VIHF est absent ou inconnu.")
    if not found.user_id or not found.structure or not found.sector:
        refuse("attributes", "Le VIHF ne dit pas qui appelle, ou de quelle structure.")
    if found.mode != "direct" and SUBJECT_ID not in found.attributes:
        refuse("attributes", "Le VIHF d'un mode indirect porte le nom de qui agit.")
    if found.mode in DECLARATIONS and not found.declaration:
        refuse("attributes", "Le VIHF du mode indirect renforcé dit comment l'utilisateur s'est authentifié.")
    if found.patient is None:
        refuse("attributes", "Le VIHF ne désigne pas de patient par son INS.")
    if not 1 <= len(found.roles) <= 2:
        refuse("attributes", "Le VIHF porte un ou deux rôles.")
    first = found.roles[0]
    if first.system.oid != AUTOMATA.oid and first.code in NEED_SPECIALITY and len(found.roles) < 2:
        refuse("attributes", "Le VIHF d'un médecin ou d'un pharmacien porte sa spécialité.")
