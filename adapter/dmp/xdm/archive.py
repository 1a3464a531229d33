"""ZIP bytes from anywhere -> files by name, or every reason why they are not opened.

Nothing is decompressed before the whole directory of the archive was judged, and never more than it announced.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from adapter.dmp.xdm.rule_texts import finding
from adapter.errors import Finding, FindingsError

_CENTRAL: Final = b"PK\x01\x02"  # APPNOTE 4.3.12: one for each entry of the directory
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000  # APPNOTE 4.4.4: bits 0, 6 and 13
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_SMALL: Final = 1024 * 1024  # whatever its ratio, a file of this size saturates nothing
_FORBIDDEN: Final = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')
_KNOWN_NAME: Final = re.compile(
    r"(?i:IHE_XDM|SUBSET\d{0,6}|SS\d{1,6}|DOC\d{1,5}\.\w{3}|METADATA\.XML|INDEX\.HTM|README\.TXT)"
)
_FAULTS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    IndexError,
    OSError,
)


class PackageRefused(FindingsError):
    """A package that is not opened, or does not hold what it tells: every finding."""


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What an archive may be.

    Attributes:
        max_bytes: size of the archive. max_total_bytes: of all its files together.
        max_entries: files and folders.
        max_ratio: size of a file over what it takes in the archive, above a megabyte.
    """

    max_bytes: int = 64 * 1024 * 1024
    max_total_bytes: int = 128 * 1024 * 1024
    max_entries: int = 1000
    max_ratio: int = 200


def read_archive(data: bytes, limits: ArchiveLimits | None = None) -> dict[str, bytes]:
    """Files of the archive by name (``/`` between folders), what systems leave behind (``.DS_Store``...) left out.

    Raises:
        PackageRefused: hostile, damaged or oversized; every finding.
    """
    bounds = limits or ArchiveLimits()
    if len(data) > bounds.max_bytes:
        raise PackageRefused([finding("XDM-SIZE", "/", f"L'archive dépasse {bounds.max_bytes} octets.")])
    if data.count(_CENTRAL) > bounds.max_entries:
        raise PackageRefused([finding("XDM-COUNT", "/", f"L'archive compte plus de {bounds.max_entries} fichiers.")])
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _FAULTS:
        raise PackageRefused([finding("XDM-ZIP", "/")]) from None
    with archive:
        entries = archive.infolist()
        found = list(_faults(entries, bounds))
        if found:
            raise PackageRefused(found)
        contents: dict[str, bytes] = {}
        for rank, entry in enumerate(entries, 1):
            if entry.is_dir() or _is_noise(entry.filename):
                continue
            try:
                contents[entry.filename] = _content(archive, entry)
            except _FAULTS:
                found.append(finding("XDM-ZIP", shown(entry.filename, rank), "Ce fichier de l'archive est altéré."))
    if found:
        raise PackageRefused(found)
    return contents


def shown(name: str, rank: int) -> str:
    """Name of a file when the profile fixes it; else its rank: a sender may have named it after somebody."""
    parts = name.rstrip("/").split("/")
    return name if all(_KNOWN_NAME.fullmatch(part) for part in parts) else f"entrée n° {rank}"


def _faults(entries: list[zipfile.ZipInfo], limits: ArchiveLimits) -> Iterator[Finding]:
    """What the directory alone tells."""
    names = Counter(entry.filename.rstrip("/").casefold() for entry in entries)
    for rank, entry in enumerate(entries, 1):
        place = shown(entry.filename, rank)
        if not _is_safe(entry):
            yield finding("XDM-PATH", f"entrée n° {rank}")
        if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
            yield finding("XDM-LINK", place)
        if entry.flag_bits & _ENCRYPTED:
            yield finding("XDM-ENCRYPTED", place)
        elif entry.compress_type not in _METHODS:
            yield finding("XDM-METHOD", place)
        if entry.file_size > _SMALL and entry.file_size > limits.max_ratio * max(entry.compress_size, 1):
            yield finding("XDM-BOMB", place)
        if names.pop(entry.filename.rstrip("/").casefold(), 1) > 1:
            yield finding("XDM-DUPLICATE", place)
    if sum(entry.file_size for entry in entries) > limits.max_total_bytes:
        message = f"L'archive contient plus de {limits.max_total_bytes} octets une fois décompressée."
        yield finding("XDM-SIZE", "/", message)


def _is_safe(entry: zipfile.ZipInfo) -> bool:
    name = entry.orig_filename  # as it was written: the reader cuts names at a null byte and turns separators round
    parts = name.rstrip("/").split("/")
    return bool(name) and not _FORBIDDEN.search(name) and not {"", ".", ".."} & set(parts)


def _is_noise(name: str) -> bool:
    """True for what a system or a tool left in the folder: ``__MACOSX``, ``.DS_Store``, ``.svn``, ``Thumbs.db``."""
    parts = name.split("/")
    return any(part.startswith(".") for part in parts) or bool(
        {"__macosx", "thumbs.db", "desktop.ini"} & {part.casefold() for part in parts}
    )


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """The file, its length and its checksum being those announced."""
    with archive.open(entry) as stream:
        content = stream.read(entry.file_size + 1)
    if len(content) != entry.file_size:
        raise zipfile.BadZipFile
    return content
