"""A builder, a printer of CDA, of FHIR or of the sheet that drops something is caught by the trace of a visit."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any, cast

import pytest

from adapter.api import trace
from adapter.api.tracing import Trace
from adapter.compose.draft import Content, Draft
from adapter.compose.sections import BUILDERS
from adapter.mapping import SectionSpec
from adapter.model.document import Observation, Problem
from adapter.model.visit import Visit
from tests.api.tracing.short_visit import short_visit
from tests.goldens.test_planted_faults import (
    cda_drops_a_paragraph_of_narrative,
    cda_drops_one_vital_sign,
    cda_drops_the_trusted_person,
)

# The program is changed from outside on purpose; its modules say nothing of their private names.
treatment: Any = import_module("adapter.compose.sections.treatment")
cda_header: Any = import_module("adapter.cda.header")
cda_sections: Any = import_module("adapter.cda.sections")
fhir_bundle: Any = import_module("adapter.fhir.bundle")
sheet: Any = import_module("adapter.render.sheet")

Plant = Callable[[pytest.MonkeyPatch], None]
Lost = set[tuple[str, str]]


def _lost(found: Trace) -> Lost:
    return {(one.path, one.form) for one in found.lost}


def a_builder_drops_the_comment_of_a_symptom(patch: pytest.MonkeyPatch) -> None:
    whole = BUILDERS["symptoms"]

    def planted(draft: Draft, spec: SectionSpec) -> Content:
        given = draft.visit
        bare = tuple(symptom.model_copy(update={"comment": None}) for symptom in given.symptoms)
        draft.visit = given.model_copy(update={"symptoms": bare})
        content = whole(draft, spec)
        draft.visit = given
        return content

    patch.setitem(cast(dict[str, Any], BUILDERS), "symptoms", planted)


def a_builder_drops_the_indication_of_a_treatment(patch: pytest.MonkeyPatch) -> None:
    whole = treatment._listed

    def planted(draft: Any, section: str, items: Any, caption: str) -> Any:
        bare = [(n, t.model_copy(update={"indication": None})) for n, t in items]
        return whole(draft, section, bare, caption)

    patch.setattr(treatment, "_listed", planted)


def cda_drops_the_used_name(patch: pytest.MonkeyPatch) -> None:
    whole = cda_header._record_target
    patch.setattr(cda_header, "_record_target", lambda patient: whole(replace(patient, used_given="")))


def cda_drops_the_dose(patch: pytest.MonkeyPatch) -> None:
    whole = cda_sections.medication
    patch.setattr(cda_sections, "medication", lambda entry: whole(replace(entry, dose=None)))


def cda_drops_the_entry_of_a_symptom(patch: pytest.MonkeyPatch) -> None:
    whole = cda_sections._entries

    def planted(entries: tuple[Any, ...]) -> Any:
        return whole(tuple(e for e in entries if not (isinstance(e, Observation) and e.kind == "symptom")))

    patch.setattr(cda_sections, "_entries", planted)


def fhir_drops_the_birth_place(patch: pytest.MonkeyPatch) -> None:
    whole = fhir_bundle.patient

    def planted(value: Any, *more: Any) -> Any:
        return whole(replace(value, birth_place_name=""), *more)

    patch.setattr(fhir_bundle, "patient", planted)


def fhir_drops_the_onset_of_a_problem(patch: pytest.MonkeyPatch) -> None:
    whole = fhir_bundle._PRINTERS[Problem]

    def planted(entry: Any, frame: Any) -> Any:
        return whole(replace(entry, onset=""), frame)

    patch.setattr(fhir_bundle, "_PRINTERS", {**fhir_bundle._PRINTERS, Problem: planted})


def the_sheet_drops_the_section_of_conclusions(patch: pytest.MonkeyPatch) -> None:
    whole = sheet.section
    patch.setattr(sheet, "section", lambda value: "" if value.key == "conclusions" else whole(value))


EVERYWHERE = ("cda", "fhir", "sheet")
PLANTS: tuple[tuple[Plant, Lost], ...] = (
    (
        a_builder_drops_the_comment_of_a_symptom,
        {("$.symptoms[0].comment", form) for form in EVERYWHERE},
    ),
    (
        a_builder_drops_the_indication_of_a_treatment,
        {("$.treatments.items[0].indication", form) for form in EVERYWHERE},
    ),
    (cda_drops_the_used_name, {("$.patient.used_given_name", "cda")}),
    (cda_drops_the_dose, {("$.treatments.items[0].dose.value", "cda"), ("$.treatments.items[0].dose.unit", "cda")}),
    (cda_drops_the_entry_of_a_symptom, {("$.symptoms[0].symptom", "cda"), ("$.symptoms[0].intensity", "cda")}),
    (cda_drops_one_vital_sign, {("$.vital_signs[0].value", "cda")}),
    (cda_drops_a_paragraph_of_narrative, {("$.disease.phase", "cda"), ("$.disease.phase_comment", "cda")}),
    (cda_drops_the_trusted_person, {("$.relatives[0].roles[0]", "cda")}),
    (fhir_drops_the_birth_place, {("$.patient.birth_place_name", "fhir")}),
    (fhir_drops_the_onset_of_a_problem, {("$.disease.main.onset", "fhir")}),
    (the_sheet_drops_the_section_of_conclusions, {("$.conclusions", "sheet")}),
)


def test_the_visit_without_a_planted_fault_is_whole() -> None:
    assert _lost(trace(short_visit())) == set()


def _parts_of(lost: Lost) -> bytes:
    """The short visit with only what a visit must hold and the parts in which `lost` stands: printed much sooner."""
    kept = {path[2:].partition(".")[0].partition("[")[0] for path, _ in lost}
    kept |= {"trusted_person"} if "relatives" in kept else set()
    required = {name for name, field in Visit.model_fields.items() if field.is_required()}
    visit = json.loads(short_visit())
    return json.dumps({name: value for name, value in visit.items() if name in kept | required}).encode()


@pytest.mark.parametrize(("plant", "lost"), PLANTS, ids=[plant.__name__ for plant, _ in PLANTS])
def test_what_is_dropped_is_told(plant: Plant, lost: Lost, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    found = _lost(trace(_parts_of(lost)))
    assert lost <= found
    # What a fault takes along stands in the same object or in the same section, never elsewhere.
    assert len(found) < 30


def test_what_changes_by_itself_has_no_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = itertools.count()
    whole = fhir_bundle.composition

    def planted(*given: Any) -> Any:
        return {**whole(*given), "status": f"final-{next(counted)}"}

    monkeypatch.setattr(fhir_bundle, "composition", planted)
    found = trace(short_visit())
    assert [node.locator for node in found.unexplained] == ["Bundle.entry[0].resource.status"]
    assert not found.complete


def test_what_neither_the_visit_nor_the_program_says_has_no_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = cda_header._custodian
    leaked = "".join(["LEC", "LERC"])  # no constant of the program
    monkeypatch.setattr(cda_header, "_custodian", lambda value: whole(replace(value, name=leaked)))
    found = trace(short_visit())
    assert [node.path for node in found.unexplained] == [
        "/ClinicalDocument/custodian[1]/assignedCustodian[1]/representedCustodianOrganization[1]/name[1]"
    ]
