"""People and structures, each resolved once."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.compose import compose
from adapter.compose.people import spaced, telecom, telecoms
from adapter.mapping import load
from adapter.model import document as doc
from adapter.model.people import Telecom
from adapter.model.visit import Visit
from tests.compose.test_document import said
from tests.compose.whole_visit import changed, whole_visit

WHOLE, _ = whole_visit()


def composed(*changes: tuple[tuple[str | int, ...], Any]) -> doc.Document:
    visit = WHOLE
    for path, value in changes:
        visit = changed(visit, path, value)
    return compose(Visit.model_validate(visit), load())


def test_a_matricule_is_printed_without_its_spaces() -> None:
    ins = composed().patient.ins
    assert ins is not None
    assert ins.value == "252034410921797"


@pytest.mark.parametrize("status", ["validated", "retrieved", "provisional"])
def test_a_matricule_that_is_not_qualified_is_not_printed(status: str) -> None:
    document = composed((("patient", "ins", "status"), status))
    assert document.patient.ins is None
    assert not document.patient.ins_qualified
    assert document.patient.local_id is not None
    assert ("CMP-INS", "$.patient.ins") in [(f.rule, f.path) for f in document.notices]


def test_a_corsican_place_of_birth_is_printed_as_published() -> None:
    assert composed((("patient", "birth_place"), "2a004")).patient.birth_place_code == "2A004"


def test_a_patient_without_any_number_has_one_of_ours() -> None:
    document = composed((("patient", "ins"), None), (("patient", "local_id"), None))
    assert document.patient.local_id is not None
    assert document.patient.local_id.value == document.patient.key


def test_a_main_carer_without_a_part_is_a_carer() -> None:
    document = composed((("relatives", 0, "roles"), []), (("relatives", 0, "main_carer"), True))
    assert [(r.role.code, r.main_carer) for r in document.relatives] == [("CAREGIVER", True)]
    assert "Aidant principal" in said(document)


def test_a_relative_with_two_parts_is_one_person() -> None:
    document = composed((("relatives", 0, "roles"), ["trusted-person", "carer"]))
    assert [r.role.code for r in document.relatives] == ["NOK", "CAREGIVER"]
    assert len({r.person for r in document.relatives}) == 1


def test_someone_without_a_part_is_a_contact_and_no_more() -> None:
    document = composed((("relatives", 0, "roles"), []), (("relatives", 0, "main_carer"), False))
    assert [r.role.code for r in document.relatives] == ["CON"]
    assert "Informateur" not in said(document)


def test_a_guardian_who_was_there_is_among_those_present_once() -> None:
    there = composed((("patient", "guardians", 0, "present"), True))
    away = composed((("patient", "guardians", 0, "present"), False))
    name = there.patient.guardians[0].name
    assert name is not None
    assert said(there).count(name.text) == said(away).count(name.text) + 1
    named_twice = composed((("present", 0, "ref"), "k-guardian"), (("present", 0, "kind"), "relative"))
    assert said(named_twice).count(name.text) == said(there).count(name.text)


def test_a_member_without_a_name_keeps_number_and_profession_in_words() -> None:
    document = composed((("care_team", 0, "name"), None))
    assert "RPPS 99700100003" in said(document)
    assert load().label("professions", WHOLE["care_team"][0]["profession"]) in said(document)


def test_a_structure_known_by_its_number_alone_is_a_structure() -> None:
    document = composed((("care_team", 0, "structure"), None), (("care_team", 0, "structure_name"), None))
    (member,) = document.team
    assert member.organization is not None
    assert member.organization.name == "Structure FINESS 990000010"
    assert member.organization.identifier == doc.Identifier("1.2.250.1.71.4.2.2", "1990000010")


@pytest.mark.parametrize(
    ("given", "printed", "shown"),
    [
        ("06 00.00(00)01", "0600000001", "06 00 00 00 01"),
        ("+33 6 00 00 00 01", "+33600000001", "+33600000001"),
    ],
)
def test_a_number_loses_its_spaces_and_reads_in_pairs(given: str, printed: str, shown: str) -> None:
    printed_as = telecom(Telecom(kind="phone", value=given, always=False))
    assert (printed_as.value, spaced(printed_as)) == (printed, shown)


def test_a_contact_told_twice_stands_once_with_all_that_was_said_of_it() -> None:
    mail = {"value": "a@b.example", "use": "work"}
    given = (
        Telecom(kind="email", **mail),  # type: ignore[arg-type]  # literals told as text
        Telecom(kind="mssante", **mail),  # type: ignore[arg-type]
        Telecom(kind="phone", value="02 00 00 00 01", always=True),
    )
    first, second = telecoms(given)
    assert (first.value, first.mssante, first.always) == ("a@b.example", True, False)
    assert (second.value, second.always) == ("0200000001", True)
