"""HL7 V3 data types as CDA R2 writes them: codes, quantities, times.

What has no code is ``OTH`` with the words, what has no answer is ``NA`` with the reason: the data types let no other
null flavour carry words (ANY, dtr1-1).

Source: HL7 CDA R2 (2005), data types Abstract R1; CI-SIS Volet Structuration minimale de documents de santé.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from adapter.cda.fragments import NOTHING, Attributes, Fragment, Markup, attributes, fragment, join
from adapter.model.coded import Coding, Concept
from adapter.model.document import Observation, Quantity


class _Element(NamedTuple):
    """An element that carries a concept: with or without code, with or without the place of its words."""

    coded: Fragment
    coded_at: Fragment
    uncoded: Fragment
    uncoded_at: Fragment


def _element(name: str, opening: str) -> _Element:
    """Fragments of the element that `opening` begins."""
    words = "<originalText>{words}</originalText>"
    words_at = '<originalText>{words}<reference value="#{anchor}"/></originalText>'
    coded = opening + ' attributes="{coding}">'
    uncoded = opening + ' nullFlavor="OTH">'
    return _Element(
        coded=fragment(f"{coded}{words}{{translations}}</{name}>"),
        coded_at=fragment(f"{coded}{words_at}{{translations}}</{name}>"),
        uncoded=fragment(f"{uncoded}{words}</{name}>"),
        uncoded_at=fragment(f"{uncoded}{words_at}</{name}>"),
    )


_CODE = fragment('<code attributes="{coding}"/>')
_CONCEPT_CODE = _element("code", "<code")
_CONCEPT_VALUE = _element("value", '<value xsi:type="CD"')
_ROUTE = _element("routeCode", "<routeCode")
_VALUE_ABSENT = fragment("""
<value xsi:type="CD" nullFlavor="NA"><originalText>{words}</originalText></value>
""")
_TRANSLATION = fragment("""
<translation attributes="{coding}"/>
""")
_WORDS = fragment("<originalText>{words}</originalText>")
_WORDS_AT = fragment('<originalText>{words}<reference value="#{anchor}"/></originalText>')

_INT = fragment('<value xsi:type="INT" value="{value}"/>')
_BL = fragment('<value xsi:type="BL" value="{value}"/>')
_ST = fragment('<value xsi:type="ST">{value}</value>')
_PQ = fragment('<value xsi:type="PQ" value="{value}" unit="{unit}"/>')
_PQ_WORDS = fragment("""
<value xsi:type="PQ" value="{value}"><translation><originalText>{unit}</originalText></translation></value>
""")
_RANGE = fragment('<low value="{value}" unit="{unit}"/><high value="{value}" unit="{unit}"/>')
_RANGE_WORDS = fragment("""
<low value="{value}"><translation><originalText>{unit}</originalText></translation></low>
<high value="{value}"><translation><originalText>{unit}</originalText></translation></high>
""")
_INSTANT = fragment('<effectiveTime value="{at}"/>')
_PERIOD = fragment("<effectiveTime>{low}{high}</effectiveTime>")
NO_TIME = fragment('<effectiveTime nullFlavor="UNK"/>')()  # a time that nobody noted
_LOW = fragment('<low value="{at}"/>')
_LOW_NULL = fragment('<low nullFlavor="{flavor}"/>')
_HIGH = fragment('<high value="{at}"/>')
_HIGH_NULL = fragment('<high nullFlavor="{flavor}"/>')


# The entries of a visit share one moment, and its offset is slow to ask for: the last one printed is kept. By
# identity, for moments of different offsets may be equal.
_LAST: list[tuple[datetime | None, str]] = [(None, "")]


def timestamp(moment: datetime) -> str:
    """HL7 point in time for `moment`, to the second, offset kept: `20261120103000+0100`.

    Raises:
        ValueError: `moment` is naive.
    Source: CDA R2 data type TS; CI-SIS Volet Structuration minimale (dates of the header carry the zone).
    """
    last = _LAST[0]
    if last[0] is moment:
        return last[1]
    if moment.utcoffset() is None:
        raise ValueError("date et heure sans décalage horaire")
    iso = moment.isoformat(timespec="seconds")  # 2026-11-20T10:30:00+01:00, at half the cost of strftime
    printed = f"{iso[:4]}{iso[5:7]}{iso[8:10]}{iso[11:13]}{iso[14:16]}{iso[17:22]}{iso[23:25]}"
    _LAST[0] = (moment, printed)
    return printed


def point(value: datetime | date) -> str:
    """HL7 point in time of `value`, to the second or to the day, as it is known."""
    return timestamp(value) if isinstance(value, datetime) else day(value)


def day(value: date) -> str:
    """HL7 date to the day: `20261120`."""
    return f"{value.year:04}{value.month:02}{value.day:02}"


def partial(value: str) -> str:
    """HL7 date of the same precision as `value`: `2025-03` gives `202503`."""
    return value.replace("-", "")


def instant(at: str) -> Markup:
    """EffectiveTime at one point in time, given as HL7 text."""
    return _INSTANT(at=at)


def period(low: Markup, high: Markup = NOTHING) -> Markup:
    """EffectiveTime from `low` to `high`."""
    return _PERIOD(low=low, high=high)


def low(at: str, unknown: str = "UNK") -> Markup:
    """Start of a period; null flavour `unknown` when `at` is empty."""
    return _LOW(at=at) if at else _LOW_NULL(flavor=unknown)


def high(at: str, unknown: str = "UNK") -> Markup:
    """End of a period; null flavour `unknown` when `at` is empty."""
    return _HIGH(at=at) if at else _HIGH_NULL(flavor=unknown)


class _Printed(NamedTuple):
    """A coding and what it prints as."""

    coding: Coding
    attributes: Attributes
    code: Markup
    translation: Markup


# Codings come from the mapping tables, few and long-lived: each is printed once. The value is kept beside its print,
# so that an identity in this table is never that of another value.
_PRINTED: dict[int, _Printed] = {}
_PRINTED_MOST = 8192


def _printed(coding: Coding) -> _Printed:
    known = _PRINTED.get(id(coding))
    if known is not None:
        return known
    run = attributes(
        code=coding.code,
        displayName=coding.display or None,
        codeSystem=coding.system.oid,
        codeSystemName=coding.system.name or None,
    )
    new = _Printed(coding, run, _CODE(coding=run), _TRANSLATION(coding=run))
    if len(_PRINTED) >= _PRINTED_MOST:
        _PRINTED.clear()
    _PRINTED[id(coding)] = new
    return new


def coded(coding: Coding) -> Attributes:
    """Attributes of one coding; a label that we do not know is left out."""
    return _printed(coding).attributes


def code(coding: Coding) -> Markup:
    """Element ``code`` of one coding."""
    return _printed(coding).code


def translations(codings: tuple[Coding, ...]) -> Markup:
    """Elements ``translation`` of `codings`."""
    return join([_printed(coding).translation for coding in codings]) if codings else NOTHING


def original_text(words: str, anchor: str = "") -> Markup:
    """The doctor's words, and the place of the narrative where they stand."""
    return _WORDS_AT(words=words, anchor=anchor) if anchor else _WORDS(words=words)


def concept_code(concept: Concept, anchor: str = "") -> Markup:
    """Element ``code``: first coding, words, other codings as translations; no coding gives a null flavour."""
    return _concept(_CONCEPT_CODE, concept, anchor)


def concept_value(concept: Concept, anchor: str = "") -> Markup:
    """Element ``value`` of type CD, made like `concept_code`."""
    return _concept(_CONCEPT_VALUE, concept, anchor)


def route(concept: Concept) -> Markup:
    """Element ``routeCode``, made like `concept_code`."""
    return _concept(_ROUTE, concept, "")


def _concept(element: _Element, concept: Concept, anchor: str) -> Markup:
    codings = concept.codings
    if not codings:
        if anchor:
            return element.uncoded_at(words=concept.text, anchor=anchor)
        return element.uncoded(words=concept.text)
    first = coded(codings[0])
    others = translations(codings[1:]) if len(codings) > 1 else NOTHING
    if anchor:
        return element.coded_at(coding=first, words=concept.text, anchor=anchor, translations=others)
    return element.coded(coding=first, words=concept.text, translations=others)


def value(observed: Observation) -> Markup:
    """Element ``value`` of an observation, of the type of its answer; no answer gives a null flavour and the words."""
    answer = observed.value
    match answer:
        case None:
            return _VALUE_ABSENT(words=observed.absent)
        case bool():
            return boolean(answer)
        case int():
            return _INT(value=str(answer))
        case str():
            return _ST(value=answer)
        case Quantity():
            return quantity(answer)
        case Concept():
            return concept_value(answer)


def boolean(answer: bool) -> Markup:
    """Element ``value`` of type BL."""
    return _BL(value="true" if answer else "false")


def quantity(amount: Quantity) -> Markup:
    """Element ``value`` of type PQ; a unit that UCUM does not have stands in words."""
    if amount.ucum:
        return _PQ(value=amount.value, unit=amount.ucum)
    return _PQ_WORDS(value=amount.value, unit=amount.unit)


def amount_range(amount: Quantity) -> Markup:
    """Bounds ``low`` and ``high`` of a dose or rate that has one value.

    Source: CI-SIS Modèles de contenus CDA, FR-Traitement: both bounds are required.
    """
    if amount.ucum:
        return _RANGE(value=amount.value, unit=amount.ucum)
    return _RANGE_WORDS(value=amount.value, unit=amount.unit)
