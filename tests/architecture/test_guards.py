"""The guards of conftest.py, each tried on a planted fault."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parent.parent / "conftest.py"


def _pytest(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(CONFTEST.read_text("utf-8"), "utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    conformance\n    plants_network_fault\n", "utf-8")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, str(folder)],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.plants_network_fault
def test_connecting_beyond_loopback_is_refused() -> None:
    with socket.socket() as client, pytest.raises(RuntimeError, match="pas de réseau"):
        client.connect(("192.0.2.1", 443))


@pytest.mark.plants_network_fault
def test_sending_a_datagram_beyond_loopback_is_refused() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client, pytest.raises(RuntimeError, match="pas de réseau"):
        client.sendto(b"x", ("192.0.2.1", 53))


@pytest.mark.plants_network_fault
def test_asking_a_name_server_is_refused() -> None:
    with pytest.raises(RuntimeError, match="pas de réseau"):
        socket.getaddrinfo("dmp.example.org", 443)


def test_loopback_is_allowed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        answering = threading.Thread(target=lambda: server.accept()[0].close())
        answering.start()
        with socket.create_connection(server.getsockname(), timeout=5):
            pass
        answering.join(5)


def test_a_swallowed_refusal_still_fails_the_test(tmp_path: Path) -> None:
    (tmp_path / "test_planted.py").write_text(
        "import socket\n"
        "def test_planted():\n"
        "    try:\n"
        "        socket.create_connection(('192.0.2.1', 443), 1)\n"
        "    except Exception:\n"
        "        pass\n",
        "utf-8",
    )
    run = _pytest(tmp_path)
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert "pas de réseau dans les tests : socket." in run.stdout


PLANTED_CONFORMANCE = """\
import pytest

@pytest.mark.conformance
def test_judged(shared_dir): pass

@pytest.mark.conformance
def test_left_out(): pytest.skip("oubli")

def test_plain(): pass
"""


def test_a_skipped_conformance_test_fails_the_run_when_the_rules_are_there(tmp_path: Path) -> None:
    (tmp_path / "test_planted.py").write_text(PLANTED_CONFORMANCE, "utf-8")
    run = _pytest(tmp_path, DMP_ADAPTER_SHARED=str(tmp_path))
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert "1 TEST(S) DE CONFORMITÉ SAUTÉ(S) ALORS QUE LES RÈGLES OFFICIELLES SONT LÀ" in run.stdout
    assert "test_left_out" in run.stdout


def test_conformance_tests_are_skipped_loudly_when_the_rules_are_absent(tmp_path: Path) -> None:
    (tmp_path / "test_planted.py").write_text(PLANTED_CONFORMANCE, "utf-8")
    run = _pytest(tmp_path, DMP_ADAPTER_SHARED=str(tmp_path / "nowhere"))
    assert run.returncode == pytest.ExitCode.OK
    assert "2 TEST(S) DE CONFORMITÉ SAUTÉ(S), RÈGLES OFFICIELLES ABSENTES" in run.stdout
    assert "1 passed, 2 skipped" in run.stdout


def test_a_golden_moves_only_when_asked(tmp_path: Path) -> None:
    expected = tmp_path / "expected" / "x.txt"
    planted = "from pathlib import Path\ndef test_planted(golden):\n    golden(Path({path!r}), {text!r}.encode())\n"
    test = tmp_path / "test_planted.py"

    test.write_text(planted.format(path=str(expected), text="un"), "utf-8")
    assert "manque" in _pytest(tmp_path).stdout
    assert _pytest(tmp_path, "--update-goldens").returncode == pytest.ExitCode.OK
    assert expected.read_text("utf-8") == "un"
    assert _pytest(tmp_path).returncode == pytest.ExitCode.OK

    test.write_text(planted.format(path=str(expected), text="deux"), "utf-8")
    run = _pytest(tmp_path)
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert "-un" in run.stdout
    assert "+deux" in run.stdout
    assert expected.read_text("utf-8") == "un"
