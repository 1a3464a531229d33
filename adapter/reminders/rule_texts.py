"""What the reminders may complain about, told to the person who has to mend it: their part of ``dmp-adapter rules``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapter.errors import Finding, RuleText, Severity

_SOURCE: Final = "Rappels de visite de l'adaptateur"

RULES: Final[Mapping[str, RuleText]] = {
    rule.code: rule
    for rule in (
        RuleText(
            "REM-FILE",
            Severity.ERROR,
            "Visite illisible",
            "Un fichier du dossier ne peut pas être lu : sa visite ne figure pas dans la liste. Vérifier le fichier et"
            " les droits, puis recommencer.",
            _SOURCE,
        ),
        RuleText(
            "REM-SAME-VISIT",
            Severity.ERROR,
            "Deux contenus pour une même version",
            "Deux fichiers portent le même identifiant et la même version de visite, avec des contenus différents : on"
            " ne sait pas lequel fait foi, le premier lu est listé. Monter la version de la correction, ou retirer"
            " l'un des deux.",
            _SOURCE,
        ),
        RuleText(
            "REM-NO-DATE",
            Severity.ERROR,
            "Prochaine visite sans date",
            "La visite ne donne pas de jour pour la suivante, ou le dit seulement en clair (« dans 7 jours ») : aucune"
            " date n'est calculée, donc aucun rappel n'est écrit. Renseigner next_visit.on ou next_visit.at.",
            _SOURCE,
        ),
        RuleText(
            "REM-ROW",
            Severity.ERROR,
            "Dépôt sans contenu lisible",
            "Ce dépôt de la file d'envoi a été purgé ou est illisible : ce qu'il prévoit n'est pas connu. Lister plutôt"
            " le dossier des visites.",
            _SOURCE,
        ),
    )
}
"""Every rule that the reminders may name, by code."""


def finding(rule: str, path: str, message: str) -> Finding:
    """Error of one of these rules."""
    return Finding(rule, RULES[rule].severity, path, message, RULES[rule].source)
