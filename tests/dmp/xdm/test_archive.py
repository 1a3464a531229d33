"""Archives that nobody should open."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.dmp.xdm.archive import ArchiveLimits, PackageRefused, read_archive
from adapter.dmp.xdm.reading import read_package
from tests.dmp.xdm.packages import archive, flagged, members, metadata, package, renamed

SOUND = package()


def _rules(data: bytes, limits: ArchiveLimits | None = None) -> list[str]:
    with pytest.raises(PackageRefused) as caught:
        read_archive(data, limits)
    assert all(one.message and one.source for one in caught.value.findings)
    return [one.rule for one in caught.value.findings]


def _with(name: str, content: bytes = b"x") -> bytes:
    return archive([*members(metadata()), (name, content)])


def _linked(mode: int) -> bytes:
    link = zipfile.ZipInfo("IHE_XDM/SUBSET01/LINK.XML")
    link.create_system = 3
    link.external_attr = mode << 16
    return archive([*members(metadata()), (link, b"/etc/passwd")])


def test_a_sound_archive_gives_its_files() -> None:
    assert sorted(read_archive(SOUND)) == [
        "IHE_XDM/SUBSET01/DOC00001.XML",
        "IHE_XDM/SUBSET01/METADATA.XML",
        "INDEX.HTM",
        "README.TXT",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "../evil.xml",
        "IHE_XDM/../../evil.xml",
        "IHE_XDM/SUBSET01/../evil.xml",
        "/etc/passwd",
        "//host/share",
        "C:/evil.xml",
        "C:\\evil.xml",
        "..\\evil.xml",
        "IHE_XDM/./evil.xml",
        "IHE_XDM//evil.xml",
        "a\nb.xml",
        "a\x1b[2Jb.xml",
        "..",
        "__MACOSX/../../evil.xml",
    ],
)
def test_a_path_that_leads_out_is_refused(name: str) -> None:
    assert _rules(_with(name)) == ["XDM-PATH"]


def test_a_name_cut_by_a_null_byte_is_refused() -> None:
    assert _rules(renamed(_with("DOC00002.XMLxEXE"), b"DOC00002.XMLxEXE", b"DOC00002.XML\x00EXE")) == ["XDM-PATH"]


@pytest.mark.parametrize("mode", [0o120777, 0o020666, 0o010644, 0o140755])
def test_a_link_or_a_device_is_refused(mode: int) -> None:
    assert _rules(_linked(mode)) == ["XDM-LINK"]


@pytest.mark.parametrize("bits", [0x1, 0x41, 0x2000])
def test_an_encrypted_file_is_refused(bits: int) -> None:
    assert _rules(flagged(SOUND, bits)) == ["XDM-ENCRYPTED"]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_another_compression_is_refused(method: int) -> None:
    assert _rules(archive(members(metadata()), method)) == ["XDM-METHOD"] * 4


@pytest.mark.parametrize("name", ["INDEX.HTM", "index.htm", "ihe_xdm/subset01/doc00001.xml"])
def test_two_files_of_one_name_are_refused(name: str) -> None:
    assert _rules(_with(name)) == ["XDM-DUPLICATE"]


def test_a_bomb_is_refused_before_it_is_opened() -> None:
    bomb = _with("IHE_XDM/SUBSET01/DOC00002.XML", bytes(40_000_000))
    tracemalloc.start()
    assert _rules(bomb) == ["XDM-BOMB"]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


def test_a_bomb_that_tells_a_small_size_is_never_opened_beyond_it() -> None:
    bomb = bytearray(_with("IHE_XDM/SUBSET01/DOC00002.XML", bytes(40_000_000)))
    entry = bytes(bomb).rindex(b"PK\x01\x02")
    bomb[entry + 24 : entry + 28] = struct.pack("<I", 1000)  # the size that the directory tells
    tracemalloc.start()
    assert _rules(bytes(bomb)) == ["XDM-ZIP"]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


def test_many_small_files_are_bounded_together() -> None:
    data = archive([(f"IHE_XDM/SUBSET01/DOC{k:05}.XML", bytes(900_000)) for k in range(20)])
    assert _rules(data, ArchiveLimits(max_total_bytes=10_000_000)) == ["XDM-SIZE"]


def test_an_archive_above_the_limit_is_not_opened() -> None:
    assert _rules(SOUND, ArchiveLimits(max_bytes=len(SOUND) - 1)) == ["XDM-SIZE"]


def test_too_many_files_are_not_even_listed() -> None:
    assert _rules(archive([(str(k), b"") for k in range(1001)])) == ["XDM-COUNT"]


def test_folders_and_what_systems_leave_behind_are_no_files() -> None:
    more = ["IHE_XDM/", "__MACOSX/IHE_XDM/._DOC00001.XML", "IHE_XDM/.DS_Store", ".svn/entries", "Thumbs.db"]
    data = archive([*members(metadata()), *((name, b"") for name in more)])
    assert set(read_archive(data)) == set(read_archive(SOUND))


@pytest.mark.parametrize("data", [b"", b"PK", b"hello", SOUND[:-30], SOUND[: len(SOUND) // 2], b"PK\x05\x06" * 10])
def test_what_is_no_archive_is_refused(data: bytes) -> None:
    assert _rules(data) == ["XDM-ZIP"]


def test_a_byte_changed_in_a_file_is_found() -> None:
    data = bytearray(archive(members(metadata()), zipfile.ZIP_STORED))
    data[data.index(b"made up")] ^= 1
    assert _rules(bytes(data)) == ["XDM-ZIP"]


def test_every_fault_is_told_at_once() -> None:
    link = zipfile.ZipInfo("LINK")
    link.external_attr = 0o120777 << 16
    data = archive([*members(metadata()), ("../a", b""), ("/b", b""), (link, b""), ("index.htm", bytes(30_000_000))])
    assert sorted(_rules(data)) == ["XDM-BOMB", "XDM-DUPLICATE", "XDM-LINK", "XDM-PATH", "XDM-PATH"]


def test_a_name_that_a_sender_chose_is_told_by_its_rank() -> None:
    link = zipfile.ZipInfo("IHE_XDM/ROUSSEL/HELENE.XML")
    link.external_attr = 0o120777 << 16
    with pytest.raises(PackageRefused) as caught:
        read_archive(archive([("../ROUSSEL.XML", b""), (link, b"")]))
    assert [one.path for one in caught.value.findings] == ["entrée n° 1", "entrée n° 2"]
    assert "ROUSSEL" not in str(caught.value)


@given(st.data())
@settings(max_examples=300)
def test_damage_anywhere_is_a_refusal_or_nothing(data: st.DataObject) -> None:
    changed = bytearray(SOUND)
    for _ in range(data.draw(st.integers(1, 6))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = read_package(bytes(changed))
    except PackageRefused:
        return
    assert [one.content for one in found.documents] == [members(metadata())[-1][1]]


@given(st.binary(max_size=400))
def test_any_bytes_are_a_refusal(data: bytes) -> None:
    with pytest.raises(PackageRefused):
        read_package(b"PK\x03\x04" + data)


@given(st.lists(st.tuples(st.text(min_size=1, max_size=30), st.binary(max_size=50)), max_size=6))
def test_any_names_are_a_refusal_or_files(files: list[tuple[str, bytes]]) -> None:
    try:
        data = archive(files)
    except (UnicodeEncodeError, ValueError):
        return  # no library writes such a name
    try:
        read = read_archive(data)
    except PackageRefused:
        return
    with zipfile.ZipFile(io.BytesIO(data)) as written:
        assert set(read) <= set(written.namelist())
    assert all(".." not in name.split("/") and not name.startswith("/") for name in read)
