"""Narrative of a resource: well-formed XHTML that a browser may show without danger.

Source: FHIR R4, Narrative (txt-1, txt-2); HTML 4.0 chapters 7 to 11 and 15.
"""

from __future__ import annotations

import re
from typing import Final

from lxml import etree

XHTML: Final = "http://www.w3.org/1999/xhtml"
ELEMENTS: Final = frozenset(
    f"{{{XHTML}}}{name}"
    for name in (
        "a abbr acronym b big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i "
        "img li ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt ul var"
    ).split()
)
ATTRIBUTES: Final = frozenset(
    (
        "abbr accesskey align alt axis border cellpadding cellspacing char charoff charset cite class colspan compact "
        "coords dir frame headers height href hreflang hspace id lang longdesc name nowrap rel rev rowspan rules scope "
        "shape span src start style summary tabindex title type valign value vspace width "
        "{http://www.w3.org/XML/1998/namespace}lang {http://www.w3.org/XML/1998/namespace}space"
    ).split()
)
LINKS: Final = frozenset(("href", "src", "cite", "longdesc"))
IMAGE: Final = re.compile(r"data:image/(?:png|jpeg|gif);base64,[A-Za-z0-9+/=\s]+")
STYLE_DANGER: Final = re.compile(r"url\s*\(|expression|@import|javascript|\\", re.IGNORECASE)


def _plain() -> re.Pattern[str]:
    """Pattern of plain narratives: paragraphs, headings, lists and tables whose form alone proves them sound.

    It knows a small part of what is allowed, without any backtracking; all the rest goes through the XML parser.
    """
    mark = r'(?: id="[A-Za-z0-9_.\-]++")?+'
    text = r"(?:[^<>&]++|&(?:amp|lt|gt|quot|apos|#39|#34);)*+"
    bold = "|".join(f"<{name}{mark}>{text}</{name}>" for name in ("b", "strong", "em", "i", "span"))
    line = rf"(?:[^<>&]++|&(?:amp|lt|gt|quot|apos|#39|#34);|<br/>|{bold})*+"
    blocks = [f"<{name}{mark}>{line}</{name}>" for name in ("p", "h1", "h2", "h3", "h4", "h5", "h6")]
    blocks += [f"<{name}{mark}>(?:<li{mark}>{line}</li>)++</{name}>" for name in ("ul", "ol")]
    row = f"<tr{mark}>(?:<td{mark}>{line}</td>|<th{mark}>{line}</th>)++</tr>"
    head = rf"(?:<caption>{text}</caption>)?+(?:<thead>(?:{row})++</thead>)?+"
    blocks.append(f"<table{mark}>{head}<tbody>(?:{row})++</tbody></table>")
    languages = r'(?: xml:lang="[A-Za-z\-]{2,12}")?+(?: lang="[A-Za-z\-]{2,12}")?+'
    return re.compile(rf'<div xmlns="{XHTML}"{languages}>(?:{"|".join(blocks)})++</div>')


PLAIN: Final = _plain()
SHOWN: Final = re.compile(r">[^<]*?[^<\s]")


def _parser() -> etree.XMLParser:
    """Parser that fetches nothing and expands nothing."""
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


PARSER: Final = _parser()


def narrative_fault(div: str) -> tuple[str, str] | None:
    """Rule broken by one ``div`` and what is wrong, or None.

    Only the first fault is told: one mended narrative is judged again.
    """
    if PLAIN.fullmatch(div) and SHOWN.search(div):
        return None
    return parsed_fault(div)


def parsed_fault(div: str) -> tuple[str, str] | None:
    """The same, by the XML parser."""
    if "<!DOCTYPE" in div or "<!ENTITY" in div or "<?" in div:
        return "FHIR-NARRATIVE-UNSAFE", "déclaration de type, entité ou instruction de traitement"
    try:
        root = etree.fromstring(div, PARSER)
    except (etree.XMLSyntaxError, ValueError):
        return "FHIR-NARRATIVE", "le texte n'est pas du XHTML bien formé"
    if root.tag != f"{{{XHTML}}}div":
        return "FHIR-NARRATIVE", "la racine n'est pas un div de l'espace de noms XHTML"
    shown = False
    for element in root.iter():
        tag = element.tag
        if tag not in ELEMENTS:
            if tag is etree.Comment:
                continue
            return "FHIR-NARRATIVE-UNSAFE", "un élément n'est pas permis dans un texte FHIR"
        if element.attrib:
            fault = _attribute_fault(element)
            if fault:
                return "FHIR-NARRATIVE-UNSAFE", fault
        if not shown:
            shown = bool(element.text and not element.text.isspace()) or tag == f"{{{XHTML}}}img"
            shown = shown or bool(element.tail and not element.tail.isspace())
    return None if shown else ("FHIR-NARRATIVE-EMPTY", "le texte ne montre rien")


def _attribute_fault(element: etree._Element) -> str | None:
    """What is wrong with the attributes of one element, or None."""
    for name, value in element.attrib.items():
        if name not in ATTRIBUTES:
            return "un attribut n'est pas permis dans un texte FHIR"
        if name in LINKS and not str(value).startswith("#") and not (name == "src" and IMAGE.fullmatch(str(value))):
            return "un lien sort du document"
        if name == "style" and STYLE_DANGER.search(str(value)):
            return "un style fait appel à l'extérieur"
    return None
