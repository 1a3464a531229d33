"""A DMP reached over XDS.b (SOAP, ebXML, VIHF): every transaction of the port and of this wire, one method each."""

from __future__ import annotations

import copy
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid4

from adapter.dmp import EntryReceipt, FoundEntry, FoundSet, Mask, PatientStatus, Receipt
from adapter.dmp.session import DmpSession
from adapter.dmp.xds import filters, hl7v3, mtom, outcome, retrieve
from adapter.dmp.xds.access import Transaction, require
from adapter.dmp.xds.admission import Admission
from adapter.dmp.xds.changes import Changes, require_done
from adapter.dmp.xds.credentials import Credentials
from adapter.dmp.xds.ebxml import Association, ObjectRef
from adapter.dmp.xds.exchange import Call, Exchange
from adapter.dmp.xds.feeding import provide, secrets_of
from adapter.dmp.xds.metadata import found_entry, names
from adapter.dmp.xds.metadata.found import reference
from adapter.dmp.xds.registry import Registry, unexpected
from adapter.errors import DmpRejected, DmpUnreachable
from adapter.model.document import Identifier, Professional
from adapter.submission.prepare import CDA_MIME, MASKED_TO_PROFESSIONALS
from adapter.submission.values import Submission

FEED: Final = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
RETRIEVE: Final = "urn:ihe:iti:2007:RetrieveDocumentSet"

_CDA_TYPES: Final = frozenset({CDA_MIME, "application/xslt+xml"})
_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Services:
    """Addresses of the services of a DMP."""

    repository: str
    registry: str
    patients: str
    habilitations: str

    @classmethod
    def under(cls, base_url: str) -> Services:
        """The usual ones under one address (``https://…/si-dmp-server/v2/services``)."""
        base = base_url.rstrip("/")
        return cls(f"{base}/repository", f"{base}/registry", f"{base}/patients", f"{base}/habilitations")


def _now() -> datetime:
    return datetime.now(UTC)


class XdsClient:
    """The port ``Dmp`` over XDS.b; may be shared by threads.

    Args:
        services: where the DMP is. ``session``: how it is reached.
        credentials: who calls.
        source_id: OID of the sending system, for queries and changes (a deposit has its own).
        software: name of the software, as in the assertion.
        repository: repository of documents whose metadata do not tell theirs.
        processing: code of processing of TD0.2 (``P`` production, ``D`` debugging, ``T`` training).
        revocation: action that takes an authorisation away; no sample shows it.
        references_only: ask for references in TD3.1b; None asks for them in indirect mode, which gives no more.
        clock, new_uuid: replaced in tests.
    """

    def __init__(
        self,
        services: Services,
        session: DmpSession,
        credentials: Credentials,
        *,
        source_id: str,
        software: str = "dmp-adapter",
        repository: str = names.DMP_REPOSITORY,
        processing: str = "P",
        revocation: str = "SUPPRESSION",
        references_only: bool | None = None,
        clock: Callable[[], datetime] = _now,
        new_uuid: Callable[[], UUID] = uuid4,
    ) -> None:
        self._services = services
        self._credentials = credentials
        self._sender = hl7v3.Sender(source_id, software)
        self._repository = repository
        self._processing = processing
        self._revocation = revocation
        self._references = credentials.mode == "indirect" if references_only is None else references_only
        self._clock = clock
        self._new_uuid = new_uuid
        self._patients: OrderedDict[str, Identifier] = OrderedDict()  # uniqueId -> patient, whom the assertion names
        self._lock = threading.Lock()
        self._reach_by(Exchange(session, credentials, clock=clock, new_uuid=new_uuid))

    def acting(self, author: Professional) -> XdsClient:
        """The same client, for what this professional does; who the credentials name stays.

        Everything else is shared: connections, what was found.
        """
        other = copy.copy(self)
        other._reach_by(self._exchange.acting(author))
        return other

    def _reach_by(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._registry = Registry(exchange, self._services.registry)
        self._admission = Admission(
            exchange, self._services.patients, self._services.habilitations, self._sender, self._processing,
            clock=self._clock, new_uuid=self._new_uuid,
        )  # fmt: skip
        self._changes = Changes(
            exchange, self._registry, self._services.registry, self._sender, clock=self._clock, new_uuid=self._new_uuid
        )

    # ---------------------------------------------------------------- TD0.2, TD0.3

    def patient_status(self, patient: Identifier) -> PatientStatus:
        """TD0.2: state of the DMP of this patient, and whether the caller may act on it."""
        self._require("TD0.2")
        return self._admission.status(patient)

    def authorise(self, patient: Identifier) -> str:
        """TD0.3: code of the DMP once the caller has authorised himself or herself on this DMP (``DMPOk``)."""
        self._require("TD0.3")
        return self._admission.change(patient, hl7v3.ADDITION)

    def revoke(self, patient: Identifier) -> str:
        """TD0.3: code of the DMP once the caller's own authorisation is taken away."""
        self._require("TD0.3")
        return self._admission.change(patient, self._revocation)

    # ---------------------------------------------------------------- TD2.1

    def submit(self, submission: Submission) -> Receipt:
        """TD2.1 by ITI-41: the deposit and its signature; a replaced document is found beforehand (TD3.1b).

        Raises:
            DmpRejected: a form that is not CDA, or a replaced document that is not there (``XDSReplaceFailed``) or
                was replaced already (``XDSRegistryDeprecatedDocumentError``); nothing was sent.
        """
        self._require("TD2.1")
        if any(one.mime_type not in _CDA_TYPES for one in submission.entries):
            raise DmpRejected("Le DMP ne reçoit par XDS que des documents CDA : rien n'a été envoyé.", code="xds-form")
        deposit = submission.set
        author, patient, secrets = deposit.author, deposit.patient_id, secrets_of(deposit.patient)
        registry = self.acting(author)._registry
        replaced = {
            one.replaces: registry.replaceable(patient, one.replaces, references=self._references)
            for one in submission.entries
            if one.replaces
        }
        payload, parts = provide(self._credentials.signed(submission), replaced)
        url = self._services.repository
        reply = self._exchange.call(
            Call(
                "TD2.1", url, FEED, payload, patient, safe=False, parts=parts, mtom=True, author=author, secrets=secrets
            )
        )
        require_done(reply, (patient.value, *secrets))
        for one in submission.entries:
            self._remember(patient, one.unique_id)
        return Receipt(deposit.unique_id, tuple(EntryReceipt(one.unique_id) for one in submission.entries))

    # ---------------------------------------------------------------- TD3.1

    def find(self, patient: Identifier, unique_id: str) -> tuple[FoundEntry, ...]:
        """TD3.1b by GetDocuments: entries bearing this uniqueId, current or not; none when the DMP has none.

        In indirect mode the DMP gives references only: the entry then tells its identifiers and nothing else.
        """
        self._require("TD3.1b")
        found = self._registry.by_unique_id(patient, unique_id, references=self._references)
        if found:
            self._remember(patient, unique_id)
        return tuple(reference(one, unique_id) if isinstance(one, ObjectRef) else found_entry(one) for one in found)

    def search(self, patient: Identifier, **asked: str) -> Iterator[FoundEntry]:
        """TD3.1a by FindDocuments: current documents unless ``status`` says otherwise, signatures left out.

        Args:
            patient: qualified INS.
            asked: ``status`` (current, superseded, archived, several with commas), ``archived`` (true, false),
                ``unique_id``, those of ``filters.CODE_FILTERS`` (``system|code`` or ``code``, several with commas), of
                ``filters.TIME_FILTERS``, and ``deposited_from``, ``deposited_to`` (ISO dates); the last two go through
                the sets, as no query on documents knows them.

        Raises:
            ValueError: unknown filter.
            DmpRejected: a value that means nothing; nothing was sent.
            DmpUnreachable: the DMP gave only a part (``PartialSuccess``), told once that part is given.
        """
        filters.refuse_unknown(asked, filters.DOCUMENT_FILTERS)
        filters.document_parameters(patient, asked)
        self._require("TD3.1a")
        return self._search(patient, asked)

    def _search(self, patient: Identifier, asked: Mapping[str, str]) -> Iterator[FoundEntry]:
        for one in self._registry.documents(patient, asked):
            entry = found_entry(one)
            self._remember(patient, entry.unique_id)
            yield entry

    def submission_sets(self, patient: Identifier, **asked: str) -> Iterator[FoundSet]:
        """FindSubmissionSets, then GetAssociations: deposits with the references of their documents.

        Args:
            asked: ``status``, ``content_type``, ``submitted_from``, ``submitted_to`` (ISO dates).

        Raises:
            ValueError: unknown filter.
            DmpRejected: a value that means nothing; nothing was sent.
        """
        filters.refuse_unknown(asked, filters.SET_FILTERS)
        filters.set_parameters(patient, asked)
        self._require("TD3.1a")
        return self._registry.sets(patient, asked)

    def associations(self, patient: Identifier, uuids: Iterable[str]) -> tuple[Association, ...]:
        """GetAssociations: every relation of these sets or documents.

        Args:
            uuids: entryUUIDs, with or without ``urn:uuid:``.
        """
        self._require("TD3.1a")
        return self._registry.associations(patient, uuids)

    # ---------------------------------------------------------------- TD3.2

    def read(self, entry: FoundEntry) -> bytes:
        """TD3.2 by ITI-43: content of a document that this client found, its size and SHA-1 those that the DMP tells.

        Raises:
            ContentAltered: they differ.
            DmpRejected: a document that was not found by this client: whose it is is not known.
        """
        self._require("TD3.2")
        with self._lock:
            patient = self._patients.get(entry.unique_id)
        if patient is None:
            raise DmpRejected("Chercher le document avant de le lire : son patient n'est pas connu.", code="not-found")
        return self.read_of(patient, entry)

    def read_of(self, patient: Identifier, entry: FoundEntry) -> bytes:
        """TD3.2, as ``read``, for a document of this patient wherever it was found."""
        self._require("TD3.2")
        wanted = retrieve.Wanted(entry.url.removeprefix("urn:oid:") or self._repository, entry.unique_id)
        payload = retrieve.build((wanted,))
        reply = self._exchange.call(Call("TD3.2", self._services.repository, RETRIEVE, payload, patient, mtom=True))
        try:
            answer = retrieve.read_answer(reply.payload, reply.parts)
        except mtom.MtomInvalid as fault:
            raise DmpUnreachable(fault.message, code=fault.code) from None
        if answer is None:
            raise unexpected(reply, patient, safe=True)
        outcome.require_success(answer.response, safe=True, secrets=(patient.value,), partial=True)
        held = [one for one in answer.documents if one.unique_id == entry.unique_id]
        if len(held) != 1:
            if answer.response.failures:
                raise outcome.refusal(answer.response, secrets=(patient.value,))
            raise DmpUnreachable("Le DMP ne donne pas le document demandé.", code="no-content")
        return retrieve.checked(bytes(held[0].content), entry)

    # ---------------------------------------------------------------- TD3.3

    def set_mask(self, patient: Identifier, unique_id: str, mask: Mask, on: bool) -> FoundEntry:
        """TD3.3a/b by ITI-57: put or lift one mask, by a new version of the whole entry.

        A change may take the document out of the caller's sight: the entry then comes back as it was, without version.

        Raises:
            DmpRejected: unknown document, or a mask that does not go with those in force.
        """
        name: Transaction = "TD3.3a" if mask == MASKED_TO_PROFESSIONALS else "TD3.3b"
        self._require(name)
        self._remember(patient, unique_id)
        return self._changes.mask(name, patient, unique_id, mask, on)

    def set_archived(self, patient: Identifier, unique_id: str, archived: bool) -> FoundEntry:
        """TD3.3d by ITI-57: put a document away, or take it back."""
        self._require("TD3.3d")
        self._remember(patient, unique_id)
        return self._changes.archive("TD3.3d", patient, unique_id, archived)

    def delete(self, patient: Identifier, unique_id: str) -> None:
        """TD3.3c by ITI-57: logical deletion by the author or the author's structure."""
        self._require("TD3.3c")
        document = self._registry.the_one(patient, unique_id, references=self._references)
        self._changes.delete("TD3.3c", patient, document)

    # ---------------------------------------------------------------- around a call

    def _require(self, transaction: Transaction) -> None:
        require(self._credentials.mode, transaction)

    def _remember(self, patient: Identifier, unique_id: str) -> None:
        with self._lock:
            self._patients[unique_id] = patient
            self._patients.move_to_end(unique_id)
            if len(self._patients) > _REMEMBERED:
                self._patients.popitem(last=False)
