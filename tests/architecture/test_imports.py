"""What a bare import costs and gives."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import adapter

HEAVY = ["fhir", "lxml", "psycopg", "pydantic", "requests", "saxonche", "sqlite3"]


def _loaded_after(statement: str) -> list[str]:
    """Heavy packages that `statement` loads in a fresh interpreter."""
    code = f"import sys\n{statement}\nprint(*(name for name in {HEAVY} if name in sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return run.stdout.split()


def test_importing_the_package_is_light() -> None:
    assert _loaded_after("import adapter") == []


@pytest.mark.parametrize("module", ["adapter.errors", "adapter.settings", "adapter.model.identifiers"])
def test_values_are_light(module: str) -> None:
    assert _loaded_after(f"import {module}") == []


def test_the_public_names_are_declared_and_nothing_else_is() -> None:
    declared = list(getattr(adapter, "__all__", []))
    assert declared == sorted(set(declared)), "sorted, each once"
    for name in declared:
        assert getattr(adapter, name) is not None
    found = {name for name, value in vars(adapter).items() if not name.startswith("_") and not inspect.ismodule(value)}
    assert found - {"annotations", "TYPE_CHECKING"} <= set(declared)
