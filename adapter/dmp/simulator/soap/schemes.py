"""Code systems told both ways: codingScheme of XDS, system of FHIR. Read from ``systems.csv``."""

from __future__ import annotations

import csv
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Final

from adapter.model.coded import CodeSystem, Coding

_OID: Final = "urn:oid:"


@cache
def _uris() -> dict[str, str]:
    text = files("adapter.dmp.simulator").joinpath("systems.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {row["scheme"]: row["uri"] for row in rows}


@cache
def _schemes() -> dict[str, str]:
    return {uri: scheme for scheme, uri in _uris().items()}


def in_fhir(code: Coding) -> Coding:
    """The same code, its system as FHIR writes it."""
    scheme = code.system.oid
    uri = _uris().get(scheme, f"{_OID}{scheme}")
    return replace(code, system=CodeSystem(scheme, scheme, uri, ""))


def of_fhir(system: str, code: str, display: str) -> Coding:
    """Code of a FHIR Coding, its system as XDS writes it."""
    system = system.replace("TRE_A07-StatusVisibilite", "TRE_A07-StatutVisibilite").replace(
        "TRE-A07-StatusVisibilite", "TRE-A07-StatutVisibilite"
    )  # both spellings are in use
    scheme = _schemes().get(system) or system.removeprefix(_OID)
    return Coding(CodeSystem(scheme, scheme, system, ""), code, display)
