"""What each rule on the tables asks, and how to mend a fault: the part of ``dmp-adapter rules`` on mappings."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from adapter.errors import RuleText, Severity

SOURCE: Final = "mappings/README.md"


_E: Final = Severity.ERROR
_W: Final = Severity.WARNING

_rule: Final = partial(RuleText, source=SOURCE)

_TEXTS: Final = (
    _rule(
        "MAP-FILE",
        _E,
        "Fichier absent ou illisible",
        "Un fichier attendu manque, ou ses droits d'accès (ou ceux de son dossier) en interdisent la lecture. Un "
        "fichier qui ne peut être lu n'est jamais remplacé par celui du paquet.",
    ),
    _rule("MAP-ENCODING", _E, "Encodage", "Les fichiers sont en UTF-8, sans marque d'ordre (BOM) ni octet nul."),
    _rule(
        "MAP-COLUMNS",
        _E,
        "Colonnes d'un fichier CSV",
        "La première ligne nomme exactement les colonnes prévues ; chaque ligne en a autant. Un libellé qui contient "
        "une virgule s'écrit entre guillemets.",
    ),
    _rule("MAP-TOML", _E, "Fichier TOML illisible", "La syntaxe TOML est fautive à l'endroit indiqué."),
    _rule("MAP-LOCAL", _E, "Valeur locale mal formée", "Une valeur locale n'est ni vide, ni coupée d'une espace."),
    _rule(
        "MAP-DUPLICATE",
        _E,
        "Valeur définie deux fois",
        "Une valeur a une ligne. Une seconde ligne de même libellé ajoute un code d'un autre système ; du même "
        "système, sa note dit pourquoi.",
    ),
    _rule("MAP-LABEL", _E, "Libellé", "Chaque valeur a un libellé français, le même sur toutes ses lignes."),
    _rule("MAP-SOURCE", _E, "Source absente", "Chaque ligne dit d'où elle vient : jeu de valeurs et date."),
    _rule(
        "MAP-EQUIVALENCE",
        _E,
        "Équivalence inconnue",
        "Attendu : equivalent, wider (le code est plus large), narrower (plus étroit), inexact, unmatched.",
    ),
    _rule("MAP-UNMATCHED", _E, "Valeur sans code", "Une ligne « unmatched » n'a ni système, ni code, ni libellé."),
    _rule(
        "MAP-NOTE",
        _E,
        "Note absente",
        "Une valeur sans code ou d'équivalence imparfaite dit pourquoi dans sa note : ce qui a été cherché, ce qui "
        "diffère.",
    ),
    _rule("MAP-SYSTEM", _E, "Système de codes inconnu", "Le système est une clé de systems.csv."),
    _rule("MAP-CODE", _E, "Code absent", "Une ligne codée a un code, sans espace autour."),
    _rule(
        "MAP-DISPLAY",
        _E,
        "Libellé du producteur absent",
        "Un code équivalent porte le libellé de son producteur, recopié et non réécrit.",
    ),
    _rule(
        "MAP-CONFLICT",
        _E,
        "Deux libellés pour un code",
        "Un code a le même libellé de producteur dans toutes les tables : deux libellés diraient deux sens.",
    ),
    _rule("MAP-OID", _E, "OID mal formé", "Un OID est fait de nombres sans zéro inutile, séparés de points."),
    _rule("MAP-URI", _E, "URI mal formée", "Une URI commence par https://, http:// ou urn:."),
    _rule("MAP-ROW", _E, "Ligne absente", "Une valeur employée n'a pas de ligne ; il n'y a pas de code par défaut."),
    _rule("MAP-TEXT", _E, "Phrase absente", "Les messages sont des textes non vides, entre guillemets."),
    _rule("MAP-EDITION", _E, "Édition", "Une édition nomme ses profils dans [profiles] ; l'édition demandée existe."),
    _rule(
        "MAP-SECTION",
        _E,
        "Rubrique incomplète",
        "Une rubrique a une clé, un titre, une source, un code, au moins un modèle (templateId) et une rubrique FHIR.",
    ),
    _rule("MAP-FHIR-SECTION", _E, "Rubrique FHIR inconnue", "« fhir » est la clé d'une [[fhir_section]]."),
    _rule("MAP-PARENT", _E, "Rubrique mère inconnue", "« parent » est la clé d'une autre [[section]]."),
    _rule("MAP-WHEN-EMPTY", _E, "Conduite si vide", "« when_empty » vaut omit, state-absence ou refuse."),
    _rule("MAP-SCALE", _E, "Échelle inconnue", "Une échelle citée a sa ligne dans codes/scales.csv."),
    _rule(
        "MAP-COVERAGE",
        _E,
        "Valeur du modèle sans ligne",
        "Chaque valeur qu'une visite peut employer a sa ligne, fût-elle « unmatched ».",
    ),
    _rule("MAP-ORPHAN", _W, "Ligne sans emploi", "Aucune visite ne peut employer cette valeur : faute de frappe ?"),
    _rule(
        "MAP-MEMBER",
        _E,
        "Code absent du jeu de valeurs cité",
        "Une ligne qui cite un jeu de valeurs gardé dans value-sets/ s'y trouve, sous le même libellé et la même date.",
    ),
    _rule("MAP-SIZE", _E, "Fichier trop volumineux", "Une table tient en quelques dizaines de kilooctets."),
    _rule(
        "MAP-STRAY",
        _E,
        "Fichier sans emploi",
        "Un fichier du dossier que rien ne lit : nom mal écrit, mauvais dossier, ou liste absente de sources.toml. "
        "Un dossier de tables remplace celles du paquet fichier par fichier : seuls les noms du paquet servent, plus "
        "les éditions et les listes publiées qu'on ajoute. "
        "Les fichiers .md, LICENSE et ceux dont le nom commence par un point sont libres.",
    ),
    _rule(
        "MAP-PAIR",
        _E,
        "OID et URI désaccordés",
        "L'OID (pour CDA) et l'URI (pour FHIR) d'une ligne nomment le même système : une URI n'a qu'un OID.",
    ),
    _rule(
        "MAP-RETIRED",
        _E,
        "Code hors de sa période",
        "Chaque code employé est en vigueur le jour du contrôle, dans les listes de value-sets/ qui datent leurs codes "
        "(colonnes start et end, que « mappings import-nos » remplit) : prendre le code qui le remplace. Une liste "
        "dont l'éditeur ne date pas les codes dit seulement, par sa version, ce qui avait cours ce jour-là.",
    ),
    _rule(
        "MAP-BUILDER",
        _E,
        "Rubrique sans constructeur, ou l'inverse",
        "Chaque rubrique a une clé que le programme sait remplir, et chaque partie de la visite a sa rubrique : sans "
        "elle, ce qu'elle dit serait perdu.",
    ),
    _rule(
        "MAP-SAMPLE",
        _W,
        "Rubrique qu'aucun exemple ne remplit",
        "Avec --samples, chaque rubrique est remplie par l'une au moins des visites du dossier.",
    ),
    _rule(
        "MAP-TEMPLATE",
        _E,
        "Modèle inconnu de l'édition",
        "Les modèles (templateId) d'une rubrique sont de ceux que le programme sait remplir pour elle.",
    ),
    _rule(
        "MAP-PROFILE",
        _E,
        "Profil manquant ou inconnu",
        "Une édition nomme les mêmes profils que celles du programme : un profil absent ne serait plus déclaré.",
    ),
    _rule(
        "MAP-MESSAGE",
        _E,
        "Phrase manquante ou sans emploi",
        "Le fichier des messages a chacune des phrases que le programme emploie, et aucune autre.",
    ),
    _rule(
        "MAP-SLOT",
        _E,
        "Emplacement d'une phrase",
        "Les {…} d'une phrase sont ceux que le programme remplit : ils se déplacent, ne se traduisent pas et ne "
        "disparaissent pas.",
    ),
    _rule(
        "MAP-TABLE",
        _E,
        "Table manquante ou sans emploi",
        "Les tables de codes/ sont celles du programme : une table de plus ne serait lue par personne.",
    ),
    _rule(
        "MAP-NOT-SHARED",
        _E,
        "Champ de la visite imprimé nulle part",
        "Un champ de la visite est imprimé, ou déclaré dans not-shared.toml avec sa raison ; rien d'autre n'y est.",
    ),
    _rule(
        "MAP-BILLING-AMOUNT",
        _E,
        "Montant de facturation",
        "Un montant est en euros avec deux décimales, pour un territoire, à partir d'un jour. Un nouveau tarif est une "
        "nouvelle ligne ; l'ancienne prend pour fin la veille : deux montants n'ont jamais cours le même jour.",
    ),
    _rule(
        "MAP-BILLING-PAYER",
        _E,
        "Payeur d'une situation",
        "Chaque lieu de visite, et chaque mode tarifaire d'EHPAD, a une ligne : insurance (Assurance Maladie), "
        "facility (l'EHPAD) ou ask (à demander). Il n'y a pas de payeur par défaut.",
    ),
    _rule(
        "MAP-BILLING-ADVICE",
        _E,
        "Conditions et notes de la facturation",
        "Chaque condition a un titre, une source et une phrase par réponse que le programme peut donner ; chaque note "
        "a une phrase et une source. Rien de plus n'est lu.",
    ),
)

MAPPING_RULES: Final[Mapping[str, RuleText]] = {text.code: text for text in _TEXTS}
"""Rule text by code, in the order of a reading."""
