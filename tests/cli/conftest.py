"""A DMP on this machine, and the settings that lead to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from adapter.dmp.simulator import serve
from adapter.dmp.simulator.faults import Fault
from adapter.dmp.simulator.serving import RunningSimulator
from tests.cli.runs import ROOT, run

AUTHOR = "professional;rpps=99700100003"
OTHER = "professional;rpps=10101010101"


class Place:
    """A running simulator, a queue, and commands that use both."""

    def __init__(self, folder: Path, running: RunningSimulator) -> None:
        self.folder = folder
        self.running = running
        self.settings = folder / "dmp.toml"
        self.configure(running.base_url)

    def configure(self, url: str, **more: str) -> None:
        """Writes the settings: the author first, then another doctor."""
        lines = ['outbox = "sqlite:///envois.db"', 'default_destination = "author"']
        for name, actor in (("author", AUTHOR), ("other", OTHER)):
            lines += [f"[destinations.{name}]", f'base_url = "{url}"', f'actor = "{actor}"']
            lines += [f"{key} = {value}" for key, value in more.items()]
        self.settings.write_text("\n".join(lines), "utf-8")

    def run(self, *args: str | Path, given: bytes | None = None) -> Result:
        """One command, with the settings of this place."""
        return run(*args, "--settings", self.settings, given=given)

    def json(self, *args: str | Path, code: int = 0) -> Any:
        """What one command answers in JSON."""
        result = self.run(*args, "--answer", "json")
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    def state(self) -> list[Any]:
        """Documents of the DMP: uniqueId, status, masks."""
        from adapter.dmp.simulator import admin

        app = self.running.app
        found: list[Any] = admin.state(app.state.registry, app.state.faults)["documents"]
        return found

    def patients(self) -> int:
        """How many patients the DMP ever heard of."""
        counts: dict[str, int] = self.running.app.state.registry.store.counts()
        return counts["patients"]

    def breaks(self, fault: Fault) -> None:
        """A fault to come."""
        self.running.app.state.faults.queue.append(fault)


def sample(name: str) -> Path:
    """File of a sample visit."""
    return ROOT / "samples" / "visits" / f"{name}.json"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    for name in ("SETTINGS", "OUTBOX", "OUTBOX_KEY", "DEFAULT_DESTINATION"):
        monkeypatch.delenv(f"DMP_ADAPTER_{name}", raising=False)
    with serve() as running:
        yield Place(tmp_path, running)
