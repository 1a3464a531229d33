"""What the hooks and the page for integrators name is there, and their commands run as they are written."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.cli.runs import ROOT, run

PAGE = (ROOT / "docs" / "mappings-ci.md").read_text("utf-8")
OWN = ("codes/symptoms.csv", "messages/fr.toml")  # all that the repository of the page holds
HOOKS = (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")
WRITTEN = sorted(
    {
        command
        for block in re.findall(r"^```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
        for command in re.findall(r"dmp-adapter ([^#|>\n]*[^#|>\n ])", block)
        if not command.startswith("import")
    }
)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in (tmp_path / "mappings", tmp_path / "avant", tmp_path.parent / "avant" / "mappings"):
        for name in OWN:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / "mappings" / name, folder / name)
    (tmp_path / "JDV_X.xml").write_text(
        '<RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008"><ValueSet id="1.2.3"/></RetrieveValueSetResponse>'
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_shows_the_repository_that_is_tried() -> None:
    listed = re.findall(r"^  (\S+\.(?:csv|toml)) ", PAGE, re.MULTILINE)
    assert tuple(listed) == OWN


@pytest.mark.parametrize("command", WRITTEN)
def test_a_written_command_runs(repository: Path, command: str) -> None:
    words = [word.replace("JDV_*", "JDV_X") for word in shlex.split(command)]
    result = run(*words)
    assert result.exit_code == 0, result.stdout + result.stderr


def test_all_commands_of_the_page_are_tried() -> None:
    tried = {" ".join(command.split()[:2]) for command in WRITTEN}
    kinds = ("check", "format", "diff", "export", "import-nos")
    assert tried == {*(f"mappings {kind}" for kind in kinds), "rules MAP-MEMBER"}


def test_each_hook_runs_on_sound_tables_and_is_named_by_the_page(repository: Path) -> None:
    hooks = re.findall(r"- id: (\S+)\n(?:.*\n)*?  entry: dmp-adapter (.*)\n  args: \[(.*)\]", HOOKS)
    assert len(hooks) == 2
    for name, entry, args in hooks:
        assert f"- id: {name}\n" in PAGE
        assert run(*entry.split(), *args.split(", ")).exit_code == 0
