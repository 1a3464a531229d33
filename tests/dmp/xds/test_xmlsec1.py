"""xmlsec1 accepts our signatures, alone or in their message, and refuses them after one changed byte."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from adapter.dmp.xds import dsg
from adapter.dmp.xds.vihf import assertion
from tests.dmp import wire
from tests.dmp.xds import pki
from tests.dmp.xds.external import need
from tests.dmp.xds.test_vihf import CALLER, ID, PATIENT

ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion:Assertion"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
SOAP = "http://www.w3.org/2003/05/soap-envelope"


def judged(folder: Path, data: bytes, *options: str) -> bool:
    """Whether xmlsec1 accepts a signed file, with our authority alone to trust."""
    (folder / "signed.xml").write_bytes(data)
    (folder / "authority.pem").write_bytes(pki.authority().pem)
    trust = ["--trusted-pem", "authority.pem", "--id-attr:ID", ASSERTION]
    command = [need("xmlsec1"), "--verify", *trust, *options, "signed.xml"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def in_its_message(data: bytes) -> bytes:
    """A SOAP message whose own name spaces and white space must not matter."""
    envelope = etree.fromstring(
        f'<s:Envelope xmlns:s="{SOAP}" xmlns="urn:x"><s:Header/><s:Body>\n </s:Body></s:Envelope>'
    )
    security = etree.SubElement(envelope[0], f"{{{WSSE}}}Security", nsmap={"wsse": WSSE})
    security.append(etree.fromstring(data))
    return etree.tostring(envelope)


def changed(data: bytes, marker: bytes) -> bytes:
    """The same with one byte changed just before the first `marker`."""
    place = data.index(marker) - 1
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@pytest.mark.parametrize("digest", ["SHA-256", "SHA-1"])
@pytest.mark.parametrize("put", [bytes, in_its_message])
def test_a_vihf_holds_until_a_byte_changes(put: Any, digest: Any, tmp_path: Path) -> None:
    made = put(assertion(replace(CALLER, digest=digest), PATIENT, pki.issued().signer, now=pki.NOW, assertion_id=ID))
    assert judged(tmp_path, made)
    for marker in (b"</saml2:NameID", b"^^^&amp;", b'" codeSystem=', b"</ds:SignatureValue", b"</saml2:Issuer"):
        assert not judged(tmp_path, changed(made, marker)), marker


@pytest.mark.parametrize("digest", ["SHA-1", "SHA-256"])
def test_the_signature_of_a_set_holds_until_a_byte_changes(digest: Any, tmp_path: Path) -> None:
    made = dsg.sign(wire.submission(), pki.issued().signer, digest=digest).contents[-1]
    assert judged(tmp_path, made, "--ignore-manifests")
    for marker in (
        b"</SigningTime",
        b"</X509SerialNumber",
        b'"><DigestMethod',
        b"=</DigestValue>",
    ):
        assert not judged(tmp_path, changed(made, marker), "--ignore-manifests"), marker


def test_another_authority_is_not_ours(tmp_path: Path) -> None:
    signer = pki.issued(by="AC inconnue").signer
    made = assertion(CALLER, PATIENT, signer, now=pki.NOW, assertion_id=ID)
    assert not judged(tmp_path, made)
