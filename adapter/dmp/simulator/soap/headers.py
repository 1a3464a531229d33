"""Metadata of a document held against the header of its CDA.

Source: ANS, volet Partage de documents de santé, correspondance entre l'en-tête CDA et les métadonnées XDS.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from lxml import etree

from adapter.dmp.simulator.outcomes import Issues
from adapter.dmp.xds.metadata.names import MASK_OID
from adapter.errors import DocumentInvalid
from adapter.model.document import Professional
from adapter.submission.values import DocumentEntry
from adapter.validation.xml_input import parse_xml

_NS: Final = {"h": "urn:hl7-org:v3"}
_TIME: Final = re.compile(r"(?P<digits>\d{4,14})(?:\.\d+)?(?P<offset>[+-][01]\d[0-5]\d)?")
_AUTHORS: Final = "h:author/h:assignedAuthor/h:id"
_AUTHENTICATOR: Final = "h:legalAuthenticator/h:assignedEntity/h:id"
_EVENT: Final = "h:documentationOf/h:serviceEvent[h:effectiveTime]"


def check_header(issues: Issues, entry: DocumentEntry, content: bytes, at: str) -> None:
    """Author, authenticator, times, title, language and confidentiality, as the CDA says them.

    A content that is no CDA is told elsewhere; what the header leaves out is not judged.
    """
    try:
        root = parse_xml(content, allow_instructions=True)
    except DocumentInvalid:
        return
    _check_person(issues, root, _AUTHORS, entry.author, "authorPerson", at)
    _check_person(issues, root, _AUTHENTICATOR, entry.legal_authenticator, "legalAuthenticator", at)
    _check_time(issues, root.find("h:effectiveTime", _NS), entry.creation_time, "creationTime", at)
    event = root.find(_EVENT, _NS)
    if event is not None:
        held = event.find("h:effectiveTime", _NS)
        low = held.find("h:low", _NS) if held is not None else None
        high = held.find("h:high", _NS) if held is not None else None
        _check_time(issues, low if low is not None else held, entry.service_start, "serviceStartTime", at)
        _check_time(issues, high, entry.service_stop, "serviceStopTime", at)
    title = (root.findtext("h:title", namespaces=_NS) or "").strip()
    if title and title != entry.title.strip():
        _differ(issues, "title", at)
    language = _attribute(root, "h:languageCode", "code")
    if language and language.lower() != entry.language.lower():
        _differ(issues, "languageCode", at)
    level = _attribute(root, "h:confidentialityCode", "code")
    if level and level not in {one.code for one in entry.confidentiality if one.system.oid != MASK_OID}:
        _differ(issues, "confidentialityCode", at)


def _check_person(issues: Issues, root: etree._Element, path: str, told: Professional, name: str, at: str) -> None:
    held = {(one.get("root"), one.get("extension")) for one in root.iterfind(path, _NS) if one.get("extension")}
    if held and (told.identifier is None or (told.identifier.root, told.identifier.value) not in held):
        _differ(issues, name, at)


def _check_time(issues: Issues, element: etree._Element | None, told: datetime, name: str, at: str) -> None:
    found = _TIME.fullmatch(element.get("value") or "") if element is not None else None
    if found is None:
        return
    digits, offset = found["digits"], found["offset"]
    local = told.astimezone(_zone(offset)) if offset else told.astimezone(UTC)
    if not offset and len(digits) > len("20261012"):
        return  # a local time without its offset says no moment
    if not local.strftime("%Y%m%d%H%M%S").startswith(digits):
        _differ(issues, name, at)


def _zone(offset: str) -> timezone:
    minutes = int(offset[1:3]) * 60 + int(offset[3:5])
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))


def _attribute(root: etree._Element, path: str, name: str) -> str:
    found = root.find(path, _NS)
    return (found.get(name) or "") if found is not None else ""


def _differ(issues: Issues, name: str, at: str) -> None:
    issues.wrong(at, f"La métadonnée {name} n'est pas celle de l'en-tête du CDA.", kind="business-rule")
