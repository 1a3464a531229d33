"""Search parameters of ITI-66 and ITI-67, each a test of one resource.

Source: PDSm 3.1.1 (period-start, period-end, isArchived, authorOrg); IHE MHD 4.2.3 (creation, designationType,
sourceId); FHIR R4, search (token, date and string semantics, comma is or, repetition is and).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import unquote

from adapter.dmp.simulator import people
from adapter.dmp.simulator.outcomes import MISSING, WRONG, Issue, Refusal
from adapter.dmp.simulator.pdsm_rules import AUTHOR_ORG, DESIGNATION, IS_ARCHIVED, SOURCE_ID
from adapter.validation.fhir_rules.elements import dicts, extensions, text_of

Element = dict[str, Any]
Parameters = list[tuple[str, str]]
Test = Callable[[Element, str], bool]

COUNT: Final = 50
COUNT_MAX: Final = 200
CONTROLS: Final = frozenset(("_count", "_sort", "_format", "_pretty", "_total"))
PATIENTS: Final = frozenset(("patient", "patient.identifier", "patient:identifier", "subject", "subject.identifier"))
_SPLIT: Final = re.compile(r"(?<!\\),")
_DATE: Final = re.compile(
    r"(?P<prefix>eq|ne|lt|gt|le|ge|sa|eb)?(?P<moment>\d{4}(?:-\d\d(?:-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?"
    r"(?:Z|[+-]\d\d:\d\d)?)?)?)?)"
)


def control(parameters: Parameters, name: str, default: str = "") -> str:
    """Last value of a control parameter."""
    return next((value for key, value in reversed(parameters) if key == name), default)


def page_size(parameters: Parameters) -> int:
    """Entries per page, ``_count`` within bounds.

    Raises:
        Refusal: 400, not a number.
    """
    text = control(parameters, "_count", str(COUNT))
    if not (text.isascii() and text.isdigit()):
        raise Refusal(400, Issue("_count est un entier.", WRONG, "value"))
    return min(int(text[:6]), COUNT_MAX)


def patient_asked(parameters: Parameters) -> tuple[str, str]:
    """What designates the patient: system and INS, or an empty system and the id on the server.

    Raises:
        Refusal: 400, absent or given twice.
    """
    held = {(name, value) for name, value in parameters if name in PATIENTS}
    if len(held) != 1:
        text = "La recherche demande un patient et un seul : patient.identifier=système|INS ou patient=Patient/id."
        raise Refusal(400, Issue(text, MISSING if not held else WRONG, "required"))
    name, value = held.pop()
    if name.endswith("identifier"):
        system, bar, ins = _plain(value).partition("|")
        if not bar or not system or not ins:
            raise Refusal(400, Issue("L'INS se donne avec son système : urn:oid:…|valeur.", WRONG, "value"))
        return system, ins
    conditional = people.conditional(value, "Patient")
    return conditional or ("", value.rpartition("Patient/")[2])


def matching(kind: str, resources: Iterable[Element], parameters: Parameters) -> list[Element]:
    """Resources that satisfy every parameter, sorted as asked.

    Raises:
        Refusal: 400 for an unknown parameter, an unusable value, or one that PDSm demands and is absent.
    """
    tests = DOCUMENT_TESTS if kind == "DocumentReference" else LIST_TESTS
    demanded = ("status",) if kind == "DocumentReference" else ("status", "code")
    wanted = []
    for name, value in parameters:
        if name in CONTROLS or name in PATIENTS:
            continue
        test = tests.get(name)
        if test is None:
            known = ", ".join(sorted(tests))
            text = f"Paramètre de recherche inconnu. Paramètres admis : patient.identifier, {known}."
            raise Refusal(400, Issue(text, WRONG, "not-supported"))
        wanted.append((test, [_plain(one) for one in _SPLIT.split(value)]))
    for name in demanded:
        if not any(key == name and value for key, value in parameters):
            raise Refusal(400, Issue(f"La recherche demande le paramètre {name}.", MISSING, "required"))
    for test, values in wanted:  # values are judged even when nothing is there to be found
        for value in values:
            test({}, value)
    found = [one for one in resources if all(any(test(one, value) for value in values) for test, values in wanted)]
    return _sorted(kind, found, control(parameters, "_sort"))


def _sorted(kind: str, found: list[Element], order: str) -> list[Element]:
    """Most recent first unless told otherwise."""
    if order in ("", "-date"):
        return sorted(found, key=lambda one: _lower(one, "date"), reverse=True)
    if order == "date":
        return sorted(found, key=lambda one: _lower(one, "date"))
    if order.lstrip("-") == "creation" and kind == "DocumentReference":
        return sorted(found, key=lambda one: _lower(_attachment(one), "creation"), reverse=order.startswith("-"))
    raise Refusal(400, Issue("Tri admis : date, -date, creation ou -creation.", WRONG, "not-supported"))


def _lower(value: Element, name: str) -> datetime:
    text = text_of(value, name)
    return _span(text)[0] if text else datetime.min.replace(tzinfo=UTC)


def _plain(value: str) -> str:
    return re.sub(r"\\([,|$\\])", r"\1", value)


# ---------------------------------------------------------------- tokens


def _token(pairs: Iterable[tuple[str, str]], value: str) -> bool:
    system, bar, code = value.partition("|")
    if not bar:
        return any(held == value for _, held in pairs)
    return any((not code or held == code) and own == system for own, held in pairs)


def _concepts(value: Any) -> Iterator[tuple[str, str]]:
    for concept in dicts(value if isinstance(value, list) else [value]):
        for coding in dicts(concept.get("coding")):
            yield text_of(coding, "system"), text_of(coding, "code")


def _identifiers(value: Any) -> Iterator[tuple[str, str]]:
    for one in dicts(value if isinstance(value, list) else [value]):
        yield text_of(one, "system"), text_of(one, "value")


def _concept(*steps: str) -> Test:
    return lambda resource, value: _token(_concepts(_at(resource, steps)), value)


def _at(resource: Element, steps: Iterable[str]) -> Any:
    value: Any = resource
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _code(*steps: str) -> Test:
    def test(resource: Element, value: str) -> bool:
        held = _at(resource, steps)
        return isinstance(held, str) and held == value.rpartition("|")[2]

    return test


def _attachment(resource: Element) -> Element:
    content = next(iter(dicts(resource.get("content"))), {})
    held = content.get("attachment")
    return held if isinstance(held, dict) else {}


def _identifier(resource: Element, value: str) -> bool:
    held = [*_identifiers(resource.get("masterIdentifier")), *_identifiers(resource.get("identifier"))]
    return _token(held, value)


def _format(resource: Element, value: str) -> bool:
    held = [one.get("format") for one in dicts(resource.get("content"))]
    return _token(((text_of(one, "system"), text_of(one, "code")) for one in held), value)


def _content_type(resource: Element, value: str) -> bool:
    return text_of(_attachment(resource), "contentType") == value


def _is_archived(resource: Element, value: str) -> bool:
    if value not in ("true", "false"):
        raise Refusal(400, Issue("isArchived vaut true ou false.", WRONG, "value"))
    held = any(one.get("valueBoolean") is True for one in extensions(resource, IS_ARCHIVED))
    return held is (value == "true")


# ---------------------------------------------------------------- dates


def _span(text: str) -> tuple[datetime, datetime]:
    """Bounds of a date of any precision, the second one left out; without offset, UTC."""
    if "T" not in text:
        year, month, day = [int(part) for part in [*text.split("-"), "0", "0"][:3]]
        low = datetime(year, month or 1, day or 1, tzinfo=UTC)
        if day:
            return low, low + timedelta(days=1)
        if month:
            return low, datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        return low, datetime(year + 1, 1, 1, tzinfo=UTC)
    moment = datetime.fromisoformat(text)
    low = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    clock = text.partition("T")[2]
    if "." in clock:
        return low, low + timedelta(microseconds=1)
    return low, low + timedelta(seconds=1 if clock.count(":") - ("+" in clock or "-" in clock) >= 2 else 60)


def _compare(low: datetime | None, high: datetime | None, value: str) -> bool:
    """FHIR comparison of the span that a resource tells with the one that is asked; None is an open end."""
    asked = _DATE.fullmatch(value)
    if asked is None:
        raise _bad_date()
    try:
        start, end = _span(asked["moment"])
    except (ValueError, OverflowError):
        raise _bad_date() from None
    first = low or datetime.min.replace(tzinfo=UTC)
    last = high or datetime.max.replace(tzinfo=UTC)
    inside = start <= first and last <= end
    answers = {
        "eq": inside,
        "ne": not inside,
        "gt": last > end,
        "lt": first < start,
        "ge": last > end or inside or (start <= first < end),
        "le": first < start or inside or (start < last <= end),
        "sa": first >= end,
        "eb": last <= start,
    }
    return answers[asked["prefix"] or "eq"]


def _bad_date() -> Refusal:
    text = "Une date de recherche s'écrit AAAA, AAAA-MM, AAAA-MM-JJ ou avec l'heure, précédée de eq, ge, le…"
    return Refusal(400, Issue(text, WRONG, "value"))


def _date(read: Callable[[Element], str]) -> Test:
    def test(resource: Element, value: str) -> bool:
        text = read(resource)
        low, high = _span(text) if text else (None, None)
        answer = _compare(low, high, value)
        return bool(text) and answer

    return test


def _period(resource: Element, value: str) -> bool:
    period = _at(resource, ("context", "period"))
    start, end = text_of(period, "start"), text_of(period, "end")
    answer = _compare(_span(start)[0] if start else None, _span(end)[1] if end else None, value)
    return bool(start or end) and answer


# ---------------------------------------------------------------- people and relations


def _folded(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))


def _person(member: str) -> Test:
    """By identifier: a token, or a reference whose tail is one."""

    def test(resource: Element, value: str) -> bool:
        held = [
            pair for reference in people.named(resource, member) for pair in people.identifiers(resource, reference)
        ]
        return _token(held, value) or any(text == value.rpartition("/")[2] for _, text in held)

    return test


def _name(member: str, part: str) -> Test:
    def test(resource: Element, value: str) -> bool:
        for reference in people.named(resource, member):
            for name in people.names(resource, reference):
                held = name.get(part)
                texts = held if isinstance(held, list) else [held]
                if any(isinstance(text, str) and _folded(text).startswith(_folded(value)) for text in texts):
                    return True
        return False

    return test


def _related(resource: Element, value: str) -> bool:
    """``context.related``: by reference or by identifier (referenceIdList)."""
    held = list(dicts(_at(resource, ("context", "related"))))
    pairs = [pair for one in held for pair in _identifiers(one.get("identifier"))]
    return _token(pairs, value) or any(_same(text_of(one, "reference"), value) for one in held)


def _relates_to(resource: Element, value: str) -> bool:
    targets = [one.get("target") for one in dicts(resource.get("relatesTo"))]
    pairs = [pair for one in dicts(targets) for pair in _identifiers(one.get("identifier"))]
    return _token(pairs, value) or any(_same(text_of(one, "reference"), value) for one in targets)


def _same(reference: str, value: str) -> bool:
    """True when both name the same resource, absolute or relative, type given or not."""
    return bool(reference) and reference.rpartition("/")[2] == unquote(value).rpartition("/")[2]


def _designation(resource: Element, value: str) -> bool:
    held = [one.get("valueCodeableConcept") for one in extensions(resource, DESIGNATION)]
    return _token(_concepts(held), value)


def _source_id(resource: Element, value: str) -> bool:
    return _token(_identifiers([one.get("valueIdentifier") for one in extensions(resource, SOURCE_ID)]), value)


def _author_org(resource: Element, value: str) -> bool:
    for source in (resource, resource.get("source")):
        for one in extensions(source, AUTHOR_ORG):
            reference = one.get("valueReference")
            held = people.identifiers(resource, reference) if isinstance(reference, dict) else []
            if _token(held, value) or any(text == value.rpartition("/")[2] for _, text in held):
                return True
    return False


def _title(resource: Element, value: str) -> bool:
    return _folded(text_of(resource, "title")).startswith(_folded(value))


DOCUMENT_TESTS: Final[dict[str, Test]] = {
    "_id": lambda resource, value: resource.get("id") == value,
    "status": _code("status"),
    "type": _concept("type"),
    "category": _concept("category"),
    "facility": _concept("context", "facilityType"),
    "setting": _concept("context", "practiceSetting"),
    "security-label": _concept("securityLabel"),
    "event": _concept("context", "event"),
    "identifier": _identifier,
    "format": _format,
    "contenttype": _content_type,
    "creation": _date(lambda resource: text_of(_attachment(resource), "creation")),
    "date": _date(lambda resource: text_of(resource, "date")),
    "period": _period,
    "period-start": _date(lambda resource: text_of(_at(resource, ("context", "period")), "start")),
    "period-end": _date(lambda resource: text_of(_at(resource, ("context", "period")), "end")),
    "related": _related,
    "related.identifier": _related,
    "related:identifier": _related,
    "relatesto": _relates_to,
    "relatesTo": _relates_to,
    "author": _person("author"),
    "author.identifier": _person("author"),
    "author:identifier": _person("author"),
    "author.family": _name("author", "family"),
    "author.given": _name("author", "given"),
    "isArchived": _is_archived,
}
LIST_TESTS: Final[dict[str, Test]] = {
    "_id": lambda resource, value: resource.get("id") == value,
    "status": _code("status"),
    "code": _concept("code"),
    "date": _date(lambda resource: text_of(resource, "date")),
    "designationType": _designation,
    "identifier": _identifier,
    "title": _title,
    "sourceId": _source_id,
    "source": _person("source"),
    "source.identifier": _person("source"),
    "source:identifier": _person("source"),
    "source.family": _name("source", "family"),
    "source.given": _name("source", "given"),
    "authorOrg": _author_org,
    "isArchived": _is_archived,
}
