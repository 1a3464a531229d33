"""The pages in a real browser: read the sheet, break a field, see the finding, send, see it confirmed.

Pictures go to ``target/screenshots`` (or ``DMP_ADAPTER_SCREENSHOTS``), which git ignores.
"""

from __future__ import annotations

import os
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx import Client

from adapter.render import emergency
from tests.render.printed import composed, reader, words
from tests.service.calls import ROOT, SAMPLES
from tests.service.conftest import TOKEN, Opening, sha256
from tests.service.preview.chromium import Chromium, Page, chromium, program

SHOTS = Path(os.environ.get("DMP_ADAPTER_SCREENSHOTS") or ROOT / "target" / "screenshots")
WHY = "Chromium manque (paquet Debian : chromium)"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    found = program()
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{WHY} : l'intégration continue doit l'installer")
        pytest.skip(f"ATTENTION : {WHY}, la page d'aperçu n'est pas essayée dans un navigateur")
    with chromium(found, tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest.fixture
def page(browser: Chromium) -> Iterator[Page]:
    page = browser.page()
    yield page
    page.close()


def base(client: Client) -> str:
    return str(client.base_url).rstrip("/")


def in_the_text(page: Page, before: str, after: str) -> None:
    """Changes some characters of the visit, as one types."""
    page.value(
        "(() => { const t = document.getElementById('texte');"
        f" if (!t.value.includes({before!r})) throw new Error('not there');"
        f" t.value = t.value.replace({before!r}, {after!r}); }})()"
    )


def test_from_the_visit_to_its_confirmation(sending: Client, page: Page) -> None:
    page.open(f"{base(sending)}/apercu")
    page.screenshot(SHOTS / "1-depart.png")
    page.choose_file("#fichier", SAMPLES / "s1.exhaustive.json")
    page.leave_by("#visite button.main")
    assert "Visite prête à être partagée." in page.text(".notice")
    assert page.value("document.querySelector('iframe.sheet').contentDocument === null"), "the sheet is not apart"
    page.screenshot(SHOTS / "2-fiche.png")
    page.screenshot(SHOTS / "2-page-entiere.png", whole=True)

    in_the_text(page, '"gender": "female"', '"gender": "autre"')
    page.leave_by("#visite button.main")
    assert "Visite refusée : 1 erreur à corriger." in page.text(".notice")
    assert "Patient › Sexe de l'état civil" in page.text(".finding.error")
    page.click(".finding.error a[data-line]")
    chosen = "document.getElementById('texte')"
    assert page.value(f"{chosen}.value.slice({chosen}.selectionStart, {chosen}.selectionEnd).trim()") == (
        '"gender": "autre",'
    )
    page.screenshot(SHOTS / "3-constat.png")

    in_the_text(page, '"gender": "autre"', '"gender": "female"')
    page.leave_by("#visite button.main")
    page.click("#envoyer h2")
    page.screenshot(SHOTS / "4-avant-envoi.png")
    page.leave_by("form.send button.main")
    page.screenshot(SHOTS / "5-envoi.png")
    page.until("document.getElementById('etat').dataset.state === 'confirmed'")
    assert page.text(".state") == "confirmé"
    assert page.value("!document.getElementById('choix')?.checkVisibility()")
    page.screenshot(SHOTS / "6-confirme.png")
    assert page.complaints() == []


def test_the_sheet_is_laid_out_and_obeys_nothing(client: Client, page: Page) -> None:
    page.open(f"{base(client)}/apercu?exemple=s1")
    in_the_text(page, '"conclusions": "', '"conclusions": "<img src=x onerror=parent.broken=1><script>1</script> ')
    page.leave_by("#visite button.main")
    assert page.value("window.broken === undefined")
    sheet = page.frame()
    assert sheet.value("document.querySelector('.name').textContent") == "Hélène MARCHAND"
    assert sheet.value("getComputedStyle(document.querySelector('.name')).fontWeight") == "700"  # its style is let in
    assert sheet.value("document.querySelectorAll('script, img').length") == 0
    assert sheet.value("document.body.textContent.includes('<img src=x')")
    assert page.complaints() == []


def test_one_field_is_followed_in_both_documents(client: Client, page: Page) -> None:
    page.open(f"{base(client)}/apercu?exemple=s7")
    page.leave_by("#visite button.main")
    page.leave_by("#documents form button")
    page.value(
        "(() => { const c = document.getElementById('origine'); c.value = '$.conclusions';"
        " c.dispatchEvent(new Event('change')); })()"
    )
    assert page.text("#origine-dite") == "CDA R2 : 1 ligne, FHIR R4 : 1 ligne"
    lit = page.value("[...document.querySelectorAll('.lit')].map(e => e.textContent).join()")
    assert lit.count("Confort correct") == 2
    page.click("#documents h2")
    page.screenshot(SHOTS / "7-origine.png")


def test_without_script_all_of_it_works(sending: Client, browser: Chromium) -> None:
    page = browser.page(script=False)
    page.open(f"{base(sending)}/apercu?exemple=s1")
    page.leave_by("#visite button.main")
    assert "prête" in page.text(".notice")
    page.leave_by("form.send button.main")
    page.until("document.querySelector('[data-state=confirmed]')")  # the page asks again by itself
    page.screenshot(SHOTS / "8-sans-script.png")


def test_the_keyboard_reaches_everything(client: Client, page: Page) -> None:
    page.open(f"{base(client)}/apercu?exemple=s1")
    page.leave_by("#visite button.main")
    page.press("Tab", 9)
    assert page.text(":focus") == "Aller au contenu"
    assert page.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.press("Enter", 13, "\r")
    page.until("location.hash === '#contenu'")
    reached: set[str] = set()
    for _ in range(60):
        page.press("Tab", 9)
        reached.add(
            page.value(
                "(() => { const e = document.activeElement;"
                " return e.id || e.name || e.getAttribute('aria-labelledby') || e.textContent.trim(); })()"
            )
        )
    wanted = {"texte", "titre-cda", "titre-fhir", "destination", "formes", "Vérifier et afficher", "Envoyer au DMP"}
    assert wanted <= reached, wanted - reached


def test_a_screen_reader_is_given_names_and_the_state(sending: Client, page: Page) -> None:
    page.open(f"{base(sending)}/apercu?exemple=s7")
    page.leave_by("#visite button.main")
    nodes = page.accessibility()
    roles = {"textbox", "button", "link", "combobox", "radio", "Iframe"}
    unnamed = [
        node["role"]["value"]
        for node in nodes
        if node["role"]["value"] in roles and not node.get("name", {}).get("value")
    ]
    assert unnamed == []
    named = {(node["role"]["value"], node.get("name", {}).get("value")) for node in nodes}
    assert ("textbox", "La visite, au format JSON") in named
    assert ("Iframe", "Fiche de lecture") in named
    page.leave_by("form.send button.main")
    live = [node for node in page.accessibility() if node["role"]["value"] == "status"]
    assert live


def test_colours_are_told_apart_by_everybody(client: Client, page: Page) -> None:
    """Contrast of text of 4.5 or more. Source: WCAG 2.2, 1.4.3."""
    for address in ("/apercu?exemple=s1", "/apercu/envois", "/apercu/connexion"):
        page.open(f"{base(client)}{address}")
        if "exemple" in address:
            in_the_text(page, '"gender": "female"', '"gender": "autre"')
            page.leave_by("#visite button.main")
        faint = page.value(CONTRAST)
        assert faint == []


CONTRAST = """
(() => {
  const channel = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = (c) => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
  const colour = (t) => t.match(/[\\d.]+/g).map(Number);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = colour(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.checkVisibility()) continue;
    const [a, b] = [light(colour(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) faint.push(e.tagName + "." + e.className);
  }
  return faint;
})()
"""


def test_a_phone_shows_it_without_sideways_scrolling(client: Client, browser: Chromium) -> None:
    page = browser.page(width=390, height=800)
    page.open(f"{base(client)}/apercu?exemple=s1")
    page.leave_by("#visite button.main")
    assert page.value("document.documentElement.scrollWidth <= 390")
    page.screenshot(SHOTS / "9-telephone.png")


@pytest.mark.parametrize("name", ["s1.exhaustive", "s2.exhaustive"])
def test_a_browser_prints_the_emergency_sheet_on_one_page(page: Page, tmp_path: Path, name: str) -> None:
    sheet = tmp_path / "urgence.html"
    sheet.write_bytes(emergency.render(composed(name)))
    page.open(sheet.as_uri())
    printed = b64decode(page.ask("Page.printToPDF", preferCSSPageSize=True)["data"])
    assert len(reader(printed).pages) == 1
    assert "Ficheurgence" in words(printed)


def test_a_token_is_given_once(opened: Opening, page: Page) -> None:
    client = opened(tokens={"accueil": sha256(TOKEN)})
    page.open(f"{base(client)}/apercu")
    assert page.text("h1") == "Connexion"
    page.fill("#jeton", TOKEN)
    page.leave_by("form.sign-in button")
    assert page.text("h1") == "Aperçu avant partage"
    assert page.value("document.cookie") == ""
    page.leave_by(".banner form button")
    assert page.text("h1") == "Connexion"
