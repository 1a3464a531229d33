"""Scales, function, symptoms, nutrition, wounds, vital signs, and what was understood and felt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from adapter.compose.draft import Content, Draft, row
from adapter.compose.phrases import Columns
from adapter.compose.wording import decimal, joined, lines, partial
from adapter.mapping import SectionSpec
from adapter.model import clinical
from adapter.model.coded import Coding, Concept
from adapter.model.document import AnyEntry, Block, Bullets, Item, Observation, Paragraph, Quantity, Row, Table
from adapter.model.visit_rules import SCALES

# Self-reported pain from 0 to 10: the only scores that may stand under LOINC 38208-5 (severity of pain). The score
# of another scale under that code would be read as a number out of ten.
SELF_REPORTED_PAIN = frozenset({"en", "eva", "wong-baker"})
_PERCENT = frozenset({"pps", "karnofsky"})
_ANSWERS = {"ecog": "ecog-answers", "gir": "gir-answers"}


def pain(draft: Draft, spec: SectionSpec) -> Content:
    """Pain scales."""
    return scales(draft, spec, draft.words("scales.caption"))


def performance(draft: Draft, spec: SectionSpec) -> Content:
    """Performance and dependence scales, then states of function in words."""
    measured = scales(draft, spec, draft.words("scales.caption"))
    blocks: list[Block] = list(measured.blocks)
    entries: list[AnyEntry] = list(measured.entries)
    function = draft.visit.function
    if function and function.states:
        concepts = [draft.concept("functional-states", state) for state in function.states]
        items, states = _present(draft, spec.key, "function", "$.function.states", concepts)
        blocks.append(Bullets(items, draft.words("function.states")))
        entries += states
    if function and function.comment:
        blocks.append(Paragraph(lines(function.comment), draft.words("function.label"), draft.anchor(spec.key)))
    return Content(tuple(blocks), tuple(entries))


def _present(
    draft: Draft, section: str, role: str, path: str, concepts: Sequence[Concept]
) -> tuple[tuple[Item, ...], list[Observation]]:
    """Points of a list and findings said to be present; `role` names their keys, `path` the field of the visit."""
    items: list[Item] = []
    entries: list[Observation] = []
    for number, what in enumerate(concepts):
        anchor = draft.anchor(section)
        items.append(Item(what.text, anchor))
        if not what.codings:
            draft.uncoded(f"{path}[{number}]")
        entries.append(
            Observation(
                key=draft.keys.key(f"{role}/{number}"),
                anchor=anchor,
                statement=what.text,
                kind="finding",
                what=what,
                at=draft.visit.start,
                value=True,
            )
        )
    return tuple(items), entries


def functional_status(draft: Draft, spec: SectionSpec) -> Content:
    """Nothing of its own: the sub-sections hold it all."""
    return Content()


def scales(draft: Draft, spec: SectionSpec, caption: str) -> Content:
    """Table and observations of the scales that the tables place in this section."""
    wanted = frozenset(spec.scales)
    found = [(n, s) for n, s in enumerate(draft.visit.scales) if s.scale in wanted]
    if not found:
        return Content()
    columns = draft.heads("scales")
    rows: list[Row] = []
    entries: list[Observation] = []
    for number, scale in found:
        narrative, entry = _measure(draft, spec.key, number, scale, columns)
        rows.append(narrative)
        entries.append(entry)
    return Content((Table(columns.titles, tuple(rows), caption),), tuple(entries))


def _measure(
    draft: Draft, section: str, number: int, scale: clinical.Scale, columns: Columns
) -> tuple[Row, Observation]:
    """Narrative row and observation of one measure on a scale."""
    visit, m = draft.visit, draft.mappings
    anchor = draft.anchor(section)
    concept = draft.named("scales", scale.scale, scale.label)
    value: int | Concept | None = scale.value
    if scale.value is not None and scale.scale in _ANSWERS:
        value = m.concept(_ANSWERS[scale.scale], str(scale.value))
    shown = "" if scale.value is None else str(scale.value)
    bounds = SCALES[scale.scale]
    if isinstance(value, Concept):
        shown = f"{shown} ({value.text})"
    elif shown and scale.scale in _PERCENT:
        shown = draft.words("scales.percent").format(value=shown)
    elif shown and bounds.low == 0:
        shown = draft.words("scales.score").format(value=shown, high=bounds.high)
    elif shown:
        shown = draft.words("scales.between").format(value=shown, low=bounds.low, high=bounds.high)
    absent = lines(scale.not_assessable)
    if absent:
        shown = draft.words("scales.not-assessable").format(reason=absent)
    about = draft.people.refs[scale.relative][1] if scale.relative else ""
    context = joined((scale.context or "", about), ", ")
    at = scale.at or visit.start
    cells = (concept.text, shown, context, draft.when(scale.at), lines(scale.comment))
    narrative, statement = row(columns, cells, anchor)
    kind: Literal["pain", "score"] = "pain" if scale.scale in SELF_REPORTED_PAIN else "score"
    if kind == "pain" and absent:
        value = m.concept("pain-answers", "not-assessable")
    observation = Observation(
        key=draft.keys.key(f"scales/{number}"),
        anchor=anchor,
        statement=statement,
        kind=kind,
        what=concept,
        at=at,
        value=value,
        absent=absent,
        # The carer whom a burden scale is about is a person, not a method: the row names him or her.
        method=scale.context or "",
    )
    return narrative, observation


def global_assessment(draft: Draft, spec: SectionSpec) -> Content:
    """What patient and relatives know, and the needs that were heard."""
    disease, words = draft.visit.disease, draft.words
    blocks: list[Block] = []
    for known, label in (
        (disease.patient_knowledge, "assessment.patient-knows"),
        (disease.relatives_knowledge, "assessment.relatives-know"),
    ):
        if known:
            text = joined((draft.shown("knowledge", known.level), lines(known.comment)), "\n")
            blocks.append(Paragraph(text, words(label), draft.anchor(spec.key)))
    blocks += [
        Paragraph(lines(need.text), draft.shown("needs", need.kind), draft.anchor(spec.key))
        for need in draft.visit.needs
    ]
    return Content(tuple(blocks))


def symptoms(draft: Draft, spec: SectionSpec) -> Content:
    """Symptoms, symptom scales, nutrition, wounds."""
    visit, words = draft.visit, draft.words
    blocks: list[Block] = []
    entries: list[AnyEntry] = []
    if visit.symptoms:
        columns = draft.heads("symptoms")
        rows: list[Row] = []
        for number, s in enumerate(visit.symptoms):
            anchor = draft.anchor(spec.key)
            what = draft.named("symptoms", s.symptom, s.label)
            intensity = draft.concept("intensities", s.intensity) if s.intensity else None
            cells = (
                what.text,
                s.location or "",
                intensity.text if intensity else "",
                draft.shown("evolutions", s.evolution),
                partial(s.onset),
                lines(s.comment),
            )
            narrative, statement = row(columns, cells, anchor)
            rows.append(narrative)
            if not what.codings:
                draft.uncoded(f"$.symptoms[{number}]")
            value: Concept | bool | None = intensity if intensity else True
            absent = ""
            if intensity is None and s.evolution == "resolved":
                value = draft.concept("evolutions", s.evolution)  # gone: nothing says that it is still there
            if s.intensity == "absent":
                value = False
            elif s.intensity == "not-assessable" and intensity:
                value, absent = None, intensity.text
            entries.append(
                Observation(
                    key=draft.keys.key(f"symptoms/{number}"),
                    anchor=anchor,
                    statement=statement,
                    kind="symptom",
                    what=what,
                    at=visit.start,
                    value=value,
                    absent=absent,
                    site=s.location or "",
                )
            )
        blocks.append(Table(columns.titles, tuple(rows), words("symptoms.caption")))
    measured = scales(draft, spec, draft.words("scales.caption"))
    blocks += measured.blocks
    entries += measured.entries
    if visit.wounds:
        table, found = _wounds(draft, spec.key)
        blocks.append(table)
        entries += found
    if visit.nutrition:
        more, states = _nutrition(draft, spec.key, visit.nutrition)
        blocks += more
        entries += states
    return Content(tuple(blocks), tuple(entries))


def _wounds(draft: Draft, section: str) -> tuple[Table, list[Observation]]:
    columns = draft.heads("wounds")
    rows: list[Row] = []
    entries: list[Observation] = []
    for number, w in enumerate(draft.visit.wounds):
        anchor = draft.anchor(section)
        what = draft.concept("wounds", w.kind)
        stage = str(w.stage) if w.stage is not None else ""
        value: Concept | str | bool = draft.words("wounds.stage").format(n=stage) if stage else True
        if stage and w.kind == "pressure-ulcer":
            value = draft.concept("pressure-ulcer-stages", stage)
        cells = (what.text, w.site or "", stage, lines(w.care), lines(w.comment))
        narrative, statement = row(columns, cells, anchor)
        rows.append(narrative)
        if not what.codings:
            draft.uncoded(f"$.wounds[{number}]")
        entries.append(
            Observation(
                key=draft.keys.key(f"wounds/{number}"),
                anchor=anchor,
                statement=statement,
                kind="finding",
                what=what,
                at=draft.visit.start,
                value=value,
                site=w.site or "",
            )
        )
    return Table(columns.titles, tuple(rows), draft.words("wounds.caption")), entries


def _nutrition(
    draft: Draft, section: str, nutrition: clinical.Nutrition
) -> tuple[Iterable[Block], Iterable[Observation]]:
    blocks: list[Block] = []
    concepts = [draft.concept("nutrition", mode) for mode in nutrition.modes]
    items, entries = _present(draft, section, "nutrition", "$.nutrition.modes", concepts)
    if items:
        blocks.append(Bullets(items, draft.words("nutrition.caption")))
    if nutrition.comment:
        blocks.append(Paragraph(lines(nutrition.comment), draft.words("nutrition.label"), draft.anchor(section)))
    return blocks, entries


def vital_signs(draft: Draft, spec: SectionSpec) -> Content:
    """Vital signs in the unit of their table, digits as measured."""
    visit = draft.visit
    if not visit.vital_signs:
        return Content()
    columns = draft.heads("vital-signs")
    rows: list[Row] = []
    entries: list[Observation] = []
    for number, v in enumerate(visit.vital_signs):
        anchor = draft.anchor(spec.key)
        what = draft.concept("vital-signs", v.sign)
        unit = draft.concept("vital-sign-units", v.sign)
        ucum: Coding | None = unit.coding
        shown = f"{decimal(v.value)} {unit.text}"
        narrative, statement = row(columns, (what.text, shown, draft.when(v.at), lines(v.comment)), anchor)
        rows.append(narrative)
        entries.append(
            Observation(
                key=draft.keys.key(f"vital-signs/{number}"),
                anchor=anchor,
                statement=statement,
                kind="vital-sign",
                what=what,
                at=v.at or visit.start,
                value=Quantity(v.value, unit.text, ucum.code if ucum else ""),
            )
        )
    return Content((Table(columns.titles, tuple(rows)),), tuple(entries))
