"""What the forms print of their own accord: constants of the program, each with the line on which it is written."""

from __future__ import annotations

import ast
import html
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from adapter.api.tracing.scan import MARKUP, Atom, Form, attributes

_PACKAGE: Final = Path(__file__).resolve().parent.parent.parent
_ROOMS: Final[dict[Form, tuple[str, ...]]] = {
    "cda": ("cda", "compose", "model/document.py", "model/clinical.py"),
    "fhir": ("fhir", "compose", "model/document.py", "model/clinical.py"),
    "sheet": ("render", "compose", "model/document.py", "model/clinical.py"),
}
_OID: Final = "urn:oid:"
_RANK: Final = "#rank"  # what numbers the items of a list
_SHORTEST: Final = 2
"""A single letter or digit is found anywhere: it says nothing of where it comes from."""


def lines(form: Form, atom: Atom) -> tuple[str, ...]:
    """``cda/entries/goal.py:14``: lines on which the program writes this very attribute, member or text."""
    lexicon = _lexicon(form)
    value = atom.value.strip() if atom.name == "#text" else atom.value.removeprefix(_OID)
    if value.isdigit() and (atom.name, _RANK) in lexicon:
        return lexicon[atom.name, _RANK]
    return lexicon.get((atom.name, value)) or (lexicon.get(("", value), ()) if len(value) >= _SHORTEST else ())


def likeliest(candidates: Sequence[tuple[str, ...]]) -> list[str]:
    """One line for each constant of one entry or resource: that of the module which may have written most of them.

    A constant that few modules write says more of its module than one that all of them write.
    """
    weight: defaultdict[str, float] = defaultdict(float)
    for some in candidates:
        modules = {_module(line) for line in some}
        for module in modules:
            weight[module] += 1 / len(modules) ** 2
    return [max(some, key=lambda line: (weight[_module(line)], _module(line)), default="") for some in candidates]


def _module(line: str) -> str:
    return line.rpartition(":")[0]


@cache
def _lexicon(form: Form) -> dict[tuple[str, str], tuple[str, ...]]:
    """Lines by name and value; the empty name holds the texts that stand by themselves in the program."""
    trees = {
        file: ast.parse(file.read_text("utf-8"))
        for room in _ROOMS[form]
        for path in [_PACKAGE / room]
        for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])
    }
    named = {name: value for tree in trees.values() for name, value in _named(tree)}
    found: dict[tuple[str, str], dict[str, None]] = {}
    for file, tree in trees.items():
        where = file.relative_to(_PACKAGE).as_posix()
        for name, value, line in _constants(tree, named):
            found.setdefault((name, value), {})[f"{where}:{line}"] = None
    return {key: tuple(written) for key, written in found.items()}


def _named(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Texts to which a module gives a name."""
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield target.id, value.value


def _joined(node: ast.JoinedStr, named: Mapping[str, str]) -> str:
    """Text of an f-string made of named texts alone; empty when anything else stands in it."""
    parts: list[str] = []
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value))
        elif isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Name) and part.value.id in named:
            parts.append(named[part.value.id])
        else:
            return ""
    return "".join(parts)


def _constants(tree: ast.Module, named: Mapping[str, str]) -> Iterator[tuple[str, str, int]]:
    silent = {
        id(statement.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        for statement in [node]
        if isinstance(statement.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                yield from _member(key, value)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            yield from _member(node.targets[0].slice, node.value)
        elif isinstance(node, ast.ListComp):
            yield from _ranks(node)
        elif isinstance(node, ast.JoinedStr):
            yield "", _joined(node, named), node.lineno
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield "", node.value, node.lineno
            yield from _markup(node.value, node.lineno)


def _member(key: ast.expr | None, value: ast.expr) -> Iterator[tuple[str, str, int]]:
    """A JSON member written with its value; a number or a boolean as JSON prints it."""
    if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
        return
    for choice in (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,):
        if isinstance(choice, ast.Constant):
            written = choice.value
            if isinstance(written, bool):
                yield key.value, "true" if written else "false", choice.lineno
            elif isinstance(written, (str, int)):
                yield key.value, str(written), choice.lineno


def _ranks(node: ast.ListComp) -> Iterator[tuple[str, str, int]]:
    """JSON members that hold the rank of an item (``enumerate``)."""
    loop = node.generators[0]
    if not (
        isinstance(loop.iter, ast.Call) and isinstance(loop.iter.func, ast.Name) and isinstance(node.elt, ast.Dict)
    ):
        return
    target = loop.target.elts[0] if isinstance(loop.target, ast.Tuple) else loop.target
    if loop.iter.func.id == "enumerate" and isinstance(target, ast.Name):
        for key, value in zip(node.elt.keys, node.elt.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(value, ast.Name) and value.id == target.id:
                yield str(key.value), _RANK, value.lineno


def _markup(source: str, line: int) -> Iterator[tuple[str, str, int]]:
    """Attributes and texts of a piece of markup, each on its line; an f-string may cut a tag in two."""
    if "<" not in source:
        return
    for at, written in enumerate(source.split("\n"), line):
        for name, value in attributes(written):
            yield name, html.unescape(value), at
    for piece in MARKUP.findall(source):
        if not piece.startswith("<") and piece.strip():
            yield "#text", html.unescape(piece.strip()), line
        line += piece.count("\n")
