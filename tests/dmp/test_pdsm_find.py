"""TD0.2, TD3.1, ITI-66 and TD3.2."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
import requests
import responses
from hypothesis import given
from hypothesis import strategies as st

from adapter.dmp import ContentAltered, PatientStatus
from adapter.dmp.pdsm.answers import found_entry
from adapter.errors import DmpAccessDenied, DmpError, DmpRejected, DmpUnreachable
from tests.dmp import wire
from tests.dmp.wire import BASE, PATIENT, Json, answer, client, form, outcome, searchset, sent, stored

INS = f"urn:oid:{PATIENT.root}|{PATIENT.value}"
PATIENT_SEARCH = "/Patient/_search"
SEARCH = "/DocumentReference/_search"


def _patient(active: bool | None = True, **more: Any) -> Json:
    return {"resourceType": "Patient", "id": "p", **({} if active is None else {"active": active}), **more}


def _gp(system: str, value: str) -> Json:
    return {"generalPractitioner": [{"identifier": {"system": system, "value": value}}]}


# ---------------------------------------------------------------- TD0.2


@responses.activate
def test_the_ins_travels_in_the_body_never_in_the_url() -> None:
    answer("POST", PATIENT_SEARCH, searchset(_patient()))
    client().patient_status(PATIENT)
    request = sent()
    assert (request.method, request.url) == ("POST", BASE + PATIENT_SEARCH)
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert form(request) == [("identifier", INS)]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (searchset(), PatientStatus("absent")),
        (searchset(_patient()), PatientStatus("active")),
        (searchset(_patient(None)), PatientStatus("active")),
        (searchset(_patient(False)), PatientStatus("closed")),
        (
            searchset(_patient(False), outcomes=(outcome("business-rule", "DMPClosed", "warning"),)),
            PatientStatus("closed", "DMPClosed"),
        ),
        (
            searchset(_patient(False), outcomes=(outcome("business-rule", "Motif 12", "error"),)),
            PatientStatus("closed", "Motif 12"),
        ),
        (
            searchset(_patient(**_gp("https://rpps.esante.gouv.fr", wire.RPPS))),
            PatientStatus("active", attending_physician=True),
        ),
        (
            searchset(_patient(**_gp("urn:oid:1.2.250.1.71.4.2.1", f"8{wire.RPPS}"))),
            PatientStatus("active", attending_physician=True),
        ),
        (
            searchset(_patient(**_gp("https://rpps.esante.gouv.fr", "10101010101"))),
            PatientStatus("active", attending_physician=False),
        ),
    ],
)
@responses.activate
def test_each_state_of_a_dmp_is_told(body: Json, status: PatientStatus) -> None:
    answer("POST", PATIENT_SEARCH, body)
    assert client().patient_status(PATIENT) == status


@responses.activate
def test_a_blocked_professional_is_a_status_and_a_bad_credential_an_error() -> None:
    answer("POST", PATIENT_SEARCH, outcome("forbidden", "DMPAccessForbidden"), 403)
    assert client().patient_status(PATIENT) == PatientStatus("active", "DMPAccessForbidden", None, authorised=False)
    responses.reset()
    answer("POST", PATIENT_SEARCH, outcome("login", "DMPInvalidCertificate"), 403)
    with pytest.raises(DmpAccessDenied):
        client().patient_status(PATIENT)


@responses.activate
def test_without_the_callers_number_nothing_is_said_of_the_attending_physician() -> None:
    answer("POST", PATIENT_SEARCH, searchset(_patient(**_gp("https://rpps.esante.gouv.fr", wire.RPPS))))
    assert client(rpps="").patient_status(PATIENT).attending_physician is None


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, searchset(_patient(), _patient()), DmpUnreachable),
        (200, searchset(outcomes=(outcome("forbidden", "X"),)), DmpAccessDenied),
        (200, searchset(outcomes=(outcome("invalid", "X"),)), DmpRejected),
        (200, outcome("transient"), DmpUnreachable),
        (200, "<html>", DmpUnreachable),
        (500, "<html>", DmpUnreachable),
        (400, outcome("invalid"), DmpRejected),
    ],
)
@responses.activate
def test_a_search_that_fails_did_nothing(status: int, body: Json | str, kind: type[DmpError]) -> None:
    answer("POST", PATIENT_SEARCH, body, status)
    with pytest.raises(DmpError) as fault:
        client().patient_status(PATIENT)
    assert type(fault.value) is kind


# ---------------------------------------------------------------- TD3.1


@responses.activate
def test_finding_by_unique_id_asks_for_every_status() -> None:
    answer("POST", SEARCH, searchset(stored(status="superseded")))
    (found,) = client().find(PATIENT, wire.DOCUMENT.oid)
    request = sent()
    assert request.url == BASE + SEARCH
    assert request.headers["Prefer"] == "handling=strict"
    assert form(request) == [
        ("patient.identifier", INS),
        ("status", "current,superseded"),
        ("identifier", f"urn:ietf:rfc:3986|urn:oid:{wire.DOCUMENT.oid}"),
        ("_count", "50"),
    ]
    assert (found.unique_id, found.status, found.version) == (wire.DOCUMENT.oid, "superseded", 'W/"1"')


@responses.activate
def test_a_server_that_ignores_the_question_does_not_make_a_document_found() -> None:
    answer("POST", SEARCH, searchset(stored()))
    assert client().find(PATIENT, "1.2.3.4.5") == ()


@responses.activate
def test_a_found_document_is_told_whole() -> None:
    entry = wire.submission(masks=("INVISIBLE_PATIENT",)).entries[0]
    answer("POST", SEARCH, searchset(stored("INVISIBLE_PATIENT", archived=True)))
    (found,) = client().find(PATIENT, wire.DOCUMENT.oid)
    assert found.entry_uuid == entry.entry_uuid
    assert found.location == "DocumentReference/d1"
    assert found.archived
    assert found.masks == ("INVISIBLE_PATIENT",)
    assert [c.code for c in found.confidentiality] == ["N", "INVISIBLE_PATIENT"]
    assert (found.hash_sha1, found.size_bytes) == (entry.hash_sha1, entry.size_bytes)
    assert (found.type, found.class_, found.mime_type) == ("11488-4", "10", "text/xml")
    assert found.format == "urn:asipSante:modelesHorsProfils:2011"
    assert found.created == entry.creation_time
    assert found.service_start == entry.service_start
    assert found.title == entry.title


def test_a_resource_that_tells_next_to_nothing_is_still_read() -> None:
    found = found_entry({"resourceType": "DocumentReference", "content": "?", "securityLabel": [None]})
    assert (found.hash_sha1, found.size_bytes, found.created, found.masks) == (b"", -1, None, ())


@responses.activate
def test_every_filter_has_its_search_parameter() -> None:
    answer("POST", SEARCH, searchset())
    filters = {
        "status": "current,superseded", "type": "http://loinc.org|11488-4", "class_": "10", "format": "f",
        "facility": "SA07", "practice_setting": "PALLIATIF", "confidentiality": "N", "event": "VSP",
        "unique_id": "1.2.3", "related": "r", "replaces": "replaces", "author_family": "X", "author_given": "Y",
        "archived": "false", "created_from": "2026-01-01", "created_to": "2026-12-31", "deposited_from": "2026-01-02",
        "deposited_to": "2026-12-30", "service_from": "2026-02-01", "service_to": "2026-11-30",
        "period_from": "2026-03-01", "period_to": "2026-10-31",
    }  # fmt: skip
    assert list(client().search(PATIENT, **filters)) == []
    assert form(sent()) == [
        ("patient.identifier", INS), ("status", "current,superseded"), ("type", "http://loinc.org|11488-4"),
        ("category", "10"), ("format", "f"), ("facility", "SA07"), ("setting", "PALLIATIF"), ("security-label", "N"),
        ("event", "VSP"), ("identifier", "urn:ietf:rfc:3986|urn:oid:1.2.3"), ("related", "r"),
        ("relatesto", "replaces"), ("author.family", "X"), ("author.given", "Y"), ("isArchived", "false"),
        ("creation", "ge2026-01-01"), ("creation", "le2026-12-31"), ("date", "ge2026-01-02"), ("date", "le2026-12-30"),
        ("period-start", "ge2026-02-01"), ("period-end", "le2026-11-30"), ("period", "ge2026-03-01"),
        ("period", "le2026-10-31"), ("_count", "50"),
    ]  # fmt: skip


def test_an_unknown_filter_is_refused_before_anything_leaves() -> None:
    with pytest.raises(ValueError, match="unknown filter"):
        client().search(PATIENT, kind="10")
    with pytest.raises(ValueError, match="unknown filter"):
        client().submission_sets(PATIENT, kind="10")


@responses.activate
def test_the_query_stands_in_the_url_only_when_asked_so() -> None:
    answer("GET", "/DocumentReference", searchset())
    assert client(post_search=False).find(PATIENT, "1.2.3") == ()
    assert sent().method == "GET"
    assert PATIENT.value in sent().url


@pytest.mark.parametrize("link", [f"{BASE}/page/2", "page/2", "/fhir/page/2"])
@responses.activate
def test_pages_follow_each_other_by_absolute_and_relative_links(link: str) -> None:
    answer("POST", SEARCH, searchset(stored(), next_url=link))
    answer("GET", "/page/2", searchset(stored(), stored()))
    assert len(list(client().search(PATIENT))) == 3
    assert sent().method == "GET"


@pytest.mark.parametrize(
    "link",
    [
        "https://ailleurs.example.org/fhir/page/2",
        "http://dmp.example.org/fhir/page/2",
        "https://dmp.example.org:8443/page/2",
        "//ailleurs.example.org/page/2",
        "file:///etc/passwd",
        "https://dmp.example.org:port/fhir",
    ],
)
@responses.activate
def test_a_link_to_another_server_is_not_followed(link: str) -> None:
    answer("POST", SEARCH, searchset(next_url=link))
    with pytest.raises(DmpUnreachable) as fault:
        list(client().search(PATIENT))
    assert fault.value.code == "paging"
    assert len(responses.calls) == 1


@responses.activate
def test_pages_that_turn_round_are_left() -> None:
    answer("POST", SEARCH, searchset(next_url="page/2"))
    answer("GET", "/page/2", searchset(next_url="page/2"))
    with pytest.raises(DmpUnreachable) as fault:
        list(client().search(PATIENT))
    assert fault.value.code == "paging"
    assert len(responses.calls) == 2


@responses.activate
def test_an_error_among_the_results_is_not_an_empty_result() -> None:
    answer("POST", SEARCH, searchset(outcomes=(outcome("incomplete", "XDSRegistryBusy"),)))
    with pytest.raises(DmpUnreachable) as fault:
        client().find(PATIENT, "1.2.3")
    assert fault.value.code == "XDSRegistryBusy"


@responses.activate
def test_something_else_than_a_search_result_is_not_an_empty_result() -> None:
    answer("POST", SEARCH, {"resourceType": "Bundle", "type": "collection"})
    with pytest.raises(DmpUnreachable):
        client().find(PATIENT, "1.2.3")


@responses.activate
def test_a_search_is_tried_again_and_waits_as_long_as_the_server_asks() -> None:
    responses.add("POST", BASE + SEARCH, body=requests.ConnectionError())
    responses.add("POST", BASE + SEARCH, status=503, headers={"Retry-After": "3"})
    answer("POST", SEARCH, searchset(stored()))
    waits: list[float] = []
    assert len(client(waits=waits).find(PATIENT, wire.DOCUMENT.oid)) == 1
    assert waits == [0.5, 3.0]


@responses.activate
def test_a_server_that_asks_for_a_long_wait_is_left_alone() -> None:
    responses.add("POST", BASE + SEARCH, status=503, headers={"Retry-After": "3600"})
    waits: list[float] = []
    with pytest.raises(DmpUnreachable) as fault:
        client(waits=waits).find(PATIENT, "1.2.3")
    assert (fault.value.retry_after_s, waits) == (3600.0, [])


@responses.activate
def test_tries_end() -> None:
    responses.add("POST", BASE + SEARCH, body=requests.ConnectionError())
    with pytest.raises(DmpUnreachable):
        client().find(PATIENT, "1.2.3")
    assert len(responses.calls) == 3


# ---------------------------------------------------------------- ITI-66


@responses.activate
def test_submission_sets_are_found_and_told() -> None:
    deposit = wire.submission()
    from adapter.dmp.pdsm.resources import submission_set

    held = {**submission_set(deposit.set, deposit.entries), "id": "l1"}
    answer("POST", "/List/_search", searchset(held))
    (found,) = client().submission_sets(PATIENT, submitted_from="2026-10-01", content_type="07", source_id="1.2.3")
    assert form(sent())[:6] == [
        ("patient.identifier", INS), ("code", "submissionset"), ("status", "current"), ("date", "ge2026-10-01"),
        ("designationType", "07"), ("sourceId", "1.2.3"),
    ]  # fmt: skip
    assert (found.unique_id, found.entry_uuid) == (deposit.set.unique_id, deposit.set.entry_uuid)
    assert (found.location, found.source_id, found.submitted) == ("List/l1", deposit.set.source_id, wire.NOW)
    assert found.entries == (f"urn:uuid:{deposit.entries[0].entry_uuid}",)


# ---------------------------------------------------------------- TD3.2


def _raw(content: bytes, path: str = "/Binary/b1", kind: str = "text/xml") -> None:
    responses.add("GET", BASE + path, body=content, content_type=kind)


def _wrapped(content: bytes, path: str = "/Binary/b1") -> None:
    answer("GET", path, {"resourceType": "Binary", "contentType": "text/xml", "data": b64encode(content).decode()})


@pytest.mark.parametrize("serve", [_raw, _wrapped])
@pytest.mark.parametrize("url", ["Binary/b1", f"{BASE}/Binary/b1", "urn:uuid:b1"])
@responses.activate
def test_a_document_is_read_whatever_the_form_of_its_url(serve: Callable[[bytes], None], url: str) -> None:
    serve(b"<ClinicalDocument/>")
    entry = found_entry(wire.describing(b"<ClinicalDocument/>", url))
    assert client().read(entry) == b"<ClinicalDocument/>"
    assert sent().url == f"{BASE}/Binary/b1"
    assert sent().headers["Accept"].startswith("text/xml, application/fhir+json")


@pytest.mark.parametrize("wrapped", [False, True])
@responses.activate
def test_a_fhir_document_is_told_from_the_binary_around_it(wrapped: bool) -> None:
    if wrapped:
        _wrapped(wire.BUNDLE)
    else:
        _raw(wire.BUNDLE, kind="application/fhir+json; charset=utf-8")
    entry = found_entry(wire.describing(wire.BUNDLE, mime="application/fhir+json"))
    assert client().read(entry) == wire.BUNDLE


@responses.activate
def test_a_document_inside_its_reference_is_read_there() -> None:
    held = wire.describing(b"<x/>", url="")
    held["content"][0]["attachment"]["data"] = b64encode(b"<x/>").decode()
    answer("GET", "/DocumentReference/d1", held)
    assert client().read(found_entry(held)) == b"<x/>"


@responses.activate
def test_a_reference_without_content_is_refused() -> None:
    held = wire.describing(b"<x/>", url="")
    answer("GET", "/DocumentReference/d1", held)
    with pytest.raises(DmpRejected) as fault:
        client().read(found_entry(held))
    assert fault.value.code == "no-content"


@pytest.mark.parametrize("url", ["https://ailleurs.example.org/Binary/b1", "//ailleurs.example.org/x", "file:///x"])
@responses.activate
def test_credentials_do_not_go_to_another_server(url: str) -> None:
    with pytest.raises(DmpRejected) as fault:
        client().read(found_entry(wire.describing(b"<x/>", url)))
    assert fault.value.code == "content-origin"
    assert not responses.calls


@given(
    content=st.binary(min_size=1, max_size=400), at=st.integers(min_value=0), bit=st.integers(0, 7), cut=st.booleans()
)
def test_one_changed_bit_or_one_lost_byte_is_seen(content: bytes, at: int, bit: int, cut: bool) -> None:
    altered = bytearray(content)
    altered[at % len(content)] ^= 1 << bit
    served = content[:-1] if cut else bytes(altered)
    entry = found_entry(wire.describing(content))
    with responses.RequestsMock() as server:
        server.add("GET", f"{BASE}/Binary/b1", body=served, content_type="text/xml")
        with pytest.raises(ContentAltered) as fault:
            client().read(entry)
    assert fault.value.code == ("size" if cut else "hash")


@given(content=st.binary(max_size=400))
def test_exact_bytes_come_back(content: bytes) -> None:
    entry = found_entry(wire.describing(content))
    with responses.RequestsMock() as server:
        server.add("GET", f"{BASE}/Binary/b1", body=content, content_type="text/xml")
        assert client().read(entry) == content


@pytest.mark.parametrize(
    ("status", "body", "kind", "media"),
    [
        (200, "<html>", DmpUnreachable, "text/html"),
        (200, outcome("invalid", "XDSDocumentUniqueIdError"), DmpRejected, "application/fhir+json"),
        (403, outcome("forbidden", "LocalPolicyRestrictionError"), DmpAccessDenied, "application/fhir+json"),
        (404, outcome("not-found"), DmpRejected, "application/fhir+json"),
        (410, outcome("deleted"), DmpRejected, "application/fhir+json"),
        (503, b"", DmpUnreachable, "text/plain"),
    ],
)
@responses.activate
def test_a_document_that_cannot_be_read_is_a_typed_error(
    status: int, body: Json | bytes | str, kind: type[DmpError], media: str
) -> None:
    data = orjson.dumps(body) if isinstance(body, dict) else body
    responses.add("GET", f"{BASE}/Binary/b1", body=data, status=status, content_type=media)
    with pytest.raises(DmpError) as fault:
        client().read(found_entry(wire.describing(b"<x/>")))
    assert type(fault.value) is kind


def test_a_time_without_offset_is_taken_as_utc() -> None:
    held = stored()
    held["content"][0]["attachment"]["creation"] = "2026-10-12"
    assert found_entry(held).created == datetime(2026, 10, 12, tzinfo=UTC)
