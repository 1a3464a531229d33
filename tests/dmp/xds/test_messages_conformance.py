"""Every message of ours against the published schemas, every published message through our readers and back."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest
import responses
from lxml import etree

from adapter.dmp.xds import hl7v3, mtom, outcome, queries, retrieve, soap
from adapter.dmp.xds.received_xml import read_xml
from adapter.errors import DmpAccessDenied
from tests.dmp import wire
from tests.dmp.xds import dialogue, messages
from tests.dmp.xds.dialogue import answer, client, found, registry, stored

pytestmark = pytest.mark.conformance

OID = wire.DOCUMENT.oid
XOP = "{http://www.w3.org/2004/08/xop/include}Include"


def inlined(root: etree._Element, received: mtom.Received) -> etree._Element:
    """The same message with its documents in place, as the schema knows it."""
    for held in list(root.iter(XOP)):
        parent = held.getparent()
        assert parent is not None
        content = bytes(mtom.content(parent, received.parts))
        parent.remove(held)
        parent.text = b64encode(content).decode()
    return root


def life() -> None:
    """One call of each transaction, whose answers are all made up."""
    answer("registry", found(stored(unique_id=wire.DOCUMENT.replaces_oid)))
    answer("repository", registry())
    dmp = client()
    dmp.submit(wire.submission(replaces=True, masks=("INVISIBLE_PATIENT",)))
    answer("registry", found(stored()))
    entry = dmp.find(wire.PATIENT, OID)[0]
    body, media = dialogue.retrieved(wire.CDA)
    answer("repository", body, content_type=media)
    dmp.read(entry)
    answer("registry", found(stored()))
    list(dmp.search(wire.PATIENT, type="11488-4", created_from="2026-10-01", status="current,superseded"))
    answer("registry", found())
    list(dmp.submission_sets(wire.PATIENT, content_type="07", submitted_to="2026-10-01"))
    answer("registry", found())
    dmp.associations(wire.PATIENT, [dialogue.ENTRY])
    for one in (found(stored()), registry(), found(stored("MASQUE_PS"))):
        answer("registry", one)
    dmp.set_mask(wire.PATIENT, OID, "MASQUE_PS", True)
    for one in (found(stored()), registry(), found(stored())):
        answer("registry", one)
    dmp.set_archived(wire.PATIENT, OID, True)
    for one in (found(stored()), registry()):
        answer("registry", one)
    dmp.delete(wire.PATIENT, OID)


@responses.activate
def test_all_that_the_client_sends_is_valid(shared_dir: Path) -> None:
    life()
    judge = messages.schema(shared_dir)
    envelopes = etree.XMLSchema(etree.parse(str(shared_dir / "xds/schema/soap/soap-1.2-envelope.xsd")))
    kinds = set()
    for rank in range(len(responses.calls)):
        envelope, received, request = dialogue.sent(rank)
        root = read_xml(received.root)
        assert envelopes.validate(root), envelopes.error_log
        payload = inlined(messages.payload(root), received)
        assert judge.validate(payload), (payload.tag, judge.error_log)
        assert envelope.missing == ()
        assert f'action="{envelope.action}"' in request.headers["Content-Type"]
        kinds.add(etree.QName(payload).localname)
    assert kinds == {
        "ProvideAndRegisterDocumentSetRequest", "AdhocQueryRequest", "RetrieveDocumentSetRequest",
        "SubmitObjectsRequest",
    }  # fmt: skip


def test_all_that_the_readers_of_answers_take_is_valid(shared_dir: Path) -> None:
    judge = messages.schema(shared_dir)
    body, media = dialogue.retrieved(wire.CDA)
    received = mtom.read(body, media)
    document = inlined(messages.payload(read_xml(received.root)), received)
    for one in (registry(), registry("XDSRegistryBusy", context="x"), found(stored("MASQUE_PS")), found(), document):
        assert judge.validate(one), (one.tag, judge.error_log)


def test_the_judge_bites(shared_dir: Path) -> None:
    judge = messages.schema(shared_dir)
    spoilt = found(stored())
    del spoilt[0][0].attrib["id"]
    assert not judge.validate(spoilt)


@pytest.mark.parametrize("name", ["cnam/td3.1-request.xml", "ipf/iti18request.xml"])
def test_published_queries_are_read_and_built_again(shared_dir: Path, name: str) -> None:
    """Written again in the one form that the standard wants: quotes around every text, none lost.

    The second example holds a text without its closing quote, which an attack on a data base would start with.
    """
    root = messages.example(shared_dir, name)
    if name.startswith("ipf"):
        with pytest.raises(queries.QueryInvalid) as fault:
            queries.read(root)
        assert fault.value.code == "XDSStoredQueryParamNumber"
        return
    assert messages.plain(queries.build(queries.read(root))) == messages.plain(root)


def test_published_reads_are_read_and_built_again(shared_dir: Path) -> None:
    root = messages.example(shared_dir, "cnam/td3.2-request.xml")
    assert messages.plain(retrieve.build(retrieve.read(root))) == messages.plain(root)
    told = messages.example(shared_dir, "cnam/td3.2-response.xml")
    href = told.find(f".//{XOP}")
    assert href is not None
    name = "b857abb7-a2c3-4db8-bd69-d5ff76826e72-2@urn:ihe:iti:xds-b:2007"
    read = retrieve.read_answer(told, {name: mtom.Part(name, "text/xml", b"<x/>")})
    assert read is not None
    assert bytes(read.documents[0].content) == b"<x/>"
    assert (read.response.status, read.documents[0].mime_type) == (outcome.SUCCESS, "text/xml")
    built = retrieve.build_answer(read, {read.documents[0].unique_id: name})
    again, before = built.find(f".//{XOP}"), told.find(f".//{XOP}")
    assert again is not None
    assert before is not None
    before.set("href", again.get("href") or "")  # the identifier is escaped in another way, and means the same part
    assert messages.plain(built) == messages.plain(told)


@pytest.mark.parametrize("name", ["cnam/td2.1-response.xml", "cnam/td3.3c-response.xml"])
def test_published_responses_are_read_and_built_again(shared_dir: Path, name: str) -> None:
    root = messages.example(shared_dir, name)
    assert messages.plain(outcome.build_response(outcome.read_response(root))) == messages.plain(root)


def test_published_authorisations_are_read_and_built_again(shared_dir: Path) -> None:
    root = messages.example(shared_dir, "cnam/td0.3-request.xml")
    assert hl7v3.read_authorisation_request(root) == "AJOUT"
    assert messages.plain(hl7v3.authorisation_request("AJOUT")) == messages.plain(root)
    told = messages.example(shared_dir, "cnam/td0.3-response.xml")
    read = hl7v3.read_authorisation_answer(told)
    assert read is not None
    assert messages.plain(hl7v3.authorisation_answer(*read)) == messages.plain(told)


def test_our_query_of_existence_is_built_as_the_published_one(shared_dir: Path) -> None:
    """Equal but for what each message has of its own: identifiers, time, name and mode of the sender."""
    root = messages.example(shared_dir, "cnam/td0.2-request.xml")
    query = hl7v3.read_existence_query(root)
    assert query is not None
    assert query.patient.root == "1.2.250.1.213.1.4.10"
    sender = hl7v3.Sender("1.3.6.1.4.1.48364", "LPS GIE-SV")
    built = hl7v3.existence_query(query, sender, dialogue.NOW, processing="D")
    time = built.find("{urn:hl7-org:v3}creationTime")
    assert time is not None
    time.set("value", "20210519174507")
    assert messages.plain(built) == messages.plain(root)


@pytest.mark.parametrize(
    "name",
    ["td0.2-request", "td0.3-request", "td3.1-request", "td3.2-request", "td3.3c-request"],
)
def test_published_envelopes_are_read_whole(shared_dir: Path, name: str) -> None:
    data = (shared_dir / "xds" / "examples" / "cnam" / f"{name}.xml").read_bytes()
    read = soap.read(read_xml(data))
    # "To" is there and empty in these samples, which tells nothing of where a message goes.
    assert (read.version, read.missing, read.security, read.to) == ("1.2", (), 1, "")
    assert read.assertion is not None
    assert read.action.startswith("urn:")
    assert read.message_id.startswith("urn:uuid:")


def test_a_published_message_in_soap_1_1_is_told_as_such(shared_dir: Path) -> None:
    data = (shared_dir / "xds/examples/cnam/td2.1-request.multipart").read_bytes()
    boundary = data.split(b"\n", 1)[0].strip()[2:].decode()
    received = mtom.read(data, f'multipart/related; boundary="{boundary}"')
    assert soap.read(read_xml(received.root)).version == "1.1"
    assert sorted(received.parts) == ["WS_DMP_TD2.1-DocumentME2.xml", "WS_DMP_TD2.1-SignatureXades.xml"]
    signature = (shared_dir / "xds/examples/cnam/td2.1-dsg-signature.xml").read_bytes()
    assert bytes(received.parts["WS_DMP_TD2.1-SignatureXades.xml"].content).strip() == signature.strip()


@responses.activate
def test_a_refusal_is_no_success_for_the_judge_either(shared_dir: Path) -> None:
    told = registry("DMPClosed")
    assert messages.schema(shared_dir).validate(told)
    answer("registry", told)
    with pytest.raises(DmpAccessDenied):
        client().find(wire.PATIENT, OID)
