"""MedicationStatement: a treatment as the doctor wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapter.fhir.datatypes import Frame, Json, concept, period, quantity, resource
from adapter.model.document import Medication, Quantity

_STATUS: Final[Mapping[str, str]] = {
    "active": "active",
    "stopped": "stopped",
    "suspended": "on-hold",
    "planned": "intended",
}
_HOURS_A_DAY: Final = 24
_DAY: Final = Quantity("24", "h", "h")


def medication_statement(value: Medication, frame: Frame) -> Json:
    """MedicationStatement resource; no dose is computed.

    No profile is declared: fr-medication-statement-document fixes the status to ``completed``, which would say of a
    current treatment that it is over.
    Source: FHIR R4, MedicationStatement and Dosage.
    """
    found = resource("MedicationStatement", value.key, frame, (), value.statement)
    # FHIR has no status for a stated absence: the code tells it, "active" would count as one treatment more.
    found["status"] = "unknown" if value.absence else _STATUS[value.status]
    found["medicationCodeableConcept"] = concept(value.product)
    found["subject"] = frame.patient
    if when := period(value.start, value.end):
        found["effectivePeriod"] = when
    found["dateAsserted"] = frame.written_at
    found["informationSource"] = frame.author
    if value.indication:
        found["reasonCode"] = [{"text": value.indication}]
    if dosage := _dosage(value):
        found["dosage"] = [dosage]
    return found


def _dosage(value: Medication) -> Json:
    found: Json = {}
    if value.dosage:
        found["text"] = value.dosage
    if repeat := _repeat(value):
        found["timing"] = {"repeat": repeat}
    if value.as_needed:
        found["asNeededBoolean"] = True
    if value.route:
        found["route"] = concept(value.route)
    amount: Json = {}
    if value.dose:
        amount["doseQuantity"] = quantity(value.dose)
    if value.rate:
        amount["rateQuantity"] = quantity(value.rate)
    if amount:
        found["doseAndRate"] = [amount]
    if value.max_per_day is not None:
        found["maxDosePerPeriod"] = {"numerator": quantity(_intakes(value.max_per_day)), "denominator": quantity(_DAY)}
    return found


def _intakes(count: int) -> Quantity:
    return Quantity(str(count), "prise(s)", "{dose}")  # UCUM annotation: one intake, as CDA says it


def _repeat(value: Medication) -> Json:
    """Rhythm as given. There is room for one: of two, the times a day when they make whole hours, as CDA can say."""
    times, hours = value.times_per_day, value.every_hours
    if times and (not hours or _HOURS_A_DAY % times == 0):
        return {"frequency": times, "period": 1, "periodUnit": "d"}
    return {"frequency": 1, "period": hours, "periodUnit": "h"} if hours else {}
