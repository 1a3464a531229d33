"""Every command and every program of README.md runs as it is written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from adapter.settings import read_settings
from tests.cli.runs import FULL, ROOT, environment

README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
COMMANDS = [block for kind, block in BLOCKS if kind == "sh"]
PROGRAMS = [block for kind, block in BLOCKS if kind == "python"]


@pytest.fixture
def bare_folder(tmp_path: Path) -> Path:
    """A folder with the samples, where ``dmp-adapter`` is on the PATH."""
    shutil.copytree(ROOT / "samples" / "visits", tmp_path / "samples" / "visits")
    command = tmp_path / "bin" / "dmp-adapter"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m adapter "$@"\n', "utf-8")
    command.chmod(0o755)
    return tmp_path


def test_the_blocks_are_found() -> None:
    assert (len(COMMANDS), len(PROGRAMS)) == (1, 3)
    assert {kind for kind, _ in BLOCKS} <= {"sh", "python", "console", "text", "toml"}


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
@pytest.mark.parametrize("block", COMMANDS)
def test_the_commands_run(block: str, bare_folder: Path) -> None:
    path = f"{bare_folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=bare_folder,
        env=environment(PATH=path),
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode()
    assert len(list((bare_folder / "sortie").glob("*.cda.xml"))) == len(
        list((bare_folder / "samples" / "visits").glob("*.json"))
    )
    assert (bare_folder / "fiche.html").read_bytes().lower().startswith(b"<!doctype html")
    assert b"<ClinicalDocument" in (bare_folder / "synthese.xml").read_bytes()
    assert (bare_folder / "visite.schema.json").stat().st_size > 1000


def test_the_programs_run(bare_folder: Path) -> None:
    said = b""
    for block in PROGRAMS:
        run = subprocess.run(
            [sys.executable, "-c", block], cwd=bare_folder, env=environment(), capture_output=True, check=False
        )
        assert run.returncode == 0, run.stderr.decode()
        said += run.stdout
    assert {"synthese.cda.xml", "synthese.bundle.json", "synthese.html"} <= {p.name for p in bare_folder.iterdir()}
    assert b"VIS-MISSING $.conclusions" in said
    assert b"confirmed" in said


def test_the_steps_named_can_be_called_after_a_conversion(bare_folder: Path) -> None:
    named = re.search(r"`read_visit`.*?donnent\s+chaque étape seule", README, re.DOTALL)
    assert named is not None
    steps = re.findall(r"`(\w+)`", named[0])
    program = f"""
import adapter
adapter.convert(open({str(FULL)!r}, "rb").read())
assert all(callable(getattr(adapter, step)) for step in {steps!r})
visit = adapter.read_visit(open({str(FULL)!r}, "rb").read())
document = adapter.compose(visit, options=adapter.Options(issuer_oid="1.2.250.1.999.1"))
cda, bundle = adapter.render_cda(document), adapter.render_bundle(document)
assert adapter.check_outputs(cda, bundle) == []
assert len(repr(adapter.convert(open({str(FULL)!r}, "rb").read()))) < 10_000, "a log would hold the record"
"""
    for first in ("", "import adapter.compose\n", "from adapter import compose\n"):
        run = subprocess.run(
            [sys.executable, "-c", first + program],
            cwd=bare_folder,
            env=environment(),
            capture_output=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr.decode()


def test_the_settings_shown_are_accepted(tmp_path: Path) -> None:
    (shown,) = [block for kind, block in BLOCKS if kind == "toml"]
    (tmp_path / "mes-tables").mkdir()
    (tmp_path / "reglages.toml").write_text(shown, "utf-8")
    read = read_settings(tmp_path / "reglages.toml", environment={})
    assert read.issuer_oid == tomllib.loads(shown)["issuer_oid"]


def test_what_is_named_exists() -> None:
    scripts = re.findall(r"scripts/\w+", README)
    assert scripts
    assert all(os.access(ROOT / script, os.X_OK) for script in scripts)
    assert all((ROOT / target).exists() for target in re.findall(r"\]\(([^)]+)\)", README))


def test_the_finding_shown_is_the_one_that_is_given(tmp_path: Path) -> None:
    (shown,) = [block for kind, block in BLOCKS if kind == "text"]
    shutil.copy(ROOT / "samples" / "refused" / "ins-key.json", tmp_path / "visite.json")
    run = subprocess.run(
        [sys.executable, "-m", "adapter", "validate", "visite.json"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        check=False,
    )
    assert run.returncode == 1
    assert run.stdout.decode().startswith(shown)
