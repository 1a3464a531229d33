"""A folder that holds only the tables it changes: judged with the package, used, compared, given out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapter.api import convert
from adapter.errors import MappingError
from adapter.mapping import default_directory, files_of, load, merged
from tests.cli.runs import FULL, run

PACKAGED = default_directory()
SYMPTOMS = "codes/symptoms.csv"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with one table, in which one label changed."""
    folder = tmp_path / "own"
    _put(folder, SYMPTOMS, (PACKAGED / SYMPTOMS).read_text("utf-8").replace("Somnolence,cim", "Endormissement,cim"))
    return folder


def _put(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8", newline="")


def test_one_table_is_enough(own: Path) -> None:
    result = run("mappings", "check", "--mappings", own)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "Tables : 0 erreur(s), 0 avertissement(s).",
        "Fichiers à la place de ceux du paquet : 1, dont 1 qui en diffère : codes/symptoms.csv.",
        "Champs de la visite : 339, dont 330 imprimés et 9 non partagés avec raison : 100 %.",
    ]
    tables = load(own)
    assert tables.label("symptoms", "drowsiness") == "Endormissement"
    assert tables.label("sides", "left") == load().label("sides", "left")


def test_an_empty_folder_changes_nothing(tmp_path: Path) -> None:
    assert load(tmp_path).digest == load().digest
    told = "Fichiers à la place de ceux du paquet : 0, dont 0 qui en diffère : aucun."
    assert told in run("mappings", "check", "--mappings", tmp_path).stdout.splitlines()


def test_a_copy_that_was_left_as_it_was_is_counted_not_named(own: Path) -> None:
    shutil.copy(PACKAGED / "codes" / "sides.csv", own / "codes")
    told = "Fichiers à la place de ceux du paquet : 2, dont 1 qui en diffère : codes/symptoms.csv."
    assert told in run("mappings", "check", "--mappings", own).stdout.splitlines()


def test_the_digest_covers_the_merged_whole(own: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    shutil.copytree(PACKAGED, whole)
    shutil.copy(own / SYMPTOMS, whole / SYMPTOMS)
    assert load(own).digest == load(whole).digest != load().digest
    assert convert(FULL.read_bytes(), mappings=own).document.digest == load(own).digest


def test_the_settings_and_the_command_line_use_it_alike(own: Path, tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text('mappings = "own"\n', "utf-8")
    by_option = run("convert", FULL, "--to", "sheet", "--mappings", own).stdout
    assert run("convert", FULL, "--to", "sheet", "--settings", settings).stdout == by_option
    assert by_option == convert(FULL.read_bytes(), mappings=own).sheet.decode()


def test_a_fault_is_told_in_the_file_that_holds_it(own: Path) -> None:
    table = own / SYMPTOMS
    table.write_text(table.read_text("utf-8").replace("cim-10,R40.0", "cim-11,R40.0"), "utf-8")
    line = next(n for n, text in enumerate(table.read_text("utf-8").splitlines(), 1) if text.startswith("drowsiness"))
    result = run("mappings", "check", "--mappings", own)
    assert result.exit_code == 2
    assert result.stdout.splitlines()[0].startswith(f"{SYMPTOMS}:{line}:27: MAP-SYSTEM: ")


def test_a_fault_that_shows_in_a_file_of_the_package_says_so(tmp_path: Path) -> None:
    text = (PACKAGED / "systems.csv").read_text("utf-8")
    _put(tmp_path, "systems.csv", "\n".join(line for line in text.split("\n") if not line.startswith("ucum,")))
    told = run("mappings", "check", "--mappings", tmp_path).stdout.splitlines()
    assert told[0].startswith("codes/")
    assert ": MAP-SYSTEM: " in told[0]
    assert told[0].endswith("(fichier du paquet)")


@pytest.mark.parametrize(
    "name", ["codes/symptom.csv", "symptoms.csv", "mappings/codes/symptoms.csv", "messages/en.toml"]
)
def test_a_name_that_the_package_does_not_know_is_refused(name: str, own: Path) -> None:
    _put(own, name, "local\n")
    told = run("mappings", "check", "--mappings", own)
    assert told.exit_code == 2
    assert told.stdout.startswith(f"{name}:1:1: MAP-STRAY: Fichier que rien ne lit")
    assert "Nom le plus proche : " in told.stdout
    with pytest.raises(MappingError):
        load(own)
    assert run("convert", FULL, "--to", "cda", "--mappings", own).exit_code == 2


def test_what_was_never_meant_as_a_table_is_told_and_stops_nothing_else(own: Path) -> None:
    for name in ("notes.ods", "README.md", ".git/config", ".pre-commit-config.yaml", "LICENSE"):
        _put(own, name, "x")
    told = run("mappings", "check", "--mappings", own)
    assert [line.split(": ")[:2] for line in told.stdout.splitlines() if "MAP-" in line] == [
        ["notes.ods:1:1", "MAP-STRAY"]
    ]
    assert load(own).label("symptoms", "drowsiness") == "Endormissement"


def test_an_edition_and_a_published_list_may_be_added(own: Path) -> None:
    _put(own, "editions/2027-05.toml", (PACKAGED / "editions/2026-11.toml").read_text("utf-8"))
    index = (PACKAGED / "value-sets/sources.toml").read_text("utf-8")
    _put(own, "value-sets/sources.toml", index + '\n[JDV_Nous]\noid = "2.25.1"\nversion = ""\ncomplete = "yes"\n')
    _put(own, "value-sets/JDV_Nous.csv", "system,code,display\nloinc,1-8,Un\n")
    assert run("mappings", "check", "--mappings", own).exit_code == 0
    assert {"2026-11", "2027-05"} <= load(own).editions.keys()


def test_one_folder_is_compared_to_the_package(own: Path) -> None:
    told = run("mappings", "diff", own)
    assert told.exit_code == 1
    assert told.stdout.splitlines() == [
        "codes/symptoms.csv:drowsiness : Libellé : « Somnolence » devient « Endormissement ».",
        "1 changement(s).",
    ]
    assert run("mappings", "diff", PACKAGED, own).stdout == told.stdout
    for folders in ((), (own, own, own)):
        assert run("mappings", "diff", *folders).exit_code == 2


def test_format_puts_only_its_files_in_form(own: Path) -> None:
    table = own / SYMPTOMS
    wanted = table.read_bytes()
    table.write_bytes(b"\xef\xbb\xbf" + wanted.replace(b"\n", b"\r\n"))
    assert run("mappings", "format", "--mappings", own).stdout == f"{SYMPTOMS} : remis en forme.\n"
    assert table.read_bytes() == wanted
    assert list(files_of(own).by_name) == [SYMPTOMS]


def test_export_gives_the_labels_of_the_folder(own: Path, tmp_path: Path) -> None:
    assert run("mappings", "export", "--mappings", own, "--out", tmp_path / "out").exit_code == 0
    assert "Endormissement" in (tmp_path / "out" / "CodeSystem-symptoms.json").read_text("utf-8")


def test_a_published_list_is_renewed_in_the_folder_and_never_in_the_package(own: Path, tmp_path: Path) -> None:
    facts = load().value_sets["JDV_SupportNutritionnel"]
    listed = "".join(
        f'<Concept code="{code}" codeSystem="{oid}" displayName="{label}"/>'
        for (oid, code), label in facts.members.items()
    )
    file = tmp_path / "liste.xml"
    file.write_text(
        f'<RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008"><ValueSet id="{facts.oid}" displayName="x"'
        f' revisionDate="2027-01-01"><ConceptList>{listed}</ConceptList></ValueSet></RetrieveValueSetResponse>',
        "utf-8",
    )
    before = merged(None).by_name["value-sets/sources.toml"].read_bytes()
    assert run("mappings", "import-nos", file, "--mappings", own, "--write").exit_code == 0
    assert merged(None).by_name["value-sets/sources.toml"].read_bytes() == before
    assert sorted(files_of(own).by_name) == [
        SYMPTOMS,
        "value-sets/JDV_SupportNutritionnel.csv",
        "value-sets/sources.toml",
    ]
    assert load(own).value_sets["JDV_SupportNutritionnel"].version == "2027-01-01"
