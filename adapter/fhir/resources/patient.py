"""Patient, with the national health identity when it is qualified."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapter.fhir.datatypes import (
    DATA_ABSENT,
    FR_CORE,
    FR_V2_0203,
    NOS,
    TRE_R260,
    V2_0203,
    Frame,
    Json,
    address,
    coding,
    derived_key,
    fixed,
    human_name,
    identifier,
    reference,
    resource,
    telecoms,
)
from adapter.model.document import Guardian, Identifier, Patient

IDENTITY_STATUS: Final = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0445"
TRE_R13: Final = f"{NOS}TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM"
BIRTH_PLACE: Final = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"

# Identifier type of each INS root. Source: fr-core-patient-ins 2.2.0-ballot-2, slices of Patient.identifier.
_INS_TYPE: Final = {
    "1.2.250.1.213.1.4.8": "INS-NIR",
    "1.2.250.1.213.1.4.9": "INS-NIA",
    "1.2.250.1.213.1.4.10": "INS-NIR-TEST",
    "1.2.250.1.213.1.4.11": "INS-NIR-DEMO",
}
# HL7 AdministrativeGender (CDA) -> FHIR administrative-gender; the French profile has no "other".
_GENDER: Final = {"F": "female", "M": "male"}


def patient(value: Patient, frame: Frame, practitioners: Sequence[str] = ()) -> Json:
    """Patient resource.

    Args:
        value: the patient.
        frame: what the document's resources share.
        practitioners: keys of the attending physician (Practitioner).
    Source: fr-patient-ins-document, fr-patient-document (document-core 0.1.0); fr-core-patient-ins 2.2.0-ballot-2.
    """
    qualified = value.ins is not None and value.ins_qualified
    keys = ("patient-ins", "core-patient-ins") if qualified and value.birth_place_code else ("patient", "core-patient")
    found = resource("Patient", value.key, frame, keys, value.text)
    if extensions := _extensions(value, qualified):
        found["extension"] = extensions
    if identifiers := _identifiers(value, qualified):
        found["identifier"] = identifiers
    found["name"] = _names(value)
    if value.telecoms:
        found["telecom"] = telecoms(value.telecoms)
    found["gender"] = _GENDER.get(value.gender.code, "unknown")
    found["birthDate"] = value.birth_date.isoformat()
    if value.address and (home := address(value.address)):
        found["address"] = [home]
    if value.guardians:
        found["contact"] = [_contact(guardian) for guardian in value.guardians]
    if practitioners:
        found["generalPractitioner"] = [reference(key) for key in practitioners]
    return found


def _extensions(value: Patient, qualified: bool) -> list[Json]:
    found: list[Json] = []
    status: Json | None = None
    if qualified:
        status = {"system": IDENTITY_STATUS, "code": "VALI", "display": "Identité validée"}
    elif value.identity_status is not None:
        status = coding(value.identity_status)
    if status:
        found.append(
            {
                "extension": [{"url": "identityStatus", "valueCoding": status}],
                "url": f"{FR_CORE}fr-core-identity-reliability",
            }
        )
    place: Json = {}
    if value.birth_place_code:
        place["extension"] = [
            {
                "url": f"{FR_CORE}fr-core-address-insee-code",
                "valueCoding": {"system": TRE_R13, "code": value.birth_place_code},
            }
        ]
    if value.birth_place_name:
        place["city"] = value.birth_place_name
    if place:
        found.append({"url": BIRTH_PLACE, "valueAddress": place})
    return found


def _identifiers(value: Patient, qualified: bool) -> list[Json]:
    found: list[Json] = []
    if value.ins is not None:
        found.append(_ins(value.ins) if qualified else {"use": "temp", **identifier(value.ins)})
    if value.local_id is not None:
        found.append({"use": "usual", "type": fixed(V2_0203, "PI"), **identifier(value.local_id)})
    return found


def _ins(value: Identifier) -> Json:
    """Qualified INS; the type tells INS and NSS apart, they share their root."""
    return {"use": "official", "type": fixed(FR_V2_0203, _INS_TYPE[value.root]), **identifier(value)}


def _names(value: Patient) -> list[Json]:
    official: Json = {
        "extension": [
            {"url": f"{FR_CORE}fr-core-patient-birth-list-given-name", "valueString": " ".join(value.birth_given)}
        ],
        "use": "official",
        "family": value.birth_family,
        "given": [value.birth_given[0]],
    }
    if not value.used_family and not value.used_given:
        return [official]
    usual = {
        "use": "usual",
        "text": value.text,
        "family": value.used_family or value.birth_family,
        "given": [value.used_given or value.birth_given[0]],
    }
    return [official, usual]


def _contact(value: Guardian) -> Json:
    # The sort of representation has its code on the RelatedPerson only: here a code of JDV_J11 would fall in the slice
    # relationType, which admits no other system than TRE_R216 (fr-patient-ins-document).
    found: Json = {"relationship": [{**fixed(TRE_R260, "GUARD"), "text": value.kind.text}]}
    if value.name is not None:
        found["name"] = human_name(value.name)
    else:
        # An organisation has no family name and the profile wants one: say why there is none.
        found["name"] = {
            "text": value.organization_name,
            "_family": {"extension": [{"url": DATA_ABSENT, "valueCode": "not-applicable"}]},
        }
        found["organization"] = reference(derived_key(value.key, "organization"))
    if value.telecoms:
        found["telecom"] = telecoms(value.telecoms)
    if value.address and (where := address(value.address)):
        found["address"] = where
    return found
