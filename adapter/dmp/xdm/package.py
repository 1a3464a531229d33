"""IHE_XDM.ZIP of a submission: its documents, their metadata, a page and a note for who opens it by hand.

The same submission gives the same bytes: files bear the time of the document, and nothing of this machine.
Source: IHE ITI TF-2, 3.32 (Distribute Document Set on Media: tree, upper-case 8.3 names of ISO 9660 level 1); TF-3,
4.2.3.2 (URI, hash and size required on a media); RFC 1951.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from xml.sax.saxutils import escape

from lxml import etree

from adapter.dmp.xds import ebxml, metadata
from adapter.model.document import Professional
from adapter.submission.values import Submission

FOLDER: Final = "IHE_XDM/SUBSET01"
_SUFFIXES: Final = {
    "text/xml": "XML",
    "application/xslt+xml": "XML",
    "application/pdf": "PDF",
    "application/fhir+json": "JSO",
}
_YEARS: Final = (1980, 2107)  # a ZIP knows no date before, nor after
_DOS: Final = 0  # the system that made the archive: none in particular
_INDEX: Final = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="fr" lang="fr">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=UTF-8"/>
<title>Documents de santé</title>
</head>
<body>
<h1>Documents de santé</h1>
<p>Émetteur : {sender}</p>
<ul>
{items}
</ul>
<p><a href="{folder}/METADATA.XML">Métadonnées</a> ; <a href="README.TXT">notice</a></p>
</body>
</html>
"""
_ITEM: Final = '<li><a href="{folder}/{name}">{title}</a></li>'
_README: Final = """Émetteur
  {sender}

Application
  {software}

Instructions
  Ce dossier porte des documents de santé. Un logiciel qui lit le profil IHE XDM les intègre.
  Sans un tel logiciel, ouvrir INDEX.HTM dans un navigateur.

Arborescence
  INDEX.HTM
  README.TXT
  IHE_XDM/
    SUBSET01/
      METADATA.XML
{names}
"""


@dataclass(frozen=True, slots=True)
class Software:
    """The software that makes the package, as its note tells it."""

    name: str
    version: str


def build(submission: Submission, software: Software) -> bytes:
    """The archive."""
    names = _names(submission)
    objects = metadata.submit_objects(submission, uris=names)
    described = etree.tostring(ebxml.build(objects), xml_declaration=True, encoding="UTF-8")
    documents = [
        (names[entry.unique_id], content)
        for entry, content in zip(submission.entries, submission.contents, strict=True)
    ]
    files = [
        ("INDEX.HTM", _index(submission, names).encode()),
        ("README.TXT", _readme(submission, names, software).encode()),
        (f"{FOLDER}/METADATA.XML", described),
        *((f"{FOLDER}/{name}", content) for name, content in documents),
    ]
    moment = max(entry.creation_time for entry in submission.entries)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files:
            archive.writestr(_member(name, moment), content, compresslevel=6)
    return out.getvalue()


def _names(submission: Submission) -> dict[str, str]:
    """Names of files by uniqueId: ``DOC00001.XML``..."""
    return {
        entry.unique_id: f"DOC{rank:05}.{_SUFFIXES.get(entry.mime_type, 'DAT')}"
        for rank, entry in enumerate(submission.entries, 1)
    }


def _member(name: str, moment: datetime) -> zipfile.ZipInfo:
    at = moment.astimezone(UTC)
    year = min(max(at.year, _YEARS[0]), _YEARS[1])
    member = zipfile.ZipInfo(name, (year, at.month, at.day, at.hour, at.minute, at.second))
    member.compress_type = zipfile.ZIP_DEFLATED
    member.create_system = _DOS
    return member


def _index(submission: Submission, names: dict[str, str]) -> str:
    items = (
        _ITEM.format(
            folder=FOLDER,
            name=names[entry.unique_id],
            title=_text(entry.title),
        )
        for entry in submission.entries
    )
    return _INDEX.format(sender=_text(_sender(submission.set.author)), items="\n".join(items), folder=FOLDER)


def _readme(submission: Submission, names: dict[str, str], software: Software) -> str:
    told = _README.format(
        sender=_sender(submission.set.author),
        software=f"{software.name} {software.version}",
        names="\n".join(f"      {name}" for name in names.values()),
    )
    return told.replace("\n", "\r\n")


def _sender(author: Professional) -> str:
    return ", ".join(_sender_parts(author))


def _sender_parts(author: Professional) -> Iterator[str]:
    yield author.name.text
    if author.organization is not None and author.organization.name:
        yield author.organization.name


def _text(value: str) -> str:
    """`value` as XML text; what XML cannot hold is left out."""
    return escape("".join(character for character in value if character >= " " or character in "\t\n"))
