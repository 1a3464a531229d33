"""Coded values, resolved once in ``compose`` and printed as they are by every renderer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CodeSystem:
    """One code system under its three names.

    Attributes:
        key: our short name, the one that mapping tables use (``loinc``, ``tre-r02``).
        oid: dotted OID, printed in CDA.
        uri: canonical URI, printed in FHIR (``urn:oid:...`` when the publisher has none).
        name: human name, printed as ``codeSystemName`` in CDA.
    """

    key: str
    oid: str
    uri: str
    name: str


@dataclass(frozen=True, slots=True)
class Coding:
    """One concept of one code system.

    ``display`` is the publisher's label, or empty when we do not know it: a label is never made up.
    """

    system: CodeSystem
    code: str
    display: str = ""


@dataclass(frozen=True, slots=True)
class Concept:
    """What the doctor named: the words always, the codes when there are any.

    The first coding is the one a format prints first, the others are translations of it. No coding means
    that the concept stays text (CDA ``nullFlavor`` with ``originalText``, FHIR ``text`` alone).
    """

    text: str
    codings: tuple[Coding, ...] = ()

    @property
    def coding(self) -> Coding | None:
        """First coding, or None when the concept is text only."""
        return self.codings[0] if self.codings else None
