"""A card of files (SoftHSM) signs as a card does: its key never leaves it, and its code is never guessed at."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapter.dmp.xds import dsg
from adapter.dmp.xds.certificates import KeyUnusable
from adapter.dmp.xds.keys import Keys
from adapter.dmp.xds.pkcs11 import CardSigner
from adapter.dmp.xds.vihf import assertion, verify
from adapter.model.destination import KeySource, Reach, XdsAccess
from tests.dmp import wire
from tests.dmp.xds import pki
from tests.dmp.xds.external import need, need_softhsm
from tests.dmp.xds.test_vihf import CALLER, ID, PATIENT, TRUSTED

PIN = "123456"


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Library of a card that holds, as a CPS does, a key that signs and one that opens sessions."""
    library, tool = need_softhsm(), need("softhsm2-util")
    folder = tmp_path_factory.mktemp("card")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    command = [tool, "--init-token", "--free", "--label", "CPS de test", "--pin", PIN, "--so-pin", "87654321"]
    subprocess.run(command, check=True, capture_output=True)
    _fill(library)
    yield library
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


def _fill(library: Path) -> None:
    import pkcs11
    from pkcs11.util.rsa import decode_rsa_private_key
    from pkcs11.util.x509 import decode_x509_certificate

    (token,) = [one for one in pkcs11.lib(str(library)).get_tokens() if one.label == "CPS de test"]
    from cryptography.hazmat.primitives import serialization

    with token.open(user_pin=PIN, rw=True) as session:
        for number, (label, one) in enumerate(
            (("signature", pki.issued("card-sign")), ("authentification", pki.issued("client")))
        ):
            der = one.key.private_bytes(
                serialization.Encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
            )
            named: dict[Any, Any] = {pkcs11.Attribute.ID: bytes([number]), pkcs11.Attribute.LABEL: label}
            told = {pkcs11.Attribute.TOKEN: True, pkcs11.Attribute.SENSITIVE: True, pkcs11.Attribute.SIGN: True}
            session.create_object(decode_rsa_private_key(der) | told | named)
            session.create_object(decode_x509_certificate(one.der) | {pkcs11.Attribute.TOKEN: True} | named)


@pytest.fixture
def card(module: Path) -> Iterator[CardSigner]:
    signer = CardSigner.open(module, lambda: PIN)
    yield signer
    signer.close()


def test_the_key_whose_certificate_signs_is_found(card: CardSigner) -> None:
    assert card.certificates == (pki.issued("card-sign").der,)


@pytest.mark.parametrize("digest", ["SHA-1", "SHA-256"])
def test_it_signs_as_a_file_would(card: CardSigner, digest: Any) -> None:
    assert card.sign(b"x" * 1000, digest) == pki.issued("card-sign").signer.sign(b"x" * 1000, digest)


def test_vihf_and_sets_are_signed_by_a_card(card: CardSigner) -> None:
    made = assertion(CALLER, PATIENT, card, now=pki.NOW, assertion_id=ID)
    assert verify(made, trusted=TRUSTED, now=pki.NOW).certificate == card.certificates[0]
    assert dsg.verify(dsg.sign(wire.submission(), card).contents[-1]).certificate == card.certificates[0]


def test_a_card_put_back_serves_again(card: CardSigner) -> None:
    card._session.close()  # what taking it away does
    with pytest.raises(KeyUnusable) as fault:
        card.sign(b"x", "SHA-256")
    assert fault.value.code == "certificate-card"
    assert card.sign(b"x", "SHA-256") == pki.issued("card-sign").signer.sign(b"x", "SHA-256")


def test_another_card_does_not_sign_in_its_place(card: CardSigner) -> None:
    card.close()
    card._serial = b"autre"
    card._pin = "000000"
    for _ in range(5):
        with pytest.raises(KeyUnusable, match="autre carte"):
            card.sign(b"x", "SHA-256")


def test_a_code_that_has_changed_is_tried_once_only(card: CardSigner) -> None:
    card.close()
    card._pin = "000000"
    messages = []
    for _ in range(5):
        with pytest.raises(KeyUnusable) as fault:
            card.sign(b"x", "SHA-256")
        messages.append(fault.value.message)
    assert messages == ["Le code de la carte est faux."] + ["La carte demande son code."] * 4


def test_a_key_may_be_named(module: Path) -> None:
    signer = CardSigner.open(module, lambda: PIN, label="authentification")
    assert signer.certificates == (pki.issued("client").der,)
    signer.close()
    assert _refused(module, label="autre") == "certificate-card"


def test_a_wrong_code_is_tried_once_only(module: Path) -> None:
    asked: list[str] = []

    def secret(source: KeySource, use: str) -> str:
        asked.append(use)
        return "000000"

    keys = Keys(Reach("https://dmp.example", wire="xds", xds=XdsAccess(signing=KeySource(module=module))), secret)
    for _ in range(3):
        with pytest.raises(KeyUnusable, match="code de la carte") as fault:
            keys.signer()
        assert fault.value.code == "certificate-pin"
    assert asked == ["signature"]


def test_no_code_no_reader_and_no_library_are_told(module: Path, tmp_path: Path) -> None:
    assert _refused(module, pin="") == "certificate-pin"
    assert _refused(module, slot=123456789) == "certificate-card"
    (tmp_path / "autre.so").write_bytes(b"\x7fELF")
    assert _refused(tmp_path / "autre.so") == "certificate-card"


def _refused(module: Path, *, pin: str = PIN, **more: Any) -> str:
    with pytest.raises(KeyUnusable) as fault:
        CardSigner.open(module, lambda: pin or None, **more)
    return fault.value.code
