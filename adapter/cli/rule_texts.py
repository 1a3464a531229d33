"""Rules that the command line itself names, and the table of all rules of the package."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from adapter.errors import Finding, RuleText, Severity

_OWN = {
    "CLI-KIND": (
        "Nature du fichier inconnue",
        "Le fichier n'est ni une visite (objet JSON), ni un document CDA (XML), ni un Bundle FHIR (JSON).",
    ),
    "CLI-SAME-DOCUMENT": (
        "Deux contenus pour un même document",
        "Deux visites de la même commande portent le même identifiant et la même version, avec des contenus"
        " différents : la seconde effacerait la première. Monter la version de la correction, ou changer"
        " l'identifiant de la visite.",
    ),
    "CLI-TOO-LARGE": (
        "Document trop fourni",
        "Un document de VSP compte quelques milliers d'éléments ou de valeurs ; au-delà de 20 000, il est refusé sans"
        " autre examen.",
    ),
    "CLI-TOO-MANY": (
        "Trop de constats",
        "Le document a tant de fautes que seules les premières sont dites.",
    ),
    "CLI-UNPAIRED": (
        "Document sans son double",
        "Avec --agree, chaque document CDA est comparé au Bundle FHIR du même identifiant ; celui-ci manque parmi les"
        " fichiers donnés.",
    ),
    "CLI-PDF": (
        "Le fichier joint n'est pas un PDF",
        "La forme N1 porte un PDF : le fichier donné par --pdf commence par « %PDF- ».",
    ),
    "TRACE-LOST": (
        "Champ de la visite sans destination",
        "Aucune valeur de ce champ ne change l'un des documents, et aucune raison n'est donnée pour cela"
        " (mappings/not-shared.toml, raisons de la trace) : l'information se perd. C'est un défaut du programme ou des"
        " tables.",
    ),
    "TRACE-ORIGIN": (
        "Élément sans origine",
        "Cet élément d'un document ne change ni avec la visite, ni avec les tables, ni avec les réglages, et le"
        " programme ne l'écrit pas de lui-même : nul ne sait d'où il vient. C'est un défaut du programme.",
    ),
    "TRACE-PATH": (
        "Chemin qui ne désigne rien",
        "Le chemin donné n'est ni un champ de cette visite ($.symptoms[0].onset), ni un endroit de ses documents"
        " (/ClinicalDocument/…, Bundle.entry[3].resource, /html/…). Les rangs commencent à 0 dans la visite et le"
        " Bundle, à 1 dans les documents XML.",
    ),
    "SETTINGS": (
        "Réglage inutilisable",
        "Un réglage du fichier TOML ou d'une variable DMP_ADAPTER_… est inconnu ou n'a pas une valeur admise.",
    ),
}
_SOURCE = "Ligne de commande de l'adaptateur"


def finding(rule: str, path: str, message: str = "") -> Finding:
    """Error of a rule of this table; its title serves as message when there is nothing more precise to say."""
    title, _ = _OWN[rule]  # a rule without its text could not be explained
    return Finding(rule, Severity.ERROR, path, message or f"{title}.", _SOURCE)


def all_rules() -> Mapping[str, RuleText]:
    """Every rule that a finding may name, by code, in the order of the codes."""
    from adapter.compose import rule_texts as compose_rules
    from adapter.dmp.xdm import rule_texts as xdm_rules
    from adapter.dmp.xds import certificates, request_rules
    from adapter.mapping import rule_texts as mapping_rules
    from adapter.model import visit_rule_texts
    from adapter.reminders import rule_texts as reminder_rules
    from adapter.render.pdf import rule_texts as printing_rules
    from adapter.service import rule_texts as service_rules
    from adapter.submission import rule_texts as submission_rules
    from adapter.validation import agreement, cda_rules, fhir_packages, fhir_rules, fhir_validator, kit, xml_input

    found = {code: RuleText(code, Severity.ERROR, *texts, _SOURCE) for code, texts in _OWN.items()}
    tables: Iterable[Mapping[str, Any]] = (
        mapping_rules.MAPPING_RULES,
        compose_rules.RULES,
        xml_input.RULES,
        cda_rules.RULES,
        kit.RULES,
        fhir_rules.RULES,
        fhir_packages.RULES,
        fhir_validator.RULES,
        agreement.RULES,
        visit_rule_texts.RULES,
        submission_rules.RULES,
        printing_rules.RULES,
        xdm_rules.RULES,
        certificates.RULES,
        request_rules.RULES,
        service_rules.RULES,
        reminder_rules.RULES,
    )
    for table in tables:
        for code, rule in table.items():
            found[code] = RuleText(code, rule.severity, rule.title, rule.explanation, rule.source)
    return dict(sorted(found.items()))
