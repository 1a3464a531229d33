"""What the registry of a DMP holds: documents, sets and relations by stored queries (ITI-18)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from lxml import etree

from adapter.dmp import FoundSet
from adapter.dmp.xds import ebxml, filters, outcome, queries
from adapter.dmp.xds.ebxml import Association, ExtrinsicObject, ObjectRef, RegistryPackage
from adapter.dmp.xds.exchange import Call, Exchange, Reply
from adapter.dmp.xds.metadata import found_set, is_signature, names
from adapter.errors import DmpError, DmpRejected, DmpUnreachable
from adapter.model.document import Identifier

QUERY: Final = "urn:ihe:iti:2007:RegistryStoredQuery"

Held = ExtrinsicObject | ObjectRef
"""A document as the registry tells it: whole, or by reference."""


class Registry:
    """Searches in one registry; rights are looked at by who calls.

    Args:
        exchange: how it is reached. ``url``: where it is.
    """

    def __init__(self, exchange: Exchange, url: str) -> None:
        self._exchange = exchange
        self._url = url

    def documents(self, patient: Identifier, asked: Mapping[str, str]) -> Iterator[ExtrinsicObject]:
        """Documents that satisfy filters, signatures and deleted ones left out.

        Raises:
            DmpUnreachable: the DMP gave only a part; told once that part is given.
        """
        deposited = self._deposited(patient, asked)
        if "unique_id" in asked:
            answer = self._query(patient, _get_documents(asked["unique_id"], "LeafClass"))
        else:
            parameters = tuple(filters.document_parameters(patient, asked))
            answer = self._query(patient, queries.StoredQuery(queries.FIND_DOCUMENTS, parameters))
        wanted = {"", *filters.statuses(asked)}  # a registry that tells no status answers what it was asked for
        for one in answer.objects:
            if not isinstance(one, ExtrinsicObject) or is_signature(one) or (one.status or "") not in wanted:
                continue
            if deposited is None or {one.id, one.logical_id} & deposited:
                yield one
        _refuse_partial(patient, answer)

    def sets(self, patient: Identifier, asked: Mapping[str, str]) -> Iterator[FoundSet]:
        """Deposits that satisfy filters, with the references of their documents."""
        parameters = tuple(filters.set_parameters(patient, asked))
        answer = self._query(patient, queries.StoredQuery(queries.FIND_SETS, parameters))
        packages = [one for one in answer.objects if isinstance(one, RegistryPackage)]
        members: dict[str, list[str]] = {one.id: [] for one in packages}
        if packages:
            for relation in self.associations(patient, members):
                if relation.type == names.HAS_MEMBER and relation.source in members and relation.target:
                    members[relation.source].append(relation.target)
        for package in packages:
            yield replace(found_set(package), entries=tuple(members[package.id]))
        _refuse_partial(patient, answer)

    def associations(self, patient: Identifier, uuids: Iterable[str]) -> tuple[Association, ...]:
        """Every relation of these sets or documents; nothing is asked for none."""
        prefixed = [one if one.startswith("urn:") else f"urn:uuid:{one}" for one in uuids]
        if not prefixed:
            return ()
        query = queries.StoredQuery(queries.GET_ASSOCIATIONS, (queries.any_of("$uuid", prefixed),))
        answer = self._query(patient, query)
        _refuse_partial(patient, answer)
        return tuple(one for one in answer.objects if isinstance(one, Association))

    def by_unique_id(self, patient: Identifier, unique_id: str, *, references: bool) -> list[Held]:
        """Documents of this uniqueId whatever their state, the deleted ones left out, the last version of each."""
        query = _get_documents(unique_id, "ObjectRef" if references else "LeafClass")
        answer = self._query(patient, query, transaction="TD3.1b")
        _refuse_partial(patient, answer)
        found: dict[str, Held] = {}
        for one in answer.objects:
            if isinstance(one, ObjectRef):
                found[one.id] = one
            elif isinstance(one, ExtrinsicObject) and one.identifier(names.UNIQUE) == unique_id:
                held = found.get(one.logical_id)
                if not isinstance(held, ExtrinsicObject) or _version(held) < _version(one):
                    found[one.logical_id] = one
        return [one for one in found.values() if isinstance(one, ObjectRef) or one.status != names.DELETED]

    def the_one(self, patient: Identifier, unique_id: str, *, references: bool) -> Held:
        """The document of this uniqueId.

        Raises:
            DmpRejected: none, or several.
        """
        return _only(self.by_unique_id(patient, unique_id, references=references), "not-found", _ABSENT)

    def replaceable(self, patient: Identifier, unique_id: str, *, references: bool) -> str:
        """The entryUUID, with its prefix, of a document that may be replaced.

        Raises:
            DmpRejected: none (``XDSReplaceFailed``), or replaced already (``XDSRegistryDeprecatedDocumentError``).
        """
        held = self.by_unique_id(patient, unique_id, references=references)
        current = [one for one in held if isinstance(one, ObjectRef) or one.status != names.DEPRECATED]
        if held and not current:
            raise DmpRejected("Le document à remplacer l'est déjà.", code="XDSRegistryDeprecatedDocumentError")
        return _only(current, "XDSReplaceFailed", "Le document à remplacer n'est pas dans le DMP.").id

    def _deposited(self, patient: Identifier, asked: Mapping[str, str]) -> set[str] | None:
        """References of the documents of the sets of a period, None when no period is asked for."""
        period = {
            f"submitted_{end}": asked[f"deposited_{end}"] for end in ("from", "to") if f"deposited_{end}" in asked
        }
        if not period:
            return None
        return {one for deposit in self.sets(patient, period) for one in deposit.entries}

    def _query(
        self, patient: Identifier, query: queries.StoredQuery, transaction: str = "TD3.1a"
    ) -> queries.QueryAnswer:
        reply = self._exchange.call(Call(transaction, self._url, QUERY, queries.build(query), patient))
        try:
            answer = queries.read_answer(reply.payload)
        except ebxml.EbxmlInvalid as fault:
            raise DmpUnreachable(fault.message, code=fault.code) from None
        if answer is None:
            raise unexpected(reply, patient, safe=True)
        outcome.require_success(answer.response, safe=True, secrets=(patient.value,), partial=True)
        return answer


_ABSENT: Final = "Ce document n'est pas dans le DMP, ou l'appelant ne peut pas le voir."


def unexpected(reply: Reply, patient: Identifier, *, safe: bool) -> DmpError:
    """Error for a payload of another kind than expected: a bare RegistryResponse tells its codes."""
    if etree.QName(reply.payload).localname == "RegistryResponse":
        response = outcome.read_response(reply.payload)
        if response.failures:
            return outcome.refusal(response, secrets=(patient.value,))
    return outcome.unusable("answer", safe=safe)


def _refuse_partial(patient: Identifier, answer: queries.QueryAnswer) -> None:
    """Refuses an answer that is only a part: what is not in it may be there all the same."""
    outcome.require_success(answer.response, safe=True, secrets=(patient.value,))


def _only(held: list[Held], code: str, absent: str) -> Held:
    if not held:
        raise DmpRejected(absent, code=code)
    if len(held) > 1:
        raise DmpRejected("Plusieurs fiches portent l'identifiant de ce document.", code="several-entries")
    return held[0]


def _get_documents(unique_id: str, return_type: queries.ReturnType) -> queries.StoredQuery:
    parameter = queries.any_of("$XDSDocumentEntryUniqueId", (unique_id,))
    return queries.StoredQuery(queries.GET_DOCUMENTS, (parameter,), return_type)


def _version(value: ExtrinsicObject) -> int:
    text = (value.version.name or "") if value.version else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
