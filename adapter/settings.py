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
from typing import Any, Final, get_args

from adapter.errors import Finding, FindingsError, Severity
from adapter.model.codes import PracticeSettingCode
from adapter.model.identifiers import INS_ROOTS, IdentifierError, Oid
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
class DestinationSettings:
    """One DMP, as the table ``[destinations.NAME]`` of the file tells it.

    Attributes:
        base_url: base of its FHIR server.
        ca_bundle: file of the authorities to trust; None for the usual ones.
        client_cert, client_key: files of our certificate and of its key, both or neither.
        token_env: environment variable that holds the bearer token; empty for none.
        token_command: program and arguments that print it; empty for none.
        actor: header ``X-DMP-Actor`` of the simulator.
        caller_rpps: RPPS of who acts.
        proxy: address of the proxy; empty for none.
        post_search: searches travel in the body, so that no INS stands in a URL.
        connect_timeout_s, read_timeout_s, total_timeout_s: seconds.
        ins_roots: assigning authorities of the INS that it accepts; empty for the four published ones.
        max_document_bytes: largest document that it accepts; None for no limit.
    """

    base_url: str
    ca_bundle: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    token_env: str = ""
    token_command: tuple[str, ...] = ()
    actor: str = field(default="", repr=False)
    caller_rpps: str = ""
    proxy: str = field(default="", repr=False)
    post_search: bool = True
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    total_timeout_s: float = 300.0
    ins_roots: tuple[str, ...] = ()
    max_document_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """One program that may call the HTTP service: where its token is, told once.

    Attributes:
        token_env: environment variable that holds it. token_file: file whose first line holds it.
        token_sha256: SHA-256 of the token, in hexadecimal, so that no secret stands on this machine.
    """

    token_env: str = ""
    token_file: Path | None = None
    token_sha256: str = ""


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """The HTTP service, as the table ``[service]`` of the file tells it.

    Attributes:
        host, port: where it listens; port 0 takes a free one.
        tls_cert, tls_key: files of its certificate and of its key, both or neither; asked for outside this machine.
        allowed_hosts: names under which callers know it, beside those of this machine.
        clients: programs that may call it, by name; with none, whoever is on this machine may.
        max_body_bytes: largest request.
        header_timeout_s, body_timeout_s, request_timeout_s: for the head, for the body, for the whole exchange.
        rate_per_s, burst: requests a second of one client, and how many at once after a rest.
        max_concurrent: requests in hand together; those beyond are asked to come back.
        threads: conversions in hand together.
        stop_timeout_s: what is in hand when the service stops has that long.
        access_log: one line a request (operation, status, duration).
    """

    host: str = "127.0.0.1"
    port: int = 8765
    tls_cert: Path | None = None
    tls_key: Path | None = None
    allowed_hosts: tuple[str, ...] = ()
    clients: Mapping[str, ClientSettings] = field(default_factory=lambda: MappingProxyType({}))
    max_body_bytes: int = 32 * 1024 * 1024
    header_timeout_s: float = 10.0
    body_timeout_s: float = 30.0
    request_timeout_s: float = 120.0
    rate_per_s: float = 50.0
    burst: int = 200
    max_concurrent: int = 64
    threads: int = 4
    stop_timeout_s: float = 30.0
    access_log: bool = False


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


def _outbox(value: object, folder: Path) -> str:
    """Address of the queue; the path of a relative SQLite file starts from `folder`."""
    text = _text(value, folder)
    scheme, separator, rest = text.partition("://")
    if scheme in ("postgresql", "postgres") and separator:
        return text
    if scheme != "sqlite" or not rest.startswith("/") or len(rest) < 2:
        raise ValueError("sqlite:///fichier ou postgresql://… est attendu.")
    return f"sqlite:///{folder / rest[1:]}"


def _destinations(value: object, file: Path, found: list[Finding]) -> Mapping[str, DestinationSettings]:
    """Destinations of the file; what is wrong with them goes to `found`."""

    def refuse(place: str, message: str) -> None:
        found.append(Finding(RULE, Severity.ERROR, f"{file.name}: {place}", message))

    if not isinstance(value, dict):
        refuse("destinations", "Des tables [destinations.NOM] sont attendues.")
        return {}
    read: dict[str, DestinationSettings] = {}
    for name, table in value.items():
        place = f"destinations.{name}"
        if not isinstance(table, dict) or not _NAME.fullmatch(name):
            refuse(place, "Une table est attendue, d'un nom fait de lettres, de chiffres, de « - » et de « _ ».")
            continue
        values: dict[str, object] = {}
        before = len(found)
        for key, given in table.items():
            reader = _DESTINATION_READERS.get(key)
            if reader is None:
                refuse(f"{place}.{key}", f"Réglage inconnu. Réglages connus : {', '.join(_DESTINATION_READERS)}.")
                continue
            try:
                values[key] = reader(given, file.parent)
            except ValueError as fault:
                refuse(f"{place}.{key}", str(fault))
        if "base_url" not in table:
            refuse(f"{place}.base_url", "L'adresse du DMP manque.")
        if ("client_cert" in table) != ("client_key" in table):
            refuse(place, "Le certificat client (client_cert) et sa clé (client_key) vont ensemble.")
        if "token_env" in table and "token_command" in table:
            refuse(place, "Le jeton vient d'une variable (token_env) ou d'une commande (token_command), pas des deux.")
        if len(found) == before:
            read[name] = DestinationSettings(**values)  # type: ignore[arg-type]  # each value went through its reader
    return MappingProxyType(read)


def _service(value: object, file: Path, found: list[Finding]) -> ServiceSettings:
    """The HTTP service of the file; what is wrong with it goes to `found`."""
    before = len(found)
    table = dict(value) if isinstance(value, dict) else {}
    if not isinstance(value, dict):
        found.append(Finding(RULE, Severity.ERROR, f"{file.name}: service", "Une table [service] est attendue."))
    told = table.pop("clients", {})
    clients: dict[str, ClientSettings] = {}
    for name, one in (told if isinstance(told, dict) else {"": None}).items():
        place = f"{file.name}: service.clients.{name}"
        if not isinstance(one, dict) or not _NAME.fullmatch(name):
            message = "Une table est attendue, d'un nom fait de lettres, de chiffres, de « - » et de « _ »."
            found.append(Finding(RULE, Severity.ERROR, place, message))
            continue
        clients[name] = ClientSettings(**_read_table(one, _CLIENT_READERS, place, file.parent, found))
        if len(one) != 1:
            message = "Le jeton vient d'un seul endroit : token_env, token_file ou token_sha256."
            found.append(Finding(RULE, Severity.ERROR, place, message))
    values = _read_table(table, _SERVICE_READERS, f"{file.name}: service", file.parent, found)
    if ("tls_cert" in table) != ("tls_key" in table):
        message = "Le certificat (tls_cert) et sa clé (tls_key) vont ensemble."
        found.append(Finding(RULE, Severity.ERROR, f"{file.name}: service", message))
    return ServiceSettings(clients=MappingProxyType(clients), **values) if len(found) == before else ServiceSettings()


def _read_table(
    table: Mapping[str, object],
    readers: Mapping[str, Callable[[object, Path], object]],
    place: str,
    folder: Path,
    found: list[Finding],
) -> dict[str, Any]:
    """Values of the keys of one table; what is wrong with them goes to `found`."""
    values: dict[str, Any] = {}
    for key, given in table.items():
        reader = readers.get(key)
        if reader is None:
            message = f"Réglage inconnu. Réglages connus : {', '.join(readers)}."
            found.append(Finding(RULE, Severity.ERROR, f"{place}.{key}", message))
            continue
        try:
            values[key] = reader(given, folder)
        except ValueError as fault:
            found.append(Finding(RULE, Severity.ERROR, f"{place}.{key}", str(fault)))
    return values


def _host(value: object, folder: Path) -> str:
    text = _text(value, folder)
    if not _HOST.fullmatch(text):
        raise ValueError("Un nom de machine ou une adresse IP est attendu, sans port.")
    return text.lower()


def _hosts(value: object, folder: Path) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError("Un tableau de noms de machine est attendu.")
    return tuple(_host(one, folder) for one in value)


def _port(value: object, folder: Path) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 65535:
        raise ValueError("Un port est un entier de 0 à 65535.")
    return value


def _rate(value: object, folder: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1_000_000:
        raise ValueError("Un nombre par seconde est attendu, plus grand que zéro.")
    return float(value)


def _sha256(value: object, folder: Path) -> str:
    text = _text(value, folder).lower()
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ValueError("Une empreinte SHA-256 compte 64 chiffres hexadécimaux.")
    return text


def _url(value: object, folder: Path) -> str:
    text = _text(value, folder)
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("Une adresse ne contient ni espace ni accent.")
    scheme, _, rest = text.partition("://")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if scheme not in ("http", "https") or not host or "@" in host or "?" in rest or "#" in rest:
        raise ValueError("Une adresse https:// est attendue (http:// en local), sans mot de passe ni paramètre.")
    if scheme == "http" and not _LOCAL.fullmatch(host):
        raise ValueError("Hors de cette machine, l'adresse d'un DMP commence par https://.")
    return text.rstrip("/")


def _proxy(value: object, folder: Path) -> str:
    text = _text(value, folder)
    if not text.startswith(("http://", "https://")):
        raise ValueError("L'adresse d'un proxy commence par http:// ou https://.")
    return text


def _file(value: object, folder: Path) -> Path:
    path = folder / _text(value, folder)
    if not path.is_file():
        raise ValueError("Ce fichier n'existe pas.")
    return path


def _variable(value: object, folder: Path) -> str:
    text = _text(value, folder)
    if not _NAME.fullmatch(text):
        raise ValueError("Le nom d'une variable d'environnement est attendu, pas le jeton lui-même.")
    return text


def _words(value: object, folder: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(one, str) and one for one in value):
        raise ValueError("Un tableau est attendu : le programme, puis ses arguments.")
    return tuple(value)


def _header(value: object, folder: Path) -> str:
    text = _text(value, folder)
    if not text.isascii() or not text.isprintable():
        raise ValueError("Cet en-tête ne contient que des caractères ASCII.")
    return text


def _rpps(value: object, folder: Path) -> str:
    text = _text(value, folder)
    if not re.fullmatch(r"[0-9]{11}", text):
        raise ValueError("Un RPPS compte 11 chiffres.")
    return text


def _switch(value: object, folder: Path) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true ou false est attendu.")
    return value


def _seconds(value: object, folder: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 86400:
        raise ValueError("Une durée en secondes est attendue, plus grande que zéro.")
    return float(value)


def _ins_roots(value: object, folder: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(one, str) and one in INS_ROOTS for one in value):
        raise ValueError(f"Un tableau de racines d'INS est attendu, parmi : {', '.join(sorted(INS_ROOTS))}.")
    return tuple(value)


_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,60}")
_HOST: Final = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")
_LOCAL: Final = re.compile(r"(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?")

# Value from TOML or environment, and the folder that relative paths start from.
_READERS: Final[Mapping[str, Callable[[object, Path], object]]] = {
    "issuer_oid": _oid,
    "software_name": _text,
    "software_version": _text,
    "practice_setting": _practice_setting,
    "edition": _text,
    "mappings": _folder,
    "max_input_bytes": _bound,
    "max_input_depth": _bound,
    "outbox": _outbox,
    "default_destination": _text,
}
_DESTINATION_READERS: Final[Mapping[str, Callable[[object, Path], object]]] = {
    "base_url": _url,
    "ca_bundle": _file,
    "client_cert": _file,
    "client_key": _file,
    "token_env": _variable,
    "token_command": _words,
    "actor": _header,
    "caller_rpps": _rpps,
    "proxy": _proxy,
    "post_search": _switch,
    "connect_timeout_s": _seconds,
    "read_timeout_s": _seconds,
    "total_timeout_s": _seconds,
    "ins_roots": _ins_roots,
    "max_document_bytes": _bound,
}
_SERVICE_READERS: Final[Mapping[str, Callable[[object, Path], object]]] = {
    "host": _host,
    "port": _port,
    "tls_cert": _file,
    "tls_key": _file,
    "allowed_hosts": _hosts,
    "max_body_bytes": _bound,
    "header_timeout_s": _seconds,
    "body_timeout_s": _seconds,
    "request_timeout_s": _seconds,
    "rate_per_s": _rate,
    "burst": _bound,
    "max_concurrent": _bound,
    "threads": _bound,
    "stop_timeout_s": _seconds,
    "access_log": _switch,
}
_CLIENT_READERS: Final[Mapping[str, Callable[[object, Path], object]]] = {
    "token_env": _variable,
    "token_file": _file,
    "token_sha256": _sha256,
}
# Tables of the file, which no variable of the environment can tell.
_TABLES: Final[Mapping[str, Callable[[object, Path, list[Finding]], object]]] = {
    "destinations": _destinations,
    "service": _service,
}
