"""A DMP on the production wire from the command line: which one, how its keys open, what is told in time."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import Result

from adapter.cli import keys
from adapter.cli.destinations import servers
from adapter.cli.french import Misuse
from adapter.model.destination import KeySource
from adapter.settings import read_settings
from tests.cli.runs import ROOT, run
from tests.dmp.xds import pki

S5 = ROOT / "samples" / "visits" / "s5.required.json"
PASSWORD = "Sesame-9"


class Office:
    """Settings of a practice whose DMP is at an address where nobody listens."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = folder / "dmp.toml"
        self.signs(pki.issued())
        self.configure()

    def signs(self, one: pki.Issued, password: str = "") -> None:
        (self.folder / "sign.pem").write_bytes(one.pem)
        (self.folder / "sign.key").write_bytes(one.key_pem(password.encode() or None))

    def configure(self, *, mode: str = "indirect", structure: str = pki.STRUCTURE, signing: str = "") -> None:
        self.settings.write_text(
            f"""\
outbox = "sqlite:///envois.db"
default_destination = "essai"
[destinations.essai]
base_url = "http://127.0.0.1:9"
connect_timeout_s = 1
[destinations.production]
base_url = "https://127.0.0.1:9/services"
wire = "xds"
connect_timeout_s = 1
[destinations.production.xds]
mode = "{mode}"
structure = "{structure}"
sector = "SA08"
user_id = "899700100003"
user_name = "Claire ÉVENO"
roles = ["10^1.2.250.1.71.1.2.7^Médecin", "SM54^1.2.250.1.71.4.2.5^Médecine générale (SM)"]
source_id = "1.2.250.1.999.1"
signing = {{ cert = "sign.pem", key = "sign.key"{signing} }}
""",
            "utf-8",
        )

    def run(self, *args: str | Path) -> Result:
        result = run(*args, "--settings", self.settings)
        assert "279122A00406186" not in result.output
        assert PASSWORD not in result.output
        return result

    def dmp(self, *args: str) -> Result:
        return self.run("dmp", *args, "--visit", S5, "--destination", "production")


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    for name in ("SETTINGS", "OUTBOX", "OUTBOX_KEY", "DEFAULT_DESTINATION"):
        monkeypatch.delenv(f"DMP_ADAPTER_{name}", raising=False)
    return Office(tmp_path)


def _soon(days: int) -> pki.Issued:
    return pki.issued(period=(pki.PAST, datetime.now(UTC) + timedelta(days=days, hours=1)))


# ---------------------------------------------------------------- which DMP


def test_the_wire_chooses_among_the_dmp_of_the_settings(office: Office) -> None:
    said = office.run("send", S5, "--wire", "xds")
    assert said.exit_code == 0, said.output
    listed = office.run("outbox", "list", "--answer", "json").stdout
    assert "production" in listed
    assert office.run("send", S5, "--wire", "pdsm").exit_code == 0
    assert '"essai"' in office.run("outbox", "list", "--answer", "json").stdout


def test_a_wire_that_nobody_speaks_or_another_dmp_is_told(office: Office) -> None:
    wrong = office.run("send", S5, "--wire", "xds", "--destination", "essai")
    assert (wrong.exit_code, "n'est pas joint par la voie xds" in wrong.output) == (2, True)
    office.settings.write_text('[destinations.a]\nbase_url = "http://127.0.0.1:9"\n')
    none = office.run("send", S5, "--wire", "xds")
    assert (none.exit_code, "aucun DMP des réglages" in none.output) == (2, True)
    office.settings.write_text(
        '[destinations.a]\nbase_url = "http://127.0.0.1:9"\n[destinations.b]\nbase_url = "http://127.0.0.1:8"\n'
    )
    several = office.run("send", S5, "--wire", "pdsm")
    assert (several.exit_code, "plusieurs DMP par la voie pdsm" in several.output) == (2, True)


@pytest.mark.parametrize("form", ["fhir", "both"])
def test_only_cda_travels_on_the_production_wire(office: Office, form: str) -> None:
    said = office.run("send", S5, "--wire", "xds", "--format", form)
    assert (said.exit_code, "documents CDA" in said.output) == (2, True)


# ---------------------------------------------------------------- rights and keys, before any call


@pytest.mark.parametrize(
    ("mode", "args", "transaction"),
    [
        ("indirect", ("find",), "TD3.1a"),
        ("indirect", ("mask", "1.2.3"), "TD3.3a"),
        ("indirect", ("archive", "1.2.3"), "TD3.3d"),
    ],
)
def test_what_the_mode_does_not_allow_is_refused_without_a_call(
    office: Office, mode: str, args: tuple[str, ...], transaction: str
) -> None:
    office.configure(mode=mode)
    said = office.dmp(*args)
    assert (said.exit_code, f"({transaction})" in said.output) == (3, True), said.output
    assert "Rien n'a été envoyé." in said.output


def test_a_dmp_out_of_reach_is_told_after_the_keys_were_opened(office: Office) -> None:
    said = office.dmp("status")
    assert (said.exit_code, said.stderr) == (
        4,
        "Sans réponse : La connexion au DMP est refusée. [connection-refused]\n",
    )


def test_a_certificate_that_will_soon_end_is_told_and_the_call_goes_on(office: Office) -> None:
    office.signs(_soon(10))
    said = office.dmp("status")
    assert said.exit_code == 4
    assert "Attention : destinations.production.xds.signing : Notre certificat de signature expire le" in said.stderr
    assert "(dans 10 jours)" in said.stderr
    assert "TRUST-EXPIRY" in said.stderr


def test_another_structure_than_that_of_the_certificate_is_told(office: Office) -> None:
    office.configure(structure="1999999999")
    assert "TRUST-STRUCTURE" in office.dmp("status").stderr


@pytest.mark.parametrize(
    ("one", "word"),
    [
        (pki.issued(period=(pki.PAST, pki.PAST + timedelta(days=9))), "a expiré le 10/01/2020"),
        (pki.issued(period=(pki.FAR - timedelta(days=9), pki.FAR)), "n'est pas encore valable"),
        (pki.issued("client"), "intervertis"),
    ],
)
@pytest.mark.parametrize(
    "args", [("dmp", "status", "--visit", S5), ("send", S5, "--wait"), ("outbox", "run", "--once")]
)
def test_a_certificate_that_cannot_serve_stops_every_command(
    office: Office, one: pki.Issued, word: str, args: tuple[Any, ...]
) -> None:
    office.signs(one)
    said = office.run(*args, "--destination", "production")
    assert (said.exit_code, word in said.stderr) == (2, True), said.output
    assert "DMP « production »" in said.stderr


def test_a_visit_may_be_queued_without_opening_any_key(office: Office) -> None:
    office.signs(pki.issued("client"))
    assert office.run("send", S5, "--wire", "xds").exit_code == 0


def test_a_service_starts_without_the_key_of_one_dmp(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    office.signs(pki.issued("client"))
    keys.ready(servers(read_settings(office.settings, {}), ()), strict=False)
    said = capsys.readouterr().err
    assert "Attention : DMP « production »" in said
    assert "Ses dépôts attendent." in said


# ---------------------------------------------------------------- passwords


def test_a_password_comes_from_its_variable(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.signs(pki.issued(), PASSWORD)
    office.configure(signing=', password_env = "CLE_DE_TEST"')
    monkeypatch.setenv("CLE_DE_TEST", PASSWORD)
    assert office.dmp("status").exit_code == 4
    monkeypatch.setenv("CLE_DE_TEST", "autre")
    wrong = office.dmp("status")
    assert (wrong.exit_code, "mot de passe de la clé est faux" in wrong.stderr) == (2, True)
    monkeypatch.setenv("CLE_DE_TEST", "")
    empty = office.dmp("status")
    assert (empty.exit_code, "CLE_DE_TEST" in empty.stderr) == (2, True)


def test_without_anybody_to_ask_a_protected_key_is_told(office: Office) -> None:
    office.signs(pki.issued(), PASSWORD)
    said = office.dmp("status")
    assert (said.exit_code, "mot de passe, qui manque" in said.stderr) == (2, True)


def test_whoever_is_there_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, bool]] = []

    def prompt(text: str, *, hide_input: bool, **more: object) -> str:
        asked.append((text, hide_input))
        return PASSWORD

    monkeypatch.setattr(click, "prompt", prompt)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.delenv("ABSENTE", raising=False)
    assert keys.secret(KeySource(password_env="ABSENTE"), "signature") == PASSWORD
    assert keys.secret(KeySource(module=Path("cps.so")), "signature") == PASSWORD
    assert asked == [("Mot de passe de la clé de signature", True), ("Code de la carte", True)]
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    with pytest.raises(Misuse, match="ABSENTE"):
        keys.secret(KeySource(password_env="ABSENTE"), "tls")
    assert keys.secret(KeySource(), "tls") is None


def test_a_missing_extra_is_told(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    said = office.dmp("status")
    assert (said.exit_code, "dmp-adapter[xds]" in said.stderr) == (2, True)
