"""Whatever a server answers, a method returns a value or raises a typed error: nothing else ever comes out."""

from __future__ import annotations

import contextlib
import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
import responses
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.dmp import Mask
from adapter.dmp.pdsm import PdsmClient
from adapter.dmp.pdsm.answers import found_entry
from adapter.errors import DmpError
from tests.dmp import wire
from tests.dmp.wire import BASE, PATIENT, Json, client, outcome, searchset, stored, submission, transaction_response

OID = wire.DOCUMENT.oid
ANYWHERE = re.compile(re.escape(BASE) + ".*")
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 1e99, "", "x", "urn:oid:", [], [[]], {}, [None], [{}], {"x": []}]
)
PATIENT_ANSWER = searchset(
    {
        "resourceType": "Patient",
        "active": False,
        "generalPractitioner": [{"identifier": {"system": "s", "value": "v"}}],
    },
    outcomes=(outcome("business-rule", "DMPClosed"),),
)
OTHER: Mask = "INVISIBLE_REPRESENTANTS_LEGAUX"
DOCUMENT = stored(
    "INVISIBLE_PATIENT", relatesTo=[{"code": "replaces", "target": {"identifier": {"value": "urn:oid:1"}}}]
)
LIST = {"resourceType": "List", "id": "l", "extension": [{"url": "ihe-sourceId", "valueIdentifier": {}}], "entry": [{}]}
RESPONSE = transaction_response("List/l", "DocumentReference/d", "Binary/b")

# Answers of the server, request by request, and what is asked.
CASES: dict[str, tuple[tuple[Json, ...], Callable[[PdsmClient], Any]]] = {
    "status": ((PATIENT_ANSWER,), lambda c: c.patient_status(PATIENT)),
    "submit": ((RESPONSE,), lambda c: c.submit(submission())),
    "publish": ((DOCUMENT,), lambda c: c.publish(submission())),
    "find": ((searchset(DOCUMENT),), lambda c: c.find(PATIENT, OID)),
    "search": ((searchset(DOCUMENT, next_url="?page=2"), searchset()), lambda c: list(c.search(PATIENT))),
    "sets": ((searchset(LIST),), lambda c: list(c.submission_sets(PATIENT))),
    "mask": ((searchset(DOCUMENT), DOCUMENT), lambda c: c.set_mask(PATIENT, OID, "INVISIBLE_PATIENT", False)),
    "mask-on": ((searchset(DOCUMENT), DOCUMENT), lambda c: c.set_mask(PATIENT, OID, OTHER, True)),
    "archive": ((searchset(DOCUMENT), DOCUMENT), lambda c: c.set_archived(PATIENT, OID, True)),
    "delete": ((searchset(DOCUMENT), outcome("x")), lambda c: c.delete(PATIENT, OID)),
    "read": (
        ({"resourceType": "Binary", "contentType": "text/xml", "data": "PHg+"},),
        lambda c: c.read(found_entry(wire.describing(b"<x>"))),
    ),
    "read-inline": ((DOCUMENT,), lambda c: c.read(found_entry(stored(url="")))),
}  # fmt: skip


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        if key != "contained":
            yield from _places(child, (*path, key))


def _spoilt(value: Json, path: tuple[Any, ...], odd: Any, drop: bool) -> Json:
    result = copy.deepcopy(value)
    place: Any = result
    for step in path[:-1]:
        place = place[step]
    if drop:
        del place[path[-1]]
    else:
        place[path[-1]] = odd
    return result


def _outcome_is_typed(bodies: list[bytes], status: int, ask: Callable[[PdsmClient], Any]) -> None:
    left = list(bodies)

    def serve(_: Any) -> tuple[int, dict[str, str], bytes]:
        return status, {"Content-Type": "application/fhir+json"}, left.pop(0) if left else bodies[-1]

    with responses.RequestsMock(assert_all_requests_are_fired=False) as server:
        for method in ("GET", "POST", "PATCH", "DELETE"):
            server.add_callback(method, ANYWHERE, callback=serve)
        with contextlib.suppress(DmpError):
            ask(client())


@settings(max_examples=60)
@given(data=st.data())
@pytest.mark.parametrize("name", CASES)
def test_a_spoilt_answer_is_a_value_or_a_typed_error(name: str, data: st.DataObject) -> None:
    bodies, ask = CASES[name]
    rank = data.draw(st.integers(0, len(bodies) - 1))
    path = data.draw(st.sampled_from(list(_places(bodies[rank]))))
    spoilt = _spoilt(bodies[rank], path, data.draw(ODD), data.draw(st.booleans()))
    _outcome_is_typed(
        [orjson.dumps(spoilt if i == rank else body) for i, body in enumerate(bodies)],
        data.draw(st.sampled_from([200, 200, 201, 400, 412, 500])),
        ask,
    )


@settings(max_examples=20)
@given(body=st.one_of(st.binary(max_size=40), st.just(b"[" * 100_000), st.just(b'{"a":' * 5_000)))
@pytest.mark.parametrize("name", CASES)
def test_bytes_that_are_no_fhir_are_a_typed_error(name: str, body: bytes) -> None:
    _outcome_is_typed([body], 200, CASES[name][1])
