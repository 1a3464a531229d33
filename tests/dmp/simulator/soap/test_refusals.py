"""What a strict DMP refuses: envelopes, assertions, signatures, metadata, queries and changes that are wrong."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from typing import Any
from uuid import uuid4

import pytest
import requests
from lxml import etree

from adapter.dmp.simulator.admin import read_patient
from adapter.dmp.simulator.serving import RunningSimulator
from adapter.dmp.xds import dsg, ebxml, hl7v3, mtom, queries, retrieve, soap
from adapter.dmp.xds.client import XdsClient
from adapter.dmp.xds.ebxml.names import RIM
from adapter.dmp.xds.metadata import hl7, names
from adapter.model.document import Identifier
from adapter.submission import Submission
from tests.dmp import wire
from tests.dmp.simulator.soap.users import FEED, Hand, original, provided, read, signer

OID = wire.DOCUMENT.oid
QUERY = "urn:ihe:iti:2007:RegistryStoredQuery"
RETRIEVE = "urn:ihe:iti:2007:RetrieveDocumentSet"
UPDATE = "urn:ihe:iti:2010:UpdateDocumentSet"
EXISTENCE = "urn:hl7-org:v3:PRPA_IN201307UV02"
FIND = queries.build(queries.StoredQuery(queries.GET_DOCUMENTS, (queries.any_of("$XDSDocumentEntryUniqueId", [OID]),)))
SINGLE = f'application/soap+xml; charset=UTF-8; action="{QUERY}"'
R = f"{{{RIM}}}"
Change = Callable[[etree._Element], object]


def signed(hand: Hand, submission: Submission | None = None) -> Submission:
    return dsg.sign(submission or wire.submission(), signer(hand.running))


def state(hand: Hand) -> dict[str, Any]:
    counts: dict[str, Any] = requests.get(f"{hand.running.base_url}/admin/state", timeout=30).json()["counts"]
    return counts


def slot(payload: etree._Element, name: str) -> etree._Element:
    """First value of this slot of the document."""
    document = next(one for one in payload.iter(f"{R}ExtrinsicObject") if one.get("id") == "Document01")
    return next(one for one in document.iter(f"{R}Slot") if one.get("name") == name)[0][0]


# ---------------------------------------------------------------- the envelope


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"<wsa:To>", b"<wsa:Towards>", "MessageAddressingHeaderRequired"),
        (b"<wsa:MessageID>", b"<wsa:Message>", "MessageAddressingHeaderRequired"),
        (b"<wsa:ReplyTo ", b"<wsa:Reply ", "MessageAddressingHeaderRequired"),
        (b"<wsa:Action ", b"<wsa:Act ", "MessageAddressingHeaderRequired"),
        (b'<wsa:ReplyTo soap:mustUnderstand="true">', b"<wsa:ReplyTo>", "InvalidAddressingHeader"),
        (b"addressing/anonymous", b"addressing/none", "OnlyAnonymousAddressSupported"),
        (b"RegistryStoredQuery</wsa", b"RetrieveDocumentSet</wsa", "ActionNotSupported"),
        (b"<wsse:Security ", b"<wsse:Nothing ", "InvalidSecurity"),
        (b"<soap:Header>", b'<soap:Header><x:y xmlns:x="urn:x" soap:mustUnderstand="true"/>', ""),
        (b"<?xml", b'<!DOCTYPE x [<!ENTITY a "b">]><?xml', "InvalidMessage"),
    ],
)
def test_an_envelope_that_is_not_as_it_must_be_is_a_fault(hand: Hand, old: bytes, new: bytes, code: str) -> None:
    body = hand.envelope(FIND, QUERY)
    assert body.count(old) == 1
    changed = body.replace(old, new)
    if (opened := old.lstrip(b"<").split()[0].rstrip(b">")) and new.startswith(b"<wsa:") and b"/" not in old:
        renamed = new.lstrip(b"<").split()[0].rstrip(b">")
        changed = changed.replace(b"</" + opened + b">", b"</" + renamed + b">")
    changed = changed.replace(b"</wsse:Security>", b"</wsse:Nothing>") if b"Nothing" in new else changed
    answer = read(hand.post("registry", changed, SINGLE.partition("; action")[0]))
    assert answer.status == 500
    assert answer.fault is not None
    assert (answer.fault.subcodes[-1:] or ("",))[0] == code
    assert answer.fault.code == ("MustUnderstand" if not code else "Sender")


def test_soap_1_1_and_other_media_are_refused(hand: Hand) -> None:
    body = hand.envelope(FIND, QUERY)
    old = read(hand.post("registry", body, "text/xml; charset=UTF-8"))
    assert (old.status, old.fault and old.fault.code) == (500, "VersionMismatch")
    json = read(hand.post("registry", body, "application/json"))
    assert (json.fault and json.fault.own_code) == "InvalidMessage"
    assert hand.post("unknown", body, SINGLE).status_code == 404


def test_the_answer_tells_which_message_it_answers(hand: Hand) -> None:
    body = hand.envelope(FIND, QUERY)
    sent = soap.read(etree.fromstring(body)).message_id
    answer = hand.post("registry", body, SINGLE)
    assert soap.read(etree.fromstring(answer.content)).relates_to == sent
    fault = hand.post("registry", body.replace(b"<wsa:To>", b"<!--<wsa:To>-->").replace(b"</wsa:To>", b""), SINGLE)
    assert fault.status_code == 500


# ---------------------------------------------------------------- who calls


def test_a_session_without_certificate_is_refused_by_tls(hand: Hand) -> None:
    with pytest.raises(requests.exceptions.ConnectionError):
        hand.post("registry", hand.envelope(FIND, QUERY), SINGLE, certificate=False)


def test_the_services_are_not_open_in_clear(hand: Hand) -> None:
    url = f"{hand.running.base_url}/services/registry"
    answer = requests.post(url, data=hand.envelope(FIND, QUERY), headers={"Content-Type": SINGLE}, timeout=30)
    fault = read(answer).fault
    assert (answer.status_code, fault and fault.own_code) == (500, "DMPInvalidCertificate")


@pytest.mark.parametrize(
    ("minutes", "code"), [(-90, "MessageExpired"), (30, "MessageExpired"), (-4, ""), (4, "")],
)  # fmt: skip
def test_an_assertion_lives_an_hour_and_clocks_may_differ_a_little(hand: Hand, minutes: int, code: str) -> None:
    assertion = hand.assertion(at=datetime.now(UTC) + timedelta(minutes=minutes))
    answer = hand.ask("registry", FIND, QUERY, assertion)
    assert (answer.fault.own_code if answer.fault else "") == code


def test_one_changed_byte_breaks_the_assertion(hand: Hand) -> None:
    changed = hand.assertion().replace("ÉVENO".encode(), b"AUTRE")
    fault = hand.ask("registry", FIND, QUERY, changed).fault
    assert fault is not None
    assert fault.own_code == "FailedCheck"


@pytest.mark.parametrize("mode", ["indirect", "air"])
def test_the_structure_of_the_assertion_is_that_of_the_certificates(hand: Hand, mode: Any) -> None:
    fault = hand.ask("registry", FIND, QUERY, hand.assertion(mode, structure="1990000028")).fault
    assert fault is not None
    assert fault.own_code == "DMPIdentityCertificationFailure"


def test_the_patient_of_the_assertion_is_that_of_the_message(hand: Hand) -> None:
    other = Identifier(wire.PATIENT.root, "279035121518989")
    query = hl7v3.ExistenceQuery(other, Identifier("1.2.250.1.999.9", "1"), Identifier("1.2.250.1.999.9", "2"))
    payload = hl7v3.existence_query(query, hl7v3.Sender("1.2.250.1.999.9", "essais"), datetime.now(UTC))
    fault = hand.ask("patients", payload, EXISTENCE).fault
    assert (fault and fault.own_code) == "DMPIdentityCertificationFailure"
    submission = signed(hand)
    entries = tuple(replace(one, patient_id=other) for one in submission.entries)
    moved = replace(submission, entries=entries, set=replace(submission.set, patient_id=other))
    fault = hand.feed(moved).fault
    assert (fault and fault.own_code) == "DMPIdentityCertificationFailure"


def test_a_certificate_of_another_authority_or_another_use_signs_nothing(hand: Hand) -> None:
    from adapter.dmp.simulator.soap.authority import make_authority
    from adapter.dmp.xds import vihf
    from adapter.dmp.xds.signing import FileSigner
    from tests.dmp.simulator.soap.users import access

    stranger = make_authority().card
    wrong_use = signer(hand.running, "client")
    for one in (FileSigner.from_pem(stranger.certificate, stranger.key), wrong_use):
        said = vihf.assertion(
            vihf.caller(access()), wire.PATIENT, one, now=datetime.now(UTC), assertion_id=f"_{uuid4()}"
        )
        fault = hand.ask("registry", FIND, QUERY, said).fault
        assert (fault and fault.own_code) == "DMPInvalidCertificate"


@pytest.mark.parametrize(
    ("mode", "service", "action", "payload"),
    [
        ("indirect", "repository", RETRIEVE, retrieve.build([retrieve.Wanted(names.DMP_REPOSITORY, OID)])),
        ("indirect", "registry", QUERY, queries.build(queries.StoredQuery(queries.FIND_SETS, ()))),
        ("indirect", "registry", QUERY, FIND),
    ],
)
def test_rights_follow_the_mode(hand: Hand, mode: Any, service: str, action: str, payload: etree._Element) -> None:
    answer = hand.ask(service, payload, action, hand.assertion(mode))
    response = answer.payload if service == "registry" else answer.payload[0]
    codes = [one.get("errorCode") for one in response.iter("{*}RegistryError")]
    assert (answer.status, codes) == (200, ["LocalPolicyRestrictionError"])


@pytest.mark.parametrize("mode", ["air", "indirect-reinforced"])
def test_pro_sante_connect_feeds_nothing(hand: Hand, mode: Any) -> None:
    answer = hand.feed(signed(hand), assertion=hand.assertion(mode))
    assert answer.codes == ["LocalPolicyRestrictionError"]
    assert state(hand)["contents"] == 0


# ---------------------------------------------------------------- feeding


def test_documents_travel_as_parts(hand: Hand) -> None:
    payload, parts = provided(signed(hand))
    for document, part in zip(payload.findall("{urn:ihe:iti:xds-b:2007}Document"), parts, strict=True):
        document.remove(document[0])
        document.text = b64encode(bytes(part.content)).decode()
    inline = mtom.write(hand.envelope(payload, FEED), (), action=FEED, boundary="b")
    answer = read(hand.post("repository", bytes(inline.body), inline.content_type))
    assert set(answer.codes) == {"XDSRepositoryMetadataError", "XDSMissingDocument"}
    plain = hand.post("repository", hand.envelope(payload, FEED), f'application/soap+xml; action="{FEED}"')
    fault = read(plain).fault
    assert (fault and fault.own_code) == "InvalidMessage"


def _remove(payload: etree._Element, name: str) -> None:
    held = next(slot(payload, name).iterancestors(f"{R}Slot"))
    parent = held.getparent()
    assert parent is not None
    parent.remove(held)


def _set(name: str, value: str) -> Change:
    return lambda payload: setattr(slot(payload, name), "text", value)


def _code(scheme: str, value: str) -> Change:
    def change(payload: etree._Element) -> None:
        document = next(one for one in payload.iter(f"{R}ExtrinsicObject") if one.get("id") == "Document01")
        held = next(one for one in document.iter(f"{R}Classification") if one.get("classificationScheme") == scheme)
        held.set("nodeRepresentation", value)

    return change


def _drop(tag: str, rank: int = 0) -> Change:
    def change(payload: etree._Element) -> None:
        held = list(payload.iter(tag))[rank]
        parent = held.getparent()
        assert parent is not None
        parent.remove(held)

    return change


def _author(payload: etree._Element) -> None:
    held = slot(payload, "legalAuthenticator")
    for value in payload.iter(f"{R}Value"):
        if value is not held and value.text and value.text.startswith("899700100003^"):
            value.text = value.text.replace("899700100003", "899700100011")


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (_set("hash", "0" * 40), {"XDSNonIdenticalHash"}),
        (_set("hash", "abc"), {"XDSNonIdenticalHash"}),
        (_set("size", "12"), {"XDSNonIdenticalSize"}),
        (_set("creationTime", "20200101000000"), {"XDSRegistryMetadataError"}),
        (_set("serviceStartTime", "20200101000000"), {"XDSRegistryMetadataError"}),
        (_set("legalAuthenticator", "899700100011^X^Y^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"),
         {"XDSRegistryMetadataError"}),
        (_set("languageCode", "de-DE"), {"XDSRegistryMetadataError"}),
        (lambda payload: _remove(payload, "sourcePatientInfo"), {"XDSRegistryMetadataError"}),
        (lambda payload: _remove(payload, "creationTime"), {"XDSRegistryMetadataError"}),
        (_author, {"XDSRegistryMetadataError"}),
        (_code(names.TYPE, "34133-9"), {"XDSRegistryMetadataError"}),
        (_code(names.TYPE, "00000-0"), {"XDSRegistryMetadataError"}),
        (_code(names.CLASS, "77"), {"XDSRegistryMetadataError"}),
        (_code(names.FACILITY, "SA99"), {"XDSRegistryMetadataError"}),
        (_code(names.PRACTICE_SETTING, "RIEN"), {"XDSRegistryMetadataError"}),
        (_code(names.FORMAT, "urn:rien"), {"XDSRegistryMetadataError"}),
        (_code(names.CONFIDENTIALITY, "V"), {"XDSRegistryMetadataError"}),
        (_drop("{urn:ihe:iti:xds-b:2007}Document"), {"XDSMissingDocument"}),
        (_drop(f"{R}ExtrinsicObject"), {"XDSRepositoryMetadataError", "XDSMissingDocumentMetadata"}),
        (_drop(f"{R}RegistryPackage"), {"XDSRepositoryMetadataError"}),
        (_drop(f"{R}Association"), {"XDSMissingDocumentMetadata"}),
        (_drop(f"{R}Association", -1), {"XDSRepositoryMetadataError"}),
    ],
)  # fmt: skip
def test_metadata_are_held_against_the_document_and_the_lists(hand: Hand, change: Change, codes: set[str]) -> None:
    answer = hand.feed(signed(hand), changed=change)
    assert answer.fault is None
    assert answer.status == 200
    assert set(answer.codes) <= codes
    assert answer.codes
    assert all(one.context for one in answer.response.errors)
    assert state(hand)["contents"] == 0, "nothing was done"


def test_hash_and_size_may_be_left_to_the_repository(hand: Hand) -> None:
    def change(payload: etree._Element) -> None:
        for name in ("hash", "size"):
            _remove(payload, name)

    assert hand.feed(signed(hand), changed=change).codes == []
    (told,) = (one for one in _documents(hand) if one.identifier(names.UNIQUE) == OID)
    assert (told.slot_value("hash"), told.slot_value("size")) == (sha1(wire.CDA).hexdigest(), str(len(wire.CDA)))


def test_a_set_is_signed_once_and_rightly(hand: Hand) -> None:
    bare = wire.submission()
    assert "XDSRepositoryMetadataError" in hand.feed(bare).codes
    submission = signed(hand)
    other = Submission(submission.set, submission.entries, (wire.CDA, submission.contents[1] + b" "))
    changed = replace(other.entries[1], size_bytes=len(other.contents[1]), hash_sha1=sha1(other.contents[1]).digest())
    assert hand.feed(replace(other, entries=(other.entries[0], changed))).codes == []


def test_the_signature_is_that_of_these_documents(hand: Hand) -> None:
    submission = signed(hand)
    cda = wire.CDA.replace(b"</ClinicalDocument>", b"<!-- x --></ClinicalDocument>")
    entry = replace(submission.entries[0], size_bytes=len(cda), hash_sha1=sha1(cda).digest())
    moved = Submission(submission.set, (entry, submission.entries[1]), (cda, submission.contents[1]))
    assert hand.feed(moved).codes == ["XDSRepositoryError"]


def test_a_unique_id_serves_once(hand: Hand, structure: XdsClient) -> None:
    structure.submit(wire.submission())
    again = hand.feed(signed(hand))
    assert set(again.codes) == {"XDSDuplicateUniqueIdInRegistry"}


def test_a_document_beyond_the_size_limit_is_told(hand: Hand) -> None:
    big = wire.CDA.replace(b"</ClinicalDocument>", b"<!--" + b"x" * 200_000 + b"--></ClinicalDocument>")
    submission = wire.submission()
    entry = replace(submission.entries[0], size_bytes=len(big), hash_sha1=sha1(big).digest())
    answer = hand.feed(signed(hand, Submission(submission.set, (entry,), (big,))))
    assert answer.codes == ["XDSRepositoryOutOfResources"]


def test_only_the_last_approved_version_is_replaced(hand: Hand, structure: XdsClient, doctor: XdsClient) -> None:
    structure.submit(original())
    corrected = wire.submission(replaces=True)
    old = corrected.entries[0].replaces
    unknown = hand.feed(signed(hand, corrected), replaced={old: f"urn:uuid:{uuid4()}"})
    assert unknown.codes == ["XDSReplaceFailed"]
    doctor.set_archived(wire.PATIENT, old, True)
    (held,) = doctor.find(wire.PATIENT, old)
    archived = hand.feed(signed(hand, corrected), replaced={old: f"urn:uuid:{held.entry_uuid}"})
    assert archived.codes == ["XDSRegistryDeprecatedDocumentError"]
    doctor.set_archived(wire.PATIENT, old, False)
    (held,) = doctor.find(wire.PATIENT, old)
    assert hand.feed(signed(hand, corrected), replaced={old: f"urn:uuid:{held.entry_uuid}"}).codes == []
    (held,) = doctor.find(wire.PATIENT, old)
    third = replace(corrected, set=replace(corrected.set, unique_id="2.25.5"))
    third = replace(third, entries=(replace(third.entries[0], unique_id="2.25.6"),))
    codes = hand.feed(signed(hand, third), replaced={old: f"urn:uuid:{held.entry_uuid}"}).codes
    assert "XDSRegistryMetadataError" in codes or "XDSRegistryDeprecatedDocumentError" in codes


# ---------------------------------------------------------------- searching, reading, changing


def _documents(hand: Hand) -> list[ebxml.ExtrinsicObject]:
    answer = queries.read_answer(hand.ask("registry", FIND, QUERY).payload)
    assert answer is not None
    return [one for one in answer.objects if isinstance(one, ebxml.ExtrinsicObject)]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (queries.StoredQuery("urn:uuid:00000000-0000-0000-0000-000000000000", ()), "XDSUnknownStoredQuery"),
        (queries.StoredQuery(queries.GET_DOCUMENTS, ()), "XDSStoredQueryMissingParam"),
        (queries.StoredQuery(queries.FIND_DOCUMENTS, ()), "XDSStoredQueryMissingParam"),
        (
            queries.StoredQuery(
                queries.FIND_DOCUMENTS,
                (queries.any_of("$XDSDocumentEntryPatientId", [hl7.cx(wire.PATIENT, "NH")]),),
            ),
            "XDSStoredQueryParamNumber",
        ),
    ],
)
def test_a_query_that_lacks_something_is_refused(hand: Hand, query: queries.StoredQuery, code: str) -> None:
    answer = queries.read_answer(hand.ask("registry", queries.build(query), QUERY).payload)
    assert answer is not None
    assert [one.code for one in answer.response.errors] == [code]


@pytest.mark.parametrize(
    ("repository", "unique_id", "code"),
    [
        (names.DMP_REPOSITORY, "1.2.3", "XDSDocumentUniqueIdError"),
        ("1.2.3", OID, "XDSUnknownRepositoryId"),
        (names.DMP_REPOSITORY, f"urn:uuid:{uuid4()}", "XDSDocumentUniqueIdError"),
    ],
)
def test_what_cannot_be_read_is_told(hand: Hand, repository: str, unique_id: str, code: str) -> None:
    answer = hand.ask("repository", retrieve.build([retrieve.Wanted(repository, unique_id)]), RETRIEVE)
    assert [one.get("errorCode") for one in answer.payload.iter("{*}RegistryError")] == [code]


def test_a_part_of_what_is_asked_is_given_with_the_rest_told(hand: Hand, structure: XdsClient) -> None:
    structure.submit(wire.submission())
    wanted = [retrieve.Wanted(names.DMP_REPOSITORY, OID), retrieve.Wanted(names.DMP_REPOSITORY, "1.2.3")]
    answer = hand.ask("repository", retrieve.build(wanted), RETRIEVE)
    found = retrieve.read_answer(answer.payload, answer.received.parts)
    assert found is not None
    assert [bytes(one.content) for one in found.documents] == [wire.CDA]
    assert found.response.partial


def _update(hand: Hand, change: Callable[[ebxml.ExtrinsicObject], ebxml.SubmitObjects]) -> list[str]:
    (document,) = _documents(hand)
    return hand.ask("registry", ebxml.build(change(document)), UPDATE).codes


def _lot() -> Any:
    from adapter.dmp.xds.update import ChangeSet
    from adapter.submission.prepare import CONSULTATION

    author = ebxml.Classification(
        id="", representation="",
        slots=(ebxml.slot("authorPerson", "899700100003^ÉVENO^Claire^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"),),
    )  # fmt: skip
    return ChangeSet(
        f"2.25.{uuid4().int}", "1.2.250.1.999.9", wire.PATIENT, datetime.now(UTC), CONSULTATION, author, "Gestion"
    )


def test_a_change_is_of_the_last_version_and_of_visibility_only(hand: Hand, structure: XdsClient) -> None:
    from adapter.dmp.xds import update

    structure.submit(wire.submission())

    def masked(document: ebxml.ExtrinsicObject) -> ebxml.ExtrinsicObject:
        found = update.mask(document, "INVISIBLE_PATIENT", on=True)
        assert found is not None
        return found

    def stale(document: ebxml.ExtrinsicObject) -> ebxml.SubmitObjects:
        return update.whole(replace(masked(document), version=ebxml.VersionInfo("9")), _lot())

    def retitled(document: ebxml.ExtrinsicObject) -> ebxml.SubmitObjects:
        return update.whole(replace(masked(document), name=ebxml.text("Autre titre")), _lot())

    def archived_twice(document: ebxml.ExtrinsicObject) -> ebxml.SubmitObjects:
        return update.availability(document.id, names.ARCHIVED, names.APPROVED, _lot())

    def impossible(document: ebxml.ExtrinsicObject) -> ebxml.SubmitObjects:
        return update.availability(document.id, names.APPROVED, names.DEPRECATED, _lot())

    def elsewhere(document: ebxml.ExtrinsicObject) -> ebxml.SubmitObjects:
        return update.availability(f"urn:uuid:{uuid4()}", names.APPROVED, names.DELETED, _lot())

    assert _update(hand, stale) == ["XDSMetadataVersionError"]
    assert _update(hand, retitled) == ["UnmodifiableMetadataError"]
    assert _update(hand, archived_twice) == ["XDSMetadataUpdateError"]
    assert _update(hand, impossible) == ["XDSMetadataUpdateOperationError"]
    assert _update(hand, elsewhere) == ["XDSMetadataIdentifierError"]
    (document,) = _documents(hand)
    assert document.version is not None
    assert document.version.name == "1", "nothing was done"
    assert _update(hand, lambda one: update.whole(masked(one), _lot())) == []


def test_a_blocked_professional_opens_nothing(running: RunningSimulator, hand: Hand) -> None:
    row = read_patient({"ins": wire.PATIENT.value, "root": wire.PATIENT.root, "blocked": ["99700100003"]})
    running.app.state.registry.register_patient(row)
    answer = queries.read_answer(hand.ask("registry", FIND, QUERY).payload)
    assert answer is not None
    assert [one.code for one in answer.response.errors] == ["DMPAccessForbidden"]


def test_a_filter_that_is_not_applied_is_refused_and_authors_are_found_by_pattern(
    hand: Hand, structure: XdsClient
) -> None:
    structure.submit(wire.submission())
    asked = (
        queries.one("$XDSDocumentEntryPatientId", hl7.cx(wire.PATIENT, "NH")),
        queries.any_of("$XDSDocumentEntryStatus", [names.APPROVED]),
    )

    def found(*more: queries.Parameter) -> queries.QueryAnswer:
        query = queries.StoredQuery(queries.FIND_DOCUMENTS, (*asked, *more))
        answer = queries.read_answer(hand.ask("registry", queries.build(query), QUERY).payload)
        assert answer is not None
        return answer

    (refused,) = found(queries.any_of("$XDSDocumentEntryReferenceIdList", ["x"])).response.errors
    assert refused.code == "XDSStoredQueryParamNumber"
    assert len(found(queries.any_of("$XDSDocumentEntryAuthorPerson", ["8997001____3^%"])).objects) == 2
    assert found(queries.any_of("$XDSDocumentEntryAuthorPerson", ["%^AUTRE^%"])).objects == ()


def test_a_document_is_not_hidden_from_both_sides(hand: Hand) -> None:
    submission = wire.submission(masks=("MASQUE_PS",))
    (entry,) = submission.entries
    both = replace(entry.confidentiality[-1], code="INVISIBLE_PATIENT")
    hidden = replace(submission, entries=(replace(entry, confidentiality=(*entry.confidentiality, both)),))
    assert hand.feed(signed(hand, hidden)).codes == ["LocalPolicyRestrictionError"]
    assert state(hand)["contents"] == 0


def test_the_set_is_signed_by_the_structure_that_calls(hand: Hand) -> None:
    submission = dsg.sign(wire.submission(), signer(hand.running, "signature-structure"))
    said = hand.assertion("indirect")
    assert hand.feed(submission, assertion=said).codes == []
