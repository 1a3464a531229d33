"""ITI-57, changes of metadata: visibility as a new version of the whole entry, availability as one relation.

Sources: IHE ITI, Supplement XDS Metadata Update, 3.57; GIE SESAM-Vitale, DMP vendor package (TD3.3a to TD3.3d; its
samples leave out classifiedObject and registryObject, which the schema requires: they are sent).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from adapter.dmp.xds.ebxml import (
    Classification,
    ExternalIdentifier,
    ExtrinsicObject,
    RegistryPackage,
    SubmitObjects,
    slot,
    text,
)
from adapter.dmp.xds.metadata import hl7, member, names, relation
from adapter.dmp.xds.metadata.found import coding
from adapter.dmp.xds.metadata.writing import numbered
from adapter.model.coded import Coding
from adapter.model.document import Identifier

DOCUMENT_ID: Final = "Document01"

# Labels of TRE_A07, as the DMP writes them. Source: DMP vendor package, TD2.1 and TD3.1.
_LABELS: Final[Mapping[str, str]] = {
    "MASQUE_PS": "Masqué aux professionnels de santé",
    "INVISIBLE_PATIENT": "Non visible par le patient",
    "INVISIBLE_REPRESENTANTS_LEGAUX": "Non visible par les représentants légaux",
}


@dataclass(frozen=True, slots=True, repr=False)
class ChangeSet:
    """Set without documents that carries a change.

    Attributes:
        unique_id: OID of the set, new. ``source_id``: OID of the sending system.
        author: classification of its author, taken over from the entry when the caller gives none.
    """

    unique_id: str
    source_id: str
    patient_id: Identifier
    submitted: datetime
    content_type: Coding
    author: Classification
    title: str


def mask(document: ExtrinsicObject, code: str, on: bool) -> ExtrinsicObject | None:
    """Entry with the mask put or lifted, None when it is so already.

    The new entry has the symbolic identifier of a request and the logical one of the old; the rest is kept, known or
    not.
    """
    masks = [one for one in document.classified(names.CONFIDENTIALITY) if _is_mask(one, code)]
    if bool(masks) == on:
        return None
    if on:
        added = Classification(
            id=f"{DOCUMENT_ID}-mask",
            scheme=names.CONFIDENTIALITY,
            representation=code,
            slots=(slot("codingScheme", names.MASK_OID),),
            name=text(_LABELS.get(code, code)),
        )
        held = (*document.classifications, added)
    else:
        held = tuple(one for one in document.classifications if one not in masks)
    return _renamed(replace(document, classifications=held))


def whole(document: ExtrinsicObject, deposit: ChangeSet) -> SubmitObjects:
    """Request that registers a new version of an entry. ``document``: what ``mask`` gave."""
    previous = (document.version.name or "") if document.version else ""
    return SubmitObjects(
        (_package(deposit), document, *numbered([member(DOCUMENT_ID, slot("PreviousVersion", previous or "1"))]))
    )


def availability(entry_uuid: str, before: str, after: str, deposit: ChangeSet) -> SubmitObjects:
    """Request that changes the availability of an entry.

    Args:
        entry_uuid: with its prefix ``urn:uuid:``.
        before, after: statuses.
    """
    change = relation(
        names.UPDATE_AVAILABILITY,
        names.SET_ID,
        entry_uuid,
        slot("OriginalStatus", before),
        slot("NewStatus", after),
    )
    return SubmitObjects((_package(deposit), *numbered([change])))


def set_author(author: Classification) -> Classification:
    """Author of an entry as author of a set."""
    return replace(author, scheme=names.SET_AUTHOR)


def _is_mask(value: Classification, code: str) -> bool:
    held = coding(value)
    return held.code == code and held.system.oid == names.MASK_OID


def _renamed(document: ExtrinsicObject) -> ExtrinsicObject:
    """Entry of a request: its own identifiers symbolic, the logical one kept."""
    return replace(
        document,
        id=DOCUMENT_ID,
        lid=document.logical_id,
        classifications=tuple(
            replace(one, id=f"{DOCUMENT_ID}-c{rank}", lid=None, classified_object=DOCUMENT_ID)
            for rank, one in enumerate(document.classifications, 1)
        ),
        external_identifiers=tuple(
            replace(one, id=f"{DOCUMENT_ID}-i{rank}", lid=None, registry_object=DOCUMENT_ID)
            for rank, one in enumerate(document.external_identifiers, 1)
        ),
    )


def _package(deposit: ChangeSet) -> RegistryPackage:
    own = names.SET_ID
    identifiers = (
        (names.SET_PATIENT, hl7.cx(deposit.patient_id, hl7.INS_TYPE)),
        (names.SET_SOURCE, deposit.source_id),
        (names.SET_UNIQUE, deposit.unique_id),
    )
    code = deposit.content_type
    return RegistryPackage(
        id=own,
        slots=(slot("submissionTime", hl7.dtm(deposit.submitted)),),
        name=text(deposit.title),
        classifications=(
            replace(deposit.author, id=f"{own}-c1", lid=None, scheme=names.SET_AUTHOR, classified_object=own),
            Classification(
                id=f"{own}-c2",
                scheme=names.SET_CONTENT_TYPE,
                classified_object=own,
                representation=code.code,
                slots=(slot("codingScheme", code.system.oid),),
                name=text(code.display),
            ),
            Classification(id=f"{own}-c3", classified_object=own, node=names.SET_NODE),
        ),
        external_identifiers=tuple(
            ExternalIdentifier(
                id=f"{own}-i{rank}",
                scheme=scheme,
                registry_object=own,
                value=value,
                name=text(names.IDENTIFIER_LABELS[scheme]),
            )
            for rank, (scheme, value) in enumerate(identifiers, 1)
        ),
    )
