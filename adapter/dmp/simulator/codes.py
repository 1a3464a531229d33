"""Codes that the simulated registry knows, read from ``codes.csv``."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files


@cache
def _known() -> dict[str, frozenset[tuple[str, str]]]:
    text = files("adapter.dmp.simulator").joinpath("codes.csv").read_text("utf-8")
    gathered: dict[str, set[tuple[str, str]]] = {}
    for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#")):
        gathered.setdefault(row["element"], set()).add((row["system"], row["code"]))
    return {element: frozenset(codes) for element, codes in gathered.items()}


def is_known(element: str, system: str, code: str) -> bool:
    """True when the registry knows the code for ``type``, ``category``, ``format``, ``facility``, ``setting`` or
    ``security-label``.
    """
    codes = _known()[element]
    return (system, code) in codes or ("", code) in codes
