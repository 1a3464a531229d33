"""Facts of a CDA R2 document, read from its bytes.

Source: HL7 CDA R2 (2005); CI-SIS Volet Structuration minimale and Modèles de contenus CDA (template OIDs).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, cast

from lxml import etree

from adapter.errors import DocumentInvalid, Finding, Severity
from adapter.validation.agreement.cda_values import (
    V3,
    Children,
    Element,
    Facts,
    codings,
    content,
    digest,
    extent,
    get,
    identifier,
    moment,
    name_parts,
    organization,
    original,
    postal,
    professional,
    quantity,
    telecoms,
    texts,
)
from adapter.validation.agreement.facts import Reading, Text, bare, words
from adapter.validation.agreement.systems import LOINC, SNOMED_CT, WIDER_SECTION
from adapter.validation.xml_input import parse_xml

_TYPE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"
_ANCHORED: Final = cast("Callable[[Element], list[Element]]", etree.XPath("//*[@ID]"))
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FRENCH_ENTRY: Final = "1.2.250.1.213.1.1.3."
_ALLERGY_CONCERN: Final = f"{_FRENCH_ENTRY}40"  # FR-Liste-des-allergies-et-hypersensibilites

# Sort of predictable adverse event -> FHIR type and category. Source: labels of the SNOMED CT concepts of
# JDV_TypeEvenementIndesirablePrevisible (2024-06-04); FHIR R4, allergy-intolerance-type and -category.
_SORTS: Final = {
    "609328004": "allergy",
    "419199007": "allergy",
    "416098002": "allergy/medication",
    "414285001": "allergy/food",
    "609396006": "intolerance",
    "609397002": "intolerance",
    "782197009": "intolerance",
    "56840009": "intolerance",
    "609398007": "intolerance/medication",
    "59037007": "intolerance/medication",
    "735449006": "intolerance/food",
    "235719002": "intolerance/food",
}
_USUAL_STATES: Final = frozenset({"active", "completed"})
_PAIN: Final = f"{LOINC}|38208-5"


def read(data: bytes) -> Reading:
    """Everything that the CDA document in `data` says.

    Raises:
        DocumentInvalid: it is no well-formed XML, or no CDA document.
    """
    return read_tree(parse_xml(data))


def read_tree(root: Element) -> Reading:
    """The same of a tree already parsed by `parse_xml`.

    Raises:
        DocumentInvalid: it is no CDA document.
    """
    if root.tag != f"{V3}ClinicalDocument":
        message = "Le document n'est pas un document CDA."
        raise DocumentInvalid([Finding("AGR-UNREADABLE", Severity.ERROR, "/", message, "CDA R2, ClinicalDocument")])
    return _CdaReader(root).reading


class _CdaReader:
    """Walks the header, then every section and every entry once."""

    def __init__(self, root: Element) -> None:
        self.reading = Reading()
        self._add = self.reading.add
        self._home = ""  # section being read
        self._read: set[str] = set()  # keys of the entries met so far
        self._anchors: dict[str, Element] = {element.get("ID", ""): element for element in _ANCHORED(root)}
        self._people: dict[bytes, Facts] = {}
        self._narratives: dict[str, tuple[list[str], Element]] = {}
        self._labels: dict[Element, frozenset[str]] = {}
        self._physicians: list[Facts] = []
        self._act_starts: list[tuple[str, Element]] = []
        header = Children(root)
        self._document(root, header)
        for target in header.all("recordTarget"):
            self._patient(target)
        self._signatures(header)
        for informant in header.all("informant"):
            self._informant(informant)
        for participant in header.all("participant"):
            self._participant(participant)
        self._visit(header)
        for component in header.all("component"):
            for body in component:
                for inner in body.iterchildren(f"{V3}component"):
                    for section in inner:
                        self._section(section)
        for code, (found, place) in self._narratives.items():
            self._add("section", code, "narrative", " ".join(found), place)
        if self._act_starts:
            first, place = min(self._act_starts, key=lambda start: start[0])
            self._add("care act", "", "first start", first, place)

    def _document(self, root: Element, header: Children) -> None:
        def say(name: str, value: str, element: str) -> None:
            self._add("document", "", name, value, header.first(element) if element in header else root)

        say("id", identifier(header.first("id")), "id")
        say("set", identifier(header.first("setId")), "setId")
        say("version", header.value("versionNumber"), "versionNumber")
        for code in codings(header.first("code")):
            say("type", code, "code")
        say("title", content(header.first("title")), "title")
        say("date", moment(header.value("effectiveTime")), "effectiveTime")
        say("confidentiality", header.value("confidentialityCode", "code"), "confidentialityCode")
        say("language", header.value("languageCode", "code"), "languageCode")
        for related in header.all("relatedDocument"):
            if related.get("typeCode") == "RPLC":
                parent = Children(Children(related).first("parentDocument"))
                say("replaced", identifier(parent.first("id")), "relatedDocument")

    def _signatures(self, header: Children) -> None:
        for author in header.all("author"):
            parts = Children(author)
            self._person("author", "", self._professional(parts.first("assignedAuthor")), author)
            self._add("author", "", "time", moment(parts.value("time")), author)
            for code in codings(parts.first("functionCode")):
                self._add("author", "", "function", code, author)
        for legal in header.all("legalAuthenticator"):
            parts = Children(legal)
            self._person("legal-authenticator", "", self._professional(parts.first("assignedEntity")), legal)
            self._add("legal-authenticator", "", "time", moment(parts.value("time")), legal)
        for custodian in header.all("custodian"):
            assigned = Children(Children(custodian).first("assignedCustodian"))
            facts = organization(assigned.first("representedCustodianOrganization"))
            self._person("custodian", "", facts, custodian)

    def _professional(self, entity: Element | None) -> Facts:
        """What is known of a professional; the author stands four times in most headers, and is read once."""
        if entity is None:
            return []
        written = etree.tostring(entity, with_tail=False)
        known = self._people.get(written)
        if known is None:
            known = self._people[written] = professional(entity)
        return list(known)

    def _person(self, kind: str, subject: str, facts: Facts, place: Element) -> None:
        for name, value in facts:
            self._add(kind, subject, name, value, place)

    def _patient(self, target: Element) -> None:
        role_element = Children(target).first("patientRole")
        role = Children(role_element)
        patient = Children(role.first("patient"))
        place = target if role_element is None else role_element

        def say(name: str, value: str) -> None:
            self._add("patient", "", name, value, place)

        for number in role.all("id"):
            if number.get("extension") != "patient":  # what stands in for a missing identifier
                say("id", identifier(number))
        for value in role.all("addr"):
            say("address", postal(value))
        for telecom in telecoms(role):
            say("telecom", telecom)
        names: dict[tuple[str, str], str] = {}
        for part in patient.all("name")[0] if "name" in patient else ():
            local = str(part.tag).rpartition("}")[2]
            names[local, part.get("qualifier", "")] = content(part)
        birth_family, birth_given = names.get(("family", "BR"), ""), names.get(("given", "BR"), "")
        say("birth family", birth_family)
        say("birth given", birth_given)
        say("birth given names", names.get(("given", ""), ""))
        if ("family", "CL") in names or ("given", "CL") in names:
            # FHIR's usual name is a whole one: what is not told apart is as at birth
            say("used family", names.get(("family", "CL"), birth_family))
            say("used given", names.get(("given", "CL"), birth_given))
        gender = patient.value("administrativeGenderCode", "code")
        say("gender", gender if gender in ("F", "M") else "UN")
        say("birth date", moment(patient.value("birthTime")))
        birthplace = Children(Children(patient.first("birthplace")).first("place"))
        where = Children(birthplace.first("addr"))
        say("birth place code", content(where.first("county")))
        say("birth place", content(where.first("city")))
        for guardian in patient.all("guardian"):
            self._guardian(guardian)

    def _guardian(self, guardian: Element) -> None:
        parts = Children(guardian)
        person = Children(parts.first("guardianPerson")).first("name")
        if person is not None:
            facts = list(name_parts(person))
            said = dict(facts)
            subject = f"{said['family']}|{said['given']}"
        else:
            owner = content(Children(parts.first("guardianOrganization")).first("name"))
            facts, subject = [("organization name", owner)], f"{owner}|"
        facts += [("telecom", value) for value in telecoms(parts)]
        facts += [("address", postal(value)) for value in parts.all("addr")]
        self._person("guardian", subject, facts, guardian)

    def _informant(self, informant: Element) -> None:
        entity = Children(informant).first("relatedEntity")
        parts = Children(entity)
        facts = list(name_parts(Children(parts.first("relatedPerson")).first("name")))
        said = dict(facts)
        role = get(entity, "classCode")
        code = parts.first("code")
        facts.append(("role", role))
        facts += [("tie", value) for value in codings(code)]
        facts.append(("tie words", original(code)))
        facts += [("telecom", value) for value in telecoms(parts)]
        facts += [("address", postal(value)) for value in parts.all("addr")]
        self._person("relative", f"{role}|{said['family']}|{said['given']}", facts, informant)

    def _participant(self, participant: Element) -> None:
        """Member of the team; a function without words is the attending or the replaced physician."""
        parts = Children(participant)
        function = parts.first("functionCode")
        facts = self._professional(parts.first("associatedEntity"))
        label = original(function)
        if not label:
            # the doctor whom a locum replaces stands twice: as the one replaced, and as the attending physician
            if facts not in self._physicians:
                self._physicians.append(facts)
                self._person("physician", "", facts, participant)
            return
        said = dict(facts)
        who = f"{said.get('family', '')}|{said.get('given', '')}|{said.get('organization name', '')}"
        functions = list(codings(function))
        subject = f"{''.join(functions)}|{who}"
        time = Children(parts.first("time"))
        facts += [("function", code) for code in functions]
        facts.append(("label", label))
        facts.append(("start", moment(time.value("low"))))
        facts.append(("end", moment(time.value("high"))))
        self._person("team", subject, facts, participant)

    def _visit(self, header: Children) -> None:
        for documentation in header.all("documentationOf"):
            event = Children(documentation).first("serviceEvent")
            parts = Children(event)
            for code in codings(parts.first("code")):
                self._add("act", "", "code", code, event)
                self._add("encounter", "", "type", code, event)
            time = Children(parts.first("effectiveTime"))
            self._add("act", "", "start", moment(time.value("low")), event)
            self._add("act", "", "end", moment(time.value("high")), event)
            for performer in parts.all("performer"):
                facts = self._professional(Children(performer).first("assignedEntity"))
                self._person("performer", "", facts, performer)
        for component in header.all("componentOf"):
            self._encounter(Children(component).first("encompassingEncounter"))

    def _encounter(self, encounter: Element | None) -> None:
        parts = Children(encounter)

        def say(name: str, value: str) -> None:
            self._add("encounter", "", name, value, encounter)

        say("id", identifier(parts.first("id")))
        for code in codings(parts.first("code")):
            say("class", code)
        time = Children(parts.first("effectiveTime"))
        say("start", moment(time.value("low")))
        say("end", moment(time.value("high")))
        for party in parts.all("responsibleParty"):
            self._person("responsible", "", self._professional(Children(party).first("assignedEntity")), party)
        facility = Children(Children(parts.first("location")).first("healthCareFacility"))
        for code in codings(facility.first("code")):
            say("facility", code)
        place = Children(facility.first("location"))
        say("place", content(place.first("name")))
        for value in place.all("addr"):
            say("address", postal(value))

    # ---------------------------------------------------------------- sections

    def _section(self, section: Element) -> None:
        parts = Children(section)
        code = next(codings(parts.first("code")), "")
        code = WIDER_SECTION.get(code, code)
        for text in parts.all("text"):
            found = words(" ".join(texts(text)))
            if found:
                self._add("section", code, "title", content(parts.first("title")), section)
                known = self._narratives.get(code)
                if known is None:
                    self._narratives[code] = (found, section)
                else:
                    known[0].extend(found)
        self._home = code
        for entry in parts.all("entry"):
            for act in entry:
                self._act(act)
        for component in parts.all("component"):
            for inner in component:
                self._section(inner)

    def _act(self, act: Element) -> None:
        """Read `act` when it carries a key of its own, else what it is made of."""
        parts = Children(act)
        number = parts.first("id")
        key = get(number, "root")
        if number is None or number.get("extension") or not _UUID.fullmatch(key):
            for link in ("entryRelationship", "component"):
                for related in parts.all(link):
                    for inner in related:
                        if inner.tag != f"{V3}templateId":
                            self._act(inner)
            if act.tag == f"{V3}act":
                self._concern(key, act, parts)
            return
        self._read.add(key)
        for template in parts.all("templateId"):
            root = template.get("root", "")
            reader = _READERS.get(root[len(_FRENCH_ENTRY) :]) if root.startswith(_FRENCH_ENTRY) else None
            if reader:
                reader(self, key, act, parts)
                return
        self._add("entry", key, "unknown", str(act.tag).rpartition("}")[2], act)

    def _concern(self, key: str, act: Element, parts: Children) -> None:
        """The act around a problem or an allergy restates its start and its end; whatever differs is one more fact."""
        if key not in self._read:
            return
        is_allergy = any(template.get("root") == _ALLERGY_CONCERN for template in parts.all("templateId"))
        kind = "allergy" if is_allergy else "problem"
        time = Children(parts.first("effectiveTime"))
        start, status = moment(time.value("low")), parts.value("statusCode", "code")
        if start and (kind, key, "start", start) not in self.reading.facts:
            self._add(kind, key, "start", start, act)
        if status not in _USUAL_STATES or (status == "completed" and "high" not in time):
            self._add(kind, key, "state", status or "none", act)

    # ---------------------------------------------------------------- entries

    def _entry(self, kind: str, key: str, act: Element, parts: Children) -> None:
        """Note the section of an entry, the words it points at, and a state out of the usual."""
        self._add(kind, key, "section", self._home, act)
        if act.get("negationInd") == "true":
            self._add(kind, key, "state", "negated", act)
        status = parts.first("statusCode")
        if status is not None and status.get("code") not in _USUAL_STATES:
            self._add(kind, key, "state", status.get("code", "none"), act)
        self._text(key, parts)

    def _text(self, key: str, parts: Children) -> None:
        text = parts.first("text")
        if text is None:
            return
        anchor = Children(text).value("reference").removeprefix("#")
        element = self._anchors.get(anchor)
        if element is None:
            self.reading.texts[key] = Text(words(content(text)), frozenset(), text)
        else:
            found = words(" ".join(texts(element)))
            self.reading.texts[key] = Text(found, self._around(element), text)

    def _around(self, element: Element) -> frozenset[str]:
        """Words that name what stands in `element`: column titles, caption, label."""
        holder = element.getparent()
        if holder is None:
            return frozenset()
        outer = holder.getparent()
        if element.tag == f"{V3}tr" and outer is not None:
            holder = outer
            around = self._labels.get(holder)
            if around is None:
                titles = [part for part in holder if part.tag in (f"{V3}caption", f"{V3}thead")]
                around = _lower([" ".join(texts(part)) for part in titles])
                self._labels[holder] = around
            return around
        titles = list(element.itersiblings(preceding=True))
        if outer is not None:
            titles += outer.iterchildren(f"{V3}caption")
        return _lower([holder.text or "", *[" ".join(texts(part)) for part in titles]])

    def _concept(self, kind: str, key: str, name: str, coded: Element | None, place: Element) -> None:
        for code in codings(coded):
            self._add(kind, key, name, code, place)
        self._add(kind, key, f"{name} words", original(coded), place)

    def _problem(self, key: str, act: Element, parts: Children) -> None:
        self._entry("problem", key, act, parts)
        for code in codings(parts.first("code")):
            self._add("problem", key, "kind", code, act)
        self._concept("problem", key, "code", parts.first("value"), act)
        time = Children(parts.first("effectiveTime"))
        self._add("problem", key, "start", moment(time.value("low")), act)
        self._add("problem", key, "end", moment(time.value("high")), act)
        self._add("problem", key, "status", "resolved" if "high" in time else "active", act)

    def _allergy(self, key: str, act: Element, parts: Children) -> None:
        self._entry("allergy", key, act, parts)
        substances = parts.all("participant")
        if substances:
            kind = next(codings(parts.first("code")), "")
            sort = _SORTS.get(kind.removeprefix(f"{SNOMED_CT}|"), "")
            self._add("allergy", key, "sort", sort, act)
            for participant in substances:
                entity = Children(Children(Children(participant).first("participantRole")).first("playingEntity"))
                self._concept("allergy", key, "code", entity.first("code"), participant)
                if (name := content(entity.first("name"))) != original(entity.first("code")):
                    self._add("allergy", key, "code words", name, participant)
        else:
            self._concept("allergy", key, "code", parts.first("value"), act)
        time = Children(parts.first("effectiveTime"))
        self._add("allergy", key, "start", moment(time.value("low")), act)
        for related in parts.all("entryRelationship"):
            if related.get("typeCode") == "MFST":
                for reaction in related:
                    self._concept("allergy", key, "reaction", Children(reaction).first("value"), reaction)

    def _medication(self, key: str, act: Element, parts: Children) -> None:
        self._entry("medication", key, act, parts)

        def say(name: str, value: str) -> None:
            self._add("medication", key, name, value, act)

        product = Children(Children(parts.first("consumable")).first("manufacturedProduct"))
        made = Children(product.first("manufacturedMaterial"))
        material = made.first("code")
        coded = parts.first("code") if get(material, "nullFlavor") == "NA" else material
        self._concept("medication", key, "code", coded, act)
        if (name := content(made.first("name"))) != original(material):
            say("code words", name)
        times = parts.all("effectiveTime")
        period = Children(times[0] if times else None)
        say("start", moment(period.value("low")))
        say("end", moment(period.value("high")))
        say("status", "planned" if act.get("moodCode") == "INT" else self._treatment_state(parts))
        for rhythm in times[1:]:
            period = Children(rhythm)
            hours, unit = period.value("period"), period.value("period", "unit")
            if rhythm.get("institutionSpecified") == "true" and unit == "h" and hours.isdigit() and hours != "0":
                say("rhythm", f"{24 // int(hours)} a day")
            else:
                say("rhythm", f"every {hours} {unit}")
        say("as needed", "yes" if "precondition" in parts else "")
        self._concept("medication", key, "route", parts.first("routeCode"), act)
        say("dose", extent(parts.first("doseQuantity")))
        say("rate", extent(parts.first("rateQuantity")))
        if (text := self.reading.texts.get(key)) is not None:
            form = parts.first("administrationUnitCode")
            text.claims.append((original(form), form))
            most = parts.first("maxDoseQuantity")
            text.claims.append((Children(most).value("numerator"), most))
        for related in parts.all("entryRelationship"):
            if related.get("typeCode") == "RSON":
                for reason in related:
                    say("reason", original(Children(reason).first("code")))

    def _treatment_state(self, parts: Children) -> str:
        """State that a status observation tells; without one the treatment is current."""
        for related in parts.all("entryRelationship"):
            for told in related if related.get("typeCode") == "REFR" else ():
                code = Children(told).value("value", "code")
                return _TREATMENT_STATES.get(code, code)
        return "current"

    def _observation(self, key: str, act: Element, parts: Children) -> None:
        if "value" not in parts and not parts.value("effectiveTime"):
            self._request(key, act, parts)  # an action that is done: it has a limit, but neither value nor moment
            return
        self._entry("observation", key, act, parts)

        def say(name: str, value: str) -> None:
            self._add("observation", key, name, value, act)

        code = parts.first("code")
        for found in codings(code):
            if found != _PAIN:  # the template of pain fixes this code, whatever the scale
                say("code", found)
        say("code words", original(code))
        say("date", moment(parts.value("effectiveTime")))
        for value in parts.all("value"):
            self._value(key, act, value)
        say("site", original(parts.first("targetSiteCode")))
        say("method", original(parts.first("methodCode")))

    def _value(self, key: str, act: Element, value: Element) -> None:
        kind = value.get(_TYPE, "").rpartition(":")[2]
        if kind == "PQ":
            self._add("observation", key, "value", quantity(value), act)
        elif kind == "BL":
            answer = {"true": "yes", "false": "no"}.get(value.get("value", ""), "")
            self._add("observation", key, "value", answer, act)
        elif kind == "ST":
            self._add("observation", key, "value", content(value), act)
        elif value.get("nullFlavor") == "NA":  # no answer at all; one without a code is OTH
            self._add("observation", key, "no value", original(value), act)
        elif kind in ("CD", "CE"):
            self._concept("observation", key, "value", value, act)
        else:
            self._add("observation", key, "value", value.get("value", ""), act)

    def _directive(self, key: str, act: Element, parts: Children) -> None:
        self._entry("directive", key, act, parts)
        answer = {"true": "yes", "false": "no"}.get(parts.value("value"), "")
        self._add("directive", key, "answer", answer, act)
        time = Children(parts.first("effectiveTime"))
        self._add("directive", key, "date", moment(time.value("low")), act)
        self._concept("directive", key, "code", parts.first("code"), act)
        for reference in parts.all("reference"):
            document = Children(Children(reference).first("externalDocument"))
            self._add("directive", key, "document", identifier(document.first("id")), reference)

    def _intention(self, key: str, act: Element, parts: Children) -> None:
        if act.get("moodCode") != "GOL":
            self._request(key, act, parts)
            return
        self._entry("goal", key, act, parts)
        self._concept("goal", key, "code", parts.first("code"), act)

    def _request(self, key: str, act: Element, parts: Children) -> None:
        self._entry("request", key, act, parts)
        self._concept("request", key, "code", parts.first("code"), act)
        time = Children(parts.first("effectiveTime"))
        self._add("request", key, "due", moment(time.value("high")), act)
        state = {"INT": "planned", "PRP": "requested", "EVN": "done"}.get(act.get("moodCode", ""), "")
        self._add("request", key, "status", state, act)
        for performer in parts.all("performer"):
            entity = Children(Children(performer).first("assignedEntity"))
            self._add("request", key, "performer", original(entity.first("code")), performer)

    def _care_act(self, key: str, act: Element, parts: Children) -> None:
        for code in codings(parts.first("code")):
            self._add("care act", "", "code", code, act)
        if start := moment(Children(parts.first("effectiveTime")).value("low")):
            self._act_starts.append((start, act))

    def _next_visit(self, key: str, act: Element, parts: Children) -> None:
        self._entry("next visit", key, act, parts)
        self._add("next visit", key, "date", moment(parts.value("effectiveTime")), act)

    def _device(self, key: str, act: Element, parts: Children) -> None:
        self._entry("device", key, act, parts)
        role = Children(Children(parts.first("participant")).first("participantRole"))
        thing = Children(role.first("playingDevice"))
        self._concept("device", key, "code", thing.first("code"), act)
        time = Children(parts.first("effectiveTime"))
        self._add("device", key, "start", moment(time.value("low")), act)

    def _attachment(self, key: str, act: Element, parts: Children) -> None:
        for component in parts.all("component"):
            for inner in component:
                found = Children(inner)
                value = found.first("value")
                if inner.tag == f"{V3}observationMedia":
                    self._add("attachment", key, "media type", get(value, "mediaType"), inner)
                    self._add("attachment", key, "content", digest(value), inner)
                else:
                    self._entry("attachment", key, inner, found)
                    for code in codings(value):
                        self._add("attachment", key, "type", code, inner)
                    self._add("attachment", key, "title", original(value), inner)
                    self._add("attachment", key, "date", moment(found.value("effectiveTime")), inner)


def _lower(titles: list[str]) -> frozenset[str]:
    return frozenset([word for text in titles for word in bare(words(text.lower()))])


# Source: HL7 CCD, Medication Status Observation; SNOMED CT.
_TREATMENT_STATES: Final = {"73425007": "stopped", "421139008": "suspended"}
# French entry templates. Source: CI-SIS, Modèles de contenus CDA.
_READERS: Final[dict[str, Callable[[_CdaReader, str, Element, Children], None]]] = {
    "37": _CdaReader._problem,  # FR-Probleme
    "41": _CdaReader._allergy,  # FR-Allergie-ou-hypersensibilite
    "42": _CdaReader._medication,  # FR-Traitement
    "89": _CdaReader._observation,  # FR-Severite-de-la-douleur
    "25": _CdaReader._observation,  # FR-Evaluation
    "48": _CdaReader._observation,  # FR-Simple-Observation
    "50": _CdaReader._observation,  # FR-Signe-vital-observe
    "52": _CdaReader._observation,  # FR-Habitus-Mode-de-vie
    "54": _CdaReader._directive,  # FR-Directive-anticipee
    "27": _CdaReader._intention,  # FR-Demande-d-examen-ou-de-suivi
    "62": _CdaReader._care_act,  # FR-Acte
    "58": _CdaReader._next_visit,  # FR-Rencontre
    "20": _CdaReader._device,  # FR-Dispositif-medical
    "18": _CdaReader._attachment,  # FR-Document-attache
}
