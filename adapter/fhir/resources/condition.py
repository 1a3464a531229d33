"""Condition: disease, problem or past event."""

from __future__ import annotations

from typing import Final

from adapter.fhir.datatypes import DATA_ABSENT, Frame, Json, coded, concept, fixed, resource
from adapter.model.document import Problem

_CLINICAL: Final = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_ACTIVE: Final = fixed(_CLINICAL, "active")
_RESOLVED: Final = fixed(_CLINICAL, "resolved")
_UNKNOWN: Final = {"extension": [{"url": DATA_ABSENT, "valueCode": "unknown"}]}


def condition(value: Problem, frame: Frame) -> Json:
    """Condition resource; an unknown onset is said to be unknown, the profile wants one.

    How sure the doctor is was not said: no verificationStatus.
    Source: fr-condition-document (document-core 0.1.0): category of JDV_ProblemCodes, onset 1..1.
    """
    found = resource("Condition", value.key, frame, ("condition",), value.statement)
    over = value.resolved or value.end
    found["clinicalStatus"] = _RESOLVED if over else _ACTIVE
    found["category"] = [coded(value.kind)]
    found["code"] = concept(value.what)
    found["subject"] = frame.patient
    if value.onset:
        found["onsetDateTime"] = value.onset
    else:
        found["_onsetDateTime"] = _UNKNOWN
    if value.end:
        found["abatementDateTime"] = value.end
    found["recordedDate"] = frame.written_at
    found["recorder"] = frame.author
    return found
