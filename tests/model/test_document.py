from __future__ import annotations

from tests.documents import full_document


def test_no_part_of_a_document_shows_its_content() -> None:
    document = full_document()
    shown = " ".join(
        repr(value)
        for value in (
            document,
            document.patient,
            document.patient.ins,
            document.author,
            document.author.name,
            document.custodian,
            document.relatives,
            document.team,
            document.encounter.place,
            document.sections,
            document.sections[0].blocks,
            document.sections[0].entries,
        )
    )
    for secret in (
        document.patient.birth_family,
        document.author.name.family,
        document.custodian.name,
        document.patient.ins.value if document.patient.ins else "",
    ):
        assert secret
        assert secret not in shown
