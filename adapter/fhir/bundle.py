"""Document -> FHIR R4 document Bundle.

Each value of the document becomes the resource of its kind under its own key; a Bundle entry is addressed by
``urn:uuid:`` and that key. Everything is reached from the Composition: entries, relatives and the care team through
their section; people that no section names stand in that of the care plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import orjson

from adapter.fhir.datatypes import Frame, Json, moment, oid_identifier, reference
from adapter.fhir.narrative import heading, markup, narrative, paragraphs
from adapter.fhir.resources.allergy_intolerance import allergy_intolerance
from adapter.fhir.resources.appointment import appointment
from adapter.fhir.resources.care_plan import PlanParts, care_plan
from adapter.fhir.resources.care_team import care_team
from adapter.fhir.resources.composition import SectionContent, composition
from adapter.fhir.resources.condition import condition
from adapter.fhir.resources.consent import consent
from adapter.fhir.resources.device import device, device_use_statement
from adapter.fhir.resources.document_reference import binary, document_reference
from adapter.fhir.resources.encounter import encounter
from adapter.fhir.resources.goal import goal
from adapter.fhir.resources.location import location
from adapter.fhir.resources.medication_statement import medication_statement
from adapter.fhir.resources.observation import observation
from adapter.fhir.resources.organization import guardian_organization, organization
from adapter.fhir.resources.patient import patient
from adapter.fhir.resources.practitioner import practitioner, practitioner_role
from adapter.fhir.resources.related_person import guardian_person, related_person
from adapter.fhir.resources.service_request import service_request
from adapter.model.coded import Coding
from adapter.model.document import (
    Allergy,
    AnyEntry,
    Attachment,
    CareAct,
    Device,
    Directive,
    Document,
    FhirSection,
    Goal,
    Medication,
    NextVisit,
    Observation,
    Organization,
    Problem,
    Professional,
    Request,
    Section,
)

PLAN_OF_CARE: Final = "18776-5"  # LOINC code of the section that holds the care plan

_PRINTERS: Final[Mapping[type, Callable[[Any, Frame], Json]]] = {
    Problem: condition,
    Allergy: allergy_intolerance,
    Medication: medication_statement,
    Observation: observation,
    Directive: consent,
    Goal: goal,
    NextVisit: appointment,
    Device: device_use_statement,
}
_PLANNED: Final = frozenset({CareAct, Goal, Request, NextVisit})


def render(document: Document) -> bytes:
    """FHIR R4 document Bundle of `document` as compact UTF-8 JSON; the same document gives the same bytes.

    Raises:
        ValueError: a quantity of the document is no plain decimal, or a section has no FHIR section to stand in.
    Source: FHIR R4, Documents; fr-bundle-document (document-core 0.1.0).
    """
    return orjson.dumps(build(document))


def build(document: Document) -> Json:
    """The same Bundle as plain dicts, in printing order.

    Quantities stand as ``orjson.Fragment``: JSON numbers keep their digits only as text (4.50 is not 4.5).
    """
    return _Builder(document).bundle()


class _Builder:
    """Gathers the resources of one document in order, each key once."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._resources: dict[str, Json] = {}
        self._parts = tuple(_walk(document.sections))
        self._all_entries = [entry for section in self._parts for entry in section.entries]
        self._unplaced: dict[str, None] = {}  # keys of people that no section has named, in order
        self._frame = Frame(
            patient=reference(document.patient.key),
            author=reference(document.author.role_key),
            written_at=moment(document.written_at),
            profiles=document.profiles,
        )

    def bundle(self) -> Json:
        document = self._document
        self._resources[document.composition_key] = {}  # first of all, filled last
        self._header()
        contents = self._sections()
        self._resources[document.composition_key] = composition(document, contents, self._frame)
        found: Json = {"resourceType": "Bundle", "id": document.bundle_key}
        if meta := self._frame.meta(("bundle", "clinical-bundle")):
            found["meta"] = meta
        found["identifier"] = oid_identifier(document.oid)
        found["type"] = "document"
        found["timestamp"] = self._frame.written_at
        found["entry"] = [{"fullUrl": f"urn:uuid:{key}", "resource": r} for key, r in self._resources.items()]
        return found

    # ---------------------------------------------------------------- people and places

    def _header(self) -> None:
        """Print people and places."""
        document = self._document
        value = document.patient
        others = [p for p in (document.attending, document.replaced) if p]
        # The author with a function is the attending physician or the locum, whose principal then stands in `others`.
        physicians = [p.key for p in others]
        if not physicians and document.author_function:
            physicians = [document.author.key]
        self._resources[value.key] = patient(value, self._frame, physicians)
        self._professional(document.author, document.custodian, document.author_function)
        self._organization(document.custodian)
        place = document.encounter.place
        main_problems = [entry.key for entry in self._all_entries if isinstance(entry, Problem) and entry.main]
        self._resources[document.encounter.key] = encounter(
            document.encounter, document.title, main_problems, self._frame
        )
        self._resources[place.key] = location(place, document.encounter.facility, self._frame)
        if place.organization:
            self._organization(place.organization)
        for other in others:
            self._professional(other, None)
        self._relatives()
        self._team(others)

    def _relatives(self) -> None:
        for guardian in self._document.patient.guardians:
            printed = guardian_person(guardian, self._frame)
            if printed is None:
                body = guardian_organization(guardian, self._frame)
                self._resources[body["id"]] = body
            else:
                self._resources[guardian.key] = printed
                self._unplaced[guardian.key] = None
        for relative in self._document.relatives:
            self._resources[relative.key] = related_person(relative, self._frame)
            self._unplaced[relative.key] = None

    def _team(self, physicians: list[Professional]) -> None:
        document = self._document
        for member in document.team:
            if member.professional:
                self._professional(member.professional, member.organization)
            elif member.organization:
                self._organization(member.organization)
        known = {member.professional.role_key for member in document.team if member.professional}
        added = [physician for physician in physicians if physician.role_key not in known]
        if document.team or added:
            self._unplaced[document.team_key] = None
            self._resources[document.team_key] = care_team(
                document.team_key,
                document.care_team_name,
                document.team,
                added,
                document.encounter.start.date(),
                self._frame,
            )

    def _professional(
        self, value: Professional, organization: Organization | None, function: Coding | None = None
    ) -> None:
        """Print `value` within its organisation, else within `organization`."""
        if value.role_key in self._resources:
            return
        within = value.organization or organization
        if value.key not in self._resources:
            self._resources[value.key] = practitioner(value, self._frame)
        self._resources[value.role_key] = practitioner_role(value, within.key if within else "", self._frame, function)
        if within:
            self._organization(within)

    def _organization(self, value: Organization) -> None:
        if value.key not in self._resources:
            self._resources[value.key] = organization(value, self._frame)

    # ---------------------------------------------------------------- sections and entries

    def _sections(self) -> list[SectionContent]:
        parts: dict[str, list[Section]] = {}
        for section in self._parts:
            parts.setdefault(section.fhir, []).append(section)
        for section in self._parts:
            for key in self._people(section):
                self._unplaced.pop(key, None)
        if homeless := parts.keys() - {target.key for target in self._document.fhir_sections}:
            raise ValueError(f"no FHIR section for {sorted(homeless)}")  # a clinical line is never dropped
        plan_home = self._plan_home(parts)
        contents: list[SectionContent] = []
        for target in self._document.fhir_sections:
            content = self._section(target, parts.get(target.key, []), plan=target.key == plan_home)
            if content:
                contents.append(content)
        return contents

    def _section(self, target: FhirSection, parts: list[Section], *, plan: bool) -> SectionContent | None:
        xhtml = _merged(target.title, parts)
        entries: list[str] = []
        for part in parts:
            for entry in part.entries:
                entries += self._entry(entry)
            entries += self._people(part)
        if plan:
            entries.append(self._plan(target, xhtml or paragraphs([target.title])))
            entries += self._unplaced
        if not xhtml:
            if not entries:
                return None
            xhtml = paragraphs([entry.statement for part in parts for entry in part.entries] or [target.title])
        return SectionContent(target, xhtml, list(dict.fromkeys(entries)))

    def _entry(self, entry: AnyEntry) -> list[str]:
        """Print one entry; the keys that its section refers to come back."""
        if isinstance(entry, CareAct):
            return []  # it is what the care plan is about
        if isinstance(entry, Request):
            performer = entry.performer if entry.performer in self._resources else ""
            printed = service_request(entry, performer, self._frame)
        elif isinstance(entry, Attachment):
            printed = document_reference(entry, self._document.language, self._frame)
            self._resources[entry.key] = printed
            self._resources[entry.binary_key] = binary(entry)
        else:
            printed = _PRINTERS[type(entry)](entry, self._frame)
        self._resources[entry.key] = printed
        if isinstance(entry, Device):
            thing = device(entry, self._frame)
            self._resources[thing["id"]] = thing
        return [entry.key]

    def _people(self, section: Section) -> list[str]:
        """Keys of the printed people that stand in `section`; a person's key stands for all of its parts."""
        found: list[str] = []
        for key in section.people:
            if key in self._resources:
                found.append(key)
            else:
                found += [relative.key for relative in self._document.relatives if relative.person == key]
        return found

    # ---------------------------------------------------------------- care plan

    def _plan_home(self, parts: Mapping[str, list[Section]]) -> str:
        """Key of the FHIR section that holds the care plan; empty when there is nothing to plan."""
        document = self._document
        for key, merged in parts.items():
            if any(type(entry) in _PLANNED for section in merged for entry in section.entries):
                return key
        if document.team_key not in self._resources and not self._unplaced:
            return ""
        sections = document.fhir_sections
        return next((s.key for s in sections if s.code.code == PLAN_OF_CARE), sections[-1].key if sections else "")

    def _plan(self, target: FhirSection, xhtml: str) -> str:
        document = self._document
        entries = self._all_entries
        planned = PlanParts(
            acts=[entry for entry in entries if isinstance(entry, CareAct)],
            goals=[entry.key for entry in entries if isinstance(entry, Goal)],
            activities=[entry.key for entry in entries if isinstance(entry, Request | NextVisit)],
            problems=[entry.key for entry in entries if isinstance(entry, Problem) and entry.main],
            team=document.team_key if document.team_key in self._resources else "",
        )
        key = document.plan_key
        self._resources[key] = care_plan(key, target.title, planned, narrative(xhtml), self._frame)
        return key


def _walk(sections: tuple[Section, ...]) -> Iterator[Section]:
    """Sections, each followed by its sub-sections."""
    for section in sections:
        yield section
        if section.sections:
            yield from _walk(section.sections)


def _merged(title: str, parts: list[Section]) -> str:
    """XHTML of the blocks of `parts`, each under its own title unless that is the title of the whole."""
    found: list[str] = []
    for part in parts:
        if not part.blocks:
            continue
        if part.title != title:
            found.append(heading(part.title))
        found.append(markup(part.blocks))
    return "".join(found)
