"""Searches: every parameter finds and leaves out, pages follow one another, TD0.2 tells the state of a DMP."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from tests.dmp.simulator.conftest import Caller, codes
from tests.dmp.simulator.deposited import (
    AS_AUTHOR,
    AS_COLLEAGUE,
    ATTENDING,
    AUTHOR,
    COLLEAGUE,
    INS,
    INS_SYSTEM,
    STRUCTURE,
    URI,
    binary,
    cda,
    deposit,
    oid,
    uuid,
)
from tests.judges import refused

Json = dict[str, Any]
LOINC = "http://loinc.org"


@pytest.mark.parametrize(
    ("name", "hits", "misses"),
    [
        ("type", [f"{LOINC}|11488-4", "11488-4", f"{LOINC}|", f"1-8,{LOINC}|11488-4"], ["|11488-4", f"{LOINC}|1-8"]),
        ("category", ["10"], ["11"]),
        ("facility", ["SA07"], ["SA08"]),
        ("setting", ["PALLIATIF"], ["HAD"]),
        ("security-label", ["N"], ["MASQUE_PS"]),
        ("event", ["urn:oid:1.2.250.1.215.200.3.3|VSP"], ["V"]),
        ("format", ["urn:asipSante:modelesHorsProfils:2011"], ["urn:asip:ci-sis:vsm:2012"]),
        ("contenttype", ["text/xml"], ["application/pdf"]),
        ("identifier", [f"{URI}|urn:oid:{oid('a')}", f"urn:oid:{oid('a')}", uuid("a")], [f"urn:oid:{oid('b')}"]),
        ("creation", ["2026", "2026-11", "2026-11-20", "ge2026-11-20", "2026-11-20T16:00:05+01:00"], ["2026-11-21"]),
        ("creation", ["gt2026-11-19", "lt2026-11-21T00:00:00Z", "ne2025"], ["lt2026-11-20", "sa2026", "ne2026"]),
        ("date", ["le2026-11-20T15:00:10Z", "eq2026-11-20T15:00Z", "eb2027"], ["le2026-11-20T15:00:09Z"]),
        ("period", ["2026-11-20", "ge2026-11-20"], ["gt2026-11-20", "2026-11-19"]),
        ("period-start", ["2026-11-20T13:00:00Z", "lt2026-11-20T13:30Z"], ["gt2026-11-20T13:00:00Z"]),
        ("period-end", ["ge2026-11-20T14:10:00Z"], ["ge2026-11-20T14:10:01Z"]),
        ("author", [AUTHOR, f"https://rpps.esante.gouv.fr|{AUTHOR}", f"Practitioner/{AUTHOR}"], [COLLEAGUE]),
        ("author.identifier", [AUTHOR], [COLLEAGUE]),
        ("author.family", ["exemp", "Exemplé"], ["autre"]),
        ("isArchived", ["false"], ["true"]),
        ("relatesto", [], ["DocumentReference/x"]),
        ("related", [], ["x"]),
        ("status", ["current", "current,superseded"], ["superseded"]),
    ],
)
def test_a_parameter_finds_and_leaves_out(caller: Caller, name: str, hits: list[str], misses: list[str]) -> None:
    caller.post(deposit("a"))
    for value in hits:
        assert len(caller.found(more={name: value})) == 1, value
    for value in misses:
        assert caller.found(more={name: value}) == [], value


def test_a_correction_is_found_by_what_it_replaces(caller: Caller) -> None:
    caller.post(deposit("a"))
    caller.post(deposit("b", replaces="a", of="a", version=2))
    old, new = caller.one("a"), caller.one("b")
    for value in (f"DocumentReference/{old['id']}", old["id"], f"urn:oid:{oid('a')}"):
        assert [one["id"] for one in caller.found(relatesto=value)] == [new["id"]]


@pytest.mark.parametrize(
    ("name", "hits", "misses"),
    [
        ("designationType", ["07"], ["10"]),
        ("sourceId", ["urn:oid:1.2.250.1.999.9"], ["x"]),
        ("title", ["visite"], ["autre"]),
        ("source", [AUTHOR], [COLLEAGUE]),
        ("source.family", ["EXEMPLE"], ["X"]),
        ("date", ["2026-11-20"], ["2025"]),
        ("identifier", [f"urn:oid:{oid('lot a')}"], ["x"]),
        ("isArchived", ["false"], ["true"]),
        ("authorOrg", [], [STRUCTURE]),
        ("code", ["submissionset"], ["folder"]),
    ],
)
def test_a_parameter_of_lists(caller: Caller, name: str, hits: list[str], misses: list[str]) -> None:
    caller.post(deposit("a"))
    for value in (*hits, *misses):
        answer = caller.search("List", more={"status": "current", "code": "submissionset", name: value})
        assert answer.status_code == 200, answer.text
        assert answer.json()["total"] == (value in hits), value


def test_pages_follow_one_another_without_the_patient_in_their_addresses(caller: Caller) -> None:
    for rank in range(7):
        created = f"2026-11-{rank + 1:02}T10:00:00Z"
        assert caller.post(deposit(f"d{rank}", created=created)).status_code == 200
    page = caller.search(_count="3", _sort="creation").json()
    found, pages = [], 0
    while True:
        pages += 1
        assert page["total"] == 7
        found += [entry["resource"]["masterIdentifier"]["value"] for entry in page["entry"]]
        assert all(e["fullUrl"] == f"{caller.base}/DocumentReference/{e['resource']['id']}" for e in page["entry"])
        links = {link["relation"]: link["url"] for link in page["link"]}
        assert all(INS not in url for url in links.values())
        if "next" not in links:
            break
        page = caller.session.get(links["next"], timeout=5).json()
    assert (found, pages) == ([f"urn:oid:{oid(f'd{rank}')}" for rank in range(7)], 3)
    assert "entry" not in caller.search(_count="0").json()


def test_a_page_belongs_to_its_caller(caller: Caller) -> None:
    for name in "ab":
        caller.post(deposit(name))
    page = caller.search(actor=AS_AUTHOR, _count="1").json()
    url = next(link["url"] for link in page["link"] if link["relation"] == "next")
    assert caller.session.get(url, headers=AS_AUTHOR, timeout=5).status_code == 200
    assert caller.session.get(url, headers=AS_COLLEAGUE, timeout=5).status_code == 403
    assert caller.session.get(url.replace("getpages=", "getpages=x"), headers=AS_AUTHOR, timeout=5).status_code == 410


@pytest.mark.parametrize(
    "change",
    [
        {"patient.identifier": ""},
        {"patient.identifier": INS},
        {"status": ""},
        {"colour": "red"},
        {"creation": "hier"},
        {"creation": "2026-13"},
        {"isArchived": "yes"},
        {"_count": "x"},
        {"_sort": "colour"},
        {"patient": "Patient/x"},
    ],
)
def test_an_unusable_search_is_refused_with_a_reason(caller: Caller, change: dict[str, str]) -> None:
    answer = caller.search(more=change)
    assert answer.status_code == 400, answer.text
    assert codes(answer)
    assert INS not in answer.text


def test_a_search_by_url_and_by_server_id(caller: Caller) -> None:
    caller.post(deposit("a"))
    reference = caller.one("a")["subject"]["reference"]
    by_url = caller.send("GET", f"/DocumentReference?patient={quote(reference)}&status=current")
    assert by_url.json()["total"] == 1
    token = quote(f"{INS_SYSTEM}|{INS}")
    assert (
        caller.send("GET", f"/DocumentReference/_search?patient.identifier={token}&status=current").json()["total"] == 1
    )
    assert caller.send("GET", "/DocumentReference?patient=Patient/none&status=current").json()["total"] == 0


def test_a_content_is_raw_or_a_resource_as_accepted(caller: Caller) -> None:
    caller.post(deposit("a"))
    url = caller.one("a")["content"][0]["attachment"]["url"]
    raw = caller.session.get(url, timeout=5)
    assert (raw.content, raw.headers["Content-Type"]) == (cda("a"), "text/xml")
    assert caller.session.get(url, headers={"Accept": "text/xml"}, timeout=5).content == cda("a")
    wrapped = caller.session.get(url, headers={"Accept": "application/fhir+json"}, timeout=5).json()
    assert wrapped == {**binary(cda("a")), "id": url.rpartition("/")[2]}


def _patients(caller: Caller, actor: Json | None = None, ins: str = INS) -> Any:
    data = {"identifier": f"{INS_SYSTEM}|{ins}"}
    return caller.session.post(f"{caller.base}/Patient/_search", data=data, headers=actor or {}, timeout=5)


def test_the_state_of_a_dmp(caller: Caller) -> None:
    told = _patients(caller).json()
    assert told["total"] == 1
    assert told["entry"][0]["resource"]["active"] is True
    assert "name" not in told["entry"][0]["resource"]

    caller.send("PUT", "/admin/patients", json={"ins": INS, "attending": ATTENDING, "blocked": [COLLEAGUE]})
    again = _patients(caller).json()["entry"][0]["resource"]
    assert again["id"] == told["entry"][0]["resource"]["id"]
    assert again["generalPractitioner"][0]["identifier"]["value"] == ATTENDING
    blocked = _patients(caller, AS_COLLEAGUE)
    assert (blocked.status_code, codes(blocked)) == (403, ["DMPAccessForbidden"])
    assert blocked.json()["issue"][0]["code"] == "forbidden"

    caller.send("PUT", "/admin/patients", json={"ins": INS, "state": "closed", "reason": "DMPClosedByHolder"})
    closed = _patients(caller).json()
    assert closed["entry"][0]["resource"]["active"] is False
    outcome = closed["entry"][1]
    assert outcome["search"]["mode"] == "outcome"
    assert outcome["resource"]["issue"][0]["details"]["coding"][0]["code"] == "DMPClosedByHolder"

    caller.send("PUT", "/admin/patients", json={"ins": INS, "state": "absent"})
    absent = _patients(caller).json()
    assert (absent["total"], "entry" in absent) == (0, False)


def test_an_unusable_search_of_patients(caller: Caller) -> None:
    assert _patients(caller, ins="12").status_code == 422
    answer = caller.session.post(f"{caller.base}/Patient/_search", data={"name": "x"}, timeout=5)
    assert answer.status_code == 400


@pytest.mark.conformance
def test_what_the_simulator_answers_satisfies_the_profiles(shared_dir: Path, caller: Caller, tmp_path: Path) -> None:
    answers: dict[str, Json] = {"response": caller.post(deposit("a")).json()}
    answers["correction"] = caller.post(deposit("b", replaces="a", of="a", version=2)).json()
    answers["searchset"] = caller.search().json()
    answers["nothing"] = caller.search(type="1-8").json()
    answers["sets"] = caller.search("List", status="current", code="submissionset").json()
    answers["document"] = caller.one("a")
    answers["refusal"] = caller.post(deposit("a")).json()
    answers["metadata"] = caller.send("GET", "/metadata").json()
    caller.send("PUT", "/admin/patients", json={"ins": INS, "state": "closed"})
    answers["closed"] = _patients(caller).json()
    files = []
    for name, value in answers.items():
        file = tmp_path / f"{name}.json"
        file.write_bytes(orjson.dumps(value))
        files.append(file)
    assert not refused(shared_dir, "check_fhir", files)
