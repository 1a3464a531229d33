"""Identifiers, parsed once into values that never show themselves by accident.

``repr``, ``str`` and formatting are masked; ``value`` is the only way to the digits. A wrong shape raises
``IdentifierError`` (which never carries the text); a wrong key is a ``Finding``, because test identities come with
wrong keys and production ones must not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Final, NoReturn, Self

from adapter.errors import AdapterError, Finding, Severity

INS_NIR: Final = "1.2.250.1.213.1.4.8"
INS_NIA: Final = "1.2.250.1.213.1.4.9"
INS_NIR_TEST: Final = "1.2.250.1.213.1.4.10"
INS_NIR_DEMO: Final = "1.2.250.1.213.1.4.11"
INS_ROOTS: Final = frozenset({INS_NIR, INS_NIA, INS_NIR_TEST, INS_NIR_DEMO})

PROFESSIONAL_OID: Final = "1.2.250.1.71.4.2.1"
"""Root of national identifiers of professionals: ``8`` then RPPS."""

STRUCTURE_OID: Final = "1.2.250.1.71.4.2.2"
"""Root of national identifiers of structures: ``1`` then FINESS."""

_INS_SOURCE: Final = "Référentiel INS ; NIR : INSEE, clé = 97 - (13 premiers caractères modulo 97), 2A = 19, 2B = 18"
_CARD_SOURCE: Final = "CI-SIS, Annexe Sources des données personnes et structures (identifiants nationaux)"

# Sex 1/2 (NIR), 3/4 (person waiting for a NIR), 7/8 (NIA); year; month 01-12, or 20-42 and 50-99 when it is not
# known; department, 2A and 2B included; commune and order; key.
_INS = re.compile(r"[123478][0-9]{2}(?:0[1-9]|1[0-2]|[23][0-9]|4[0-2]|[5-9][0-9])(?:[0-9]{2}|2[AB])[0-9]{6}[0-9]{2}")
_RPPS = re.compile(r"[0-9]{11}")
_FINESS = re.compile(r"[0-9][0-9AB][0-9]{7}")
_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# Metropolitan communes (Corsica is 2A and 2B since 1976, never 20), overseas (97, 98), foreign countries (99).
_INSEE = re.compile(r"(?:0[1-9]|1[0-9]|2[1-9AB]|[3-8][0-9]|9[0-5789])[0-9]{3}")

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


class IdentifierError(AdapterError, ValueError):
    """An identifier without its published shape; holds the rule, never the text."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(f"{rule} : {message}")
        self.rule = rule
        self.message = message


def luhn_valid(digits: str) -> bool:
    """True when the last of `digits` is the Luhn key of the others."""
    odd = sum(map(int, digits[-1::-2]))
    even = sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])
    return (odd + even) % 10 == 0


@dataclass(frozen=True, slots=True, repr=False)
class _Masked:
    """Text kept out of every message: `value` shows it, nothing else does."""

    value: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)


@dataclass(frozen=True, slots=True, repr=False)
class MatriculeIns(_Masked):
    """National health identity number of a patient with its assigning root.

    Attributes:
        value: 15 characters, key included: 13 of the NIR or NIA (department ``2A``/``2B`` for Corsica), then 2.
        root: OID of the kind of number, one of ``INS_ROOTS``.

    Source: Référentiel INS; roots .8 NIR, .9 NIA, .10 NIR test, .11 NIR demo under 1.2.250.1.213.1.4.
    """

    root: str

    @classmethod
    def parse(cls, text: str, root: str) -> Self:
        """Number of the published shape, spaces and case of the Corsican letter forgiven; the key is not judged.

        Raises:
            IdentifierError: INS-ROOT or INS-FORMAT.
        """
        if root not in INS_ROOTS:
            raise IdentifierError("INS-ROOT", "La racine du matricule INS n'est pas l'une des quatre racines publiées.")
        compact = text.replace(" ", "").upper()
        if _INS.fullmatch(compact) is None:
            raise IdentifierError(
                "INS-FORMAT",
                "Le matricule INS doit compter 15 caractères : sexe, année, mois, département, commune, ordre et clé.",
            )
        return cls(compact, root)

    @property
    def number(self) -> str:
        """The 13 characters before the key."""
        return self.value[:13]

    @property
    def key(self) -> str:
        """The two digits of the key."""
        return self.value[13:]

    @property
    def key_valid(self) -> bool:
        """True when the key is the one computed from the number."""
        number = self.value[:13].replace("2A", "19").replace("2B", "18")
        return 97 - int(number) % 97 == int(self.value[13:])

    @property
    def is_test(self) -> bool:
        """True for the test and demonstration roots, which name nobody."""
        return self.root in (INS_NIR_TEST, INS_NIR_DEMO)

    def check(self, path: str) -> tuple[Finding, ...]:
        """INS-KEY when the key is wrong: an error for real numbers, a warning for test and demonstration ones."""
        if self.key_valid:
            return ()
        severity = Severity.WARNING if self.is_test else Severity.ERROR
        return (Finding("INS-KEY", severity, path, "La clé du matricule INS est fausse.", _INS_SOURCE),)

    def __repr__(self) -> str:
        return f"MatriculeIns(root={_ROOT_NAMES[self.root]}, ***)"


_ROOT_NAMES: Final = {INS_NIR: "nir", INS_NIA: "nia", INS_NIR_TEST: "nir-test", INS_NIR_DEMO: "nir-demo"}


@dataclass(frozen=True, slots=True, repr=False)
class Rpps(_Masked):
    """Number of a health professional: 11 digits, the last one a Luhn key.

    Source: RPPS; CI-SIS Annexe Sources des données personnes et structures (PS_IdNat type 8).
    """

    oid: ClassVar[str] = PROFESSIONAL_OID

    @classmethod
    def parse(cls, text: str) -> Self:
        """Number of 11 digits, spaces forgiven; the key is not judged.

        Raises:
            IdentifierError: RPPS-FORMAT.
        """
        compact = text.replace(" ", "")
        if _RPPS.fullmatch(compact) is None:
            raise IdentifierError("RPPS-FORMAT", "Le numéro RPPS doit compter 11 chiffres.")
        return cls(compact)

    @property
    def national_id(self) -> str:
        """PS_IdNat under `oid`: ``8`` then the RPPS number."""
        return "8" + self.value

    @property
    def key_valid(self) -> bool:
        """True when the last digit is the Luhn key."""
        return luhn_valid(self.value)

    def check(self, path: str) -> tuple[Finding, ...]:
        """RPPS-KEY, a warning: published examples carry numbers without a valid key."""
        if self.key_valid:
            return ()
        return (Finding("RPPS-KEY", Severity.WARNING, path, "La clé du numéro RPPS est fausse.", _CARD_SOURCE),)


@dataclass(frozen=True, slots=True, repr=False)
class Finess(_Masked):
    """Number of a health or social structure: 9 characters, department ``2A``/``2B`` for Corsica.

    The last character is a Luhn key where all nine are digits; no key rule is published for Corsican letters.
    Source: FINESS; CI-SIS Annexe Sources des données personnes et structures (Struct_IdNat type 1).
    """

    oid: ClassVar[str] = STRUCTURE_OID

    @classmethod
    def parse(cls, text: str) -> Self:
        """Number of 9 characters, spaces and case of the Corsican letter forgiven; the key is not judged.

        Raises:
            IdentifierError: FINESS-FORMAT.
        """
        compact = text.replace(" ", "").upper()
        if _FINESS.fullmatch(compact) is None:
            raise IdentifierError("FINESS-FORMAT", "Le numéro FINESS doit compter 9 chiffres (2A ou 2B pour la Corse).")
        return cls(compact)

    @property
    def national_id(self) -> str:
        """Struct_IdNat under `oid`: ``1`` then the FINESS number."""
        return "1" + self.value

    @property
    def key_valid(self) -> bool:
        """True when the last digit is the Luhn key, or when a Corsican letter leaves no rule to judge by."""
        return not self.value.isdigit() or luhn_valid(self.value)

    def check(self, path: str) -> tuple[Finding, ...]:
        """FINESS-KEY, a warning: published examples carry numbers without a valid key."""
        if self.key_valid:
            return ()
        return (Finding("FINESS-KEY", Severity.WARNING, path, "La clé du numéro FINESS est fausse.", _CARD_SOURCE),)


@dataclass(frozen=True, slots=True)
class Oid:
    """Object identifier in dotted form, 64 characters at most (CDA and DICOM bound)."""

    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """OID with at least two arcs, none with a leading zero, the second below 40 under roots 0 and 1.

        Raises:
            IdentifierError: OID-FORMAT.
        Source: ITU-T X.660; HL7 CDA R2 datatype uid; IHE ITI TF-3 (64 characters).
        """
        if len(text) > 64 or _OID.fullmatch(text) is None:
            _not_an_oid()
        first, second = text.split(".", 2)[:2]
        if first != "2" and int(second) > 39:
            _not_an_oid()
        return cls(text)

    def __str__(self) -> str:
        return self.value


def _not_an_oid() -> NoReturn:
    raise IdentifierError("OID-FORMAT", "L'OID doit être une suite de nombres séparés par des points (64 caractères).")


@dataclass(frozen=True, slots=True)
class Uuid:
    """UUID in its canonical form: lower case, with hyphens."""

    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """UUID made canonical: upper case and ``urn:uuid:`` are forgiven, any other writing is not.

        Raises:
            IdentifierError: UUID-FORMAT.
        Source: RFC 9562.
        """
        canonical = text.lower().removeprefix("urn:uuid:")
        if _UUID.fullmatch(canonical) is None:
            raise IdentifierError("UUID-FORMAT", "L'UUID doit s'écrire en 36 caractères hexadécimaux avec tirets.")
        return cls(canonical)

    @property
    def urn(self) -> str:
        """``urn:uuid:`` form, as FHIR prints it."""
        return "urn:uuid:" + self.value

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, repr=False)
class InseeCommune(_Masked):
    """INSEE code of a place of birth: commune, ``2A``/``2B`` for Corsica, 97 and 98 overseas, 99 for a country."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Code of 5 characters, case of the Corsican letter forgiven.

        Raises:
            IdentifierError: INSEE-FORMAT.
        Source: INSEE, Code officiel géographique; Référentiel national d'identitovigilance (lieu de naissance).
        """
        compact = text.strip().upper()
        if _INSEE.fullmatch(compact) is None:
            raise IdentifierError("INSEE-FORMAT", "Le code INSEE du lieu de naissance doit compter 5 caractères.")
        return cls(compact)

    @property
    def is_abroad(self) -> bool:
        """True when the code names a country (99), not a French commune."""
        return self.value.startswith("99")
