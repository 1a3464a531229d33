from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from adapter.errors import MappingError
from adapter.mapping import check, default_directory, load, merged, visit_vocabulary
from adapter.mapping.loader import Mappings
from adapter.mapping.tables import EQUIVALENCES


@pytest.fixture(scope="module")
def mappings() -> Mappings:
    return load()


def test_the_shipped_tables_have_no_finding() -> None:
    assert check(merged(None), visit_vocabulary()) == []


def test_the_default_tables_are_read_once() -> None:
    assert load() is load()


def test_a_symptom_has_a_french_label_and_a_code(mappings: Mappings) -> None:
    concept = mappings.concept("symptoms", "dyspnoea")
    assert concept.text == mappings.label("symptoms", "dyspnoea") == "Essoufflement (dyspnée)"
    assert concept.codings[0].code == "R06.0"
    assert concept.codings[0].system is mappings.system("cim-10")


def test_an_unmatched_value_stays_text(mappings: Mappings) -> None:
    assert mappings.concept("symptoms", "anxiety").codings == ()
    with pytest.raises(MappingError) as caught:
        mappings.coding("symptoms", "anxiety")
    assert [f.rule for f in caught.value.findings] == ["MAP-UNMATCHED"]


def test_a_second_row_is_a_translation(mappings: Mappings) -> None:
    codes = [(c.system.key, c.code) for c in mappings.concept("ecog-answers", "3").codings]
    assert codes == [("loinc", "LA9625-0"), ("ta-asip", "MED-266")]


def test_a_code_of_ours_means_one_thing_only(mappings: Mappings) -> None:
    ours = [
        (concept.text, coding.code)
        for table in mappings.tables.values()
        for concept in table.values()
        for coding in concept.codings
        if coding.system.key == "vsp-local"
    ]
    assert len({code for _, code in ours}) == len(ours)


def test_the_dead_grade_of_ecog_is_nowhere(mappings: Mappings) -> None:
    codes = {c.code for table in mappings.tables.values() for concept in table.values() for c in concept.codings}
    assert "LA9627-6" not in codes
    assert "QUAL" not in codes  # closed since 2024-03-29, NOK replaces it


def test_observed_scales_never_borrow_the_zero_to_ten_pain_code(mappings: Mappings) -> None:
    borrowed = {
        local
        for local, concept in mappings.tables["scales"].items()
        if any(c.code == "38208-5" for c in concept.codings)
    }
    assert borrowed == {"en", "eva", "wong-baker"}


@pytest.mark.parametrize(
    ("ask", "rule"),
    [
        (lambda m: m.concept("no-table", "x"), "MAP-ROW"),
        (lambda m: m.concept("symptoms", "no-symptom"), "MAP-ROW"),
        (lambda m: m.label("symptoms", "no-symptom"), "MAP-ROW"),
        (lambda m: m.system("no-system"), "MAP-SYSTEM"),
        (lambda m: m.text("no.text"), "MAP-TEXT"),
        (lambda m: m.edition("1999-01"), "MAP-EDITION"),
    ],
)
def test_what_is_not_there_is_refused_and_never_guessed(mappings: Mappings, ask: object, rule: str) -> None:
    assert callable(ask)
    with pytest.raises(MappingError) as caught:
        ask(mappings)
    assert [finding.rule for finding in caught.value.findings] == [rule]


def test_the_document_is_a_visit_report_under_the_free_model(mappings: Mappings) -> None:
    document = mappings.document
    assert (document.type.code, document.class_.code) == ("11488-4", "10")
    assert document.format.code == "urn:asipSante:modelesHorsProfils:2011"
    assert len(document.template_ids) == 3
    assert "{date}" in document.title


def test_sections_follow_the_reader_at_night(mappings: Mappings) -> None:
    keys = [section.key for section in mappings.document.sections]
    assert keys[:2] == ["vigilance", "conclusions"]
    assert keys[-1] == "attachments"
    by_key = {section.key: section for section in mappings.document.sections}
    assert by_key["conclusions"].when_empty == "refuse"
    assert {k for k, s in by_key.items() if s.parent == "functional-status"} == {"pain", "performance"}
    assert {s.fhir for s in by_key.values()} == {s.key for s in mappings.document.fhir_sections}


def test_every_scale_is_printed_in_exactly_one_section(mappings: Mappings) -> None:
    printed = [scale for section in mappings.document.sections for scale in section.scales]
    assert len(printed) == len(set(printed))
    assert set(printed) == set(mappings.tables["scales"])


def test_silence_is_never_worded_as_a_denial(mappings: Mappings) -> None:
    unknown = {key: text for key, text in mappings.messages.items() if key.endswith(".unknown")}
    assert unknown
    for text in unknown.values():
        assert not text.lower().startswith(("pas ", "pas d", "aucune allergie", "aucun traitement", "refus"))


def test_an_edition_gives_profile_urls(mappings: Mappings) -> None:
    assert mappings.edition("2026-11")["patient-ins"].endswith("/fr-patient-ins-document")


def test_all_rows_keep_one_of_the_known_equivalences(mappings: Mappings) -> None:
    assert {row["equivalence"] for rows in mappings.rows.values() for row in rows} <= EQUIVALENCES


def test_the_digest_changes_with_any_file(tmp_path: Path, mappings: Mappings) -> None:
    copy = tmp_path / "mappings"
    shutil.copytree(default_directory(), copy)
    assert load(copy).digest == mappings.digest
    messages = copy / "messages" / "fr.toml"
    messages.write_text(messages.read_text("utf-8") + "\n", "utf-8")
    assert load(copy).digest != mappings.digest


def test_loading_never_imports_pydantic_lxml_or_fhir() -> None:
    script = "import sys, json, adapter.mapping as m; m.load(); print(json.dumps(sorted(sys.modules)))"
    root = Path(__file__).resolve().parents[2]
    run = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    modules = set(json.loads(run.stdout))
    assert not modules & {
        "pydantic",
        "lxml",
        "fhir",
        "orjson",
        "requests",
        "adapter.model.codes",
        "adapter.model.visit",
    }
