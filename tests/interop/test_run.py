"""The runner, with judges made for the test: what is printed, and the exit code."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.interop import maven
from tests.interop.opinions import Opinion, Remark
from tests.interop.run import JUDGES, main

LISTED = """
[[accepted]]
judge = "sage"
severity = "warning"
rule = "dom-6"
reason = "no narrative"
"""
WARNING = Remark("a.json", "warning", "Bundle", "dom-6", "Constraint failed")
ERROR = Remark("a.json", "error", "Bundle", "bdl-1", "Wrong")


def _says(*remarks: Remark) -> object:
    return lambda shared, folder: [Opinion("sage", "1", 1, 0.5, remarks, ("deux phrases perdues.",))]


def _breaks(fault: Exception) -> object:
    def ask(shared: Path, folder: Path) -> list[Opinion]:
        raise fault

    return ask


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maven, "missing", list)


def _run(tmp_path: Path, *options: str, **judges: object) -> int:
    accepted = tmp_path / "accepted.toml"
    accepted.write_text(LISTED, "utf-8")
    return main(["--shared", str(tmp_path), *options], judges=judges, accepted=accepted)  # type: ignore[arg-type]  # lambdas


def test_what_is_listed_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(tmp_path, sage=_says(WARNING)) == 0
    said = capsys.readouterr()
    assert "sage : deux phrases perdues." in said.out
    assert "En tout : " in said.out
    assert said.err == "[1/1] sage…\n"


def test_an_open_remark_or_a_stale_entry_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(tmp_path, sage=_says(WARNING, ERROR)) == 1
    assert "sage error a.json Bundle bdl-1 Wrong" in capsys.readouterr().out
    assert _run(tmp_path, sage=_says()) == 1
    assert "entrée sans objet dans accepted.toml (dom-6)" in capsys.readouterr().out


@pytest.mark.parametrize("fault", [RuntimeError("port"), OSError("disque"), subprocess.CalledProcessError(1, ["mvn"])])
def test_a_judge_that_cannot_run_is_told_and_the_others_speak(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fault: Exception
) -> None:
    assert _run(tmp_path, muet=_breaks(fault), sage=_says(WARNING)) == 2
    said = capsys.readouterr()
    assert "ATTENTION : le juge muet n'a pas pu se prononcer" in said.err
    assert "sage" in said.out


def test_one_judge_may_be_asked_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(tmp_path, "--only", "sage", muet=_breaks(RuntimeError()), sage=_says(WARNING)) == 0
    assert "muet" not in capsys.readouterr().err
    with pytest.raises(SystemExit) as refused:
        _run(tmp_path, "--only", "autre", sage=_says())
    assert refused.value.code == 2


def test_what_the_machine_lacks_is_told_in_french(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maven, "missing", lambda: ["java", "mvn"])
    assert main(["--shared", str(tmp_path / "nulle-part")], judges={}) == 2
    said = capsys.readouterr().err
    assert "seconds avis impossibles, il manque : java, mvn, les règles officielles" in said


def test_every_judge_has_a_name_of_its_own() -> None:
    assert list(JUDGES) == ["hapi", "hapi-jpa", "ipf", "cda"]
