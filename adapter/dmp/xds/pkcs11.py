"""A card that signs (CPS): the key never leaves it.

Source: OASIS PKCS#11 2.40; RFC 8017, 9.2 (what a card is given to sign).
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Reader:
    """Where a card is: its PKCS#11 library, its slot (None: the only one that holds a card), the label of its key."""

    module: Path
    slot: int | None = None
    label: str = ""


class CardSigner:
    """Signs with the key of a card; may be shared by threads, the card does one thing at a time.

    A card that was taken away and put back serves again: its code, which was right, is kept in memory for that.
    """

    def __init__(self, reader: Reader, pin: str | None) -> None:
        self._reader = reader
        self._pin = pin
        self._lock = threading.Lock()
        card = _card(reader)
        self._serial = bytes(card.serial)
        self._session, self._key, self._certificate = _opened(card, reader, pin)

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
            import pkcs11  # noqa: F401  # only looked for
        except ImportError as error:
            raise MissingExtra("Une carte demande python-pkcs11 : installer dmp-adapter[pkcs11].") from error
        return cls(Reader(module, slot, label), pin())

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """DER certificate of the key."""
        return (self._certificate,)

    def sign(self, data: bytes, digest: Digest) -> bytes:
        """Signature of `data`.

        Raises:
            KeyUnusable: the card was taken away, is another one, or refuses.
        """
        from pkcs11 import Mechanism

        hashed = hashlib.new("sha256" if digest == "SHA-256" else "sha1", data, usedforsecurity=False).digest()
        with self._lock:
            if self._session is None:
                self._reopen()
            try:
                with _told():
                    return bytes(self._key.sign(_PREFIXES[digest] + hashed, mechanism=Mechanism.RSA_PKCS))
            except KeyUnusable:
                self._session = None
                raise

    def close(self) -> None:
        """Leaves the card."""
        with self._lock, _told():
            if self._session is not None:
                self._session.close()
                self._session = None

    def _reopen(self) -> None:
        card = _card(self._reader)
        if bytes(card.serial) != self._serial:
            raise KeyUnusable("Une autre carte est dans le lecteur.", code="certificate-card")
        try:
            self._session, self._key, self._certificate = _opened(card, self._reader, self._pin)
        except KeyUnusable as fault:
            if fault.code == "certificate-pin":
                self._pin = None  # changed since: three wrong codes would block the card
            raise


def _card(reader: Reader) -> Any:
    """The card that is in the reader.

    Raises:
        KeyUnusable: none, several, or the library does not answer.
    """
    import pkcs11

    with _told():
        slots = pkcs11.lib(str(reader.module)).get_slots(token_present=True)
        cards = [one.get_token() for one in slots if reader.slot is None or one.slot_id == reader.slot]
        cards = [one for one in cards if pkcs11.TokenFlag.TOKEN_INITIALIZED in one.flags]
    if len(cards) != 1:
        message = "Plusieurs cartes : dire le lecteur (slot)." if cards else "Aucune carte dans le lecteur."
        raise KeyUnusable(message, code="certificate-card")
    return cards[0]


def _opened(card: Any, reader: Reader, pin: str | None) -> tuple[Any, Any, bytes]:
    """Session on a card, the key that signs, its certificate."""
    import pkcs11

    with _told():
        session = card.open(user_pin=_code(card, pin))
        try:
            return session, *_signing_key(session, reader.label)
        except (KeyUnusable, pkcs11.PKCS11Error):
            session.close()  # who stays logged in would be let in again without a code
            raise


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
