"""Nothing made up, nothing cut off, nothing computed: the cases where a reader could be misled."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from adapter.compose import compose
from adapter.mapping import load
from adapter.model import document as doc
from adapter.model.reader import read_visit
from adapter.model.visit import Visit
from tests.compose.test_document import all_sections, narrative_texts, said
from tests.compose.whole_visit import changed, whole_visit
from tests.samples_kept import VISITS

WHOLE, _ = whole_visit()
S1 = next(path for path in VISITS if path.name == "s1.exhaustive.json")


def composed(path: tuple[str | int, ...] = ("title",), value: Any = None) -> doc.Document:
    return compose(Visit.model_validate(changed(WHOLE, path, value)), load())


def section(document: doc.Document, key: str) -> str:
    return "\n".join(text for s in all_sections(document.sections) if s.key == key for _, text in narrative_texts(s))


def entries(document: doc.Document, kind: type[Any], prefix: str = "") -> list[Any]:
    return [
        e
        for s in all_sections(document.sections)
        for e in s.entries
        if isinstance(e, kind) and e.anchor.startswith(prefix)
    ]


# --- Points of vigilance: a decision never stands without the words that bound it ----------------------------------


def test_a_limitation_keeps_its_condition_at_night() -> None:
    limitation = {"items": ["no-emergency-transfer"], "comment": "Sauf fracture."}
    lines = section(composed(("limitations",), [limitation]), "vigilance")
    assert "Pas de transfert aux urgences" in lines
    assert "Précisions : Sauf fracture." in lines


@pytest.mark.parametrize(("accepted", "position"), [(True, "souhaité"), (False, "refusé"), (None, "voir le texte")])
def test_a_written_directive_keeps_its_condition_at_night(accepted: bool | None, position: str) -> None:
    item = {"kind": "ventilation", "accepted": accepted, "comment": "Sauf cause réversible."}
    lines = section(composed(("directives", "items"), [item]), "vigilance")
    assert f"Assistance respiratoire : {position} (directives anticipées écrites)" in lines
    assert "Sauf cause réversible." in lines


def test_an_oral_wish_says_who_told_it_and_keeps_its_words_at_night() -> None:
    wish = {"subject": "hospitalisation", "preference": "acceptable", "source": "relative", "text": "Si douleur."}
    lines = section(composed(("wishes",), [wish]), "vigilance")
    assert "Hospitalisation : accepté (souhait rapporté oralement : un proche)" in lines
    assert "Si douleur." in lines


def test_a_wish_in_words_alone_is_read_at_night_too() -> None:
    wish = {"subject": "resuscitation", "source": "patient", "text": "Ne veut pas être réanimé."}
    document = composed(("wishes",), [wish])
    assert "Ne veut pas être réanimé." in section(document, "vigilance")
    (told,) = [o for o in entries(document, doc.Observation) if "Réanimation cardiaque" in o.what.text]
    assert told.value == "Ne veut pas être réanimé."


def test_a_wish_only_mentioned_has_no_position() -> None:
    document = composed(("wishes",), [{"subject": "funeral", "source": "patient"}])
    (told,) = [o for o in entries(document, doc.Observation) if o.what.text == "Obsèques"]
    assert told.value == "Évoqué"


def test_what_to_do_with_a_product_at_home_stands_beside_it() -> None:
    product = {"label": "Midazolam", "at_home": True, "instructions": "Une seule fois."}
    assert "Une seule fois." in section(composed(("anticipatory",), [product]), "vigilance")


@pytest.mark.parametrize("at_home", [None, False])
def test_a_product_not_known_to_be_at_home_is_not_among_those_at_home(at_home: bool | None) -> None:
    lines = section(composed(("anticipatory",), [{"label": "Midazolam", "at_home": at_home}]), "vigilance")
    assert "Midazolam" not in lines


def test_a_number_that_answers_at_night_is_listed_whoever_holds_it() -> None:
    held = [{"kind": "phone", "value": "02 00 00 00 77", "always": True}]
    for path in (
        ("patient", "guardians", 0, "telecoms"),
        ("relatives", 0, "telecoms"),
        ("care_team", 0, "telecoms"),
        ("author", "telecoms"),
        ("author", "replaces", "telecoms"),
        ("author", "attending_physician", "telecoms"),
        ("structure", "telecoms"),
        ("place", "telecoms"),
    ):
        assert "02 00 00 00 77" in section(composed(path, held), "vigilance")


# --- Symptoms, scales, signs ---------------------------------------------------------------------------------------


def _symptom(**told: Any) -> doc.Observation:
    document = composed(("symptoms",), [{"symptom": "nausea", **told}])
    (found,) = [o for o in entries(document, doc.Observation) if o.kind == "symptom"]
    assert isinstance(found, doc.Observation)
    return found


def test_a_symptom_that_is_gone_is_not_said_to_be_there() -> None:
    value = _symptom(evolution="resolved").value
    assert value is not True
    assert value == load().concept("evolutions", "resolved")


def test_an_absent_symptom_is_absent_and_one_that_cannot_be_judged_has_no_value() -> None:
    assert _symptom(intensity="absent").value is False
    judged = _symptom(intensity="not-assessable")
    assert (judged.value, judged.absent) == (None, "Non évaluable")
    assert _symptom().value is True


def _scale(**told: Any) -> tuple[doc.Observation, str]:
    document = composed(("scales",), [told])
    (found,) = [o for o in entries(document, doc.Observation) if o.kind in {"pain", "score"}]
    return found, said(document)


@pytest.mark.parametrize(
    ("scale", "value", "shown"),
    [
        ("en", 0, "0/10"),
        ("algoplus", 3, "3/5"),
        ("zarit", 38, "38/88"),
        ("braden", 9, "9 (de 6 à 23)"),
        ("rass", -3, "-3 (de -5 à 4)"),
        ("pps", 50, "50 %"),
        ("ecog", 3, "3 (capable de quelques soins seulement, alité ou au fauteuil plus de la moitié du temps)"),
        ("gir", 1, "1 (GIR 1)"),
    ],
)
def test_a_score_is_read_with_its_bound(scale: str, value: int, shown: str) -> None:
    entry, words = _scale(scale=scale, value=value)
    assert shown in words.split("\n")
    assert f"Score : {shown}" in entry.statement


def test_a_scale_that_cannot_be_had_has_a_reason_and_no_score() -> None:
    entry, words = _scale(scale="zarit", not_assessable="Refus de l'aidante.")
    assert entry.value is None
    assert entry.absent == "Refus de l'aidante."
    assert "Non évaluable : Refus de l'aidante." in words


def test_only_self_reported_scores_out_of_ten_are_pain_severity() -> None:
    assert _scale(scale="en", value=3)[0].kind == "pain"
    for scale in ("algoplus", "doloplus-2", "san-salvadour", "evs", "flacc"):
        entry, _ = _scale(scale=scale, value=3)
        assert entry.kind == "score"
        assert "38208-5" not in {c.code for c in entry.what.codings}


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("2026-10-12T10:05:00+02:00", "12/10/2026 à 10 h 05"),
        ("2026-10-12T08:05:00Z", "12/10/2026 à 8 h 05 (UTC)"),
        ("2026-10-12T12:05:00+04:00", "12/10/2026 à 12 h 05 (UTC+04:00)"),
    ],
)
def test_a_time_told_with_another_offset_than_the_visit_says_it(at: str, shown: str) -> None:
    start = changed(WHOLE, ("start",), "2026-10-12T10:00:00+02:00")
    visit = changed(start, ("scales",), [{"scale": "en", "value": 3, "at": at}])
    assert shown in said(compose(Visit.model_validate(visit), load())).split("\n")


def test_a_decimal_keeps_its_digits() -> None:
    document = composed(("vital_signs",), [{"sign": "weight", "value": "48.20"}])
    (weight,) = [o for o in entries(document, doc.Observation) if o.kind == "vital-sign"]
    assert weight.value.value == "48.20"
    assert "48,20 kg" in said(document)


# --- Treatments ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["stopped", "suspended"])
def test_a_treatment_that_is_not_taken_stands_apart(status: str) -> None:
    items = [{"label": "Aspirine", "status": status}, {"label": "Morphine"}]
    document = composed(("treatments", "items"), items)
    (treatments,) = [s for s in document.sections if s.key == "treatments"]
    tables = {b.caption: b for b in treatments.blocks if isinstance(b, doc.Table)}
    assert [r.cells[0] for r in tables["Traitements en cours"].rows] == ["Morphine"]
    (ended,) = tables["Traitements arrêtés ou suspendus"].rows
    assert ended.cells[0] == "Aspirine"
    assert load().label("treatment-statuses", status) in ended.cells[3]
    assert [m.status for m in entries(document, doc.Medication) if m.product.text == "Aspirine"] == [status]


def test_no_treatment_told_and_no_treatment_are_two_things() -> None:
    for told, code in ((None, "no-medication-info"), ({"status": "none"}, "no-known-medications")):
        visit = changed(changed(WHOLE, ("treatments",), told), ("anticipatory",), [])
        document = compose(Visit.model_validate(visit), load())
        (absence,) = entries(document, doc.Medication)
        assert absence.absence
        assert [c.code for c in absence.product.codings] == [code]


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ({"start": "2026-09-21"}, "depuis le 21/09/2026"),
        ({"start": "2026-09"}, "depuis 09/2026"),
        ({"end": "2026-10-12", "status": "stopped"}, "jusqu'au 12/10/2026"),
        ({"end": "2025", "status": "stopped"}, "jusqu'à 2025"),
        ({"last_change": "2026-09-28"}, "modifié le 28/09/2026"),
    ],
)
def test_a_period_reads_as_french(told: dict[str, str], shown: str) -> None:
    assert shown in said(composed(("treatments", "items"), [{"label": "Morphine", **told}])).split("\n")


@pytest.mark.parametrize("count", [0, 1, 4])
def test_a_count_of_intakes_reads_the_same_whatever_the_number(count: int) -> None:
    words = said(composed(("treatments", "items"), [{"label": "Morphine", "taken_last_day": count}]))
    assert f"prises constatées sur les dernières 24 h : {count}" in words


def test_an_end_alone_is_not_read_as_a_beginning() -> None:
    document = composed(("history",), [{"label": "Fracture", "end": "1998"}])
    assert "jusqu'à 1998" in section(document, "history").split("\n")
    (past,) = entries(document, doc.Problem, "history")
    assert (past.onset, past.end) == ("", "1998")


# --- What is not said is not made up -------------------------------------------------------------------------------


def test_silence_stays_silence() -> None:
    optional = {n for n, f in Visit.model_fields.items() if not f.is_required()} - {"version", "correction", "sharing"}
    visit = {key: value for key, value in WHOLE.items() if key not in optional}
    visit["disease"] = {"main": visit["disease"]["main"]}
    visit = changed(visit, ("patient", "guardians"), [])
    document = compose(Visit.model_validate(visit), load())
    assert [s.key for s in document.sections] == [
        "vigilance", "conclusions", "reason", "problems", "allergies", "treatments", "advance-directives",
        "care-plan",
    ]  # fmt: skip
    assert entries(document, doc.Observation) == []
    assert {type(e) for s in document.sections for e in s.entries} == {
        doc.Problem, doc.Allergy, doc.Medication, doc.CareAct,
    }  # fmt: skip
    words = said(document)
    for invented in ("Aucune allergie", "Aucun traitement", "Aucune directive", "refus"):
        assert invented not in words
    assert "Personne de confiance non renseignée" in words


def test_a_default_of_the_format_is_not_read_as_said() -> None:
    words = section(composed(("treatments", "items"), [{"label": "Scopolamine"}]), "treatments")
    assert "prise régulière" not in words.lower()
    words = section(composed(("treatments", "items"), [{"label": "Scopolamine", "kind": "scheduled"}]), "treatments")
    assert "En cours, prise régulière" in words
    words = section(composed(("allergies", "items"), [{"agent": "Latex"}]), "allergies")
    assert "Allergie" not in words.split("\n")
    words = section(composed(("history",), [{"label": "Cholécystectomie"}]), "history")
    assert "Actif" not in words
    words = section(composed(("history",), [{"label": "Asthme", "status": "active"}]), "history")
    assert "Actif" in words


def test_a_past_event_with_an_end_is_over() -> None:
    document = composed(("history",), [{"label": "Fracture", "onset": "1998", "end": "1999"}])
    (past,) = entries(document, doc.Problem, "history")
    assert past.resolved


def test_a_next_visit_in_words_has_no_date() -> None:
    document = composed(("next_visit",), {"text": "Revoir dans 7 jours."})
    assert entries(document, doc.NextVisit) == []
    assert "Revoir dans 7 jours." in section(document, "care-plan")


def test_own_words_stand_beside_the_label_of_a_table_and_alone_for_other() -> None:
    words = said(composed(("devices",), [{"device": "wheelchair", "label": "Coque moulée"}]))
    assert "Fauteuil roulant (Coque moulée)" in words
    words = said(composed(("devices",), [{"device": "other", "label": "Coque moulée"}]))
    assert "Coque moulée" in words.split("\n")


@pytest.mark.parametrize(("goal", "words"), [("other", "Voir la mer."), ("comfort", "Confort")])
def test_a_goal_of_no_list_is_told_in_its_own_words(goal: str, words: str) -> None:
    (found,) = entries(composed(("goals",), [{"goal": goal, "text": "Voir la mer."}]), doc.Goal)
    assert found.what.text == words


def test_a_decision_and_a_wish_are_of_the_day_they_were_made() -> None:
    limitation = {"items": ["no-emergency-transfer"], "decided_on": "2026-10-08"}
    (decision,) = [
        o for o in entries(composed(("limitations",), [limitation]), doc.Observation) if o.kind == "decision"
    ]
    assert decision.at == date(2026, 10, 8)
    wish = {"subject": "hospitalisation", "preference": "refused", "source": "patient", "said_on": "2026-10-01"}
    told = composed(("wishes",), [wish])
    assert date(2026, 10, 1) in {o.at for o in entries(told, doc.Observation) if o.kind == "wish"}


def test_listed_allergies_are_read_at_night_and_silence_is_no_allergy() -> None:
    listed = {"status": "listed", "items": [{"agent": "Pénicilline", "reaction": "Urticaire"}]}
    assert "Pénicilline : Urticaire" in section(composed(("allergies",), listed), "vigilance")
    assert "Allergies" not in section(composed(("allergies",), {"status": "unknown"}), "vigilance")


def test_a_problem_with_an_end_is_not_told_active_unless_somebody_said_so() -> None:
    problem = {"label": "Pneumopathie", "onset": "2026-05", "end": "2026-06"}
    document = composed(("problems",), [problem])
    assert section(document, "problems").split("\n").count("Actif") == section(
        composed(("problems",), []), "problems"
    ).split("\n").count("Actif")
    (found,) = [p for p in entries(document, doc.Problem, "problems") if not p.main]
    assert found.resolved


def test_a_burden_alone_makes_no_coded_social_history() -> None:
    visit = changed(changed(WHOLE, ("social",), None), ("scales",), [{"scale": "zarit", "value": 38}])
    document = compose(Visit.model_validate(visit), load())
    (social,) = [s for s in document.sections if s.key == "social"]
    assert [entry.what.text for entry in social.entries if isinstance(entry, doc.Observation)]
    assert "1.3.6.1.4.1.19376.1.5.3.1.3.16.1" not in social.template_ids


def test_the_carer_of_a_burden_scale_is_named_in_words_and_is_not_a_method() -> None:
    document = compose(read_visit(S1.read_bytes()), load())
    (burden,) = [e for e in entries(document, doc.Observation, "social") if e.kind == "score"]
    carer = next(relative.name.family for relative in document.relatives if relative.main_carer)
    assert carer in burden.statement
    assert carer not in burden.method
