"""TD2.1, feeding and replacing (ITI-41): the metadata and the documents of one set, all or nothing.

What is fed becomes the same state as a deposit of PDSm: one registry serves both wires.
Source: IHE ITI TF-2b 3.41, TF-3 4.2; IHE DSG; DMP vendor package (one set, its documents, one signature of it).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import uuid4

from lxml import etree

from adapter.dmp.pdsm import resources
from adapter.dmp.simulator import actors, deposits
from adapter.dmp.simulator.outcomes import MISSING, Issue, Issues, Refusal
from adapter.dmp.simulator.registry import Registry
from adapter.dmp.simulator.soap import gate
from adapter.dmp.simulator.soap.answers import SoapFault
from adapter.dmp.simulator.soap.gate import Caller, Trusted
from adapter.dmp.simulator.soap.headers import check_header
from adapter.dmp.simulator.soap.incoming import Incoming
from adapter.dmp.simulator.soap.requested import Asked, read_request
from adapter.dmp.simulator.soap.schemes import in_fhir
from adapter.dmp.xds import dsg, ebxml, mtom
from adapter.dmp.xds.certificates import check_structure
from adapter.dmp.xds.ebxml.names import XDSB
from adapter.model.coded import Concept
from adapter.model.document import Identifier, Organization, Professional
from adapter.submission.values import DocumentEntry, SubmissionSet

REPOSITORY_WRONG: Final = "XDSRepositoryMetadataError"
_X: Final = f"{{{XDSB}}}"
_REQUEST: Final = f"{_X}ProvideAndRegisterDocumentSetRequest"
_STRUCTURES: Final = "1.2.250.1.71.4.2.2"
_BOTH: Final = "Un document n'est pas masqué aux professionnels et au patient à la fois."
_CDA: Final = ("text/xml", "application/xslt+xml")


def feed(registry: Registry, trusted: Trusted, caller: Caller, request: Incoming) -> None:
    """Do one deposit.

    Raises:
        Refusal: nothing was done.
        SoapFault: the message is no feed, or is about another patient than its assertion.
    """
    if request.payload.tag != _REQUEST:
        raise SoapFault("InvalidMessage", "Le corps du message n'est pas une demande d'alimentation (ITI-41).")
    if not request.mtom:
        raise SoapFault("InvalidMessage", "L'alimentation du DMP se fait en MTOM (multipart/related).")
    gate.require(caller, "TD2.1")
    actors.may_feed(caller.actor)
    asked = read_request(request.payload)
    for held in asked.patients:
        gate.require_patient(caller, held)
    contents = _contents(request, asked)
    _check_signature(registry, trusted, caller, asked, contents)
    _check_headers(asked, contents)
    _carry_out(registry, caller, asked, contents)


def _contents(request: Incoming, asked: Asked) -> dict[str, bytes]:
    """Bytes by object of the request; each of them is a part of its own."""
    issues = Issues()
    found: dict[str, bytes] = {}
    for element in request.payload.iterchildren(f"{_X}Document"):
        own = element.get("id") or ""
        if own in found:
            issues.wrong(own, "Deux contenus portent le même id.", code=REPOSITORY_WRONG, kind="duplicate")
        if not len(element):
            text = "Un document voyage dans une partie MTOM (xop:Include), pas dans l'enveloppe."
            issues.wrong(own, text, code=REPOSITORY_WRONG, kind="structure")
            continue
        try:
            found[own] = bytes(mtom.content(element, request.parts))
        except mtom.MtomInvalid as fault:
            issues.wrong(own, fault.message, code="XDSMissingDocument", kind="not-found")
    described = {one.object_id for one in asked.documents}
    for own in sorted(described - set(found)):
        issues.wrong(own, "Un document décrit n'est pas dans le message.", code="XDSMissingDocument", kind="not-found")
    for own in sorted(set(found) - described):
        issues.wrong(own, "Un document du message n'est pas décrit.", code=MISSING, kind="not-found")
    issues.refuse()
    return found


def _check_signature(
    registry: Registry, trusted: Trusted, caller: Caller, asked: Asked, contents: Mapping[str, bytes]
) -> None:
    signatures = [one for one in asked.documents if dsg.is_signature(one.entry)]
    if len(signatures) != 1 or len(asked.documents) < 2:
        text = "Un lot porte un document au moins, et une signature et une seule."
        raise Refusal(422, Issue(text, REPOSITORY_WRONG, "required", asked.set_id))
    (signature,) = signatures
    if asked.signs != ((signature.object_id, asked.set_id),):
        text = "L'association signs va de la signature au lot."
        raise Refusal(422, Issue(text, REPOSITORY_WRONG, "required", asked.set_id))
    documents = {one.entry.unique_id: contents[one.object_id] for one in asked.documents if one is not signature}
    try:
        said = dsg.verify(
            contents[signature.object_id],
            set_unique_id=asked.set.unique_id,
            documents=documents,
            trusted=trusted.authorities,
            now=registry.clock(),
            revoked=trusted.revoked,
        )
    except dsg.DsgInvalid as fault:
        code = "DMPInvalidCertificate" if fault.code.startswith("certificate") else "XDSRepositoryError"
        raise Refusal(422, Issue(fault.message, code, "security", signature.object_id)) from None
    if caller.said.mode != "direct" and check_structure(said.certificate, caller.said.structure, path=""):
        text = "Le certificat qui signe le lot est celui d'une autre structure."
        raise Refusal(422, Issue(text, "DMPInvalidCertificate", "security", signature.object_id))


def _check_headers(asked: Asked, contents: Mapping[str, bytes]) -> None:
    issues = Issues()
    for one in asked.documents:
        if one.entry.mime_type not in _CDA:
            issues.wrong(one.object_id, "Le DMP ne reçoit par XDS que des documents CDA (text/xml).")
        elif not dsg.is_signature(one.entry):
            check_header(issues, one.entry, contents[one.object_id], one.object_id)
            masks = {code.code for code in one.entry.confidentiality}
            if {actors.MASQUE_PS, actors.INVISIBLE_PATIENT} <= masks:
                issues.wrong(one.object_id, _BOTH, code="LocalPolicyRestrictionError", kind="business-rule")
    issues.refuse()


# ---------------------------------------------------------------- into the common state


@dataclass(frozen=True, slots=True)
class _Places:
    """Objects of the request by the place of their entry in the deposit."""

    objects: Mapping[str, str]

    def told(self, issue: Issue) -> Issue:
        """The same issue, in the words of the request."""
        entry = issue.expression.partition(".resource")[0]
        return replace(issue, expression=self.objects.get(entry, issue.expression))


def _carry_out(registry: Registry, caller: Caller, asked: Asked, contents: Mapping[str, bytes]) -> None:
    described = next(one.entry for one in asked.documents if not dsg.is_signature(one.entry))
    entries = [_entry(one.entry, contents[one.object_id], described, caller) for one in asked.documents]
    held = replace(_spoken_set(asked.set, caller), entry_uuid=str(uuid4()))
    made: list[deposits.Entry] = []
    raw: dict[str, bytes] = {}
    objects: dict[str, str] = {}

    def add(kind: str, resource: Any, key: str, object_id: str) -> deposits.Entry:
        at = f"Bundle.entry[{len(made)}]"
        objects[at] = object_id
        entry = deposits.Entry(kind, f"{at}.resource", resource, f"urn:uuid:{key}", resource["resourceType"])
        made.append(entry)
        return entry

    lot = add("submission-set", resources.submission_set(held, tuple(entries)), held.entry_uuid, asked.set_id)
    stored = []
    with registry.store.writing():
        try:
            for one, entry in zip(asked.documents, entries, strict=True):
                resource = resources.comprehensive(entry, held.submission_time)
                if one.replaced:
                    resource["relatesTo"] = [_replaces(registry, caller, one.replaced)]
                stored.append((add("document", resource, entry.entry_uuid, one.object_id), one))
                binary = {"resourceType": "Binary", "contentType": entry.mime_type}
                content = add("content", binary, resources.binary_key(entry), one.object_id)
                raw[content.at] = contents[one.object_id]
            deposits.check_entries(made)
            deposit = deposits.Deposit(caller.actor, made, raw=raw, patched=False, way="ITI-41")
            deposits.carry_out(registry, deposit)
        except Refusal as refused:
            places = _Places(objects)
            raise Refusal(refused.status, [places.told(issue) for issue in refused.issues]) from None
        _remember(registry, lot, ebxml.build_object(asked.package))
        for document, one in stored:
            _remember(registry, document, ebxml.build_object(one.object))


def _remember(registry: Registry, entry: deposits.Entry, element: etree._Element) -> None:
    """Keep an object as it was registered: what FHIR does not say of it comes back as it came."""
    registry.store.register(entry.reference.partition("/")[2], "object", etree.tostring(element))


def _replaces(registry: Registry, caller: Caller, target: str) -> dict[str, Any]:
    """Relation to the document whose entryUUID `target` is.

    Raises:
        Refusal: there is none, or it may not be replaced.
    """
    rows = [row for row in registry.store.documents_bearing(target) if row.entry_uuid == target.lower()]
    patient = registry.patient(f"urn:oid:{caller.patient.root}", caller.patient.value)
    rows = [row for row in rows if not row.deleted and row.patient_id == patient.id]
    if not rows:
        text = "Le document à remplacer n'est pas dans ce DMP."
        raise Refusal(422, Issue(text, "XDSReplaceFailed", "not-found"))
    if registry.is_archived(rows[0]):
        text = "Un document archivé ne se remplace pas : seul un document en vigueur se remplace."
        raise Refusal(422, Issue(text, "XDSRegistryDeprecatedDocumentError", "business-rule"))
    return {"code": "replaces", "target": {"reference": f"DocumentReference/{rows[0].id}"}}


def _entry(value: DocumentEntry, content: bytes, document: DocumentEntry, caller: Caller) -> DocumentEntry:
    """The entry as FHIR will tell it: codes in its systems, what the repository counts, an identifier of its own.

    Args:
        document: a document of the set; its signature says nothing of the patient but the INS.
    """
    author = _person(value.author, caller)
    return replace(
        value,
        entry_uuid=str(uuid4()),
        type=in_fhir(value.type),
        class_=in_fhir(value.class_),
        format=in_fhir(value.format),
        facility=in_fhir(value.facility),
        practice_setting=in_fhir(value.practice_setting),
        confidentiality=tuple(in_fhir(one) for one in value.confidentiality),
        events=tuple(in_fhir(one) for one in value.events),
        author=author,
        legal_authenticator=_person(value.legal_authenticator, caller, author),
        custodian=author.organization or _structure(caller),
        patient=document.patient if dsg.is_signature(value) else value.patient,
        hash_sha1=value.hash_sha1 or hashlib.sha1(content, usedforsecurity=False).digest(),
        size_bytes=value.size_bytes if value.size_bytes >= 0 else len(content),
        replaces="",
    )


def _spoken_set(value: SubmissionSet, caller: Caller) -> SubmissionSet:
    return replace(value, content_type=in_fhir(value.content_type), author=_person(value.author, caller))


def _person(value: Professional, caller: Caller, same: Professional | None = None) -> Professional:
    """The professional, within the structure of the call when the metadata tell none."""
    if same is not None and value.identifier == same.identifier:
        return same
    profession = value.profession
    if profession is not None:
        codes = tuple(in_fhir(one) for one in profession.codings)
        profession = Concept(profession.text or "Non précisée", codes)
    place = value.organization
    if place is None or place.identifier is None:
        place = _structure(caller)
    return replace(value, profession=profession, organization=place)


def _structure(caller: Caller) -> Organization:
    own = caller.said.structure
    return Organization(key=str(uuid4()), name="Structure de l'appelant", identifier=Identifier(_STRUCTURES, own))
