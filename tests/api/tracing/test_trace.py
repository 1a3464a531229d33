"""What a trace says, for programs and for people: paths, lines, never a value of the visit."""

from __future__ import annotations

import base64
import functools
import json
from typing import Any

import orjson
import pytest
from lxml import etree, html

from adapter.api import Options, compose, read_visit, render_bundle, render_cda, render_sheet, trace
from adapter.api.tracing import FORMAT, Field, Node, Trace
from adapter.api.tracing.leaves import leaves
from adapter.api.tracing.marks import Markers
from adapter.errors import MappingError, VisitInvalid
from adapter.mapping import load
from tests.api.tracing.short_visit import short_visit
from tests.samples_kept import VISITS

MINIMAL = next(path for path in VISITS if path.name == "s7.required.json").read_bytes()


@functools.cache
def short_trace() -> Trace:
    return trace(short_visit())


def minimal_visit(**changes: Any) -> bytes:
    """S7 with other values for some fields."""
    return json.dumps(json.loads(MINIMAL) | changes).encode()


@functools.cache
def minimal_trace() -> Trace:
    return trace(MINIMAL)


def field(path: str) -> Field:
    return next(one for one in short_trace().fields if one.path == path)


def nodes(path: str, form: str) -> list[Node]:
    return [short_trace().nodes[id_] for name, held in field(path).nodes.items() if name == form for id_ in held]


def test_a_coded_value_goes_to_the_three_forms_through_the_row_of_its_table() -> None:
    row = next(r for r in load().rows["symptoms"] if r["local"] == "pain")
    assert f"codes/symptoms.csv:{row.line}" in field("$.symptoms[0].symptom").rows
    data = [node.path for node in nodes("$.symptoms[0].symptom", "cda") if not node.narrative]
    assert any("/entry[1]/observation[1]/" in path for path in data)
    assert any(node.path.endswith(".coding[0].code") for node in nodes("$.symptoms[0].symptom", "fhir"))
    assert {node.place for node in nodes("$.symptoms[0].symptom", "sheet")} == {"Symptômes et échelles"}


def test_a_sentence_of_the_tables_is_named_where_it_is_printed() -> None:
    assert any("messages/fr.toml:columns.symptoms" in node.rows for node in short_trace().nodes if node.form == "cda")


def test_a_profile_comes_from_its_edition() -> None:
    (node, *_) = short_trace().at("Bundle.meta.profile[0]")
    assert node.rows == ("editions/2026-11.toml:bundle",)
    (node, *_) = short_trace().at("Bundle.entry[0].resource.extension[0].url")
    assert node.rows == ("editions/2026-11.toml:ext-composition-version",)


def test_a_constant_names_the_line_that_prints_it() -> None:
    (node,) = short_trace().at("Bundle.type")
    assert len(node.constants) == 1
    assert node.constants[0].startswith("fhir/bundle.py:")
    assert node.fields == ()


def test_identifiers_come_from_the_visit_and_from_the_issuer() -> None:
    (node,) = short_trace().at("/ClinicalDocument/id[1]")
    assert {"$.id", "$.version"} <= set(node.fields)
    assert node.settings == ("issuer_oid",)


def test_every_path_leads_to_one_thing() -> None:
    document = compose(read_visit(short_visit()))
    cda = etree.fromstring(render_cda(document).replace(b' xmlns="urn:hl7-org:v3"', b"")).getroottree()
    page = html.fromstring(render_sheet(document)).getroottree()
    bundle = orjson.loads(render_bundle(document))
    for node in short_trace().nodes:
        if node.form == "fhir":
            value = _at(bundle, node.path)
            if node.inside:
                div = etree.fromstring(value.replace(' xmlns="http://www.w3.org/1999/xhtml"', ""))
                assert len(_found(div.getroottree(), node.inside)) == 1
        else:
            assert len(_found(cda if node.form == "cda" else page, node.path)) == 1


def _found(tree: Any, path: str) -> list[Any]:
    found: list[Any] = tree.xpath(path)
    return found


def _at(value: Any, path: str) -> Any:
    for step in path.removeprefix("Bundle").replace("[", ".").replace("]", "").strip(".").split("."):
        if step:
            value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def test_an_object_goes_where_its_values_go() -> None:
    whole = field("$.symptoms[0]")
    assert not whole.leaf
    for path in ("$.symptoms[0].symptom", "$.symptoms[0].comment"):
        for form, ids in field(path).nodes.items():
            assert set(ids) <= set(whole.nodes[form])


def test_what_is_not_shared_says_why() -> None:
    told = field("$.sharing.opposition")
    assert told.nodes == {}
    assert set(told.reasons) == {"cda", "fhir", "sheet"}


def test_the_json_form_is_what_it_says() -> None:
    told = json.loads(json.dumps(short_trace().as_dict()))
    assert told["format"] == FORMAT == "dmp-adapter-trace/1"
    assert told["mappings"] == load().digest
    assert list(told) == ["format", "mappings", "fields", "nodes", "lost", "unexplained"]
    members = ["path", "leaf", "empty", "cda", "fhir", "sheet", "silent", "rows", "reasons", "words_only"]
    assert all(list(one) == members for one in told["fields"])
    members = [
        "id", "form", "path", "inside", "place", "narrative", "fields", "rows", "settings", "defaults", "constants",
        "unexplained",
    ]  # fmt: skip
    assert all(list(one) == members for one in told["nodes"])
    assert [one["id"] for one in told["nodes"]] == list(range(len(told["nodes"])))
    paths = {one["path"] for one in told["fields"]}
    for one in told["nodes"]:
        assert set(one["fields"]) <= paths
    ids = [id_ for one in told["fields"] for form in ("cda", "fhir", "sheet") for id_ in one[form]]
    assert set(ids) <= set(range(len(told["nodes"])))


def test_both_ways_agree() -> None:
    found = minimal_trace()
    forth = {(one.path, id_) for one in found.fields if one.leaf for ids in one.nodes.values() for id_ in ids}
    back = {(path, node.id) for node in found.nodes for path in node.fields}
    assert forth == back


def test_no_value_of_the_visit_stands_in_the_trace() -> None:
    written = json.dumps(short_trace().as_dict(), ensure_ascii=False)
    values = [leaf for leaf in leaves(json.loads(short_visit())) if not leaf.table and leaf.path not in {("format",)}]
    secret = {str(leaf.value) for leaf in values if leaf.words or len(str(leaf.value)) > 7}
    assert len(secret) > 40
    assert [text for text in secret if text in written] == []
    assert Markers().ranks(written) == set()


def test_the_same_visit_gives_the_same_trace() -> None:
    assert trace(MINIMAL) == minimal_trace()


def test_an_issuer_changes_origins_not_losses() -> None:
    found = trace(MINIMAL, options=Options(issuer_oid="1.2.250.1.999.42"))
    assert found.complete
    (node,) = found.at("/ClinicalDocument/setId[1]")
    assert "issuer_oid" in node.settings


def test_a_progress_ends_where_it_said() -> None:
    from adapter.api import tracing

    told: list[tuple[int, int]] = []
    tracing.trace(MINIMAL, progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1]
    assert [done for done, _ in told] == list(range(1, len(told) + 1))


def test_a_visit_that_is_refused_is_told_as_by_convert() -> None:
    with pytest.raises(VisitInvalid) as refused:
        trace(b"{}")
    assert refused.value.findings


def test_tables_that_miss_a_row_are_told(tmp_path: Any) -> None:
    from dataclasses import replace

    tables = load()
    bare = replace(tables, tables={**tables.tables, "genders": {}})
    with pytest.raises(MappingError):
        trace(MINIMAL, mappings=bare)


def test_a_trace_leaves_the_tables_and_the_forms_as_they_were() -> None:
    before = render_cda(compose(read_visit(MINIMAL)))
    trace(MINIMAL)
    assert render_cda(compose(read_visit(MINIMAL))) == before


def test_words_that_look_like_a_marker_mislead_nobody() -> None:
    marked = trace(minimal_visit(conclusions="zqxaaaaq ZQXPPPPQ"))
    plain = trace(minimal_visit(conclusions="rien de neuf, rien."))
    assert marked.complete
    assert [node.fields for node in marked.nodes] == [node.fields for node in plain.nodes]


def test_a_large_file_is_followed_like_a_small_one() -> None:
    def joined(size: int) -> dict[str, Any]:
        data = base64.b64encode(b"%PDF-1.4\n" + b"x" * size).decode()
        return {"attachments": [{"id": "lettre", "title": "Lettre", "data": data}]}

    assert trace(minimal_visit(**joined(1_000_000))) == trace(minimal_visit(**joined(10)))


def test_a_number_told_twice_is_printed_once_and_not_lost() -> None:
    number = {"kind": "phone", "value": "01 00 00 00 00", "always": True}
    found = trace(minimal_visit(place={"kind": "residence", "telecoms": [number, number]}))
    assert found.complete
    told = next(one for one in found.fields if one.path == "$.place.telecoms[0].always")
    assert "$.place.telecoms[1].always" in told.reasons["fhir"]


def test_line_breaks_of_any_sort_stay_where_they_are() -> None:
    found = trace(minimal_visit(conclusions="Un\r\ndeux\n\n  \ntrois.\r", reason="\nRevoir"))
    assert found.complete
