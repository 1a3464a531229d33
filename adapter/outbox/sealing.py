"""Patient digests, and encryption at rest when a key is given."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from typing import TYPE_CHECKING, Final

from adapter.outbox.errors import OutboxDamaged, OutboxKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_VARIABLE: Final = "DMP_ADAPTER_OUTBOX_KEY"
_NONCE: Final = 12
_SEALED: Final = b"\x01"
_CLEAR: Final = b"\x00"


def parse_key(text: str) -> bytes:
    """32 bytes from their base64 text (usual or URL alphabet).

    Raises:
        OutboxKey: anything else; the text is never repeated.
    """
    try:
        key = base64.b64decode(text.strip().replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise OutboxKey(f"La clé de la file d'envoi ({KEY_VARIABLE}) doit être 32 octets écrits en base64.")
    return key


def patient_digest(secret: bytes, root: str, value: str) -> str:
    """Keyed digest of a patient identifier: groups the rows of a patient, and tells nothing without the secret."""
    return hmac.new(secret, f"{root}|{value}".encode(), hashlib.sha256).hexdigest()


class Seal:
    """Writes and opens the private parts of a row.

    Without a key the parts are stored as they are. With one they are AES-256-GCM, each bound to its place, so that
    no part can be moved to another row. The first byte tells which.
    """

    def __init__(self, key: bytes | None) -> None:
        self._cipher: AESGCM | None = None
        if key is not None:
            try:
                from cryptography.hazmat.primitives.ciphers.aead import AESGCM
            except ImportError:
                raise OutboxKey(
                    "Le chiffrement de la file d'envoi demande la bibliothèque cryptography (extra « xds »)."
                ) from None
            self._cipher = AESGCM(key)

    def close(self, data: bytes, place: str) -> bytes:
        """`data` ready to be stored at `place`."""
        if self._cipher is None:
            return _CLEAR + data
        nonce = os.urandom(_NONCE)
        return _SEALED + nonce + self._cipher.encrypt(nonce, data, place.encode())

    def open(self, stored: bytes, place: str) -> bytes:
        """What was stored at `place`.

        Raises:
            OutboxKey: sealed, and no key.
            OutboxDamaged: altered, moved, or sealed with another key.
        """
        if stored[:1] == _CLEAR:
            return stored[1:]
        if self._cipher is None:
            raise OutboxKey(f"Cette file d'envoi est chiffrée : renseigner {KEY_VARIABLE}.")
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(stored[1 : 1 + _NONCE], stored[1 + _NONCE :], place.encode())
        except (InvalidTag, ValueError):
            raise OutboxDamaged("Une ligne chiffrée de la file d'envoi a été altérée.") from None
