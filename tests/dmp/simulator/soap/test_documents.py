"""Documents of any form and size: CDA with a body of sections, CDA around a PDF, and those that are too big."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha1
from pathlib import Path

import pytest
from lxml import etree

from adapter.dmp.simulator import serve
from adapter.dmp.simulator.serving import RunningSimulator
from adapter.dmp.simulator.soap.authority import Authority
from adapter.dmp.xds.client import XdsClient
from adapter.errors import DmpUnreachable
from adapter.submission import Limits, Submission, SubmissionRefused, prepare
from tests.dmp import wire
from tests.dmp.simulator.soap.users import client

OID = wire.DOCUMENT.oid
HL7 = "{urn:hl7-org:v3}"
MIB = 1024 * 1024


def _n1(content: bytes) -> bytes:
    """The same document, its body a PDF in base64."""
    root = etree.fromstring(wire.CDA)
    body = root.find(f"{HL7}component")
    assert body is not None
    body.remove(body[0])
    plain = etree.SubElement(body, f"{HL7}nonXMLBody")
    text = etree.SubElement(plain, f"{HL7}text", {"mediaType": "application/pdf", "representation": "B64"})
    text.text = content.decode("ascii")
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _with(content: bytes, format_code: str = "") -> Submission:
    """The usual deposit with other bytes."""
    submission = wire.submission()
    (entry,) = submission.entries
    told = replace(entry.format, code=format_code, system=_IHE) if format_code else entry.format
    entry = replace(entry, format=told, hash_sha1=sha1(content).digest(), size_bytes=len(content))
    return Submission(submission.set, (entry,), (content,))


_IHE = replace(wire.DOCUMENT.format.system, oid="1.3.6.1.4.1.19376.1.2.3", uri="urn:oid:1.3.6.1.4.1.19376.1.2.3")


@pytest.fixture
def large(authority: Authority, tmp_path: Path) -> Iterator[RunningSimulator]:
    with serve(tls=True, authority=authority, certificates=tmp_path / "cles", size_limit=40 * MIB) as found:
        yield found


def test_sections_and_pdf_are_both_accepted_and_read_back(structure: XdsClient, doctor: XdsClient) -> None:
    structure.submit(wire.submission())
    pdf = _n1(b"JVBERi0xLjQKJSVFT0YK")
    other = _with(pdf.replace(OID.encode(), b"2.25.1001"), "urn:ihe:iti:xds-sd:pdf:2008")
    entry = replace(other.entries[0], unique_id="2.25.1001")
    structure.submit(Submission(replace(other.set, unique_id="2.25.1002"), (entry,), other.contents))
    for unique_id, content in ((OID, wire.CDA), ("2.25.1001", other.contents[0])):
        (found,) = doctor.find(wire.PATIENT, unique_id)
        assert doctor.read(found) == content
    assert found.format == "urn:ihe:iti:xds-sd:pdf:2008"


def test_20_megabytes_pass_and_the_client_holds_few_copies_of_them(large: RunningSimulator) -> None:
    content = _n1(b"JVBERi0x" * (20 * MIB // 8))
    submission = _with(content, "urn:ihe:iti:xds-sd:pdf:2008")
    doctor = client(large)
    doctor.patient_status(wire.PATIENT)  # whatever is loaded once
    doctor.submit(submission)
    (found,) = doctor.find(wire.PATIENT, OID)
    assert found.size_bytes == len(content)
    assert doctor.read(found) == content


def test_beyond_the_limit_of_the_settings_nothing_is_called() -> None:
    with pytest.raises(SubmissionRefused) as refused:
        prepare(
            wire.document(),
            cda=wire.CDA + b" " * 20 * MIB,
            bundle=None,
            submission_time=wire.NOW,
            opposition=False,
            limits=Limits(max_bytes=5 * MIB),
        )
    assert [one.rule for one in refused.value.findings] == ["SUB-SIZE"]


def test_beyond_the_limit_of_the_dmp_it_says_so(structure: XdsClient) -> None:
    with pytest.raises(DmpUnreachable) as refused:
        structure.submit(_with(_n1(b"JVBERi0x" * 40_000), "urn:ihe:iti:xds-sd:pdf:2008"))
    assert refused.value.code == "XDSRepositoryOutOfResources"
    assert structure.find(wire.PATIENT, OID) == ()
