"""``mappings format`` on a copy of our tables."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.runs import ROOT, run


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    copy = tmp_path / "tables"
    shutil.copytree(ROOT / "mappings", copy)
    return copy


def _mangle(table: Path) -> bytes:
    before = table.read_bytes()
    rows = [line.replace(",", ";") for line in before.decode().splitlines()]
    table.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(rows).encode() + b"\r\n")
    return before


def test_a_mangled_table_comes_back_byte_for_byte(tables: Path) -> None:
    table = tables / "codes" / "genders.csv"
    before = _mangle(table)
    checked = run("mappings", "format", "--check", "--mappings", tables)
    assert (checked.exit_code, checked.stdout) == (1, "codes/genders.csv : à remettre en forme.\n")
    assert table.read_bytes() != before
    assert run("mappings", "format", "--mappings", tables).exit_code == 0
    assert table.read_bytes() == before
    assert run("mappings", "format", "--check", "--mappings", tables).exit_code == 0


def test_nothing_is_written_when_one_file_cannot_be(tables: Path) -> None:
    table = tables / "codes" / "genders.csv"
    _mangle(table)
    mangled = table.read_bytes()
    (tables / "codes" / "sides.csv").write_bytes(b"local;label\n\xe9\n")
    result = run("mappings", "format", "--mappings", tables)
    assert (result.exit_code, table.read_bytes()) == (2, mangled)
    assert "codes/sides.csv:2:1: MAP-ENCODING" in result.stdout
