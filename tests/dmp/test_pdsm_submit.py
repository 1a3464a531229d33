"""TD2 and TD2.1: what goes over the wire, and what each answer means."""

from __future__ import annotations

from base64 import b64decode
from hashlib import sha1
from typing import Any

import orjson
import pytest
import requests
import responses

from adapter.dmp import EntryReceipt, Receipt
from adapter.errors import DmpAccessDenied, DmpError, DmpRejected, DmpUnreachable, OutcomeUnknown
from tests.dmp import wire
from tests.dmp.wire import BASE, answer, client, outcome, sent, submission, transaction_response

ALL = ("List/l1/_history/1", "DocumentReference/d1/_history/1", "Binary/b1/_history/1")


@responses.activate
def test_a_deposit_is_one_transaction() -> None:
    answer("POST", "", transaction_response(*ALL))
    deposit = submission()
    receipt = client().submit(deposit)

    assert receipt == Receipt(
        deposit.set.unique_id, (EntryReceipt(wire.DOCUMENT.oid, "DocumentReference/d1", 'W/"1"'),)
    )
    request = sent()
    assert (request.method, request.url) == ("POST", BASE)
    assert request.headers["Content-Type"] == "application/fhir+json"
    assert request.headers["Accept"] == "application/fhir+json"
    assert request.headers["User-Agent"] == "dmp-adapter"
    bundle = orjson.loads(request.body)
    assert [(e["request"]["method"], e["request"]["url"]) for e in bundle["entry"]] == [
        ("POST", "List"), ("POST", "DocumentReference"), ("POST", "Binary"),
    ]  # fmt: skip


def _documents(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    return [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "DocumentReference"]


@responses.activate
def test_references_inside_the_transaction_hold_together() -> None:
    answer(
        "POST", "", transaction_response("List/l", "DocumentReference/a", "DocumentReference/b", "Binary/1", "Binary/2")
    )
    client().submit(submission(fhir=True))
    bundle = orjson.loads(sent().body)
    urls = {e["fullUrl"] for e in bundle["entry"]}
    documents = _documents(bundle)
    deposit = bundle["entry"][0]["resource"]
    assert len(urls) == len(bundle["entry"]) == 5
    assert [i["item"]["reference"] for i in deposit["entry"]] == [e["fullUrl"] for e in bundle["entry"][1:3]]
    for document in documents:
        assert document["content"][0]["attachment"]["url"] in urls
    for resource in (deposit, *documents):
        text = orjson.dumps(resource).decode()
        for contained in resource["contained"]:
            assert f'"#{contained["id"]}"' in text


@responses.activate
def test_metadata_describe_the_bytes_that_travel() -> None:
    answer("POST", "", transaction_response(*ALL))
    client().submit(submission())
    bundle = orjson.loads(sent().body)
    document = _documents(bundle)[0]
    attachment = document["content"][0]["attachment"]
    content = b64decode(bundle["entry"][2]["resource"]["data"])
    assert content == wire.CDA
    assert attachment["size"] == len(content)
    assert b64decode(attachment["hash"]) == sha1(content).digest()
    assert document["masterIdentifier"] == {
        "use": "usual", "system": "urn:ietf:rfc:3986", "value": f"urn:oid:{wire.DOCUMENT.oid}",
    }  # fmt: skip
    assert document["custodian"]["reference"].startswith("#")
    source = bundle["entry"][0]["resource"]["source"]["reference"].removeprefix("#")
    contained = {c["id"]: c["resourceType"] for c in bundle["entry"][0]["resource"]["contained"]}
    assert contained[source] == "PractitionerRole"


@responses.activate
def test_identity_in_metadata_stops_at_what_a_registry_needs() -> None:
    answer("POST", "", transaction_response(*ALL))
    client().submit(submission())
    document = _documents(orjson.loads(sent().body))[0]
    patient = next(c for c in document["contained"] if c["resourceType"] == "Patient")
    assert not {"address", "telecom", "contact", "text"} & set(patient)


@responses.activate
def test_a_correction_replaces_and_supersedes_in_the_same_transaction() -> None:
    answer("POST", "", transaction_response("List/l", "DocumentReference/d2", "DocumentReference/d1", "Binary/b"))
    receipt = client().submit(submission(replaces=True))
    assert receipt.entries[0].location == "DocumentReference/d2"
    bundle = orjson.loads(sent().body)
    target = f"DocumentReference?identifier=urn:ietf:rfc:3986|urn:oid:{wire.DOCUMENT.replaces_oid}"
    assert _documents(bundle)[0]["relatesTo"] == [{"code": "replaces", "target": {"reference": target}}]
    patch = next(e for e in bundle["entry"] if e["request"]["method"] == "PATCH")
    assert patch["request"]["url"] == target
    assert patch["resource"]["parameter"][0]["part"] == [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": "DocumentReference.status"},
        {"name": "value", "valueCode": "superseded"},
    ]


@responses.activate
def test_masks_stand_beside_the_confidentiality() -> None:
    answer("POST", "", transaction_response(*ALL))
    client().submit(submission(masks=("INVISIBLE_PATIENT",)))
    labels = [label["coding"][0] for label in _documents(orjson.loads(sent().body))[0]["securityLabel"]]
    assert [(label["system"], label["code"]) for label in labels] == [
        ("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "N"), (wire.TRE_A07, "INVISIBLE_PATIENT"),
    ]  # fmt: skip


@responses.activate
def test_a_re_send_is_the_same_request() -> None:
    answer("POST", "", transaction_response(*ALL))
    client().submit(submission())
    client().submit(submission())
    assert sent(0).body == sent(1).body


# ---------------------------------------------------------------- answers


HTML = "<html><body>Connexion</body></html>"


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (400, outcome("invalid"), DmpRejected, "invalid"),
        (401, outcome("login", "DMPInvalidCertificate"), DmpAccessDenied, "DMPInvalidCertificate"),
        (403, outcome("forbidden", "DMPAccessForbidden"), DmpAccessDenied, "DMPAccessForbidden"),
        (403, HTML, DmpAccessDenied, "HTTP 403"),
        (404, outcome("not-found", "XDSUnknownPatientId"), DmpAccessDenied, "XDSUnknownPatientId"),
        (422, outcome("business-rule", "DMPClosed"), DmpAccessDenied, "DMPClosed"),
        (422, outcome("business-rule", "LocalPolicyRestrictionError"), DmpAccessDenied, "LocalPolicyRestrictionError"),
        (409, outcome("processing", "XDSRegistryBusy"), DmpUnreachable, "XDSRegistryBusy"),
        (200, outcome("processing", "XDSRegistryBusy"), OutcomeUnknown, "XDSRegistryBusy"),
        (422, outcome("processing", "XDSRepositoryOutOfResources"), DmpUnreachable, "XDSRepositoryOutOfResources"),
        (413, outcome("too-long", "XDSRepositoryOutOfResources"), DmpRejected, "XDSRepositoryOutOfResources"),
        (400, outcome("too-long", "XDSRepositoryOutOfResources"), DmpRejected, "XDSRepositoryOutOfResources"),
        (409, outcome("duplicate", "XDSDuplicateUniqueIdInRegistry"), DmpRejected, "XDSDuplicateUniqueIdInRegistry"),
        (413, HTML, DmpRejected, "HTTP 413"),
        (422, outcome("value", "XDSNonIdenticalHash"), DmpRejected, "XDSNonIdenticalHash"),
        (422, outcome("business-rule", "Code Inconnu/42 §"), DmpRejected, "Code Inconnu/42 §"),
        (422, outcome("security", "Autre"), DmpAccessDenied, "Autre"),
        (409, outcome("lock-error"), DmpUnreachable, "lock-error"),
        (408, b"", DmpUnreachable, "HTTP 408"),
        (429, outcome("throttled"), DmpUnreachable, "throttled"),
        (503, HTML, DmpUnreachable, "HTTP 503"),
        (302, HTML, DmpUnreachable, "HTTP 302"),
        (500, outcome("exception"), OutcomeUnknown, "exception"),
        (502, HTML, OutcomeUnknown, "HTTP 502"),
        (504, b"", OutcomeUnknown, "HTTP 504"),
        (501, outcome("not-supported"), DmpRejected, "not-supported"),
        (200, outcome("invalid", "XDSRegistryMetadataError"), DmpRejected, "XDSRegistryMetadataError"),
        (200, outcome("timeout"), OutcomeUnknown, "timeout"),
        (200, outcome("informational", "DMPOk", "information"), OutcomeUnknown, "answer"),
        (200, HTML, OutcomeUnknown, "answer"),
        (200, b"", OutcomeUnknown, "answer"),
        (200, b'{"resourceType": "Bundle", "entry": [', OutcomeUnknown, "answer"),
        (200, b"[]", OutcomeUnknown, "answer"),
        (200, {"resourceType": "Patient"}, OutcomeUnknown, "answer"),
        (200, {"resourceType": "Bundle", "type": "searchset"}, OutcomeUnknown, "partial-response"),
        (200, transaction_response(*ALL[:2]), OutcomeUnknown, "partial-response"),
        (200, transaction_response(*ALL, statuses=("201", "201", "500 Erreur")), OutcomeUnknown, "HTTP 500 Erreur"),
        (200, transaction_response("List/l", "", "Binary/b"), OutcomeUnknown, "no-location"),
        (200, transaction_response("List/l", "ailleurs", "Binary/b"), OutcomeUnknown, "no-location"),
    ],
)  # fmt: skip
@responses.activate
def test_every_answer_tells_what_may_have_happened(
    status: int, body: dict[str, Any] | bytes | str, kind: type[DmpError], code: str
) -> None:
    answer("POST", "", body, status)
    with pytest.raises(kind) as fault:
        client().submit(submission())
    assert type(fault.value) is kind
    assert fault.value.code == code
    assert len(responses.calls) == 1, "a deposit is never sent twice by the client"


@responses.activate
def test_a_page_of_a_portal_is_told_as_such() -> None:
    answer("POST", "", HTML, content_type="text/html; charset=utf-8")
    with pytest.raises(OutcomeUnknown) as fault:
        client().submit(submission())
    assert fault.value.code == "html"


@responses.activate
def test_every_code_of_an_outcome_is_kept() -> None:
    two = outcome("value", "XDSNonIdenticalHash")
    two["issue"] += outcome("value", "XDSNonIdenticalSize")["issue"] + outcome("informational", "X", "warning")["issue"]
    answer("POST", "", two, 422)
    with pytest.raises(DmpRejected) as fault:
        client().submit(submission())
    assert fault.value.code == "XDSNonIdenticalHash XDSNonIdenticalSize"


@responses.activate
def test_words_of_the_server_stay_out_of_the_error() -> None:
    answer(
        "POST", "", outcome("value", "X", text=f"Le dossier {wire.PATIENT.value} n'est pas celui de Mme MARCHAND"), 422
    )
    with pytest.raises(DmpRejected) as fault:
        client().submit(submission())
    assert not any(private in str(fault.value) for private in wire.PRIVATE)


@pytest.mark.parametrize(("text", "wait"), [("120", 120.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("bientôt", None)])
@responses.activate
def test_retry_after_is_handed_to_the_outbox(text: str, wait: float | None) -> None:
    responses.add("POST", BASE, status=503, headers={"Retry-After": text.encode("utf-8").decode("latin-1")})
    with pytest.raises(DmpUnreachable) as fault:
        client().submit(submission())
    assert fault.value.retry_after_s == wait


@responses.activate
def test_a_read_time_out_leaves_the_outcome_unknown() -> None:
    responses.add("POST", BASE, body=requests.ReadTimeout())
    with pytest.raises(OutcomeUnknown) as fault:
        client().submit(submission())
    assert fault.value.code == "read-timeout"


# ---------------------------------------------------------------- ITI-105


@responses.activate
def test_a_simplified_publication_carries_the_document_inside() -> None:
    answer("POST", "/DocumentReference", b"", 201, {"Location": f"{BASE}/DocumentReference/d9/_history/3"})
    deposit = submission()
    receipt = client().publish(deposit)
    assert receipt.entries == (EntryReceipt(wire.DOCUMENT.oid, "DocumentReference/d9", 'W/"3"'),)
    request = sent()
    assert (request.method, request.url) == ("POST", f"{BASE}/DocumentReference")
    document = orjson.loads(request.body)
    assert "identifier" not in document
    assert "url" not in document["content"][0]["attachment"]
    assert b64decode(document["content"][0]["attachment"]["data"]) == wire.CDA
    subject = document["subject"]
    assert subject["type"] == "Patient"
    assert subject["identifier"]["type"]["coding"][0]["code"] == "INS-NIR-TEST"
    assert subject["identifier"]["system"] == f"urn:oid:{wire.PATIENT.root}"
    assert subject["identifier"]["value"] == wire.PATIENT.value


@responses.activate
def test_a_published_correction_names_what_the_server_holds() -> None:
    old = wire.stored()
    old["masterIdentifier"]["value"] = f"urn:oid:{wire.DOCUMENT.replaces_oid}"
    answer("POST", "/DocumentReference/_search", wire.searchset(old))
    answer("POST", "/DocumentReference", b"", 201, {"Location": "DocumentReference/d9", "ETag": 'W/"7"'})
    receipt = client().publish(submission(replaces=True))
    assert receipt.entries[0].version == 'W/"7"'
    (relation,) = orjson.loads(sent().body)["relatesTo"]
    assert relation["target"]["reference"] == "DocumentReference/d1"


@responses.activate
def test_a_published_correction_of_an_unknown_document_is_refused_before_it_leaves() -> None:
    answer("POST", "/DocumentReference/_search", wire.searchset())
    with pytest.raises(DmpRejected) as fault:
        client().publish(submission(replaces=True))
    assert fault.value.code == "XDSReplaceFailed"
    assert len(responses.calls) == 1


@responses.activate
def test_a_publication_answered_by_the_resource_needs_no_location() -> None:
    answer("POST", "/DocumentReference", wire.stored(version="4"), 201)
    receipt = client().publish(submission())
    assert receipt.entries[0] == EntryReceipt(wire.DOCUMENT.oid, "DocumentReference/d1", 'W/"4"')


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (201, b"", OutcomeUnknown),
        (201, HTML, OutcomeUnknown),
        (200, outcome("invalid"), DmpRejected),
        (422, outcome("invalid"), DmpRejected),
        (403, outcome("forbidden"), DmpAccessDenied),
        (500, b"", OutcomeUnknown),
    ],
)
@responses.activate
def test_every_answer_to_a_publication_tells_what_may_have_happened(
    status: int, body: dict[str, Any] | bytes | str, kind: type[DmpError]
) -> None:
    answer("POST", "/DocumentReference", body, status)
    with pytest.raises(kind):
        client().publish(submission())


def test_two_documents_are_not_published_one_by_one() -> None:
    with pytest.raises(ValueError, match="one document"):
        client().publish(submission(fhir=True))
