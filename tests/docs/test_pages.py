"""What the pages of docs/ print runs as it is written, and what they state is what the program does."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from adapter.dmp.xds.access import RIGHTS
from tests.cli.runs import ROOT, environment

DOCS = ROOT / "docs"
PAGES = ("vendors", "integrators", "ci", "production", "data-protection", "trace")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def text_of(page: str) -> str:
    return (DOCS / f"{page}.md").read_text("utf-8")


def blocks(kind: str) -> list[tuple[str, str]]:
    """Page and content of each block of one kind."""
    return [(page, body) for page in PAGES for found, body in FENCE.findall(text_of(page)) if found == kind]


COMMANDS = {page: "".join(body for name, body in blocks("sh") if name == page) for page in PAGES}
PROGRAMS = blocks("python")


@pytest.fixture
def bare_folder(tmp_path: Path) -> Path:
    """A folder with the samples, where ``dmp-adapter`` is on the PATH."""
    for kind in ("visits", "refused"):
        shutil.copytree(ROOT / "samples" / kind, tmp_path / "samples" / kind)
    command = tmp_path / "bin" / "dmp-adapter"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m adapter "$@"\n', "utf-8")
    command.chmod(0o755)
    return tmp_path


def test_no_block_escapes() -> None:
    kinds = {kind for page in PAGES for kind, _ in FENCE.findall(text_of(page))}
    assert kinds == {"sh", "python", "console"}
    assert [page for page, body in COMMANDS.items() if not body] == ["integrators"]
    assert blocks("console") == [("ci", "python -m sphinx -W -q docs build/docs\n")]  # test_site builds so
    for page in PAGES:
        assert text_of(page).count("```") == 2 * len(FENCE.findall(text_of(page)))


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
@pytest.mark.parametrize("page", [page for page in PAGES if COMMANDS[page]])
def test_the_commands_of_a_page_run_in_their_order(page: str, bare_folder: Path) -> None:
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", COMMANDS[page]],
        cwd=bare_folder,
        env=environment(PATH=f"{bare_folder / 'bin'}{os.pathsep}{os.environ['PATH']}"),
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode()
    assert b"Traceback" not in run.stderr


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_a_program_of_a_page_runs(number: int, bare_folder: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAMS[number][1]],
        cwd=bare_folder,
        env=environment(),
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode()


def test_the_table_of_rights_is_the_one_the_program_enforces() -> None:
    rows = re.findall(r"^\| (TD\S+) [^|]*\| ([^|]*) \| ([^|]*) \| ([^|]*) \|$", text_of("production"), re.MULTILINE)
    assert {row[0] for row in rows} == set(RIGHTS["direct"])
    for transaction, *told in rows:
        allowed = [transaction in RIGHTS["direct"], transaction in RIGHTS["indirect"], transaction in RIGHTS["air"]]
        assert ["oui" in cell for cell in told] == allowed, transaction
