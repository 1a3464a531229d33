"""How the tests of the command line run it, and on what."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from adapter.cli import main

ROOT = Path(__file__).resolve().parent.parent.parent
VISITS = sorted((ROOT / "samples" / "visits").glob("*.json"))
REFUSED = [path for path in sorted((ROOT / "samples" / "refused").glob("*.json")) if ".findings" not in path.name]
FULL = ROOT / "samples" / "visits" / "s1.exhaustive.json"
SHORT = ROOT / "samples" / "visits" / "s7.required.json"


def run(*args: str | Path, given: bytes | None = None) -> Result:
    """One command in this process; a fault that is not told as an exit code fails the test."""
    result = CliRunner().invoke(main, [str(arg) for arg in args], input=given)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def process(*args: str | Path, seed: str = "0", cwd: Path = ROOT) -> subprocess.CompletedProcess[bytes]:
    """One command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "adapter", *map(str, args)],
        cwd=cwd,
        env=environment(PYTHONHASHSEED=seed),
        capture_output=True,
        check=False,
    )


def environment(**more: str) -> dict[str, str]:
    """Environment in which the package of this checkout is found, without settings of the machine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DMP_ADAPTER_")}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


def visit(source: Path = SHORT, **changes: Any) -> bytes:
    """A sample visit with other values for some of its fields."""
    return json.dumps({**json.loads(source.read_bytes()), **changes}).encode()


def names(folder: Path) -> list[str]:
    """Names in a folder, hidden ones included; none for a folder that does not exist."""
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []
