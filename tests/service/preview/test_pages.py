"""The pages as a browser gets them: inert, French, bound to their session, and the way to the queue."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from httpx import Client, Response
from lxml import html

from adapter.api.sending import DmpServer
from tests.service.calls import INS, S1, S4, S5, S7, changed, post, problem, settled
from tests.service.conftest import TOKEN, Opening, sha256
from tests.service.preview.browsing import hidden, origin, seen, sent, shown, tree

HOSTILE = "</textarea></script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&<b>"
UNREACHABLE = DmpServer("http://127.0.0.1:9", name="loin")


def _hostile(value: Any) -> Any:
    """The visit with markup in each of its free texts."""
    if isinstance(value, dict):
        return {name: _hostile(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_hostile(inner) for inner in value]
    return f"{value} {HOSTILE}" if isinstance(value, str) and " " in value else value


def _pages(client: Client) -> Iterator[Response]:
    yield client.get("/apercu")
    yield client.get("/apercu?exemple=s1")
    yield seen(client, S1)
    yield seen(client, changed(S1, title=HOSTILE, conclusions=HOSTILE))
    yield seen(client, json.dumps(_hostile(json.loads(S1))).encode())
    yield seen(client, HOSTILE.encode())
    yield client.get("/apercu/envois")
    yield client.get("/apercu/connexion")
    yield client.get("/apercu/envois/99")


def test_pages_are_strict_and_whatever_is_written_is_inert(client: Client) -> None:
    for answer in _pages(client):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        assert "script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'" in policy
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        root = tree(answer)
        assert [script.get("src") for script in root.iter("script")] == ["/apercu/apercu.js"]
        assert not list(root.iter("style", "img", "object", "embed", "base"))
        assert not root.xpath("//@style")
        assert not [name for element in root.iter() for name in element.attrib if str(name).startswith("on")]
        for frame in root.iter("iframe"):
            assert frame.get("sandbox") == ""
            assert "<script" not in str(frame.get("srcdoc"))
        addresses = [str(one) for one in root.xpath("//@href|//@src|//@action|//@data-url")]
        assert all(one.startswith(("/apercu", "#")) for one in addresses), addresses


def test_the_title_of_a_window_names_nobody(client: Client) -> None:
    assert tree(seen(client, S1)).findtext("head/title") == "Aperçu avant partage · DMP adapter"


def test_every_field_has_a_label_and_every_part_a_heading(client: Client) -> None:
    root = tree(seen(client, S1))
    named = {label.get("for") for label in root.iter("label")}
    for field in root.iter("input", "select", "textarea"):
        within = any(parent.tag == "label" for parent in field.iterancestors())
        assert field.get("type") == "hidden" or field.get("hidden") is not None or within or field.get("id") in named
    assert root.get("lang") == "fr"
    assert [heading.tag for heading in root.iter("h1")] == ["h1"]
    for part in root.xpath("//section"):
        assert root.get_element_by_id(part.get("aria-labelledby")).tag in ("h2", "h3")
    ids = [str(one) for one in root.xpath("//@id")]
    assert len(ids) == len(set(ids))


def test_a_visit_is_shown_as_it_will_be_shared(client: Client) -> None:
    page = seen(client, S1)
    root = tree(page)
    assert "Visite prête à être partagée." in shown(page)
    (frame,) = root.iter("iframe")
    sheet = html.document_fromstring(str(frame.get("srcdoc")))
    assert "Hélène MARCHAND" in "".join(map(str, sheet.itertext()))
    (cda, bundle) = root.find_class("pane")
    assert "<ClinicalDocument" in cda.text_content()
    assert '"resourceType": "Composition"' in bundle.text_content()
    assert "Ce qui reste au cabinet" in shown(page)


def test_the_sheet_keeps_its_look_under_our_policy(client: Client) -> None:
    page = seen(client, S1)
    assert re.search(r"style-src 'self' 'sha256-[A-Za-z0-9+/=]{44}';", page.headers["content-security-policy"])


def test_a_finding_stands_beside_its_field(client: Client) -> None:
    page = seen(client, S1.replace(b'"gender": "female"', b'"gender": "autre"'))
    (card,) = tree(page).find_class("finding error")
    words = " ".join(str(card.text_content()).split())
    assert words.startswith("Patient › Sexe de l'état civil ligne")
    assert '"gender": "autre"' in words
    (link,) = card.iter("a")
    line = tree(page).get_element_by_id(str(link.get("href"))[1:])
    assert '"gender": "autre"' in line.text_content()
    assert "Valeur hors de la liste" in line.text_content()
    assert "Visite refusée : 1 erreur à corriger." in shown(page)
    assert not list(tree(page).iter("iframe"))
    assert not tree(page).find_class("send")


def test_what_is_not_json_is_told_and_kept_in_the_editor(client: Client) -> None:
    page = seen(client, b'{"format": "vsp-visit/1",')
    assert "Visite refusée" in shown(page)
    assert hidden(page, "//form[@id='visite']")["visite"] == '{"format": "vsp-visit/1",'


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1252"])
def test_a_file_is_read_in_its_encoding(client: Client, encoding: str) -> None:
    content = changed(S7, conclusions="Œdème à l’épaule")
    data = json.dumps(json.loads(content), ensure_ascii=False).encode(encoding)
    fields = hidden(client.get("/apercu"), "//form[@id='visite']")
    answer = client.post(
        "/apercu",
        data={**fields, "visite": "oubliée", "encodage": encoding},
        files={"fichier": ("a.json", data)},
        headers=origin(client),
    )
    assert "Œdème à l’épaule" in hidden(answer, "//form[@id='visite']")["visite"]
    assert "Visite prête à être partagée." in shown(answer)


def test_what_the_patient_will_not_see_is_told(client: Client) -> None:
    page = seen(client, S5)
    (card,) = tree(page).find_class("hidden-from")
    assert "Le patient ne voit pas le document" in card.text_content()
    assert "Annonce prévue le 29/10/2026." in card.text_content()
    assert "représentants légaux" not in "".join(one.text_content() for one in tree(page).find_class("sights"))


def test_the_origin_of_every_line_is_shown_on_demand(client: Client) -> None:
    page = seen(client, S7, origine="1")
    lines = {
        (pane.get("aria-labelledby"), str(line.get("data-from")))
        for pane in tree(page).find_class("pane")
        for line in pane.iter("li")
        if line.get("data-from")
    }
    assert ("titre-cda", "$.conclusions") in lines
    assert ("titre-fhir", "$.conclusions") in lines
    assert "Aucun champ de la visite ne se perd." in shown(page)
    options = [option.get("value") for option in tree(page).get_element_by_id("origine").iter("option")]
    assert "$.patient.ins.value" in options


@pytest.mark.parametrize(("wanted", "title"), [("sheet", b"Synth"), ("emergency", b"Fiche urgence")])
def test_both_printed_pages_are_given(client: Client, wanted: str, title: bytes) -> None:
    fields = hidden(seen(client, S1), "//form[@class='print']")
    answer = client.post("/apercu/impression", data={**fields, "page": wanted}, headers=origin(client))
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-1.4")
    assert title in answer.content


def test_a_visit_is_sent_and_followed_until_it_is_confirmed(sending: Client) -> None:
    page = seen(sending, S1)
    assert "Hélène MARCHAND, né(e) le 14/03/1952" in shown(page)
    answer = sent(sending, page)
    assert (answer.status_code, answer.headers["location"]) == (303, "/apercu/envois/1")
    settled(sending, 1)
    status = sending.get(answer.headers["location"])
    assert "confirmé Le document a été retrouvé dans le DMP" in shown(status)
    assert "http-equiv" not in status.text
    state = html.fragment_fromstring(sending.get("/apercu/envois/1/etat").text)
    assert (state.get("id"), state.get("data-settled"), state.get("data-state")) == ("etat", "true", "confirmed")
    assert "n° 1confirméessai" in shown(sending.get("/apercu/envois"))
    assert sent(sending, page).headers["location"] == "/apercu/envois/1"  # the same visit adds nothing


def test_without_script_the_page_asks_again_by_itself(opened: Opening) -> None:
    client = opened(UNREACHABLE, own_worker=False)
    answer = client.get(sent(client, seen(client, S1)).headers["location"])
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in answer.text
    assert 'aria-current="step">en file' in answer.text
    assert tree(answer).get_element_by_id("suivi").get("role") == "status"


def test_an_opposition_leaves_no_way_to_send(opened: Opening) -> None:
    client = opened(UNREACHABLE, own_worker=False)
    page = seen(client, S4)
    assert "Rien ne partira." in shown(page)
    assert not tree(page).find_class("send")
    forced = {**hidden(page, "//form[@class='print']"), "formes": "cda", "destination": "loin"}
    forced["vue"] = hidden(seen(client, S1), "//form[@class='send']")["vue"]
    refused = client.post("/apercu/envoi", data=forced, headers=origin(client))
    assert refused.status_code == 422
    assert "n'est pas celle qui a été montrée" in shown(refused)
    assert client.get("/v1/submissions").json()["submissions"] == []


def test_a_person_takes_back_what_did_not_leave(opened: Opening) -> None:
    client = opened(UNREACHABLE, own_worker=False)
    address = sent(client, seen(client, S7)).headers["location"]
    fields = hidden(client.get(address), "//main//form")
    assert "Rejouer" not in shown(client.get(address))  # it was never tried
    replayed = client.post(f"{address}/rejeu", data=fields, headers=origin(client))
    assert (replayed.status_code, replayed.headers["location"]) == (303, address)
    assert client.post(f"{address}/retrait", data=fields, headers=origin(client)).status_code == 303
    answer = client.get(address)
    assert "retiré Le document a été retiré de la file" in shown(answer)
    assert not tree(answer).xpath("//main//form")
    again = client.post(f"{address}/retrait", data=fields, headers=origin(client))
    assert again.status_code == 409
    assert "il ne peut plus être retiré" in shown(again)
    assert client.post(f"{address}/retrait", headers=origin(client)).status_code == 415
    assert client.post("/apercu/envois/99/rejeu", data=fields, headers=origin(client)).status_code == 404


def test_only_what_was_seen_is_sent(opened: Opening) -> None:
    client = opened(UNREACHABLE, own_worker=False)
    page = seen(client, S7)
    answer = sent(client, page, visite=changed(S7, conclusions="Autre chose.").decode())
    assert answer.status_code == 422
    assert client.get("/v1/submissions").json()["submissions"] == []


def test_without_a_dmp_nothing_can_be_sent(opened: Opening) -> None:
    client = opened()
    page = seen(client, S7)
    assert "Aucun DMP n'est réglé" in shown(page)
    assert not tree(page).find_class("send")


def test_line_ends_of_a_browser_change_nothing(opened: Opening) -> None:
    client = opened(UNREACHABLE, own_worker=False)
    page = seen(client, S7.replace(b"\n", b"\r\n"))
    fields = hidden(page, "//form[@class='send']")
    assert "\r" not in fields["visite"]
    answer = sent(client, page, visite=fields["visite"].replace("\n", "\r\n"))
    assert answer.status_code == 303


# ---------------------------------------------------------------- who may


@pytest.mark.parametrize("fault", ["no proof", "another proof", "no origin", "origin null", "cross-site"])
def test_a_form_of_elsewhere_is_refused(client: Client, fault: str) -> None:
    fields = hidden(client.get("/apercu?exemple=s7"), "//form[@id='visite']")
    headers = origin(client)
    if fault == "no proof":
        del fields["preuve"]
    elif fault == "another proof":
        fields["preuve"] = "0" * 64
    elif fault == "no origin":
        headers = {}
    elif fault == "origin null":
        headers["Origin"] = "null"
    else:
        headers["Sec-Fetch-Site"] = "cross-site"
    for address in ("", "/envoi", "/impression", "/envois/1/rejeu", "/envois/1/retrait", "/connexion", "/deconnexion"):
        assert client.post(f"/apercu{address}", data=fields, headers=headers).status_code == 403
    assert client.get("/v1/submissions").json()["submissions"] == []


def test_the_proof_of_another_session_is_refused(client: Client) -> None:
    mine = hidden(client.get("/apercu"), "//form[@id='visite']")
    client.cookies.clear()
    client.get("/apercu")
    answer = client.post("/apercu", data={**mine, "visite": "{}"}, headers=origin(client))
    assert answer.status_code == 403
    assert "recharger la page" in shown(answer)


def test_with_tokens_a_browser_gives_one_first(opened: Opening) -> None:
    client = opened(tokens={"accueil": sha256(TOKEN)})
    for address in ("/apercu", "/apercu/envois", "/apercu/envois/1", "/apercu/envois/1/etat"):
        answer = client.get(address)
        assert (answer.status_code, answer.headers["location"]) == (303, "/apercu/connexion")
    for wrong in ("", "x" * 40):
        fields = hidden(client.get("/apercu/connexion"), "//form")
        answer = client.post("/apercu/connexion", data={**fields, "jeton": wrong}, headers=origin(client))
        assert answer.status_code == 403
        assert client.get("/apercu").status_code == 303
    fields = hidden(client.get("/apercu/connexion"), "//form")
    answer = client.post("/apercu/connexion", data={**fields, "jeton": TOKEN}, headers=origin(client))
    assert (answer.status_code, answer.headers["location"]) == (303, "/apercu")
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/apercu"} <= set(cookie.split("; "))
    assert TOKEN not in cookie
    assert "accueil" in shown(client.get("/apercu"))
    assert "Visite prête à être partagée." in shown(seen(client, S7))


def test_the_cookie_opens_the_pages_and_nothing_else(opened: Opening) -> None:
    client = opened(tokens={"accueil": sha256(TOKEN)})
    fields = hidden(client.get("/apercu/connexion"), "//form")
    client.post("/apercu/connexion", data={**fields, "jeton": TOKEN}, headers=origin(client))
    (name,) = client.cookies.keys()
    value = client.cookies[name]
    answer = client.get("/v1/submissions", headers={"Cookie": f"{name}={value}"})
    problem(answer, 401, "token")
    problem(post(client, "/v1/visits:validate", S1), 401, "token")


@pytest.mark.parametrize("change", ["client", "end", "seal", "shape", "letters"])
def test_a_changed_cookie_is_nobody_s(opened: Opening, change: str) -> None:
    client = opened(tokens={"accueil": sha256(TOKEN)})
    fields = hidden(client.get("/apercu/connexion"), "//form")
    client.post("/apercu/connexion", data={**fields, "jeton": TOKEN}, headers=origin(client))
    (name,) = client.cookies.keys()
    who, end, nonce, seal = client.cookies[name].split(".")
    value = {
        "client": f"{b'autre'.hex()}.{end}.{nonce}.{seal}",
        "end": f"{who}.{int(end) + 9}.{nonce}.{seal}",
        "seal": f"{who}.{end}.{nonce}.{'0' * 64}",
        "shape": "a.b",
        "letters": f"{who}.{end}.{nonce}.é",
    }[change]
    client.cookies.clear()
    answer = client.get("/apercu", headers=[(b"Cookie", f"{name}={value}".encode("latin-1"))])
    assert (answer.status_code, answer.headers["location"]) == (303, "/apercu/connexion")


def test_signing_out_takes_the_cookie_back(opened: Opening) -> None:
    client = opened(tokens={"accueil": sha256(TOKEN)})
    fields = hidden(client.get("/apercu/connexion"), "//form")
    client.post("/apercu/connexion", data={**fields, "jeton": TOKEN}, headers=origin(client))
    leave = hidden(client.get("/apercu"), "//header//form")
    assert client.post("/apercu/deconnexion", data=leave, headers=origin(client)).status_code == 303
    assert client.get("/apercu").status_code == 303


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("", b"", 415),
        ("application/x-www-form-urlencoded", b"\xff\xfe", 400),
        ("application/x-www-form-urlencoded", b"&".join([b"a=b"] * 50), 400),
        ("multipart/form-data", b"--a\r\n", 400),
        ("multipart/form-data; boundary=a", b"--a\r\n\r\n" * 100_000 + b"--a--\r\n", 400),
        ("multipart/form-data; boundary=a", b"", 400),
        ("multipart/form-data; boundary=a", b"--a\r\nContent-Disposition: form-data\r\n\r\nx\r\n--a--\r\n", 403),
        ("multipart/form-data; boundary=a", b"--a\r\n\xff: \xff\r\n\r\nx\r\n--a--\r\n", 403),
    ],
)
def test_another_body_is_answered_with_a_page(client: Client, kind: str, body: bytes, status: int) -> None:
    client.get("/apercu")
    answer = client.post("/apercu", content=body, headers={**origin(client), "Content-Type": kind})
    assert answer.status_code == status
    assert "Revenir à l’aperçu" in shown(answer)


@pytest.mark.parametrize("address", ["/apercu/envois/99", "/apercu/envois/99/etat"])
def test_an_unknown_deposit_is_told_in_french(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert "Aucun envoi sous ce numéro." in shown(answer)


def test_no_address_of_the_pages_names_a_patient(sending: Client) -> None:
    answer = sent(sending, seen(sending, S1))
    assert INS["value"] not in answer.headers["location"]
    assert "MARCHAND" not in sending.get(answer.headers["location"]).text
    assert INS["value"] not in sending.get("/apercu/envois").text
