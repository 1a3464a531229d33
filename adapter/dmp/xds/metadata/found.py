"""Registry objects of an answer -> what the port tells of them, whatever the registry leaves out.

Source: IHE ITI TF-3, 4.2.3; GIE SESAM-Vitale, DMP vendor package (answers of TD3.1).
"""

from __future__ import annotations

import binascii
from typing import Final

from adapter.dmp import EntryStatus, FoundEntry, FoundSet
from adapter.dmp.xds.ebxml import Classification, ExtrinsicObject, ObjectRef, RegistryObject, RegistryPackage
from adapter.dmp.xds.metadata import hl7, names
from adapter.model.coded import CodeSystem, Coding

_UUID: Final = "urn:uuid:"
_OID: Final = "urn:oid:"


def found_entry(value: ExtrinsicObject) -> FoundEntry:
    """Entry as the registry describes it; ``url`` is the repository that holds it, as ``urn:oid:``."""
    labels = tuple(coding(one) for one in value.classified(names.CONFIDENTIALITY))
    status: EntryStatus = "superseded" if value.status == names.DEPRECATED else "current"
    repository = value.slot_value("repositoryUniqueId")
    return FoundEntry(
        unique_id=value.identifier(names.UNIQUE),
        entry_uuid=value.id.removeprefix(_UUID),
        location=value.logical_id,
        version=(value.version.name or "") if value.version else "",
        status=status,
        archived=value.status == names.ARCHIVED,
        title=value.label,
        type=_first(value, names.TYPE),
        class_=_first(value, names.CLASS),
        mime_type=value.mime_type or "",
        format=_first(value, names.FORMAT),
        confidentiality=labels,
        masks=tuple(one.code for one in labels if one.system.oid == names.MASK_OID),
        created=hl7.read_dtm(value.slot_value("creationTime")),
        service_start=hl7.read_dtm(value.slot_value("serviceStartTime")),
        hash_sha1=_hash(value.slot_value("hash")),
        size_bytes=_size(value.slot_value("size")),
        url=f"{_OID}{repository}" if repository else "",
    )


def reference(value: ObjectRef, unique_id: str) -> FoundEntry:
    """Entry of which the registry tells the entryUUID only; hash and size are those of nothing told."""
    return FoundEntry(
        unique_id=unique_id,
        entry_uuid=value.id.removeprefix(_UUID),
        location=value.id,
        version="",
        status="current",
        archived=False,
        title="",
        type="",
        class_="",
        mime_type="",
        format="",
        confidentiality=(),
        masks=(),
        created=None,
        service_start=None,
        hash_sha1=b"",
        size_bytes=-1,
        url="",
    )


def found_set(value: RegistryPackage) -> FoundSet:
    """Submission set as the registry describes it; its documents are told by its associations."""
    return FoundSet(
        unique_id=value.identifier(names.SET_UNIQUE),
        entry_uuid=value.id.removeprefix(_UUID),
        location=value.logical_id,
        status=(value.status or "").rpartition(":")[2].lower(),
        title=value.label,
        submitted=hl7.read_dtm(value.slot_value("submissionTime")),
        source_id=value.identifier(names.SET_SOURCE),
        entries=(),
    )


def is_signature(value: ExtrinsicObject) -> bool:
    """Whether an entry is one that signs a set; nobody is shown those."""
    return _first(value, names.CLASS) == names.SIGNATURE_CLASS


def coding(value: Classification) -> Coding:
    """Code of a classification; unknown systems and codes are kept."""
    oid = value.slot_value("codingScheme")
    return Coding(CodeSystem("", oid, f"{_OID}{oid}", ""), value.representation or "", value.label)


def _first(value: RegistryObject, scheme: str) -> str:
    return next((one.representation or "" for one in value.classified(scheme)), "")


def _hash(value: str) -> bytes:
    try:
        return binascii.unhexlify(value)
    except ValueError:
        return b""


def _size(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else -1
