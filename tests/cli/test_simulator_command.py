"""``simulator``: a DMP of one's own, on this machine only unless asked otherwise."""

from __future__ import annotations

import inspect
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from adapter.dmp import simulator
from adapter.dmp.simulator import DEFAULT_PORT, serving
from adapter.settings import read_settings
from tests.cli.runs import ROOT, environment, run


def _started(*args: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "adapter", "simulator", "--port", "0", *args],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, next(word for word in process.stdout.readline().split() if word.startswith("http://"))


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_it_tells_its_address_serves_and_stops(tmp_path: Path, number: int, code: int) -> None:
    process, url = _started("--database", str(tmp_path / "dmp.db"))
    with urllib.request.urlopen(f"{url}/metadata", timeout=10) as answer:
        assert b"CapabilityStatement" in answer.read()
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert b"<html" in answer.read().lower()
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (code, "")
    assert (tmp_path / "dmp.db").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "dmp.example"])
def test_the_network_is_not_served_unless_asked(host: str) -> None:
    result = run("simulator", "--host", host)
    assert (result.exit_code, "--allow-remote" in result.stderr) == (2, True)


def test_a_port_in_use_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("simulator", "--port", str(taken.getsockname()[1]))
    assert (result.exit_code, "n'est pas libre" in result.stderr) == (2, True)


def test_a_database_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "dmp.db").write_bytes(b"x" * 5000)
    result = run("simulator", "--port", "0", "--database", tmp_path / "dmp.db")
    assert (result.exit_code, "utilisable par le simulateur" in result.stderr) == (2, True)


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("adapter.dmp.simulator")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "fastapi", None)
    result = run("simulator", "--port", "0")
    assert (result.exit_code, "dmp-adapter[service]" in result.stderr) == (2, True)


def test_one_usual_port_whatever_the_way_to_start_it() -> None:
    assert f"Port ({DEFAULT_PORT} par défaut" in run("simulator", "--help").stdout
    assert {inspect.signature(one).parameters["port"].default for one in (simulator.run, serving.run)} == {DEFAULT_PORT}
    assert f'base_url = "http://127.0.0.1:{DEFAULT_PORT}"' in (ROOT / "README.md").read_text("utf-8")


def test_a_port_beyond_the_last_is_refused_in_french() -> None:
    assert "un entier de 0 à 65535 est attendu." in run("simulator", "--port", "70000").stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_the_production_wire_tells_settings_that_work_and_keeps_its_keys_to_itself(tmp_path: Path) -> None:
    keys = tmp_path / "cles"
    process, _ = _started("--xds", "--xds-port", "0", "--certs", str(keys))
    assert process.stdout is not None
    told = []
    for line in process.stdout:
        if line.startswith("Patients fictifs"):
            break
        told.append(line)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert told[0].startswith("Voie XDS : https://127.0.0.1:")
    assert {one.stat().st_mode & 0o777 for one in keys.iterdir()} == {0o600}
    settings = tmp_path / "dmp.toml"
    settings.write_text('outbox = "sqlite:///envois.db"\n' + "".join(told[1:]), "utf-8")
    read = read_settings(settings)
    assert set(read.destinations) == {"sim-xds", "sim-xds-carte"}
    for destination in read.destinations.values():
        keys_told = (destination.ca_bundle, destination.client.cert, destination.xds.signing.key)
        assert all(one is not None and one.is_file() for one in keys_told)


@pytest.mark.parametrize("args", [("--xds",), ("--certs", "cles"), ("--xds-port", "8443")])
def test_the_production_wire_and_its_keys_go_together(args: tuple[str, ...]) -> None:
    result = run("simulator", *args)
    assert (result.exit_code, "--certs" in result.stderr) == (2, True)


def test_keys_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    (tmp_path / "fichier").write_bytes(b"")
    result = run("simulator", "--xds", "--certs", str(tmp_path / "fichier"), "--port", "0", "--xds-port", "0")
    assert (result.exit_code, "--certs" in result.stderr) == (2, True)
