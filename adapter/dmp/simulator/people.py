"""Who is named in a received resource: authors, their structures, the patient."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote

from adapter.dmp.simulator.contents import INS_ROOTS
from adapter.dmp.simulator.pdsm_rules import contained
from adapter.validation.fhir_rules.elements import dicts, text_of

Element = dict[str, Any]

RPPS: Final = "https://rpps.esante.gouv.fr"
NATIONAL_PROFESSIONAL: Final = "urn:oid:1.2.250.1.71.4.2.1"
_RPPS_AS_NATIONAL: Final = re.compile(r"8(\d{11})", re.ASCII)
_CONDITIONAL: Final = re.compile(r"\??identifier=(?P<system>[^|&]*)\|(?P<value>[^|&]+)")


def named(value: Element, name: str) -> Iterator[Element]:
    """References of one member, whether it repeats or not."""
    held = value.get(name)
    yield from dicts(held if isinstance(held, list) else [held])


def identifiers(value: Element, reference: Element) -> list[tuple[str, str]]:
    """System and value of every identifier behind a reference: its own, those of the contained resource and, through
    a PractitionerRole, those of the practitioner.
    """
    found = [_pair(reference.get("identifier"))]
    target = contained(value, text_of(reference, "reference"))
    if target is not None:
        found += [_pair(one) for one in dicts(target.get("identifier"))]
        if target.get("resourceType") == "PractitionerRole":
            for one in named(target, "practitioner"):
                found += identifiers(value, one)
    return [pair for pair in found if pair[1]]


def names(value: Element, reference: Element) -> Iterator[Element]:
    """Names of the person behind a reference."""
    target = contained(value, text_of(reference, "reference"))
    if target is None:
        return
    if target.get("resourceType") == "PractitionerRole":
        for one in named(target, "practitioner"):
            yield from names(value, one)
    else:
        yield from dicts(target.get("name"))


def professionals(value: Element, member: str) -> tuple[str, ...]:
    """RPPS of the people whom `member` names, each once."""
    found: dict[str, None] = {}
    for reference in named(value, member):
        for system, text in identifiers(value, reference):
            national = _RPPS_AS_NATIONAL.fullmatch(text) if system == NATIONAL_PROFESSIONAL else None
            if system == RPPS or national:
                found[national[1] if national else text] = None
    return tuple(found)


def structures(value: Element, member: str) -> tuple[str, ...]:
    """Identifiers of the structures of the people whom `member` names; the custodian's when they tell none."""
    found: dict[str, None] = {}
    for reference in named(value, member):
        target = contained(value, text_of(reference, "reference"))
        if target is not None and target.get("resourceType") == "PractitionerRole":
            for organization in named(target, "organization"):
                found.update(dict.fromkeys(text for _, text in identifiers(value, organization)))
    if not found:
        for organization in named(value, "custodian"):
            found.update(dict.fromkeys(text for _, text in identifiers(value, organization)))
    return tuple(found)


def is_ins(system: str) -> bool:
    """True for the URN of one of the four roots of the INS."""
    return system.removeprefix("urn:oid:") in INS_ROOTS and system.startswith("urn:oid:")


def ins_of(patient: Element) -> tuple[str, str] | None:
    """INS among the identifiers of a Patient."""
    return next((pair for one in dicts(patient.get("identifier")) if is_ins((pair := _pair(one))[0]) and pair[1]), None)


def conditional(text: str, kind: str) -> tuple[str, str] | None:
    """System and value of ``Kind?identifier=system|value``, percent-encoded or not."""
    if not text.startswith(f"{kind}?"):
        return None
    found = _CONDITIONAL.fullmatch(unquote(text.removeprefix(kind)))
    return (found["system"], found["value"]) if found else None


def _pair(identifier: Any) -> tuple[str, str]:
    return text_of(identifier, "system"), text_of(identifier, "value")
