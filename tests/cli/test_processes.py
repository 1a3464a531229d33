"""The command line as a process: what it loads, what it leaves, what it says, and that it says it twice alike."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.runs import FULL, REFUSED, ROOT, SHORT, VISITS, environment, names, process, visit

HEAVY = ["fhir", "jiter", "lxml", "orjson", "pydantic", "requests", "saxonche"]


@pytest.mark.parametrize("args", [["--help"], ["convert", "--help"], ["validate", "--help"], ["--version"], []])
def test_help_loads_nothing_heavy(args: list[str]) -> None:
    code = (
        "import sys\nfrom adapter.cli import main\n"
        f"try: main({args})\n"
        f"except SystemExit: print('loaded:', *(n for n in {HEAVY} if n in sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment(), capture_output=True, check=True)
    loaded = run.stdout.decode().splitlines()[-1].removeprefix("loaded:").split()
    assert loaded == (["jiter"] if args == ["--version"] else [])


def test_tables_are_judged_without_fhir_resources() -> None:
    code = (
        "import sys\nfrom adapter.cli import main\n"
        "try: main(['mappings', 'check'])\n"
        "except SystemExit: print('loaded:', *(n for n in ['fhir'] if n in sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment(), capture_output=True, check=True)
    assert run.stdout.decode().splitlines()[-1] == "loaded:"


def test_the_same_visits_give_the_same_bytes_in_two_processes(tmp_path: Path) -> None:
    for seed in ("1", "4242"):
        assert process("convert", *VISITS, "--out", tmp_path / seed, seed=seed).returncode == 0
    first, second = tmp_path / "1", tmp_path / "4242"
    assert names(first) == names(second)
    assert len(names(first)) == 3 * len(VISITS)
    for name in names(first):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_findings_are_told_alike_in_two_processes() -> None:
    first, second = (process("validate", *REFUSED, "--format", "json", seed=seed) for seed in ("1", "4242"))
    assert first.returncode == second.returncode == 1
    assert first.stdout == second.stdout


def _secrets(value: Any, key: str = "") -> Iterator[str]:
    """Texts of a visit that must stay out of messages: names, numbers, sentences."""
    private = {"value", "local_id", "family", "birth_family_name", "used_family_name", "used_given_name", "rpps"}
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _secrets(child, name)
    elif isinstance(value, list):
        for child in value:
            yield from _secrets(child, key)
    elif isinstance(value, str) and len(value) >= 4 and (key in private or value.count(" ") >= 2):
        yield value


def test_nothing_of_the_patient_is_said(tmp_path: Path) -> None:
    secrets = {secret for path in VISITS for secret in _secrets(json.loads(path.read_bytes()))}
    assert len(secrets) > 200
    runs = [
        process("convert", *VISITS, "--out", tmp_path / "out"),
        process("convert", *VISITS, *REFUSED, "--out", tmp_path / "out", "--format", "json"),
        process("validate", *VISITS, *REFUSED),
        process("validate", *sorted((tmp_path / "out").glob("*.[bc]*")), "--agree"),
    ]
    said = b"".join(run.stdout + run.stderr for run in runs).decode()
    assert len(said) > 10_000
    # "dyspnée de repos" and the like may stand in a rule; names, numbers and longer sentences may not.
    assert {secret for secret in secrets if secret in said} == set()
    assert all("Traceback" not in run.stderr.decode() for run in runs)
    assert {secret for secret in secrets for name in names(tmp_path / "out") if secret in name} == set()


@pytest.mark.parametrize("refused", REFUSED[:3], ids=lambda path: path.stem)
def test_exit_codes_reach_the_system(refused: Path, tmp_path: Path) -> None:
    assert process("convert", SHORT, "--out", tmp_path / "out").returncode == 0
    assert process("convert", refused, "--out", tmp_path / "out").returncode == 1
    assert process("convert", "absent.json", "--out", tmp_path / "out").returncode == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("args", [("convert", SHORT, "--to", "cda"), ("schema",), ("validate", SHORT)])
def test_a_full_standard_output_is_told_without_traceback(args: tuple[str | Path, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run(
            [sys.executable, "-m", "adapter", *map(str, args)],
            cwd=ROOT,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert run.returncode == 2
    assert b"plus de place" in run.stderr
    assert b"Traceback" not in run.stderr
    assert b"Exception ignored" not in run.stderr


def test_a_reader_that_leaves_early_meets_no_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        run = subprocess.run(
            [sys.executable, "-m", "adapter", "convert", str(FULL), "--to", "cda"],
            cwd=ROOT,
            env=environment(),
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writing)
    assert run.returncode != 0
    assert b"Traceback" not in run.stderr
    assert b"Exception ignored" not in run.stderr


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_an_interruption_leaves_no_half_file(tmp_path: Path) -> None:
    command = subprocess.Popen(
        [sys.executable, "-m", "adapter", "convert", "-", "--out", str(tmp_path / "out")],
        cwd=ROOT,
        env=environment(PYTHONUNBUFFERED="1"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert command.stdin is not None
    command.stdin.write(SHORT.read_bytes()[:10])
    command.stdin.flush()
    with pytest.raises(subprocess.TimeoutExpired):
        command.wait(1.5)
    command.send_signal(signal.SIGINT)
    _, said = command.communicate(timeout=60)
    assert (command.returncode, names(tmp_path / "out")) == (130, [])
    assert b"Traceback" not in said


@pytest.mark.skipif(sys.platform != "linux", reason="a terminal is made with openpty")
def test_a_bar_shows_on_a_terminal_when_there_are_many(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number}.json").write_bytes(visit(id=f"visite-{number}"))
    visits = sorted(tmp_path.glob("*.json"))
    shown, terminal = os.openpty()
    run = subprocess.run(
        [sys.executable, "-m", "adapter", "convert", *map(str, visits), "--out", str(tmp_path / "out")],
        cwd=ROOT,
        env=environment(TERM="xterm"),
        stdout=subprocess.PIPE,
        stderr=terminal,
        check=False,
    )
    os.close(terminal)
    said = os.read(shown, 1 << 16).decode()
    os.close(shown)
    assert run.returncode == 0
    assert "Conversion" in said
    assert "100%" in said
    assert b"%" not in run.stdout
    assert process("convert", *visits, "--out", tmp_path / "out").stderr == b""


def test_a_console_of_another_age_gets_an_answer() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "adapter", "validate", str(SHORT)],
        cwd=ROOT,
        env=environment(PYTHONIOENCODING="ascii"),
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0
    assert b"VIS-INCOMPLETE" in run.stdout


@pytest.mark.skipif(os.name != "posix", reason="file names of POSIX are bytes")
def test_a_file_name_that_is_not_text_is_no_fault(tmp_path: Path) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/visite-\xff.json")
    Path(name).write_bytes(SHORT.read_bytes())
    for form in ("text", "json", "sarif", "junit", "operationoutcome"):
        assert process("validate", name, "--format", form).returncode == 0, form
    assert process("convert", name, "--out", tmp_path / "out").returncode == 0
    assert process("convert", name, "--out", tmp_path / "out", "--format", "json").returncode == 0


def _by_shell(line: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """A line for bash, where ``$RUN`` is the command line of this checkout."""
    return subprocess.run(
        ["bash", "-c", f'RUN="{sys.executable} -m adapter"; set -o pipefail; {line}'],
        cwd=ROOT,
        env=environment(**environ),
        capture_output=True,
        check=False,
    )


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (f"$RUN convert - --to cda <&- # {SHORT}", 2, "entrée standard : ce flux est fermé."),
        (f"$RUN convert {SHORT} --to cda >&-", 2, "sortie standard : ce flux est fermé."),
        (f"$RUN validate {SHORT} >&-", 0, ""),
        (f"$RUN validate {REFUSED[0]} >&- 2>&-", 1, ""),
        ("$RUN validate '' ", 2, "« » : fichier ou dossier introuvable."),
        ("$RUN schema >&- 2>&- <&-", 0, ""),
    ],
)
def test_a_closed_stream_is_told_or_does_without(line: str, code: int, said: str) -> None:
    run = _by_shell(line)
    assert run.returncode == code, run.stderr.decode()
    assert run.stderr.decode() == (f"Erreur : {said}\n" if said else "")


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_a_reader_that_leaves_is_not_taken_for_findings() -> None:
    run = _by_shell(f"$RUN rules | true; $RUN convert {FULL} --to cda 2>/dev/null | true")
    assert (run.returncode, run.stderr) == (2, b"")


@pytest.mark.parametrize(
    "args", [("rules", "--format", "json"), ("convert", REFUSED[0], "--out", "x", "--format", "json")]
)
def test_json_is_utf_8_on_every_console(args: tuple[str | Path, ...]) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "adapter", *map(str, args)],
        cwd=ROOT,
        env=environment(PYTHONIOENCODING="cp1252"),
        capture_output=True,
        check=False,
    )
    assert "é" in json.dumps(json.loads(run.stdout.decode("utf-8")), ensure_ascii=False)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_termination_leaves_no_half_file(tmp_path: Path) -> None:
    program = f"""
import os, signal
from adapter.cli import files, main
write = files._write_durably
def killed(path, data):
    write(path, data)
    os.kill(os.getpid(), signal.SIGTERM)
files._write_durably = killed
main(["convert", {str(SHORT)!r}, "--out", {str(tmp_path / "out")!r}])
"""
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment(), capture_output=True, check=False)
    assert (run.returncode, names(tmp_path / "out")) == (143, [])
    assert b"Traceback" not in run.stderr
