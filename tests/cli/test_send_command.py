"""``send``: visits to the queue and to the DMP, once, and never against the patient."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from adapter.dmp.simulator.faults import Fault
from adapter.outbox import Outbox, OutboxFull, Reason, Settlement, State
from tests.cli.conftest import Place, sample
from tests.cli.runs import ROOT, environment, run, visit
from tests.private_texts import texts_to_keep

S1, S4, S6 = (sample(f"{name}.exhaustive") for name in ("s1", "s4", "s6"))
S7 = sample("s7.required")


def test_a_visit_is_queued_then_confirmed(place: Place) -> None:
    (queued,) = place.json("send", S7)["visits"]
    assert (queued["row"]["state"], queued["already"], place.state()) == ("queued", False, [])
    (sent,) = place.json("send", S7, "--wait")["visits"]
    assert (sent["row"]["state"], sent["already"], sent["row"]["id"]) == ("confirmed", True, queued["row"]["id"])
    (held,) = place.state()
    assert held["unique_id"] == sent["document_id"] == sent["row"]["unique_ids"][0]


@pytest.mark.parametrize(("form", "count"), [("cda", 1), ("fhir", 1), ("both", 2), ("cda-n1", 1)])
def test_the_documents_asked_are_those_deposited(place: Place, form: str, count: int) -> None:
    (sent,) = place.json("send", S7, "--format", form, "--wait")["visits"]
    assert sent["row"]["form"] == form
    mimes = {
        "cda": {"text/xml"},
        "fhir": {"application/fhir+json"},
        "both": {"text/xml", "application/fhir+json"},
        "cda-n1": {"text/xml"},
    }
    assert {held["mime_type"] for held in place.state()} == mimes[form]
    assert len(place.state()) == count


def test_the_same_visit_sent_twice_is_said_and_deposited_once(place: Place) -> None:
    assert place.run("send", S7, "--wait").exit_code == 0
    again = place.run("send", S7)
    assert (again.exit_code, len(place.state())) == (0, 1)
    assert "confirmé" in again.stdout
    assert "Déjà dans la file : rien n'a été ajouté." in again.stdout


def test_an_opposition_is_no_breakdown_and_reaches_no_dmp(place: Place) -> None:
    for _ in range(2):
        result = place.run("send", S4, "--wait")
        assert result.exit_code == 3
        assert "Opposition du patient : rien n'est envoyé." in result.stdout
        assert "SUB-OPPOSITION" in result.stderr
    assert (place.state(), place.patients()) == ([], 0)
    assert place.json("outbox", "list")["rows"] == []


def test_an_opposition_stops_what_waits_for_the_same_patient(place: Place) -> None:
    agreed = place.folder / "agreed.json"
    agreed.write_bytes(visit(S4, sharing={"opposition": False}, id="visite-avant"))
    assert place.json("send", agreed)["visits"][0]["row"]["state"] == "queued"
    place.run("send", S4)
    (row,) = place.json("outbox", "list")["rows"]
    assert (row["state"], row["reason"]) == ("blocked", "opposition")
    assert place.run("outbox", "retry", "1").exit_code == 3
    assert place.run("outbox", "run", "--once").exit_code == 0
    assert place.patients() == 0
    assert place.run("send", agreed).exit_code == 3
    assert place.run("outbox", "lift-opposition", "--visit", agreed).exit_code == 0
    assert place.run("outbox", "retry", "1").exit_code == 0
    assert place.run("send", agreed, "--wait").exit_code == 0


def test_an_identity_that_is_not_qualified_is_refused(place: Place) -> None:
    told = json.loads(S7.read_bytes())
    told["patient"]["ins"]["status"] = "provisional"
    file = place.folder / "provisional.json"
    file.write_bytes(json.dumps(told).encode())
    result = place.run("send", file, "--wait")
    assert result.exit_code == 1
    assert "SUB-INS" in result.stderr
    assert place.patients() == 0


def test_a_refused_visit_does_not_stop_the_others(place: Place) -> None:
    refused = sample("s7.required").parents[1] / "refused" / "ins-key.json"
    told = place.json("send", refused, place.folder / "absent.json", S7, "--wait", code=2)["visits"]
    assert [one["row"]["state"] if one["row"] else None for one in told] == [None, None, "confirmed"]
    assert [finding["rule"] for finding in told[0]["findings"]] == ["INS-KEY"]
    assert "introuvable" in told[1]["error"]


def test_a_correction_replaces_and_a_replay_makes_no_third_version(place: Place) -> None:
    for file in (S1, S6, S6):
        assert place.run("send", file, "--wait").exit_code == 0
    assert sorted(held["status"] for held in place.state()) == ["current", "superseded"]
    assert [row["state"] for row in place.json("outbox", "list")["rows"]] == ["replaced", "confirmed"]


def test_a_correction_in_one_more_form_replaces_what_was_sent(place: Place) -> None:
    assert place.run("send", S1, "--wait").exit_code == 0
    assert place.run("send", S6, "--format", "both", "--wait").exit_code == 0
    held = {(one["mime_type"], one["status"]) for one in place.state()}
    assert held == {("text/xml", "superseded"), ("text/xml", "current"), ("application/fhir+json", "current")}


def test_other_bytes_under_the_same_identifier_are_a_conflict(place: Place) -> None:
    assert place.run("send", S7).exit_code == 0
    other = place.folder / "other.json"
    told = json.loads(S7.read_bytes())
    told["conclusions"] = "Autre chose."
    other.write_bytes(json.dumps(told).encode())
    result = place.run("send", other)
    assert result.exit_code == 1, result.output
    assert "autre contenu" in result.stdout


def test_a_refusal_of_the_dmp_is_three_and_keeps_its_code(place: Place) -> None:
    place.configure(place.running.base_url.replace("127.0.0.1", "localhost"))
    place.settings.write_text(
        place.settings.read_text().replace("rpps=99700100003", "rpps=99700100003;mode=air"), "utf-8"
    )
    (sent,) = place.json("send", S7, "--wait", code=3)["visits"]
    assert sent["row"]["state"] in ("blocked", "rejected")
    assert sent["row"]["dmp_code"]
    assert sent["row"]["explanation"]


def test_an_unreachable_dmp_leaves_the_visit_in_the_queue(place: Place) -> None:
    place.configure("http://127.0.0.1:9")
    result = place.run("send", S7, "--wait", "--timeout", "1")
    assert result.exit_code == 4
    assert "en file" in result.stdout
    assert "injoignable" in result.stdout
    assert place.run("outbox", "run", "--once").exit_code == 4


def test_a_lost_answer_is_searched_and_doubles_nothing(place: Place) -> None:
    place.breaks(Fault("reset-after-commit", method="POST", path="/"))
    assert place.run("send", S7, "--wait").exit_code in (0, 4)
    assert place.run("send", S7, "--wait").exit_code == 0
    assert len(place.state()) == 1


def test_a_queue_that_fails_on_the_way_loses_no_answer(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    really, calls = Outbox.enqueue, []

    def enqueue(self: Outbox, *args: Any, **more: Any) -> int:
        calls.append(1)
        if len(calls) > 1:
            raise OutboxFull("Le disque de la file d'envoi est plein ; rien n'a été modifié.")
        return really(self, *args, **more)

    monkeypatch.setattr(Outbox, "enqueue", enqueue)
    result = place.run("send", S7, S1, S6, "--wait")
    assert (result.exit_code, len(calls)) == (2, 2)
    assert "en file" in result.stdout
    assert "est plein" in result.stderr
    monkeypatch.undo()
    assert place.run("send", S7, S1, S6, "--wait").exit_code == 0


CERTIFICATES = ROOT / "tests" / "dmp" / "certificates"


@contextmanager
def tls_server(certificate: str) -> Iterator[str]:
    """Base URL of a server that shows this certificate, and says nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{certificate}.pem")
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):  # ends when the socket is shut
            while True:
                client, _ = listening.accept()
                with client, suppress(OSError):
                    context.wrap_socket(client, server_side=True).close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def test_a_disk_that_fills_up_while_sending_tells_where_the_visit_is(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def settle(self: Outbox, *args: Any) -> State:
        raise OutboxFull("Le disque de la file d'envoi est plein ; rien n'a été modifié.")

    monkeypatch.setattr(Outbox, "settle", settle)
    result = place.run("send", S7, "--wait")
    assert (result.exit_code, "en cours" in result.stdout) == (2, True), "it left, or may have"
    assert "est plein" in result.stderr
    monkeypatch.undo()
    assert place.json("outbox", "list")["rows"][0]["state"] == "sending"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("expired", "a expiré"),
        ("future", "L'horloge de ce poste retarde"),
        ("other-host", "celui d'un autre serveur"),
    ],
)
def test_a_bad_certificate_is_named_and_the_visit_stays_in_the_queue(place: Place, name: str, said: str) -> None:
    with tls_server(name) as url:
        place.configure(url, ca_bundle=json.dumps(str(CERTIFICATES / "authority.pem")))
        result = place.run("send", S7, "--wait", "--timeout", "1")
    assert (result.exit_code, said in result.stdout) == (4, True), result.stdout
    assert place.json("outbox", "list")["rows"][0]["state"] == "queued"


def test_a_code_that_drives_a_terminal_does_not(place: Place) -> None:
    place.run("send", S7)
    url = f"sqlite:///{place.folder / 'envois.db'}"
    with Outbox.open(url, key="") as outbox:
        claim = outbox.claim(("author",), 60)
        assert claim is not None
        outbox.settle(claim, Settlement(State.REJECTED, Reason.REFUSED, "\x1b[2JX"))
    assert "\x1b" not in place.run("outbox", "show", "1").stdout


def test_nothing_of_the_patient_is_said(place: Place) -> None:
    visits = sorted(S1.parent.glob("*.exhaustive.json"))
    secrets = {secret for path in visits for secret in texts_to_keep(json.loads(path.read_bytes()))}
    said = []
    commands: list[tuple[str | Path, ...]] = [
        ("send", *visits, "--format", "both", "--wait"),
        ("send", *visits, "--answer", "json"),
        ("outbox", "list"),
        ("outbox", "show", "1"),
        ("outbox", "export-audit"),
        *(("dmp", verb, "--visit", path) for path in visits for verb in ("status", "find")),
        ("dmp", "archive", "1.2.3", "--visit", S1),
        ("outbox", "retry", "1"),
    ]
    for args in commands:
        result = place.run(*args)
        said.append(result.output)
    everything = "\n".join([*said, *(path.name for path in place.folder.iterdir())])
    assert (len(everything) > 10_000, len(secrets) > 200) == (True, True)
    assert {secret for secret in secrets if secret in everything} == set()


@pytest.mark.skipif(sys.platform != "linux", reason="a terminal is made with openpty")
def test_a_bar_shows_on_a_terminal_when_there_are_many(place: Place) -> None:
    for number in range(20):
        (place.folder / f"{number}.json").write_bytes(visit(S7, id=f"visite-{number}"))
    visits = sorted(place.folder.glob("*.json"))
    shown, terminal = os.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "adapter", "send", *map(str, visits), "--wait", "--settings", str(place.settings)],
        cwd=ROOT,
        env=environment(TERM="xterm"),
        stdout=subprocess.PIPE,
        stderr=terminal,
        check=False,
    )
    os.close(terminal)
    said = os.read(shown, 1 << 16).decode()
    os.close(shown)
    assert done.returncode == 0
    assert all(label in said for label in ("Mise en file", "Envoi", "100%"))
    assert b"%" not in done.stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--destination", "autre"), "n'est pas dans les réglages"),
        (("--outbox", "mysql://x"), "sqlite:///"),
        (("--timeout", "-1"), "un entier de 0"),
        (("--format", "pdf"), "cda, fhir, both"),
    ],
)
def test_a_misuse_is_told_in_french(place: Place, args: tuple[str, ...], said: str) -> None:
    result = place.run("send", S7, *args)
    assert (result.exit_code, said in result.stderr) == (2, True)


def test_without_any_dmp_in_the_settings_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").write_bytes(b"")
    result = run("send", S7, "--settings", tmp_path / "empty.toml", "--outbox", f"sqlite:///{tmp_path / 'o.db'}")
    assert result.exit_code == 2
    assert "[destinations.NOM]" in result.stderr


def test_a_token_comes_from_the_environment_or_a_program(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.configure(place.running.base_url, token_env='"JETON_DMP"')
    assert "JETON_DMP" in place.run("send", S7).stderr
    monkeypatch.setenv("JETON_DMP", "x.y.z")
    assert place.run("send", S7, "--wait").exit_code == 0
    place.configure(place.running.base_url, token_command='["/bin/echo", "jeton"]')
    assert place.run("dmp", "status", "--visit", S7).exit_code == 0
    place.configure(place.running.base_url, token_command='["/bin/false"]')
    failed = place.run("dmp", "status", "--visit", S7)
    assert (failed.exit_code, "token_command" in failed.stderr) == (4, True)
