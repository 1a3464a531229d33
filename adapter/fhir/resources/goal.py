"""Goal of care."""

from __future__ import annotations

from adapter.fhir.datatypes import Frame, Json, concept, resource
from adapter.model.document import Goal


def goal(value: Goal, frame: Frame) -> Json:
    """Goal resource. Source: FHIR R4, Goal (no French profile exists)."""
    found = resource("Goal", value.key, frame, ("goal",), value.statement)
    found["lifecycleStatus"] = "active"
    found["description"] = concept(value.what)
    found["subject"] = frame.patient
    return found
