"""Deposits: what enters, what is refused, and that nothing enters by halves."""

from __future__ import annotations

import copy
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from adapter.dmp.simulator.deposits import entry_resources
from tests.dmp.simulator.conftest import Caller, codes
from tests.dmp.simulator.deposited import (
    AS_AIR,
    AS_AUTHOR,
    AS_PATIENT,
    INS,
    INS_SYSTEM,
    OTHER_INS,
    binary,
    cda,
    concept,
    deposit,
    oid,
    people,
    post,
    reference,
    simplified,
    submission_set,
    supersede,
    transaction,
    uuid,
)

Json = dict[str, Any]


def test_a_deposit_is_answered_entry_by_entry_in_its_order(caller: Caller) -> None:
    answer = caller.post(deposit("a"))
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/fhir+json"
    told = answer.json()
    assert told["type"] == "transaction-response"
    responses = [entry["response"] for entry in told["entry"]]
    assert [one["location"].split("/")[0] for one in responses] == ["List", "DocumentReference", "Binary"]
    assert all(one["status"] == "201 Created" and one["etag"] == 'W/"1"' for one in responses)


def test_references_inside_the_deposit_become_ids_of_the_server(caller: Caller) -> None:
    told = caller.post(deposit("a")).json()
    _, document, content = [entry["response"]["location"].removesuffix("/_history/1") for entry in told["entry"]]
    (listed,) = [
        entry["resource"] for entry in caller.search("List", status="current", code="submissionset").json()["entry"]
    ]
    found = caller.one("a")
    assert listed["entry"] == [{"item": {"reference": document}}]
    assert found["content"][0]["attachment"]["url"] == f"{caller.base}/{content}"
    assert b"urn:uuid:" not in orjson.dumps([found["content"], listed["entry"], found["subject"]])
    assert caller.session.get(found["content"][0]["attachment"]["url"], timeout=5).content == cda("a")


def test_two_documents_in_one_deposit(caller: Caller) -> None:
    both = transaction(
        post(submission_set(["a", "b"]), uuid("lot")),
        post(reference("a", cda("a")), uuid("a")),
        post(reference("b", cda("b")), uuid("b")),
        post(binary(cda("b")), uuid("bytes of b")),
        post(binary(cda("a")), uuid("bytes of a")),
    )
    assert caller.post(both).status_code == 200
    assert caller.session.get(caller.one("b")["content"][0]["attachment"]["url"], timeout=5).content == cda("b")


Change = Callable[[Json], object]


def _document(bundle: Json) -> Json:
    value: Json = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "DocumentReference")
    return value


def _attachment(bundle: Json) -> Json:
    value: Json = _document(bundle)["content"][0]["attachment"]
    return value


def _drop(*path: str) -> Change:
    def change(bundle: Json) -> None:
        value: Any = _document(bundle)
        for step in path[:-1]:
            value = value[int(step) if step.isdigit() else step]
        del value[path[-1]]

    return change


REFUSALS: dict[str, tuple[Change, int, str]] = {
    "not a transaction": (lambda b: b.update(type="batch"), 422, "XDSRegistryMetadataError"),
    "no profile": (lambda b: b.pop("meta"), 422, "XDSMissingDocumentMetadata"),
    "no set": (lambda b: b["entry"].pop(0), 422, "XDSMissingDocumentMetadata"),
    "two sets": (
        lambda b: b["entry"].append(post(submission_set(["a"]), uuid("twice"))),
        422,
        "XDSMissingDocumentMetadata",
    ),
    "people beside": (
        lambda b: b["entry"].append(post(people()[1], uuid("cabinet"))),
        422,
        "XDSRegistryMetadataError",
    ),
    "same fullUrl twice": (lambda b: b["entry"][0].update(fullUrl=uuid("a")), 422, "XDSRegistryMetadataError"),
    "conditional creation": (
        lambda b: b["entry"][1]["request"].update(ifNoneExist="identifier=1"),
        422,
        "XDSRegistryMetadataError",
    ),
    "no uniqueId": (_drop("masterIdentifier"), 422, "XDSMissingDocumentMetadata"),
    "no use": (_drop("masterIdentifier", "use"), 422, "XDSMissingDocumentMetadata"),
    "no custodian": (_drop("custodian"), 422, "XDSMissingDocumentMetadata"),
    "no type": (_drop("type"), 422, "XDSMissingDocumentMetadata"),
    "no label": (_drop("securityLabel"), 422, "XDSMissingDocumentMetadata"),
    "no period": (_drop("context", "period"), 422, "XDSMissingDocumentMetadata"),
    "no hash": (_drop("content", "0", "attachment", "hash"), 422, "XDSMissingDocumentMetadata"),
    "no size": (_drop("content", "0", "attachment", "size"), 422, "XDSMissingDocumentMetadata"),
    "no format": (_drop("content", "0", "format"), 422, "XDSMissingDocumentMetadata"),
    "data within": (lambda b: _attachment(b).update(data="YQ=="), 422, "XDSRegistryMetadataError"),
    "unknown element": (lambda b: _document(b).update(conclusion="x"), 422, "XDSRegistryMetadataError"),
    "no such day": (lambda b: _document(b).update(date="2026-02-30T00:00:00Z"), 422, "XDSRegistryMetadataError"),
    "uniqueId that is no OID": (
        lambda b: _document(b)["masterIdentifier"].update(value="urn:oid:1.02.3"),
        422,
        "XDSRegistryMetadataError",
    ),
    "docStatus": (lambda b: _document(b).update(docStatus="final"), 422, "XDSRegistryMetadataError"),
    "superseded at once": (lambda b: _document(b).update(status="superseded"), 422, "XDSRegistryMetadataError"),
    "unknown type": (
        lambda b: _document(b).update(type=concept("http://loinc.org", "1-8")),
        422,
        "XDSRegistryMetadataError",
    ),
    "unknown class": (
        lambda b: _document(b).update(category=[concept("http://loinc.org", "10")]),
        422,
        "XDSRegistryMetadataError",
    ),
    "unknown format": (
        lambda b: _document(b)["content"][0].update(format={"system": "urn:x", "code": "y"}),
        422,
        "XDSRegistryMetadataError",
    ),
    "unknown label": (
        lambda b: _document(b)["securityLabel"].append(concept("urn:x", "SECRET")),
        422,
        "XDSRegistryMetadataError",
    ),
    "two levels": (
        lambda b: _document(b)["securityLabel"].append(
            concept("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "R")
        ),
        422,
        "XDSRegistryMetadataError",
    ),
    "wrong size": (lambda b: _attachment(b).update(size=1), 422, "XDSNonIdenticalSize"),
    "wrong hash": (
        lambda b: _attachment(b).update(hash=b64encode(bytes(20)).decode()),
        422,
        "XDSNonIdenticalHash",
    ),
    "hash that is no SHA-1": (lambda b: _attachment(b).update(hash="YQ=="), 422, "XDSNonIdenticalHash"),
    "no content": (lambda b: b["entry"].pop(), 422, "XDSMissingDocument"),
    "content that nothing describes": (
        lambda b: b["entry"].append(post(binary(b"x"), uuid("x"))),
        422,
        "XDSMissingDocumentMetadata",
    ),
    "content without data": (lambda b: b["entry"][-1]["resource"].pop("data"), 422, "XDSMissingDocument"),
    "content not base64": (
        lambda b: b["entry"][-1]["resource"].update(data="é"),
        422,
        "XDSRegistryMetadataError",
    ),
    "content of another type": (
        lambda b: b["entry"][-1]["resource"].update(contentType="application/pdf"),
        422,
        "XDSRegistryMetadataError",
    ),
    "set that leaves the document out": (
        lambda b: b["entry"][0]["resource"]["entry"][0]["item"].update(reference="DocumentReference/none"),
        422,
        "XDSRegistryMetadataError",
    ),
    "other patient in the set": (
        lambda b: b["entry"][0]["resource"]["subject"].update(reference=f"Patient?identifier={INS_SYSTEM}|{OTHER_INS}"),
        422,
        "XDSPatientIdDoesNotMatch",
    ),
    "patient without INS": (
        lambda b: [
            e["resource"]["subject"].update(reference="Patient?identifier=urn:oid:1.2.3|9") for e in b["entry"][:2]
        ],
        422,
        "XDSUnknownPatientId",
    ),
    "unknown patient id": (
        lambda b: _document(b)["subject"].update(reference="Patient/none"),
        422,
        "XDSUnknownPatientId",
    ),
    "contained and never named": (
        lambda b: _document(b)["contained"].append({"resourceType": "Organization", "id": "seule", "name": "X"}),
        422,
        "XDSRegistryMetadataError",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_faulty_deposit_is_refused_whole(caller: Caller, name: str) -> None:
    change, status, code = REFUSALS[name]
    bundle = deposit("a")
    change(bundle)
    answer = caller.post(bundle)
    assert (answer.status_code, code in codes(answer)) == (status, True), answer.text
    assert INS not in answer.text
    counts = caller.state()["counts"]
    assert [counts[key] for key in ("current", "submission_sets", "contents")] == [0, 0, 0]


CONTENTS = {
    "not XML": (b"<ClinicalDocument", "XDSRepositoryMetadataError"),
    "with a DOCTYPE": (b"<!DOCTYPE a><a/>", "XDSRepositoryMetadataError"),
    "not CDA": (b"<a/>", "XDSRepositoryMetadataError"),
    "another id": (cda("b"), "XDSRegistryMetadataError"),
    "another type": (cda("a", code="34133-9"), "XDSRegistryMetadataError"),
    "another patient": (cda("a", ins=OTHER_INS), "XDSPatientIdDoesNotMatch"),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_a_content_that_is_not_what_the_metadata_say_is_refused(caller: Caller, name: str) -> None:
    content, code = CONTENTS[name]
    answer = caller.post(deposit("a", content=content))
    assert (answer.status_code, codes(answer)) == (422, [code])


def test_a_document_beyond_the_limit_is_too_large(caller: Caller) -> None:
    answer = caller.post(deposit("a", content=b" " * 100_001))
    assert (answer.status_code, codes(answer)) == (413, ["XDSRepositoryOutOfResources"])
    answer = caller.post({"resourceType": "Bundle", "language": "x" * 2_000_000})
    assert (answer.status_code, codes(answer)) == (413, ["XDSRepositoryOutOfResources"])


@pytest.mark.parametrize("body", [b"", b"{", b'{"a": 1, "a": 2}', b"[" * 150 + b"]" * 150])
def test_what_is_no_sound_json_is_refused(caller: Caller, body: bytes) -> None:
    answer = requests.post(caller.base, data=body, headers={"Content-Type": "application/fhir+json"}, timeout=5)
    assert answer.status_code == 400
    assert codes(answer)


def test_xml_is_not_read(caller: Caller) -> None:
    answer = caller.post({}, Content_Type="application/fhir+xml")
    assert (answer.status_code, codes(answer)) == (415, ["XDSRegistryMetadataError"])


def test_the_same_deposit_twice_is_a_duplicate(caller: Caller) -> None:
    assert caller.post(deposit("a")).status_code == 200
    answer = caller.post(deposit("a"))
    assert (answer.status_code, set(codes(answer))) == (409, {"XDSDuplicateUniqueIdInRegistry"})
    assert {issue["code"] for issue in answer.json()["issue"]} == {"duplicate"}
    answer = caller.post(simplified("a"), "/DocumentReference")
    assert (answer.status_code, codes(answer)) == (409, ["XDSDuplicateUniqueIdInRegistry"])
    assert caller.state()["counts"]["current"] == 1


def test_a_deleted_document_keeps_its_unique_id(caller: Caller) -> None:
    caller.post(deposit("a"))
    path = f"/DocumentReference/{caller.one('a')['id']}"
    assert caller.send("DELETE", path, **_header(AS_AUTHOR)).status_code == 204
    assert caller.post(deposit("a")).status_code == 409


def _header(actor: Json) -> dict[str, str]:
    return {"X_DMP_Actor": actor["X-DMP-Actor"]}


def test_the_same_unique_id_twice_in_one_message(caller: Caller) -> None:
    bundle = deposit("a")
    twin = copy.deepcopy(bundle["entry"][1])
    twin["fullUrl"] = uuid("twin")
    bundle["entry"].append(twin)
    answer = caller.post(bundle)
    assert (answer.status_code, codes(answer)) == (422, ["XDSRegistryDuplicateUniqueIdInMessage"])


def test_a_correction_replaces_and_the_old_version_stays_readable(caller: Caller) -> None:
    caller.post(deposit("a"))
    before = caller.one("a")
    answer = caller.post(deposit("b", replaces="a", of="a", version=2))
    assert answer.status_code == 200, answer.text
    assert [e["response"]["status"] for e in answer.json()["entry"]] == ["201 Created"] * 2 + ["200 OK", "201 Created"]
    assert answer.json()["entry"][2]["response"]["location"] == f"DocumentReference/{before['id']}/_history/2"
    old, new = caller.one("a"), caller.one("b")
    assert (old["status"], new["status"]) == ("superseded", "current")
    assert old["id"] == before["id"]
    assert old["identifier"] != before["identifier"]
    assert new["relatesTo"][0]["target"]["reference"] == f"DocumentReference/{old['id']}"
    assert [one["id"] for one in caller.found(status="current")] == [new["id"]]
    assert caller.session.get(old["content"][0]["attachment"]["url"], timeout=5).content == cda("a")


REPLACEMENTS: dict[str, tuple[Json, str]] = {
    "without its patch": (
        {**(b := deposit("b", replaces="a", of="a", version=2)), "entry": [b["entry"][i] for i in (0, 1, 3)]},
        "XDSReplaceFailed",
    ),
    "of nothing known": (deposit("b", replaces="z", of="a", version=2), "XDSReplaceFailed"),
    "of another set": (deposit("b", replaces="a", of="b", version=2), "XDSReplaceFailed"),
    "by no later version": (deposit("b", replaces="a", of="a", version=1), "XDSReplaceFailed"),
    "that the CDA does not tell": (
        deposit("b", replaces="a", content=cda("b", of="a", version=2)),
        "XDSReplaceFailed",
    ),
    "of another patient": (
        deposit("b", replaces="a", of="a", version=2, ins=OTHER_INS),
        "XDSPatientIdDoesNotMatch",
    ),
}


@pytest.mark.parametrize("name", REPLACEMENTS)
def test_a_faulty_replacement_changes_nothing(caller: Caller, name: str) -> None:
    caller.post(deposit("a"))
    before = caller.one("a")
    bundle, code = REPLACEMENTS[name]
    answer = caller.post(bundle)
    assert (answer.status_code, code in codes(answer)) == (422, True), answer.text
    assert caller.one("a") == before


def test_a_replaced_document_is_not_replaced_again(caller: Caller) -> None:
    caller.post(deposit("a"))
    caller.post(deposit("b", replaces="a", of="a", version=2))
    answer = caller.post(deposit("c", replaces="a", of="a", version=3))
    assert (answer.status_code, codes(answer)) == (422, ["XDSRegistryDeprecatedDocumentError"])


def test_a_deposit_patches_only_what_it_replaces(caller: Caller) -> None:
    caller.post(deposit("a"))
    bundle = deposit("b")
    bundle["entry"].append(supersede("a"))
    answer = caller.post(bundle)
    assert (answer.status_code, codes(answer)) == (422, ["XDSMetadataUpdateError"])
    assert caller.one("a")["status"] == "current"


def test_a_patch_in_a_deposit_may_be_a_json_patch(caller: Caller) -> None:
    caller.post(deposit("a"))
    bundle = deposit("b", replaces="a", of="a", version=2)
    patch = orjson.dumps([{"op": "replace", "path": "/status", "value": "superseded"}])
    bundle["entry"][2]["resource"] = binary(patch, "application/json-patch+json")
    assert caller.post(bundle).status_code == 200
    assert caller.one("a")["status"] == "superseded"


def test_a_simplified_publication_is_described_and_readable(caller: Caller) -> None:
    answer = caller.post(simplified("a"), "/DocumentReference")
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"{caller.base}/DocumentReference/{answer.json()['id']}/_history/1"
    found = caller.one("a")
    assert found == answer.json()
    assert "data" not in found["content"][0]["attachment"]
    assert found["identifier"][0]["value"].startswith("urn:uuid:")
    assert caller.session.get(found["content"][0]["attachment"]["url"], timeout=5).content == cda("a")


def test_a_simplified_publication_replaces_by_itself(caller: Caller) -> None:
    caller.post(simplified("a"), "/DocumentReference")
    old = caller.one("a")
    correction = simplified("b", replaces="a", of="a", version=2)
    correction["relatesTo"][0]["target"] = {"reference": f"DocumentReference/{old['id']}"}
    assert caller.post(correction, "/DocumentReference").status_code == 201
    assert caller.one("a")["status"] == "superseded"


def test_a_conditional_reference_is_for_transactions(caller: Caller) -> None:
    value = simplified("a")
    value["subject"] = {"reference": f"Patient?identifier={INS_SYSTEM}|{INS}"}
    answer = caller.post(value, "/DocumentReference")
    assert (answer.status_code, codes(answer)) == (422, ["XDSRegistryMetadataError"])


@pytest.mark.parametrize(
    ("state", "status", "code"), [("absent", 422, "XDSUnknownPatientId"), ("closed", 403, "DMPClosed")]
)
def test_without_an_open_dmp_nothing_enters(caller: Caller, state: str, status: int, code: str) -> None:
    caller.send("PUT", "/admin/patients", json={"ins": INS, "state": state})
    answer = caller.post(deposit("a"))
    assert (answer.status_code, codes(answer)) == (status, [code])


def test_a_production_ins_has_no_dmp_here(caller: Caller) -> None:
    text = orjson.dumps(deposit("a")).replace(b"1.2.250.1.213.1.4.10|", b"1.2.250.1.213.1.4.8|")
    answer = caller.post(orjson.loads(text))
    assert answer.status_code == 422
    assert codes(answer) in (["XDSUnknownPatientId"], ["XDSPatientIdDoesNotMatch"])


def test_a_blocked_professional_and_a_mode_without_feeding_are_forbidden(caller: Caller) -> None:
    for actor in (AS_AIR, AS_PATIENT):
        answer = caller.post(deposit("a"), **_header(actor))
        assert (answer.status_code, codes(answer)) == (403, ["LocalPolicyRestrictionError"])
    caller.send("PUT", "/admin/patients", json={"ins": INS, "blocked": ["99700100003"]})
    answer = caller.post(deposit("a"))
    assert (answer.status_code, codes(answer)) == (403, ["DMPAccessForbidden"])
    assert answer.json()["issue"][0]["code"] == "forbidden"


def test_a_fhir_document_sent_as_a_resource_keeps_its_bytes() -> None:
    document = b'{ "resourceType" : "Bundle", "x": "} \\" ]", "entry": [ {"resource": {"a": [1.50]}} ] }'
    body = (
        b'{"entry": [{"request": {"a": {}}}, {"resource": '
        + document
        + b', "fullUrl": "u"}, {"resource": {}}], "a": {}}'
    )
    assert entry_resources(body) == [b"", document, b"{}"]


def test_the_unique_id_of_a_set_is_an_oid(caller: Caller) -> None:
    bundle = deposit("a")
    bundle["entry"][0]["resource"]["identifier"][0]["value"] = "urn:uuid:" + oid("a")
    assert "XDSRegistryMetadataError" in codes(caller.post(bundle))


# ---------------------------------------------------------------- official examples


@pytest.mark.conformance
def test_the_example_deposits_of_the_official_rules_enter(shared_dir: Path, caller: Caller) -> None:
    examples = shared_dir / "fhir" / "examples" / "project"
    body = orjson.loads((examples / "Bundle-iti65-vsp.json").read_bytes())
    assert caller.post(body).status_code == 200


# s01 to s13 are faults of a FHIR document: sent as the content of a deposit whose metadata are right.
DOCUMENTS = [f"s{number:02}" for number in range(1, 14)]


@pytest.mark.conformance
def test_every_invalid_example_is_refused_with_reasons(shared_dir: Path, caller: Caller) -> None:
    examples = shared_dir / "fhir" / "examples"
    files = sorted((examples / "invalid").glob("s*.json"))
    assert len(files) == 22
    accepted = []
    for file in files:
        value = orjson.loads(file.read_bytes())
        path = "/" if value["resourceType"] == "Bundle" else f"/{value['resourceType']}"
        if file.name[:3] in DOCUMENTS:
            bundle = orjson.loads((examples / "project" / "Bundle-iti65-vsp.json").read_bytes())
            _rewrap(bundle, file.read_bytes())
            value = bundle
        answer = caller.post(value, path)
        if answer.status_code < 400 or not codes(answer):
            accepted.append(file.name)
    assert not accepted


def _rewrap(bundle: Json, content: bytes) -> None:
    import hashlib

    attachment = _attachment(bundle)
    attachment["size"] = len(content)
    attachment["hash"] = b64encode(hashlib.sha1(content).digest()).decode()
    bundle["entry"][-1]["resource"]["data"] = b64encode(content).decode()
