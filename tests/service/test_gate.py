"""What must not enter does not: hosts, origins, tokens, rates, sizes; and what leaves bears its headers."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from httpx import Client

from adapter.service.gate import is_ours
from adapter.service.installation import InHand, Installation
from adapter.service.rates import Rates
from adapter.settings import ServiceSettings
from tests.service.calls import S7, post, problem
from tests.service.conftest import TOKEN, Opening, sha256


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8765", "localhost:1", "[::1]:8765", "LOCALHOST", "nom.local"])
def test_our_names_are_ours(host: str) -> None:
    assert is_ours(host, ("nom.local",))


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "10.0.0.1", "127.0.0.1:x", "[::1"],
)
def test_other_names_are_not(host: str) -> None:
    assert not is_ours(host, ("nom.local",))


def test_a_page_that_points_its_own_name_at_us_gets_nothing(client: Client) -> None:
    for path in ("/healthz", "/v1/schema", "/openapi.json"):
        problem(client.get(path, headers={"Host": "evil.example"}), 421, "host")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_elsewhere_may_not_write(client: Client, headers: dict[str, str]) -> None:
    problem(post(client, "/v1/visits:validate", S7, **headers), 403, "origin")
    problem(client.post("/v1/submissions/1:retry", headers=headers), 403, "origin")


def test_our_own_page_may(client: Client) -> None:
    own = str(client.base_url).rstrip("/")
    assert post(client, "/v1/visits:validate", S7, Origin=own, **{"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_no_other_origin_is_ever_allowed(client: Client) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answers = [client.options("/v1/visits:validate", headers=asked), client.get("/healthz"), client.options("/healthz")]
    assert answers[0].status_code == 403
    assert answers[2].status_code == 405
    assert not [name for answer in answers for name in answer.headers if name.startswith("access-control")]


def test_every_answer_bears_the_headers_of_safety(client: Client) -> None:
    answers = [
        client.get("/healthz"),
        client.get("/nulle-part"),
        post(client, "/v1/visits:convert?to=sheet", S7),
        client.get("/healthz", headers={"Host": "evil.example"}),
        client.delete("/v1/schema"),
    ]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["x-request-id"]
        assert "server" not in answer.headers
    assert "sandbox" in answers[2].headers["content-security-policy"]
    problem(answers[1], 404, "not-found")
    problem(answers[4], 405, "method")
    assert answers[4].headers["allow"] == "GET"


def test_a_token_is_asked_and_only_a_known_one_passes(opened: Opening) -> None:
    client = opened(tokens={"logiciel": sha256(TOKEN), "autre": sha256("b" * 40)})
    for headers in (
        {},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": TOKEN},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer \u00e9".encode("latin-1").decode("latin-1")},
    ):
        answer = client.get("/v1/schema", headers={k: v.encode("latin-1") for k, v in headers.items()})  # type: ignore[arg-type]  # httpx takes bytes
        problem(answer, 401, "token")
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert TOKEN not in answer.text
    for token in (TOKEN, "b" * 40):
        assert client.get("/v1/schema", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200
    problem(client.get("/metrics"), 401, "token")


def test_every_token_is_compared_even_when_the_first_fits(opened: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []

    def counting(given: bytes, expected: bytes) -> bool:
        compared.append(expected)
        return given == expected

    monkeypatch.setattr("adapter.service.installation.hmac.compare_digest", counting)
    client = opened(tokens={"a": sha256(TOKEN), "b": sha256("b" * 40)})
    assert client.get("/v1/schema", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert compared == [sha256(TOKEN), sha256("b" * 40)]


def test_one_client_who_asks_too_much_waits_alone(opened: Opening) -> None:
    bounds = ServiceSettings(rate_per_s=0.001, burst=3)
    client = opened(bounds=bounds, tokens={"a": sha256("a" * 40), "b": sha256("b" * 40)})
    first, second = ({"Authorization": f"Bearer {letter * 40}"} for letter in "ab")
    assert [client.get("/v1/mappings", headers=first).status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = client.get("/v1/mappings", headers=first)
    problem(answer, 429, "too-many")
    assert int(answer.headers["retry-after"]) > 100
    assert client.get("/v1/mappings", headers=second).status_code == 200
    assert [client.get("/v1/mappings").status_code for _ in range(4)] == [401, 401, 401, 429]


def test_a_bucket_fills_again_and_never_above_its_brim() -> None:
    now = [0.0]
    rates = Rates(2.0, 2, lambda: now[0])
    assert [rates.spend("a") for _ in range(3)] == [0, 0, 1]
    now[0] = 0.5
    assert [rates.spend("a"), rates.spend("a")] == [0, 1]
    now[0] = 1000.0
    assert [rates.spend("a") for _ in range(3)] == [0, 0, 1]


def test_callers_without_number_do_not_fill_the_memory() -> None:
    rates = Rates(1.0, 1, lambda: 0.0)
    for number in range(5000):
        rates.spend(str(number))
    assert len(rates._buckets) <= 1000


def test_a_body_too_large_is_told_whether_its_size_is_announced_or_not(opened: Opening) -> None:
    client = opened(bounds=ServiceSettings(max_body_bytes=1000))
    headers = {"Content-Type": "application/json"}
    for size in (1001, 2500, 10_000):
        problem(client.post("/v1/visits:validate", content=b" " * size, headers=headers), 413, "too-large")

    def pieces(count: int) -> Any:
        return (b" " * 100 for _ in range(count))

    problem(client.post("/v1/visits:validate", content=pieces(25), headers=headers), 413, "too-large")
    assert client.post("/v1/visits:validate", content=b" " * 1000, headers=headers).status_code == 400
    assert client.get("/healthz").status_code == 200


def test_requests_beyond_those_in_hand_are_asked_to_come_back(opened: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    from adapter.api import forms

    entered, leave = threading.Event(), threading.Event()

    def slow(*args: Any, **options: Any) -> Any:
        entered.set()
        assert leave.wait(30)
        return None, ()

    monkeypatch.setattr(forms, "check_visit", slow)
    client = opened(bounds=ServiceSettings(max_concurrent=1))
    held = threading.Thread(target=lambda: post(client, "/v1/visits:validate", S7))
    held.start()
    assert entered.wait(30)
    with Client(base_url=client.base_url, trust_env=False) as other:
        answer = other.get("/v1/mappings")
    leave.set()
    held.join()
    problem(answer, 503, "busy")
    assert answer.headers["retry-after"] == "1"
    assert client.get("/v1/mappings").status_code == 200


def test_an_unforeseen_fault_is_a_problem_that_quotes_nothing(opened: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    from adapter.api import forms

    def broken(*args: Any, **options: Any) -> Any:
        raise RuntimeError("Hélène MARCHAND")

    monkeypatch.setattr(forms, "check_visit", broken)
    client = opened()
    answer = post(client, "/v1/visits:validate", S7)
    problem(answer, 500, "internal")
    assert "MARCHAND" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert 'operation="validateVisit",status="500"' in client.get("/metrics").text


def test_a_key_is_held_by_one_at_a_time() -> None:
    keys = InHand()
    with keys.hold("a") as first, keys.hold("a") as second, keys.hold("b") as other:
        assert (first, second, other) == (True, False, True)
    with keys.hold("a") as again:
        assert again


def test_an_installation_shows_nothing_of_its_secrets(opened: Opening, tmp_path: Path) -> None:
    from adapter.api import Options
    from adapter.api.reference import load_tables
    from adapter.api.sending import open_outbox

    with open_outbox(f"sqlite:///{tmp_path / 'autre.db'}", key="") as outbox:
        shown = repr(Installation(load_tables(None, "2026-11"), Options(), outbox, tokens={"a": sha256(TOKEN)}))
    assert sha256(TOKEN).hex() not in shown
    assert len(shown) < 2000


def test_measures_count_operations_and_hold_no_value(client: Client) -> None:
    post(client, "/v1/visits:validate", S7)
    text = client.get("/metrics").text
    assert 'dmp_adapter_requests_total{operation="validateVisit",status="200"}' in text
    assert "dmp_adapter_delivery_up 0" in text
    assert json.loads(S7)["patient"]["ins"]["value"] not in text
    names = {line.partition("{")[0].partition(" ")[0] for line in text.splitlines() if not line.startswith("#")}
    assert all(name.startswith("dmp_adapter_") for name in names)


def test_many_large_bodies_together_do_not_take_the_memory(opened: Opening) -> None:
    client = opened(bounds=ServiceSettings(max_body_bytes=1000, body_timeout_s=20.0))
    head = b"POST /v1/visits:validate HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    wires = [socket.create_connection(("127.0.0.1", client.base_url.port or 0), timeout=30) for _ in range(4)]
    try:
        for wire in wires:
            wire.sendall(head + b"Content-Length: 1000\r\n\r\n" + b" " * 990)
        end = time.monotonic() + 20
        while (answer := post(client, "/v1/visits:validate", b" " * 100)).status_code != 503:
            assert time.monotonic() < end, answer.text
        problem(answer, 503, "busy")
    finally:
        for wire in wires:
            wire.close()
    end = time.monotonic() + 20
    while post(client, "/v1/visits:validate", S7[:900]).status_code == 503:
        assert time.monotonic() < end
