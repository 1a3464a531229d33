"""TD3.3, changes (ITI-57): visibility as a new version of the whole entry, availability as one relation.

Source: IHE ITI, Supplement XDS Metadata Update, 3.57; DMP vendor package, TD3.3a to d.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

import orjson
from lxml import etree

from adapter.dmp.simulator import actors
from adapter.dmp.simulator.outcomes import Issue, Issues, Refusal
from adapter.dmp.simulator.registry import Registry
from adapter.dmp.simulator.soap import gate, registered
from adapter.dmp.simulator.soap.answers import SoapFault
from adapter.dmp.simulator.soap.gate import Caller
from adapter.dmp.simulator.soap.requested import check_object, the_set
from adapter.dmp.simulator.soap.schemes import in_fhir
from adapter.dmp.simulator.store import DocumentRow, ListRow, PatientRow
from adapter.dmp.xds import ebxml
from adapter.dmp.xds.access import Transaction
from adapter.dmp.xds.ebxml import Association, ExtrinsicObject, RegistryPackage, SubmitObjects
from adapter.dmp.xds.metadata import MetadataInvalid, names, relation, submission_set
from adapter.dmp.xds.metadata.found import coding
from adapter.fhir.datatypes import coded

UPDATE_ERROR: Final = "XDSMetadataUpdateError"
_TRANSITIONS: Final[dict[tuple[str, str], Transaction]] = {
    (names.APPROVED, names.DELETED): "TD3.3c",
    (names.DEPRECATED, names.DELETED): "TD3.3c",
    (names.ARCHIVED, names.DELETED): "TD3.3c",
    (names.APPROVED, names.ARCHIVED): "TD3.3d",
    (names.ARCHIVED, names.APPROVED): "TD3.3d",
}


def update(registry: Registry, caller: Caller, element: etree._Element) -> None:
    """Do one change.

    Raises:
        Refusal: nothing was done.
        SoapFault: the message is no change, or is about another patient than its assertion.
    """
    try:
        request = ebxml.parse(element)
    except ebxml.EbxmlInvalid:
        raise SoapFault("InvalidMessage", "Le corps du message n'est pas une modification (ITI-57).") from None
    package = the_set(request)
    issues = Issues()
    for one in (package, *request.documents):
        check_object(issues, one)
    issues.refuse()
    try:
        lot = submission_set(package)
    except MetadataInvalid as fault:
        text = f"Métadonnées du lot absentes ou illisibles : {', '.join(fault.missing)}."
        raise Refusal(422, Issue(text, UPDATE_ERROR, "required", package.id)) from None
    gate.require_patient(caller, lot.patient_id)
    with registry.store.writing():
        patient = gate.open_dmp(caller, registry)
        set_uuid = _register_set(registry, caller, patient, package, lot.unique_id)
        if request.documents:
            changed = _visibility(registry, caller, patient, request, package)
            done = relation(
                names.HAS_MEMBER, set_uuid, changed.entry_uuid, ebxml.slot("SubmissionSetStatus", "Original")
            )
        else:
            change = _availability(registry, caller, patient, request, package)
            done = replace(change, source=set_uuid)
        kept = etree.tostring(ebxml.build_object(replace(done, id="relation")))
        registry.store.register(patient.id, "relation", kept)


def _register_set(
    registry: Registry, caller: Caller, patient: PatientRow, package: RegistryPackage, unique_id: str
) -> str:
    """Entry UUID of the set that carries a change; PDSm, where it holds no document, does not show it."""
    if registry.store.is_set_used(f"urn:oid:{unique_id}"):
        text = "Cet uniqueId est déjà dans le DMP."
        raise Refusal(409, Issue(text, "XDSDuplicateUniqueIdInRegistry", "duplicate", package.id))
    key, entry_uuid = str(uuid4()), f"urn:uuid:{uuid4()}"
    resource = orjson.dumps({"resourceType": "List", "id": key})
    structures = (caller.said.structure,)
    registry.store.add_list(
        ListRow(key, patient.id, "submissionset", f"urn:oid:{unique_id}", entry_uuid, structures, resource)
    )
    registry.store.register(key, "object", etree.tostring(ebxml.build_object(package)))
    return entry_uuid


# ---------------------------------------------------------------- TD3.3a, TD3.3b


def _visibility(
    registry: Registry, caller: Caller, patient: PatientRow, request: SubmitObjects, package: RegistryPackage
) -> DocumentRow:
    if len(request.documents) != 1 or len(request.associations) != 1:
        text = "Une modification porte une fiche et son appartenance au lot (HasMember), rien d'autre."
        raise Refusal(422, Issue(text, UPDATE_ERROR, "structure", package.id))
    (asked,), (member,) = request.documents, request.associations
    _check_member(member, asked, package)
    row = _row(registry, caller, patient, asked.lid or "", asked.id)
    now = registered.document(registry, row, patient)
    if member.slot("PreviousVersion") != (str(row.version),):
        text = "La fiche a changé depuis sa lecture (PreviousVersion)."
        raise Refusal(412, Issue(text, "XDSMetadataVersionError", "conflict", asked.id))
    if _frozen(asked) != _frozen(now):
        text = "Seule la confidentialité d'une fiche peut être modifiée."
        raise Refusal(422, Issue(text, "UnmodifiableMetadataError", "not-supported", asked.id))
    labels = [coded(in_fhir(coding(one))) for one in asked.classified(names.CONFIDENTIALITY)]
    before = {coding(one).code for one in now.classified(names.CONFIDENTIALITY)}
    after = {coding(one).code for one in asked.classified(names.CONFIDENTIALITY)}
    for mask in (before ^ after) or {actors.MASQUE_PS}:
        gate.require(caller, "TD3.3a" if mask == actors.MASQUE_PS else "TD3.3b")
    if {actors.MASQUE_PS, actors.INVISIBLE_PATIENT} <= after:
        text = "Un document n'est pas masqué aux professionnels et au patient à la fois."
        raise Refusal(422, Issue(text, "LocalPolicyRestrictionError", "business-rule", asked.id))
    patch = [{"op": "replace", "path": "/securityLabel", "value": labels}]
    return _patched(registry, caller, row, patch, asked.id)


def _check_member(member: Association, asked: ExtrinsicObject, package: RegistryPackage) -> None:
    told = (member.type, member.source, member.target, member.slot("SubmissionSetStatus"))
    if told != (names.HAS_MEMBER, package.id, asked.id, ("Original",)):
        text = "HasMember va du lot à la fiche, SubmissionSetStatus valant Original."
        raise Refusal(422, Issue(text, UPDATE_ERROR, "structure", package.id))
    if not asked.lid or asked.id.startswith("urn:uuid:"):
        text = "Une nouvelle version porte un id symbolique et le lid de la fiche."
        raise Refusal(422, Issue(text, "XDSMetadataIdentifierError", "value", asked.id))


def _frozen(value: ExtrinsicObject) -> Any:
    """What a change of visibility leaves alone."""
    codes = sorted(
        repr((one.scheme, one.representation, one.label, sorted((s.name, s.values) for s in one.slots)))
        for one in value.classifications
        if one.scheme != names.CONFIDENTIALITY
    )
    identifiers = sorted((one.scheme or "", one.value or "") for one in value.external_identifiers)
    slots = sorted((one.name, one.values or ()) for one in value.slots)
    return value.mime_type, value.object_type, value.label, codes, identifiers, slots


# ---------------------------------------------------------------- TD3.3c, TD3.3d


def _availability(
    registry: Registry, caller: Caller, patient: PatientRow, request: SubmitObjects, package: RegistryPackage
) -> Association:
    if len(request.associations) != 1 or request.associations[0].type != names.UPDATE_AVAILABILITY:
        text = "Un lot sans document porte un changement de statut et un seul (UpdateAvailabilityStatus)."
        raise Refusal(422, Issue(text, UPDATE_ERROR, "structure", package.id))
    (change,) = request.associations
    before, after = change.slot("OriginalStatus"), change.slot("NewStatus")
    transaction = _TRANSITIONS.get((before[0], after[0])) if len(before) == len(after) == 1 else None
    if transaction is None or change.source != package.id:
        text = "Ce changement de statut n'est pas prévu par le DMP."
        raise Refusal(422, Issue(text, "XDSMetadataUpdateOperationError", "not-supported", change.id))
    gate.require(caller, transaction)
    row = _row(registry, caller, patient, change.target or "", change.id)
    if row.entry_uuid != (change.target or "").lower():
        text = "La fiche visée n'est plus la dernière version."
        raise Refusal(412, Issue(text, "XDSMetadataVersionError", "conflict", change.id))
    if registered.status(row, orjson.loads(row.resource)) != before[0]:
        text = "Le statut d'origine annoncé n'est pas celui du registre."
        raise Refusal(422, Issue(text, UPDATE_ERROR, "conflict", change.id))
    if transaction == "TD3.3c":
        try:
            registry.delete(caller.actor, f"DocumentReference/{row.id}", None)
        except Refusal as refused:
            raise _placed(refused, change.id) from None
        return change
    held = [one for one in orjson.loads(row.resource).get("extension", ()) if one.get("url") != _ARCHIVED]
    flag = {"url": _ARCHIVED, "valueBoolean": after[0] == names.ARCHIVED}
    _patched(registry, caller, row, [{"op": "add", "path": "/extension", "value": [*held, flag]}], change.id)
    return change


_ARCHIVED: Final = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived"


def _row(registry: Registry, caller: Caller, patient: PatientRow, entry_uuid: str, at: str) -> DocumentRow:
    rows = [row for row in registry.store.documents_bearing(entry_uuid) if row.patient_id == patient.id]
    if not rows or rows[0].deleted or not registered.sees(registry, caller.actor, rows[0], patient):
        text = "La fiche à modifier n'est pas dans ce DMP."
        raise Refusal(404, Issue(text, "XDSMetadataIdentifierError", "not-found", at))
    return rows[0]


def _patched(registry: Registry, caller: Caller, row: DocumentRow, patch: list[Any], at: str) -> DocumentRow:
    try:
        return registry.change(caller.actor, f"DocumentReference/{row.id}", patch, None)
    except Refusal as refused:
        raise _placed(refused, at) from None


def _placed(refused: Refusal, at: str) -> Refusal:
    return Refusal(refused.status, [replace(issue, expression=at) for issue in refused.issues])
