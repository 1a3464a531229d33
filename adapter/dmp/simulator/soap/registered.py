"""The state as a registry of XDS tells it: entries with their identifiers, versions and statuses, sets, relations.

The entryUUID changes with each change of the metadata; the logical identifier is that of the first version.
Source: IHE ITI, Supplement XDS Metadata Update; DMP vendor package (answers of TD3.1, French statuses).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, TypeVar
from uuid import NAMESPACE_OID, uuid5

import orjson
from lxml import etree

from adapter.dmp.simulator import actors, patches
from adapter.dmp.simulator.actors import Actor
from adapter.dmp.simulator.registry import Registry, is_signature
from adapter.dmp.simulator.soap import described
from adapter.dmp.simulator.store import DocumentRow, ListRow, PatientRow
from adapter.dmp.xds import ebxml
from adapter.dmp.xds.ebxml import (
    Association,
    ExtrinsicObject,
    RegistryObject,
    RegistryPackage,
    VersionInfo,
    slot,
)
from adapter.dmp.xds.metadata import document_object, names, relation, set_object
from adapter.validation.fhir_rules.elements import dicts, text_of

REPOSITORY: Final = names.DMP_REPOSITORY
_Kind = TypeVar("_Kind", bound=RegistryObject)
_ORIGINAL: Final = slot("SubmissionSetStatus", "Original")


def logical_id(registry: Registry, row: DocumentRow) -> str:
    """Entry UUID of the first version of a document."""
    return registry.store.versions(row.id)[0][1]


def status(row: DocumentRow, resource: dict[str, Any]) -> str:
    """Availability of a document."""
    if row.deleted:
        return names.DELETED
    if row.status == "superseded":
        return names.DEPRECATED
    return names.ARCHIVED if patches.archived(resource) else names.APPROVED


def document(registry: Registry, row: DocumentRow, patient: PatientRow) -> ExtrinsicObject:
    """Entry of a document: as it was registered when it came by XDS, with what changed since."""
    resource = orjson.loads(row.resource)
    entry = described.document_entry(resource, row, patient)
    made = document_object(
        entry,
        row.entry_uuid,
        lid=logical_id(registry, row),
        status=status(row, resource),
        version=str(row.version),
        repository=REPOSITORY,
    )
    kept = registry.store.registered(row.id, "object")
    if kept:
        made = _as_registered(made, _parsed(kept[0], ExtrinsicObject))
    return _identified(made)


def package(registry: Registry, row: ListRow, patient: PatientRow) -> RegistryPackage:
    """Set, as it was registered when it came by XDS."""
    kept = registry.store.registered(row.id, "object")
    if kept:
        made = _parsed(kept[0], RegistryPackage)
    else:
        made = set_object(described.submission_set(orjson.loads(row.resource), row, patient))
    held = replace(made, id=row.entry_uuid, lid=row.entry_uuid, status=names.APPROVED, version=VersionInfo("1"))
    return _identified(held)


def relations(registry: Registry, patient: PatientRow) -> list[Association]:
    """Every relation of the DMP of a patient: memberships, replacements, signatures, changes."""
    rows = {row.id: row for row in registry.store.every_document_of(patient.id)}
    first = {key: logical_id(registry, row) for key, row in rows.items()}
    found: list[Association] = []
    for held in registry.store.lists_of(patient.id):
        if held.kind != "submissionset":
            continue
        for one in dicts(orjson.loads(held.resource).get("entry")):
            key = text_of(one.get("item"), "reference").rpartition("/")[2]
            if key not in rows:
                continue
            found.append(relation(names.HAS_MEMBER, held.entry_uuid, first[key], _ORIGINAL))
            if is_signature(rows[key]):
                found.append(relation(names.SIGNS, first[key], held.entry_uuid, _ORIGINAL))
    for key, row in rows.items():
        for one in dicts(orjson.loads(row.resource).get("relatesTo")):
            target = text_of(one.get("target"), "reference").rpartition("/")[2]
            if target in first:
                found.append(relation(names.REPLACES, first[key], first[target]))
    found += [_parsed(data, Association) for data in registry.store.registered(patient.id, "relation")]
    return [replace(one, id=_derived(f"{one.type}{one.source}{one.target}"), status=names.APPROVED) for one in found]


def sees(registry: Registry, actor: Actor, row: DocumentRow, patient: PatientRow) -> bool:
    """True when the entry may be answered; a signature is, whatever its masks: the caller's software hides it."""
    if row.deleted:
        return actors.is_author(actor, registry.ownership(row, patient))
    if is_signature(row) and actor.mode != "indirect":
        return True
    return registry.sees(actor, row, patient)


def _as_registered(now: ExtrinsicObject, kept: ExtrinsicObject) -> ExtrinsicObject:
    """The entry `kept` with the identifiers, the status, the confidentiality and the counts of `now`."""
    told = {one.representation: one for one in kept.classified(names.CONFIDENTIALITY)}
    levels = tuple(told.get(one.representation, one) for one in now.classified(names.CONFIDENTIALITY))
    codes = tuple(one for one in kept.classifications if one.scheme != names.CONFIDENTIALITY)
    counted = {one.name: one for one in now.slots if one.name in ("hash", "size", "repositoryUniqueId")}
    slots = tuple(counted.pop(one.name, one) for one in kept.slots)
    return replace(
        kept,
        id=now.id,
        lid=now.lid,
        status=now.status,
        version=now.version,
        slots=(*slots, *counted.values()),
        classifications=(*codes, *levels),
    )


def _identified(value: _Kind) -> _Kind:
    """The object with codes and identifiers of its own, empty codes left out."""
    own = value.id
    authors = (names.AUTHOR, names.SET_AUTHOR)
    codes = [one for one in value.classifications if one.node or one.representation or one.scheme in authors]
    return replace(
        value,
        classifications=tuple(
            replace(one, id=_derived(f"{own}/c{rank}"), classified_object=own) for rank, one in enumerate(codes)
        ),
        external_identifiers=tuple(
            replace(one, id=_derived(f"{own}/i{rank}"), registry_object=own)
            for rank, one in enumerate(value.external_identifiers)
        ),
    )


def _parsed(data: bytes, kind: type[_Kind]) -> _Kind:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    found = ebxml.parse_object(etree.fromstring(data, parser))
    if not isinstance(found, kind):
        raise TypeError("another kind of object was kept")
    return found


def _derived(name: str) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE_OID, name)}"
