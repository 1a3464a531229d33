"""JSON of unknown origin: read exactly, or refused with a place and without its content."""

from __future__ import annotations

import itertools
import json
from decimal import Decimal

import pytest

from adapter.errors import Finding, FindingsError
from adapter.model.json_input import JSON_RULES, NESTING_LIMIT, parse_json, read_json


def refused(data: bytes, *, max_bytes: int = 10_000, max_depth: int = 100) -> list[tuple[str, str]]:
    """Rule and path of every finding that `data` raises."""
    with pytest.raises(FindingsError) as raised:
        parse_json(data, max_bytes=max_bytes, max_depth=max_depth)
    return [(finding.rule, finding.path) for finding in raised.value.findings]


def test_a_clean_text_is_read_with_its_decimals_kept() -> None:
    value = parse_json('{"dose": 4.50, "note": "Œuf à 37 °C\\n« ça va »\\ttoujours", "n": 12}'.encode())
    assert value == {"dose": Decimal("4.50"), "note": "Œuf à 37 °C\n« ça va »\ttoujours", "n": 12}
    assert str(value["dose"]) == "4.50"


def test_a_byte_order_mark_is_taken_off_silently() -> None:
    assert parse_json(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_escaped_french_letters_and_emoji_are_read() -> None:
    assert parse_json(rb'["\u00e9\ud83d\ude00\\u0001"]') == ["é😀\\u0001"]


def test_size_is_judged_before_anything_is_read() -> None:
    assert refused(b"x" * 11, max_bytes=10) == [("JSON-SIZE", "$")]


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        ('{"a": "été"}'.encode("cp1252"), "windows-1252"),
        ('{"a": "b"}'.encode("utf-16"), "UTF-16"),
        ('{"a": "b"}'.encode("utf-16-le"), "UTF-16"),
        ('{"a": "b"}'.encode("utf-16-be"), "UTF-16"),
        (b'{"a": "\xed\xa0\x80\x81"}', ""),
    ],
)
def test_another_encoding_is_named_when_it_shows(data: bytes, hint: str) -> None:
    with pytest.raises(FindingsError) as raised:
        parse_json(data)
    (finding,) = raised.value.findings
    assert finding.rule == "JSON-ENCODING"
    assert hint in finding.message


def test_encoding_and_syntax_faults_are_placed_by_line_and_column() -> None:
    assert refused('{\n "a": "été"}'.encode("cp1252")) == [("JSON-ENCODING", "2:8")]
    assert refused('{\n "é": 1,}'.encode()) == [("JSON-SYNTAX", "2:9")]


@pytest.mark.parametrize(
    "data", [b"", b"{} x", b"[1,]", b"{'a': 1}", b"1],[2", b"1]", b"]", b"1,2", b'"a\nb"', b"[01]"]
)
def test_text_outside_the_grammar_is_refused(data: bytes) -> None:
    assert {rule for rule, _ in refused(data)} <= {"JSON-SYNTAX", "JSON-CONTROL"}


@pytest.mark.parametrize("data", [b"", b" \r\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_called_so(data: bytes) -> None:
    with pytest.raises(FindingsError) as raised:
        parse_json(data)
    assert [(found.rule, found.message) for found in raised.value.findings] == [("JSON-SYNTAX", "Le fichier est vide.")]


def test_an_archive_is_not_taken_for_utf_16() -> None:
    with pytest.raises(FindingsError) as raised:
        parse_json(b"\x1f\x8b\x08\x00" + bytes(range(256)))
    assert "UTF-16" not in raised.value.findings[0].message


def test_every_repeated_key_is_told_with_its_path() -> None:
    assert refused(b'{"a": {"b": 1, "b": 2}, "c": [{"d": 1, "d": 1}], "a": 3}') == [
        ("JSON-DUPLICATE-KEY", "$.a.b"),
        ("JSON-DUPLICATE-KEY", "$.c[0].d"),
        ("JSON-DUPLICATE-KEY", "$.a"),
    ]


@pytest.mark.parametrize("depth", [1, 7, 100, NESTING_LIMIT, NESTING_LIMIT + 50])
def test_depth_is_exact(depth: int) -> None:
    allowed = min(depth, NESTING_LIMIT)
    parse_json(b"[" * allowed + b"0" + b"]" * allowed, max_depth=depth)
    assert refused(b"[" * (allowed + 1) + b"0" + b"]" * (allowed + 1), max_depth=depth) == [
        ("JSON-DEPTH", f"1:{allowed + 1}")
    ]


def test_brackets_inside_texts_do_not_count() -> None:
    assert parse_json(json.dumps(['[[[["[{']).encode(), max_depth=1) == ['[[[["[{']


def test_a_very_deep_text_is_refused_without_a_traceback() -> None:
    assert [rule for rule, _ in refused(b'{"a":' * 100_000, max_bytes=10**6)] == ["JSON-DEPTH"]


def test_impossible_numbers_are_told_with_their_paths() -> None:
    assert refused(b'{"a": NaN, "b": [Infinity, -Infinity]}') == [
        ("JSON-NUMBER", "$.a"),
        ("JSON-NUMBER", "$.b[0]"),
        ("JSON-NUMBER", "$.b[1]"),
    ]
    assert refused(b"[" + b"1" * 5000 + b"]")[0][0] == "JSON-NUMBER"


def test_lone_surrogates_are_told_with_their_paths() -> None:
    assert refused(rb'{"a": ["\ud800"], "b": "x\udc00"}') == [
        ("JSON-SURROGATE", "$.a[0]"),
        ("JSON-SURROGATE", "$.b"),
    ]


@pytest.mark.parametrize(
    "spelled",
    [
        b"\x00",
        b"\x0b",
        b"\x1f",
        b"\x7f",
        b"\xc2\x85",
        b"\xef\xbf\xbe",
        b"\xef\xbf\xbf",
        rb"\u0000",
        rb"\b",
        rb"\f",
        rb"\u001f",
        rb"\u007F",
        rb"\u0085",
        rb"\uFFFE",
        rb"\uffFf",
    ],
)
def test_control_characters_are_found_however_they_are_spelled(spelled: bytes) -> None:
    assert refused(b'{"a": ["fine", "so ' + spelled + b' bad"]}') == [("JSON-CONTROL", "$.a[1]")]


def test_faults_of_several_kinds_are_told_together() -> None:
    found = refused(b'{"a": NaN, "b": "\x01", "b": "\\ud800", "c": "ok"}')
    assert found == [
        ("JSON-NUMBER", "$.a"),
        ("JSON-CONTROL", "$.b"),
        ("JSON-DUPLICATE-KEY", "$.b"),
        ("JSON-SURROGATE", "$.b"),
    ]


def test_a_caller_may_have_the_value_and_the_findings() -> None:
    value, findings = read_json(rb'{"a": "x\u0000"}')
    assert value == {"a": "x\x00"}
    assert [finding.path for finding in findings] == ["$.a"]


def test_a_message_never_repeats_what_was_read() -> None:
    texts = [b'{"%s": 1, "%s": 2}', b'["%s", ]', b'{"%s": "%s\x01"}', b'["%s\xe9"]', b'{"a": "\\ud800 %s"}']
    texts += [b'{"%s": NaN}', b'{"%s": "\x01"}', b'{"%s": "\\ud800"}']
    secrets = (b"Jeanne Martin", b"Jeanne", b"JEANNE_MARTIN", b"Jeanne-Martin", b"jeanne252034410921797")
    for text, secret in itertools.product(texts, secrets):
        with pytest.raises(FindingsError) as raised:
            parse_json(text.replace(b"%s", secret))
        shown = repr(raised.value) + "".join(map(told, raised.value.findings))
        assert "jeanne" not in shown.lower()
        assert raised.value.__cause__ is None
        assert raised.value.__suppress_context__


def told(finding: Finding) -> str:
    """Everything a reader may see of a finding."""
    return f"{finding.path} {finding.message} {finding.source}"


def test_every_rule_is_explained() -> None:
    assert all(rule.title and rule.explanation and rule.source for rule in JSON_RULES.values())
