"""What each rule on the tables asks, and how to mend a fault: the part of ``dmp-adapter rules`` on mappings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from adapter.errors import Severity

SOURCE: Final = "mappings/README.md"


@dataclass(frozen=True, slots=True)
class RuleText:
    """One rule, told to the person who changes a table; same fields as the other rule texts.

    Attributes:
        code: stable code, the one that findings carry.
        severity: weight of a finding of this rule.
        title: one short French line.
        explanation: what is asked, and how to mend it, in French.
        source: where the rule is written.
    """

    code: str
    severity: Severity
    title: str
    explanation: str
    source: str = SOURCE


_E: Final = Severity.ERROR
_W: Final = Severity.WARNING

_TEXTS: Final = (
    RuleText("MAP-FILE", _E, "Fichier absent", "Un fichier attendu manque dans le dossier des tables."),
    RuleText("MAP-ENCODING", _E, "Encodage", "Les fichiers sont en UTF-8, sans marque d'ordre (BOM) ni octet nul."),
    RuleText(
        "MAP-COLUMNS",
        _E,
        "Colonnes d'un fichier CSV",
        "La première ligne nomme exactement les colonnes prévues ; chaque ligne en a autant. Un libellé qui contient "
        "une virgule s'écrit entre guillemets.",
    ),
    RuleText("MAP-TOML", _E, "Fichier TOML illisible", "La syntaxe TOML est fautive à l'endroit indiqué."),
    RuleText("MAP-LOCAL", _E, "Valeur locale mal formée", "Une valeur locale n'est ni vide, ni coupée d'une espace."),
    RuleText(
        "MAP-DUPLICATE",
        _E,
        "Valeur définie deux fois",
        "Une valeur a une ligne. Une seconde ligne de même libellé ajoute un code d'un autre système ; du même "
        "système, sa note dit pourquoi.",
    ),
    RuleText("MAP-LABEL", _E, "Libellé", "Chaque valeur a un libellé français, le même sur toutes ses lignes."),
    RuleText("MAP-SOURCE", _E, "Source absente", "Chaque ligne dit d'où elle vient : jeu de valeurs et date."),
    RuleText(
        "MAP-EQUIVALENCE",
        _E,
        "Équivalence inconnue",
        "Attendu : equivalent, wider (le code est plus large), narrower (plus étroit), inexact, unmatched.",
    ),
    RuleText("MAP-UNMATCHED", _E, "Valeur sans code", "Une ligne « unmatched » n'a ni système, ni code, ni libellé."),
    RuleText(
        "MAP-NOTE",
        _E,
        "Note absente",
        "Une valeur sans code ou d'équivalence imparfaite dit pourquoi dans sa note : ce qui a été cherché, ce qui "
        "diffère.",
    ),
    RuleText("MAP-SYSTEM", _E, "Système de codes inconnu", "Le système est une clé de systems.csv."),
    RuleText("MAP-CODE", _E, "Code absent", "Une ligne codée a un code, sans espace autour."),
    RuleText(
        "MAP-DISPLAY",
        _E,
        "Libellé du producteur absent",
        "Un code équivalent porte le libellé de son producteur, recopié et non réécrit.",
    ),
    RuleText(
        "MAP-CONFLICT",
        _E,
        "Deux libellés pour un code",
        "Un code a le même libellé de producteur dans toutes les tables : deux libellés diraient deux sens.",
    ),
    RuleText("MAP-OID", _E, "OID mal formé", "Un OID est fait de nombres sans zéro inutile, séparés de points."),
    RuleText("MAP-URI", _E, "URI mal formée", "Une URI commence par https://, http:// ou urn:."),
    RuleText("MAP-ROW", _E, "Ligne absente", "Une valeur employée n'a pas de ligne ; il n'y a pas de code par défaut."),
    RuleText("MAP-TEXT", _E, "Phrase absente", "Les messages sont des textes non vides, entre guillemets."),
    RuleText(
        "MAP-EDITION", _E, "Édition", "Une édition nomme ses profils dans [profiles] ; l'édition demandée existe."
    ),
    RuleText(
        "MAP-SECTION",
        _E,
        "Rubrique incomplète",
        "Une rubrique a une clé, un titre, une source, un code, au moins un modèle (templateId) et une rubrique FHIR.",
    ),
    RuleText("MAP-FHIR-SECTION", _E, "Rubrique FHIR inconnue", "« fhir » est la clé d'une [[fhir_section]]."),
    RuleText("MAP-PARENT", _E, "Rubrique mère inconnue", "« parent » est la clé d'une autre [[section]]."),
    RuleText("MAP-WHEN-EMPTY", _E, "Conduite si vide", "« when_empty » vaut omit, state-absence ou refuse."),
    RuleText("MAP-SCALE", _E, "Échelle inconnue", "Une échelle citée a sa ligne dans codes/scales.csv."),
    RuleText(
        "MAP-COVERAGE",
        _E,
        "Valeur du modèle sans ligne",
        "Chaque valeur qu'une visite peut employer a sa ligne, fût-elle « unmatched ».",
    ),
    RuleText("MAP-ORPHAN", _W, "Ligne sans emploi", "Aucune visite ne peut employer cette valeur : faute de frappe ?"),
    RuleText(
        "MAP-MEMBER",
        _E,
        "Code absent du jeu de valeurs cité",
        "Une ligne qui cite un jeu de valeurs gardé dans value-sets/ s'y trouve, sous le même libellé et la même date.",
    ),
)

MAPPING_RULES: Final[Mapping[str, RuleText]] = {text.code: text for text in _TEXTS}
"""Rule text by code, in the order of a reading."""
