"""What the bytes of a document say of themselves, read apart from everything that wrote them.

A value that a document does not tell is empty: who compares says nothing of it then.
Source: HL7 CDA R2, header; HL7 FHIR R4, documents (Composition); ANS, correspondance entre l'en-tête CDA et les
métadonnées XDS.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import orjson
from lxml import etree

Pair = tuple[str, str]  # OID (or URI) and value
Json = dict[str, Any]

_CDA: Final = {"h": "urn:hl7-org:v3"}
_TIME: Final = re.compile(r"(\d{8})(\d{2})(\d{2})(\d{2})?([+-]\d{4})")
_OID: Final = "urn:oid:"
_GENDERS: Final = {"female": "F", "male": "M"}


class HeaderIllegible(Exception):
    """The bytes are no document of the announced form."""


@dataclass(frozen=True, slots=True, repr=False)
class Header:
    """Header of a document.

    Attributes:
        codes: (system, code) by name of the XDS attribute; the system is an OID in CDA, a URI in FHIR.
        texts: title, language, level of confidentiality (``confidentiality``), unique and set identifiers, version,
            replaced document, by name.
        times: creation, start and stop of the act, by name of the XDS attribute.
        people: identifiers of the patient, of the authors, of the authenticator, of the custodian, by name.
        families: family names of the patient. ``born``, ``sex``: of the patient (``F``, ``M``, or nothing).
        body: ``structured``, ``pdf`` or ``other``.
    """

    codes: dict[str, Pair]
    texts: dict[str, str]
    times: dict[str, datetime]
    people: dict[str, frozenset[Pair]]
    families: frozenset[str]
    born: date | None
    sex: str
    body: str


def cda_header(content: bytes) -> Header:
    """Header of a CDA document.

    Raises:
        HeaderIllegible: no XML, or another root.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        raise HeaderIllegible from None
    if root.tag != "{urn:hl7-org:v3}ClinicalDocument":
        raise HeaderIllegible
    patient = "h:recordTarget/h:patientRole"
    event = "h:documentationOf/h:serviceEvent"
    structured = root.find("h:component/h:structuredBody", _CDA) is not None
    media = _attribute(root, "h:component/h:nonXMLBody/h:text", "mediaType")
    organization = "h:author/h:assignedAuthor/h:representedOrganization/h:standardIndustryClassCode"
    place = "h:componentOf/h:encompassingEncounter/h:location/h:healthCareFacility/h:code"
    return Header(
        codes=_told(
            {
                "typeCode": _code(root, "h:code"),
                "healthcareFacilityTypeCode": _code(root, place),
                "practiceSettingCode": _code(root, organization),
                "eventCodeList": _code(root, f"{event}/h:code"),
            }
        ),
        texts={
            "uniqueId": _attribute(root, "h:id", "root"),
            "setId": _attribute(root, "h:setId", "root"),
            "version": _attribute(root, "h:versionNumber", "value"),
            "title": _plain(root.findtext("h:title", "", _CDA)),
            "languageCode": _attribute(root, "h:languageCode", "code"),
            "confidentiality": _attribute(root, "h:confidentialityCode", "code"),
            "replaces": _attribute(root, "h:relatedDocument/h:parentDocument/h:id", "root"),
        },
        times=_moments(
            {
                "creationTime": _attribute(root, "h:effectiveTime", "value"),
                "serviceStartTime": _attribute(root, f"{event}/h:effectiveTime/h:low", "value"),
                "serviceStopTime": _attribute(root, f"{event}/h:effectiveTime/h:high", "value"),
            }
        ),
        people={
            "patientId": _ids(root, f"{patient}/h:id"),
            "authorPerson": _ids(root, "h:author/h:assignedAuthor/h:id"),
            "legalAuthenticator": _ids(root, "h:legalAuthenticator/h:assignedEntity/h:id"),
            "authorInstitution": _ids(root, "h:custodian//h:representedCustodianOrganization/h:id"),
        },
        families=frozenset(one.text or "" for one in root.iterfind(f"{patient}/h:patient/h:name/h:family", _CDA)),
        born=_day(_attribute(root, f"{patient}/h:patient/h:birthTime", "value")[:8]),
        sex=_sex(_attribute(root, f"{patient}/h:patient/h:administrativeGenderCode", "code")),
        body="structured" if structured else "pdf" if media == "application/pdf" else "other",
    )


def bundle_header(content: bytes) -> Header:
    """Header of a FHIR document: its Composition and the people that it names.

    Raises:
        HeaderIllegible: no JSON, or no Composition in a Bundle.
    """
    try:
        bundle = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise HeaderIllegible from None
    by_address = {str(one.get("fullUrl")): one.get("resource") for one in _objects(bundle, "entry")}
    head = next((one for one in by_address.values() if _is(one, "Composition")), None)
    if head is None:
        raise HeaderIllegible

    def behind(reference: Any) -> Json:
        found = by_address.get(str(reference.get("reference"))) if isinstance(reference, dict) else None
        return found if isinstance(found, dict) else {}

    def person(reference: Any) -> frozenset[Pair]:
        role = behind(reference)
        return _identifiers(behind(role["practitioner"]) if "practitioner" in role else role)

    patient = behind(head.get("subject"))
    event = next(_objects(head, "event"), {})
    legal = [one for one in _objects(head, "attester") if one.get("mode") == "legal"]
    period = event["period"] if isinstance(event.get("period"), dict) else {}
    return Header(
        codes=_told(
            {
                "typeCode": _first_coding(head.get("type")),
                "classCode": _first_coding(next(_objects(head, "category"), None)),
                "eventCodeList": _first_coding(next(_objects(event, "code"), None)),
            }
        ),
        texts={
            "uniqueId": _oid(bundle.get("identifier")),
            "setId": _oid(head.get("identifier")),
            "version": next((str(one.get("valueString", "")) for one in _versions(head)), ""),
            "title": _plain(str(head.get("title", ""))),
            "languageCode": str(head.get("language", "")),
            "confidentiality": str(head.get("confidentiality", "")),
            "replaces": next((_oid(one.get("targetIdentifier")) for one in _objects(head, "relatesTo")), ""),
        },
        times=_moments(
            {
                "creationTime": str(head.get("date", "")),
                "serviceStartTime": str(period.get("start", "")),
                "serviceStopTime": str(period.get("end", "")),
            }
        ),
        people={
            "patientId": _identifiers(patient),
            "authorPerson": frozenset(pair for one in _objects(head, "author") for pair in person(one)),
            "legalAuthenticator": frozenset(pair for one in legal for pair in person(one.get("party"))),
            "authorInstitution": _identifiers(behind(head.get("custodian"))),
        },
        families=frozenset(str(one.get("family", "")) for one in _objects(patient, "name")),
        born=_day(str(patient.get("birthDate", "")).replace("-", "")),
        sex=_GENDERS.get(str(patient.get("gender", "")), ""),
        body="structured",
    )


# ---------------------------------------------------------------- CDA


def _attribute(root: etree._Element, path: str, name: str) -> str:
    found = root.find(path, _CDA)
    return found.get(name, "") if found is not None else ""


def _code(root: etree._Element, path: str) -> Pair:
    return _attribute(root, path, "codeSystem"), _attribute(root, path, "code")


def _ids(root: etree._Element, path: str) -> frozenset[Pair]:
    return frozenset((one.get("root", ""), one.get("extension", "")) for one in root.iterfind(path, _CDA))


def _sex(code: str) -> str:
    return code if code in _GENDERS.values() else ""


# ---------------------------------------------------------------- FHIR


def _objects(holder: Any, name: str) -> Iterator[Json]:
    found = holder.get(name, ()) if isinstance(holder, dict) else ()
    return (one for one in found if isinstance(one, dict)) if isinstance(found, list) else iter(())


def _is(resource: Any, kind: str) -> bool:
    return isinstance(resource, dict) and resource.get("resourceType") == kind


def _versions(head: Json) -> Iterable[Json]:
    return (one for one in _objects(head, "extension") if str(one.get("url", "")).endswith("Composition.version"))


def _first_coding(concept: Any) -> Pair:
    coding = next(_objects(concept, "coding"), {})
    return str(coding.get("system", "")), str(coding.get("code", ""))


def _oid(identifier: Any) -> str:
    value = identifier.get("value", "") if isinstance(identifier, dict) else ""
    return str(value).removeprefix(_OID)


def _identifiers(resource: Json) -> frozenset[Pair]:
    return frozenset(
        (str(one.get("system", "")).removeprefix(_OID), str(one.get("value", "")))
        for one in _objects(resource, "identifier")
        if str(one.get("system", "")).startswith(_OID)
    )


# ---------------------------------------------------------------- both


def _plain(text: str) -> str:
    return " ".join(text.split())


def _told(codes: dict[str, Pair]) -> dict[str, Pair]:
    return {name: pair for name, pair in codes.items() if pair[1]}


def _day(digits: str) -> date | None:
    try:
        return date.fromisoformat(digits) if len(digits) == len("20261012") else None
    except ValueError:
        return None


def _moments(texts: dict[str, str]) -> dict[str, datetime]:
    """Moments to the second; a text without offset tells none."""
    found: dict[str, datetime] = {}
    for name, text in texts.items():
        hl7 = _TIME.fullmatch(text)
        iso = f"{hl7[1]}T{hl7[2]}{hl7[3]}{hl7[4] or '00'}{hl7[5]}" if hl7 else text
        try:
            moment = datetime.fromisoformat(iso)
        except ValueError:
            continue
        if moment.tzinfo is not None:
            found[name] = moment.replace(microsecond=0)
    return found


__all__ = ["Header", "HeaderIllegible", "bundle_header", "cda_header"]
