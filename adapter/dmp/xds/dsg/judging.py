"""The signature of a set judged: that it is whole, that of its certificate, and that of these documents."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, NoReturn

from lxml import etree

from adapter.dmp.xds.certificates import NotTrusted, made_for, need_cryptography, public_key, vouch
from adapter.dmp.xds.dsg.entry import PURPOSE
from adapter.dmp.xds.dsg.writing import XADES, document_digest
from adapter.dmp.xds.xmldsig import (
    C14N,
    C14N_WITH_COMMENTS,
    DIGESTS,
    DS,
    MANIFEST,
    SIGNATURES,
    canonical,
    strict_base64,
)
from adapter.errors import AdapterError, DocumentInvalid
from adapter.model.destination import DigestName
from adapter.validation.xml_input import parse_xml

if TYPE_CHECKING:
    from cryptography import x509

_MAX_BYTES: Final = 1024 * 1024
_NS: Final = {"ds": DS, "x": XADES}
_TIME: Final = "x:SignedSignatureProperties/x:SigningTime"
_BY_DIGEST_URI: Final = {uri: name for name, uri in DIGESTS.items()}
_BY_SIGNATURE_URI: Final = {uri: name for name, uri in SIGNATURES.items()}


class DsgInvalid(AdapterError):
    """A signature of a set that the DMP would refuse.

    Attributes:
        code: why: ``xml``, ``signature``, ``certificate-…``, ``manifest``, ``document``.
        message: one French sentence without any value of the documents.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{message} [{code}]")


@dataclass(frozen=True, slots=True)
class DsgRead:
    """What a signature says.

    Attributes:
        signed_at: aware; as the signer says. ``certificate``: DER certificate of the signer.
        set_unique_id: OID of the set. ``documents``: OID of the documents, in the order of the manifest.
    """

    signed_at: datetime
    certificate: bytes = field(repr=False)
    set_unique_id: str
    documents: tuple[str, ...]


def verify(
    content: bytes,
    *,
    set_unique_id: str | None = None,
    documents: Mapping[str, bytes] | None = None,
    trusted: Sequence[bytes] | None = None,
    now: datetime | None = None,
    revoked: Sequence[bytes] = (),
) -> DsgRead:
    """What the signature says, once everything that is given was judged.

    Args:
        content: XML signature.
        set_unique_id: OID of the set; None does not compare it.
        documents: content by unique id, all documents of the set but the signature; None judges no digest of them.
        trusted: DER certificates of the authorities; None judges the certificate by its use alone.
        now: aware; needed with `trusted`. ``revoked``: DER revocation lists.
    Raises:
        DsgInvalid: the first fault.
        MissingExtra: the extra ``xds`` is not installed.
    """
    need_cryptography()
    root = _parsed(content)
    leaf, der = _certificate(root)
    manifest, properties = _check_signed_info(root, leaf)
    _check_properties(root, properties, der)
    if not made_for(leaf, "signature"):
        _refuse("certificate-use", "Le certificat de la signature du lot n'est pas un certificat de signature.")
    if trusted is not None:
        if now is None:
            raise ValueError("a moment is expected with authorities")
        _check_trust(leaf, trusted, now, revoked)
    found = _read(manifest, properties, der)
    if set_unique_id is not None and found.set_unique_id != set_unique_id:
        _refuse("manifest", "La signature n'est pas celle de ce lot.")
    if documents is not None:
        _check_documents(manifest, found, documents)
    return found


def _parsed(content: bytes) -> etree._Element:
    """The signature, its comments kept: they count in the canonical form of what is signed."""
    try:
        parse_xml(content, max_bytes=_MAX_BYTES)
    except DocumentInvalid:
        _refuse("xml", "La signature du lot n'est pas un document XML lisible.")
    root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    if root.tag != f"{{{DS}}}Signature":
        _refuse("xml", "La signature du lot n'est pas une signature XML.")
    return root


def _certificate(root: etree._Element) -> tuple[x509.Certificate, bytes]:
    from cryptography import x509

    held = root.findall("ds:KeyInfo/ds:X509Data/ds:X509Certificate", _NS)
    if not held:
        _refuse("signature", "La signature du lot ne porte pas de certificat.")
    der = _bytes(held[0].text)
    try:
        return x509.load_der_x509_certificate(der), der
    except ValueError:
        _refuse("certificate", "Le certificat de la signature du lot est illisible.")


def _check_signed_info(root: etree._Element, leaf: x509.Certificate) -> tuple[etree._Element, etree._Element]:
    """The manifest and the properties that are signed, and no other that stands beside them."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    infos = root.findall("ds:SignedInfo", _NS)
    if len(infos) != 1 or len(root.findall(".//ds:SignedInfo", _NS)) != 1:
        _refuse("signature", "La signature du lot n'est pas faite comme attendu.")
    info = infos[0]
    digest = _BY_SIGNATURE_URI.get(_algorithm(info, "ds:SignatureMethod"))
    method = _algorithm(info, "ds:CanonicalizationMethod")
    key = public_key(leaf)
    if digest is None or method not in (C14N, C14N_WITH_COMMENTS) or not isinstance(key, RSAPublicKey):
        _refuse("signature", "La signature du lot emploie un algorithme qui n'est pas admis.")
    signed = _alone(info, with_comments=method == C14N_WITH_COMMENTS)
    algorithm = hashes.SHA256() if digest == "SHA-256" else hashes.SHA1()  # noqa: S303  # what the DMP writes
    try:
        key.verify(_bytes(root.findtext("ds:SignatureValue", namespaces=_NS)), signed, PKCS1v15(), algorithm)
    except InvalidSignature:
        _refuse("signature", "La signature du lot est fausse.")
    references = info.findall("ds:Reference", _NS)
    kinds = [one.get("Type") for one in references]
    if kinds != [MANIFEST, f"{XADES}SignedProperties"]:
        _refuse("signature", "La signature du lot ne couvre pas le manifeste puis les propriétés signées.")
    tags = (f"{{{DS}}}Manifest", f"{{{XADES}}}SignedProperties")
    return _referred(root, references[0], tags[0]), _referred(root, references[1], tags[1])


def _referred(root: etree._Element, reference: etree._Element, tag: str) -> etree._Element:
    """What a reference of the signature designates, unchanged."""
    uri = reference.get("URI", "")
    found = [one for one in root.iter("*") if one.get("Id") == uri[1:]]
    if uri[:1] != "#" or len(found) != 1 or found[0].tag != tag:
        _refuse("signature", "Une référence de la signature du lot ne désigne pas ce qu'elle devrait.")
    transforms = [one.get("Algorithm") for one in reference.iterfind("ds:Transforms/ds:Transform", _NS)]
    if transforms not in ([], [C14N], [C14N_WITH_COMMENTS]):
        _refuse("signature", "Une référence de la signature du lot est transformée d'une façon qui n'est pas admise.")
    # A reference within the document leaves comments out, whatever follows (XML Signature, 4.4.3.3).
    if _digest(_alone(found[0], with_comments=False), reference) != _value(reference):
        _refuse("signature", "Ce qui est signé dans la signature du lot a été changé.")
    return found[0]


def _check_properties(root: etree._Element, properties: etree._Element, der: bytes) -> None:
    """What the signature says of itself: its purpose, the certificate that it names."""
    target = f"#{root.get('Id')}"
    held = root.findall("ds:Object/{*}SignatureProperties", _NS)
    purposes = [(dict(one.attrib), one.text) for place in held if not place.attrib for one in place]
    if purposes != [({"Id": "purposeOfSignature", "Target": target}, PURPOSE.code)]:
        _refuse("signature", "Le motif de la signature du lot n'est pas celui d'une source.")
    qualifying = properties.getparent()
    named = properties.find("x:SignedSignatureProperties/x:SigningCertificate/x:Cert/x:CertDigest", _NS)
    if named is None or qualifying is None or qualifying.items() != [("Target", target)]:
        _refuse("signature", "Les propriétés de la signature du lot sont absentes, ou d'une autre signature.")
    method = named.find("x:DigestMethod", _NS)
    name = _BY_DIGEST_URI.get(method.get("Algorithm", "") if method is not None else "")
    if name is None or _hashed(der, name) != _bytes(named.findtext("x:DigestValue", namespaces=_NS)):
        _refuse("certificate", "Le certificat de la signature du lot n'est pas celui qu'elle nomme.")


def _check_trust(leaf: x509.Certificate, trusted: Sequence[bytes], now: datetime, revoked: Sequence[bytes]) -> None:
    from cryptography import x509

    authorities = [x509.load_der_x509_certificate(one) for one in trusted]
    lists = [x509.load_der_x509_crl(one) for one in revoked]
    try:
        vouch(leaf, (), authorities, now, revoked=lists)
    except NotTrusted as fault:
        _refuse(fault.code, f"Signature du lot : {fault.message}")
    except ValueError:
        _refuse("certificate", "Le certificat de la signature du lot est illisible.")


def _check_documents(manifest: etree._Element, found: DsgRead, documents: Mapping[str, bytes]) -> None:
    if len(set(found.documents)) != len(found.documents) or set(found.documents) != set(documents):
        _refuse("manifest", "La signature du lot ne porte pas sur les documents du lot.")
    references = manifest.findall("ds:Reference", _NS)[1:]  # the first one is the set, whose digest says nothing
    for reference, unique_id in zip(references, found.documents, strict=True):
        content = documents[unique_id]
        transforms = [one.get("Algorithm") for one in reference.iterfind("ds:Transforms/ds:Transform", _NS)]
        if transforms not in ([], [C14N_WITH_COMMENTS]):
            _refuse("manifest", "Une référence du manifeste est transformée d'une façon qui n'est pas admise.")
        if _document(content, _digest_name(reference), bool(transforms)) != _value(reference):
            _refuse("document", "Un document du lot n'est pas celui qui est signé.")


def _document(content: bytes, digest: DigestName, canonical_form: bool) -> bytes:
    try:
        if canonical_form:
            parse_xml(content, allow_instructions=True)
        return document_digest(content, digest, canonical_form=canonical_form)
    except (DocumentInvalid, etree.LxmlError):
        _refuse("document", "Un document du lot n'est pas du XML lisible.")


def _read(manifest: etree._Element, properties: etree._Element, der: bytes) -> DsgRead:
    named = [one.get("URI", "") for one in manifest.iterfind("ds:Reference", _NS)]
    if not named or not all(one.startswith("urn:oid:") for one in named):
        _refuse("manifest", "Le manifeste de la signature du lot est vide, ou ne désigne pas des OID.")
    first, *others = (one.removeprefix("urn:oid:") for one in named)
    try:
        moment = datetime.fromisoformat(properties.findtext(_TIME, "", namespaces=_NS).strip())
    except ValueError:
        _refuse("xml", "L'heure de la signature du lot est illisible.")
    if moment.tzinfo is None:
        _refuse("xml", "L'heure de la signature du lot n'a pas de fuseau.")
    return DsgRead(moment, der, first, tuple(others))


def _alone(element: etree._Element, *, with_comments: bool) -> bytes:
    try:
        return canonical(element, with_comments=with_comments)
    except etree.LxmlError:
        _refuse("signature", "Une partie de la signature du lot n'a pas de forme canonique.")


def _digest(data: bytes, reference: etree._Element) -> bytes:
    return _hashed(data, _digest_name(reference))


def _digest_name(reference: etree._Element) -> DigestName:
    name = _BY_DIGEST_URI.get(_algorithm(reference, "ds:DigestMethod"))
    if name is None:
        _refuse("signature", "La signature du lot emploie une empreinte qui n'est pas admise.")
    return name


def _hashed(data: bytes, name: DigestName) -> bytes:
    return hashlib.new("sha256" if name == "SHA-256" else "sha1", data, usedforsecurity=False).digest()


def _value(reference: etree._Element) -> bytes:
    return _bytes(reference.findtext("ds:DigestValue", namespaces=_NS))


def _algorithm(parent: etree._Element, path: str) -> str:
    found = parent.find(path, _NS)
    return found.get("Algorithm", "") if found is not None else ""


def _bytes(text: str | None) -> bytes:
    try:
        return strict_base64(text)
    except ValueError:
        _refuse("signature", "La signature du lot contient du base64 mal formé.")


def _refuse(code: str, message: str) -> NoReturn:
    raise DsgInvalid(code, message) from None
