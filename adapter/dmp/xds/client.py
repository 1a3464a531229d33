"""A DMP reached over XDS.b (SOAP, ebXML, VIHF): every transaction of the port and of this wire, one method each."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha1
from typing import Final, Literal
from uuid import UUID, uuid4

from lxml import etree

from adapter.dmp import ContentAltered, EntryReceipt, FoundEntry, FoundSet, Mask, PatientStatus, Receipt
from adapter.dmp.session import DmpSession
from adapter.dmp.xds import ebxml, hl7v3, mtom, outcome, queries, retrieve, update
from adapter.dmp.xds.access import Transaction, require
from adapter.dmp.xds.credentials import Credentials
from adapter.dmp.xds.ebxml import Association, Classification, ExtrinsicObject, ObjectRef, RegistryPackage
from adapter.dmp.xds.ebxml.names import LCM, RIM, XDSB
from adapter.dmp.xds.exchange import Call, Exchange, Reply
from adapter.dmp.xds.metadata import found_entry, found_set, hl7, is_signature, names, submit_objects
from adapter.dmp.xds.metadata.found import reference
from adapter.dmp.xds.metadata.writing import document_ids
from adapter.errors import DmpRejected, DmpUnreachable, OutcomeUnknown
from adapter.model.document import Identifier, Patient
from adapter.submission.prepare import CDA_MIME, CONSULTATION, HIDDEN_FROM_PATIENT, MASKED_TO_PROFESSIONALS
from adapter.submission.values import DocumentEntry, Submission

FEED: Final = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
QUERY: Final = "urn:ihe:iti:2007:RegistryStoredQuery"
RETRIEVE: Final = "urn:ihe:iti:2007:RetrieveDocumentSet"
UPDATE: Final = "urn:ihe:iti:2010:UpdateDocumentSet"
EXISTENCE: Final = "urn:hl7-org:v3:PRPA_IN201307UV02"
AUTHORISE: Final = "urn:si-dmp-habilitations:HabilitationsEndPoint:setAuthorization"

_X: Final = f"{{{XDSB}}}"
_CDA_TYPES: Final = frozenset({CDA_MIME, "application/xslt+xml"})
_STATUSES: Final[Mapping[str, str]] = {
    "current": names.APPROVED,
    "superseded": names.DEPRECATED,
    "archived": names.ARCHIVED,
}
_OTHER_FILTERS: Final = frozenset({"status", "archived", "unique_id", "deposited_from", "deposited_to"})
_SET_FILTERS: Final = frozenset({"status", "content_type", *queries.SET_TIME_FILTERS})
_CONTENT_TYPES: Final = "1.2.250.1.213.2.2"
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
        references_only: bool | None = None,
        clock: Callable[[], datetime] = _now,
        new_uuid: Callable[[], UUID] = uuid4,
    ) -> None:
        self._services = services
        self._credentials = credentials
        self._exchange = Exchange(session, credentials, clock=clock, new_uuid=new_uuid)
        self._sender = hl7v3.Sender(source_id, software)
        self._repository = repository
        self._references_only = credentials.mode == "indirect" if references_only is None else references_only
        self._clock = clock
        self._new_uuid = new_uuid
        self._patients: OrderedDict[str, Identifier] = OrderedDict()  # uniqueId -> patient, whom the assertion names
        self._lock = threading.Lock()

    # ---------------------------------------------------------------- TD0.2, TD0.3

    def patient_status(self, patient: Identifier) -> PatientStatus:
        """TD0.2: state of the DMP of this patient, and whether the caller may act on it."""
        self._require("TD0.2")
        query = hl7v3.ExistenceQuery(patient, self._own_id(), self._own_id())
        payload = hl7v3.existence_query(query, self._sender, self._clock())
        reply = self._exchange.call(Call("TD0.2", self._services.patients, EXISTENCE, payload, patient))
        found = hl7v3.read_status(reply.payload)
        if found is None:
            raise self._unexpected(reply, safe=True)
        return found

    def authorise(self, patient: Identifier) -> str:
        """TD0.3: code of the DMP once the caller has authorised himself or herself on this DMP (``DMPOk``)."""
        return self._authorisation(patient, "AJOUT")

    def revoke(self, patient: Identifier) -> str:
        """TD0.3: code of the DMP once the caller's own authorisation is taken away."""
        return self._authorisation(patient, "SUPPRESSION")

    # ---------------------------------------------------------------- TD2.1

    def submit(self, submission: Submission) -> Receipt:
        """TD2.1 by ITI-41: the deposit and its signature; a replaced document is found beforehand (TD3.1b).

        Raises:
            DmpRejected: a form that is not CDA, or a replaced document that is not there (``XDSReplaceFailed``) or
                was replaced already (``XDSRegistryDeprecatedDocumentError``); nothing was sent.
        """
        self._require("TD2.1")
        if any(one.mime_type not in _CDA_TYPES for one in submission.entries):
            raise DmpRejected("Le DMP ne reçoit par XDS que des documents CDA : rien n'a été envoyé.", code="XDS-FORM")
        patient = submission.set.patient_id
        replaced = {one.replaces: self._replaced(patient, one) for one in submission.entries if one.replaces}
        signed = self._credentials.signed(submission)
        payload, parts = _provide(signed, replaced)
        reply = self._exchange.call(
            Call(
                "TD2.1",
                self._services.repository,
                FEED,
                payload,
                patient,
                safe=False,
                parts=parts,
                mtom=True,
                author=submission.set.author,
                secrets=_secrets(submission.set.patient),
            )
        )
        self._require_done(reply, _secrets(submission.set.patient))
        for one in submission.entries:
            self._remember(patient, one.unique_id)
        return Receipt(submission.set.unique_id, tuple(EntryReceipt(one.unique_id) for one in submission.entries))

    # ---------------------------------------------------------------- TD3.1

    def find(self, patient: Identifier, unique_id: str) -> tuple[FoundEntry, ...]:
        """TD3.1b by GetDocuments: entries bearing this uniqueId, current or not; none when the DMP has none.

        In indirect mode the DMP gives references only: the entry then tells its identifiers and nothing else.
        """
        self._require("TD3.1b")
        found: list[FoundEntry] = []
        for one in self._by_unique_id(patient, unique_id, references=self._references_only):
            if isinstance(one, ObjectRef):
                found.append(reference(one, unique_id))
            else:
                found.append(found_entry(one))
        if found:
            self._remember(patient, unique_id)
        return tuple(found)

    def search(self, patient: Identifier, **filters: str) -> Iterator[FoundEntry]:
        """TD3.1a by FindDocuments: current documents unless ``status`` says otherwise, signatures left out.

        Args:
            patient: qualified INS.
            filters: ``status`` (current, superseded, archived, several with commas), ``archived`` (true, false),
                ``unique_id``, those of ``queries.CODE_FILTERS`` (``system|code`` or ``code``, several with commas), of
                ``queries.TIME_FILTERS``, and ``deposited_from``, ``deposited_to`` (ISO dates); the last two go through
                the sets, as no query on documents knows them.

        Raises:
            ValueError: unknown filter.
            DmpUnreachable: the DMP gave only a part (``PartialSuccess``), told once that part is given.
        """
        known = _OTHER_FILTERS | set(queries.CODE_FILTERS) | set(queries.TIME_FILTERS)
        _refuse_unknown(filters, known)
        parameters = _document_parameters(patient, filters)
        self._require("TD3.1a")
        return self._search(patient, filters, parameters)

    def submission_sets(self, patient: Identifier, **filters: str) -> Iterator[FoundSet]:
        """FindSubmissionSets, then GetAssociations: deposits with the references of their documents.

        Args:
            filters: ``status``, ``content_type``, ``submitted_from``, ``submitted_to`` (ISO dates).

        Raises:
            ValueError: unknown filter.
        """
        _refuse_unknown(filters, _SET_FILTERS)
        parameters = _set_parameters(patient, filters)
        self._require("TD3.1a")
        return self._sets(patient, parameters)

    def associations(self, patient: Identifier, uuids: Iterable[str]) -> tuple[Association, ...]:
        """GetAssociations: every relation of these sets or documents.

        Args:
            uuids: entryUUIDs, with or without ``urn:uuid:``.
        """
        self._require("TD3.1a")
        return self._associations(patient, uuids)

    # ---------------------------------------------------------------- TD3.2

    def read(self, entry: FoundEntry) -> bytes:
        """TD3.2 by ITI-43: content of a document that this client found, its size and SHA-1 those that the DMP tells.

        Raises:
            ContentAltered: they differ.
            DmpRejected: a document that was not found by this client: whose it is is not known.
        """
        with self._lock:
            patient = self._patients.get(entry.unique_id)
        if patient is None:
            self._require("TD3.2")
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
            raise self._unexpected(reply, safe=True)
        outcome.require_success(answer.response, safe=True, secrets=(patient.value,), partial=True)
        held = [one for one in answer.documents if one.unique_id == entry.unique_id]
        if len(held) != 1:
            if answer.response.failures:
                raise outcome.refusal(answer.response, secrets=(patient.value,))
            raise DmpUnreachable("Le DMP ne donne pas le document demandé.", code="no-content")
        return _checked(bytes(held[0].content), entry)

    # ---------------------------------------------------------------- TD3.3

    def set_mask(self, patient: Identifier, unique_id: str, mask: Mask, on: bool) -> FoundEntry:
        """TD3.3a/b by ITI-57: put or lift one mask, by a new version of the whole entry.

        A change may take the document out of the caller's sight: the entry then comes back as it was, without version.

        Raises:
            DmpRejected: unknown document, or a mask that does not go with those in force.
        """
        name: Transaction = "TD3.3a" if mask == MASKED_TO_PROFESSIONALS else "TD3.3b"
        self._require(name)

        def change(document: ExtrinsicObject) -> ebxml.SubmitObjects | None:
            masks = set(found_entry(document).masks) | ({mask} if on else set())
            if on and {MASKED_TO_PROFESSIONALS, HIDDEN_FROM_PATIENT} <= masks:
                raise DmpRejected("Masquer aux professionnels et au patient à la fois est refusé.", code="SUB-MASKS")
            changed = update.mask(document, mask, on)
            return None if changed is None else update.whole(changed, self._change_set(patient, document))

        return self._changed(name, patient, unique_id, change)

    def set_archived(self, patient: Identifier, unique_id: str, archived: bool) -> FoundEntry:
        """TD3.3d by ITI-57: put a document away, or take it back."""
        self._require("TD3.3d")

        def change(document: ExtrinsicObject) -> ebxml.SubmitObjects | None:
            before = document.status or names.APPROVED
            after = names.ARCHIVED if archived else names.APPROVED
            if (before == names.ARCHIVED) == archived:
                return None
            return update.availability(document.id, before, after, self._change_set(patient, document))

        return self._changed("TD3.3d", patient, unique_id, change)

    def delete(self, patient: Identifier, unique_id: str) -> None:
        """TD3.3c by ITI-57: logical deletion by the author or the author's structure."""
        self._require("TD3.3c")
        document = self._the_one(patient, unique_id, references=self._references_only)
        before = (document.status if isinstance(document, ExtrinsicObject) else None) or names.APPROVED
        deposit = self._change_set(patient, document)
        self._update("TD3.3c", patient, update.availability(document.id, before, names.DELETED, deposit))

    # ---------------------------------------------------------------- searches

    def _search(
        self, patient: Identifier, filters: Mapping[str, str], parameters: list[queries.Parameter]
    ) -> Iterator[FoundEntry]:
        deposited = self._deposited(patient, filters)
        if "unique_id" in filters:
            answer = self._query(patient, _get_documents(filters["unique_id"], "LeafClass"))
        else:
            answer = self._query(patient, queries.StoredQuery(queries.FIND_DOCUMENTS, tuple(parameters)))
        statuses = set(_statuses(filters))
        for one in answer.objects:
            if not isinstance(one, ExtrinsicObject) or is_signature(one) or one.status == names.DELETED:
                continue
            if one.status and one.status not in statuses:
                continue
            if deposited is not None and not {one.id, one.logical_id} & deposited:
                continue
            entry = found_entry(one)
            self._remember(patient, entry.unique_id)
            yield entry
        self._refuse_partial(patient, answer)

    def _deposited(self, patient: Identifier, filters: Mapping[str, str]) -> set[str] | None:
        """References of the documents of the sets of a period, None when no period is asked for."""
        period = {
            f"submitted_{end}": filters[f"deposited_{end}"] for end in ("from", "to") if f"deposited_{end}" in filters
        }
        if not period:
            return None
        found = self._sets(patient, _set_parameters(patient, period))
        return {one for deposit in found for one in deposit.entries}

    def _sets(self, patient: Identifier, parameters: list[queries.Parameter]) -> Iterator[FoundSet]:
        answer = self._query(patient, queries.StoredQuery(queries.FIND_SETS, tuple(parameters)))
        packages = [one for one in answer.objects if isinstance(one, RegistryPackage)]
        members: dict[str, list[str]] = {one.id: [] for one in packages}
        if packages:
            for relation in self._associations(patient, members):
                if relation.type == names.HAS_MEMBER and relation.source in members and relation.target:
                    members[relation.source].append(relation.target)
        for package in packages:
            yield replace(found_set(package), entries=tuple(members[package.id]))
        self._refuse_partial(patient, answer)

    def _associations(self, patient: Identifier, uuids: Iterable[str]) -> tuple[Association, ...]:
        parameter = queries.any_of("$uuid", [_urn_uuid(one) for one in uuids])
        answer = self._query(patient, queries.StoredQuery(queries.GET_ASSOCIATIONS, (parameter,)))
        self._refuse_partial(patient, answer)
        return tuple(one for one in answer.objects if isinstance(one, Association))

    def _by_unique_id(
        self, patient: Identifier, unique_id: str, *, references: bool
    ) -> list[ExtrinsicObject | ObjectRef]:
        """Entries of this uniqueId, the deleted ones left out, the last version of each."""
        answer = self._query(
            patient, _get_documents(unique_id, "ObjectRef" if references else "LeafClass"), transaction="TD3.1b"
        )
        self._refuse_partial(patient, answer)
        found: dict[str, ExtrinsicObject | ObjectRef] = {}
        for one in answer.objects:
            if isinstance(one, ObjectRef):
                found[one.id] = one
            elif isinstance(one, ExtrinsicObject) and one.identifier(names.UNIQUE) == unique_id:
                held = found.get(one.logical_id)
                if not isinstance(held, ExtrinsicObject) or _version(held) < _version(one):
                    found[one.logical_id] = one
        return [one for one in found.values() if isinstance(one, ObjectRef) or one.status != names.DELETED]

    def _query(
        self, patient: Identifier, query: queries.StoredQuery, transaction: str = "TD3.1a"
    ) -> queries.QueryAnswer:
        reply = self._exchange.call(Call(transaction, self._services.registry, QUERY, queries.build(query), patient))
        try:
            answer = queries.read_answer(reply.payload)
        except ebxml.EbxmlInvalid as fault:
            raise DmpUnreachable(fault.message, code=fault.code) from None
        if answer is None:
            raise self._unexpected(reply, safe=True)
        outcome.require_success(answer.response, safe=True, secrets=(patient.value,), partial=True)
        return answer

    def _refuse_partial(self, patient: Identifier, answer: queries.QueryAnswer) -> None:
        """Refuses an answer that is only a part: what is not in it may be there all the same."""
        outcome.require_success(answer.response, safe=True, secrets=(patient.value,))

    # ---------------------------------------------------------------- changes

    def _replaced(self, patient: Identifier, entry: DocumentEntry) -> str:
        """The entryUUID, with its prefix, of the document that an entry replaces."""
        held = self._by_unique_id(patient, entry.replaces, references=self._references_only)
        if not held:
            raise DmpRejected("Le document à remplacer n'est pas dans le DMP.", code="XDSReplaceFailed")
        current = [one for one in held if isinstance(one, ObjectRef) or one.status != names.DEPRECATED]
        if not current:
            raise DmpRejected("Le document à remplacer l'est déjà.", code="XDSRegistryDeprecatedDocumentError")
        if len(current) > 1:
            raise DmpRejected("Plusieurs fiches portent l'identifiant de ce document.", code="several-entries")
        return current[0].id

    def _the_one(self, patient: Identifier, unique_id: str, *, references: bool) -> ExtrinsicObject | ObjectRef:
        held = self._by_unique_id(patient, unique_id, references=references)
        if not held:
            raise DmpRejected("Ce document n'est pas dans le DMP, ou l'appelant ne peut pas le voir.", code="not-found")
        if len(held) > 1:
            raise DmpRejected("Plusieurs fiches portent l'identifiant de ce document.", code="several-entries")
        return held[0]

    def _changed(
        self,
        name: Transaction,
        patient: Identifier,
        unique_id: str,
        change: Callable[[ExtrinsicObject], ebxml.SubmitObjects | None],
    ) -> FoundEntry:
        """The entry once changed; read again and tried once more when it moved meanwhile."""
        for left in (1, 0):
            document = self._the_one(patient, unique_id, references=False)
            if not isinstance(document, ExtrinsicObject):
                raise DmpUnreachable("Le DMP ne décrit pas le document.", code="answer")
            request = change(document)
            before = found_entry(document)
            if request is None:
                self._remember(patient, unique_id)
                return before
            try:
                self._update(name, patient, request)
            except DmpRejected as fault:
                if left and "XDSMetadataVersionError" in fault.code.split():
                    continue
                raise
            break
        held = self._by_unique_id(patient, unique_id, references=False)
        self._remember(patient, unique_id)
        again = next((one for one in held if isinstance(one, ExtrinsicObject)), None)
        return found_entry(again) if again else replace(before, version="")

    def _update(self, name: str, patient: Identifier, request: ebxml.SubmitObjects) -> None:
        reply = self._exchange.call(
            Call(name, self._services.registry, UPDATE, ebxml.build(request), patient, safe=False)
        )
        self._require_done(reply, (patient.value,))

    def _change_set(self, patient: Identifier, document: ExtrinsicObject | ObjectRef) -> update.ChangeSet:
        held = document.classified(names.AUTHOR) if isinstance(document, ExtrinsicObject) else ()
        return update.ChangeSet(
            unique_id=f"2.25.{self._new_uuid().int}",
            source_id=self._sender.oid,
            patient_id=patient,
            submitted=self._clock(),
            content_type=CONSULTATION,
            author=held[0] if held else self._nobody(),
            title="Gestion de document",
        )

    def _nobody(self) -> Classification:
        """The software as author of a set, when the DMP did not tell that of the document. Source: XCN, type U."""
        person = f"{self._sender.oid}^{hl7.escaped(self._sender.software)}^^^^^^^&{self._sender.oid}&ISO^U^^^RI"
        return Classification(id="", representation="", slots=(ebxml.slot("authorPerson", person),))

    def _authorisation(self, patient: Identifier, action: Literal["AJOUT", "SUPPRESSION"]) -> str:
        self._require("TD0.3")
        payload = hl7v3.authorisation_request(action)
        reply = self._exchange.call(
            Call("TD0.3", self._services.habilitations, AUTHORISE, payload, patient, safe=False)
        )
        found = hl7v3.read_authorisation_answer(reply.payload)
        if found is None:
            raise self._unexpected(reply, safe=False)
        code, context = found
        if code != hl7v3.OK:
            raise outcome.by_codes((code,), details=(outcome.cut(context, (patient.value,)),))
        return code

    # ---------------------------------------------------------------- around a call

    def _require(self, transaction: Transaction) -> None:
        require(self._credentials.mode, transaction)

    def _require_done(self, reply: Reply, secrets: tuple[str, ...]) -> None:
        """Nothing, when the answer to a write says that all of it was done."""
        if etree.QName(reply.payload).localname != "RegistryResponse":
            raise OutcomeUnknown("La réponse du DMP est illisible ou inattendue.", code="answer")
        outcome.require_success(outcome.read_response(reply.payload), safe=False, secrets=secrets)

    def _unexpected(self, reply: Reply, *, safe: bool) -> Exception:
        """Error for a payload of another kind: a bare RegistryResponse tells its codes."""
        if etree.QName(reply.payload).localname == "RegistryResponse":
            response = outcome.read_response(reply.payload)
            if response.failures:
                return outcome.refusal(response)
        return outcome.unusable("answer", safe=safe)

    def _own_id(self) -> Identifier:
        return Identifier(self._sender.oid, str(self._new_uuid()))

    def _remember(self, patient: Identifier, unique_id: str) -> None:
        with self._lock:
            self._patients[unique_id] = patient
            self._patients.move_to_end(unique_id)
            if len(self._patients) > _REMEMBERED:
                self._patients.popitem(last=False)


def _provide(submission: Submission, replaced: Mapping[str, str]) -> tuple[etree._Element, list[mtom.Part]]:
    """Body of ITI-41 and its documents, in the order of the entries."""
    root = etree.Element(f"{_X}ProvideAndRegisterDocumentSetRequest", nsmap={"xds": XDSB, "lcm": LCM, "rim": RIM})
    root.append(ebxml.build(submit_objects(submission, replaced=replaced)))
    ids = document_ids(submission)
    parts = []
    for entry, content in zip(submission.entries, submission.contents, strict=True):
        own = ids[entry.unique_id]
        held = etree.SubElement(root, f"{_X}Document", {"id": own})
        mtom.include(held, f"{own}@dmp-adapter")
        parts.append(mtom.Part(f"{own}@dmp-adapter", entry.mime_type, content))
    return root, parts


def _get_documents(unique_id: str, return_type: queries.ReturnType) -> queries.StoredQuery:
    parameter = queries.any_of("$XDSDocumentEntryUniqueId", (unique_id,))
    return queries.StoredQuery(queries.GET_DOCUMENTS, (parameter,), return_type)


def _document_parameters(patient: Identifier, filters: Mapping[str, str]) -> list[queries.Parameter]:
    found = [
        queries.one("$XDSDocumentEntryPatientId", hl7.cx(patient, hl7.INS_TYPE)),
        queries.any_of("$XDSDocumentEntryStatus", _statuses(filters)),
    ]
    for name, value in filters.items():
        if name in queries.CODE_FILTERS:
            parameter, scheme = queries.CODE_FILTERS[name]
            found.append(queries.any_of(parameter, queries.codes(value, scheme)))
        elif name in queries.TIME_FILTERS:
            found.append(queries.one(queries.TIME_FILTERS[name], queries.point(value, end=name.endswith("_to"))))
    return found


def _set_parameters(patient: Identifier, filters: Mapping[str, str]) -> list[queries.Parameter]:
    found = [
        queries.one("$XDSSubmissionSetPatientId", hl7.cx(patient, hl7.INS_TYPE)),
        queries.any_of("$XDSSubmissionSetStatus", _statuses(filters)),
    ]
    for name, value in filters.items():
        if name == "content_type":
            found.append(queries.any_of("$XDSSubmissionSetContentType", queries.codes(value, _CONTENT_TYPES)))
        elif name in queries.SET_TIME_FILTERS:
            found.append(queries.one(queries.SET_TIME_FILTERS[name], queries.point(value, end=name.endswith("_to"))))
    return found


def _statuses(filters: Mapping[str, str]) -> tuple[str, ...]:
    """Availability statuses asked for: Approved by default."""
    asked = [one.strip() for one in filters.get("status", "current").split(",")]
    match filters.get("archived"):
        case "true":
            asked = ["archived"]
        case "false":
            asked = [one for one in asked if one != "archived"] or ["current"]
        case _:
            pass
    unknown = [one for one in asked if one not in _STATUSES]
    if unknown:
        raise ValueError(f"unknown status: {', '.join(unknown)}")
    return tuple(dict.fromkeys(_STATUSES[one] for one in asked))


def _refuse_unknown(filters: Iterable[str], known: Iterable[str]) -> None:
    unknown = sorted(set(filters) - set(known))
    if unknown:
        raise ValueError(f"unknown filter {', '.join(unknown)}: {', '.join(sorted(known))}")


def _checked(content: bytes, entry: FoundEntry) -> bytes:
    if entry.size_bytes >= 0 and len(content) != entry.size_bytes:
        raise ContentAltered("La taille du document lu n'est pas celle que le DMP annonce.", code="size")
    if entry.hash_sha1 and sha1(content, usedforsecurity=False).digest() != entry.hash_sha1:
        raise ContentAltered("L'empreinte du document lu n'est pas celle que le DMP annonce.", code="hash")
    return content


def _secrets(patient: Patient) -> tuple[str, ...]:
    """What errors must not tell of a patient."""
    found = (
        patient.ins.value if patient.ins else "",
        patient.birth_family,
        *patient.birth_given,
        patient.used_family,
        patient.used_given,
        patient.birth_place_name,
    )
    return tuple(one for one in found if one)


def _urn_uuid(value: str) -> str:
    return value if value.startswith("urn:") else f"urn:uuid:{value}"


def _version(value: ExtrinsicObject) -> int:
    text = (value.version.name or "") if value.version else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
