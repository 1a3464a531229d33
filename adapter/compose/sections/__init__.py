"""One builder per section key of ``mappings/documents``: what the visit says that belongs there."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from adapter.compose.draft import Content, Draft
from adapter.compose.sections import assessment, disease, emergency, plan, treatment, wishes
from adapter.mapping import SectionSpec

Builder = Callable[[Draft, SectionSpec], Content]

BUILDERS: Mapping[str, Builder] = {
    "vigilance": emergency.vigilance,
    "conclusions": disease.conclusions,
    "reason": disease.reason,
    "problems": disease.problems,
    "history": disease.history,
    "allergies": treatment.allergies,
    "treatments": treatment.treatments,
    "devices": treatment.devices,
    "functional-status": assessment.functional_status,
    "pain": assessment.pain,
    "performance": assessment.performance,
    "global-assessment": assessment.global_assessment,
    "symptoms": assessment.symptoms,
    "vital-signs": assessment.vital_signs,
    "advance-directives": wishes.advance_directives,
    "social": wishes.social,
    "care-plan": plan.care_plan,
    "attachments": plan.attachments,
}
