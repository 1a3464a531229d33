"""Goals, wishes told, places, limitations, team, actions, next visit, attachments."""

from __future__ import annotations

import base64
from hashlib import sha1

from adapter.compose.draft import Content, Draft, row
from adapter.compose.people import spaced
from adapter.compose.wording import day, joined, lines, moment
from adapter.mapping import SectionSpec
from adapter.model.coded import Concept
from adapter.model.document import (
    AnyEntry,
    Attachment,
    Block,
    CareAct,
    Goal,
    NextVisit,
    Observation,
    Paragraph,
    Request,
    Row,
    Table,
)
from adapter.model.identifiers import Rpps


def care_plan(draft: Draft, spec: SectionSpec) -> Content:
    """Palliative care in progress, goals, wishes, limitations, who does what, the team, the next visit."""
    words = draft.words
    anchor = draft.anchor(spec.key)
    act = draft.mappings.coding("acts", "palliative-care")
    text = words("plan.palliative-care")
    blocks: list[Block] = [Paragraph(text, anchor=anchor)]
    entries: list[AnyEntry] = [CareAct(key=draft.keys.key("care-act"), anchor=anchor, statement=text, what=act)]
    for part in (_goals, _places, _wishes, _limitations, _actions, _next_visit, _team):
        part(draft, spec.key, blocks, entries)
    people = (draft.keys.key("team"),) if draft.people.team else ()
    return Content(tuple(blocks), tuple(entries), people)


def _goals(draft: Draft, section: str, blocks: list[Block], entries: list[AnyEntry]) -> None:
    if not draft.visit.goals:
        return
    columns = draft.heads("goals")
    rows: list[Row] = []
    for number, g in enumerate(draft.visit.goals):
        anchor = draft.anchor(section)
        what = draft.concept("goals", g.goal)
        narrative, statement = row(columns, (what.text, lines(g.text)), anchor)
        if g.goal == "other":  # "autre objectif" tells a machine nothing
            what = draft.named("goals", g.goal, lines(g.text))
        rows.append(narrative)
        entries.append(Goal(key=draft.keys.key(f"goals/{number}"), anchor=anchor, statement=statement, what=what))
    blocks.append(Table(columns.titles, tuple(rows), draft.words("plan.goals")))


def _places(draft: Draft, section: str, blocks: list[Block], entries: list[AnyEntry]) -> None:
    places, words = draft.visit.places, draft.words
    if places is None:
        return
    for local, label, code in (
        (places.care, "plan.place-care", "place-of-care"),
        (places.death, "plan.place-death", "place-of-death"),
    ):
        if local:
            anchor = draft.anchor(section)
            value = draft.concept("care-places", local)
            blocks.append(Paragraph(value.text, words(label), anchor))
            entries.append(
                Observation(
                    key=draft.keys.key(f"places/{code}"),
                    anchor=anchor,
                    statement=f"{words(label)} : {value.text}",
                    kind="wish",
                    what=Concept(words(label), draft.concept("wishes", code).codings),
                    at=draft.visit.start,
                    value=value,
                )
            )
    fallback = joined((places.fallback or "", places.fallback_phone or ""), ", ")
    if fallback:
        blocks.append(Paragraph(fallback, words("plan.fallback"), draft.anchor(section)))
    if places.comment:
        blocks.append(Paragraph(lines(places.comment), words("plan.places-comment"), draft.anchor(section)))


def _wishes(draft: Draft, section: str, blocks: list[Block], entries: list[AnyEntry]) -> None:
    if not draft.visit.wishes:
        return
    words = draft.words
    columns = draft.heads("wishes")
    rows: list[Row] = []
    for number, w in enumerate(draft.visit.wishes):
        anchor = draft.anchor(section)
        what = draft.concept("wishes", w.subject)
        position = draft.shown("preferences", w.preference)
        source = draft.source(w)
        cells = (what.text, position, source, day(w.said_on) if w.said_on else "", lines(w.text))
        narrative, statement = row(columns, cells, anchor)
        rows.append(narrative)
        value: Concept | str = lines(w.text) or words("wishes.mentioned")
        if w.preference:
            value = draft.concept("preferences", w.preference)
        entries.append(
            Observation(
                key=draft.keys.key(f"wishes/{number}"),
                anchor=anchor,
                statement=statement,
                kind="wish",
                what=what,
                at=w.said_on or draft.visit.start,
                value=value,
                method=source,
            )
        )
    blocks.append(Table(columns.titles, tuple(rows), words("plan.wishes")))


def _limitations(draft: Draft, section: str, blocks: list[Block], entries: list[AnyEntry]) -> None:
    if not draft.visit.limitations:
        return
    words = draft.words
    columns = draft.heads("limitations")
    rows: list[Row] = []
    for number, decision in enumerate(draft.visit.limitations):
        collegial = (
            ""
            if decision.collegial is None
            else words("limitations.collegial" if decision.collegial else "limitations.not-collegial")
        )
        for rank, item in enumerate(decision.items):
            anchor = draft.anchor(section)
            what = draft.concept("limitations", item)
            # The words on the decision as a whole stand once, on its first line.
            first = rank == 0
            cells = (
                what.text,
                day(decision.decided_on) if decision.decided_on else "",
                collegial,
                lines(decision.procedure) if first else "",
                lines(decision.comment) if first else "",
            )
            narrative, statement = row(columns, cells, anchor)
            rows.append(narrative)
            entries.append(
                Observation(
                    key=draft.keys.key(f"limitations/{number}/{rank}"),
                    anchor=anchor,
                    statement=statement,
                    kind="decision",
                    what=what,
                    at=decision.decided_on or draft.visit.start,
                    value=True,
                )
            )
    blocks.append(Table(columns.titles, tuple(rows), words("plan.limitations")))


def _actions(draft: Draft, section: str, blocks: list[Block], entries: list[AnyEntry]) -> None:
    if not draft.visit.actions:
        return
    columns = draft.heads("actions")
    rows: list[Row] = []
    for number, a in enumerate(draft.visit.actions):
        anchor = draft.anchor(section)
        what = draft.concept("actions", a.action)
        performer, who = draft.people.refs[a.who] if a.who else ("", "")
        who = joined((who, a.who_label or ""), ", ")
        status = draft.shown("action-statuses", a.status)
        cells = (what.text, lines(a.text), who, day(a.due) if a.due else "", status)
        narrative, statement = row(columns, cells, anchor)
        rows.append(narrative)
        if a.action == "other":
            what = draft.named("actions", a.action, lines(a.text))
        entries.append(
            Request(
                key=draft.keys.key(f"actions/{number}"),
                anchor=anchor,
                statement=statement,
                what=what,
                status=a.status,
                performer=performer,
                performer_label=who,
                due=a.due,
            )
        )
    blocks.append(Table(columns.titles, tuple(rows), draft.words("plan.actions")))


def _next_visit(draft: Draft, section: str, blocks: list[Block], entries: list[AnyEntry]) -> None:
    told = draft.visit.next_visit
    if told is None:
        return
    label = draft.words("plan.next-visit")
    when = moment(told.at) if told.at else day(told.on) if told.on else ""
    anchor = draft.anchor(section)
    text = joined((when, lines(told.text)), "\n")
    blocks.append(Paragraph(text, label, anchor))
    on = told.at.date() if told.at else told.on
    if on:
        entries.append(
            NextVisit(key=draft.keys.key("next-visit"), anchor=anchor, statement=f"{label} : {text}", on=on, at=told.at)
        )


def _team(draft: Draft, section: str, blocks: list[Block], entries: list[AnyEntry]) -> None:
    people, words = draft.people, draft.words
    if not people.team:
        return
    columns = draft.heads("team")
    rows: list[Row] = []
    always = words("team.always")
    for member in people.team:
        told = people.team_members[member.key]
        person, structure = member.professional, member.organization
        reach = person.telecoms if person else structure.telecoms if structure else ()
        phones = joined([spaced(t) + (f" ({always})" if t.always else "") for t in reach], ", ")
        period = joined(
            (
                draft.since(told.since.isoformat() if told.since else ""),
                draft.since(told.until.isoformat() if told.until else "", "until"),
            ),
            ", ",
        )
        role, who = [member.label], [person.name.text if person else "", structure.name if structure else ""]
        if person is None:
            # Without a named bearer, the profession and the number stand in no header.
            if told.profession:
                role.append(draft.shown("professions", told.profession))
            if told.rpps:
                who.append(words("rpps").format(number=Rpps.parse(told.rpps).value))
        if structure and structure.kind:
            role.append(structure.kind.text)
        cells = (
            joined(_distinct(role, structure.name if structure else ""), ", "),
            joined(who, ", "),
            phones,
            period,
            lines(told.comment),
        )
        rows.append(row(columns, cells, draft.anchor(section))[0])
    blocks.append(Table(columns.titles, tuple(rows), words("plan.team")))


def _distinct(texts: list[str], shown: str) -> list[str]:
    """The texts in their order, each once, without the one that is shown elsewhere."""
    return [text for text in dict.fromkeys(texts) if text != shown] or texts[:1]


def attachments(draft: Draft, spec: SectionSpec) -> Content:
    """Joined files."""
    if not draft.visit.attachments:
        return Content()
    columns = draft.heads("attachments")
    rows: list[Row] = []
    entries: list[Attachment] = []
    for number, a in enumerate(draft.visit.attachments):
        anchor = draft.anchor(spec.key)
        content = base64.b64decode(a.data, validate=True)
        narrative, statement = row(columns, (a.title, day(a.created_on) if a.created_on else ""), anchor)
        rows.append(narrative)
        entries.append(
            Attachment(
                key=draft.keys.key(f"attachments/{number}"),
                anchor=anchor,
                statement=statement,
                binary_key=draft.keys.key(f"attachments/{number}/content"),
                title=a.title,
                media_type=a.media_type,
                data=a.data,
                size_bytes=len(content),
                sha1=sha1(content, usedforsecurity=False).digest(),
                created_on=a.created_on,
            )
        )
    return Content((Table(columns.titles, tuple(rows)),), tuple(entries))
