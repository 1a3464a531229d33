"""What makes a visit true to itself: the rules that no single field can tell.

Straight code on purpose: it runs on every visit, and a rule should read as one sentence.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from adapter.errors import Finding, Severity
from adapter.model.clinical import Quantity, Treatment
from adapter.model.identifiers import Finess, IdentifierError, InseeCommune, MatriculeIns, Oid, Rpps
from adapter.model.people import Guardian, Professional, Telecom
from adapter.model.visit import Visit
from adapter.model.visit_rule_texts import RULES

Out = list[Finding]

AUTHOR_KEY: Final = "author"
"""Key under which the author may be named in the coordination actions."""


def check(visit: Visit) -> tuple[Finding, ...]:
    """Every finding on a visit whose shape is right, in the order of the rules below."""
    out: Out = []
    for part in PARTS:
        part.judge(visit, out)
    return tuple(out)


class Part(NamedTuple):
    """One group of rules, and what it needs.

    Attributes:
        judge: adds its findings to the list it is given.
        reads: top-level fields that it reads; it may run when those are sound.
        one_by_one: list field whose entries are judged one by one, so that the sound ones may be judged alone.
    """

    judge: Callable[[Visit, Out], None]
    reads: frozenset[str]
    one_by_one: str


def _add(out: Out, rule: str, path: str, message: str, severity: Severity | None = None) -> None:
    """One more finding in `out`; weight and source come from the table of rules."""
    text = RULES[rule]
    out.append(Finding(rule, severity or text.severity, path, message, text.source))


# --- When -------------------------------------------------------------------------------------------------------


def _times(visit: Visit, out: Out) -> None:
    if visit.end < visit.start:
        _add(out, "VIS-END-BEFORE-START", "$.end", "La fin de la visite précède son début.")
    elif visit.end - visit.start > timedelta(hours=12):
        _add(out, "VIS-DURATION", "$.end", "La visite dure plus de douze heures.")
    if visit.written_at < visit.start:
        _add(out, "VIS-WRITTEN-BEFORE-START", "$.written_at", "La rédaction précède le début de la visite.")


def _next_visit(visit: Visit, out: Out) -> None:
    planned = visit.next_visit
    if planned is None:
        return
    if planned.on is None and planned.at is None and planned.text is None:
        _add(out, "VIS-NEXT-VISIT", "$.next_visit", "Il faut une date ou un texte.")
    if planned.at is not None and planned.on is not None and planned.at.date() != planned.on:
        _add(out, "VIS-NEXT-VISIT", "$.next_visit.at", "L'heure et la date ne désignent pas le même jour.")


def _next_visit_later(visit: Visit, out: Out) -> None:
    planned = visit.next_visit
    if planned is None:
        return
    if planned.on is not None and planned.on < visit.start.date():
        _add(out, "VIS-NEXT-VISIT", "$.next_visit.on", "La prochaine visite précède celle-ci.")
    if planned.at is not None and planned.at <= visit.start:
        _add(out, "VIS-NEXT-VISIT", "$.next_visit.at", "La prochaine visite précède celle-ci.")


def _correction(visit: Visit, out: Out) -> None:
    correction = visit.correction
    if correction is None:
        if visit.version > 1:
            _add(out, "VIS-CORRECTION", "$.correction", "Cette version remplace la précédente : il en faut le motif.")
        return
    if visit.version == 1:
        _add(out, "VIS-CORRECTION", "$.version", "Une correction porte la version 2 ou une suivante.")
    if correction.corrected_at is not None and correction.corrected_at < visit.start:
        _add(out, "VIS-CORRECTION", "$.correction.corrected_at", "La correction précède la visite.")
    if correction.replaces_document_id is not None:
        out += oid_findings(correction.replaces_document_id, "$.correction.replaces_document_id")


# --- Who --------------------------------------------------------------------------------------------------------


def age_on(birth: date, day: date) -> int:
    """Whole years between `birth` and `day`."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _patient(visit: Visit, out: Out) -> None:
    patient = visit.patient
    day = visit.start.date()
    if patient.birth_date > day:
        _add(out, "VIS-BIRTH-FUTURE", "$.patient.birth_date", "La date de naissance suit celle de la visite.")
    elif age_on(patient.birth_date, day) > 125:
        _add(out, "VIS-AGE", "$.patient.birth_date", "Le patient aurait plus de 125 ans.")
    elif not patient.guardians and age_on(patient.birth_date, day) < 18:
        _add(out, "VIS-MINOR-GUARDIAN", "$.patient.guardians", "Aucun représentant légal pour ce patient mineur.")
    for index, guardian in enumerate(patient.guardians):
        _guardian(guardian, f"$.patient.guardians[{index}]", out)
    _telecoms(patient.telecoms, "$.patient", out)


def _guardian(guardian: Guardian, path: str, out: Out) -> None:
    if (guardian.name is None) == (guardian.organization is None):
        _add(out, "VIS-GUARDIAN", path, "Il faut une personne (name) ou un organisme (organization), pas les deux.")
    _telecoms(guardian.telecoms, path, out)


def _identity(visit: Visit, out: Out) -> None:
    patient = visit.patient
    if patient.birth_place is not None:
        out += insee_findings(patient.birth_place, "$.patient.birth_place")
    ins = patient.ins
    if ins is None:
        _add(out, "VIS-INS-ABSENT", "$.patient.ins", "Sans matricule INS, le document ne peut pas aller au DMP.")
        return
    if ins.status == "qualified" and patient.birth_place is None:
        _add(out, "VIS-INS-BIRTHPLACE", "$.patient.birth_place", "Le code INSEE du lieu de naissance manque.")
    if ins.status != "qualified":
        _add(out, "VIS-INS-STATUS", "$.patient.ins.status", "Identité non qualifiée : pas d'envoi au DMP.")
    out += ins_findings(ins.value, ins.root, "$.patient.ins")
    number = ins.value.replace(" ", "")
    if len(number) != 15 or not number[:5].isdecimal():
        return
    if patient.gender != "unknown" and (number[0] in "137") != (patient.gender == "male"):
        _add(out, "VIS-INS-TRAITS", "$.patient.gender", "Le sexe n'est pas celui que porte le matricule.")
    month = int(number[3:5])
    known_month = 1 <= month <= 12
    if int(number[1:3]) != patient.birth_date.year % 100 or (known_month and month != patient.birth_date.month):
        _add(
            out,
            "VIS-INS-TRAITS",
            "$.patient.birth_date",
            "L'année ou le mois de naissance ne sont pas ceux que porte le matricule.",
        )


def ins_findings(value: str, root: str, path: str) -> Sequence[Finding]:
    """Findings on an INS: its root, its shape, its key."""
    try:
        return MatriculeIns.parse(value, root).check(f"{path}.value")
    except IdentifierError as fault:
        return _refused(fault, f"{path}.root" if fault.rule == "INS-ROOT" else f"{path}.value")


def rpps_findings(value: str, path: str) -> Sequence[Finding]:
    """Findings on a RPPS number: its shape, its key."""
    try:
        return Rpps.parse(value).check(path)
    except IdentifierError as fault:
        return _refused(fault, path)


def finess_findings(value: str, path: str) -> Sequence[Finding]:
    """Findings on a FINESS number: its shape, its key."""
    try:
        return Finess.parse(value).check(path)
    except IdentifierError as fault:
        return _refused(fault, path)


def insee_findings(value: str, path: str) -> Sequence[Finding]:
    """Findings on the INSEE code of a place of birth: its shape."""
    try:
        InseeCommune.parse(value)
    except IdentifierError as fault:
        return _refused(fault, path)
    return ()


def oid_findings(value: str, path: str) -> Sequence[Finding]:
    """Findings on an OID: its shape."""
    try:
        Oid.parse(value)
    except IdentifierError as fault:
        return _refused(fault, path)
    return ()


def _refused(fault: IdentifierError, path: str) -> tuple[Finding]:
    """The finding for an identifier without its published shape."""
    return (Finding(fault.rule, Severity.ERROR, path, fault.message, RULES[fault.rule].source),)


def _author(visit: Visit, out: Out) -> None:
    author = visit.author
    _professional(author, "$.author", out)
    if author.capacity == "locum":
        if author.replaces is None:
            _add(out, "VIS-LOCUM", "$.author.replaces", "Le remplaçant doit nommer le médecin remplacé.")
    elif author.replaces is not None:
        _add(out, "VIS-LOCUM", "$.author.replaces", "Seul un remplaçant nomme un médecin remplacé.")
    if author.capacity == "other-doctor":
        _add(out, "VIS-NOT-VSP", "$.author.capacity", "Visite d'un autre médecin : ce n'est pas une VSP.")
    elif author.attending_physician is not None:
        _add(
            out,
            "VIS-ATTENDING",
            "$.author.attending_physician",
            "Le médecin traitant est déjà désigné par la qualité de l'auteur.",
        )
    if author.replaces is not None:
        _professional(author.replaces, "$.author.replaces", out)
    if author.attending_physician is not None:
        _professional(author.attending_physician, "$.author.attending_physician", out)


def _professional(person: Professional, path: str, out: Out) -> None:
    out += rpps_findings(person.rpps, f"{path}.rpps")
    _telecoms(person.telecoms, path, out)


def _structure(visit: Visit, out: Out) -> None:
    structure = visit.structure
    if structure.finess is not None:
        out += finess_findings(structure.finess, "$.structure.finess")
    elif structure.national_id is None:
        _add(out, "VIS-STRUCTURE-ID", "$.structure", "La structure n'a ni FINESS ni identifiant national.")
    _telecoms(structure.telecoms, "$.structure", out)


def _place(visit: Visit, out: Out) -> None:
    place = visit.place
    if place.finess is not None:
        out += finess_findings(place.finess, "$.place.finess")
    if place.kind == "ehpad":
        if place.finess is None:
            _add(out, "VIS-EHPAD", "$.place.finess", "Le FINESS de l'EHPAD manque.")
        if place.tariff_mode is None or place.tariff_mode == "unknown":
            _add(out, "VIS-EHPAD", "$.place.tariff_mode", "Le mode de fixation des tarifs de l'EHPAD n'est pas connu.")
    elif place.tariff_mode is not None:
        _add(out, "VIS-PLACE-FIELD", "$.place.tariff_mode", "Le mode de fixation des tarifs ne vaut que pour un EHPAD.")
    if place.kind == "other" and place.label is None and place.name is None:
        _other(out, "$.place.label", Severity.WARNING)
    _telecoms(place.telecoms, "$.place", out)


_PHONE: Final = re.compile(r"\+?[0-9][0-9 .()\-]*[0-9]")
_ADDRESS: Final = re.compile(r"[^\s@:<>]+@[^\s@:<>]+\.[^\s@:<>.]+")


def _telecoms(telecoms: Sequence[Telecom], path: str, out: Out) -> None:
    for index, telecom in enumerate(telecoms):
        if telecom.kind == "email" or telecom.kind == "mssante":
            if not _ADDRESS.fullmatch(telecom.value):
                _add(out, "VIS-TELECOM", f"{path}.telecoms[{index}].value", "Ce n'est pas une adresse électronique.")
        elif not _PHONE.fullmatch(telecom.value):
            _add(out, "VIS-TELECOM", f"{path}.telecoms[{index}].value", "Ce n'est pas un numéro de téléphone.")


def _relatives(visit: Visit, out: Out) -> None:
    main = 0
    for index, relative in enumerate(visit.relatives):
        path = f"$.relatives[{index}]"
        _telecoms(relative.telecoms, path, out)
        if relative.roles:
            _repeated(relative.roles, f"{path}.roles", out)
        if relative.relationship == "other" and relative.relationship_label is None:
            _other(out, f"{path}.relationship_label", Severity.WARNING)
        if relative.main_carer:
            main += 1
            if main == 2:
                _add(out, "VIS-MAIN-CARER", f"{path}.main_carer", "Plus d'un proche est dit aidant principal.")


def _care_team(visit: Visit, out: Out) -> None:
    for index, member in enumerate(visit.care_team):
        path = f"$.care_team[{index}]"
        if member.name is None and member.structure_name is None and member.structure is None:
            _add(out, "VIS-TEAM-EMPTY", path, "Il faut un nom, un nom de structure ou un type de structure.")
        if member.rpps is not None:
            out += rpps_findings(member.rpps, f"{path}.rpps")
        if member.finess is not None:
            out += finess_findings(member.finess, f"{path}.finess")
        if member.until is not None and member.since is not None and member.until < member.since:
            _add(out, "VIS-PERIOD", f"{path}.until", "La fin de l'intervention précède son début.")
        if member.profession == "other" and member.role is None:
            _other(out, f"{path}.role", Severity.WARNING)
        if member.structure == "other" and member.structure_name is None:
            _other(out, f"{path}.structure_name", Severity.WARNING)
        _telecoms(member.telecoms, path, out)


def _keys(visit: Visit, out: Out) -> None:
    """One key space; what each reference may point at depends on where it stands."""
    relatives: set[str] = set()
    team: set[str] = set()
    taken = {AUTHOR_KEY}
    for index, guardian in enumerate(visit.patient.guardians):
        _take(guardian.id, taken, relatives, f"$.patient.guardians[{index}].id", out)
    for index, relative in enumerate(visit.relatives):
        _take(relative.id, taken, relatives, f"$.relatives[{index}].id", out)
    for index, member in enumerate(visit.care_team):
        _take(member.id, taken, team, f"$.care_team[{index}].id", out)
    documents: set[str] = set()
    for index, attachment in enumerate(visit.attachments):
        _take(attachment.id, taken, documents, f"$.attachments[{index}].id", out)

    people = relatives | team
    for index, present in enumerate(visit.present):
        ref = present.ref
        if ref is None:
            if present.kind != "patient" and present.label is None:
                _add(out, "VIS-PRESENT-UNNAMED", f"$.present[{index}]", "Il faut une clé ou un texte.")
        elif ref not in {"relative": relatives, "professional": team}.get(present.kind, people):
            _add(out, "VIS-REF", f"$.present[{index}].ref", "Cette clé ne désigne personne de ce genre.")
    for index, action in enumerate(visit.actions):
        if action.who is not None and action.who != AUTHOR_KEY and action.who not in people:
            _add(out, "VIS-REF", f"$.actions[{index}].who", "Cette clé ne désigne ni un proche ni un professionnel.")
    for index, wish in enumerate(visit.wishes):
        if wish.told_by is not None and wish.told_by not in people:
            _add(out, "VIS-REF", f"$.wishes[{index}].told_by", "Cette clé ne désigne ni un proche ni un professionnel.")
    for index, scale in enumerate(visit.scales):
        if scale.relative is not None and scale.relative not in relatives:
            _add(out, "VIS-REF", f"$.scales[{index}].relative", "Cette clé ne désigne pas un proche.")


def _take(key: str, taken: set[str], group: set[str], path: str, out: Out) -> None:
    if key in taken:
        _add(out, "VIS-DUPLICATE-ID", path, "Cette clé est déjà prise (« author » est réservée).")
    taken.add(key)
    group.add(key)


def _trusted_person(visit: Visit, out: Out) -> None:
    named = next((i for i, relative in enumerate(visit.relatives) if "trusted-person" in relative.roles), None)
    status = None if visit.trusted_person is None else visit.trusted_person.status
    minor = 0 <= age_on(visit.patient.birth_date, visit.start.date()) < 18
    if status == "designated":
        if named is None:
            _add(out, "VIS-TRUSTED", "$.trusted_person.status", "Aucun proche ne porte le rôle trusted-person.")
        if minor:
            _add(out, "VIS-TRUSTED", "$.trusted_person.status", "Un mineur ne désigne pas de personne de confiance.")
    elif named is not None:
        path = f"$.relatives[{named}].roles"
        _add(out, "VIS-TRUSTED", path, "Un proche est personne de confiance sans que la désignation soit notée.")
    elif status == "not-applicable" and not minor and not visit.patient.guardians:
        _add(out, "VIS-TRUSTED", "$.trusted_person.status", "« not-applicable » : patient majeur sans représentant.")
    if status != "designated" and visit.trusted_person is not None and visit.trusted_person.designated_on is not None:
        message = "Une date de désignation va seulement avec « designated »."
        _add(out, "VIS-TRUSTED", "$.trusted_person.designated_on", message)


# --- What -------------------------------------------------------------------------------------------------------


class Bounds(NamedTuple):
    """Scores of one scale, and the ages it was made for (None: any)."""

    low: int
    high: int
    step: int = 1
    from_age: int | None = None
    to_age: int | None = None


_TEN: Final = Bounds(0, 10, from_age=6)
SCALES: Final[dict[str, Bounds]] = {
    "en": _TEN,
    "eva": _TEN,
    "evs": Bounds(0, 4, from_age=6),
    "wong-baker": Bounds(0, 10, 2, from_age=3),
    "algoplus": Bounds(0, 5, from_age=18),
    "doloplus-2": Bounds(0, 30, from_age=18),
    "ecpa": Bounds(0, 32, from_age=18),
    "dn4": Bounds(0, 10, from_age=6),
    "evendol": Bounds(0, 15, to_age=7),
    "flacc": Bounds(0, 10, to_age=18),
    "degr": Bounds(0, 40, to_age=18),
    "san-salvadour": Bounds(0, 40),
    "esas-pain": _TEN,
    "esas-tiredness": _TEN,
    "esas-drowsiness": _TEN,
    "esas-nausea": _TEN,
    "esas-appetite": _TEN,
    "esas-dyspnoea": _TEN,
    "esas-depression": _TEN,
    "esas-anxiety": _TEN,
    "esas-wellbeing": _TEN,
    "esas-other": _TEN,
    "ecog": Bounds(0, 4),
    "karnofsky": Bounds(10, 100, 10),
    "pps": Bounds(10, 100, 10),
    "gir": Bounds(1, 6, from_age=18),
    "pallia-10": Bounds(0, 10),
    "braden": Bounds(6, 23),
    "zarit": Bounds(0, 88),
    "mini-zarit": Bounds(0, 7),
    "rass": Bounds(-5, 4),
    "rdos": Bounds(0, 16),
    "hads-anxiety": Bounds(0, 21),
    "hads-depression": Bounds(0, 21),
}
"""Scores that a living patient may have; Karnofsky 0, PPS 0 and ECOG 5 mean death."""

SELF_REPORTED: Final = frozenset({"en", "eva", "evs"})


def _scales(visit: Visit, out: Out) -> None:
    for index, scale in enumerate(visit.scales):
        value = scale.value
        if (value is None) == (scale.not_assessable is None):
            _add(out, "VIS-SCALE-VALUE", f"$.scales[{index}]", "Il faut un score ou un motif, pas les deux.")
        if scale.scale == "esas-other" and scale.label is None:
            _other(out, f"$.scales[{index}].label")
        if value is not None:
            low, high, step, _, _ = SCALES[scale.scale]
            if not low <= value <= high or value % step:
                every = "" if step == 1 else f", de {step} en {step}"
                message = f"Le score doit aller de {low} à {high}{every}."
                _add(out, "VIS-SCALE-BOUNDS", f"$.scales[{index}].value", message)


def _scale_ages(visit: Visit, out: Out) -> None:
    if not visit.scales:
        return
    age = age_on(visit.patient.birth_date, visit.start.date())
    if age < 0:
        return  # told by VIS-BIRTH-FUTURE
    for index, scale in enumerate(visit.scales):
        _, _, _, from_age, to_age = SCALES[scale.scale]
        if scale.value is None:
            continue
        if from_age is not None and age < from_age:
            _add(out, "VIS-SCALE-AGE", f"$.scales[{index}].scale", f"Échelle prévue à partir de {from_age} ans.")
        elif to_age is not None and age > to_age:
            _add(out, "VIS-SCALE-AGE", f"$.scales[{index}].scale", f"Échelle prévue jusqu'à {to_age} ans.")


def _self_report(visit: Visit, out: Out) -> None:
    if visit.function is None or "non-communicating" not in visit.function.states:
        return
    for index, scale in enumerate(visit.scales):
        if scale.scale in SELF_REPORTED and scale.value is not None:
            message = "Autoévaluation chiffrée chez un patient dit non communicant."
            _add(out, "VIS-SCALE-SELF", f"$.scales[{index}].scale", message)


_PLAUSIBLE: Final[dict[str, tuple[float, float]]] = {
    "temperature": (25, 44),
    "heart-rate": (20, 250),
    "systolic": (40, 280),
    "diastolic": (20, 180),
    "respiratory-rate": (3, 80),
    "spo2": (40, 100),
    "weight": (1, 350),
    "height": (30, 230),
}


def _vital_signs(visit: Visit, out: Out) -> None:
    for index, sign in enumerate(visit.vital_signs):
        measured = Decimal(sign.value)
        if (not 0 <= measured <= 100) if sign.sign == "spo2" else measured <= 0:
            _add(out, "VIS-VITAL-IMPOSSIBLE", f"$.vital_signs[{index}].value", "Cette valeur ne peut pas être mesurée.")
            continue
        low, high = _PLAUSIBLE[sign.sign]
        if not low <= float(sign.value) <= high:
            message = f"Valeur hors du vraisemblable ({low} à {high})."
            _add(out, "VIS-VITAL-BOUNDS", f"$.vital_signs[{index}].value", message)


def _disease(visit: Visit, out: Out) -> None:
    main = visit.disease.main
    if main.end is not None and _before(main.end, main.onset):
        _add(out, "VIS-PERIOD", "$.disease.main.end", "La fin précède le début.")


def _problems(visit: Visit, out: Out) -> None:
    for index, problem in enumerate(visit.problems):
        if problem.end is not None and _before(problem.end, problem.onset):
            _add(out, "VIS-PERIOD", f"$.problems[{index}].end", "La fin précède le début.")


def _history(visit: Visit, out: Out) -> None:
    for index, problem in enumerate(visit.history):
        if problem.end is not None and _before(problem.end, problem.onset):
            _add(out, "VIS-PERIOD", f"$.history[{index}].end", "La fin précède le début.")


def _before(end: str, start: str | None) -> bool:
    """True when partial date `end` is surely before `start`, at the precision both have."""
    if start is None:
        return False
    length = min(len(end), len(start))
    return end[:length] < start[:length]


def _symptoms(visit: Visit, out: Out) -> None:
    for index, symptom in enumerate(visit.symptoms):
        if symptom.symptom == "other" and symptom.label is None:
            _other(out, f"$.symptoms[{index}].label")


def _devices(visit: Visit, out: Out) -> None:
    for index, device in enumerate(visit.devices):
        if device.device == "other" and device.label is None:
            _other(out, f"$.devices[{index}].label")
        if device.flow is not None:
            _not_negative(device.flow, f"$.devices[{index}].flow", out)


def _wounds(visit: Visit, out: Out) -> None:
    for index, wound in enumerate(visit.wounds):
        if wound.kind == "other" and wound.comment is None:
            _other(out, f"$.wounds[{index}].comment", Severity.WARNING)


def _goals(visit: Visit, out: Out) -> None:
    for index, goal in enumerate(visit.goals):
        if goal.goal == "other" and goal.text is None:
            _other(out, f"$.goals[{index}].text")


def _expected_events(visit: Visit, out: Out) -> None:
    for index, event in enumerate(visit.expected_events):
        if event.event == "other" and event.label is None:
            _other(out, f"$.expected_events[{index}].label")


def _actions(visit: Visit, out: Out) -> None:
    for index, action in enumerate(visit.actions):
        if action.action == "other" and action.text is None:
            _other(out, f"$.actions[{index}].text")


def _wishes(visit: Visit, out: Out) -> None:
    for index, wish in enumerate(visit.wishes):
        if wish.subject == "other" and wish.text is None:
            _other(out, f"$.wishes[{index}].text")


def _places(visit: Visit, out: Out) -> None:
    places = visit.places
    if places is None or places.comment is not None:
        return
    if places.care == "other" or places.death == "other":
        _other(out, "$.places.comment", Severity.WARNING)


def _other(out: Out, path: str, severity: Severity = Severity.ERROR) -> None:
    _add(out, "VIS-OTHER-LABEL", path, "« other » demande une précision dans ce champ.", severity)


def _repeated(values: Sequence[str], path: str, out: Out) -> None:
    if len(set(values)) != len(values):
        _add(out, "VIS-REPEATED", path, "Une valeur figure deux fois.")


def _functional(visit: Visit, out: Out) -> None:
    if visit.nutrition is not None:
        _repeated(visit.nutrition.modes, "$.nutrition.modes", out)
    if visit.function is not None:
        _repeated(visit.function.states, "$.function.states", out)


def _limitations(visit: Visit, out: Out) -> None:
    for index, limitation in enumerate(visit.limitations):
        path = f"$.limitations[{index}]"
        _repeated(limitation.items, f"{path}.items", out)
        if "other" in limitation.items and limitation.comment is None:
            _other(out, f"{path}.comment", Severity.WARNING)
        if limitation.collegial and limitation.procedure is None:
            _add(out, "VIS-COLLEGIAL", f"{path}.procedure", "La procédure collégiale n'est pas décrite.")


def _allergies(visit: Visit, out: Out) -> None:
    allergies = visit.allergies
    if allergies is not None and (allergies.status == "listed") != bool(allergies.items):
        message = "« listed » va avec des éléments, les autres statuts vont sans."
        _add(out, "VIS-STATUS-ITEMS", "$.allergies", message)


def _treatments(visit: Visit, out: Out) -> None:
    treatments = visit.treatments
    if treatments is None:
        return
    if (treatments.status == "listed") != bool(treatments.items):
        message = "« listed » va avec des éléments, les autres statuts vont sans."
        _add(out, "VIS-STATUS-ITEMS", "$.treatments", message)
    for index, treatment in enumerate(treatments.items):
        _treatment(treatment, index, out)


def _treatments_ended(visit: Visit, out: Out) -> None:
    if visit.treatments is None:
        return
    day = visit.start.date().isoformat()
    for index, treatment in enumerate(visit.treatments.items):
        if treatment.end is not None and treatment.status == "active" and _before(treatment.end, day):
            path = f"$.treatments.items[{index}].status"
            _add(out, "VIS-TREATMENT-ENDED", path, "Traitement en cours dont la fin précède la visite.")


def _treatment(treatment: Treatment, index: int, out: Out) -> None:
    if treatment.dose is not None:
        _positive(treatment.dose, f"$.treatments.items[{index}].dose", out)
    if treatment.end is not None and _before(treatment.end, treatment.start):
        _add(out, "VIS-PERIOD", f"$.treatments.items[{index}].end", "La fin précède le début.")
    if treatment.route == "other" and treatment.instructions is None:
        _other(out, f"$.treatments.items[{index}].instructions", Severity.WARNING)
    pca = treatment.pca
    if pca is not None:
        if treatment.kind != "pca" and treatment.kind != "continuous":
            path = f"$.treatments.items[{index}].pca"
            _add(out, "VIS-PCA", path, "Réglages de pompe pour un traitement sans pompe.")
        if pca.bolus is not None:
            _positive(pca.bolus, f"$.treatments.items[{index}].pca.bolus", out)
        if pca.rate is not None:
            _not_negative(pca.rate, f"$.treatments.items[{index}].pca.rate", out)


def _anticipatory(visit: Visit, out: Out) -> None:
    for index, prescription in enumerate(visit.anticipatory):
        if prescription.dose is not None:
            _positive(prescription.dose, f"$.anticipatory[{index}].dose", out)
        if prescription.route == "other" and prescription.instructions is None:
            _other(out, f"$.anticipatory[{index}].instructions", Severity.WARNING)


def _positive(quantity: Quantity, path: str, out: Out) -> None:
    if Decimal(quantity.value) <= 0:
        _add(out, "VIS-QUANTITY", f"{path}.value", "La quantité doit être supérieure à zéro.")


def _not_negative(quantity: Quantity, path: str, out: Out) -> None:
    if quantity.value[0] == "-":
        _add(out, "VIS-QUANTITY", f"{path}.value", "Le débit ne peut pas être négatif.")


def _directives(visit: Visit, out: Out) -> None:
    directives = visit.directives
    if directives is None:
        return
    if directives.status == "written":
        if directives.written_on is None:
            _add(out, "VIS-DIRECTIVES-DATE", "$.directives.written_on", "La date des directives manque.")
    elif directives.items or directives.written_on is not None:
        message = "Un contenu ou une date va seulement avec « written »."
        _add(out, "VIS-STATUS-ITEMS", "$.directives", message)
    for index, item in enumerate(directives.items):
        if item.kind == "other" and item.label is None:
            _other(out, f"$.directives.items[{index}].label")


def _directives_document(visit: Visit, out: Out) -> None:
    if visit.directives is not None and visit.directives.status == "written":
        return
    for index, attachment in enumerate(visit.attachments):
        if attachment.advance_directives:
            path = f"$.attachments[{index}].advance_directives"
            _add(out, "VIS-DIRECTIVES-DOCUMENT", path, "Les directives ne sont pas dites rédigées.")


def _attachments(visit: Visit, out: Out) -> None:
    for index, attachment in enumerate(visit.attachments):
        try:
            content = binascii.a2b_base64(attachment.data, strict_mode=True)
        except ValueError:  # binascii.Error, or a character beyond ASCII
            _add(out, "VIS-BASE64", f"$.attachments[{index}].data", "Le contenu n'est pas en base64.")
            continue
        if not content.startswith(b"%PDF-"):
            _add(out, "VIS-PDF", f"$.attachments[{index}].data", "Le contenu n'est pas un fichier PDF.")


def _sharing(visit: Visit, out: Out) -> None:
    sharing = visit.sharing
    if sharing.visibility:
        _repeated(sharing.visibility, "$.sharing.visibility", out)
        if "hidden-from-guardians" in sharing.visibility and not visit.patient.guardians:
            path = "$.sharing.visibility"
            _add(out, "VIS-HIDDEN-GUARDIANS", path, "Le patient n'a pas de représentant légal décrit.")
    hidden = "hidden-from-patient" in sharing.visibility
    if hidden and sharing.announce_on is None:
        _add(out, "VIS-HIDDEN-ANNOUNCE", "$.sharing.announce_on", "Aucune date d'annonce : le masquage reste à lever.")
    elif sharing.announce_on is not None:
        if not hidden:
            path = "$.sharing.announce_on"
            _add(out, "VIS-HIDDEN-ANNOUNCE", path, "Une annonce est prévue mais le document est visible du patient.")
        elif sharing.announce_on < visit.written_at.date():
            path = "$.sharing.announce_on"
            _add(out, "VIS-HIDDEN-ANNOUNCE", path, "La date d'annonce est passée : le masquage n'a plus lieu d'être.")
    if sharing.opposition:
        _add(out, "VIS-OPPOSITION", "$.sharing.opposition", "Le patient s'oppose au partage : jamais d'envoi au DMP.")
    elif sharing.opposition_reason is not None:
        path = "$.sharing.opposition_reason"
        _add(out, "VIS-OPPOSITION-REASON", path, "Un motif est donné sans que l'opposition soit notée.")


# --- Dates of facts ---------------------------------------------------------------------------------------------


def _future(visit: Visit, out: Out) -> None:
    """Facts already observed cannot be later than the day the synthesis was written."""
    written = visit.written_at.date()
    text = written.isoformat()
    disease = visit.disease.main
    _late(disease.onset, text, "$.disease.main.onset", out)
    _late(disease.end, text, "$.disease.main.end", out)
    for index, problem in enumerate(visit.problems):
        if problem.onset is not None:
            _late(problem.onset, text, f"$.problems[{index}].onset", out)
        if problem.end is not None:
            _late(problem.end, text, f"$.problems[{index}].end", out)
    for index, problem in enumerate(visit.history):
        if problem.onset is not None:
            _late(problem.onset, text, f"$.history[{index}].onset", out)
        if problem.end is not None:
            _late(problem.end, text, f"$.history[{index}].end", out)
    for index, symptom in enumerate(visit.symptoms):
        if symptom.onset is not None:
            _late(symptom.onset, text, f"$.symptoms[{index}].onset", out)
    for index, scale in enumerate(visit.scales):
        if scale.at is not None and scale.at > visit.written_at:
            _add(out, "VIS-FUTURE", f"$.scales[{index}].at", _LATE)
    for index, sign in enumerate(visit.vital_signs):
        if sign.at is not None and sign.at > visit.written_at:
            _add(out, "VIS-FUTURE", f"$.vital_signs[{index}].at", _LATE)
    if visit.allergies is not None:
        for index, allergy in enumerate(visit.allergies.items):
            if allergy.onset is not None:
                _late(allergy.onset, text, f"$.allergies.items[{index}].onset", out)
    for index, device in enumerate(visit.devices):
        if device.since is not None:
            _late(device.since, text, f"$.devices[{index}].since", out)
    for index, limitation in enumerate(visit.limitations):
        if limitation.decided_on is not None and limitation.decided_on > written:
            _add(out, "VIS-FUTURE", f"$.limitations[{index}].decided_on", _LATE)
    for index, wish in enumerate(visit.wishes):
        if wish.said_on is not None and wish.said_on > written:
            _add(out, "VIS-FUTURE", f"$.wishes[{index}].said_on", _LATE)
    for index, attachment in enumerate(visit.attachments):
        if attachment.created_on is not None and attachment.created_on > written:
            _add(out, "VIS-FUTURE", f"$.attachments[{index}].created_on", _LATE)
    directives = None if visit.directives is None else visit.directives.written_on
    if directives is not None and directives > written:
        _add(out, "VIS-FUTURE", "$.directives.written_on", _LATE)
    designated = None if visit.trusted_person is None else visit.trusted_person.designated_on
    if designated is not None and designated > written:
        _add(out, "VIS-FUTURE", "$.trusted_person.designated_on", _LATE)


_LATE: Final = "Cette date suit la rédaction de la synthèse."


def _late(partial: str | None, day: str, path: str, out: Out) -> None:
    if partial is not None and day[: len(partial)] < partial:
        _add(out, "VIS-FUTURE", path, _LATE)


# --- What is missing ----------------------------------------------------------------------------------------------


def _completeness(visit: Visit, out: Out) -> None:
    for field, name, absent in (
        ("disease.phase", "la phase de la prise en charge", visit.disease.phase is None),
        ("symptoms", "les symptômes et leur mesure", not visit.symptoms and not visit.scales),
        ("allergies", "les allergies", visit.allergies is None),
        ("treatments", "les traitements", visit.treatments is None),
        ("relatives", "les proches et aidants", not visit.relatives and not visit.patient.guardians),
        ("trusted_person", "la personne de confiance", visit.trusted_person is None),
        ("directives", "les directives anticipées", visit.directives is None),
        ("expected_events", "les évènements attendus et la conduite à tenir", not visit.expected_events),
        ("care_team", "l'équipe de soins", not visit.care_team),
        ("next_visit", "la prochaine visite", visit.next_visit is None),
    ):
        if absent:
            _add(out, "VIS-INCOMPLETE", f"$.{field}", f"Rubrique recommandée non renseignée : {name}.")


def _part(judge: Callable[[Visit, Out], None], reads: str, one_by_one: str = "") -> Part:
    return Part(judge, frozenset(reads.split()), one_by_one)


IDENTIFIERS: Final = frozenset({"INS-ROOT", "INS-FORMAT", "INS-KEY", "RPPS-FORMAT", "RPPS-KEY", "FINESS-FORMAT",
                                "FINESS-KEY", "INSEE-FORMAT", "OID-FORMAT"})  # fmt: skip
"""Rules that also run on parts whose shape is wrong elsewhere."""

PARTS: Final = (
    _part(_times, "start end written_at"),
    _part(_patient, "patient start"),
    _part(_identity, "patient"),
    _part(_author, "author"),
    _part(_structure, "structure"),
    _part(_place, "place"),
    _part(_disease, "disease"),
    _part(_problems, "problems", "problems"),
    _part(_history, "history", "history"),
    _part(_symptoms, "symptoms", "symptoms"),
    _part(_scales, "scales", "scales"),
    _part(_scale_ages, "scales patient start", "scales"),
    _part(_self_report, "scales function", "scales"),
    _part(_vital_signs, "vital_signs", "vital_signs"),
    _part(_allergies, "allergies"),
    _part(_treatments, "treatments"),
    _part(_treatments_ended, "treatments start"),
    _part(_anticipatory, "anticipatory", "anticipatory"),
    _part(_devices, "devices", "devices"),
    _part(_wounds, "wounds", "wounds"),
    _part(_functional, "nutrition function"),
    _part(_relatives, "relatives", "relatives"),
    _part(_trusted_person, "trusted_person relatives patient start"),
    _part(_directives, "directives"),
    _part(_directives_document, "directives attachments"),
    _part(_wishes, "wishes", "wishes"),
    _part(_goals, "goals", "goals"),
    _part(_places, "places"),
    _part(_limitations, "limitations", "limitations"),
    _part(_expected_events, "expected_events", "expected_events"),
    _part(_care_team, "care_team", "care_team"),
    _part(_actions, "actions", "actions"),
    _part(_keys, "patient relatives care_team attachments present actions wishes scales"),
    _part(_next_visit, "next_visit"),
    _part(_next_visit_later, "next_visit start"),
    _part(_attachments, "attachments", "attachments"),
    _part(_sharing, "sharing patient written_at"),
    _part(_correction, "correction version start"),
    _part(
        _future,
        "written_at disease problems history symptoms scales vital_signs allergies devices limitations wishes "
        "attachments directives trusted_person",
    ),
    _part(
        _completeness,
        "disease symptoms scales allergies treatments relatives patient trusted_person directives expected_events "
        "care_team next_visit",
    ),
)
