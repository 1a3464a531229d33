"""The service as a process of its own, on loopback, and a DMP beside it."""

from __future__ import annotations

import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.runs import environment
from tests.service.calls import ROOT

AUTHOR = "professional;rpps=99700100003"


class Running:
    """A ``dmp-adapter serve`` that takes connections.

    Attributes:
        address: base URL. port: of it.
    """

    def __init__(self, process: subprocess.Popen[str], address: str, log: Path) -> None:
        self.process = process
        self.address = address
        self.port = int(address.rpartition(":")[2])
        self._log = log

    def log(self) -> str:
        """What it said so far on its standard error."""
        return self._log.read_text("utf-8")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Exit code after the signal."""
        self.process.send_signal(number)
        return self.process.wait(60)

    def socket(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def exchange(self, *pieces: bytes) -> bytes:
        """Everything answered to these bytes, until the connection ends or is silent for a while."""
        with self.socket() as wire:
            try:
                for piece in pieces:
                    wire.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                pass  # what was answered before the cut may still be read
            wire.settimeout(2)
            return read_all(wire)


def read_all(wire: socket.socket) -> bytes:
    """Bytes until the other side closes."""
    found = b""
    try:
        while piece := wire.recv(65536):
            found += piece
    except (ConnectionResetError, TimeoutError):
        pass
    return found


@contextmanager
def serve(folder: Path, service: str = "", dmp: str = "", **variables: str) -> Iterator[Running]:
    """The service on a free port, with a queue in `folder`.

    Args:
        service: lines of the table ``[service]``. dmp: address of the DMP, empty for none.
    """
    lines = ['outbox = "sqlite:///envois.db"', "[service]", "port = 0", service]
    if dmp:
        lines += ["[destinations.essai]", f'base_url = "{dmp}"', f'actor = "{AUTHOR}"']
    settings = folder / "reglages.toml"
    settings.write_text("\n".join(lines), "utf-8")
    log = folder / "journal.txt"
    with log.open("w", encoding="utf-8") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "adapter", "serve", "--settings", str(settings)],
            cwd=ROOT,
            env=environment(PYTHONUNBUFFERED="1", **variables),
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
        )
        assert process.stdout is not None
        try:
            readable, _, _ = select.select([process.stdout], [], [], 60)
            said = process.stdout.readline() if readable else ""
            assert said.startswith("Service : http"), log.read_text("utf-8")
            yield Running(process, said.split()[2], log)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(30)
            process.stdout.close()


def memory_kib(process: int) -> int:
    """Resident memory of a process, in KiB; 0 where the system does not tell."""
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        return 0
    (line,) = [one for one in status.read_text("ascii").splitlines() if one.startswith("VmRSS")]
    return int(line.split()[1])
