"""What the program needs and what the tables hold are the same, and each difference is told at its line."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapter.compose.sections import BUILDERS
from adapter.mapping import (
    check,
    default_directory,
    files_of,
    load,
    merged,
    needs_of_the_package,
    visit_fields,
    visit_vocabulary,
)
from adapter.mapping.completeness import read_not_shared
from tests.compose import test_nothing_is_lost as composed
from tests.compose.whole_visit import json_path

NEEDS = needs_of_the_package(frozenset(BUILDERS))
ADAPTER = default_directory().parent / "adapter"
WRITERS = (*sorted((ADAPTER / "compose").rglob("*.py")), ADAPTER / "api" / "mailing.py")  # what says sentences
SPEC, FRENCH, EDITION, HIDDEN = (
    "documents/vsp-synthesis.toml",
    "messages/fr.toml",
    "editions/2026-11.toml",
    "not-shared.toml",
)


def _swap(name: str, old: str, new: str) -> Callable[[Path], None]:
    def plant(directory: Path) -> None:
        text = (directory / name).read_text("utf-8")
        assert old in text
        (directory / name).write_text(text.replace(old, new, 1), "utf-8")

    return plant


def _move(name: str, new: str) -> Callable[[Path], object]:
    return lambda directory: (directory / name).rename(directory / new)


def _line(name: str, text: str, shift: int = 0) -> int:
    """Number of the first line of a shipped file that holds `text`."""
    lines = (default_directory() / name).read_text("utf-8").split("\n")
    return next(number for number, line in enumerate(lines, 1) if text in line) + shift


_VIGILANCE = _line(SPEC, 'key = "vigilance"', -1)
PLANTS: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "section of nobody": (_swap(SPEC, 'key = "vigilance"', 'key = "alerts"'), "MAP-BUILDER", f"{SPEC}:{_VIGILANCE}:1"),
    "builder without section": (_swap(SPEC, 'key = "vigilance"', 'key = "alerts"'), "MAP-BUILDER", f"{SPEC}:1:1"),
    "template of another": (
        _swap(SPEC, '"1.2.250.1.213.1.1.2.245"', '"1.2.250.1.213.1.1.2.246"'),
        "MAP-TEMPLATE",
        f"{SPEC}:{_VIGILANCE}:1",
    ),
    "template of the document": (
        _swap(SPEC, '"1.2.250.1.213.1.1.1.1"', '"1.2.250.1.213.1.1.1.99"'),
        "MAP-TEMPLATE",
        f"{SPEC}:{_line(SPEC, 'template_ids = [')}:1",
    ),
    "profile misnamed": (
        _swap(EDITION, "\nbundle =", "\nbundel ="),
        "MAP-PROFILE",
        f"{EDITION}:{_line(EDITION, 'bundle = ')}:1",
    ),
    "profile missing": (_swap(EDITION, "\nbundle =", "\n# bundle ="), "MAP-PROFILE", f"{EDITION}:1:1"),
    "sentence missing": (_swap(FRENCH, "\ncomment =", "\n# comment ="), "MAP-MESSAGE", f"{FRENCH}:1:1"),
    "sentence of nobody": (
        _swap(FRENCH, "\ncomment =", '\nremark = "x"\ncomment ='),
        "MAP-MESSAGE",
        f"{FRENCH}:{_line(FRENCH, 'comment = ')}:1",
    ),
    "slot translated": (_swap(FRENCH, "{finess}", "{numéro}"), "MAP-SLOT", f"{FRENCH}:{_line(FRENCH, '{finess}')}:1"),
    "table misnamed": (_move("codes/sides.csv", "codes/side.csv"), "MAP-TABLE", "codes/side.csv:1:1"),
    "table missing": (_move("codes/sides.csv", "codes/side.csv"), "MAP-TABLE", "codes/sides.csv:1:1"),
    "hidden without reason": (
        _swap(HIDDEN, '"reste au cabinet"', '" "'),
        "MAP-NOT-SHARED",
        f"{HIDDEN}:{_line(HIDDEN, 'reste au cabinet')}:1",
    ),
    "hidden and printed": (
        _swap(HIDDEN, '"$.format"', '"$.conclusions" = "x"\n"$.format"'),
        "MAP-NOT-SHARED",
        f"{HIDDEN}:{_line(HIDDEN, '$.format')}:1",
    ),
    "neither hidden nor printed": (_swap(HIDDEN, '"$.format" =', "# "), "MAP-NOT-SHARED", f"{HIDDEN}:1:1"),
    "no file of the hidden": (_move(HIDDEN, ".hidden"), "MAP-FILE", f"{HIDDEN}:1:1"),
    "no sample": (lambda directory: None, "MAP-SAMPLE", f"{SPEC}:{_VIGILANCE}:1"),
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_fault_is_found_where_it_stands(tmp_path: Path, name: str) -> None:
    plant, rule, place = PLANTS[name]
    copy = tmp_path / "mappings"
    shutil.copytree(default_directory(), copy)
    plant(copy)
    filled = frozenset(BUILDERS) - {"vigilance"} if rule == "MAP-SAMPLE" else None
    found = check(files_of(copy), needs=needs_of_the_package(frozenset(BUILDERS), filled))
    assert (rule, place) in {(finding.rule, finding.path) for finding in found}
    assert len(found) <= 3


def test_our_own_tables_are_complete() -> None:
    assert check(merged(None), visit_vocabulary(), needs=NEEDS) == []


def test_the_fields_of_the_visit_are_those_of_the_model() -> None:
    leaves = {json_path(leaf.path) for leaf in composed.LEAVES}
    assert {path.removesuffix("[]") for path in visit_fields()} >= {path.removesuffix("[]") for path in leaves}


def test_what_is_declared_not_shared_is_what_no_document_prints() -> None:
    # Three fields are not tried one by one there; whether the first two are printed is tested with the people.
    tried_elsewhere = {"$.patient.ins.value", "$.patient.ins.root"}
    assert set(read_not_shared(merged(None))) == set(composed.NOT_SHARED) - tried_elsewhere


def test_every_url_of_an_edition_is_printed_by_the_code() -> None:
    printed = "".join(path.read_text("utf-8") for path in (ADAPTER / "fhir").rglob("*.py"))
    assert [key for key in sorted(NEEDS.profiles) if f'"{key}"' not in printed] == []


def _nodes() -> Iterator[ast.AST]:
    for path in WRITERS:
        yield from ast.walk(ast.parse(path.read_text("utf-8")))


def test_every_sentence_is_used_by_the_code() -> None:
    literals: set[str] = set()
    patterns: set[str] = set()
    for node in _nodes():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            literals.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            parts = [re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in node.values]
            patterns.add("".join(parts))
    built = [pattern for pattern in patterns if re.search(r"[a-z]", pattern)]  # « columns\..+ », not « .+\..+ »
    unused = [
        key
        for key in load().messages
        if key not in literals and not any(re.fullmatch(pattern, key) for pattern in built)
    ]
    assert unused == []


def test_every_sentence_that_the_code_asks_for_is_there() -> None:
    asked = {
        node.args[0].value
        for node in _nodes()
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"text", "words"}
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    assert len(asked) > 20
    assert asked <= set(load().messages)
