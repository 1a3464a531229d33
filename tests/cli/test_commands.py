"""What the command line gives beside documents: help, version, schema, tables, rules."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from adapter.cli import COMMANDS
from adapter.cli.rule_texts import all_rules
from adapter.model.visit import Visit
from adapter.settings import SOFTWARE_VERSION
from tests.cli.runs import ROOT, VISITS, run

ENGLISH = re.compile(r"\b(Usage|Error|Show this|Commands|Arguments|Missing|Invalid|Try|required)\b")


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS), ("mappings", "check")])
def test_help_is_french(command: tuple[str, ...]) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith("Utilisation : dmp-adapter")
    assert not ENGLISH.search(result.stdout)


def test_without_a_command_the_help_is_shown_and_the_code_is_two() -> None:
    result = run()
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Commandes" in result.stderr


def test_the_version_is_that_of_the_package() -> None:
    assert run("--version").stdout == f"dmp-adapter {SOFTWARE_VERSION}\n"


def test_an_unknown_command_is_answered_with_its_neighbour() -> None:
    result = run("convertir")
    assert result.exit_code == 2
    assert "Vouliez-vous dire : convert ?" in result.stderr


def test_an_unknown_option_is_answered_with_its_neighbour() -> None:
    result = run("convert", "x.json", "--mapping", "y")
    assert result.exit_code == 2
    assert "--mappings" in result.stderr


def test_the_schema_names_every_field_of_a_visit(tmp_path: Path) -> None:
    schema = json.loads(run("schema").stdout_bytes)
    assert set(schema["properties"]) == set(Visit.model_fields)
    assert schema["additionalProperties"] is False
    assert run("schema", "--out", tmp_path / "visite.json").exit_code == 0
    assert json.loads((tmp_path / "visite.json").read_bytes()) == schema


def test_every_field_of_the_schema_is_described_in_french() -> None:
    schema = json.loads(run("schema").stdout_bytes)
    for name, definition in {"Visit": schema, **schema["$defs"]}.items():
        for field, told in definition.get("properties", {}).items():
            assert told.get("description"), f"{name}.{field}"
            assert not re.search(r"\b(the|of|with|and|when)\b", told["description"]), f"{name}.{field}"


def test_the_schema_goes_nowhere_without_a_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert run("schema", "--out", tmp_path / "file" / "visite.json").exit_code == 2


def test_the_packaged_tables_are_sound() -> None:
    result = run("mappings", "check")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "Tables : 0 erreur(s), 0 avertissement(s).")


def test_a_faulty_table_is_told_at_its_line(tmp_path: Path) -> None:
    tables = tmp_path / "tables"
    shutil.copytree(ROOT / "mappings", tables)
    table = tables / "codes" / "places.csv"
    lines = table.read_text("utf-8").splitlines(keepends=True)
    table.write_text("".join(lines[:1] + lines[2:]), "utf-8")
    result = run("mappings", "check", "--mappings", tables)
    assert result.exit_code == 2
    assert re.search(r"^codes/places\.csv:\d+:\d+: MAP-COVERAGE: ", result.stdout, re.MULTILINE)
    told = json.loads(run("mappings", "check", "--mappings", tables, "--format", "json").stdout)
    assert told["errors"] == 1


def test_rules_are_listed_and_explained() -> None:
    listed = run("rules").stdout
    assert all(code in listed for code in all_rules())
    told = run("rules", "ins-key").stdout
    assert told.startswith("INS-KEY (")
    assert "Source : " in told
    (row,) = json.loads(run("rules", "INS-KEY", "--format", "json").stdout)
    assert row["code"] == "INS-KEY"


def test_an_unknown_rule_is_answered_with_its_neighbours() -> None:
    result = run("rules", "INS-KEYS")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "INS-KEY" in result.stderr


def test_every_rule_tells_what_why_and_where() -> None:
    for code, rule in all_rules().items():
        assert rule.code == code
        assert rule.title.strip(), code
        assert rule.explanation.strip(), code
        assert rule.source.strip(), code


def test_every_rule_that_the_code_names_is_explained() -> None:
    families = {code.partition("-")[0] for code in all_rules()} - {"INS", "UUID"}  # these also name profiles
    pattern = re.compile(rf'"((?:{"|".join(families)})(?:-[A-Z0-9]+)+)"')
    named = {
        code: path.relative_to(ROOT)
        for path in (ROOT / "adapter").rglob("*.py")
        for code in pattern.findall(path.read_text("utf-8"))
    }
    assert {code: path for code, path in named.items() if code not in all_rules()} == {}


def test_every_rule_met_on_the_samples_is_explained() -> None:
    told = json.loads(run("validate", *VISITS, "--format", "json").stdout)
    assert {found["rule"] for entry in told["files"] for found in entry["findings"]} <= set(all_rules())
