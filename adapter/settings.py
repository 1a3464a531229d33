"""How one installation works: who issues, with which tables, within which bounds.

Read once where the process starts (cli, service) and handed down as plain values.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

from adapter.errors import Finding, FindingsError, Severity
from adapter.model.codes import PracticeSettingCode
from adapter.model.identifiers import IdentifierError, Oid
from adapter.model.json_input import MAX_BYTES, MAX_DEPTH

PREFIX: Final = "DMP_ADAPTER_"
RULE: Final = "SETTINGS"
_TOML_PLACE: Final = re.compile(r"\(at line (\d+), column (\d+)\)")
SOFTWARE_VERSION: Final = "0.1.0"  # the one place: pyproject.toml reads it here
PRACTICE_SETTINGS: Final[tuple[str, ...]] = get_args(PracticeSettingCode)
ISSUER_OID_MAX: Final = 43  # 64 characters of an OID, less the number of the document


class SettingsError(FindingsError):
    """Settings that cannot be used: findings whose path is the file and key, or the environment variable."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one installation; every one has a default that lets samples be converted.

    Attributes:
        issuer_oid: arc of the issuing structure under which document ids are derived; None leaves ids as UUIDs.
        software_name: device that signs the documents as authoring software.
        software_version: its version.
        practice_setting: local value of the table ``practice-settings`` (``palliative``, ``ambulatory``).
        edition: name of the file of ``mappings/editions`` that documents follow.
        mappings: folder that replaces the packaged ``mappings/``; None for the packaged one.
        max_input_bytes: largest visit, CDA or Bundle that is read.
        max_input_depth: deepest nesting of JSON or XML that is read.
    """

    issuer_oid: str | None = None
    software_name: str = "dmp-adapter"
    software_version: str = SOFTWARE_VERSION
    practice_setting: str = "palliative"
    edition: str = "2026-11"
    mappings: Path | None = None
    max_input_bytes: int = MAX_BYTES
    max_input_depth: int = MAX_DEPTH


def read_settings(path: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Defaults, then the TOML file at `path`, then ``DMP_ADAPTER_*`` variables, the last one winning.

    Args:
        path: TOML file; None reads the one named by ``DMP_ADAPTER_SETTINGS``, if any.
        environment: None for the one of the process. An empty variable counts as absent.
    Raises:
        SettingsError: unreadable file, unknown key or unusable value, all of them at once.
    """
    variables = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in (os.environ if environment is None else environment).items()
        if name.startswith(PREFIX) and value
    }
    named = variables.pop("settings", None)
    variables.pop("shared", None)  # where the project's own tests find the official rules
    file = path or (Path(named) if named else None)
    found: list[Finding] = []
    values: dict[str, str | int | Path] = {}
    if file is not None:
        for key, value in _read_toml(file).items():
            _take(values, key, value, f"{file.name}: {key}", file.parent, found)
    for key, text in variables.items():
        _take(values, key, text, PREFIX + key.upper(), Path(), found)
    if found:
        raise SettingsError(found)
    return Settings(**values)  # type: ignore[arg-type]  # each value went through the reader of its key


def _read_toml(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        message = "Le fichier de réglages est introuvable."
    except OSError:
        message = "Le fichier de réglages est illisible."
    except UnicodeDecodeError:
        message = "Le fichier de réglages n'est pas en UTF-8."
    except tomllib.TOMLDecodeError as fault:
        place = _TOML_PLACE.search(str(fault))
        where = f" à partir de la ligne {place[1]}, colonne {place[2]}" if place else ""
        message = f"Le fichier de réglages n'est pas du TOML{where}."
    raise SettingsError([Finding(RULE, Severity.ERROR, file.name, message)])


def _take(
    values: dict[str, str | int | Path], key: str, value: object, path: str, folder: Path, found: list[Finding]
) -> None:
    reader = _READERS.get(key)
    if reader is None:
        known = ", ".join(_READERS)
        found.append(Finding(RULE, Severity.ERROR, path, f"Réglage inconnu. Réglages connus : {known}."))
        return
    try:
        values[key] = reader(value, folder)
    except ValueError as fault:
        found.append(Finding(RULE, Severity.ERROR, path, str(fault)))


def _text(value: object, folder: Path) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("Une chaîne de caractères non vide est attendue.")
    return value


def _oid(value: object, folder: Path) -> str:
    try:
        oid = Oid.parse(_text(value, folder)).value
    except IdentifierError as fault:
        raise ValueError(fault.message) from None
    if len(oid) > ISSUER_OID_MAX:
        raise ValueError(f"Cet OID dépasse {ISSUER_OID_MAX} caractères : il n'y a plus de place pour numéroter.")
    return oid


def _practice_setting(value: object, folder: Path) -> str:
    if value not in PRACTICE_SETTINGS:
        raise ValueError(f"Valeurs admises : {', '.join(PRACTICE_SETTINGS)}.")
    return str(value)


def _folder(value: object, folder: Path) -> Path:
    path = folder / _text(value, folder)
    if not path.is_dir():
        raise ValueError("Ce dossier n'existe pas.")
    return path


def _bound(value: object, folder: Path) -> int:
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ValueError("Un entier positif est attendu.")
    return number


# Value from TOML or environment, and the folder that relative paths start from.
_READERS: Final[Mapping[str, Callable[[object, Path], str | int | Path]]] = {
    "issuer_oid": _oid,
    "software_name": _text,
    "software_version": _text,
    "practice_setting": _practice_setting,
    "edition": _text,
    "mappings": _folder,
    "max_input_bytes": _bound,
    "max_input_depth": _bound,
}
