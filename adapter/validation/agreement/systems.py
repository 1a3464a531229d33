"""Code systems under their two names, as published; the printers and the mappings have their own table.

A judge that shares its table with the accused would not see that a code is printed under the wrong system.
Sources: NOS and SMT of ANS (``identifier`` of each terminology), HL7 Terminology (THO), FHIR R4 4.3.0 (external code
systems), SNOMED International, WHO, EDQM.
"""

from __future__ import annotations

from typing import Final

_HL7 = "2.16.840.1.113883."
_NOS = {
    "TRE_A00-ProducteurDocNonPS": "1.2.250.1.213.1.1.4.6",
    "TRE_A01-CadreExercice": "1.2.250.1.213.1.1.4.9",
    "TRE_A02-ProfessionSavFaire-CISIS": "1.2.250.1.213.1.1.4.5",
    "TRE_A03-ClasseDocument": "1.2.250.1.213.1.1.4.1",
    "TRE_A05-TypeDocComplementaire": "1.2.250.1.213.1.1.4.12",
    "TRE_A06-FormatCodeComplementaire": "1.2.250.1.213.1.1.4.2.282",
    "TRE_A07-StatutVisibiliteDocument": "1.2.250.1.213.1.1.4.13",
    "TRE_A13-HL7ParticipationType": "2.16.840.1.113883.5.90",
    "TRE_G15-ProfessionSante": "1.2.250.1.71.1.2.7",
    "TRE_R02-SecteurActivite": "1.2.250.1.71.4.2.4",
    "TRE_R04-TypeSavoirFaire": "1.2.250.1.213.1.6.1.16",
    "TRE_R09-CategorieProfessionnelle": "1.2.250.1.213.1.6.1.10",
    "TRE_R21-Fonction": "1.2.250.1.213.1.6.1.17",
    "TRE_R38-SpecialiteOrdinale": "1.2.250.1.213.2.28",
    "TRE_R66-CategorieEtablissement": "1.2.250.1.213.1.6.1.8",
    "TRE_R74-ModeFixationTarifaire": "1.2.250.1.213.1.6.1.46",
    "TRE_R85-RolePriseCharge": "1.2.250.1.213.1.6.1.107",
    "TRE_R94-ProfessionSocial": "1.2.250.1.213.1.6.1.4",
    "TRE_R95-UsagerTitre": "1.2.250.1.213.1.6.1.109",
    "TRE_R211-ActiviteOperationnelle": "1.2.250.1.213.3.3.12",
    "TRE_R213-ModePriseEnCharge": "1.2.250.1.213.3.3.13",
    "TRE_R216-HL7RoleCode": "2.16.840.1.113883.5.111",
    "TRE_R244-CategorieOrganisation": "1.2.250.1.213.3.3.39",
    "TRE_R259-HL7ParticipationFunction": "2.16.840.1.113883.5.88",
    "TRE_R260-HL7RoleClass": "2.16.840.1.113883.5.110",
}
_THO = {
    "v3-ActCode": f"{_HL7}5.4",
    "v3-AdministrativeGender": f"{_HL7}5.1",
    "v3-Confidentiality": f"{_HL7}5.25",
    "v3-NullFlavor": f"{_HL7}5.1008",
    "v3-ObservationInterpretation": f"{_HL7}5.83",
    "v3-ParticipationFunction": f"{_HL7}5.88",
    "v3-ParticipationType": f"{_HL7}5.90",
    "v3-RoleClass": f"{_HL7}5.110",
    "v3-RoleCode": f"{_HL7}5.111",
    "allergyintolerance-clinical": f"{_HL7}4.642.4.1373",
    "allergyintolerance-verification": f"{_HL7}4.642.4.1371",
    "condition-category": f"{_HL7}4.642.4.1073",
    "condition-clinical": f"{_HL7}4.642.4.1074",
    "condition-ver-status": f"{_HL7}4.642.4.1075",
    "consentcategorycodes": f"{_HL7}4.642.4.1226",
    "consentscope": f"{_HL7}4.642.4.1228",
    "data-absent-reason": f"{_HL7}4.642.4.1048",
    "goal-achievement": f"{_HL7}4.642.4.1375",
    "list-empty-reason": f"{_HL7}4.642.4.1106",
    "observation-category": f"{_HL7}4.642.4.1125",
}

OID_OF: Final[dict[str, str]] = {
    "http://loinc.org": f"{_HL7}6.1",
    "http://snomed.info/sct": f"{_HL7}6.96",
    "http://hl7.org/fhir/sid/icd-10": f"{_HL7}6.3",
    "https://smt.esante.gouv.fr/terminologie-cim-10": f"{_HL7}6.3",
    "https://smt.esante.gouv.fr/terminologie-ccam": "1.2.250.1.215.300.1",
    "https://smt.esante.gouv.fr/fhir/CodeSystem/terminologie-cisis": "1.2.250.1.213.1.1.4.322",
    "http://www.whocc.no/atc": f"{_HL7}6.73",
    "http://standardterms.edqm.eu": "0.4.0.127.0.16.1.1.2.1",
    "http://unitsofmeasure.org": f"{_HL7}6.8",
    "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl": f"{_HL7}3.26.1.1",
    "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips": f"{_HL7}5.1150.1",
    "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode": "1.3.6.1.4.1.19376.1.2.3",
    **{f"http://terminology.hl7.org/CodeSystem/{name}": oid for name, oid in _THO.items()},
    **{f"https://mos.esante.gouv.fr/NOS/{name}/FHIR/{name.replace('_', '-', 1)}": oid for name, oid in _NOS.items()},
}

LOINC: Final = "2.16.840.1.113883.6.1"
SNOMED_CT: Final = "2.16.840.1.113883.6.96"
PRACTICE_SETTING: Final = "1.2.250.1.213.1.1.4.9"  # TRE_A01
ROLE_CLASS: Final = "2.16.840.1.113883.5.110"  # HL7 RoleClass, published in the NOS as TRE_R260

# Sections of CDA that stand in a wider one in FHIR: document-core's section codes (0.1.0) have neither pain nor
# assessment, and its physical problems are a part of the functional status (47420-5).
WIDER_SECTION: Final = {f"{LOINC}|{code}": f"{LOINC}|47420-5" for code in ("38208-5", "46006-3", "51847-2")}


def oid_of(uri: str) -> str:
    """OID of a code system named by its URI; an unknown URI stays as it is, and then agrees with nothing."""
    if uri.startswith("urn:oid:"):
        return uri[8:]
    return OID_OF.get(uri, uri)
