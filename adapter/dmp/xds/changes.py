"""Changes of what a DMP holds (ITI-57): the entry is read, changed, and read again when it moved meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from lxml import etree

from adapter.dmp import FoundEntry
from adapter.dmp.xds import ebxml, outcome, update
from adapter.dmp.xds.ebxml import Classification, ExtrinsicObject
from adapter.dmp.xds.exchange import Call, Exchange, Reply
from adapter.dmp.xds.hl7v3 import Sender
from adapter.dmp.xds.metadata import found_entry, hl7, names
from adapter.dmp.xds.registry import Held, Registry
from adapter.errors import DmpRejected, DmpUnreachable, OutcomeUnknown
from adapter.model.document import Identifier
from adapter.submission.prepare import CONSULTATION, HIDDEN_FROM_PATIENT, MASKED_TO_PROFESSIONALS

UPDATE: Final = "urn:ihe:iti:2010:UpdateDocumentSet"
_MOVED: Final = "XDSMetadataVersionError"

Change = Callable[[ExtrinsicObject], ebxml.SubmitObjects | None]
"""Request that changes an entry, None when there is nothing to change."""


class Changes:
    """Changes in one registry; rights are looked at by who calls.

    Args:
        exchange, registry: how the registry is reached. ``url``: where it takes changes.
        sender: OID and name of the software, source of the sets that carry changes.
    """

    def __init__(
        self,
        exchange: Exchange,
        registry: Registry,
        url: str,
        sender: Sender,
        *,
        clock: Callable[[], datetime],
        new_uuid: Callable[[], UUID],
    ) -> None:
        self._exchange = exchange
        self._registry = registry
        self._url = url
        self._sender = sender
        self._clock = clock
        self._new_uuid = new_uuid

    def mask(self, name: str, patient: Identifier, unique_id: str, code: str, on: bool) -> FoundEntry:
        """The entry once a mask is put or lifted."""

        def change(document: ExtrinsicObject) -> ebxml.SubmitObjects | None:
            masks = set(found_entry(document).masks) | ({code} if on else set())
            if on and {MASKED_TO_PROFESSIONALS, HIDDEN_FROM_PATIENT} <= masks:
                raise DmpRejected("Masquer aux professionnels et au patient à la fois est refusé.", code="SUB-MASKS")
            changed = update.mask(document, code, on)
            return None if changed is None else update.whole(changed, self._deposit(patient, document))

        return self._changed(name, patient, unique_id, change)

    def archive(self, name: str, patient: Identifier, unique_id: str, archived: bool) -> FoundEntry:
        """The entry once put away or taken back."""

        def change(document: ExtrinsicObject) -> ebxml.SubmitObjects | None:
            before = document.status or names.APPROVED
            after = names.ARCHIVED if archived else names.APPROVED
            if (before == names.ARCHIVED) == archived:
                return None
            return update.availability(document.id, before, after, self._deposit(patient, document))

        return self._changed(name, patient, unique_id, change)

    def delete(self, name: str, patient: Identifier, document: Held) -> None:
        """Deletes logically; a document known by reference is taken for current."""
        before = (document.status if isinstance(document, ExtrinsicObject) else None) or names.APPROVED
        deposit = self._deposit(patient, document)
        self._send(name, patient, update.availability(document.id, before, names.DELETED, deposit))

    def _changed(self, name: str, patient: Identifier, unique_id: str, change: Change) -> FoundEntry:
        for last in (False, True):
            document = self._registry.the_one(patient, unique_id, references=False)
            if not isinstance(document, ExtrinsicObject):
                raise DmpUnreachable("Le DMP ne décrit pas le document.", code="answer")
            before = found_entry(document)
            request = change(document)
            if request is None:
                return before
            try:
                self._send(name, patient, request)
                break
            except DmpRejected as refused:
                if last or _MOVED not in refused.code.split():
                    raise
        held = self._registry.by_unique_id(patient, unique_id, references=False)
        again = next((one for one in held if isinstance(one, ExtrinsicObject)), None)
        return found_entry(again) if again else replace(before, version="")

    def _send(self, name: str, patient: Identifier, request: ebxml.SubmitObjects) -> None:
        reply = self._exchange.call(Call(name, self._url, UPDATE, ebxml.build(request), patient, safe=False))
        require_done(reply, (patient.value,))

    def _deposit(self, patient: Identifier, document: Held) -> update.ChangeSet:
        """Set that carries a change, by the author of the document when the registry tells one."""
        held = document.classified(names.AUTHOR) if isinstance(document, ExtrinsicObject) else ()
        return update.ChangeSet(
            unique_id=f"2.25.{self._new_uuid().int}",
            source_id=self._sender.oid,
            patient_id=patient,
            submitted=self._clock(),
            content_type=CONSULTATION,
            author=held[0] if held else self._software(),
            title="Gestion de document",
        )

    def _software(self) -> Classification:
        """The software as author of a set. Source: DMP vendor package (XCN of a system: type U, identifier RI)."""
        person = f"{self._sender.oid}^{hl7.escaped(self._sender.software)}^^^^^^^&{self._sender.oid}&ISO^U^^^RI"
        return Classification(id="", representation="", slots=(ebxml.slot("authorPerson", person),))


def require_done(reply: Reply, secrets: tuple[str, ...]) -> None:
    """Nothing, when the answer to a write says that all of it was done.

    Raises:
        OutcomeUnknown: it says something else than a RegistryResponse, or that a part was done.
        DmpError: it refuses.
    """
    if etree.QName(reply.payload).localname != "RegistryResponse":
        raise OutcomeUnknown("La réponse du DMP est illisible ou inattendue.", code="answer")
    outcome.require_success(outcome.read_response(reply.payload), safe=False, secrets=secrets)
