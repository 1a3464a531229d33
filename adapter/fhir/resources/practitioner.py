"""Practitioner and PractitionerRole of one professional."""

from __future__ import annotations

from typing import Final

from adapter.fhir.datatypes import (
    FR_V2_0203,
    Frame,
    Json,
    address,
    coded,
    concept,
    fixed,
    human_name,
    identifier,
    reference,
    resource,
    telecoms,
    uuid_identifier,
)
from adapter.model.coded import Coding
from adapter.model.document import Identifier, Professional

PROFESSIONAL_ROOT: Final = "1.2.250.1.71.4.2.1"
RPPS_SYSTEM: Final = "https://rpps.esante.gouv.fr"
_RPPS_LENGTH: Final = 12  # "8" and the eleven digits of the RPPS


def practitioner(value: Professional, frame: Frame) -> Json:
    """Practitioner resource; somebody without a national number carries our own key as identifier.

    Source: fr-practitioner-document (document-core 0.1.0), as-practitioner (annuaire 1.2.0-snapshot-2).
    """
    found = resource("Practitioner", value.key, frame, ("practitioner", "as-practitioner"), value.name.text)
    found["identifier"] = _identifiers(value.identifier) if value.identifier else [uuid_identifier(value.key)]
    found["name"] = [human_name(value.name)]
    if value.address and (where := address(value.address)):
        found["address"] = [where]
    if value.profession:
        found["qualification"] = [{"code": concept(value.profession)}]
    return found


def _identifiers(value: Identifier) -> list[Json]:
    if value.root != PROFESSIONAL_ROOT:
        return [identifier(value)]
    national = {"use": "official", "type": fixed(FR_V2_0203, "IDNPS"), **identifier(value)}
    if len(value.value) != _RPPS_LENGTH or not value.value.startswith("8"):
        return [national]
    rpps = {
        "use": "official",
        "type": fixed(FR_V2_0203, "RPPS"),
        "system": RPPS_SYSTEM,
        "value": value.value[1:],
    }
    return [rpps, national]


def practitioner_role(value: Professional, organization: str, frame: Frame, function: Coding | None = None) -> Json:
    """PractitionerRole resource: the person, within the organisation of key `organization` (empty: unknown).

    The profile of document-core wants an organisation: without one only that of the directory is declared.
    Source: fr-practitionerRole-document (document-core 0.1.0), as-practitionerrole (annuaire 1.2.0-snapshot-2).
    """
    keys = ("practitioner-role", "as-practitioner-role") if organization else ("as-practitioner-role",)
    found = resource("PractitionerRole", value.role_key, frame, keys, value.name.text)
    found["practitioner"] = reference(value.key)
    if organization:
        found["organization"] = reference(organization)
    if function:
        found["code"] = [coded(function)]
    if value.telecoms:
        found["telecom"] = telecoms(value.telecoms)
    return found
