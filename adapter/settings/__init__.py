"""How one installation works: who issues, with which tables, within which bounds.

Read once where the process starts (cli, service) and handed down as plain values.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from adapter.errors import Finding, FindingsError, Severity
from adapter.model.json_input import MAX_BYTES, MAX_DEPTH
from adapter.settings import reading
from adapter.settings.destinations import DestinationSettings, read_destinations
from adapter.settings.mailboxes import MailboxSettings, read_mailboxes
from adapter.settings.reading import RULE
from adapter.settings.service import ClientSettings, ServiceSettings, read_service

__all__ = [
    "SOFTWARE_VERSION",
    "ClientSettings",
    "DestinationSettings",
    "MailboxSettings",
    "ServiceSettings",
    "Settings",
    "SettingsError",
    "default_outbox",
    "read_settings",
]

PREFIX: Final = "DMP_ADAPTER_"
_TOML_PLACE: Final = re.compile(r"\(at line (\d+), column (\d+)\)")
SOFTWARE_VERSION: Final = "0.1.0"  # the one place: pyproject.toml reads it here


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
        mappings: folder whose files replace the packaged ones of the same name; None for none.
        max_input_bytes: largest visit, CDA or Bundle that is read.
        max_input_depth: deepest nesting of JSON or XML that is read.
        outbox: address of the queue of deposits; empty for a file in the folder of the user (``default_outbox``).
        destinations: DMP by name, in the file only.
        default_destination: the one used when none is named; empty: the only one there is.
        mailboxes: mailboxes of secure health mail by name, none bearing the name of a DMP, in the file only.
        service: the HTTP service, in the file only.
    """

    issuer_oid: str | None = None
    software_name: str = "dmp-adapter"
    software_version: str = SOFTWARE_VERSION
    practice_setting: str = "palliative"
    edition: str = "2026-11"
    mappings: Path | None = None
    max_input_bytes: int = MAX_BYTES
    max_input_depth: int = MAX_DEPTH
    outbox: str = field(default="", repr=False)
    destinations: Mapping[str, DestinationSettings] = field(default_factory=lambda: MappingProxyType({}))
    default_destination: str = ""
    mailboxes: Mapping[str, MailboxSettings] = field(default_factory=lambda: MappingProxyType({}))
    service: ServiceSettings = field(default_factory=ServiceSettings)


def default_outbox(environment: Mapping[str, str] | None = None, platform: str = sys.platform) -> Path:
    """File of the queue when no address is set, in the folder where this user's programs keep their data.

    Source: XDG Base Directory 0.8; macOS and Windows: their own customs.
    """
    variables = os.environ if environment is None else environment
    if platform == "win32":
        base = Path(variables.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        named = Path(variables.get("XDG_DATA_HOME", ""))
        base = named if named.is_absolute() else Path.home() / ".local" / "share"
    return base / "dmp-adapter" / "outbox.db"


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
    variables.pop("outbox_key", None)  # a secret: the queue reads it itself
    file = path or (Path(named) if named else None)
    found: list[Finding] = []
    values: dict[str, object] = {}
    if file is not None:
        for key, value in _read_toml(file).items():
            if key in _TABLES:
                values[key] = _TABLES[key](value, file, found)
                continue
            _take(values, key, value, f"{file.name}: {key}", file.parent, found)
    for key, text in variables.items():
        _take(values, key, text, PREFIX + key.upper(), Path(), found)
    chosen, known = values.get("default_destination"), values.get("destinations", {})
    if chosen and isinstance(known, Mapping) and chosen not in known and not found:
        place = f"{file.name}: default_destination" if file is not None else PREFIX + "DEFAULT_DESTINATION"
        found.append(Finding(RULE, Severity.ERROR, place, "Cette destination n'est pas dans [destinations]."))
    boxes = values.get("mailboxes", {})
    if isinstance(known, Mapping) and isinstance(boxes, Mapping) and file is not None:
        message = "Une destination porte déjà ce nom : la file d'envoi ne saurait pas où envoyer."
        both = [name for name in boxes if name in known]
        found += [Finding(RULE, Severity.ERROR, f"{file.name}: mailboxes.{name}", message) for name in both]
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


def _take(values: dict[str, object], key: str, value: object, path: str, folder: Path, found: list[Finding]) -> None:
    reader = _READERS.get(key)
    if reader is None:
        known = ", ".join(_READERS)
        found.append(Finding(RULE, Severity.ERROR, path, f"Réglage inconnu. Réglages connus : {known}."))
        return
    try:
        values[key] = reader(value, folder)
    except ValueError as fault:
        found.append(Finding(RULE, Severity.ERROR, path, str(fault)))


# Value from TOML or environment, and the folder that relative paths start from.
_READERS: Final[Mapping[str, reading.Reader]] = {
    "issuer_oid": reading.oid,
    "software_name": reading.text,
    "software_version": reading.text,
    "practice_setting": reading.practice_setting,
    "edition": reading.text,
    "mappings": reading.folder,
    "max_input_bytes": reading.bound,
    "max_input_depth": reading.bound,
    "outbox": reading.outbox,
    "default_destination": reading.text,
}
# Tables of the file, which no variable of the environment can tell.
_TABLES: Final[Mapping[str, Callable[[object, Path, list[Finding]], object]]] = {
    "destinations": read_destinations,
    "mailboxes": read_mailboxes,
    "service": read_service,
}
