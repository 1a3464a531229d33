from __future__ import annotations

from dataclasses import replace

from lxml import etree

from adapter.cda import render
from adapter.model.document import Address
from tests.documents import full_document

HL7 = {"h": "urn:hl7-org:v3"}


def test_an_address_of_many_lines_keeps_them_all_in_the_two_places_that_ci_sis_allows() -> None:
    document = full_document()
    lines = ("Résidence de l'Exemple", "Bâtiment B", "12 rue des Tanneurs", "Lieu-dit Le Bourg")
    patient = replace(document.patient, address=Address(lines, "44000", "Nantes", "FRA"))
    root = etree.fromstring(render(replace(document, patient=patient)))
    address = root.find("h:recordTarget/h:patientRole/h:addr", HL7)
    assert address is not None
    assert [etree.QName(part).localname for part in address] == [
        "streetName", "additionalLocator", "postalCode", "city", "country",
    ]  # fmt: skip
    said = [line for part in list(address)[:2] for line in (part.text or "").split("\n")]
    assert said == list(lines)
