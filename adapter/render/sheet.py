"""The page: what matters at three in the morning first, then every section in order, people, data of the document."""

from __future__ import annotations

from adapter.model.document import Allergy, Document, Identifier, Paragraph, Problem
from adapter.render import people
from adapter.render.markup import attribute, clock, joined, long_date, short_date, text, time_tag
from adapter.render.narrative import section
from adapter.render.page import page
from adapter.render.style import STYLE

_LONGEST_REMINDER = 300  # characters


def render(document: Document) -> bytes:
    """UTF-8 HTML page of `document`: French, self-contained, without script, laid out for screen and A4 paper.

    The page title carries no patient data, not even the title of the document, which may be in the doctor's words.
    The printed pages repeat the name and the birth date, because a page that
    left its bundle must still find its patient.
    """
    return page(
        document,
        f"Synthèse de visite du {short_date(document.encounter.start)}",
        STYLE,
        '<a class="skip" href="#synthese">Aller à la synthèse</a>\n'
        f"{_top(document)}"
        f'<main id="synthese">\n{_contents(document)}{"".join(map(section, document.sections))}</main>\n'
        f"{_people(document)}{_about(document)}",
    )


def _top(document: Document) -> str:
    """Band that answers who, when, where, by whom, and whom to call."""
    encounter = document.encounter
    start, end = encounter.start, encounter.end
    same_day = end.date() == start.date()
    opening = time_tag(start, f"{long_date(start)}, de {clock(start)}")
    until = time_tag(end, clock(end) if same_day else f"{long_date(end)}, {clock(end)}")
    when = f"{opening} {'à' if same_day else 'au'} {until}"
    place = encounter.place
    structure = place.organization
    where = joined(
        [
            text(place.label),
            text(structure.name) if structure and structure.name not in place.label else "",
            people.address(place.address or (structure.address if structure else None)),
        ],
        ", ",
    )
    visit = [("Visite", when), ("Lieu", where), ("Tél. du lieu", people.telecoms(place.telecoms))]
    visit += people.author(document)
    return (
        f'<header class="top">\n<h1>{text(document.title)}</h1>\n{notices(document)}'
        f'<div class="who-where">\n<section class="patient" aria-label="Patient">\n'
        f"{people.identity(document.patient, document)}{_disease(document)}</section>\n"
        f'<section class="visit" aria-label="Visite">\n{people.definitions(visit)}</section>\n</div>\n'
        f"{people.calls(document)}{_first(document)}</header>\n"
    )


def _disease(document: Document) -> str:
    """Main disease and allergies, in the words of their entries: what a stranger asks first."""
    entries = [entry for top in document.sections for part in (top, *top.sections) for entry in part.entries]
    diseases = [entry.what.text for entry in entries if isinstance(entry, Problem) and entry.main]
    allergies = [entry.agent.text for entry in entries if isinstance(entry, Allergy)]
    rows = [("Maladie principale", text(", ".join(diseases))), ("Allergies", text(", ".join(allergies)))]
    return people.definitions(rows) if diseases or allergies else ""


def _first(document: Document) -> str:
    """What the document marks as to be seen first, word for word, with the way to its section; empty when nothing is.

    A long text is named by its section only, so that the band stays a band.
    """
    lines = []
    for top in document.sections:
        for part in (top, *top.sections):
            for block in part.blocks:
                if isinstance(block, Paragraph) and block.strong:
                    label = f"{text(block.label)}\u00a0: " if block.label else ""
                    words = f"{label}{text(block.text)} " if len(block.text) <= _LONGEST_REMINDER else ""
                    link = f'<a href="#rubrique-{attribute(top.key)}">{text(top.title)}</a>'
                    lines.append(f"<li>{words}<small>({link})</small></li>\n")
    if not lines:
        return ""
    return f'<div class="first"><h2>À voir d’abord</h2>\n<ul>\n{"".join(lines)}</ul></div>\n'


def notices(document: Document) -> str:
    """What changes how the sheet may be used: a restricted visibility, an earlier version replaced."""
    notices = []
    if document.visibility:
        masks = ", ".join(text(coding.display or coding.code) for coding in document.visibility)
        notices.append(f"<b>Diffusion restreinte\u00a0:</b> {masks}. À vérifier avant de remettre cette fiche.")
    if document.replaces_oid:
        reason = f" <b>Motif\u00a0:</b> {text(document.correction)}" if document.correction else ""
        notices.append(f"<b>Version {document.version}</b>, qui remplace une version antérieure.{reason}")
    return "".join(f'<p class="notice">{notice}</p>\n' for notice in notices)


def _contents(document: Document) -> str:
    """Links to the sections, for the screen."""
    links = "".join(
        f'<li><a href="#rubrique-{attribute(section.key)}">{text(section.title)}</a></li>\n'
        for section in document.sections
    )
    return f'<nav aria-label="Rubriques">\n<ul>\n{links}</ul>\n</nav>\n'


def _people(document: Document) -> str:
    """Relatives, legal representatives and team; empty when the document names none."""
    tables = people.relatives(document) + people.guardians(document.patient) + people.team(document)
    return f'<section class="people">\n<h2>Personnes</h2>\n{tables}</section>\n' if tables else ""


def _about(document: Document) -> str:
    """Data of the document itself."""
    written = document.written_at
    custodian = document.custodian
    rows = [
        ("Type", text(document.type.display or document.type.code)),
        ("Rédigé le", time_tag(written, f"{long_date(written)}, {clock(written)}")),
        (
            "Rédigé par",
            joined([people.professional_name(document.author), _number(document.author.identifier)], ", "),
        ),
        ("Conservé par", joined([text(custodian.name), _number(custodian.identifier)], ", ")),
        ("Confidentialité", text(document.confidentiality.display or document.confidentiality.code)),
        ("Version", str(document.version)),
        ("Identifiant", text(document.oid)),
        ("Identifiant de la série", text(document.set_oid)),
        ("Document remplacé", text(document.replaces_oid)),
    ]
    return (
        "<footer>\n<h2>À propos de ce document</h2>\n"
        "<p>Fiche de lecture du document désigné ci-dessous\u00a0: elle en reprend le texte.</p>\n"
        f"{people.definitions(rows)}</footer>\n"
    )


def _number(identifier: Identifier | None) -> str:
    return f"n°\u00a0{text(identifier.value)}" if identifier else ""
