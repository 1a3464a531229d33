"""What a feed asks for: its set, its entries and their relations, each checked for what XDS requires of it.

Source: IHE ITI TF-3, 4.2.2 (relations), 4.2.3 (attributes); ebRIM 3.0; DMP vendor package, TD2.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lxml import etree

from adapter.dmp.simulator.contents import INS_ROOTS
from adapter.dmp.simulator.outcomes import WRONG, Issue, Issues, Refusal
from adapter.dmp.simulator.pdsm_rules import OID_MAX
from adapter.dmp.xds import ebxml
from adapter.dmp.xds.ebxml import (
    Association,
    Classification,
    ExternalIdentifier,
    ExtrinsicObject,
    RegistryObject,
    RegistryPackage,
    SubmitObjects,
)
from adapter.dmp.xds.metadata import MetadataInvalid, document_entry, names, submission_set
from adapter.model.document import Identifier
from adapter.submission.values import DocumentEntry, SubmissionSet
from adapter.terminology.registry import is_oid

REPOSITORY_WRONG: Final = "XDSRepositoryMetadataError"
_SINGLE: Final = {
    names.CLASS: "classCode",
    names.TYPE: "typeCode",
    names.FORMAT: "formatCode",
    names.FACILITY: "healthcareFacilityTypeCode",
    names.PRACTICE_SETTING: "practiceSettingCode",
}
_KNOWN: Final = frozenset({names.HAS_MEMBER, names.REPLACES, names.SIGNS})


@dataclass(frozen=True, slots=True, repr=False)
class AskedDocument:
    """One entry to register: as the request has it, as a value, and the entryUUID of what it replaces or nothing."""

    object: ExtrinsicObject
    entry: DocumentEntry
    replaced: str = ""

    @property
    def object_id(self) -> str:
        """Its identifier in the request."""
        return self.object.id


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """A feed.

    Attributes:
        package, set: the set, as the request has it and as a value. ``signs``: source and target of each relation.
    """

    package: RegistryPackage
    set: SubmissionSet
    documents: tuple[AskedDocument, ...]
    signs: tuple[tuple[str, str], ...]

    @property
    def set_id(self) -> str:
        """Identifier of the set in the request."""
        return self.package.id

    @property
    def patients(self) -> tuple[Identifier, ...]:
        """Patients of the set and of its entries, each once."""
        return tuple(dict.fromkeys((self.set.patient_id, *(one.entry.patient_id for one in self.documents))))


def read_request(element: etree._Element) -> Asked:
    """The feed of a ProvideAndRegisterDocumentSetRequest.

    Raises:
        Refusal: with every reason found.
    """
    try:
        request = ebxml.parse(element)
    except ebxml.EbxmlInvalid as fault:
        raise Refusal(422, Issue(fault.message, REPOSITORY_WRONG, "structure")) from None
    package = the_set(request)
    issues = Issues()
    for one in (package, *request.documents):
        check_object(issues, one)
    targets = _check_relations(issues, request, package)
    found: list[AskedDocument] = []
    for document in request.documents:
        _check_codes(issues, document)
        if (value := _read_document(issues, document)) is not None:
            found.append(AskedDocument(document, value, targets.get(document.id, "")))
    read_set = _read_set(issues, package)
    if not request.documents:
        issues.missing(package.id, "Le lot ne contient aucun document.")
    issues.refuse()
    if read_set is None:
        raise AssertionError("a set that cannot be read is an issue")
    signs = tuple((one.source or "", one.target or "") for one in request.associations if one.type == names.SIGNS)
    asked = Asked(package, read_set, tuple(found), signs)
    if len(asked.patients) != 1:
        text = "Le lot et ses documents ne désignent pas le même patient."
        raise Refusal(422, Issue(text, "XDSPatientIdDoesNotMatch", "business-rule", package.id))
    return asked


def the_set(request: SubmitObjects) -> RegistryPackage:
    """The one submission set of a request.

    Raises:
        Refusal: none, several, or a folder beside it.
    """
    packages = request.packages
    marks = {
        (one.classified_object, one.node)
        for one in (
            *(held for package in packages for held in package.classifications),
            *(held for held in request.objects if isinstance(held, Classification)),
        )
        if one.node
    }
    if len(packages) != 1 or {(packages[0].id, names.SET_NODE)} != marks:
        raise Refusal(422, Issue("Une demande porte un lot de soumission et un seul.", REPOSITORY_WRONG, "required"))
    return packages[0]


def check_object(issues: Issues, value: RegistryObject) -> None:
    """Codes and identifiers point to the object that bears them, and say their scheme."""
    for code in value.classifications:
        if code.classified_object != value.id:
            issues.wrong(value.id, "Un code ne désigne pas l'objet qui le porte (classifiedObject).")
        authors = (names.AUTHOR, names.SET_AUTHOR)
        if code.scheme and code.scheme not in authors and not (code.slot_value("codingScheme") and code.name):
            issues.missing(value.id, "Un code dit son système (codingScheme) et son libellé (Name).")
    for identifier in value.external_identifiers:
        if identifier.registry_object != value.id:
            issues.wrong(value.id, "Un identifiant ne désigne pas l'objet qui le porte (registryObject).")
        _check_oid(issues, value, identifier)


def _check_oid(issues: Issues, value: RegistryObject, identifier: ExternalIdentifier) -> None:
    if identifier.scheme in (names.UNIQUE, names.SET_UNIQUE, names.SET_SOURCE):
        text = identifier.value or ""
        if not is_oid(text) or len(text) > OID_MAX:
            issues.wrong(value.id, "Un uniqueId et un sourceId sont des OID de 64 caractères au plus.")


def _check_relations(issues: Issues, request: SubmitObjects, package: RegistryPackage) -> dict[str, str]:
    """Entry UUID of what each document replaces, by object of the request."""
    own = {one.id for one in request.documents}
    members: list[str] = []
    replaced: dict[str, str] = {}
    for one in request.associations:
        if one.type not in _KNOWN:
            issues.wrong(package.id, "Relation non prévue par le DMP.", code=REPOSITORY_WRONG, kind="not-supported")
        elif one.type == names.HAS_MEMBER:
            _check_member(issues, one, package, own)
            members.append(one.target or "")
        elif one.type == names.REPLACES:
            if one.source not in own or one.source in replaced or not (one.target or "").startswith("urn:uuid:"):
                text = "RPLC va d'un document du lot, une fois, à l'entryUUID d'un document du registre."
                issues.wrong(one.source or package.id, text, code="XDSReplaceFailed")
            else:
                replaced[one.source or ""] = one.target or ""
    if sorted(members) != sorted(own):
        issues.missing(package.id, "Chaque document du lot en est membre, une fois (HasMember).")
    if len(set(replaced.values())) != len(replaced):
        issues.wrong(package.id, "Le même document est remplacé deux fois.", code="XDSReplaceFailed")
    return replaced


def _check_member(issues: Issues, one: Association, package: RegistryPackage, own: set[str]) -> None:
    if one.source != package.id or one.target not in own or one.slot("SubmissionSetStatus") != ("Original",):
        text = "HasMember va du lot à un de ses documents, SubmissionSetStatus valant Original."
        issues.wrong(package.id, text, code=REPOSITORY_WRONG)


def _check_codes(issues: Issues, document: ExtrinsicObject) -> None:
    for scheme, name in _SINGLE.items():
        if len(document.classified(scheme)) > 1:
            issues.wrong(document.id, f"La métadonnée {name} n'est donnée qu'une fois.")
    if document.object_type != names.STABLE:
        issues.wrong(document.id, "Un document du DMP est un document stable (objectType).")
    if document.status is not None and document.status != names.APPROVED:
        issues.wrong(document.id, "Le statut d'un document est donné par le registre.")


def _read_document(issues: Issues, document: ExtrinsicObject) -> DocumentEntry | None:
    try:
        value = document_entry(document)
    except MetadataInvalid as fault:
        for name in fault.missing:
            text = f"La métadonnée {name} est absente ou illisible."
            issues.found.append(Issue(text, WRONG, "required", document.id))
        return None
    _check_patient(issues, document.id, value.patient_id)
    if value.patient.birth_family and not value.patient.birth_given:
        issues.wrong(document.id, "sourcePatientInfo ne donne pas le prénom de naissance (PID-5).")
    if document.slot("hash") and len(value.hash_sha1) != 20:
        issues.wrong(document.id, "hash est le SHA-1 du document en hexadécimal.", code="XDSNonIdenticalHash")
    if document.slot("size") and value.size_bytes < 0:
        issues.wrong(document.id, "size est le nombre d'octets du document.", code="XDSNonIdenticalSize")
    return value


def _read_set(issues: Issues, package: RegistryPackage) -> SubmissionSet | None:
    try:
        value = submission_set(package)
    except MetadataInvalid as fault:
        for name in fault.missing:
            text = f"La métadonnée {name} du lot est absente ou illisible."
            issues.found.append(Issue(text, WRONG, "required", package.id))
        return None
    _check_patient(issues, package.id, value.patient_id)
    return value


def _check_patient(issues: Issues, at: str, value: Identifier) -> None:
    if value.root not in INS_ROOTS:
        issues.wrong(at, "Le patient se désigne par son INS qualifié.", code="XDSUnknownPatientId")
