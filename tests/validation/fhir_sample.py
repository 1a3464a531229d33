"""One small valid visit document, built here in our own words; every test plants its fault in a fresh copy."""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]

DC = "https://interop.esante.gouv.fr/ig/fhir/document-core/StructureDefinition/"
FC = "https://hl7.fr/ig/fhir/core/StructureDefinition/"
CD = "http://hl7.org/fhir/uv/fhir-clinical-document/StructureDefinition/"
NOS = "https://mos.esante.gouv.fr/NOS/"
LOINC = "http://loinc.org"
THO = "http://terminology.hl7.org/CodeSystem/"
FR_0203 = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203"
AT = "2026-11-20T10:30:00+01:00"

ORDER = (
    "Composition Patient Practitioner PractitionerRole Organization Encounter Location Condition Observation "
    "MedicationStatement AllergyIntolerance Goal CarePlan Consent Appointment DocumentReference Binary RelatedPerson "
    "CareTeam ServiceRequest"
).split()
PDF_BASE64 = "JVBERi0xLjQKJSVFT0YK"
PDF_SIZE = 15
PDF_SHA1 = "TKv8RJxC5OIIiKDNHLTU/WUrr4g="


def url(kind: str) -> str:
    """``fullUrl`` of the only resource of one type."""
    return f"urn:uuid:6f1f0c58-1d7c-4b0a-9d5e-{ORDER.index(kind):012d}"


def ref(kind: str) -> Json:
    """Reference to the only resource of one type."""
    return {"reference": url(kind)}


def code(system: str, value: str, display: str = "") -> Json:
    """Coded element with one coding."""
    coding = {"system": system, "code": value}
    return {"coding": [coding | ({"display": display} if display else {})]}


def div(inner: str) -> Json:
    """Generated narrative."""
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{inner}</div>'}


def section(title: str, loinc: str, inner: str, *kinds: str) -> Json:
    """Section of the Composition with its entries."""
    held: Json = {"title": title, "code": code(LOINC, loinc), "text": div(inner)}
    if kinds:
        held["entry"] = [ref(kind) for kind in kinds]
    return held


def profile(*urls: str) -> Json:
    """Declared profiles."""
    return {"profile": list(urls)}


def bundle() -> Json:
    """Fresh copy of the sample, without any fault."""
    resources = {kind: _RESOURCES[kind]() for kind in ORDER}
    return {
        "resourceType": "Bundle",
        "id": "visite-du-20-novembre",
        "meta": profile(DC + "fr-bundle-document", CD + "clinical-document-bundle"),
        "identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.250.1.999.7.1"},
        "type": "document",
        "timestamp": "2026-11-20T11:00:00+01:00",
        "entry": [{"fullUrl": url(kind), "resource": held} for kind, held in resources.items()],
    }


def resource(document: Json, kind: str) -> Json:
    """The resource of one type in `document`, to plant a fault in."""
    found: Json = document["entry"][ORDER.index(kind)]["resource"]
    return found


def encoded(document: Json) -> bytes:
    """Bytes of `document`."""
    return json.dumps(document, ensure_ascii=False).encode()


def _composition() -> Json:
    role = ref("PractitionerRole")
    return {
        "resourceType": "Composition",
        "id": "composition",
        "meta": profile(DC + "fr-composition-document", CD + "clinical-document-composition"),
        "language": "fr-FR",
        "extension": [
            {"url": "http://hl7.org/fhir/5.0/StructureDefinition/extension-Composition.version", "valueString": "1"}
        ],
        "identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.250.1.999.7"},
        "status": "final",
        "type": code(LOINC, "11488-4"),
        "subject": ref("Patient"),
        "encounter": ref("Encounter"),
        "date": AT,
        "author": [role | {"extension": [{"url": DC + "fr-author-time-extension", "valueDateTime": AT}]}],
        "title": "Compte rendu de visite à domicile",
        "confidentiality": "N",
        "attester": [{"mode": "legal", "time": AT, "party": role}],
        "custodian": ref("Organization"),
        "event": [
            {
                "extension": [
                    {"url": DC + "fr-is-principal-event-extension", "valueBoolean": True},
                    {"url": DC + "fr-performer-event-extension", "valueReference": role},
                ],
                "period": {"start": "2026-11-20T09:30:00+01:00", "end": AT},
            }
        ],
        "section": [
            section("Problèmes", "11450-4", "<p>Maladie suivie.</p>", "Condition", "AllergyIntolerance"),
            section("Examen", "47420-5", "<ul><li>Douleur : 3</li></ul>", "Observation"),
            section("Traitements", "10160-0", "<p>Un traitement.</p>", "MedicationStatement"),
            section("Volontés", "42348-3", "<p>Écrites.</p>", "Consent", "DocumentReference"),
            section(
                *("Suite", "18776-5", "<p>Prochaine visite.</p>"),
                *("Goal", "CarePlan", "Appointment", "CareTeam", "ServiceRequest"),
            ),
        ],
    }


def _patient() -> Json:
    insee = {"system": NOS + "TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM", "code": "29019"}
    valid = {"system": "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0445", "code": "VALI"}
    return {
        "resourceType": "Patient",
        "id": "patient",
        "meta": profile(DC + "fr-patient-ins-document", FC + "fr-core-patient-ins"),
        "extension": [
            {
                "url": FC + "fr-core-identity-reliability",
                "extension": [{"url": "identityStatus", "valueCoding": valid}],
            },
            {
                "url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace",
                "valueAddress": {"extension": [{"url": FC + "fr-core-address-insee-code", "valueCoding": insee}]},
            },
        ],
        "identifier": [
            {
                "use": "official",
                "type": code(FR_0203, "INS-NIR-TEST"),
                "system": "urn:oid:1.2.250.1.213.1.4.10",
                "value": "279035121518989",
            }
        ],
        "name": [
            {
                "extension": [{"url": FC + "fr-core-patient-birth-list-given-name", "valueString": "FICTIVE AGATHE"}],
                "use": "official",
                "family": "EXEMPLE",
                "given": ["FICTIVE"],
            }
        ],
        "telecom": [{"system": "phone", "value": "+33 2 99 00 00 00", "use": "home"}],
        "gender": "female",
        "birthDate": "1979-03-05",
    }


def _practitioner() -> Json:
    return {
        "resourceType": "Practitioner",
        "id": "medecin",
        "meta": profile(DC + "fr-practitioner-document"),
        "identifier": [
            {
                "type": code(FR_0203, "IDNPS"),
                "system": "urn:oid:1.2.250.1.71.4.2.1",
                "value": "899700218896",
            }
        ],
        "name": [{"family": "SOIGNANTE", "given": ["Exemple"], "suffix": ["DR"]}],
    }


def _role() -> Json:
    return {
        "resourceType": "PractitionerRole",
        "id": "role",
        "meta": profile(DC + "fr-practitionerRole-document"),
        "practitioner": ref("Practitioner"),
        "organization": ref("Organization"),
        "telecom": [{"system": "email", "value": "contact@cabinet.example"}],
    }


def _organization() -> Json:
    return {
        "resourceType": "Organization",
        "id": "cabinet",
        "meta": profile(DC + "fr-organization-document"),
        "type": [code(NOS + "TRE_A01-CadreExercice/FHIR/TRE-A01-CadreExercice", "AMBULATOIRE")],
        "name": "Cabinet de l'exemple",
    }


def _encounter() -> Json:
    return {
        "resourceType": "Encounter",
        "id": "visite",
        "meta": profile(DC + "fr-encounter-care-document"),
        "identifier": [{"type": code(THO + "v2-0203", "VN"), "system": "urn:oid:1.2.250.1.999.1", "value": "42"}],
        "status": "finished",
        "class": {"system": THO + "v3-ActCode", "code": "HH"},
        "subject": ref("Patient"),
        "period": {"start": "2026-11-20T09:30:00+01:00", "end": AT},
        "location": [{"location": ref("Location")}],
    }


def _location() -> Json:
    return {
        "resourceType": "Location",
        "id": "domicile",
        "meta": profile(DC + "fr-location-document"),
        "name": "Domicile",
        "type": [
            {
                "coding": [
                    {"system": NOS + "TRE_R02-SecteurActivite/FHIR/TRE-R02-SecteurActivite", "code": "SA07"},
                    {"system": THO + "v3-RoleCode", "code": "PTRES"},
                ]
            }
        ],
    }


def _condition() -> Json:
    return {
        "resourceType": "Condition",
        "id": "maladie",
        "meta": profile(DC + "fr-condition-document"),
        "clinicalStatus": code(THO + "condition-clinical", "active"),
        "verificationStatus": code(THO + "condition-ver-status", "confirmed"),
        "category": [code(THO + "condition-category", "problem-list-item")],
        "code": {"text": "Maladie suivie"} | code("https://smt.esante.gouv.fr/terminologie-cim-10", "C50.9"),
        "subject": ref("Patient"),
        "onsetDateTime": "2024",
    }


def _observation() -> Json:
    return {
        "resourceType": "Observation",
        "id": "douleur",
        "meta": profile(DC + "fr-observation-pain-score-document"),
        "text": div("<p>Douleur : 3 sur 10</p>"),
        "status": "final",
        "code": code(LOINC, "38208-5"),
        "subject": ref("Patient"),
        "effectiveDateTime": AT,
        "valueInteger": 3,
    }


def _medication() -> Json:
    dose = {"value": 10, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}
    return {
        "resourceType": "MedicationStatement",
        "id": "traitement",
        "status": "active",
        "medicationCodeableConcept": {"text": "Morphine"} | code("http://www.whocc.no/atc", "N02AA01"),
        "subject": ref("Patient"),
        "effectivePeriod": {"start": "2026-11-01"},
        "dosage": [
            {
                "text": "10 mg matin et soir",
                "timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}},
                "doseAndRate": [{"doseQuantity": dose}],
            }
        ],
    }


def _allergy() -> Json:
    return {
        "resourceType": "AllergyIntolerance",
        "id": "allergie",
        "clinicalStatus": code(THO + "allergyintolerance-clinical", "active"),
        "verificationStatus": code(THO + "allergyintolerance-verification", "confirmed"),
        "code": {"text": "Pénicilline"},
        "patient": ref("Patient"),
    }


def _goal() -> Json:
    return {
        "resourceType": "Goal",
        "id": "but",
        "lifecycleStatus": "active",
        "description": {"text": "Rester à domicile"},
        "subject": ref("Patient"),
    }


def _care_plan() -> Json:
    return {
        "resourceType": "CarePlan",
        "id": "plan",
        "status": "active",
        "intent": "plan",
        "subject": ref("Patient"),
        "goal": [ref("Goal")],
        "activity": [{"detail": {"status": "scheduled", "description": "Soins infirmiers"}}],
    }


def _consent() -> Json:
    return {
        "resourceType": "Consent",
        "id": "directives",
        "status": "active",
        "scope": code(THO + "consentscope", "adr"),
        "category": [code(LOINC, "42348-3")],
        "patient": ref("Patient"),
        "dateTime": "2026-01-15",
        "policy": [{"uri": "https://www.legifrance.gouv.fr/codes/article_lc/LEGIARTI000031972276"}],
        "sourceReference": ref("DocumentReference"),
    }


def _appointment() -> Json:
    return {
        "resourceType": "Appointment",
        "id": "prochaine",
        "status": "proposed",
        "participant": [{"actor": ref("Patient"), "status": "needs-action"}],
        "requestedPeriod": [{"start": "2026-12-04"}],
    }


def _document_reference() -> Json:
    return {
        "resourceType": "DocumentReference",
        "id": "piece",
        "status": "current",
        "type": code(LOINC, "42348-3"),
        "subject": ref("Patient"),
        "content": [
            {
                "attachment": {
                    "contentType": "application/pdf",
                    "data": PDF_BASE64,
                    "size": PDF_SIZE,
                    "hash": PDF_SHA1,
                    "title": "Directives anticipées",
                }
            },
            {"attachment": {"contentType": "application/pdf", "url": url("Binary")}},
        ],
    }


def _binary() -> Json:
    return {"resourceType": "Binary", "id": "octets", "contentType": "application/pdf", "data": PDF_BASE64}


def _related() -> Json:
    return {
        "resourceType": "RelatedPerson",
        "id": "proche",
        "patient": ref("Patient"),
        "relationship": [code(NOS + "TRE_R260-HL7RoleClass/FHIR/TRE-R260-HL7RoleClass", "NOK")],
        "name": [{"family": "EXEMPLE", "given": ["Proche"]}],
    }


def _care_team() -> Json:
    return {
        "resourceType": "CareTeam",
        "id": "equipe",
        "status": "active",
        "name": "Équipe",
        "subject": ref("Patient"),
        "period": {"start": "2026-01-01"},
        "participant": [
            {"member": ref("PractitionerRole"), "period": {"start": "2026-01-01"}},
            {"member": ref("RelatedPerson"), "period": {"start": "2026-01-01"}},
        ],
    }


def _service_request() -> Json:
    return {
        "resourceType": "ServiceRequest",
        "id": "demande",
        "status": "active",
        "intent": "plan",
        "code": {"text": "Avis de l'équipe mobile"},
        "subject": ref("Patient"),
        "occurrenceDateTime": "2026-11-25",
    }


_RESOURCES = {
    "Composition": _composition,
    "Patient": _patient,
    "Practitioner": _practitioner,
    "PractitionerRole": _role,
    "Organization": _organization,
    "Encounter": _encounter,
    "Location": _location,
    "Condition": _condition,
    "Observation": _observation,
    "MedicationStatement": _medication,
    "AllergyIntolerance": _allergy,
    "Goal": _goal,
    "CarePlan": _care_plan,
    "Consent": _consent,
    "Appointment": _appointment,
    "DocumentReference": _document_reference,
    "Binary": _binary,
    "RelatedPerson": _related,
    "CareTeam": _care_team,
    "ServiceRequest": _service_request,
}


# What a wrong writer may put anywhere.
WRECKS: list[Any] = [
    None,
    "",
    "x",
    0,
    -1,
    True,
    1.5,
    [],
    {},
    [None],
    [[]],
    [{}],
    {"a": 1},
    ["x"],
    {"reference": "#"},
    "2026-13-01",
]


def nodes(value: Any) -> list[tuple[Any, Any]]:
    """Every place of a tree: its holder and its key."""
    found: list[tuple[Any, Any]] = []
    for key, child in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        found.append((value, key))
        found.extend(nodes(child))
    return found
