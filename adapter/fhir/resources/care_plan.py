"""CarePlan: what is done and planned, as one resource around goals, requests and the next visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapter.fhir.datatypes import Frame, Json, coded, reference, resource
from adapter.model.document import CareAct


@dataclass(frozen=True, slots=True)
class PlanParts:
    """Keys of what the plan refers to; ``team`` is empty when there is no team."""

    acts: Sequence[CareAct] = ()
    goals: Sequence[str] = ()
    activities: Sequence[str] = ()
    problems: Sequence[str] = ()
    team: str = ""


def care_plan(key: str, title: str, parts: PlanParts, text: Json, frame: Frame) -> Json:
    """CarePlan resource; `text` is the complete narrative of the plan.

    No French profile exists for a palliative plan (fr-care-plan-document is one line of a medication plan).
    It has no period: care is under way, since when nobody said.
    Source: FHIR R4, CarePlan.
    """
    found = resource("CarePlan", key, frame, ("care-plan",), title)
    found["text"] = text
    found["status"] = "active"
    found["intent"] = "plan"
    if parts.acts:
        found["category"] = [coded(act.what) for act in parts.acts]
    found["title"] = title
    found["subject"] = frame.patient
    found["created"] = frame.written_at
    found["author"] = frame.author
    if parts.team:
        found["careTeam"] = [reference(parts.team)]
    if parts.problems:
        found["addresses"] = [reference(problem) for problem in parts.problems]
    if parts.goals:
        found["goal"] = [reference(goal) for goal in parts.goals]
    if parts.activities:
        found["activity"] = [{"reference": reference(activity)} for activity in parts.activities]
    return found
