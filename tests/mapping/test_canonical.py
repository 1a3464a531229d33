"""What a spreadsheet does to a table is undone, and nothing else is."""

from __future__ import annotations

import csv
import io
import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.errors import Finding
from adapter.mapping import default_directory
from adapter.mapping.canonical import canonical, canonical_files
from adapter.mapping.tables import CODE_COLUMNS, VALUE_SET_COLUMNS, Findings, Source, read_rows

NAME = "value-sets/JDV_X.csv"
# A cell is what a person types: anything but control characters; ="…" is how a spreadsheet keeps a number as text.
CELLS = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=12).filter(lambda cell: cell[:1] != "=")
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS).filter(any), max_size=5)


def _saved(rows: list[tuple[str, ...]], columns: tuple[str, ...], separator: str, end: str, bom: bool) -> bytes:
    order = [VALUE_SET_COLUMNS.index(column) for column in columns]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([columns, *([row[position] for position in order] for row in rows)])
    return (b"\xef\xbb\xbf" if bom else b"") + out.getvalue().encode()


@settings(max_examples=60, deadline=None)
@given(
    rows=ROWS,
    columns=st.sampled_from(list(itertools.permutations(VALUE_SET_COLUMNS))),
    separator=st.sampled_from([",", ";", "\t"]),
    end=st.sampled_from(["\n", "\r\n"]),
    bom=st.booleans(),
)
def test_any_saved_form_gives_back_the_rows_and_formatting_twice_is_formatting_once(
    rows: list[tuple[str, ...]], columns: tuple[str, ...], separator: str, end: str, bom: bool
) -> None:
    once = canonical(NAME, _saved(rows, columns, separator, end, bom))
    assert isinstance(once, bytes)
    assert canonical(NAME, once) == once
    found = Findings()
    read = read_rows(Source(NAME, once, once.decode()), VALUE_SET_COLUMNS, found)
    assert [tuple(row.values.values()) for row in read] == rows
    assert found.items == []


def test_a_number_kept_as_text_is_a_text_and_keeps_its_zeros() -> None:
    raw = b'system;code;display\r\ntre;="007";Sept\r\n;;\r\n'
    assert canonical(NAME, raw) == b"system,code,display\ntre,007,Sept\n"


@pytest.mark.parametrize(
    ("raw", "rule", "place"),
    [
        (b"system,code,display\nx,\xe9,z\n", "MAP-ENCODING", f"{NAME}:2:3"),
        (b"system,code\nx,y\n", "MAP-COLUMNS", f"{NAME}:1:1"),
        (b"system,code,display\nx,y\n", "MAP-COLUMNS", f"{NAME}:2:1"),
        (b'system,code,display\nx,y,"z\n', "MAP-COLUMNS", f"{NAME}:2:1"),
        (b"", "MAP-COLUMNS", f"{NAME}:1:1"),
    ],
)
def test_what_would_need_a_guess_is_refused_where_it_stands(raw: bytes, rule: str, place: str) -> None:
    told = canonical(NAME, raw)
    assert isinstance(told, Finding)
    assert (told.rule, told.path) == (rule, place)


def test_a_toml_file_loses_its_mark_and_its_carriage_returns() -> None:
    assert canonical("messages/fr.toml", b'\xef\xbb\xbfa = "b"\r\n') == b'a = "b"\n'


def test_a_table_of_codes_has_its_own_columns() -> None:
    header = ";".join(reversed(CODE_COLUMNS)).encode()
    assert canonical("codes/x.csv", header) == ",".join(CODE_COLUMNS).encode() + b"\n"


def test_hidden_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    (tmp_path / ".env" / "x.toml").write_bytes(b"a = 1\r\n")
    (tmp_path / "y.toml").write_bytes(b"a = 1\r\n")
    assert canonical_files(tmp_path) == ({"y.toml": b"a = 1\n"}, [])


def test_our_own_tables_are_canonical() -> None:
    assert canonical_files(default_directory()) == ({}, [])
