"""The keys of one DMP, opened once, when they are first needed: the one that signs, the one that opens TLS sessions."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from adapter.dmp.tls import ClientKey
from adapter.dmp.xds.certificates import (
    KeyUnusable,
    Use,
    check_certificate,
    check_structure,
    load_certificate,
    need_cryptography,
)
from adapter.dmp.xds.pkcs11 import CardSigner
from adapter.dmp.xds.signing import FileSigner, KeyPair, Signer, read_pem, read_pkcs12
from adapter.errors import Finding, MissingExtra
from adapter.model.destination import DigestName, KeySource, Reach

_log = logging.getLogger(__name__)

_Opened = TypeVar("_Opened")
Secret = Callable[[KeySource, Use], str | None]
"""Gives the password of a key or the code of a card, None when there is none."""

_FINAL: Final = frozenset({"certificate-password", "certificate-pin"})  # trying again would block a card


def _now() -> datetime:
    return datetime.now(UTC)


def from_environment(source: KeySource, use: Use) -> str | None:
    """The password that the environment variable of a key holds, None when it tells none."""
    return os.environ.get(source.password_env) or None if source.password_env else None


class WatchedSigner:
    """A signer whose certificate is looked at each time: a program that runs for months outlives certificates."""

    def __init__(self, signer: Signer, clock: Callable[[], datetime], place: str) -> None:
        self._signer = signer
        self._clock = clock
        self._place = place
        self._look_again = datetime.min.replace(tzinfo=UTC)

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """DER certificates, ours first."""
        return self._signer.certificates

    def sign(self, data: bytes, digest: DigestName) -> bytes:
        """Signature of `data`; what will soon end is logged once a day.

        Raises:
            KeyUnusable: the certificate has expired, or the key cannot sign.
        """
        now = self._clock()
        if now >= self._look_again:
            for found in self.look(now, self._place):
                _log.warning("%s : %s [%s]", found.path, found.message, found.rule)
        return self._signer.sign(data, digest)

    def look(self, now: datetime, place: str) -> tuple[Finding, ...]:
        """Warnings about the certificate, for whoever tells them; the next look is a day later.

        Raises:
            KeyUnusable: it cannot serve.
        """
        found = check_certificate(self.certificates, "signature", now, path=place)
        end = load_certificate(self.certificates[0]).not_valid_after_utc
        self._look_again = min(now + timedelta(days=1), end) if now < end else now
        return found


class Keys:
    """The keys that one destination tells; may be shared by threads."""

    def __init__(self, reach: Reach, secret: Secret = from_environment, clock: Callable[[], datetime] = _now) -> None:
        self._reach = reach
        self._clock = clock
        self._secret = secret
        self._lock = threading.Lock()
        self._signer: WatchedSigner | None = None
        self._client: ClientKey | None = None
        self._refused: KeyUnusable | None = None

    def signer(self) -> WatchedSigner:
        """What signs VIHF and sets.

        Raises:
            KeyUnusable: no key told, unreadable, wrong password, no card. A wrong password is not tried again.
        """
        with self._lock:
            if self._signer is None:
                self._signer = WatchedSigner(self._once(self._open_signer), self._clock, "xds.signing")
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
        if self._reach.client.told and not self._unchecked():
            found += check_certificate(self.client().pair.certificates, "tls", now, path=f"{place}.client_cert")
        if self._reach.wire == "xds":
            access, signer = self._reach.xds, self.signer()
            held = signer.certificates
            found += signer.look(now, f"{place}.xds.signing")
            if access.check_structure and access.mode != "direct":
                found += self._check_structure(held[0], f"{place}.xds.structure")
        return tuple(found)

    def _check_structure(self, signing: bytes, place: str) -> tuple[Finding, ...]:
        """A warning when one of the two certificates names another structure."""
        held = [signing, *(self.client().pair.certificates[:1] if self._reach.client.told else ())]
        told = [check_structure(one, self._reach.xds.structure, path=place) for one in held]
        return next((one for one in told if one), ())

    @property
    def client_in_clear(self) -> bool:
        """Whether TLS needs no more than two PEM files in clear, which ask for no extra."""
        client = self._reach.client
        if client.key is None or client.password_env:
            return not client.told
        try:
            return b"ENCRYPTED" not in client.key.read_bytes()
        except OSError:
            return True  # told at the first call

    def _unchecked(self) -> bool:
        """Whether a FHIR server is reached with PEM files, and what reads certificates is not installed."""
        if self._reach.wire == "xds" or not self.client_in_clear:
            return False
        try:
            need_cryptography()
        except MissingExtra:
            return True
        return False

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
