"""The service as people run it: hostile connections, signals, logs."""

from __future__ import annotations

import json
import signal
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx import Client

from adapter.dmp.simulator import admin
from adapter.dmp.simulator.faults import Fault
from adapter.dmp.simulator.serving import RunningSimulator
from tests.cli.runs import environment, run
from tests.private_texts import texts_to_keep
from tests.service.calls import ROOT, S1, S4, S7, changed, post, problem, sample
from tests.service.conftest import TOKEN
from tests.service.processes import Running, memory_kib, read_all, serve

QUICK = """
header_timeout_s = 0.5
body_timeout_s = 1.0
request_timeout_s = 3.0
max_body_bytes = 1000000
access_log = true
"""
POST = b"POST /v1/visits:validate HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service with short patience, for every hostile connection of this module."""
    with serve(tmp_path_factory.mktemp("hostile"), QUICK) as found:
        yield found
        assert _alive(found), "the service did not survive"
        assert found.stop() == 0


def _alive(running: Running) -> bool:
    with Client(base_url=running.address, trust_env=False) as client:
        return post(client, "/v1/visits:validate", S7).status_code == 200


def test_an_endless_chunked_body_is_cut_and_costs_no_memory(running: Running) -> None:
    before = memory_kib(running.process.pid)
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    sent = 0
    answer = b""
    with running.socket() as wire:
        wire.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        try:
            while sent < 2**30:
                wire.sendall(chunk)
                sent += 65536
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = read_all(wire)
    assert sent < 64 * 2**20, "a gigabyte was taken in"
    assert answer == b"" or b" 413 " in answer
    assert memory_kib(running.process.pid) - before < 32 * 1024
    assert _alive(running)


def test_a_chunked_body_just_too_large_is_answered(running: Running) -> None:
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    answer = running.exchange(POST + b"Transfer-Encoding: chunked\r\n\r\n", chunk * 20, b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"urn:dmp-adapter:problem:too-large" in answer


def test_a_body_announced_as_huge_is_refused_before_it_comes(running: Running) -> None:
    answer = running.exchange(POST + b"Content-Length: 1073741824\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_body_that_drips_is_given_up(running: Running) -> None:
    with running.socket() as wire:
        wire.sendall(POST + b"Content-Length: 1000\r\n\r\n{")
        answer = read_all(wire)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"urn:dmp-adapter:problem:slow-body" in answer


@pytest.mark.parametrize("start", [b"", b"POST /v1/vis", POST])
def test_a_head_that_never_ends_is_given_up(running: Running, start: bytes) -> None:
    with running.socket() as wire:
        wire.sendall(start)
        assert read_all(wire) == b""


def test_a_second_head_that_never_ends_is_given_up_too(running: Running) -> None:
    with running.socket() as wire:
        wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert wire.recv(65536).startswith(b"HTTP/1.1 200 ")
        wire.sendall(b"GET /heal")
        assert b"HTTP" not in read_all(wire)


def test_an_answer_that_nobody_reads_is_given_up(running: Running) -> None:
    body = json.dumps(json.loads(S1)).encode()
    request = b"POST /v1/visits:preview HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    with running.socket() as wire:
        wire.setsockopt(6, 10, 1024)  # TCP_WINDOW_CLAMP: a reader who hardly reads
        try:
            for _ in range(60):  # pipelined: the answers do not fit into any buffer
                wire.sendall(request + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            pass
        assert _alive(running)


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
        POST + b"Content-Length: -1\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused(running: Running, request_: bytes) -> None:
    answer = running.exchange(request_)
    assert answer == b"" or answer.split(b" ")[1] in (b"400", b"408", b"421"), answer[:200]
    assert _alive(running)


def test_a_request_that_tells_its_length_twice_is_the_last_of_its_connection(running: Running) -> None:
    twice = POST + b"Content-Length: 12\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    answer = running.exchange(twice + b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"urn:dmp-adapter:problem:bad-request" in answer


def test_a_client_that_leaves_in_the_middle_harms_nobody(running: Running) -> None:
    for _ in range(20):
        with running.socket() as wire:
            wire.sendall(POST + b"Content-Length: 1000\r\n\r\n{")
    assert _alive(running)
    assert "Traceback" not in running.log()


def test_the_logs_hold_no_word_of_a_visit(tmp_path: Path, dmp: RunningSimulator) -> None:
    visits = [S1, S4, sample("s3.exhaustive"), changed(S1, version="x"), b'{"id": "\xff', S7]
    texts = {text for visit in (S1, S4, sample("s3.exhaustive"), S7) for text in texts_to_keep(json.loads(visit))}
    with serve(tmp_path, QUICK, dmp.base_url) as running:
        with Client(base_url=running.address, trust_env=False) as client:
            for visit in visits:
                for operation in ("validate", "convert", "preview", "submit"):
                    post(client, f"/v1/visits:{operation}", visit)
            post(client, "/v1/dmp:status", {"ins": json.loads(S1)["patient"]["ins"]})
            ins = {key: json.loads(S1)["patient"]["ins"][key] for key in ("root", "value")}
            post(client, "/v1/dmp/documents:search", {"ins": ins})
            client.get(f"/v1/mappings/{ins['value']}")
            client.get(f"/v1/submissions?destination={ins['value']}")
            dmp.app.state.faults.queue.append(Fault("reset", times=3))
            post(client, "/v1/dmp:status", {"ins": ins})
            measured = client.get("/metrics").text
        assert running.stop() == 0
        said = running.log()
    assert "submitVisit 202" in said
    assert "getMappingTable 404" in said
    assert [text for text in texts if text in said or text in measured] == []
    assert "Traceback" not in said


def test_an_unforeseen_fault_is_logged_by_its_kind_and_place_only() -> None:
    from adapter.service.serving import told

    try:
        int("Hélène MARCHAND")
    except ValueError as fault:
        said = told(fault)
    assert "MARCHAND" not in said
    assert "ValueError" in said
    assert "test_process.py:" in said


def test_a_stop_finishes_what_is_in_hand(tmp_path: Path, dmp: RunningSimulator) -> None:
    dmp.app.state.faults.queue.append(Fault("latency", latency_ms=1500, method="POST", path="/"))
    with serve(tmp_path, dmp=dmp.base_url) as running:
        with Client(base_url=running.address, trust_env=False) as client:
            assert post(client, "/v1/visits:submit", S7).status_code == 202
            _wait_until_sent(tmp_path)
            answers: list[int] = []
            asked = threading.Thread(target=lambda: answers.append(_converted(running.address)))
            asked.start()
            time.sleep(0.2)
            assert running.stop() == 0
            asked.join()
        assert "Arrêté" in running.log()
    assert answers == [200]
    assert _states(tmp_path) in ([("confirmed",)], [("accepted",)])


def test_a_kill_in_the_middle_of_a_deposit_loses_and_doubles_nothing(tmp_path: Path, dmp: RunningSimulator) -> None:
    dmp.app.state.faults.queue.append(Fault("latency", latency_ms=1500, method="POST", path="/"))
    with serve(tmp_path, dmp=dmp.base_url) as running:
        with Client(base_url=running.address, trust_env=False) as client:
            assert post(client, "/v1/visits:submit", S7).status_code == 202
        _wait_until_sent(tmp_path)
        running.process.send_signal(signal.SIGKILL)
        running.process.wait(30)
    assert _states(tmp_path) == [("sending",)]
    with sqlite3.connect(tmp_path / "envois.db") as lease:
        lease.execute("UPDATE outbox_row SET due_at = 0")  # the lease of the dead process, over at once
    lease.close()
    with serve(tmp_path, dmp=dmp.base_url) as running, Client(base_url=running.address, trust_env=False) as client:
        end = time.monotonic() + 30
        while client.get("/v1/submissions/1").json()["state"] != "confirmed" and time.monotonic() < end:
            time.sleep(0.1)
        assert client.get("/v1/submissions/1").json()["state"] == "confirmed"
        again = post(client, "/v1/visits:submit", S7)
        assert (again.status_code, again.json()["id"]) == (202, 1)
    assert len(admin.state(dmp.app.state.registry, dmp.app.state.faults)["documents"]) == 1


def _converted(address: str) -> int:
    with Client(base_url=address, trust_env=False) as client:
        return post(client, "/v1/visits:convert?to=pdf", S1).status_code


def _wait_until_sent(folder: Path) -> None:
    end = time.monotonic() + 30
    while _states(folder) != [("sending",)]:
        assert time.monotonic() < end, "nothing is being sent"
        time.sleep(0.02)


def _states(folder: Path) -> list[tuple[str]]:
    connection = sqlite3.connect(folder / "envois.db", timeout=10)
    try:
        return connection.execute("SELECT state FROM outbox_row").fetchall()
    finally:
        connection.close()


def test_tokens_come_from_a_variable_a_file_or_a_digest(tmp_path: Path) -> None:
    from tests.service.conftest import sha256

    (tmp_path / "b.token").write_text("b" * 40 + "\n", "utf-8")
    service = f"""
[service.clients.a]
token_env = "JETON_A"
[service.clients.b]
token_file = "b.token"
[service.clients.c]
token_sha256 = "{sha256("c" * 40).hex()}"
"""
    with serve(tmp_path, service, JETON_A=TOKEN) as running, Client(base_url=running.address) as client:
        problem(client.get("/v1/schema"), 401, "token")
        for token in (TOKEN, "b" * 40, "c" * 40):
            assert client.get("/v1/schema", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        assert running.stop(signal.SIGINT) == 0


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('host = "0.0.0.0"', "tls_cert"),
        ('host = "192.0.2.1"', "jeton par logiciel"),
        ('host = "0.0.0.0"', "allowed_hosts"),
        ('host = "poste.example"', "visible du réseau"),
        ('[service.clients.a]\ntoken_env = "JETON_ABSENT"', "JETON_ABSENT"),
        ('[service.clients.a]\ntoken_file = "court.token"', "32 caractères"),
        ('tls_cert = "court.token"\ntls_key = "court.token"', "certificat ou clé"),
    ],
)
def test_what_would_expose_the_service_is_refused(tmp_path: Path, lines: str, said: str) -> None:
    (tmp_path / "court.token").write_text("court", "utf-8")
    settings = tmp_path / "reglages.toml"
    settings.write_text(f'outbox = "sqlite:///envois.db"\n[service]\nport = 0\n{lines}\n', "utf-8")
    result = run("serve", "--settings", settings)
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr


def test_a_port_that_is_taken_is_told(tmp_path: Path, dmp: RunningSimulator) -> None:
    settings = tmp_path / "reglages.toml"
    settings.write_text('outbox = "sqlite:///envois.db"\n', "utf-8")
    result = run("serve", "--settings", settings, "--port", dmp.base_url.rpartition(":")[2])
    assert result.exit_code == 2
    assert "--port 0" in result.stderr


def test_outside_this_machine_it_speaks_tls_with_a_token(tmp_path: Path) -> None:
    certificates = ROOT / "tests" / "dmp" / "certificates"
    (tmp_path / "a.token").write_text(TOKEN, "utf-8")
    service = f"""
host = "0.0.0.0"
tls_cert = "{certificates / "server.pem"}"
tls_key = "{certificates / "server.pem"}"
allowed_hosts = ["poste.example"]
[service.clients.a]
token_file = "a.token"
"""
    trust = ssl.create_default_context(cafile=certificates / "authority.pem")
    with serve(tmp_path, service) as running:
        assert running.address.startswith("https://")
        with Client(base_url=f"https://127.0.0.1:{running.port}", verify=trust, trust_env=False) as client:
            problem(client.get("/v1/schema"), 401, "token")
            answer = client.get("/v1/schema", headers={"Authorization": f"Bearer {TOKEN}", "Host": "poste.example"})
            assert answer.status_code == 200
            assert answer.headers["strict-transport-security"].startswith("max-age=")
            problem(client.get("/v1/schema", headers={"Host": "autre.example"}), 421, "host")
        assert b"HTTP/1.1 200" not in running.exchange(b"GET /healthz HTTP/1.1\r\nHost: poste.example\r\n\r\n")
        assert running.stop() == 0


QUIET = """
import logging, threading, warnings
from adapter.service.serving import quiet_logs
quiet_logs()
warnings.warn("Hélène MARCHAND")
for name in ("uvicorn.error", "adapter.service", "adapter.outbox", "asyncio", "ailleurs"):
    try:
        int("Hélène MARCHAND")
    except ValueError:
        logging.getLogger(name).exception("faute")
thread = threading.Thread(target=int, args=("Hélène MARCHAND",))
thread.start()
thread.join()
"""


def test_no_log_of_the_process_quotes_an_exception() -> None:
    done = subprocess.run([sys.executable, "-c", QUIET], cwd=ROOT, env=environment(), capture_output=True, check=True)
    said = done.stderr.decode("utf-8", "replace")
    assert said.count("faute imprévue ValueError") == 6
    assert "MARCHAND" not in said
