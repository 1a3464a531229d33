"""Files read within bounds, and written whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from adapter.cli import files
from adapter.cli.files import read_bounded, write_together
from tests.cli.runs import names

TWO = {"a.xml": b"one", "b.json": b"two"}


def test_all_contents_take_their_names(tmp_path: Path) -> None:
    write_together(tmp_path / "new" / "folder", TWO)
    assert {path.name: path.read_bytes() for path in (tmp_path / "new" / "folder").iterdir()} == TWO


@pytest.mark.parametrize("last", [1, 2])
def test_when_one_cannot_take_its_name_all_is_as_before(
    last: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.xml").write_bytes(b"former")
    real, calls = Path.replace, 0

    def failing(self: Path, target: Path) -> Path:
        nonlocal calls
        calls += 1
        if calls == last:
            raise PermissionError(13, "", str(target))
        return real(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(PermissionError):
        write_together(tmp_path, TWO)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.xml": b"former"}


def test_a_name_held_by_a_folder_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "b.json").mkdir()
    with pytest.raises(OSError):  # noqa: PT011  # which one depends on the system
        write_together(tmp_path, TWO)
    assert names(tmp_path) == ["b.json"]


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_the_files_have_the_rights_that_the_system_gives(tmp_path: Path) -> None:
    former = os.umask(0o027)
    try:
        write_together(tmp_path, TWO)
    finally:
        os.umask(former)
    assert stat.S_IMODE((tmp_path / "a.xml").stat().st_mode) == 0o640


def test_reading_stops_one_byte_beyond_the_limit(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 100)
    assert len(read_bounded(str(tmp_path / "big"), 10)) == 11


def test_a_folder_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        read_bounded(str(tmp_path), 10)


def test_what_could_not_be_written_is_told_by_the_name_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(path: Path, data: bytes) -> None:
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr(files, "_write_durably", refusing)
    with pytest.raises(OSError, match="Read-only") as raised:
        write_together(tmp_path, TWO)
    assert raised.value.filename == str(tmp_path)


def test_an_empty_name_is_not_the_current_folder() -> None:
    with pytest.raises(FileNotFoundError):
        read_bounded("", 10)
