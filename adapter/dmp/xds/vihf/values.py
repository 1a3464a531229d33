"""Who calls: what a VIHF is built from, and the names that it is made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from adapter.errors import DmpAccessDenied
from adapter.model.coded import CodeSystem, Coding
from adapter.model.destination import AccessMode, DigestName, XdsAccess
from adapter.model.document import Professional
from adapter.model.identifiers import PROFESSIONAL_OID

SAML: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
HL7: Final = "urn:hl7-org:v3"
NAME_FORMAT: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"

SUBJECT_ID: Final = "urn:oasis:names:tc:xspa:1.0:subject:subject-id"
ROLE: Final = "urn:oasis:names:tc:xacml:2.0:subject:role"
RESOURCE_ID: Final = "urn:oasis:names:tc:xacml:2.0:resource:resource-id"
PURPOSE: Final = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"
CONFIDENTIALITY: Final = "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code"
SECTOR_OID: Final = "1.2.250.1.71.4.2.4"
HIDDEN_FROM_GUARDIANS: Final = "INVISIBLE_REPRESENTANTS_LEGAUX^1.2.250.1.213.1.1.4.13"
PURPOSE_OID: Final = "1.2.250.1.213.1.1.4.248"
PURPOSE_NAME: Final = "mode acces VIHF 2.0"

_CLASSES: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
LOGINS: Final[Mapping[AccessMode, str]] = {
    "direct": _CLASSES + "SmartcardPKI",
    "indirect": _CLASSES + "Password",
    "indirect-reinforced": _CLASSES + "TLSClient",
    "air": _CLASSES + "TLSClient",
}
"""Usual class of the local login. Sources: CNAM samples (card); CNAM and DRIM-M clients (reinforced)."""

MODE_VALUES: Final[Mapping[AccessMode, str]] = {
    "direct": "DIRECTE",
    "indirect": "INDIRECTE",
    "indirect-reinforced": "INDIRECTE_RENFORCEE",
    "air": "INDIRECTE_RENFORCEE",
}
DECLARATIONS: Final[Mapping[AccessMode, str]] = {"indirect-reinforced": "CONF_EXI_PGSSIS", "air": "APP_BROWSER_AUTH"}
"""AuthnContextDecl: Pro Santé Connect in a browser, or a login that follows the PGSSI-S. Source: CNAM kits (AIR)."""

PROFESSIONS: Final = CodeSystem(
    "tre-g15", "1.2.250.1.71.1.2.7", "urn:oid:1.2.250.1.71.1.2.7", "TRE_G15-ProfessionSante"
)
SPECIALITIES: Final = CodeSystem(
    "tre-r01", "1.2.250.1.71.4.2.5", "urn:oid:1.2.250.1.71.4.2.5", "TRE_R01-SpecialiteOrdinale"
)
AUTOMATA: Final = CodeSystem("vihf-automaton", "1.2.250.1.213.1.1.4.6", "urn:oid:1.2.250.1.213.1.1.4.6", "")
AUTOMATON: Final = Coding(AUTOMATA, "AUTOMATE", "AUTOMATE")

DOCTOR: Final = "10"
PHARMACIST: Final = "21"
NEED_SPECIALITY: Final = frozenset({DOCTOR, PHARMACIST})
_BOTH: Final = "1.2.250.1.213.1.1.4.5"  # TRE_A02: profession and speciality in one code (G15_10/SM54)
_G15: Final = re.compile(r"G15_([0-9]{2})(?:/([A-Z0-9]+))?")


@dataclass(frozen=True, slots=True)
class Software:
    """The calling software, with the same values as it shows to its user.

    Attributes:
        identifier: LPS_ID; empty when it has none.
        approval: LPS_ID_HOMOLOGATION_DMP, given at the end of the homologation.
    """

    name: str
    version: str
    identifier: str = ""
    approval: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Caller:
    """Who calls the DMP, in which mode; the patient and the moment come with each call.

    Attributes:
        structure: national identifier of the structure (Struct_IdNat).
        sector: activity sector (TRE_R02).
        user_id: national identifier of who acts (PS_IdNat), or of who answers for an automaton. Empty until
            ``acting``.
        user_name: given name and name, in reading order; for an automaton its software, model and service.
        roles: profession, then speciality; the automaton has its own.
        login: SAML class of the local login; empty for the usual one of the mode.
        version, mode_name: spelling of the assertion, on which the sources differ.
        digest: of the signature. ``lifetime_s``: validity written, None for none.
        purpose: why the DMP is opened: code and label.
        secret_connection: a minor's documents hidden from the legal representatives.
        resource: what is opened (Ressource_URN).
        more: further attributes, name and value, that only the guide of the DMP tells (reason of an emergency...).
    """

    mode: AccessMode
    structure: str
    sector: str
    software: Software
    user_id: str = ""
    user_name: str = ""
    roles: tuple[Coding, ...] = ()
    automaton: bool = False
    login: str = ""
    version: Literal["3.0", "4.0"] = "3.0"
    mode_name: Literal["Authentification_Mode", "Authentification_mode"] = "Authentification_Mode"
    digest: DigestName = "SHA-256"
    lifetime_s: int | None = None
    purpose: tuple[str, str] = ("normal", "Accès normal")
    secret_connection: bool = False
    resource: str = "urn:dmp"
    more: tuple[tuple[str, str], ...] = ()


def caller(access: XdsAccess) -> Caller:
    """The caller that settings tell."""
    software = Software(access.software_name, access.software_version, access.software_id, access.approval_id)
    return Caller(
        access.mode,
        access.structure,
        access.sector,
        software,
        user_id=access.user_id,
        user_name=access.user_name,
        roles=tuple(_told_role(one) for one in access.roles),
        automaton=access.automaton,
        login=access.login,
        version=access.vihf_version,
        mode_name=access.vihf_mode_name,
        digest=access.vihf_digest,
        lifetime_s=access.vihf_lifetime_s,
    )


def _told_role(text: str) -> Coding:
    """Role written ``code^oid^label``."""
    code, oid, label = text.split("^", 2)
    return Coding(CodeSystem(f"role-{oid}", oid, f"urn:oid:{oid}", ""), code, label)


def acting(caller: Caller, professional: Professional) -> Caller:
    """The same caller where this professional acts: who sends a document is its author.

    The holder of a card and an automaton stay themselves.

    Raises:
        DmpAccessDenied: the professional has no national identifier, or no role that the DMP knows.
    Source: CNAM, DMP integration: a document is fed by a named user (EX 1320).
    """
    if caller.automaton or (caller.mode == "direct" and caller.user_id):
        return caller
    known = professional.identifier
    if known is None or known.root != PROFESSIONAL_OID:
        raise DmpAccessDenied("L'auteur n'a pas d'identifiant national : le DMP n'est pas appelé.", code="vihf-user")
    if known.value == caller.user_id and caller.roles:
        return caller
    name = f"{professional.name.given} {professional.name.family}".strip()
    found = roles(professional.profession.codings if professional.profession else ())
    return replace(caller, user_id=known.value, user_name=name, roles=found)


def roles(codings: tuple[Coding, ...]) -> tuple[Coding, ...]:
    """Profession, and speciality when it is one of TRE_R01, from the codes of TRE_A02 (``G15_10/SM54``).

    Raises:
        DmpAccessDenied: no profession there, or a doctor or pharmacist whose speciality has no code of TRE_R01.
    Source: JDV_J65_SubjectRole_DMP; the DMP refuses a VIHF without the speciality of a doctor or a pharmacist.
    """
    for coding in codings:
        split = _G15.fullmatch(coding.code) if coding.system.oid == _BOTH else None
        if split is None:
            continue
        labels = coding.display.split(" - ", 1)
        found = [Coding(PROFESSIONS, split[1], labels[0])]
        if (split[2] or "").startswith("SM"):
            found.append(Coding(SPECIALITIES, split[2], labels[-1]))
        elif split[1] in NEED_SPECIALITY:
            break
        return tuple(found)
    raise DmpAccessDenied(
        "La profession de l'auteur n'a pas, avec sa spécialité, de code que le DMP lise dans un VIHF : les donner par"
        " le réglage roles.",
        code="vihf-role",
    )
