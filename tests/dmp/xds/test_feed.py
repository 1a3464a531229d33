"""TD2.1 on the XDS wire: what travels, and what each answer means."""

from __future__ import annotations

from hashlib import sha1

import pytest
import responses

from adapter.dmp import DepositBusy, EntryReceipt, Receipt
from adapter.dmp.xds import ebxml, mtom, outcome
from adapter.dmp.xds.metadata import names
from adapter.errors import DmpAccessDenied, DmpError, DmpRejected, DmpUnreachable, OutcomeUnknown
from tests.dmp import wire
from tests.dmp.xds import dialogue
from tests.dmp.xds.dialogue import BASE, Keyless, answer, client, fault, found, registry, sent, stored

XDS = "{urn:ihe:iti:xds-b:2007}"


@responses.activate
def test_a_deposit_is_one_multipart_message() -> None:
    answer("repository", registry())
    deposit = wire.submission()
    credentials = Keyless()
    receipt = client(credentials=credentials).submit(deposit)

    assert receipt == Receipt(deposit.set.unique_id, (EntryReceipt(wire.DOCUMENT.oid),))
    envelope, received, request = sent()
    assert request.url == f"{BASE}/repository"
    assert int(request.headers["Content-Length"]) == len(bytes(request.body))
    assert "Transfer-Encoding" not in request.headers
    media, parameters = mtom.media_type(request.headers["Content-Type"])
    assert media == "multipart/related"
    assert parameters["type"] == "application/xop+xml"
    assert parameters["start-info"] == "application/soap+xml"
    assert envelope.action == "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
    assert envelope.missing == ()
    assert envelope.security == 1
    assert envelope.assertion is not None
    assert credentials.patients == [wire.PATIENT]
    assert credentials.authors == [deposit.set.author]
    assert envelope.payload is not None
    contents = {
        str(one.get("id")): bytes(mtom.content(one, received.parts))
        for one in envelope.payload.iterchildren(f"{XDS}Document")
    }
    assert contents == {"Document01": wire.CDA, "Signature01": b"<Signature/>"}
    objects = ebxml.parse(envelope.payload)
    assert [one.id for one in objects.documents] == list(contents)
    assert objects.documents[0].slot_value("hash") == sha1(wire.CDA).hexdigest()
    assert objects.documents[0].slot_value("size") == str(len(wire.CDA))
    assert [(one.type, one.source, one.target) for one in objects.associations] == [
        (names.HAS_MEMBER, "SubmissionSet01", "Document01"),
        (names.HAS_MEMBER, "SubmissionSet01", "Signature01"),
        (names.SIGNS, "Signature01", "SubmissionSet01"),
    ]


@responses.activate
def test_a_correction_names_the_entry_that_it_replaces() -> None:
    old = stored(unique_id=wire.DOCUMENT.replaces_oid)
    answer("registry", found(old))
    answer("repository", registry())
    client().submit(wire.submission(replaces=True))
    objects = ebxml.parse(dialogue.payload())
    relation = next(one for one in objects.associations if one.type == names.REPLACES)
    assert (relation.source, relation.target) == ("Document01", dialogue.ENTRY)


@pytest.mark.parametrize(
    ("held", "code"),
    [
        ((), "XDSReplaceFailed"),
        ((names.DEPRECATED,), "XDSRegistryDeprecatedDocumentError"),
        ((names.DELETED,), "XDSReplaceFailed"),
    ],
)
@responses.activate
def test_a_correction_of_nothing_is_refused_before_it_leaves(held: tuple[str, ...], code: str) -> None:
    answer("registry", found(*(stored(unique_id=wire.DOCUMENT.replaces_oid, status=one) for one in held)))
    with pytest.raises(DmpRejected) as refused:
        client().submit(wire.submission(replaces=True))
    assert refused.value.code == code
    assert len(responses.calls) == 1


@responses.activate
def test_a_form_that_is_not_cda_does_not_leave() -> None:
    with pytest.raises(DmpRejected) as refused:
        client().submit(wire.submission(fhir=True))
    assert refused.value.code == "xds-form"
    assert len(responses.calls) == 0


@responses.activate
def test_feeding_by_pro_sante_connect_is_refused_before_anything_leaves() -> None:
    with pytest.raises(DmpAccessDenied):
        client("air").submit(wire.submission())
    assert len(responses.calls) == 0


HTML = b"<html><body>Connexion</body></html>"


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (200, registry("XDSDuplicateUniqueIdInRegistry"), DmpRejected, "XDSDuplicateUniqueIdInRegistry"),
        (200, registry("XDSNonIdenticalHash", "Autre"), DmpRejected, "XDSNonIdenticalHash Autre"),
        (200, registry("Code Inconnu/42 §"), DmpRejected, "Code Inconnu/42 §"),
        (200, registry("XDSRegistryBusy"), DmpUnreachable, "XDSRegistryBusy"),
        (200, registry("XDSRepositoryOutOfResources"), DepositBusy, "XDSRepositoryOutOfResources"),
        (500, fault("Receiver", "XDSRepositoryOutOfResources"), DepositBusy, "XDSRepositoryOutOfResources"),
        (200, registry("XDSRegistryBusy", "XDSRegistryOutOfResources"), DmpUnreachable,
         "XDSRegistryBusy XDSRegistryOutOfResources"),
        (200, registry("Code\nFaux\u2028 ligne"), DmpRejected, "Code Faux ligne"),
        (200, registry(f"Refus-{wire.PATIENT.value}"), DmpRejected, "…"),
        (500, fault("Sender", f"Refus-{wire.PATIENT.value}"), DmpRejected, "…"),
        (200, registry("XDSRegistryNotAvailable"), DmpUnreachable, "XDSRegistryNotAvailable"),
        (200, registry("XDSRegistryBusy", "XDSReplaceFailed"), DmpRejected, "XDSRegistryBusy XDSReplaceFailed"),
        (200, registry("XDSUnknownPatientId"), DmpAccessDenied, "XDSUnknownPatientId"),
        (200, registry("DMPClosed"), DmpAccessDenied, "DMPClosed"),
        (200, registry(status=outcome.FAILURE), DmpRejected, "Failure"),
        (200, registry("XDSRegistryError", status=outcome.PARTIAL), OutcomeUnknown, "PartialSuccess XDSRegistryError"),
        (200, registry("XDSRegistryError", status=outcome.SUCCESS), OutcomeUnknown, "XDSRegistryError"),
        (200, registry(status="urn:test:Unavailable"), OutcomeUnknown, "answer"),
        (200, found(), OutcomeUnknown, "answer"),
        (200, HTML, OutcomeUnknown, "soap-envelope"),
        (200, b"", OutcomeUnknown, "XML-SYNTAX"),
        (200, b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", OutcomeUnknown, "XML-DOCTYPE"),
        (500, fault("Sender", "DMPInvalidCertificate"), DmpAccessDenied, "DMPInvalidCertificate"),
        (500, fault("Sender", "MessageAddressingHeaderRequired"), DmpRejected, "MessageAddressingHeaderRequired"),
        (500, fault("MustUnderstand", ""), DmpRejected, "MustUnderstand"),
        (500, fault("Receiver", ""), OutcomeUnknown, "Receiver"),
        (500, fault("Receiver", "XDSRepositoryBusy"), DmpUnreachable, "XDSRepositoryBusy"),
        (503, fault("Receiver", ""), DmpUnreachable, "Receiver"),
        (500, HTML, OutcomeUnknown, "HTTP 500"),
        (502, b"", OutcomeUnknown, "HTTP 502"),
        (503, HTML, DmpUnreachable, "HTTP 503"),
        (302, HTML, DmpUnreachable, "HTTP 302"),
        (403, HTML, DmpAccessDenied, "HTTP 403"),
        (404, HTML, DmpRejected, "HTTP 404"),
        (413, HTML, DmpRejected, "HTTP 413"),
    ],
)  # fmt: skip
@responses.activate
def test_every_answer_tells_what_may_have_happened(status: int, body: object, kind: type[DmpError], code: str) -> None:
    answer("repository", body, status)  # type: ignore[arg-type]
    with pytest.raises(kind) as raised:
        client().submit(wire.submission())
    assert type(raised.value) is kind
    assert raised.value.code == code
    assert len(responses.calls) == 1, "a deposit is never sent twice by the client"


@responses.activate
def test_a_warning_is_no_failure_and_is_told_by_its_code(caplog: pytest.LogCaptureFixture) -> None:
    answer("repository", registry("XDSExtraMetadataNotSaved", warning=True, context=wire.PATIENT.value))
    assert client().submit(wire.submission()).set_unique_id == wire.submission().set.unique_id
    assert "XDSExtraMetadataNotSaved" in caplog.text
    assert wire.PATIENT.value not in caplog.text
