"""Answers of the searches: TD0.2 (Patient), ITI-67 (DocumentReference), ITI-66 (List), page after page.

The ``next`` link bears a token instead of the parameters: no INS ever stands in a URL of ours.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Any, Final
from uuid import uuid4

import orjson

from adapter.dmp.simulator.actors import Actor, check_access, forbidden
from adapter.dmp.simulator.outcomes import MISSING, WRONG, Issue, Refusal, operation_outcome
from adapter.dmp.simulator.pdsm_rules import PDSM
from adapter.dmp.simulator.people import RPPS
from adapter.dmp.simulator.queries import CONTROLS, Parameters, matching, page_size, patient_asked
from adapter.dmp.simulator.registry import Registry, is_signature
from adapter.dmp.simulator.store import PatientRow
from adapter.validation.fhir_rules.elements import dicts

Element = dict[str, Any]

PAGES_KEPT: Final = 200
PROFILES: Final = {
    "DocumentReference": PDSM + "pdsm-find-documentreferences-comprehensive-response",
    "List": PDSM + "pdsm-find-lists-response",
}


@dataclass(frozen=True, slots=True)
class Cursor:
    """What is left of a search: ids in their order, and for whom."""

    kind: str
    actor: Actor
    patient_id: str
    ids: tuple[str, ...]
    size: int


@dataclass(slots=True)
class Cursors:
    """Searches under way; the oldest ones are forgotten."""

    held: OrderedDict[str, Cursor] = field(default_factory=OrderedDict)

    def keep(self, cursor: Cursor) -> str:
        """Token of a search."""
        token = token_urlsafe(18)
        self.held[token] = cursor
        while len(self.held) > PAGES_KEPT:
            self.held.popitem(last=False)
        return token


def search(registry: Registry, cursors: Cursors, kind: str, actor: Actor, parameters: Parameters, base: str) -> Element:
    """First page of a search of DocumentReference or List.

    Raises:
        Refusal: 400 unusable parameters, 403 closed or forbidden.
    """
    size = page_size(parameters)
    patient = _patient(registry, patient_asked(parameters), actor)
    found: list[Element] = []
    if patient is not None:
        with registry.store.reading():
            found = _visible(registry, kind, actor, patient)
    found = matching(kind, found, parameters)
    registry.note(f"recherche {kind}", patient.id if patient else "", detail=f"{len(found)} résultat(s)")
    cursor = Cursor(kind, actor, patient.id if patient else "", tuple(one["id"] for one in found), size)
    token = cursors.keep(cursor) if len(found) > size > 0 else ""
    return _searchset(cursor, token, 0, found[:size], base)


def next_page(
    registry: Registry, cursors: Cursors, kind: str, actor: Actor, token: str, start: str, base: str
) -> Element:
    """Page of a search under way, as the documents are now.

    Raises:
        Refusal: 410 forgotten search, 403 another caller's, 400.
    """
    cursor = cursors.held.get(token)
    if cursor is None or cursor.kind != kind:
        raise Refusal(410, Issue("Cette recherche n'est plus connue : la relancer.", WRONG, "not-found"))
    if cursor.actor != actor:
        raise forbidden("Cette recherche est celle d'un autre appelant.")
    if not (start.isascii() and start.isdigit()):
        raise Refusal(400, Issue("_getpagesoffset est un entier.", WRONG, "value"))
    first = int(start[:9])
    wanted = cursor.ids[first : first + cursor.size]
    with registry.store.reading():
        patient = registry.store.patient_by_id(cursor.patient_id)
        if patient is not None:
            registry.open_patient(patient, actor)
        seen = {one["id"]: one for one in _visible(registry, kind, actor, patient)} if patient else {}
    return _searchset(cursor, token, first, [seen[key] for key in wanted if key in seen], base)


def patients(registry: Registry, actor: Actor, parameters: Parameters, base: str) -> Element:
    """TD0.2: the DMP of an INS, its state, and the reason of its closure.

    Raises:
        Refusal: 400 unusable parameters, 403 blocked professional.
    """
    held = [value for name, value in parameters if name == "identifier"]
    others = [name for name, _ in parameters if name != "identifier" and name not in CONTROLS]
    if len(held) != 1 or others:
        raise Refusal(400, Issue("Un patient se cherche par identifier=système|INS.", MISSING, "required"))
    system, _, value = held[0].partition("|")
    row = registry.patient(system, value)
    check_access(actor, row.value, row.blocked)
    entries: list[Element] = []
    if row.state != "absent":
        resource: Element = {
            "resourceType": "Patient",
            "id": row.id,
            "identifier": [{"use": "official", "system": row.system, "value": row.value}],
            "active": row.state == "active",
        }
        if row.attending:
            resource["generalPractitioner"] = [{"identifier": {"system": RPPS, "value": row.attending}}]
        entries.append({"fullUrl": f"{base}/Patient/{row.id}", "resource": resource, "search": {"mode": "match"}})
    if row.state == "closed":
        issue = Issue("Le DMP de ce patient est fermé.", row.reason or "DMPClosed", "business-rule", severity="warning")
        outcome = {**operation_outcome([issue]), "id": "etat"}
        entries.append({"fullUrl": f"urn:uuid:{uuid4()}", "resource": outcome, "search": {"mode": "outcome"}})
    registry.note("état du DMP (TD0.2)", row.id, detail=row.state)
    link = [{"relation": "self", "url": f"{base}/Patient"}]
    bundle = {"resourceType": "Bundle", "id": str(uuid4()), "type": "searchset", "link": link}
    return {**bundle, "total": int(row.state != "absent"), **({"entry": entries} if entries else {})}


def shown(resource: Element, base: str) -> Element:
    """Resource as it is answered: the content stands at an absolute address."""
    for content in dicts(resource.get("content")):
        url = content["attachment"]["url"]
        content["attachment"]["url"] = url if "://" in url else f"{base}/{url}"
    return resource


def _patient(registry: Registry, asked: tuple[str, str], actor: Actor) -> PatientRow | None:
    """DMP that is searched; None when there is none, which finds nothing."""
    system, value = asked
    if system:
        row = registry.patient(system, value)
    else:
        with registry.store.reading():
            known = registry.store.patient_by_id(value)
        if known is None:
            return None
        row = known
    if row.state == "absent":
        return None
    registry.open_patient(row, actor)
    return row


def _visible(registry: Registry, kind: str, actor: Actor, patient: PatientRow) -> list[Element]:
    """Resources of a DMP that the caller may know of."""
    if kind == "DocumentReference":
        rows = registry.store.documents_of(patient.id)
        seen = (row for row in rows if registry.sees(actor, row, patient) and not is_signature(row))
        return [orjson.loads(row.resource) for row in seen]
    lists = [registry.visible_list(actor, row, patient) for row in registry.store.lists_of(patient.id)]
    return [value for value in lists if value is not None]


def _searchset(cursor: Cursor, token: str, first: int, found: list[Element], base: str) -> Element:
    here = f"{base}/{cursor.kind}"
    links = [{"relation": "self", "url": f"{here}?_getpages={token}&_getpagesoffset={first}" if token else here}]
    follows = first + cursor.size
    if token and follows < len(cursor.ids):
        links.append({"relation": "next", "url": f"{here}?_getpages={token}&_getpagesoffset={follows}"})
    bundle: Element = {
        "resourceType": "Bundle",
        "id": str(uuid4()),
        "meta": {"profile": [PROFILES[cursor.kind]]},
        "type": "searchset",
        "total": len(cursor.ids),
        "link": links,
    }
    entries = [
        {"fullUrl": f"{here}/{one['id']}", "resource": shown(one, base), "search": {"mode": "match"}} for one in found
    ]
    return {**bundle, "entry": entries} if entries else bundle
