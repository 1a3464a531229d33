"""A printer that loses something is caught twice: by the judge of agreement and by the kept outputs."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

from adapter.api import convert
from adapter.cda.fragments import NOTHING, Markup
from adapter.errors import DocumentInvalid
from adapter.model.document import AnyEntry, Goal, Observation, Paragraph, Relative
from adapter.validation import agreement
from tests.samples_kept import VISITS, expected

# Printers are changed from outside on purpose; their modules say nothing of their private names.
cda_header: Any = import_module("adapter.cda.header")
cda_narrative: Any = import_module("adapter.cda.narrative")
cda_sections: Any = import_module("adapter.cda.sections")
fhir_bundle: Any = import_module("adapter.fhir.bundle")

S1 = next(path for path in VISITS if path.name == "s1.exhaustive.json")

Plant = Callable[[pytest.MonkeyPatch], None]


def cda_drops_the_last_entry_of_a_section(patch: pytest.MonkeyPatch) -> None:
    whole = cda_sections._entries

    def planted(entries: tuple[AnyEntry, ...]) -> Any:
        return whole(entries[:-1] if len(entries) > 2 else entries)

    patch.setattr(cda_sections, "_entries", planted)


def cda_drops_one_vital_sign(patch: pytest.MonkeyPatch) -> None:
    whole = cda_sections.vital_signs

    def planted(signs: tuple[Observation, ...]) -> Any:
        return whole(signs[1:])

    patch.setattr(cda_sections, "vital_signs", planted)


def cda_drops_a_paragraph_of_narrative(patch: pytest.MonkeyPatch) -> None:
    whole = cda_narrative.narrative

    def planted(blocks: Any, media: Any = ()) -> Any:
        kept = tuple(b for b in blocks if not (isinstance(b, Paragraph) and b.label == "Phase de la prise en charge"))
        return whole(kept, media)

    patch.setattr(cda_sections, "narrative", planted)


def fhir_swaps_two_goals_for_one(patch: pytest.MonkeyPatch) -> None:
    goal = fhir_bundle._PRINTERS[Goal]
    first: list[Any] = []

    def planted(entry: Any, frame: Any) -> Any:
        first.append(entry)
        return goal(first[0], frame)

    patch.setattr(fhir_bundle, "_PRINTERS", {**fhir_bundle._PRINTERS, Goal: planted})


def cda_drops_the_trusted_person(patch: pytest.MonkeyPatch) -> None:
    whole = cda_header._informant

    def planted(relative: Relative) -> Markup:
        if relative.role.code == "NOK":
            return NOTHING
        shown: Markup = whole(relative)
        return shown

    patch.setattr(cda_header, "_informant", planted)


PLANTS: tuple[Plant, ...] = (
    cda_drops_the_last_entry_of_a_section,
    cda_drops_one_vital_sign,
    cda_drops_a_paragraph_of_narrative,
    fhir_swaps_two_goals_for_one,
    cda_drops_the_trusted_person,
)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_loss_is_seen_by_agreement_and_by_the_golden(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    done = convert(S1.read_bytes(), self_check=False)
    assert agreement.compare(done.cda, done.bundle) != []
    folder = expected(S1)
    kept = (folder / "document.xml").read_bytes(), (folder / "bundle.json").read_bytes()
    assert (done.cda, done.bundle) != kept
    with pytest.raises(DocumentInvalid):
        convert(S1.read_bytes())
