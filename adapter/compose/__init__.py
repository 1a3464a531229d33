"""Visit + mappings -> Document: codes, identifiers, persons and French sentences, each resolved once, here."""

from __future__ import annotations

from dataclasses import dataclass

from adapter.compose.draft import Content, Draft
from adapter.compose.identity import Keys
from adapter.compose.people import People
from adapter.compose.phrases import phrases
from adapter.compose.sections import BUILDERS
from adapter.compose.wording import day, lines
from adapter.errors import Finding, MappingError, Severity, VisitInvalid
from adapter.mapping import Mappings, SectionSpec
from adapter.model import document as doc
from adapter.model.identifiers import Oid
from adapter.model.visit import Visit

__all__ = ["Options", "compose"]


@dataclass(frozen=True, slots=True)
class Options:
    """What the installation chooses, beside the mappings.

    Attributes:
        issuer_oid: OID arc under which documents are numbered, at most 43 characters; None numbers them under 2.25.
        practice_setting: local value of the table ``practice-settings`` used when the visit names none.
        edition: name of the edition of FHIR profiles.
    """

    issuer_oid: str | None = None
    practice_setting: str = "palliative"
    edition: str = "2026-11"

    def __post_init__(self) -> None:
        if self.issuer_oid is not None:
            Oid.parse(self.issuer_oid)
            if len(self.issuer_oid) > 43:
                raise ValueError("issuer_oid: 43 characters at most, 64 with the number of the document")


def compose(visit: Visit, mappings: Mappings, options: Options | None = None) -> doc.Document:
    """Document of a visit; the same visit, mappings and options give an equal document.

    No clock is read: the document bears the moment at which the doctor wrote it (``written_at``).

    Raises:
        MappingError: a local value has no row, or a section has no builder.
        VisitInvalid: a section that must not be empty is.
    """
    options = options or Options()
    structure = visit.structure
    owner = structure.finess or structure.national_id or structure.name
    keys = Keys(options.issuer_oid, owner, visit.id, visit.version)
    people = People(visit, mappings, keys, options.practice_setting)
    draft = Draft(visit, mappings, keys, people)
    spec = mappings.document
    replaces = ""
    if visit.correction:
        replaces = visit.correction.replaces_document_id or keys.version_oid(visit.version - 1)
    is_vsp = visit.author.capacity != "other-doctor"
    facility = people.custodian.facility
    if facility is None:
        raise MappingError([Finding("MAP-UNMATCHED", Severity.ERROR, "facility-types", "Secteur sans code.")])
    if visit.patient.ins and people.patient.ins is None:
        message = "Identité non qualifiée : le matricule INS n'est pas imprimé."
        draft.notices.append(Finding("CMP-INS", Severity.WARNING, "$.patient.ins", message, "RNIV"))
    encounter_key = keys.key("encounter")
    encounter = doc.Encounter(
        key=encounter_key,
        identifier=doc.Identifier(keys.local_root(), encounter_key),
        class_=mappings.coding("encounter-classes", "home"),
        start=visit.start,
        end=visit.end,
        facility=facility,
        place=people.place,
        type=mappings.coding("acts", "vsp") if is_vsp else None,
    )
    title = visit.title or spec.title.format(date=day(visit.start))
    return doc.Document(
        oid=keys.version_oid(visit.version),
        set_oid=keys.set_oid(),
        version=visit.version,
        bundle_key=keys.key("bundle"),
        composition_key=keys.key("composition"),
        team_key=keys.key("team"),
        plan_key=keys.key("plan"),
        type=spec.type,
        class_=spec.class_,
        format=spec.format,
        template_ids=spec.template_ids,
        title=title,
        written_at=visit.written_at,
        confidentiality=mappings.coding("confidentiality", visit.sharing.confidentiality),
        patient=people.patient,
        author=people.author,
        custodian=people.custodian,
        encounter=encounter,
        sections=_sections(draft, spec.sections),
        fhir_sections=phrases(mappings).fhir_sections,
        profiles=mappings.edition(options.edition),
        # A locum acts for the attending physician, and is not that physician.
        author_function=mappings.coding("team-functions", "attending-physician")
        if visit.author.capacity == "attending-physician"
        else None,
        attending=people.attending,
        replaced=people.replaced,
        relatives=people.relatives,
        team=people.team,
        replaces_oid=replaces,
        correction=lines(visit.correction.reason) if visit.correction else "",
        visibility=tuple(mappings.coding("visibility", v) for v in visit.sharing.visibility),
        care_team_name=mappings.text("plan.team"),
        notices=tuple(draft.notices),
        digest=mappings.digest,
    )


def _sections(draft: Draft, specs: tuple[SectionSpec, ...]) -> tuple[doc.Section, ...]:
    """Sections in the order of the mappings; an empty one is left out, or refused when the mappings say so."""
    top: list[tuple[SectionSpec, doc.Section]] = []
    children: dict[str, list[doc.Section]] = {}
    for spec in specs:
        builder = BUILDERS.get(spec.key)
        if builder is None:
            raise MappingError(
                [Finding("MAP-SECTION", Severity.ERROR, f"section {spec.key}", "Rubrique sans constructeur.")]
            )
        content = builder(draft, spec)
        if not content.blocks and spec.when_empty == "state-absence":
            content = Content((doc.Paragraph(draft.words(f"{spec.key}.unknown"), anchor=draft.anchor(spec.key)),))
        section = doc.Section(
            key=spec.key,
            code=spec.code,
            title=spec.title,
            template_ids=spec.template_ids
            if content.entries and content.coded
            else spec.text_template_ids or spec.template_ids,
            fhir=spec.fhir,
            blocks=content.blocks,
            entries=content.entries,
            people=content.people,
        )
        if spec.parent is None:
            top.append((spec, section))
        elif content.blocks:
            children.setdefault(spec.parent, []).append(section)
    found: list[doc.Section] = []
    for spec, section in top:
        inner = tuple(children.get(spec.key, ()))
        if section.blocks or inner:
            if inner:
                section = doc.Section(
                    section.key,
                    section.code,
                    section.title,
                    spec.template_ids,
                    section.fhir,
                    section.blocks,
                    section.entries,
                    section.people,
                    inner,
                )
            found.append(section)
        elif spec.when_empty == "refuse":
            raise VisitInvalid(
                [Finding("CMP-EMPTY", Severity.ERROR, f"$.{spec.source}", "Rubrique obligatoire sans contenu.")]
            )
    return tuple(found)
