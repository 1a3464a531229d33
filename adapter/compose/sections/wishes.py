"""Written advance directives, the trusted person, relatives and carers, home."""

from __future__ import annotations

from adapter.compose.draft import Content, Draft, row
from adapter.compose.people import spaced
from adapter.compose.sections.assessment import scales
from adapter.compose.wording import day, joined, lines
from adapter.mapping import SectionSpec
from adapter.model.coded import Concept
from adapter.model.document import AnyEntry, Block, Directive, Observation, Paragraph, Relative, Row, Table


def advance_directives(draft: Draft, spec: SectionSpec) -> Content:
    """What was written, dated and signed; unknown and none are stated apart. Oral wishes are in the care plan."""
    visit, words = draft.visit, draft.words
    told = visit.directives
    status = told.status if told else "unknown"
    blocks: list[Block] = []
    entries: list[Directive] = []
    text = words(f"directives.{status}")
    if told and told.written_on and status == "written":
        text = words("directives.written-on").format(date=day(told.written_on))
    if told and told.location:
        text = joined((text, words("directives.location").format(place=told.location)), "\n")
    main = draft.anchor(spec.key)
    blocks.append(Paragraph(text, anchor=main, strong=status == "written"))
    if told and told.comment:
        blocks.append(Paragraph(lines(told.comment), words("comment"), draft.anchor(spec.key)))
    if told and told.items:
        columns = draft.heads("directives")
        rows: list[Row] = []
        for number, d in enumerate(told.items):
            anchor = draft.anchor(spec.key)
            what = draft.named("directives", d.kind, d.label)
            position = "directives.accepted" if d.accepted else "directives.refused"
            accepted = words(position) if d.accepted is not None else ""
            narrative, statement = row(columns, (what.text, accepted, lines(d.comment)), anchor)
            rows.append(narrative)
            entries.append(
                Directive(
                    key=draft.keys.key(f"directives/{number}"),
                    anchor=anchor,
                    statement=statement,
                    what=what,
                    accepted=d.accepted,
                    written_on=told.written_on,
                )
            )
        blocks.append(Table(columns.titles, tuple(rows)))
    if status == "written":
        for number, a in enumerate(visit.attachments):
            if a.advance_directives:
                anchor = draft.anchor(spec.key)
                text = words("directives.document").format(title=a.title)
                blocks.append(Paragraph(text, anchor=anchor))
                entries.append(
                    Directive(
                        key=draft.keys.key(f"directives/document/{number}"),
                        anchor=anchor,
                        statement=text,
                        what=draft.concept("directive-document", "document"),
                        written_on=told.written_on if told else None,
                        attachment=draft.keys.key(f"attachments/{number}"),
                    )
                )
    blocks += _trusted_person(draft, spec.key)
    return Content(tuple(blocks), tuple(entries))


def _trusted_person(draft: Draft, section: str) -> list[Block]:
    words, told = draft.words, draft.visit.trusted_person
    status = told.status if told else "unknown"
    text = draft.shown("trusted-person-statuses", status)
    if status == "designated":
        code = draft.mappings.coding("contact-roles", "trusted-person").code
        names = [reached(r) for r in draft.people.relatives if r.role.code == code]
        text = joined(names, "\n") or text
        if told and told.designated_on:
            text = joined((text, words("trusted-person.on").format(date=day(told.designated_on))), "\n")
    if told and told.comment:
        text = joined((text, lines(told.comment)), "\n")
    return [Paragraph(text, words("trusted-person.label"), draft.anchor(section))]


def reached(relative: Relative) -> str:
    """Name, tie and contact points of a relative, on one line."""
    tie = relative.relationship.text if relative.relationship else ""
    return joined((relative.name.text, tie, *(spaced(t) for t in relative.telecoms)), ", ")


def social(draft: Draft, spec: SectionSpec) -> Content:
    """Home, relatives and carers with their burden, legal representatives."""
    visit, words, people = draft.visit, draft.words, draft.people
    blocks: list[Block] = []
    entries: list[AnyEntry] = []
    if visit.social:
        anchor = draft.anchor(spec.key)
        living = visit.social.living
        text = joined((draft.shown("living-situations", living), lines(visit.social.comment)), "\n")
        if text:
            blocks.append(Paragraph(text, words("social.living"), anchor))
        if living:
            value = draft.concept("living-situations", living)
            if not value.codings:
                draft.uncoded("$.social.living")
            entries.append(
                Observation(
                    key=draft.keys.key("social/living"),
                    anchor=anchor,
                    statement=f"{words('social.living')} : {text}",
                    kind="social",
                    what=Concept(words("social.living"), (draft.mappings.coding("acts", "social-element"),)),
                    at=visit.start,
                    value=value,
                )
            )
    if visit.patient.guardians:
        columns = draft.heads("guardians")
        rows = []
        for g in people.patient.guardians:
            who = g.name.text if g.name else g.organization_name
            tie = g.relationship.text if g.relationship else ""
            phones = joined((spaced(t) for t in g.telecoms), ", ")
            rows.append(row(columns, (who, g.kind.text, tie, phones), draft.anchor(spec.key))[0])
        blocks.append(Table(columns.titles, tuple(rows), words("social.guardians")))
    if visit.relatives:
        columns = draft.heads("relatives")
        rows = []
        parts: dict[str, list[Relative]] = {}
        for r in people.relatives:
            parts.setdefault(r.person, []).append(r)
        for told, same in zip(visit.relatives, parts.values(), strict=True):
            first = same[0]
            carer = words("social.main-carer" if told.main_carer else "social.carer")
            shown = [draft.shown("contact-roles", role) for role in told.roles if role != "carer"]
            if told.main_carer or "carer" in told.roles:
                shown.append(carer)
            roles = joined(shown, ", ")
            tie = first.relationship.text if first.relationship else ""
            phones = joined((spaced(t) for t in first.telecoms), ", ")
            cells = (first.name.text, tie, roles, phones, lines(told.state), lines(told.needs))
            rows.append(row(columns, cells, draft.anchor(spec.key))[0])
        blocks.append(Table(columns.titles, tuple(rows), words("social.relatives")))
    burden = scales(draft, spec, words("social.burden"))
    blocks += burden.blocks
    entries += burden.entries
    keys = tuple(r.key for r in people.relatives) + tuple(g.key for g in people.patient.guardians)
    # A burden alone is no observation of social history, which the coded section must hold (PCC, Coded Social History).
    observed = any(isinstance(entry, Observation) and entry.kind == "social" for entry in entries)
    return Content(tuple(blocks), tuple(entries), keys, coded=observed)
