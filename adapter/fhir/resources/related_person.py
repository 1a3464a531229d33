"""RelatedPerson: a relative in one part, or a legal representative."""

from __future__ import annotations

from typing import Final

from adapter.fhir.datatypes import (
    TRE_R260,
    Frame,
    Json,
    address,
    coded,
    coding,
    concept,
    fixed,
    human_name,
    resource,
    telecoms,
    uuid_identifier,
)
from adapter.model.document import Guardian, Relative

_PROFILE: Final = "related-person"


def related_person(value: Relative, frame: Frame) -> Json:
    """RelatedPerson resource of one part; the parts of one person share their identifier.

    The profile wants a contact point and a role of TRE_R260: without them none is declared.
    Source: cds-fr-related-person (cercle de soins 2.0.1).
    """
    met = bool(value.telecoms) and value.role.system.uri == TRE_R260
    found = resource("RelatedPerson", value.key, frame, (_PROFILE,) if met else (), value.name.text)
    found["identifier"] = [uuid_identifier(value.person)]
    found["patient"] = frame.patient
    relationship = [coded(value.role)]
    if value.relationship:
        relationship.append(concept(value.relationship))
    found["relationship"] = relationship
    found["name"] = [human_name(value.name)]
    if value.telecoms:
        found["telecom"] = telecoms(value.telecoms)
    if value.address and (where := address(value.address)):
        found["address"] = [where]
    return found


def guardian_person(value: Guardian, frame: Frame) -> Json | None:
    """RelatedPerson resource of a legal representative, None when it is an organisation.

    Source: cds-fr-related-person (cercle de soins 2.0.1); role GUARD of TRE_R260.
    """
    if value.name is None:
        return None
    keys = (_PROFILE,) if value.telecoms else ()
    found = resource("RelatedPerson", value.key, frame, keys, value.name.text)
    found["identifier"] = [uuid_identifier(value.key)]
    found["patient"] = frame.patient
    relationship = _guard(value)
    if value.relationship:
        relationship.append(concept(value.relationship))
    found["relationship"] = relationship
    found["name"] = [human_name(value.name)]
    if value.telecoms:
        found["telecom"] = telecoms(value.telecoms)
    if value.address and (where := address(value.address)):
        found["address"] = [where]
    return found


def _guard(value: Guardian) -> list[Json]:
    """Part of a legal representative: GUARD of TRE_R260, then the sort of representation when it has its own code.

    The two never share a CodeableConcept: the profile admits one code system in each.
    Source: cds-fr-related-person, slice Role.
    """
    part: Json = fixed(TRE_R260, "GUARD")
    others = [coding(c) for c in value.kind.codings if c.system.uri != TRE_R260]
    if others:
        return [part, {"coding": others, "text": value.kind.text}]
    part["text"] = value.kind.text
    return [part]
