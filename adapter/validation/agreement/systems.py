"""Code systems under their two names, as published; the printers and the mappings have their own table.

A judge that shares its table with the accused would not see that a code is printed under the wrong system.
Sources: NOS (mos.esante.gouv.fr, ``identifier`` of each terminology), HL7 Terminology (THO), FHIR R4 4.3
(terminologies systems), SNOMED International, WHO, EDQM.
"""

from __future__ import annotations

from typing import Final

_THO = "http://terminology.hl7.org/CodeSystem/"
_NOS = "https://mos.esante.gouv.fr/NOS/"

OID_OF: Final[dict[str, str]] = {
    "http://loinc.org": "2.16.840.1.113883.6.1",
    "http://snomed.info/sct": "2.16.840.1.113883.6.96",
    "http://hl7.org/fhir/sid/icd-10": "2.16.840.1.113883.6.3",
    "http://www.whocc.no/atc": "2.16.840.1.113883.6.73",
    "http://standardterms.edqm.eu": "0.4.0.127.0.16.1.1.2.1",
    "http://unitsofmeasure.org": "2.16.840.1.113883.6.8",
    "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips": "2.16.840.1.113883.5.1150.1",
    f"{_THO}v3-ActCode": "2.16.840.1.113883.5.4",
    f"{_THO}v3-AdministrativeGender": "2.16.840.1.113883.5.1",
    f"{_THO}v3-Confidentiality": "2.16.840.1.113883.5.25",
    f"{_THO}v3-NullFlavor": "2.16.840.1.113883.5.1008",
    f"{_THO}v3-ParticipationFunction": "2.16.840.1.113883.5.88",
    f"{_THO}v3-ParticipationType": "2.16.840.1.113883.5.90",
    f"{_THO}v3-RoleClass": "2.16.840.1.113883.5.110",
    f"{_THO}v3-RoleCode": "2.16.840.1.113883.5.111",
    f"{_NOS}TRE_A00-ProducteurDocNonPS/FHIR/TRE-A00-ProducteurDocNonPS": "1.2.250.1.213.1.1.4.6",
    f"{_NOS}TRE_A01-CadreExercice/FHIR/TRE-A01-CadreExercice": "1.2.250.1.213.1.1.4.9",
    f"{_NOS}TRE_A02-ProfessionSavFaire-CISIS/FHIR/TRE-A02-ProfessionSavFaire-CISIS": "1.2.250.1.213.1.1.4.5",
    f"{_NOS}TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument": "1.2.250.1.213.1.1.4.1",
    f"{_NOS}TRE_A05-TypeDocComplementaire/FHIR/TRE-A05-TypeDocComplementaire": "1.2.250.1.213.1.1.4.12",
    f"{_NOS}TRE_A06-FormatCodeComplementaire/FHIR/TRE-A06-FormatCodeComplementaire": "1.2.250.1.213.1.1.4.2.282",
    f"{_NOS}TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument": "1.2.250.1.213.1.1.4.13",
    f"{_NOS}TRE_R02-SecteurActivite/FHIR/TRE-R02-SecteurActivite": "1.2.250.1.71.4.2.4",
    f"{_NOS}TRE_R85-RolePriseCharge/FHIR/TRE-R85-RolePriseCharge": "1.2.250.1.213.1.6.1.107",
    f"{_NOS}TRE_R260-HL7RoleClass/FHIR/TRE-R260-HL7RoleClass": "1.2.250.1.213.3.3.66",
}

LOINC: Final = "2.16.840.1.113883.6.1"
SNOMED_CT: Final = "2.16.840.1.113883.6.96"
PRACTICE_SETTING: Final = "1.2.250.1.213.1.1.4.9"  # TRE_A01
ROLE_CLASSES: Final = frozenset({"1.2.250.1.213.3.3.66", "2.16.840.1.113883.5.110"})  # TRE_R260, HL7 RoleClass

# Sections of CDA that stand in a wider one in FHIR: document-core's section codes (0.1.0) have neither pain nor
# assessment, and its physical problems are a part of the functional status (47420-5).
WIDER_SECTION: Final = {"38208-5": "47420-5", "46006-3": "47420-5", "51847-2": "47420-5"}


def oid_of(uri: str) -> str:
    """OID of a code system named by its URI; an unknown URI stays as it is, and then agrees with nothing."""
    if uri.startswith("urn:oid:"):
        return uri[8:]
    return OID_OF.get(uri, uri)
