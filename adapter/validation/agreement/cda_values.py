"""Values of CDA R2 data types in canonical form: names, codes, times, addresses, people.

Source: HL7 CDA R2 (2005), data types; CI-SIS Volet Structuration minimale.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha1
from typing import Final, cast

from lxml import etree

from adapter.validation.agreement.facts import address, line

Element = etree._Element
Facts = list[tuple[str, str]]  # field and value

V3: Final = "{urn:hl7-org:v3}"
# XPath answers are of one type for the checker; this one gives plain strings.
texts: Final = cast("Callable[[Element], list[str]]", etree.XPath(".//text()", smart_strings=False))

# Telecom use -> FHIR use; the other codes have no counterpart there. Source: HL7 TelecommunicationAddressUse.
_USES: Final = {"H": "home", "HP": "home", "WP": "work", "DIR": "work", "MC": "mobile"}


class Children:
    """Children of one element by local name; an element that is missing has none."""

    __slots__ = ("_by_tag",)

    def __init__(self, element: Element | None) -> None:
        by_tag: dict[str, list[Element]] = {}
        if element is not None:
            for child in element:
                tag = child.tag
                if tag in by_tag:
                    by_tag[tag].append(child)
                else:
                    by_tag[tag] = [child]
        self._by_tag = by_tag

    def all(self, name: str) -> Sequence[Element]:
        """Every child called `name`, in order."""
        return self._by_tag.get(_FULL[name], ())

    def first(self, name: str) -> Element | None:
        """First child called `name`, or None."""
        found = self._by_tag.get(_FULL[name])
        return found[0] if found else None

    def value(self, name: str, attribute: str = "value") -> str:
        """Attribute of the first child called `name`, empty when there is none."""
        found = self._by_tag.get(_FULL[name])
        return found[0].get(attribute, "") if found else ""

    def __contains__(self, name: str) -> bool:
        return _FULL[name] in self._by_tag


class _FullNames(dict[str, str]):
    """Local name -> name in the CDA namespace."""

    def __missing__(self, name: str) -> str:
        full = self[name] = f"{V3}{name}"
        return full


_FULL: Final = _FullNames()


def get(element: Element | None, name: str) -> str:
    """Attribute of an element that may be missing."""
    return element.get(name, "") if element is not None else ""


def content(element: Element | None) -> str:
    """Text of an element on one line."""
    if element is None:
        return ""
    return line("".join(texts(element)) if len(element) else element.text)


def moment(value: str) -> str:
    """HL7 time as an ISO one, at its precision: ``20261012`` gives ``2026-10-12``, an offset stays."""
    if len(value) <= 8:
        return "-".join(filter(None, (value[:4], value[4:6], value[6:8])))
    clock, offset = value[8:14], value[14:]
    time = ":".join(filter(None, (clock[:2], clock[2:4], clock[4:6])))
    if offset:
        offset = f"{offset[:3]}:{offset[3:]}"
    return f"{moment(value[:8])}T{time}{offset}"


def codings(coded: Element | None) -> Iterator[str]:
    """``oid|code`` of a coded element, then of its translations."""
    if coded is None:
        return
    if code := coded.get("code"):
        yield f"{coded.get('codeSystem', '')}|{code}"
    for translation in coded.iterchildren(f"{V3}translation"):
        if code := translation.get("code"):
            yield f"{translation.get('codeSystem', '')}|{code}"


def original(coded: Element | None) -> str:
    """Words of a coded element."""
    if coded is None:
        return ""
    return content(next(coded.iterchildren(f"{V3}originalText"), None))


def quantity(element: Element | None) -> str:
    """``digits unit`` of a PQ: the UCUM unit, or the words of its translation."""
    if element is None:
        return ""
    unit = element.get("unit") or original(next(element.iterchildren(f"{V3}translation"), None))
    return f"{element.get('value', '')} {unit}".rstrip()


def extent(element: Element | None) -> str:
    """A dose or a rate: one quantity when both bounds are the same."""
    if element is None:
        return ""
    if element.get("value"):
        return quantity(element)
    found = Children(element)
    low, high = quantity(found.first("low")), quantity(found.first("high"))
    return low if low == high else f"{low}..{high}"


def identifier(element: Element | None) -> str:
    """``root|extension``, or the root alone."""
    root, extension = get(element, "root"), get(element, "extension")
    return f"{root}|{extension}" if extension else root


def postal(element: Element) -> str:
    """Address: every part that is no postcode, city or country is a line."""
    parts = Children(element)
    apart = {"postalCode", "city", "country", "county"}
    lines = [content(part) for part in element if str(part.tag).rpartition("}")[2] not in apart]
    return address(
        lines,
        content(parts.first("postalCode")),
        content(parts.first("city")),
        content(parts.first("country")),
    )


def telecoms(children: Children) -> Iterator[str]:
    """``scheme:value use`` of each telecom."""
    for telecom in children.all("telecom"):
        if value := telecom.get("value"):
            yield f"{value} {_USES.get(telecom.get('use', ''), '')}".rstrip()


def name_parts(name: Element | None) -> Iterator[tuple[str, str]]:
    """Parts of the name of a person."""
    parts = Children(name)
    for part in ("family", "given", "prefix", "suffix"):
        yield part, " ".join([content(element) for element in parts.all(part)])


def organization(element: Element | None) -> Facts:
    """What is known of a structure."""
    if element is None:
        return []
    parts = Children(element)
    found = [
        ("organization id", identifier(parts.first("id"))),
        ("organization name", content(parts.first("name"))),
        *[("organization address", postal(value)) for value in parts.all("addr")],
        # FHIR knows no home of a structure (org-3)
        *[("organization telecom", value.removesuffix(" home")) for value in telecoms(parts)],
    ]
    setting = parts.first("standardIndustryClassCode")
    return found + [("organization setting", code) for code in codings(setting)]


def professional(entity: Element | None) -> Facts:
    """What is known of an assigned author, an assigned or an associated entity."""
    parts = Children(entity)
    person = parts.first("assignedPerson")
    if person is None:
        person = parts.first("associatedPerson")
    owner = parts.first("representedOrganization")
    if owner is None:
        owner = parts.first("scopingOrganization")
    if person is None:
        return organization(owner)
    code = parts.first("code")
    return [
        ("id", identifier(parts.first("id"))),
        *name_parts(Children(person).first("name")),
        *[("profession", value) for value in codings(code)],
        ("profession words", original(code)),
        *[("address", postal(value)) for value in parts.all("addr")],
        *[("telecom", value) for value in telecoms(parts)],
        *organization(owner),
    ]


def digest(value: Element | None) -> str:
    """Digest of a decoded content; of the text itself when it is no base64."""
    data = (value.text or "") if value is not None else ""
    try:
        raw = b64decode(data)
    except ValueError:
        raw = data.encode("utf-8", "replace")
    return sha1(raw, usedforsecurity=False).hexdigest()
