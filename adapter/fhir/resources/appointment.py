"""Appointment: the next visit."""

from __future__ import annotations

from adapter.fhir.datatypes import Frame, Json, moment, resource
from adapter.model.document import NextVisit


def appointment(value: NextVisit, frame: Frame) -> Json:
    """Appointment resource: proposed, with the day or the hour asked for; nobody's diary has confirmed it.

    Source: fr-core-appointment 2.2.0-ballot-2; FHIR R4 app-2, app-3 (start and end go together, the end is unknown).
    """
    found = resource("Appointment", value.key, frame, ("core-appointment",), value.statement)
    found["status"] = "proposed"
    found["description"] = value.statement
    found["created"] = frame.written_at
    found["participant"] = [
        {"actor": frame.patient, "status": "needs-action"},
        {"actor": frame.author, "status": "accepted"},
    ]
    start = moment(value.at) if value.at else value.on.isoformat()
    found["requestedPeriod"] = [{"start": start}]
    return found
