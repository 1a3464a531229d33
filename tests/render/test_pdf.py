"""The printed sheet: says all that the sheet says, archives well, obeys nothing that the doctor wrote."""

from __future__ import annotations

import builtins
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest
from lxml import html

from adapter.errors import DocumentInvalid, MissingExtra
from adapter.model.document import Bullets, Document, Item, Paragraph, Row, Table
from adapter.render import pdf
from adapter.render import render as render_sheet
from adapter.render.pdf.rule_texts import RULES
from adapter.render.pdf.tree import tree
from tests.documents import colleague_document, full_document, locum_document, minimal_document
from tests.render.printed import catalogue, composed, fonts, metadata, reader, squeezed, words

ROOT = Path(__file__).resolve().parent.parent.parent
VISITS = ("s1.exhaustive", "s2.exhaustive", "s5-locum.exhaustive", "s7.required")
DOCUMENTS: dict[str, Callable[[], Document]] = {
    "full": full_document,
    "colleague": colleague_document,
    "locum": locum_document,
    "minimal": minimal_document,
    **{name: partial(composed, name) for name in VISITS},
}
HOSTILE = (
    '</style><script>alert(1)</script> #panic() #read("/etc/passwd") $x^2$ *gras* _it_ `brut` @ref <lbl> '
    "= Titre // fin /* reste \\ [crochet] ]] & \"q\" 'a' -- --- ... ~ https://exemple.example/a?b=c#d"
)


def _with(document: Document, *blocks: Paragraph | Bullets | Table) -> Document:
    first, *others = document.sections
    return replace(document, sections=(replace(first, blocks=blocks), *others))


def _leaves(page: bytes) -> list[str]:
    """Every run of words that the page shows, but for what serves the screen alone."""
    root = html.document_fromstring(page.decode())
    for gone in tuple(root.iter("nav", "title", "style", "a")):
        if gone.tag != "a" or gone.get("class") == "skip" or gone.get("download") is not None:
            cast(html.HtmlElement, gone).drop_tree()
    return [found for found in map(str, root.itertext()) if found.strip()]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_pdf_says_all_that_the_sheet_says_in_its_order(name: str) -> None:
    document = DOCUMENTS[name]()
    said = words(pdf.render(document))
    at = 0
    for leaf in _leaves(render_sheet(document)):
        found = said.find(squeezed(leaf), at)
        if found < 0:  # a page head stands between two halves
            assert squeezed(leaf) in said.replace(_between_pages(document, said), ""), "a sentence is not printed"
            continue
        at = found


def _between_pages(document: Document, said: str) -> str:
    return squeezed(pdf._running(document))


@pytest.mark.parametrize("name", ["full", "s7.required"])
def test_it_is_an_archive_with_its_fonts_within(name: str) -> None:
    content = pdf.render(DOCUMENTS[name]())
    told = metadata(content)
    assert "<pdfaid:part>1</pdfaid:part>" in told
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in told
    descriptors = fonts(content)
    assert descriptors
    assert all({"/FontFile", "/FontFile2", "/FontFile3"} & set(one) for one in descriptors)
    assert "/StructTreeRoot" in catalogue(content)
    assert str(catalogue(content)["/Lang"]) == "fr"


def test_the_title_carries_no_patient_data() -> None:
    document = replace(full_document(), title="Visite de Mme MARCHAND")
    content = pdf.render(document)
    information = reader(content).metadata
    assert information is not None
    assert information.title == "Synthèse de visite du 12/10/2026"
    assert information.author is None
    assert "MARCHAND" not in metadata(content)


def test_later_pages_name_the_patient_and_their_number() -> None:
    pages = reader(pdf.render(composed("s1.exhaustive"))).pages
    assert len(pages) > 2
    for number, page in enumerate(pages, 1):
        text = squeezed(page.extract_text())
        assert f"Page{number}sur{len(pages)}" in text
        assert ("HélèneMARCHAND,14/03/1952·" in text) is (number > 1)


def test_the_same_document_gives_the_same_bytes_everywhere() -> None:
    document = full_document()
    assert pdf.render(document) == pdf.render(document)
    script = (
        "import hashlib, sys; from adapter.render import pdf; from tests.documents import full_document;"
        "print(hashlib.sha256(pdf.render(full_document())).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TZ": zone, "PYTHONHASHSEED": seed, "LC_ALL": "C"},
            capture_output=True,
            check=True,
        ).stdout
        for zone, seed in (("UTC", "1"), ("Indian/Reunion", "2"))
    }
    assert len(seen) == 1


def test_markup_in_any_text_is_printed_as_it_is() -> None:
    table = Table(("Colonne " + HOSTILE,), (Row((HOSTILE,)),), HOSTILE)
    document = _with(
        full_document(),
        Paragraph(HOSTILE, HOSTILE, strong=True),
        Bullets((Item(HOSTILE, label=HOSTILE),), HOSTILE),
        table,
    )
    patient = replace(document.patient, used_family=HOSTILE, birth_family=HOSTILE)
    document = replace(document, patient=patient, title=HOSTILE)
    content = pdf.render(document)
    assert words(content).count(squeezed(HOSTILE)) >= 10
    actions = [one.get_object() for page in reader(content).pages for one in page.get("/Annots", [])]
    assert actions == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Zoë Łukasz ÇÉŒ œ ğ ŭ ạ ș", "Zoë Łukasz ÇÉŒ œ ğ ŭ ạ ș"),
        ("漢字", "[U+6F22][U+5B57]"),
        ("😀", "[U+1F600]"),
        ("👩‍⚕️", "[U+1F469]"),
        ("Ελένη Мария", "Ελένη Мария"),
    ],
)
def test_a_sign_without_drawing_is_printed_as_its_number(name: str, shown: str) -> None:
    document = full_document()
    document = replace(document, patient=replace(document.patient, used_family=name))
    assert squeezed(shown) in words(pdf.render(document))


def test_right_to_left_names_are_drawn() -> None:
    document = full_document()
    content = pdf.render(replace(document, patient=replace(document.patient, used_family="علي")))
    assert "U+0639" not in words(content)
    assert any("علي" in text or "يلع" in text for text in [words(content)])


def test_many_signs_without_drawing_are_found_at_once() -> None:
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 3000)))
    said = words(pdf.render(_with(full_document(), Paragraph(text))))
    assert said.count("[U+") == 3000


def test_french_spaces_are_kept() -> None:
    content = pdf.render(_with(full_document(), Paragraph("Douleur\u202f: 6\u00a0/\u202f10\u202f! «\u00a0aïe\u00a0»")))
    assert "Douleur:6/10!«aïe»" in words(content)


@pytest.mark.parametrize("place", ["paragraph", "cell", "name", "label", "column", "title", "caption"])
def test_a_word_longer_than_the_line_is_broken_and_never_cut(place: str) -> None:
    word = "".join(f"{n:04}x" for n in range(100))
    document = full_document()
    table = Table(("a", word if place == "column" else "b"), (Row(("c", word if place == "cell" else "d")),))
    document = _with(
        document,
        Paragraph(word if place == "paragraph" else "p", word if place == "label" else ""),
        Bullets((Item("i"),), word if place == "caption" else ""),
        table,
    )
    if place == "name":
        document = replace(document, patient=replace(document.patient, used_family=word))
    if place == "title":
        document = replace(document, title=word)
    content = pdf.render(document)
    assert word in words(content)
    assert _longest_line(content) < 510  # points: the paper without its margins


def _longest_line(content: bytes) -> float:
    """Width at least of the longest piece of text set at once, a letter being a third of its height."""
    widths = [0.0]

    def visit(text: str, _: Any, __: Any, ___: Any, size: float) -> None:
        widths.append(len(text.strip()) * size / 3)

    for page in reader(content).pages:
        page.extract_text(visitor_text=visit)
    return max(widths)


def test_what_is_longer_than_a_page_goes_on_the_next_one() -> None:
    text = " ".join(f"mot{n}" for n in range(4000))
    document = _with(full_document(), Paragraph("p"), Table(("a", "b"), (Row(("c", text)),)))
    said = words(pdf.render(document))
    assert all(f"mot{n}" in said for n in range(4000))


def test_what_pdf_a_cannot_hold_is_refused_without_a_word_of_it() -> None:
    with pytest.raises(DocumentInvalid) as refused:
        pdf.render(_with(full_document(), Paragraph("secret anticoagulation " * 50_000)))
    (finding,) = refused.value.findings
    assert finding.rule == "PDF-LAYOUT"
    assert finding.rule in RULES
    assert "secret" not in f"{finding} {refused.value} {refused.value.__cause__}"


def test_an_element_that_nobody_knows_how_to_print_is_a_fault() -> None:
    with pytest.raises(AssertionError, match="<video>"):
        tree(b"<body><p>a</p><video></video></body>")
    with pytest.raises(AssertionError, match="outside"):
        tree(b"<body><div>mots</div></body>")


def test_without_typst_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *args: Any, **named: Any) -> ModuleType:
        if name == "typst":
            raise ImportError(name)
        return real(name, *args, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(MissingExtra, match=r"dmp-adapter\[pdf\]"):
        pdf.render(minimal_document())
