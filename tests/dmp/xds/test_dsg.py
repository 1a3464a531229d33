"""The signature of a set: the last document, which holds for these documents and for no other byte."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from lxml import etree

from adapter.dmp.xds import dsg
from adapter.dmp.xds.dsg import DsgInvalid, DsgRead
from adapter.outbox import payload
from adapter.submission import Submission
from tests.dmp import wire
from tests.dmp.xds import pki

SENT = wire.submission(fhir=True)
TRUSTED = (pki.authority().der,)
DS = "{http://www.w3.org/2000/09/xmldsig#}"


def signed(submission: Submission = SENT, *, by: pki.Issued | None = None, **more: Any) -> Submission:
    return dsg.sign(submission, (by or pki.issued()).signer, **more)


def judged(submission: Submission, **more: Any) -> DsgRead:
    """The signature judged against the other documents of its set."""
    documents = {e.unique_id: c for e, c in zip(submission.entries[:-1], submission.contents[:-1], strict=True)}
    told = {"set_unique_id": submission.set.unique_id, "documents": documents, "trusted": TRUSTED, "now": pki.NOW}
    return dsg.verify(submission.contents[-1], **{**told, **more})


def refused(submission: Submission, **more: Any) -> str:
    with pytest.raises(DsgInvalid) as fault:
        judged(submission, **more)
    return fault.value.code


@pytest.mark.parametrize("digest", ["SHA-1", "SHA-256"])
def test_a_set_is_signed_and_holds(digest: Any) -> None:
    found = judged(signed(digest=digest))
    assert (found.set_unique_id, found.documents) == (SENT.set.unique_id, tuple(e.unique_id for e in SENT.entries))
    assert (found.signed_at, found.certificate) == (SENT.set.submission_time, pki.issued().der)
    content = signed(digest=digest).contents[-1]
    assert (b"sha1" in content, b"sha256" in content) == (digest == "SHA-1", digest == "SHA-256")


def test_nothing_else_of_the_submission_changes() -> None:
    made = signed()
    assert made.set == SENT.set
    assert (made.entries[:-1], made.contents[:-1]) == (SENT.entries, SENT.contents)
    assert [dsg.is_signature(one) for one in made.entries] == [False, False, True]


def test_the_same_submission_gives_the_same_bytes() -> None:
    assert signed() == signed()


def test_a_submission_signed_already_is_refused() -> None:
    with pytest.raises(ValueError, match="not signed yet"):
        signed(signed())


def test_the_entry_is_the_one_that_the_dmp_wants() -> None:
    made = signed()
    entry, content = made.entries[-1], made.contents[-1]
    codes = {
        name: (coding.system.oid, coding.code, coding.display)
        for name, coding in (("type", entry.type), ("class", entry.class_), ("format", entry.format))
    }
    assert codes == {
        "type": ("ASTM", "E1762", "Full Document"),
        "class": ("URN", "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", "Digital Signature"),
        "format": ("URN", "http://www.w3.org/2000/09/xmldsig#", "Default Signature Style"),
    }
    assert [(one.system.oid, one.code, one.display) for one in entry.events] == [
        ("1.2.840.10065.1.12", "1.2.840.10065.1.12.1.14", "Source")
    ]
    assert [one.code for one in entry.confidentiality] == ["N", "MASQUE_PS", "INVISIBLE_PATIENT"]
    assert (entry.title, entry.language, entry.mime_type) == ("Source", "art", "text/xml")
    assert (entry.facility, entry.practice_setting) == (SENT.entries[0].facility, SENT.entries[0].practice_setting)
    assert entry.source_patient_id == entry.patient_id == SENT.set.patient_id
    assert (entry.size_bytes, len(entry.hash_sha1)) == (len(content), 20)
    assert len({one.unique_id for one in made.entries}) == 3
    assert entry.unique_id.startswith("2.25.")
    assert (entry.replaces, entry.author) == ("", SENT.set.author)


def test_a_row_of_the_queue_can_hold_it() -> None:
    made = signed()
    assert payload.from_json(payload.to_json(made), made.contents).entries[-1].unique_id == made.entries[-1].unique_id


def test_the_set_has_the_constant_digest_and_the_documents_their_own() -> None:
    root = etree.fromstring(signed().contents[-1])
    references = root.findall(f"{DS}Object/{DS}Manifest/{DS}Reference")
    assert references[0].findtext(f"{DS}DigestValue") == "AA=="
    transforms = [[one.get("Algorithm") for one in reference.iter(f"{DS}Transform")] for reference in references]
    assert transforms == [[], ["http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"], []]


def test_the_purpose_the_time_and_the_chain_are_told() -> None:
    paris = datetime.fromisoformat("2026-10-12T19:00:00+02:00")
    made = signed(replace(SENT, set=replace(SENT.set, submission_time=paris)))
    root = etree.fromstring(made.contents[-1])
    assert root.findtext(f".//{DS}SignatureProperty") == "1.2.840.10065.1.12.1.14"
    xades = "{http://uri.etsi.org/01903/v1.1.1#}"
    assert root.findtext(f".//{xades}SigningTime") == "2026-10-12T17:00:00Z"
    assert judged(made).signed_at.astimezone(UTC) == pki.NOW
    assert len(root.findall(f".//{xades}Cert")) == 2
    assert root.find(f".//{xades}SignaturePolicyImplied") is not None


def test_any_changed_byte_of_the_signature_is_refused() -> None:
    made = signed()
    content = made.contents[-1]
    declaration = content.index(b"<Signature")
    for place in range(declaration, len(content), 7):
        changed = bytearray(content)
        changed[place] ^= 1
        assert refused(replace(made, contents=(*made.contents[:-1], bytes(changed)))), place


MADE = signed()
CONTENT = MADE.contents[-1]


@hypothesis.given(st.integers(0, len(CONTENT) - 1), st.integers(0, 40), st.binary(max_size=40))
@hypothesis.settings(max_examples=150)
def test_no_damage_passes_and_none_is_a_crash(start: int, length: int, put: bytes) -> None:
    changed = CONTENT[:start] + put + CONTENT[start + length :]
    hypothesis.assume(changed != CONTENT)
    try:
        found = judged(replace(MADE, contents=(*MADE.contents[:-1], changed)))
    except DsgInvalid:
        return
    assert found == judged(MADE), "only what says the same may pass"


@pytest.mark.parametrize("which", [0, 1])
def test_any_changed_byte_of_a_document_is_refused(which: int) -> None:
    made = signed()
    content = made.contents[which]
    for place in range(3, len(content), len(content) // 40):
        changed = bytearray(content)
        changed[place] ^= 1
        contents = tuple(bytes(changed) if rank == which else one for rank, one in enumerate(made.contents))
        assert refused(replace(made, contents=contents)) == "document"


def test_a_comment_of_a_document_counts() -> None:
    made = signed()
    cda = made.contents[0].replace(b"</ClinicalDocument>", b"<!-- x --></ClinicalDocument>")
    assert cda != made.contents[0]
    assert refused(replace(made, contents=(cda, *made.contents[1:]))) == "document"


def test_another_writing_of_the_same_document_holds() -> None:
    made = signed()
    cda = made.contents[0].replace(b"</ClinicalDocument>", b"</ClinicalDocument  >")
    assert judged(replace(made, contents=(cda, *made.contents[1:]))).documents == tuple(
        e.unique_id for e in SENT.entries
    )


def test_another_set_or_other_documents_are_refused() -> None:
    made = signed()
    assert refused(made, set_unique_id="1.2.3") == "manifest"
    assert refused(made, documents={}) == "manifest"
    assert refused(made, documents={"1.2.3": b"<a/>", SENT.entries[0].unique_id: SENT.contents[0]}) == "manifest"


def test_a_document_told_twice_is_refused() -> None:
    entry, content = SENT.entries[0], SENT.contents[0]
    twice = signed(replace(SENT, entries=(entry, entry), contents=(content, content)))
    assert refused(twice, documents={entry.unique_id: content}) == "manifest"


@pytest.mark.parametrize("name", [b"SignatureValue", b"X509Certificate"])
def test_no_other_writing_of_the_base64_passes(name: bytes) -> None:
    made = signed()
    value = made.contents[-1].split(name + b">")[1].partition(b"<")[0]
    spaced = made.contents[-1].replace(value, value[:40] + b"\n" + value[40:])
    assert judged(replace(made, contents=(*made.contents[:-1], spaced))).documents
    other = made.contents[-1].replace(value, value[:40] + b"." + value[40:])
    assert refused(replace(made, contents=(*made.contents[:-1], other))) == "signature"
    if value.endswith(b"="):
        bare = value.rstrip(b"=")
        last = bare[:-1] + bytes([bare[-1] + 1]) + value[len(bare) :]
        other = made.contents[-1].replace(value, last)
        assert refused(replace(made, contents=(*made.contents[:-1], other))) == "signature"


def test_a_manifest_beside_the_signed_one_counts_for_nothing() -> None:
    made = signed()
    root = etree.fromstring(made.contents[-1])
    other = etree.fromstring(etree.tostring(root.findall(f"{DS}Object/{DS}Manifest")[0]))
    other.set("Id", "autre")
    other[0].set("URI", "urn:oid:1.2.3")
    held = etree.Element(f"{DS}Object")
    held.append(other)
    root.insert(3, held)
    assert judged(replace(made, contents=(*made.contents[:-1], etree.tostring(root)))).set_unique_id != "1.2.3"
    other.set("Id", "IHEManifest")
    assert refused(replace(made, contents=(*made.contents[:-1], etree.tostring(root)))) == "signature"


@pytest.mark.parametrize(
    ("by", "code"),
    [
        (pki.issued("client"), "certificate-use"),
        (pki.issued(by="AC inconnue"), "certificate-authority"),
        (pki.issued(period=(pki.PAST, pki.NOW - timedelta(days=1))), "certificate-expired"),
        (pki.issued(period=(pki.NOW + timedelta(days=1), pki.FAR)), "certificate-not-yet-valid"),
    ],
)
def test_each_bad_certificate_has_its_code(by: pki.Issued, code: str) -> None:
    assert refused(signed(by=by)) == code


def test_a_revoked_signer_is_refused() -> None:
    from cryptography.hazmat.primitives.serialization import Encoding

    lists = [pki.revocation_list(pki.issued()).public_bytes(Encoding.DER)]
    assert refused(signed(), revoked=lists) == "certificate-revoked"


@pytest.mark.parametrize("content", [b"", b"<a/>", b"<!DOCTYPE a><a/>", b"<a>" * 200, b"\xff"])
def test_what_is_no_signature_is_told(content: bytes) -> None:
    with pytest.raises(DsgInvalid, match="xml"):
        dsg.verify(content)


@pytest.mark.conformance
def test_a_genuine_signature_of_the_dmp_holds_until_a_byte_changes(shared_dir: Path) -> None:
    content = (shared_dir / "xds/examples/cnam/td2.1-dsg-signature.xml").read_bytes()
    found = dsg.verify(content)
    assert len(found.documents) == 1
    assert (found.signed_at.year, found.signed_at.utcoffset()) == (2019, timedelta(hours=2))
    for place in range(0, len(content), 11):
        changed = bytearray(content)
        changed[place] ^= 1
        with pytest.raises(DsgInvalid):
            dsg.verify(bytes(changed))


@pytest.mark.conformance
def test_it_follows_the_schema_of_xml_signatures(shared_dir: Path) -> None:
    schema = etree.XMLSchema(etree.parse(str(shared_dir / "xds/schema/saml/xmldsig-core-schema.xsd")))
    assert not schema.validate(etree.fromstring(signed().contents[-1]))
    faults = str(schema.error_log).splitlines()  # the purpose is text, as the DMP wants it: the schema wants an element
    assert len(faults) == 1
    assert "SignatureProperty': Missing child element" in faults[0]
