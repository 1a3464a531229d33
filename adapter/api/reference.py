"""What a caller may look up: the format of a visit, the rows of a table, the rules behind the findings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from adapter.mapping import Mappings, load

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

__all__ = ["DIALECT", "Mappings", "load_tables", "table_rows", "tables_summary", "visit_schema"]


def load_tables(folder: Path | None, edition: str) -> Mappings:
    """Tables of `folder`, or of the package; the edition is one of theirs.

    Raises:
        MappingError: a file is missing or wrong, or the edition is unknown.
    """
    tables = load(folder)
    tables.edition(edition)
    return tables


def visit_schema(references: str = "#/$defs/{model}") -> dict[str, Any]:
    """JSON Schema (2020-12) of a visit, descriptions in French.

    Args:
        references: how a definition is named where it is used.
    """
    from adapter.model.visit import Visit

    found = {"$schema": DIALECT, **Visit.model_json_schema(ref_template=references)}
    for definition in (found, *found["$defs"].values()):
        if definition is not found:
            definition.pop("description", None)  # the words of the code; those of the format stand on the fields
        for field in definition.get("properties", {}).values():
            field.pop("title", None)  # the field's own name again, in capitals
    return found


def tables_summary(tables: Mappings) -> dict[str, Any]:
    """Digest, editions, sections and tables, with how many local values each knows."""
    return {
        "digest": tables.digest,
        "editions": sorted(tables.editions),
        "sections": [{"key": one.key, "title": one.title} for one in tables.document.sections],
        "tables": [{"name": name, "rows": len(tables.tables[name])} for name in sorted(tables.tables)],
    }


def table_rows(tables: Mappings, name: str) -> list[dict[str, Any]] | None:
    """Local values of one table with their label and codings; None when there is no such table."""
    known: Mapping[str, Any] | None = tables.tables.get(name)
    if known is None:
        return None
    return [
        {
            "local": local,
            "label": concept.text,
            "codings": [
                {
                    "system": coding.system.uri,
                    "system_oid": coding.system.oid,
                    "code": coding.code,
                    "display": coding.display,
                }
                for coding in concept.codings
            ],
        }
        for local, concept in known.items()
    ]
