"""Location of the visit."""

from __future__ import annotations

from adapter.fhir.datatypes import Frame, Json, address, coding, reference, resource, telecoms
from adapter.model.coded import Coding
from adapter.model.document import Place


def location(value: Place, facility: Coding, frame: Frame) -> Json:
    """Location resource.

    The profile wants exactly one activity sector (JDV_J02) and no code there means a home: the sector is that of the
    author's practice, the words and other codes tell the place itself.
    Source: fr-location-document (document-core 0.1.0).
    """
    found = resource("Location", value.key, frame, ("location",), value.label)
    found["name"] = value.label
    found["type"] = [{"coding": [coding(facility), *[coding(c) for c in value.kind.codings]], "text": value.kind.text}]
    if value.telecoms:
        found["telecom"] = telecoms(value.telecoms)
    if value.address and (where := address(value.address)):
        found["address"] = where
    if value.organization:
        found["managingOrganization"] = reference(value.organization.key)
    return found
