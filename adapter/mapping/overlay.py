"""Which file stands under which name: those of a folder over those of the package, whole files by name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

# What may stand beside tables: hidden files, pages, a licence.
_FREE: Final = re.compile(r"(?:.*/)?(?:\.[^/]*|[^/]*\.md|LICENSE)(?:/.*)?")
_ADDED: Final = re.compile(r"editions/[^/]+\.toml|value-sets/[^/]+\.csv")
_TABLE: Final = re.compile(r".*\.(?:csv|toml)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TableFiles:
    """Files of one set of tables.

    Attributes:
        by_name: each file under its name with slashes (``codes/sides.csv``), in the order of the names.
        own: names that come from the folder given, not from the package.
        unknown: names of that folder that nothing reads.
        unreadable: names of its folders that cannot be listed.
    """

    by_name: Mapping[str, Traversable]
    own: frozenset[str]
    unknown: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()

    def changed(self) -> tuple[str, ...]:
        """Names of the folder given whose file is not that of the package, byte for byte."""
        packaged = _packaged().by_name
        return tuple(
            name
            for name, file in self.by_name.items()
            if name in self.own and (name not in packaged or not _same(file, packaged[name]))
        )

    def nearest(self, name: str) -> str:
        """Name of the package that looks most like `name`; empty when none does."""
        return next(iter(difflib.get_close_matches(name, self.by_name, 1)), "")


def _same(file: Traversable, other: Traversable) -> bool:
    try:
        return file.is_file() and file.read_bytes() == other.read_bytes()
    except OSError:  # told when the tables are read
        return False


def looks_like_a_table(name: str) -> bool:
    """Whether a file of this name was meant to be read: ``codes/symptom.csv`` is a slip, ``notes.ods`` is not one."""
    return _TABLE.fullmatch(name) is not None


def files_of(directory: Path) -> TableFiles:
    """Every file of `directory` alone, whatever the package holds; hidden files and pages left out."""
    unreadable: list[str] = []
    found = dict(sorted(_walk(directory, "", unreadable, frozenset())))
    return TableFiles(found, frozenset(found), unreadable=tuple(unreadable))


def merged(directory: Path | None) -> TableFiles:
    """Files of the package, each replaced by the file of the same name that `directory` holds, if any.

    A folder may add editions and published lists, which a file names; any other name that the package does not
    know is ``unknown``: nothing would read it.
    """
    if directory is None:
        return _packaged()
    ours, theirs = _packaged(), files_of(directory)
    known = {name: file for name, file in theirs.by_name.items() if name in ours.by_name or _ADDED.fullmatch(name)}
    return TableFiles(
        dict(sorted({**ours.by_name, **known}.items())),
        frozenset(known),
        tuple(name for name in theirs.by_name if name not in known),
        theirs.unreadable,
    )


@cache
def _packaged() -> TableFiles:
    """``adapter/_mappings`` of an installed wheel, zipped or not, else ``mappings`` beside the package."""
    inside = resources("adapter") / "_mappings"
    root = inside if inside.is_dir() else Path(__file__).resolve().parents[2] / "mappings"
    found = dict(sorted(_walk(root, "", [], frozenset())))
    return TableFiles(found, frozenset(found))


def _walk(
    folder: Traversable, prefix: str, unreadable: list[str], above: frozenset[Path]
) -> Iterator[tuple[str, Traversable]]:
    if isinstance(folder, Path):
        here = folder.resolve()
        if here in above:  # a link that leads back up
            return
        above = above | {here}
    try:
        entries = list(folder.iterdir())
    except OSError:
        unreadable.append(prefix.rstrip("/") or ".")
        return
    for entry in entries:
        name = prefix + entry.name
        if _FREE.fullmatch(name):
            continue
        if entry.is_dir() and not looks_like_a_table(name):  # such a folder is told as a file that cannot be read
            yield from _walk(entry, f"{name}/", unreadable, above)
        else:
            yield name, entry
