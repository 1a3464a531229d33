"""Rules that the HTTP service itself names, explained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapter.errors import RuleText, Severity

_SOURCE: Final = "Contrat OpenAPI du service"


def _rules(*rules: RuleText) -> Mapping[str, RuleText]:
    return {rule.code: rule for rule in rules}


RULES: Final = _rules(
    RuleText(
        "SVC-BODY",
        Severity.ERROR,
        "Corps de requête mal formé",
        "Un champ du corps est absent, inconnu ou d'une autre forme que celle du contrat (GET /openapi.json).",
        _SOURCE,
    ),
    RuleText(
        "SVC-PARAMETER",
        Severity.ERROR,
        "Paramètre de requête refusé",
        "Un paramètre de l'adresse est absent ou n'a pas une valeur admise ; le contrat (GET /openapi.json) les donne.",
        _SOURCE,
    ),
)
