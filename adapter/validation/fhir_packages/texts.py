"""Rules of the judge by packages, told in French."""

from __future__ import annotations

from typing import Final

from adapter.errors import RuleText, Severity

E, W = Severity.ERROR, Severity.WARNING
SOURCE: Final = "Profils des paquets FHIR donnés (StructureDefinition, ValueSet)"
_TEXTS: Final[tuple[tuple[str, Severity, str, str], ...]] = (
    ("PKG-ELEMENT", E, "Élément inconnu du profil", "L'élément n'existe pas dans la définition."),
    ("PKG-MIN", E, "Élément absent", "Le profil exige davantage d'occurrences."),
    ("PKG-MAX", E, "Élément en trop", "Le profil admet moins d'occurrences."),
    ("PKG-TYPE", E, "Type non admis", "La valeur ou la ressource n'est pas du type attendu."),
    ("PKG-SHAPE", E, "Forme inattendue", "Un objet est attendu à cet endroit."),
    ("PKG-PRIMITIVE", E, "Valeur simple mal formée", "La valeur n'a pas la forme de son type."),
    ("PKG-VALUE", E, "Valeur différente de celle imposée", "Le profil fixe cette valeur ou ce motif, ou la borne."),
    ("PKG-SLICE", E, "Occurrence hors des tranches permises", "Le découpage fermé n'admet pas cette occurrence."),
    ("PKG-BINDING", E, "Code hors du jeu de valeurs", "Erreur si la liaison est obligatoire, sinon avertissement."),
    ("PKG-INVARIANT", E, "Contrainte non respectée", "Une contrainte FHIRPath du profil est fausse."),
    ("PKG-REFERENCE", E, "Référence sans cible", "La ressource visée n'est pas dans l'instance."),
    ("PKG-AGGREGATION", E, "Référence vers une ressource non contenue", "Le profil veut une ressource contenue."),
    ("PKG-TARGET", E, "Ressource visée d'un autre profil", "Ni le type ni le profil ne sont ceux attendus."),
    ("PKG-UNKNOWN-PROFILE", W, "Profil absent des paquets", "Le profil déclaré n'a pas pu être vérifié."),
    ("PKG-UNKNOWN-EXTENSION", W, "Extension absente des paquets", "L'extension n'a pas pu être vérifiée."),
)

RULES: Final[dict[str, RuleText]] = {
    code: RuleText(code, weight, title, told, SOURCE) for code, weight, title, told in _TEXTS
}
