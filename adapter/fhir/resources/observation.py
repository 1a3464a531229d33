"""Observation: pain, scores, symptoms, vital signs, social facts, wishes and decisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapter.fhir.datatypes import LOINC, Frame, Json, concept, fixed, quantity, resource
from adapter.model.coded import Concept
from adapter.model.document import Observation, Quantity

_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
_CATEGORIES: Final[Mapping[str, Json]] = {
    "pain": fixed(_CATEGORY, "survey", "Survey"),
    "score": fixed(_CATEGORY, "survey", "Survey"),
    "symptom": fixed(_CATEGORY, "exam", "Exam"),
    "finding": fixed(_CATEGORY, "exam", "Exam"),
    "vital-sign": fixed(_CATEGORY, "vital-signs", "Vital Signs"),
    "social": fixed(_CATEGORY, "social-history", "Social History"),
}
PAIN_SCORE: Final = "38208-5"
_PAIN_MAX: Final = 10
# LOINC codes of JDV_SignesVitaux (jdv-signe-vital-cisis) that a visit measures; the profile admits that set only.
_VITAL_SIGNS: Final = frozenset(
    {
        "20564-1", "8280-0", "8287-5", "8302-2", "8306-3", "8310-5", "8867-4", "8462-4", "8480-6", "9279-1", "29463-7",
        "39156-5",
    }
)  # fmt: skip

_EXAMINED: Final = frozenset({"symptom", "finding"})
_PAIN_PROFILE: Final = ("observation-pain",)
_SCORE_PROFILE: Final = ("observation-assessment",)
_VITAL_PROFILE: Final = ("observation-vital-signs",)
_RESULT_PROFILE: Final = ("observation-result",)


def observation(value: Observation, frame: Frame) -> Json:
    """Observation resource with its value, or the words that say why there is none.

    Source: fr-observation-pain-score-, -assessment-, -vital-signs- and -result-document (document-core 0.1.0).
    """
    found = resource("Observation", value.key, frame, _profile(value), value.statement)
    found["status"] = "final"
    if category := _CATEGORIES.get(value.kind):
        found["category"] = [category]
    found["code"] = concept(value.what)
    found["subject"] = frame.patient
    found["effectiveDateTime"] = frame.moment(value.at)
    if value.kind != "score":  # fr-observation-assessment-document admits an organisation only
        found["performer"] = [frame.author]
    answer = value.value
    if isinstance(answer, bool):
        found["valueBoolean"] = answer
    elif isinstance(answer, int):
        found["valueInteger"] = answer
    elif isinstance(answer, str):
        found["valueString"] = answer
    elif isinstance(answer, Quantity):
        found["valueQuantity"] = quantity(answer)
    elif isinstance(answer, Concept):
        found["valueCodeableConcept"] = concept(answer)
    else:
        found["dataAbsentReason"] = {"text": value.absent}
    if value.site:
        found["bodySite"] = {"text": value.site}
    if value.method:
        found["method"] = {"text": value.method}
    return found


def _profile(value: Observation) -> tuple[str, ...]:
    """Key of the profile that this very observation meets."""
    kind, answer = value.kind, value.value
    if kind == "pain":
        scored = isinstance(answer, int) and not isinstance(answer, bool) and 0 <= answer <= _PAIN_MAX
        return _PAIN_PROFILE if scored and _loinc(value) == PAIN_SCORE else ()
    if kind == "score":
        return _SCORE_PROFILE if answer is not None else ()
    if kind == "vital-sign":
        return _VITAL_PROFILE if isinstance(answer, Quantity) and _loinc(value) in _VITAL_SIGNS else ()
    if kind in _EXAMINED and answer is not None and not value.method:
        return _RESULT_PROFILE  # its method is bound to a value set, ours is words
    return ()


def _loinc(value: Observation) -> str:
    """First LOINC code of the question; empty when it has none."""
    for coding in value.what.codings:
        if coding.system.uri == LOINC:
            return coding.code
    return ""
