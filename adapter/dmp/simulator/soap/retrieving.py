"""TD3.2, reading documents (ITI-43).

Source: IHE ITI TF-2b 3.43; DMP vendor package (a document is asked for by its uniqueId, never by its entryUUID).
"""

from __future__ import annotations

from lxml import etree

from adapter.dmp.simulator.outcomes import Issue, Refusal
from adapter.dmp.simulator.registry import Registry
from adapter.dmp.simulator.soap import gate, registered
from adapter.dmp.simulator.soap.answers import DONE, Reply, SoapFault, refused
from adapter.dmp.simulator.soap.gate import Caller
from adapter.dmp.simulator.store import PatientRow
from adapter.dmp.xds import mtom, retrieve

_WANTED_MAX = 100


def read(registry: Registry, caller: Caller, request: etree._Element) -> Reply:
    """Documents asked for; what cannot be given is told beside what can (PartialSuccess)."""
    wanted = retrieve.read(request)
    if not wanted:
        raise SoapFault("InvalidMessage", "Le corps du message n'est pas une demande de lecture (ITI-43).")
    found: list[retrieve.Retrieved] = []
    issues: list[Issue] = []
    try:
        gate.require(caller, "TD3.2")
        if len(wanted) > _WANTED_MAX:
            raise Refusal(422, Issue("Trop de documents demandés à la fois.", "XDSRepositoryError", "too-costly"))
        patient = gate.open_dmp(caller, registry)
        for one in wanted:
            try:
                found.append(_document(registry, caller, patient, one))
            except Refusal as fault:
                issues += fault.issues
    except Refusal as fault:
        issues += fault.issues
    response = refused(issues, partial=bool(found)) if issues else DONE
    names = {one.unique_id: f"document{rank}@dmp-simule" for rank, one in enumerate(found)}
    parts = [mtom.Part(names[one.unique_id], one.mime_type, one.content) for one in found]
    return Reply(retrieve.build_answer(retrieve.RetrieveAnswer(response, tuple(found)), names), parts, multipart=True)


def _document(registry: Registry, caller: Caller, patient: PatientRow, wanted: retrieve.Wanted) -> retrieve.Retrieved:
    if wanted.repository != registered.REPOSITORY:
        raise Refusal(404, Issue("Entrepôt inconnu de ce DMP.", "XDSUnknownRepositoryId", "not-found"))
    with registry.store.reading():
        rows = registry.store.documents_bearing(f"urn:oid:{wanted.unique_id}")
        rows = [row for row in rows if row.patient_id == patient.id and not row.deleted]
        if not rows or not registered.sees(registry, caller.actor, rows[0], patient):
            text = "Aucun document sous cet uniqueId."
            raise Refusal(404, Issue(text, "XDSDocumentUniqueIdError", "not-found"))
        content = registry.store.content(rows[0].content_id)
    if content is None:
        raise Refusal(404, Issue("Le contenu du document manque.", "XDSMissingDocument", "not-found"))
    registry.note("lecture", patient.id, rows[0].id)
    return retrieve.Retrieved(wanted.repository, wanted.unique_id, content[1], content[2])
