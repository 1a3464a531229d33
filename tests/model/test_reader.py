from __future__ import annotations

import base64
import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from adapter.errors import Finding, Severity, VisitInvalid
from adapter.model import reader
from adapter.model.json_input import MAX_FINDINGS
from adapter.model.reader import check_visit, read_visit
from adapter.model.visit import Visit
from adapter.model.visit_rule_texts import RULES
from adapter.model.visit_rules import PARTS, SCALES

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
S1 = (SAMPLES / "visits" / "s1.exhaustive.json").read_bytes()
S1_VALUE: dict[str, Any] = json.loads(S1)
ABSENT = object()


def changed(*changes: tuple[str, Any]) -> bytes:
    """S1 with some values replaced; a path is ``care_team.0.rpps``."""
    visit = copy.deepcopy(S1_VALUE)
    for path, value in changes:
        *parents, last = (int(step) if step.isdecimal() else step for step in path.split("."))
        here: Any = visit
        for step in parents:
            here = here[step]
        if value is ABSENT:
            del here[last]
        else:
            here[last] = value
    return json.dumps(visit, ensure_ascii=False).encode()


def rules_at(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(finding.rule, finding.path) for finding in findings]


# --- What is read -----------------------------------------------------------------------------------------------


def test_text_bytes_and_a_byte_order_mark_give_the_same_visit() -> None:
    visit = read_visit(S1)
    assert read_visit(S1.decode()) == visit
    assert read_visit(b"\xef\xbb\xbf" + S1) == visit


def test_a_decimal_keeps_its_digits() -> None:
    data = changed(("vital_signs.0.value", 0)).replace(b'"value": 0', b'"value": 4.50')
    assert read_visit(data).vital_signs[0].value == "4.50"


def test_a_moment_keeps_its_offset() -> None:
    visit = read_visit(changed(("written_at", "2026-10-12T14:30:00+04:00")))
    assert visit.written_at.isoformat() == "2026-10-12T14:30:00+04:00"


@pytest.mark.parametrize(
    "text",
    [
        "]]> <!-- -->",
        "<script>alert('x')</script>",
        "a & b &amp; &#0; <!ENTITY x>",
        "{code} %s ${jndi:x} \\u0000",
        "ligne 1\nligne 2\r\n\tligne 3\n\n",
        "œuvre, Œdème, ﬁn, naïve, Ÿ, e\u0301, \u00a0« citation »\u202f!",
        "\U0001f33f 字 \u200f",
        "  des blancs autour  ",
    ],
)
def test_strange_but_legal_text_is_kept_as_it_is(text: str) -> None:
    visit, findings = check_visit(changed(("conclusions", text), ("disease.history", text)))
    assert findings == ()
    assert visit is not None
    assert visit.conclusions == text
    assert visit.disease.history == text


def test_a_note_of_five_megabytes_is_kept_whole() -> None:
    note = "Évolution <lente> & sûre ]]>\n" * 180_000
    assert len(note) > 5_000_000
    assert read_visit(changed(("conclusions", note))).conclusions == note


def test_an_attachment_of_several_megabytes_is_read() -> None:
    data = base64.b64encode(b"%PDF-1.7\n" + b"\x00\xff" * 2_000_000).decode()
    assert read_visit(changed(("attachments.0.data", data))).attachments[0].data == data


# --- What is refused --------------------------------------------------------------------------------------------


def test_a_text_over_the_size_limit_is_not_read() -> None:
    visit, findings = check_visit(S1, max_bytes=1000)
    assert visit is None
    assert rules_at(findings) == [("JSON-SIZE", "$")]


def test_a_flood_of_faults_is_told_in_part() -> None:
    visit, findings = check_visit(changed(("scales", [{}] * 50_000)))
    assert visit is None
    assert len(findings) == MAX_FINDINGS + 1
    assert (findings[-1].rule, findings[-1].path) == ("VIS-TOO-MANY", "$")


def test_a_text_over_the_depth_limit_is_not_read() -> None:
    visit, findings = check_visit(S1, max_depth=3)
    assert visit is None
    assert [finding.rule for finding in findings] == ["JSON-DEPTH"]


def test_a_lone_surrogate_in_a_python_text_is_a_finding() -> None:
    visit, findings = check_visit(S1.decode().replace("Hélène", "H\ud800l"))
    assert visit is None
    assert [finding.rule for finding in findings] == ["JSON-ENCODING"]


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"3", b'"x"', b"{}", b"\x00", b'{"a":', b"\xff\xfe{\x00}\x00"])
def test_what_is_no_visit_is_refused_with_a_finding(data: bytes) -> None:
    visit, findings = check_visit(data)
    assert visit is None
    assert findings
    assert {finding.severity for finding in findings} == {Severity.ERROR}


def test_the_exception_carries_warnings_too() -> None:
    with pytest.raises(VisitInvalid) as refused:
        read_visit(changed(("conclusions", " "), ("care_team.0.rpps", "99700100012")))
    assert rules_at(refused.value.findings) == [
        ("VIS-TEXT-BLANK", "$.conclusions"),
        ("RPPS-KEY", "$.care_team[0].rpps"),
    ]


def test_rules_still_judge_the_sound_entries_of_a_list_where_they_stand() -> None:
    visit, findings = check_visit(
        changed(("scales.0.valeur", 3), ("scales.1.value", 12), ("scales.9.value", 99), ("symptoms.0.symptom", "other"))
    )
    assert visit is None
    assert rules_at(findings) == [
        ("VIS-UNKNOWN-FIELD", "$.scales[0].valeur"),
        ("VIS-OTHER-LABEL", "$.symptoms[0].label"),
        ("VIS-SCALE-BOUNDS", "$.scales[1].value"),
        ("VIS-SCALE-BOUNDS", "$.scales[9].value"),
    ]


def test_a_wrong_identity_shows_beside_a_typo_in_it() -> None:
    _, findings = check_visit(
        changed(("patient.ins.value", "123"), ("patient.sexe", "F"), ("patient.birth_place", "x"))
    )
    assert rules_at(findings) == [
        ("VIS-UNKNOWN-FIELD", "$.patient.sexe"),
        ("INS-FORMAT", "$.patient.ins.value"),
        ("INSEE-FORMAT", "$.patient.birth_place"),
    ]


def test_an_unknown_field_is_told_with_its_neighbour() -> None:
    _, findings = check_visit(changed(("treatments.items.0.time_per_day", 2)))
    assert findings[0].message.endswith("Vouliez-vous dire « times_per_day » ?")


@pytest.mark.parametrize(
    "key", ["MARCHAND", "Hélène Marchand", "nir252034410921797", "<script>", "a.b[0]", "", "x" * 60]
)
def test_a_key_that_may_be_data_is_told_by_its_rank(key: str) -> None:
    _, findings = check_visit(changed((f"place.{key}", 1)) if "." not in key else _with_place_key(key))
    assert rules_at(findings) == [("VIS-UNKNOWN-FIELD", "$.place.{2}")]


def _with_place_key(key: str) -> bytes:
    visit = copy.deepcopy(S1_VALUE)
    visit["place"][key] = 1
    return json.dumps(visit).encode()


# --- Every place, every wrong value -----------------------------------------------------------------------------


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """One path for each distinct place of the format that `value` fills."""
    if path:
        yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from _places(child, (*path, key))


def test_no_wrong_value_anywhere_escapes_as_anything_but_findings() -> None:
    seen: set[tuple[Any, ...]] = set()
    for path in _places(S1_VALUE):
        shape = tuple("*" if isinstance(step, int) else step for step in path)
        if shape in seen:
            continue
        seen.add(shape)
        for wrong in (None, True, -1, 0.5, "", "\U0001f33f secretissime", ["x"], {"x": 1}):
            data = _replaced(path, wrong)
            visit, findings = check_visit(data)
            assert (visit is None) == any(f.severity is Severity.ERROR for f in findings), path
            for finding in findings:
                assert finding.rule in RULES
                assert "secretissime" not in finding.message + finding.path
                assert finding.message != "La valeur n'a pas le type attendu.", path
    assert len(seen) > 250


def _replaced(path: tuple[Any, ...], wrong: Any) -> bytes:
    visit = orjson.loads(S1)
    here: Any = visit
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = wrong
    return orjson.dumps(visit)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(S1_VALUE)), JSON), st.sets(st.sampled_from(sorted(S1_VALUE))))
def test_any_json_gives_a_visit_or_findings(drawn: dict[str, Any], dropped: set[str]) -> None:
    value = {key: child for key, child in S1_VALUE.items() if key not in dropped} | drawn
    visit, findings = check_visit(json.dumps(value))
    assert (visit is None) == any(finding.severity is Severity.ERROR for finding in findings)


# --- Warnings ---------------------------------------------------------------------------------------------------

MINOR = (
    ("patient.birth_date", "2012-03-14"),
    ("patient.ins.value", "212034410921720"),
    ("trusted_person", {"status": "not-applicable"}),
    ("relatives.0.roles", ["carer"]),
    ("scales", [{"scale": "en", "value": 3}]),
)
_MUTE = (("function.states", ["non-communicating"]), ("scales.1", {"scale": "rass", "value": 0}))
GUARDIAN = {"id": "tuteur", "kind": "tutor", "organization": "Association de l'Exemple"}

WARNINGS: list[tuple[str, str, tuple[tuple[str, Any], ...]]] = [
    ("VIS-DURATION", "$.end", (("end", "2026-10-12T22:30:00+02:00"),)),
    ("VIS-AGE", "$.patient.birth_date", (("patient.birth_date", "1852-03-14"),)),
    ("VIS-INS-ABSENT", "$.patient.ins", (("patient.ins", ABSENT),)),
    ("VIS-INS-STATUS", "$.patient.ins.status", (("patient.ins.status", "validated"),)),
    ("VIS-INS-TRAITS", "$.patient.gender", (("patient.gender", "male"),)),
    ("VIS-INS-TRAITS", "$.patient.birth_date", (("patient.birth_date", "1952-04-14"),)),
    ("INS-KEY", "$.patient.ins.value", (("patient.ins.value", "252034410921798"),)),
    ("RPPS-KEY", "$.author.rpps", (("author.rpps", "99700100004"),)),
    ("FINESS-KEY", "$.structure.finess", (("structure.finess", "990000011"),)),
    ("VIS-NOT-VSP", "$.author.capacity", (("author.capacity", "other-doctor"),)),
    (
        "VIS-ATTENDING",
        "$.author.attending_physician",
        (("author.attending_physician", {"rpps": "99700100003", "name": {"family": "X"}, "profession": "other"}),),
    ),
    ("VIS-EHPAD", "$.place.tariff_mode", (("place", {"kind": "ehpad", "finess": "990000036"}),)),
    ("VIS-EHPAD", "$.place.finess", (("place", {"kind": "ehpad", "tariff_mode": "45"}),)),
    (
        "VIS-EHPAD",
        "$.place.tariff_mode",
        (("place", {"kind": "ehpad", "finess": "990000036", "tariff_mode": "unknown"}),),
    ),
    ("VIS-PLACE-FIELD", "$.place.tariff_mode", (("place.tariff_mode", "45"),)),
    ("VIS-PRESENT-UNNAMED", "$.present[1]", (("present.1.ref", ABSENT),)),
    ("VIS-MINOR-GUARDIAN", "$.patient.guardians", MINOR),
    ("VIS-MAIN-CARER", "$.relatives[1].main_carer", (("relatives.0.main_carer", True),)),
    ("VIS-SCALE-AGE", "$.scales[0].scale", (("scales", [{"scale": "evendol", "value": 3}]),)),
    ("VIS-SCALE-SELF", "$.scales[0].scale", _MUTE),
    ("VIS-VITAL-BOUNDS", "$.vital_signs[0].value", (("vital_signs.0.value", 482),)),
    ("VIS-PCA", "$.treatments.items[0].pca", (("treatments.items.0.pca", {"lockout_min": 10}),)),
    ("VIS-OTHER-LABEL", "$.wounds[0].comment", (("wounds", [{"kind": "other"}]),)),
    ("VIS-OTHER-LABEL", "$.places.comment", (("places", {"care": "other"}),)),
    ("VIS-FUTURE", "$.directives.written_on", (("directives.written_on", "2026-12-01"),)),
    ("VIS-FUTURE", "$.disease.main.onset", (("disease.main.onset", "2026-11"),)),
    ("VIS-FUTURE", "$.scales[0].at", (("scales.0.at", "2026-10-12T12:31:00+02:00"),)),
    (
        "VIS-TREATMENT-ENDED",
        "$.treatments.items[0].status",
        (("treatments.items.0.end", "2026-10-11"),),
    ),
    ("VIS-DIRECTIVES-DATE", "$.directives.written_on", (("directives.written_on", ABSENT),)),
    (
        "VIS-DIRECTIVES-DOCUMENT",
        "$.attachments[0].advance_directives",
        (("directives", {"status": "unknown"}),),
    ),
    ("VIS-COLLEGIAL", "$.limitations[0].procedure", (("limitations.0.collegial", True),)),
    ("VIS-HIDDEN-ANNOUNCE", "$.sharing.announce_on", (("sharing.visibility", ["hidden-from-patient"]),)),
    ("VIS-HIDDEN-ANNOUNCE", "$.sharing.announce_on", (("sharing.announce_on", "2026-10-29"),)),
    (
        "VIS-HIDDEN-ANNOUNCE",
        "$.sharing.announce_on",
        (("sharing.visibility", ["hidden-from-patient"]), ("sharing.announce_on", "2026-10-01")),
    ),
    ("VIS-HIDDEN-GUARDIANS", "$.sharing.visibility", (("sharing.visibility", ["hidden-from-guardians"]),)),
    ("VIS-OPPOSITION", "$.sharing.opposition", (("sharing.opposition", True),)),
    ("VIS-OPPOSITION-REASON", "$.sharing.opposition_reason", (("sharing.opposition_reason", "x"),)),
    ("VIS-INCOMPLETE", "$.treatments", (("treatments", ABSENT),)),
    ("VIS-INCOMPLETE", "$.disease.phase", (("disease.phase", ABSENT),)),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "path", "changes"), WARNINGS, ids=[f"{rule} {path}" for rule, path, _ in WARNINGS])
def test_a_warning_is_told_and_the_visit_is_still_read(
    rule: str, path: str, changes: tuple[tuple[str, Any], ...]
) -> None:
    visit, findings = check_visit(changed(*changes))
    assert visit is not None
    assert rules_at(findings) == [(rule, path)]
    assert findings[0].severity is Severity.WARNING


def test_a_wrong_key_is_a_warning_for_a_test_number_and_an_error_for_a_real_one() -> None:
    real = ("patient.ins.root", "1.2.250.1.213.1.4.8")
    visit, findings = check_visit(changed(("patient.ins.value", "252034410921798"), real))
    assert visit is None
    assert [(f.rule, f.severity) for f in findings] == [("INS-KEY", Severity.ERROR)]


def test_a_patient_under_guardianship_may_have_no_trusted_person_asked() -> None:
    not_applicable = ("trusted_person", {"status": "not-applicable"})
    visit, findings = check_visit(
        changed(("patient.guardians", [GUARDIAN]), not_applicable, ("relatives.0.roles", ["carer"]))
    )
    assert visit is not None
    assert findings == ()


@pytest.mark.parametrize("scale", sorted(SCALES))
def test_the_bounds_of_a_scale_are_scores_and_their_neighbours_are_not(scale: str) -> None:
    low, high, step, _, _ = SCALES[scale]
    for value, refused in (
        (low, False),
        (high, False),
        (low - step, True),
        (high + step, True),
        (low + step - 1, step > 1),
    ):
        entry = {"scale": scale, "value": value, "label": "Soif"}
        _, findings = check_visit(changed(("scales", [entry])))
        assert any(finding.rule == "VIS-SCALE-BOUNDS" for finding in findings) is refused, value


# --- The tables -------------------------------------------------------------------------------------------------


def test_every_rule_is_shown_by_a_refused_sample_or_a_warning() -> None:
    shown = {rule for rule, _, _ in WARNINGS} | {"JSON-SIZE", "VIS-TOO-MANY", "VIS-TOO-LARGE"}
    for path in (SAMPLES / "refused").glob("*.findings.json"):
        shown |= {row["rule"] for row in json.loads(path.read_text(encoding="utf-8"))}
    assert set(RULES) - shown == set()


def test_every_rule_is_told_in_full() -> None:
    for code, rule in RULES.items():
        assert rule.code == code
        assert re.fullmatch(r"[A-Z]+(-[A-Z0-9]+)+", code)
        assert rule.title
        assert rule.explanation.endswith((".", "utilisables."))
        assert rule.source


def test_every_scale_of_the_model_has_its_bounds() -> None:
    from adapter.model import codes

    assert set(SCALES) == set(codes.LOCAL_CODES["scales"].__args__)


def test_every_pattern_of_the_model_has_its_sentence() -> None:
    patterns = set(re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', json.dumps(Visit.model_json_schema())))
    ours = {json.loads(pattern) for pattern in patterns}
    ours = {pattern for pattern in ours if r"\d" not in pattern}  # dates and decimals have their own words
    assert ours - set(reader.PATTERNS) == set()


def test_each_group_of_rules_reads_only_what_it_says() -> None:
    """A group that read more would judge the stand-in of a wrong part."""
    visit = read_visit(S1)
    for part in PARTS:
        assert part.reads <= set(Visit.model_fields)
        assert not part.one_by_one or part.one_by_one in part.reads
        known = {name: getattr(visit, name) for name in part.reads}
        part.judge(_Only(known), [])  # type: ignore[arg-type]


class _Only:
    """A visit with a few fields; touching another is an error."""

    def __init__(self, known: dict[str, BaseModel]) -> None:
        self.__dict__.update(known)


def test_a_file_of_too_many_values_is_refused_before_each_is_judged() -> None:
    problems = b",".join([b"{}"] * reader.MAX_VALUES)
    _, found = check_visit(b'{"problems": [' + problems + b"]}")
    assert [(finding.rule, finding.path) for finding in found] == [("VIS-TOO-LARGE", "$")]


def test_many_forbidden_characters_are_told_up_to_a_limit() -> None:
    _, found = check_visit(b'{"present": [' + b",".join([rb'"\u0007"'] * 5000) + b"]}")
    assert len(found) == MAX_FINDINGS + 1
    assert found[-1].rule == "VIS-TOO-MANY"
