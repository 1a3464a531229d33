"""Each rule on the tables, tried on one planted fault."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from adapter.errors import Finding, MappingError, Severity
from adapter.mapping import check, default_directory, files_of, load_files
from adapter.mapping.rule_texts import MAPPING_RULES
from adapter.mapping.tables import MAX_BYTES
from tests.mapping import test_billing_tables, test_completeness

SCALE = "rass,Vigilance,vsp-local,rass,Vigilance,equivalent,projet,"
ROWS = f"""local,label,system,code,display,equivalence,source,note
low,Bas,loinc,1-8,Low,equivalent,JDV_X 2024-01-01,
none,Aucun code,,,,unmatched,projet,cherché sans succès
{SCALE}
"""
SYSTEMS = """key,oid,uri,name,source
loinc,2.16.840.1.113883.6.1,http://loinc.org,LOINC,kit
vsp-local,2.25.99,urn:oid:2.25.99,Projet,projet
"""
DOCUMENT = """title = "Synthèse du {date}"
template_ids = ["1.2.250.1"]
[type]
system = "loinc"
code = "11488-4"
display = "CR"
[class]
system = "loinc"
code = "10"
display = "Compte rendu"
[format]
system = "loinc"
code = "urn:x"
display = "Format"

[[section]]
key = "first"
title = "Première"
source = "scales"
system = "loinc"
code = "1-8"
display = "Low"
template_ids = ["1.2.250.1.1"]
fhir = "first"
when_empty = "omit"
scales = ["rass"]

[[section]]
key = "second"
title = "Seconde"
source = "other"
system = "loinc"
code = "2-6"
display = "High"
template_ids = ["1.2.250.1.2"]
parent = "first"
fhir = "first"
when_empty = "refuse"

[[fhir_section]]
key = "first"
title = "Première"
system = "loinc"
code = "1-8"
display = "Low"
"""
VOCABULARY = {"scales": frozenset({"low", "none", "rass"})}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A small directory without any fault."""
    files = {
        "systems.csv": SYSTEMS,
        "codes/scales.csv": ROWS,
        "documents/vsp-synthesis.toml": DOCUMENT,
        "messages/fr.toml": '[allergies]\nunknown = "Allergies non renseignées."\n',
        "editions/2026-11.toml": '[profiles]\nbundle = "https://example.org/bundle"\n',
        "value-sets/sources.toml": '[JDV_X]\noid = "1.2.3"\nversion = "2024-01-01"\ncomplete = "yes"\n',
        "value-sets/JDV_X.csv": "system,code,display\nloinc,1-8,Low\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8", newline="")
    return tmp_path


def test_a_directory_without_fault_has_no_finding(small: Path) -> None:
    assert check(files_of(small), VOCABULARY) == []
    assert load_files(files_of(small)).concept("scales", "low").codings[0].display == "Low"


def _swap(name: str, old: str, new: str) -> Callable[[Path], None]:
    def plant(directory: Path) -> None:
        path = directory / name
        text = path.read_bytes().decode("utf-8")
        assert old in text
        path.write_bytes(text.replace(old, new, 1).encode("utf-8"))

    return plant


def _remove(name: str) -> Callable[[Path], None]:
    return lambda directory: (directory / name).unlink()


def _bytes(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def plant(directory: Path) -> None:
        (directory / name).write_bytes(change((directory / name).read_bytes()))

    return plant


def _dated(period: str) -> Callable[[Path], None]:
    def plant(directory: Path) -> None:
        text = f"system,code,display,start,end\nloinc,1-8,Low,{period}\n"
        (directory / "value-sets" / "JDV_X.csv").write_text(text, "utf-8")

    return plant


CODES, SPEC, FRENCH = "codes/scales.csv", "documents/vsp-synthesis.toml", "messages/fr.toml"
LOW = "low,Bas,loinc,1-8,Low,equivalent,"
PLANTS: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "no systems": (_remove("systems.csv"), "MAP-FILE", "systems.csv:1:1"),
    "no value set": (_remove("value-sets/JDV_X.csv"), "MAP-FILE", "value-sets/sources.toml:1:1"),
    "latin-1": (_bytes(CODES, lambda raw: raw + b"x\xe9"), "MAP-ENCODING", f"{CODES}:5:2"),
    "bom": (_bytes(CODES, lambda raw: b"\xef\xbb\xbf" + raw), "MAP-ENCODING", f"{CODES}:1:1"),
    "nul": (_swap(CODES, "Bas", "B\x00s"), "MAP-ENCODING", f"{CODES}:2:1"),
    "header": (_swap(CODES, "local,label", "label,local"), "MAP-COLUMNS", f"{CODES}:1:1"),
    "bare comma": (_swap(CODES, "Bas,", "Bas, très,"), "MAP-COLUMNS", f"{CODES}:2:1"),
    "open quote": (_swap(CODES, "low,Bas", 'low,"Bas'), "MAP-COLUMNS", f"{CODES}:4:1"),
    "toml": (_swap("messages/fr.toml", "= ", ""), "MAP-TOML", "messages/fr.toml:2:9"),
    "blank local": (_swap(CODES, LOW, "l w,Bas,loinc,1-8,Low,equivalent,"), "MAP-LOCAL", f"{CODES}:2:1"),
    "blank key": (_swap("systems.csv", "vsp-local,", "vsp local,"), "MAP-LOCAL", "systems.csv:3:1"),
    "same row": (_bytes(CODES, lambda raw: raw + SCALE.encode()), "MAP-DUPLICATE", f"{CODES}:5:1"),
    "same system": (
        _swap(CODES, SCALE, f"{SCALE}\nrass,Vigilance,vsp-local,rass-2,V,equivalent,projet,"),
        "MAP-DUPLICATE",
        f"{CODES}:5:1",
    ),
    "same key": (_swap("systems.csv", "vsp-local,2", "loinc,2"), "MAP-DUPLICATE", "systems.csv:3:1"),
    "same section": (_swap(SPEC, 'key = "second"', 'key = "first"'), "MAP-DUPLICATE", f"{SPEC}:28:1"),
    "no label": (_swap(CODES, "low,Bas", "low, "), "MAP-LABEL", f"{CODES}:2:5"),
    "two labels": (
        _swap(CODES, SCALE, f"{SCALE}\nrass,Autre,loinc,9-9,V,equivalent,projet,"),
        "MAP-LABEL",
        f"{CODES}:5:6",
    ),
    "no source": (_swap(CODES, "JDV_X 2024-01-01", ""), "MAP-SOURCE", f"{CODES}:2:34"),
    "equivalence": (_swap(CODES, "equivalent", "exact"), "MAP-EQUIVALENCE", f"{CODES}:2:23"),
    "unmatched with a code": (_swap(CODES, "Aucun code,,", "Aucun code,,X"), "MAP-UNMATCHED", f"{CODES}:3:18"),
    "unmatched without note": (_swap(CODES, "cherché sans succès", ""), "MAP-NOTE", f"{CODES}:3:37"),
    "wider without note": (_swap(CODES, "equivalent", "wider"), "MAP-NOTE", f"{CODES}:2:46"),
    "unknown system": (_swap(CODES, "Bas,loinc", "Bas,loin"), "MAP-SYSTEM", f"{CODES}:2:9"),
    "unknown system of a section": (_swap(SPEC, 'system = "loinc"', 'system = "x"'), "MAP-SYSTEM", f"{SPEC}:3:1"),
    "no code": (_swap(CODES, "1-8,Low", ",Low"), "MAP-CODE", f"{CODES}:2:15"),
    "no display": (_swap(CODES, "1-8,Low", "1-8,"), "MAP-DISPLAY", f"{CODES}:2:19"),
    "no display of a section": (_swap(SPEC, 'display = "High"\n', ""), "MAP-DISPLAY", f"{SPEC}:28:1"),
    "oid": (_swap("systems.csv", "2.16.840", "2.016.840"), "MAP-OID", "systems.csv:2:7"),
    "oid of a template": (_swap(SPEC, "1.2.250.1.2", "1.2.250.1.x"), "MAP-OID", f"{SPEC}:35:17"),
    "uri": (_swap("systems.csv", "http://loinc.org", "loinc.org"), "MAP-URI", "systems.csv:2:29"),
    "uri of a profile": (_swap("editions/2026-11.toml", "https:", "htps:"), "MAP-URI", "editions/2026-11.toml:2:1"),
    "no profiles": (_swap("editions/2026-11.toml", "profiles", "other"), "MAP-EDITION", "editions/2026-11.toml:1:1"),
    "empty sentence": (_swap(FRENCH, "Allergies non renseignées.", " "), "MAP-TEXT", f"{FRENCH}:2:1"),
    "section without template": (
        _swap(SPEC, 'template_ids = ["1.2.250.1.2"]', "template_ids = []"),
        "MAP-SECTION",
        f"{SPEC}:28:1",
    ),
    "section without code": (_swap(SPEC, 'code = "2-6"\n', ""), "MAP-SECTION", f"{SPEC}:28:1"),
    "document without type": (_swap(SPEC, "[type]", "[kind]"), "MAP-SECTION", f"{SPEC}:1:1"),
    "fhir section": (_swap(SPEC, 'fhir = "first"\nwhen_empty = "refuse"', 'fhir = "x"\nwhen_empty = "refuse"'),
                     "MAP-FHIR-SECTION", f"{SPEC}:28:1"),
    "parent": (_swap(SPEC, 'parent = "first"', 'parent = "x"'), "MAP-PARENT", f"{SPEC}:28:1"),
    "when empty": (_swap(SPEC, '"refuse"', '"skip"'), "MAP-WHEN-EMPTY", f"{SPEC}:28:1"),
    "scale": (_swap(SPEC, '["rass"]', '["ras"]'), "MAP-SCALE", f"{SPEC}:16:1"),
    "value without row": (_swap(CODES, LOW, "lw,Bas,loinc,1-8,Low,equivalent,"), "MAP-COVERAGE", f"{CODES}:1:1"),
    "row without value": (_swap(CODES, LOW, "lw,Bas,loinc,1-8,Low,equivalent,"), "MAP-ORPHAN", f"{CODES}:2:1"),
    "table without file": (_remove(CODES), "MAP-FILE", f"{CODES}:1:1"),
    "code out of the list": (_swap(CODES, "1-8", "1-9"), "MAP-MEMBER", f"{CODES}:2:15"),
    "label out of the list": (_swap(CODES, "1-8,Low", "1-8,Lo"), "MAP-MEMBER", f"{CODES}:2:19"),
    "one code, two labels": (
        _swap(CODES, "vsp-local,rass,Vigilance,", "loinc,1-8,Lo,"),
        "MAP-CONFLICT",
        f"{CODES}:4:26",
    ),
    "huge": (_bytes(CODES, lambda raw: raw.ljust(MAX_BYTES + 1)), "MAP-SIZE", f"{CODES}:1:1"),
    "stray": (lambda directory: (directory / "codes" / "x.ods").touch(), "MAP-STRAY", "codes/x.ods:1:1"),
    "stray list": (_swap("value-sets/sources.toml", "[JDV_X]", "[JDV_Y]"), "MAP-STRAY", "value-sets/JDV_X.csv:1:1"),
    "uri of another oid": (_swap("systems.csv", "urn:oid:2.25.99", "urn:oid:2.25.9"), "MAP-PAIR", "systems.csv:3:19"),
    "uri of two oids": (_swap("systems.csv", "urn:oid:2.25.99", "http://loinc.org"), "MAP-PAIR", "systems.csv:3:19"),
    "closed code": (_dated("2020-01-01,2024-12-31"), "MAP-RETIRED", f"{CODES}:2:15"),
    "code to come": (_dated("2030-01-01,"), "MAP-RETIRED", f"{CODES}:2:15"),
    "no day": (_dated("hier,"), "MAP-RETIRED", "value-sets/JDV_X.csv:2:15"),
    "older list": (_swap(CODES, "2024-01-01", "2023-01-01"), "MAP-MEMBER", f"{CODES}:2:34"),
}  # fmt: skip


# What else is wrong once the fault is there; every other finding would be a false one.
CONSEQUENCES = {
    "blank local": {"MAP-COVERAGE", "MAP-ORPHAN"},
    "blank key": {"MAP-SYSTEM"},
    "same key": {"MAP-SYSTEM"},
    "value without row": {"MAP-ORPHAN"},
    "row without value": {"MAP-COVERAGE"},
    "stray list": {"MAP-FILE"},
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_fault_is_found_where_it_stands_and_alone(small: Path, name: str) -> None:
    plant, rule, place = PLANTS[name]
    plant(small)
    found = [(one.rule, one.path) for one in check(files_of(small), VOCABULARY, day=date(2026, 11, 22))]
    assert found.count((rule, place)) == 1
    assert {one for one, path in found if (one, path) != (rule, place)} == CONSEQUENCES.get(name, set())


EVERY_PLANT = (PLANTS, test_completeness.PLANTS, test_billing_tables.PLANTS)


def test_there_are_at_least_sixty_plants() -> None:
    assert len([*PLANTS, *test_completeness.PLANTS, *test_billing_tables.PLANTS]) >= 60


# Asked at look-up, not at load: no file can hold the fault.
LOOKED_UP = {"MAP-ROW"}


def test_every_rule_has_its_plant_and_its_text() -> None:
    planted = {rule for _, rule, _ in itertools.chain(*(plants.values() for plants in EVERY_PLANT))}
    assert planted | LOOKED_UP == set(MAPPING_RULES)


def test_a_code_in_force_is_fine_and_a_period_judges_no_other_day(small: Path) -> None:
    _dated("2020-01-01,2024-12-31")(small)
    assert check(files_of(small), VOCABULARY, day=date(2024, 12, 31)) == []
    assert check(files_of(small), VOCABULARY) == []


def test_loading_a_faulty_directory_tells_every_fault_at_once(small: Path) -> None:
    _swap(CODES, "1-8,Low", "1-8,")(small)
    _swap("systems.csv", "2.16.840", "2.016.840")(small)
    with pytest.raises(MappingError) as caught:
        load_files(files_of(small))
    assert [finding.rule for finding in caught.value.findings] == ["MAP-OID", "MAP-DISPLAY"]


def test_a_warning_does_not_stop_loading(small: Path) -> None:
    _swap(CODES, LOW, "lw,Bas,loinc,1-8,Low,equivalent,")(small)
    orphans = [f for f in check(files_of(small), {"scales": frozenset({"none", "rass"})}) if f.rule == "MAP-ORPHAN"]
    assert [f.severity for f in orphans] == [Severity.WARNING]
    assert load_files(files_of(small)).label("scales", "lw") == "Bas"


def test_a_field_after_a_quoted_comma_is_placed_right(small: Path) -> None:
    _swap(CODES, "low,Bas,loinc", 'low,"Bas, très ""bas""",loin')(small)
    found: list[Finding] = check(files_of(small))
    assert [(f.rule, f.path) for f in found] == [("MAP-SYSTEM", f"{CODES}:2:25")]


def test_a_label_may_span_lines_without_shifting_the_next_rows(small: Path) -> None:
    _swap(CODES, "low,Bas,", 'low,"Bas\nou moins",')(small)
    _swap(CODES, "none,Aucun code,,", "none,Aucun code,,X")(small)
    assert [(f.rule, f.path) for f in check(files_of(small))] == [("MAP-UNMATCHED", f"{CODES}:4:18")]


def test_an_empty_table_is_told_not_ignored(small: Path) -> None:
    (small / CODES).write_text("", "utf-8")
    assert "MAP-COLUMNS" in {f.rule for f in check(files_of(small))}


def test_messages_hold_no_trace_of_the_python(small: Path) -> None:
    shutil.rmtree(small / "documents")
    found = check(files_of(small))
    assert [(f.rule, f.path) for f in found] == [("MAP-FILE", f"{SPEC}:1:1")]
    assert all("Error" not in f.message for f in found)


def test_the_shipped_directory_is_the_default() -> None:
    assert (default_directory() / "systems.csv").is_file()
