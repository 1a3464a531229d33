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

[destinations.production]
base_url = "https://lps.example/services"
wire = "xds"
crl = "revoques.crl"
client_cert = "client.p12"

[destinations.production.xds]
mode = "direct"
structure = "1990000010"
sector = "SA07"
user_id = "899700100003"
user_name = "Claire ÉVENO"
roles = ["10^1.2.250.1.71.1.2.7^Médecin", "SM54^1.2.250.1.71.4.2.5^Médecine générale (SM)"]
software_name = "Logiciel du cabinet"
software_version = "7.1"
software_id = "1.2.250.1.999.9"
approval_id = "AUT-1"
login = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"
vihf_version = "4.0"
vihf_mode_name = "Authentification_mode"
vihf_digest = "SHA-1"
vihf_lifetime_s = 300
dsg_digest = "SHA-256"
check_structure = false
repository_unique_id = "1.2.250.1.213.4.1.1.1.2"
processing = "D"
revocation = "RETRAIT"
source_id = "1.2.250.1.999.1"

[destinations.production.xds.services]
habilitations = "https://autre.example/habilitations"

[destinations.production.xds.signing]
module = "cps.so"
slot = 1
label = "Signature"
password_env = "CODE"

[destinations.secours]
base_url = "http://127.0.0.1:8080"
token_command = ["jeton", "--court"]
"""
FILES = ("ca.pem", "nous.pem", "cle.pem", "client.p12", "revoques.crl", "cps.so")


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
    production = DestinationSettings(
        "https://lps.example/services",
        wire="xds",
        crl=tmp_path / "revoques.crl",
        client=KeySource(tmp_path / "client.p12"),
        xds=XdsAccess(
            mode="direct",
            structure="1990000010",
            sector="SA07",
            user_id="899700100003",
            user_name="Claire ÉVENO",
            roles=("10^1.2.250.1.71.1.2.7^Médecin", "SM54^1.2.250.1.71.4.2.5^Médecine générale (SM)"),
            software_name="Logiciel du cabinet",
            software_version="7.1",
            software_id="1.2.250.1.999.9",
            approval_id="AUT-1",
            login="urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
            vihf_version="4.0",
            vihf_mode_name="Authentification_mode",
            vihf_digest="SHA-1",
            vihf_lifetime_s=300,
            dsg_digest="SHA-256",
            check_structure=False,
            services={"habilitations": "https://autre.example/habilitations"},
            repository_unique_id="1.2.250.1.213.4.1.1.1.2",
            processing="D",
            revocation="RETRAIT",
            source_id="1.2.250.1.999.1",
            signing=KeySource(module=tmp_path / "cps.so", slot=1, label="Signature", password_env="CODE"),
        ),
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
        {
            "essai": essai,
            "production": production,
            "secours": DestinationSettings("http://127.0.0.1:8080", token_command=("jeton", "--court")),
        },
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


XDS = """\
[destinations.essai]
base_url = "https://dmp.example"
wire = "xds"
[destinations.essai.xds]
structure = "1990000010"
sector = "SA07"
user_id = "899700100003"
user_name = "Claire ÉVENO"
roles = ["60^1.2.250.1.71.1.2.7^Infirmier"]
source_id = "1.2.250.1.999.1"
signing = { cert = "dmp-adapter.toml", key = "dmp-adapter.toml" }
"""


def test_few_settings_are_enough_for_the_wire_of_production(tmp_path: Path) -> None:
    read = read_settings(_file(tmp_path, XDS), environment={}).destinations["essai"]
    assert (read.wire, read.xds.mode, read.xds.vihf_digest, read.xds.dsg_digest) == (
        "xds",
        "indirect",
        "SHA-256",
        "SHA-1",
    )
    automaton = XDS.replace('roles = ["60^1.2.250.1.71.1.2.7^Infirmier"]', "automaton = true")
    assert read_settings(_file(tmp_path, automaton), environment={}).destinations["essai"].xds.automaton
    card = XDS.replace('user_name = "Claire ÉVENO"', 'mode = "direct"')
    assert read_settings(_file(tmp_path, card), environment={}).destinations["essai"].xds.mode == "direct"


@pytest.mark.parametrize(
    ("line", "instead", "place", "said"),
    [
        ('structure = "1990000010"', "", "xds.structure", "manque"),
        ('sector = "SA07"', "", "xds.sector", "manque"),
        ('user_id = "899700100003"', "", "xds.user_id", "manque"),
        ('user_name = "Claire ÉVENO"', "", "xds.user_name", "manque"),
        ('source_id = "1.2.250.1.999.1"', "", "xds.source_id", "manque"),
        ('roles = ["60^1.2.250.1.71.1.2.7^Infirmier"]', "", "xds.roles", "manque"),
        ('roles = ["60^1.2.250.1.71.1.2.7^Infirmier"]', 'roles = ["60"]', "xds.roles", "code^oid^libellé"),
        ('roles = ["60^1.2.250.1.71.1.2.7^Infirmier"]', "roles = []", "xds.roles", "un ou deux"),
        ('sector = "SA07"', 'sector = "07"', "xds.sector", "TRE_R02"),
        ('structure = "1990000010"', 'structure = "FINESS"', "xds.structure", "identifiant national"),
        ('user_name = "Claire ÉVENO"', 'user_name = "x"\nmode = "indirecte"', "xds.mode", "indirect-reinforced"),
        ('user_name = "Claire ÉVENO"', 'user_name = "x"\nvihf_digest = "MD5"', "xds.vihf_digest", "SHA-256"),
        ('wire = "xds"', 'wire = "soap"', "wire", "pdsm, xds"),
        (', key = "dmp-adapter.toml"', "", "xds.signing", "vont ensemble"),
        (', key = "dmp-adapter.toml"', ', module = "dmp-adapter.toml"', "xds.signing", "l'un ou l'autre"),
        (', key = "dmp-adapter.toml"', ', key = "absent.pem"', "xds.signing.key", "n'existe pas"),
        (', key = "dmp-adapter.toml"', ', key = "dmp-adapter.toml", slot = -1', "xds.signing.slot", "lecteur"),
        ("signing = {", 'services = { registry = "ftp://x" }\nsigning = {', "xds.services.registry", "https://"),
        ("signing = {", "services = 1\nsigning = {", "xds.services", "table"),
        ("signing = {", 'sighning = "x"\nsigning = {', "xds.sighning", "Réglage inconnu"),
    ],
)
def test_what_the_wire_of_production_lacks_is_told_at_its_key(
    tmp_path: Path, line: str, instead: str, place: str, said: str
) -> None:
    assert line in XDS
    with pytest.raises(SettingsError) as refusal:
        read_settings(_file(tmp_path, XDS.replace(line, instead)), environment={})
    found = {finding.path: finding.message for finding in refusal.value.findings}
    assert said in found[f"dmp-adapter.toml: destinations.essai.{place}"]
    assert len(found) == 1


def test_the_wire_of_production_has_its_table(tmp_path: Path) -> None:
    for text in ('wire = "xds"', 'wire = "xds"\nxds = 1'):
        with pytest.raises(SettingsError) as refusal:
            read_settings(_file(tmp_path, f'[destinations.a]\nbase_url = "https://x"\n{text}\n'), environment={})
        assert [finding.path for finding in refusal.value.findings] == ["dmp-adapter.toml: destinations.a.xds"]


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


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        ("host = 'http://poste'", "service.host"),
        ("port = 70000", "service.port"),
        ("port = true", "service.port"),
        ("allowed_hosts = 'poste'", "service.allowed_hosts"),
        ("rate_per_s = 0", "service.rate_per_s"),
        ("burst = 1.5", "service.burst"),
        ("body_timeout_s = -1", "service.body_timeout_s"),
        ("tls_cert = 'absent.pem'", "service.tls_cert"),
        ("ports = 1", "service.ports"),
        ("access_log = 1", "service.access_log"),
        ("clients = 1", "service.clients."),
        ("[service.clients.a]", "service.clients.a"),
        ("[service.clients.a]\ntoken_env = 'A'\ntoken_sha256 = '" + "0" * 64 + "'", "service.clients.a"),
        ("[service.clients.a]\ntoken_sha256 = 'court'", "service.clients.a.token_sha256"),
        ("[service.clients.a]\ntoken = 'secret'", "service.clients.a.token"),
        ("[service.clients.'a b']\ntoken_env = 'A'", "service.clients.a b"),
    ],
)
def test_a_wrong_setting_of_the_service_is_told_at_its_key(tmp_path: Path, lines: str, place: str) -> None:
    (tmp_path / "s.toml").write_text(f"[service]\n{lines}\n", "utf-8")
    with pytest.raises(SettingsError) as refused:
        read_settings(tmp_path / "s.toml", environment={})
    assert f"s.toml: {place}" in {one.path for one in refused.value.findings}
    assert "secret" not in str([one.message for one in refused.value.findings])


def test_a_certificate_of_the_service_comes_with_its_key(tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_text("", "utf-8")
    (tmp_path / "s.toml").write_text("[service]\ntls_cert = 'c.pem'\n", "utf-8")
    with pytest.raises(SettingsError, match="SETTINGS"):
        read_settings(tmp_path / "s.toml", environment={})
    (tmp_path / "s.toml").write_text("service = 1\n", "utf-8")
    with pytest.raises(SettingsError, match="service"):
        read_settings(tmp_path / "s.toml", environment={})
