"""TD3.1, searching (ITI-18): the stored queries that the DMP serves, on entries as this caller may see them.

Source: IHE ITI TF-2a 3.18.4.1.2.3.7 (queries and their parameters); DMP (only Approved unless asked otherwise).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from lxml import etree

from adapter.dmp.simulator.outcomes import Issue, Refusal
from adapter.dmp.simulator.registry import Registry
from adapter.dmp.simulator.soap import gate, registered
from adapter.dmp.simulator.soap.answers import DONE, SoapFault, refused
from adapter.dmp.simulator.soap.gate import Caller
from adapter.dmp.simulator.store import DocumentRow, PatientRow
from adapter.dmp.xds import queries
from adapter.dmp.xds.ebxml import Association, ExtrinsicObject, ObjectRef, RegistryObject, RegistryPackage
from adapter.dmp.xds.metadata import hl7, names
from adapter.dmp.xds.queries import QueryAnswer, StoredQuery

_CODES: Final = {
    "$XDSDocumentEntryClassCode": names.CLASS,
    "$XDSDocumentEntryTypeCode": names.TYPE,
    "$XDSDocumentEntryPracticeSettingCode": names.PRACTICE_SETTING,
    "$XDSDocumentEntryHealthcareFacilityTypeCode": names.FACILITY,
    "$XDSDocumentEntryFormatCode": names.FORMAT,
    "$XDSDocumentEntryConfidentialityCode": names.CONFIDENTIALITY,
    "$XDSDocumentEntryEventCodeList": names.EVENT,
}
_TIMES: Final = {
    "$XDSDocumentEntryCreationTime": "creationTime",
    "$XDSDocumentEntryServiceStartTime": "serviceStartTime",
    "$XDSDocumentEntryServiceStopTime": "serviceStopTime",
}
_PATIENT: Final = "$XDSDocumentEntryPatientId"
_STATUS: Final = "$XDSDocumentEntryStatus"
_SET_PATIENT: Final = "$XDSSubmissionSetPatientId"
_SET_STATUS: Final = "$XDSSubmissionSetStatus"
_PERSON: Final = "$XDSDocumentEntryAuthorPerson"
_SET_TIME: Final = "$XDSSubmissionSetSubmissionTime"
_DOCUMENT_PARAMETERS: Final = frozenset(
    {
        *(_PATIENT, _STATUS, _PERSON, "$XDSDocumentEntryType", "$MetadataLevel", *_CODES),
        *(f"{prefix}{end}" for prefix in _TIMES for end in ("From", "To")),
    }
)
_SET_PARAMETERS: Final = frozenset(
    {_SET_PATIENT, _SET_STATUS, "$XDSSubmissionSetContentType", f"{_SET_TIME}From", f"{_SET_TIME}To"}
)
_REFERENCES_ONLY: Final = "En authentification indirecte, le DMP ne donne que des références (ObjectRef)."


def answer(registry: Registry, caller: Caller, request: etree._Element) -> etree._Element:
    """``AdhocQueryResponse``, refusals included."""
    try:
        query = queries.read(request)
    except queries.QueryInvalid as fault:
        if request.tag.rpartition("}")[2] != "AdhocQueryRequest":
            raise SoapFault("InvalidMessage", "Le corps du message n'est pas une recherche (ITI-18).") from None
        return queries.build_answer(QueryAnswer(refused([Issue(fault.message, fault.code)]), ()))
    try:
        found = _found(registry, caller, query)
    except Refusal as fault:
        return queries.build_answer(QueryAnswer(refused(fault.issues), ()))
    if query.return_type == "ObjectRef":
        return queries.build_answer(QueryAnswer(DONE, tuple(ObjectRef(one.id) for one in found)))
    return queries.build_answer(QueryAnswer(DONE, tuple(found)))


def _found(registry: Registry, caller: Caller, query: StoredQuery) -> Sequence[RegistryObject]:
    by_id = query.id == queries.GET_DOCUMENTS
    gate.require(caller, "TD3.1b" if by_id else "TD3.1a")
    if caller.actor.mode == "indirect" and query.return_type != "ObjectRef":
        raise Refusal(403, Issue(_REFERENCES_ONLY, "LocalPolicyRestrictionError", "forbidden"))
    run = _QUERIES.get(query.id)
    if run is None:
        raise Refusal(422, Issue("Requête enregistrée inconnue de ce DMP.", "XDSUnknownStoredQuery", "not-supported"))
    patient = gate.open_dmp(caller, registry)
    with registry.store.reading():
        found = run(_View(registry, caller, patient), query)
    registry.note("recherche XDS", patient.id, detail=f"{len(found)} résultat(s)")
    return found


class _View:
    """What one caller sees of one DMP, inside a reading."""

    def __init__(self, registry: Registry, caller: Caller, patient: PatientRow) -> None:
        self._registry = registry
        self._caller = caller
        self._patient = patient

    @property
    def patient(self) -> tuple[str, str]:
        """Root and value of the INS."""
        return self._patient.system.removeprefix("urn:oid:"), self._patient.value

    def documents(self) -> list[ExtrinsicObject]:
        """Last version of every entry."""
        return [registered.document(self._registry, row, self._patient) for row in self._rows()]

    def _rows(self) -> list[DocumentRow]:
        rows = self._registry.store.every_document_of(self._patient.id)
        return [row for row in rows if registered.sees(self._registry, self._caller.actor, row, self._patient)]

    def bearing(self, values: Iterable[str]) -> list[ExtrinsicObject]:
        """Entries of these identifiers: uniqueId as URN, entryUUID of any version."""
        rows = {row.id: row for value in values for row in self._registry.store.documents_bearing(value)}
        kept = (
            row
            for row in rows.values()
            if row.patient_id == self._patient.id
            and registered.sees(self._registry, self._caller.actor, row, self._patient)
        )
        return [registered.document(self._registry, row, self._patient) for row in kept]

    def sets(self) -> list[RegistryPackage]:
        """Sets, those of changes too."""
        rows = [row for row in self._registry.store.lists_of(self._patient.id) if row.kind == "submissionset"]
        if self._caller.actor.mode == "indirect":
            rows = [row for row in rows if self._caller.actor.structure in row.structures]
        return [registered.package(self._registry, row, self._patient) for row in rows]

    def relations(self) -> list[Association]:
        """Relations whose documents the caller may know of."""
        known = {version[1] for row in self._rows() for version in self._registry.store.versions(row.id)}
        known |= {one.id for one in self.sets()}
        every = registered.relations(self._registry, self._patient)
        return [one for one in every if {one.source, one.target} <= known]


def _find_documents(view: _View, query: StoredQuery) -> list[RegistryObject]:
    _require_patient(view, query, _PATIENT)
    _require_known(query, _DOCUMENT_PARAMETERS)
    statuses = set(_required(query, _STATUS))
    kept: list[ExtrinsicObject] = [one for one in view.documents() if one.status in statuses]
    for parameter, scheme in _CODES.items():
        asked = query.parameter(parameter)
        for alternatives in asked.lists if asked else ():
            kept = [one for one in kept if _coded(one, scheme, alternatives)]
    person = query.parameter(_PERSON)
    for alternatives in person.lists if person else ():
        kept = [one for one in kept if _written_by(one, alternatives)]
    for prefix, name in _TIMES.items():
        kept = [one for one in kept if _within(query, prefix, one.slot_value(name))]
    return list(kept)


def _get_documents(view: _View, query: StoredQuery) -> list[RegistryObject]:
    unique, entries = query.parameter("$XDSDocumentEntryUniqueId"), query.parameter("$XDSDocumentEntryEntryUUID")
    if (unique is None) == (entries is None):
        text = "GetDocuments demande des uniqueId ou des entryUUID, pas les deux."
        code = "XDSStoredQueryMissingParam" if unique is None else "XDSStoredQueryParamNumber"
        raise Refusal(422, Issue(text, code, "required"))
    if unique is not None:
        return list(view.bearing(f"urn:oid:{value}" for value in unique.values))
    return list(view.bearing(entries.values if entries else ()))


def _find_sets(view: _View, query: StoredQuery) -> list[RegistryObject]:
    _require_patient(view, query, _SET_PATIENT)
    _require_known(query, _SET_PARAMETERS)
    statuses = set(_required(query, _SET_STATUS))
    kept = [one for one in view.sets() if one.status in statuses]
    content = query.parameter("$XDSSubmissionSetContentType")
    for alternatives in content.lists if content else ():
        kept = [one for one in kept if _coded(one, names.SET_CONTENT_TYPE, alternatives)]
    return [one for one in kept if _within(query, _SET_TIME, one.slot_value("submissionTime"))]


def _get_associations(view: _View, query: StoredQuery) -> list[RegistryObject]:
    asked = set(_required(query, "$uuid"))
    current = {one.id: one.logical_id for one in view.documents()}
    asked |= {current[one] for one in asked if one in current}
    return [one for one in view.relations() if {one.source, one.target} & asked]


def _get_sets(view: _View, query: StoredQuery) -> list[RegistryObject]:
    documents = set(_required(query, "$uuid"))
    documents |= {one.logical_id for one in view.documents() if one.id in documents}
    held = [one for one in view.relations() if one.type == names.HAS_MEMBER and one.target in documents]
    sets = {one.source for one in held}
    return [*(one for one in view.sets() if one.id in sets), *held]


def _get_set_and_contents(view: _View, query: StoredQuery) -> list[RegistryObject]:
    uuids, unique = query.parameter("$XDSSubmissionSetEntryUUID"), query.parameter("$XDSSubmissionSetUniqueId")
    wanted = (uuids or unique or queries.one("", "")).value
    sets = [one for one in view.sets() if wanted in (one.id, one.identifier(names.SET_UNIQUE))]
    ids = {one.id for one in sets}
    held = [one for one in view.relations() if one.type == names.HAS_MEMBER and one.source in ids]
    members = {one.target for one in held}
    return [*sets, *(one for one in view.documents() if one.logical_id in members), *held]


_WILD_MAX: Final = 3
_WILD: Final = {"%": ".*", "_": "."}
_QUERIES: Final[dict[str, Callable[[_View, StoredQuery], Sequence[RegistryObject]]]] = {
    queries.FIND_DOCUMENTS: _find_documents,
    queries.GET_DOCUMENTS: _get_documents,
    queries.FIND_SETS: _find_sets,
    queries.GET_ASSOCIATIONS: _get_associations,
    queries.GET_SETS: _get_sets,
    queries.GET_SET_AND_CONTENTS: _get_set_and_contents,
}


def _required(query: StoredQuery, name: str) -> tuple[str, ...]:
    held = query.parameter(name)
    if held is None or not held.values:
        text = f"Le paramètre {name} est exigé."
        raise Refusal(422, Issue(text, "XDSStoredQueryMissingParam", "required"))
    return held.values


def _require_patient(view: _View, query: StoredQuery, name: str) -> None:
    (value, *others) = _required(query, name)
    held = query.parameter(name)
    if others or (held is not None and held.is_list):
        raise Refusal(422, Issue("Un patient et un seul, sans parenthèses.", "XDSStoredQueryParamNumber", "value"))
    found = hl7.read_cx(value)
    if found is None or (found.root, found.value) != view.patient:
        raise SoapFault("DMPIdentityCertificationFailure", "Le patient du VIHF n'est pas celui du message.")


def _require_known(query: StoredQuery, known: frozenset[str]) -> None:
    """A filter that is not applied would answer more than was asked: it is refused."""
    if any(one.name not in known for one in query.parameters):
        raise Refusal(422, Issue("Paramètre non prévu par ce DMP.", "XDSStoredQueryParamNumber", "not-supported"))


def _written_by(value: RegistryObject, patterns: Iterable[str]) -> bool:
    """Author that one of the patterns fits: ``%`` stands for any text, ``_`` for any character."""
    patterns = tuple(patterns)
    if any(pattern.count("%") > _WILD_MAX for pattern in patterns):
        raise Refusal(422, Issue("Un motif d'auteur porte trop de %.", "XDSStoredQueryParamNumber", "too-costly"))
    held = [one.slot_value("authorPerson") for one in value.classified(names.AUTHOR)]
    wanted = ["".join(_WILD.get(sign, re.escape(sign)) for sign in pattern) for pattern in patterns]
    return any(re.fullmatch(pattern, person) for pattern in wanted for person in held)


def _coded(value: RegistryObject, scheme: str, alternatives: Iterable[str]) -> bool:
    held = {(one.representation or "", one.slot_value("codingScheme")) for one in value.classified(scheme)}
    wanted = ((code, oid) for code, _, oid in (one.partition("^^") for one in alternatives))
    return any(pair in held for pair in wanted)


def _within(query: StoredQuery, prefix: str, value: str) -> bool:
    """Times compare as digits, what is left out being the beginning. Source: TF-2a 3.18.4.1.2.3.7, From <= t < To."""
    low, high = query.parameter(f"{prefix}From"), query.parameter(f"{prefix}To")
    told = value.ljust(14, "0")
    if low is not None and told < low.value.ljust(14, "0"):
        return False
    return high is None or told < high.value.ljust(14, "0")
