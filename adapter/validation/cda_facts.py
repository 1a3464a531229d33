"""The few published facts that the CDA judge holds, each with its source; nothing here is shared with the printers."""

from __future__ import annotations

import re
from dataclasses import dataclass

# --- Templates -------------------------------------------------------------------------------------------------------
# Source: CI-SIS, modèles de contenus CDA, as found in the schematrons and examples of ansforge/TestContenuCDA-3-0
# (7cd489b, 2025-02-19). Shorthand below: FR, IHE and CCD stand for these three arcs.
_ARCS = {"FR": "1.2.250.1.213.1.1", "IHE": "1.3.6.1.4.1.19376.1.5.3.1", "CCD": "2.16.840.1.113883.10.20.1"}

TEMPLATE_HL7_FRANCE = "2.16.840.1.113883.2.8.2.1"
TEMPLATE_CI_SIS = "1.2.250.1.213.1.1.1.1"
TEMPLATE_N1 = "1.3.6.1.4.1.19376.1.2.20"
TEMPLATE_IHE_MEDICAL_DOCUMENT = "1.3.6.1.4.1.19376.1.5.3.1.1.1"


def _oid(short: str) -> str:
    """Full OID of a shorthand such as ``FR.2.132``; a full OID comes back as it is."""
    arc, _, rest = short.partition(".")
    return f"{_ARCS[arc]}.{rest}" if arc in _ARCS else short


def _oids(text: str) -> frozenset[str]:
    """Full OIDs of a list of shorthands parted by spaces."""
    return frozenset(_oid(short) for short in text.split())


# LOINC section code -> each French section template and the templates that must stand beside it.
_SECTIONS: dict[str, dict[str, str]] = {
    "10157-6": {"FR.2.139": "IHE.3.14 IHE.3.15"},
    "10160-0": {"FR.2.143": "IHE.3.19 CCD.8"},
    "10161-8": {"FR.2.74": "IHE.1.5.3.1"},
    "10162-6": {"FR.2.77": "IHE.1.5.3.4"},
    "10164-2": {"FR.2.130": "IHE.3.4"},
    "10183-2": {"FR.2.146": "IHE.3.22"},
    "10210-3": {"FR.2.85": "IHE.1.9.16"},
    "10218-6": {"FR.2.26": ""},
    "11348-0": {"FR.2.134": "IHE.3.8", "FR.2.2": ""},
    "11369-6": {"FR.2.147": "IHE.3.23 CCD.6"},
    "11450-4": {"FR.2.132": "IHE.3.6 CCD.11", "FR.2.176": ""},
    "18733-6": {"FR.2.25": "IHE.1.13.2.7"},
    "18776-5": {"FR.2.158": "IHE.3.36 CCD.10", "FR.2.154": "IHE.3.31", "FR.2.32": "", "FR.2.120": "IHE.1.18.3.1"},
    "29762-2": {"FR.2.141": "IHE.3.16 IHE.3.16.1 CCD.15", "FR.2.140": "IHE.3.16 CCD.15"},
    "30954-2": {"FR.2.150": "IHE.3.27", "FR.2.151": "IHE.3.27 IHE.3.28", "FR.2.244": "", "FR.2.34": ""},
    "33557-0": {"FR.2.35": ""},
    "34841-7": {"FR.2.44": ""},
    "38208-5": {"FR.2.112": "IHE.1.12.2.2"},
    "42348-3": {"FR.2.157": "IHE.3.34 IHE.3.35 CCD.1"},
    "42349-1": {"FR.2.127": "IHE.3.1", "FR.2.128": "IHE.3.1 IHE.3.2"},
    "42545-4": {"FR.2.163": "IHE.1.21.2.9 1.3.6.1.4.1.19376.1.7.3.1.1.13.7"},
    "44944-7": {"FR.2.245": ""},
    "46006-3": {"FR.2.115": "IHE.1.12.2.5"},
    "46240-8": {"FR.2.76": "IHE.1.5.3.3 CCD.3"},
    # the second template of medical devices is published with its typing slip (11383), hence not asked for
    "46264-8": {"FR.2.1": "IHE.1.5.3.5", "FR.2.222": "", "FR.2.53": ""},
    "47420-5": {
        "FR.2.111": "IHE.3.17 IHE.1.12.2.1 CCD.5",
        "FR.2.246": "2.16.840.1.113883.10.22.3.8",
        "FR.2.162": "IHE.3.17",
    },
    "47519-4": {"FR.2.136": "IHE.3.11 IHE.3.12 CCD.12"},
    "48542-5": {"FR.2.114": "IHE.1.12.2.4"},
    "48765-2": {"FR.2.137": "IHE.3.13 CCD.2"},
    "51847-2": {"FR.2.116": "IHE.1.13.2.5"},
    "55107-7": {"FR.2.37": "", "FR.2.55": ""},
    "55108-5": {"FR.2.243": ""},
    "55112-7": {"FR.2.73": "2.16.840.1.113883.10.12.201 1.3.6.1.4.1.19376.1.4.1.2.16"},
    "8716-3": {"FR.2.75": "IHE.3.25 IHE.1.5.3.2 CCD.16"},
}
SECTION_TEMPLATES: dict[str, dict[str, frozenset[str]]] = {
    code: {_oid(french): _oids(others) for french, others in models.items()} for code, models in _SECTIONS.items()
}
REPEATABLE_SECTIONS = frozenset({"18776-5"})  # plan de soins: coded and text-only forms may stand side by side

# French entry template -> the templates that must stand beside it.
_ENTRIES: dict[str, str] = {
    "FR.3.12": "FR.3.48 IHE.4.13",
    "FR.3.18": "",
    "FR.3.20": "",
    "FR.3.25": "IHE.1.12.3.6 IHE.4.13 CCD.31",
    "FR.3.27": "IHE.1.20.3.1 CCD.25",
    "FR.3.28": "IHE.1.25.1.4.1",
    "FR.3.29": "IHE.4.1",
    "FR.3.30": "IHE.4.1.1",
    "FR.3.31": "IHE.4.1.2",
    "FR.3.32": "IHE.4.2",
    "FR.3.33": "IHE.4.3",
    "FR.3.34": "IHE.4.3.1",
    "FR.3.35": "IHE.4.4",
    "FR.3.36": "IHE.4.4.1",
    "FR.3.37": "IHE.4.5 CCD.28",
    "FR.3.39": "IHE.4.5.1 IHE.4.5.2 CCD.27",
    "FR.3.39.1": "FR.3.39 IHE.4.5.1 IHE.4.5.2 CCD.27",
    "FR.3.40": "IHE.4.5.1 IHE.4.5.3 CCD.27",
    "FR.3.41": "IHE.4.5 IHE.4.6 CCD.18 CCD.28",
    "FR.3.42": "IHE.4.7 CCD.24",
    "FR.3.42.1": "IHE.4.8",
    "FR.3.42.3": "FR.3.42 IHE.4.7 IHE.4.7.1 CCD.24",
    "FR.3.42.4": "FR.3.42 IHE.4.7 IHE.4.7.1 CCD.24",
    "FR.3.43": "IHE.4.7.2 CCD.53",
    "FR.3.45": "IHE.4.12 CCD.24",
    "FR.3.47": "IHE.4.12.2 CCD.25",
    "FR.3.48": "IHE.4.13",
    "FR.3.48.18": "FR.3.48 IHE.4.13",
    "FR.3.49": "IHE.4.13.1 CCD.32 CCD.35",
    "FR.3.50": "IHE.4.13 IHE.4.13.2 CCD.31",
    "FR.3.51": "IHE.4.13 IHE.4.13.3",
    "FR.3.52": "IHE.4.13 IHE.4.13.4 CCD.33",
    "FR.3.53": "IHE.4.13 IHE.4.13.5",
    "FR.3.54": "IHE.4.13 IHE.4.13.7 CCD.17",
    "FR.3.58": "IHE.4.14",
    "FR.3.59": "IHE.4.15 CCD.23",
    "FR.3.60": "IHE.4.15.2",
    "FR.3.62": "IHE.4.19",
    "FR.3.89": "IHE.1.12.3.1 IHE.4.13",
    "FR.3.95": "IHE.1.12.3.7 CCD.32",
    "FR.3.110": "IHE.1.12.3.4 IHE.4.13",
    "FR.3.208": "",
    "FR.3.209": "FR.3.48 IHE.4.13",
    "FR.3.210": "IHE.4.5 CCD.18 CCD.28",
    "FR.3.171": "",
}
ENTRY_TEMPLATES: dict[str, frozenset[str]] = {_oid(french): _oids(others) for french, others in _ENTRIES.items()}

_OTHER_TEMPLATES = _oids(
    "IHE.1.12.3.1 IHE.1.19.6 IHE.1.5.3.3 IHE.4.4 IHE.4.4.1 IHE.4.7.1 IHE.4.8 IHE.4.9 IHE.4.10 IHE.4.11 IHE.4.14 CCD.3"
    " CCD.7 CCD.29"
    " CCD.4 2.16.840.1.11383.10.20.1.7 CCD.21 CCD.22 CCD.34 CCD.36 CCD.40 CCD.43 CCD.46 CCD.47 CCD.49 CCD.50 CCD.51"
    " CCD.54 CCD.55 CCD.57"
)
# Every body template the judge knows; another one may be right, and is told as a warning, once.
KNOWN_TEMPLATES: frozenset[str] = (
    _OTHER_TEMPLATES.union(ENTRY_TEMPLATES, *ENTRY_TEMPLATES.values())
    | frozenset(french for models in SECTION_TEMPLATES.values() for french in models)
    | frozenset(other for models in SECTION_TEMPLATES.values() for others in models.values() for other in others)
)
FRENCH_ARC = _ARCS["FR"] + "."
INTERNAL_REFERENCE = _oid("IHE.4.4.1")  # an act that only points at another one, by repeating its id

# --- Identifiers -----------------------------------------------------------------------------------------------------
# Source: CI-SIS, Volet Structuration minimale; Référentiel INS (OID of the two production roots, the test root, the
# demonstration root). A wrong key is an error in production only: ANS's own published examples carry wrong keys.
INS_ARC = "1.2.250.1.213.1.4."
INS_PRODUCTION = frozenset({"1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9"})
INS_ROOTS = INS_PRODUCTION | {"1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.11"}
INS_SEX = {"1": "M", "3": "M", "7": "M", "2": "F", "4": "F", "8": "F"}
PROFESSIONAL_ROOT = "1.2.250.1.71.4.2.1"  # "8" + RPPS, "0" + ADELI, "3" FINESS/..., "5" SIRET/...
STRUCTURE_ROOT = "1.2.250.1.71.4.2.2"  # "1" + FINESS, "3" + SIRET, "4" + RPPS and rank...
PATIENT_MADE_ROOT = "1.2.250.1.213.4.1"

# --- Code systems ----------------------------------------------------------------------------------------------------
LOINC = "2.16.840.1.113883.6.1"
SNOMED_CT = "2.16.840.1.113883.6.96"
TA_ASIP = "1.2.250.1.213.1.1.4.322"
CONFIDENTIALITY = "2.16.840.1.113883.5.25"
# Source: OIDs read in the value sets and examples of ansforge/TestContenuCDA-3-0 and in the NOS (esante.gouv.fr).
KNOWN_SYSTEMS = frozenset(
    {
        LOINC,
        SNOMED_CT,
        "2.16.840.1.113883.6.3",  # CIM-10
        "2.16.840.1.113883.6.347",  # CIM-11
        "2.16.840.1.113883.6.43.1",  # CIM-O
        "2.16.840.1.113883.6.73",  # ATC
        "2.16.840.1.113883.6.139",  # CISP-2
        "2.16.840.1.113883.6.254",  # CIF
        "2.16.840.1.113883.3.26.1.1",  # NCI Thesaurus
        "2.16.840.1.113883.3.6905.2",  # SMS (EMA)
        "2.16.840.1.113883.15.6",  # TNM
        "0.4.0.127.0.16.1.1.2.1",  # EDQM
        "1.2.250.1.215.200.3.3",  # NGAP
        "1.2.250.1.215.200.2.1",  # LPP
        "1.2.250.1.215.300.1",  # CCAM
        "1.2.840.10008.2.16.4",  # DICOM
        "1.3.6.1.4.1.19376.1.5.3.2",  # IHE ActCode
        "1.3.6.1.4.1.19376.1.2.3",  # IHE formatCode (TRE_A11)
        "2.25.137111008630141980429967764738003726382",  # this project's own: scales without a published code
    }
)
KNOWN_SYSTEM_ARCS = (
    "2.16.840.1.113883.5.",  # HL7 V3 vocabularies, IPS absent/unknown among them
    "2.16.840.1.113883.4.642.",  # HL7 FHIR vocabularies
    "1.2.250.1.213.",  # ANS: NOS, TA_ASIP, CIS, CIP, Medicabase, EMDN...
    "1.2.250.1.71.",  # GIP-CPS
)
# Source: HL7 V3 vocabulary NullFlavor (2.16.840.1.113883.5.1008), as in CDA R2's voc.xsd.
NULL_FLAVORS = frozenset("NI INV DER OTH NINF PINF UNC MSK NA UNK ASKU NAV NASK QS TRC NP".split())

# --- Header ----------------------------------------------------------------------------------------------------------
# Source: CI-SIS, Volet Structuration minimale (cardinalities) and CDA R2, ClinicalDocument.
HEADER_CARDINALITY: dict[str, tuple[int, int | None]] = {
    "realmCode": (1, 1),
    "typeId": (1, 1),
    "templateId": (3, None),
    "id": (1, 1),
    "code": (1, 1),
    "title": (1, 1),
    "effectiveTime": (1, 1),
    "confidentialityCode": (1, 1),
    "languageCode": (1, 1),
    "setId": (1, 1),
    "versionNumber": (1, 1),
    "recordTarget": (1, 1),
    "author": (1, None),
    "dataEnterer": (0, 1),
    "custodian": (1, 1),
    "legalAuthenticator": (1, 1),
    "documentationOf": (1, None),
    "relatedDocument": (0, 1),
    "componentOf": (1, 1),
    "component": (1, 1),
}
# Source: CI-SIS, Volet Structuration minimale, telecom.
TELECOM_PREFIXES = frozenset({"tel", "fax", "mailto", "http", "https", "ftp", "mllp"})
TELECOM_NUMBER = re.compile(r"\+?[0-9 .()\-]{2,}")

# --- Content ---------------------------------------------------------------------------------------------------------
# Source: CI-SIS, Volet Structuration minimale, corps non structuré; formats ASS_A11 (2024-01-26).
N1_MEDIA_TYPES = frozenset({"application/pdf", "text/plain", "text/rtf", "application/rtf", "image/jpeg", "image/tiff"})
# Source: the published signature of each format (ISO 32000-1 7.5.2, JFIF, PNG, GIF89a, TIFF 6.0, RTF 1.9).
MAGIC: dict[str, tuple[bytes, ...]] = {
    "application/pdf": (b"%PDF-",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/tiff": (b"II*\x00", b"MM\x00*"),
    "text/rtf": (b"{\\rtf",),
    "application/rtf": (b"{\\rtf",),
    "application/zip": (b"PK\x03\x04",),
}


@dataclass(frozen=True, slots=True)
class Scale:
    """What the value of one assessment may be.

    Attributes:
        low: smallest number accepted.
        high: greatest number accepted.
        step: distance between two accepted numbers, 0 when any decimal is accepted.
        codes: (code system, code) pairs accepted when the value is coded; empty when this judge does not know.
    """

    low: int
    high: int
    step: int = 1
    codes: frozenset[tuple[str, str]] = frozenset()


_PAIN_WORDS = frozenset((TA_ASIP, f"MED-{number}") for number in (601, 602, 603, 604, 605, 659))
ECOG_DEATH = "LA9627-6"
# Source: LOINC answer lists; JDV_ScorePerformanceECOG, JDV_OMSEchPerf, JDV_EvaluationDouleur (CI-SIS); Braden and
# Karnofsky as published by their authors.
SCALES: dict[tuple[str, str], Scale] = {
    (LOINC, "38208-5"): Scale(0, 10, codes=_PAIN_WORDS),
    (LOINC, "72514-3"): Scale(0, 10, codes=_PAIN_WORDS),
    (LOINC, "38214-3"): Scale(0, 10, 0, _PAIN_WORDS),  # visual analogue; in millimetres when its unit says so
    (LOINC, "38221-8"): Scale(0, 10, 2),  # faces
    (LOINC, "89247-1"): Scale(
        0, 4, codes=frozenset((LOINC, code) for code in ("LA9622-7", "LA9623-5", "LA9624-3", "LA9625-0", "LA9626-8"))
    ),
    (LOINC, "42800-3"): Scale(0, 4, codes=frozenset((TA_ASIP, f"MED-{n}") for n in (240, 264, 265, 266, 267))),
    (TA_ASIP, "MED-239"): Scale(0, 4, codes=frozenset((TA_ASIP, f"MED-{n}") for n in (240, 264, 265, 266, 267))),
    (LOINC, "89243-0"): Scale(0, 100, 10),
    (LOINC, "38227-5"): Scale(6, 23),
    (LOINC, "20564-1"): Scale(0, 100, 0),
    (LOINC, "59408-5"): Scale(0, 100, 0),
}
