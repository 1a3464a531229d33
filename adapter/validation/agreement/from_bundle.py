"""Facts of a FHIR R4 document Bundle, read from its bytes.

Source: HL7 FHIR R4 (4.0.1); document-core 0.1.0 and fr-core 2.2.0-ballot-2 for the French extensions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from jiter import from_json

from adapter.errors import DocumentInvalid, Finding, Severity
from adapter.validation.agreement.bundle_values import (
    Json,
    codings,
    digest,
    extension,
    moment,
    name_parts,
    national,
    number,
    oid_value,
    postal,
    quantity,
    restated,
    rhythm,
    telecoms,
    text_words,
)
from adapter.validation.agreement.facts import Reading, Text, line, without_tags, words
from adapter.validation.agreement.systems import LOINC, PRACTICE_SETTING, ROLE_CLASS, WIDER_SECTION, oid_of

Place = tuple[int, str]  # number of the Bundle entry, path within its resource

_HEADING = re.compile(r"<h3[^>]*>(.*?)</h3>", re.DOTALL)
_VERSION = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Composition.version"
_BIRTH_PLACE = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
_INSEE = "fr-core-address-insee-code"
_GIVEN_NAMES = "fr-core-patient-birth-list-given-name"
_EVENT_PERFORMER = "fr-performer-event-extension"
_GENDERS: Final = {"female": "F", "male": "M"}
_GUARD: Final = "GUARD"
# States that go without saying in CDA; any other one is a fact of its own. CDA never says how sure the doctor is.
_UNSAID = ("verificationStatus", frozenset({""}))
_USUAL_STATES: Final = {
    "AllergyIntolerance": (_UNSAID, ("clinicalStatus", frozenset({"active"}))),
    "Appointment": (("status", frozenset({"proposed"})),),
    "Condition": (_UNSAID,),
    "Consent": (("status", frozenset({"active"})),),
    "DeviceUseStatement": (("status", frozenset({"active"})),),
    "DocumentReference": (("status", frozenset({"current"})),),
    "Goal": (("lifecycleStatus", frozenset({"active"})),),
    "MedicationStatement": (("status", frozenset({"active", "stopped", "on-hold", "intended", "unknown"})),),
    "Observation": (("status", frozenset({"final"})),),
}
_TREATMENT_STATES: Final = {"intended": "planned", "stopped": "stopped", "on-hold": "suspended"}
_REQUEST_STATES: Final = {"active/plan": "planned", "active/order": "requested", "completed/order": "done"}
_PAIN: Final = f"{LOINC}|38208-5"


def read(data: bytes) -> Reading:
    """Everything that the Bundle in `data` says.

    Raises:
        DocumentInvalid: it is no JSON, or no Bundle that opens with a Composition.
    """
    try:
        bundle = from_json(data, float_mode="lossless-float")
    except ValueError:
        raise _refused("JSON illisible.") from None
    return read_parsed(bundle)


def read_parsed(bundle: object) -> Reading:
    """The same of a Bundle already parsed, its decimals as exact text (``LosslessFloat`` or ``Decimal``).

    Raises:
        DocumentInvalid: it is no Bundle that opens with a Composition, or its shape is not FHIR's.
    """
    entries = bundle.get("entry") if isinstance(bundle, dict) else None
    if not isinstance(bundle, dict) or not isinstance(entries, list) or not entries:
        raise _refused("Bundle sans entrée.")
    try:
        return _BundleReader(bundle, entries).reading
    except (AttributeError, TypeError, ValueError):
        # a list where FHIR has an object, or the like: what the shape of a Bundle is, the FHIR rules tell in detail
        raise _refused("Structure inattendue : ce n'est pas un Bundle FHIR R4.") from None


def _refused(message: str) -> DocumentInvalid:
    return DocumentInvalid([Finding("AGR-UNREADABLE", Severity.ERROR, "Bundle", message, "FHIR R4, Documents")])


class _BundleReader:
    """Walks the Composition, then every other resource once."""

    def __init__(self, bundle: Json, entries: list[Json]) -> None:
        self.reading = Reading()
        self._add = self.reading.add
        self._bundle = bundle
        self._resources: dict[str, tuple[int, Json]] = {}
        self._professionals: dict[str, list[tuple[str, str]]] = {}
        self._composed: list[tuple[int, Json]] = []
        for index, entry in enumerate(entries):
            resource = entry.get("resource") or {}
            self._composed.append((index, resource))
            self._resources.setdefault(entry.get("fullUrl", ""), (index, resource))
        if self._composed[0][1].get("resourceType") != "Composition":
            raise _refused("La première ressource n'est pas une Composition.")
        self._homes: dict[str, list[str]] = {}  # sections that each reference stands in
        self._section_words: list[list[str]] = []
        self._narratives: dict[str, tuple[list[str], Place]] = {}
        self._guardians: dict[str, list[tuple[str, str]]] = {}
        self._composition(self._composed[0][1])
        for code, (found, place) in self._narratives.items():
            self._add("section", code, "narrative", " ".join(found), place)
        for index, resource in self._composed[1:]:
            reader = _READERS.get(resource.get("resourceType", ""))
            if reader:
                reader(self, index, resource)
        self._restated_guardians()

    # ---------------------------------------------------------------- document

    def _composition(self, composition: Json) -> None:
        def say(name: str, value: str, path: str) -> None:
            self._add("document", "", name, value, (0, path))

        self._add("document", "", "id", oid_value(self._bundle.get("identifier")), (-1, "identifier.value"))
        say("set", oid_value(composition.get("identifier")), "identifier.value")
        say("version", str(extension(composition, _VERSION).get("valueString", "")), "extension.value")
        for code in codings(composition.get("type")):
            say("type", code, "type.coding")
        say("title", line(composition.get("title")), "title")
        say("date", moment(composition.get("date")), "date")
        say("confidentiality", composition.get("confidentiality", ""), "confidentiality")
        say("language", composition.get("language", ""), "language")
        for relation in composition.get("relatesTo", ()):
            if relation.get("code") == "replaces":
                say("replaced", oid_value(relation.get("targetIdentifier")), "relatesTo.targetIdentifier")
        for author in composition.get("author", ()):
            place = (0, "author")
            self._professional("author", author, place)
            time = extension(author, "fr-author-time-extension").get("valueDateTime")
            self._add("author", "", "time", moment(time), place)
            role = self._resources.get(author.get("reference", ""), (0, {}))[1]
            for function in role.get("code", ()):
                for code in codings(function):
                    self._add("author", "", "function", code, place)
        for attester in composition.get("attester", ()):
            if attester.get("mode") == "legal":
                self._professional("legal-authenticator", attester.get("party") or {}, (0, "attester.party"))
                self._add("legal-authenticator", "", "time", moment(attester.get("time")), (0, "attester.time"))
        self._custodian(composition.get("custodian") or {})
        for event in composition.get("event", ()):
            self._event(event)
        for position, section in enumerate(composition.get("section", ())):
            self._section(position, section)

    def _custodian(self, reference: Json) -> None:
        index, organization = self._target(reference)
        reachable = False
        for name, value in self._organization(organization):
            if name == "organization telecom":
                if reachable:
                    continue  # CDA has room for one here
                reachable = True
            if name != "organization setting":
                self._add("custodian", "", name, value, (index, ""))

    def _event(self, event: Json) -> None:
        place = (0, "event")
        for concept in event.get("code", ()):
            for code in codings(concept):
                self._add("act", "", "code", code, place)
        period = event.get("period") or {}
        self._add("act", "", "start", moment(period.get("start")), place)
        self._add("act", "", "end", moment(period.get("end")), place)
        performer = extension(event, _EVENT_PERFORMER).get("valueReference")
        if performer:
            self._professional("performer", performer, place)

    def _section(self, position: int, section: Json) -> None:
        """Words and titles; a title of a part stands as a heading, that of the whole counts for what precedes them."""
        div = str((section.get("text") or {}).get("div", ""))
        place = (0, f"section[{position}]")
        code = next(codings(section.get("code")), "")
        code = WIDER_SECTION.get(code, code)
        for reference in section.get("entry", ()):
            self._homes.setdefault(reference.get("reference", ""), []).append(code)
        opening, *parts = _HEADING.split(div)
        found = words(without_tags(opening))
        if found:
            self._add("section", code, "title", line(section.get("title")), place)
        for title, text in zip(parts[::2], parts[1::2], strict=True):
            said = words(without_tags(text))
            if said:
                self._add("section", code, "title", line(without_tags(title)), place)
                found += said
        self._section_words.append(list(found))
        known = self._narratives.get(code)
        if known is None:
            self._narratives[code] = (found, place)
        else:
            known[0].extend(found)

    # ---------------------------------------------------------------- people

    def _target(self, reference: Json) -> tuple[int, Json]:
        return self._resources.get(reference.get("reference", ""), (0, {}))

    def _professional(self, kind: str, reference: Json, place: Place, subject: str = "") -> None:
        for name, value in self._professional_facts(reference.get("reference", "")):
            self._add(kind, subject, name, value, place)

    def _professional_facts(self, reference: str) -> list[tuple[str, str]]:
        """What is known of the professional behind a PractitionerRole, or of an Organization alone."""
        known = self._professionals.get(reference)
        if known is not None:
            return known
        resource = self._resources.get(reference, (0, {}))[1]
        if resource.get("resourceType") == "Organization":
            found = list(self._organization(resource))
        else:
            person = self._target(resource.get("practitioner") or {})[1]
            found = [("id", national(person)), *restated(person)]
            for name in person.get("name", ()):
                found += name_parts(name)
            for qualification in person.get("qualification", ()):
                code = qualification.get("code") or {}
                found += [("profession", value) for value in codings(code)]
                if code.get("coding"):  # CDA's header has no room for a profession without code
                    found.append(("profession words", line(code.get("text"))))
            found += [("address", postal(value)) for value in person.get("address", ())]
            found += [("telecom", value) for value in telecoms(resource)]
            organization = resource.get("organization") or {}
            if organization:
                found += self._organization(self._target(organization)[1])
        self._professionals[reference] = found
        return found

    def _organization(self, organization: Json) -> Iterator[tuple[str, str]]:
        yield "organization id", national(organization)
        for _, value in restated(organization):
            yield "organization id", value
        yield "organization name", line(organization.get("name"))
        for value in organization.get("address", ()):
            yield "organization address", postal(value)
        for telecom in telecoms(organization):
            yield "organization telecom", telecom.removesuffix(" home")
        for kind in organization.get("type", ()):
            for code in codings(kind):
                if code.startswith(PRACTICE_SETTING):
                    yield "organization setting", code

    def _patient(self, index: int, patient: Json) -> None:
        def say(name: str, value: str, path: str) -> None:
            self._add("patient", "", name, value, (index, path))

        for identifier in patient.get("identifier", ()):
            root = identifier.get("system", "").removeprefix("urn:oid:")
            say("id", f"{root}|{identifier.get('value', '')}", "identifier")
        for part, value in restated(patient):
            say(part, value, "name")
        for name in patient.get("name", ()):
            usual = "used" if name.get("use") == "usual" else "birth"
            say(f"{usual} family", line(name.get("family")), "name.family")
            say(f"{usual} given", line(" ".join(name.get("given", ()))), "name.given")
            say("birth given names", line(extension(name, _GIVEN_NAMES).get("valueString")), "name.extension")
        say("gender", _GENDERS.get(patient.get("gender", ""), "UN"), "gender")
        say("birth date", patient.get("birthDate", ""), "birthDate")
        place = extension(patient, _BIRTH_PLACE).get("valueAddress") or {}
        coding = extension(place, _INSEE).get("valueCoding") or {}
        say("birth place code", coding.get("code", ""), "extension")
        say("birth place", line(place.get("city")), "extension")
        for value in patient.get("address", ()):
            say("address", postal(value), "address")
        for telecom in telecoms(patient):
            say("telecom", telecom, "telecom")
        for position, contact in enumerate(patient.get("contact", ())):
            self._contact(index, position, contact)

    def _contact(self, index: int, position: int, contact: Json) -> None:
        """Legal representative; CDA's header has no room for the sort of representation, the narrative tells it."""
        place = (index, f"contact[{position}]")
        name = contact.get("name") or {}
        subject = self._guardian_subject(name)
        for part, value in self._guardian_facts(contact, [name]):
            self._add("guardian", subject, part, value, place)

    def _guardian_subject(self, name: Json) -> str:
        return f"{line(name.get('family') or name.get('text'))}|{line(' '.join(name.get('given', ())))}"

    def _guardian_facts(self, holder: Json, names: Iterable[Json]) -> Iterator[tuple[str, str]]:
        for name in names:
            if name.get("family"):
                yield from name_parts(name)
            else:
                yield "organization name", line(name.get("text"))
        for telecom in telecoms(holder):
            yield "telecom", telecom
        where = holder.get("address") or ()
        for value in [where] if isinstance(where, dict) else where:
            yield "address", postal(value)

    def _related_person(self, index: int, person: Json) -> None:
        roles: list[str] = []
        ties: list[Json] = []
        for concept in person.get("relationship", ()):
            found = [code.partition("|")[2] for code in codings(concept) if code.partition("|")[0] == ROLE_CLASS]
            if found and not roles:
                roles = found
            else:
                ties.append(concept)
        names = person.get("name", ())
        if _GUARD in roles:
            for name in names:
                self._guardians.setdefault(self._guardian_subject(name), []).extend(self._guardian_facts(person, names))
            return
        role = "".join(roles)
        first = names[0] if names else {}
        subject = f"{role}|{line(first.get('family'))}|{line(' '.join(first.get('given', ())))}"
        place = (index, "")
        self._add("relative", subject, "role", role, place)
        for part, value in restated(person):
            self._add("relative", subject, part, value, place)
        for name in names:
            for part, value in name_parts(name):
                self._add("relative", subject, part, value, place)
        for tie in ties:
            for code in codings(tie):
                self._add("relative", subject, "tie", code, place)
            if tie.get("coding"):  # CDA's header has no room for a tie without code
                self._add("relative", subject, "tie words", line(tie.get("text")), place)
        for telecom in telecoms(person):
            self._add("relative", subject, "telecom", telecom, place)
        for value in person.get("address", ()):
            self._add("relative", subject, "address", postal(value), place)

    def _restated_guardians(self) -> None:
        """A RelatedPerson says of a legal representative what the contact says; what differs is one more fact."""
        for subject, facts in self._guardians.items():
            for name, value in facts:
                if ("guardian", subject, name, value) not in self.reading.facts:
                    self._add("guardian", subject, name, value, (-1, "entry"))

    def _care_team(self, index: int, team: Json) -> None:
        for position, participant in enumerate(team.get("participant", ())):
            place = (index, f"participant[{position}]")
            member = participant.get("member") or {}
            facts = self._professional_facts(member.get("reference", ""))
            roles = participant.get("role", ())
            functions = [code for role in roles for code in codings(role)]
            labels = [line(role.get("text")) for role in roles]
            if not any(labels):  # the attending physician who stands apart, not a member whom the doctor described
                self._professional("physician", member, place)
                continue
            said = dict(facts)
            who = f"{said.get('family', '')}|{said.get('given', '')}|{said.get('organization name', '')}"
            subject = f"{''.join(functions)}|{who}"
            for code in functions:
                self._add("team", subject, "function", code, place)
            for label in labels:
                self._add("team", subject, "label", label, place)
            period = participant.get("period") or {}
            self._add("team", subject, "start", moment(period.get("start")), place)
            self._add("team", subject, "end", moment(period.get("end")), place)
            for name, value in facts:
                self._add("team", subject, name, value, place)

    def _encounter(self, index: int, encounter: Json) -> None:
        def say(name: str, value: str, path: str) -> None:
            self._add("encounter", "", name, value, (index, path))

        say("id", national(encounter), "identifier")
        class_ = encounter.get("class") or {}
        say("class", f"{oid_of(class_.get('system', ''))}|{class_.get('code', '')}", "class")
        for concept in encounter.get("type", ()):
            for code in codings(concept):
                say("type", code, "type.coding")
        period = encounter.get("period") or {}
        say("start", moment(period.get("start")), "period.start")
        say("end", moment(period.get("end")), "period.end")
        for participant in encounter.get("participant", ()):
            self._professional("responsible", participant.get("individual") or {}, (index, "participant"))
        for visited in encounter.get("location", ()):
            where, location = self._target(visited.get("location") or {})
            first = next((code for concept in location.get("type", ()) for code in codings(concept)), "")
            self._add("encounter", "", "facility", first, (where, "type.coding"))
            self._add("encounter", "", "place", line(location.get("name")), (where, "name"))
            where_told = location.get("address")
            if not where_told:
                owner = self._target(location.get("managingOrganization") or {})[1]
                where_told = next(iter(owner.get("address", ())), {})
            self._add("encounter", "", "address", postal(where_told), (where, "address"))

    # ---------------------------------------------------------------- entries

    def _entry(self, kind: str, index: int, resource: Json) -> str:
        """Note the words of an entry, its section, and a state that CDA would say too; its key comes back."""
        key = str(resource.get("id", ""))
        self.reading.texts[key] = Text(text_words(resource), frozenset(), (index, "text"))
        for section in self._homes.get(f"urn:uuid:{key}", ()):
            self._add(kind, key, "section", section, (index, ""))
        for name, usual in _USUAL_STATES.get(resource["resourceType"], ()):
            state = resource.get(name, "")
            if not isinstance(state, str):
                state = next((code.partition("|")[2] for code in codings(state)), "")
            if state not in usual:
                self._add(kind, key, "state", state or "none", (index, name))
        return key

    def _claim(self, key: str, words_apart: str | None, place: Place) -> None:
        """Note words that CDA says in the narrative of the entry only."""
        if words_apart:
            self.reading.texts[key].claims.append((words_apart, place))

    def _concept(self, kind: str, key: str, name: str, concept: Json | None, place: Place) -> None:
        if concept:
            for code in codings(concept):
                self._add(kind, key, name, code, place)
            self._add(kind, key, f"{name} words", line(concept.get("text")), place)

    def _condition(self, index: int, resource: Json) -> None:
        key = self._entry("problem", index, resource)
        for concept in resource.get("category", ()):
            for code in codings(concept):
                self._add("problem", key, "kind", code, (index, "category.coding"))
        self._concept("problem", key, "code", resource.get("code"), (index, "code"))
        self._add("problem", key, "start", moment(resource.get("onsetDateTime")), (index, "onset"))
        self._add("problem", key, "end", moment(resource.get("abatementDateTime")), (index, "abatement"))
        status = next((c.partition("|")[2] for c in codings(resource.get("clinicalStatus"))), "")
        self._add("problem", key, "status", status, (index, "clinicalStatus"))

    def _allergy(self, index: int, resource: Json) -> None:
        key = self._entry("allergy", index, resource)
        sort = f"{resource.get('type', '')}/{'+'.join(resource.get('category', ()))}"
        self._add("allergy", key, "sort", sort.strip("/"), (index, "type"))
        self._concept("allergy", key, "code", resource.get("code"), (index, "code"))
        onset = (resource.get("onsetPeriod") or {}).get("start") or resource.get("onsetDateTime")
        self._add("allergy", key, "start", moment(onset), (index, "onset"))
        for reaction in resource.get("reaction", ()):
            for concept in reaction.get("manifestation", ()):
                self._concept("allergy", key, "reaction", concept, (index, "reaction.manifestation"))

    def _medication(self, index: int, resource: Json) -> None:
        key = self._entry("medication", index, resource)

        def say(name: str, value: str, path: str) -> None:
            self._add("medication", key, name, value, (index, path))

        self._concept("medication", key, "code", resource.get("medicationCodeableConcept"), (index, "medication"))
        period = resource.get("effectivePeriod") or {}
        say("start", moment(period.get("start")), "effective.start")
        say("end", moment(period.get("end")), "effective.end")
        say("status", _TREATMENT_STATES.get(resource.get("status", ""), "current"), "status")
        for reason in resource.get("reasonCode", ()):
            say("reason", line(reason.get("text")), "reasonCode.text")
        for dosage in resource.get("dosage", ()):
            self._claim(key, dosage.get("text"), (index, "dosage.text"))
            say("rhythm", rhythm((dosage.get("timing") or {}).get("repeat") or {}), "dosage.timing")
            say("as needed", "yes" if dosage.get("asNeededBoolean") else "", "dosage.asNeeded")
            self._concept("medication", key, "route", dosage.get("route"), (index, "dosage.route"))
            for amount in dosage.get("doseAndRate", ()):
                for part in ("doseQuantity", "rateQuantity"):
                    unit = (amount.get(part) or {}).get("unit")
                    self._claim(key, unit, (index, f"dosage.doseAndRate.{part}.unit"))
                say("dose", quantity(amount.get("doseQuantity")), "dosage.doseAndRate.dose")
                say("rate", quantity(amount.get("rateQuantity")), "dosage.doseAndRate.rate")

    def _observation(self, index: int, resource: Json) -> None:
        key = self._entry("observation", index, resource)

        def say(name: str, value: str, path: str) -> None:
            self._add("observation", key, name, value, (index, path))

        asked = resource.get("code") or {}
        for code in codings(asked):
            if code != _PAIN:  # CDA's template of pain fixes this code, whatever the scale
                say("code", code, "code.coding")
        say("code words", line(asked.get("text")), "code.text")
        say("date", moment(resource.get("effectiveDateTime")), "effective")
        if "valueBoolean" in resource:
            say("value", "yes" if resource["valueBoolean"] else "no", "value")
        say("value", number(resource.get("valueInteger", "")), "value")
        say("value", line(resource.get("valueString")), "value")
        say("value", quantity(resource.get("valueQuantity")), "value")
        self._claim(key, (resource.get("valueQuantity") or {}).get("unit"), (index, "value.unit"))
        self._concept("observation", key, "value", resource.get("valueCodeableConcept"), (index, "value"))
        say("no value", line((resource.get("dataAbsentReason") or {}).get("text")), "dataAbsentReason")
        say("site", line((resource.get("bodySite") or {}).get("text")), "bodySite.text")
        say("method", line((resource.get("method") or {}).get("text")), "method.text")

    def _consent(self, index: int, resource: Json) -> None:
        key = self._entry("directive", index, resource)
        provision = resource.get("provision") or {}
        answer = {"permit": "yes", "deny": "no"}.get(provision.get("type", ""), "")
        self._add("directive", key, "answer", answer, (index, "provision.type"))
        self._add("directive", key, "date", moment(resource.get("dateTime")), (index, "dateTime"))
        for concept in provision.get("code", ()):
            self._concept("directive", key, "code", concept, (index, "provision.code"))
        document = (resource.get("sourceReference") or {}).get("reference", "").removeprefix("urn:uuid:")
        self._add("directive", key, "document", document, (index, "source"))

    def _goal(self, index: int, resource: Json) -> None:
        key = self._entry("goal", index, resource)
        self._concept("goal", key, "code", resource.get("description"), (index, "description"))

    def _care_plan(self, index: int, resource: Json) -> None:
        """Acts are categories of the plan, they have no key of their own in FHIR; its text is that of its section."""
        said = words(without_tags(_HEADING.sub(" ", str((resource.get("text") or {}).get("div", "")))))
        if said not in self._section_words and said != words(str(resource.get("title", ""))):
            self._add("care act", "", "narrative", " ".join(said), (index, "text"))
        for concept in resource.get("category", ()):
            for code in codings(concept):
                self._add("care act", "", "code", code, (index, "category"))
        start = moment((resource.get("period") or {}).get("start"))
        if resource.get("category"):
            self._add("care act", "", "first start", start, (index, "period.start"))

    def _request(self, index: int, resource: Json) -> None:
        key = self._entry("request", index, resource)
        self._concept("request", key, "code", resource.get("code"), (index, "code"))
        due = (resource.get("occurrencePeriod") or {}).get("end")
        self._add("request", key, "due", moment(due), (index, "occurrence"))
        state = f"{resource.get('status', '')}/{resource.get('intent', '')}"
        self._add("request", key, "status", _REQUEST_STATES.get(state, state), (index, "status"))
        for performer in resource.get("performer", ()):
            self._add("request", key, "performer", line(performer.get("display")), (index, "performer"))

    def _appointment(self, index: int, resource: Json) -> None:
        key = self._entry("next visit", index, resource)
        for period in resource.get("requestedPeriod", ()):
            self._add("next visit", key, "date", moment(period.get("start")), (index, "requestedPeriod"))
        described = words(str(resource.get("description", "")))
        if described and described != self.reading.texts[key].words:
            self._add("next visit", key, "description", " ".join(described), (index, "description"))

    def _device(self, index: int, resource: Json) -> None:
        key = self._entry("device", index, resource)
        thing = self._target(resource.get("device") or {})[1]
        self._concept("device", key, "code", thing.get("type"), (index, "device"))
        since = (resource.get("timingPeriod") or {}).get("start")
        self._add("device", key, "start", moment(since), (index, "timing"))
        self._claim(key, (resource.get("bodySite") or {}).get("text"), (index, "bodySite.text"))

    def _attachment(self, index: int, resource: Json) -> None:
        key = self._entry("attachment", index, resource)
        for code in codings(resource.get("type")):
            self._add("attachment", key, "type", code, (index, "type"))
        for content in resource.get("content", ()):
            attachment = content.get("attachment") or {}
            place = (index, "content.attachment")
            self._add("attachment", key, "media type", attachment.get("contentType", ""), place)
            self._add("attachment", key, "title", line(attachment.get("title")), place)
            self._add("attachment", key, "date", moment(attachment.get("creation")), place)
            where, binary = self._resources.get(attachment.get("url", ""), (index, {}))
            self._add("attachment", key, "content", digest(binary.get("data", "")), (where, "data"))


_READERS: Final[dict[str, Callable[[_BundleReader, int, Json], None]]] = {
    "Patient": _BundleReader._patient,
    "RelatedPerson": _BundleReader._related_person,
    "CareTeam": _BundleReader._care_team,
    "Encounter": _BundleReader._encounter,
    "Condition": _BundleReader._condition,
    "AllergyIntolerance": _BundleReader._allergy,
    "MedicationStatement": _BundleReader._medication,
    "Observation": _BundleReader._observation,
    "Consent": _BundleReader._consent,
    "Goal": _BundleReader._goal,
    "CarePlan": _BundleReader._care_plan,
    "ServiceRequest": _BundleReader._request,
    "Appointment": _BundleReader._appointment,
    "DeviceUseStatement": _BundleReader._device,
    "DocumentReference": _BundleReader._attachment,
}
