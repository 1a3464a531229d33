"""``mappings import-nos`` on a small list of our own making, against a copy of the tables."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.runs import ROOT, run

NAME = "JDV_SupportNutritionnel"


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    copy = tmp_path / "tables"
    shutil.copytree(ROOT / "mappings", copy)
    return copy


def _published(tables: Path, *concepts: tuple[str, str, str], version: str = "2026-10-01", start: str = "") -> Path:
    import tomllib

    oid = tomllib.loads((tables / "value-sets" / "sources.toml").read_text("utf-8"))[NAME]["oid"]
    lines = [
        f'<Concept code="{code}" codeSystem="1.2.250.1.213.1.1.4.322" displayName="{label}" dateValid="{start}"'
        f' dateFin="{end}"/>'
        for code, label, end in concepts
    ]
    file = tables.parent / "liste.xml"
    file.write_text(
        f'<RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008"><ValueSet id="{oid}" displayName="x"'
        f' revisionDate="{version}T00:00:00+02:00" urlFichier="https://nos.example/{NAME}">'
        f"<ConceptList>{''.join(lines)}</ConceptList></ValueSet>"
        "</RetrieveValueSetResponse>",
        "utf-8",
    )
    return file


MIXED = ("MED-575", "Alimentation mixée", "")
TUBE = ("MED-576", "Alimentation entérale par sonde", "")
VEIN = ("MED-577", "Alimentation parentérale", "")


def test_the_same_list_changes_nothing(tables: Path) -> None:
    result = run("mappings", "import-nos", _published(tables, MIXED, TUBE, VEIN), "--mappings", tables)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1:] == ["1 liste(s) comparée(s), 0 que nous n'employons pas."]


def test_what_came_went_and_was_renamed_is_told_with_our_rows(tables: Path) -> None:
    file = _published(tables, (*MIXED[:2], "20260101"), ("MED-576", "Sonde", ""), VEIN, ("MED-999", "Neuf", ""))
    result = run("mappings", "import-nos", file, "--mappings", tables)
    assert result.exit_code == 1
    retired, renamed, added = result.stdout.splitlines()[1:4]
    assert retired.startswith("  retiré : ta-asip MED-575 « Alimentation mixée »")
    assert "; nos lignes : codes/nutrition.csv:" in retired
    assert renamed.startswith("  nouveau libellé : ta-asip MED-576 « Alimentation entérale par sonde » → « Sonde »")
    assert added == "  ajouté : ta-asip MED-999 « Neuf »"


def test_writing_renews_the_list_and_the_check_then_names_the_rows(tables: Path) -> None:
    file = _published(tables, (*MIXED[:2], "20260101"), TUBE, VEIN)
    assert run("mappings", "import-nos", file, "--mappings", tables, "--write").exit_code == 1
    table = (tables / "value-sets" / f"{NAME}.csv").read_text("utf-8")
    assert table.splitlines()[:2] == ["system,code,display,start,end", "ta-asip,MED-575,Alimentation mixée,,2026-01-01"]
    origin = "https://nos.example/JDV_SupportNutritionnel/liste.xml"
    assert f'version = "2026-10-01"\norigin = "{origin}"' in (tables / "value-sets" / "sources.toml").read_text("utf-8")
    told = json.loads(run("mappings", "check", "--mappings", tables, "--format", "json").stdout)
    rules = {found["rule"] for found in told["files"][0]["findings"]}
    assert rules == {"MAP-RETIRED", "MAP-MEMBER"}
    assert run("mappings", "import-nos", file, "--mappings", tables).stdout.count("ajouté") == 0


def test_the_person_may_say_where_the_files_come_from(tables: Path) -> None:
    file = _published(tables, MIXED, TUBE, VEIN)
    run("mappings", "import-nos", file, "--mappings", tables, "--write", "--origin", "archive du 1er octobre")
    assert 'origin = "archive du 1er octobre/liste.xml"' in (tables / "value-sets" / "sources.toml").read_text("utf-8")


def test_the_first_day_of_a_code_is_kept_and_told_before_it_comes(tables: Path) -> None:
    file = _published(tables, MIXED, TUBE, VEIN, start="20270101000000")
    assert run("mappings", "import-nos", file, "--mappings", tables, "--write").exit_code == 0
    table = (tables / "value-sets" / f"{NAME}.csv").read_text("utf-8")
    assert "ta-asip,MED-576,Alimentation entérale par sonde,2027-01-01," in table.splitlines()
    early, late = (run("mappings", "check", "--mappings", tables, "--at", day) for day in ("2026-12-31", "2027-01-01"))
    assert "MAP-RETIRED: Code en vigueur le 2027-01-01 seulement." in early.stdout
    assert "MAP-RETIRED" not in late.stdout


def test_writing_what_is_already_there_changes_that_list_only_in_its_facts(tables: Path) -> None:
    table = tables / "value-sets" / f"{NAME}.csv"
    before = table.read_bytes()
    file = _published(tables, MIXED, TUBE, VEIN, start="20200331000000")
    run("mappings", "import-nos", file, "--mappings", tables, "--write")
    assert table.read_bytes() == before
    ours, theirs = ((folder / "value-sets" / "sources.toml") for folder in (ROOT / "mappings", tables))
    pairs = zip(ours.read_text("utf-8").splitlines(), theirs.read_text("utf-8").splitlines(), strict=True)
    assert sum(old != new for old, new in pairs) == 3


def test_nothing_is_written_when_one_file_is_no_list(tables: Path) -> None:
    wrong = tables.parent / "notes.txt"
    wrong.write_text("x", "utf-8")
    before = (tables / "value-sets" / "sources.toml").read_bytes()
    result = run("mappings", "import-nos", _published(tables, MIXED), wrong, "--mappings", tables, "--write")
    assert result.exit_code == 2
    assert "Ni XML, ni objet JSON." in result.stderr
    assert (tables / "value-sets" / "sources.toml").read_bytes() == before


def test_an_unknown_system_is_named_and_a_list_that_we_do_not_hold_is_counted(tables: Path) -> None:
    file = _published(tables, MIXED, TUBE, VEIN)
    file.write_text(file.read_text("utf-8").replace("1.2.250.1.213.1.1.4.322", "1.2.3.4", 1), "utf-8")
    result = run("mappings", "import-nos", file, "--mappings", tables)
    assert "  système absent de systems.csv : 1.2.3.4" in result.stdout
    assert run("mappings", "import-nos", file, "--mappings", tables, "--write").exit_code == 2
    other = file.with_name("autre.xml")
    other.write_text(file.read_text("utf-8").replace(' id="1', ' id="2', 1), "utf-8")
    assert "1 que nous n'employons pas" in run("mappings", "import-nos", other, "--mappings", tables).stdout


@pytest.mark.conformance
def test_our_lists_are_those_of_the_kit(shared_dir: Path) -> None:
    lists = sorted((shared_dir / "cisis" / "jeuxDeValeurs").glob("*.xml"))
    result = run("mappings", "import-nos", *lists)
    assert result.exit_code == 0
    assert not [line for line in result.stdout.splitlines() if line.startswith("  ")]
