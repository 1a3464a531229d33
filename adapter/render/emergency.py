"""The emergency sheet: what a stranger called at night needs, on one page, in the words of the synthesis.

Nothing is said here that the document does not say. An absence is told only by a sentence of the document; a heading
without content is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adapter.model.document import (
    Allergy,
    AnyEntry,
    Block,
    Bullets,
    Device,
    Document,
    Medication,
    Paragraph,
    Problem,
    Section,
    Table,
)
from adapter.render import people
from adapter.render.markup import callable_text, clock, joined, long_date, short_date, text
from adapter.render.narrative import block
from adapter.render.page import page
from adapter.render.sheet import notices
from adapter.render.style import EMERGENCY_STYLE

TITLE = "Fiche urgence"
_VIGILANCE = "vigilance"
_DIRECTIVES = "advance-directives"
_ALLERGIES = "allergies"


def render(document: Document) -> bytes:
    """UTF-8 HTML page: one A4 sheet for a visit of usual length, more when there is more to say; nothing is cut."""
    return page(
        document,
        f"{TITLE} du {short_date(document.encounter.start)}",
        EMERGENCY_STYLE,
        f"{_head(document)}<main>\n{_calls(document)}{_silence(document)}{_orders(document)}{_events(document)}"
        f"{_treatments(document)}</main>\n{_foot(document)}",
    )


def _head(document: Document) -> str:
    """Who, where, what disease, what allergies."""
    patient, place = document.patient, document.encounter.place
    home = place.address or (place.organization.address if place.organization else None) or patient.address
    visited = short_date(document.encounter.start)
    named = place.organization.name if place.organization else ""
    where = joined(
        [
            text(place.kind.text),
            text(place.label) if place.label != place.kind.text else "",
            text(named) if named not in place.label else "",
            people.address(home),
        ],
        ", ",
    )
    left = [
        *people.traits(patient, document),
        ("Lieu de la visite", where),
        ("Téléphone", people.telecoms((*place.telecoms, *(t for t in patient.telecoms if t not in place.telecoms)))),
    ]
    return (
        f'<header class="top">\n<h1>{TITLE} <small>soins palliatifs · visite du {visited}</small></h1>\n'
        f"{notices(document)}"
        f'<div class="who-where">\n<section class="patient" aria-label="Patient">\n'
        f'<p class="name">{text(patient.text)}</p>\n{people.definitions(left)}</section>\n'
        f'<section class="visit" aria-label="Maladie">\n{_disease(document)}</section>\n</div>\n</header>\n'
    )


def _disease(document: Document) -> str:
    """Diagnosis, other problems, phase, allergies."""
    problems = [entry for entry in _entries(document.sections) if isinstance(entry, Problem) and not entry.resolved]
    active = _section(document, "problems")
    main = [text(one.what.text) for one in problems if one.main]
    others = [text(one.what.text) for one in problems if not one.main and _is_within(active, one)]
    rows = [
        ("Maladie", "".join([f"<b>{', '.join(main)}</b>"] if main else [])),
        ("Autres problèmes", ", ".join(others)),
        ("Allergies", _allergies(document)),
        ("Dispositifs", ", ".join(_devices(document))),
    ]
    told = "".join(map(block, _paragraphs(active)))
    return people.definitions(rows) + told


def _is_within(section: Section | None, entry: Problem) -> bool:
    return section is not None and entry in section.entries


def _allergies(document: Document) -> str:
    """Agents and reactions; else the sentence that tells what is known of them."""
    section = _section(document, _ALLERGIES)
    told = [
        joined([f"<b>{text(one.agent.text)}</b>", text(one.reaction.text) if one.reaction else ""], " : ")
        for one in _entries([section] if section else [])
        if isinstance(one, Allergy) and not one.absence
    ]
    sentences = [joined([text(p.label), text(p.text)], "\u00a0: ") for p in _paragraphs(section)]
    return "<br>\n".join([*([", ".join(told)] if told else []), *sentences])


def _devices(document: Document) -> Iterator[str]:
    for entry in _entries(document.sections):
        if isinstance(entry, Device) and not entry.absence:
            yield text(joined([entry.what.text, f"({entry.site})" if entry.site else ""]))


def _calls(document: Document) -> str:
    """Numbers that answer day and night, then the relatives who must be told, then the doctor."""
    numbers = [part for part in _vigilance(document) if _part(part) == "numbers"]
    cards = [f'<div class="call urgent">{_listed(part)}</div>\n' for part in numbers]
    cards += people.close_ones(document)
    return f'<div class="calls">\n{"".join(cards)}</div>\n' if cards else ""


def _listed(part: Block) -> str:
    if not isinstance(part, Bullets):
        return block(part)
    items = "".join([f"<li>{callable_text(item.text)}</li>\n" for item in part.items])
    return f"<h2>{text(part.caption)}</h2>\n<ul>\n{items}</ul>\n"


def _orders(document: Document) -> str:
    """Decisions, directives and wishes, then what is known of the written directives and of the trusted person."""
    vigilance = [part for part in _vigilance(document) if _part(part) not in {"numbers", "events", "products"}]
    halves = ["".join([_listed(part) for part in vigilance if _part(part) != "allergies"])]
    written = _section(document, _DIRECTIVES)
    told = "".join(map(block, _paragraphs(written)))
    if written and told:
        halves.append(f"<h2>{text(written.title)}</h2>\n{told}")
    boxes = "".join([f'<div class="half">\n{half}</div>\n' for half in halves if half])
    return f'<div class="first orders">\n{boxes}</div>\n' if boxes else ""


def _events(document: Document) -> str:
    return "".join([block(part) for part in _vigilance(document) if _part(part) == "events"])


def _treatments(document: Document) -> str:
    """Products of the anticipatory prescriptions that are at home, and the running treatments."""
    products = [part for part in _vigilance(document) if _part(part) == "products"]
    running = [
        f"<li><b>{text(entry.product.text)}</b>{text(f', {entry.dosage}' if entry.dosage else '')}</li>\n"
        for entry in _entries(document.sections)
        if isinstance(entry, Medication) and entry.status == "active" and not entry.absence
    ]
    parts = [f'<div class="call">{_listed(part)}</div>\n' for part in products]
    section = _section(document, "treatments")
    told = f"<ul>\n{''.join(running)}</ul>" if running else "".join(map(block, _paragraphs(section)))
    if told:
        parts.append(f'<div class="call"><h2>Traitements en cours</h2>\n{told}</div>\n')
    return f'<div class="halves">\n{"".join(parts)}</div>\n' if parts else ""


def _silence(document: Document) -> str:
    """Sentences of the points of vigilance, such as the one that says that there are none."""
    return "".join(map(block, _paragraphs(_section(document, _VIGILANCE))))


def _foot(document: Document) -> str:
    """Author, date and version: how far this page can be trusted."""
    written, author = document.written_at, document.author
    rows = [
        ("Rédigé par", joined([people.professional_name(author), people.organization(author.organization)], ", ")),
        (
            "Téléphone",
            people.telecoms(author.telecoms or (author.organization.telecoms if author.organization else ())),
        ),
        ("Médecin traitant", people.professional_name(document.attending) if document.attending else ""),
        ("Rédigé le", f"{long_date(written)}, {clock(written)} (version {document.version})"),
        ("Extrait de", joined([text(document.title), text(document.oid)], ", ")),
    ]
    return f"<footer>\n{people.definitions(rows)}</footer>\n"


def _vigilance(document: Document) -> tuple[Block, ...]:
    section = _section(document, _VIGILANCE)
    return tuple(part for part in section.blocks if not isinstance(part, Paragraph)) if section else ()


def _part(value: Block) -> str:
    return value.part if isinstance(value, Bullets | Table) else ""


def _paragraphs(section: Section | None) -> list[Paragraph]:
    return [part for part in section.blocks if isinstance(part, Paragraph)] if section else []


def _section(document: Document, key: str) -> Section | None:
    return next((section for section in document.sections if section.key == key), None)


def _entries(sections: Iterable[Section]) -> Iterator[AnyEntry]:
    for section in sections:
        yield from section.entries
        yield from _entries(section.sections)
