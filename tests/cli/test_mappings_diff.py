"""``mappings diff``: one change in a table is one sentence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.runs import ROOT, run

OURS = ROOT / "mappings"
SPEC = "documents/vsp-synthesis.toml"


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    copy = tmp_path / "tables"
    shutil.copytree(OURS, copy)
    return copy


CHANGES = {
    "label": (
        "codes/contact-roles.csv",
        "carer,Aidant,",
        "carer,Proche aidant,",
        "codes/contact-roles.csv:carer : Libellé : « Aidant » devient « Proche aidant ».",
    ),
    "code": (
        "codes/contact-roles.csv",
        "CAREGIVER,Aidant",
        "CAREG,Aidante",
        "codes/contact-roles.csv:carer : Code : tre-r260 CAREGIVER (« Aidant ») devient tre-r260 CAREG (« Aidante »).",
    ),
    "removed value": (
        "codes/contact-roles.csv",
        "carer,Aidant,tre-r260,CAREGIVER,Aidant,equivalent,TRE_R260 2024-04-26,\n",
        "",
        "codes/contact-roles.csv:carer : Valeur retirée : « Aidant », tre-r260 CAREGIVER (« Aidant »).",
    ),
    "title of a section": (
        SPEC,
        'title = "Points de vigilance"',
        'title = "À savoir"',
        f"{SPEC}:vigilance : Titre de la rubrique : « Points de vigilance » devient « À savoir ».",
    ),
    "empty section": (
        SPEC,
        'when_empty = "state-absence"',
        'when_empty = "omit"',
        f"{SPEC}:vigilance : Conduite si vide : « state-absence » devient « omit ».",
    ),
    "sentence": (
        "messages/fr.toml",
        'comment = "Précisions"',
        'comment = "Détails"',
        "messages/fr.toml:comment : Phrase : « Précisions » devient « Détails ».",
    ),
    "system": ("systems.csv", ",LOINC,", ",Loinc,", "systems.csv:loinc : nom : « LOINC » devient « Loinc »."),
}


@pytest.mark.parametrize("name", CHANGES)
def test_one_change_is_one_sentence(tables: Path, name: str) -> None:
    file, old, new, sentence = CHANGES[name]
    text = (tables / file).read_text("utf-8")
    assert old in text
    (tables / file).write_text(text.replace(old, new, 1), "utf-8")
    result = run("mappings", "diff", OURS, tables)
    assert (result.exit_code, result.stdout.splitlines()) == (1, [sentence, "1 changement(s)."])
    (told,) = json.loads(run("mappings", "diff", OURS, tables, "--format", "json").stdout)["changes"]
    assert f"{told['place']} : {told['message']}" == sentence


def test_the_same_tables_have_no_difference(tables: Path) -> None:
    result = run("mappings", "diff", OURS, tables)
    assert (result.exit_code, result.stdout) == (0, "0 changement(s).\n")


def test_sections_told_in_another_order_are_a_change(tables: Path) -> None:
    text = (tables / SPEC).read_text("utf-8")
    first, one, two, *rest = text.split("[[section]]")
    (tables / SPEC).write_text("[[section]]".join([first, two, one, *rest]), "utf-8")
    result = run("mappings", "diff", OURS, tables)
    assert "Ordre des rubriques : conclusions, vigilance, " in result.stdout


def test_a_folder_that_is_not_there_is_told(tables: Path) -> None:
    result = run("mappings", "diff", OURS, tables / "x")
    assert result.exit_code == 2
    assert "ce dossier n'existe pas" in result.stderr


def test_the_lines_of_the_samples_that_move_are_shown(tables: Path) -> None:
    text = (tables / SPEC).read_text("utf-8")
    (tables / SPEC).write_text(
        text.replace('title = "Conclusions de la visite"', 'title = "Ce qui a été conclu"'), "utf-8"
    )
    samples = tables.parent / "samples"
    samples.mkdir()
    shutil.copy(ROOT / "samples" / "visits" / "s7.required.json", samples)
    said = run("mappings", "diff", OURS, tables, "--samples", samples).stdout.splitlines()
    assert "s7.required.json :" in said
    moved = [line for line in said if line.startswith(("  - ", "  + "))]
    assert any(line.startswith("  + ") and "Ce qui a été conclu" in line for line in moved)
    assert any(line.startswith("  - ") and "Conclusions de la visite" in line for line in moved)
    told = json.loads(run("mappings", "diff", OURS, tables, "--samples", samples, "--format", "json").stdout)
    assert list(told["samples"]) == ["s7.required.json"]


def test_the_cells_of_a_row_stay_apart(tables: Path) -> None:
    table = tables / "codes" / "symptoms.csv"
    table.write_text(table.read_text("utf-8").replace("pain,Douleur,", "pain,Douleurs,", 1), "utf-8")
    said = run("mappings", "diff", OURS, tables, "--samples", ROOT / "samples" / "visits").stdout.splitlines()
    assert "  + Douleurs | Épigastre, irradiation dorsale | Modérée | Aggravation | " in "\n".join(said)
