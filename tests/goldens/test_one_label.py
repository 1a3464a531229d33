"""A label changed in one table changes the documents that show it, and no other byte."""

from __future__ import annotations

from html import escape
from pathlib import Path

import pytest

from adapter.api import convert
from adapter.mapping import default_directory, load
from tests.samples_kept import VISITS, expected

FILES = {"cda": "document.xml", "bundle": "bundle.json", "sheet": "sheet.html"}
NEW = "Libellé changé pour voir"


@pytest.mark.parametrize(
    ("table", "row", "label"),
    [
        ("symptoms", "dyspnoea,", "Essoufflement (dyspnée)"),
        ("devices", "port-a-cath,", "Chambre implantable (PAC)"),
        ("routes", "subcutaneous,", "Voie sous-cutanée"),
        ("professions", "osteopath,", "Ostéopathe"),
    ],
)
def test_one_label_moves_exactly_the_outputs_that_show_it(table: str, row: str, label: str, tmp_path: Path) -> None:
    name = f"codes/{table}.csv"
    text = (default_directory() / name).read_text("utf-8")
    assert text.count(f"\n{row}{label},") == 1
    (tmp_path / "codes").mkdir()
    (tmp_path / name).write_text(text.replace(f"\n{row}{label},", f"\n{row}{NEW},"), "utf-8")
    tables, moved, showing = load(tmp_path), set(), set()
    for visit in VISITS:
        done = convert(visit.read_bytes(), mappings=tables, self_check=False)
        for form, file in FILES.items():
            kept = (expected(visit) / file).read_bytes()
            new: bytes = getattr(done, form)
            if new != kept:
                moved.add((visit.name, form))
            if NEW in new.decode():
                showing.add((visit.name, form))
                assert escape(label, quote=False) in kept.decode()
    assert moved == showing
    assert bool(moved) == (table != "professions"), "no sample has an osteopath; the others are shown somewhere"
