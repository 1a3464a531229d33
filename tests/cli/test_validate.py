"""``validate``: each file recognised by its content, judged, paired, told in five forms."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from lxml import etree

from tests.cli.runs import FULL, REFUSED, SHORT, run, visit


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Documents of two samples; not to be changed."""
    folder = tmp_path_factory.mktemp("made")
    assert run("convert", FULL, SHORT, "--out", folder).exit_code == 0
    return folder


def _documents(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.cda.xml"), *folder.glob("*.bundle.json")])


def test_visits_documents_and_bundles_are_recognised_and_sound(made: Path) -> None:
    result = run("validate", FULL, *_documents(made), "--agree")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].startswith("5 fichier(s), 0 erreur(s), ")
    assert result.stdout.count(" = ") == 2


def test_content_decides_not_the_name(made: Path, tmp_path: Path) -> None:
    bundle = next(made.glob("*.bundle.json"))
    shutil.copy(bundle, tmp_path / "a.xml")
    shutil.copy(next(made.glob("*.cda.xml")), tmp_path / "b.json")
    assert run("validate", tmp_path / "a.xml", tmp_path / "b.json").exit_code == 0
    assert run("validate", "-", given=b"\xef\xbb\xbf  " + FULL.read_bytes()).exit_code == 0


@pytest.mark.parametrize("refused", REFUSED[:6], ids=lambda path: path.stem)
def test_a_refused_visit_has_its_findings(refused: Path) -> None:
    expected = json.loads(refused.with_suffix(".findings.json").read_bytes())
    result = run("validate", refused, "--format", "json")
    (entry,) = json.loads(result.stdout)["files"]
    assert result.exit_code == 1
    assert [found["rule"] for found in entry["findings"]] == [found["rule"] for found in expected]


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "CLI-KIND"),
        (b"%PDF-1.7", "CLI-KIND"),
        (b"bonjour", "CLI-KIND"),
        (b"<!DOCTYPE html><html></html>", "CLI-KIND"),
        (b"[]", "VIS-"),
        (b"{", "JSON-SYNTAX"),
        (b'{"resourceType": "Patient"}', "FHIR-"),
        (b'{"resourceType": "Bundle"}', "FHIR-"),
        (b"<a/>", "CDA-ROOT"),
        (b"<a>", "XML-SYNTAX"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "XML-DOCTYPE"),
        (b"<a>" * 200 + b"</a>" * 200, "XML-DEPTH"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, "JSON-DEPTH"),
        (b'{"a": "\\ud800"}', "JSON-SURROGATE"),
    ],
)
def test_wrecks_are_findings(data: bytes, rule: str) -> None:
    result = run("validate", "-", "--format", "json", given=data)
    (entry,) = json.loads(result.stdout)["files"]
    assert result.exit_code == 1
    assert any(found["rule"].startswith(rule) for found in entry["findings"])


def test_a_cda_without_its_bundle_is_told(made: Path, tmp_path: Path) -> None:
    first, *others = _documents(made)
    result = run("validate", *others, "--agree")
    assert result.exit_code == 1
    assert result.stdout.count("CLI-UNPAIRED") == 1
    assert run("validate", *others).exit_code == 0
    assert run("validate", first, *_documents(made), "--agree").exit_code == 0
    shutil.copy(first, tmp_path / "copie.json")
    assert "CLI-UNPAIRED" in run("validate", tmp_path / "copie.json", *_documents(made), "--agree").stdout


def test_documents_that_disagree_are_told(made: Path, tmp_path: Path) -> None:
    cda = next(made.glob("*.cda.xml"))
    bundle = cda.with_name(cda.name.replace(".cda.xml", ".bundle.json"))
    content = json.loads(bundle.read_bytes())
    content["entry"] = [
        entry for entry in content["entry"] if entry["resource"]["resourceType"] not in {"Condition", "Observation"}
    ]
    (tmp_path / "poorer.json").write_bytes(json.dumps(content).encode())
    result = run("validate", cda, tmp_path / "poorer.json", "--agree")
    assert result.exit_code == 1
    assert "AGR-" in result.stdout


def test_an_n1_document_has_no_counterpart(made: Path, tmp_path: Path) -> None:
    pdf = tmp_path / "a.pdf"
    pdf.write_bytes(b"%PDF-1.7\n%%EOF\n")
    assert run("convert", SHORT, "--to", "n1", "--pdf", pdf, "--out", tmp_path).exit_code == 0
    assert run("validate", *tmp_path.glob("*.n1.xml"), "--agree").exit_code == 0


@pytest.mark.conformance
def test_the_kit_accepts_the_n1_form(shared_dir: Path, tmp_path: Path) -> None:
    pdf = tmp_path / "a.pdf"
    pdf.write_bytes(b"%PDF-1.7\n%%EOF\n")
    assert run("convert", FULL, "--to", "n1", "--pdf", pdf, "--out", tmp_path).exit_code == 0
    assert run("validate", *tmp_path.glob("*.n1.xml"), "--kit", shared_dir / "cisis").exit_code == 0


def test_each_form_of_answer_is_whole(made: Path) -> None:
    files = [REFUSED[0], *_documents(made)]
    sarif = json.loads(run("validate", *files, "--format", "sarif").stdout)
    assert sarif["runs"][0]["tool"]["driver"]["rules"][0]["shortDescription"]
    junit = run("validate", *files, "--format", "junit")
    assert etree.fromstring(junit.stdout_bytes).get("failures") not in {None, "0"}
    outcome = json.loads(run("validate", *files, "--format", "operationoutcome").stdout)
    assert outcome["resourceType"] == "OperationOutcome"
    answer = json.loads(run("validate", *files, "--format", "json").stdout)
    assert [entry["valid"] for entry in answer["files"]] == [False, True, True, True, True]


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("-", "-"),
        ("/nulle/part",),
        (SHORT.parent,),
        (SHORT, "--kit", "/nulle/part"),
        (SHORT, "--kit", SHORT.parent),
        (SHORT, "--fhir-packages", "/nulle/part"),
        (SHORT, "--fhir-packages", SHORT.parent),
        (SHORT, "--format", "yaml"),
    ],
    ids=lambda args: " ".join(getattr(arg, "name", arg) for arg in args) or "nothing",
)
def test_what_cannot_be_obeyed_ends_with_two(args: tuple[str | Path, ...]) -> None:
    result = run("validate", *args)
    assert result.exit_code == 2
    assert result.stderr.startswith("Erreur : ")


def test_an_unreadable_file_does_not_stop_the_others(made: Path) -> None:
    result = run("validate", "/nulle/part", REFUSED[0], *_documents(made))
    assert result.exit_code == 2
    assert f"{REFUSED[0]} : " in result.stdout


def test_warnings_do_not_fail() -> None:
    assert run("validate", "-", given=visit()).exit_code == 0


@pytest.mark.conformance
def test_the_official_rules_run_when_given(made: Path, shared_dir: Path) -> None:
    kit, packages = shared_dir / "cisis", shared_dir / "fhir" / "packages"
    result = run("validate", *_documents(made), "--kit", kit, "--fhir-packages", packages, "--format", "json")
    told = json.loads(result.stdout)
    assert [f for entry in told["files"] for f in entry["findings"] if f["severity"] == "error"] == []
    assert result.exit_code == 0


@pytest.mark.conformance
def test_the_kit_bites(made: Path, shared_dir: Path, tmp_path: Path) -> None:
    cda = next(made.glob("*.cda.xml")).read_bytes()
    (tmp_path / "faulty.xml").write_bytes(cda.replace(b"<realmCode", b"<realmCod", 1))
    result = run("validate", tmp_path / "faulty.xml", "--kit", shared_dir / "cisis")
    assert result.exit_code == 1
    assert "KIT-XSD" in result.stdout


def test_a_file_given_twice_is_judged_once() -> None:
    once, twice = (run("validate", *[REFUSED[0]] * times, "--format", "json") for times in (1, 2))
    assert once.stdout == twice.stdout


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "Le fichier est vide."),
        ('<?xml version="1.0"?><ClinicalDocument/>'.encode("utf-16"), "UTF-16"),
        ('{"format": "vsp-visit/1"}'.encode("utf-16-le"), "UTF-16"),
        (b"%PDF-1.7", "C'est un PDF."),
        (b"bonjour", "ni un Bundle FHIR."),
    ],
)
def test_what_an_unknown_file_seems_to_be_is_said(data: bytes, said: str) -> None:
    result = run("validate", "-", given=data)
    assert result.exit_code == 1
    assert said in result.stdout


@pytest.mark.parametrize(
    ("start", "one", "end", "rule"),
    [
        (b'{"resourceType": "Bundle", "entry": [', b"{},", b"{}]}", "CLI-TOO-LARGE"),
        (b'<ClinicalDocument xmlns="urn:hl7-org:v3">', b"<author/>", b"</ClinicalDocument>", "CLI-TOO-LARGE"),
    ],
)
def test_a_document_of_too_many_elements_is_refused_before_each_is_judged(
    start: bytes, one: bytes, end: bytes, rule: str
) -> None:
    result = run("validate", "-", "--agree", given=start + one * 60_000 + end)
    assert (result.exit_code, result.stdout.count("  erreur "), result.stdout.count(rule)) == (1, 1, 1)


def test_a_flood_of_faults_in_a_document_is_told_in_part() -> None:
    bundle = b'{"resourceType": "Bundle", "entry": [' + b"{}," * 3000 + b"{}]}"
    (entry,) = json.loads(run("validate", "-", "--format", "json", given=bundle).stdout)["files"]
    assert len(entry["findings"]) == 1001
    assert entry["findings"][-1]["rule"] == "CLI-TOO-MANY"


@pytest.mark.skipif(os.name != "posix", reason="file names of POSIX hold anything")
def test_a_file_name_drives_neither_terminal_nor_log(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31m\nvisite.json : aucun constat"
    path.write_bytes(REFUSED[0].read_bytes())
    result = run("validate", path, f"{path}.absent")
    assert "\x1b" not in result.stdout + result.stderr
    assert not any(line.startswith("visite.json") for line in (result.stdout + result.stderr).splitlines())
    assert "\x1b" not in run("convert", path, SHORT, "--out", tmp_path / "out").stdout
