"""Reason for the visit, main disease, problems, history, conclusions."""

from __future__ import annotations

from adapter.compose.draft import Content, Draft, row
from adapter.compose.people import spaced
from adapter.compose.wording import clock, day, inline, joined, lines, moment, partial
from adapter.mapping import SectionSpec
from adapter.model import clinical
from adapter.model.document import Block, Bullets, Item, Paragraph, Problem, Row, Table
from adapter.model.identifiers import Finess


def conclusions(draft: Draft, spec: SectionSpec) -> Content:
    """Conclusions as the doctor wrote them."""
    return Content((Paragraph(lines(draft.visit.conclusions), anchor=draft.anchor(spec.key)),))


def reason(draft: Draft, spec: SectionSpec) -> Content:
    """When, where, who was there, why; and why the document was corrected."""
    visit, words, people = draft.visit, draft.words, draft.people
    blocks: list[Block] = []
    if visit.correction:
        corrected = visit.correction.corrected_at
        text = lines(visit.correction.reason)
        if corrected:
            text = words("reason.corrected-at").format(moment=moment(corrected)) + "\n" + text
        blocks.append(Paragraph(text, words("reason.correction"), draft.anchor(spec.key), strong=True))
    same_day = visit.start.date() == visit.end.date()
    when = words("reason.when" if same_day else "reason.when-days").format(
        day=day(visit.start), start=clock(visit.start), end=clock(visit.end), end_day=day(visit.end)
    )
    blocks.append(Paragraph(when, words("reason.when-label"), draft.anchor(spec.key)))
    if people.replaced:
        told = words("reason.locum").format(author=people.author.name.text, replaced=people.replaced.name.text)
        blocks.append(Paragraph(told, words("reason.locum-label"), draft.anchor(spec.key)))
    place = people.place
    where = joined((place.kind.text, place.label if place.label != place.kind.text else ""), " : ")
    if visit.place.name and visit.place.name != place.label:
        where = joined((where, visit.place.name), ", ")
    if place.address:
        a = place.address
        where = joined((where, *a.lines, joined((a.postal_code, a.city), " ")), ", ")
    if visit.place.finess:
        where = joined((where, words("finess").format(number=Finess.parse(visit.place.finess).value)), ", ")
    where = joined((where, *[spaced(t) for t in place.telecoms]), ", ")
    blocks.append(Paragraph(where, words("reason.place-label"), draft.anchor(spec.key)))
    named = {p.ref for p in visit.present}
    guardians = [g.id for g in visit.patient.guardians if g.present and g.id not in named]
    if visit.present or guardians:
        remote = words("reason.remote")
        items = []
        for p in visit.present:
            who = people.refs[p.ref][1] if p.ref else draft.shown("presences", p.kind)
            text = joined((who, p.label or "", remote if p.remote else ""), ", ")
            items.append(Item(text, draft.anchor(spec.key)))
        items += [Item(people.refs[guardian][1], draft.anchor(spec.key)) for guardian in guardians]
        blocks.append(Bullets(tuple(items), words("reason.present-label")))
    if visit.reason:
        blocks.append(Paragraph(lines(visit.reason), words("reason.label"), draft.anchor(spec.key)))
    return Content(tuple(blocks))


def problems(draft: Draft, spec: SectionSpec) -> Content:
    """Main disease and its phase, then the active problems."""
    visit, words = draft.visit, draft.words
    disease = visit.disease
    blocks: list[Block] = []
    table, entries = _listed(draft, spec.key, ((disease.main, True), *((p, False) for p in visit.problems)))
    blocks.append(table)
    if disease.phase or disease.phase_comment:
        phase = joined((draft.shown("phases", disease.phase), lines(disease.phase_comment)), "\n")
        blocks.append(Paragraph(phase, words("problems.phase"), draft.anchor(spec.key)))
    return Content(tuple(blocks), entries)


def history(draft: Draft, spec: SectionSpec) -> Content:
    """History of the disease in words, then past events."""
    visit = draft.visit
    blocks: list[Block] = []
    entries: tuple[Problem, ...] = ()
    if visit.disease.history:
        text = lines(visit.disease.history)
        blocks.append(Paragraph(text, draft.words("history.disease"), draft.anchor(spec.key)))
    if visit.history:
        table, entries = _listed(draft, spec.key, tuple((p, False) for p in visit.history))
        blocks.append(table)
    return Content(tuple(blocks), entries)


def _listed(
    draft: Draft, section: str, problems: tuple[tuple[clinical.Problem, bool], ...]
) -> tuple[Table, tuple[Problem, ...]]:
    columns = draft.heads("problems")
    main_word = draft.words("problems.main")
    rows: list[Row] = []
    entries: list[Problem] = []
    for number, (p, main) in enumerate(problems):
        anchor = draft.anchor(section)
        period = partial(p.onset) if p.end or p.status == "resolved" else draft.since(p.onset)
        if p.end and p.end != p.onset:
            period = f"{period} – {partial(p.end)}" if period else draft.since(p.end, "until")
        # An active problem is the default of the format: in the history, or beside an end, it is printed when it was
        # said, and only then.
        said = "status" in p.model_fields_set or (section != "history" and not p.end)
        over = p.status == "resolved" or bool(p.end and not said)
        status = draft.shown("problem-statuses", p.status) if said else ""
        kind = draft.shown("problem-kinds", p.kind)
        nature = joined((main_word, inline(kind)), ", ") if main else kind
        cells = (p.label, p.cim10 or "", nature, period, status, lines(p.comment))
        narrative, statement = row(columns, cells, anchor)
        rows.append(narrative)
        if p.cim10 is None:
            draft.uncoded(f"$.{_path(section, number)}")
        entries.append(
            Problem(
                key=draft.keys.key(f"{section}/{number}"),
                anchor=anchor,
                statement=statement,
                kind=draft.mappings.coding("problem-kinds", p.kind),
                what=draft.coded(p.label, ("cim-10", p.cim10)),
                resolved=over,
                onset=p.onset or "",
                end=p.end or "",
                main=main,
            )
        )
    return Table(columns.titles, tuple(rows)), tuple(entries)


def _path(section: str, number: int) -> str:
    if section == "history":
        return f"history[{number}]"
    return f"problems[{number - 1}]" if number else "disease.main"
