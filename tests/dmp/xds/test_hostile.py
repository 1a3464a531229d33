"""Answers spoilt at random: whatever comes, a value or one of our errors, and never a doubt taken for a refusal."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
import responses
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.dmp import Receipt
from adapter.dmp.session import Answer
from adapter.dmp.xds import ebxml, exchange, hl7v3, mtom, outcome, queries, retrieve
from adapter.dmp.xds.metadata import MetadataInvalid, document_entry, found_entry, set_object, submission_set
from adapter.errors import DmpError, OutcomeUnknown
from adapter.model.document import Identifier
from tests.dmp import wire
from tests.dmp.xds import dialogue
from tests.dmp.xds.dialogue import client, found, registry, stored

SOAP = "application/soap+xml; charset=UTF-8"
Spoil = Callable[[bytes], bytes]


def _cut(data: bytes, at: float) -> bytes:
    return data[: int(len(data) * at)]


def _flip(data: bytes, at: float, by: int) -> bytes:
    place = int(len(data) * at)
    return data[:place] + bytes((data[place] ^ by,)) + data[place + 1 :]


def _double(data: bytes, at: float) -> bytes:
    place = int(len(data) * at)
    return data[:place] + data[place // 2 :]


def _insert(data: bytes, at: float, more: bytes) -> bytes:
    place = int(len(data) * at)
    return data[:place] + more + data[place:]


places = st.floats(0, 0.999)
spoils: st.SearchStrategy[Spoil] = st.one_of(
    places.map(lambda at: lambda data: _cut(data, at)),
    st.tuples(places, st.integers(1, 255)).map(lambda how: lambda data: _flip(data, *how)),
    places.map(lambda at: lambda data: _double(data, at)),
    st.tuples(
        places, st.sampled_from([b"<a>", b"</a>", b"&x;", b"\0", b"\xff", b"<!--", b"\r\n--limit", b"<?x?>"])
    ).map(lambda how: lambda data: _insert(data, *how)),
)


@settings(max_examples=150)
@given(spoils)
def test_a_spoilt_answer_to_a_deposit_is_a_doubt(spoil: Spoil) -> None:
    with responses.RequestsMock(registry=responses.registries.FirstMatchRegistry) as mock:
        mock.add("POST", f"{dialogue.BASE}/repository", body=spoil(dialogue.enveloped(registry())), content_type=SOAP)
        try:
            receipt = client().submit(wire.submission())
        except OutcomeUnknown:
            return
        assert isinstance(receipt, Receipt)


QUERY = hl7v3.ExistenceQuery(wire.PATIENT, Identifier("1.2.3", "m"), Identifier("1.2.3", "q"))
EXISTS = hl7v3.existence_answer(
    QUERY, hl7v3.Sender("1.2.3", "x"), dialogue.NOW, Identifier("1.2.4", "a"), state="active", attending=True
)
READ, READ_TYPE = dialogue.retrieved(b"<ClinicalDocument/>" * 20)
ANSWERS: dict[str, tuple[bytes, str]] = {
    "query": (dialogue.enveloped(found(stored("MASQUE_PS"))), SOAP),
    "refusal": (dialogue.enveloped(registry("XDSRegistryBusy", context="x")), SOAP),
    "existence": (dialogue.enveloped(EXISTS), SOAP),
    "read": (READ, READ_TYPE),
    "fault": (dialogue.fault("Sender", "DMPInvalidCertificate"), SOAP),
}


def looked_at(reply: exchange.Reply) -> None:
    """Everything that our readers make of a payload."""
    answered = queries.read_answer(reply.payload)
    for one in answered.objects if answered else ():
        if isinstance(one, ebxml.ExtrinsicObject):
            found_entry(one)
            document_entry(one)
    retrieve.read_answer(reply.payload, reply.parts)
    hl7v3.read_status(reply.payload)
    hl7v3.read_authorisation_answer(reply.payload)
    outcome.read_response(reply.payload)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_spoilt_answer_is_a_value_or_one_of_our_errors(name: str) -> None:
    whole, content_type = ANSWERS[name]

    @settings(max_examples=150)
    @given(spoils, st.sampled_from([200, 200, 500]), st.booleans())
    def spoilt(spoil: Spoil, status: int, safe: bool) -> None:
        told = Answer(status, {"Content-Type": content_type}, spoil(whole))
        try:
            looked_at(exchange.read_reply(told, "urn:uuid:1", safe=safe))
        except (DmpError, ebxml.EbxmlInvalid, mtom.MtomInvalid, MetadataInvalid) as fault:
            told_of = str(fault)
        else:
            told_of = ""
        assert not any(word in told_of for word in wire.PRIVATE)

    spoilt()


@settings(max_examples=60)
@given(st.data())
def test_any_metadata_are_read_or_refused_by_name(data: st.DataObject) -> None:
    """Entries and sets with values taken away or changed: a simulator meets them."""
    document = stored()
    slots = data.draw(st.lists(st.sampled_from(document.slots), max_size=20))
    changed = data.draw(st.sampled_from(["", "^", "^^^&&", "PID-5|", "20261399", "-1", "\u0660", "zz", "é" * 300]))
    codes = data.draw(st.lists(st.sampled_from(document.classifications), max_size=12))
    built = ebxml.ExtrinsicObject(
        id=data.draw(st.sampled_from(["Document01", "urn:uuid:1", ""])),
        mime_type=data.draw(st.sampled_from([None, "", "text/xml"])),
        slots=tuple(ebxml.slot(one.name, changed) if data.draw(st.booleans()) else one for one in slots),
        classifications=tuple(codes),
        external_identifiers=document.external_identifiers,
    )
    found_entry(built)
    with suppress(MetadataInvalid):
        assert document_entry(built).unique_id == wire.DOCUMENT.oid
    package = set_object(wire.submission().set)
    shorter = ebxml.RegistryPackage(id="s", slots=tuple(slots), classifications=package.classifications[:1])
    with pytest.raises(MetadataInvalid) as refused:
        submission_set(shorter)
    assert "patientId" in refused.value.missing


@pytest.mark.parametrize("name", sorted(set(ANSWERS) - {"fault"}))
def test_whole_answers_pass(name: str) -> None:
    """What the spoilt ones are made of is sound."""
    body, content_type = ANSWERS[name]
    looked_at(exchange.read_reply(Answer(200, {"Content-Type": content_type}, body), "x", safe=True))
