"""Settings: defaults, file, environment, and refusals that tell where."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from adapter import settings
from adapter.compose import Options
from adapter.model import json_input
from adapter.model.destination import KeySource, XdsAccess
from adapter.settings import (
    ClientSettings,
    DestinationSettings,
    ServiceSettings,
    Settings,
    SettingsError,
    destinations,
    read_settings,
    service,
)

FULL = """\
default_destination = "essai"
outbox = "sqlite:///envois.db"
issuer_oid = "1.2.250.1.999.1"
software_name = "Logiciel du cabinet"
software_version = "7.1"
practice_setting = "ambulatory"
edition = "essai"
mappings = "tables"
max_input_bytes = 1000
max_input_depth = 10

[destinations.essai]
base_url = "https://dmp.example/fhir/"
ca_bundle = "ca.pem"
client_cert = "nous.pem"
client_key = "cle.pem"
client_password_env = "MOT_DE_PASSE"
token_env = "JETON"
actor = "professional;rpps=99700100003"
caller_rpps = "99700100003"
proxy = "http://proxy.example:3128"
post_search = false
connect_timeout_s = 5
read_timeout_s = 0.5
total_timeout_s = 100
ins_roots = ["1.2.250.1.213.1.4.10"]
max_document_bytes = 5000000

[destinations.secours]
base_url = "http://127.0.0.1:8080"
token_command = ["jeton", "--court"]
"""
FILES = ("ca.pem", "nous.pem", "cle.pem")


def _file(folder: Path, text: str) -> Path:
    path = folder / "dmp-adapter.toml"
    path.write_text(text, "utf-8")
    return path


def test_defaults_stand_alone() -> None:
    assert read_settings(environment={}) == Settings()


def test_a_file_sets_everything(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    for name in FILES:
        (tmp_path / name).touch()
    essai = DestinationSettings(
        "https://dmp.example/fhir",
        ca_bundle=tmp_path / "ca.pem",
        client=KeySource(tmp_path / "nous.pem", tmp_path / "cle.pem", "MOT_DE_PASSE"),
        token_env="JETON",
        actor="professional;rpps=99700100003",
        caller_rpps="99700100003",
        proxy="http://proxy.example:3128",
        post_search=False,
        connect_timeout_s=5,
        read_timeout_s=0.5,
        total_timeout_s=100,
        ins_roots=("1.2.250.1.213.1.4.10",),
        max_document_bytes=5_000_000,
    )
    expected = Settings(
        "1.2.250.1.999.1",
        "Logiciel du cabinet",
        "7.1",
        "ambulatory",
        "essai",
        tmp_path / "tables",
        1000,
        10,
        f"sqlite:///{tmp_path / 'envois.db'}",
        {"essai": essai, "secours": DestinationSettings("http://127.0.0.1:8080", token_command=("jeton", "--court"))},
        "essai",
    )
    assert read_settings(_file(tmp_path, FULL), environment={}) == expected


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = _file(tmp_path, 'edition = "un"\nmax_input_depth = 10\n')
    environment = {"DMP_ADAPTER_EDITION": "deux", "DMP_ADAPTER_MAX_INPUT_BYTES": "7", "OTHER": "x"}
    read = read_settings(file, environment)
    assert (read.edition, read.max_input_bytes, read.max_input_depth) == ("deux", 7, 10)


def test_the_environment_names_the_file(tmp_path: Path) -> None:
    file = _file(tmp_path, 'edition = "un"\n')
    assert read_settings(environment={"DMP_ADAPTER_SETTINGS": str(file)}).edition == "un"


def test_an_empty_variable_counts_as_absent() -> None:
    assert read_settings(environment={"DMP_ADAPTER_ISSUER_OID": ""}) == Settings()


def test_every_fault_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    file = _file(
        tmp_path, 'editon = "un"\nissuer_oid = "1.02"\npractice_setting = "PALLIATIF"\nmax_input_depth = true\n'
    )
    environment = {"DMP_ADAPTER_MAX_INPUT_BYTES": "-1", "DMP_ADAPTER_MAPPINGS": "/nulle/part", "DMP_ADAPTER_X": "1"}
    with pytest.raises(SettingsError) as refusal:
        read_settings(file, environment)
    assert [finding.path for finding in refusal.value.findings] == [
        "dmp-adapter.toml: editon",
        "dmp-adapter.toml: issuer_oid",
        "dmp-adapter.toml: practice_setting",
        "dmp-adapter.toml: max_input_depth",
        "DMP_ADAPTER_MAX_INPUT_BYTES",
        "DMP_ADAPTER_MAPPINGS",
        "DMP_ADAPTER_X",
    ]
    assert refusal.value.findings[0].message.startswith("Réglage inconnu.")


def test_an_issuer_leaves_room_for_the_number_of_the_document() -> None:
    with pytest.raises(SettingsError):
        read_settings(environment={"DMP_ADAPTER_ISSUER_OID": "1.2." + "3" * 40})


def test_defaults_are_those_of_the_readers_and_of_compose() -> None:
    defaults = Settings()
    assert (defaults.max_input_bytes, defaults.max_input_depth) == (json_input.MAX_BYTES, json_input.MAX_DEPTH)
    options = Options()
    assert (defaults.practice_setting, defaults.edition) == (options.practice_setting, options.edition)


@pytest.mark.parametrize("content", [b"edition = ", b"edition = '\xff'", None])
def test_an_unreadable_file_is_a_finding(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "dmp-adapter.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError) as refusal:
        read_settings(path, environment={})
    (finding,) = refusal.value.findings
    assert (finding.path, finding.message.startswith("Le fichier de réglages ")) == (path.name, True)


def test_each_setting_has_one_reader() -> None:
    assert {*settings._READERS, *settings._TABLES} == {field.name for field in fields(Settings)}
    assert {*service.SERVICE_READERS, "clients"} == {field.name for field in fields(ServiceSettings)}
    assert set(service.CLIENT_READERS) == {field.name for field in fields(ClientSettings)}
    reached = {*destinations.DESTINATION_READERS, "client", "xds"} - set(destinations.CLIENT_KEYS)
    assert reached == {field.name for field in fields(DestinationSettings)}
    assert {*destinations.XDS_READERS, "services", "signing"} == {field.name for field in fields(XdsAccess)}
    assert set(destinations.SIGNING_READERS) == {field.name for field in fields(KeySource)}


@pytest.mark.parametrize(
    ("line", "place", "said"),
    [
        ('base_url = "http://dmp.example"', "base_url", "https://"),
        ('base_url = "http://127.0.0.1.evil.example"', "base_url", "https://"),
        ('base_url = "https://user:secret@dmp.example"', "base_url", "mot de passe"),
        ('base_url = "https://dmp.example/?ins=1"', "base_url", "paramètre"),
        ('base_url = "ftp://dmp.example"', "base_url", "https://"),
        ('ca_bundle = "absent.pem"', "ca_bundle", "n'existe pas"),
        ('token_command = "jeton"', "token_command", "tableau"),
        ('token_env = "eyJ.x.y"', "token_env", "pas le jeton"),
        ("post_search = 1", "post_search", "true ou false"),
        ("read_timeout_s = 0", "read_timeout_s", "plus grande que zéro"),
        ("connect_timeout_s = true", "connect_timeout_s", "durée"),
        ('ins_roots = ["1.2.3"]', "ins_roots", "racines d'INS"),
        ('caller_rpps = "12"', "caller_rpps", "11 chiffres"),
        ('proxy = "proxy:3128"', "proxy", "http://"),
        ('actor = "é"', "actor", "ASCII"),
        ('basse_url = "x"', "basse_url", "Réglage inconnu"),
        ('client_cert = "dmp-adapter.toml"', "", "vont ensemble"),
        ('token_env = "A"\ntoken_command = ["b"]', "", "pas des deux"),
    ],
)
def test_a_destination_that_cannot_be_used_is_told_at_its_key(tmp_path: Path, line: str, place: str, said: str) -> None:
    base = "" if line.startswith("base_url") else 'base_url = "https://dmp.example"\n'
    with pytest.raises(SettingsError) as refusal:
        read_settings(_file(tmp_path, f"[destinations.essai]\n{base}{line}\n"), environment={})
    (finding,) = refusal.value.findings
    assert finding.path == "dmp-adapter.toml: destinations.essai" + (f".{place}" if place else "")
    assert said in finding.message
    assert "secret" not in finding.message


def test_a_destination_has_an_address_and_a_plain_name(tmp_path: Path) -> None:
    text = 'destinations = { "a b" = { base_url = "https://x" }, b = {}, c = 1 }\n'
    with pytest.raises(SettingsError) as refusal:
        read_settings(_file(tmp_path, text), environment={})
    assert [finding.path.partition(": ")[2] for finding in refusal.value.findings] == [
        "destinations.a b",
        "destinations.b.base_url",
        "destinations.c",
    ]


@pytest.mark.parametrize("text", ["mysql://x", "sqlite://x", "sqlite:///", "/var/x.db"])
def test_a_queue_is_sqlite_or_postgresql(text: str) -> None:
    with pytest.raises(SettingsError):
        read_settings(environment={"DMP_ADAPTER_OUTBOX": text})


def test_the_queue_may_come_from_the_environment() -> None:
    for url in ("sqlite:////var/lib/envois.db", "postgresql://user:secret@host/base", "sqlite:///envois.db"):
        read = read_settings(environment={"DMP_ADAPTER_OUTBOX": url, "DMP_ADAPTER_OUTBOX_KEY": "x"})
        assert read.outbox == url
        assert "secret" not in repr(read)


def test_the_default_destination_is_one_of_those_there(tmp_path: Path) -> None:
    text = '[destinations.essai]\nbase_url = "https://dmp.example"\n'
    assert read_settings(_file(tmp_path, 'default_destination = "essai"\n' + text), environment={}).destinations
    with pytest.raises(SettingsError) as refusal:
        read_settings(_file(tmp_path, 'default_destination = "autre"\n' + text), environment={})
    assert refusal.value.findings[0].path == "dmp-adapter.toml: default_destination"
    with pytest.raises(SettingsError):
        read_settings(environment={"DMP_ADAPTER_DEFAULT_DESTINATION": "autre"})


def test_destinations_come_from_the_file_only() -> None:
    with pytest.raises(SettingsError):
        read_settings(environment={"DMP_ADAPTER_DESTINATIONS": "x"})


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {"XDG_DATA_HOME": "/d"}, Path("/d/dmp-adapter/outbox.db")),
        ("linux", {"XDG_DATA_HOME": "relative"}, Path.home() / ".local/share/dmp-adapter/outbox.db"),
        ("linux", {}, Path.home() / ".local/share/dmp-adapter/outbox.db"),
        ("darwin", {}, Path.home() / "Library/Application Support/dmp-adapter/outbox.db"),
        ("win32", {"LOCALAPPDATA": "/l"}, Path("/l/dmp-adapter/outbox.db")),
        ("win32", {}, Path.home() / "AppData/Local/dmp-adapter/outbox.db"),
    ],
)
def test_the_queue_of_the_user_stands_where_his_system_wants_it(
    platform: str, environment: dict[str, str], expected: Path
) -> None:
    assert settings.default_outbox(environment, platform) == expected
