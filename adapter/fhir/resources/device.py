"""Device and DeviceUseStatement: what is in place, or the statement that nothing is."""

from __future__ import annotations

from adapter.fhir.datatypes import Frame, Json, concept, derived_key, reference, resource
from adapter.model.document import Device


def device_key(value: Device) -> str:
    """Key of the Device that the DeviceUseStatement of `value` speaks of."""
    return derived_key(value.key, "device")


def device(value: Device, frame: Frame) -> Json:
    """Device resource. Source: FHIR R4, Device."""
    found = resource("Device", device_key(value), frame, (), value.what.text)
    found["type"] = concept(value.what)
    found["patient"] = frame.patient
    return found


def device_use_statement(value: Device, frame: Frame) -> Json:
    """DeviceUseStatement resource; for a stated absence the device has the absent-or-unknown code as type.

    Source: FHIR R4, DeviceUseStatement.
    """
    found = resource("DeviceUseStatement", value.key, frame, (), value.statement)
    found["status"] = "active"
    found["subject"] = frame.patient
    if value.since:
        found["timingPeriod"] = {"start": value.since}
    found["recordedOn"] = frame.written_at
    found["source"] = frame.author
    found["device"] = reference(device_key(value))
    if value.site:
        found["bodySite"] = {"text": value.site}
    return found
