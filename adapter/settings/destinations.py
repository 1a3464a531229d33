"""The DMP that documents are sent to, as the tables ``[destinations.NAME]`` of the file tell them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from adapter.errors import Finding, Severity
from adapter.model.destination import SERVICES, KeySource, Reach, XdsAccess
from adapter.settings import reading
from adapter.settings.reading import NAME, RULE


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationSettings(Reach):
    """One DMP.

    Attributes:
        token_env: environment variable that holds the bearer token; empty for none.
        token_command: program and arguments that print it; empty for none.
        ins_roots: assigning authorities of the INS that it accepts; empty for the four published ones.
        max_document_bytes: largest document that it accepts; None for no limit.
    """

    token_env: str = ""
    token_command: tuple[str, ...] = ()
    ins_roots: tuple[str, ...] = ()
    max_document_bytes: int | None = None


def read_destinations(value: object, file: Path, found: list[Finding]) -> Mapping[str, DestinationSettings]:
    """Destinations of the file; what is wrong with them goes to `found`."""
    if not isinstance(value, dict):
        _refuse(found, f"{file.name}: destinations", "Des tables [destinations.NOM] sont attendues.")
        return {}
    read: dict[str, DestinationSettings] = {}
    for name, table in value.items():
        place = f"{file.name}: destinations.{name}"
        if not isinstance(table, dict) or not NAME.fullmatch(name):
            message = "Une table est attendue, d'un nom fait de lettres, de chiffres, de « - » et de « _ »."
            _refuse(found, place, message)
            continue
        before = len(found)
        values = _values(table, place, file.parent, found)
        if len(found) == before:
            read[name] = DestinationSettings(**values)
    return MappingProxyType(read)


def _values(table: dict[str, Any], place: str, folder: Path, found: list[Finding]) -> dict[str, Any]:
    given = dict(table)
    xds = given.pop("xds", None)
    values = reading.table(given, DESTINATION_READERS, place, folder, found)
    if "base_url" not in table:
        _refuse(found, f"{place}.base_url", "L'adresse du DMP manque.")
    if "token_env" in table and "token_command" in table:
        message = "Le jeton vient d'une variable (token_env) ou d'une commande (token_command), pas des deux."
        _refuse(found, place, message)
    client = {key.removeprefix("client_"): values.pop(key) for key in CLIENT_KEYS if key in values}
    if not files_together(table.get("client_cert"), table.get("client_key")):
        _refuse(found, place, "Le certificat client (client_cert) et sa clé (client_key) vont ensemble.")
    values["client"] = KeySource(**client)
    if xds is not None:
        values["xds"] = _xds(xds, f"{place}.xds", folder, found)
    elif values.get("wire") == "xds":
        _refuse(found, f"{place}.xds", "La voie xds demande une table xds : mode, structure, signature…")
    return values


def _xds(value: object, place: str, folder: Path, found: list[Finding]) -> XdsAccess:
    """Who acts on the XDS wire."""
    if not isinstance(value, dict):
        _refuse(found, place, "Une table est attendue.")
        return XdsAccess()
    given = dict(value)
    signing, services = given.pop("signing", None), given.pop("services", {})
    values = reading.table(given, XDS_READERS, place, folder, found)
    values["services"] = MappingProxyType(_part(services, SERVICE_READERS, f"{place}.services", folder, found))
    values["signing"] = _signing(signing, f"{place}.signing", folder, found)
    access = XdsAccess(**values)
    needed = ["structure", "sector", "user_id", "source_id"]
    needed += [] if access.mode == "direct" else ["user_name"]
    needed += [] if access.automaton else ["roles"]
    for key in needed:
        if key not in value:
            _refuse(found, f"{place}.{key}", "Ce réglage manque : le DMP demande qui appelle, d'où, et avec quoi.")
    return access


def _signing(value: object, place: str, folder: Path, found: list[Finding]) -> KeySource:
    values = _part(value if value is not None else {}, SIGNING_READERS, place, folder, found)
    told = value if isinstance(value, dict) else {}
    if not ("module" in told) ^ ("cert" in told):
        _refuse(found, place, "La signature demande un fichier (cert, key) ou une carte (module), l'un ou l'autre.")
    elif not files_together(told.get("cert"), told.get("key")):
        _refuse(found, place, "Le certificat de signature (cert) et sa clé (key) vont ensemble.")
    return KeySource(**values)


def _part(
    value: object, readers: Mapping[str, reading.Reader], place: str, folder: Path, found: list[Finding]
) -> dict[str, Any]:
    if isinstance(value, dict):
        return reading.table(value, readers, place, folder, found)
    _refuse(found, place, "Une table est attendue.")
    return {}


def files_together(cert: object, key: object) -> bool:
    """Whether the files hold a key and its certificate: two PEM files, a PKCS#12 file, or none at all."""
    if cert is None or key is not None:
        return (cert is None) == (key is None)
    return str(cert).lower().endswith(PKCS12_SUFFIXES)


def _refuse(found: list[Finding], place: str, message: str) -> None:
    found.append(Finding(RULE, Severity.ERROR, place, message))


PKCS12_SUFFIXES: Final = (".p12", ".pfx")
CLIENT_KEYS: Final = ("client_cert", "client_key", "client_password_env")

DESTINATION_READERS: Final[Mapping[str, reading.Reader]] = {
    "base_url": reading.url,
    "wire": reading.one_of("pdsm", "xds"),
    "ca_bundle": reading.file,
    "crl": reading.file,
    "client_cert": reading.file,
    "client_key": reading.file,
    "client_password_env": reading.variable,
    "token_env": reading.variable,
    "token_command": reading.words,
    "actor": reading.header,
    "caller_rpps": reading.rpps,
    "proxy": reading.proxy,
    "post_search": reading.switch,
    "connect_timeout_s": reading.seconds,
    "read_timeout_s": reading.seconds,
    "total_timeout_s": reading.seconds,
    "ins_roots": reading.ins_roots,
    "max_document_bytes": reading.bound,
}
XDS_READERS: Final[Mapping[str, reading.Reader]] = {
    "mode": reading.one_of("direct", "indirect", "indirect-reinforced", "air"),
    "structure": reading.national_id,
    "sector": reading.sector,
    "user_id": reading.national_id,
    "user_name": reading.text,
    "roles": reading.roles,
    "automaton": reading.switch,
    "software_name": reading.text,
    "software_version": reading.text,
    "software_id": reading.text,
    "approval_id": reading.text,
    "login": reading.text,
    "vihf_version": reading.one_of("3.0", "4.0"),
    "vihf_mode_name": reading.one_of("Authentification_Mode", "Authentification_mode"),
    "vihf_digest": reading.one_of("SHA-256", "SHA-1"),
    "vihf_lifetime_s": reading.bound,
    "dsg_digest": reading.one_of("SHA-1", "SHA-256"),
    "check_structure": reading.switch,
    "repository_unique_id": reading.any_oid,
    "source_id": reading.any_oid,
    "processing": reading.one_of("P", "D", "T"),
    "revocation": reading.header,
}
SERVICE_READERS: Final[Mapping[str, reading.Reader]] = dict.fromkeys(SERVICES, reading.url)
SIGNING_READERS: Final[Mapping[str, reading.Reader]] = {
    "cert": reading.file,
    "key": reading.file,
    "password_env": reading.variable,
    "module": reading.file,
    "slot": reading.slot,
    "label": reading.text,
}
