"""Programs that nobody here wrote and that judge what we make: absent, the test is skipped loudly; in CI, it fails."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

SOFTHSM: tuple[str, ...] = (
    "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so", "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)  # fmt: skip


def need(program: str) -> str:
    """Path of the program."""
    return shutil.which(program) or _missing(program)


def need_softhsm() -> Path:
    """PKCS#11 library of a card made of files."""
    found = next((Path(one) for one in SOFTHSM if Path(one).is_file()), None)
    return found or Path(_missing("softhsm2"))


def _missing(program: str) -> str:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{program} manque : l'intégration continue doit l'installer.")
    pytest.skip(f"{program} absent : rien d'étranger n'a jugé nos signatures (apt-get install {program})")
