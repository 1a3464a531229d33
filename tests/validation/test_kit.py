"""The official kit: our compiler says what the reference tool says, and a broken kit says what is missing."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from adapter.errors import Finding, Severity
from adapter.validation.kit import RULES, CdaKit, KitError, MissingExtra
from adapter.validation.schematron import compile_schematron
from tests.validation.cda_sample import SAMPLE, UNSTRUCTURED

SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:hl7-org:v3"
 xmlns="urn:hl7-org:v3" elementFormDefault="qualified">
<xs:element name="ClinicalDocument"><xs:complexType><xs:sequence>
 <xs:element name="templateId" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:attribute name="root"/>
 </xs:complexType></xs:element>
 <xs:element name="item" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:attribute name="n" type="xs:int"/>
 <xs:attribute name="k"/></xs:complexType></xs:element>
</xs:sequence></xs:complexType></xs:element></xs:schema>"""

RULES_FILE = """<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2" defaultPhase="on">
<ns prefix="h" uri="urn:hl7-org:v3"/>
<include href="Parts/Range.sch"/>
<phase id="on"><active pattern="names"/><active pattern="first"/><active pattern="ranges"/></phase>
<let name="most" value="10"/>
<pattern id="names">
 <let name="allowed" value="document('names.xml')//name"/>
 <rule context="h:item[@k]"><assert test="@k = $allowed">Nom <value-of select="@k"/> de <name/> inconnu.</assert></rule>
</pattern>
<pattern id="first">
 <rule abstract="true" id="small"><let name="n" value="number(@n)"/>
  <assert test="$n &lt;= $most" role="warning">Trop grand : <value-of select="$most"/>.</assert></rule>
 <rule context="h:item[@n = '0']"><report test="true()">Zéro.</report></rule>
 <rule context="h:item[@n]"><extends rule="small"/><assert test="not(@n = '0')">Jamais dit.</assert></rule>
</pattern>
<pattern id="ranges" is-a="range"><param name="what" value="h:item[@n]"/><param name="low" value="-5"/>
 <param name="shown" value="'article'"/></pattern>
<pattern id="asleep"><rule context="h:item"><assert test="false()">Hors phase.</assert></rule></pattern>
</schema>"""

RANGE_FILE = """<pattern xmlns="http://purl.oclc.org/dsdl/schematron" id="range" abstract="true">
<rule context="$what"><assert test="number(@n) &gt;= $low">Trop petit : <value-of select="$shown"/>.</assert></rule>
</pattern>"""


@pytest.fixture
def small_kit(tmp_path: Path) -> CdaKit:
    """A kit of our own that uses each construct once."""
    (tmp_path / "parts").mkdir()  # the schema says Parts/Range.sch: case differs, on purpose
    (tmp_path / "parts" / "range.sch").write_text(RANGE_FILE, encoding="utf-8")
    (tmp_path / "main.sch").write_text(RULES_FILE, encoding="utf-8")
    (tmp_path / "names.xml").write_text("<names><name>a</name></names>", encoding="utf-8")
    (tmp_path / "model.sch").write_text(
        '<schema xmlns="http://purl.oclc.org/dsdl/schematron"><ns prefix="h" uri="urn:hl7-org:v3"/><pattern id="m">'
        '<rule context="/"><assert test="h:ClinicalDocument/h:item">Un article est attendu.</assert></rule>'
        '<rule context="//h:item"><assert test="@n">Sans nombre.</assert></rule></pattern></schema>',
        encoding="utf-8",
    )
    (tmp_path / "cda.xsd").write_text(SCHEMA, encoding="utf-8")
    layout = {
        "xsd": "cda.xsd",
        "generic": ["main.sch"],
        "profiles": {"model": {"templateIds": ["1.2.3"], "schematrons": ["model.sch"]}},
    }
    (tmp_path / "profiles.json").write_text(json.dumps(layout), encoding="utf-8")
    return CdaKit(tmp_path)


def told(findings: list[Finding]) -> list[tuple[str, str, str, str]]:
    """Rule, source, path and message of each finding."""
    return [(finding.rule, finding.source, finding.path, finding.message) for finding in findings]


def document(content: str) -> bytes:
    return f'<ClinicalDocument xmlns="urn:hl7-org:v3">{content}</ClinicalDocument>'.encode()


def test_a_sound_document_passes(small_kit: CdaKit) -> None:
    assert small_kit.check(document('<item n="3" k="a"/>')) == []


def test_each_construct_speaks_with_its_own_words(small_kit: CdaKit) -> None:
    findings = small_kit.check(document('<item n="0"/><item n="99"/><item n="-9" k="b"/>'))
    assert told(findings) == [
        ("KIT-SCH", "main/names", "/ClinicalDocument/item[3]", "Nom […] de item inconnu."),
        ("KIT-SCH", "main/first", "/ClinicalDocument/item[1]", "Zéro."),
        ("KIT-SCH", "main/first", "/ClinicalDocument/item[2]", "Trop grand : […]."),
        ("KIT-SCH", "main/ranges", "/ClinicalDocument/item[3]", "Trop petit : article."),
    ]
    assert [finding.severity for finding in findings].count(Severity.WARNING) == 1


def test_the_first_rule_that_matches_takes_the_node(small_kit: CdaKit) -> None:
    messages = [finding.message for finding in small_kit.check(document('<item n="0"/>'))]
    assert messages == ["Zéro."]


def test_a_model_is_chosen_by_template(small_kit: CdaKit) -> None:
    findings = small_kit.check(document('<templateId root="1.2.3"/>'))
    assert told(findings) == [("KIT-SCH", "model/m", "/", "Un article est attendu.")]
    findings = small_kit.check(document('<templateId root="1.2.3"/><item/>'))
    assert told(findings) == [("KIT-SCH", "model/m", "/ClinicalDocument/item[1]", "Sans nombre.")]


def test_a_schema_finding_has_a_path_and_never_the_value(small_kit: CdaKit) -> None:
    finding = small_kit.check(document('<item k="a"/><item n="ZZNOM"/>'))[0]
    assert finding.rule == "KIT-XSD"
    assert finding.path == "/ClinicalDocument/item[2]"
    assert "ZZNOM" not in finding.message
    assert "urn:hl7-org" not in finding.message


def test_a_document_inside_its_style_sheet_is_found(small_kit: CdaKit) -> None:
    inner = document('<item n="0"/>').decode()
    wrapped = f'<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform">{inner}</x:stylesheet>'
    assert [finding.message for finding in small_kit.check(wrapped.encode())] == ["Zéro."]


def test_hostile_xml_comes_back_as_a_finding(small_kit: CdaKit) -> None:
    assert [finding.rule for finding in small_kit.check(b"<!DOCTYPE a><a/>")] == ["XML-DOCTYPE"]


def test_a_folder_without_table_is_no_kit(tmp_path: Path) -> None:
    with pytest.raises(KitError, match=r"profiles\.json"):
        CdaKit(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('href="Parts/Range.sch"', 'href="absent.sch"', "introuvable"),
        ('is-a="range"', 'is-a="absent"', "motif abstrait"),
        ('<active pattern="first"/>', '<active pattern="absent"/>', "motif absent"),
        ('defaultPhase="on"', 'defaultPhase="absent"', "phase absent"),
        ('<extends rule="small"/>', '<extends rule="absent"/>', "règle abstraite"),
        ("</schema>", "", "illisible"),
    ],
)
def test_a_broken_rule_file_says_what_is_missing(small_kit: CdaKit, old: str, new: str, message: str) -> None:
    path = small_kit.directory / "main.sch"
    path.write_text(RULES_FILE.replace(old, new), encoding="utf-8")
    with pytest.raises(KitError, match=message):
        compile_schematron(path)


@pytest.mark.parametrize("test", ["document('absent.xml')//name", "error()", "((", "$unknown"])
def test_a_rule_that_cannot_run_is_told_without_quoting_the_document(small_kit: CdaKit, test: str) -> None:
    text = RULES_FILE.replace("document('names.xml')//name", test)
    (small_kit.directory / "main.sch").write_text(text, encoding="utf-8")
    with pytest.raises(KitError) as caught:
        small_kit.check(document('<item n="3" k="ZZNOM"/>'))
    assert "main.sch" in str(caught.value)
    assert "ZZNOM" not in str(caught.value)


def test_without_the_engine_the_message_names_the_extra(small_kit: CdaKit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "saxonche", None)
    with pytest.raises(MissingExtra, match=r"dmp-adapter\[validate\]"):
        small_kit.check(document(""))


def test_rules_explain_themselves() -> None:
    assert set(RULES) == {"KIT-XSD", "KIT-SCH"}


# --- Against the reference tool ----------------------------------------------------------------------------------

Verdict = Counter[tuple[str, str, str, str]]

MUTANTS = [
    ('<realmCode code="FR"/>', ""),
    ('root="1.2.250.1.213.1.1.1.1"', 'root="1.2.250.1.213.1.1.1.9"'),
    ('administrativeGenderCode code="F"', 'administrativeGenderCode code="X"'),
    ("<county>75112</county>", "<county/>"),
    ('code="PALLIATIF"', 'code="INCONNU"'),
    ('value="tel:0100000001"', 'value="0100000001"'),
    ('<participant typeCode="INF">', '<participant typeCode="ZZZ">'),
    ('<high value="20261012110500+0200"/>', '<high value="20261011110500+0200"/>'),
    ('code="282291009"', 'code="1"'),
    ('<code code="38208-5" codeSystem="2.16.840.1.113883.6.1" displayName="Douleur"/>\n   <text>', "<text>"),
    ('code="C25.9"', 'code="C25.99"'),
    ('<value xsi:type="INT" value="6"/>', '<value xsi:type="INT" value="6"/><value xsi:type="INT" value="7"/>'),
]


@pytest.fixture(scope="module")
def official(shared_dir: Path) -> CdaKit:
    """The official rules, compiled once for the module."""
    return CdaKit(shared_dir / "cisis")


@pytest.fixture(scope="module")
def reference(shared_dir: Path) -> Any:
    """The reference tool's checker."""
    return _reference_module(shared_dir).Checker(shared_dir / "cisis")


def _reference_module(shared_dir: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference_check_cda", shared_dir / "tools" / "check_cda.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def ours(kit: CdaKit, path: Path) -> Verdict:
    """Layer, pattern, place and weight of what we find; the schema's places are written another way."""
    verdict: Verdict = Counter()
    for finding in kit.check(path.read_bytes()):
        layer, _, pattern = finding.source.partition("/")
        where = finding.path.replace("[1]", "")
        schema = finding.rule == "KIT-XSD"
        pattern = "" if " " in pattern else pattern  # a pattern without id: we give its title, the tool its rank
        verdict["xsd" if schema else layer, pattern, "" if schema else where, finding.severity.value] += 1
    return verdict


def theirs(checker: Any, path: Path) -> Verdict:
    """The same, from the reference tool; its own remarks on the choice of a profile are left out."""
    verdict: Verdict = Counter()
    for finding in checker.check(str(path))[1]:
        if finding.layer != "profile":
            where = "" if finding.layer == "xsd" else finding.location.replace("[1]", "")
            pattern = "" if re.fullmatch(r"pattern\d+", finding.pattern) else finding.pattern
            verdict[finding.layer, pattern, where, finding.level] += 1
    return verdict


@pytest.mark.conformance
def test_the_hand_written_sample_satisfies_the_official_rules(official: CdaKit) -> None:
    assert told(official.check(SAMPLE.encode())) == []
    assert told(official.check(UNSTRUCTURED.encode())) == []


@pytest.mark.conformance
def test_published_examples_get_the_expected_number_of_errors(official: CdaKit, shared_dir: Path) -> None:
    examples = shared_dir / "cisis" / "examples"
    for expected in json.loads((examples / "expected.json").read_text(encoding="utf-8")):
        if expected["file"].startswith("01_Modeles"):
            continue  # a catalogue of sections that declares a model it does not follow
        findings = official.check((examples / expected["file"]).read_bytes())
        errors = [finding for finding in findings if finding.severity is Severity.ERROR]
        assert len(errors) == expected["errors"], expected["file"]


@pytest.mark.conformance
@pytest.mark.parametrize("number", range(len(MUTANTS)))
def test_mutants_get_the_verdict_of_the_reference_tool(
    official: CdaKit, reference: Any, tmp_path: Path, number: int
) -> None:
    old, new = MUTANTS[number]
    assert old in SAMPLE
    path = tmp_path / "mutant.xml"
    path.write_text(SAMPLE.replace(old, new), encoding="utf-8")
    expected = theirs(reference, path)
    assert ours(official, path) == expected
    assert expected, "this mutant is not one"


@pytest.mark.conformance
@pytest.mark.parametrize(
    "name", ["LDL-EES_2022.01", "CANCER-FRCP_2022.01_Appareil", "CANCER-PPS_2022.01_Autopresentable"]
)
def test_examples_get_the_verdict_of_the_reference_tool(
    official: CdaKit, reference: Any, shared_dir: Path, name: str
) -> None:
    path = shared_dir / "cisis" / "examples" / f"{name}.xml"
    assert ours(official, path) == theirs(reference, path)
