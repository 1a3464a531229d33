"""Code systems: how their URIs are written, and the check digits of LOINC and SNOMED CT.

The lists are our own reading of the published guides, so that a wrong table of the printer cannot hide here.
"""

from __future__ import annotations

import re
from typing import Final

LOINC: Final = "http://loinc.org"
SNOMED: Final = "http://snomed.info/sct"
UCUM: Final = "http://unitsofmeasure.org"
FR_0203: Final = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203"
FR_0445: Final = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0445"

KNOWN: Final = frozenset(
    {
        LOINC,
        SNOMED,
        UCUM,
        FR_0203,
        FR_0445,
        "http://www.whocc.no/atc",
        "http://hl7.org/fhir/sid/icd-10",
        "http://hl7.org/fhir/sid/atc",
        "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode",
        "http://standardterms.edqm.eu",
        "http://dicom.nema.org/resources/ontology/DCM",
        "https://smt.esante.gouv.fr/terminologie-cim-10",
        "https://smt.esante.gouv.fr/terminologie-atc",
        "https://smt.esante.gouv.fr/terminologie-ccam",
        "https://smt.esante.gouv.fr/terminologie-standardterms",
        "https://smt.esante.gouv.fr/fhir/CodeSystem/terminologie-cisis",
        "urn:ietf:rfc:3986",
        "urn:ietf:bcp:13",
        "urn:ietf:bcp:47",
        "urn:iso:std:iso:3166",
        "urn:iso:std:iso:3166:-2",
    }
)
# Official URI of systems that are sometimes written by their OID. Source: HL7 Terminology, external code systems.
OID_OF: Final = {
    "urn:oid:2.16.840.1.113883.6.1": LOINC,
    "urn:oid:2.16.840.1.113883.6.96": SNOMED,
    "urn:oid:2.16.840.1.113883.6.8": UCUM,
    "urn:oid:2.16.840.1.113883.5.25": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
    "urn:oid:2.16.840.1.113883.5.4": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
    "urn:oid:2.16.840.1.113883.5.111": "http://terminology.hl7.org/CodeSystem/v3-RoleCode",
}
# Slips seen in published examples: another scheme, another host, a slash at the end.
SLIPS: Final = {
    "https://loinc.org": LOINC,
    "http://www.loinc.org": LOINC,
    "https://snomed.info/sct": SNOMED,
    "http://www.snomed.info/sct": SNOMED,
    "https://unitsofmeasure.org": UCUM,
    "http://www.unitsofmeasure.org": UCUM,
}
NOS: Final = re.compile(
    r"https://mos\.esante\.gouv\.fr/NOS/(?:TRE|ASS)_([A-Z][0-9]{2,3})-([A-Za-z0-9-]+)/FHIR/(?:TRE|ASS)-\1-\2"
)
# Wrong table names found in published examples. Source: NOS, TRE_A07-StatutVisibiliteDocument.
NOS_WRONG: Final = frozenset({"A07-StatusVisibiliteDocument"})
FAMILIES: Final = re.compile(
    r"http://terminology\.hl7\.org/CodeSystem/[A-Za-z0-9.\-]+"
    r"|http://hl7\.org/fhir/(?:CodeSystem/)?[A-Za-z0-9.\-]+"
    r"|http://hl7\.org/fhir/uv/[a-z0-9\-]+/CodeSystem/[A-Za-z0-9.\-]+"
    r"|https://hl7\.fr/ig/fhir/core/CodeSystem/[A-Za-z0-9.\-]+"
    r"|https://interop\.esante\.gouv\.fr/ig/fhir/[a-z0-9\-]+/CodeSystem/[A-Za-z0-9.\-]+"
    r"|https://smt\.esante\.gouv\.fr/fhir/CodeSystem/[A-Za-z0-9.\-]+"
    r"|https://profiles\.ihe\.net/ITI/MHD/CodeSystem/[A-Za-z0-9.\-]+"
)
OID: Final = re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+")
LOINC_CODE: Final = re.compile(r"([0-9]{1,7})-([0-9])")
LOINC_PART: Final = re.compile(r"L[APG][0-9]{1,7}-[0-9]")
SNOMED_CODE: Final = re.compile(r"[1-9][0-9]{5,17}")

_D = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_P = (
    "0123456789", "1576283094", "5803796142", "8916043527",
    "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip
DIHEDRAL: Final = tuple(tuple(map(int, row)) for row in _D)
PERMUTED: Final = tuple(tuple(map(int, row)) for row in _P)


def system_fault(system: str) -> tuple[str, bool] | None:
    """What is wrong with the URI of a code system and whether it is sure, or None when it is a known one."""
    if system in KNOWN:
        return None
    if system in OID_OF or system in SLIPS:
        return "ce système a une URI officielle, écrite autrement", True
    if system.startswith("urn:oid:"):
        return None if OID.fullmatch(system) else ("l'OID est mal formé", True)
    if "esante.gouv.fr/NOS" in system:
        table = NOS.fullmatch(system)
        if table is None or f"{table[1]}-{table[2]}" in NOS_WRONG:
            return "la forme attendue est https://mos.esante.gouv.fr/NOS/TRE_Xnn-Nom/FHIR/TRE-Xnn-Nom", True
        return None
    if FAMILIES.fullmatch(system):
        return None
    if ":" not in system:
        return "le système n'est pas une URI absolue", True
    return "ce système n'est pas connu des guides français", False


def loinc_valid(code: str) -> bool:
    """True for a LOINC number with its mod 10 key, or a part or answer code of the right form.

    Source: LOINC Users' Guide, appendix on the check digit.
    """
    number = LOINC_CODE.fullmatch(code)
    if number is None:
        return LOINC_PART.fullmatch(code) is not None
    digits = number[1]
    doubled = sum(int(digit) * 2 // 10 + int(digit) * 2 % 10 for digit in digits[::-2])
    plain = sum(int(digit) for digit in digits[-2::-2])
    return (doubled + plain + int(number[2])) % 10 == 0


def snomed_valid(code: str) -> bool:
    """True for 6 to 18 digits that end with their Verhoeff key.

    Source: SNOMED CT Release File Specifications, SCTID check digit.
    """
    if not SNOMED_CODE.fullmatch(code):
        return False
    key = 0
    for position, digit in enumerate(reversed(code)):
        key = DIHEDRAL[key][PERMUTED[position % 8][int(digit)]]
    return key == 0
