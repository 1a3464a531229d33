"""Tables as they come back from spreadsheets, disks and hands: the line, the rule, exit 2, and no traceback."""

from __future__ import annotations

import csv
import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.runs import FULL, ROOT, run

TABLE = "codes/professions.csv"
WITH_TEXT = "codes/symptoms.csv"
HUGE = 100 * 1024 * 1024
Change = Callable[[bytes], bytes]


def _line(name: str, start: str) -> int:
    lines = (ROOT / "mappings" / name).read_text("utf-8").split("\n")
    return next(number for number, line in enumerate(lines, 1) if line.startswith(start))


def _swap(old: str, new: str) -> Change:
    def change(raw: bytes) -> bytes:
        assert old.encode() in raw
        return raw.replace(old.encode(), new.encode(), 1)

    return change


NURSE = _line(TABLE, "nurse,")
ACCENT = (ROOT / "mappings" / TABLE).read_bytes().partition(b"\xc3")[0]
CASES: dict[str, tuple[Change, str]] = {
    "semicolons": (lambda raw: raw.replace(b",", b";"), f"{TABLE}:1:1: MAP-COLUMNS"),
    "mark, ends of lines": (lambda raw: b"\xef\xbb\xbf" + raw.replace(b"\n", b"\r\n"), f"{TABLE}:1:1: MAP-ENCODING"),
    "columns moved": (lambda raw: raw.replace(b"local,label", b"label,local", 1), f"{TABLE}:1:1: MAP-COLUMNS"),
    "an empty column added": (lambda raw: raw.replace(b"\n", b",\n"), f"{TABLE}:1:1: MAP-COLUMNS"),
    "quotes lost": (_swap('"Médecin - Oncologie, opt médicale (SM)"', "Médecin - Oncologie, opt médicale (SM)"),
                    f"{TABLE}:{_line(TABLE, 'oncologist,')}:1: MAP-COLUMNS"),
    "a code made a number": (_swap("nurse,Infirmier,tre-a02,G15_60,", "nurse,Infirmier,tre-a02,1560,"),
                             f"{TABLE}:{NURSE}:25: MAP-MEMBER"),
    "latin-1": (lambda raw: raw.decode().encode("latin-1", "replace"),
                f"{TABLE}:{ACCENT.count(10) + 1}:{len(ACCENT) - ACCENT.rfind(10)}: MAP-ENCODING"),
    "a row twice": (lambda raw: raw + raw.splitlines(keepends=True)[1],
                    f"{TABLE}:{(ROOT / 'mappings' / TABLE).read_bytes().count(10) + 1}:1: MAP-DUPLICATE"),
    "a code of another system": (_swap("nurse,Infirmier,tre-a02,", "nurse,Infirmier,tre-r85,"),
                                 f"{TABLE}:{NURSE}:25: MAP-MEMBER"),
    "a system of nobody": (_swap("nurse,Infirmier,tre-a02,", "nurse,Infirmier,tre-a99,"),
                           f"{TABLE}:{NURSE}:17: MAP-SYSTEM"),
    "nothing": (lambda raw: b"", f"{TABLE}:1:1: MAP-COLUMNS"),
    "100 MB": (lambda raw: raw, f"{TABLE}:1:1: MAP-SIZE"),
}  # fmt: skip


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that anyone can reach, unlike those of the tests."""
    folder = Path(tempfile.mkdtemp(prefix="tables-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def _refused(folder: Path, *wanted: str) -> None:
    """The whole answer, for those who check and for those who convert."""
    checked = run("mappings", "check", "--mappings", folder)
    assert checked.exit_code == 2
    told = [line for line in checked.stdout.splitlines() if ": MAP-" in line]
    assert [": ".join(line.split(": ")[:2]) for line in told] == list(wanted), told
    converted = run("convert", FULL, "--to", "cda", "--mappings", folder)
    assert "Traceback" not in checked.output + converted.output


@pytest.mark.parametrize("name", CASES)
def test_a_mangled_table_is_told_once_at_its_line(place: Path, name: str) -> None:
    change, wanted = CASES[name]
    (place / "codes").mkdir()
    (place / TABLE).write_bytes(change((ROOT / "mappings" / TABLE).read_bytes()))
    if name == "100 MB":
        os.truncate(place / TABLE, HUGE)
    _refused(place, wanted)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path)])
def test_what_has_the_name_of_a_table_and_is_no_file_is_told(place: Path, make: Callable[[Path], None]) -> None:
    (place / "codes").mkdir()
    make(place / TABLE)
    for command in ("check", "format"):
        result = run("mappings", command, "--mappings", place)
        assert result.exit_code == 2
        assert result.stdout.splitlines()[0] == f"{TABLE}:1:1: MAP-FILE: Ce n'est pas un fichier."


def test_a_spreadsheet_that_quotes_everything_is_sent_to_format(place: Path) -> None:
    (place / "codes").mkdir()
    text = (ROOT / "mappings" / TABLE).read_text("utf-8")
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL).writerows(csv.reader(io.StringIO(text, newline="")))
    (place / TABLE).write_bytes(b"\xef\xbb\xbf" + out.getvalue().encode())
    told = run("mappings", "check", "--mappings", place).stdout.splitlines()[:2]
    assert [line.partition(": ")[0] for line in told] == [f"{TABLE}:1:1"] * 2
    assert all("« mappings format » le remet en forme." in line for line in told)
    assert run("mappings", "format", "--mappings", place).exit_code == 0
    assert (place / TABLE).read_text("utf-8") == text


def test_a_nul_is_named_by_format_as_by_check(place: Path) -> None:
    (place / "codes").mkdir()
    (place / TABLE).write_bytes((ROOT / "mappings" / TABLE).read_bytes() + b"a\0b\n")
    check, mended = (run("mappings", command, "--mappings", place).stdout for command in ("check", "format"))
    assert check.splitlines()[0] == mended.splitlines()[0]
    assert ": MAP-ENCODING: Caractère nul." in check


def test_a_table_too_large_is_not_formatted_either(place: Path) -> None:
    (place / "codes").mkdir()
    with (place / TABLE).open("wb") as stream:
        stream.truncate(HUGE)
    result = run("mappings", "format", "--mappings", place)
    assert (result.exit_code, result.stdout.partition(": F")[0]) == (2, f"{TABLE}:1:1: MAP-SIZE")


def test_a_spreadsheet_file_is_mended_by_format(place: Path) -> None:
    (place / "codes").mkdir()
    ours = (ROOT / "mappings" / "codes" / "tariff-modes.csv").read_bytes()
    lines = [line.replace('"', "").split(",") for line in ours.decode().splitlines() if '"' not in line]
    mangled = "\r\n".join(
        ";".join(f'="{cell}"' if cell.isdigit() else cell for cell in [*line[1:], line[0]]) for line in lines
    )
    (place / "codes" / "tariff-modes.csv").write_bytes(b"\xef\xbb\xbf" + mangled.encode())
    assert run("mappings", "format", "--mappings", place).exit_code == 0
    kept = [line for line in ours.decode().splitlines(keepends=True) if '"' not in line]
    assert (place / "codes" / "tariff-modes.csv").read_bytes().decode() == "".join(kept)


def test_a_retired_code_is_told_on_the_day_it_ends(place: Path) -> None:
    (place / "value-sets").mkdir()
    published = (ROOT / "mappings" / "value-sets" / "JDV_SupportNutritionnel.csv").read_text("utf-8").splitlines()
    dated = [f"{line}2026-06-30" if ",MED-576," in line else line for line in published]
    assert dated != published
    (place / "value-sets" / "JDV_SupportNutritionnel.csv").write_text("\n".join(dated) + "\n", "utf-8")
    row = _line("codes/nutrition.csv", "enteral,")
    wanted = f"codes/nutrition.csv:{row}:"
    assert run("mappings", "check", "--mappings", place, "--at", "2026-06-30").exit_code == 0
    told = run("mappings", "check", "--mappings", place, "--at", "2026-07-01")
    assert told.exit_code == 2
    (line,) = (line for line in told.stdout.splitlines() if ": MAP-" in line)
    assert line.startswith(wanted)
    assert ": MAP-RETIRED: Code clos depuis le 2026-06-30 dans JDV_SupportNutritionnel." in line


def test_a_missing_list_is_told_where_it_is_named(place: Path) -> None:
    (place / "value-sets").mkdir()
    index = (ROOT / "mappings" / "value-sets" / "sources.toml").read_text("utf-8") + '\n[JDV_Absent]\noid = "2.25.7"\n'
    (place / "value-sets" / "sources.toml").write_text(index, "utf-8")
    number = index.split("\n").index("[JDV_Absent]") + 1
    told = run("mappings", "check", "--mappings", place)
    assert told.exit_code == 2
    assert told.stdout.startswith(
        f"value-sets/sources.toml:{number}:1: MAP-FILE: Fichier value-sets/JDV_Absent.csv absent."
    )


def test_a_missing_folder_is_told_in_a_sentence(place: Path) -> None:
    result = run("mappings", "check", "--mappings", place / "absent")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--mappings : ce dossier n'existe pas." in result.stderr


@contextmanager
def _without_rights() -> Iterator[None]:
    """Rights count: what root runs is run as nobody."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(os.name != "posix", reason="les droits d'accès sont ceux de POSIX")
@pytest.mark.parametrize(
    ("name", "wanted"), [(TABLE, f"{TABLE}:1:1: MAP-FILE"), ("codes", "codes:1:1: MAP-FILE"), ("", ".:1:1: MAP-FILE")]
)
def test_what_may_not_be_read_is_told_and_never_taken_from_the_package(place: Path, name: str, wanted: str) -> None:
    (place / "codes").mkdir()
    shutil.copy(ROOT / "mappings" / TABLE, place / TABLE)
    (place / name).chmod(0)
    try:
        with _without_rights():
            _refused(place, wanted)
            formatted = run("mappings", "format", "--mappings", place)
    finally:
        (place / name).chmod(0o755)
    assert formatted.exit_code == 2
    assert formatted.stdout.startswith(wanted)
