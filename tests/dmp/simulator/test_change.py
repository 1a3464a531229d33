"""Changes of a document: masks, archive, deletion, versions, and what stays out of reach."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.dmp.simulator.conftest import Caller, codes
from tests.dmp.simulator.deposited import (
    AS_AIR,
    AS_ATTENDING,
    AS_AUTHOR,
    AS_COLLEAGUE,
    AS_GUARDIAN,
    AS_PATIENT,
    AS_STRUCTURE,
    ATTENDING,
    INS,
    IS_ARCHIVED,
    URI,
    deposit,
    label,
    oid,
    supersede,
)

Json = dict[str, Any]
MASK = [{"op": "add", "path": "/securityLabel/-", "value": label("MASQUE_PS")}]
ARCHIVE = [{"op": "add", "path": "/extension", "value": [{"url": IS_ARCHIVED, "valueBoolean": True}]}]


def _patch(caller: Caller, name: str, patch: Any, actor: Json | None = None, **headers: str) -> requests.Response:
    told = {"Content_Type": "application/json-patch+json", **headers}
    if actor:
        told["X_DMP_Actor"] = actor["X-DMP-Actor"]
    return caller.send("PATCH", f"/DocumentReference?identifier={URI}%7Curn:oid:{oid(name)}", json=patch, **told)


def test_a_change_keeps_the_logical_id_and_moves_version_and_entry_uuid(caller: Caller) -> None:
    caller.post(deposit("a"))
    before = caller.one("a")
    answer = _patch(caller, "a", MASK, AS_AUTHOR)
    assert (answer.status_code, answer.headers["ETag"]) == (200, 'W/"2"'), answer.text
    after = answer.json()
    assert after == caller.one("a", AS_AUTHOR)
    assert (after["id"], after["meta"]["versionId"]) == (before["id"], "2")
    assert after["identifier"] != before["identifier"]
    assert after["masterIdentifier"] == before["masterIdentifier"]
    first = caller.send("GET", f"/DocumentReference/{before['id']}/_history/1", X_DMP_Actor=AS_AUTHOR["X-DMP-Actor"])
    assert first.json() == before


def test_archive_and_back(caller: Caller) -> None:
    caller.post(deposit("a"))
    assert _patch(caller, "a", ARCHIVE, AS_AUTHOR).status_code == 200
    assert [one["id"] for one in caller.found(isArchived="true")] == [caller.one("a")["id"]]
    back = [{"op": "replace", "path": "/extension/0/valueBoolean", "value": False}]
    assert _patch(caller, "a", back, AS_AUTHOR).status_code == 200
    assert caller.found(isArchived="true") == []
    assert _patch(caller, "a", [{"op": "remove", "path": "/extension/0"}], AS_AUTHOR).status_code in (200, 422)


def test_a_fhirpath_patch_does_the_same(caller: Caller) -> None:
    caller.post(deposit("a"))
    patch = supersede("a")["resource"]
    answer = caller.send(
        "PATCH",
        f"/DocumentReference/{caller.one('a')['id']}",
        json=patch,
        Content_Type="application/fhir+json",
        X_DMP_Actor=AS_AUTHOR["X-DMP-Actor"],
    )
    assert answer.status_code == 200, answer.text
    assert caller.one("a")["status"] == "superseded"


@pytest.mark.parametrize(
    ("patch", "status"),
    [
        ([{"op": "replace", "path": "/type/coding/0/code", "value": "34133-9"}], 405),
        ([{"op": "add", "path": "/description", "value": "x"}], 405),
        ([{"op": "remove", "path": "/custodian"}], 405),
        ([{"op": "replace", "path": "", "value": {}}], 405),
        ([{"op": "add", "path": "/extension", "value": [{"url": "urn:x", "valueBoolean": True}]}], 405),
        ([{"op": "replace", "path": "/extension[url:isArchived]", "value": "true"}], 422),
        ([{"op": "replace", "path": "/status", "value": "current "}], 422),
        ([{"op": "replace", "path": "/securityLabel", "value": "N"}], 422),
        ([{"op": "replace", "path": "/securityLabel", "value": []}], 422),
        ([{"op": "remove", "path": "/securityLabel/0"}], 422),
        ([{"op": "remove", "path": "/securityLabel/7"}], 422),
        ([{"op": "add", "path": "/securityLabel/-", "value": label("N")}], 422),
        ([{"op": "add", "path": "/extension", "value": [{"url": IS_ARCHIVED, "valueBoolean": "true"}]}], 422),
        ([{"op": "add", "path": "/extension", "value": []}], 422),
        ([{"op": "test", "path": "/status", "value": "superseded"}, *MASK], 422),
        ([{"op": "burn", "path": "/status"}], 422),
        ([{"op": "replace", "path": "status", "value": "current"}], 422),
        ([{"op": "add", "path": "/status"}], 422),
        ([], 422),
        ({"resourceType": "Parameters", "parameter": []}, 422),
        ({"resourceType": "Patient"}, 422),
        ("x", 422),
    ],
)
def test_anything_else_is_refused_and_changes_nothing(caller: Caller, patch: Any, status: int) -> None:
    caller.post(deposit("a"))
    before = caller.one("a")
    answer = _patch(caller, "a", patch, AS_AUTHOR)
    assert answer.status_code == status, answer.text
    assert codes(answer)
    assert caller.one("a") == before


def test_a_change_of_what_moved_meanwhile_is_refused(caller: Caller) -> None:
    caller.post(deposit("a"))
    assert _patch(caller, "a", ARCHIVE, AS_AUTHOR, If_Match='W/"1"').status_code == 200
    answer = _patch(caller, "a", MASK, AS_AUTHOR, If_Match='W/"1"')
    assert (answer.status_code, codes(answer)) == (412, ["XDSMetadataVersionError"])
    assert _patch(caller, "a", MASK, AS_AUTHOR, If_Match='W/"2"').status_code == 200


def test_only_the_author_deletes_and_nothing_shows_afterwards(caller: Caller) -> None:
    caller.post(deposit("a"))
    found = caller.one("a")
    path = f"/DocumentReference/{found['id']}"
    for actor in (AS_COLLEAGUE, AS_PATIENT, AS_GUARDIAN):
        answer = caller.send("DELETE", path, X_DMP_Actor=actor["X-DMP-Actor"])
        assert (answer.status_code, codes(answer)) == (403, ["LocalPolicyRestrictionError"])
    assert caller.send("DELETE", path, X_DMP_Actor=AS_STRUCTURE["X-DMP-Actor"]).status_code == 204
    assert caller.found(AS_AUTHOR) == []
    assert caller.send("GET", path).status_code == 410
    assert caller.session.get(found["content"][0]["attachment"]["url"], timeout=5).status_code == 410
    (told,) = caller.state()["documents"]
    assert (told["deleted"], told["version"], [v["change"] for v in told["versions"]]) == (
        True,
        2,
        ["création", "suppression"],
    )


def test_deletion_may_be_asked_by_the_status(caller: Caller) -> None:
    caller.post(deposit("a"))
    patch = [{"op": "replace", "path": "/status", "value": "entered-in-error"}]
    assert _patch(caller, "a", patch, AS_COLLEAGUE).status_code == 403
    assert _patch(caller, "a", patch, AS_AUTHOR).status_code == 200
    assert caller.found() == []


READERS = {
    "author": AS_AUTHOR,
    "colleague": AS_COLLEAGUE,
    "attending": AS_ATTENDING,
    "structure": AS_STRUCTURE,
    "air": AS_AIR,
    "patient": AS_PATIENT,
    "guardian": AS_GUARDIAN,
}


@pytest.mark.parametrize(
    ("mask", "blind"),
    [
        ("", set()),
        ("MASQUE_PS", {"colleague"}),
        ("INVISIBLE_PATIENT", {"patient"}),
        ("INVISIBLE_REPRESENTANTS_LEGAUX", {"guardian"}),
    ],
)
def test_who_sees_a_document(caller: Caller, mask: str, blind: set[str]) -> None:
    caller.send("PUT", "/admin/patients", json={"ins": INS, "attending": ATTENDING})
    assert caller.post(deposit("a", masks=[mask] if mask else [])).status_code == 200
    seen = {name for name, actor in READERS.items() if caller.found(actor)}
    assert seen == set(READERS) - blind
    key = caller.one("a", AS_AUTHOR)["id"]
    for name, actor in READERS.items():
        answer = caller.send("GET", f"/DocumentReference/{key}", X_DMP_Actor=actor["X-DMP-Actor"])
        assert answer.status_code == (404 if name in blind else 200), name
        lists = caller.search("List", actor, code="submissionset").json()
        assert ("entry" in lists) == (name not in blind), name


def test_the_indirect_mode_finds_its_own_documents_and_opens_none(caller: Caller) -> None:
    caller.post(deposit("a"))
    url = caller.one("a")["content"][0]["attachment"]["url"]
    assert caller.found(AS_STRUCTURE)
    assert caller.found({"X-DMP-Actor": "professional;structure=other;mode=indirect"}) == []
    answer = caller.session.get(url, headers=AS_STRUCTURE, timeout=5)
    assert (answer.status_code, codes(answer)) == (403, ["LocalPolicyRestrictionError"])
    assert _patch(caller, "a", MASK, AS_STRUCTURE).status_code == 403
    assert caller.session.get(url, headers=AS_AIR, timeout=5).status_code == 200


def test_the_patient_masks_to_professionals_only(caller: Caller) -> None:
    caller.post(deposit("a"))
    assert _patch(caller, "a", MASK, AS_GUARDIAN).status_code == 403
    assert _patch(caller, "a", [{**MASK[0], "value": label("INVISIBLE_PATIENT")}], AS_PATIENT).status_code == 403
    assert _patch(caller, "a", MASK, AS_PATIENT).status_code == 200
    assert caller.found(AS_COLLEAGUE) == []


def test_a_patient_is_at_home_in_his_or_her_own_dmp_only(caller: Caller) -> None:
    answer = caller.search(actor={"X-DMP-Actor": "patient;ins=279035121518989"})
    assert (answer.status_code, codes(answer)) == (403, ["DMPAccessForbidden"])


@pytest.mark.parametrize(
    "header", ["doctor", "professional;rpps=1", "professional;mode=off", "professional;mode=indirect", "patient", "a;b"]
)
def test_a_caller_that_cannot_be_read_is_refused(caller: Caller, header: str) -> None:
    answer = caller.search(actor={"X-DMP-Actor": header})
    assert (answer.status_code, codes(answer)) == (401, ["DMPIdentityCertificationFailure"])


def test_nothing_is_found_under_an_unknown_id(caller: Caller) -> None:
    for path in ("/DocumentReference/none", "/Binary/none", "/Bundle/none", "/List/none", "/nothing"):
        answer = caller.send("GET", path)
        assert answer.status_code == 404, path
        assert codes(answer)
    assert _patch(caller, "a", MASK).status_code == 404
    assert caller.send("PATCH", "/DocumentReference?status=current", json=MASK).status_code == 415
    answer = caller.send("PUT", "/DocumentReference", json={})
    assert (answer.status_code, answer.json()["resourceType"]) == (405, "OperationOutcome")
