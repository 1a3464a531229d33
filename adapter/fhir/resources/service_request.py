"""ServiceRequest: a coordination action, who does what by when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapter.fhir.datatypes import Frame, Json, concept, reference, resource
from adapter.model.document import Request

_STATE: Final[Mapping[str, tuple[str, str]]] = {
    "planned": ("active", "plan"),
    "requested": ("active", "order"),
    "done": ("completed", "order"),
}


def service_request(value: Request, performer: str, frame: Frame) -> Json:
    """ServiceRequest resource.

    Args:
        value: the action.
        performer: key of the resource that performs it; empty when the document has none, the label stays.
        frame: what the document's resources share.
    Source: fr-service-request-document (document-core 0.1.0), declared when the action has its mandatory date.
    """
    keys = ("service-request",) if value.due else ()
    found = resource("ServiceRequest", value.key, frame, keys, value.statement)
    found["status"], found["intent"] = _STATE[value.status]
    found["code"] = concept(value.what)
    found["subject"] = frame.patient
    if value.due:
        found["occurrencePeriod"] = {"end": value.due.isoformat()}  # by then, not on that day
    found["authoredOn"] = frame.written_at
    found["requester"] = frame.author
    who: Json = reference(performer) if performer else {}
    if value.performer_label:
        who["display"] = value.performer_label
    if who:
        found["performer"] = [who]
    return found
