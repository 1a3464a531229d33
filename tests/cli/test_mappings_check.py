"""``mappings check`` in each of its forms."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from lxml import etree

from tests.cli.runs import ROOT, run

PLACE = "codes/sides.csv"


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    tables = tmp_path / "tables"
    shutil.copytree(ROOT / "mappings", tables)
    table = tables / PLACE
    table.write_text(table.read_text("utf-8").replace(",equivalent,", ",exact,", 1), "utf-8")
    return tables


def test_text_gives_the_place_the_rule_and_the_message(faulty: Path) -> None:
    result = run("mappings", "check", "--mappings", faulty)
    assert result.exit_code == 2
    assert result.stdout.startswith(f"{PLACE}:2:")
    assert ": MAP-EQUIVALENCE: Attendu" in result.stdout


def test_sarif_points_at_the_line_of_the_file(faulty: Path) -> None:
    log = json.loads(run("mappings", "check", "--mappings", faulty, "--format", "sarif").stdout)
    (result,) = log["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": PLACE}
    assert place["region"]["startLine"] == 2
    assert result["ruleId"] == "MAP-EQUIVALENCE"
    assert log["runs"][0]["tool"]["driver"]["rules"][0]["fullDescription"]["text"].startswith("Attendu")


def test_junit_has_one_failure_in_the_suite_of_the_file(faulty: Path) -> None:
    root = etree.fromstring(run("mappings", "check", "--mappings", faulty, "--format", "junit").stdout.encode())
    assert (root.get("failures"), root[0].get("name")) == ("1", PLACE)


def test_github_gets_an_annotation(faulty: Path) -> None:
    result = run("mappings", "check", "--mappings", faulty, "--format", "github")
    assert result.stdout.startswith(f"::error file={PLACE},line=2,col=")
    assert result.exit_code == 2


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github"])
def test_sound_tables_are_sound_in_each_form(form: str) -> None:
    assert run("mappings", "check", "--format", form).exit_code == 0


def test_the_samples_fill_every_section() -> None:
    result = run("mappings", "check", "--samples", ROOT / "samples" / "visits")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[:-1] == ["Tables : 0 erreur(s), 0 avertissement(s)."]


def test_a_folder_without_samples_fills_nothing(tmp_path: Path) -> None:
    result = run("mappings", "check", "--samples", tmp_path)
    assert result.exit_code == 0
    assert "MAP-SAMPLE" in result.stdout


def test_the_coverage_names_every_field_and_each_reason() -> None:
    lines = run("mappings", "check", "--coverage").stdout.splitlines()
    assert "$.sharing.informed | non partagé : reste au cabinet" in lines
    assert "$.conclusions | imprimé" in lines
    kept = sum(" | non partagé : " in line for line in lines)
    fields = sum(" | " in line for line in lines)
    told = f"Champs de la visite : {fields}, dont {fields - kept} imprimés et {kept} non partagés avec raison : 100 %."
    assert lines[-1] == told


def test_a_field_that_is_neither_printed_nor_declared_lowers_the_coverage(tmp_path: Path) -> None:
    tables = tmp_path / "tables"
    tables.mkdir()
    text = (ROOT / "mappings" / "not-shared.toml").read_text("utf-8")
    declared = '"$.sharing.informed" = "reste au cabinet"'
    assert declared in text
    (tables / "not-shared.toml").write_text(text.replace(declared, '"$.conclusions" = "tu"'), "utf-8")
    lines = run("mappings", "check", "--coverage", "--mappings", tables).stdout.splitlines()
    assert "$.sharing.informed | ni imprimé, ni déclaré" in lines
    assert "$.conclusions | imprimé" in lines
    assert lines[-1].endswith(" : 99 %.")


def test_a_day_that_is_none_is_refused_in_french() -> None:
    result = run("mappings", "check", "--at", "hier")
    assert result.exit_code == 2
    assert "--at : date attendue" in result.stderr
