"""Encounter of the document: the visit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from adapter.fhir.datatypes import (
    Frame,
    Json,
    coded,
    coding,
    fixed,
    identifier,
    period,
    reference,
    resource,
)
from adapter.model.document import Encounter

IDENTIFIER_TYPE: Final = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-identifier-type"
PARTICIPATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"


def encounter(value: Encounter, title: str, main_problems: Iterable[str], frame: Frame) -> Json:
    """Encounter resource; `main_problems` are the keys of the Conditions that the visit is about.

    Source: fr-encounter-care-document (document-core 0.1.0); JDV_J140 for the part of the author.
    """
    found = resource("Encounter", value.key, frame, ("encounter",), title)
    found["identifier"] = [{"type": fixed(IDENTIFIER_TYPE, "VN"), **identifier(value.identifier)}]
    found["status"] = "finished"
    found["class"] = coding(value.class_)
    if value.type:
        found["type"] = [coded(value.type)]
    found["subject"] = frame.patient
    found["participant"] = [{"type": [fixed(PARTICIPATION, "ATND")], "individual": frame.author}]
    found["period"] = period(value.start, value.end)
    diagnosis = [{"condition": reference(key), "rank": n} for n, key in enumerate(main_problems, 1)]
    if diagnosis:
        found["diagnosis"] = diagnosis
    found["location"] = [{"location": reference(value.place.key)}]
    return found
