"""Sessions, places of fields, lines of documents and names of fields."""

from __future__ import annotations

import json

import pytest

from adapter.service.preview.labels import label
from adapter.service.preview.printed import json_lines, origins, xml_lines
from adapter.service.preview.session import LIFE_S, Sessions
from adapter.service.preview.visit_lines import nearest, places
from tests.service.calls import ROOT, S1

TEXT = """{
  "a": 1,
  "b": [
    {"c": "x, \\"y\\": {"},
    {"c": [2,
      3]}
  ],
  "é\\u0301": null
}"""


@pytest.mark.parametrize(
    ("path", "line"),
    [("$", 1), ("$.a", 2), ("$.b", 3), ("$.b[0].c", 4), ("$.b[1]", 5), ("$.b[1].c[1]", 6), ("$.é\u0301", 8)],
)
def test_each_field_has_its_line(path: str, line: int) -> None:
    assert places(TEXT)[path].line == line


def test_a_missing_field_stands_at_the_one_around_it() -> None:
    known = places(TEXT)
    assert nearest("$.b[1].d.e", known) == known["$.b[1]"]
    assert nearest("$.b[7].d", known) == known["$.b"]
    assert nearest("nowhere", known) == known["$"]


@pytest.mark.parametrize(
    "text", ["", "{", "}]}]", '{"a": [1, {"b"', "[[[[", '{"a" 1 "b": }', "\ufeff{}", '"\\', "é" * 50, "[" * 300_000]
)
def test_what_is_not_json_has_places_all_the_same(text: str) -> None:
    assert places(text)["$"].line == 1


def test_every_path_of_a_visit_is_placed() -> None:
    def paths(value: object, path: str) -> set[str]:
        if isinstance(value, dict):
            return {path}.union(*(paths(inner, f"{path}.{name}") for name, inner in value.items()))
        if isinstance(value, list):
            return {path}.union(*(paths(inner, f"{path}[{rank}]") for rank, inner in enumerate(value)))
        return {path}

    assert set(places(S1.decode())) == paths(json.loads(S1), "$")


def test_a_session_ends() -> None:
    now = [1000.0]
    sessions = Sessions(lambda: now[0])
    session = sessions.open("cabinet é")
    found = sessions.read(session.value)
    assert found is not None
    assert (found.client, found.proof) == ("cabinet é", session.proof)
    assert sessions.holds(found, session.proof)
    assert not sessions.holds(found, sessions.open("cabinet é").proof)
    now[0] += LIFE_S
    assert sessions.read(session.value) is None
    assert Sessions().read(session.value) is None  # another run of the service


def test_nothing_of_a_session_shows_in_its_repr() -> None:
    session = Sessions().open("x")
    assert session.value not in repr(session)


def test_lines_hold_the_whole_documents() -> None:
    folder = ROOT / "samples" / "expected" / "s1.required"
    bundle = (folder / "bundle.json").read_bytes()
    assert json.loads("".join(line.text for line in json_lines(bundle))) == json.loads(bundle)
    lines = xml_lines((folder / "document.xml").read_bytes())
    assert lines[0].text.startswith('<ClinicalDocument xmlns="urn:hl7-org:v3"')
    assert lines[-1].text == "</ClinicalDocument>"
    assert any("MARCHAND" in line.text for line in lines)


def test_a_joined_file_is_shown_by_its_start() -> None:
    (line,) = json_lines(json.dumps("a" * 30_000).encode())
    assert line.text == f'"{"a" * 200}… (30000 caractères)"'


def test_lines_know_where_they_come_from() -> None:
    nodes = [
        {"form": "cda", "path": "/r/a[2]", "fields": ["$.x"]},
        {"form": "fhir", "path": "Bundle.a[1]", "fields": ["$.y"]},
        {"form": "fhir", "path": "Bundle.a[1]", "fields": ["$.z", "$.y"]},
    ]
    trace = {"nodes": nodes}
    assert [line.origin for line in xml_lines(b"<r><a/><a/></r>", origins(trace, "cda"))] == [(), (), ("$.x",), ()]
    found = [line.origin for line in json_lines(b'{"a": [1, 2]}', origins(trace, "fhir"))]
    assert found == [(), (), (), ("$.y", "$.z"), (), ()]
    assert origins(None, "cda") == {}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("$", "Visite entière"),
        ("$.patient.ins.value", "Patient › Identité nationale de santé › Matricule INS"),
        ("$.treatments.items[1].dose.unit", "Traitements n° 2 › Dose par prise › Unité"),
        ("$.attachments[].media_type", "Documents joints › Type de contenu"),
        ("$.nowhere", "$.nowhere"),
    ],
)
def test_fields_are_named_in_the_words_of_the_schema(path: str, name: str) -> None:
    assert label(path) == name
