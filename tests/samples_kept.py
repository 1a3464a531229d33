"""The sample visits, each with the folder of its expected outputs."""

from __future__ import annotations

from pathlib import Path

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
VISITS = sorted((SAMPLES / "visits").glob("*.json"))
NAMES = [path.name.removesuffix(".json") for path in VISITS]


def expected(visit: Path) -> Path:
    """``samples/expected/<case>.<fill>``."""
    return SAMPLES / "expected" / visit.name.removesuffix(".json")
