"""Derived identifiers: the same visit gives the same ids, and no id tells anything of the patient."""

from __future__ import annotations

from hashlib import sha1

_VARIANT = {digit: "89ab"[int(digit, 16) >> 2] for digit in "0123456789abcdef"}


def _uuid5(d: str) -> str:
    """UUID text (version 5 layout, RFC 9562) from a SHA-1 digest in hexadecimal."""
    return f"{d[:8]}-{d[8:12]}-5{d[13:16]}-{_VARIANT[d[16]]}{d[17:20]}-{d[20:32]}"


class Keys:
    """Keys and OIDs of one version of one synthesis.

    Args:
        issuer: OID arc of the issuer, or None: then ids are UUID-derived OIDs under 2.25 (Rec. ITU-T X.667).
        structure: national identifier or name of the structure, so that two practices never share an id.
        visit_id: stable local id of the visit. It enters as a hash only.
    """

    __slots__ = ("_issuer", "_owner", "_seed", "_version")

    def __init__(self, issuer: str | None, structure: str, visit_id: str, version: int) -> None:
        self._issuer = issuer
        self._owner = sha1(f"{issuer or '2.25'}\n{structure}\n".encode(), usedforsecurity=False)
        self._seed = self._owner.copy()
        self._seed.update(f"{visit_id}\n".encode())
        self._version = self._seed.copy()
        self._version.update(b"v%d\n" % version)

    def key(self, role: str) -> str:
        """UUID of the thing that plays ``role`` in this version."""
        h = self._version.copy()
        h.update(role.encode())
        return _uuid5(h.hexdigest())

    def local_root(self) -> str:
        """OID under which the structure's own identifiers stand (patient record, encounter), in every document."""
        return self._issuer or f"2.25.{int(_uuid5(self._owner.hexdigest()).replace('-', ''), 16)}"

    def set_oid(self) -> str:
        """OID shared by all versions (setId)."""
        return self._oid(b"set")

    def version_oid(self, version: int) -> str:
        """OID of one version (ClinicalDocument/id, XDS uniqueId), at most 64 characters."""
        return self._oid(b"version %d" % version)

    def _oid(self, what: bytes) -> str:
        h = self._seed.copy()
        h.update(what)
        if self._issuer is None:
            return f"2.25.{int(_uuid5(h.hexdigest()).replace('-', ''), 16)}"
        return f"{self._issuer}.{int.from_bytes(h.digest()[:8], 'big')}"
