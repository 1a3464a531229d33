from __future__ import annotations

from pathlib import Path

import pytest

from adapter.dmp.xdm.archive import PackageRefused
from adapter.dmp.xdm.reading import Package, read_package
from tests.dmp.xdm.packages import CONTENT, PATIENT, archive, members, metadata, package

OTHER_PATIENT = "120059741623314^^^&1.2.250.1.213.1.4.10&ISO^NH"


def _refused(data: bytes) -> list[tuple[str, str]]:
    with pytest.raises(PackageRefused) as caught:
        read_package(data)
    assert all(one.message for one in caught.value.findings)
    return [(one.rule, one.path) for one in caught.value.findings]


def _warnings(found: Package) -> list[str]:
    return [one.rule for one in found.findings]


def test_a_sound_package_gives_its_documents() -> None:
    found = read_package(package())
    (document,) = found.documents
    assert (document.content, document.uri, document.unique_id) == (CONTENT, "DOC00001.XML", "1.2.3.4.5")
    assert (found.subsets[0].name, found.findings) == ("SUBSET01", ())
    assert found.patient.startswith("252034410921797^^^&1.2.250.1.213.1.4.10")


@pytest.mark.parametrize("subset", ["ihe_xdm/subset01", "IHE_XDM/SS000001", "IHE_XDM/CCD1", "Ihe_Xdm/Mon lot"])
def test_names_in_any_case_and_other_names_of_subsets_are_read(subset: str) -> None:
    files = [("index.htm", b""), ("Readme.txt", b""), (f"{subset}/metadata.xml", metadata("doc00001.xml"))]
    found = read_package(archive([*files, (f"{subset}/Doc00001.Xml", CONTENT)]))
    assert [one.content for one in found.documents] == [CONTENT]
    assert found.findings == ()


def test_several_subsets_are_read() -> None:
    second = members(metadata(unique_id="1.2.3.4.6"), "IHE_XDM/SUBSET02")[2:]
    found = read_package(archive([*members(metadata()), *second]))
    assert [one.unique_id for one in found.documents] == ["1.2.3.4.5", "1.2.3.4.6"]


@pytest.mark.parametrize(
    "uri", ["DOC00001.XML", "doc00001.xml", "DOC%30%30001.XML", ("1|DOC", "2|00001.XML"), ("2|00001.XML", "1|DOC")]
)
def test_a_file_is_found_as_senders_name_it(uri: str | tuple[str, ...]) -> None:
    assert [one.content for one in read_package(package(metadata(uri))).documents] == [CONTENT]


@pytest.mark.parametrize(
    "uri",
    [
        None, "", "../SUBSET02/DOC00001.XML", "/etc/passwd", "file:///etc/passwd", "http://example.org/DOC00001.XML",
        "..\\DOC00001.XML", ("DOC00001.XML", "DOC00002.XML"), ("1|DOC", "00001.XML"),
    ],
)  # fmt: skip
def test_a_file_elsewhere_is_refused(uri: str | tuple[str, ...] | None) -> None:
    assert ("XDM-URI", "IHE_XDM/SUBSET01/document n° 1") in _refused(package(metadata(uri)))


@pytest.mark.parametrize("uri", ["DOC00002.XML", "METADATA.XML", "%2e%2e"])
def test_a_missing_document_is_refused(uri: str) -> None:
    assert ("XDM-DOCUMENT", "IHE_XDM/SUBSET01/document n° 1") in _refused(package(metadata(uri)))


@pytest.mark.parametrize("told", [None, "0" * 40, "3916ed577b33d9b8d42c7b1d44f891813879ac04", "zz"])
def test_a_wrong_or_missing_hash_is_refused(told: str | None) -> None:
    assert _refused(package(metadata(told_hash=told))) == [("XDM-HASH", "IHE_XDM/SUBSET01/document n° 1")]


@pytest.mark.parametrize("told", [None, "0", "27", "-1", "028", "beaucoup"])
def test_a_wrong_or_missing_size_is_refused(told: str | None) -> None:
    assert _refused(package(metadata(told_size=told))) == [("XDM-LENGTH", "IHE_XDM/SUBSET01/document n° 1")]


def test_an_upper_case_hash_is_the_same() -> None:
    from hashlib import sha1

    told = sha1(CONTENT).hexdigest().upper()
    assert len(read_package(package(metadata(told_hash=told))).documents) == 1


def test_every_fault_of_the_metadata_is_told_at_once() -> None:
    first = metadata(told_hash="00", told_size="1")
    second = members(metadata("DOC00009.XML", patient=OTHER_PATIENT, unique_id="1.2.9"), "IHE_XDM/SUBSET02")[2:]
    found = _refused(archive([*members(first), *second]))
    assert found == [
        ("XDM-HASH", "IHE_XDM/SUBSET01/document n° 1"),
        ("XDM-LENGTH", "IHE_XDM/SUBSET01/document n° 1"),
        ("XDM-DOCUMENT", "IHE_XDM/SUBSET02/document n° 1"),
        ("XDM-EXTRA", "IHE_XDM/SUBSET02/fichier n° 2"),
        ("XDM-PATIENT", "IHE_XDM"),
    ]


@pytest.mark.parametrize(
    "files", [[], [("a.xml", b"")], [("IHE_XDM/METADATA.XML", metadata())], [("IHE_XDM/SUBSET01/DOC.XML", b"")]]
)
def test_a_package_without_its_tree_is_refused(files: list[tuple[str, bytes]]) -> None:
    rules = [rule for rule, _ in _refused(archive(files))]
    assert "XDM-TREE" in rules


def test_a_subset_without_metadata_is_refused() -> None:
    data = archive([*members(metadata()), ("IHE_XDM/SUBSET02/DOC00001.XML", CONTENT)])
    assert _refused(data) == [("XDM-METADATA", "IHE_XDM/SUBSET02/METADATA.XML")]


BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>
<a>&c;&c;&c;</a>"""
OLD = b"""<?xml version="1.0"?><?xml-stylesheet href="../../metadata.xsl" type="text/xsl"?>
<rs:SubmitObjectsRequest xmlns:rs="urn:oasis:names:tc:ebxml-regrep:registry:xsd:2.1"/>"""


@pytest.mark.parametrize(
    ("described", "rule"),
    [
        (BOMB, "XDM-METADATA"),
        (b"<a" * 200, "XDM-METADATA"),
        (b"", "XDM-METADATA"),
        (b"<html/>", "XDM-METADATA"),
        (b"\xff\xfe", "XDM-METADATA"),
        (OLD, "XDM-EBRS-21"),
        (metadata().replace(b"ExtrinsicObject", b"ExtrinsicObjets"), "XDM-METADATA"),
    ],
)
def test_metadata_that_cannot_be_read_are_refused(described: bytes, rule: str) -> None:
    assert (rule, "IHE_XDM/SUBSET01/METADATA.XML") in _refused(package(described))


def test_old_metadata_are_told_as_such() -> None:
    with pytest.raises(PackageRefused) as caught:
        read_package(package(OLD))
    assert "2.1" in caught.value.findings[0].message


@pytest.mark.parametrize(
    ("patient", "set_patient"),
    [(PATIENT, f"{PATIENT}^^19520314"), (PATIENT, ""), ("", PATIENT), (PATIENT, PATIENT.removesuffix("^NH"))],
)
def test_one_patient_is_one_patient_however_it_is_written(patient: str, set_patient: str) -> None:
    found = read_package(package(metadata(patient=patient, set_patient=set_patient)))
    assert found.findings == ()


@pytest.mark.parametrize("other", [OTHER_PATIENT, PATIENT.replace(".4.10", ".4.8")])
def test_two_patients_are_refused(other: str) -> None:
    assert _refused(package(metadata(set_patient=other))) == [("XDM-PATIENT", "IHE_XDM")]


def test_two_documents_of_one_identifier_are_refused() -> None:
    second = members(metadata(content=b"<other/>"), "IHE_XDM/SUBSET02", b"<other/>")[2:]
    assert _refused(archive([*members(metadata()), *second])) == [("XDM-UNIQUE-ID", "IHE_XDM/document n° 1")]


def test_what_lacks_without_harm_is_a_warning() -> None:
    described = metadata(patient="", set_patient="")
    found = read_package(archive([*members(described)[2:], ("IHE_XDM/SUBSET01/PHOTO.JPG", b"")]))
    assert sorted(_warnings(found)) == ["XDM-EXTRA", "XDM-INDEX", "XDM-INDEX", "XDM-NO-PATIENT"]


def test_no_finding_repeats_what_a_sender_wrote() -> None:
    described = metadata("ROUSSEL.XML", told_hash="ROUSSEL", patient="ROUSSEL^^^&1&ISO", set_patient=PATIENT)
    data = archive([*members(described, "IHE_XDM/ROUSSEL"), ("IHE_XDM/ROUSSEL/HELENE.XML", b"")])
    with pytest.raises(PackageRefused) as caught:
        read_package(data)
    told = " ".join(f"{one.path} {one.message}" for one in caught.value.findings)
    assert "ROUSSEL" not in told
    assert "HELENE" not in told
    assert "lot n° 1" in told


@pytest.mark.conformance
@pytest.mark.parametrize(
    ("name", "unique_id", "size", "warnings"),
    [
        ("C32_Sample1_in_XDM.zip", "1.2.840.114350.1.13.252.1.7.2.688879.02004.634308739192149557.1", 44356, []),
        ("xdm.zip", "1.2.3.4.5", 11, []),
        ("xdm_minimal.zip", "1.2.3.4.5", 11, ["XDM-NO-PATIENT"]),
    ],
)
def test_public_packages_are_read(shared_dir: Path, name: str, unique_id: str, size: int, warnings: list[str]) -> None:
    found = read_package((shared_dir / "xds/examples/nist" / name).read_bytes())
    (document,) = found.documents
    assert (document.unique_id, len(document.content), _warnings(found)) == (unique_id, size, warnings)


@pytest.mark.conformance
def test_public_metadata_of_the_former_version_are_refused(shared_dir: Path) -> None:
    old = (shared_dir / "xds/examples/nist/11965_SUBSET001_METADATA.XML").read_bytes()
    assert ("XDM-EBRS-21", "IHE_XDM/SUBSET01/METADATA.XML") in _refused(package(old))
