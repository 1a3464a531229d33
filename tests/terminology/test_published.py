"""A published list is the same list, whatever the form it is published in."""

from __future__ import annotations

import json

import pytest

from adapter.terminology.published import NotPublished, PublishedCode, read_published

SVS = b"""<RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008">
  <ValueSet id="1.2.3" displayName="JDV_X_Essai" effectiveDate="2020-01-01T00:00:00+01:00"
            revisionDate="2026-02-03T00:00:00+01:00">
    <ConceptList>
      <Concept code="A" codeSystem="1.2.9" displayName="Premier" dateValid="20200101000000" dateFin=""/>
      <Concept code="B" codeSystem="1.2.9" displayName="Second" dateValid="20200101000000" dateFin="20251231000000"/>
    </ConceptList>
  </ValueSet>
</RetrieveValueSetResponse>"""


def test_an_svs_list_gives_its_codes_and_their_days() -> None:
    read = read_published(SVS)
    assert (read.name, read.oid, read.version) == ("JDV_X_Essai", "1.2.3", "2026-02-03")
    assert read.codes == (
        PublishedCode("1.2.9", "A", "Premier", "2020-01-01", ""),
        PublishedCode("1.2.9", "B", "Second", "2020-01-01", "2025-12-31"),
    )


def test_a_list_that_is_closed_closes_its_codes() -> None:
    closed = SVS.replace(b'id="1.2.3"', b'id="1.2.3" dateFin="20260301120000"')
    assert [code.end for code in read_published(closed).codes] == ["2026-03-01", "2025-12-31"]


def test_a_value_set_gives_its_expansion_before_its_composition() -> None:
    content = {
        "resourceType": "ValueSet",
        "name": "JDV_X",
        "date": "2026-02-03T00:00:00+01:00",
        "identifier": [{"value": "urn:oid:1.2.3"}],
        "compose": {"include": [{"system": "urn:a", "concept": [{"code": "A", "display": "Premier"}]}]},
    }
    read = read_published(json.dumps(content).encode())
    assert (read.oid, read.version, read.codes) == ("1.2.3", "2026-02-03", (PublishedCode("urn:a", "A", "Premier"),))
    content["expansion"] = {"contains": [{"system": "urn:b", "code": "B", "display": "Second"}]}
    assert read_published(json.dumps(content).encode()).codes == (PublishedCode("urn:b", "B", "Second"),)


def test_a_code_system_gives_its_codes_at_every_depth_with_their_days() -> None:
    inner = {"code": "B", "display": "Second", "property": [{"code": "dateFin", "valueDateTime": "2025-12-31"}]}
    content = {
        "resourceType": "CodeSystem",
        "url": "urn:a",
        "concept": [{"code": "A", "display": "Premier", "concept": [inner]}],
    }
    codes = read_published(json.dumps(content).encode()).codes
    assert codes == (PublishedCode("urn:a", "A", "Premier"), PublishedCode("urn:a", "B", "Second", "", "2025-12-31"))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"code;label",
        b"<a",
        b"<a/>",
        b"{",
        b"{}",
        b"[" * 100_000,
        b'{"resourceType":' + b"[" * 100_000,
        b'{"resourceType":"ValueSet","compose":[]}',
        b'{"resourceType":"CodeSystem","concept":[{}]}',
        b'{"resourceType":"ValueSet","identifier":["x"]}',
        b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>" + SVS,
        "{\xe9}".encode("latin-1"),
    ],
)
def test_what_is_no_list_is_refused_in_a_sentence(raw: bytes) -> None:
    with pytest.raises(NotPublished, match=r"\.$"):
        read_published(raw)
