"""Organization."""

from __future__ import annotations

from typing import Final

from adapter.fhir.datatypes import (
    FR_V2_0203,
    TRE_R02,
    Frame,
    Json,
    address,
    coded,
    concept,
    derived_key,
    fixed,
    identifier,
    resource,
    structure_telecoms,
)
from adapter.model.coded import Concept
from adapter.model.document import Guardian, Identifier, Organization

STRUCTURE_ROOT: Final = "1.2.250.1.71.4.2.2"
FINESS_SYSTEM: Final = "https://finess.esante.gouv.fr"
# Marks the type that is an activity sector (TRE_R02). Source: as-organization, slice secteurActiviteRASS.
_SECTOR: Final[Json] = {
    "url": "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-organization-types",
    "valueCode": "secteurActiviteRASS",
}
_FINESS_LENGTH: Final = 10  # "1" and the nine characters of the FINESS


def organization(value: Organization, frame: Frame) -> Json:
    """Organization resource, with its practice setting and activity sector as types.

    Source: fr-organization-document (document-core 0.1.0), as-organization (annuaire 1.2.0-snapshot-2).
    """
    kinds = _kinds(value)
    sectors = sum("extension" in kind for kind in kinds)
    keys = ("organization", "as-organization") if sectors <= 1 else ()  # the profiles admit one sector
    found = resource("Organization", value.key, frame, keys, value.name)
    if value.identifier:
        found["identifier"] = _identifiers(value.identifier)
    if kinds:
        found["type"] = kinds
    found["name"] = value.name
    if value.telecoms:
        found["telecom"] = structure_telecoms(value.telecoms)
    if value.address and (where := address(value.address)):
        found["address"] = [where]
    return found


def guardian_organization(value: Guardian, frame: Frame) -> Json:
    """Organization resource of a legal representative that is no person."""
    return organization(
        Organization(
            key=derived_key(value.key, "organization"),
            name=value.organization_name,
            telecoms=value.telecoms,
            address=value.address,
        ),
        frame,
    )


def _kinds(value: Organization) -> list[Json]:
    """Types: setting, sector, and the sort of structure in words with its codes; a sector is marked as such."""
    found: list[Json] = []
    if value.setting:
        found.append(coded(value.setting))
    if value.facility:
        found.append({"extension": [_SECTOR], **coded(value.facility)})
    if value.kind:
        sectors = [c for c in value.kind.codings if c.system.uri == TRE_R02]
        found += [{"extension": [_SECTOR], **coded(c), "text": value.kind.text} for c in sectors]
        others = tuple([c for c in value.kind.codings if c.system.uri != TRE_R02])
        if others or not sectors:
            found.append(concept(Concept(value.kind.text, others)))
    return found


def _identifiers(value: Identifier) -> list[Json]:
    if value.root != STRUCTURE_ROOT:
        return [identifier(value)]
    national = {"use": "official", "type": fixed(FR_V2_0203, "IDNST"), **identifier(value)}
    if len(value.value) != _FINESS_LENGTH or not value.value.startswith("1"):
        return [national]
    return [national, {"system": FINESS_SYSTEM, "value": value.value[1:]}]
