"""``send --to-mss``: a visit to a secure mailbox, from the settings to the operator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapter.api import mailing
from tests.cli.conftest import sample
from tests.cli.runs import run
from tests.dmp.xdm.operator import AUTHORITY, PASSWORD, USER, Operator, operator
from tests.private_texts import texts_to_keep

S1, S4, S5 = (sample(f"{name}.exhaustive") for name in ("s1", "s4", "s5"))
S7 = sample("s7.required")
NURSE, EMSP = "infirmier@test.mssante.fr", "emsp@hopital.mssante.fr"


class Office:
    """Settings with one mailbox at a running operator, and commands that use them."""

    def __init__(self, folder: Path, running: Operator) -> None:
        self.running = running
        self.settings = folder / "cabinet.toml"
        self.configure()

    def configure(self, **more: str) -> None:
        """Writes the settings; `more` are TOML values of the mailbox."""
        values = {
            "host": '"127.0.0.1"',
            "port": str(self.running.port),
            "address": '"dr.eveno@test.mssante.fr"',
            "nil": '"123456"',
            "ca_bundle": f'"{AUTHORITY}"',
            **more,
        }
        lines = ['outbox = "sqlite:///envois.db"', "[mailboxes.cabinet]"]
        self.settings.write_text("\n".join([*lines, *(f"{key} = {value}" for key, value in values.items())]), "utf-8")

    def run(self, *args: str | Path) -> Any:
        """One command."""
        return run(*args, "--settings", self.settings)

    def json(self, *args: str | Path, code: int = 0) -> Any:
        """What one command answers in JSON."""
        result = self.run(*args, "--answer", "json")
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    for name in ("SETTINGS", "OUTBOX", "OUTBOX_KEY", "DEFAULT_DESTINATION"):
        monkeypatch.delenv(f"DMP_ADAPTER_{name}", raising=False)
    monkeypatch.setattr(mailing, "render_pdf", lambda document: b"%PDF-1.7 made up")
    with operator() as running:
        yield Office(tmp_path, running)


def test_a_visit_is_queued_then_handed_to_the_operator(office: Office) -> None:
    (queued,) = office.json("send", S7, "--to-mss", NURSE)["visits"]
    assert [(row["state"], row["recipient"], row["already"]) for row in queued["rows"]] == [("queued", NURSE, False)]
    assert office.running.received == []
    (sent,) = office.json("send", S7, "--to-mss", NURSE, "--to-mss", "patient", "--wait")["visits"]
    assert [(row["state"], row["recipient"], row["already"]) for row in sent["rows"]] == [
        ("accepted", NURSE, True),
        ("accepted", "patient", False),
    ]
    assert len(office.running.received) == 2


def test_the_queue_is_served_by_the_same_command_as_for_the_dmp(office: Office) -> None:
    assert office.run("send", S7, "--to-mss", NURSE).exit_code == 0
    result = office.run("outbox", "run", "--once")
    assert (result.exit_code, len(office.running.received)) == (0, 1)
    shown = office.run("outbox", "show", "1").stdout
    assert NURSE in shown
    assert "Remis à l'opérateur de messagerie" in shown
    assert "accepté" in office.run("outbox", "list").stdout


def test_a_person_reads_where_each_mail_is(office: Office) -> None:
    office.running.says("RCPT", "550 no such box")
    result = office.run("send", S7, "--to-mss", NURSE, "--to-mss", "patient", "--wait")
    assert result.exit_code == 3
    assert "refusé" in result.stdout
    assert "La boîte du destinataire n'existe pas" in result.stdout
    assert "accepté" in result.stdout


def test_an_opposition_to_the_dmp_lets_the_mail_leave_and_says_so(office: Office) -> None:
    result = office.run("send", S4, "--to-mss", EMSP, "--wait")
    assert (result.exit_code, len(office.running.received)) == (0, 1)
    assert "MSS-OPPOSITION" in result.stderr


def test_a_recipient_shut_out_by_a_mask_is_told(office: Office) -> None:
    result = office.run("send", S5, S7, "--to-mss", "patient")
    assert result.exit_code == 1
    assert "MSS-VISIBILITY" in result.stderr
    rows = office.json("outbox", "list")["rows"]
    assert [row["recipient"] for row in rows] == ["patient"], "the other visit is queued"


def test_an_address_out_of_the_trust_space_is_told(office: Office) -> None:
    result = office.run("send", S7, "--to-mss", "quelqu.un@gmail.com")
    assert result.exit_code == 1
    assert "MSS-DOMAIN" in result.stderr
    assert office.json("outbox", "list")["rows"] == []
    office.configure(recipient_domains='["sante.example.org"]')
    assert office.run("send", S7, "--to-mss", "a@b.sante.example.org").exit_code == 0
    assert office.run("send", S7, "--to-mss", NURSE).exit_code == 1


def test_a_mail_without_answer_is_left_alone_by_dead_and_sent_again_by_its_number(office: Office) -> None:
    office.running.hang_up_after_data = True
    assert office.run("send", S7, "--to-mss", NURSE, "--wait").exit_code == 4
    office.running.hang_up_after_data = False
    result = office.run("outbox", "retry", "--dead")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "auprès du destinataire" in result.stderr
    assert office.run("outbox", "run", "--once").exit_code == 0
    assert len(office.running.received) == 1, "a person has not decided yet"
    assert office.run("outbox", "retry", "1").exit_code == 0
    office.run("outbox", "run", "--once")
    first, second = office.running.received
    assert first == second


def test_a_silent_place_is_told_in_french_without_its_reply(office: Office) -> None:
    office.running.says("MAIL", *["451 patient 147075935041097 unknown"] * 50)
    result = office.run("send", S7, "--to-mss", NURSE, "--wait", "--timeout", "1")
    assert result.exit_code == 4
    assert "à plus tard" in result.stdout
    assert "147075935041097" not in result.output


def test_the_account_comes_from_the_environment(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.configure(user=f'"{USER}"', password_env='"MSS_PASSWORD"')
    assert office.run("send", S7, "--to-mss", NURSE).exit_code == 2
    monkeypatch.setenv("MSS_PASSWORD", PASSWORD)
    with operator(accounts=True) as strict:
        office.running = strict
        office.configure(user=f'"{USER}"', password_env='"MSS_PASSWORD"')
        assert office.run("send", S7, "--to-mss", NURSE, "--wait").exit_code == 0
        assert strict.accounts == [USER]
    office.configure(user=f'"{USER}"', token_command='["false"]')
    result = office.run("send", S7, "--to-mss", EMSP, "--wait", "--timeout", "0")
    assert result.exit_code == 4


@pytest.mark.parametrize(
    "args",
    [
        ("--to-mss", NURSE, "--format", "fhir"),
        ("--to-mss", NURSE, "--destination", "dmp"),
        ("--to-mss", NURSE, "--mailbox", "autre"),
    ],
)
def test_a_command_that_contradicts_itself_is_misuse(office: Office, args: tuple[str, ...]) -> None:
    result = office.run("send", S7, *args)
    assert result.exit_code == 2
    assert "Aide :" in result.stderr


def test_without_a_mailbox_in_the_settings_nothing_is_sent(office: Office) -> None:
    office.settings.write_text('outbox = "sqlite:///envois.db"', "utf-8")
    result = office.run("send", S7, "--to-mss", NURSE)
    assert result.exit_code == 2
    assert "[mailboxes.NOM]" in result.stderr


def test_a_file_that_is_not_there_is_told(office: Office) -> None:
    result = office.run("send", "absent.json", "--to-mss", NURSE)
    assert result.exit_code == 2
    assert "introuvable" in result.stdout
    told = office.json("send", "absent.json", S7, "--to-mss", NURSE, code=2)["visits"]
    assert [len(one["rows"]) for one in told] == [0, 1], "one file that is not there stops no other"


def test_what_is_said_names_no_patient(office: Office) -> None:
    result = office.run("send", S1, "--to-mss", "patient", "--to-mss", NURSE, "--wait")
    told = result.output + office.run("outbox", "list").output + office.run("outbox", "show", "1").output
    for private in texts_to_keep(json.loads(S1.read_bytes())["patient"]):
        assert private not in told


def test_notices_tell_what_became_of_a_mail(office: Office, tmp_path: Path) -> None:
    from email import message_from_bytes

    from tests.dmp.xdm.notices import bounce, mdn

    assert office.run("send", S7, "--to-mss", NURSE, "--to-mss", EMSP, "--wait").exit_code == 0
    first, second = (str(message_from_bytes(one)["Message-ID"]) for one in office.running.received)
    files = {
        "lu.eml": mdn("automatic-action/MDN-sent-automatically; processed", about=first),
        "remise.eml": bounce("delayed", "4.4.7", about=second),
        "retour.eml": bounce("failed", "5.1.1", about=second),
        "autre.eml": mdn("manual-action/MDN-sent-manually; displayed"),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    read = office.run("outbox", "notice", tmp_path / "lu.eml", tmp_path / "remise.eml")
    assert read.exit_code == 0
    assert "confirmé. Le logiciel du destinataire a accusé réception." in read.stdout
    assert "accepté" in read.stdout
    refused = office.run("outbox", "notice", tmp_path / "retour.eml", tmp_path / "autre.eml")
    assert refused.exit_code == 3
    assert "n'a pas reçu ou pas intégré" in refused.stdout
    assert "MSS-NOTICE" in refused.stderr
    assert office.run("outbox", "notice", S7).exit_code == 1
