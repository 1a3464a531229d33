"""The emergency sheet: what the document says and nothing else, on one page whenever it fits."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from lxml import html

from adapter.model.document import Bullets, Document, Item, Row, Table
from adapter.render import emergency, pdf
from tests.documents import full_document, locum_document, minimal_document
from tests.render.printed import composed, fonts, metadata, reader, squeezed, words

SAMPLES = (
    "s1.exhaustive",
    "s1.required",
    "s2.exhaustive",
    "s2.required",
    "s3.exhaustive",
    "s4.exhaustive",
    "s5.exhaustive",
    "s6.exhaustive",
    "s7.required",
)
HOSTILE = "</style><script>alert(1)</script> #panic() $x$ *gras* \"q\" 'a' ]]> & 06 00 00 00 99"


def _page(document: Document) -> html.HtmlElement:
    return html.document_fromstring(emergency.render(document).decode())


def _shown(document: Document) -> str:
    return " ".join("".join(map(str, _page(document).find("body").itertext())).split())


def _vigilance(document: Document, *blocks: Bullets | Table) -> Document:
    first, *others = document.sections
    assert first.key == "vigilance"
    return replace(document, sections=(replace(first, blocks=blocks), *others))


@pytest.mark.parametrize("name", SAMPLES)
def test_it_fits_one_page_and_says_all_that_the_screen_says(name: str) -> None:
    document = composed(name)
    content = pdf.render_emergency(document)
    assert len(reader(content).pages) == 1
    said = words(content)
    assert "netientpas" not in said
    for leaf in _page(document).find("body").itertext():
        assert squeezed(str(leaf)) in said


def test_the_sheet_of_s1_says_what_a_stranger_needs() -> None:
    said = _shown(composed("s1.exhaustive"))
    for expected in (
        "Hélène MARCHAND", "14/03/1952 (74 ans)", "252034410921797", "12 rue des Tanneurs", "porte de gauche",
        "Adénocarcinome du pancréas", "Métastases hépatiques", "Phase palliative", "Pénicilline : Urticaire",
        "Chambre implantable (PAC) (Sous-clavière, droite)",
        "Dr Thomas NGUYEN, Médecin de l'équipe mobile de soins palliatifs : 02 00 00 00 02",
        "Personne de confiance Jean MARCHAND, Mari 06 00 00 00 01", "Aidant principal Sophie EXEMPLE-MARCHAND",
        "Pas de réanimation cardiaque", "Pas d'intubation", "Mourir à domicile.", "Lit de repli",
        "Directives anticipées rédigées le 02/09/2026.", "Original au domicile, copie au cabinet",
        "SaignementLinges foncés", "Midazolam injectable", "Halopéridol injectable", "Boîte scellée",
        "Morphine à libération immédiate 20 mg si besoin", "Dr Claire ÉVENO", "12 h 30 (version 1)",
    ):  # fmt: skip
        assert expected in said, expected
    assert "Atorvastatine" not in said  # stopped


def test_an_absence_is_told_only_when_the_visit_told_it() -> None:
    told = _shown(composed("s2.exhaustive"))
    assert "Aucune directive anticipée retrouvée." in told
    assert "Aucune personne de confiance désignée" in told
    assert "Aucune allergie connue." in told
    silent = _shown(composed("s7.required"))
    assert "Existence de directives anticipées inconnue à ce jour." in silent
    assert "Allergies non renseignées." in silent
    assert "Aucune allergie" not in silent
    assert "refus" not in silent.lower()
    for heading in ("Évènements", "Produits", "Dispositifs", "Personne de confiance Jean", "Jour et nuit"):
        assert heading not in silent


def test_every_point_of_vigilance_stands_there_even_one_of_an_unknown_part() -> None:
    blocks = (
        Bullets((Item("numéro 02 00 00 00 50"),), "Numéros", "numbers"),
        Bullets((Item("ordre"),), "Ordres", "orders"),
        Table(("a", "b"), (Row(("évènement", "conduite")),), "Évènements", "events"),
        Bullets((Item("produit"),), "Produits", "products"),
        Bullets((Item("nouveauté"),), "Nouvelle partie", "of-tomorrow"),
        Table(("c",), (Row(("tableau inconnu",)),), "Autre", "of-tomorrow"),
    )
    said = _shown(_vigilance(composed("s1.exhaustive"), *blocks))
    for word in (
        "numéro",
        "ordre",
        "évènement",
        "conduite",
        "produit",
        "nouveauté",
        "Nouvelle partie",
        "tableau inconnu",
    ):
        assert word in said


@pytest.mark.parametrize("make", [full_document, locum_document, minimal_document])
def test_any_document_has_its_emergency_sheet(make: object) -> None:
    document = make() if callable(make) else None
    assert document is not None
    assert words(pdf.render_emergency(document)).startswith("Ficheurgence")


def test_a_visible_notice_tells_of_the_second_page() -> None:
    items = tuple(Item(f"Consigne particulière numéro {n}, dite en une phrase assez longue.") for n in range(150))
    document = _vigilance(composed("s1.exhaustive"), Bullets(items, "Ordres", "orders"))
    content = pdf.render_emergency(document)
    first, second, *_ = (squeezed(page.extract_text()) for page in reader(content).pages)
    assert "Cettefichenetientpassurunepage:lireaussilasuite,page2." in first
    assert "Page1sur" in first
    assert "HélèneMARCHAND,14/03/1952" in second
    said = words(content)
    assert all(f"numéro{n}," in said for n in range(150))


def test_the_type_shrinks_before_a_second_page() -> None:
    def largest(count: int) -> float:
        items = tuple(Item(f"Consigne {n}.") for n in range(count))
        sizes: list[float] = []
        (page,) = reader(
            pdf.render_emergency(_vigilance(composed("s7.required"), Bullets(items, "Ordres", "orders")))
        ).pages
        page.extract_text(
            visitor_text=lambda text, cm, tm, font, size: sizes.append(size) if "Consigne" in text else None
        )
        return max(sizes)

    assert largest(5) == pytest.approx(10.5, abs=0.2)
    assert 8 < largest(52) < 10.4


def test_markup_is_inert_and_numbers_can_be_called() -> None:
    document = _vigilance(composed("s1.exhaustive"), Bullets((Item(HOSTILE),), HOSTILE, "orders"))
    body = emergency.render(document).decode()
    root = html.document_fromstring(body)
    assert not list(root.iter("script", "img", "link", "iframe", "object", "form", "base"))
    assert body.count("<style>") == body.count("</style>") == 1
    assert [a.get("href") for a in root.iter("a") if a.get("href") == "tel:0600000099"]
    assert squeezed(HOSTILE) in words(pdf.render_emergency(document))


def test_it_is_an_archive_without_patient_data_in_its_title() -> None:
    content = pdf.render_emergency(composed("s1.exhaustive"))
    assert "<pdfaid:part>1</pdfaid:part>" in metadata(content)
    assert all({"/FontFile", "/FontFile2", "/FontFile3"} & set(one) for one in fonts(content))
    information = reader(content).metadata
    assert information is not None
    assert information.title == "Fiche urgence du 12/10/2026"
    assert "MARCHAND" not in metadata(content)
    assert pdf.render_emergency(composed("s1.exhaustive")) == content


def test_the_page_needs_nothing_from_elsewhere() -> None:
    body = emergency.render(full_document()).decode()
    assert "url(" not in body
    assert "@import" not in body
    assert not re.search(r"\son[a-z]+=", body)
    assert "default-src 'none'" in body
