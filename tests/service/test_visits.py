"""Validate, convert and preview: the same documents as the command line, whatever the way to ask."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from httpx import Client

from adapter import api
from adapter.errors import VisitInvalid
from adapter.validation import report
from tests.private_texts import texts_to_keep
from tests.service.calls import S1, S4, S5, S7, changed, post, problem


def test_a_sound_visit_is_said_valid(client: Client) -> None:
    told = post(client, "/v1/visits:validate", S7).json()
    assert (told["valid"], told["errors"]) == (True, 0)


def test_findings_are_those_of_the_command_line(client: Client) -> None:
    wrong = changed(S7, conclusions="", version=0, inconnu=1)
    answer = post(client, "/v1/visits:validate", wrong)
    told = answer.json()
    with pytest.raises(VisitInvalid) as refused:
        api.convert(wrong)
    assert answer.status_code == 200
    assert told["valid"] is False
    assert told["findings"] == json.loads(report.as_json({"x": refused.value.findings}))["files"][0]["findings"]
    errors = {one["path"] for one in told["findings"] if one["severity"] == "error"}
    assert errors == {"$.conclusions", "$.version", "$.inconnu"}
    assert (told["errors"], told["errors"] + told["warnings"]) == (3, len(told["findings"]))


@pytest.mark.parametrize("path", ["validate", "convert", "preview", "submit"])
@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (b"", "JSON-SYNTAX"),
        (b"{", "JSON-SYNTAX"),
        (b'{"id": "\xe9"}', "JSON-ENCODING"),
        (b"[" * 5000, "JSON-DEPTH"),
        (b'{"a": NaN}', "JSON-NUMBER"),
    ],
)
def test_a_text_that_is_no_json_is_unreadable_everywhere(client: Client, path: str, body: bytes, rule: str) -> None:
    told = problem(post(client, f"/v1/visits:{path}", body), 400, "unreadable-body")
    assert told["findings"][0]["rule"] == rule


def test_without_a_choice_the_three_usual_forms_come_together(client: Client) -> None:
    told = post(client, "/v1/visits:convert", S1).json()
    done = api.convert(S1)
    assert told["document_id"] == done.document.oid
    for form, expected in (("cda", done.cda), ("fhir", done.bundle), ("sheet", done.sheet)):
        content = told["forms"][form]
        assert content["content"].encode() == expected
        assert content["sha256"] == hashlib.sha256(expected).hexdigest()
        assert content["size_bytes"] == len(expected)
    assert len(told["findings"]) == len(done.findings)


@pytest.mark.parametrize(
    ("query", "accept", "kind", "start"),
    [
        ("?to=cda", "*/*", "text/xml; charset=utf-8", b"<?xml"),
        ("?to=fhir", "*/*", "application/fhir+json", b"{"),
        ("?to=sheet", "*/*", "text/html; charset=utf-8", b"<!DOCTYPE html"),
        ("", "text/xml", "text/xml; charset=utf-8", b"<?xml"),
        ("", "application/fhir+json", "application/fhir+json", b"{"),
        ("", "text/html;q=0.9, application/xhtml+xml;q=0.1", "text/html; charset=utf-8", b"<!DOCTYPE html"),
        ("?to=cda", "application/fhir+json", "text/xml; charset=utf-8", b"<?xml"),
    ],
)
def test_one_form_comes_as_its_bytes(client: Client, query: str, accept: str, kind: str, start: bytes) -> None:
    answer = post(client, f"/v1/visits:convert{query}", S7, Accept=accept)
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind), answer.text
    assert answer.content.startswith(start)
    assert answer.headers["dmp-adapter-document"] == api.convert(S7).document.oid
    assert int(answer.headers["dmp-adapter-warnings"]) == len(api.convert(S7).findings)


def test_several_forms_come_in_one_object_and_only_they(client: Client) -> None:
    told = post(client, "/v1/visits:convert?to=sheet&to=cda", S7).json()
    assert set(told["forms"]) == {"cda", "sheet"}
    alone = post(client, "/v1/visits:convert?to=cda", S7, Accept="application/json").json()
    assert set(alone["forms"]) == {"cda"}


def test_what_nobody_produces_is_not_acceptable(client: Client) -> None:
    problem(post(client, "/v1/visits:convert", S7, Accept="image/png"), 406, "not-acceptable")
    problem(post(client, "/v1/visits:convert", S7, Accept="text/xml;q=0"), 406, "not-acceptable")
    told = problem(post(client, "/v1/visits:convert?to=docx", S7), 422, "parameters")
    assert told["findings"][0]["rule"] == "SVC-PARAMETER"
    assert told["findings"][0]["path"].startswith("query.to")


def test_a_printed_form_comes_with_the_extra(client: Client) -> None:
    answer = post(client, "/v1/visits:convert?to=pdf", S7)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF-")
    both = post(client, "/v1/visits:convert?to=pdf&to=n1", S7).json()["forms"]
    assert base64.b64decode(both["pdf"]["content"]) == answer.content
    assert base64.b64encode(answer.content).decode() in both["n1"]["content"].replace("\n", "")


def test_a_printed_form_without_the_extra_says_what_to_install(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: object) -> bytes:
        from adapter.errors import MissingExtra

        raise MissingExtra("installer dmp-adapter[pdf]")

    monkeypatch.setattr(api, "render_pdf", missing, raising=False)
    told = problem(post(client, "/v1/visits:convert?to=pdf", S7), 406, "not-acceptable")
    assert "dmp-adapter[pdf]" in told["detail"]


def test_a_refused_visit_is_a_problem_that_quotes_nothing(client: Client) -> None:
    wrong = changed(S1, version="deux", conclusions=" ")
    told = problem(post(client, "/v1/visits:convert", wrong), 422, "visit-invalid")
    assert {one["path"] for one in told["findings"]} >= {"$.version", "$.conclusions"}
    assert not [text for text in texts_to_keep(json.loads(S1)) if text in json.dumps(told, ensure_ascii=False)]


def test_windows_1252_is_read_when_it_is_declared_only(client: Client) -> None:
    old = json.dumps(json.loads(S1), ensure_ascii=False).encode("cp1252", "xmlcharrefreplace")
    problem(post(client, "/v1/visits:convert?to=cda", old), 400, "unreadable-body")
    declared = {"Content-Type": "application/json; charset=windows-1252"}
    read = post(client, "/v1/visits:convert?to=cda", old, **declared)
    assert read.status_code == 200
    assert "Hélène" in read.text
    told = problem(post(client, "/v1/visits:validate", b'{"a": "\x81"}', **declared), 400, "unreadable-body")
    assert told["findings"][0]["rule"] == "JSON-ENCODING"


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/jsonp"},
        {"Content-Type": ""},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_another_type_of_content_is_refused(client: Client, headers: dict[str, str]) -> None:
    problem(post(client, "/v1/visits:validate", S7, **headers), 415, "media-type")


def _preview(client: Client, visit: bytes) -> Any:
    answer = post(client, "/v1/visits:preview", visit)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_preview_shows_the_documents_that_would_leave(client: Client) -> None:
    told, done = _preview(client, S1), api.convert(S1)
    assert (told["cda"].encode(), told["fhir"].encode(), told["sheet"].encode()) == (done.cda, done.bundle, done.sheet)
    assert (told["valid"], told["may_be_sent"], told["refusals"]) == (True, True, [])
    warned = [one.path for one in done.findings if one.path.startswith("$")]
    assert warned
    assert [path for path in warned if path not in told["by_path"]] == []
    assert all(one["visible"] for one in told["sights"])


def test_a_preview_of_a_refused_visit_puts_findings_beside_their_field(client: Client) -> None:
    told = _preview(client, changed(S7, conclusions=""))
    assert (told["valid"], told["cda"], told["sheet"], told["may_be_sent"]) == (False, None, None, False)
    assert [one["severity"] for one in told["by_path"]["$.conclusions"]] == ["error"]


def test_a_preview_says_what_the_patient_will_not_see(client: Client) -> None:
    told = _preview(client, S5)
    (patient,) = [one for one in told["sights"] if one["reader"] == "patient"]
    assert (patient["visible"], patient["until"]) == (False, "2026-10-29")
    assert [one["visible"] for one in told["sights"] if one["reader"] != "patient"] == [True, True]
    assert "$.sharing.announce_on" in {one["path"] for one in told["kept"]}


def test_a_preview_of_an_opposition_sends_nothing_and_keeps_the_reason(client: Client) -> None:
    told = _preview(client, S4)
    assert (told["valid"], told["may_be_sent"]) == (True, False)
    assert [one["rule"] for one in told["refusals"]] == ["SUB-OPPOSITION"]
    assert not any(one["visible"] for one in told["sights"])
    assert "$.sharing.opposition_reason" in {one["path"] for one in told["kept"]}


def test_a_preview_tells_the_origin_of_its_parts_when_asked(client: Client) -> None:
    assert _preview(client, S7)["trace"] is None
    answer = post(client, "/v1/visits:preview?trace=true", S7)
    told = answer.json()["trace"]
    assert answer.status_code == 200
    assert "$.conclusions" in {one["path"] for one in told["fields"]}
    assert told["lost"] == []


def test_markup_in_any_text_stays_text(client: Client) -> None:
    trap = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    visit = changed(S1, conclusions=trap, reason=trap, title=trap)
    told = post(client, "/v1/visits:preview", visit).json()
    assert told["valid"], told["findings"]
    for form in ("sheet", "cda"):  # in JSON, text is text whatever it holds
        assert "<script" not in told[form]
        assert "<img" not in told[form]
    assert "&lt;script&gt;" in told["sheet"]
    printed = post(client, "/v1/visits:convert?to=pdf", visit).content
    assert b"/JavaScript" not in printed
