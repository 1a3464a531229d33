"""The three names of a code system, each leading to the other two."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from adapter.model.coded import CodeSystem

# First arc 0 to 2, second below 40 under 0 and 1, no leading zero: ITU-T X.660; 2.25 arcs hold up to 39 digits.
_OID = re.compile(r"(?:[01]\.(?:[0-9]|[1-3][0-9])|2\.(?:0|[1-9][0-9]*))(?:\.(?:0|[1-9][0-9]*))+")


def is_oid(text: str) -> bool:
    """Whether `text` is a dotted OID of at least three arcs, without leading zeros.

    Source: ITU-T X.660; CDA R2 datatype ``oid``.
    """
    return _OID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Registry:
    """Every code system we know, found by key, by OID or by URI.

    Two systems may share an OID or a URI (a publisher renamed one): the first in the table answers.
    """

    by_key: Mapping[str, CodeSystem]
    by_oid: Mapping[str, CodeSystem]
    by_uri: Mapping[str, CodeSystem]

    @classmethod
    def of(cls, systems: Iterable[CodeSystem]) -> Registry:
        """Registry of `systems`, in their order."""
        by_key: dict[str, CodeSystem] = {}
        by_oid: dict[str, CodeSystem] = {}
        by_uri: dict[str, CodeSystem] = {}
        for system in systems:
            by_key.setdefault(system.key, system)
            by_oid.setdefault(system.oid, system)
            by_uri.setdefault(system.uri, system)
            by_uri.setdefault(f"urn:oid:{system.oid}", system)
        return cls(by_key, by_oid, by_uri)
