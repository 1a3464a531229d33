"""Every fault of a mappings directory, as findings at ``file:line:column``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import get_args

from adapter.errors import Finding
from adapter.mapping.completeness import Needs, check_needs, check_strays
from adapter.mapping.loader import Mappings, read
from adapter.mapping.overlay import TableFiles
from adapter.mapping.tables import SYSTEM_COLUMNS, Findings, Row, read_rows, read_source


def visit_vocabulary() -> dict[str, frozenset[str]]:
    """Local values that the visit model allows, by table; the model is imported by this call only."""
    from adapter.model.codes import LOCAL_CODES

    return {table: frozenset(get_args(literal)) for table, literal in LOCAL_CODES.items()}


def check(
    files: TableFiles,
    vocabulary: Mapping[str, frozenset[str]] | None = None,
    *,
    needs: Needs | None = None,
    day: date | None = None,
) -> list[Finding]:
    """Findings about these tables, in the order of the files; empty when all is well.

    When a folder stands over the package (``merged``), the whole is judged, and a finding in a file of the package
    says so: the cause is then in a file of the folder that it depends on.

    `vocabulary` names the local values that a visit may use, by table (see ``visit_vocabulary``): each must have
    a row, and each row of such a table must be usable. `needs` says what else the program asks for: builders of
    sections, sentences, profiles... (see ``needs_of_the_package``). `day` is the day at which each code must be valid,
    as far as its list dates its codes. None skips each of these comparisons.
    """
    mappings, found = read(files)
    check_strays(files, found)
    _check_systems(mappings, files, found)
    _check_value_sets(mappings, found)
    if day is not None:
        _check_validity(mappings, day.isoformat(), found)
    _check_displays(mappings, found)
    if vocabulary is not None:
        _check_coverage(mappings, vocabulary, found)
    if needs is not None:
        check_needs(files, mappings, needs, found)
    packaged = files.by_name.keys() - files.own
    return [
        replace(one, message=f"{one.message} (fichier du paquet)") if one.path.rsplit(":", 2)[0] in packaged else one
        for one in found.first_causes()
    ]


def _check_systems(mappings: Mappings, files: TableFiles, found: Findings) -> None:
    """An URI leads to one OID, and an URI made of an OID is made of that one.

    An OID may have two URIs: the publisher of the French terminologies gives a second one to HL7 tables.
    """
    places: dict[str, Row] = {}
    if file := files.by_name.get("systems.csv"):
        source = read_source("systems.csv", file, Findings())
        places = {row["key"]: row for row in reversed(read_rows(source, SYSTEM_COLUMNS, Findings()))}
    by_uri: dict[str, str] = {}
    for key, system in mappings.registry.by_key.items():
        place = places[key].place("uri")
        inside = system.uri.removeprefix("urn:oid:")
        if inside != system.uri and inside != system.oid:
            found.error("MAP-PAIR", place, "L'URI est faite d'un autre OID que celui de la ligne.")
        elif by_uri.setdefault(system.uri, system.oid) != system.oid:
            found.error("MAP-PAIR", place, "Cette URI a un autre OID sur une autre ligne.")


def _check_validity(mappings: Mappings, day: str, found: Findings) -> None:
    """A code is in force on `day`, where the list it comes from dates its codes."""
    for rows in mappings.rows.values():
        for row in rows:
            value_set = mappings.value_sets.get(row["source"].partition(" ")[0])
            system = mappings.registry.by_key.get(row["system"])
            if value_set is None or system is None:
                continue
            start, end = value_set.periods.get((system.oid, row["code"]), ("", ""))
            if end and end < day:
                found.error("MAP-RETIRED", row.place("code"), f"Code clos depuis le {end} dans {value_set.name}.")
            elif start > day:
                found.error("MAP-RETIRED", row.place("code"), f"Code en vigueur le {start} seulement.")


def _check_value_sets(mappings: Mappings, found: Findings) -> None:
    """A row that cites a published list in ``source`` must stand in it, under the publisher's label."""
    for rows in mappings.rows.values():
        for row in rows:
            value_set = mappings.value_sets.get(row["source"].partition(" ")[0])
            system = mappings.registry.by_key.get(row["system"])
            if value_set is None or system is None:
                continue
            display = value_set.members.get((system.oid, row["code"]))
            if not row["code"] or not row["display"]:  # already told
                continue
            if display is None:
                if value_set.complete:
                    found.error("MAP-MEMBER", row.place("code"), f"Code absent de {value_set.name}.")
            elif display != row["display"]:
                found.error("MAP-MEMBER", row.place("display"), f"Libellé différent de celui de {value_set.name}.")
            elif value_set.version and value_set.version not in row["source"]:
                found.warning("MAP-MEMBER", row.place("source"), f"{value_set.name} est daté du {value_set.version}.")


def _check_displays(mappings: Mappings, found: Findings) -> None:
    """A code has one label wherever it stands: two labels are two meanings, or a typing mistake."""
    labels: dict[tuple[str, str], str] = {}
    for rows in mappings.rows.values():
        for row in rows:
            if row["code"] and labels.setdefault((row["system"], row["code"]), row["display"]) != row["display"]:
                found.error("MAP-CONFLICT", row.place("display"), f"Autre libellé ailleurs pour le code {row['code']}.")


def _check_coverage(mappings: Mappings, vocabulary: Mapping[str, frozenset[str]], found: Findings) -> None:
    for table, locals_ in vocabulary.items():
        file = f"codes/{table}.csv"
        if table not in mappings.tables:
            found.unreadable("MAP-FILE", f"{file}:1:1", "Table du modèle de visite absente.")
            continue
        for local in sorted(locals_ - mappings.tables[table].keys()):
            found.error("MAP-COVERAGE", f"{file}:1:1", f"Valeur du modèle de visite sans ligne : {local}.")
        for row in mappings.rows[table]:
            if row["local"] not in locals_:
                message = f"Ligne qu'aucune visite ne peut employer : {row['local']}."
                found.warning("MAP-ORPHAN", row.place("local"), message)
