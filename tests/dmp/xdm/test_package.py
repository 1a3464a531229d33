from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from adapter.dmp.xdm.package import build
from adapter.dmp.xdm.reading import read_package
from adapter.dmp.xds import ebxml, metadata
from adapter.submission.values import Submission
from tests.dmp import wire
from tests.dmp.xdm.letters import SOFTWARE

_8_3 = re.compile(r"(?:[A-Z0-9_]{1,8}/)*[A-Z0-9_]{1,8}\.[A-Z0-9]{3}")
PLAIN = st.text(st.characters(min_codepoint=32, exclude_categories=("Cs", "Cn", "Co")), min_size=1, max_size=40)


def _files(submission: Submission) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(build(submission, SOFTWARE))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def _holding(*contents: bytes, title: str = "Synthèse", author: str = "") -> Submission:
    """The documents of the tests with other bytes, sizes and hashes in order."""
    first = wire.submission()
    professional = first.set.author
    if author:
        professional = replace(professional, name=replace(professional.name, family=author))
    entries = tuple(
        replace(
            first.entries[0],
            unique_id=f"1.2.250.1.999.1.{rank}",
            title=title,
            author=professional,
            hash_sha1=sha1(content).digest(),
            size_bytes=len(content),
        )
        for rank, content in enumerate(contents, 1)
    )
    return Submission(replace(first.set, author=professional), entries, contents)


def test_the_tree_is_the_one_of_the_profile() -> None:
    files = _files(wire.submission(fhir=True))
    assert list(files) == [
        "INDEX.HTM",
        "README.TXT",
        "IHE_XDM/SUBSET01/METADATA.XML",
        "IHE_XDM/SUBSET01/DOC00001.XML",
        "IHE_XDM/SUBSET01/DOC00002.JSO",
    ]
    assert all(_8_3.fullmatch(name) for name in files)
    assert files["IHE_XDM/SUBSET01/DOC00001.XML"] == wire.CDA


def test_the_metadata_tell_the_file_its_size_and_its_hash() -> None:
    submission = wire.submission()
    objects = ebxml.parse(etree.fromstring(_files(submission)["IHE_XDM/SUBSET01/METADATA.XML"]))
    (entry,) = objects.documents
    assert entry.slot("URI") == ("DOC00001.XML",)
    assert entry.slot("size") == (str(len(wire.CDA)),)
    assert entry.slot("hash") == (sha1(wire.CDA).hexdigest(),)
    assert objects == metadata.submit_objects(submission, uris={submission.entries[0].unique_id: "DOC00001.XML"})


def test_the_page_is_xhtml_and_its_links_lead_somewhere() -> None:
    files = _files(wire.submission(fhir=True))
    page = etree.fromstring(files["INDEX.HTM"], etree.XMLParser(load_dtd=False, no_network=True))
    links = page.xpath("//h:a/@href", namespaces={"h": "http://www.w3.org/1999/xhtml"})
    assert isinstance(links, list)
    assert len(links) == 4
    assert {str(link) for link in links} <= set(files)
    assert "Claire ÉVENO" in files["INDEX.HTM"].decode()
    for heading in ("Émetteur", "Application", "Instructions", "Arborescence"):
        assert f"{heading}\r\n" in files["README.TXT"].decode()


def test_neither_page_nor_note_names_the_patient() -> None:
    files = _files(wire.submission())
    for name in ("INDEX.HTM", "README.TXT"):
        for private in wire.PRIVATE:
            assert private not in files[name].decode()


def test_the_same_submission_gives_the_same_bytes() -> None:
    data = build(wire.submission(), SOFTWARE)
    assert data == build(wire.submission(), SOFTWARE)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {one.date_time for one in archive.infolist()} == {(2026, 10, 12, 16, 20, 6)}
        assert {one.create_system for one in archive.infolist()} == {0}


@pytest.mark.parametrize("year", [1, 1979, 2108, 9999])
def test_a_date_that_no_archive_knows_is_bounded(year: int) -> None:
    submission = wire.submission()
    at = datetime(year, 2, 28, 12, tzinfo=UTC)
    entries = tuple(replace(one, creation_time=at) for one in submission.entries)
    assert len(read_package(build(replace(submission, entries=entries), SOFTWARE)).documents) == 1


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), PLAIN, PLAIN)
def test_what_is_written_is_read_back(contents: list[bytes], title: str, author: str) -> None:
    submission = _holding(*contents, title=title, author=author)
    found = read_package(build(submission, SOFTWARE))
    assert [one.content for one in found.documents] == contents
    assert [one.unique_id for one in found.documents] == [one.unique_id for one in submission.entries]
    assert found.findings == ()
    patient = submission.set.patient_id
    assert found.patient == f"{patient.value}^^^&{patient.root}&ISO"
    names = {one.unique_id: one.uri for one in found.documents}
    assert found.subsets[0].metadata == metadata.submit_objects(submission, uris=names)


@pytest.mark.conformance
@pytest.mark.parametrize("form", ["cda", "both", "replacement"])
def test_metadata_satisfy_the_official_schema(shared_dir: Path, form: str) -> None:
    schema = etree.XMLSchema(etree.parse(str(shared_dir / "xds/schema/nist/lcm.xsd")))
    submission = wire.submission(fhir=form == "both", replaces=form == "replacement")
    schema.assertValid(etree.fromstring(_files(submission)["IHE_XDM/SUBSET01/METADATA.XML"]))
