"""Reads the files of ``mappings/``: rows and values with the place they stand at, and what is wrong with them."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from typing import Any, Literal

from adapter.errors import Finding, Severity

CODE_COLUMNS = ("local", "label", "system", "code", "display", "equivalence", "source", "note")
SYSTEM_COLUMNS = ("key", "oid", "uri", "name", "source")
VALUE_SET_COLUMNS = ("system", "code", "display")
AMOUNT_COLUMNS = ("code", "label", "kind", "per", "territory", "amount", "start", "end", "source", "note")
PAYER_COLUMNS = ("situation", "payer", "says", "source", "note")
DATED_VALUE_SET_COLUMNS = (*VALUE_SET_COLUMNS, "start", "end")
MAX_BYTES = 8 * 1024 * 1024  # a hundred times our largest table
EQUIVALENCES = frozenset({"equivalent", "wider", "narrower", "inexact", "unmatched"})

# What a file that was not read seems to lack, by rule; and the file whose keys others cite.
_ECHOES = frozenset(
    {"MAP-COVERAGE", "MAP-TABLE", "MAP-MESSAGE", "MAP-PROFILE", "MAP-NOT-SHARED", "MAP-BUILDER", "MAP-EDITION",
     "MAP-SECTION", "MAP-SLOT"}
)  # fmt: skip
_CAUSES = {"MAP-SYSTEM": "systems.csv", "MAP-SCALE": "codes/scales.csv"}

_MENDED = "Après un tableur, « mappings format » le remet en forme."
_TOML_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")

Equivalence = Literal["equivalent", "wider", "narrower", "inexact", "unmatched"]


@dataclass(slots=True)
class Source:
    """One file of the directory, as read.

    Attributes:
        name: name of the file among the tables, with slashes.
        raw: bytes of the file, part of the digest.
        text: decoded text, empty when the file is not UTF-8.
        unread: a finding already tells that the text could not be had.
    """

    name: str
    raw: bytes
    text: str
    unread: bool = False
    _lines: list[str] = field(default_factory=list, repr=False)

    @property
    def lines(self) -> list[str]:
        """Lines of the text, split once: ten thousand findings in one file ask for them."""
        if not self._lines:
            self._lines = self.text.split("\n")
        return self._lines

    def place(self, line: int, column: int = 1) -> str:
        """``file:line:column``, both counted from 1."""
        return f"{self.name}:{line}:{column}"

    def place_of(self, pattern: str) -> str:
        """Place of the first line that matches the regular expression `pattern`, else of the first line."""
        return next(iter(self.places_of(pattern)), self.place(1))

    def places_of(self, pattern: str) -> list[str]:
        """Places of all lines that match the regular expression `pattern`."""
        return [
            self.place(number, found.start() + 1)
            for number, line in enumerate(self.lines, 1)
            if (found := re.search(pattern, line))
        ]


@dataclass(slots=True)
class Findings:
    """Findings gathered while reading.

    Attributes:
        items: the findings, in their order.
        unread: names of the files of which nothing, or not every row, could be read.
    """

    items: list[Finding] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)

    def error(self, rule: str, path: str, message: str) -> None:
        self.items.append(Finding(rule, Severity.ERROR, path, message, "mappings/README.md"))

    def unreadable(self, rule: str, path: str, message: str) -> None:
        """An error that hides what the file holds."""
        self.unread.add(path.rsplit(":", 2)[0])
        self.error(rule, path, message)

    def first_causes(self) -> list[Finding]:
        """The findings, less those that only say again that a file could not be read."""
        return [one for one in self.items if not self._is_echo(one)]

    def _is_echo(self, one: Finding) -> bool:
        if one.rule in _ECHOES:
            return one.path.rsplit(":", 2)[0] in self.unread
        return _CAUSES.get(one.rule) in self.unread

    def warning(self, rule: str, path: str, message: str) -> None:
        self.items.append(Finding(rule, Severity.WARNING, path, message, "mappings/README.md"))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a CSV table: the values by column, and where it stands."""

    values: Mapping[str, str]
    source: Source
    line: int

    def __getitem__(self, column: str) -> str:
        return self.values[column]

    def place(self, column: str) -> str:
        """``file:line:column`` of the field `column`, found again in the raw line (only faults pay for it)."""
        lines = self.source.lines
        text = lines[self.line - 1] if self.line <= len(lines) else ""
        wanted = list(self.values).index(column)
        index, quoted = 0, False
        for position, char in enumerate(text):
            if index == wanted and not quoted:
                return self.source.place(self.line, position + 1)
            if char == '"':
                quoted = not quoted
            elif char == "," and not quoted:
                index += 1
        return self.source.place(self.line, len(text) + 1)


def read_bytes(name: str, file: Traversable, findings: Findings) -> bytes | None:
    """Bytes of the file known as `name`; None, with a finding, when it cannot be read or is too large."""
    try:
        if not file.is_file():  # a folder, a pipe that nobody writes to, a link that leads nowhere
            findings.unreadable("MAP-FILE", f"{name}:1:1", "Ce n'est pas un fichier.")
            return None
        with file.open("rb") as stream:
            raw: bytes = stream.read(MAX_BYTES + 1)
    except OSError:
        findings.unreadable("MAP-FILE", f"{name}:1:1", "Fichier illisible : vérifier ses droits d'accès.")
        return None
    if len(raw) > MAX_BYTES:
        findings.unreadable("MAP-SIZE", f"{name}:1:1", "Fichier de plus de 8 Mio : il n'est pas lu.")
        return None
    return raw


def read_source(name: str, file: Traversable, findings: Findings) -> Source:
    """The file `file`, known as `name`, with a finding (and no text) when it is not plain UTF-8."""
    raw = read_bytes(name, file, findings)
    if raw is None:
        return Source(name, b"", "", unread=True)
    source = Source(name, raw, "", unread=True)
    if raw.startswith(b"\xef\xbb\xbf"):
        findings.error("MAP-ENCODING", source.place(1), f"Le fichier commence par une marque d'ordre (BOM). {_MENDED}")
        raw = raw[3:]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        findings.unreadable("MAP-ENCODING", source.place(line, column), "Octet qui n'est pas de l'UTF-8.")
        return source
    if "\x00" in text:
        findings.unreadable("MAP-ENCODING", source.place(text[: text.index("\x00")].count("\n") + 1), "Caractère nul.")
        return source
    source.text, source.unread = text, False
    return source


def read_rows(source: Source, columns: tuple[str, ...], findings: Findings) -> list[Row]:
    """Rows of a CSV file whose first line must be exactly `columns`; a row of another width is a finding."""
    if not source.text:
        if not source.unread:
            findings.unreadable("MAP-COLUMNS", source.place(1), "Fichier vide.")
        return []
    rows: list[Row] = []
    header = source.text.partition("\n")[0].rstrip("\r")
    if header != ",".join(columns):
        hint = f" {_MENDED}" if any(header.count(sign) >= len(columns) - 1 for sign in ",;\t") else ""
        findings.unreadable("MAP-COLUMNS", source.place(1), f"Colonnes attendues : {','.join(columns)}.{hint}")
        return []
    reader = csv.reader(io.StringIO(source.text, newline=""), strict=True)
    try:
        next(reader)
        line = reader.line_num + 1
        for values in reader:
            if len(values) == len(columns):
                rows.append(Row(dict(zip(columns, values, strict=True)), source, line))
            elif values:
                message = f"{len(values)} colonnes au lieu de {len(columns)} : guillemets ?"
                findings.unreadable("MAP-COLUMNS", source.place(line), message)
            line = reader.line_num + 1
    except csv.Error:
        findings.unreadable("MAP-COLUMNS", source.place(reader.line_num), "Ligne CSV illisible : guillemet non fermé ?")
    return rows


def read_toml(source: Source, findings: Findings) -> dict[str, Any]:
    """Content of a TOML file, empty with a finding when it cannot be read."""
    try:
        return tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        found = _TOML_PLACE.search(str(error))
        place = source.place(int(found[1]), int(found[2])) if found else source.place(source.text.count("\n") + 1)
        findings.unreadable("MAP-TOML", place, "Fichier TOML illisible à cet endroit.")
        return {}
