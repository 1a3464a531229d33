"""The official judges of ``../shared/tools``, run as programs from where they stand; nothing of theirs lives here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def refused(shared: Path, tool: str, files: Sequence[Path], *options: str) -> str:
    """What the judge says against `files`; empty when it finds no error.

    Args:
        tool: ``check_cda`` (XSD and schematrons) or ``check_fhir`` (profiles, value sets, invariants).
    """
    program = shared / "tools" / f"{tool}.py"
    run = subprocess.run(
        [sys.executable, str(program), *options, *map(str, files)], capture_output=True, text=True, check=False
    )
    if run.returncode == 0:
        return ""
    return f"exit {run.returncode}\n{run.stdout[-6000:]}{run.stderr[-2000:]}"
