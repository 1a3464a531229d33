"""Every CDA rule bites: one planted fault each, in a document that is sound otherwise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree

from adapter.errors import Finding, Severity
from adapter.validation.cda_rules import RULES, check_cda, check_cda_tree
from adapter.validation.xml_input import parse_xml
from tests.validation.cda_sample import SAMPLE, UNSTRUCTURED

INS = 'root="1.2.250.1.213.1.4.8" extension="240037512345662"'
RPPS = 'extension="899700100003"'
FINESS = 'extension="1990000010"'
PAIN = '<value xsi:type="INT" value="6"/>'
ECOG = 'code="LA9625-0"'
WEIGHT = '<value xsi:type="PQ" value="48.2" unit="kg"/>'
PDF_VALUE = re.search(r">(JVBER[^<]+)<", SAMPLE)
assert PDF_VALUE is not None
BASE64 = PDF_VALUE[1]

FAULTS: list[tuple[str, str, str]] = [
    ("CDA-ROOT", 'xmlns="urn:hl7-org:v3"', 'xmlns="urn:hl7-org:v2"'),
    ("CDA-CHILD", "<title>Synthèse de visite</title>", "<title>Synthèse de visite</title><surnom/>"),
    ("CDA-CHILD", '<realmCode code="FR"/>', '<versionNumber value="2"/><realmCode code="FR"/>'),
    ("CDA-HEADER-CARD", '<realmCode code="FR"/>', ""),
    ("CDA-HEADER-CARD", '<versionNumber value="2"/>', '<versionNumber value="2"/><versionNumber value="2"/>'),
    ("CDA-REALM", '<realmCode code="FR"/>', '<realmCode code="US"/>'),
    ("CDA-TYPE-ID", "POCD_HD000040", "POCD_HD000041"),
    ("CDA-TEMPLATE-HEADER", '<templateId root="1.2.250.1.213.1.1.1.1"/>', '<templateId root="1.2.250.1.213.1.1.1.2"/>'),
    (
        "CDA-TEMPLATE-HEADER",
        '<templateId root="2.16.840.1.113883.2.8.2.1"/>',
        '<templateId root="1.2.250.1.213.1.1.1.1"/>',
    ),
    ("CDA-TEMPLATE-UNKNOWN", "1.2.250.1.213.1.1.3.48.18", "1.2.250.1.213.1.1.3.4818"),
    (
        "CDA-DOC-CODE",
        'code="11488-4" codeSystem="2.16.840.1.113883.6.1"',
        'code="11488-4" codeSystem="1.2.250.1.213.1.1.4.12"',
    ),
    ("CDA-DOC-CODE", 'code="11488-4" codeSystem', 'code="SYNTH" codeSystem'),
    ("CDA-DOC-TITLE", "<title>Synthèse de visite</title>", "<title> </title>"),
    ("CDA-DOC-TIME", '<effectiveTime value="20261013182000+0200"/>', '<effectiveTime value="20261013"/>'),
    ("CDA-DOC-TIME", '<effectiveTime value="20261013182000+0200"/>', '<effectiveTime nullFlavor="UNK"/>'),
    ("CDA-CONFIDENTIALITY", 'confidentialityCode code="N"', 'confidentialityCode code="L"'),
    ("CDA-CONFIDENTIALITY", "2.16.840.1.113883.5.25", "1.2.250.1.213.1.1.4.13"),
    ("CDA-LANGUAGE", "fr-FR", "fr"),
    ("CDA-VERSION", '<versionNumber value="2"/>', '<versionNumber value="0"/>'),
    ("CDA-VERSION-ALONE", SAMPLE[SAMPLE.index("<relatedDocument") : SAMPLE.index("<componentOf>")], ""),
    ("CDA-REPLACE", '<versionNumber value="2"/>', '<versionNumber value="1"/>'),
    ("CDA-REPLACE", 'typeCode="RPLC"', 'typeCode="APND"'),
    ("CDA-REPLACE", 'extension="visite-7.1"', 'extension="visite-7.2"'),
    ("CDA-REPLACE", '<versionNumber value="1"/>', '<versionNumber value="3"/>'),
    (
        "CDA-SET-ID",
        '<setId root="1.2.250.1.999.1" extension="visite-7"/>',
        '<setId root="1.2.250.1.999.1" extension="visite-7.2"/>',
    ),
    ("CDA-PATIENT", SAMPLE[SAMPLE.index(" <patient>") : SAMPLE.index("</patientRole>")], ""),
    ("CDA-GENDER", 'administrativeGenderCode code="F"', 'administrativeGenderCode code="X"'),
    ("CDA-BIRTH", '<birthTime value="19400314"/>', '<birthTime value="20261014"/>'),
    ("CDA-INS-NONE", "1.2.250.1.213.1.4.8", "1.2.250.1.999.3"),
    ("CDA-INS-ROOT", "1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.7"),
    ("CDA-INS-FORMAT", INS, INS.replace("662", "66")),
    ("CDA-INS-KEY", INS, INS.replace("662", "663")),
    ("CDA-INS-SEX", 'administrativeGenderCode code="F"', 'administrativeGenderCode code="M"'),
    ("CDA-INS-TRAITS", '<family qualifier="BR">ESSAI', '<family qualifier="CL">ESSAI'),
    ("CDA-INS-TRAITS", "<given>LOUISE ANNE</given>", ""),
    ("CDA-INS-TRAITS", '<given qualifier="BR">LOUISE</given>', ""),
    ("CDA-INS-TRAITS", '<birthTime value="19400314"/>', '<birthTime value="1940"/>'),
    ("CDA-INS-TRAITS", "<county>75112</county>", ""),
    ("CDA-INS-TRAITS", 'administrativeGenderCode code="F"', 'administrativeGenderCode nullFlavor="UNK"'),
    ("CDA-RPPS-FORMAT", RPPS, 'extension="89970010000"'),
    ("CDA-RPPS-FORMAT", RPPS, 'extension="dupont"'),
    ("CDA-RPPS-KEY", RPPS, 'extension="899700100004"'),
    ("CDA-FINESS-FORMAT", FINESS, 'extension="199000001"'),
    ("CDA-FINESS-KEY", FINESS, 'extension="1990000011"'),
    ("CDA-AUTHOR", '<author>\n <time value="20261013182000+0200"/>', "<author>"),
    ("CDA-LEGAL", '<legalAuthenticator>\n <time value="20261013182000+0200"/>', "<legalAuthenticator>"),
    ("CDA-LEGAL", '<signatureCode code="S"/>', '<signatureCode code="X"/>'),
    (
        "CDA-AUTHENTICATOR",
        '<assignedEntity><id root="1.2.250.1.71.4.2.1"',
        '<assignedEntity><id root="1.2.250.1.999.4"',
    ),
    ("CDA-PARTICIPANT", '<time><low value="20260101"/></time>', ""),
    ("CDA-RELATION", '<code code="SON" codeSystem="2.16.840.1.113883.5.111" displayName="Fils"/>', ""),
    ("CDA-RELATION", 'classCode="NOK"', 'classCode="QUAL"'),
    (
        "CDA-CUSTODIAN",
        '<representedCustodianOrganization>\n <id root="1.2.250.1.71.4.2.2"',
        '<representedCustodianOrganization>\n <id root="1.2.250.1.999.4"',
    ),
    ("CDA-SERVICE-EVENT", '<performer typeCode="PRF">', '<performer typeCode="PPRF">'),
    (
        "CDA-SERVICE-EVENT",
        '<serviceEvent>\n <effectiveTime><low value="20261012100000+0200"/>',
        "<serviceEvent>\n <effectiveTime>",
    ),
    ("CDA-SERVICE-EVENT", "<standardIndustryClassCode", "<telecom nullFlavor='UNK'/><other"),
    ("CDA-ENCOUNTER", '<code code="SA08"', '<code nullFlavor="UNK"'),
    ("CDA-TIME-FORMAT", '<birthTime value="19400314"/>', '<birthTime value="14/03/1940"/>'),
    ("CDA-TIME-REAL", '<low value="20260101"/></time>', '<low value="20260230"/></time>'),
    ("CDA-TIME-ZONE", '<author>\n <time value="20261013182000+0200"/>', '<author>\n <time value="20261013182000"/>'),
    ("CDA-TIME-ORDER", '<high value="20261012110500+0200"/>', '<high value="20261012100000+0400"/>'),
    ("CDA-TIME-EMPTY", '<effectiveTime value="20261012101500+0200"/>', "<effectiveTime/>"),
    ("CDA-OID", 'codeSystem="1.2.250.1.71.4.2.4"', 'codeSystem="1.2.250.01.71"'),
    ("CDA-ID-ROOT", '<id root="1.2.250.1.999.2" extension="e2"/>', '<id root="e2"/>'),
    ("CDA-ID-TWICE", 'ID="f1"', 'ID="d1"'),
    ("CDA-ENTRY-TWICE", 'extension="e3"', 'extension="e2"'),
    ("CDA-ENTRY-TWICE", 'extension="s3"', 'extension="s2"'),
    ("CDA-REF-DANGLING", 'ID="d1"', 'ID="d2"'),
    ("CDA-REF-DANGLING", 'referencedObject="doc1"', 'referencedObject="doc2"'),
    ("CDA-REF-DANGLING", '<content ID="a1">', '<linkHtml href="#nulle-part">x</linkHtml><content ID="a1">'),
    ("CDA-REF-FORM", 'reference value="#d1"', 'reference value="d1"'),
    ("CDA-CODE-EMPTY", '<code nullFlavor="NA"/>', "<code/>"),
    (
        "CDA-CODE-NULL",
        '<code nullFlavor="NA"/>',
        '<code code="CONC" codeSystem="2.16.840.1.113883.5.6" nullFlavor="NA"/>',
    ),
    ("CDA-CODE-SYSTEM", 'code="HH" codeSystem="2.16.840.1.113883.5.4"', 'code="HH"'),
    ("CDA-SYSTEM-UNKNOWN", 'codeSystem="2.16.840.1.113883.5.4"', 'codeSystem="1.2.3.4"'),
    ("CDA-LOINC", 'code="29463-7"', 'code="29463-8"'),
    ("CDA-LOINC", 'code="29463-7"', 'code="294637"'),
    ("CDA-SNOMED", 'code="282291009"', 'code="282291008"'),
    ("CDA-NULL-FLAVOR", '<code nullFlavor="NA"/>', '<code nullFlavor="RIEN"/>'),
    ("CDA-QUANTITY", 'value="48.2"', 'value="48,2"'),
    ("CDA-QUANTITY", PAIN, '<value xsi:type="INT" value="6.0"/>'),
    ("CDA-QUANTITY", WEIGHT, '<value xsi:type="IVL_PQ"><low value="3" unit="kg"/><high value="2" unit="kg"/></value>'),
    ("CDA-UNIT", 'unit="kg"', 'unit=""'),
    ("CDA-UNIT", 'unit="kg"', 'unit="µg"'),
    ("CDA-VALUE-TYPE", PAIN, '<value value="6"/>'),
    ("CDA-VALUE-TYPE", '<value xsi:type="BL" value="false"/>', '<value xsi:type="BL" value="non"/>'),
    ("CDA-BASE64", BASE64, BASE64[:-3]),
    ("CDA-BASE64", BASE64, ""),
    ("CDA-MEDIA-TYPE", "application/pdf", "image/png"),
    ("CDA-MEDIA-TYPE", 'mediaType="application/pdf" ', ""),
    ("CDA-TELECOM", 'telecom value="tel:0100000002"', 'telecom value="0100000002"'),
    ("CDA-TELECOM", 'telecom value="tel:0100000002"', 'telecom value="mailto:personne"'),
    ("CDA-TELECOM", 'telecom value="tel:0100000002"', 'telecom value="tel:demander au fils"'),
    ("CDA-ADDRESS", "<postalCode>75012</postalCode>", "<streetAddressLine>3 rue du Puits</streetAddressLine>"),
    ("CDA-BODY", SAMPLE[SAMPLE.index("<structuredBody>") : SAMPLE.index("</component>\n</ClinicalDocument>")], ""),
    ("CDA-N1", "1.3.6.1.4.1.19376.1.5.3.1.1.1", "1.3.6.1.4.1.19376.1.2.20"),
    ("CDA-SECTION-CODE", '<code code="55112-7" codeSystem="2.16.840.1.113883.6.1" displayName="Conclusion"/>', ""),
    ("CDA-SECTION-TITLE", "<title>Conclusions</title>", ""),
    ("CDA-SECTION-TITLE", "<title>Conclusions</title>", "<title>\u00a0</title>"),
    ("CDA-SECTION-TEXT", "<text>Poursuivre.</text>", ""),
    ("CDA-SECTION-TEXT", "<text>Poursuivre.</text>", "<text><paragraph> \n</paragraph></text>"),
    ("CDA-SECTION-TWICE", 'code="46006-3"', 'code="38208-5"'),
    ("CDA-SECTION-TEMPLATE", '<templateId root="1.3.6.1.4.1.19376.1.4.1.2.16"/>', ""),
    ("CDA-SECTION-FRENCH", '<templateId root="1.2.250.1.213.1.1.2.73"/>', ""),
    ("CDA-ENTRY-TEMPLATE", '<templateId root="1.3.6.1.4.1.19376.1.5.3.1.1.12.3.1"/>', ""),
    ("CDA-SCALE", PAIN, '<value xsi:type="INT" value="11"/>'),
    ("CDA-SCALE", PAIN, '<value xsi:type="PQ" value="6.5" unit="1"/>'),
    ("CDA-SCALE", ECOG, 'code="LA6751-7"'),
    ("CDA-SCALE-DEATH", ECOG, 'code="LA9627-6"'),
]


def rules(text: str) -> dict[str, Finding]:
    """First finding of each rule that a document breaks."""
    return {finding.rule: finding for finding in reversed(check_cda(text.encode()))}


@pytest.mark.parametrize("text", [SAMPLE, UNSTRUCTURED])
def test_a_sound_document_has_no_finding(text: str) -> None:
    assert check_cda(text.encode()) == []


@pytest.mark.parametrize(("rule", "sound", "faulty"), FAULTS, ids=[f"{n}-{fault[0]}" for n, fault in enumerate(FAULTS)])
def test_a_planted_fault_is_found(rule: str, sound: str, faulty: str) -> None:
    assert sound in SAMPLE
    found = rules(SAMPLE.replace(sound, faulty))
    assert rule in found, sorted(found)
    assert found[rule].path.startswith("/")
    assert found[rule].source


def test_every_rule_has_a_planted_fault_and_explains_itself() -> None:
    assert {fault[0] for fault in FAULTS} == set(RULES)
    for code, text in RULES.items():
        assert text.code == code
        assert text.title
        assert text.explanation
        assert text.source


@pytest.mark.parametrize(
    ("sound", "faulty"),
    [
        ("1.3.6.1.4.1.19376.1.2.20", "1.3.6.1.4.1.19376.1.5.3.1.1.1"),
        ('mediaType="application/pdf" ', 'mediaType="application/zip" '),
        ('representation="B64"', 'representation="TXT"'),
    ],
)
def test_the_unstructured_form_has_its_own_rules(sound: str, faulty: str) -> None:
    assert "CDA-N1" in rules(UNSTRUCTURED.replace(sound, faulty))


def test_the_unstructured_content_is_read() -> None:
    assert "CDA-MEDIA-TYPE" in rules(UNSTRUCTURED.replace("application/pdf", "image/tiff"))


def test_all_findings_come_in_one_pass() -> None:
    text = SAMPLE.replace("fr-FR", "fr").replace('unit="kg"', 'unit=""').replace('ID="d1"', 'ID="d2"')
    assert set(rules(text)) == {"CDA-LANGUAGE", "CDA-UNIT", "CDA-REF-DANGLING"}


def test_path_leads_to_the_culprit_without_prefixes() -> None:
    (finding,) = check_cda(SAMPLE.replace(PAIN, '<value xsi:type="INT" value="12"/>').encode())
    assert finding.path == (
        "/ClinicalDocument/component[1]/structuredBody[1]/component[2]/section[1]/component[1]/section[1]/entry[1]"
        "/observation[1]/value[1]"
    )


@pytest.mark.parametrize(
    ("root", "severity"),
    [("8", Severity.ERROR), ("9", Severity.ERROR), ("10", Severity.WARNING), ("11", Severity.WARNING)],
)
def test_a_wrong_ins_key_is_an_error_in_production_only(root: str, severity: Severity) -> None:
    text = SAMPLE.replace("1.2.250.1.213.1.4.8", f"1.2.250.1.213.1.4.{root}").replace("345662", "345663")
    assert rules(text)["CDA-INS-KEY"].severity is severity


def test_a_corsican_matricule_is_computed_with_its_letters() -> None:
    sound = SAMPLE.replace("240037512345662", "279122A00406186")  # 2A counts as 19
    assert check_cda(sound.encode()) == []
    assert "CDA-INS-KEY" in rules(SAMPLE.replace("240037512345662", "279122B00406186"))


def test_a_missing_zone_weighs_less_inside_the_body() -> None:
    body = rules(SAMPLE.replace("20261012101500+0200", "20261012101500"))["CDA-TIME-ZONE"]
    assert body.severity is Severity.WARNING
    header = rules(SAMPLE.replace('<low value="20261012100000+0200"/>', '<low value="20261012100000"/>'))
    assert header["CDA-TIME-ZONE"].severity is Severity.ERROR


def test_times_are_compared_across_zones() -> None:
    text = SAMPLE.replace('<low value="20261012100000+0200"/>', '<low value="20261012130000+0400"/>')
    assert "CDA-TIME-ORDER" not in rules(text)  # 13 h in Réunion is 11 h in Paris, before 11 h 05


def test_a_dead_patient_may_have_the_grade_of_death() -> None:
    dead = SAMPLE.replace(
        '<birthTime value="19400314"/>', '<birthTime value="19400314"/><sdtc:deceasedInd value="true"/>'
    )
    assert "CDA-SCALE-DEATH" not in rules(dead.replace(ECOG, 'code="LA9627-6"'))


def test_plan_of_care_may_stand_twice() -> None:
    section = (
        '<component><section><code code="18776-5" codeSystem="2.16.840.1.113883.6.1"/><title>Plan</title>'
        "<text>x</text></section></component>"
    )
    assert check_cda(SAMPLE.replace("<structuredBody>\n", f"<structuredBody>\n{section}{section}").encode()) == []


def test_a_section_of_text_alone_may_keep_to_a_plain_template() -> None:
    specific = '<templateId root="1.3.6.1.4.1.19376.1.4.1.2.16"/>\n <templateId root="1.2.250.1.213.1.1.2.73"/>'
    assert specific in SAMPLE
    assert check_cda(SAMPLE.replace(specific, "").encode()) == []


def test_messages_never_quote_the_document() -> None:
    text = SAMPLE.replace("ESSAI", "ZZNOM").replace("345662", "345600").replace("tel:0100000002", "ZZTEL")
    text = (
        text.replace('value="48.2"', 'value="ZZPOIDS"').replace("#pb1", "#ZZCIBLE").replace('unit="kg"', 'unit="ZZ ZZ"')
    )
    told = "\n".join(f"{finding.path} {finding.message}" for finding in check_cda(text.encode()))
    assert "ZZ" not in told
    assert "345600" not in told


def test_refused_bytes_come_back_as_findings() -> None:
    assert [finding.rule for finding in check_cda(b"<!DOCTYPE a><a/>")] == ["XML-DOCTYPE"]
    assert [finding.rule for finding in check_cda(b"not xml")] == ["XML-SYNTAX"]


def test_strange_trees_are_judged_without_a_crash() -> None:
    root = parse_xml(SAMPLE.encode())
    for element in list(root.iter(etree.Element)):
        for name in list(element.attrib):
            kept = element.get(name)
            del element.attrib[name]
            check_cda_tree(root)
            element.set(name, kept or "")


@pytest.mark.conformance
def test_published_examples_are_judged_without_false_alarm_on_codes(shared_dir: Path) -> None:
    silent = {"CDA-LOINC", "CDA-SNOMED", "CDA-OID", "CDA-SYSTEM-UNKNOWN", "CDA-NULL-FLAVOR", "CDA-VALUE-TYPE"}
    silent |= {
        "CDA-TIME-FORMAT",
        "CDA-TIME-REAL",
        "CDA-UNIT",
        "CDA-BASE64",
        "CDA-SCALE",
        "CDA-TELECOM",
        "CDA-HEADER-CARD",
    }
    silent |= {"CDA-ENTRY-TEMPLATE", "CDA-SECTION-TEMPLATE", "CDA-SECTION-FRENCH", "CDA-INS-TRAITS"}
    for path in sorted((shared_dir / "cisis" / "examples").glob("*.xml")):
        found = {finding.rule for finding in check_cda_tree(parse_xml(path.read_bytes(), allow_instructions=True))}
        assert not found & silent, path.name
