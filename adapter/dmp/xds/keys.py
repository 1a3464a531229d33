"""The keys of one DMP, opened once, when they are first needed: the one that signs, the one that opens TLS sessions."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from adapter.dmp.tls import ClientKey
from adapter.dmp.xds.certificates import KeyUnusable, Use, check_certificate, check_structure
from adapter.dmp.xds.pkcs11 import CardSigner
from adapter.dmp.xds.signing import FileSigner, KeyPair, Signer, read_pem, read_pkcs12
from adapter.errors import Finding
from adapter.model.destination import KeySource, Reach

_Opened = TypeVar("_Opened")
Secret = Callable[[KeySource, Use], str | None]
"""Gives the password of a key or the code of a card, None when there is none."""

_FINAL: Final = frozenset({"certificate-password", "certificate-pin"})  # trying again would block a card


def from_environment(source: KeySource, use: Use) -> str | None:
    """The password that the environment variable of a key holds, None when it tells none."""
    return os.environ.get(source.password_env) or None if source.password_env else None


class Keys:
    """The keys that one destination tells; may be shared by threads."""

    def __init__(self, reach: Reach, secret: Secret = from_environment) -> None:
        self._reach = reach
        self._secret = secret
        self._lock = threading.Lock()
        self._signer: Signer | None = None
        self._client: ClientKey | None = None
        self._refused: KeyUnusable | None = None

    def signer(self) -> Signer:
        """What signs VIHF and sets.

        Raises:
            KeyUnusable: no key told, unreadable, wrong password, no card. A wrong password is not tried again.
        """
        with self._lock:
            if self._signer is None:
                self._signer = self._once(self._open_signer)
            return self._signer

    def client(self) -> ClientKey:
        """What opens TLS sessions.

        Raises:
            KeyUnusable: as for ``signer``.
        """
        with self._lock:
            if self._client is None:
                self._client = ClientKey(self._once(lambda: self._pair(self._reach.client, "tls")))
            return self._client

    def check(self, now: datetime, *, place: str) -> tuple[Finding, ...]:
        """Warnings about the certificates of both keys, once they are opened.

        Raises:
            KeyUnusable: a key cannot be opened; a certificate has expired, is not valid yet, or is the other one.
        """
        found: list[Finding] = []
        if self._reach.client.told:
            found += check_certificate(self.client().pair.certificates, "tls", now, path=f"{place}.client_cert")
        if self._reach.wire == "xds":
            access, held = self._reach.xds, self.signer().certificates
            found += check_certificate(held, "signature", now, path=f"{place}.xds.signing")
            if access.check_structure and access.mode != "direct":
                found += check_structure(held[0], access.structure, path=f"{place}.xds.structure")
        return tuple(found)

    def _once(self, opening: Callable[[], _Opened]) -> _Opened:
        if self._refused is not None:
            raise self._refused
        try:
            return opening()
        except KeyUnusable as fault:
            if fault.code in _FINAL:
                self._refused = fault
            raise

    def _open_signer(self) -> Signer:
        source = self._reach.xds.signing
        if source.module is not None:
            return CardSigner.open(
                source.module, lambda: self._secret(source, "signature"), slot=source.slot, label=source.label
            )
        return FileSigner.from_pair(self._pair(source, "signature"))

    def _pair(self, source: KeySource, use: Use) -> KeyPair:
        if source.cert is None:
            raise KeyUnusable("Les réglages ne disent pas où est la clé.", code="certificate-file")
        certificate = _content(source.cert)
        if source.key is None:
            return read_pkcs12(certificate, self._password(source, use))
        key = _content(source.key)
        encrypted = b"ENCRYPTED" in key
        return read_pem(certificate, key, self._password(source, use) if encrypted else None)

    def _password(self, source: KeySource, use: Use) -> bytes | None:
        given = self._secret(source, use)
        return given.encode("utf-8") if given else None


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        raise KeyUnusable("Le fichier d'une clé ou d'un certificat est illisible.", code="certificate-file") from None
