"""The readable sheet: complete, safe, self-contained, and the same every time."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from lxml import etree, html

from adapter.model.coded import CodeSystem, Coding
from adapter.model.document import Address, Attachment, Block, Bullets, Document, Item, Paragraph, Row, Section, Table
from adapter.render import render
from adapter.render.markup import age, css_string, long_date, phone, size, text
from tests.documents import (
    PDF,
    colleague_document,
    full_document,
    locum_document,
    minimal_document,
)

DOCUMENTS = {
    "full": full_document,
    "colleague": colleague_document,
    "locum": locum_document,
    "minimal": minimal_document,
}
HOSTILE = "</style><script>alert(1)</script> ]]> & \"q\" 'a' <b>\n\u00a0fin"


def words(text: str) -> list[str]:
    return text.split()


def page(document: Document) -> html.HtmlElement:
    return html.document_fromstring(render(document).decode())


def shown(element: etree._Element) -> str:
    return " ".join("".join(map(str, element.itertext())).split())


def blocks(sections: tuple[Section, ...]) -> Iterator[Block]:
    for section in sections:
        yield from section.blocks
        yield from blocks(section.sections)


def said(block: Block) -> list[str]:
    match block:
        case Paragraph():
            return [block.label, block.text]
        case Bullets():
            return [block.caption, *(part for item in block.items for part in (item.label, item.text))]
        case Table():
            return [block.caption, *block.columns, *(cell for row in block.rows for cell in row.cells)]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_word_of_every_section_stands_in_the_main_part_in_order(name: str) -> None:
    document = DOCUMENTS[name]()
    (main,) = page(document).iter("main")
    have = iter(words(" ".join(main.itertext())))
    for block in blocks(document.sections):
        for words_of_block in map(words, said(block)):
            assert all(word in have for word in words_of_block)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_anchors_stand_once(name: str) -> None:
    ids = [element.get("id") for element in page(DOCUMENTS[name]()).iter() if element.get("id")]
    assert len(ids) == len(set(ids))


def test_links_within_the_page_have_a_target() -> None:
    root = page(full_document())
    ids = {element.get("id") for element in root.iter()}
    targets = [a.get("href", "")[1:] for a in root.iter("a") if a.get("href", "").startswith("#")]
    assert len(targets) > 10
    assert set(targets) <= ids


def test_page_is_well_formed_and_needs_nothing_from_elsewhere() -> None:
    body = render(full_document()).decode()
    root = html.document_fromstring(body)
    assert not [element.tag for element in root.iter("script", "img", "link", "iframe", "object", "form", "base")]
    schemes = {a.get("href", "").partition(":")[0] for a in root.iter("a") if not a.get("href", "").startswith("#")}
    assert schemes <= {"tel", "fax", "mailto", "data"}
    assert "url(" not in body
    assert "@import" not in body
    assert not re.search(r"\son[a-z]+=", body)


def test_title_carries_no_patient_data() -> None:
    document = replace(full_document(), title="Visite de Mme MARCHAND")
    assert page(document).findtext("head/title") == "Synthèse de visite du 12/10/2026"


def test_band_answers_who_when_where_and_whom_to_call() -> None:
    band = shown(page(full_document()).find_class("top")[0])
    for expected in (
        "Hélène MARCHAND", "ROUSSEL", "HELENE MARIE", "14/03/1952 (74 ans)", "Nantes (44109)", "Féminin",
        "252034410921797",
        "lundi 12 octobre 2026, de 10 h 00 à 11 h 05", "12 rue des Tanneurs, Bâtiment B, 44000 Nantes",
        "Dr Claire ÉVENO, Médecin généraliste", "02 00 00 00 01", "Jour et nuit 02 00 00 00 02",
        "Personne de confiance Jean MARCHAND, Époux 06 00 00 00 01", "Aidant principal Sophie MARCHAND, Fille",
        "Dose de morphine corrigée.", "Appeler l'EMSP avant le 15.",
    ):  # fmt: skip
        assert expected in band, expected


def test_band_names_the_main_disease_and_the_allergies() -> None:
    band = shown(page(full_document()).find_class("top")[0])
    assert "Maladie principaleAdénocarcinome du pancréas" in band
    assert "AllergiesPénicilline" in band
    assert "Hoquet" not in band
    unknown = shown(page(minimal_document()).find_class("top")[0])
    assert "AllergiesPas d'allergie connue" in unknown


def test_the_address_of_a_structure_stands_once() -> None:
    document = locum_document()
    place = replace(
        document.encounter.place, label="Chambre 12", address=Address(("1 rue des Ajoncs",), city="Quimper")
    )
    visited = replace(document, encounter=replace(document.encounter, place=place))
    band = shown(page(visited).find_class("visit")[0])
    assert "Chambre 12, EHPAD Les Ajoncs, 1 rue des Ajoncs, Quimper" in band
    assert band.count("1 rue des Ajoncs") == 1
    label_alone = shown(page(document).find_class("visit")[0])
    assert "EHPAD Les Ajoncs, 1 rue des Ajoncs, 29000 Quimper" in label_alone


def test_parts_of_a_relative_read_as_one_list() -> None:
    document = full_document()
    carer = replace(document.relatives[1], role=replace(document.relatives[1].role, display="Aidant"))
    told = replace(carer, key="other", role=replace(carer.role, code="CON", display="Informateur"))
    (row,) = page(replace(document, relatives=(carer, told))).find_class("people")[0].xpath(".//table[1]/tbody/tr")
    assert shown(row[1]) == "Aidant principal, informateur"


def test_people_tables_name_everybody() -> None:
    document = full_document()
    people = shown(page(document).find_class("people")[0])
    for relative in document.relatives:
        assert relative.name.text in people
    for member in document.team:
        assert member.label in people
        assert (member.professional.name.text if member.professional else "") in people
        assert (member.organization.name if member.organization else "") in people
    assert "Association tutélaire de l'Ouest" in people
    assert "du 01/08/2026 au 31/12/2026" in people
    assert "jusqu’au 01/10/2026" in people


def test_relative_with_two_parts_stands_on_one_line() -> None:
    document = full_document()
    husband = document.relatives[0]
    second = replace(husband, key="another", role=replace(husband.role, code="CAREGIVER", display="Aidant"))
    rows = page(replace(document, relatives=(husband, second))).find_class("people")[0].xpath(".//table[1]/tbody/tr")
    assert len(rows) == 1
    assert "Personne de confiance, aidant" in shown(rows[0])


def test_data_of_the_document_closes_the_page() -> None:
    (footer,) = page(full_document()).iter("footer")
    for expected in ("1.2.250.1.999.2.1.2", "1.2.250.1.999.2.1.1", "899700100003", "Normal", "11 octobre", "18 h 20"):
        assert (expected in shown(footer)) is (expected != "11 octobre")


def test_restricted_visibility_warns_before_the_sheet_is_handed_over() -> None:
    system = CodeSystem("tre-a07", "1.2.250.1.213.1.1.4.13", "urn:oid:1.2.250.1.213.1.1.4.13", "TRE_A07")
    mask = Coding(system, "INVISIBLE_PATIENT", "Non visible du patient")
    notice = shown(page(replace(full_document(), visibility=(mask,))).find_class("notice")[0])
    assert "Diffusion restreinte : Non visible du patient." in notice


def test_hostile_text_stays_text_everywhere() -> None:
    document = full_document()
    blocks: tuple[Block, ...] = (
        Paragraph(HOSTILE, label=HOSTILE, strong=True),
        Bullets((Item(HOSTILE, label=HOSTILE),), HOSTILE),
        Table((HOSTILE,), (Row((HOSTILE,)),), HOSTILE),
    )
    hostile = replace(
        document,
        title=HOSTILE,
        correction=HOSTILE,
        care_team_name=HOSTILE,
        patient=replace(document.patient, used_family=HOSTILE, used_given=HOSTILE),
        sections=(replace(document.sections[0], key='"><script>', title=HOSTILE, blocks=blocks),),
    )
    body = render(hostile).decode()
    root = html.document_fromstring(body)
    assert not list(root.iter("script"))
    assert body.count("</style>") == 1
    assert [shown(heading) for heading in root.iter("h1")] == [" ".join(HOSTILE.split())]
    table = root.find(".//main//table")
    assert table is not None
    assert shown(table).count("<script>alert(1)</script> ]]> & \"q\" 'a' <b>") == 3


def test_line_breaks_are_kept() -> None:
    paragraph = next(p for p in page(full_document()).iter("p") if "Majorer" in shown(p))
    assert len(paragraph.findall("br")) == 2


def test_attachment_is_whole_in_the_page() -> None:
    (link,) = [a for a in page(full_document()).iter("a") if a.get("href", "").startswith("data:")]
    assert b64decode(link.get("href", "").partition(",")[2]) == PDF
    assert link.get("download") is not None


def test_attachment_of_an_active_type_is_named_but_not_offered() -> None:
    document = full_document()
    section = document.sections[-1]
    entry = section.entries[0]
    assert isinstance(entry, Attachment)
    entry = replace(entry, media_type="text/html")
    root = page(replace(document, sections=(replace(section, entries=(entry,)),)))
    assert not [a for a in root.iter("a") if a.get("href", "").startswith("data:")]
    assert "text/html" in shown(root.find_class("file")[0])


def test_headings_follow_each_other_and_tables_name_their_columns() -> None:
    root = page(full_document())
    levels = [int(element.tag[1]) for element in root.iter("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(th.get("scope") == "col" for th in root.iter("th"))
    assert root.get("lang") == "fr-FR"
    assert root.find("body/a").get("href") == "#synthese"


def test_same_document_gives_the_same_bytes() -> None:
    assert render(full_document()) == render(full_document())


def test_minimal_document_leaves_out_what_it_does_not_know() -> None:
    root = page(minimal_document())
    assert not root.find_class("people")
    assert not root.find_class("calls")
    assert not root.find_class("first")
    assert all(shown(value) for value in root.iter("dd"))


def test_dates_numbers_and_sizes_read_like_french() -> None:
    assert long_date(date(2026, 3, 1)) == "dimanche 1er mars 2026"
    assert age(date(2020, 5, 11), date(2026, 5, 10)) == "5 ans"
    assert age(date(2024, 5, 11), date(2026, 5, 11)) == "24 mois"
    assert phone("+33600000001") == phone("0600000001") == "06\u00a000\u00a000\u00a000\u00a001"
    assert phone("15") == "15"
    assert phone("+262600000001") == "+262600000001"
    assert (size(1), size(33_400), size(2_100_000)) == ("1\u00a0ko", "34\u00a0ko", "2,1\u00a0Mo")


def test_a_phone_number_is_not_cut_at_the_end_of_a_line() -> None:
    assert text("EMSP : 02 00 00 00 02, puis 15") == "EMSP : 02\u00a000\u00a000\u00a000\u00a002, puis 15"
    assert text("30 mg 3 fois par jour") == "30 mg 3 fois par jour"
    assert text("le 12/10 à 10 h 05") == "le 12/10 à 10\u00a0h\u00a005"
    assert text("3 heures") == "3 heures"


def test_css_string_holds_no_character_that_could_close_it() -> None:
    assert css_string('a"}\n</é') == '"a\\000022\\00007d\\00000a\\00003c\\00002f\\0000e9"'
