"""Keys from files: what opens them, what each refusal says, and what is told about certificates ahead of time."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from adapter.dmp.xds.certificates import KeyUnusable, check_certificate, check_structure
from adapter.dmp.xds.keys import Keys, WatchedSigner, from_environment
from adapter.dmp.xds.signing import FileSigner
from adapter.model.destination import KeySource, Reach, XdsAccess
from tests.dmp.xds import pki

SIGN, CLIENT = pki.issued(), pki.issued("client")
PASSWORD = b"Sesame-9"


def _pem(key: Any) -> bytes:
    plain = serialization.NoEncryption()
    return bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))


def _refused(opening: Any) -> KeyUnusable:
    with pytest.raises(KeyUnusable) as fault:
        opening()
    assert PASSWORD.decode() not in str(fault.value)
    return fault.value


def test_a_pem_and_a_pkcs12_file_sign_alike() -> None:
    made = [
        FileSigner.from_pem(SIGN.pem, SIGN.key_pem()),
        FileSigner.from_pem(SIGN.pem + SIGN.key_pem(), SIGN.pem + SIGN.key_pem()),
        FileSigner.from_pem(SIGN.pem, SIGN.key_pem(PASSWORD), PASSWORD),
        FileSigner.from_pkcs12(SIGN.p12(PASSWORD), PASSWORD),
    ]
    assert {one.sign(b"x", "SHA-256") for one in made} == {SIGN.signer.sign(b"x", "SHA-256")}
    assert {one.certificates for one in made} == {(SIGN.der, pki.authority().der)}
    assert made[0].sign(b"x", "SHA-1") != made[0].sign(b"x", "SHA-256")
    assert "key" not in repr(made[0]).lower()


def test_our_certificate_comes_first_whatever_the_order_of_the_file() -> None:
    upside_down = pki.authority().pem + SIGN.pem
    assert FileSigner.from_pem(upside_down, SIGN.key_pem()).certificates[0] == SIGN.der


@pytest.mark.parametrize(
    ("opening", "code"),
    [
        (lambda: FileSigner.from_pem(b"", SIGN.key_pem()), "certificate-file"),
        (lambda: FileSigner.from_pem(SIGN.pem, b""), "certificate-file"),
        (lambda: FileSigner.from_pem(SIGN.pem, SIGN.key_pem(PASSWORD)), "certificate-password"),
        (lambda: FileSigner.from_pem(SIGN.pem, SIGN.key_pem(PASSWORD), b"autre"), "certificate-password"),
        (lambda: FileSigner.from_pem(SIGN.pem, CLIENT.key_pem()), "certificate-key"),
        (lambda: FileSigner.from_pem(SIGN.pem, _pem(ec.generate_private_key(ec.SECP256R1()))), "certificate-key"),
        (lambda: FileSigner.from_pkcs12(SIGN.p12(PASSWORD), b"autre"), "certificate-password"),
        (lambda: FileSigner.from_pkcs12(SIGN.p12(PASSWORD), None), "certificate-password"),
        (lambda: FileSigner.from_pkcs12(b"", None), "certificate-password"),
    ],
)
def test_each_unusable_key_is_told(opening: Any, code: str) -> None:
    assert _refused(opening).code == code


def test_a_short_key_or_one_that_is_not_rsa_does_not_sign() -> None:
    from cryptography.hazmat.primitives.serialization import Encoding

    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    for key, word in ((small, "2048 bits"), (ec.generate_private_key(ec.SECP256R1()), "RSA")):
        certificate = pki.self_signed(key).public_bytes(Encoding.PEM)
        fault = _refused(lambda certificate=certificate, key=key: FileSigner.from_pem(certificate, _pem(key)))
        assert (fault.code, word in fault.message) == ("certificate-key", True)


# ---------------------------------------------------------------- certificates, ahead of time


def _left(left: timedelta) -> Any:
    return pki.issued(period=(pki.PAST, pki.NOW + left))


def test_the_end_of_a_certificate_is_told_thirty_days_ahead() -> None:
    assert check_certificate((_left(timedelta(days=31)).der,), "signature", pki.NOW, path="x") == ()
    (found,) = check_certificate((_left(timedelta(days=29)).der,), "signature", pki.NOW, path="x")
    assert (found.rule, found.severity, found.path) == ("TRUST-EXPIRY", "warning", "x")
    assert "expire le 10/11/2026 (dans 29 jours)" in found.message
    (found,) = check_certificate((_left(timedelta(days=1)).der,), "signature", pki.NOW, path="x")
    assert "(dans 1 jour)" in found.message


@pytest.mark.parametrize(
    ("certificate", "use", "code"),
    [
        (pki.issued(period=(pki.PAST, pki.NOW - timedelta(seconds=1))), "signature", "certificate-own-expired"),
        (pki.issued(period=(pki.NOW + timedelta(days=1), pki.FAR)), "signature", "certificate-own-not-yet-valid"),
        (CLIENT, "signature", "certificate-use"),
        (SIGN, "tls", "certificate-use"),
        (pki.issued("card-sign"), "tls", "certificate-use"),
        (pki.issued("server"), "tls", "certificate-use"),
    ],
)
def test_a_certificate_that_cannot_serve_is_told(certificate: pki.Issued, use: Any, code: str) -> None:
    assert _refused(lambda: check_certificate((certificate.der,), use, pki.NOW, path="x")).code == code


def test_the_structure_is_that_of_the_certificate() -> None:
    assert check_structure(SIGN.der, pki.STRUCTURE, path="x") == ()
    assert check_structure(pki.issued(unit="").der, "1999999999", path="x") == ()
    assert check_structure(pki.issued(unit="IGC-SANTE TEST").der, "1999999999", path="x") == ()
    (found,) = check_structure(SIGN.der, "1999999999", path="x")
    assert (found.rule, found.severity) == ("TRUST-STRUCTURE", "warning")


# ---------------------------------------------------------------- the keys of a destination


def _reach(folder: Path, *, structure: str = pki.STRUCTURE, signing: KeySource | None = None, **more: Any) -> Reach:
    (folder / "client.p12").write_bytes(CLIENT.p12(PASSWORD))
    (folder / "sign.pem").write_bytes(SIGN.pem)
    (folder / "sign.key").write_bytes(SIGN.key_pem(PASSWORD))
    own = signing or KeySource(folder / "sign.pem", folder / "sign.key", "SIGNATURE")
    client = KeySource(folder / "client.p12", password_env="TLS")
    return Reach("https://d", wire="xds", client=client, xds=XdsAccess(structure=structure, signing=own, **more))


def test_passwords_come_from_the_variables_that_the_settings_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNATURE", PASSWORD.decode())
    monkeypatch.setenv("TLS", PASSWORD.decode())
    keys = Keys(_reach(tmp_path))
    assert keys.signer().certificates[0] == SIGN.der
    assert keys.client().pair.certificates[0] == CLIENT.der
    assert keys.signer() is keys.signer()
    assert keys.signer().sign(b"x", "SHA-256") == SIGN.signer.sign(b"x", "SHA-256")
    assert keys.check(pki.NOW, place="destinations.dmp") == ()


def test_a_variable_that_is_not_there_gives_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ABSENTE", raising=False)
    assert from_environment(KeySource(password_env="ABSENTE"), "tls") is None
    assert from_environment(KeySource(), "tls") is None


def test_a_wrong_password_is_not_tried_again(tmp_path: Path) -> None:
    asked: list[str] = []

    def secret(source: KeySource, use: str) -> str:
        asked.append(use)
        return "autre"

    keys = Keys(_reach(tmp_path), secret)
    for _ in range(3):
        assert _refused(keys.signer).code == "certificate-password"
    assert asked == ["signature"]


def test_a_key_in_clear_asks_for_no_password(tmp_path: Path) -> None:
    reach = _reach(tmp_path)
    (tmp_path / "sign.key").write_bytes(SIGN.key_pem())
    keys = Keys(reach, lambda source, use: pytest.fail("rien à demander"))
    assert keys.signer().certificates[0] == SIGN.der


def test_no_file_or_none_told_is_a_refusal(tmp_path: Path) -> None:
    reach = _reach(tmp_path)
    (tmp_path / "sign.key").unlink()
    assert _refused(Keys(reach).signer).code == "certificate-file"
    assert _refused(Keys(Reach("https://d")).signer).code == "certificate-file"


def test_what_is_told_ahead_names_its_place(tmp_path: Path) -> None:
    secret = PASSWORD.decode()
    found = Keys(_reach(tmp_path, structure="1999999999"), lambda *_: secret).check(pki.NOW, place="destinations.dmp")
    assert [(one.rule, one.path) for one in found] == [("TRUST-STRUCTURE", "destinations.dmp.xds.structure")]
    quiet = _reach(tmp_path, structure="1999999999", check_structure=False)
    assert Keys(quiet, lambda *_: secret).check(pki.NOW, place="destinations.dmp") == ()
    (tmp_path / "client.p12").write_bytes(pki.issued("client", unit="1999999999").p12(PASSWORD))
    other = Reach("https://d", wire="xds", client=quiet.client, xds=replace(quiet.xds, check_structure=True))
    (found_one,) = Keys(replace(other, xds=replace(other.xds, structure=pki.STRUCTURE)), lambda *_: secret).check(
        pki.NOW, place="x"
    )
    assert found_one.rule == "TRUST-STRUCTURE"
    late = pki.NOW + timedelta(days=36500)
    assert _refused(lambda: Keys(quiet, lambda *_: secret).check(late, place="x")).code == "certificate-own-expired"


def test_two_keys_put_one_for_the_other_are_told(tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_bytes(CLIENT.pem + CLIENT.key_pem())
    swapped = _reach(tmp_path, signing=KeySource(tmp_path / "c.pem", tmp_path / "c.pem"))
    fault = _refused(lambda: Keys(swapped, lambda *_: PASSWORD.decode()).check(pki.NOW, place="x"))
    assert (fault.code, "intervertis" in fault.message) == ("certificate-use", True)


# ---------------------------------------------------------------- a program that runs for months


class _Clock:
    def __init__(self) -> None:
        self.now = pki.NOW

    def __call__(self) -> datetime:
        return self.now


def test_a_certificate_that_ends_while_the_program_runs_is_told_once_a_day(caplog: pytest.LogCaptureFixture) -> None:
    clock = _Clock()
    signer = WatchedSigner(_left(timedelta(days=10, hours=-3)).signer, clock, "xds.signing")
    for hours in range(0, 237, 6):
        clock.now = pki.NOW + timedelta(hours=hours)
        signer.sign(b"x", "SHA-256")
    told = [one.getMessage() for one in caplog.records]
    assert len(told) == 10
    assert "(dans 9 jours)" in told[0]
    clock.now = pki.NOW + timedelta(days=10, hours=-3, seconds=1)
    for _ in range(2):
        assert _refused(lambda: signer.sign(b"x", "SHA-256")).code == "certificate-own-expired"


def test_what_a_check_told_is_not_told_again_the_same_day(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ending = _left(timedelta(days=10))
    (tmp_path / "s.pem").write_bytes(ending.pem + ending.key_pem())
    clock = _Clock()
    reach = _reach(tmp_path, signing=KeySource(tmp_path / "s.pem", tmp_path / "s.pem"))
    keys = Keys(reach, lambda *_: PASSWORD.decode(), clock)
    assert [one.rule for one in keys.check(clock.now, place="dmp")] == ["TRUST-EXPIRY"]
    keys.signer().sign(b"x", "SHA-256")
    assert caplog.records == []
    clock.now += timedelta(days=1)
    keys.signer().sign(b"x", "SHA-256")
    assert len(caplog.records) == 1


def test_a_certificate_that_lasts_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    signer = WatchedSigner(SIGN.signer, _Clock(), "xds.signing")
    signer.sign(b"x", "SHA-256")
    assert caplog.records == []


# ---------------------------------------------------------------- a FHIR server, which needs no extra


def _fhir(folder: Path, key: bytes = b"", **more: Any) -> Reach:
    (folder / "c.pem").write_bytes(CLIENT.pem)
    (folder / "c.key").write_bytes(key or CLIENT.key_pem())
    return Reach("https://d", client=KeySource(folder / "c.pem", folder / "c.key", **more))


def test_two_pem_files_in_clear_need_no_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = Keys(_fhir(tmp_path))
    assert keys.client_in_clear
    assert keys.check(pki.NOW, place="x") == ()
    late = pki.FAR + timedelta(days=1)
    assert _refused(lambda: keys.check(late, place="x")).code == "certificate-own-expired"
    monkeypatch.setitem(sys.modules, "cryptography", None)
    assert keys.check(late, place="x") == ()
    assert Keys(Reach("https://d")).client_in_clear


def test_a_protected_key_or_a_pkcs12_file_needs_the_extra(tmp_path: Path) -> None:
    assert not Keys(_fhir(tmp_path, CLIENT.key_pem(PASSWORD))).client_in_clear
    assert not Keys(_fhir(tmp_path, password_env="TLS")).client_in_clear
    assert not Keys(Reach("https://d", client=KeySource(tmp_path / "c.p12"))).client_in_clear
