"""What stands beside the outputs: the tables, the program and the bytes they gave."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from adapter.mapping import default_directory, load
from tests.cli.runs import FULL, names, run


def _told(out: Path) -> dict[str, dict[str, object]]:
    (path,) = out.glob("*.provenance.json")
    found: dict[str, dict[str, object]] = json.loads(path.read_bytes())
    return found


def test_the_outputs_are_told_with_their_digests_and_the_tables(tmp_path: Path) -> None:
    result = run("convert", FULL, "--out", tmp_path, "--provenance")
    assert result.exit_code == 0
    told = _told(tmp_path)
    assert told["mappings"] == {"digest": load().digest, "edition": "2026-11", "replaced": []}
    outputs = [name for name in names(tmp_path) if "provenance" not in name]
    assert told["document"]["outputs"] == {
        name: {
            "sha256": hashlib.sha256((tmp_path / name).read_bytes()).hexdigest(),
            "size": (tmp_path / name).stat().st_size,
        }
        for name in outputs
    }


def test_the_tables_of_a_folder_are_named_and_change_the_digest(tmp_path: Path) -> None:
    own = tmp_path / "own" / "codes"
    own.mkdir(parents=True)
    shutil.copy(default_directory() / "codes" / "devices.csv", own)
    (own / "devices.csv").write_text(
        (own / "devices.csv").read_text("utf-8").replace("Lit médicalisé", "Lit de soins"), "utf-8"
    )
    for _ in range(2):
        assert run("convert", FULL, "--out", tmp_path / "o", "--provenance", "--mappings", own.parent).exit_code == 0
    told = _told(tmp_path / "o")
    assert told["mappings"]["replaced"] == ["codes/devices.csv"]
    assert told["mappings"]["digest"] == load(own.parent).digest != load().digest


def test_without_a_folder_there_is_no_place_for_it() -> None:
    result = run("convert", FULL, "--to", "cda", "--provenance")
    assert result.exit_code == 2
    assert "--provenance demande un dossier" in result.stderr


def test_nothing_of_the_visit_stands_in_it(tmp_path: Path) -> None:
    run("convert", FULL, "--out", tmp_path, "--provenance")
    visit = json.loads(FULL.read_bytes())
    text = json.dumps(_told(tmp_path))
    assert visit["patient"]["ins"]["value"] not in text
    assert visit["patient"]["birth_family_name"] not in text
