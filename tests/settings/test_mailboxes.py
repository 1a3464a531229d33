from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from adapter.settings import MailboxSettings, SettingsError, read_settings

NEEDED = {"host": '"smtp.operateur.example"', "address": '"dr.eveno@cabinet.mssante.fr"', "nil": '"123456"'}


def _file(folder: Path, changes: Mapping[str, str | None] | None = None, *, more: str = "") -> Path:
    values = {key: value for key, value in {**NEEDED, **(changes or {})}.items() if value is not None}
    file = folder / "reglages.toml"
    file.write_text("[mailboxes.cabinet]\n" + "".join(f"{k} = {v}\n" for k, v in values.items()) + more, "utf-8")
    return file


def _places(file: Path) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read_settings(file, {})
    assert all(one.message for one in caught.value.findings)
    return [one.path.removeprefix("reglages.toml: ") for one in caught.value.findings]


def test_a_mailbox_needs_three_things_and_has_a_default_for_the_rest(tmp_path: Path) -> None:
    told = read_settings(_file(tmp_path), {}).mailboxes["cabinet"]
    assert told == MailboxSettings(host="smtp.operateur.example", address="dr.eveno@cabinet.mssante.fr", nil="123456")
    assert (told.port, told.recipient_domains, told.patient_domain) == (587, ("mssante.fr",), "patient.mssante.fr")


@pytest.mark.parametrize("key", sorted(NEEDED))
def test_what_no_message_leaves_without_is_asked_for(tmp_path: Path, key: str) -> None:
    assert _places(_file(tmp_path, {key: None})) == [f"mailboxes.cabinet.{key}"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("address", '"dr.eveno"'),
        ("address", '"dr.@cabinet.mssante.fr"'),
        ("address", '"dr éveno@cabinet.mssante.fr"'),
        ("address", '"a@b.fr>, <c@d.fr"'),
        ("port", "70000"),
        ("host", '"smtp.example:25"'),
        ("recipient_domains", '"mssante.fr"'),
        ("recipient_domains", "[]"),
        ("recipient_domains", '["*"]'),
        ("patient_domain", '"patient"'),
        ("notify", '"oui"'),
        ("max_message_bytes", "0"),
        ("timeout_s", "-1"),
        ("ins_roots", '["1.2.3"]'),
        ("ca_bundle", '"absent.pem"'),
        ("password", '"en clair"'),
    ],
)
def test_a_value_that_cannot_serve_is_refused(tmp_path: Path, key: str, value: str) -> None:
    assert _places(_file(tmp_path, {key: value}))[0] == f"mailboxes.cabinet.{key}"


@pytest.mark.parametrize(
    "more",
    [
        {"user": '"cabinet"'},
        {"password_env": '"MSS"'},
        {"user": '"cabinet"', "password_env": '"MSS"', "token_env": '"JETON"'},
        {"client_cert": '"reglages.toml"'},
        {"client_key": '"reglages.toml"'},
    ],
)
def test_what_goes_together_is_asked_together(tmp_path: Path, more: dict[str, str]) -> None:
    assert _places(_file(tmp_path, more)) == ["mailboxes.cabinet"]


def test_a_mailbox_and_a_dmp_of_one_name_are_refused(tmp_path: Path) -> None:
    more = '[destinations.cabinet]\nbase_url = "https://dmp.example.org"\n'
    assert _places(_file(tmp_path, more=more)) == ["mailboxes.cabinet"]


@pytest.mark.parametrize("text", ["mailboxes = 1", "[mailboxes]\ncabinet = 1", '[mailboxes."a b"]\nhost = "h"'])
def test_what_is_no_table_of_mailboxes_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "reglages.toml"
    file.write_text(text, "utf-8")
    assert len(_places(file)) == 1
