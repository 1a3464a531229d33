"""Reminder -> local FHIR R4 resources: the Appointment proposed, and the Task of planning it.

They stay in the practice. The Appointment of the shared document is another resource, printed by its own room.
Source: HL7 FHIR R4 (4.0.1), Appointment (app-2, app-3: start and end go together) and Task (base resources).
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from adapter.model.identifiers import PROFESSIONAL_OID
from adapter.reminders.values import Reminder

Json = dict[str, Any]

_URI: Final = "urn:ietf:rfc:3986"


def as_bundle(reminder: Reminder) -> bytes:
    """Bundle ``collection`` (UTF-8 JSON) of an Appointment and its Task, cancelled when the plan is withdrawn.

    The patient is designated by the local number only; details asked for stand in the descriptions.
    """
    resources = [_appointment(reminder), _task(reminder)]
    bundle: Json = {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": _moment(reminder),
        "entry": [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in resources],
    }
    return orjson.dumps(bundle, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _appointment(reminder: Reminder) -> Json:
    found: Json = {
        "resourceType": "Appointment",
        "id": reminder.key,
        "meta": {"versionId": str(reminder.sequence)},
        "identifier": [{"system": _URI, "value": f"urn:uuid:{reminder.key}"}],
        "status": "cancelled" if reminder.cancelled else "proposed",
        "description": _description(reminder),
        "created": _moment(reminder),
        "participant": [
            {"actor": _patient(reminder), "status": "needs-action"},
            {"actor": _doctor(reminder), "status": "accepted"},
        ],
    }
    if start := _start(reminder):
        found["requestedPeriod"] = [{"start": start}]
    return found


def _task(reminder: Reminder) -> Json:
    found: Json = {
        "resourceType": "Task",
        "id": f"{reminder.key[:-12]}{int(reminder.key[-12:], 16) ^ 1:012x}",
        "meta": {"versionId": str(reminder.sequence)},
        "status": "cancelled" if reminder.cancelled else "requested",
        "intent": "plan",
        "description": _description(reminder),
        "focus": {"reference": f"urn:uuid:{reminder.key}"},
        "for": _patient(reminder),
        "authoredOn": _moment(reminder),
        "owner": _doctor(reminder),
    }
    if start := _start(reminder):
        found["restriction"] = {"period": {"start": start, "end": start}}
    return found


def _description(reminder: Reminder) -> str:
    told = (reminder.what, reminder.name, reminder.diagnosis, reminder.text, reminder.address)
    return ", ".join(part for part in told if part)


def _patient(reminder: Reminder) -> Json:
    if not reminder.patient_root:
        return {"type": "Patient", "display": f"Patient de la visite {reminder.record}"}
    return {
        "type": "Patient",
        "identifier": {"system": f"urn:oid:{reminder.patient_root}", "value": reminder.record},
    }


def _doctor(reminder: Reminder) -> Json:
    identifier = {"system": f"urn:oid:{PROFESSIONAL_OID}", "value": f"8{reminder.doctor_rpps}"}
    return {"type": "Practitioner", "identifier": identifier, "display": reminder.doctor}


def _start(reminder: Reminder) -> str:
    if reminder.at is not None:
        return reminder.at.isoformat(timespec="seconds")
    return reminder.on.isoformat() if reminder.on else ""


def _moment(reminder: Reminder) -> str:
    return reminder.stamp.isoformat(timespec="seconds")
