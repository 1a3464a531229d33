"""Words of XML signatures that the VIHF and the signature of a set share.

Source: W3C, XML Signature Syntax and Processing 1.1; Canonical XML 1.0; Exclusive XML Canonicalization 1.0.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Final

from lxml import etree

from adapter.model.destination import DigestName

DS: Final = "http://www.w3.org/2000/09/xmldsig#"
C14N: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C14N_WITH_COMMENTS: Final = C14N + "#WithComments"
EXCLUSIVE_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED: Final = DS + "enveloped-signature"
MANIFEST: Final = DS + "Manifest"

DIGESTS: Final[Mapping[DigestName, str]] = {
    "SHA-1": DS + "sha1",
    "SHA-256": "http://www.w3.org/2001/04/xmlenc#sha256",
}
SIGNATURES: Final[Mapping[DigestName, str]] = {
    "SHA-1": DS + "rsa-sha1",
    "SHA-256": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
}


def strict_base64(text: str | None) -> bytes:
    """Bytes of a base64 text, of which there must be one writing only: no other one may pass for it.

    Raises:
        ValueError: empty, or written in another way than an encoder does; white space is left aside.
    """
    compact = "".join((text or "").split())
    data = b64decode(compact, validate=True)
    if not data or b64encode(data).decode("ascii") != compact:
        raise ValueError("not the base64 that an encoder writes")
    return data


def canonical(element: etree._Element, *, with_comments: bool) -> bytes:
    """Canonical XML 1.0 of an element where it stands: every name space in scope is part of it.

    It is written and parsed again first: libxml2 takes a part of a tree for a tree of its own, and would undeclare the
    name spaces declared above it.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    alone = etree.fromstring(etree.tostring(element, with_tail=False), parser)
    return etree.tostring(alone, method="c14n", with_comments=with_comments)
