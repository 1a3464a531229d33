"""Published lists as their publisher gives them: IHE SVS XML of the NOS, ValueSet and CodeSystem of FHIR in JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

MAX_BYTES = 64 * 1024 * 1024
_SVS = "{urn:ihe:iti:svs:2008}"
_DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")


class NotPublished(ValueError):
    """Bytes that are no published list; the message is a French sentence without any of their content."""


@dataclass(frozen=True, slots=True)
class PublishedCode:
    """One code of a list.

    Attributes:
        system: OID or URI of its code system, as the file gives it.
        code: the code itself.
        display: publisher's label.
        start: first day of validity, ``AAAA-MM-JJ``, or empty.
        end: last day of validity, ``AAAA-MM-JJ``, or empty.
    """

    system: str
    code: str
    display: str
    start: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True)
class PublishedList:
    """One list: its OID and URI (either may be empty), the day of its version, its codes."""

    name: str
    oid: str
    uri: str
    version: str
    codes: tuple[PublishedCode, ...]


def read_published(raw: bytes) -> PublishedList:
    """The list in `raw`, XML or JSON as its first character tells.

    Raises:
        NotPublished: too large, unreadable, or another kind of file.
    Source: IHE ITI TF-2, 3.48 (RetrieveValueSetResponse); FHIR R4 4.0.1, ValueSet and CodeSystem.
    """
    if len(raw) > MAX_BYTES:
        raise NotPublished("Fichier de plus de 64 Mio.")
    start = raw.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start == b"<":
        return _read_svs(raw)
    if start == b"{":
        return _read_fhir(raw)
    raise NotPublished("Ni XML, ni objet JSON.")


def _read_svs(raw: bytes) -> PublishedList:
    if b"<!DOCTYPE" in raw:
        raise NotPublished("Un DOCTYPE n'est pas admis.")
    try:
        root = etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    except etree.XMLSyntaxError:
        raise NotPublished("XML illisible.") from None
    value_set = root.find(f"{_SVS}ValueSet")
    if value_set is None:
        raise NotPublished("Pas de ValueSet IHE SVS dans ce XML.")
    closed = value_set.get("dateFin", "")
    codes = tuple(
        PublishedCode(
            concept.get("codeSystem", ""),
            concept.get("code", ""),
            concept.get("displayName", ""),
            _day(concept.get("dateValid", "")),
            _day(concept.get("dateFin") or closed),
        )
        for concept in value_set.iter(f"{_SVS}Concept")
        if concept.get("code")
    )
    version = _day(value_set.get("revisionDate", "")) or _day(value_set.get("effectiveDate", ""))
    address = value_set.get("urlFichier", "")
    return PublishedList(value_set.get("displayName", ""), value_set.get("id", ""), address, version, codes)


def _read_fhir(raw: bytes) -> PublishedList:
    try:
        content = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise NotPublished("JSON illisible.") from None
    kind = content.get("resourceType")
    if kind not in {"ValueSet", "CodeSystem"}:
        raise NotPublished("Ni ValueSet ni CodeSystem FHIR.")
    try:
        codes = tuple(_of_value_set(content) if kind == "ValueSet" else _of_system(content, content.get("url", "")))
        oids = [item.get("value", "").removeprefix("urn:oid:") for item in content.get("identifier", ())]
    except (AttributeError, TypeError, KeyError, RecursionError):
        raise NotPublished(f"{kind} FHIR mal formé.") from None
    return PublishedList(
        str(content.get("title") or content.get("name") or ""),
        next((oid for oid in oids if re.fullmatch(r"[\d.]+", oid)), ""),
        str(content.get("url", "")),
        _day(str(content.get("date", ""))),
        codes,
    )


def _of_value_set(content: Mapping[str, Any]) -> Iterator[PublishedCode]:
    """Codes of the expansion when there is one, else those that the composition lists one by one."""
    if contained := content.get("expansion", {}).get("contains"):
        for entry in contained:
            if "code" in entry:
                yield PublishedCode(entry.get("system", ""), entry["code"], entry.get("display", ""))
        return
    for include in content.get("compose", {}).get("include", ()):
        for concept in include.get("concept", ()):
            yield PublishedCode(include.get("system", ""), concept["code"], concept.get("display", ""))


def _of_system(content: Mapping[str, Any], system: str) -> Iterator[PublishedCode]:
    for concept in content.get("concept", ()):
        days = {item["code"]: _day(str(item.get("valueDateTime", ""))) for item in concept.get("property", ())}
        start, end = days.get("dateValid", ""), days.get("dateFin", "") or days.get("retirementDate", "")
        yield PublishedCode(system, concept["code"], concept.get("display", ""), start, end)
        yield from _of_system(concept, system)


def _day(text: str) -> str:
    found = _DAY.match(text)
    return "-".join(found.groups()) if found else ""
