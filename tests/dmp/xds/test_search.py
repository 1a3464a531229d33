"""TD0.2, TD0.3, TD3.1 and TD3.2 on the XDS wire."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha1

import pytest
import responses

from adapter.dmp import ContentAltered, PatientStatus
from adapter.dmp.xds import hl7v3, mtom, outcome, queries, retrieve
from adapter.dmp.xds.ebxml import Association, ObjectRef
from adapter.dmp.xds.hl7v3 import Authorisation
from adapter.dmp.xds.metadata import names, set_object
from adapter.errors import DmpAccessDenied, DmpRejected, DmpUnreachable
from adapter.model.coded import CodeSystem, Coding
from adapter.model.document import Identifier
from tests.dmp import wire
from tests.dmp.xds import dialogue
from tests.dmp.xds.dialogue import ENTRY, answer, client, fault, found, registry, stored

OID = wire.DOCUMENT.oid


def asked(rank: int = -1) -> queries.StoredQuery:
    return queries.read(dialogue.payload(rank))


def values(query: queries.StoredQuery) -> dict[str, tuple[str, ...]]:
    return {one.name: one.values for one in query.parameters}


def existence(state: str, authorisation: Authorisation = "VALIDE", attending: bool | None = None) -> object:
    query = hl7v3.ExistenceQuery(wire.PATIENT, Identifier("1.2.3", "m"), Identifier("1.2.3", "q"))
    return hl7v3.existence_answer(
        query, hl7v3.Sender(dialogue.OUR_OID, "x"), dialogue.NOW, Identifier("1.2.4", "a"),
        state=state, authorisation=authorisation, attending=attending,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("told", "status"),
    [
        (existence("absent"), PatientStatus("absent")),
        (existence("active", attending=True), PatientStatus("active", "", True)),
        (existence("active", "NON_EXISTE", False), PatientStatus("active", "NON_EXISTE", False)),
        (existence("active", "EXPIRE"), PatientStatus("active", "EXPIRE")),
        (existence("active", "INTERDIT"), PatientStatus("active", "INTERDIT", None, authorised=False)),
        (existence("closed"), PatientStatus("closed", "terminated")),
    ],
)
@responses.activate
def test_the_state_of_a_dmp_and_what_the_caller_may_do(told: object, status: PatientStatus) -> None:
    answer("patients", told)  # type: ignore[arg-type]
    assert client().patient_status(wire.PATIENT) == status
    query = hl7v3.read_existence_query(dialogue.payload())
    assert query is not None
    assert query.patient == wire.PATIENT
    assert query.message_id.root == dialogue.OUR_OID


@pytest.mark.parametrize(
    ("told", "code"), [(registry("XDSRegistryBusy"), "XDSRegistryBusy"), (registry(), "answer"), (found(), "answer")]
)
@responses.activate
def test_an_unclear_state_is_no_state(told: object, code: str) -> None:
    answer("patients", told)  # type: ignore[arg-type]
    with pytest.raises(DmpUnreachable) as raised:
        client().patient_status(wire.PATIENT)
    assert raised.value.code == code


@pytest.mark.parametrize(("revoke", "action"), [(False, "AJOUT"), (True, "SUPPRESSION")])
@responses.activate
def test_an_authorisation_is_added_and_taken_away(revoke: bool, action: str) -> None:
    answer("habilitations", hl7v3.authorisation_answer("DMPOk", "Autorisation déjà présente"))
    dmp = client()
    assert (dmp.revoke if revoke else dmp.authorise)(wire.PATIENT) == "DMPOk"
    assert hl7v3.read_authorisation_request(dialogue.payload()) == action


@responses.activate
def test_an_authorisation_refused_keeps_the_code_of_the_dmp() -> None:
    answer("habilitations", hl7v3.authorisation_answer("DMPClosed", f"{wire.PATIENT.value} fermé"))
    with pytest.raises(DmpAccessDenied) as raised:
        client().authorise(wire.PATIENT)
    assert (raised.value.code, raised.value.details) == ("DMPClosed", ("… fermé",))


@responses.activate
def test_a_document_is_found_by_its_unique_id_with_all_that_the_registry_tells() -> None:
    answer("registry", found(stored("INVISIBLE_PATIENT", version="3")))
    entry = client().find(wire.PATIENT, OID)[0]
    query = asked()
    assert (query.id, query.return_type) == (queries.GET_DOCUMENTS, "LeafClass")
    assert values(query) == {"$XDSDocumentEntryUniqueId": (OID,)}
    assert (entry.unique_id, entry.entry_uuid, entry.version) == (OID, ENTRY.removeprefix("urn:uuid:"), "3")
    assert (entry.hash_sha1, entry.size_bytes) == (sha1(wire.CDA).digest(), len(wire.CDA))
    assert entry.masks == ("INVISIBLE_PATIENT",)
    assert [one.code for one in entry.confidentiality] == ["N", "INVISIBLE_PATIENT"]
    assert entry.url == f"urn:oid:{dialogue.REPOSITORY}"
    assert entry.created == wire.submission().entries[0].creation_time


@responses.activate
def test_indirect_mode_asks_for_references_and_gets_nothing_else() -> None:
    answer("registry", found(ObjectRef(ENTRY)))
    dmp = client("indirect")
    entry = dmp.find(wire.PATIENT, OID)[0]
    assert asked().return_type == "ObjectRef"
    assert (entry.unique_id, entry.entry_uuid, entry.hash_sha1, entry.size_bytes) == (OID, ENTRY[9:], b"", -1)
    with pytest.raises(DmpAccessDenied):
        dmp.read(entry)
    with pytest.raises(DmpAccessDenied):
        dmp.search(wire.PATIENT)
    assert len(responses.calls) == 1


@pytest.mark.parametrize("status", [names.APPROVED, names.DEPRECATED, names.ARCHIVED])
@responses.activate
def test_every_status_is_found_and_told(status: str) -> None:
    answer("registry", found(stored(status=status)))
    entry = client().find(wire.PATIENT, OID)[0]
    assert entry.status == ("superseded" if status == names.DEPRECATED else "current")
    assert entry.archived == (status == names.ARCHIVED)


@pytest.mark.parametrize(
    "objects", [(), (stored(status=names.DELETED),), (stored(unique_id="1.2.250.1.999.404"),)]
)  # fmt: skip
@responses.activate
def test_what_is_deleted_or_another_is_not_found(objects: tuple[object, ...]) -> None:
    answer("registry", found(*objects))
    assert client().find(wire.PATIENT, OID) == ()


@responses.activate
def test_the_last_version_of_an_entry_counts() -> None:
    older, newer = stored(version="2", object_id="urn:uuid:a"), stored(version="10", object_id="urn:uuid:b")
    answer("registry", found(newer, older))
    assert [one.version for one in client().find(wire.PATIENT, OID)] == ["10"]


@responses.activate
def test_a_partial_answer_is_no_proof_that_a_document_is_not_there() -> None:
    answer("registry", found(status=outcome.PARTIAL, codes=["XDSRegistryError"]))
    with pytest.raises(DmpUnreachable) as raised:
        client().find(wire.PATIENT, OID)
    assert raised.value.code == "PartialSuccess XDSRegistryError"


@responses.activate
def test_a_busy_registry_is_asked_again_later_and_not_by_the_client() -> None:
    answer("registry", found(status=outcome.FAILURE, codes=["XDSRegistryBusy"]))
    with pytest.raises(DmpUnreachable):
        client().find(wire.PATIENT, OID)
    assert len(responses.calls) == 1


@responses.activate
def test_a_search_translates_its_filters_and_hides_signatures() -> None:
    urn = CodeSystem("", "URN", "", "")
    signature = stored(class_=Coding(urn, names.SIGNATURE_CLASS, "Digital Signature"), object_id="urn:uuid:s")
    answer("registry", found(stored(), replace(signature, lid="urn:uuid:s")))
    entries = list(
        client().search(
            wire.PATIENT, type="11488-4", class_="urn:oid:1.2.250.1.213.1.1.4.1|10,11", created_from="2026-10-01",
            created_to="2026-10-12", service_from="2026-10-12T10:00:00+02:00",
        )
    )  # fmt: skip
    assert [one.unique_id for one in entries] == [OID]
    query = asked()
    assert query.id == queries.FIND_DOCUMENTS
    assert values(query) == {
        "$XDSDocumentEntryPatientId": (f"{wire.PATIENT.value}^^^&1.2.250.1.213.1.4.10&ISO^NH",),
        "$XDSDocumentEntryStatus": (names.APPROVED,),
        "$XDSDocumentEntryTypeCode": ("11488-4^^2.16.840.1.113883.6.1",),
        "$XDSDocumentEntryClassCode": ("10^^1.2.250.1.213.1.1.4.1", "11^^1.2.250.1.213.1.1.4.1"),
        "$XDSDocumentEntryCreationTimeFrom": ("20261001000000",),
        "$XDSDocumentEntryCreationTimeTo": ("20261012235959",),
        "$XDSDocumentEntryServiceStartTimeFrom": ("20261012080000",),
    }


@pytest.mark.parametrize(
    ("filters", "statuses"),
    [
        ({}, (names.APPROVED,)),
        ({"status": "current,superseded"}, (names.APPROVED, names.DEPRECATED)),
        ({"archived": "true"}, (names.ARCHIVED,)),
        ({"archived": "false"}, (names.APPROVED,)),
    ],
)
@responses.activate
def test_a_search_asks_for_one_state_at_a_time(filters: dict[str, str], statuses: tuple[str, ...]) -> None:
    answer("registry", found())
    assert list(client().search(wire.PATIENT, **filters)) == []
    assert values(asked())["$XDSDocumentEntryStatus"] == statuses


@pytest.mark.parametrize(
    "filters",
    [{"status": "lost"}, {"type": "http://nowhere|x"}, {"event": "VSP"}, {"created_from": "hier"}, {"created_to": "-"}],
)
@responses.activate
def test_a_search_for_what_means_nothing_is_refused_before_it_leaves(filters: dict[str, str]) -> None:
    with pytest.raises(DmpRejected) as raised:
        client().search(wire.PATIENT, **filters)
    assert raised.value.code == "filter"
    assert len(responses.calls) == 0


def test_a_filter_that_does_not_exist_is_a_fault_of_the_program() -> None:
    with pytest.raises(ValueError, match="unknown filter"):
        client().search(wire.PATIENT, unknown="x")
    with pytest.raises(ValueError, match="unknown filter"):
        client().submission_sets(wire.PATIENT, unknown="x")


@responses.activate
def test_a_search_by_date_of_deposit_goes_through_the_sets() -> None:
    deposit = replace(set_object(wire.submission().set, "urn:uuid:set"), status=names.APPROVED)
    member = Association(id="urn:uuid:m", type=names.HAS_MEMBER, source="urn:uuid:set", target=ENTRY)
    other = replace(stored(object_id="urn:uuid:other", unique_id="1.2.250.1.999.5"), lid="urn:uuid:other")
    answer("registry", found(deposit))
    answer("registry", found(member))
    answer("registry", found(stored(), other))
    entries = list(client().search(wire.PATIENT, deposited_from="2026-10-01"))
    assert [one.unique_id for one in entries] == [OID]
    assert [asked(rank).id for rank in range(3)] == [
        queries.FIND_SETS, queries.GET_ASSOCIATIONS, queries.FIND_DOCUMENTS
    ]  # fmt: skip
    assert values(asked(0))["$XDSSubmissionSetSubmissionTimeFrom"] == ("20261001000000",)
    assert values(asked(1)) == {"$uuid": ("urn:uuid:set",)}


@responses.activate
def test_sets_tell_their_documents() -> None:
    deposit = replace(set_object(wire.submission().set, "urn:uuid:set"), status=names.APPROVED)
    member = Association(id="urn:uuid:m", type=names.HAS_MEMBER, source="urn:uuid:set", target=ENTRY)
    signs = Association(id="urn:uuid:n", type=names.SIGNS, source="urn:uuid:x", target="urn:uuid:set")
    answer("registry", found(deposit))
    answer("registry", found(member, signs))
    one = next(client().submission_sets(wire.PATIENT))
    expected = wire.submission().set
    assert (one.unique_id, one.entry_uuid, one.source_id) == (expected.unique_id, "set", expected.source_id)
    assert (one.status, one.title, one.submitted) == ("approved", expected.title, expected.submission_time)
    assert one.entries == (ENTRY,)


@responses.activate
def test_what_came_of_a_partial_search_is_given_before_the_rest_is_told() -> None:
    answer("registry", found(stored(), status=outcome.PARTIAL, codes=["XDSRegistryError"]))
    entries = client().search(wire.PATIENT)
    assert next(entries).unique_id == OID
    with pytest.raises(DmpUnreachable):
        next(entries)


# ---------------------------------------------------------------- TD3.2


def _reads(content: bytes, body: bytes | None = None) -> bytes:
    told, media = dialogue.retrieved(content)
    answer("registry", found(stored()))
    answer("repository", told if body is None else body, content_type=media)
    dmp = client()
    return dmp.read(dmp.find(wire.PATIENT, OID)[0])


@responses.activate
def test_a_document_is_read_whole_and_its_hash_compared() -> None:
    assert _reads(wire.CDA) == wire.CDA
    wanted = dialogue.payload()
    assert [one.text for one in wanted[0]] == [dialogue.REPOSITORY, OID]


@pytest.mark.parametrize(("content", "code"), [(wire.CDA + b" ", "size"), (b"x" + wire.CDA[1:], "hash")])
@responses.activate
def test_a_document_that_is_not_what_the_registry_tells_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(ContentAltered) as raised:
        _reads(content)
    assert raised.value.code == code


@pytest.mark.parametrize("cut", [40, 400, len(wire.CDA)])
@responses.activate
def test_an_answer_cut_short_is_no_document(cut: int) -> None:
    with pytest.raises(DmpUnreachable):
        _reads(wire.CDA, dialogue.retrieved(wire.CDA)[0][:-cut])


@responses.activate
def test_an_answer_without_the_part_that_it_includes_is_no_document() -> None:
    body = dialogue.retrieved(wire.CDA)[0].replace(b"Content-ID: <doc@dmp>", b"Content-ID: <autre@dmp>")
    with pytest.raises(DmpUnreachable) as raised:
        _reads(wire.CDA, body)
    assert raised.value.code == "cid-missing"


@responses.activate
def test_a_fault_in_several_parts_is_read_as_a_fault() -> None:
    boundary = b"--limite\r\nContent-Type: application/xop+xml\r\nContent-ID: <r>\r\n\r\n"
    body = boundary + fault("Sender", "DMPInvalidCertificate") + b"\r\n--limite--"
    answer("registry", found(stored()))
    answer("repository", body, 500, 'multipart/related; boundary=limite; start="<r>"')
    dmp = client()
    with pytest.raises(DmpAccessDenied) as raised:
        dmp.read(dmp.find(wire.PATIENT, OID)[0])
    assert raised.value.code == "DMPInvalidCertificate"


@responses.activate
def test_a_body_in_latin_1_is_read() -> None:
    payload = hl7v3.authorisation_answer("DMPOk", "Autorisation déjà présente")
    body = dialogue.enveloped(payload).decode().split("?>", 1)[1].encode("latin-1")
    answer("habilitations", body, content_type="application/soap+xml; charset=ISO-8859-1")
    assert client().authorise(wire.PATIENT) == "DMPOk"


@responses.activate
def test_a_document_of_nobody_known_is_looked_for_before_it_is_read() -> None:
    answer("registry", found(stored()))
    entry = client().find(wire.PATIENT, OID)[0]
    with pytest.raises(DmpRejected) as raised:
        client().read(entry)
    assert raised.value.code == "not-found"


@responses.activate
def test_an_answer_to_another_message_is_not_taken_for_ours() -> None:
    answer("registry", dialogue.enveloped(found(), relates_to="urn:uuid:00000000-0000-0000-0000-00000000beef"))
    with pytest.raises(DmpUnreachable) as raised:
        client().find(wire.PATIENT, OID)
    assert raised.value.code == "relates-to"


@responses.activate
def test_no_error_tells_the_patient() -> None:
    told = f"Le patient {wire.DOCUMENT.patient.birth_family.lower()} {wire.PATIENT.value} 19480312 est inconnu"
    answer("registry", registry("XDSUnknownPatientId", context=told))
    with pytest.raises(DmpAccessDenied) as raised:
        client().find(wire.PATIENT, OID)
    assert raised.value.details == ("XDSUnknownPatientId | Le patient … est inconnu",)
    assert not any(word in str(raised.value) for word in wire.PRIVATE)


@pytest.mark.parametrize("given", [True, False])
@responses.activate
def test_a_document_within_a_partial_answer_counts_when_it_is_there(given: bool) -> None:
    documents = (retrieve.Retrieved(dialogue.REPOSITORY, OID, "text/xml", wire.CDA),) if given else ()
    told = outcome.RegistryResponse(outcome.PARTIAL, (outcome.RegistryError("XDSDocumentUniqueIdError"),))
    payload = retrieve.build_answer(retrieve.RetrieveAnswer(told, documents), {OID: "doc@dmp"})
    message = mtom.write(
        dialogue.enveloped(payload), [mtom.Part("doc@dmp", "text/xml", wire.CDA)], action="a", boundary="limit"
    )
    answer("registry", found(stored()))
    answer("repository", bytes(message.body), content_type=message.content_type)
    dmp = client()
    entry = dmp.find(wire.PATIENT, OID)[0]
    if given:
        assert dmp.read(entry) == wire.CDA
    else:
        with pytest.raises(DmpRejected) as raised:
            dmp.read(entry)
        assert raised.value.code == "XDSDocumentUniqueIdError"


@responses.activate
def test_the_relations_of_nothing_are_not_asked_for() -> None:
    assert client().associations(wire.PATIENT, []) == ()
    assert len(responses.calls) == 0


@responses.activate
def test_a_refusal_in_the_place_of_an_answer_tells_no_patient() -> None:
    told = registry(f"Refus-{wire.PATIENT.value}", context=f"patient {wire.PATIENT.value} inconnu")
    for service in ("registry", "patients", "habilitations"):
        answer(service, told)
    for asked in (
        lambda: client().find(wire.PATIENT, OID),
        lambda: client().patient_status(wire.PATIENT),
        lambda: client().authorise(wire.PATIENT),
    ):
        with pytest.raises(DmpRejected) as raised:
            asked()
        assert (raised.value.code, raised.value.details) == ("…", ("… | patient … inconnu",))
