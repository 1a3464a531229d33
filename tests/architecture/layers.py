"""Who may import whom, read from the source: what runs is not needed to judge what is written."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

# High to low; names on one line are strangers.
LINES: Final = (
    ("cli",),  # above the service, which `dmp-adapter serve` starts
    ("service",),
    ("api",),
    ("outbox",),
    ("dmp",),
    ("cda", "fhir", "render", "submission", "validation", "billing", "reminders"),
    ("compose",),
    ("mapping",),
    ("terminology",),
    ("model",),
    ("errors",),
)
HEIGHT: Final = {room: -line for line, rooms in enumerate(LINES) for room in rooms}

# Below the line of a room, and yet not for it: printers and judges look nothing up, the service asks the api.
FORBIDDEN: Final = {
    **{room: frozenset({"compose", "mapping"}) for room in ("cda", "fhir", "render", "validation")},
    "service": frozenset(HEIGHT) - {"service", "api", "outbox", "errors"},
}

# Settings stand beside the layers: read where the process starts, handed down as plain values.
SETTINGS_READERS: Final = frozenset({"cli", "service"})

PUBLIC: Final = "public names"  # adapter/__init__.py

# Third parties that live in one place only; a place is a module or a package.
ONLY_IN: Final = {
    "fhir.resources": ("adapter.fhir.r4",),
    "fhirpathpy": ("adapter.validation",),
    "saxonche": ("adapter.validation",),
    "requests": ("adapter.dmp",),
    "sqlite3": ("adapter.outbox", "adapter.dmp.simulator"),
    "typst": ("adapter.render.pdf",),
    "signxml": ("adapter.dmp.xds",),
    "pkcs11": ("adapter.dmp.xds",),
    "psycopg": ("adapter.outbox", "adapter.dmp.simulator"),
}


def faults(package: Path) -> list[str]:
    """One ``module:line: sentence`` for each import of the package `adapter` in `package` that breaks the layers.

    Imports under ``TYPE_CHECKING`` and inside functions count like any other.
    """
    return [
        f"{module}:{line}: {fault}"
        for path in sorted(package.rglob("*.py"))
        for module in [_module_name(path, package)]
        for line, imported in _imports(path, module)
        if (fault := _fault(module, imported))
    ]


def _module_name(path: Path, package: Path) -> str:
    parts = ["adapter", *path.relative_to(package).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(path: Path, module: str) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything imported; ``from a import b`` gives ``a.b``."""
    here = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=source, names=names, level=level):
                base = [*(here[: len(here) - level + 1] if level else []), *([source] if source else [])]
                yield from ((node.lineno, ".".join([*base, alias.name])) for alias in names)
            case ast.Call(func=func, args=[ast.Constant(value=str(name)), *_]) if _imports_by_name(func):
                yield node.lineno, name


def _imports_by_name(func: ast.expr) -> bool:
    name = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
    return name in {"import_module", "__import__"}


def _stands_in(name: str, place: str) -> bool:
    return name == place or name.startswith(place + ".")


def _fault(module: str, imported: str) -> str | None:
    for party, places in ONLY_IN.items():
        if _stands_in(imported, party) and not any(_stands_in(module, place) for place in places):
            return f"{party} is imported in {' or '.join(places)} only"
    if not _stands_in(imported, "adapter"):
        return None
    return _room_fault(_room(module), _room(imported), imported)


def _room(module: str) -> str:
    """Room of a module of ours: ``adapter.cda.header`` stands in ``cda``, ``adapter`` itself in ``PUBLIC``."""
    room = module.split(".")[1] if "." in module else PUBLIC
    return "cli" if room == "__main__" else room


def _room_fault(room: str, other: str, imported: str) -> str | None:
    if room == other:
        return None
    if room not in HEIGHT and room not in {"settings", PUBLIC}:
        return f"room {room} has no line in the layers"
    if other == "settings":
        return None if room in SETTINGS_READERS else "settings are read in cli and service only"
    if other not in HEIGHT:
        return f"{imported} is in no room: import from where the name is defined"
    if room == "settings":
        return None if other in {"errors", "model"} else f"settings import {other}"
    if room == PUBLIC:
        return None if HEIGHT[other] <= HEIGHT["api"] else f"the public names import {other}"
    if HEIGHT[other] == HEIGHT[room]:
        return f"{room} and {other} are strangers"
    if HEIGHT[other] > HEIGHT[room]:
        return f"{room} imports {other}, which stands above it"
    if other in FORBIDDEN.get(room, ()):
        return f"{room} leaves {other} alone"
    return None
