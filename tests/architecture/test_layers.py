"""The layers hold in the package, and the checker bites on planted faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.layers import faults

PACKAGE = Path(__file__).resolve().parents[2] / "adapter"


def test_the_package_keeps_its_layers() -> None:
    assert faults(PACKAGE) == []


@pytest.mark.parametrize(
    ("place", "line", "sentence"),
    [
        ("model/visit.py", "from adapter.compose import compose", "model imports compose, which stands above it"),
        ("model/visit.py", "from ..compose import compose", "model imports compose, which stands above it"),
        ("model/__init__.py", "from ..compose import compose", "model imports compose, which stands above it"),
        ("errors.py", "from . import model", "errors imports model, which stands above it"),
        ("cda/header.py", "import adapter.fhir.bundle", "cda and fhir are strangers"),
        ("cda/header.py", "from adapter import render", "cda and render are strangers"),
        ("validation/cda_rules.py", "from adapter.fhir import r4", "validation and fhir are strangers"),
        ("cda/header.py", "from adapter.mapping import Mappings", "cda leaves mapping alone"),
        ("render/sheet.py", "from adapter.compose.header import x", "render leaves compose alone"),
        ("fhir/bundle.py", "import importlib; importlib.import_module('adapter.mapping')", "fhir leaves mapping alone"),
        (
            "fhir/bundle.py",
            "from fhir.resources.R4B import bundle",
            "fhir.resources is imported in adapter.fhir.r4 only",
        ),
        ("api.py", "import requests", "requests is imported in adapter.dmp only"),
        ("api.py", "from requests.adapters import HTTPAdapter", "requests is imported in adapter.dmp only"),
        ("dmp/session.py", "import sqlite3", "sqlite3 is imported in adapter.outbox or adapter.dmp.simulator only"),
        ("api.py", "from adapter.settings import Settings", "settings are read in cli and service only"),
        ("service/app.py", "from adapter.cli import main", "service imports cli, which stands above it"),
        ("service/app.py", "from adapter.compose import Options", "service leaves compose alone"),
        ("__init__.py", "from adapter.cli import main", "the public names import cli"),
        ("model/visit.py", "from adapter import Visit", "adapter.Visit is in no room"),
        ("helpers.py", "from adapter.errors import Finding", "room helpers has no line in the layers"),
    ],
)
def test_a_planted_fault_is_told(tmp_path: Path, place: str, line: str, sentence: str) -> None:
    culprit = tmp_path / place
    culprit.parent.mkdir(exist_ok=True)
    culprit.write_text(f"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    {line}\n", "utf-8")
    (fault,) = faults(tmp_path)
    assert ":3: " in fault
    assert sentence in fault


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("__init__.py", "from adapter.api import read_visit"),
        ("__main__.py", "from adapter.cli.convert import convert"),
        ("cli/convert.py", "from adapter.settings import Settings"),
        ("cda/header.py", "from adapter.cda.markup import fragment"),
        ("cda/header.py", "from .markup import fragment"),
        ("fhir/r4.py", "from fhir.resources.R4B import bundle"),
        ("dmp/simulator/store.py", "import sqlite3"),
        ("dmp/session.py", "import requests"),
        ("model/visit.py", "import pydantic"),
    ],
)
def test_what_the_layers_allow_passes(tmp_path: Path, place: str, line: str) -> None:
    module = tmp_path / place
    module.parent.mkdir(parents=True, exist_ok=True)
    module.write_text(line + "\n", "utf-8")
    assert faults(tmp_path) == []
