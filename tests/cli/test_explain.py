"""``explain`` and ``convert --trace``: where each value went, and an exit code when one went nowhere."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.cli.runs import SHORT, names, run, visit

cda_header: Any = import_module("adapter.cda.header")


def _lose_the_birth_family_name(patch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    whole = cda_header._record_target
    patch.setattr(cda_header, "_record_target", lambda patient: whole(replace(patient, birth_family="X")))


def test_a_field_is_followed_into_the_three_forms() -> None:
    result = run("explain", SHORT, "--path", "$.patient.birth_date")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "$.patient.birth_date"
    assert "  CDA     /ClinicalDocument/recordTarget[1]/patientRole[1]/patient[1]/birthTime[1]" in lines
    assert any(line.startswith("  FHIR    Bundle.entry[1].resource.birthDate") for line in lines)
    assert any(line.startswith("  fiche   /html/body[1]/header[1]") for line in lines)
    assert lines[-1].endswith("0 perte(s), 0 élément(s) sans origine.")


def test_an_object_shows_its_values_and_no_others() -> None:
    result = run("explain", SHORT, "--path", "$.disease.main", "--format", "json")
    told = json.loads(result.stdout)
    assert {one["path"] for one in told["fields"]} == {
        f"$.disease.main{end}"
        for end in ("", *(f".{name}" for name in json.loads(SHORT.read_bytes())["disease"]["main"]))
    }
    named = {id_ for one in told["fields"] for form in ("cda", "fhir", "sheet") for id_ in one[form]}
    assert {one["id"] for one in told["nodes"]} == named


def test_a_place_in_a_document_tells_where_it_comes_from() -> None:
    result = run("explain", SHORT, "--path", "Bundle.entry[1].resource.birthDate")
    assert result.exit_code == 0
    assert "  visite   $.patient.birth_date" in result.stdout.splitlines()


def test_everything_is_told_without_a_path() -> None:
    result = run("explain", SHORT)
    assert result.exit_code == 0
    assert "$.conclusions" in result.stdout.splitlines()


def test_the_whole_trace_in_json() -> None:
    told = json.loads(run("explain", SHORT, "--format", "json").stdout)
    assert told["format"] == "dmp-adapter-trace/1"
    assert told["lost"] == told["unexplained"] == []


@pytest.mark.parametrize(
    "path", ["$.symptoms[7]", "$.nowhere", "Bundle.entry[999]", "/ClinicalDocument/nothing[1]", ""]
)
def test_an_unknown_path_is_a_finding_in_french(path: str) -> None:
    result = run("explain", SHORT, "--path", path)
    assert result.exit_code == 2
    assert result.stderr.rstrip().endswith("Chemin qui ne désigne rien. [TRACE-PATH]")
    assert "Traceback" not in result.output


def test_a_refused_visit_ends_with_its_findings() -> None:
    result = run("explain", "-", given=b"{}")
    assert result.exit_code == 1
    assert "VIS-MISSING" in result.stdout


def test_a_file_that_is_not_there_ends_with_2() -> None:
    assert run("explain", "nowhere.json").exit_code == 2


def test_a_loss_ends_with_1_and_its_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    _lose_the_birth_family_name(monkeypatch)
    result = run("explain", SHORT, "--path", "$.id")
    assert result.exit_code == 1
    assert "TRACE-LOST $.patient.birth_family_name" in result.stdout


def test_convert_writes_the_trace_beside_the_documents(tmp_path: Path) -> None:
    file = tmp_path / "trace.json"
    result = run("convert", SHORT, "--out", tmp_path / "out", "--trace", file)
    assert result.exit_code == 0
    assert json.loads(file.read_bytes())["format"] == "dmp-adapter-trace/1"
    assert len(names(tmp_path / "out")) == 3


def test_convert_tells_a_loss_and_ends_with_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _lose_the_birth_family_name(monkeypatch)
    file = tmp_path / "trace.json"
    result = run("convert", SHORT, "--to", "sheet", "--no-self-check", "--trace", file)
    assert result.exit_code == 1
    assert "TRACE-LOST" in result.stderr
    assert json.loads(file.read_bytes())["lost"]


def test_a_trace_is_of_one_visit(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_bytes(visit(id="autre"))
    result = run("convert", SHORT, other, "--out", tmp_path, "--trace", tmp_path / "trace.json")
    assert result.exit_code == 2
    assert "--trace ne vaut que pour une seule visite" in result.stderr


def test_a_refused_visit_leaves_no_trace(tmp_path: Path) -> None:
    result = run("convert", "-", "--to", "cda", "--trace", tmp_path / "trace.json", given=b"{}")
    assert result.exit_code == 1
    assert names(tmp_path) == []


def test_a_visit_of_another_age_is_traced_in_its_encoding(tmp_path: Path) -> None:
    old = tmp_path / "visit.json"
    old.write_bytes(visit(conclusions="Très fatiguée.").decode().encode("cp1252"))
    assert (
        run("convert", old, "--to", "cda", "--encoding", "windows-1252", "--trace", tmp_path / "t.json").exit_code == 0
    )


def test_a_conversion_without_trace_does_not_load_it() -> None:
    import subprocess
    import sys

    from tests.cli.runs import ROOT, environment

    code = (
        "import sys\nfrom adapter import api\napi.convert(open(sys.argv[1], 'rb').read())\n"
        "sys.exit(any(name.startswith('adapter.api.tracing') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(SHORT)], cwd=ROOT, env=environment(), check=False)
    assert done.returncode == 0
