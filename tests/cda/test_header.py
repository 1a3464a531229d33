from __future__ import annotations

from dataclasses import replace

import pytest

from tests import documents
from tests.cda.reading import find, find_all, parse, string, strings


def test_identity_carries_every_trait_with_its_qualifier() -> None:
    role = find(parse(documents.full_document()), "/c:ClinicalDocument/c:recordTarget/c:patientRole")
    assert strings(role, "c:id/@root") == ["1.2.250.1.213.1.4.10", "1.2.250.1.999.1.1"]
    assert strings(role, "c:patient/c:name/c:family[@qualifier='BR']/text()") == ["ROUSSEL"]
    assert strings(role, "c:patient/c:name/c:family[@qualifier='CL']/text()") == ["MARCHAND"]
    assert strings(role, "c:patient/c:name/c:given[not(@qualifier)]/text()") == ["HELENE MARIE"]
    assert strings(role, "c:patient/c:name/c:given[@qualifier='BR']/text()") == ["HELENE"]
    assert strings(role, "c:patient/c:name/c:given[@qualifier='CL']/text()") == ["Hélène"]
    assert string(role, "c:patient/c:birthTime/@value") == "19520314"
    assert string(role, "c:patient/c:administrativeGenderCode/@code") == "F"
    assert string(role, "c:patient/c:birthplace/c:place/c:addr/c:county/text()") == "44109"
    assert string(role, "c:patient/c:birthplace/c:place/c:addr/c:city/text()") == "Nantes"
    assert strings(role, "c:patient/c:guardian/c:guardianPerson/c:name/c:family/text()") == ["MARCHAND"]
    assert strings(role, "c:patient/c:guardian/c:guardianOrganization/c:name/text()") == [
        "Association tutélaire de l'Ouest"
    ]


def test_a_patient_without_used_name_keeps_the_birth_traits_only() -> None:
    name = find(parse(documents.minimal_document()), "//c:patient/c:name")
    assert strings(name, "*/@qualifier") == ["BR", "BR"]


def test_times_carry_their_offset() -> None:
    root = parse(documents.full_document())
    assert string(root, "/c:ClinicalDocument/c:effectiveTime/@value") == "20261012182007+0200"
    assert string(root, "//c:legalAuthenticator/c:time/@value") == "20261012182007+0200"
    assert strings(root, "//c:serviceEvent/c:effectiveTime/*/@value") == ["20261012100000+0200", "20261012110500+0200"]


def test_every_relative_stands_in_its_part() -> None:
    root = parse(documents.full_document())
    assert strings(root, "//c:relatedEntity/@classCode") == ["NOK", "CAREGIVER", "ECON", "CON"]
    # A tie without code has no place in the header: the narrative tells it.
    assert strings(root, "//c:relatedEntity/c:code/@code") == ["HUSB", "DAUC"]


def test_team_members_stand_with_function_label_and_known_dates_only() -> None:
    parts = find_all(parse(documents.full_document()), "//c:participant[c:functionCode]")
    assert [p.get("typeCode") for p in parts] == ["PRF", "PRF", "PRF", "INF"]
    assert [string(p, "c:associatedEntity/@classCode") for p in parts] == ["PROV", "AGNT", "PROV", "PROV"]
    assert [string(p, "c:functionCode/@code") for p in parts] == ["353", "353", "CORRE", "ES-PREF"]
    assert string(parts[1], "c:functionCode/c:originalText/text()") == "Bénévole d'accompagnement"
    assert [strings(p, "c:time/*/@value") for p in parts] == [["20260901"], ["20261001"], [], ["20260801", "20261231"]]
    assert string(parts[2], "c:time/@nullFlavor") == "UNK"
    assert string(parts[2], ".//c:scopingOrganization/c:name/text()") == "EMSP du centre hospitalier"


def test_a_colleague_names_the_attending_physician_and_no_vsp() -> None:
    root = parse(documents.colleague_document())
    assert string(root, "//c:participant[@typeCode='INF'][c:functionCode/@code='PCP']//c:family/text()") == "LEMOINE"
    assert not find_all(root, "//c:serviceEvent/c:code")
    assert not find_all(root, "//c:relatedDocument")
    assert not find_all(root, "//c:author/c:functionCode")


def test_a_locum_names_the_doctor_he_or_she_replaces() -> None:
    root = parse(documents.locum_document())
    assert string(root, "//c:participant[@typeCode='REF'][c:functionCode/@code='353']//c:family/text()") == "LEMOINE"
    assert string(root, "//c:participant[@typeCode='INF'][c:functionCode/@code='PCP']//c:family/text()") == "LEMOINE"
    assert not find_all(root, "//c:author/c:functionCode")  # the locum is not the attending physician
    assert string(root, "//c:healthCareFacility/c:location/c:addr/c:city/text()") == "Quimper"
    assert string(root, "//c:healthCareFacility/c:id/@extension") == "1990000036"


def test_a_correction_replaces_the_earlier_version() -> None:
    root = parse(documents.full_document())
    assert string(root, "//c:relatedDocument[@typeCode='RPLC']/c:parentDocument/c:id/@root") == "1.2.250.1.999.2.1.1"
    assert string(root, "/c:ClinicalDocument/c:setId/@root") == "1.2.250.1.999.2.1"
    assert string(root, "/c:ClinicalDocument/c:versionNumber/@value") == "2"


def test_the_visit_is_a_vsp_at_home_from_the_practice() -> None:
    root = parse(documents.full_document())
    event = find(root, "//c:serviceEvent")
    assert string(event, "c:code/@code") == "VSP"
    assert string(event, "c:code/@codeSystem") == "1.2.250.1.215.200.3.3"
    assert string(event, ".//c:standardIndustryClassCode/@code") == "PALLIATIF"
    encounter = find(root, "//c:encompassingEncounter")
    assert string(encounter, "c:code/@code") == "HH"
    assert string(encounter, "c:location/c:healthCareFacility/c:code/@code") == "SA08"
    assert string(encounter, ".//c:location/c:name/text()") == "Domicile"


def test_a_patient_without_any_number_has_an_identifier_of_the_document() -> None:
    document = documents.full_document()
    nameless = replace(document, patient=replace(document.patient, ins=None, local_id=None))
    assert string(parse(nameless), "//c:patientRole/c:id/@root") == document.patient.key


def test_an_empty_team_member_is_refused() -> None:
    document = documents.full_document()
    empty = replace(document.team[0], professional=None)
    with pytest.raises(ValueError, match="ni structure"):
        parse(replace(document, team=(empty,)))
