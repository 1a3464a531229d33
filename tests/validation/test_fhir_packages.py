"""The judge by packages: each rule on a tiny package of our own, then agreement with the oracle on the real ones."""

from __future__ import annotations

import copy
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from adapter.errors import Finding, Severity
from adapter.validation.fhir_packages import RULES, FhirPackages, PackageError
from tests.validation.fhir_sample import WRECKS, Json, bundle, encoded, nodes, resource

HL7 = "http://hl7.org/fhir/StructureDefinition/"
OWN = "https://example.org/StructureDefinition/"
SYSTEM = "https://example.org/CodeSystem/colours"


def element(path: str, low: int = 0, high: str = "1", kind: str = "", **more: Any) -> Json:
    """Snapshot element; a slice is written in the path (``Thing.part:first``)."""
    held: Json = {
        "id": path,
        "path": ".".join(step.partition(":")[0] for step in path.split(".")),
        "min": low,
        "max": high,
    }
    if kind:
        held["type"] = [{"code": kind}]
    return held | more


def definition(url: str, kind: str, base: str, *elements: Json, derived: bool = False) -> Json:
    """StructureDefinition with its snapshot."""
    return {
        "resourceType": "StructureDefinition",
        "url": url,
        "type": kind,
        "baseDefinition": HL7 + base,
        "derivation": "constraint" if derived else "specialization",
        "snapshot": {"element": list(elements)},
    }


def thing(url: str, *changed: Json, derived: bool = True) -> Json:
    """Definition of the made-up resource Thing, some elements changed or added."""
    elements = {
        held["id"]: held
        for held in (
            element("Thing", 0, "*"),
            element("Thing.id", kind="id"),
            element("Thing.meta", kind="Meta"),
            element("Thing.contained", 0, "*", "Resource"),
            element("Thing.name", kind="string"),
            element("Thing.colour", kind="CodeableConcept"),
            element("Thing.born", kind="date"),
            element("Thing.amount", kind="integer"),
            element("Thing.friend", 0, "1", "Reference"),
            element("Thing.size[x]", type=[{"code": "string"}, {"code": "integer"}]),
            element("Thing.extension", 0, "*", "Extension"),
            *changed,
        )
    }
    return definition(url, "Thing", "DomainResource", *elements.values(), derived=derived)


CODING = definition(
    *(HL7 + "Coding", "Coding", "Element"),
    element("Coding", 0, "*"),
    element("Coding.system", kind="uri"),
    element("Coding.code", kind="code"),
)
CONCEPT = definition(
    *(HL7 + "CodeableConcept", "CodeableConcept", "Element"),
    element("CodeableConcept", 0, "*"),
    element("CodeableConcept.coding", 0, "*", "Coding"),
    element("CodeableConcept.text", kind="string"),
)
META = definition(
    HL7 + "Meta", "Meta", "Element", element("Meta", 0, "*"), element("Meta.profile", 0, "*", "canonical")
)
REFERENCE = definition(
    *(HL7 + "Reference", "Reference", "Element"),
    element("Reference", 0, "*"),
    element("Reference.reference", kind="string"),
)
EXTENSION = definition(
    *(HL7 + "Extension", "Extension", "Element"),
    element("Extension", 0, "*"),
    element("Extension.url", 1, "1", "uri"),
    element("Extension.value[x]", type=[{"code": "string"}]),
)
COLOURS: Json = {
    "resourceType": "ValueSet",
    "url": "https://example.org/ValueSet/colours",
    "compose": {"include": [{"system": SYSTEM, "concept": [{"code": "red"}, {"code": "blue"}]}]},
}


def judged(tmp_path: Path, instance: Json, *changed: Json) -> list[Finding]:
    """Findings on `instance`, which declares a profile of Thing with `changed` elements."""
    folder = tmp_path / "own" / "package"
    folder.mkdir(parents=True)
    written = [thing(HL7 + "Thing", derived=False), thing(OWN + "strict", *changed)]
    for held in (*written, CODING, CONCEPT, META, REFERENCE, EXTENSION):
        name = held["url"].rpartition("/")[2]
        (folder / f"StructureDefinition-{name}.json").write_text(json.dumps(held))
    (folder / "ValueSet-colours.json").write_text(json.dumps(COLOURS))
    value = {"resourceType": "Thing", "meta": {"profile": [OWN + "strict"]}} | instance
    return FhirPackages(tmp_path).check(json.dumps(value).encode())


def parted(**more: Any) -> tuple[Json, ...]:
    """Elements of a member cut into slices by its code."""
    slicing = {"discriminator": [{"type": "value", "path": "code"}], "rules": "open"} | more
    return (
        element("Thing.part", 0, "*", "Coding", slicing=slicing),
        element("Thing.part:red", 1, "1", "Coding"),
        element("Thing.part:red.system", 1, "1", "uri"),
        element("Thing.part:red.code", 1, "1", "code", patternCode="red"),
    )


RED = {"system": SYSTEM, "code": "red"}
FRIEND = element("Thing.friend", type=[{"code": "Reference", "targetProfile": [HL7 + "Coding"]}])
INSIDE = element("Thing.friend", type=[{"code": "Reference", "aggregation": ["contained"]}])
BOUND = {"strength": "required", "valueSet": "https://example.org/ValueSet/colours|1.0"}
NAMED = {"key": "own-1", "severity": "error", "expression": "name.exists()"}
CASES: list[tuple[str, str, Json, tuple[Json, ...]]] = [
    ("PKG-ELEMENT", "Thing.shape", {"shape": "round"}, ()),
    ("PKG-MIN", "Thing.name", {}, (element("Thing.name", 1, "1", "string"),)),
    ("PKG-MAX", "Thing.name", {"name": "x"}, (element("Thing.name", 0, "0", "string"),)),
    ("PKG-TYPE", "$", {"resourceType": "Nothing"}, ()),
    ("PKG-SHAPE", "Thing.colour", {"colour": "red"}, ()),
    ("PKG-PRIMITIVE", "Thing.born", {"born": "2026-02-30"}, ()),
    ("PKG-VALUE", "Thing.name", {"name": "x"}, (element("Thing.name", kind="string", fixedString="y"),)),
    ("PKG-VALUE", "Thing.amount", {"amount": 11}, (element("Thing.amount", kind="integer", maxValueInteger=10),)),
    ("PKG-VALUE", "Thing.colour", {"colour": {"coding": [{"system": SYSTEM, "code": "blue"}]}},
     (element("Thing.colour", kind="CodeableConcept", patternCodeableConcept={"coding": [RED]}),)),
    ("PKG-SLICE", "Thing.part[1]", {"part": [RED, {"system": SYSTEM, "code": "blue"}]}, parted(rules="closed")),
    ("PKG-MIN", "Thing.part", {"part": [{"system": SYSTEM, "code": "blue"}]}, parted()),
    ("PKG-MAX", "Thing.part", {"part": [RED, RED]}, parted()),
    ("PKG-MIN", "Thing.part[0].system", {"part": [{"code": "red"}]}, parted()),
    ("PKG-BINDING", "Thing.colour", {"colour": {"coding": [{"system": SYSTEM, "code": "green"}]}},
     (element("Thing.colour", kind="CodeableConcept", binding=BOUND),)),
    ("PKG-INVARIANT", "Thing", {"amount": 1}, (element("Thing", 0, "*", constraint=[NAMED]),)),
    ("PKG-REFERENCE", "Thing.friend", {"friend": {"reference": "#nobody"}}, ()),
    ("PKG-AGGREGATION", "Thing.friend", {"friend": {"reference": "Thing/1"}}, (INSIDE,)),
    ("PKG-TARGET", "Thing.friend",
     {"friend": {"reference": "#a"}, "contained": [{"resourceType": "Thing", "id": "a"}]}, (FRIEND,)),
    ("PKG-UNKNOWN-PROFILE", "Thing", {"meta": {"profile": [OWN + "elsewhere"]}}, ()),
    ("PKG-UNKNOWN-EXTENSION", "Thing.extension[0]",
     {"extension": [{"url": OWN + "elsewhere", "valueString": "x"}]}, ()),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "path", "instance", "changed"), CASES)
def test_each_rule_bites_on_its_planted_fault(
    tmp_path: Path, rule: str, path: str, instance: Json, changed: tuple[Json, ...]
) -> None:
    found = judged(tmp_path, instance, *changed)
    assert (rule, path) in [(finding.rule, finding.path) for finding in found]


def test_no_rule_goes_untried() -> None:
    assert {rule for rule, *_ in CASES} == set(RULES)


def test_an_instance_that_follows_its_profile_has_no_finding(tmp_path: Path) -> None:
    sound = {
        "name": "x",
        "part": [RED, {"code": "blue"}],
        "sizeInteger": 3,
        "_born": {"extension": [{"url": "a", "valueString": "b"}]},
    }
    assert judged(tmp_path, sound, *parted(), element("Thing.name", 1, "1", "string", constraint=[])) == []


def test_a_primitive_that_says_why_it_is_absent_is_there(tmp_path: Path) -> None:
    absent = {"_name": {"extension": [{"url": "a", "valueString": "b"}]}}
    assert judged(tmp_path, absent, element("Thing.name", 1, "1", "string")) == []


def test_a_name_that_went_astray_as_a_key_is_not_told(tmp_path: Path) -> None:
    (found,) = judged(tmp_path, {"DURAND": "x"}, element("Thing.name", kind="string"))
    assert (found.rule, found.path) == ("PKG-ELEMENT", "Thing.?")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "n'est pas du JSON"),
        ({"snapshot": {"element": []}}, "aucun élément"),
        ({"snapshot": None}, "aucun élément"),
        ({"type": "Thing", "snapshot": {"element": [{"path": "Thing"}]}}, "identifiant"),
        ({"snapshot": {"element": [{"id": "Thing"}]}}, "type"),
    ],
)
def test_a_package_that_cannot_be_used_is_refused_by_the_name_of_its_file(
    tmp_path: Path, content: Any, said: str
) -> None:
    path = tmp_path / "own" / "package" / "StructureDefinition-thing.json"
    path.parent.mkdir(parents=True)
    path.write_text(content if isinstance(content, str) else json.dumps({"url": OWN + "thing", **content}))
    with pytest.raises(PackageError, match=said) as refused:
        FhirPackages(tmp_path)
    assert str(refused.value).startswith("own/StructureDefinition-thing.json : ")


def test_an_extensible_binding_only_warns(tmp_path: Path) -> None:
    (finding,) = judged(
        *(tmp_path, {"colour": {"coding": [{"system": SYSTEM, "code": "green"}]}}),
        element("Thing.colour", kind="CodeableConcept", binding=BOUND | {"strength": "extensible"}),
    )
    assert (finding.rule, finding.severity) == ("PKG-BINDING", Severity.WARNING)


def test_unreadable_json_and_missing_packages_are_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FhirPackages(tmp_path)
    (tmp_path / "own" / "package").mkdir(parents=True)
    packages = FhirPackages(tmp_path)
    assert [finding.rule for finding in packages.check(b"{")] == ["JSON-SYNTAX"]
    assert [finding.rule for finding in packages.check(b"[]")] == ["PKG-TYPE"]


def test_traces_of_invariants_are_never_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    traced = NAMED | {"expression": "name.trace('secret').exists()"}
    judged(tmp_path, {"name": "x"}, element("Thing", 0, "*", constraint=[traced]))
    assert capsys.readouterr() == ("", "")


# --- with the real packages -----------------------------------------------------------------------------------------


def errors(packages: FhirPackages, data: bytes) -> list[tuple[str, str]]:
    """Rule and path of the errors of one instance."""
    return [(one.rule, one.path) for one in packages.check(data) if one.severity is Severity.ERROR]


@pytest.fixture(scope="module")
def packages(request: pytest.FixtureRequest) -> FhirPackages:
    shared: Path = request.getfixturevalue("shared_dir")
    return FhirPackages(shared / "fhir" / "packages")


def oracle(shared: Path, files: list[Path]) -> set[str]:
    """Names of the files that the oracle of the conformance kit refuses."""
    script = shared / "tools" / "check_fhir.py"
    refused = set()
    for file in files:
        done = subprocess.run([sys.executable, str(script), str(file)], capture_output=True, check=False, timeout=120)
        if done.returncode:
            refused.add(file.name)
    return refused


@pytest.mark.conformance
def test_valid_examples_pass_and_the_oracle_agrees(shared_dir: Path, packages: FhirPackages) -> None:
    files = sorted((shared_dir / "fhir" / "examples" / "project").glob("*.json"))
    assert files
    assert {file.name: errors(packages, file.read_bytes()) for file in files} == {file.name: [] for file in files}
    assert oracle(shared_dir, files) == set()


@pytest.mark.conformance
def test_every_mutated_example_is_seen(shared_dir: Path, packages: FhirPackages) -> None:
    files = sorted((shared_dir / "fhir" / "examples" / "invalid").glob("s[0-9]*.json"))
    assert len(files) >= 13
    assert [file.name for file in files if not errors(packages, file.read_bytes())] == []


@pytest.mark.conformance
def test_our_own_sample_meets_the_profiles_it_declares(shared_dir: Path, packages: FhirPackages) -> None:
    document = bundle()
    assert errors(packages, encoded(document)) == []
    resource(document, "Composition").pop("confidentiality")
    assert errors(packages, encoded(document)) == [("PKG-MIN", "Bundle.entry[0].resource.confidentiality")]


@pytest.mark.conformance
def test_no_wreck_breaks_the_judge(packages: FhirPackages) -> None:
    dice = random.Random(1120)
    for _ in range(40):
        document = bundle()
        for _ in range(3):
            held, key = dice.choice(nodes(document))
            held[key] = copy.deepcopy(dice.choice(WRECKS))
        assert all(finding.source for finding in packages.check(encoded(document)))
