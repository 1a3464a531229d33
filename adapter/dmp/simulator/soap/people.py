"""TD0.2 (does this DMP exist, may the caller open it) and TD0.3 (the caller's own authorisation).

Source: DMP vendor package, TD0.2 and TD0.3 (attention lines, codes).
"""

from __future__ import annotations

from uuid import uuid4

from lxml import etree

from adapter.dmp.simulator.outcomes import Refusal
from adapter.dmp.simulator.registry import Registry
from adapter.dmp.simulator.soap import gate
from adapter.dmp.simulator.soap.answers import SoapFault
from adapter.dmp.simulator.soap.gate import Caller
from adapter.dmp.xds import hl7v3
from adapter.dmp.xds.hl7v3 import Authorisation
from adapter.model.document import Identifier

ADDED, REMOVED = "AJOUT", "SUPPRESSION"
ALREADY = "DMPPatientAccessAlreadyExists"


def existence(registry: Registry, caller: Caller, request: etree._Element) -> etree._Element:
    """Answer of TD0.2."""
    query = hl7v3.read_existence_query(request)
    if query is None:
        raise SoapFault("InvalidMessage", "Le corps du message n'est pas un test d'existence (TD0.2).")
    gate.require_patient(caller, query.patient)
    row = registry.patient(f"urn:oid:{query.patient.root}", query.patient.value)
    rpps = caller.actor.rpps
    with registry.store.reading():
        known = rpps.encode() in registry.store.registered(row.id, "authorisation")
    authorisation: Authorisation = "VALIDE" if known else "NON_EXISTE"
    if rpps and rpps in row.blocked:
        authorisation = "INTERDIT"
    registry.note("état du DMP (TD0.2)", row.id, detail=row.state)
    state = "absent" if row.state == "absent" else "active" if row.state == "active" else "closed"
    return hl7v3.existence_answer(
        query,
        hl7v3.Sender(query.message_id.root, "dmp"),
        registry.clock(),
        Identifier(hl7v3.DMP_DEVICE, str(uuid4())),
        state=state,  # type: ignore[arg-type]  # one of the three
        authorisation=authorisation,
        attending=bool(rpps) and rpps == row.attending,
    )


def authorisation(registry: Registry, caller: Caller, request: etree._Element) -> etree._Element:
    """Answer of TD0.3; the patient is that of the assertion."""
    action = hl7v3.read_authorisation_request(request)
    if action not in (ADDED, REMOVED):
        raise SoapFault("InvalidMessage", "Le corps du message n'est pas une demande d'autorisation (TD0.3).")
    try:
        gate.require(caller, "TD0.3")
        row = gate.open_dmp(caller, registry)
    except Refusal as fault:
        return hl7v3.authorisation_answer(fault.issues[0].code, fault.issues[0].text)
    own = caller.actor.rpps.encode()
    with registry.store.writing():
        known = own in registry.store.registered(row.id, "authorisation")
        if action == ADDED and known:
            return hl7v3.authorisation_answer(ALREADY, "Ce professionnel est déjà autorisé.")
        if action == ADDED:
            registry.store.register(row.id, "authorisation", own)
        else:
            registry.store.unregister(row.id, "authorisation", own)
    return hl7v3.authorisation_answer(hl7v3.OK)
