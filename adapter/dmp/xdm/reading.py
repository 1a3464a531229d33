"""IHE_XDM.ZIP -> documents and their metadata, every one proved by its size and hash.

What real senders do is read (names in any case, several subsets, files left behind by a system); what cannot be trusted
is refused whole, with every reason.
Source: IHE ITI TF-2, 3.32; TF-3, 4.2.3.2.9 (hash), 4.2.3.2.23 (size), 4.2.3.2.27 (URI); public sample packages of the
NIST toolkit (iheos-toolkit2).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1
from typing import Final
from urllib.parse import unquote

from adapter.dmp.xdm.archive import ArchiveLimits, PackageRefused, read_archive
from adapter.dmp.xdm.rule_texts import finding
from adapter.dmp.xds import ebxml
from adapter.errors import DocumentInvalid, Finding, Severity
from adapter.validation.xml_input import parse_xml

MEDIA: Final = "IHE_XDM"
METADATA: Final = "METADATA.XML"
_METADATA_MAX: Final = 8 * 1024 * 1024  # a document takes ten kilobytes of it
_ENTRY_PATIENT: Final = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"
_ENTRY_UNIQUE_ID: Final = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
_SET_PATIENT: Final = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446"
_PART: Final = re.compile(r"(\d{1,4})\|(.*)", re.DOTALL)
_PLAIN_NAME: Final = re.compile(r"[^/\\:?#]{1,255}")

__all__ = ["ArchiveLimits", "Package", "PackageRefused", "PackagedDocument", "Subset", "read_package"]


@dataclass(frozen=True, slots=True, repr=False)
class PackagedDocument:
    """One document: its metadata, whole, and its bytes, whose size and SHA-1 are those announced.

    ``uri``: name of its file in the folder of the subset, as the file is named.
    """

    entry: ebxml.ExtrinsicObject
    uri: str
    content: bytes

    @property
    def unique_id(self) -> str:
        """Identifier of the document, empty when the sender gave none."""
        return self.entry.identifier(_ENTRY_UNIQUE_ID)


@dataclass(frozen=True, slots=True, repr=False)
class Subset:
    """One folder of the media: a submission and its documents."""

    name: str
    metadata: ebxml.SubmitObjects
    documents: tuple[PackagedDocument, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Package:
    """What a package holds; ``findings`` are warnings, ``patient`` the one patientId of all of it, or empty."""

    subsets: tuple[Subset, ...]
    patient: str
    findings: tuple[Finding, ...]

    @property
    def documents(self) -> tuple[PackagedDocument, ...]:
        """Documents of every subset."""
        return tuple(document for subset in self.subsets for document in subset.documents)


def read_package(data: bytes, limits: ArchiveLimits | None = None) -> Package:
    """Documents of the package in `data`.

    Raises:
        PackageRefused: hostile, damaged, incomplete, altered, or about several patients; every finding.
    """
    files = read_archive(data, limits)
    found: list[Finding] = []
    folders = _folders(files)
    if not any(METADATA in _by_name(held) for held in folders.values()):
        found.append(finding("XDM-TREE", "/"))
    subsets = [
        subset
        for rank, (name, held) in enumerate(folders.items(), 1)
        if (subset := _subset(name, held, _place(name, rank), found)) is not None
    ]
    top = {name.upper() for name in files if "/" not in name}
    found += [finding("XDM-INDEX", name) for name in ("INDEX.HTM", "README.TXT") if name not in top]
    found += _repeated(subsets)
    patients = {patient for subset in subsets for patient in _patients(subset.metadata)}
    if len(patients) > 1:
        found.append(finding("XDM-PATIENT", MEDIA))
    elif not patients and subsets:
        found.append(finding("XDM-NO-PATIENT", MEDIA))
    if any(one.severity is Severity.ERROR for one in found):
        raise PackageRefused(found)
    return Package(tuple(subsets), next(iter(patients), ""), tuple(found))


def _folders(files: Mapping[str, bytes]) -> dict[str, dict[str, bytes]]:
    """Files directly in each folder of the media, by the name of the folder."""
    folders: dict[str, dict[str, bytes]] = {}
    for name, content in files.items():
        parts = name.split("/")
        if len(parts) == 3 and parts[0].upper() == MEDIA:
            folders.setdefault(parts[1], {})[parts[2]] = content
    return folders


def _place(name: str, rank: int) -> str:
    """Path of a subset in findings: its name when it is a usual one, else its rank."""
    return f"{MEDIA}/{name if re.fullmatch(r'(?i:SUBSET|SS)[0-9]*', name) else f'lot n° {rank}'}"


def _by_name(held: Mapping[str, bytes]) -> dict[str, str]:
    """Names as they stand, by upper-case name: media hold upper-case names, senders not always."""
    return {name.upper(): name for name in held}


def _subset(name: str, held: Mapping[str, bytes], place: str, found: list[Finding]) -> Subset | None:
    """Documents of one folder; None when its metadata cannot be read. What is wrong goes to `found`."""
    names = _by_name(held)
    metadata = _metadata(held.get(names.get(METADATA, "")), place, found)
    if metadata is None:
        return None
    if not metadata.packages or not metadata.documents:
        found.append(finding("XDM-METADATA", f"{place}/{METADATA}", "Aucun lot, ou aucun document, n'y est décrit."))
    documents = [
        PackagedDocument(entry, file, held[file])
        for rank, entry in enumerate(metadata.documents, 1)
        if (file := _file(entry, names, f"{place}/document n° {rank}", found)) is not None
    ]
    for rank, document in enumerate(documents, 1):
        found += _altered(document, f"{place}/document n° {rank}")
    described = {METADATA, *(document.uri.upper() for document in documents)}
    found += [finding("XDM-EXTRA", f"{place}/fichier n° {k}") for k, one in enumerate(names, 1) if one not in described]
    return Subset(name, metadata, tuple(documents))


def _metadata(data: bytes | None, place: str, found: list[Finding]) -> ebxml.SubmitObjects | None:
    path = f"{place}/{METADATA}"
    if data is None:
        found.append(finding("XDM-METADATA", path, "Ce lot n'a pas de fichier METADATA.XML."))
        return None
    try:
        return ebxml.parse(parse_xml(data, max_bytes=_METADATA_MAX, allow_instructions=True))
    except DocumentInvalid as refused:
        found.append(finding("XDM-METADATA", path, refused.findings[0].message))
    except ebxml.EbxmlInvalid as refused:
        old = refused.code == "ebrs-2.1"
        found.append(finding("XDM-EBRS-21" if old else "XDM-METADATA", path, refused.message))
    return None


def _file(entry: ebxml.ExtrinsicObject, names: Mapping[str, str], path: str, found: list[Finding]) -> str | None:
    """Name of the file of an entry; None, told in `found`, when there is none."""
    uri = _joined(entry.slot("URI"))
    if not _PLAIN_NAME.fullmatch(uri):
        message = (
            "La métadonnée URI désigne autre chose qu'un fichier de ce lot." if uri else "La métadonnée URI manque."
        )
        found.append(finding("XDM-URI", path, message))
        return None
    file = names.get(uri.upper()) or names.get(unquote(uri).upper())
    if file is None or file.upper() == METADATA:
        found.append(finding("XDM-DOCUMENT", path))
        return None
    return file


def _joined(values: tuple[str, ...]) -> str:
    """URI of one value, or of several that each start with their rank (``1|...``). Source: TF-3, 4.2.3.2.27."""
    parts = [_PART.fullmatch(value) for value in values]
    if parts and all(parts):
        return "".join(part[2] for part in sorted((p for p in parts if p), key=lambda part: int(part[1])))
    return values[0] if len(values) == 1 else ""


def _altered(document: PackagedDocument, path: str) -> Iterator[Finding]:
    told, size = document.entry.slot_value("hash").strip().lower(), document.entry.slot_value("size").strip()
    if told != sha1(document.content, usedforsecurity=False).hexdigest():
        yield finding("XDM-HASH", path, "" if told else "L'empreinte (hash) manque.")
    if size != str(len(document.content)):
        yield finding("XDM-LENGTH", path, "" if size else "La taille (size) manque.")


def _repeated(subsets: Sequence[Subset]) -> Iterator[Finding]:
    """A finding for each uniqueId that two documents bear."""
    counts = Counter(one.unique_id for subset in subsets for one in subset.documents if one.unique_id)
    for subset in subsets:
        for rank, one in enumerate(subset.documents, 1):
            if counts.pop(one.unique_id, 1) > 1:
                yield finding("XDM-UNIQUE-ID", f"{MEDIA}/document n° {rank}")


def _patients(metadata: ebxml.SubmitObjects) -> set[str]:
    told = {one.identifier(_ENTRY_PATIENT) for one in metadata.documents}
    told |= {one.identifier(_SET_PATIENT) for one in metadata.packages}
    return {_identifier(one) for one in told - {""}}


def _identifier(text: str) -> str:
    """Identifier and its authority; what else an HL7 CX may hold (type, dates) makes no other patient."""
    parts = text.split("^")
    return "^".join([parts[0], "", "", parts[3] if len(parts) > 3 else ""])
