"""The DMP behind the endpoints: what may be done to its documents, and what comes of it.

Every method is one request; it raises `Refusal` and then leaves no trace, or commits whole.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import orjson

from adapter.dmp.simulator import actors, patches
from adapter.dmp.simulator.actors import Actor, Ownership
from adapter.dmp.simulator.outcomes import WRONG, Issue, Refusal
from adapter.dmp.simulator.pdsm_rules import URI
from adapter.dmp.simulator.people import conditional, is_ins
from adapter.dmp.simulator.store import DocumentRow, Event, ListRow, PatientRow, Store
from adapter.model.identifiers import IdentifierError, MatriculeIns
from adapter.validation.fhir_rules.elements import codings, dicts, text_of

Element = dict[str, Any]

TEST_ROOTS: Final = frozenset(("urn:oid:1.2.250.1.213.1.4.10", "urn:oid:1.2.250.1.213.1.4.11"))
SIGNATURE_CLASS: Final = "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1"
"""Class of the signature of a set. Source: DMP vendor package, TD2.1."""

RECENT: Final = 500
_ETAG: Final = re.compile(r'(?:W/)?"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Found:
    """A document and its DMP."""

    row: DocumentRow
    patient: PatientRow

    @property
    def resource(self) -> Element:
        """DocumentReference of the last version."""
        value: Element = orjson.loads(self.row.resource)
        return value


class Registry:
    """One DMP server: its store, its clock, its limits."""

    def __init__(self, store: Store, clock: Callable[[], datetime], size_limit: int) -> None:
        """Serve `store`; `clock` gives aware times, `size_limit` bounds one document in bytes."""
        self.store = store
        self.clock = clock
        self.size_limit = size_limit
        self.recent: deque[Event] = deque(maxlen=RECENT)

    def now(self) -> str:
        """FHIR instant of the clock, UTC."""
        return self.clock().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def note(self, what: str, patient_id: str = "", document_id: str = "", detail: str = "") -> None:
        """Remember an event that changed nothing (reading, search, refusal)."""
        self.recent.append(Event(self.now(), what, patient_id, document_id, detail))

    # ------------------------------------------------------------ patients

    def patient(self, system: str, value: str) -> PatientRow:
        """DMP of an INS: the one noted, an active one for a test INS never seen, else an absent one.

        Raises:
            Refusal: 422, not an INS.
        """
        if not is_ins(system):
            raise Refusal(422, Issue("Le patient se désigne par son INS qualifié.", "XDSUnknownPatientId", "value"))
        try:
            MatriculeIns.parse(value, system.removeprefix("urn:oid:"))
        except IdentifierError as fault:
            raise Refusal(422, Issue(fault.message, "XDSUnknownPatientId", "value")) from None
        with self.store.reading():
            known = self.store.patient(system, value)
        if known is not None:
            return known
        row = PatientRow(str(uuid4()), system, value, "active" if system in TEST_ROOTS else "absent")
        if row.state == "active":
            with self.store.writing():
                self.store.put_patient(row)
        return row

    def register_patient(self, row: PatientRow) -> PatientRow:
        """DMP noted in the state that `row` gives (administration)."""
        with self.store.writing():
            known = self.store.patient(row.system, row.value)
            kept = replace(row, id=known.id if known else row.id)
            self.store.put_patient(kept)
            return kept

    def open_patient(self, row: PatientRow, actor: Actor) -> None:
        """Pass when the DMP is open to the caller.

        Raises:
            Refusal: 422 without a DMP, 403 closed or not for this caller.
        """
        if row.state == "absent":
            raise Refusal(422, Issue("Aucun DMP pour ce patient.", "XDSUnknownPatientId", "not-found"))
        if row.state == "closed":
            raise actors.forbidden("Le DMP de ce patient est fermé.", "DMPClosed")
        actors.check_access(actor, row.value, row.blocked)

    # ------------------------------------------------------------ documents

    def ownership(self, row: DocumentRow, patient: PatientRow) -> Ownership:
        """What the rights on a document depend on."""
        masks = masks_of(orjson.loads(row.resource))
        return Ownership(row.authors, row.structures, masks, patient.attending, patient.blocked, patient.value)

    def sees(self, actor: Actor, row: DocumentRow, patient: PatientRow) -> bool:
        """True when the caller may know of the document."""
        return not row.deleted and actors.sees(actor, self.ownership(row, patient))

    def is_archived(self, row: DocumentRow) -> bool:
        """True when the document is put away."""
        return patches.archived(orjson.loads(row.resource))

    def find(self, actor: Actor, key: str) -> Found:
        """Document by its id on the server, seen by the caller.

        Raises:
            Refusal: 404, 410 once deleted, 403.
        """
        with self.store.reading():
            row = self.store.document(key)
            patient = self.store.patient_by_id(row.patient_id) if row else None
        if row is None or patient is None:
            raise Refusal(404, Issue("Aucun document sous cet identifiant.", "XDSRegistryError", "not-found"))
        self.open_patient(patient, actor)
        if not actors.sees(actor, self.ownership(row, patient)):
            raise Refusal(404, Issue("Aucun document sous cet identifiant.", "XDSRegistryError", "not-found"))
        if row.deleted:
            raise Refusal(410, Issue("Le document a été supprimé.", "XDSRegistryError", "deleted"))
        return Found(row, patient)

    def find_by(self, actor: Actor, url: str) -> Found:
        """Document that ``DocumentReference/id`` or ``DocumentReference?identifier=…`` designates.

        Raises:
            Refusal: as `find`; 412 when several answer, 400 for any other form.
        """
        pair = conditional(url, "DocumentReference")
        if pair is None:
            kind, _, key = url.rpartition("DocumentReference/")
            key = key.split("/")[0]
            if (kind and not kind.startswith(("http://", "https://"))) or not key or "?" in url:
                text = "Un document se désigne par DocumentReference/id ou DocumentReference?identifier=système|valeur."
                raise Refusal(400, Issue(text, WRONG, "value"))
            return self.find(actor, key)
        with self.store.reading():
            rows = self.store.documents_identified(pair[1]) if pair[0] == URI else []
        found = []
        for row in rows:
            try:
                found.append(self.find(actor, row.id))
            except Refusal as refused:
                if refused.status == 403:
                    raise
        if not found:
            raise Refusal(404, Issue("Aucun document ne porte cet identifiant.", "XDSRegistryError", "not-found"))
        if len(found) > 1:
            raise Refusal(412, Issue("Plusieurs documents portent cet identifiant.", WRONG, "multiple-matches"))
        return found[0]

    def change(self, actor: Actor, url: str, patch: Any, if_match: str | None) -> DocumentRow:
        """Document after a patch of its masks, its archive flag or its status (TD3.3a, b, c, d).

        Raises:
            Refusal: 403, 404, 405, 412 or 422.
        """
        with self.store.writing():
            found = self.find_by(actor, url)
            check_version(found.row, if_match)
            before = found.resource
            after = patches.changed(before, patch)
            ownership = self.ownership(found.row, found.patient)
            if after["status"] == patches.DELETED:
                actors.may_delete(actor, ownership)
                after["status"] = before["status"]
                return self._set(found.row, after, "suppression", deleted=True)
            archive = patches.archived(before) != patches.archived(after)
            if after["status"] != before["status"] and not actors.is_author(actor, ownership):
                raise actors.forbidden("Seul l'auteur change le statut de son document.")
            actors.may_change(actor, masks_of(before), masks_of(after), archive=archive)
            return self._set(found.row, after, "archivage" if archive else "modification")

    def supersede(self, row: DocumentRow) -> DocumentRow:
        """Old version of a replaced document, superseded; inside a transaction."""
        resource = orjson.loads(row.resource)
        resource["status"] = "superseded"
        return self._set(row, resource, "remplacement")

    def delete(self, actor: Actor, url: str, if_match: str | None) -> DocumentRow:
        """Document deleted for every reader; nothing is lost (TD3.3c).

        Raises:
            Refusal: 403, 404, 410 or 412.
        """
        with self.store.writing():
            found = self.find_by(actor, url)
            check_version(found.row, if_match)
            actors.may_delete(actor, self.ownership(found.row, found.patient))
            return self._set(found.row, found.resource, "suppression", deleted=True)

    def _set(self, row: DocumentRow, resource: Element, change: str, *, deleted: bool = False) -> DocumentRow:
        """Next version of a document: new entryUUID, same id. Source: IHE XDS Metadata Update; PDSm4DMP."""
        now, entry_uuid = self.now(), f"urn:uuid:{uuid4()}"
        version = row.version + 1
        resource["meta"] = {**resource.get("meta", {}), "versionId": str(version), "lastUpdated": now}
        for one in dicts(resource.get("identifier")):
            if one.get("use") == "official":
                one["value"] = entry_uuid
        next_row = replace(
            row,
            entry_uuid=entry_uuid,
            version=version,
            status=resource["status"],
            deleted=deleted,
            resource=orjson.dumps(resource),
        )
        self.store.change_document(next_row, now, change)
        self.store.add_event(Event(now, change, row.patient_id, row.id, f"version {version}"))
        return next_row

    # ------------------------------------------------------------ contents and lists

    def read(self, actor: Actor, kind: str, key: str) -> tuple[str, bytes]:
        """Media type and bytes of a content (TD3.2).

        Raises:
            Refusal: 403, 404 or 410.
        """
        actors.may_read(actor)
        with self.store.reading():
            content = self.store.content(key)
            row = self.store.document_of_content(key)
        if content is None or row is None or content[0] != kind:
            raise Refusal(404, Issue("Aucun contenu sous cet identifiant.", "XDSDocumentUniqueIdError", "not-found"))
        self.find(actor, row.id)
        self.note("lecture", row.patient_id, row.id)
        return content[1], content[2]

    def visible_list(self, actor: Actor, row: ListRow, patient: PatientRow) -> Element | None:
        """Submission set or folder with the documents that the caller sees; None when none is left."""
        if actor.mode == "indirect" and actor.structure not in row.structures:
            return None
        value: Element = orjson.loads(row.resource)
        kept = []
        for entry in dicts(value.get("entry")):
            document = self.store.document(text_of(entry.get("item"), "reference").rpartition("/")[2])
            if document is not None and not is_signature(document) and self.sees(actor, document, patient):
                kept.append(entry)
        if not kept:
            return None
        value["entry"] = kept
        return value


def is_signature(row: DocumentRow) -> bool:
    """True for the signature of a set: the registry holds it, and no one is shown it.."""
    held = orjson.loads(row.resource)
    return any(code == SIGNATURE_CLASS for one in dicts(held.get("category")) for _, code in codings(one))


def masks_of(resource: Element) -> tuple[str, ...]:
    """Masks of TRE_A07 that a DocumentReference bears."""
    return tuple(
        code for label in dicts(resource.get("securityLabel")) for _, code in codings(label) if code in actors.MASKS
    )


def check_version(row: DocumentRow, if_match: str | None) -> None:
    """Pass when ``If-Match`` names the last version, or is absent.

    Raises:
        Refusal: 412.
    """
    if if_match is None:
        return
    wanted: Sequence[str] = _ETAG.findall(if_match)
    if str(row.version) not in wanted and if_match.strip() != "*":
        text = "Le document a changé depuis sa lecture (If-Match)."
        raise Refusal(412, Issue(text, "XDSMetadataVersionError", "conflict"))
