"""The whole of ``mappings/`` as one value: concepts, labels, sentences, document specification, profile URLs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from adapter.errors import Finding, MappingError, Severity
from adapter.mapping.billing import BillingTables, read_billing
from adapter.mapping.documents import NO_DOCUMENT, read_document
from adapter.mapping.overlay import TableFiles, looks_like_a_table, merged
from adapter.mapping.spec import DocumentSpec
from adapter.mapping.tables import (
    CODE_COLUMNS,
    DATED_VALUE_SET_COLUMNS,
    EQUIVALENCES,
    SYSTEM_COLUMNS,
    VALUE_SET_COLUMNS,
    Findings,
    Row,
    Source,
    read_rows,
    read_source,
    read_toml,
)
from adapter.model.coded import CodeSystem, Coding, Concept
from adapter.terminology import Registry, ValueSet, is_oid

DOCUMENT = "documents/vsp-synthesis.toml"
MESSAGES = "messages/fr.toml"
_LOCAL = re.compile(r"[^\s,;\"']+")
_DAY = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])")
_URI = re.compile(r"(?:https?://|urn:)\S+")


@dataclass(frozen=True, slots=True)
class Mappings:
    """Every table, ready to be asked: each question is a dictionary hit on a value built at load.

    Attributes:
        digest: SHA-256, in hexadecimal, over the names and bytes of all files.
        registry: code systems by key, OID and URI.
        document: specification of the VSP synthesis.
        tables: concept by table and local value.
        messages: French sentences by dotted key.
        editions: profile URLs by edition and key.
        value_sets: published lists by short name.
        rows: the rows themselves by table, for ``check``, ``explain`` and exports.
        billing: amounts, payers and conditions of the billing advice.
    """

    digest: str
    registry: Registry
    document: DocumentSpec
    tables: Mapping[str, Mapping[str, Concept]]
    messages: Mapping[str, str]
    editions: Mapping[str, Mapping[str, str]]
    value_sets: Mapping[str, ValueSet]
    rows: Mapping[str, tuple[Row, ...]]
    billing: BillingTables

    def system(self, key: str) -> CodeSystem:
        """Code system named `key` in ``systems.csv``.

        Raises:
            MappingError: no such key.
        """
        try:
            return self.registry.by_key[key]
        except KeyError:
            raise _missing("MAP-SYSTEM", f"systems.csv:{key}", "Système de codes absent de systems.csv.") from None

    def concept(self, table: str, local: str) -> Concept:
        """What `local` means in `table`: its French label, and its codings (none when the row is ``unmatched``).

        Raises:
            MappingError: no such table or no such row; there is no default code.
        """
        try:
            return self.tables[table][local]
        except KeyError:
            raise _missing("MAP-ROW", f"codes/{table}.csv:{local}", "Aucune ligne pour cette valeur.") from None

    def coding(self, table: str, local: str) -> Coding:
        """First coding of `local` in `table`.

        Raises:
            MappingError: no such row, or a row without a code.
        """
        codings = self.concept(table, local).codings
        if not codings:
            raise _missing("MAP-UNMATCHED", f"codes/{table}.csv:{local}", "Cette valeur n'a pas de code publié.")
        return codings[0]

    def label(self, table: str, local: str) -> str:
        """French label of `local` in `table`.

        Raises:
            MappingError: no such row.
        """
        return self.concept(table, local).text

    def text(self, key: str) -> str:
        """French sentence of ``messages/fr.toml`` under the dotted `key`.

        Raises:
            MappingError: no such sentence.
        """
        try:
            return self.messages[key]
        except KeyError:
            raise _missing("MAP-TEXT", f"{MESSAGES}:{key}", "Phrase absente du fichier des messages.") from None

    def edition(self, name: str) -> Mapping[str, str]:
        """Profile URLs of the edition `name` (``2026-11``), by key.

        Raises:
            MappingError: no such edition.
        """
        try:
            return self.editions[name]
        except KeyError:
            raise _missing("MAP-EDITION", f"editions/{name}.toml", "Édition inconnue.") from None


def default_directory() -> Path:
    """``adapter/_mappings`` of an installed wheel, else ``mappings`` beside the package in the repository."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "_mappings"
    return inside if inside.is_dir() else package.parent / "mappings"


def load(directory: Path | None = None) -> Mappings:
    """Mappings of the package, with the files of `directory` in the place of those of the same name.

    The package's own are read once per process.

    Raises:
        MappingError: any file is missing, wrong or of an unknown name; every fault is told, as ``file:line:column``.
    """
    return _load_default() if directory is None else load_files(merged(directory))


@cache
def _load_default() -> Mappings:
    return load_files(merged(None))


def load_files(files: TableFiles) -> Mappings:
    """Mappings of these files and of no other.

    Raises:
        MappingError: as for ``load``.
    """
    mappings, found = read(files)
    if any(finding.severity is Severity.ERROR for finding in found.items):
        raise MappingError(found.first_causes())
    return mappings


def read(files: TableFiles) -> tuple[Mappings, Findings]:
    """Mappings of these files, as complete as their faults allow, and those faults."""
    found = Findings()
    for name in files.unreadable:
        found.error("MAP-FILE", f"{name}:1:1", "Dossier illisible : vérifier ses droits d'accès.")
    for name in filter(looks_like_a_table, files.unknown):
        near = files.nearest(name)
        hint = f" Nom le plus proche : {near}." if near else ""
        found.error("MAP-STRAY", f"{name}:1:1", f"Fichier que rien ne lit : le paquet n'a pas ce nom.{hint}")
    sources = {
        name: read_source(name, file, found) for name, file in files.by_name.items() if name.endswith((".csv", ".toml"))
    }
    for needed in ("systems.csv", DOCUMENT, MESSAGES):
        if needed not in sources:
            found.unreadable("MAP-FILE", f"{needed}:1:1", "Fichier absent.")
    registry = _registry(sources.get("systems.csv"), found)
    rows: dict[str, tuple[Row, ...]] = {}
    tables: dict[str, Mapping[str, Concept]] = {}
    editions: dict[str, Mapping[str, str]] = {}
    for name, source in sources.items():
        folder, _, file = name.partition("/")
        stem = file.rpartition(".")[0]
        if folder == "codes" and file.endswith(".csv"):
            rows[stem] = tuple(read_rows(source, CODE_COLUMNS, found))
            tables[stem] = _concepts(rows[stem], registry, found)
        elif folder == "editions" and file.endswith(".toml"):
            editions[stem] = _edition(source, found)
    document = NO_DOCUMENT
    if DOCUMENT in sources:
        scales = tables.get("scales", {})
        document = read_document(sources[DOCUMENT], registry, scales, found)
    mappings = Mappings(
        digest=_digest(sources),
        registry=registry,
        document=document,
        tables=MappingProxyType(tables),
        messages=MappingProxyType(_messages(sources[MESSAGES], found) if MESSAGES in sources else {}),
        editions=MappingProxyType(editions),
        value_sets=MappingProxyType(_value_sets(sources, registry, found)),
        rows=MappingProxyType(rows),
        billing=read_billing(sources, found),
    )
    return mappings, found


def _missing(rule: str, path: str, message: str) -> MappingError:
    return MappingError([Finding(rule, Severity.ERROR, path, message, "mappings/README.md")])


def _digest(sources: Mapping[str, Source]) -> str:
    digest = hashlib.sha256()
    for name, source in sources.items():
        digest.update(f"{name}\0{len(source.raw)}\0".encode())
        digest.update(source.raw)
    return digest.hexdigest()


def _registry(source: Source | None, found: Findings) -> Registry:
    systems: list[CodeSystem] = []
    seen: set[str] = set()
    for row in read_rows(source, SYSTEM_COLUMNS, found) if source else ():
        system = CodeSystem(row["key"], row["oid"], row["uri"], row["name"])
        if not _LOCAL.fullmatch(system.key):
            found.error("MAP-LOCAL", row.place("key"), "Clé vide ou avec une espace.")
        if system.key in seen:
            found.error("MAP-DUPLICATE", row.place("key"), f"Clé déjà définie : {system.key}.")
        if not is_oid(system.oid):
            found.error("MAP-OID", row.place("oid"), "OID mal formé.")
        if not _URI.fullmatch(system.uri):
            found.error("MAP-URI", row.place("uri"), "URI absente ou mal formée (https://… ou urn:…).")
        if not system.name:
            found.error("MAP-LABEL", row.place("name"), "Nom du système absent.")
        if not row["source"]:
            found.error("MAP-SOURCE", row.place("source"), "Source absente.")
        seen.add(system.key)
        systems.append(system)
    return Registry.of(systems)


def _concepts(rows: tuple[Row, ...], registry: Registry, found: Findings) -> dict[str, Concept]:
    labels: dict[str, str] = {}
    codings: dict[str, list[Coding]] = {}
    for row in rows:
        local = row["local"]
        coding = _row_coding(row, registry, found)
        if not _LOCAL.fullmatch(local):
            found.error("MAP-LOCAL", row.place("local"), "Valeur locale vide, ou avec une espace ou une ponctuation.")
        if not row["label"].strip():
            found.error("MAP-LABEL", row.place("label"), "Libellé absent : c'est ce que le lecteur voit.")
        if not row["source"]:
            found.error("MAP-SOURCE", row.place("source"), "Source absente.")
        if local not in labels:
            labels[local] = row["label"]
            codings[local] = [coding] if coding else []
            continue
        # A second row adds a code to the same concept: another system's, or one whose note says why.
        earlier = codings[local]
        if coding is None or not earlier or coding in earlier:
            found.error("MAP-DUPLICATE", row.place("local"), f"Valeur déjà définie : {local}.")
        elif any(coding.system is other.system for other in earlier) and not row["note"].strip():
            found.error("MAP-DUPLICATE", row.place("local"), f"Deux codes du même système : dire pourquoi ({local}).")
        elif row["label"] != labels[local]:
            found.error("MAP-LABEL", row.place("label"), f"Deux libellés pour une même valeur : {local}.")
        else:
            earlier.append(coding)
    return {local: Concept(text, tuple(codings[local])) for local, text in labels.items()}


def _row_coding(row: Row, registry: Registry, found: Findings) -> Coding | None:
    equivalence, key, code, display = row["equivalence"], row["system"], row["code"], row["display"]
    if equivalence not in EQUIVALENCES:
        found.error("MAP-EQUIVALENCE", row.place("equivalence"), "Attendu : " + ", ".join(sorted(EQUIVALENCES)) + ".")
        return None
    if equivalence == "unmatched":
        for column in ("system", "code", "display"):
            if row[column]:
                found.error("MAP-UNMATCHED", row.place(column), "Une ligne « unmatched » n'a ni système ni code.")
        if not row["note"].strip():
            found.error("MAP-NOTE", row.place("note"), "Une ligne « unmatched » dit ici ce qui a été cherché.")
        return None
    system = registry.by_key.get(key)
    if system is None:
        found.error("MAP-SYSTEM", row.place("system"), "Système de codes absent de systems.csv.")
    if not code or code != code.strip():
        found.error("MAP-CODE", row.place("code"), "Code absent ou entouré d'espaces.")
    if equivalence == "equivalent" and not display:
        found.error("MAP-DISPLAY", row.place("display"), "Libellé du producteur absent.")
    if equivalence != "equivalent" and not row["note"].strip():
        found.error("MAP-NOTE", row.place("note"), "Une équivalence imparfaite s'explique ici.")
    return Coding(system, code, display) if system and code else None


def _edition(source: Source, found: Findings) -> Mapping[str, str]:
    content = read_toml(source, found)
    profiles: dict[str, str] = {}
    table = content.get("profiles", {})
    for key, url in (table if isinstance(table, dict) else {}).items():
        if not isinstance(url, str) or not _URI.fullmatch(url):
            found.error("MAP-URI", source.place_of(rf"^{re.escape(key)}\s*="), "URL de profil mal formée.")
        else:
            profiles[key] = url
    if not table:
        found.error("MAP-EDITION", source.place(1), "Aucun profil dans [profiles].")
    return MappingProxyType(profiles)


def _messages(source: Source, found: Findings) -> dict[str, str]:
    flat: dict[str, str] = {}

    def walk(table: Mapping[str, Any], prefix: str) -> None:
        for key, value in table.items():
            if isinstance(value, dict):
                walk(value, f"{prefix}{key}.")
            elif isinstance(value, str) and value.strip():
                flat[prefix + key] = value
            else:
                place = source.place_of(rf"^\s*{re.escape(key)}\s*=")
                found.error("MAP-TEXT", place, "Une phrase est un texte non vide, entre guillemets.")

    walk(read_toml(source, found), "")
    return flat


def _value_sets(sources: Mapping[str, Source], registry: Registry, found: Findings) -> dict[str, ValueSet]:
    index = sources.get("value-sets/sources.toml")
    if index is None:
        return {}
    value_sets: dict[str, ValueSet] = {}
    for name, facts in read_toml(index, found).items():
        file = sources.get(f"value-sets/{name}.csv")
        if file is None or not isinstance(facts, dict):
            place = index.place_of(rf"^\[{re.escape(name)}\]")
            found.error("MAP-FILE", place, f"Fichier value-sets/{name}.csv absent.")
            continue
        members: dict[tuple[str, str], str] = {}
        periods: dict[tuple[str, str], tuple[str, str]] = {}
        dated = file.text.partition("\n")[0].rstrip("\r") == ",".join(DATED_VALUE_SET_COLUMNS)
        for row in read_rows(file, DATED_VALUE_SET_COLUMNS if dated else VALUE_SET_COLUMNS, found):
            system = registry.by_key.get(row["system"])
            if system is None:
                found.error("MAP-SYSTEM", row.place("system"), "Système de codes absent de systems.csv.")
                continue
            members[system.oid, row["code"]] = row["display"]
            if dated:
                periods[system.oid, row["code"]] = _period(row, found)
        value_sets[name] = ValueSet(
            name,
            str(facts.get("oid", "")),
            str(facts.get("version", "")),
            facts.get("complete") == "yes",
            members,
            periods,
        )
    return value_sets


def _period(row: Row, found: Findings) -> tuple[str, str]:
    """First and last day of a code, as written; a day that is none is told and left out."""
    days: list[str] = []
    for column in ("start", "end"):
        day = row[column]
        if day and not _DAY.fullmatch(day):
            found.error("MAP-RETIRED", row.place(column), "Date attendue : AAAA-MM-JJ, ou rien.")
            day = ""
        days.append(day)
    return days[0], days[1]
