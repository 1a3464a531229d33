"""TD3.3: masks, archive, deletion."""

from __future__ import annotations

from typing import Any, get_args
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
import requests
import responses
from hypothesis import example, given
from hypothesis import strategies as st

from adapter.dmp import Mask
from adapter.dmp.pdsm.patches import archive_patch, mask_patch
from adapter.errors import DmpAccessDenied, DmpError, DmpRejected, DmpUnreachable, OutcomeUnknown
from tests.dmp import wire
from tests.dmp.wire import BASE, IS_ARCHIVED, PATIENT, TRE_A07, Json, answer, client, outcome, searchset, sent, stored

OID = wire.DOCUMENT.oid
SEARCH = "/DocumentReference/_search"
TARGET = "/DocumentReference"
HIDDEN = {"coding": [{"system": TRE_A07, "code": "INVISIBLE_PATIENT", "display": "Non visible par le patient"}]}


def _serves(held: Json, changed: Json | bytes = b"", status: int = 200, etag: str = "") -> None:
    answer("POST", SEARCH, searchset(held))
    answer("PATCH", TARGET, changed, status, {"ETag": etag} if etag else None)


@responses.activate
def test_a_mask_is_a_conditional_json_patch_on_the_version_read() -> None:
    _serves(stored(version="5"), stored("INVISIBLE_PATIENT", version="6"), etag='W/"6"')
    found = client().set_mask(PATIENT, OID, "INVISIBLE_PATIENT", True)
    assert (found.masks, found.version) == (("INVISIBLE_PATIENT",), 'W/"6"')
    request = sent()
    url = urlsplit(request.url)
    assert request.method == "PATCH"
    assert f"{url.scheme}://{url.netloc}{url.path}" == BASE + TARGET
    assert parse_qs(url.query) == {"identifier": [f"urn:ietf:rfc:3986|urn:oid:{OID}"]}
    assert request.headers["Content-Type"] == "application/json-patch+json"
    assert request.headers["If-Match"] == 'W/"5"'
    assert orjson.loads(request.body) == [{"op": "add", "path": "/securityLabel/-", "value": HIDDEN}]


@responses.activate
def test_lifting_a_mask_removes_its_rank_after_a_test() -> None:
    _serves(stored("INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"), stored("INVISIBLE_PATIENT"))
    client().set_mask(PATIENT, OID, "INVISIBLE_REPRESENTANTS_LEGAUX", False)
    assert orjson.loads(sent().body) == [
        {"op": "test", "path": "/securityLabel/2/coding/0/code", "value": "INVISIBLE_REPRESENTANTS_LEGAUX"},
        {"op": "remove", "path": "/securityLabel/2"},
    ]


@responses.activate
def test_archiving_replaces_the_flag_at_its_rank() -> None:
    _serves(stored(), stored(archived=True))
    assert client().set_archived(PATIENT, OID, True).archived
    assert orjson.loads(sent().body) == [
        {"op": "test", "path": "/extension/0/url", "value": IS_ARCHIVED},
        {"op": "replace", "path": "/extension/0/valueBoolean", "value": True},
    ]


@responses.activate
def test_archiving_adds_the_flag_where_there_is_none() -> None:
    _serves(stored(archived=None), stored(archived=True))
    client().set_archived(PATIENT, OID, True)
    assert orjson.loads(sent().body) == [
        {"op": "add", "path": "/extension", "value": [{"url": IS_ARCHIVED, "valueBoolean": True}]}
    ]


@responses.activate
def test_what_is_so_already_is_not_asked_again() -> None:
    answer("POST", SEARCH, searchset(stored("INVISIBLE_PATIENT", archived=True)))
    assert client().set_mask(PATIENT, OID, "INVISIBLE_PATIENT", True).masks == ("INVISIBLE_PATIENT",)
    assert client().set_mask(PATIENT, OID, "MASQUE_PS", False).masks == ("INVISIBLE_PATIENT",)
    assert client().set_archived(PATIENT, OID, True).archived
    assert {call.request.method for call in responses.calls} == {"POST"}


@responses.activate
def test_a_document_changed_meanwhile_is_read_again_once() -> None:
    answer("POST", SEARCH, searchset(stored(version="1")))
    answer("POST", SEARCH, searchset(stored(version="2", archived=True)))
    answer("PATCH", TARGET, outcome("conflict"), 412)
    answer("PATCH", TARGET, stored("INVISIBLE_PATIENT", version="3"))
    assert client().set_mask(PATIENT, OID, "INVISIBLE_PATIENT", True).version == 'W/"3"'
    assert [c.request.headers.get("If-Match") for c in responses.calls] == [None, 'W/"1"', None, 'W/"2"']


@responses.activate
def test_a_document_that_keeps_changing_is_left() -> None:
    _serves(stored(), outcome("conflict"), 412)
    with pytest.raises(DmpRejected) as fault:
        client().set_archived(PATIENT, OID, True)
    assert fault.value.code == "conflict"
    assert len(responses.calls) == 4


@pytest.mark.parametrize("body", [b"", outcome("informational", severity="information")])
@responses.activate
def test_an_answer_without_the_document_is_followed_by_a_look(body: Json | bytes) -> None:
    answer("POST", SEARCH, searchset(stored()))
    answer("POST", SEARCH, searchset(stored(archived=True)))
    answer("PATCH", TARGET, body)
    assert client().set_archived(PATIENT, OID, True).archived


@responses.activate
def test_a_change_that_hides_the_document_from_who_asked_is_no_failure() -> None:
    answer("POST", SEARCH, searchset(stored()))
    answer("POST", SEARCH, searchset())
    answer("PATCH", TARGET, b"")
    found = client().set_mask(PATIENT, OID, "MASQUE_PS", True)
    assert (found.unique_id, found.version) == (OID, "")


@pytest.mark.parametrize("key", ["..", ".", "a/b", "../Patient", "", "x" * 65, "a?b"])
@responses.activate
def test_an_id_that_is_none_goes_into_no_url(key: str) -> None:
    answer("POST", SEARCH, searchset(stored(id=key)))
    with pytest.raises(DmpUnreachable) as fault:
        client().delete(PATIENT, OID)
    assert fault.value.code == "no-location"
    assert len(responses.calls) == 1


@responses.activate
def test_both_masks_together_are_refused_before_they_leave() -> None:
    answer("POST", SEARCH, searchset(stored("INVISIBLE_PATIENT")))
    with pytest.raises(DmpRejected) as fault:
        client().set_mask(PATIENT, OID, "MASQUE_PS", True)
    assert fault.value.code == "SUB-MASKS"
    assert len(responses.calls) == 1


@pytest.mark.parametrize(("held", "code"), [((), "not-found"), ((stored(), stored()), "several-entries")])
@responses.activate
def test_no_document_or_several_are_refused(held: tuple[Json, ...], code: str) -> None:
    answer("POST", SEARCH, searchset(*held))
    for change in (
        lambda: client().set_archived(PATIENT, OID, True),
        lambda: client().set_mask(PATIENT, OID, "MASQUE_PS", True),
        lambda: client().delete(PATIENT, OID),
    ):
        with pytest.raises(DmpRejected) as fault:
            change()
        assert fault.value.code == code


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, outcome("forbidden"), DmpAccessDenied),
        (405, outcome("not-supported"), DmpRejected),
        (422, outcome("value"), DmpRejected),
        (500, b"", OutcomeUnknown),
        (200, "<html>", OutcomeUnknown),
        (200, outcome("invalid"), DmpRejected),
    ],
)
@responses.activate
def test_every_answer_to_a_change_tells_what_may_have_happened(
    status: int, body: Json | bytes | str, kind: type[DmpError]
) -> None:
    answer("POST", SEARCH, searchset(stored()))
    answer("PATCH", TARGET, body, status)
    answer("DELETE", "/DocumentReference/d1", body, status)
    for change in (lambda: client().set_archived(PATIENT, OID, True), lambda: client().delete(PATIENT, OID)):
        with pytest.raises(DmpError) as fault:
            change()
        assert type(fault.value) is kind


@responses.activate
def test_a_change_without_answer_is_not_sent_again() -> None:
    answer("POST", SEARCH, searchset(stored()))
    responses.add("PATCH", BASE + TARGET, body=requests.ReadTimeout())
    with pytest.raises(OutcomeUnknown):
        client().set_archived(PATIENT, OID, True)
    assert len(responses.calls) == 2


@pytest.mark.parametrize(
    ("status", "body"), [(204, b""), (200, b""), (200, outcome("informational", "", "information"))]
)
@responses.activate
def test_deletion_names_the_version_that_it_saw(status: int, body: Json | bytes) -> None:
    answer("POST", SEARCH, searchset(stored(version="9")))
    answer("DELETE", "/DocumentReference/d1", body, status)
    client().delete(PATIENT, OID)
    request = sent()
    assert (request.method, request.url) == ("DELETE", f"{BASE}/DocumentReference/d1")
    assert request.headers["If-Match"] == 'W/"9"'
    assert request.body is None


@responses.activate
def test_deletion_of_a_document_changed_meanwhile_is_tried_once_more() -> None:
    answer("POST", SEARCH, searchset(stored()))
    answer("DELETE", "/DocumentReference/d1", b"", 412)
    answer("DELETE", "/DocumentReference/d1", b"", 204)
    client().delete(PATIENT, OID)
    assert len(responses.calls) == 4


# ---------------------------------------------------------------- patches by themselves

MASKS: tuple[Mask, ...] = get_args(Mask)
CODES = st.sampled_from(("N", "R", *MASKS))
LABELS = st.lists(st.lists(CODES, min_size=1, max_size=3).map(lambda codes: {"coding": [_label(c) for c in codes]}))


def _label(code: str) -> Json:
    return {
        "system": TRE_A07 if code in MASKS else "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
        "code": code,
    }


def _applied(resource: Json, patch: list[Json]) -> Json:
    """The resource once patched: as much of RFC 6902 as we send."""
    result: Json = orjson.loads(orjson.dumps(resource))
    for operation in patch:
        *path, last = operation["path"].split("/")[1:]
        place: Any = result
        for step in path:
            place = place[int(step)] if isinstance(place, list) else place[step]
        key: Any = int(last) if isinstance(place, list) and last != "-" else last
        if operation["op"] == "test":
            assert place[key] == operation["value"]
        elif operation["op"] == "remove":
            del place[key]
        elif isinstance(place, list) and operation["op"] == "add":
            place.insert(len(place) if key == "-" else key, operation["value"])
        else:
            place[key] = operation["value"]
    return result


def _codes(resource: Json) -> list[str]:
    return [coding["code"] for label in resource.get("securityLabel", []) for coding in label["coding"]]


@example(labels=[{"coding": [_label("MASQUE_PS")] * 2}], mask="MASQUE_PS", on=False)
@given(labels=LABELS, mask=st.sampled_from(MASKS), on=st.booleans())
def test_a_mask_patch_does_what_it_says_and_nothing_else(labels: list[Json], mask: Mask, on: bool) -> None:
    before: Json = {"securityLabel": labels} if labels else {}
    after = _applied(before, mask_patch(before, mask, on))
    assert (mask in _codes(after)) is on
    assert [c for c in _codes(after) if c != mask] == [c for c in _codes(before) if c != mask]
    assert all(label["coding"] for label in after.get("securityLabel", []))
    assert mask_patch(after, mask, on) == []


@given(others=st.integers(0, 3), held=st.sampled_from((None, True, False)), archived=st.booleans())
def test_an_archive_patch_does_what_it_says_and_nothing_else(others: int, held: bool | None, archived: bool) -> None:
    extensions: list[Json] = [{"url": f"urn:x:{n}", "valueString": "x"} for n in range(others)]
    if held is not None:
        extensions.insert(others // 2, {"url": IS_ARCHIVED, "valueBoolean": held})
    before: Json = {"extension": extensions} if extensions else {}
    after = _applied(before, archive_patch(before, archived))
    flags = [e["valueBoolean"] for e in after.get("extension", []) if e["url"] == IS_ARCHIVED]
    assert flags == ([archived] if archived or held is not None else [])
    assert [e for e in after.get("extension", []) if e["url"] != IS_ARCHIVED] == [
        e for e in extensions if e["url"] != IS_ARCHIVED
    ]
    assert archive_patch(after, archived) == []
