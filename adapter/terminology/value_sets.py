"""Published value sets (jeux de valeurs), as far as our tables claim to take a code from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapter.model.coded import Coding


@dataclass(frozen=True, slots=True)
class ValueSet:
    """One published list of codes at one version.

    Attributes:
        name: short name that table rows cite in ``source`` (``JDV_J02``).
        oid: OID of the value set.
        version: date of the published list, ``AAAA-MM-JJ``, or empty when the publisher gives none.
        complete: whether every code of the published list is held; an incomplete list proves membership only.
        members: publisher's label by (OID of the code system, code).
        periods: first and last day of validity (``AAAA-MM-JJ``, empty when the publisher gives none) by the same key;
            a code that is not there has no stated bounds.
    """

    name: str
    oid: str
    version: str
    complete: bool
    members: Mapping[tuple[str, str], str]
    periods: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def holds(self, coding: Coding) -> bool:
        """Whether the code of `coding` stands in the list, its label aside."""
        return (coding.system.oid, coding.code) in self.members

    def display(self, coding: Coding) -> str | None:
        """Publisher's label of the code, or None when the list does not hold it."""
        return self.members.get((coding.system.oid, coding.code))
