"""Every field of a visit is somewhere in its document; what is not shared is named here with its reason."""

from __future__ import annotations

import functools
from typing import Any, get_args

import pytest

from adapter.compose import compose
from adapter.compose.wording import inline
from adapter.mapping import Mappings, load
from adapter.model.codes import LOCAL_CODES
from adapter.model.document import Document
from adapter.model.visit import Visit
from tests.compose.whole_visit import Leaf, all_text, changed, json_path, texts, whole_visit

NOT_SHARED = {
    "$.sharing.opposition": "stops the sending, not the document (scenario S4)",
    "$.sharing.opposition_reason": "kept in the practice, printed nowhere",
    "$.sharing.announce_on": "when the mask is lifted: a matter of the submission",
    "$.sharing.informed": "kept in the practice",
    "$.place.tariff_mode": "billing stays out of the document",
    "$.structure.national_id": "the FINESS stands for the structure when both are known",
    "$.format": "version of the JSON, not of the visit",
    "$.attachments[].media_type": "only one value is allowed",
    "$.patient.ins.value": "tested in test_people",
    "$.patient.ins.root": "tested in test_people",
    "$.patient.ins.status": "a matricule that is not qualified is not printed: tested in test_people",
}
# One value hides another: the field is tried without the one that hides it.
HIDDEN_BY = {
    "next_visit.on": "next_visit.at",
    "relatives[].relationship": "relatives[].relationship_label",
    "allergies.items[].substance": "allergies.items[].atc",
    "treatments.items[].substance": "treatments.items[].atc",
    "anticipatory[].substance": "anticipatory[].atc",
    "present[].kind": "present[].ref",
    "telecoms[].kind": "telecoms[].use",
}
# Values that another field of a true visit tells apart.
TOLD_BY = {"$.author.capacity": "a locum is told by the doctor replaced"}
# Local values that a sentence of the messages says, or the list that they announce.
SAID_IN_A_SENTENCE = {
    "$.directives.status",
    "$.trusted_person.status",
    "$.allergies.status",
    "$.treatments.status",
}


@functools.cache
def mappings() -> Mappings:
    return load()


def composed(visit: dict[str, Any]) -> Document:
    return compose(Visit.model_validate(visit), mappings())


WHOLE, LEAVES = whole_visit()
SHARED = [leaf for leaf in LEAVES if json_path(leaf.path) not in NOT_SHARED]


def _names(leaves: list[Leaf]) -> list[str]:
    return [json_path(leaf.path) for leaf in leaves]


def _base(leaf: Leaf) -> dict[str, Any]:
    for hidden, hiding in HIDDEN_BY.items():
        if json_path(leaf.path).endswith(hidden):
            return changed(WHOLE, (*leaf.path[:-1], hiding.rpartition(".")[2]), None)
    return WHOLE


TEXTS = [leaf for leaf in SHARED if leaf.marker]


@pytest.mark.parametrize("leaf", TEXTS, ids=_names(TEXTS))
def test_a_text_lands(leaf: Leaf) -> None:
    assert leaf.marker in all_text(composed(_base(leaf)))


OTHERS = [leaf for leaf in SHARED if leaf.others and json_path(leaf.path) not in TOLD_BY]


@pytest.mark.parametrize("leaf", OTHERS, ids=_names(OTHERS))
def test_another_value_gives_another_document(leaf: Leaf) -> None:
    documents: list[Document] = []
    for value in (leaf.value, *leaf.others):
        document = composed(changed(_base(leaf), leaf.path, value))
        assert document not in documents, value
        documents.append(document)


def _table_of(leaf: Leaf) -> str | None:
    return next((name for name, literal in LOCAL_CODES.items() if get_args(literal) == leaf.table), None)


CODED = [
    (leaf, table)
    for leaf in SHARED
    if (table := _table_of(leaf)) is not None and json_path(leaf.path) not in SAID_IN_A_SENTENCE
]


@pytest.mark.parametrize(("leaf", "table"), CODED, ids=[json_path(leaf.path) for leaf, _ in CODED])
def test_the_label_or_the_code_of_every_local_value_lands(leaf: Leaf, table: str) -> None:
    own_words = {"symptoms", "devices", "expected_events"} & {*leaf.path}
    for local in leaf.table:
        if own_words and local == "other":
            continue  # the doctor's own words stand alone
        document = composed(changed(_base(leaf), leaf.path, local))
        concept = mappings().concept(table, local)
        said = all_text(document)
        in_words = concept.text in said or inline(concept.text) in said
        assert in_words or any(c.code in set(texts(document)) for c in concept.codings), local


def test_what_is_not_shared_is_a_field_of_the_visit() -> None:
    assert set(NOT_SHARED) <= set(_names(LEAVES))


def test_what_stays_in_the_practice_is_nowhere() -> None:
    said = all_text(composed(WHOLE))
    for leaf in LEAVES:
        if leaf.marker and json_path(leaf.path) in NOT_SHARED:
            assert leaf.marker not in said
