"""Checks of the whole document: entries, Composition, links between resources.

Source: FHIR R4, documents.html and Bundle; FHIR document-core 0.1.0; HL7 FHIR Clinical Document 1.1.0.
"""

from __future__ import annotations

from collections import Counter, deque
from datetime import datetime
from typing import Any, Final

from adapter.errors import Severity
from adapter.validation.fhir_rules.codes import LOINC
from adapter.validation.fhir_rules.elements import codings, dicts, extensions, has, profiles, text_of
from adapter.validation.fhir_rules.report import At, Report
from adapter.validation.fhir_rules.shapes import MOMENT, UUID
from adapter.validation.fhir_rules.walk import resource, shapes, walk

Element = dict[str, Any]

DC: Final = "https://interop.esante.gouv.fr/ig/fhir/document-core/StructureDefinition/"
VERSION: Final = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Composition.version"
AUTHOR_TIME: Final = DC + "fr-author-time-extension"
PRINCIPAL: Final = DC + "fr-is-principal-event-extension"
PERFORMER: Final = DC + "fr-performer-event-extension"
FORBIDDEN: Final = ("search", "request", "response")
LEAST: Final = ("PractitionerRole", "Practitioner", "Organization", "Encounter", "Location")
# Resources that say who, where and how; they stand in the header and need no section.
HEADER: Final = frozenset(
    "Composition Patient Practitioner PractitionerRole Organization Location RelatedPerson Device Medication "
    "Binary".split()
)
DECLARED: Final = {
    "Bundle": ("fr-bundle-document",),
    "Composition": ("fr-composition-document",),
    "Patient": ("fr-patient-ins-document", "fr-patient-document"),
    "PractitionerRole": ("fr-practitionerRole-document", "as-practitionerrole"),
    "Practitioner": ("fr-practitioner-document", "as-practitioner"),
    "Organization": ("fr-organization-document", "as-organization"),
    "Location": ("fr-location-document",),
}
# Section codes of an ANS value set (jdv-section-document-cisis, earlier edition).
SECTIONS: Final = frozenset(
    "11450-4 11348-0 11329-0 48765-2 10160-0 18610-6 10183-2 57828-6 46264-8 47420-5 46006-3 29762-2 8716-3 30954-2 "
    "42545-4 47519-4 18776-5 42348-3 34895-3 42349-1 59768-2 44944-7 55112-7 55107-7 55108-5 19005-8 11369-6 10157-6 "
    "10162-6".split()
)
# What a declared profile asks beyond the base resource: members that must be there (a name ending in [x] is a
# choice), members of one value at most, fixed codes. Source: FHIR document-core 0.1.0, cercle de soins 2.0.1.
PROFILE_RULES: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...], dict[str, frozenset[str]]]]] = {
    "fr-condition-document": (("category", "code", "onset[x]"), (), {}),
    "fr-observation-pain-score-document": (("effectiveDateTime", "valueInteger"), (), {"status": frozenset(["final"])}),
    "fr-observation-assessment-document": (("category", "value[x]"), ("category",), {}),
    "fr-observation-result-document": (
        ("subject", "effective[x]", "value[x]"),
        (),
        {"status": frozenset(["final"])},
    ),
    "fr-service-request-document": (
        ("code", "occurrence[x]"),
        (),
        {"intent": frozenset(("order", "plan", "proposal"))},
    ),
    "fr-medication-statement-document": ((), (), {"status": frozenset(["completed"])}),
    "fr-procedure-document": (("code",), (), {}),
    "fr-allergy-intolerance-document": (("code",), (), {}),
    "fr-document-reference-document": (("type",), (), {"docStatus": frozenset(["final"])}),
    "fr-practitionerRole-document": (("practitioner", "organization"), (), {}),
    "fr-practitioner-document": (("identifier", "name"), ("name",), {}),
    "cds-ihe-careteam": (("identifier", "status", "name", "subject", "period"), ("identifier",), {}),
    "cds-fr-related-person": (("identifier", "name", "telecom", "relationship"), ("name",), {}),
    "fr-core-related-person": (("identifier",), (), {}),
    "fr-related-person-document": (("name",), ("name",), {}),
}


def judge(report: Report, bundle: Element) -> None:
    """Gather every fault of one parsed Bundle."""
    if bundle.get("resourceType") != "Bundle":
        report.add("FHIR-BUNDLE", (None, "resourceType", -1))
        return
    held = bundle.get("entry")
    entries: list[Any] = held if isinstance(held, list) else []
    resources = _index(report, entries)
    walk(report, bundle, shapes().resources["Bundle"], None)
    for index, one in enumerate(resources):
        if one is not None:
            report.entry = index
            resource(report, one, ((None, "entry", index), "resource", -1))
            _declared(report, one, ((None, "entry", index), "resource", -1))
    report.entry = -1
    _bundle(report, bundle, entries, resources)
    edges = _resolve(report, entries)
    _contained(report)
    composition = next((one for one in resources if one and one.get("resourceType") == "Composition"), None)
    if composition is None:
        return
    start = resources.index(composition)
    place: At = ((None, "entry", start), "resource", -1)
    _composition(report, composition, place)
    cited = _sections(report, composition, place, start)
    _care(report, composition, resources, place)
    _reached(report, resources, edges, start, cited)


def _index(report: Report, entries: list[Any]) -> list[Element | None]:
    """Resource of each entry (None when there is none), their ``fullUrl`` noted for the references."""
    resources: list[Element | None] = []
    for index, entry in enumerate(entries):
        one = entry.get("resource") if isinstance(entry, dict) else None
        resources.append(one if isinstance(one, dict) and one else None)
        url = text_of(entry, "fullUrl")
        place: At = (None, "entry", index)
        if not UUID.fullmatch(url):
            report.add("FHIR-FULLURL", (place, "fullUrl", -1))
        if url in report.kinds:
            report.add("FHIR-FULLURL-UNIQUE", (place, "fullUrl", -1))
        elif url:
            report.kinds[url] = text_of(one, "resourceType")
            report.places[url] = index
        if resources[-1] is None:
            report.add("FHIR-REQUIRED", (place, "resource", -1))
    return resources


def _bundle(report: Report, bundle: Element, entries: list[Any], resources: list[Element | None]) -> None:
    """Check what the Bundle says of itself and which resources it holds."""
    if bundle.get("type") != "document":
        report.add("FHIR-BUNDLE", (None, "type", -1))
    if "total" in bundle:
        report.add("FHIR-BUNDLE", (None, "total", -1), "pas de total dans un document")
    for index, entry in enumerate(entries):
        for name in FORBIDDEN:
            if isinstance(entry, dict) and name in entry:
                report.add("FHIR-BUNDLE", ((None, "entry", index), name, -1), "pas d'échange dans un document")
    known = bundle.get("identifier")
    if not (text_of(known, "system") and text_of(known, "value")):
        report.add("FHIR-BUNDLE-IDENTIFIER", (None, "identifier", -1))
    kinds = Counter(text_of(one, "resourceType") for one in resources if one)
    if kinds["Composition"] != 1 or text_of(resources[0], "resourceType") != "Composition":
        report.add("FHIR-COMPOSITION", (None, "entry", -1))
    if kinds["Patient"] != 1:
        report.add("FHIR-ENTRIES", (None, "entry", -1), "un seul Patient")
    for kind in LEAST:
        if not kinds[kind]:
            report.add("FHIR-ENTRIES", (None, "entry", -1), f"il manque {kind}")
    seen: set[tuple[str, str]] = set()
    for index, one in enumerate(resources):
        key = (text_of(one, "resourceType"), text_of(one, "id"))
        if key[1] and key in seen:
            report.add("FHIR-ID-UNIQUE", (((None, "entry", index), "resource", -1), "id", -1))
        seen.add(key)
    stamp = text_of(bundle, "timestamp")
    dated = text_of(resources[0] if resources else None, "date")
    if not stamp:
        report.add("FHIR-TIMESTAMP", (None, "timestamp", -1), "elle manque")
    elif _before(stamp, dated):
        report.add("FHIR-TIMESTAMP", (None, "timestamp", -1), "elle précède la date du document")
    _profile(report, bundle, "Bundle", None)


def _before(moment: str, other: str) -> bool:
    """True when `moment` surely comes before `other`."""
    if MOMENT.fullmatch(moment) and MOMENT.fullmatch(other):
        try:
            return datetime.fromisoformat(moment) < datetime.fromisoformat(other)
        except ValueError:
            return False
    size = min(len(moment), len(other), 10)
    return moment[:size] < other[:size]


def _profiles(one: Element) -> list[str]:
    """Declared profiles, by the last step of their address."""
    return [url.partition("|")[0].rpartition("/")[2] for url in profiles(one)]


def _profile(report: Report, one: Element, kind: str, at: At) -> list[str]:
    """Declared profiles, after telling that the French one of `kind` is not among them."""
    stated = _profiles(one)
    wanted = DECLARED.get(kind)
    if wanted and not any(name in stated for name in wanted):
        report.add("FHIR-PROFILE-MISSING", (at, "meta", -1), wanted[0])
    return stated


def _declared(report: Report, one: Element, at: At) -> None:
    """Check the demands of the declared profiles that need no package."""
    for name in _profile(report, one, text_of(one, "resourceType"), at):
        rules = PROFILE_RULES.get(name)
        if rules is None:
            continue
        needed, single, fixed = rules
        for member in needed:
            there = has(one, member[:-3]) if member.endswith("[x]") else member in one or "_" + member in one
            if not there:
                report.add("FHIR-PROFILE-RULE", (at, member, -1), f"{name} l'exige")
        for member in single:
            held = one.get(member)
            if isinstance(held, list) and len(held) > 1:
                report.add("FHIR-PROFILE-RULE", (at, member, -1), f"{name} n'en veut qu'un")
        for member, codes in fixed.items():
            if text_of(one, member) not in codes:
                report.add("FHIR-PROFILE-RULE", (at, member, -1), f"{name} impose cette valeur")


def _resolve(report: Report, entries: list[Any]) -> list[set[int]]:
    """Entries that each entry refers to, after telling the references that go nowhere or to the wrong type."""
    edges: list[set[int]] = [set() for _ in entries]
    for entry, text, targets, at in report.pointers:
        if text.startswith("#"):
            kind = report.kinds.get(f"{entry}{text}")
            if kind is None and text != "#":
                report.add("FHIR-REFERENCE", (at, "reference", -1), "aucune ressource contenue ne porte cet id")
        else:
            kind = report.kinds.get(text)
            if kind is None:
                report.add("FHIR-REFERENCE", (at, "reference", -1))
            elif entry >= 0:
                edges[entry].add(report.places[text])
        if kind and targets is not None and kind not in targets:
            report.add("FHIR-REFERENCE-TYPE", (at, "reference", -1))
    for index, entry in enumerate(entries):
        one = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(one, dict) and one.get("resourceType") in ("DocumentReference", "Consent"):
            _attached(report, one, index, edges)
    return edges


def _attached(report: Report, one: Element, index: int, edges: list[set[int]]) -> None:
    """Follow the addresses of attachments that stand in the document."""
    place: At = ((None, "entry", index), "resource", -1)
    held: list[tuple[Any, At]] = [(one.get("sourceAttachment"), (place, "sourceAttachment", -1))]
    for position, content in enumerate(dicts(one.get("content"))):
        held.append((content.get("attachment"), ((place, "content", position), "attachment", -1)))
    for attached, at in held:
        url = text_of(attached, "url")
        if url in report.kinds:
            edges[index].add(report.places[url])
        elif url:
            report.add("FHIR-REFERENCE", (at, "url", -1), "la pièce n'est pas dans le document")


def _contained(report: Report) -> None:
    """Check that each contained resource is cited by its holder, or cites it (dom-3)."""
    for entry, at, ids in report.holders:
        cited = {text[1:] for source, text, _, _ in report.pointers if source == entry}
        for name, index in ids.items():
            if name not in cited:
                report.add("FHIR-CONTAINED", (at, "contained", index), "dom-3, rien ne la cite")


def _composition(report: Report, one: Element, at: At) -> None:
    """Check the header of the document."""
    versions = extensions(one, VERSION)
    version = text_of(versions[0], "valueString") if versions else ""
    if len(versions) != 1 or not (version.isascii() and version.isdigit()):
        report.add("FHIR-VERSION", (at, "extension", -1))
    for name in ("language", "identifier", "subject", "encounter", "custodian", "confidentiality"):
        if name not in one:
            report.add("FHIR-HEADER", (at, name, -1), f"il manque {name}")
    if "confidentiality" in one and one["confidentiality"] not in ("N", "R", "V"):
        report.add("FHIR-CONFIDENTIALITY", (at, "confidentiality", -1))
    _aim(report, one.get("subject"), ("Patient",), (at, "subject", -1))
    for index, author in enumerate(dicts(one.get("author"))):
        place: At = (at, "author", index)
        times = extensions(author, AUTHOR_TIME)
        if len(times) != 1 or not text_of(times[0], "valueDateTime"):
            report.add("FHIR-HEADER", place, "la date de participation de l'auteur manque")
        _aim(report, author, ("PractitionerRole", "Patient", "Device"), place)
    _attesters(report, one, at)
    _events(report, one, at)
    replaced = [(i, link) for i, link in enumerate(dicts(one.get("relatesTo"))) if link.get("code") == "replaces"]
    if len(replaced) > 1:
        report.add("FHIR-RELATES", (at, "relatesTo", -1))
    for index, link in replaced:
        target = link.get("targetIdentifier")
        if not (
            text_of(target, "system") and text_of(target, "value") and isinstance(target, dict) and "type" in target
        ):
            report.add("FHIR-RELATES", (at, "relatesTo", index))


def _aim(report: Report, reference: Any, kinds: tuple[str, ...], at: At) -> None:
    """Tell a literal reference that goes to none of `kinds`; a dangling one is told elsewhere."""
    kind = report.kinds.get(text_of(reference, "reference"))
    if kind and kind not in kinds:
        report.add("FHIR-REFERENCE-TYPE", (at, "reference", -1))


def _attesters(report: Report, one: Element, at: At) -> None:
    """Check the legal attester and the other ones."""
    legal = 0
    for index, attester in enumerate(dicts(one.get("attester"))):
        place: At = (at, "attester", index)
        mode = attester.get("mode")
        legal += mode == "legal"
        if mode in ("legal", "professional"):
            if "time" not in attester or "party" not in attester:
                report.add("FHIR-HEADER", place, "un valideur a une date et une personne")
            _aim(report, attester.get("party"), ("PractitionerRole",), (place, "party", -1))
    if legal != 1:
        report.add("FHIR-HEADER", (at, "attester", -1), "un seul responsable légal est attendu")


def _events(report: Report, one: Element, at: At) -> None:
    """Check the principal event: the act that the document tells."""
    principal = 0
    for index, event in enumerate(dicts(one.get("event"))):
        if not any(mark.get("valueBoolean") is True for mark in extensions(event, PRINCIPAL)):
            continue
        principal += 1
        place: At = (at, "event", index)
        if "period" not in event:
            report.add("FHIR-HEADER", (place, "period", -1), "l'acte principal a une période")
        performers = extensions(event, PERFORMER)
        if not performers:
            report.add("FHIR-HEADER", place, "l'acte principal a un exécutant")
        for performer in performers:
            _aim(report, performer.get("valueReference"), ("PractitionerRole",), place)
    if principal != 1:
        report.add("FHIR-HEADER", (at, "event", -1), "un seul acte principal est attendu")


def _sections(report: Report, one: Element, at: At, start: int) -> set[int]:
    """Entries cited by sections, after checking the sections."""
    cited: set[int] = set()
    waiting: deque[tuple[Element, At, bool]] = deque()
    for index, section in enumerate(dicts(one.get("section"))):
        waiting.append((section, (at, "section", index), True))
    if not waiting:
        report.add("FHIR-SECTION", (at, "section", -1), "au moins une section est attendue")
    while waiting:
        section, place, top = waiting.popleft()
        inner = list(dicts(section.get("section")))
        entries = list(dicts(section.get("entry")))
        for name in ("code", "title", "text") if top else ("code", "title"):
            if name not in section:
                report.add("FHIR-SECTION", (place, name, -1), f"il manque {name}")
        if not top and "text" not in section and not entries and not inner:
            report.add("FHIR-SECTION", place, "cmp-1, une section a un texte, des entrées ou des sous-sections")
        if "code" in section and not any(
            system == LOINC and code in SECTIONS for system, code in codings(section.get("code"))
        ):
            report.add("FHIR-SECTION-CODE", (place, "code", -1))
        if (inner and entries) or ("emptyReason" in section and entries):
            report.add("FHIR-SECTION-CONTENT", place)
        for entry in entries:
            target = report.places.get(text_of(entry, "reference"))
            if target is not None:
                cited.add(target)
        for index, below in enumerate(inner):
            waiting.append((below, (place, "section", index), False))
    return cited


def _care(report: Report, composition: Element, resources: list[Element | None], at: At) -> None:
    """Check the visit that the document tells."""
    aimed = report.places.get(text_of(composition.get("encounter"), "reference"))
    one = resources[aimed] if aimed is not None else None
    if aimed is None or one is None or one.get("resourceType") != "Encounter":
        return
    place: At = ((None, "entry", aimed), "resource", -1)
    if "fr-encounter-care-document" not in _profiles(one):
        report.add("FHIR-PROFILE-MISSING", (place, "meta", -1), "fr-encounter-care-document")
    identifiers = list(dicts(one.get("identifier")))
    if not identifiers or not all("type" in held and "system" in held and "value" in held for held in identifiers):
        report.add("FHIR-ENCOUNTER", (place, "identifier", -1), "identifiant avec type, system et value")
    label = one.get("class")
    if not (text_of(label, "system") and text_of(label, "code")):
        report.add("FHIR-ENCOUNTER", (place, "class", -1), "classe codée")
    if "period" not in one:
        report.add("FHIR-ENCOUNTER", (place, "period", -1), "période")
    if len(list(dicts(one.get("location")))) != 1:
        report.add("FHIR-ENCOUNTER", (place, "location", -1), "un seul lieu")


def _reached(
    report: Report, resources: list[Element | None], edges: list[set[int]], start: int, cited: set[int]
) -> None:
    """Tell the entries that the Composition does not lead to, and the clinical ones that no section cites."""
    aimed = report.places.get(text_of((resources[start] or {}).get("encounter"), "reference"))
    reached = {start}
    waiting = deque(reached)
    while waiting:
        for target in edges[waiting.popleft()]:
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    for index, one in enumerate(resources):
        if one is None:
            continue
        if index not in reached:
            report.add("FHIR-UNREACHED", (None, "entry", index))
        elif text_of(one, "resourceType") not in HEADER and index not in cited and index != aimed:
            report.add("FHIR-NO-SECTION", (None, "entry", index), severity=Severity.ERROR)
