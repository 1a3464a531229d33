"""``package``: IHE_XDM.ZIP made from a visit, and read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapter.dmp.xdm.reading import read_package
from tests.cli.conftest import sample
from tests.cli.runs import names, run
from tests.dmp.xdm.packages import CONTENT, archive, members, metadata, package
from tests.private_texts import texts_to_keep

S1, S7 = sample("s1.exhaustive"), sample("s7.required")


def test_a_visit_becomes_a_package_that_is_read_again(tmp_path: Path) -> None:
    out = tmp_path / "IHE_XDM.ZIP"
    assert run("package", "xdm", S1, "-o", out).exit_code == 0
    assert len(read_package(out.read_bytes()).documents) == 1
    first = out.read_bytes()
    assert run("package", "xdm", S1, "-o", out).exit_code == 0
    assert out.read_bytes() == first
    assert names(tmp_path) == ["IHE_XDM.ZIP"]
    result = run("package", "read", out)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "DOC00001.XML" in result.stdout


def test_the_documents_of_a_package_are_written_under_their_identifier(tmp_path: Path) -> None:
    received = tmp_path / "recu.zip"
    described = metadata("ROUSSEL.XML")
    received.write_bytes(archive([*members(described)[:3], ("IHE_XDM/SUBSET01/ROUSSEL.XML", CONTENT)]))
    out = tmp_path / "documents"
    assert run("package", "read", received, "--out", out).exit_code == 0
    assert names(out) == ["1.2.3.4.5.xml"]
    assert (out / "1.2.3.4.5.xml").read_bytes() == CONTENT


@pytest.mark.parametrize(("name", "suffix"), [("A.PDF", ".pdf"), ("A.EXE", ".dat"), ("A.HTM", ".dat"), ("A", ".dat")])
def test_nothing_that_would_run_is_written_as_such(tmp_path: Path, name: str, suffix: str) -> None:
    received = tmp_path / "recu.zip"
    received.write_bytes(archive([*members(metadata(name))[:3], (f"IHE_XDM/SUBSET01/{name}", CONTENT)]))
    assert run("package", "read", received, "--out", tmp_path / "documents").exit_code == 0
    assert names(tmp_path / "documents") == [f"1.2.3.4.5{suffix}"]


@pytest.mark.parametrize("unique_id", ["", "../../evil", "1.2.3^x", "urn:uuid:1"])
def test_an_identifier_of_a_sender_names_no_file_of_his_choice(tmp_path: Path, unique_id: str) -> None:
    received = tmp_path / "recu.zip"
    received.write_bytes(package(metadata(unique_id=unique_id)))
    assert run("package", "read", received, "--out", tmp_path / "documents").exit_code == 0
    assert names(tmp_path / "documents") == ["document-1.xml"]


def test_a_package_that_is_refused_tells_every_finding_and_writes_nothing(tmp_path: Path) -> None:
    received = tmp_path / "recu.zip"
    received.write_bytes(package(metadata(told_hash="0" * 40, told_size="3")))
    result = run("package", "read", received, "--out", tmp_path / "documents", "--format", "json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert (told["accepted"], told["documents"]) == (False, [])
    assert [one["rule"] for one in told["findings"]] == ["XDM-HASH", "XDM-LENGTH"]
    assert names(tmp_path / "documents") == []
    shown = run("package", "read", received)
    assert shown.exit_code == 1
    assert "XDM-HASH" in shown.stderr


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"{}"])
def test_what_is_no_package_is_told(tmp_path: Path, data: bytes) -> None:
    received = tmp_path / "recu.zip"
    received.write_bytes(data)
    result = run("package", "read", received)
    assert result.exit_code == 1
    assert "XDM-ZIP" in result.stderr
    assert "Traceback" not in result.output


def test_a_package_above_the_limit_of_the_settings_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    received = tmp_path / "recu.zip"
    received.write_bytes(package())
    monkeypatch.setenv("DMP_ADAPTER_MAX_INPUT_BYTES", "100")
    result = run("package", "read", received)
    assert result.exit_code == 1
    assert "XDM-SIZE" in result.stderr


def test_a_visit_that_is_refused_makes_no_package(tmp_path: Path) -> None:
    told = json.loads(S7.read_bytes())
    told["patient"]["ins"]["status"] = "provisional"
    file = tmp_path / "visite.json"
    file.write_bytes(json.dumps(told).encode())
    out = tmp_path / "sortie"
    out.mkdir()
    result = run("package", "xdm", file, "-o", out / "IHE_XDM.ZIP")
    assert result.exit_code == 1
    assert "SUB-INS" in result.stderr
    assert names(out) == []
    assert run("package", "xdm", tmp_path / "absent.json").exit_code == 2


def test_what_is_said_of_a_package_names_no_patient(tmp_path: Path) -> None:
    out = tmp_path / "IHE_XDM.ZIP"
    told = run("package", "xdm", S1, "-o", out).output + run("package", "read", out).output
    for private in texts_to_keep(json.loads(S1.read_bytes())["patient"]):
        assert private not in told
