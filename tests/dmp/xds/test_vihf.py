"""The VIHF: what it says in each mode, and that it says nothing else once a byte has changed."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import strategies as st
from lxml import etree

from adapter.dmp.xds.vihf import (
    Caller,
    Software,
    VihfInvalid,
    VihfRead,
    acting,
    assertion,
    read,
    roles,
    verify,
    writing,
)
from adapter.dmp.xds.vihf import require_patient as same_patient
from adapter.errors import DmpAccessDenied
from adapter.model.coded import CodeSystem, Coding, Concept
from adapter.model.document import Identifier
from tests.dmp.xds import pki
from tests.documents import full_document

PATIENT = Identifier("1.2.250.1.213.1.4.10", "252034410921797")
AUTHOR = full_document().author
CALLER = acting(
    Caller("indirect", pki.STRUCTURE, "SA08", Software("dmp-adapter", "0.1.0", "1.2.250.1.999.1", "AUT-1")), AUTHOR
)
ID = "_6f1d3a52-0f6e-4c55-8f0e-6d7a3f1f2b11"
TRUSTED = (pki.authority().der,)


def made(caller: Caller = CALLER, *, now: datetime = pki.NOW, by: pki.Issued | None = None) -> bytes:
    return assertion(caller, PATIENT, (by or pki.issued()).signer, now=now, assertion_id=ID)


def judged(data: bytes | etree._Element, **more: Any) -> VihfRead:
    return verify(data, **{"trusted": TRUSTED, "now": pki.NOW, **more})


def refused(data: bytes, **more: Any) -> str:
    with pytest.raises(VihfInvalid) as fault:
        judged(data, **more)
    assert PATIENT.value not in str(fault.value)
    return fault.value.code


def test_it_says_who_calls_for_whom() -> None:
    found = judged(made())
    assert (found.mode, found.version, found.structure, found.sector) == (
        "indirect", "3.0", pki.STRUCTURE, "SA08^1.2.250.1.71.4.2.4",
    )  # fmt: skip
    assert (found.user_id, found.user_name) == ("899700100003", "Claire ÉVENO")
    assert found.patient is not None
    assert (found.patient.root, found.patient.value) == (PATIENT.root, PATIENT.value)
    assert [(one.system.oid, one.code, one.display) for one in found.roles] == [
        ("1.2.250.1.71.1.2.7", "10", "Médecin"),
        ("1.2.250.1.71.4.2.5", "SM54", "Médecine générale (SM)"),
    ]
    assert (found.issued_at, found.assertion_id, found.purpose) == (pki.NOW, ID, "normal")
    assert found.certificate == pki.issued().der
    assert found.issuer == f"CN=Test sign,OU={pki.STRUCTURE},O=Tests,C=FR"
    kept = {name: found.attributes[name][0] for name in found.attributes if name.startswith("LPS") or name[0] == "R"}
    assert kept == {
        "Ressource_URN": "urn:dmp", "LPS_ID": "1.2.250.1.999.1", "LPS_Nom": "dmp-adapter", "LPS_Version": "0.1.0",
        "LPS_ID_HOMOLOGATION_DMP": "AUT-1",
    }  # fmt: skip
    assert (found.not_before, found.not_on_or_after) == (None, None)


def test_the_same_call_gives_the_same_bytes() -> None:
    assert made() == made()


def test_the_signature_stands_just_after_the_issuer() -> None:
    names = [etree.QName(child).localname for child in etree.fromstring(made())]
    assert names == ["Issuer", "Signature", "Subject", "AuthnStatement", "AttributeStatement"]
    names = [etree.QName(child).localname for child in etree.fromstring(made(replace(CALLER, lifetime_s=60)))]
    assert names == ["Issuer", "Signature", "Subject", "Conditions", "AuthnStatement", "AttributeStatement"]


@pytest.mark.parametrize(
    ("mode", "value", "login", "declaration"),
    [
        ("direct", "DIRECTE", "SmartcardPKI", ""),
        ("indirect", "INDIRECTE", "Password", ""),
        ("indirect-reinforced", "INDIRECTE_RENFORCEE", "TLSClient", "CONF_EXI_PGSSIS"),
        ("air", "INDIRECTE_RENFORCEE", "TLSClient", "APP_BROWSER_AUTH"),
    ],
)
def test_each_mode_is_told_apart(mode: Any, value: str, login: str, declaration: str) -> None:
    found = judged(made(replace(CALLER, mode=mode)))
    assert found.mode == mode
    assert found.attributes["Authentification_Mode"] == (value,)
    assert found.login == f"urn:oasis:names:tc:SAML:2.0:ac:classes:{login}"
    assert found.declaration == declaration


def test_version_spelling_login_and_digest_are_choices() -> None:
    login = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"
    data = made(replace(CALLER, version="4.0", mode_name="Authentification_mode", digest="SHA-1", login=login))
    found = judged(data)
    assert (found.version, found.mode, found.login) == ("4.0", "indirect", login)
    assert "Authentification_mode" in found.attributes
    assert b"rsa-sha1" in data
    assert b"sha256" not in data
    assert b"rsa-sha256" in made()


def test_a_secret_connection_and_further_attributes_are_told() -> None:
    found = judged(made(replace(CALLER, secret_connection=True, more=(("Mode_Acces_Raison", "essai"),))))
    name = "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code"
    assert found.attributes[name] == ("INVISIBLE_REPRESENTANTS_LEGAUX^1.2.250.1.213.1.1.4.13",)
    assert found.attributes["Mode_Acces_Raison"] == ("essai",)


def test_an_automaton_has_its_own_role() -> None:
    caller = Caller("indirect", "1990000010", "SA41", CALLER.software, "1990000010/7", "Logiciel", automaton=True)
    found = judged(made(acting(caller, AUTHOR)))
    assert [(one.system.oid, one.code) for one in found.roles] == [("1.2.250.1.213.1.1.4.6", "AUTOMATE")]
    assert found.user_id == "1990000010/7"


def test_what_is_sent_is_sent_by_its_author() -> None:
    other = replace(CALLER, user_id="899700100099", user_name="Autre Personne", roles=CALLER.roles[:1])
    assert acting(other, AUTHOR) == CALLER
    card = replace(other, mode="direct")
    assert acting(card, AUTHOR) == card
    known = replace(CALLER, user_name="Dr Claire ÉVENO", roles=CALLER.roles[:1])
    assert acting(known, AUTHOR) == known


def test_an_author_without_national_identifier_does_not_act() -> None:
    with pytest.raises(DmpAccessDenied) as fault:
        acting(CALLER, replace(AUTHOR, identifier=None))
    assert fault.value.code == "vihf-user"


TRE_A02 = CodeSystem("tre-a02", "1.2.250.1.213.1.1.4.5", "urn:oid:1.2.250.1.213.1.1.4.5", "TRE_A02")


@pytest.mark.parametrize(
    ("code", "display", "expected"),
    [
        ("G15_60", "Infirmier", ["60"]),
        ("G15_60/SI01", "Infirmier - Pratique avancée (SI)", ["60"]),
        ("G15_10/SM26", "Médecin - Qualifié en Médecine Générale (SM)", ["10", "SM26"]),
    ],
)
def test_roles_come_from_the_profession(code: str, display: str, expected: list[str]) -> None:
    assert [one.code for one in roles((Coding(TRE_A02, code, display),))] == expected


@pytest.mark.parametrize("code", ["G15_10/SST17", "G15_10", "G15_21/A", "312"])
def test_a_doctor_without_a_known_speciality_is_not_sent(code: str) -> None:
    doctor = replace(AUTHOR, profession=Concept("Médecin", (Coding(TRE_A02, code, "Médecin"),)))
    with pytest.raises(DmpAccessDenied, match="roles") as fault:
        acting(replace(CALLER, user_id="", roles=()), doctor)
    assert fault.value.code == "vihf-role"


@pytest.mark.parametrize(
    "change",
    [
        {"structure": ""},
        {"sector": ""},
        {"user_id": ""},
        {"user_name": ""},
        {"roles": ()},
        {"software": Software("", "")},
    ],
)
def test_an_incomplete_caller_is_told_before_any_call(change: dict[str, Any]) -> None:
    with pytest.raises(DmpAccessDenied) as fault:
        made(replace(CALLER, **change))
    assert fault.value.code == "vihf-incomplete"


def test_a_doctor_without_speciality_is_refused_on_both_sides() -> None:
    with pytest.raises(DmpAccessDenied):
        made(replace(CALLER, roles=CALLER.roles[:1]))


# ---------------------------------------------------------------- what is not a valid VIHF


def test_any_changed_byte_is_refused() -> None:
    data = made()
    for place in range(0, len(data), 13):
        changed = bytearray(data)
        changed[place] ^= 1
        assert refused(bytes(changed)), place


WHOLE = made()


@hypothesis.given(st.integers(0, len(WHOLE) - 1), st.integers(0, 40), st.binary(max_size=40))
@hypothesis.settings(max_examples=150)
def test_no_damage_passes_and_none_is_a_crash(start: int, length: int, put: bytes) -> None:
    changed = WHOLE[:start] + put + WHOLE[start + length :]
    hypothesis.assume(changed != WHOLE)
    try:
        found = judged(changed)
    except VihfInvalid:
        return
    assert found == judged(WHOLE), "only what says the same may pass"


@pytest.mark.parametrize("digest", ["SHA-1", "SHA-256"])
def test_no_other_writing_of_the_base64_passes(digest: Any) -> None:
    data = made(replace(CALLER, digest=digest))
    value = data.split(b"SignatureValue>")[1].partition(b"<")[0]
    other = value.rstrip(b"=")
    last = other[-1:]
    assert refused(data.replace(value, other[:-1] + bytes([last[0] + 1]) + b"==")) == "signature"


def test_a_comment_cannot_shorten_a_value() -> None:
    data = made().replace(b"899700100003</", b"89970010<!---->0003</")
    assert judged(data).user_id == "899700100003"


def test_a_wrapped_assertion_is_refused() -> None:
    root = etree.fromstring(made())
    outer = etree.fromstring(made())
    for place in outer.findall(".//{*}AttributeValue"):
        if place.text == pki.STRUCTURE:
            place.text = "1990000099"
    signature = outer[1]
    etree.SubElement(signature, "{http://www.w3.org/2000/09/xmldsig#}Object").append(root)
    assert refused(etree.tostring(outer)) == "signature"


@pytest.mark.parametrize("own_id", ["_forged", ID])
@pytest.mark.parametrize("place", ["{*}Subject", "{*}AttributeStatement", "{*}Signature/{*}KeyInfo", "."])
@pytest.mark.parametrize("moved", [True, False])
def test_a_genuine_assertion_hidden_in_a_forged_one_lends_it_nothing(own_id: str, place: str, moved: bool) -> None:
    genuine, forged = etree.fromstring(made()), etree.fromstring(made())
    forged.set("ID", own_id)
    for one in forged.findall(".//{*}AttributeValue"):
        if one.text == pki.STRUCTURE:
            one.text = "1990000099"
    if moved:  # the signature that the forged one keeps is that of the hidden one
        genuine.remove(genuine[1])
    host = forged.find(place)
    assert host is not None
    host.append(genuine)
    assert refused(etree.tostring(forged)) in ("signature", "xml")


def test_no_signature_or_two_are_refused() -> None:
    root = etree.fromstring(made())
    root.remove(root[1])
    assert refused(etree.tostring(root)) == "signature"
    root = etree.fromstring(made())
    root.append(etree.fromstring(etree.tostring(root[1])))
    assert refused(etree.tostring(root)) == "signature"


@pytest.mark.parametrize(
    ("shift", "code"),
    [
        (timedelta(minutes=-4), ""),
        (timedelta(minutes=-6), "not-yet-valid"),
        (timedelta(minutes=64), ""),
        (timedelta(minutes=66), "expired"),
    ],
)
def test_clocks_may_differ_by_a_little(shift: timedelta, code: str) -> None:
    data = made()
    if code:
        assert refused(data, now=pki.NOW + shift) == code
    else:
        assert judged(data, now=pki.NOW + shift).issued_at == pki.NOW


def test_the_period_that_it_tells_counts() -> None:
    data = made(replace(CALLER, lifetime_s=60))
    assert judged(data).not_on_or_after == pki.NOW + timedelta(seconds=60)
    assert refused(data, now=pki.NOW + timedelta(minutes=7)) == "expired"
    assert judged(data, now=pki.NOW + timedelta(minutes=7), skew=timedelta(minutes=10)).not_before == pki.NOW


@pytest.mark.parametrize(
    ("by", "code"),
    [
        (lambda: pki.issued("client"), "certificate-use"),
        (lambda: pki.issued(by="AC inconnue"), "certificate-authority"),
        (lambda: pki.issued(period=(pki.PAST, pki.NOW - timedelta(days=1))), "certificate-expired"),
        (lambda: pki.issued(period=(pki.NOW + timedelta(days=1), pki.FAR)), "certificate-not-yet-valid"),
    ],
)
def test_each_bad_certificate_has_its_code(by: Callable[[], pki.Issued], code: str) -> None:
    assert refused(made(by=by())) == code


def test_certificates_for_signing_or_for_anything_sign() -> None:
    for use in ("card-sign", "any"):
        assert judged(made(by=pki.issued(use))).mode == "indirect"


def test_who_is_no_authority_vouches_for_nobody() -> None:
    impostor = pki.issued_by_no_authority()
    root = etree.fromstring(made(by=impostor))
    held = root.findall(".//{http://www.w3.org/2000/09/xmldsig#}X509Data")[0]
    for one in impostor.chain:
        other = etree.SubElement(held, "{http://www.w3.org/2000/09/xmldsig#}X509Certificate")
        other.text = b64encode(one.public_bytes(Encoding.DER)).decode()
    assert refused(etree.tostring(root)) == "certificate-authority"


def test_a_signature_elsewhere_than_after_the_issuer_is_refused() -> None:
    root = etree.fromstring(made())
    root.append(root[1])
    assert refused(etree.tostring(root)) == "signature"


def _signed_anew(change: Callable[[etree._Element], object], caller: Caller = CALLER) -> bytes:
    """An assertion changed, then signed by who may sign."""
    root = etree.fromstring(made(caller))
    change(root)
    root.replace(root[1], etree.Element("{http://www.w3.org/2000/09/xmldsig#}Signature", {"Id": "placeholder"}))
    return writing._signed(root, pki.issued().signer, "SHA-256", ID)


def _without(name: str) -> Callable[[etree._Element], object]:
    def change(root: etree._Element) -> None:
        (found,) = [one for one in root.iter("{*}Attribute") if one.get("Name", "").endswith(name)]
        found.getparent().remove(found)  # type: ignore[union-attr]  # an attribute stands in its statement

    return change


def _text(path: str, value: str) -> Callable[[etree._Element], object]:
    def change(root: etree._Element) -> None:
        found = root.find(path)
        assert found is not None
        found.text = value

    return change


AIR = replace(CALLER, mode="air")


@pytest.mark.parametrize(
    ("change", "caller", "code"),
    [
        (_text("{*}Issuer", "CN=Autre"), CALLER, "issuer"),
        (_text("{*}Issuer", "CN=Test sign,O=Tests,C=FR"), CALLER, "issuer"),
        (_text("{*}Issuer", f"C=FR, O=Tests, OU={pki.STRUCTURE}, CN=Test sign"), CALLER, ""),
        (lambda root: root[0].set("Format", "autre"), CALLER, "issuer"),
        *((_without(name), CALLER, "attributes") for name in (
            "VIHF_Version", "Authentification_Mode", "Identifiant_Structure", "Secteur_Activite", "subject-id",
            "subject:role", "resource-id", "Ressource_URN", "purposeofuse",
        )),
        (_text("{*}Subject/{*}NameID", ""), CALLER, "attributes"),
        (_text("{*}AuthnStatement/{*}AuthnContext/{*}AuthnContextDecl", ""), AIR, "attributes"),
        (lambda root: root.set("IssueInstant", "hier"), CALLER, "xml"),
        (lambda root: root.set("IssueInstant", "2026-10-12T17:00:00"), CALLER, "xml"),
        (lambda root: root.set("Version", "1.1"), CALLER, "xml"),
        (lambda root: root.set("IssueInstant", "2026-10-12T17:00:00Z"), CALLER, ""),
    ],
)  # fmt: skip
def test_what_an_assertion_lacks_is_told(change: Any, caller: Caller, code: str) -> None:
    data = _signed_anew(change, caller)
    if code:
        assert refused(data) == code
    else:
        assert judged(data).user_id == CALLER.user_id


@pytest.mark.parametrize("count", [1, 3])
def test_a_doctor_has_two_roles_no_less_no_more(count: int) -> None:
    def change(root: etree._Element) -> None:
        (held,) = [one for one in root.iter("{*}Attribute") if one.get("Name", "").endswith("subject:role")]
        if count == 1:
            held.remove(held[1])
        else:
            held.append(etree.fromstring(etree.tostring(held[1])))

    assert refused(_signed_anew(change)) == "attributes"


def test_a_resource_that_is_no_ins_is_refused() -> None:
    def change(root: etree._Element) -> None:
        (held,) = [one for one in root.iter("{*}Attribute") if one.get("Name", "").endswith("resource-id")]
        held[0].text = "tous"

    assert refused(_signed_anew(change)) == "attributes"


def test_a_revoked_certificate_is_refused() -> None:
    lists = [pki.revocation_list(pki.issued("client")).public_bytes(Encoding.DER)]
    assert judged(made(), revoked=lists).mode == "indirect"
    lists.append(pki.revocation_list(pki.issued()).public_bytes(Encoding.DER))
    assert refused(made(), revoked=lists) == "certificate-revoked"


def test_another_patient_than_that_of_the_message_is_refused() -> None:
    found = judged(made())
    same_patient(found, PATIENT)
    for other in (Identifier(PATIENT.root, "279035121518989"), Identifier("1.2.250.1.213.1.4.8", PATIENT.value)):
        with pytest.raises(VihfInvalid, match="patient"):
            same_patient(found, other)


@pytest.mark.parametrize("data", [b"", b"<a/>", b"<!DOCTYPE a><a/>", b"\xff\xfe", b"<a>" * 200])
def test_what_is_no_assertion_is_told(data: bytes) -> None:
    assert refused(data) == "xml"
    with pytest.raises(VihfInvalid):
        read(data)


def test_within_a_message_it_is_judged_alike() -> None:
    envelope = etree.fromstring(b'<e:Envelope xmlns:e="urn:e" xmlns="urn:x"><e:Header/></e:Envelope>')
    envelope[0].append(etree.fromstring(made()))
    again = etree.fromstring(etree.tostring(envelope))
    assert judged(again[0][0]).user_id == "899700100003"


@pytest.mark.conformance
@pytest.mark.parametrize("mode", ["direct", "indirect", "indirect-reinforced", "air"])
def test_it_follows_the_schemas_of_saml_and_hl7(mode: Any, shared_dir: Path, tmp_path: Path) -> None:
    saml = shared_dir / "xds/schema/saml/sstc-saml-schema-assertion-2.0.xsd"
    types = shared_dir / "cisis/infrastructure/cda/CDA_extended.xsd"
    (tmp_path / "hl7.xsd").write_text(
        f'''<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:hl7-org:v3"
          targetNamespace="urn:hl7-org:v3" elementFormDefault="qualified"><xs:include schemaLocation="{types}"/>
          <xs:element name="Role" type="CE"/><xs:element name="PurposeOfUse" type="CE"/></xs:schema>'''
    )
    (tmp_path / "both.xsd").write_text(
        f'''<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
          <xs:import namespace="urn:oasis:names:tc:SAML:2.0:assertion" schemaLocation="{saml}"/>
          <xs:import namespace="urn:hl7-org:v3" schemaLocation="hl7.xsd"/></xs:schema>'''
    )
    schema = etree.XMLSchema(etree.parse(str(tmp_path / "both.xsd")))
    schema.assertValid(etree.fromstring(made(replace(CALLER, mode=mode, lifetime_s=60, secret_connection=True))))


@pytest.mark.conformance
def test_it_says_what_a_genuine_one_says(shared_dir: Path) -> None:
    genuine = read((shared_dir / "xds/examples/cnam/vihf-indirecte.xml").read_bytes())
    ours = judged(made(replace(CALLER, mode_name="Authentification_mode")))
    assert set(ours.attributes) == set(genuine.attributes)
    assert (genuine.mode, genuine.version, genuine.sector) == ("indirect", "3.0", "SA07^1.2.250.1.71.4.2.4")
    assert [(one.system.oid, one.code) for one in genuine.roles] == [
        ("1.2.250.1.71.1.2.7", "10"), ("1.2.250.1.71.4.2.5", "SM26"),
    ]  # fmt: skip
    assert genuine.patient is not None
    assert genuine.purpose == ours.purpose
