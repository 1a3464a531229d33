"""S3: a child in La Réunion, followed by a regional paediatric palliative resource team."""

from __future__ import annotations

import re

import pytest

from tests.scenarios.outputs import FILLS, outputs


@pytest.mark.parametrize("fill", FILLS)
def test_both_parents_are_legal_guardians(fill: str) -> None:
    told = outputs(f"s3.{fill}")
    assert told.cda_values("//h:guardian/@classCode") == ["GUARD", "GUARD"]
    (patient,) = told.resources("Patient")
    roles = [{c["code"] for r in contact["relationship"] for c in r["coding"]} for contact in patient["contact"]]
    assert sum("GUARD" in role for role in roles) == 2
    names = {contact["name"]["family"] for contact in patient["contact"]}
    assert {"PAYET", "HOARAU"} <= names


@pytest.mark.parametrize("fill", FILLS)
def test_a_minor_has_no_trusted_person(fill: str) -> None:
    told = outputs(f"s3.{fill}")
    assert "NOK" not in told.codes()
    assert told.cda_count("//*[@classCode='NOK']") == 0


@pytest.mark.parametrize("fill", FILLS)
def test_the_offset_of_la_reunion_is_kept(fill: str) -> None:
    told = outputs(f"s3.{fill}")
    cda, bundle, sheet = told.texts()
    stamps = told.cda_values("//@value[string-length() > 14 and translate(substring(., 1, 14), '0123456789', '') = '']")
    assert stamps
    assert all(stamp.endswith("+0400") for stamp in stamps)
    moments = re.findall(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(Z|[+-]\d\d:\d\d)", bundle)
    assert moments
    assert set(moments) == {"+04:00"}
    assert "16\u00a0h\u00a000" in sheet
    assert "16 h 00" in cda


def test_the_resource_team_has_its_category() -> None:
    told = outputs("s3.exhaustive")
    kinds = {
        c["code"]: c["display"]
        for organization in told.resources("Organization")
        for kind in organization.get("type", [])
        for c in kind.get("coding", [])
    }
    assert "ERRSPP" in kinds["253"]


def test_units_are_kilograms_and_milligrams() -> None:
    told = outputs("s3.exhaustive")
    assert told.cda_values("//h:value[@unit='kg']/@value") == ["15.4"]
    assert "1" in told.cda_values("//h:doseQuantity[@unit='mg']/@value | //h:doseQuantity//*[@unit='mg']/@value")
    doses = [d["doseQuantity"] for m in told.resources("MedicationStatement") for x in m["dosage"]
             for d in x.get("doseAndRate", ()) if "doseQuantity" in d]  # fmt: skip
    assert {"value": 1, "code": "mg"}.items() <= doses[0].items()


@pytest.mark.parametrize("fill", FILLS)
def test_shared_with_everybody_by_default(fill: str) -> None:
    document = outputs(f"s3.{fill}").document
    assert (document.confidentiality.code, document.visibility) == ("N", ())


def test_hidden_from_guardians_comes_beside_normal() -> None:
    told = outputs("s3-hidden-from-guardians.exhaustive")
    document = told.document
    assert document.confidentiality.code == "N"
    assert [v.code for v in document.visibility] == ["INVISIBLE_REPRESENTANTS_LEGAUX"]
    assert told.cda_values("/h:ClinicalDocument/h:confidentialityCode/@code") == ["N"]
