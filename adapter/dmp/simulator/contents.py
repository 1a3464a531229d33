"""What a repository checks of the bytes it is handed: size, hash, and that they are the document the metadata tell.

The CDA judgement is light on purpose (well-formed, header agrees with the metadata): a repository is no validator.
FHIR documents are judged by the rules of ``adapter.validation``, which cost little.
Source: IHE ITI TF-3 4.2.3.2 (hash, size); CI-SIS, correspondance entre en-tête CDA et métadonnées XDS.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from lxml import etree

from adapter.dmp.simulator.outcomes import WRONG, Issue, Issues, Refusal
from adapter.errors import DocumentInvalid, FindingsError, Severity
from adapter.model.json_input import parse_json
from adapter.validation.fhir_rules import check_bundle
from adapter.validation.fhir_rules.elements import codings, dicts, text_of
from adapter.validation.xml_input import parse_xml

CDA_TYPES: Final = frozenset(("text/xml", "application/xml", "application/xslt+xml"))
FHIR_TYPE: Final = "application/fhir+json"
SIGNATURE_TYPE: Final = "E1762"
"""Type of the signature of a set, which is XML and no CDA. Source: DMP vendor package, TD2.1 (ASTM)."""
INS_ROOTS: Final = frozenset(f"1.2.250.1.213.1.4.{n}" for n in (8, 9, 10, 11))
_HL7: Final = {"h": "urn:hl7-org:v3"}


@dataclass(frozen=True, slots=True)
class Told:
    """What the metadata say of the content: uniqueId, INS (system and value), type codes, where they say it."""

    unique_id: str
    patient: tuple[str, str]
    types: tuple[str, ...]
    size: int | None
    sha1: bytes | None
    at: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the document says of itself: version set (URN, or empty), rank, uniqueIds that it replaces."""

    set_id: str = ""
    version: int = 0
    replaces: frozenset[str] = frozenset()


def decode(data: Any, at: str) -> bytes:
    """Bytes of a base64 member.

    Raises:
        Refusal: 422, absent or not base64.
    """
    if not isinstance(data, str) or not data:
        raise Refusal(422, Issue("Le contenu du document est absent.", "XDSMissingDocument", "required", at))
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(422, Issue("Le contenu n'est pas du base64.", WRONG, "value", at)) from None


def examine(content: bytes, mime: str, told: Told, size_limit: int) -> Facts:
    """Facts of a content that agrees with what the metadata say.

    Raises:
        Refusal: 413 beyond `size_limit`, 422 otherwise.
    """
    if len(content) > size_limit:
        text = f"Le document fait {len(content)} octets ; la limite de ce DMP est de {size_limit} octets."
        raise Refusal(413, Issue(text, "XDSRepositoryOutOfResources", "too-long", f"{told.at}.content[0].attachment"))
    issues = Issues()
    where = f"{told.at}.content[0].attachment"
    if told.size is not None and told.size != len(content):
        text = f"La taille annoncée ({told.size}) n'est pas celle du contenu ({len(content)} octets)."
        issues.wrong(f"{where}.size", text, code="XDSNonIdenticalSize")
    if told.sha1 is not None and told.sha1 != hashlib.sha1(content, usedforsecurity=False).digest():
        issues.wrong(f"{where}.hash", "L'empreinte annoncée n'est pas le SHA-1 du contenu.", code="XDSNonIdenticalHash")
    issues.refuse()
    if mime in CDA_TYPES and SIGNATURE_TYPE in told.types:
        facts = _signature(issues, content, told)
    elif mime in CDA_TYPES:
        facts = _cda(issues, content, told)
    elif mime == FHIR_TYPE:
        facts = _fhir_document(issues, content, told)
    else:
        facts = Facts()
        issues.wrong(f"{where}.contentType", "Un document du DMP est un CDA R2 (text/xml) ou un document FHIR (JSON).")
    issues.refuse()
    return facts


def stated_hash(text: Any, at: str) -> bytes | None:
    """SHA-1 that ``attachment.hash`` states, None when it states none.

    Raises:
        Refusal: 422, not base64 of 20 bytes.
    """
    if text is None:
        return None
    try:
        digest = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != hashlib.sha1(usedforsecurity=False).digest_size:
        issue = Issue("L'empreinte est le SHA-1 en base64 (20 octets).", "XDSNonIdenticalHash", "value", f"{at}.hash")
        raise Refusal(422, issue)
    return digest


def _signature(issues: Issues, content: bytes, told: Told) -> Facts:
    try:
        root = parse_xml(content)
    except DocumentInvalid:
        root = None
    if root is None or root.tag != "{http://www.w3.org/2000/09/xmldsig#}Signature":
        text = "Le contenu n'est pas une signature XML."
        issues.wrong(f"{told.at}.content[0]", text, code="XDSRepositoryMetadataError", kind="structure")
    return Facts()


def _cda(issues: Issues, content: bytes, told: Told) -> Facts:
    try:
        root = parse_xml(content, allow_instructions=True)
    except DocumentInvalid as fault:
        for finding in fault.findings:
            issues.wrong(f"{told.at}.content[0]", finding.message, code="XDSRepositoryMetadataError", kind="structure")
        return Facts()
    if root.tag != "{urn:hl7-org:v3}ClinicalDocument":
        text = "Le contenu XML n'est pas un document CDA R2."
        issues.wrong(f"{told.at}.content[0]", text, code="XDSRepositoryMetadataError", kind="structure")
        return Facts()
    own = _spellings(root.find("h:id", _HL7))
    if told.unique_id not in own:
        text = "L'identifiant du CDA (ClinicalDocument/id) n'est pas l'uniqueId des métadonnées."
        issues.wrong(f"{told.at}.masterIdentifier", text)
    code = root.find("h:code", _HL7)
    if told.types and (code is None or code.get("code") not in told.types):
        issues.wrong(f"{told.at}.type", "Le type annoncé n'est pas celui du CDA (ClinicalDocument/code).")
    ins = {
        (one.get("root"), one.get("extension"))
        for one in root.iterfind("h:recordTarget/h:patientRole/h:id", _HL7)
        if one.get("root") in INS_ROOTS
    }
    system, value = told.patient
    if (system.removeprefix("urn:oid:"), value) not in ins:
        text = "L'INS du CDA n'est pas celui du DMP visé."
        issues.wrong(f"{told.at}.subject", text, code="XDSPatientIdDoesNotMatch", kind="business-rule")
    version = root.find("h:versionNumber", _HL7)
    rank = (version.get("value") or "") if version is not None else ""
    parents = root.findall("h:relatedDocument[@typeCode='RPLC']/h:parentDocument/h:id", _HL7)
    set_id = min(_spellings(root.find("h:setId", _HL7)), default="")
    return Facts(set_id, int(rank) if rank.isdecimal() else 0, frozenset().union(*map(_spellings, parents)))


def _spellings(identifier: etree._Element | None) -> frozenset[str]:
    """URNs under which an HL7 ``II`` may be told in metadata."""
    if identifier is None:
        return frozenset()
    root, extension = identifier.get("root") or "", identifier.get("extension") or ""
    if not extension and "-" in root:
        try:
            uuid = UUID(root)
        except ValueError:
            return frozenset()
        return frozenset((f"urn:uuid:{uuid}", f"urn:oid:2.25.{uuid.int}"))
    if not extension:
        return frozenset((f"urn:oid:{root}",))
    return frozenset((f"urn:oid:{root}.{extension}", f"urn:oid:{root}^{extension}"))


def _fhir_document(issues: Issues, content: bytes, told: Told) -> Facts:
    for finding in check_bundle(content):
        if finding.severity is Severity.ERROR:
            text = f"Document FHIR refusé : {finding.message}"
            issues.wrong(finding.path, text, code="XDSRepositoryMetadataError", kind="structure")
    if issues.found:
        return Facts()
    try:
        bundle = parse_json(content)
    except FindingsError:  # check_bundle would have told
        return Facts()
    entries = [one["resource"] for one in dicts(bundle.get("entry")) if isinstance(one.get("resource"), dict)]
    held = {
        (text_of(one, "system"), text_of(one, "value"))
        for resource in entries
        if resource.get("resourceType") == "Patient"
        for one in dicts(resource.get("identifier"))
    }
    if told.patient not in held:
        text = "L'INS du document FHIR n'est pas celui du DMP visé."
        issues.wrong(f"{told.at}.subject", text, code="XDSPatientIdDoesNotMatch", kind="business-rule")
    composition = entries[0] if entries else {}
    if told.types and told.types[0] not in {code for _, code in codings(composition.get("type"))}:
        issues.wrong(f"{told.at}.type", "Le type annoncé n'est pas celui du document (Composition.type).")
    identifier = composition.get("identifier")
    rank = next(
        (
            text_of(one, "valueString")
            for one in dicts(composition.get("extension"))
            if text_of(one, "url").endswith("Composition.version")
        ),
        "",
    )
    replaced = {
        text_of(one.get("targetIdentifier"), "value")
        for one in dicts(composition.get("relatesTo"))
        if one.get("code") == "replaces"
    }
    return Facts(text_of(identifier, "value"), int(rank) if rank.isdecimal() else 0, frozenset(replaced) - {""})
