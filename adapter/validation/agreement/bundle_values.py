"""Values of FHIR R4 data types in canonical form: codes, quantities, times, addresses, names.

Source: HL7 FHIR R4 (4.0.1), data types; fr-core 2.2.0-ballot-2 for the French identifiers.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from hashlib import sha1
from typing import Any, Final

from jiter import LosslessFloat

from adapter.validation.agreement.facts import address, line, without_tags, words
from adapter.validation.agreement.systems import oid_of

Json = dict[str, Any]

_SCHEMES: Final = {"phone": "tel", "fax": "fax", "email": "mailto"}
# National numbers without the digit that tells their sort. Source: fr-core 2.2.0-ballot-2.
_BARE_NUMBERS: Final = frozenset({"https://rpps.esante.gouv.fr", "https://finess.esante.gouv.fr"})
_HOURS_A_DAY: Final = 24


def codings(concept: Json | None) -> Iterator[str]:
    """``oid|code`` of each coding of a CodeableConcept."""
    if concept:
        for coding in concept.get("coding", ()):
            yield f"{oid_of(coding.get('system', ''))}|{coding.get('code', '')}"


def number(value: object) -> str:
    """Digits of a JSON number as they stand in the file: 4.50 is not 4.5."""
    return bytes(value).decode() if isinstance(value, LosslessFloat) else str(value)


def quantity(value: Json | None) -> str:
    """``digits unit``: the UCUM code, or the words when there is none."""
    if not value:
        return ""
    return f"{number(value.get('value', ''))} {value.get('code') or value.get('unit', '')}".rstrip()


def moment(value: str | None) -> str:
    """FHIR date or dateTime at its precision; Z is an offset like another."""
    if not value:
        return ""
    return f"{value[:-1]}+00:00" if value.endswith("Z") else value


def oid_value(identifier: Json | None) -> str:
    """Value of an identifier that is itself an OID or a UUID."""
    return str((identifier or {}).get("value", "")).removeprefix("urn:oid:").removeprefix("urn:uuid:")


def text_words(resource: Json) -> list[str]:
    """Words of the narrative of a resource."""
    return words(without_tags(str((resource.get("text") or {}).get("div", ""))))


def extension(holder: Json, name: str) -> Json:
    """First extension whose URL ends with `name`; an empty one when there is none."""
    for extension in holder.get("extension", ()):
        if extension.get("url", "").endswith(name):
            return dict(extension)
    return {}


def national(resource: Json) -> str:
    """``root|value`` of the first identifier of an OID authority; empty when there is none."""
    for identifier in resource.get("identifier", ()):
        system = identifier.get("system", "")
        if system.startswith("urn:oid:"):
            return f"{system[8:]}|{identifier.get('value', '')}"
    return ""


def restated(resource: Json) -> Iterator[tuple[str, str]]:
    """RPPS or FINESS that is not the end of the national identifier, names in words that lack a part: other facts."""
    number_with_sort = national(resource)
    for identifier in resource.get("identifier", ()):
        value = identifier.get("value", "")
        if identifier.get("system") in _BARE_NUMBERS and number_with_sort.partition("|")[2][1:] != value:
            yield "id", value
    names = resource.get("name", ())
    for name in [{"text": names}] if isinstance(names, str) else names:
        parts = words(" ".join([name.get("family") or name.get("text", ""), *name.get("given", ())]))
        shown = set(words(str(name.get("text", ""))))
        if shown and not shown.issuperset(parts):
            yield "name in words", line(name.get("text"))


def postal(value: Json) -> str:
    """One value for an Address."""
    return address(value.get("line", ()), value.get("postalCode", ""), value.get("city", ""), value.get("country", ""))


def telecoms(resource: Json) -> Iterator[str]:
    """``scheme:value use`` of each ContactPoint."""
    for telecom in resource.get("telecom", ()):
        scheme = _SCHEMES.get(telecom.get("system", ""), telecom.get("system", ""))
        yield f"{scheme}:{telecom.get('value', '')} {telecom.get('use', '')}".rstrip()


def name_parts(name: Json) -> Iterator[tuple[str, str]]:
    """Parts of a HumanName."""
    yield "family", line(name.get("family"))
    yield "given", line(" ".join(name.get("given", ())))
    yield "prefix", " ".join(name.get("prefix", ()))
    yield "suffix", " ".join(name.get("suffix", ()))


def rhythm(repeat: Json) -> str:
    """Rhythm as CDA can say it: every so many hours, or so many times a day when that is a whole number of hours."""
    frequency, period, unit = repeat.get("frequency"), number(repeat.get("period", "")), repeat.get("periodUnit")
    if unit == "h" and frequency == 1:
        return f"every {period} h"
    if unit == "d" and period == "1" and isinstance(frequency, int) and frequency > 0:
        return f"{frequency} a day" if _HOURS_A_DAY % frequency == 0 else ""
    return f"{frequency} / {period} {unit}" if repeat else ""


def digest(data: str) -> str:
    """Digest of the decoded content; of the text itself when it is no base64."""
    try:
        raw = b64decode(data)
    except ValueError:
        raw = data.encode("utf-8", "replace")
    return sha1(raw, usedforsecurity=False).hexdigest()
