"""Sections of the body: template, code, title, narrative, entries, sub-sections.

Source: HL7 CDA R2, structuredBody; templateIds come with each section of the document.
"""

from __future__ import annotations

from functools import lru_cache

from adapter.cda import datatypes
from adapter.cda.entries.allergy import allergy
from adapter.cda.entries.attachment import attachment, media_anchor
from adapter.cda.entries.care_act import care_act
from adapter.cda.entries.device import device
from adapter.cda.entries.directive import directive
from adapter.cda.entries.goal import goal
from adapter.cda.entries.medication import medication
from adapter.cda.entries.next_visit import next_visit
from adapter.cda.entries.observation import observation, vital_signs
from adapter.cda.entries.problem import problem
from adapter.cda.entries.request import request
from adapter.cda.fragments import NOTHING, Markup, around, fragment, join, wrap
from adapter.cda.narrative import narrative
from adapter.model.document import (
    Allergy,
    AnyEntry,
    Attachment,
    CareAct,
    Device,
    Directive,
    Goal,
    Medication,
    NextVisit,
    Observation,
    Problem,
    Request,
    Section,
)

_BODY = around("<component><structuredBody>{sections}</structuredBody></component>")
_SECTION = fragment("""
<component>
  <section>
    {templates}
    <id root="{oid}" extension="{key}"/>
    {code}
    <title>{title}</title>
    {text}{entries}{sections}
  </section>
</component>
""")
_TEMPLATE = fragment('<templateId root="{root}"/>')
_ENTRY = around("<entry>{entry}</entry>")


def body(sections: tuple[Section, ...], oid: str) -> list[Markup]:
    """Parts of the structured body of `sections`, whose identifiers are their keys within the document `oid`."""
    return [_BODY.opening, *[_section(section, oid) for section in sections], _BODY.closing]


def _section(section: Section, oid: str) -> Markup:
    media = tuple([media_anchor(entry) for entry in section.entries if isinstance(entry, Attachment)])
    return _SECTION(
        templates=_templates(section.template_ids),
        oid=oid,
        key=section.key,
        code=datatypes.code(section.code),
        title=section.title,
        text=narrative(section.blocks, media),
        entries=_entries(section.entries),
        sections=join([_section(child, oid) for child in section.sections]) if section.sections else NOTHING,
    )


@lru_cache(maxsize=256)
def _templates(roots: tuple[str, ...]) -> Markup:
    return join([_TEMPLATE(root=root) for root in roots])


def _entries(entries: tuple[AnyEntry, ...]) -> Markup:
    """Every entry in order; vital signs stand together, in place of the first of them."""
    signs = tuple([e for e in entries if isinstance(e, Observation) and e.kind == "vital-sign"])
    parts: list[Markup] = []
    for entry in entries:
        if not (isinstance(entry, Observation) and entry.kind == "vital-sign"):
            parts.append(_entry(entry))
        elif entry is signs[0]:
            parts.append(vital_signs(signs))
    return wrap(_ENTRY, parts)


def _entry(entry: AnyEntry) -> Markup:
    match entry:
        case Problem():
            return problem(entry)
        case Allergy():
            return allergy(entry)
        case Medication():
            return medication(entry)
        case Observation():
            return observation(entry)
        case Directive():
            return directive(entry)
        case Goal():
            return goal(entry)
        case CareAct():
            return care_act(entry)
        case Request():
            return request(entry)
        case NextVisit():
            return next_visit(entry)
        case Device():
            return device(entry)
        case Attachment():
            return attachment(entry)
