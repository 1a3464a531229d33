"""ITI-43, reading documents: request and answer, both ways.

Source: IHE ITI TF-2b, 3.43; GIE SESAM-Vitale, DMP vendor package (TD3.2: the uniqueId, never the entryUUID).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha1
from typing import Final

from lxml import etree

from adapter.dmp import ContentAltered, FoundEntry
from adapter.dmp.xds import mtom
from adapter.dmp.xds.ebxml.names import RS, XDSB
from adapter.dmp.xds.outcome import RegistryResponse, build_response, read_response

_X: Final = f"{{{XDSB}}}"
_REQUEST: Final = f"{_X}RetrieveDocumentSetRequest"
_ANSWER: Final = f"{_X}RetrieveDocumentSetResponse"


@dataclass(frozen=True, slots=True, repr=False)
class Wanted:
    """One document asked for."""

    repository: str
    unique_id: str


@dataclass(frozen=True, slots=True, repr=False)
class Retrieved:
    """One document answered."""

    repository: str
    unique_id: str
    mime_type: str
    content: bytes | memoryview


@dataclass(frozen=True, slots=True, repr=False)
class RetrieveAnswer:
    """Documents, and what became of the request."""

    response: RegistryResponse
    documents: tuple[Retrieved, ...]


def build(wanted: Iterable[Wanted]) -> etree._Element:
    """``xds:RetrieveDocumentSetRequest``."""
    root = etree.Element(_REQUEST, nsmap={"xds": XDSB})
    for one in wanted:
        held = etree.SubElement(root, f"{_X}DocumentRequest")
        etree.SubElement(held, f"{_X}RepositoryUniqueId").text = one.repository
        etree.SubElement(held, f"{_X}DocumentUniqueId").text = one.unique_id
    return root


def read(element: etree._Element) -> tuple[Wanted, ...]:
    """Documents that a request asks for, none when it is something else."""
    if element.tag != _REQUEST:
        return ()
    return tuple(
        Wanted(_text(one, "RepositoryUniqueId"), _text(one, "DocumentUniqueId"))
        for one in element.iterchildren(f"{_X}DocumentRequest")
    )


def build_answer(answer: RetrieveAnswer, content_ids: Mapping[str, str]) -> etree._Element:
    """``xds:RetrieveDocumentSetResponse``, each document included as a part.

    Args:
        content_ids: uniqueId -> identifier of its part.
    """
    root = etree.Element(_ANSWER, nsmap={"xds": XDSB, "rs": RS})
    root.append(build_response(answer.response))
    for one in answer.documents:
        held = etree.SubElement(root, f"{_X}DocumentResponse")
        etree.SubElement(held, f"{_X}RepositoryUniqueId").text = one.repository
        etree.SubElement(held, f"{_X}DocumentUniqueId").text = one.unique_id
        etree.SubElement(held, f"{_X}mimeType").text = one.mime_type
        mtom.include(etree.SubElement(held, f"{_X}Document"), content_ids[one.unique_id])
    return root


def read_answer(element: etree._Element, parts: Mapping[str, mtom.Part]) -> RetrieveAnswer | None:
    """Documents of an answer, None when the element is no answer of ITI-43.

    Raises:
        MtomInvalid: a document that it announces is not there.
    """
    if element.tag != _ANSWER:
        return None
    held = element.find(f"{{{RS}}}RegistryResponse")
    response = RegistryResponse("") if held is None else read_response(held)
    return RetrieveAnswer(
        response,
        tuple(_document(one, parts) for one in element.iterchildren(f"{_X}DocumentResponse")),
    )


def checked(content: bytes, entry: FoundEntry) -> bytes:
    """The content, its size and SHA-1 those that the registry tells of the entry.

    Raises:
        ContentAltered: they differ.
    """
    if entry.size_bytes >= 0 and len(content) != entry.size_bytes:
        raise ContentAltered("La taille du document lu n'est pas celle que le DMP annonce.", code="size")
    if entry.hash_sha1 and sha1(content, usedforsecurity=False).digest() != entry.hash_sha1:
        raise ContentAltered("L'empreinte du document lu n'est pas celle que le DMP annonce.", code="hash")
    return content


def _document(element: etree._Element, parts: Mapping[str, mtom.Part]) -> Retrieved:
    content = element.find(f"{_X}Document")
    if content is None:
        raise mtom.MtomInvalid("Un document de la réponse n'a pas de contenu.", "cid-missing")
    return Retrieved(
        _text(element, "RepositoryUniqueId"),
        _text(element, "DocumentUniqueId"),
        _text(element, "mimeType"),
        mtom.content(content, parts),
    )


def _text(element: etree._Element, name: str) -> str:
    return (element.findtext(f"{_X}{name}") or "").strip()
