"""A submission set signed: the XML signature built, and added to the set as its last document."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

from lxml import etree

from adapter.dmp.xds.certificates import load_certificate
from adapter.dmp.xds.dsg import entry as described
from adapter.dmp.xds.xmldsig import C14N_WITH_COMMENTS, DIGESTS, DS, MANIFEST, SIGNATURES, canonical
from adapter.submission.values import Submission

if TYPE_CHECKING:
    from adapter.dmp.xds.signing import Digest, Signer

XADES: Final = "http://uri.etsi.org/01903/v1.1.1#"
MANIFEST_ID: Final = "IHEManifest"
PROPERTIES_ID: Final = "S0-SignedProperties"
_DS_ALONE: Final = cast(Any, {None: DS})  # a default name space, which the stubs do not know
SET_DIGEST: Final = "AA=="
"""The set has no bytes of its own: its digest is this constant, never judged. Source: CNAM samples."""


def sign(submission: Submission, signer: Signer, *, digest: Digest = "SHA-1") -> Submission:
    """The same submission with the signature of its set as last document.

    The same submission, key and digest give the same bytes: the signing time is that of the submission.

    Raises:
        ValueError: it is signed already, or holds no document.
        KeyUnusable: the key cannot sign.
    """
    if not submission.entries or any(described.is_signature(one) for one in submission.entries):
        raise ValueError("a set of documents that is not signed yet is expected")
    content = signature(submission, signer, digest)
    added = described.entry(submission.set, submission.entries[0], content)
    return replace(submission, entries=(*submission.entries, added), contents=(*submission.contents, content))


def signature(submission: Submission, signer: Signer, digest: Digest) -> bytes:
    """XML signature of the set, UTF-8 with its declaration."""
    own_id = f"_{described.entry_uuid(submission.set)}"
    root = etree.Element(_ds("Signature"), nsmap=_DS_ALONE)
    root.set("Id", own_id)
    info = etree.SubElement(root, _ds("SignedInfo"))
    value = etree.SubElement(root, _ds("SignatureValue"))
    _key_info(root, signer.certificates[0])
    manifest = _manifest(etree.SubElement(root, _ds("Object")), submission, digest)
    _purpose(etree.SubElement(root, _ds("Object")), own_id)
    properties = _properties(
        etree.SubElement(root, _ds("Object")), own_id, submission.set.submission_time, signer.certificates, digest
    )
    etree.SubElement(info, _ds("CanonicalizationMethod"), Algorithm=C14N_WITH_COMMENTS)
    etree.SubElement(info, _ds("SignatureMethod"), Algorithm=SIGNATURES[digest])
    for element, kind in ((manifest, MANIFEST), (properties, f"{XADES}SignedProperties")):
        told = _digest(canonical(element, with_comments=False), digest)
        _reference(info, f"#{element.get('Id')}", digest, told, kind=kind)
    value.text = b64encode(signer.sign(canonical(info, with_comments=True), digest)).decode("ascii")
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def document_digest(content: bytes, digest: Digest, *, canonical_form: bool) -> bytes:
    """Digest of a document, of its canonical form with comments or of its bytes.

    The canonical form is never held whole: a document may carry a large file.

    Raises:
        lxml.etree.LxmlError: no canonical form.
    """
    hashed = hashlib.new("sha256" if digest == "SHA-256" else "sha1", usedforsecurity=False)
    if canonical_form:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
        tree = etree.fromstring(content, parser).getroottree()
        tree.write_c14n(cast(Any, _Sink(hashed.update)), with_comments=True)
    else:
        hashed.update(content)
    return hashed.digest()


class _Sink:
    """A file that hands on what is written into it."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self.write = write


def _manifest(held: etree._Element, submission: Submission, digest: Digest) -> etree._Element:
    made = etree.SubElement(held, _ds("Manifest"), Id=MANIFEST_ID)
    _reference(made, f"urn:oid:{submission.set.unique_id}", digest, SET_DIGEST)
    for entry, content in zip(submission.entries, submission.contents, strict=True):
        is_xml = "xml" in entry.mime_type  # what is not XML has no canonical form
        told = b64encode(document_digest(content, digest, canonical_form=is_xml)).decode("ascii")
        _reference(made, f"urn:oid:{entry.unique_id}", digest, told, canonical=is_xml)
    return made


def _purpose(held: etree._Element, target: str) -> None:
    properties = etree.SubElement(held, _ds("SignatureProperties"))
    made = etree.SubElement(properties, _ds("SignatureProperty"), Id="purposeOfSignature", Target=f"#{target}")
    made.text = described.PURPOSE.code


def _properties(
    held: etree._Element, target: str, signed_at: datetime, certificates: tuple[bytes, ...], digest: Digest
) -> etree._Element:
    """XAdES 1.1.1: when, and with which certificates."""
    qualifying = etree.SubElement(held, _xades("QualifyingProperties"), nsmap=cast(Any, {None: XADES}))
    qualifying.set("Target", f"#{target}")
    made = etree.SubElement(qualifying, _xades("SignedProperties"), Id=PROPERTIES_ID)
    of_signature = etree.SubElement(made, _xades("SignedSignatureProperties"))
    etree.SubElement(of_signature, _xades("SigningTime")).text = f"{signed_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    chain = etree.SubElement(of_signature, _xades("SigningCertificate"))
    for der in certificates:
        certificate = load_certificate(der)
        one = etree.SubElement(chain, _xades("Cert"))
        hashed = etree.SubElement(one, _xades("CertDigest"))
        etree.SubElement(hashed, _xades("DigestMethod"), Algorithm=DIGESTS[digest])
        etree.SubElement(hashed, _xades("DigestValue")).text = _digest(der, digest)
        serial = etree.SubElement(one, _xades("IssuerSerial"))
        etree.SubElement(serial, _ds("X509IssuerName"), nsmap=_DS_ALONE).text = certificate.issuer.rfc4514_string()
        etree.SubElement(serial, _ds("X509SerialNumber"), nsmap=_DS_ALONE).text = str(certificate.serial_number)
    policy = etree.SubElement(of_signature, _xades("SignaturePolicyIdentifier"))
    etree.SubElement(policy, _xades("SignaturePolicyImplied"))
    etree.SubElement(made, _xades("SignedDataObjectProperties"))
    return made


def _key_info(root: etree._Element, certificate: bytes) -> None:
    data = etree.SubElement(etree.SubElement(root, _ds("KeyInfo")), _ds("X509Data"))
    etree.SubElement(data, _ds("X509Certificate")).text = b64encode(certificate).decode("ascii")


def _reference(
    parent: etree._Element, uri: str, digest: Digest, value: str, *, kind: str = "", canonical: bool = False
) -> None:
    made = etree.SubElement(parent, _ds("Reference"))
    if kind:
        made.set("Type", kind)
    made.set("URI", uri)
    if canonical:
        transforms = etree.SubElement(made, _ds("Transforms"))
        etree.SubElement(transforms, _ds("Transform"), Algorithm=C14N_WITH_COMMENTS)
    etree.SubElement(made, _ds("DigestMethod"), Algorithm=DIGESTS[digest])
    etree.SubElement(made, _ds("DigestValue")).text = value


def _digest(data: bytes, digest: Digest) -> str:
    name = "sha256" if digest == "SHA-256" else "sha1"
    return b64encode(hashlib.new(name, data, usedforsecurity=False).digest()).decode("ascii")


def _ds(name: str) -> str:
    return f"{{{DS}}}{name}"


def _xades(name: str) -> str:
    return f"{{{XADES}}}{name}"
