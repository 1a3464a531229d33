"""A Submission as registry objects: what TD2.1 registers and what METADATA.XML of an IHE_XDM holds.

Sources: IHE ITI TF-3, 4.2.3 (metadata) and table 4.2.3.2 (attributes of an entry); GIE SESAM-Vitale, DMP vendor package
v2.05 (French codes and components); ANS, volet Partage de documents de santé (French metadata).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from adapter.dmp.xds.ebxml import (
    Association,
    Classification,
    ExternalIdentifier,
    ExtrinsicObject,
    RegistryPackage,
    Slot,
    SubmitObjects,
    VersionInfo,
    slot,
    text,
)
from adapter.dmp.xds.metadata import hl7, names
from adapter.model.coded import Coding
from adapter.model.document import Identifier, Professional
from adapter.submission.values import DocumentEntry, Submission, SubmissionSet

_ORIGINAL: Final = slot("SubmissionSetStatus", "Original")


def submit_objects(
    submission: Submission, *, uris: Mapping[str, str] | None = None, replaced: Mapping[str, str] | None = None
) -> SubmitObjects:
    """Set, entries and relations of a deposit.

    Args:
        uris: uniqueId -> name of the file in the media (IHE_XDM), which the metadata then tell.
        replaced: uniqueId of a replaced document -> its entryUUID in the registry; a document that is not there is
            replaced without a relation (on a media, where no registry is asked).
    """
    ids = document_ids(submission)
    known = replaced or {}
    signatures = [ids[one.unique_id] for one in submission.entries if is_signature(one)]
    relations = [
        *(member(ids[one.unique_id]) for one in submission.entries),
        *(
            relation(names.REPLACES, ids[one.unique_id], known[one.replaces])
            for one in submission.entries
            if one.replaces in known
        ),
        *(relation(names.SIGNS, one, names.SET_ID, _ORIGINAL) for one in signatures),
    ]
    objects = (
        set_object(submission.set),
        *(
            document_object(one, ids[one.unique_id], uri=(uris or {}).get(one.unique_id, ""))
            for one in submission.entries
        ),
        *numbered(relations),
    )
    return SubmitObjects(objects)


def document_ids(submission: Submission) -> dict[str, str]:
    """Symbolic identifiers in the request by uniqueId: ``Document01``..., ``Signature01`` for the one that signs."""
    found: dict[str, str] = {}
    counts = {"Document": 0, "Signature": 0}
    for one in submission.entries:
        kind = "Signature" if is_signature(one) else "Document"
        counts[kind] += 1
        found[one.unique_id] = f"{kind}{counts[kind]:02}"
    return found


def is_signature(entry: DocumentEntry) -> bool:
    """Whether an entry is the one that signs its set."""
    return entry.class_.code == names.SIGNATURE_CLASS


def set_object(value: SubmissionSet, object_id: str = names.SET_ID) -> RegistryPackage:
    """Submission set."""
    return RegistryPackage(
        id=object_id,
        slots=(slot("submissionTime", hl7.dtm(value.submission_time)),),
        name=text(value.title) if value.title else None,
        classifications=(
            _author(object_id, 1, names.SET_AUTHOR, value.author, None),
            _code(object_id, 2, names.SET_CONTENT_TYPE, value.content_type),
            Classification(id=f"{object_id}-c3", classified_object=object_id, node=names.SET_NODE),
        ),
        external_identifiers=(
            _identifier(object_id, 1, names.SET_PATIENT, hl7.cx(value.patient_id, hl7.INS_TYPE)),
            _identifier(object_id, 2, names.SET_SOURCE, value.source_id),
            _identifier(object_id, 3, names.SET_UNIQUE, value.unique_id),
        ),
    )


def document_object(
    entry: DocumentEntry,
    object_id: str,
    *,
    uri: str = "",
    lid: str | None = None,
    status: str | None = None,
    version: str = "",
    repository: str = "",
) -> ExtrinsicObject:
    """Metadata of one document.

    Args:
        object_id: symbolic in a request, ``urn:uuid:`` in an answer.
        uri: name of the file in a media, empty on the wire.
        lid, status, version, repository: what a registry adds in its answers.
    """
    return ExtrinsicObject(
        id=object_id,
        lid=lid,
        status=status,
        mime_type=entry.mime_type,
        object_type=names.STABLE,
        slots=tuple(_slots(entry, uri, repository)),
        name=text(entry.title),
        version=VersionInfo(version) if version else None,
        classifications=tuple(_classifications(entry, object_id)),
        external_identifiers=(
            _identifier(object_id, 1, names.PATIENT, hl7.cx(entry.patient_id, hl7.INS_TYPE)),
            _identifier(object_id, 2, names.UNIQUE, entry.unique_id),
        ),
    )


def member(target: str, *more: Slot) -> Association:
    """Membership of an entry in the set of the request."""
    return relation(names.HAS_MEMBER, names.SET_ID, target, _ORIGINAL, *more)


def relation(kind: str, source: str, target: str, *slots: Slot) -> Association:
    """Relation of two objects; it is given its identifier when it is put in a request."""
    return Association(
        id="", object_type=names.ASSOCIATION_OBJECT, type=kind, source=source, target=target, slots=slots
    )


def numbered(relations: Iterable[Association]) -> Iterator[Association]:
    """Relations with their identifiers in a request."""
    return (replace(one, id=f"Association{rank:02}") for rank, one in enumerate(relations, 1))


def _slots(entry: DocumentEntry, uri: str, repository: str) -> Iterator[Slot]:
    """Slots by alphabetical order of their names, those of a media last."""
    yield slot("creationTime", hl7.dtm(entry.creation_time))
    yield slot("hash", entry.hash_sha1.hex())
    yield slot("languageCode", entry.language)
    yield slot("legalAuthenticator", hl7.xcn(entry.legal_authenticator))
    if repository:
        yield slot("repositoryUniqueId", repository)
    yield slot("serviceStartTime", hl7.dtm(entry.service_start))
    yield slot("serviceStopTime", hl7.dtm(entry.service_stop))
    yield slot("size", str(entry.size_bytes))
    yield slot("sourcePatientId", hl7.cx(entry.source_patient_id, _source_type(entry.source_patient_id, entry)))
    if not is_signature(entry):
        yield slot("sourcePatientInfo", *hl7.patient_info(entry.patient))
    if uri:
        yield slot("URI", uri)


def _source_type(value: Identifier, entry: DocumentEntry) -> str:
    return hl7.INS_TYPE if value == entry.patient_id else hl7.LOCAL_TYPE


def _classifications(entry: DocumentEntry, object_id: str) -> Iterator[Classification]:
    yield _author(object_id, 1, names.AUTHOR, entry.author, entry.author_role)
    codes: list[tuple[str, Coding]] = [
        (names.CLASS, entry.class_),
        (names.TYPE, entry.type),
        *((names.CONFIDENTIALITY, one) for one in entry.confidentiality),
        (names.FORMAT, entry.format),
        (names.FACILITY, entry.facility),
        (names.PRACTICE_SETTING, entry.practice_setting),
        *((names.EVENT, one) for one in entry.events),
    ]
    for rank, (scheme, code) in enumerate(codes, 2):
        yield _code(object_id, rank, scheme, code)


def _author(object_id: str, rank: int, scheme: str, author: Professional, role: Coding | None) -> Classification:
    found = [slot("authorPerson", hl7.xcn(author))]
    if author.organization is not None:
        found.append(slot("authorInstitution", hl7.xon(author.organization)))
    if role is not None and role.display:
        found.append(slot("authorRole", role.display))
    if author.profession is not None and author.profession.coding is not None:
        found.append(slot("authorSpecialty", hl7.coded(author.profession.coding)))
    return Classification(
        id=f"{object_id}-c{rank}",
        scheme=scheme,
        classified_object=object_id,
        representation="",
        slots=tuple(found),
    )


def _code(object_id: str, rank: int, scheme: str, code: Coding) -> Classification:
    return Classification(
        id=f"{object_id}-c{rank}",
        scheme=scheme,
        classified_object=object_id,
        representation=code.code,
        slots=(slot("codingScheme", code.system.oid),),
        name=text(code.display or code.code),
    )


def _identifier(object_id: str, rank: int, scheme: str, value: str) -> ExternalIdentifier:
    return ExternalIdentifier(
        id=f"{object_id}-i{rank}",
        scheme=scheme,
        registry_object=object_id,
        value=value,
        name=text(names.IDENTIFIER_LABELS[scheme]),
    )
