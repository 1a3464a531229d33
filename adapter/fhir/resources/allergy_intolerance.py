"""AllergyIntolerance, or the statement that there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapter.fhir.datatypes import Frame, Json, concept, fixed, resource
from adapter.model.document import Allergy

_ACTIVE: Final = fixed("http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "active")
# FHIR type and category of each sort of predictable adverse event; a reaction that is not allergic is an intolerance.
# Source: SNOMED CT concepts of JDV_TypeEvenementIndesirablePrevisible; FHIR R4 allergy-intolerance-type, -category.
_SORT: Final[Mapping[str, tuple[str, str]]] = {
    "609328004": ("allergy", ""),
    "416098002": ("allergy", "medication"),
    "414285001": ("allergy", "food"),
    "419199007": ("allergy", ""),
    "609396006": ("intolerance", ""),
    "609398007": ("intolerance", "medication"),
    "735449006": ("intolerance", "food"),
    "609397002": ("intolerance", ""),
    "782197009": ("intolerance", ""),
    "59037007": ("intolerance", "medication"),
    "235719002": ("intolerance", "food"),
    "56840009": ("intolerance", ""),
}


def allergy_intolerance(value: Allergy, frame: Frame) -> Json:
    """AllergyIntolerance resource; for a stated absence the code is the absent-or-unknown one.

    FHIR wants a clinicalStatus (ait-1); how sure the doctor is was not said: no verificationStatus.
    Source: fr-allergy-intolerance-document (document-core 0.1.0): the onset is a period.
    """
    found = resource("AllergyIntolerance", value.key, frame, ("allergy-intolerance",), value.statement)
    found["clinicalStatus"] = _ACTIVE
    sort, category = _SORT.get(value.kind.code, ("", "")) if not value.absence else ("", "")
    if sort:
        found["type"] = sort
    if category:
        found["category"] = [category]
    found["code"] = concept(value.agent)
    found["patient"] = frame.patient
    if value.onset:
        found["onsetPeriod"] = {"start": value.onset}
    found["recordedDate"] = frame.written_at
    found["recorder"] = frame.author
    if value.reaction:
        found["reaction"] = [{"manifestation": [concept(value.reaction)]}]
    return found
