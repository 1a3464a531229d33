"""HL7 V3 data types as CDA R2 writes them: codes, quantities, times.

What has no code is ``OTH`` with the words, what has no answer is ``NA`` with the reason: the data types let no other
null flavour carry words (ANY, dtr1-1).

Source: HL7 CDA R2 (2005), data types Abstract R1; CI-SIS Volet Structuration minimale de documents de santé.
"""

from __future__ import annotations

from datetime import date, datetime

from adapter.cda.fragments import NOTHING, Attributes, Fragment, Markup, attributes, fragment, join
from adapter.model.coded import Coding, Concept
from adapter.model.document import Observation, Quantity

_CODE = fragment("""
<code attributes="{coding}">{inner}</code>
""")
_UNCODED = fragment("""
<code nullFlavor="OTH"><originalText>{words}{reference}</originalText></code>
""")
_VALUE_CD = fragment("""
<value xsi:type="CD" attributes="{coding}">{inner}</value>
""")
_VALUE_UNCODED = fragment("""
<value xsi:type="CD" nullFlavor="OTH"><originalText>{words}{reference}</originalText></value>
""")
_VALUE_ABSENT = fragment("""
<value xsi:type="CD" nullFlavor="NA"><originalText>{words}</originalText></value>
""")
_ROUTE = fragment("""
<routeCode attributes="{coding}">{inner}</routeCode>
""")
_ROUTE_UNCODED = fragment("""
<routeCode nullFlavor="OTH"><originalText>{words}{reference}</originalText></routeCode>
""")
_TRANSLATION = fragment("""
<translation attributes="{coding}"/>
""")
_ORIGINAL = fragment("<originalText>{words}{reference}</originalText>")
_REFERENCE = fragment('<reference value="#{anchor}"/>')

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
_NO_TIME = fragment('<effectiveTime nullFlavor="UNK"/>')
_PERIOD = fragment("<effectiveTime>{low}{high}</effectiveTime>")
_LOW = fragment('<low value="{at}"/>')
_LOW_NULL = fragment('<low nullFlavor="{flavor}"/>')
_HIGH = fragment('<high value="{at}"/>')
_HIGH_NULL = fragment('<high nullFlavor="{flavor}"/>')


def timestamp(moment: datetime) -> str:
    """HL7 point in time for `moment`, to the second, offset kept: `20261120103000+0100`.

    Raises:
        ValueError: `moment` is naive.
    Source: CDA R2 data type TS; CI-SIS Volet Structuration minimale (dates of the header carry the zone).
    """
    if moment.utcoffset() is None:
        raise ValueError("date et heure sans décalage horaire")
    # A year below 1000 would lose its zeros in strftime; no visit is that old, but no silence either.
    return f"{moment.year:04}" + moment.strftime("%m%d%H%M%S%z")


def day(value: date) -> str:
    """HL7 date to the day: `20261120`."""
    return f"{value.year:04}{value.month:02}{value.day:02}"


def partial(value: str) -> str:
    """HL7 date of the same precision as `value`: `2025-03` gives `202503`."""
    return value.replace("-", "")


def instant(at: str) -> Markup:
    """EffectiveTime at one point in time, given as HL7 text."""
    return _INSTANT(at=at)


def no_time() -> Markup:
    """EffectiveTime that nobody noted."""
    return _NO_TIME()


def period(low: Markup, high: Markup = NOTHING) -> Markup:
    """EffectiveTime from `low` to `high`."""
    return _PERIOD(low=low, high=high)


def low(at: str, unknown: str = "UNK") -> Markup:
    """Start of a period; null flavour `unknown` when `at` is empty."""
    return _LOW(at=at) if at else _LOW_NULL(flavor=unknown)


def high(at: str, unknown: str = "UNK") -> Markup:
    """End of a period; null flavour `unknown` when `at` is empty."""
    return _HIGH(at=at) if at else _HIGH_NULL(flavor=unknown)


# Codings come from the mapping tables, few and long-lived: each is printed once. The value is kept beside its print,
# so that an identity in this table is never that of another value.
_CODED: dict[int, tuple[Coding, Attributes]] = {}
_CODED_MOST = 8192


def coded(coding: Coding) -> Attributes:
    """Attributes of one coding; a label that we do not know is left out."""
    known = _CODED.get(id(coding))
    if known is not None:
        return known[1]
    printed = attributes(
        code=coding.code,
        displayName=coding.display or None,
        codeSystem=coding.system.oid,
        codeSystemName=coding.system.name or None,
    )
    if len(_CODED) >= _CODED_MOST:
        _CODED.clear()
    _CODED[id(coding)] = (coding, printed)
    return printed


def code(coding: Coding) -> Markup:
    """Element ``code`` of one coding."""
    return _CODE(coding=coded(coding), inner=NOTHING)


def translation(coding: Coding) -> Markup:
    """Element ``translation`` of one coding."""
    return _TRANSLATION(coding=coded(coding))


def translations(codings: tuple[Coding, ...]) -> Markup:
    """Elements ``translation`` of `codings`."""
    return join([translation(coding) for coding in codings]) if codings else NOTHING


def original_text(words: str, anchor: str = "") -> Markup:
    """The doctor's words, and the place of the narrative where they stand."""
    return _ORIGINAL(words=words, reference=_REFERENCE(anchor=anchor) if anchor else NOTHING)


def concept_code(concept: Concept, anchor: str = "") -> Markup:
    """Element ``code``: first coding, words, other codings as translations; no coding gives a null flavour."""
    return _concept(_CODE, _UNCODED, concept, anchor)


def concept_value(concept: Concept, anchor: str = "") -> Markup:
    """Element ``value`` of type CD, made like `concept_code`."""
    return _concept(_VALUE_CD, _VALUE_UNCODED, concept, anchor)


def route(concept: Concept) -> Markup:
    """Element ``routeCode``, made like `concept_code`."""
    return _concept(_ROUTE, _ROUTE_UNCODED, concept, "")


def _concept(element: Fragment, uncoded: Fragment, concept: Concept, anchor: str) -> Markup:
    reference = _REFERENCE(anchor=anchor) if anchor else NOTHING
    codings = concept.codings
    if not codings:
        return uncoded(words=concept.text, reference=reference)
    inner = _ORIGINAL(words=concept.text, reference=reference)
    if len(codings) > 1:
        inner = join([inner, translations(codings[1:])])
    return element(coding=coded(codings[0]), inner=inner)


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
