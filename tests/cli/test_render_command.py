"""``dmp-adapter render``, and the printed forms of ``convert``."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path

import pytest
from lxml import etree

from tests.cli.runs import FULL, REFUSED, SHORT, names, run

PDF = b"%PDF-1.4"


@pytest.mark.parametrize("page", ["sheet", "emergency"])
@pytest.mark.parametrize("form", ["html", "pdf"])
def test_each_page_in_each_form(page: str, form: str, tmp_path: Path) -> None:
    out = tmp_path / f"page.{form}"
    assert run("render", FULL, "--as", page, "--format", form, "-o", out).exit_code == 0
    start = out.read_bytes()[:15]
    assert start.startswith(PDF if form == "pdf" else b"<!DOCTYPE html>")
    assert names(tmp_path) == [out.name]


def test_the_name_of_the_file_tells_the_form(tmp_path: Path) -> None:
    assert run("render", FULL, "-o", tmp_path / "a.PDF").exit_code == 0
    assert run("render", FULL, "-o", tmp_path / "a.htm").exit_code == 0
    assert (tmp_path / "a.PDF").read_bytes().startswith(PDF)
    assert (tmp_path / "a.htm").read_bytes().startswith(b"<!DOCTYPE html>")


def test_without_a_file_the_page_goes_to_standard_output() -> None:
    result = run("render", SHORT, "--as", "emergency", "--format", "pdf")
    assert result.exit_code == 0
    assert result.stdout_bytes.startswith(PDF)
    assert "VIS-INCOMPLETE" in result.stderr


def test_a_visit_of_another_encoding_is_read_when_it_is_told() -> None:
    data = FULL.read_text("utf-8").replace("µ", "u").encode("cp1252", "replace")
    assert run("render", "-", given=data).exit_code == 1
    result = run("render", "-", "--encoding", "windows-1252", given=data)
    assert result.exit_code == 0
    assert "Hélène MARCHAND" in result.stdout_bytes.decode()


def test_a_refused_visit_is_not_printed(tmp_path: Path) -> None:
    result = run("render", REFUSED[0], "-o", tmp_path / "a.pdf")
    assert (result.exit_code, names(tmp_path)) == (1, [])
    assert "erreur" in result.stderr


def test_a_missing_file_ends_with_two(tmp_path: Path) -> None:
    result = run("render", tmp_path / "absent.json")
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr


def test_convert_prints_both_pages_and_the_level_one_document(tmp_path: Path) -> None:
    assert run("convert", FULL, "--to", "n1,pdf,emergency", "--out", tmp_path).exit_code == 0
    assert [name.partition(".")[2] for name in names(tmp_path)] == ["n1.xml", "sheet.pdf", "urgence.pdf"]
    (printed,) = tmp_path.glob("*.sheet.pdf")
    (n1,) = tmp_path.glob("*.n1.xml")
    text = etree.parse(n1).findtext(".//{urn:hl7-org:v3}nonXMLBody/{urn:hl7-org:v3}text")
    assert text is not None
    assert b64decode(text) == printed.read_bytes()


def _identifiers(path: Path) -> tuple[str | None, str | None]:
    document = etree.parse(path).getroot()
    own, series = document.find("{urn:hl7-org:v3}id"), document.find("{urn:hl7-org:v3}setId")
    assert own is not None
    assert series is not None
    return own.get("root"), series.get("root")


def test_both_levels_of_one_document_have_identifiers_of_their_own(tmp_path: Path) -> None:
    assert run("convert", FULL, "--to", "n1,cda", "--out", tmp_path).exit_code == 0
    roots = {path.name.partition(".")[2]: _identifiers(path) for path in tmp_path.iterdir()}
    assert len({*roots["n1.xml"], *roots["cda.xml"]}) == 4


def test_a_pdf_without_the_form_that_carries_it_is_refused(tmp_path: Path) -> None:
    result = run("convert", FULL, "--to", "cda", "--pdf", FULL, "--out", tmp_path)
    assert result.exit_code == 2
    assert "--pdf" in result.stderr


@pytest.mark.conformance
def test_the_kit_accepts_the_level_one_document_around_our_pdf(shared_dir: Path, tmp_path: Path) -> None:
    for visit in (FULL, SHORT):
        assert run("convert", visit, "--to", "n1", "--out", tmp_path).exit_code == 0
    assert run("validate", *tmp_path.glob("*.n1.xml"), "--kit", shared_dir / "cisis").exit_code == 0
