"""A card that signs (CPS): the key never leaves it.

Source: OASIS PKCS#11 2.40; RFC 8017, 9.2 (what a card is given to sign).
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from adapter.dmp.xds.certificates import KeyUnusable, load_certificate, made_for, need_cryptography
from adapter.dmp.xds.signing import need_rsa
from adapter.errors import MissingExtra

if TYPE_CHECKING:
    from adapter.dmp.xds.signing import Digest

# DigestInfo without its digest: every card signs it, few of them hash themselves.
_PREFIXES: Final[Mapping[Digest, bytes]] = {
    "SHA-1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "SHA-256": bytes.fromhex("3031300d060960864801650304020105000420"),
}


class CardSigner:
    """Signs with the key of a card; may be shared by threads, the card does one thing at a time."""

    def __init__(self, session: Any, key: Any, certificates: tuple[bytes, ...]) -> None:
        self._session = session
        self._key = key
        self._certificates = certificates
        self._lock = threading.Lock()

    @classmethod
    def open(
        cls, module: Path, pin: Callable[[], str | None], *, slot: int | None = None, label: str = ""
    ) -> CardSigner:
        """Signer on the card that is in a reader.

        Args:
            module: PKCS#11 library of the card. ``slot``: None for the only one that holds a card.
            pin: gives the code of the holder, asked once; a wrong code is never tried again.
            label: of the key; empty takes the only one whose certificate is made for signing.
        Raises:
            KeyUnusable: no card, wrong or blocked code, no key that signs.
            MissingExtra: the extra ``pkcs11`` is not installed.
        """
        need_cryptography()
        try:
            import pkcs11
        except ImportError as error:
            raise MissingExtra("Une carte demande python-pkcs11 : installer dmp-adapter[pkcs11].") from error
        with _told():
            slots = pkcs11.lib(str(module)).get_slots(token_present=True)
            cards = [one.get_token() for one in slots if slot is None or one.slot_id == slot]
            cards = [one for one in cards if pkcs11.TokenFlag.TOKEN_INITIALIZED in one.flags]
            if len(cards) != 1:
                message = "Plusieurs cartes : dire le lecteur (slot)." if cards else "Aucune carte dans le lecteur."
                raise KeyUnusable(message, code="certificate-card")
            session = cards[0].open(user_pin=_code(cards[0], pin()))
            try:
                key, certificate = _signing_key(session, label)
            except (KeyUnusable, pkcs11.PKCS11Error):
                session.close()  # who stays logged in would be let in again without a code
                raise
            return cls(session, key, (certificate,))

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """DER certificate of the key."""
        return self._certificates

    def sign(self, data: bytes, digest: Digest) -> bytes:
        """Signature of `data`.

        Raises:
            KeyUnusable: the card was taken away, or refuses.
        """
        import pkcs11

        hashed = hashlib.new("sha256" if digest == "SHA-256" else "sha1", data, usedforsecurity=False).digest()
        with self._lock, _told():
            return bytes(self._key.sign(_PREFIXES[digest] + hashed, mechanism=pkcs11.Mechanism.RSA_PKCS))

    def close(self) -> None:
        """Leaves the card."""
        with self._lock, _told():
            self._session.close()


def _code(card: Any, given: str | None) -> Any:
    """What the card is opened with: the code, or the keypad of the reader.

    Raises:
        KeyUnusable: the card wants a code, and there is none.
    """
    from pkcs11 import PROTECTED_AUTH, TokenFlag

    if given:
        return given
    if TokenFlag.PROTECTED_AUTHENTICATION_PATH in card.flags:
        return PROTECTED_AUTH
    if TokenFlag.LOGIN_REQUIRED in card.flags:
        raise KeyUnusable("La carte demande son code.", code="certificate-pin")
    return None


def _signing_key(session: Any, label: str) -> tuple[Any, bytes]:
    """The key of the card that signs, and its certificate.

    Raises:
        KeyUnusable: none, or several and no label.
    """
    from pkcs11 import Attribute, ObjectClass

    certificates: dict[bytes, bytes] = {}
    for one in session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE}):
        certificates[bytes(one[Attribute.ID])] = bytes(one[Attribute.VALUE])
    wanted: dict[Any, Any] = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.SIGN: True}
    if label:
        wanted[Attribute.LABEL] = label
    found = [
        (key, certificates[bytes(key[Attribute.ID])])
        for key in session.get_objects(wanted)
        if bytes(key[Attribute.ID]) in certificates
    ]
    if len(found) > 1:
        found = [pair for pair in found if made_for(load_certificate(pair[1]), "signature")]
    if len(found) != 1:
        message = (
            "La carte ne porte pas de clé de signature." if not found else "Plusieurs clés : dire laquelle (label)."
        )
        raise KeyUnusable(message, code="certificate-card")
    need_rsa(load_certificate(found[0][1]).public_key())
    return found[0]


@contextmanager
def _told() -> Iterator[None]:
    """Turns what a card answers into what a person can do about it."""
    from pkcs11 import exceptions

    try:
        yield
    except (exceptions.PinIncorrect, exceptions.PinInvalid, exceptions.PinLenRange, exceptions.PinExpired):
        raise KeyUnusable("Le code de la carte est faux.", code="certificate-pin") from None
    except exceptions.PinLocked:
        raise KeyUnusable("La carte est bloquée : trop de codes faux.", code="certificate-pin") from None
    except exceptions.PKCS11Error:
        raise KeyUnusable("La carte ou son pilote ne répond pas.", code="certificate-card") from None
