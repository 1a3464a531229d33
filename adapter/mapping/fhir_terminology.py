"""The tables as FHIR R4 terminology resources, for a terminology server or another adapter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from adapter.mapping.loader import Mappings
from adapter.mapping.tables import Row

OWN_SYSTEM: Final = "vsp-local"
DEFAULT_BASE: Final = "https://dmp-adapter.example/fhir"

Resource = dict[str, Any]


def terminology(mappings: Mappings, base: str = DEFAULT_BASE) -> Iterator[Resource]:
    """CodeSystem of our own codes, then for each table its local values (CodeSystem and ValueSet) and ConceptMap.

    The same tables give the same resources: no clock in them, the version is the digest of the tables.

    Args:
        base: start of the canonical URLs, without a final slash; the OID of our own codes is not under it.
    Source: FHIR R4 4.0.1, CodeSystem, ValueSet, ConceptMap (cmd-1: an imperfect equivalence has a comment).
    """
    version = mappings.digest[:12]
    if OWN_SYSTEM in mappings.registry.by_key:
        yield _own_codes(mappings, version)
    for table, rows in mappings.rows.items():
        yield _local_values(table, rows, base, version)
        yield _value_set(table, base, version)
        yield _concept_map(table, rows, mappings, base, version)


def file_name(resource: Resource) -> str:
    """Name of the file of a resource: ``ConceptMap-symptoms.json``."""
    return f"{resource['resourceType']}-{resource['id']}.json"


def _head(kind: str, table: str, base: str, version: str, title: str) -> Resource:
    return {
        "resourceType": kind,
        "id": table,
        "url": f"{base}/{kind}/{table}",
        "version": version,
        "name": "Vsp" + "".join(part.capitalize() for part in table.split("-")) + kind,
        "title": title,
        "status": "active",
        "experimental": False,
    }


def _own_codes(mappings: Mappings, version: str) -> Resource:
    system = mappings.system(OWN_SYSTEM)
    codes = {
        row["code"]: row["display"] for rows in mappings.rows.values() for row in rows if row["system"] == OWN_SYSTEM
    }
    return {
        **_head("CodeSystem", OWN_SYSTEM, "", version, system.name),
        "url": system.uri,
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": f"urn:oid:{system.oid}"}],
        "caseSensitive": True,
        "content": "complete",
        "count": len(codes),
        "concept": [{"code": code, "display": display} for code, display in sorted(codes.items())],
    }


def _local_values(table: str, rows: Sequence[Row], base: str, version: str) -> Resource:
    labels = {row["local"]: row["label"] for row in rows}
    return {
        **_head("CodeSystem", table, base, version, f"Valeurs de la table {table}"),
        "caseSensitive": True,
        "valueSet": f"{base}/ValueSet/{table}",
        "content": "complete",
        "count": len(labels),
        "concept": [{"code": local, "display": label} for local, label in labels.items()],
    }


def _value_set(table: str, base: str, version: str) -> Resource:
    return {
        **_head("ValueSet", table, base, version, f"Valeurs de la table {table}"),
        "compose": {"include": [{"system": f"{base}/CodeSystem/{table}"}]},
    }


def _concept_map(table: str, rows: Sequence[Row], mappings: Mappings, base: str, version: str) -> Resource:
    groups: dict[str, dict[str, Resource]] = {}
    for row in rows:
        element = groups.setdefault(row["system"], {}).setdefault(
            row["local"], {"code": row["local"], "display": row["label"], "target": []}
        )
        element["target"].append(_target(row))
    source = f"{base}/CodeSystem/{table}"
    return {
        **_head("ConceptMap", table, base, version, f"Codes de la table {table}"),
        "sourceCanonical": f"{base}/ValueSet/{table}",
        "group": [
            {
                "source": source,
                **({"target": mappings.system(key).uri} if key else {}),
                "element": list(elements.values()),
            }
            for key, elements in groups.items()
        ],
    }


def _target(row: Row) -> Resource:
    told = {
        "code": row["code"],
        "display": row["display"],
        "equivalence": row["equivalence"],
        "comment": row["note"],
    }
    return {name: value for name, value in told.items() if value}
