"""The one written form of a table, whatever the spreadsheet that saved it."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from adapter.errors import Finding, Severity
from adapter.mapping.overlay import files_of
from adapter.mapping.tables import (
    AMOUNT_COLUMNS,
    CODE_COLUMNS,
    DATED_VALUE_SET_COLUMNS,
    PAYER_COLUMNS,
    SYSTEM_COLUMNS,
    VALUE_SET_COLUMNS,
    Findings,
    read_bytes,
)

_BOM = b"\xef\xbb\xbf"
_BILLING = {"billing/amounts.csv": AMOUNT_COLUMNS, "billing/payers.csv": PAYER_COLUMNS}
_SEPARATORS = (",", ";", "\t")
_AS_TEXT = re.compile(r'="([^"]*)"')  # how a spreadsheet is told that 00012 is a text


def canonical_files(directory: Path) -> tuple[dict[str, bytes], list[Finding]]:
    """Content by name of each file of `directory` that is not in its canonical form, and what cannot be put in it."""
    changed: dict[str, bytes] = {}
    found: list[Finding] = []
    files = files_of(directory)
    for name in files.unreadable:
        found.append(_fault("MAP-FILE", f"{name}:1:1", "Dossier illisible : vérifier ses droits d'accès."))
    for name, file in files.by_name.items():
        if not name.endswith((".csv", ".toml")):
            continue
        told = Findings()
        raw = read_bytes(name, file, told)
        if raw is None:
            found += told.items
            continue
        content = canonical(name, raw)
        if isinstance(content, Finding):
            found.append(content)
        elif content != raw:
            changed[name] = content
    return changed, found


def canonical(name: str, raw: bytes) -> bytes | Finding:
    """`raw` of the file `name` in UTF-8 without mark, lines ended by LF, columns in order and separated by commas.

    Values, rows and their order are kept; only rows without any value are left out, and ``="007"`` becomes ``007``.
    A finding when this cannot be done without guessing.
    """
    try:
        text = raw.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        return _fault("MAP-ENCODING", f"{name}:{line}:{column}", "Octet qui n'est pas de l'UTF-8.")
    if "\0" in text:
        return _fault("MAP-ENCODING", f"{name}:{text[: text.index(chr(0))].count(chr(10)) + 1}:1", "Caractère nul.")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _table(name, text) if name.endswith(".csv") else text.encode("utf-8")


def _table(name: str, text: str) -> bytes | Finding:
    columns = _columns(name, text)
    for separator in _SEPARATORS:
        header = [cell.strip() for cell in next(csv.reader([text.partition("\n")[0]], delimiter=separator), [])]
        if sorted(header) != sorted(columns):
            continue
        order = [header.index(column) for column in columns]
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        rows: list[list[str]] = []
        try:
            next(reader)
            for row in reader:
                cells = [_unwrapped(cell) for cell in row]
                if not any(cells):
                    continue
                if len(cells) != len(columns):
                    message = f"{len(cells)} colonnes au lieu de {len(columns)} : guillemets ?"
                    return _fault("MAP-COLUMNS", f"{name}:{reader.line_num}:1", message)
                rows.append([cells[position] for position in order])
        except csv.Error:
            message = "Ligne CSV illisible : guillemet non fermé ?"
            return _fault("MAP-COLUMNS", f"{name}:{reader.line_num}:1", message)
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator="\n").writerows([columns, *rows])
        return out.getvalue().encode("utf-8")
    return _fault("MAP-COLUMNS", f"{name}:1:1", f"Colonnes attendues : {','.join(columns)}.")


def _columns(name: str, text: str) -> tuple[str, ...]:
    if name == "systems.csv":
        return SYSTEM_COLUMNS
    if name in _BILLING:
        return _BILLING[name]
    if name.startswith("value-sets/"):
        return DATED_VALUE_SET_COLUMNS if "start" in text.partition("\n")[0] else VALUE_SET_COLUMNS
    return CODE_COLUMNS


def _unwrapped(cell: str) -> str:
    found = _AS_TEXT.fullmatch(cell)
    return found[1] if found else cell


def _fault(rule: str, path: str, message: str) -> Finding:
    return Finding(rule, Severity.ERROR, path, message, "mappings/README.md")
