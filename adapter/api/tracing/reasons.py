"""Why a field of the visit stands in no form, or not in one of them: each silence is named here, or it is a loss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from adapter.api.tracing.leaves import pattern_of
from adapter.api.tracing.scan import FORMS, Form

_STATED: Final[tuple[tuple[tuple[Form, ...], str, tuple[str, ...]], ...]] = (
    (
        FORMS,
        "Clé locale : elle relie des parties de la visite, elle n'apprend rien au lecteur.",
        ("$.attachments[].id",),
    ),
    (
        ("cda", "sheet"),
        "Clé locale : elle relie des parties de la visite et nomme des ressources FHIR, elle n'apprend rien au "
        "lecteur.",
        ("$.relatives[].id", "$.care_team[].id", "$.patient.guardians[].id"),
    ),
    (
        ("cda", "fhir"),
        "Masquage : porté par les métadonnées de l'envoi et rappelé sur la fiche.",
        ("$.sharing.visibility[]",),
    ),
    (
        ("cda",),
        "L'en-tête CDA n'a pas de moyen de contact pour le lieu : son numéro est dans le texte du motif.",
        ("$.place.telecoms[].kind", "$.place.telecoms[].use"),
    ),
    (
        ("cda", "fhir"),
        "Les numéros à appeler jour et nuit sont ceux des soignants et des proches, non celui du patient.",
        ("$.patient.telecoms[].always",),
    ),
    (
        ("sheet",),
        "La fiche nomme les gens par leur titre et leur nom.",
        (".name.civility",),
    ),
    (
        ("sheet",),
        "La fiche montre le matricule, non l'autorité qui l'attribue.",
        ("$.patient.ins.root",),
    ),
    (
        ("sheet",),
        "La fiche identifie par le matricule INS quand il y en a un.",
        ("$.patient.local_id",),
    ),
    (
        ("sheet",),
        "Les codes sont pour les machines : la fiche donne les mots du médecin.",
        (
            ".atc",
            ".cis",
            ".substance",
            "$.allergies.items[].reaction_cim10",
            "$.structure.facility_type",
            "$.structure.practice_setting",
        ),
    ),
    (
        ("sheet",),
        "La fiche donne l'adresse et les numéros de la structure ou ceux du médecin, non les deux.",
        (
            "$.author.address.lines[]",
            "$.author.address.postal_code",
            "$.author.address.city",
            "$.author.address.country",
            "$.structure.telecoms[].kind",
            "$.structure.telecoms[].use",
            "$.structure.telecoms[].value",
        ),
    ),
    (
        ("sheet",),
        "La qualité de l'auteur se lit au médecin remplacé ou au médecin traitant que la fiche nomme.",
        ("$.author.capacity",),
    ),
    (
        ("sheet",),
        "La fiche nomme le médecin remplacé ou le médecin traitant, sans ses coordonnées ni son numéro.",
        tuple(
            f"$.author.{who}.{field}"
            for who in ("replaces", "attending_physician")
            for field in (
                "rpps",
                "address.lines[]",
                "address.postal_code",
                "address.city",
                "address.country",
                "telecoms[].kind",
                "telecoms[].use",
                "telecoms[].value",
            )
        ),
    ),
    (
        ("sheet",),
        "Pour l'équipe, la fiche donne le nom, le rôle et les numéros à appeler.",
        tuple(
            f"$.care_team[].{field}"
            for field in (
                "rpps",
                "finess",
                "profession",
                "function",
                "address.lines[]",
                "address.postal_code",
                "address.city",
                "address.country",
            )
        ),
    ),
)
"""Forms, reason, paths; a path that begins with a dot is the end of a path."""

_STATED_OF: Final[tuple[tuple[tuple[Form, ...], str, str, object], ...]] = (
    (
        ("fhir",),
        "FHIR n'a pas d'usage pour un numéro d'urgence : le CDA et les textes le disent.",
        ".telecoms[].use",
        "emergency",
    ),
    (
        ("fhir",),
        "FHIR n'admet pas l'usage « domicile » pour une structure.",
        ".telecoms[].use",
        "home",
    ),
)
"""Forms, reason, end of a path, and the only value for which it holds."""

_DOSAGE: Final = (
    "La posologie structurée CDA a la dose, la fréquence et le débit ; le reste est dans le texte de l'entrée."
)
_WORDS_ONLY: Final[tuple[tuple[Form, str, tuple[str, ...]], ...]] = (
    (
        "cda",
        _DOSAGE,
        (
            "$.anticipatory[].instructions",
            "$.treatments.items[].every_hours",
            "$.treatments.items[].instructions",
            "$.treatments.items[].kind",
            "$.treatments.items[].pca.bolus.unit",
            "$.treatments.items[].pca.bolus.value",
            "$.treatments.items[].pca.lockout_min",
            "$.treatments.items[].pca.max_boluses",
            "$.treatments.items[].pca.max_boluses_hours",
            "$.treatments.items[].schedule",
            "$.treatments.items[].taken_last_day",
        ),
    ),
    (
        "cda",
        "L'en-tête CDA n'a pas de place pour ce code ni pour ce lien : le texte les dit.",
        (
            "$.patient.guardians[].kind",
            "$.patient.guardians[].relationship",
            "$.care_team[].structure",
        ),
    ),
    (
        "cda",
        "L'en-tête CDA décrit le lieu par un nom et une adresse : le texte du motif dit le reste.",
        ("$.place.kind", "$.place.name", "$.place.telecoms[].value"),
    ),
    (
        "cda",
        "L'entrée CDA d'un dispositif n'a pas de localisation : le texte la dit.",
        ("$.devices[].side", "$.devices[].site"),
    ),
    (
        "cda",
        "L'entrée CDA d'un rendez-vous a sa date ; les mots sont dans le texte.",
        ("$.next_visit.text",),
    ),
    (
        "fhir",
        "Le profil français d'un traitement n'a pas de forme galénique en dehors du médicament codé : le texte la dit.",
        ("$.treatments.items[].form", "$.treatments.items[].release"),
    ),
)
"""Form that has the words only where the other one has data, reason, paths."""

_CARRIED: Final[tuple[tuple[str, str], ...]] = (
    ("$.present[].kind", ".ref"),
    ("$.next_visit.on", ".at"),
    ("$.relatives[].relationship", ".relationship_label"),
    ("$.patient.guardians[].present", "$.present"),
    ("$.treatments.items[].substance", ".atc"),
    ("$.anticipatory[].substance", ".atc"),
    ("$.allergies.items[].substance", ".atc"),
)
"""A field, and what says the same and is printed in its place: its neighbour, or a part of the visit."""

_UNQUALIFIED: Final = "Identité non qualifiée : le matricule ne s'imprime pas (RNIV)."
_HELD_BACK: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("$.patient.ins.value", "$.patient.ins.status", "qualified", _UNQUALIFIED),
    ("$.patient.ins.root", "$.patient.ins.status", "qualified", _UNQUALIFIED),
)
"""A field, another one, the value of that one under which the first would be printed, and the reason."""


def stated(path: str, value: object, not_shared: Mapping[str, str]) -> dict[Form, str]:
    """Reason by form, for a JSON path with its ranks.

    Args:
        path: of a value of the visit.
        value: of the field; a few reasons hold for one value only.
        not_shared: reasons of ``mappings/not-shared.toml``, by path without ranks; they hold for every form.
    """
    pattern = pattern_of(path)
    if pattern in not_shared:
        return dict.fromkeys(FORMS, not_shared[pattern])
    found: dict[Form, str] = {}
    for forms, reason, ends in _STATED:
        if any(_is(pattern, end) for end in ends):
            found.update(dict.fromkeys(forms, reason))
    for forms, reason, end, only in _STATED_OF:
        if value == only and _is(pattern, end):
            found.update(dict.fromkeys(forms, reason))
    return found


def words_only(path: str, value: object, form: Form) -> str:
    """Reason for which `form` has a value in words where the other machine form has data; empty when none is known."""
    pattern = pattern_of(path)
    if form == "cda" and pattern == "$.treatments.items[].times_per_day" and isinstance(value, int) and 24 % value:
        return "HL7 V3 dit une fréquence par une période : celle-ci n'est pas un nombre entier d'heures."
    return next((why for where, why, ends in _WORDS_ONLY if where == form and pattern in ends), "")


def carriers(path: str) -> Iterator[tuple[str, object, str]]:
    """What may hide `path`: its own path with its ranks, the value that would uncover `path`, and the reason."""
    pattern = pattern_of(path)
    for hidden, other in _CARRIED:
        if _is(pattern, hidden):
            name = other if other.startswith("$") else path.rpartition(".")[0] + other
            yield name, None, f"Dit par {name}."
    for hidden, other, value, reason in _HELD_BACK:
        if _is(pattern, hidden):
            yield other, value, reason


def _is(pattern: str, end: str) -> bool:
    return pattern.endswith(end) if end.startswith(".") else pattern == end
