"""What ``compose`` reports, told to the person who wrote the visit: its part of ``dmp-adapter rules``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapter.errors import RuleText, Severity

RULES: Final[Mapping[str, RuleText]] = {
    rule.code: rule
    for rule in (
        RuleText(
            "CMP-UNCODED",
            Severity.WARNING,
            "Élément conservé en texte",
            "Aucun code publié n'est connu pour cet élément et le logiciel n'en a pas transmis. Le texte du médecin"
            " figure dans le document ; aucun code voisin n'est mis à sa place. Transmettre un code (CIM-10, ATC…) si"
            " le logiciel en dispose.",
            "Règle de l'adaptateur : pas de code par défaut",
        ),
        RuleText(
            "CMP-ATC",
            Severity.WARNING,
            "Code ATC d'une autre substance",
            "Le code ATC transmis n'est pas l'un de ceux de la substance choisie. Il est imprimé tel quel, à côté du"
            " texte du médecin, sans le code de la substance. Vérifier lequel des deux est juste.",
            "Règle de l'adaptateur : un traitement ne porte pas deux codes qui se contredisent",
        ),
        RuleText(
            "CMP-INS",
            Severity.WARNING,
            "Matricule INS non imprimé",
            "L'identité n'est pas au statut qualifié : le matricule INS ne doit pas circuler. Le document porte"
            " l'identifiant local du patient et ne pourra pas alimenter le DMP.",
            "Référentiel national d'identitovigilance (RNIV) ; référentiel INS",
        ),
        RuleText(
            "CMP-EMPTY",
            Severity.ERROR,
            "Rubrique obligatoire sans contenu",
            "Les tables demandent de refuser le document quand cette rubrique est vide (when_empty = « refuse »)."
            " Remplir le champ de la visite que désigne le chemin.",
            "mappings/documents/vsp-synthesis.toml",
        ),
    )
}
"""Every rule that composing a document may name, by code."""
