"""Values of the wire there and back, whatever they hold: ebXML, HL7 components, queries, envelopes."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from adapter.dmp.xds import ebxml, outcome, queries, redaction, soap
from adapter.dmp.xds.metadata import hl7
from adapter.dmp.xds.received_xml import XmlRefused, read_xml
from adapter.errors import DmpUnreachable
from adapter.model.coded import CodeSystem, Coding
from adapter.model.document import Identifier, Organization, PersonName, Professional

# What XML may hold in an attribute and in a text without changing it.
attribute = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=8
)
words = attribute.filter(lambda text: text == text.strip())
# Registry objects: few texts, every one awkward, in every field.
awkward = st.sampled_from(["", "a", " é\u2028 ", "<&\"'>^|", "urn:uuid:1"])
optional = st.sampled_from([None, "", "a", " é <&\"'>"])
slots = st.sampled_from(
    [(), (ebxml.Slot("s", None),), (ebxml.Slot("s", ()), ebxml.Slot("s", ("", " é&"), "urn:t", (("later", "1"),)))]
)
texts = st.sampled_from([None, (), (ebxml.Text("é", "FR", "UTF-8"), ebxml.Text(""))])
versions = st.sampled_from([None, ebxml.VersionInfo(), ebxml.VersionInfo("1", "é")])
extra = st.sampled_from([(), (("later", "1"), ("{urn:later}more", "é"))[:1], (("{urn:later}more", "é"),)])
extension = st.sampled_from([(), (b'<t:more xmlns:t="urn:test" a="1">x</t:more>', b"<bare></bare>")])


def objects(kind: type[Any], nested: bool = True) -> st.SearchStrategy[Any]:
    """Objects of a kind with anything in each field."""
    known: dict[str, st.SearchStrategy[Any]] = {
        "id": awkward,
        "slots": slots,
        "name": texts,
        "description": texts,
        "version": versions,
        "content_version": versions,
        "attributes": extra,
        "extensions": extension,
        "classifications": parts(ebxml.Classification) if nested else st.just(()),
        "external_identifiers": parts(ebxml.ExternalIdentifier) if nested else st.just(()),
    }
    return st.builds(kind, **{one.name: known.get(one.name, optional) for one in fields(kind)})


def parts(kind: type[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """None, one or two objects of a kind inside another."""
    return st.lists(objects(kind, nested=False), max_size=2).map(tuple)


KINDS = (
    ebxml.ExtrinsicObject,
    ebxml.RegistryPackage,
    ebxml.Association,
    ebxml.Classification,
    ebxml.ExternalIdentifier,
)


@pytest.mark.parametrize("kind", KINDS)
def test_registry_objects_come_back_as_they_went(kind: type[Any]) -> None:
    @settings(max_examples=30)
    @given(objects(kind))
    def there_and_back(held: Any) -> None:
        other = (ebxml.ObjectRef("a", "b"), ebxml.Other(b'<t:thing xmlns:t="urn:test"></t:thing>'))
        value = ebxml.SubmitObjects((held, *other), held.slots)
        assert ebxml.parse(read_xml(etree.tostring(ebxml.build(value)))) == value

    there_and_back()


def test_an_object_without_identifier_is_refused() -> None:
    rim = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
    root = etree.fromstring(f'<RegistryObjectList xmlns="{rim}"><ExtrinsicObject/></RegistryObjectList>')
    with pytest.raises(ebxml.EbxmlInvalid) as fault:
        ebxml.parse_list(root)
    assert fault.value.code == "missing"


def test_values_show_nothing_of_themselves() -> None:
    assert "MARCHAND" not in repr(ebxml.slot("sourcePatientInfo", "PID-5|MARCHAND"))


# ---------------------------------------------------------------- HL7 components

oids = st.from_regex(r"[012](\.(0|[1-9][0-9]{0,5})){1,8}", fullmatch=True)
filled = attribute.filter(bool)


@given(value=attribute)
def test_delimiters_are_escaped_and_come_back(value: str) -> None:
    assert hl7.unescaped(hl7.escaped(value)) == value
    assert not set("^&|~") & set(hl7.escaped(value))


@given(root=oids, value=filled, family=attribute, given_name=attribute, label=filled)
def test_people_structures_and_identifiers_come_back(
    root: str, value: str, family: str, given_name: str, label: str
) -> None:
    known = Identifier(root, value)
    assert hl7.read_cx(hl7.cx(known, "NH")) == known
    person = Professional("k", "r", PersonName(family, given_name), known)
    assert hl7.read_xcn(hl7.xcn(person)) == (PersonName(family, given_name), known)
    assert hl7.read_xon(hl7.xon(Organization("k", label, known))) == (label, known)
    assert hl7.read_xon(hl7.xon(Organization("k", label))) == (label, None)
    coding = Coding(CodeSystem("", root, f"urn:oid:{root}", ""), value, label)
    assert hl7.read_coded(hl7.coded(coding)) == coding


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.timezones()))  # noqa: DTZ001
def test_moments_are_told_in_utc_to_the_second(moment: datetime) -> None:
    text = hl7.dtm(moment)
    assert len(text) == 14
    assert hl7.read_dtm(text) == moment.astimezone(UTC).replace(microsecond=0)


@pytest.mark.parametrize("text", ["", "2026-10-12", "20261301", "20261012246060", "abcd", "2026101"])
def test_what_is_no_moment_is_none(text: str) -> None:
    assert hl7.read_dtm(text) is None


def test_a_professional_without_number_keeps_a_name() -> None:
    person = Professional("k", "r", PersonName("BENSAÏD", "Karim"))
    assert hl7.xcn(person) == "^BENSAÏD^Karim^^^^^^^D"
    assert hl7.read_xcn(hl7.xcn(person)) == (person.name, None)


# ---------------------------------------------------------------- queries

parameters = st.builds(
    queries.Parameter,
    attribute,
    st.lists(st.lists(words, min_size=1, max_size=3).map(tuple), min_size=1, max_size=2).map(tuple),
    st.just(True),
) | st.builds(queries.one, attribute, words)


@given(st.builds(queries.StoredQuery, attribute, st.lists(parameters, max_size=3).map(tuple)))
def test_queries_come_back_as_they_went(query: queries.StoredQuery) -> None:
    assert queries.read(read_xml(etree.tostring(queries.build(query)))) == query


@pytest.mark.parametrize("value", ["sans guillemets", "'ouvert", "('a','b'", "'a' or 'b'", ""])
def test_a_parameter_badly_written_is_refused(value: str) -> None:
    root = queries.build(queries.StoredQuery("q", (queries.one("$p", "x"),)))
    held = root.find(".//{*}Value")
    assert held is not None
    held.text = value
    with pytest.raises(queries.QueryInvalid) as fault:
        queries.read(root)
    assert fault.value.code == "XDSStoredQueryParamNumber"


# ---------------------------------------------------------------- envelopes and responses


@given(action=words, message_id=words, to=words.filter(bool), related=words.filter(bool))
def test_envelopes_come_back_as_they_went(action: str, message_id: str, to: str, related: str) -> None:
    asked = soap.read(read_xml(soap.envelope(etree.Element("a"), action=action, message_id=message_id, to=to)))
    assert (asked.action, asked.message_id, asked.to, asked.relates_to) == (action, message_id, to, "")
    assert asked.reply_to == soap.ANONYMOUS
    told = soap.envelope(etree.Element("a"), action=action, message_id=message_id, to=to, relates_to=related)
    assert soap.read(read_xml(told)).relates_to == related


def test_an_assertion_travels_byte_for_byte() -> None:
    assertion = (
        b"<?xml version='1.0'?>\n<saml2:Assertion  xmlns:saml2='urn:oasis:names:tc:SAML:2.0:assertion' ID='a' />"
    )
    written = soap.envelope(etree.Element("a"), action="x", message_id="m", assertion=assertion)
    assert assertion.partition(b"?>\n")[2] in written
    read = soap.read(read_xml(written))
    assert read.assertion is not None
    assert read.security == 1


def test_headers_that_are_not_there_are_named() -> None:
    root = read_xml(soap.envelope(etree.Element("a"), action="x", message_id="m"))
    header = root[0]
    for one in list(header):
        header.remove(one)
    assert soap.read(root).missing == ("MessageID", "To", "ReplyTo", "Action")


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        (b"<html/>", "soap-envelope"),
        (b'<Envelope xmlns="urn:other"/>', "soap-envelope"),
        (b'<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"/>', "soap-body"),
    ],
)
def test_what_is_no_envelope_is_refused(xml: bytes, code: str) -> None:
    with pytest.raises(soap.SoapInvalid) as fault:
        soap.read(read_xml(xml))
    assert fault.value.code == code


def test_a_fault_of_soap_1_1_is_read_too() -> None:
    space = "http://schemas.xmlsoap.org/soap/envelope/"
    xml = (
        f'<s:Envelope xmlns:s="{space}"><s:Body><s:Fault><faultcode>s:Client.DMPClosed</faultcode>'
        "<faultstring>fermé</faultstring><detail><x><code>DMPClosed</code></x></detail></s:Fault></s:Body></s:Envelope>"
    )
    fault = soap.read(read_xml(xml.encode())).fault
    assert fault is not None
    assert (fault.code, fault.own_code, fault.reason) == ("Client", "DMPClosed", "fermé")
    assert fault.details == (("code", "DMPClosed"),)


@given(
    status=words,
    errors=st.lists(st.builds(outcome.RegistryError, words.filter(bool), words.filter(bool), words, st.booleans()),
                    max_size=3).map(tuple),
)  # fmt: skip
def test_responses_come_back_as_they_went(status: str, errors: tuple[outcome.RegistryError, ...]) -> None:
    value = outcome.RegistryResponse(status, errors)
    assert outcome.read_response(read_xml(etree.tostring(outcome.build_response(value)))) == value


# ---------------------------------------------------------------- hostile and foreign XML


@pytest.mark.parametrize(
    ("data", "charset", "code"),
    [
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "", "XML-DOCTYPE"),
        (b"<?xml version='1.0'?><!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "", "XML-DOCTYPE"),
        (b"<a>" * 200 + b"</a>" * 200, "", "XML-DEPTH"),
        (b"<a><?run me?></a>", "", "XML-PI"),
        (b"<a>" + b" " * 2000 + b"</a>", "", "XML-SIZE"),
        (b"<a", "", "XML-SYNTAX"),
        (b"<a/>", "utf-7", "XML-ENCODING"),
        (b"<a/>", "no-such-thing", "XML-ENCODING"),
        ("<a/>".encode("utf-16"), "", "XML-ENCODING"),
        (b"<?xml version='1.0' encoding='UTF-7'?><a/>", "", "XML-ENCODING"),
        ("<!DOCTYPE a [<!ENTITY b 'é'>]><a>&b;</a>".encode("latin-1"), "iso-8859-1", "XML-DOCTYPE"),
    ],
)
def test_hostile_xml_is_refused_by_rule(data: bytes, charset: str, code: str) -> None:
    with pytest.raises(XmlRefused) as fault:
        read_xml(data, charset, max_bytes=1500)
    assert fault.value.code == code


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        ("<a>é</a>".encode(), ""),
        ("\ufeff<?xml version='1.0' encoding='utf-8'?><a>é</a>".encode(), "iso-8859-1"),
        ("<?xml version='1.0' encoding='ISO-8859-1'?><a>é</a>".encode("latin-1"), ""),
        ("<?xml version='1.0' encoding='UTF-8'?><a>é</a>".encode("latin-1"), "ISO-8859-1"),
        ("<?xml version='1.0' encoding='windows-1252'?><a>é</a>".encode("cp1252"), ""),
        ("<a>é</a>".encode("latin-1"), ""),
        ("  \r\n<?xml version='1.0'?><a>é</a>".encode(), "utf-8"),
    ],
)
def test_the_character_set_is_followed(data: bytes, charset: str) -> None:
    assert read_xml(data, charset).text == "é"


def test_a_strict_reader_takes_no_undeclared_latin_1() -> None:
    with pytest.raises(XmlRefused) as fault:
        read_xml("<a>é</a>".encode("latin-1"), lenient=False)
    assert fault.value.code == "XML-ENCODING"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Le patient DUPONT Jean 252034410921797 n'a pas de DMP", "Le patient … n'a pas de DMP"),
        ("sourcePatientInfo manquant pour urn:uuid:abc", "sourcePatientInfo manquant pour urn:uuid:abc"),
        ("patient marchand hélène né le 14/03/1952", "patient … le …"),
        ("hash 1.2.250.1.999.2 incorrect", "hash 1.2.250.1.999.2 incorrect"),
        ("1.2.250.252034410921797", "…"),
    ],
)
def test_nothing_of_a_patient_is_left_in_what_a_server_says(text: str, told: str) -> None:
    assert redaction.cut(text, ("252034410921797",)) == told


def test_a_word_that_is_also_a_name_is_cut_when_it_is_known() -> None:
    assert redaction.cut("le patient temps est inconnu", ("TEMPS",)) == "le patient … est inconnu"
    assert len(redaction.cut("code " * 1000)) <= 300


def test_a_declaration_without_end_is_refused_at_once() -> None:
    with pytest.raises(XmlRefused) as fault:
        read_xml(b"<?xml " + b"a=b " * 1_000_000)
    assert fault.value.code == "XML-SYNTAX"


def test_a_number_inside_a_name_is_cut_too() -> None:
    assert redaction.cut("XDSDocumentEntry.patientId:252034410921797 absent") == "… absent"


def test_times_stand_without_quotes_and_texts_between_them() -> None:
    query = queries.StoredQuery("q", (queries.one("$from", "20261012080000"), queries.one("$id", "1^^^&1.2&ISO")))
    texts = [one.text for one in queries.build(query).iter("{*}Value")]
    assert texts == ["20261012080000", "'1^^^&1.2&ISO'"]


def test_a_code_stays_whole_when_a_name_is_a_part_of_it() -> None:
    response = outcome.RegistryResponse(
        outcome.FAILURE, (outcome.RegistryError("XDSRegistryBusy"), outcome.RegistryError("XDSRepositoryBusy"))
    )
    refused = outcome.refusal(response, secrets=("Bu", "Registry"))
    assert (type(refused), refused.code) == (DmpUnreachable, "XDSRegistryBusy XDSRepositoryBusy")
    other = outcome.RegistryResponse(outcome.FAILURE, (outcome.RegistryError("XDS MARTIN 42"),))
    assert outcome.refusal(other, secrets=("Martin",)).code == "…"
    other = outcome.RegistryResponse(outcome.FAILURE, (outcome.RegistryError("X123456789012345Y"),))
    assert outcome.refusal(other, secrets=("123456789012345",)).code == "…"


def test_what_a_dmp_says_of_certificates_and_sizes_is_left_to_read() -> None:
    for told in (
        "Signature du VIHF : L'autorité qui a émis un certificat n'est pas de confiance.",
        "Le document dépasse la taille limite.",
    ):
        assert "…" not in redaction.cut(told, ("Martin",))
