"""``convert``: what is written, what is told, and with which exit code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from adapter import api
from adapter.cli import files
from adapter.errors import Finding, Severity
from tests.cli.runs import FULL, REFUSED, SHORT, VISITS, names, run, visit

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def test_a_visit_becomes_three_documents_named_by_their_identifier(tmp_path: Path) -> None:
    result = run("convert", SHORT, "--out", tmp_path)
    assert result.exit_code == 0
    found = names(tmp_path)
    assert [name.partition(".")[2] for name in found] == ["bundle.json", "cda.xml", "sheet.html"]
    assert len({name.partition(".")[0] for name in found}) == 1
    assert all(re.match(UUID, name) for name in found)


def test_the_files_hold_what_the_api_gives(tmp_path: Path) -> None:
    run("convert", FULL, "--out", tmp_path)
    done = api.convert(FULL.read_bytes())
    key = done.document.bundle_key
    assert (tmp_path / f"{key}.cda.xml").read_bytes() == done.cda
    assert (tmp_path / f"{key}.bundle.json").read_bytes() == done.bundle
    assert (tmp_path / f"{key}.sheet.html").read_bytes() == done.sheet


def test_only_the_forms_asked_for_are_written(tmp_path: Path) -> None:
    assert run("convert", SHORT, "--to", "sheet,cda", "--out", tmp_path).exit_code == 0
    assert [name.partition(".")[2] for name in names(tmp_path)] == ["cda.xml", "sheet.html"]


def test_one_visit_and_one_form_go_to_standard_output() -> None:
    result = run("convert", SHORT, "--to", "fhir")
    assert result.exit_code == 0
    assert json.loads(result.stdout_bytes)["resourceType"] == "Bundle"
    assert "VIS-INCOMPLETE" in result.stderr


def test_a_visit_comes_from_standard_input(tmp_path: Path) -> None:
    by_name = run("convert", SHORT, "--to", "cda")
    by_input = run("convert", "-", "--to", "cda", given=SHORT.read_bytes())
    assert by_input.stdout_bytes == by_name.stdout_bytes


def test_the_n1_form_carries_the_pdf(tmp_path: Path) -> None:
    pdf = tmp_path / "synthese.pdf"
    pdf.write_bytes(b"%PDF-1.7\n%%EOF\n")
    out = tmp_path / "out"
    assert run("convert", SHORT, "--to", "n1,cda", "--pdf", pdf, "--out", out).exit_code == 0
    assert [name.partition(".")[2] for name in names(out)] == ["cda.xml", "n1.xml"]
    (n1,) = out.glob("*.n1.xml")
    assert b"nonXMLBody" in n1.read_bytes()


def test_what_is_not_a_pdf_is_refused(tmp_path: Path) -> None:
    result = run("convert", SHORT, "--to", "n1", "--pdf", SHORT, "--out", tmp_path / "out")
    assert (result.exit_code, names(tmp_path / "out")) == (2, [])
    assert "PDF" in result.stderr


@pytest.mark.parametrize("refused", REFUSED, ids=lambda path: path.stem)
def test_a_refused_visit_leaves_nothing_and_tells_its_findings(refused: Path, tmp_path: Path) -> None:
    expected = json.loads(refused.with_suffix(".findings.json").read_bytes())
    result = run("convert", refused, "--out", tmp_path / "out", "--format", "json")
    (entry,) = json.loads(result.stdout)["files"]
    assert result.exit_code == 1
    assert [(found["rule"], found["path"]) for found in entry["findings"]] == [
        (found["rule"], found["path"]) for found in expected
    ]
    assert (entry["valid"], entry["written"], names(tmp_path / "out")) == (False, [], [])


def test_a_bad_visit_does_not_stop_the_others(tmp_path: Path) -> None:
    result = run("convert", SHORT, REFUSED[0], FULL, "--out", tmp_path)
    assert result.exit_code == 1
    assert len(names(tmp_path)) == 6
    assert result.stdout.splitlines()[-1].startswith("3 visite(s), 6 fichier(s) écrit(s), ")


def test_every_finding_of_every_visit_is_told_with_its_file(tmp_path: Path) -> None:
    result = run("convert", *REFUSED[:3], "--out", tmp_path / "out")
    assert all(f"{path} : " in result.stdout for path in REFUSED[:3])


def test_warnings_are_shown_and_do_not_fail(tmp_path: Path) -> None:
    result = run("convert", SHORT, "--out", tmp_path)
    assert result.exit_code == 0
    assert "avertissement VIS-INCOMPLETE $." in result.stdout


def test_json_tells_what_was_written(tmp_path: Path) -> None:
    result = run("convert", SHORT, "--out", tmp_path, "--format", "json")
    (entry,) = json.loads(result.stdout)["files"]
    assert (sorted(entry["written"]), entry["valid"]) == (names(tmp_path), True)


def test_windows_1252_is_read_when_asked_for() -> None:
    data = SHORT.read_bytes().decode().encode("cp1252")
    assert run("convert", "-", "--to", "cda", given=data).exit_code == 1
    read = run("convert", "-", "--to", "cda", "--encoding", "windows-1252", given=data)
    assert read.stdout_bytes == run("convert", SHORT, "--to", "cda").stdout_bytes
    result = run("convert", "-", "--to", "cda", "--encoding", "windows-1252", given=b'{"a": "\x81"}')
    assert (result.exit_code, result.stdout) == (1, "")
    assert "JSON-ENCODING" in result.stderr


def test_two_visits_that_would_take_the_same_names_are_told(tmp_path: Path) -> None:
    other = tmp_path / "autre.json"
    other.write_bytes(visit(conclusions="Une autre conclusion."))
    result = run("convert", SHORT, other, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "CLI-SAME-DOCUMENT" in result.stdout
    assert run("convert", SHORT, SHORT, "--out", tmp_path / "out").exit_code == 0


@pytest.mark.parametrize(
    "args",
    [
        (),
        (SHORT,),
        (SHORT, "--to", "cda,fhir"),
        (SHORT, FULL, "--to", "cda"),
        (SHORT, "--to", "docx", "--out", "x"),
        (SHORT, "--to", "", "--out", "x"),
        (SHORT, "--to", "n1", "--pdf", "/nulle/part.pdf"),
        (SHORT, "--to", "cda", "--pdf", "x.pdf"),
        ("-", "-", "--out", "x"),
        (SHORT, "--out", SHORT),
        (SHORT, "--out"),
        (SHORT, "--quoi"),
        (SHORT, "--to", "cda", "--encoding", "latin1"),
        (SHORT, "--to", "cda", "--mappings", "/nulle/part"),
        (SHORT, "--to", "cda", "--settings", "/nulle/part.toml"),
        ("/nulle/part.json", "--to", "cda"),
        (SHORT.parent, "--to", "cda"),
    ],
    ids=lambda args: " ".join(getattr(arg, "name", arg) for arg in args) or "nothing",
)
def test_what_cannot_be_obeyed_ends_with_two_and_a_french_sentence(args: tuple[str | Path, ...]) -> None:
    result = run("convert", *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Erreur : ")
    assert not re.search(r"\b(Error|Usage|No such|Missing|Invalid|option requires)\b", result.stderr)


def test_an_unreadable_file_does_not_stop_the_others(tmp_path: Path) -> None:
    result = run("convert", tmp_path / "absent.json", SHORT, "--out", tmp_path / "out")
    assert (result.exit_code, len(names(tmp_path / "out"))) == (2, 3)
    assert "absent.json : fichier ou dossier introuvable." in result.stderr


def test_bad_tables_end_with_two(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "systems.csv").write_text("key,oid\n", "utf-8")
    result = run("convert", SHORT, "--to", "cda", "--mappings", tmp_path / "tables")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "systems.csv:1:1" in result.stderr
    assert "MAP-COLUMNS" in result.stderr


def test_an_unknown_edition_ends_with_two(tmp_path: Path) -> None:
    settings = tmp_path / "reglages.toml"
    settings.write_text('edition = "1999-01"\n', "utf-8")
    result = run("convert", SHORT, "--to", "cda", "--settings", settings)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "MAP-EDITION" in result.stderr


def test_the_issuer_of_the_settings_numbers_the_document(tmp_path: Path) -> None:
    settings = tmp_path / "reglages.toml"
    settings.write_text('issuer_oid = "1.2.250.1.999.7"\n', "utf-8")
    result = run("convert", SHORT, "--to", "cda", "--settings", settings)
    assert b'<id root="1.2.250.1.999.7.' in result.stdout_bytes


@pytest.mark.parametrize(
    ("setting", "rule"), [("max_input_bytes = 100", "JSON-SIZE"), ("max_input_depth = 2", "JSON-DEPTH")]
)
def test_the_limits_of_the_settings_hold(setting: str, rule: str, tmp_path: Path) -> None:
    settings = tmp_path / "reglages.toml"
    settings.write_text(setting, "utf-8")
    result = run("convert", FULL, "--to", "cda", "--settings", settings)
    assert (result.exit_code, result.stdout) == (1, "")
    assert rule in result.stderr


def test_deep_json_is_a_finding(tmp_path: Path) -> None:
    result = run("convert", "-", "--to", "cda", given=b"[" * 100_000)
    assert result.exit_code == 1
    assert "JSON-DEPTH" in result.stderr


def test_a_document_that_our_own_judges_refuse_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = Finding("CDA-OID", Severity.ERROR, "/ClinicalDocument", "Constat planté.")
    monkeypatch.setattr(api, "check_outputs", lambda cda, bundle: [planted])
    result = run("convert", SHORT, "--out", tmp_path / "out")
    assert (result.exit_code, names(tmp_path / "out")) == (1, [])
    assert "Constat planté." in result.stdout
    assert run("convert", SHORT, "--out", tmp_path / "out", "--no-self-check").exit_code == 0


def test_a_full_disk_ends_with_two_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> None:
        path.write_bytes(data[:10])
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(files, "_write_durably", full)
    result = run("convert", SHORT, FULL, "--out", tmp_path / "out")
    assert (result.exit_code, names(tmp_path / "out")) == (2, [])
    assert result.stderr.count("plus de place sur le disque") == 1
    assert "0 fichier(s) écrit(s)" in result.stdout


def test_an_interruption_ends_with_130_and_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(path: Path, data: bytes) -> None:
        path.write_bytes(data[:10])
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "_write_durably", interrupted)
    result = run("convert", SHORT, "--out", tmp_path / "out")
    assert (result.exit_code, names(tmp_path / "out")) == (130, [])
    assert result.stderr.strip().endswith("Interrompu.")


def test_all_samples_convert_twice_in_one_command(tmp_path: Path) -> None:
    result = run("convert", *VISITS, "--out", tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert result.exit_code == 0
    assert len(before) == 3 * len(VISITS)
    assert run("convert", *VISITS, "--out", tmp_path).exit_code == 0
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
