"""One value of the settings at a time: from TOML or the environment to a checked value, or a French sentence.

Each reader takes the value and the folder that relative paths start from, and raises ``ValueError`` with the sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, get_args

from adapter.errors import Finding, Severity
from adapter.model.codes import PracticeSettingCode
from adapter.model.identifiers import INS_ROOTS, IdentifierError, Oid

Reader = Callable[[object, Path], Any]

RULE: Final = "SETTINGS"
PRACTICE_SETTINGS: Final[tuple[str, ...]] = get_args(PracticeSettingCode)
ISSUER_OID_MAX: Final = 43  # 64 characters of an OID, less the number of the document
NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,60}")
_HOST: Final = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")
_LOCAL: Final = re.compile(r"(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?")


def text(value: object, folder: Path) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("Une chaîne de caractères non vide est attendue.")
    return value


def oid(value: object, folder: Path) -> str:
    """An OID that leaves room for numbering documents."""
    try:
        oid = Oid.parse(text(value, folder)).value
    except IdentifierError as fault:
        raise ValueError(fault.message) from None
    if len(oid) > ISSUER_OID_MAX:
        raise ValueError(f"Cet OID dépasse {ISSUER_OID_MAX} caractères : il n'y a plus de place pour numéroter.")
    return oid


def practice_setting(value: object, folder: Path) -> str:
    """A local value of the table of practice settings."""
    if value not in PRACTICE_SETTINGS:
        raise ValueError(f"Valeurs admises : {', '.join(PRACTICE_SETTINGS)}.")
    return str(value)


def folder(value: object, folder: Path) -> Path:
    """A folder that exists."""
    path = folder / text(value, folder)
    if not path.is_dir():
        raise ValueError("Ce dossier n'existe pas.")
    return path


def file(value: object, folder: Path) -> Path:
    """A file that exists."""
    path = folder / text(value, folder)
    if not path.is_file():
        raise ValueError("Ce fichier n'existe pas.")
    return path


def bound(value: object, folder: Path) -> int:
    """A positive whole number, from TOML or from a variable."""
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ValueError("Un entier positif est attendu.")
    return number


def seconds(value: object, folder: Path) -> float:
    """A duration in seconds, at most a day."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 86400:
        raise ValueError("Une durée en secondes est attendue, plus grande que zéro.")
    return float(value)


def switch(value: object, folder: Path) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError("true ou false est attendu.")
    return value


def rate(value: object, folder: Path) -> float:
    """A number a second."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1_000_000:
        raise ValueError("Un nombre par seconde est attendu, plus grand que zéro.")
    return float(value)


def port(value: object, folder: Path) -> int:
    """A port, 0 for any."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 65535:
        raise ValueError("Un port est un entier de 0 à 65535.")
    return value


def url(value: object, folder: Path) -> str:
    """An address, https outside this machine, without its last slash."""
    given = text(value, folder)
    if not given.isascii() or not given.isprintable() or " " in given:
        raise ValueError("Une adresse ne contient ni espace ni accent.")
    scheme, _, rest = given.partition("://")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if scheme not in ("http", "https") or not host or "@" in host or "?" in rest or "#" in rest:
        raise ValueError("Une adresse https:// est attendue (http:// en local), sans mot de passe ni paramètre.")
    if scheme == "http" and not _LOCAL.fullmatch(host):
        raise ValueError("Hors de cette machine, l'adresse d'un DMP commence par https://.")
    return given.rstrip("/")


def outbox(value: object, folder: Path) -> str:
    """Address of the queue; the path of a relative SQLite file starts from `folder`."""
    given = text(value, folder)
    scheme, separator, rest = given.partition("://")
    if scheme in ("postgresql", "postgres") and separator:
        return given
    if scheme != "sqlite" or not rest.startswith("/") or len(rest) < 2:
        raise ValueError("sqlite:///fichier ou postgresql://… est attendu.")
    return f"sqlite:///{folder / rest[1:]}"


def proxy(value: object, folder: Path) -> str:
    """Address of a proxy."""
    given = text(value, folder)
    if not given.startswith(("http://", "https://")):
        raise ValueError("L'adresse d'un proxy commence par http:// ou https://.")
    return given


def host(value: object, folder: Path) -> str:
    """Name or address of a machine."""
    given = text(value, folder)
    if not _HOST.fullmatch(given):
        raise ValueError("Un nom de machine ou une adresse IP est attendu, sans port.")
    return given.lower()


def hosts(value: object, folder: Path) -> tuple[str, ...]:
    """Names of machines."""
    if not isinstance(value, list):
        raise ValueError("Un tableau de noms de machine est attendu.")
    return tuple(host(one, folder) for one in value)


def variable(value: object, folder: Path) -> str:
    """Name of an environment variable."""
    given = text(value, folder)
    if not NAME.fullmatch(given):
        raise ValueError("Le nom d'une variable d'environnement est attendu, pas le jeton lui-même.")
    return given


def words(value: object, folder: Path) -> tuple[str, ...]:
    """A program and its arguments."""
    if not isinstance(value, list) or not value or not all(isinstance(one, str) and one for one in value):
        raise ValueError("Un tableau est attendu : le programme, puis ses arguments.")
    return tuple(value)


def header(value: object, folder: Path) -> str:
    """Value of an HTTP header."""
    given = text(value, folder)
    if not given.isascii() or not given.isprintable():
        raise ValueError("Cet en-tête ne contient que des caractères ASCII.")
    return given


def rpps(value: object, folder: Path) -> str:
    """An RPPS."""
    given = text(value, folder)
    if not re.fullmatch(r"[0-9]{11}", given):
        raise ValueError("Un RPPS compte 11 chiffres.")
    return given


def sha256(value: object, folder: Path) -> str:
    """A SHA-256 in lower-case hexadecimal."""
    given = text(value, folder).lower()
    if not re.fullmatch(r"[0-9a-f]{64}", given):
        raise ValueError("Une empreinte SHA-256 compte 64 chiffres hexadécimaux.")
    return given


def ins_roots(value: object, folder: Path) -> tuple[str, ...]:
    """Roots of the INS."""
    if not isinstance(value, list) or not value or not all(isinstance(one, str) and one in INS_ROOTS for one in value):
        raise ValueError(f"Un tableau de racines d'INS est attendu, parmi : {', '.join(sorted(INS_ROOTS))}.")
    return tuple(value)


def table(
    given: Mapping[str, object],
    readers: Mapping[str, Reader],
    place: str,
    folder: Path,
    found: list[Finding],
) -> dict[str, Any]:
    """Values of the keys of one table; what is wrong with them goes to `found`."""
    values: dict[str, Any] = {}
    for key, value in given.items():
        reader = readers.get(key)
        if reader is None:
            message = f"Réglage inconnu. Réglages connus : {', '.join(readers)}."
            found.append(Finding(RULE, Severity.ERROR, f"{place}.{key}", message))
            continue
        try:
            values[key] = reader(value, folder)
        except ValueError as fault:
            found.append(Finding(RULE, Severity.ERROR, f"{place}.{key}", str(fault)))
    return values


def one_of(*values: str) -> Reader:
    """Reader of a word among `values`."""

    def read(value: object, folder: Path) -> str:
        if value not in values:
            raise ValueError(f"Valeurs admises : {', '.join(values)}.")
        return str(value)

    return read


def any_oid(value: object, folder: Path) -> str:
    """An OID."""
    try:
        return Oid.parse(text(value, folder)).value
    except IdentifierError as fault:
        raise ValueError(fault.message) from None


def national_id(value: object, folder: Path) -> str:
    """National identifier of a person or of a structure: its type, then its number.

    Source: CI-SIS, Annexe Sources des données personnes et structures (PS_IdNat, Struct_IdNat).
    """
    given = text(value, folder)
    if not re.fullmatch(r"[0-9][0-9A-Za-z/._-]{4,59}", given):
        raise ValueError("Un identifiant national est attendu : un chiffre (son type), puis le numéro.")
    return given


def sector(value: object, folder: Path) -> str:
    """Code of an activity sector (TRE_R02)."""
    given = text(value, folder)
    if not re.fullmatch(r"SA[0-9]{2}", given):
        raise ValueError("Un secteur d'activité de la TRE_R02 est attendu (SA07, SA08…).")
    return given


def roles(value: object, folder: Path) -> tuple[str, ...]:
    """One or two roles, ``code^oid^label``."""
    if not isinstance(value, list) or not 1 <= len(value) <= 2:
        raise ValueError("Un tableau d'un ou deux rôles est attendu : la profession, puis la spécialité.")
    for one in value:
        if not isinstance(one, str) or not re.fullmatch(r"[^\^]+\^[0-2](?:\.[0-9]+)+\^[^\^]+", one):
            raise ValueError("Un rôle s'écrit « code^oid^libellé » : « 10^1.2.250.1.71.1.2.7^Médecin ».")
    return tuple(value)


def slot(value: object, folder: Path) -> int:
    """Number of the slot of a card."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("Un numéro de lecteur est un entier, à partir de 0.")
    return value
