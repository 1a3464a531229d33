"""Two readings side by side: one finding for each fact that the other document does not say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from lxml import etree, html

from adapter.errors import DocumentInvalid, Finding, RuleText, Severity
from adapter.validation.agreement import from_bundle, from_cda
from adapter.validation.agreement.cda_values import V3, texts
from adapter.validation.agreement.facts import Fact, Key, Reading, Text, bare, words
from adapter.validation.xml_input import parse_xml

_NOT_IN_FHIR: Final = "AGR-MISSING-IN-FHIR"
_NOT_IN_CDA: Final = "AGR-MISSING-IN-CDA"
_SOURCE: Final = "Règle du projet (README) : les documents d'une visite disent la même chose"

RULES: Final[dict[str, RuleText]] = {
    text.code: text
    for text in (
        RuleText(
            _NOT_IN_FHIR,
            Severity.ERROR,
            "Fait du CDA absent du Bundle FHIR",
            "Un fait lu dans le document CDA (code, valeur, date, personne, texte) n'est pas lu dans le Bundle, ou y"
            " est lu moins souvent. Le chemin désigne le fait dans le CDA. Les deux documents partent ensemble :"
            " corriger celui des deux qui se trompe.",
            _SOURCE,
        ),
        RuleText(
            _NOT_IN_CDA,
            Severity.ERROR,
            "Fait du Bundle FHIR absent du CDA",
            "Un fait lu dans le Bundle n'est pas lu dans le document CDA, ou y est lu moins souvent. Le chemin désigne"
            " le fait dans le Bundle.",
            _SOURCE,
        ),
        RuleText(
            "AGR-MISSING-IN-SHEET",
            Severity.ERROR,
            "Texte du CDA absent de la fiche de lecture",
            "Un texte de rubrique lu dans le CDA ne se trouve pas, à sa place, dans la fiche remise au lecteur.",
            _SOURCE,
        ),
        RuleText(
            "AGR-UNREADABLE",
            Severity.ERROR,
            "Document illisible pour le juge de concordance",
            "Le document n'est pas un document CDA, ou n'est pas un Bundle de type document. Il n'est pas comparé.",
            _SOURCE,
        ),
    )
}

_KINDS: Final = {
    "document": "Document",
    "patient": "Patient",
    "guardian": "Représentant légal",
    "author": "Auteur",
    "legal-authenticator": "Responsable du document",
    "custodian": "Structure de conservation",
    "performer": "Exécutant de l'acte",
    "responsible": "Responsable de la rencontre",
    "physician": "Médecin traitant ou remplacé",
    "relative": "Proche",
    "team": "Membre de l'équipe",
    "act": "Acte",
    "encounter": "Rencontre",
    "section": "Rubrique",
    "problem": "Problème",
    "allergy": "Allergie",
    "medication": "Traitement",
    "observation": "Observation",
    "directive": "Directive anticipée",
    "goal": "Objectif",
    "care act": "Soin",
    "request": "Action de coordination",
    "next visit": "Prochaine visite",
    "device": "Dispositif",
    "attachment": "Pièce jointe",
    "entry": "Entrée",
}
_FIELDS: Final = {
    "absence": "motif d'absence",
    "address": "adresse",
    "answer": "réponse",
    "as needed": "prise si besoin",
    "birth date": "date de naissance",
    "birth family": "nom de naissance",
    "birth given": "premier prénom",
    "birth given names": "prénoms de naissance",
    "birth place": "lieu de naissance",
    "birth place code": "code du lieu de naissance",
    "class": "classe",
    "code": "code",
    "code words": "libellé",
    "confidentiality": "confidentialité",
    "content": "contenu",
    "date": "date",
    "description": "description",
    "document": "document lié",
    "dose": "dose",
    "due": "échéance",
    "end": "fin",
    "facility": "secteur d'activité",
    "family": "nom",
    "first start": "début",
    "function": "fonction",
    "gender": "sexe",
    "given": "prénom",
    "id": "identifiant",
    "kind": "nature",
    "label": "rôle",
    "language": "langue",
    "media type": "type de fichier",
    "method": "méthode",
    "name in words": "nom en toutes lettres",
    "narrative": "texte",
    "organization address": "adresse de la structure",
    "organization id": "identifiant de la structure",
    "organization name": "nom de la structure",
    "organization setting": "cadre d'exercice",
    "organization telecom": "contact de la structure",
    "performer": "acteur",
    "place": "lieu",
    "prefix": "civilité",
    "profession": "profession",
    "profession words": "libellé de la profession",
    "rate": "débit",
    "reaction": "réaction",
    "reaction words": "libellé de la réaction",
    "reason": "motif",
    "replaced": "document remplacé",
    "rhythm": "rythme",
    "role": "rôle",
    "route": "voie",
    "route words": "libellé de la voie",
    "section": "rubrique",
    "set": "identifiant de série",
    "site": "siège",
    "sort": "sorte",
    "start": "début",
    "state": "état inhabituel",
    "status": "état",
    "suffix": "titre",
    "telecom": "contact",
    "tie": "lien",
    "tie words": "libellé du lien",
    "time": "horodatage",
    "title": "titre",
    "type": "type",
    "used family": "nom utilisé",
    "used given": "prénom utilisé",
    "no value": "raison de l'absence de valeur",
    "value": "valeur",
    "value words": "valeur en mots",
    "version": "version",
}
# Fields whose value names a concept, never a person: it may stand in a message.
_TELLING: Final = frozenset(
    {"class", "code", "confidentiality", "facility", "function", "kind", "profession", "reaction", "role", "route"}
    | {"section", "sort", "tie", "type", "value"}
)
_WHOLE_SUBJECTS: Final = frozenset(_KINDS) - {"document", "section", "patient", "encounter", "act"}


def facts_of_cda(data: bytes) -> Counter[Fact]:
    """Facts of a CDA document and how often it says each.

    Raises:
        DocumentInvalid: the bytes are no CDA document.
    """
    return from_cda.read(data).counted()


def facts_of_bundle(data: bytes) -> Counter[Fact]:
    """Facts of a FHIR document Bundle and how often it says each.

    Raises:
        DocumentInvalid: the bytes are no document Bundle.
    """
    return from_bundle.read(data).counted()


def compare(cda: bytes, bundle: bytes) -> list[Finding]:
    """One finding for each fact that only one of the two documents says; none when they agree.

    A subject (an entry, a person) that the other document does not know at all is one finding, not one a fact.
    A document that cannot be read is one finding. Messages name kinds, fields and codes, never a text or a person.
    """
    try:
        return _differences(from_cda.read(cda), from_bundle.read(bundle))
    except DocumentInvalid as refused:
        return list(refused.findings)


def compare_trees(cda: etree._Element, bundle: object) -> list[Finding]:
    """`compare` of documents that another judge has parsed already; decimals of the Bundle must be exact."""
    try:
        return _differences(from_cda.read_tree(cda), from_bundle.read_parsed(bundle))
    except DocumentInvalid as refused:
        return list(refused.findings)


def _differences(left: Reading, right: Reading) -> list[Finding]:
    """Findings on what the CDA document (`left`) or the Bundle (`right`) says alone."""
    findings: list[Finding] = []
    if left.facts.keys() != right.facts.keys() or any(
        len(places) != len(right.facts[key]) for key, places in left.facts.items()
    ):
        findings += _one_sided(left, right, _NOT_IN_FHIR, "le Bundle FHIR", _xpath)
        findings += _one_sided(right, left, _NOT_IN_CDA, "le CDA", _fhirpath)
    for key in left.texts.keys() & right.texts.keys():
        findings += _texts(left.texts[key], right.texts[key])
    return findings


def compare_sheet(cda: bytes, sheet: bytes) -> list[Finding]:
    """One finding for each text of the CDA narrative that does not stand, in order, in the readable sheet."""
    try:
        root = parse_xml(cda)
    except DocumentInvalid as refused:
        return list(refused.findings)
    page = html.document_fromstring(sheet.decode("utf-8", "replace"))
    main = next(page.iter("main"), page)
    shown = f" {' '.join(_plain(main))} "
    findings = []
    position = 0
    for element in root.iter(f"{V3}section"):
        for block in _narrative_blocks(element):
            wanted = _plain(block)
            if not wanted:
                continue
            found = shown.find(f" {' '.join(wanted)} ", position)
            if found < 0:
                findings.append(
                    _finding("AGR-MISSING-IN-SHEET", _xpath(block), "Rubrique : texte absent de la fiche, ou déplacé.")
                )
            else:
                position = found
    return findings


def _narrative_blocks(section: etree._Element) -> Iterator[etree._Element]:
    """Title and smallest blocks of text of one section, sub-sections aside."""
    yield from section.iterchildren(f"{V3}title")
    for text in section.iterchildren(f"{V3}text"):
        yield from text.iter(f"{V3}paragraph", f"{V3}item", f"{V3}caption", f"{V3}th", f"{V3}td")


def _plain(element: etree._Element) -> list[str]:
    """Words of an element, those of a label without its colon."""
    return words(" ".join(texts(element)))


# ---------------------------------------------------------------- differences


def _one_sided(here: Reading, there: Reading, rule: str, other: str, path: Callable[[Any], str]) -> Iterator[Finding]:
    subjects = {key[:2] for key in there.facts}
    told: set[tuple[str, str]] = set()
    for key, places in here.facts.items():
        surplus = len(places) - len(there.facts.get(key, ()))
        if surplus <= 0:
            continue
        kind, subject = key[:2]
        if kind in _WHOLE_SUBJECTS and (kind, subject) not in subjects:
            if (kind, subject) not in told:
                told.add((kind, subject))
                yield _finding(rule, path(places[0]), f"{_KINDS[kind]} : absent dans {other}.")
            continue
        for place in places[-surplus:]:
            yield _finding(rule, path(place), _message(key, there, other))


def _message(key: Key, there: Reading, other: str) -> str:
    kind, subject, name, value = key
    who = _KINDS[kind]
    what = _FIELDS.get(name, name)
    if kind == "section":
        what = f"{what} de la rubrique {subject.rpartition('|')[2]}"
        if name == "narrative":
            opposite = next((k[3] for k in there.facts if k[:3] == key[:3]), None)
            if opposite is not None:
                return f"{who} : {what} différent dans {other}, au mot {_first_difference(value, opposite)}."
    elif name in _TELLING and "|" in value and " " not in value:
        what = f"{what} {value.rpartition('|')[2]} ({value.rpartition('|')[0]})"
    state = "dit plus souvent que dans" if key in there.facts else "absent ou différent dans"
    return f"{who} : {what} {state} {other}."


def _first_difference(one: str, other: str) -> int:
    """Number of the first word that differs, counting from 1."""
    a, b = one.split(), other.split()
    for number, (x, y) in enumerate(zip(a, b, strict=False), 1):
        if x != y:
            return number
    return min(len(a), len(b)) + 1


def _texts(cda: Text, bundle: Text) -> Iterator[Finding]:
    """Words of one entry: FHIR says those of CDA in order, and beside them only labels."""
    wanted, said = bare(cda.words), bare(bundle.words)
    for claim, place in bundle.claims:
        if not all(word in wanted for word in bare(words(claim))):
            yield _finding(_NOT_IN_CDA, _fhirpath(place), "Entrée : précision non dite par le texte du CDA.")
    for claim, place in cda.claims:
        if not all(word in said for word in bare(words(claim))):
            yield _finding(_NOT_IN_FHIR, _xpath(place), "Entrée : précision non dite par le texte du Bundle FHIR.")
    if _stands_in(wanted, said, cda.labels):
        return
    following = iter(said)
    if not all(word in following for word in wanted):
        yield _finding(_NOT_IN_FHIR, _xpath(cda.place), "Entrée : texte absent ou différent dans le Bundle FHIR.")
    surplus = Counter(said) - Counter(wanted)
    if any(word.lower() not in cda.labels for word in surplus):
        yield _finding(_NOT_IN_CDA, _fhirpath(bundle.place), "Entrée : texte absent ou différent dans le CDA.")


def _stands_in(wanted: list[str], said: list[str], labels: frozenset[str]) -> bool:
    """Whether `said` is `wanted` with nothing but labels between; True is certain, False asks for a closer look."""
    position, length = 0, len(wanted)
    for word in said:
        if position < length and word == wanted[position]:
            position += 1
        elif word.lower() not in labels:
            return False
    return position == length


# ---------------------------------------------------------------- places


def _finding(rule: str, path: str, message: str) -> Finding:
    return Finding(rule, Severity.ERROR, path, message, _SOURCE)


def _xpath(place: etree._Element) -> str:
    """XPath of an element, without namespaces."""
    path = place.getroottree().getelementpath(place).replace(V3, "")
    return "/ClinicalDocument" if path == "." else f"/ClinicalDocument/{path}"


def _fhirpath(place: tuple[int, str]) -> str:
    """FHIRPath of a place in the Bundle."""
    index, path = place
    head = "Bundle" if index < 0 else f"Bundle.entry[{index}].resource"
    return f"{head}.{path}" if path else head
