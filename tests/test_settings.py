"""Settings: defaults, file, environment, and refusals that tell where."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from adapter import settings
from adapter.compose import Options
from adapter.model import json_input
from adapter.settings import Settings, SettingsError, read_settings

FULL = """\
issuer_oid = "1.2.250.1.999.1"
software_name = "Logiciel du cabinet"
software_version = "7.1"
practice_setting = "ambulatory"
edition = "essai"
mappings = "tables"
max_input_bytes = 1000
max_input_depth = 10
"""


def _file(folder: Path, text: str) -> Path:
    path = folder / "dmp-adapter.toml"
    path.write_text(text, "utf-8")
    return path


def test_defaults_stand_alone() -> None:
    assert read_settings(environment={}) == Settings()


def test_a_file_sets_everything(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    expected = Settings(
        "1.2.250.1.999.1", "Logiciel du cabinet", "7.1", "ambulatory", "essai", tmp_path / "tables", 1000, 10
    )
    assert read_settings(_file(tmp_path, FULL), environment={}) == expected


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = _file(tmp_path, 'edition = "un"\nmax_input_depth = 10\n')
    environment = {"DMP_ADAPTER_EDITION": "deux", "DMP_ADAPTER_MAX_INPUT_BYTES": "7", "OTHER": "x"}
    read = read_settings(file, environment)
    assert (read.edition, read.max_input_bytes, read.max_input_depth) == ("deux", 7, 10)


def test_the_environment_names_the_file(tmp_path: Path) -> None:
    file = _file(tmp_path, 'edition = "un"\n')
    assert read_settings(environment={"DMP_ADAPTER_SETTINGS": str(file)}).edition == "un"


def test_an_empty_variable_counts_as_absent() -> None:
    assert read_settings(environment={"DMP_ADAPTER_ISSUER_OID": ""}) == Settings()


def test_every_fault_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    file = _file(
        tmp_path, 'editon = "un"\nissuer_oid = "1.02"\npractice_setting = "PALLIATIF"\nmax_input_depth = true\n'
    )
    environment = {"DMP_ADAPTER_MAX_INPUT_BYTES": "-1", "DMP_ADAPTER_MAPPINGS": "/nulle/part", "DMP_ADAPTER_X": "1"}
    with pytest.raises(SettingsError) as refusal:
        read_settings(file, environment)
    assert [finding.path for finding in refusal.value.findings] == [
        "dmp-adapter.toml: editon",
        "dmp-adapter.toml: issuer_oid",
        "dmp-adapter.toml: practice_setting",
        "dmp-adapter.toml: max_input_depth",
        "DMP_ADAPTER_MAX_INPUT_BYTES",
        "DMP_ADAPTER_MAPPINGS",
        "DMP_ADAPTER_X",
    ]
    assert refusal.value.findings[0].message.startswith("Réglage inconnu.")


def test_an_issuer_leaves_room_for_the_number_of_the_document() -> None:
    with pytest.raises(SettingsError):
        read_settings(environment={"DMP_ADAPTER_ISSUER_OID": "1.2." + "3" * 40})


def test_defaults_are_those_of_the_readers_and_of_compose() -> None:
    defaults = Settings()
    assert (defaults.max_input_bytes, defaults.max_input_depth) == (json_input.MAX_BYTES, json_input.MAX_DEPTH)
    options = Options()
    assert (defaults.practice_setting, defaults.edition) == (options.practice_setting, options.edition)


@pytest.mark.parametrize("content", [b"edition = ", b"edition = '\xff'", None])
def test_an_unreadable_file_is_a_finding(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "dmp-adapter.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError) as refusal:
        read_settings(path, environment={})
    (finding,) = refusal.value.findings
    assert (finding.path, finding.message.startswith("Le fichier de réglages ")) == (path.name, True)


def test_each_setting_has_one_reader() -> None:
    assert set(settings._READERS) == {field.name for field in fields(Settings)}
