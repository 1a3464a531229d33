"""What a registry asks of the metadata of a feed (ITI-41), looked at before it leaves, on the message itself.

The values were compared with the documents before (``adapter.submission.check_submission``); here it is the ebXML: each
object complete, each scheme known, each relation where it must be.
Source: IHE ITI TF-3, 4.2.2 (relations), 4.2.3 (attributes, data types); ebRIM 3.0; GIE SESAM-Vitale, DMP vendor package
(TD2.1: one set, its documents, one signature of it).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from adapter.dmp.xds.ebxml import ExtrinsicObject, RegistryObject, RegistryPackage, SubmitObjects
from adapter.dmp.xds.metadata import names
from adapter.errors import Finding, RuleText, Severity
from adapter.model.identifiers import INS_ROOTS
from adapter.terminology import is_oid

_SOURCE: Final = "IHE ITI TF-3, 4.2 ; dossier de spécifications du DMP, TD2.1"
_DEFECT: Final = " C'est un défaut du programme : rien n'est parti."

RULES: Final[Mapping[str, RuleText]] = {
    code: RuleText(code, Severity.ERROR, title, explanation + _DEFECT, _SOURCE)
    for code, title, explanation in (
        (
            "XDS-MISSING",
            "Attribut obligatoire absent du message",
            "Un objet du message d'alimentation n'a pas un attribut que tout registre exige.",
        ),
        (
            "XDS-VALUE",
            "Valeur mal formée dans le message",
            "Date (AAAAMMJJHHMMSS, en UTC), OID, empreinte, taille, identifiant de patient ou de personne : la valeur"
            " n'a pas la forme que son type demande.",
        ),
        (
            "XDS-SCHEME",
            "Schéma inconnu dans le message",
            "Un code ou un identifiant est classé sous un UUID que XDS ne connaît pas, deux fois sous le même, ou"
            " désigne un autre objet que celui qui le porte.",
        ),
        (
            "XDS-RELATION",
            "Relation absente ou fausse dans le message",
            "Chaque document appartient au lot par une relation HasMember et une seule ; la signature signe le lot ; un"
            " document en remplace un autre, déjà enregistré, jamais lui-même.",
        ),
        (
            "XDS-IDENTITY",
            "Identifiants incohérents dans le message",
            "Deux objets portent le même identifiant, ou le lot et ses documents ne désignent pas le même patient.",
        ),
    )
}

_ONCE: Final = {
    names.CLASS: "classCode",
    names.TYPE: "typeCode",
    names.FORMAT: "formatCode",
    names.FACILITY: "healthcareFacilityTypeCode",
    names.PRACTICE_SETTING: "practiceSettingCode",
}
_SEVERAL: Final = {names.AUTHOR: "author", names.CONFIDENTIALITY: "confidentialityCode"}
_ENTRY_SCHEMES: Final = frozenset({*_ONCE, *_SEVERAL, names.EVENT})
_SET_SCHEMES: Final = {names.SET_AUTHOR: "author", names.SET_CONTENT_TYPE: "contentTypeCode"}
_ENTRY_IDS: Final = {names.PATIENT: "patientId", names.UNIQUE: "uniqueId"}
_SET_IDS: Final = {names.SET_PATIENT: "patientId", names.SET_SOURCE: "sourceId", names.SET_UNIQUE: "uniqueId"}
_SLOTS: Final = (
    "creationTime", "hash", "languageCode", "legalAuthenticator", "serviceStartTime", "size", "sourcePatientId",
)  # fmt: skip
_TIMES: Final = ("creationTime", "serviceStartTime", "serviceStopTime", "submissionTime")

_OID: Final = r"[0-2](\.(0|[1-9]\d*))+"
_CX: Final = re.compile(rf"[^^&]+\^\^\^&(?P<root>{_OID})&ISO\^(NH|PI)")
_XCN: Final = re.compile(rf"[^^&]+\^[^^]+\^[^^]*\^{{6}}&{_OID}&ISO\^[DU]\^{{3}}(IDNPS|EI|RI)")
_FORMS: Final = {
    "hash": re.compile("[0-9a-f]{40}"),
    "size": re.compile("[1-9][0-9]*"),
    "languageCode": re.compile("[a-z]{2,3}(-[A-Z]{2})?"),
    "legalAuthenticator": _XCN,
    "sourcePatientId": _CX,
}
_REGISTERED: Final = re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_OID_MAX: Final = 64


def check_request(request: SubmitObjects) -> list[Finding]:
    """Every fault of the metadata of a signed feed; paths name objects and attributes, never values."""
    if len(request.packages) != 1:
        return [_finding("XDS-MISSING", "lot", "Un message d'alimentation porte un lot et un seul.")]
    (package,) = request.packages
    found = [*_package(package)]
    for one in request.documents:
        found += _document(one)
    found += _relations(request, package)
    found += _identities(request, package)
    return found


def _finding(rule: str, path: str, message: str) -> Finding:
    text = RULES[rule]
    return Finding(rule, text.severity, path, message, text.source)


def _absent(value: RegistryObject, name: str) -> Finding:
    return _finding("XDS-MISSING", f"{value.id}.{name}", f"L'attribut obligatoire {name} manque.")


def _malformed(value: RegistryObject, name: str) -> Finding:
    return _finding("XDS-VALUE", f"{value.id}.{name}", f"La valeur de {name} n'a pas la forme attendue.")


def _package(package: RegistryPackage) -> Iterator[Finding]:
    if [one.node for one in package.classifications if one.node] != [names.SET_NODE]:
        yield _finding("XDS-SCHEME", f"{package.id}.classificationNode", "L'objet ne se dit pas lot de soumission.")
    if not package.slot_value("submissionTime"):
        yield _absent(package, "submissionTime")
    yield from _times(package)
    yield from _codes(package, frozenset(_SET_SCHEMES), _SET_SCHEMES, _SET_SCHEMES)
    yield from _authors(package, names.SET_AUTHOR)
    yield from _identifiers(package, _SET_IDS)


def _document(document: ExtrinsicObject) -> Iterator[Finding]:
    if document.object_type != names.STABLE:
        yield _finding("XDS-SCHEME", f"{document.id}.objectType", "L'objet ne se dit pas document stable.")
    if not document.mime_type:
        yield _absent(document, "mimeType")
    if not document.label.strip():
        yield _absent(document, "title")
    signature = _is_signature(document)
    for name in _SLOTS:
        if not document.slot_value(name):
            yield _absent(document, name)
        elif (form := _FORMS.get(name)) is not None and form.fullmatch(document.slot_value(name)) is None:
            yield _malformed(document, name)
    if not signature:
        yield from _patient_info(document)
    yield from _times(document)
    yield from _codes(document, _ENTRY_SCHEMES, {**_ONCE, **_SEVERAL}, _ONCE)
    yield from _authors(document, names.AUTHOR)
    yield from _identifiers(document, _ENTRY_IDS)


def _patient_info(document: ExtrinsicObject) -> Iterator[Finding]:
    told = {one.partition("|")[0] for one in document.slot("sourcePatientInfo")}
    if not {"PID-5", "PID-7", "PID-8"} <= told:
        yield _absent(document, "sourcePatientInfo")


def _is_signature(document: ExtrinsicObject) -> bool:
    return any(one.representation == names.SIGNATURE_CLASS for one in document.classified(names.CLASS))


def _times(value: RegistryObject) -> Iterator[Finding]:
    for name in _TIMES:
        text = value.slot_value(name)
        if text and not _is_time(text):
            yield _malformed(value, name)


def _is_time(text: str) -> bool:
    try:
        return len(text) == len("20261012103000") and bool(datetime.strptime(f"{text}Z", "%Y%m%d%H%M%S%z"))
    except ValueError:
        return False


def _codes(
    value: RegistryObject, known: frozenset[str], required: Mapping[str, str], once: Mapping[str, str]
) -> Iterator[Finding]:
    held = [one for one in value.classifications if not one.node]
    counts = Counter(one.scheme or "" for one in held)
    authors = (names.AUTHOR, names.SET_AUTHOR)
    for scheme, name in required.items():
        if not counts[scheme]:
            yield _absent(value, name)
        elif counts[scheme] > 1 and scheme in once:
            yield _finding("XDS-SCHEME", f"{value.id}.{name}", f"Le code {name} est donné plusieurs fois.")
    for one in held:
        name = {**_ONCE, **_SEVERAL, **_SET_SCHEMES}.get(one.scheme or "", "eventCodeList")
        if one.scheme not in known:
            yield _finding("XDS-SCHEME", f"{value.id}.classificationScheme", "Ce schéma de classement est inconnu.")
        elif one.scheme not in authors and not (one.representation and one.slot_value("codingScheme") and one.label):
            yield _absent(value, name)
        if one.classified_object != value.id:
            yield _finding("XDS-SCHEME", f"{value.id}.{name}", "Un code ne désigne pas l'objet qui le porte.")


def _authors(value: RegistryObject, scheme: str) -> Iterator[Finding]:
    for one in value.classified(scheme):
        person = one.slot_value("authorPerson")
        if not person:
            yield _absent(value, "authorPerson")
        elif _XCN.fullmatch(person) is None:
            yield _malformed(value, "authorPerson")


def _identifiers(value: RegistryObject, required: Mapping[str, str]) -> Iterator[Finding]:
    counts = Counter(one.scheme or "" for one in value.external_identifiers)
    for scheme, name in required.items():
        text = value.identifier(scheme)
        if counts[scheme] != 1 or not text:
            yield _absent(value, name)
        elif name == "patientId":
            held = _CX.fullmatch(text)
            if held is None or held["root"] not in INS_ROOTS:
                yield _malformed(value, name)
        elif not is_oid(text) or len(text) > _OID_MAX:
            yield _malformed(value, name)
    for one in value.external_identifiers:
        if one.scheme not in required:
            yield _finding("XDS-SCHEME", f"{value.id}.identificationScheme", "Ce schéma d'identification est inconnu.")
        elif one.registry_object != value.id:
            yield _finding("XDS-SCHEME", f"{value.id}.registryObject", "Un identifiant ne désigne pas son objet.")


def _relations(request: SubmitObjects, package: RegistryPackage) -> Iterator[Finding]:
    documents = {one.id for one in request.documents}
    signatures = {one.id for one in request.documents if _is_signature(one)}
    members = Counter(one.target for one in request.associations if one.type == names.HAS_MEMBER)
    sources = {one.source for one in request.associations if one.type == names.HAS_MEMBER}
    if set(members) != documents or any(count > 1 for count in members.values()) or sources - {package.id}:
        yield _finding("XDS-RELATION", "HasMember", "Le lot ne contient pas chacun de ses documents, une fois.")
    signs = [(one.source, one.target) for one in request.associations if one.type == names.SIGNS]
    if len(signatures) != 1 or signs != [(one, package.id) for one in signatures]:
        yield _finding("XDS-RELATION", "signs", "Le lot n'est pas signé par un document du lot et un seul.")
    for one in request.associations:
        if one.type not in (names.HAS_MEMBER, names.SIGNS, names.REPLACES):
            yield _finding("XDS-RELATION", one.id, "Une alimentation ne connaît pas cette relation.")
        if one.type == names.REPLACES and (one.source not in documents - signatures or one.target == one.source):
            yield _finding("XDS-RELATION", "RPLC", "Un document en remplace un autre, jamais lui-même.")
        elif one.type == names.REPLACES and _REGISTERED.fullmatch(one.target or "") is None:
            yield _finding("XDS-RELATION", "RPLC", "Le document remplacé se désigne par son entryUUID (urn:uuid:…).")


def _identities(request: SubmitObjects, package: RegistryPackage) -> Iterator[Finding]:
    documents = request.documents
    own = Counter(one.id for one in (package, *documents))
    unique = Counter([package.identifier(names.SET_UNIQUE), *(one.identifier(names.UNIQUE) for one in documents)])
    if max(own.values()) > 1 or max(unique.values()) > 1:
        yield _finding("XDS-IDENTITY", "lot", "Deux objets du message portent le même identifiant.")
    patients = {package.identifier(names.SET_PATIENT), *(one.identifier(names.PATIENT) for one in documents)}
    if len(patients) != 1:
        yield _finding("XDS-IDENTITY", "patientId", "Le lot et ses documents ne désignent pas le même patient.")


__all__ = ["RULES", "check_request"]
