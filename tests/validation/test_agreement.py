"""The judge of agreement: silent on documents that agree, and heard on every planted fault."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from adapter import cda, fhir, render
from adapter.errors import Finding, Severity
from adapter.model.coded import Concept
from adapter.model.document import (
    Bullets,
    Document,
    Goal,
    Item,
    Paragraph,
    Row,
    Section,
    Table,
)
from adapter.validation.agreement import (
    RULES,
    Fact,
    compare,
    compare_sheet,
    compare_trees,
    facts_of_bundle,
    facts_of_cda,
)
from adapter.validation.agreement.systems import oid_of
from adapter.validation.xml_input import parse_xml
from tests.documents import colleague_document, full_document, key, locum_document, minimal_document

PROJECT = Path(__file__).resolve().parents[2]
V3 = "{urn:hl7-org:v3}"
NOT_IN_FHIR, NOT_IN_CDA = "AGR-MISSING-IN-FHIR", "AGR-MISSING-IN-CDA"


@cache
def outputs() -> tuple[bytes, bytes]:
    document = full_document()
    return cda.render(document), fhir.render(document)


def rules(findings: list[Finding]) -> set[str]:
    return {finding.rule for finding in findings}


# ---------------------------------------------------------------- agreement


@pytest.mark.parametrize("document", [full_document, colleague_document, locum_document, minimal_document])
def test_both_documents_say_the_same(document: Callable[[], Document]) -> None:
    composed = document()
    xml, bundle = cda.render(composed), fhir.render(composed)
    assert compare(xml, bundle) == []
    assert facts_of_cda(xml) == facts_of_bundle(bundle)
    assert compare_sheet(xml, render.render(composed)) == []


def test_parsed_documents_are_compared_as_well() -> None:
    xml, bundle = outputs()
    parsed = json.loads(bundle, parse_float=Decimal)
    assert compare_trees(parse_xml(xml), parsed) == []
    parsed["entry"].pop()
    assert compare_trees(parse_xml(xml), parsed)
    assert rules(compare_trees(etree.fromstring("<a/>"), parsed)) == {"AGR-UNREADABLE"}


def test_every_sort_of_fact_is_read() -> None:
    kinds = {fact.kind for fact in facts_of_cda(outputs()[0])}
    assert kinds == {
        "document", "patient", "guardian", "author", "legal-authenticator", "custodian", "performer", "responsible",
        "relative", "team", "act", "encounter", "section", "problem", "allergy", "medication", "observation",
        "directive", "goal", "care act", "request", "next visit", "device", "attachment",
    }  # fmt: skip


def test_digits_of_a_value_are_facts() -> None:
    assert any(fact.value == "36.90 Cel" for fact in facts_of_bundle(outputs()[1]))


def test_a_fact_hides_its_text() -> None:
    assert "MARCHAND" not in repr(Fact("patient", "", "used family", "MARCHAND"))
    assert "MARCHAND" not in repr(facts_of_cda(outputs()[0]))


# ---------------------------------------------------------------- planted faults: changed bytes

EDITS: dict[str, tuple[str, str, str]] = {
    # name: (document, text to find, text to put in its place)
    "document-id": ("cda", '<id root="1.2.250.1.999.2.1.2"/>', '<id root="1.2.250.1.999.2.1.3"/>'),
    "set-id": ("cda", '<setId root="1.2.250.1.999.2.1"/>', '<setId root="1.2.250.1.999.2.9"/>'),
    "version": ("bundle", '"valueString":"2"', '"valueString":"3"'),
    "replaced": ("cda", '<parentDocument><id root="1.2.250.1.999.2.1.1"', '<parentDocument><id root="1.2.250.1.9"'),
    "type": ("bundle", '"code":"11488-4"', '"code":"11490-0"'),
    "title": ("bundle", '"title":"Synthèse de visite', '"title":"Synthèse de la visite'),
    "confidentiality": ("cda", '<confidentialityCode code="N"', '<confidentialityCode code="R"'),
    "written-at": ("bundle", '"date":"2026-10-12T18:20:07+02:00"', '"date":"2026-10-12T18:20:08+02:00"'),
    "offset": ("cda", '<effectiveTime value="20261012182007+0200"', '<effectiveTime value="20261012182007+0100"'),
    "ins": ("cda", 'extension="252034410921797"', 'extension="252034410921798"'),
    "ins-root": ("bundle", "urn:oid:1.2.250.1.213.1.4.10", "urn:oid:1.2.250.1.213.1.4.8"),
    "birth-name": ("cda", '<family qualifier="BR">ROUSSEL', '<family qualifier="BR">ROUSSEAU'),
    "used-name": ("bundle", '"family":"MARCHAND","given":["Hélène"]', '"family":"MARCHANT","given":["Hélène"]'),
    "gender": ("bundle", '"gender":"female"', '"gender":"male"'),
    "birth-date": ("cda", '<birthTime value="19520314"', '<birthTime value="19520315"'),
    "birth-place": ("bundle", '"code":"44109"', '"code":"44108"'),
    "address": ("cda", "12 rue des Tanneurs", "21 rue des Tanneurs"),
    "patient-phone": ("bundle", '"value":"0200000009"', '"value":"0200000008"'),
    "author-number": ("cda", 'extension="899700100003"', 'extension="899700100011"'),
    "author-name": ("cda", "<given>Claire</given>", "<given>Clara</given>"),
    "organization-name": ("bundle", "Maison médicale des Tanneurs", "Maison de santé des Tanneurs"),
    "relative-role": ("cda", 'classCode="NOK"', 'classCode="ECON"'),
    "relative-name": ("bundle", '"family":"LE BIHAN"', '"family":"LE BRAS"'),
    "relative-phone": ("cda", 'value="tel:0600000001"', 'value="tel:0600000011"'),
    "phone-use": ("cda", 'value="tel:0600000005" use="MC"', 'value="tel:0600000005" use="WP"'),
    "guardian": ("bundle", "Association tutélaire de l'Ouest", "Association tutélaire du Sud"),
    "team-period": ("bundle", '"start":"2026-09-01"', '"start":"2026-09-02"'),
    "team-role": ("cda", "Infirmier libéral", "Infirmier coordonnateur"),
    "encounter-class": ("bundle", '"code":"HH"', '"code":"AMB"'),
    "act": ("cda", '<code code="VSP"', '<code code="VL"'),
    "visit-end": ("cda", '<high value="20261012110500+0200"', '<high value="20261012110600+0200"'),
    "facility": ("bundle", '"code":"SA08"', '"code":"SA07"'),
    "problem-code": ("cda", 'code="C25.9"', 'code="C25.8"'),
    "problem-translation": ("bundle", '"code":"363418001"', '"code":"363418002"'),
    "problem-system": ("bundle", "http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-11"),
    "problem-words": ("bundle", '"text":"Hoquet tenace"', '"text":"Hoquet"'),
    "problem-onset": ("cda", '<low value="202603"/>', '<low value="20260301"/>'),
    "problem-end": ("bundle", '"abatementDateTime":"2026-10-01"', '"abatementDateTime":"2026-10"'),
    "problem-status": ("bundle", '"code":"resolved"', '"code":"active"'),
    "allergen": ("cda", 'code="J01C"', 'code="J01D"'),
    "allergy-sort": ("bundle", '"category":["medication"]', '"category":["food"]'),
    "reaction": ("bundle", '"code":"L50.9"', '"code":"L50.8"'),
    "dose": ("bundle", '"value":20.50', '"value":20.5'),
    "dose-unit": ("cda", '<low value="12" unit="ug/h"/><high value="12" unit="ug/h"/>',
                  '<low value="12" unit="mg/h"/><high value="12" unit="mg/h"/>'),
    "dose-range": ("cda", '<low value="60" unit="mg"/><high value="60"', '<low value="60" unit="mg"/><high value="80"'),
    "route": ("bundle", '"code":"20070000"', '"code":"20053000"'),
    "route-words": ("cda", "voie au choix de l'infirmier", "voie orale"),
    "rhythm": ("bundle", '"frequency":2', '"frequency":3'),
    "stopped": ("cda", 'moodCode="INT"><templateId root="2.16.840.1.113883.10.20.1.24"',
                'moodCode="EVN"><templateId root="2.16.840.1.113883.10.20.1.24"'),
    "indication": ("bundle", '"text":"Douleur"}', '"text":"Fièvre"}'),
    "score": ("cda", '<value xsi:type="INT" value="15"/>', '<value xsi:type="INT" value="16"/>'),
    "score-code": ("bundle", '"code":"LA9625-0"', '"code":"LA9624-3"'),
    "pain": ("bundle", '"valueInteger":6', '"valueInteger":7'),
    "pain-scale": ("cda", 'code="72514-3"', 'code="38214-3"'),
    "vital-digits": ("bundle", '"value":36.90', '"value":36.9'),
    "vital-unit": ("cda", 'value="48.2" unit="kg"', 'value="48.2" unit="g"'),
    "yes-no": ("bundle", '"valueBoolean":true', '"valueBoolean":false'),
    "not-assessable": ("bundle", '"text":"aidante absente"', '"text":"aidante présente"'),
    "site": ("cda", "<originalText>épigastre</originalText>", "<originalText>dos</originalText>"),
    "directive-answer": ("cda", '<value xsi:type="BL" value="false"/>', '<value xsi:type="BL" value="true"/>'),
    "directive-date": ("bundle", '"dateTime":"2026-09-02"', '"dateTime":"2026-09-03"'),
    "care-act": ("bundle", '"code":"103735009"', '"code":"103735008"'),
    "request-due": ("cda", '<high value="20261020"/>', '<high value="20261021"/>'),
    "request-status": ("bundle", '"status":"completed","intent":"order"', '"status":"active","intent":"order"'),
    "request-performer": ("cda", "<originalText>SSIAD</originalText>", "<originalText>SSID</originalText>"),
    "next-visit": ("bundle", '"start":"2026-10-26T10:00:00+01:00"', '"start":"2026-10-26T10:00:00+02:00"'),
    "device": ("bundle", '"code":"91537007"', '"code":"91537008"'),
    "attachment": ("cda", 'representation="B64">JVBERi0xLjQK', 'representation="B64">JVBERi0xLjUK'),
    "attachment-type": ("bundle", '"contentType":"application/pdf"', '"contentType":"text/plain"'),
    "entry-words": ("bundle", "<p>Braden 15</p>", "<p>Braden 14</p>"),
    "entry-added-words": ("bundle", "<p>Encombrement</p>", "<p>Encombrement léger</p>"),
    "narrative-word": ("cda", "Dyspnée</td>", "Dyspepsie</td>"),
    "narrative-word-in-fhir": ("bundle", "Revoir dans 14 jours.", "Revoir dans 15 jours."),
    "column-title": ("bundle", "<th>Intensité</th>", "<th>Gravité</th>"),
    "section-title": ("cda", "<title>Symptômes</title>", "<title>Signes</title>"),
    "section-code": ("bundle", '"code":"48765-2"', '"code":"11369-6"'),
    "section-system": ("bundle", '"code":{"coding":[{"system":"http://loinc.org","code":"48765-2"',
                       '"code":{"coding":[{"system":"http://snomed.info/sct","code":"48765-2"'),
    "product-name": ("cda", "<name>Fentanyl</name>", "<name>Fentanyl fort</name>"),
    "allergen-name": ("cda", "<name>Pénicilline</name>", "<name>Pénicilline V</name>"),
    "negated": ("cda", 'moodCode="EVN" negationInd="false"><templateId root="2.16.840.1.113883.10.20.1.28"/>'
                '<templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.5"/><templateId root="1.2.250.1.213.1.1.3.37"/>',
                'moodCode="EVN" negationInd="true"><templateId root="2.16.840.1.113883.10.20.1.28"/>'
                '<templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.5"/><templateId root="1.2.250.1.213.1.1.3.37"/>'),
    "cancelled": ("cda", '<statusCode code="completed"/>', '<statusCode code="cancelled"/>'),
    "concern-closed": ("cda", '<statusCode code="active"/>', '<statusCode code="completed"/>'),
    "entered-in-error": ("bundle", '"status":"final","category"', '"status":"entered-in-error","category"'),
    "refuted": ("bundle", '"clinicalStatus":',
                '"verificationStatus":{"coding":[{"code":"refuted"}]},"clinicalStatus":'),
    "suspended-not-stopped": ("cda", 'code="73425007"', 'code="421139008"'),
    "on-hold": ("bundle", '"status":"stopped"', '"status":"on-hold"'),
    "uncoded-not-absent": ("cda", '<value xsi:type="CD" nullFlavor="NA"><originalText>aidante',
                           '<value xsi:type="CD" nullFlavor="OTH"><originalText>aidante'),
    "not-taken": ("bundle", '"status":"stopped"', '"status":"not-taken"'),
    "rpps": ("bundle", '"value":"99700100003"', '"value":"99700100011"'),
    "finess": ("bundle", '"value":"990000010"', '"value":"990000028"'),
    "name-in-words": ("bundle", '"text":"Jean MARCHAND"', '"text":"Paul MARCHAND"'),
    "appointment-description": ("bundle", '"description":"Prochaine visite le', '"description":"Visite le'),
    "dosage": ("bundle", '"text":"60 mg matin et soir"', '"text":"60 mg matin, midi et soir"'),
    "unit-in-words": ("bundle", '"value":20.50,"unit":"mg"', '"value":20.50,"unit":"µg"'),
    "form": ("cda", "<originalText>LP</originalText>", "<originalText>LI</originalText>"),
    "most-a-day": ("cda", '<numerator xsi:type="PQ" value="4"', '<numerator xsi:type="PQ" value="8"'),
    "device-site": ("bundle", '"text":"sous-clavière droite"', '"text":"sous-clavière gauche"'),
    "rhythm-unit": ("cda", 'value="72" unit="h"', 'value="72" unit="d"'),
}  # fmt: skip


# Nothing is lost, one thing is said beside: the other document alone lacks a fact.
ONE_SIDED = {
    "entry-added-words", "problem-onset", "product-name", "allergen-name", "negated", "cancelled", "concern-closed",
    "entered-in-error", "refuted", "rpps", "finess", "name-in-words", "appointment-description",
    "not-taken", "dosage", "unit-in-words", "device-site",
    "form", "most-a-day",
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_a_changed_fact_is_seen_from_both_sides(name: str) -> None:
    where, old, new = EDITS[name]
    xml, bundle = outputs()
    target = xml if where == "cda" else bundle
    assert old.encode() in target, "the plant does not take"
    spoilt = target.replace(old.encode(), new.encode(), 1 if where == "cda" else -1)
    findings = compare(spoilt, bundle) if where == "cda" else compare(xml, spoilt)
    seen = rules(findings)
    assert seen <= {NOT_IN_FHIR, NOT_IN_CDA}
    assert seen == {NOT_IN_FHIR, NOT_IN_CDA} or name in ONE_SIDED
    assert all(finding.severity is Severity.ERROR and finding.path and finding.source for finding in findings)


@pytest.mark.parametrize("name", EDITS)
def test_messages_name_no_text_and_nobody(name: str) -> None:
    where, old, new = EDITS[name]
    xml, bundle = outputs()
    spoilt = (xml if where == "cda" else bundle).replace(old.encode(), new.encode(), 1)
    for finding in compare(spoilt, bundle) if where == "cda" else compare(xml, spoilt):
        for secret in (
            "MARCHAND", "Hélène", "HELENE", "ROUSSEL", "2520344", "BENSA", "Tanneurs", "0600", "0200", "8997",
            "pancréas", "Hoquet", "Revoir", "transfert", "Morphine", "SSIAD", "absente", "tutélaire",
        ):  # fmt: skip
            assert secret not in finding.message + finding.path


def test_a_phone_that_the_custodian_lacks_is_seen() -> None:
    xml, bundle = outputs()
    root = etree.fromstring(xml)
    telecom = root.find(f".//{V3}representedCustodianOrganization/{V3}telecom")
    assert telecom is not None
    telecom.set("value", "tel:0200000010")
    assert rules(compare(etree.tostring(root), bundle)) == {NOT_IN_FHIR, NOT_IN_CDA}


def test_a_care_plan_that_says_something_else_than_its_section_is_seen() -> None:
    xml, bundle = outputs()
    read = json.loads(bundle, parse_float=Decimal)
    plan = next(e["resource"] for e in read["entry"] if e["resource"]["resourceType"] == "CarePlan")
    plan["text"]["div"] = plan["text"]["div"].replace("mourir à domicile", "mourir ailleurs")
    (finding,) = compare_trees(parse_xml(xml), read)
    assert finding.rule == NOT_IN_CDA


def test_an_entry_in_another_section_is_seen() -> None:
    xml, bundle = outputs()
    read = json.loads(bundle, parse_float=Decimal)
    sections = read["entry"][0]["resource"]["section"]
    moved = f"urn:uuid:{key('history-1')}"
    source = next(s for s in sections if {"reference": moved} in s.get("entry", ()))
    source["entry"].remove({"reference": moved})
    sections[0]["entry"] = [{"reference": moved}]
    findings = compare_trees(parse_xml(xml), read)
    assert [finding.rule for finding in findings] == [NOT_IN_FHIR, NOT_IN_CDA]
    assert "rubrique" in findings[0].message


@pytest.mark.parametrize(
    "odd", ["a : b", ":", "<h3>t</h3>", "&lt;b&gt; &amp;", "a;b , c.", "x\n\ny\u2028z\u00a0w", "]]>"]
)
def test_odd_texts_are_no_difference(odd: str) -> None:
    words = f"mot {odd}"
    document = full_document()
    section = Section(
        key="reason", code=document.sections[0].code, title=words, template_ids=(), fhir="reason",
        blocks=(
            Paragraph(words, label=odd, anchor="odd-1", strong=True),
            Bullets((Item(words, anchor="odd-2", label=odd),), odd),
            Table((odd, "État"), (Row((words, odd), "odd-3"),), odd),
        ),
        entries=tuple(
            Goal(key=key(anchor), anchor=anchor, statement=statement, what=Concept(words))
            for anchor, statement in (
                ("odd-1", words), ("odd-2", words), ("odd-3", f"{odd} : {words} ; État : {odd}"),
            )
        ),
    )  # fmt: skip
    document = replace(document, title=words, sections=(section, *document.sections[1:]))
    assert compare(cda.render(document), fhir.render(document)) == []
    assert compare_sheet(cda.render(document), render.render(document)) == []


def test_two_swapped_values_are_seen() -> None:
    xml, bundle = outputs()
    a, b = b'value="36.90" unit="Cel"', b'value="96" unit="%"'
    swapped = xml.replace(a, b"@@").replace(b, a).replace(b"@@", b)
    findings = compare(swapped, bundle)
    assert rules(findings) == {NOT_IN_FHIR, NOT_IN_CDA}
    assert len(findings) == 4


def test_two_swapped_entries_are_seen_by_their_text() -> None:
    xml, bundle = outputs()
    swapped = bundle.replace(b"<p>ECOG 3</p>", b"@@").replace(b"<p>PPS 50 %</p>", b"<p>ECOG 3</p>")
    assert len(compare(xml, swapped.replace(b"@@", b"<p>PPS 50 %</p>"))) == 4


def test_paths_lead_to_the_culprit() -> None:
    xml, bundle = outputs()
    findings = compare(xml.replace(b'code="C25.9"', b'code="C25.8"'), bundle)
    (in_cda,) = [f.path for f in findings if f.rule == NOT_IN_FHIR]
    (in_fhir,) = [f.path for f in findings if f.rule == NOT_IN_CDA]
    root = etree.fromstring(xml)
    steps = "".join(f"/{V3}{step}" for step in in_cda.removeprefix("/ClinicalDocument/").split("/")).lstrip("/")
    element = root.find(steps)
    assert element is not None
    value = element.find(f"{V3}value")
    assert value is not None
    assert value.get("code") == "C25.9"
    index = int(in_fhir.partition("[")[2].partition("]")[0])
    assert json.loads(bundle)["entry"][index]["resource"]["code"]["coding"][0]["code"] == "C25.9"
    assert "C25.8" in next(f.message for f in findings if f.rule == NOT_IN_FHIR)


# ---------------------------------------------------------------- planted faults: dropped and doubled

ENTRIES = (
    "problem-1", "problem-2", "history-1", "allergy-1", "treatment-1", "treatment-5", "pain-1", "pain-3", "score-1",
    "score-4", "symptom-2", "vital-2", "device-1", "directive-1", "directive-3", "social-1", "goal-1", "request-1",
    "request-2", "wish-1", "decision-1", "next-1", "attachment-1",
)  # fmt: skip


def cda_act(root: Any, name: str) -> Any:
    """Act whose own identifier is the key of an entry."""
    return next(
        number.getparent()
        for number in root.iter(f"{V3}id")
        if number.get("root") == key(name)
        and not number.get("extension")
        and number.getparent().tag != f"{V3}externalDocument"
    )


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_dropped_from_cda_is_one_finding(name: str) -> None:
    xml, bundle = outputs()
    root = etree.fromstring(xml)
    act = cda_act(root, name)
    act.getparent().remove(act)
    (finding,) = compare(etree.tostring(root), bundle)
    assert finding.rule == NOT_IN_CDA
    assert "absent dans le CDA" in finding.message


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_dropped_from_the_bundle_is_one_finding(name: str) -> None:
    xml, bundle = outputs()
    read = json.loads(bundle)
    read["entry"] = [entry for entry in read["entry"] if entry["resource"].get("id") != key(name)]
    raw = json.dumps(read, ensure_ascii=False).replace("36.9,", "36.90,").replace("20.5,", "20.50,")
    findings = compare(xml, raw.encode())
    assert rules(findings) == {NOT_IN_FHIR}
    assert len(findings) == 1


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_printed_twice_is_seen(name: str) -> None:
    xml, bundle = outputs()
    root = etree.fromstring(xml)
    act = cda_act(root, name)
    act.addnext(etree.fromstring(etree.tostring(act)))
    findings = compare(etree.tostring(root), bundle)
    assert rules(findings) == {NOT_IN_FHIR}
    assert any("dit plus souvent" in finding.message for finding in findings)


def test_a_resource_printed_twice_is_seen() -> None:
    xml, bundle = outputs()
    read = json.loads(bundle)
    read["entry"] += [entry for entry in read["entry"] if entry["resource"].get("id") == key("goal-1")]
    raw = json.dumps(read, ensure_ascii=False).replace("36.9,", "36.90,").replace("20.5,", "20.50,")
    assert rules(compare(xml, raw.encode())) == {NOT_IN_CDA}


@pytest.mark.parametrize("tag", ["informant", "participant", "guardian", "section", "relatedDocument"])
def test_a_person_or_a_section_dropped_from_cda_is_seen(tag: str) -> None:
    xml, bundle = outputs()
    root = etree.fromstring(xml)
    element = next(root.iter(f"{V3}{tag}"))
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)
    assert rules(compare(etree.tostring(root), bundle)) == {NOT_IN_CDA}


@pytest.mark.parametrize("kind", ["RelatedPerson", "CareTeam", "CarePlan", "Binary", "Encounter"])
def test_a_resource_dropped_from_the_bundle_is_seen(kind: str) -> None:
    xml, bundle = outputs()
    read = json.loads(bundle)
    kept = [entry for entry in read["entry"] if entry["resource"]["resourceType"] != kind]
    assert len(kept) < len(read["entry"])
    read["entry"] = kept
    raw = json.dumps(read, ensure_ascii=False).replace("36.9,", "36.90,").replace("20.5,", "20.50,")
    assert NOT_IN_FHIR in rules(compare(xml, raw.encode()))


# ---------------------------------------------------------------- the sheet


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Braden 15", "Braden 14"),
        ("Revoir dans 14 jours.", ""),
        ("<h2>Symptômes</h2>", "<h2>Signes</h2>"),
        ("Intensité</th>", "Gravité</th>"),
        ("<caption>Problèmes</caption>", ""),
    ],
)
def test_a_text_that_the_sheet_lacks_is_seen(old: str, new: str) -> None:
    document = full_document()
    sheet = render.render(document).decode()
    assert old in sheet
    findings = compare_sheet(cda.render(document), sheet.replace(old, new).encode())
    assert rules(findings) == {"AGR-MISSING-IN-SHEET"}
    assert all("/section" in finding.path for finding in findings)


def test_sections_out_of_order_in_the_sheet_are_seen() -> None:
    document = full_document()
    shuffled = replace(document, sections=document.sections[::-1])
    assert compare_sheet(cda.render(document), render.render(shuffled))


# ---------------------------------------------------------------- what is no document


@pytest.mark.parametrize(
    ("xml", "bundle", "rule"),
    [
        (b"<a/>", None, "AGR-UNREADABLE"),
        (b"<a", None, "XML-SYNTAX"),
        (None, b"{", "AGR-UNREADABLE"),
        (None, b"[]", "AGR-UNREADABLE"),
        (None, b'{"resourceType":"Bundle","entry":[]}', "AGR-UNREADABLE"),
        (None, b'{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient"}}]}', "AGR-UNREADABLE"),
        (None, b'{"resourceType":"Bundle","entry":[3]}', "AGR-UNREADABLE"),
        (None, b'{"entry":[{"resource":{"resourceType":"Composition","section":{"a":1}}}]}', "AGR-UNREADABLE"),
        (None, b'{"entry":[{"resource":{"resourceType":"Composition","type":[[]],"title":{}}}]}', "AGR-UNREADABLE"),
    ],
)
def test_what_cannot_be_read_is_one_finding(xml: bytes | None, bundle: bytes | None, rule: str) -> None:
    good_xml, good_bundle = outputs()
    (finding,) = compare(xml or good_xml, bundle or good_bundle)
    assert finding.rule == rule


def test_the_judge_knows_every_system_of_the_mappings_from_its_own_table() -> None:
    with (PROJECT / "mappings" / "systems.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    assert len(rows) > 20
    assert [row["key"] for row in rows if oid_of(row["uri"]) != row["oid"]] == []


def test_every_rule_explains_itself() -> None:
    assert set(RULES) == {NOT_IN_FHIR, NOT_IN_CDA, "AGR-MISSING-IN-SHEET", "AGR-UNREADABLE"}
    assert all(text.title and text.explanation and text.source for text in RULES.values())
