"""Every command and every program of README.md runs as it is written."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import requests

from adapter.settings import read_settings
from tests.cli.runs import FULL, ROOT, environment
from tests.dmp.xdm.operator import AUTHORITY, operator

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


CONSOLE = [
    shlex.split(line, comments=True)
    for kind, block in BLOCKS
    if kind == "console"
    for line in block.splitlines()
    if line.strip()
]


(MAIL,) = [words for words in CONSOLE if "--to-mss" in words]
(SERVE,) = [words for words in CONSOLE if words[:2] == ["dmp-adapter", "serve"]]


def test_the_scripts_and_extras_that_the_readme_names_exist() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    named = [words for words in CONSOLE if words[0] != "dmp-adapter"]
    assert [words[0] for words in named if words[0].startswith("scripts/")] == ["scripts/demo", "scripts/test"]
    for words in named:
        if words[0].startswith("scripts/"):
            assert os.access(ROOT / words[0], os.X_OK)
        else:
            assert words[:2] == ["pip", "install"]
            extra = re.search(r"\[(\w+)\]", words[2])
            assert extra is None or extra[1] in extras


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_the_life_with_the_dmp_runs(bare_folder: Path) -> None:
    """The commands of the console block, in order, against the simulator that the first of them starts."""
    lines = [words for words in CONSOLE if words[0] == "dmp-adapter" and words not in (MAIL, SERVE)]
    samples = bare_folder / "samples" / "visits"
    shutil.copy(samples / "s1.exhaustive.json", bare_folder / "visite.json")
    shutil.copy(samples / "s6.exhaustive.json", bare_folder / "correction.json")
    settings = bare_folder / "reglages.toml"
    env = environment(DMP_ADAPTER_SETTINGS=str(settings), PYTHONUNBUFFERED="1")

    def command(words: list[str]) -> list[str]:
        return [sys.executable, "-m", "adapter", *words[1:]]

    assert lines[0] == ["dmp-adapter", "simulator"]
    simulator = subprocess.Popen(
        [*command(lines[0]), "--port", "0"], cwd=bare_folder, env=env, stdout=subprocess.PIPE, text=True
    )
    assert simulator.stdout is not None
    try:
        address = re.search(r"http://127\.0\.0\.1:\d+", simulator.stdout.readline())
        assert address is not None
        settings.write_text(
            'outbox = "sqlite:///envois.db"\ndefault_destination = "essai"\n[destinations.essai]\n'
            f'base_url = "{address[0]}"\nactor = "professional;rpps=99700100003"\n',
            "utf-8",
        )
        for words in lines[1:]:
            server = words[1:3] == ["outbox", "run"]
            run = subprocess.run(
                [*command(words), *(["--once"] if server else [])],
                cwd=bare_folder,
                env=env,
                capture_output=True,
                text=True,
                check=False,
            )
            assert run.returncode == 0, (words, run.stdout, run.stderr)
    finally:
        simulator.send_signal(signal.SIGINT)
        assert simulator.wait(20) in {0, 130}
        simulator.stdout.close()


def test_the_mail_command_reaches_its_operator(bare_folder: Path) -> None:
    shutil.copy(bare_folder / "samples" / "visits" / "s1.exhaustive.json", bare_folder / "visite.json")
    with operator() as running:
        (bare_folder / "reglages.toml").write_text(
            f'outbox = "sqlite:///envois.db"\n[mailboxes.cabinet]\nhost = "127.0.0.1"\nport = {running.port}\n'
            f'address = "cabinet@cabinet.mssante.fr"\nnil = "123456"\nca_bundle = "{AUTHORITY}"\n',
            "utf-8",
        )
        run = subprocess.run(
            [sys.executable, "-m", "adapter", *MAIL[1:]],
            cwd=bare_folder,
            env=environment(DMP_ADAPTER_SETTINGS=str(bare_folder / "reglages.toml")),
            capture_output=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr.decode()
        assert len(running.received) == 1


def test_the_service_shows_its_page(bare_folder: Path) -> None:
    service = subprocess.Popen(
        [sys.executable, "-m", "adapter", *SERVE[1:], "--port", "0", "--outbox", "sqlite:///envois.db"],
        cwd=bare_folder,
        env=environment(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert service.stdout is not None
    try:
        address = re.search(r"http://127\.0\.0\.1:\d+", service.stdout.readline())
        assert address is not None
        assert "http://127.0.0.1:8765" in README
        page = requests.get(f"{address[0]}/apercu", timeout=20)
        assert page.status_code == 200
        assert "<form" in page.text
    finally:
        service.send_signal(signal.SIGINT)
        assert service.wait(20) in {0, 130}
        service.stdout.close()
