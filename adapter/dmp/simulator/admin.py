"""Administration of the simulator: the patients it knows, the faults to come, its state without any name.

Loopback only, checked on the address of the client and on the host that it asked for.
"""

from __future__ import annotations

import ipaddress
from typing import Any, Final
from uuid import uuid4

import orjson

from adapter.dmp.simulator import patches
from adapter.dmp.simulator.actors import forbidden
from adapter.dmp.simulator.faults import Fault, Faults
from adapter.dmp.simulator.outcomes import WRONG, Issue, Refusal
from adapter.dmp.simulator.registry import Registry, is_signature, masks_of
from adapter.dmp.simulator.store import PatientRow
from adapter.model.identifiers import IdentifierError, MatriculeIns
from adapter.validation.fhir_rules.elements import text_of

DEFAULT_ROOT: Final = "1.2.250.1.213.1.4.10"
_MEMBERS: Final = ("ins", "root", "state", "reason", "attending", "blocked")


def check_local(client: str | None, host: str) -> None:
    """Pass when the request comes from the machine itself, under a name of its own (no DNS rebinding).

    Raises:
        Refusal: 403.
    """
    name = host.rpartition(":")[0] if host.count(":") == 1 else host.partition("]")[0].lstrip("[")
    if not (_is_loopback(client or "") and (name == "localhost" or _is_loopback(name))):
        raise forbidden("L'administration n'est ouverte que depuis la machine elle-même.")


def _is_loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


def read_patient(value: Any) -> PatientRow:
    """DMP told by ``{"ins", "root", "state", "reason", "attending", "blocked"}``; only ``ins`` is demanded.

    Raises:
        Refusal: 400.
    """
    if not isinstance(value, dict) or set(value) - set(_MEMBERS):
        raise _unreadable(f"un objet JSON est attendu, de membres {', '.join(_MEMBERS)}")
    texts = {name: value.get(name, "") for name in ("ins", "root", "state", "reason", "attending")}
    blocked = value.get("blocked", [])
    if not all(isinstance(text, str) for text in texts.values()):
        raise _unreadable("ins, root, state, reason et attending sont des textes")
    if not isinstance(blocked, list) or not all(isinstance(text, str) for text in blocked):
        raise _unreadable("blocked est un tableau de RPPS")
    state = texts["state"] or "active"
    if state not in ("active", "closed", "absent"):
        raise _unreadable("state vaut active, closed ou absent")
    try:
        ins = MatriculeIns.parse(texts["ins"], texts["root"].removeprefix("urn:oid:") or DEFAULT_ROOT)
    except IdentifierError as fault:
        raise _unreadable(fault.message) from None
    system = f"urn:oid:{ins.root}"
    return PatientRow(str(uuid4()), system, ins.value, state, texts["reason"], texts["attending"], tuple(blocked))


def _unreadable(why: str) -> Refusal:
    return Refusal(400, Issue(f"Demande d'administration illisible : {why}.", WRONG, "value"))


def state(registry: Registry, faults: Faults) -> dict[str, Any]:
    """Counts, documents and faults; neither INS nor name."""
    with registry.store.reading():
        counts = registry.store.counts()
        rows = registry.store.documents()
        versions = {row.id: registry.store.versions(row.id) for row in rows}
    documents = []
    for row in reversed(rows):
        resource = orjson.loads(row.resource)
        attachment = resource["content"][0]["attachment"]
        related = [one["target"]["reference"] for one in resource.get("relatesTo", ())]
        documents.append(
            {
                "id": row.id,
                "patient": row.patient_id,
                "unique_id": row.unique_id.removeprefix("urn:oid:"),
                "entry_uuid": row.entry_uuid,
                "version": row.version,
                "status": row.status,
                "deleted": row.deleted,
                "archived": patches.archived(resource),
                "masks": list(masks_of(resource)),
                "signature": is_signature(row),
                "replaces": [reference.rpartition("/")[2] for reference in related],
                "mime_type": text_of(attachment, "contentType"),
                "size": attachment.get("size"),
                "hash": text_of(attachment, "hash"),
                "submission": row.submission_id,
                "versions": [
                    {"version": rank, "entry_uuid": entry_uuid, "at": at, "change": change}
                    for rank, entry_uuid, at, change in versions[row.id]
                ],
            }
        )
    return {"counts": counts, "documents": documents, "faults": [as_dict(fault) for fault in faults.queue]}


def as_dict(fault: Fault) -> dict[str, Any]:
    """Fault as JSON."""
    return {name: getattr(fault, name) for name in Fault.__slots__}
