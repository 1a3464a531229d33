"""Metadata against what others published: our messages in their schemas, their messages in our values."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from adapter.dmp.xds import ebxml
from adapter.dmp.xds.metadata import submit_objects
from adapter.dmp.xds.received_xml import read_xml
from tests.dmp import wire
from tests.dmp.xds import messages

pytestmark = pytest.mark.conformance

REQUESTS = (
    "cnam/td2.1-request.multipart",
    "cnam/td3.3c-request.xml",
    "ipf/SubmitObjectsRequest_ebrs30.xml",
    "ipf/SubmitObjectsRequest_ebrs30_update.xml",
)


@pytest.mark.parametrize("name", REQUESTS)
def test_published_requests_are_read_without_loss(shared_dir: Path, name: str) -> None:
    root = messages.example(shared_dir, name)
    request = root[0] if str(root.tag).endswith("ProvideAndRegisterDocumentSetRequest") else root
    assert messages.plain(ebxml.build(ebxml.parse(root))) == messages.plain(request)


def test_published_media_are_read_without_loss(shared_dir: Path) -> None:
    found = messages.media(shared_dir)
    assert len(found) >= 3
    for name, data in found.items():
        root = read_xml(data)
        assert messages.plain(ebxml.build(ebxml.parse(root))) == messages.plain(root), name


def test_metadata_of_xds_a_are_refused_as_such(shared_dir: Path) -> None:
    data = (shared_dir / "xds/examples/nist/11965_SUBSET001_METADATA.XML").read_bytes()
    with pytest.raises(ebxml.EbxmlInvalid) as fault:
        ebxml.parse(etree.fromstring(data))
    assert fault.value.code == "ebrs-2.1"


@pytest.mark.parametrize("replaces", [False, True])
def test_our_metadata_are_valid(shared_dir: Path, replaces: bool) -> None:
    deposit = wire.submission(fhir=True, replaces=replaces, masks=("INVISIBLE_PATIENT",))
    replaced = {one.replaces: "urn:uuid:0d5bd7b4-0d4b-4c4e-9b3e-6b6ad5b41a11" for one in deposit.entries}
    built = ebxml.build(
        submit_objects(
            deposit, uris={one.unique_id: "DOC.XML" for one in deposit.entries}, replaced=replaced if replaces else None
        )
    )
    judge = messages.schema(shared_dir, "lcm.xsd")
    assert judge.validate(built), judge.error_log
