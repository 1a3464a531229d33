"""The next visit read back from a document of ours: what the queue still knows when the visit itself is gone."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from typing import Any, Final

from lxml import etree

_V3: Final = {"h": "urn:hl7-org:v3"}
_ENCOUNTER: Final = "//h:encounter[@moodCode='ARQ'][h:templateId/@root='1.2.250.1.213.1.1.3.58']/h:effectiveTime/@value"
_HL7_DAY: Final = re.compile(r"\d{8}", re.ASCII)

When = tuple[date | None, datetime | None]


def from_cda(root: etree._Element) -> When:
    """Day and moment of the next visit in a CDA document, None when it has none.

    Raises:
        ValueError: the time there is none of ours.
    Source: CI-SIS Modèles de contenus CDA, FR-Rencontre.
    """
    found = root.xpath(_ENCOUNTER, namespaces=_V3)
    if not isinstance(found, list) or not found:
        return None, None
    text = str(found[0])
    if _HL7_DAY.fullmatch(text):
        return datetime.strptime(text, "%Y%m%d").date(), None  # noqa: DTZ007  # a day has no offset
    moment = datetime.strptime(text, "%Y%m%d%H%M%S%z")
    return moment.date(), moment


def from_bundle(data: bytes) -> When:
    """Day and moment of the next visit in a document Bundle, None when it has none.

    Raises:
        ValueError: `data` is no Bundle of ours.
    Source: HL7 FHIR R4, Appointment.requestedPeriod.
    """
    bundle: Any = json.loads(data)
    try:
        resources = [entry["resource"] for entry in bundle["entry"]]
        starts = [one["requestedPeriod"][0]["start"] for one in resources if one["resourceType"] == "Appointment"]
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError("not a document Bundle of this package") from error
    if not starts:
        return None, None
    if len(starts[0]) == len("2026-10-26"):
        return date.fromisoformat(starts[0]), None
    moment = datetime.fromisoformat(starts[0])
    return moment.date(), moment
