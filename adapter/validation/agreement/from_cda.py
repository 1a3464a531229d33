"""Facts of a CDA R2 document, read from its bytes.

Source: HL7 CDA R2 (2005); CI-SIS Volet Structuration minimale and Modèles de contenus CDA (template OIDs).
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from hashlib import sha1
from typing import Final

from lxml import etree

from adapter.errors import DocumentInvalid, Finding, Severity
from adapter.validation.agreement.facts import Reading, Text, address, line, words
from adapter.validation.agreement.systems import LOINC, SNOMED_CT, WIDER_SECTION
from adapter.validation.xml_input import parse_xml

Element = etree._Element
Children = dict[str, list[Element]]

_V3: Final = "{urn:hl7-org:v3}"
_TYPE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FRENCH_ENTRY: Final = "1.2.250.1.213.1.1.3."

# Telecom use -> FHIR use; the other codes have no counterpart there. Source: HL7 TelecommunicationAddressUse.
_USES: Final = {"H": "home", "HP": "home", "WP": "work", "DIR": "work", "MC": "mobile"}
# Sort of propensity to adverse reactions -> FHIR type and category. Source: the meaning of the SNOMED CT concepts of
# JDV_TypeEvenementIndesirablePrevisible, told in FHIR's allergy-intolerance-type and -category.
_SORTS: Final = {
    "609328004": "allergy",
    "416098002": "allergy/medication",
    "414285001": "allergy/food",
    "419199007": "allergy",
    "426232007": "allergy/environment",
    "782576004": "intolerance",
    "59037007": "intolerance/medication",
    "235719002": "intolerance/food",
    "419511003": "medication",
    "418471000": "food",
}
_PAIN: Final = f"{LOINC}|38208-5"


def read(data: bytes) -> Reading:
    """Everything that the CDA document in `data` says.

    Raises:
        DocumentInvalid: it is no well-formed XML, or no CDA document.
    """
    root = parse_xml(data)
    if root.tag != f"{_V3}ClinicalDocument":
        message = "Le document n'est pas un document CDA."
        raise DocumentInvalid([Finding("AGR-UNREADABLE", Severity.ERROR, "/", message, "CDA R2, ClinicalDocument")])
    return _CdaReader(root).reading


# ---------------------------------------------------------------- data types


def kids(element: Element | None) -> Children:
    """Children of `element` by local name."""
    found: Children = {}
    if element is not None:
        for child in element:
            found.setdefault(str(child.tag).rpartition("}")[2], []).append(child)
    return found


def only(children: Children, name: str) -> Element | None:
    """First child called `name`, or None."""
    found = children.get(name)
    return found[0] if found else None


def get(element: Element | None, name: str) -> str:
    """Attribute of an element that may be missing."""
    return element.get(name, "") if element is not None else ""


def attribute(children: Children, name: str, key: str = "value") -> str:
    """Attribute `key` of the first child called `name`."""
    return get(only(children, name), key)


def content(element: Element | None) -> str:
    """Text of an element on one line."""
    return line("".join(map(str, element.itertext()))) if element is not None else ""


def moment(value: str) -> str:
    """HL7 time as an ISO one, at its precision: ``20261012`` gives ``2026-10-12``, an offset stays."""
    if len(value) <= 8:
        return "-".join(filter(None, (value[:4], value[4:6], value[6:8])))
    clock, offset = value[8:14], value[14:]
    time = ":".join(filter(None, (clock[:2], clock[2:4], clock[4:6])))
    if offset:
        offset = f"{offset[:3]}:{offset[3:]}"
    return f"{moment(value[:8])}T{time}{offset}"


def bounds(time: Element | None) -> Children:
    """Bounds of a period."""
    return kids(time)


def codings(coded: Element | None) -> Iterator[str]:
    """``oid|code`` of a coded element, then of its translations."""
    if coded is None:
        return
    if code := coded.get("code"):
        yield f"{coded.get('codeSystem', '')}|{code}"
    for translation in coded.iterchildren(f"{_V3}translation"):
        if code := translation.get("code"):
            yield f"{translation.get('codeSystem', '')}|{code}"


def original(coded: Element | None) -> str:
    """Words of a coded element."""
    if coded is None:
        return ""
    return content(next(coded.iterchildren(f"{_V3}originalText"), None))


def quantity(element: Element | None) -> str:
    """``digits unit`` of a PQ: the UCUM unit, or the words of its translation."""
    if element is None:
        return ""
    unit = element.get("unit") or original(next(element.iterchildren(f"{_V3}translation"), None))
    return f"{element.get('value', '')} {unit}".rstrip()


def extent(element: Element | None) -> str:
    """A dose or a rate: one quantity when both bounds are the same."""
    if element is None:
        return ""
    if element.get("value"):
        return quantity(element)
    found = kids(element)
    low, high = quantity(only(found, "low")), quantity(only(found, "high"))
    return low if low == high else f"{low}..{high}"


def identifier(element: Element | None) -> str:
    """``root|extension``, or the root alone."""
    root, extension = get(element, "root"), get(element, "extension")
    return f"{root}|{extension}" if extension else root


def postal(element: Element) -> str:
    """Address: every part that is no postcode, city or country is a line."""
    parts = kids(element)
    apart = {"postalCode", "city", "country", "county"}
    lines = [content(part) for part in element if str(part.tag).rpartition("}")[2] not in apart]
    return address(
        lines,
        content(only(parts, "postalCode")),
        content(only(parts, "city")),
        content(only(parts, "country")),
    )


def telecoms(children: Children) -> Iterator[str]:
    """``scheme:value use`` of each telecom."""
    for telecom in children.get("telecom", ()):
        if value := telecom.get("value"):
            yield f"{value} {_USES.get(telecom.get('use', ''), '')}".rstrip()


def name_parts(name: Element | None) -> Iterator[tuple[str, str]]:
    """Parts of the name of a person."""
    parts = kids(name)
    for part in ("family", "given", "prefix", "suffix"):
        yield part, " ".join([content(element) for element in parts.get(part, ())])


Facts = list[tuple[str, str]]


def organization(element: Element | None) -> Facts:
    """What is known of a structure."""
    if element is None:
        return []
    parts = kids(element)
    found = [
        ("organization id", identifier(only(parts, "id"))),
        ("organization name", content(only(parts, "name"))),
        *[("organization address", postal(value)) for value in parts.get("addr", ())],
        *[("organization telecom", value) for value in telecoms(parts)],
    ]
    setting = only(parts, "standardIndustryClassCode")
    return found + [("organization setting", code) for code in codings(setting)]


def professional(entity: Element | None) -> Facts:
    """What is known of an assigned author, an assigned or an associated entity."""
    parts = kids(entity)
    person = only(parts, "assignedPerson")
    if person is None:
        person = only(parts, "associatedPerson")
    owner = only(parts, "representedOrganization")
    if owner is None:
        owner = only(parts, "scopingOrganization")
    if person is None:
        return organization(owner)
    code = only(parts, "code")
    return [
        ("id", identifier(only(parts, "id"))),
        *name_parts(only(kids(person), "name")),
        *[("profession", value) for value in codings(code)],
        ("profession words", original(code)),
        *[("address", postal(value)) for value in parts.get("addr", ())],
        *[("telecom", value) for value in telecoms(parts)],
        *organization(owner),
    ]


# ---------------------------------------------------------------- document


class _CdaReader:
    """Walks the header, then every section and every entry once."""

    def __init__(self, root: Element) -> None:
        self.reading = Reading()
        self._add = self.reading.add
        self._read: set[str] = set()  # keys of the entries met so far
        self._anchors: dict[str, Element] = {}
        self._narratives: dict[str, tuple[list[str], Element]] = {}
        self._labels: dict[Element, frozenset[str]] = {}
        self._act_starts: list[tuple[str, Element]] = []
        header = kids(root)
        self._document(root, header)
        for target in header.get("recordTarget", ()):
            self._patient(target)
        self._signatures(header)
        for informant in header.get("informant", ()):
            self._informant(informant)
        for participant in header.get("participant", ()):
            self._participant(participant)
        self._visit(header)
        for component in header.get("component", ()):
            for body in component:
                for inner in body.iterchildren(f"{_V3}component"):
                    for section in inner:
                        self._section(section)
        for code, (found, place) in self._narratives.items():
            self._add("section", code, "narrative", " ".join(found), place)
        if self._act_starts:
            first, place = min(self._act_starts, key=lambda start: start[0])
            self._add("care act", "", "first start", first, place)

    def _document(self, root: Element, header: Children) -> None:
        def say(name: str, value: str, element: str) -> None:
            self._add("document", "", name, value, only(header, element) if element in header else root)

        say("id", identifier(only(header, "id")), "id")
        say("set", identifier(only(header, "setId")), "setId")
        say("version", attribute(header, "versionNumber"), "versionNumber")
        for code in codings(only(header, "code")):
            say("type", code, "code")
        say("title", content(only(header, "title")), "title")
        say("date", moment(attribute(header, "effectiveTime")), "effectiveTime")
        say("confidentiality", attribute(header, "confidentialityCode", "code"), "confidentialityCode")
        say("language", attribute(header, "languageCode", "code"), "languageCode")
        for related in header.get("relatedDocument", ()):
            if related.get("typeCode") == "RPLC":
                parent = kids(only(kids(related), "parentDocument"))
                say("replaced", identifier(only(parent, "id")), "relatedDocument")

    def _signatures(self, header: Children) -> None:
        for author in header.get("author", ()):
            parts = kids(author)
            self._person("author", "", professional(only(parts, "assignedAuthor")), author)
            self._add("author", "", "time", moment(attribute(parts, "time")), author)
            for code in codings(only(parts, "functionCode")):
                self._add("author", "", "function", code, author)
        for legal in header.get("legalAuthenticator", ()):
            parts = kids(legal)
            self._person("legal-authenticator", "", professional(only(parts, "assignedEntity")), legal)
            self._add("legal-authenticator", "", "time", moment(attribute(parts, "time")), legal)
        for custodian in header.get("custodian", ()):
            assigned = kids(only(kids(custodian), "assignedCustodian"))
            facts = organization(only(assigned, "representedCustodianOrganization"))
            # The schema leaves room for one telecom here, for as many as there are elsewhere.
            self._person("custodian", "", [f for f in facts if f[0] != "organization telecom"], custodian)

    def _person(self, kind: str, subject: str, facts: Facts, place: Element) -> None:
        for name, value in facts:
            self._add(kind, subject, name, value, place)

    def _patient(self, target: Element) -> None:
        role_element = only(kids(target), "patientRole")
        role = kids(role_element)
        patient = kids(only(role, "patient"))
        place = target if role_element is None else role_element

        def say(name: str, value: str) -> None:
            self._add("patient", "", name, value, place)

        for number in role.get("id", ()):
            if number.get("extension") != "patient":  # what stands in for a missing identifier
                say("id", identifier(number))
        for value in role.get("addr", ()):
            say("address", postal(value))
        for telecom in telecoms(role):
            say("telecom", telecom)
        names: dict[tuple[str, str], str] = {}
        for part in patient["name"][0] if "name" in patient else ():
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
        gender = attribute(patient, "administrativeGenderCode", "code")
        say("gender", gender if gender in ("F", "M") else "UN")
        say("birth date", moment(attribute(patient, "birthTime")))
        birthplace = kids(only(kids(only(patient, "birthplace")), "place"))
        where = kids(only(birthplace, "addr"))
        say("birth place code", content(only(where, "county")))
        say("birth place", content(only(where, "city")))
        for guardian in patient.get("guardian", ()):
            self._guardian(guardian)

    def _guardian(self, guardian: Element) -> None:
        parts = kids(guardian)
        person = only(kids(only(parts, "guardianPerson")), "name")
        if person is not None:
            facts = list(name_parts(person))
            said = dict(facts)
            subject = f"{said['family']}|{said['given']}"
        else:
            owner = content(only(kids(only(parts, "guardianOrganization")), "name"))
            facts, subject = [("organization name", owner)], f"{owner}|"
        facts += [("telecom", value) for value in telecoms(parts)]
        facts += [("address", postal(value)) for value in parts.get("addr", ())]
        self._person("guardian", subject, facts, guardian)

    def _informant(self, informant: Element) -> None:
        entity = only(kids(informant), "relatedEntity")
        parts = kids(entity)
        facts = list(name_parts(only(kids(only(parts, "relatedPerson")), "name")))
        said = dict(facts)
        role = get(entity, "classCode")
        code = only(parts, "code")
        facts.append(("role", role))
        facts += [("tie", value) for value in codings(code)]
        facts.append(("tie words", original(code)))
        facts += [("telecom", value) for value in telecoms(parts)]
        facts += [("address", postal(value)) for value in parts.get("addr", ())]
        self._person("relative", f"{role}|{said['family']}|{said['given']}", facts, informant)

    def _participant(self, participant: Element) -> None:
        """Member of the team; a function without words is the attending or the replaced physician."""
        parts = kids(participant)
        function = only(parts, "functionCode")
        facts = professional(only(parts, "associatedEntity"))
        label = original(function)
        if not label:
            self._person("physician", "", facts, participant)
            return
        said = dict(facts)
        who = f"{said.get('family', '')}|{said.get('given', '')}|{said.get('organization name', '')}"
        functions = list(codings(function))
        subject = f"{''.join(functions)}|{who}"
        time = bounds(only(parts, "time"))
        facts += [("function", code) for code in functions]
        facts.append(("label", label))
        facts.append(("start", moment(attribute(time, "low"))))
        facts.append(("end", moment(attribute(time, "high"))))
        self._person("team", subject, facts, participant)

    def _visit(self, header: Children) -> None:
        for documentation in header.get("documentationOf", ()):
            event = only(kids(documentation), "serviceEvent")
            parts = kids(event)
            for code in codings(only(parts, "code")):
                self._add("act", "", "code", code, event)
                self._add("encounter", "", "type", code, event)
            time = bounds(only(parts, "effectiveTime"))
            self._add("act", "", "start", moment(attribute(time, "low")), event)
            self._add("act", "", "end", moment(attribute(time, "high")), event)
            for performer in parts.get("performer", ()):
                facts = professional(only(kids(performer), "assignedEntity"))
                self._person("performer", "", facts, performer)
        for component in header.get("componentOf", ()):
            self._encounter(only(kids(component), "encompassingEncounter"))

    def _encounter(self, encounter: Element | None) -> None:
        parts = kids(encounter)

        def say(name: str, value: str) -> None:
            self._add("encounter", "", name, value, encounter)

        say("id", identifier(only(parts, "id")))
        for code in codings(only(parts, "code")):
            say("class", code)
        time = bounds(only(parts, "effectiveTime"))
        say("start", moment(attribute(time, "low")))
        say("end", moment(attribute(time, "high")))
        for party in parts.get("responsibleParty", ()):
            self._person("responsible", "", professional(only(kids(party), "assignedEntity")), party)
        facility = kids(only(kids(only(parts, "location")), "healthCareFacility"))
        for code in codings(only(facility, "code")):
            say("facility", code)
        place = kids(only(facility, "location"))
        say("place", content(only(place, "name")))
        for value in place.get("addr", ()):
            say("address", postal(value))

    # ---------------------------------------------------------------- sections

    def _section(self, section: Element) -> None:
        parts = kids(section)
        code = next(codings(only(parts, "code")), "|").partition("|")[2]
        code = WIDER_SECTION.get(code, code)
        for text in parts.get("text", ()):
            found = words(" ".join(map(str, text.itertext())))
            if found:
                self._add("section", code, "title", content(only(parts, "title")), section)
                known = self._narratives.get(code)
                if known is None:
                    self._narratives[code] = (found, section)
                else:
                    known[0].extend(found)
            for element in text.iterdescendants():
                if anchor := element.get("ID"):
                    self._anchors[anchor] = element
        for entry in parts.get("entry", ()):
            for act in entry:
                self._act(act)
        for component in parts.get("component", ()):
            for inner in component:
                self._section(inner)

    def _act(self, act: Element) -> None:
        """Read `act` when it carries a key of its own, else what it is made of."""
        parts = kids(act)
        number = only(parts, "id")
        key = get(number, "root")
        if number is None or number.get("extension") or not _UUID.fullmatch(key):
            for link in ("entryRelationship", "component"):
                for related in parts.get(link, ()):
                    for inner in related:
                        if inner.tag != f"{_V3}templateId":
                            self._act(inner)
            self._concern(key, act, parts)
            return
        self._read.add(key)
        for template in parts.get("templateId", ()):
            root = template.get("root", "")
            reader = _READERS.get(root[len(_FRENCH_ENTRY) :]) if root.startswith(_FRENCH_ENTRY) else None
            if reader:
                reader(self, key, act, parts)
                return
        self._add("entry", key, "unknown", str(act.tag).rpartition("}")[2], act)

    def _concern(self, key: str, act: Element, parts: Children) -> None:
        """The act around a problem or an allergy restates its start; another start is one more fact."""
        start = moment(attribute(bounds(only(parts, "effectiveTime")), "low"))
        if start and key in self._read:
            kind = "allergy" if ("allergy", key, "start", start) in self.reading.facts else "problem"
            if (kind, key, "start", start) not in self.reading.facts:
                self._add(kind, key, "start", start, act)

    # ---------------------------------------------------------------- entries

    def _text(self, key: str, parts: Children) -> None:
        """Note the words that the entry points at."""
        text = only(parts, "text")
        if text is None:
            return
        anchor = attribute(kids(text), "reference").removeprefix("#")
        element = self._anchors.get(anchor)
        if element is None:
            self.reading.texts[key] = Text(words(content(text)), frozenset(), text)
        else:
            found = words(" ".join(map(str, element.itertext())))
            self.reading.texts[key] = Text(found, self._around(element), text)

    def _around(self, element: Element) -> frozenset[str]:
        """Words that name what stands in `element`: column titles, caption, label."""
        holder = element.getparent()
        if holder is None:
            return frozenset()
        outer = holder.getparent()
        if element.tag == f"{_V3}tr" and outer is not None:
            holder = outer
            around = self._labels.get(holder)
            if around is None:
                titles = [part for part in holder if part.tag in (f"{_V3}caption", f"{_V3}thead")]
                around = _lower([" ".join(map(str, part.itertext())) for part in titles])
                self._labels[holder] = around
            return around
        titles = list(element.itersiblings(preceding=True))
        if outer is not None:
            titles += outer.iterchildren(f"{_V3}caption")
        return _lower([holder.text or "", *[" ".join(map(str, part.itertext())) for part in titles]])

    def _concept(self, kind: str, key: str, name: str, coded: Element | None, place: Element) -> None:
        for code in codings(coded):
            self._add(kind, key, name, code, place)
        self._add(kind, key, f"{name} words", original(coded), place)

    def _problem(self, key: str, act: Element, parts: Children) -> None:
        self._text(key, parts)
        for code in codings(only(parts, "code")):
            self._add("problem", key, "kind", code, act)
        self._concept("problem", key, "code", only(parts, "value"), act)
        time = bounds(only(parts, "effectiveTime"))
        self._add("problem", key, "start", moment(attribute(time, "low")), act)
        self._add("problem", key, "end", moment(attribute(time, "high")), act)
        self._add("problem", key, "status", "resolved" if "high" in time else "active", act)

    def _allergy(self, key: str, act: Element, parts: Children) -> None:
        self._text(key, parts)
        substances = parts.get("participant", ())
        if substances:
            kind = next(codings(only(parts, "code")), "")
            sort = _SORTS.get(kind.removeprefix(f"{SNOMED_CT}|"), "")
            self._add("allergy", key, "sort", sort, act)
            for participant in substances:
                entity = kids(only(kids(only(kids(participant), "participantRole")), "playingEntity"))
                self._concept("allergy", key, "code", only(entity, "code"), participant)
        else:
            self._concept("allergy", key, "code", only(parts, "value"), act)
        time = bounds(only(parts, "effectiveTime"))
        self._add("allergy", key, "start", moment(attribute(time, "low")), act)
        for related in parts.get("entryRelationship", ()):
            if related.get("typeCode") == "MFST":
                for reaction in related:
                    self._concept("allergy", key, "reaction", only(kids(reaction), "value"), reaction)

    def _medication(self, key: str, act: Element, parts: Children) -> None:
        self._text(key, parts)

        def say(name: str, value: str) -> None:
            self._add("medication", key, name, value, act)

        product = kids(only(kids(only(parts, "consumable")), "manufacturedProduct"))
        material = only(kids(only(product, "manufacturedMaterial")), "code")
        coded = only(parts, "code") if get(material, "nullFlavor") == "NA" else material
        self._concept("medication", key, "code", coded, act)
        times = parts.get("effectiveTime", [])
        period = bounds(times[0] if times else None)
        say("start", moment(attribute(period, "low")))
        say("end", moment(attribute(period, "high")))
        if act.get("moodCode") == "INT":
            say("status", "planned")
        elif not attribute(period, "high"):
            say("status", "ended" if attribute(period, "high", "nullFlavor") == "UNK" else "current")
        for rhythm in times[1:]:
            hours = attribute(kids(rhythm), "period")
            if rhythm.get("institutionSpecified") == "true" and hours.isdigit() and hours != "0":
                say("rhythm", f"{24 // int(hours)} a day")
            else:
                say("rhythm", f"every {hours} h")
        say("as needed", "yes" if "precondition" in parts else "")
        self._concept("medication", key, "route", only(parts, "routeCode"), act)
        say("dose", extent(only(parts, "doseQuantity")))
        say("rate", extent(only(parts, "rateQuantity")))
        for related in parts.get("entryRelationship", ()):
            if related.get("typeCode") == "RSON":
                for reason in related:
                    say("reason", original(only(kids(reason), "code")))

    def _observation(self, key: str, act: Element, parts: Children) -> None:
        if "value" not in parts and not attribute(parts, "effectiveTime"):
            self._request(key, act, parts)  # an action that is done: it has a limit, but neither value nor moment
            return
        self._text(key, parts)

        def say(name: str, value: str) -> None:
            self._add("observation", key, name, value, act)

        code = only(parts, "code")
        for found in codings(code):
            if found != _PAIN:  # the template of pain fixes this code, whatever the scale
                say("code", found)
        say("code words", original(code))
        say("date", moment(attribute(parts, "effectiveTime")))
        for value in parts.get("value", ()):
            self._value(key, act, value)
        say("site", original(only(parts, "targetSiteCode")))
        say("method", original(only(parts, "methodCode")))

    def _value(self, key: str, act: Element, value: Element) -> None:
        kind = value.get(_TYPE, "").rpartition(":")[2]
        if kind == "PQ":
            self._add("observation", key, "value", quantity(value), act)
        elif kind == "BL":
            answer = {"true": "yes", "false": "no"}.get(value.get("value", ""), "")
            self._add("observation", key, "value", answer, act)
        elif kind == "ST":
            self._add("observation", key, "value", content(value), act)
        elif kind in ("CD", "CE"):
            self._concept("observation", key, "value", value, act)
        else:
            self._add("observation", key, "value", value.get("value", ""), act)

    def _directive(self, key: str, act: Element, parts: Children) -> None:
        self._text(key, parts)
        answer = {"true": "yes", "false": "no"}.get(attribute(parts, "value"), "")
        self._add("directive", key, "answer", answer, act)
        time = bounds(only(parts, "effectiveTime"))
        self._add("directive", key, "date", moment(attribute(time, "low")), act)
        self._concept("directive", key, "code", only(parts, "code"), act)
        for reference in parts.get("reference", ()):
            document = kids(only(kids(reference), "externalDocument"))
            self._add("directive", key, "document", identifier(only(document, "id")), reference)

    def _intention(self, key: str, act: Element, parts: Children) -> None:
        if act.get("moodCode") != "GOL":
            self._request(key, act, parts)
            return
        self._text(key, parts)
        self._concept("goal", key, "code", only(parts, "code"), act)

    def _request(self, key: str, act: Element, parts: Children) -> None:
        self._text(key, parts)
        self._concept("request", key, "code", only(parts, "code"), act)
        time = bounds(only(parts, "effectiveTime"))
        self._add("request", key, "due", moment(attribute(time, "high")), act)
        state = {"INT": "planned", "PRP": "requested", "EVN": "done"}.get(act.get("moodCode", ""), "")
        self._add("request", key, "status", state, act)
        for performer in parts.get("performer", ()):
            entity = kids(only(kids(performer), "assignedEntity"))
            self._add("request", key, "performer", original(only(entity, "code")), performer)

    def _care_act(self, key: str, act: Element, parts: Children) -> None:
        for code in codings(only(parts, "code")):
            self._add("care act", "", "code", code, act)
        if start := moment(attribute(bounds(only(parts, "effectiveTime")), "low")):
            self._act_starts.append((start, act))

    def _next_visit(self, key: str, act: Element, parts: Children) -> None:
        self._text(key, parts)
        self._add("next visit", key, "date", moment(attribute(parts, "effectiveTime")), act)

    def _device(self, key: str, act: Element, parts: Children) -> None:
        self._text(key, parts)
        role = kids(only(kids(only(parts, "participant")), "participantRole"))
        thing = kids(only(role, "playingDevice"))
        self._concept("device", key, "code", only(thing, "code"), act)
        time = bounds(only(parts, "effectiveTime"))
        self._add("device", key, "start", moment(attribute(time, "low")), act)

    def _attachment(self, key: str, act: Element, parts: Children) -> None:
        for component in parts.get("component", ()):
            for inner in component:
                found = kids(inner)
                value = only(found, "value")
                if inner.tag == f"{_V3}observationMedia":
                    self._add("attachment", key, "media type", get(value, "mediaType"), inner)
                    self._add("attachment", key, "content", digest(value), inner)
                else:
                    self._text(key, found)
                    for code in codings(value):
                        self._add("attachment", key, "type", code, inner)
                    self._add("attachment", key, "title", original(value), inner)
                    self._add("attachment", key, "date", moment(attribute(found, "effectiveTime")), inner)


def digest(value: Element | None) -> str:
    """Digest of a decoded content; of the text itself when it is no base64."""
    data = (value.text or "") if value is not None else ""
    try:
        raw = b64decode(data)
    except ValueError:
        raw = data.encode("utf-8", "replace")
    return sha1(raw, usedforsecurity=False).hexdigest()


def _lower(texts: list[str]) -> frozenset[str]:
    return frozenset([word for text in texts for word in words(text.lower())])


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
