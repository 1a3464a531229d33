"""Small deposits made by hand, so that the simulator is judged by something else than our own client."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha1
from typing import Any
from uuid import NAMESPACE_OID, uuid5

Json = dict[str, Any]

INS_SYSTEM = "urn:oid:1.2.250.1.213.1.4.10"
INS = "255069999999934"
OTHER_INS = "279035121518989"
AUTHOR, COLLEAGUE, ATTENDING = "99700100003", "99700100011", "99700100029"
STRUCTURE = "499700100003001"
ARC = "1.2.250.1.999.1"
URI = "urn:ietf:rfc:3986"
PDSM = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/"
MHD = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/"
NOS = "https://mos.esante.gouv.fr/NOS/"
IS_ARCHIVED = PDSM + "pdsm-ext-is-archived"
MASKS = NOS + "TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument"
AS_AUTHOR = {"X-DMP-Actor": f"professional;rpps={AUTHOR};structure={STRUCTURE};mode=direct"}
AS_COLLEAGUE = {"X-DMP-Actor": f"professional;rpps={COLLEAGUE};mode=direct"}
AS_ATTENDING = {"X-DMP-Actor": f"professional;rpps={ATTENDING};mode=direct"}
AS_STRUCTURE = {"X-DMP-Actor": f"professional;structure={STRUCTURE};mode=indirect"}
AS_AIR = {"X-DMP-Actor": f"professional;rpps={AUTHOR};mode=air"}
AS_PATIENT = {"X-DMP-Actor": f"patient;ins={INS}"}
AS_GUARDIAN = {"X-DMP-Actor": f"guardian;ins={INS}"}


def oid(name: str) -> str:
    return f"{ARC}.{uuid5(NAMESPACE_OID, name).int % 10**12}"


def uuid(name: str) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE_OID, name)}"


def cda(
    name: str, *, of: str = "", version: int = 1, replaces: str = "", ins: str = INS, code: str = "11488-4"
) -> bytes:
    parent = (
        f'<relatedDocument typeCode="RPLC"><parentDocument><id root="{oid(replaces)}"/>'
        "</parentDocument></relatedDocument>"
        if replaces
        else ""
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><ClinicalDocument xmlns="urn:hl7-org:v3"><id root="{oid(name)}"/>'
        f'<code code="{code}" codeSystem="2.16.840.1.113883.6.1"/><setId root="{oid("set " + (of or name))}"/>'
        f'<versionNumber value="{version}"/><recordTarget><patientRole>'
        f'<id root="1.2.250.1.213.1.4.10" extension="{ins}"/></patientRole></recordTarget>{parent}</ClinicalDocument>'
    ).encode()


def concept(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def _typed(kind: str) -> Json:
    return concept("https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203", kind)


def people() -> list[Json]:
    rpps = {"use": "official", "type": _typed("RPPS"), "system": "https://rpps.esante.gouv.fr", "value": AUTHOR}
    place = {"use": "official", "type": _typed("IDNST"), "system": "urn:oid:1.2.250.1.71.4.2.2", "value": STRUCTURE}
    return [
        {"resourceType": "Practitioner", "id": "medecin", "identifier": [rpps], "name": [{"family": "EXEMPLE"}]},
        {"resourceType": "Organization", "id": "cabinet", "identifier": [place], "name": "CABINET EXEMPLE"},
        {
            "resourceType": "PractitionerRole",
            "id": "exercice",
            "practitioner": {"reference": "#medecin"},
            "organization": {"reference": "#cabinet"},
        },
    ]


def patient(ins: str = INS) -> Json:
    insee = {
        "url": "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-address-insee-code",
        "valueCoding": {"system": NOS + "TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM", "code": "44109"},
    }
    given = {
        "url": "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient-birth-list-given-name",
        "valueString": "ESSAI",
    }
    birth_place = {
        "url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace",
        "valueAddress": {"extension": [insee]},
    }
    return {
        "resourceType": "Patient",
        "id": "patient",
        "extension": [birth_place],
        "identifier": [{"use": "official", "type": _typed("INS-NIR-TEST"), "system": INS_SYSTEM, "value": ins}],
        "name": [{"use": "official", "family": "ESSAI", "given": ["ESSAI"], "extension": [given]}],
        "gender": "female",
        "birthDate": "1955-06-10",
    }


def label(code: str) -> Json:
    return concept("http://terminology.hl7.org/CodeSystem/v3-Confidentiality" if code in "NRV" else MASKS, code)


def reference(
    name: str, content: bytes, *, masks: Iterable[str] = (), replaces: str = "", ins: str = INS, created: str = ""
) -> Json:
    value: Json = {
        "resourceType": "DocumentReference",
        "contained": [*people(), patient(ins)],
        "masterIdentifier": {"use": "usual", "system": URI, "value": f"urn:oid:{oid(name)}"},
        "identifier": [{"use": "official", "system": URI, "value": uuid(name)}],
        "status": "current",
        "type": concept("http://loinc.org", "11488-4"),
        "category": [concept(NOS + "TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument", "10")],
        "subject": {"reference": f"Patient?identifier={INS_SYSTEM}|{ins}"},
        "date": "2026-11-20T16:00:10+01:00",
        "author": [{"reference": "#exercice"}],
        "custodian": {"reference": "#cabinet"},
        "securityLabel": [label("N"), *map(label, masks)],
        "content": [
            {
                "attachment": {
                    "contentType": "text/xml",
                    "language": "fr-FR",
                    "url": uuid("bytes of " + name),
                    "size": len(content),
                    "hash": b64encode(sha1(content).digest()).decode(),
                    "title": "Synthèse",
                    "creation": created or "2026-11-20T16:00:05+01:00",
                },
                "format": {
                    "system": NOS + "TRE_A06-FormatCodeComplementaire/FHIR/TRE-A06-FormatCodeComplementaire",
                    "code": "urn:asipSante:modelesHorsProfils:2011",
                },
            }
        ],
        "context": {
            "event": [concept("urn:oid:1.2.250.1.215.200.3.3", "VSP")],
            "period": {"start": "2026-11-20T14:00:00+01:00", "end": "2026-11-20T15:10:00+01:00"},
            "facilityType": concept(NOS + "TRE_R02-SecteurActivite/FHIR/TRE-R02-SecteurActivite", "SA07"),
            "practiceSetting": concept(NOS + "TRE_A01-CadreExercice/FHIR/TRE-A01-CadreExercice", "PALLIATIF"),
            "sourcePatientInfo": {"reference": "#patient"},
        },
    }
    if replaces:
        target = {"reference": f"DocumentReference?identifier={URI}|urn:oid:{oid(replaces)}"}
        value["relatesTo"] = [{"code": "replaces", "target": target}]
    return value


def submission_set(names: Iterable[str], ins: str = INS) -> Json:
    held = list(names)
    key = "lot " + " ".join(held)
    return {
        "resourceType": "List",
        "contained": people(),
        "extension": [
            {"url": MHD + "ihe-designationType", "valueCodeableConcept": concept("urn:oid:1.2.250.1.213.2.2", "07")},
            {"url": MHD + "ihe-sourceId", "valueIdentifier": {"system": URI, "value": "urn:oid:1.2.250.1.999.9"}},
        ],
        "identifier": [
            {"use": "usual", "system": URI, "value": f"urn:oid:{oid(key)}"},
            {"use": "official", "system": URI, "value": uuid(key)},
        ],
        "status": "current",
        "mode": "working",
        "title": "Visite",
        "code": concept("https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes", "submissionset"),
        "subject": {"reference": f"Patient?identifier={INS_SYSTEM}|{ins}"},
        "date": "2026-11-20T16:00:10+01:00",
        "source": {"reference": "#exercice"},
        "entry": [{"item": {"reference": uuid(name)}} for name in held],
    }


def supersede(name: str) -> Json:
    parts = [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": "DocumentReference.status"},
        {"name": "value", "valueCode": "superseded"},
    ]
    return {
        "resource": {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]},
        "request": {"method": "PATCH", "url": f"DocumentReference?identifier={URI}|urn:oid:{oid(name)}"},
    }


def post(resource: Json, full_url: str) -> Json:
    return {
        "fullUrl": full_url,
        "resource": resource,
        "request": {"method": "POST", "url": resource["resourceType"]},
    }


def binary(content: bytes, mime: str = "text/xml") -> Json:
    return {"resourceType": "Binary", "contentType": mime, "data": b64encode(content).decode()}


def transaction(*entries: Json) -> Json:
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [PDSM + "pdsm-comprehensive-provide-document-bundle"]},
        "type": "transaction",
        "entry": list(entries),
    }


def deposit(
    name: str,
    *,
    masks: Iterable[str] = (),
    replaces: str = "",
    of: str = "",
    version: int = 1,
    ins: str = INS,
    content: bytes | None = None,
    created: str = "",
) -> Json:
    """Transaction of one CDA named `name`; with `replaces`, a correction of that one and its patch."""
    data = cda(name, of=of, version=version, replaces=replaces, ins=ins) if content is None else content
    return transaction(
        post(submission_set([name], ins), uuid("lot " + name)),
        post(reference(name, data, masks=masks, replaces=replaces, ins=ins, created=created), uuid(name)),
        *([supersede(replaces)] if replaces else []),
        post(binary(data), uuid("bytes of " + name)),
    )


def simplified(name: str, *, replaces: str = "", of: str = "", version: int = 1) -> Json:
    """DocumentReference of ITI-105 for one CDA."""
    data = cda(name, of=of, version=version, replaces=replaces)
    value = reference(name, data, replaces=replaces)
    attachment = value["content"][0]["attachment"]
    del attachment["url"], value["identifier"]
    attachment["data"] = b64encode(data).decode()
    value["subject"] = {"identifier": {"system": INS_SYSTEM, "value": INS}}
    return value
