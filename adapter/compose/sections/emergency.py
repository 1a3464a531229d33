"""Points of vigilance: what a carer needs first, at night."""

from __future__ import annotations

from adapter.compose.draft import Content, Draft, row
from adapter.compose.people import People, spaced
from adapter.compose.sections.treatment import amount
from adapter.compose.wording import inline, joined, lines
from adapter.mapping import SectionSpec
from adapter.model.document import Block, Bullets, Item, PersonName, Row, Table, Telecom


def vigilance(draft: Draft, spec: SectionSpec) -> Content:
    """Numbers that answer day and night, instructions on intensity of care, expected events, products at home."""
    visit, words = draft.visit, draft.words
    blocks: list[Block] = []

    def bullets(texts: list[str], part: str) -> None:
        if texts:
            items = tuple(Item(text, draft.anchor(spec.key)) for text in texts)
            blocks.append(Bullets(items, words(f"vigilance.{part}"), part))

    bullets(_numbers(draft.people), "numbers")

    bullets(_orders(draft), "orders")

    if visit.expected_events:
        columns = draft.heads("expected-events")
        rows: list[Row] = []
        for event in visit.expected_events:
            what = draft.named("expected-events", event.event, event.label).text
            rows.append(row(columns, (what, lines(event.action)), draft.anchor(spec.key))[0])
        blocks.append(Table(columns.titles, tuple(rows), words("vigilance.events"), "events"))

    bullets(_allergies(draft), "allergies")

    products = [
        joined(
            (
                joined(
                    (
                        p.label,
                        p.indication or "",
                        amount(draft, p.dose),
                        inline(draft.shown("routes", p.route)),
                        p.location or "",
                    ),
                    " ; ",
                ),
                lines(p.instructions),
            ),
            "\n",
        )
        for p in visit.anticipatory
        if p.at_home
    ]
    bullets(products, "products")
    return Content(tuple(blocks))


def _allergies(draft: Draft) -> list[str]:
    """Allergies that were listed; the section on allergies says the rest, silences included."""
    told = draft.visit.allergies
    if told is None or told.status != "listed":
        return []
    return [joined((a.agent, a.reaction or ""), " : ") for a in told.items]


def _numbers(people: People) -> list[str]:
    """One line for each number that answers day and night: who, in which part, the number."""
    known: list[tuple[PersonName | str, str, tuple[Telecom, ...]]] = []
    for member in people.team:
        person, structure = member.professional, member.organization
        if person:
            known.append((person.name, member.label, person.telecoms))
        if structure:
            known.append((structure.name, "" if person else member.label, structure.telecoms))
    known += [(r.name, "", r.telecoms) for r in {r.person: r for r in people.relatives}.values()]
    known += [(g.name or g.organization_name, "", g.telecoms) for g in people.patient.guardians]
    known += [(p.name, "", p.telecoms) for p in (people.attending, people.replaced, people.author) if p]
    known.append((people.custodian.name, "", people.custodian.telecoms))
    place = people.place
    known.append((place.organization.name if place.organization else place.label, place.label, place.telecoms))
    numbers: list[str] = []
    for who, label, telecoms in known:
        for t in telecoms:
            if t.always:
                name = who if isinstance(who, str) else who.text
                numbers.append(f"{joined((name, label if label != name else ''), ', ')} : {spaced(t)}")
    return numbers


def _orders(draft: Draft) -> list[str]:
    """Decisions, written directives, wishes: each with the words that bound it, since a condition cut off misleads."""
    visit, words = draft.visit, draft.words
    orders: list[str] = []
    for limitation in visit.limitations:
        orders += [draft.shown("limitations", item) for item in limitation.items]
        if limitation.comment:
            orders.append(words("comment-line").format(text=lines(limitation.comment)))
    for d in visit.directives.items if visit.directives else ():
        key = "directive" if d.accepted is None else "directive-accepted" if d.accepted else "directive-refused"
        told = words(f"vigilance.{key}").format(subject=draft.named("directives", d.kind, d.label).text)
        orders.append(joined((told, lines(d.comment)), "\n"))
    for w in visit.wishes:
        if w.preference or w.text:
            told = words("vigilance.wish" if w.preference else "vigilance.wish-told").format(
                subject=draft.shown("wishes", w.subject),
                position=inline(draft.shown("preferences", w.preference)),
                source=inline(draft.source(w)),
            )
            orders.append(joined((told, lines(w.text)), "\n"))
    if visit.places:
        fallback = joined((visit.places.fallback or "", visit.places.fallback_phone or ""), ", ")
        if fallback:
            orders.append(words("vigilance.fallback").format(place=fallback))
    return orders
