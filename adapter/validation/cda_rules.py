"""Our own judge of CDA bytes: what the official kits do not see, in one walk over the tree.

It reads what was printed and nothing else: neither the composed document nor the mappings. All findings of a document
come back together; `RULES` explains each code.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

from lxml import etree

from adapter.errors import DocumentInvalid, Finding, Severity
from adapter.validation import cda_facts as facts
from adapter.validation.cda_order import ORDERED, misplaced
from adapter.validation.cda_rule_texts import RULES
from adapter.validation.xml_input import parse_xml, readable_path

__all__ = ["RULES", "check_cda", "check_cda_tree"]

_HL7 = "{urn:hl7-org:v3}"
_SDTC = "{urn:hl7-org:sdtc}"
_TEMPLATE, _CODE, _TITLE, _TEXT = (_HL7 + name for name in ("templateId", "code", "title", "text"))
_COMPONENT, _ENTRY, _VALUE = (_HL7 + name for name in ("component", "entry", "value"))
_LOW, _HIGH, _CENTER = (_HL7 + name for name in ("low", "high", "center"))
_BOUNDS = frozenset({_LOW, _HIGH, _CENTER})
_OBSERVATION = _HL7 + "observation"
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def check_cda(data: bytes) -> list[Finding]:
    """Every finding of a CDA document, in document order by kind; empty when there is nothing to say.

    A file that is refused as XML comes back as the finding of its refusal.
    """
    try:
        root = parse_xml(data)
    except DocumentInvalid as refused:
        return list(refused.findings)
    return check_cda_tree(root)


def check_cda_tree(root: etree._Element) -> list[Finding]:
    """Every finding of an already parsed CDA document; for callers who read the tree for themselves too."""
    judge = _Judge(root)
    if root.tag != _HL7 + "ClinicalDocument":
        judge.add("CDA-ROOT", root, "L'élément racine n'est pas ClinicalDocument (urn:hl7-org:v3).")
        return judge.findings
    judge.check_attributes()
    judge.check_header()
    judge.check_children()
    judge.walk()
    judge.check_references()
    return judge.findings


# --- Small readers ---------------------------------------------------------------------------------------------------


def _child(element: etree._Element, name: str) -> etree._Element | None:
    """First HL7 child called `name`, or None."""
    tag = _HL7 + name
    for child in element:  # quicker than a filtered iterator, which is dear to make
        if child.tag == tag:
            return child
    return None


def _template_roots(element: etree._Element) -> list[str]:
    """Roots of an element's templates; the schema has them stand together, before the rest."""
    roots: list[str] = []
    for part in element:
        if part.tag == _TEMPLATE:
            roots.append(part.get("root") or "")
        elif roots:
            break
    return roots


def _descend(element: etree._Element | None, *names: str) -> etree._Element | None:
    """Element reached by going down first children, or None as soon as one is missing."""
    for name in names:
        if element is None:
            return None
        element = _child(element, name)
    return element


def _name(element: etree._Element) -> str:
    """Local name of an element."""
    return element.tag.rpartition("}")[2]


def _xsi_type(element: etree._Element) -> str | None:
    """Data type named by xsi:type without its prefix, or None."""
    value = element.get(_XSI_TYPE)
    return value.rpartition(":")[2].strip() if value is not None else None


def _blank(text: str | None) -> bool:
    """Whether there is nothing to read, spaces of any kind left aside."""
    return text is None or not text.strip()


# --- Check digits ----------------------------------------------------------------------------------------------------


def _luhn(digits: str) -> bool:
    """Whether the last digit is the mod-10 check digit of the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for rank, digit in enumerate(reversed(digits)):
        number = int(digit)
        if rank % 2:
            number = number * 2 - 9 if number > 4 else number * 2
        total += number
    return total % 10 == 0


_VERHOEFF_PERMUTATION = ((0, 1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 5, 7, 6, 2, 8, 3, 0, 9, 4))


def _dihedral(left: int, right: int) -> int:
    """Product of two elements of the dihedral group D5, written 0 to 9."""
    if left < 5:
        return (left + right) % 5 if right < 5 else 5 + (left + right) % 5
    return 5 + (left - right) % 5 if right < 5 else (left - right) % 5


def _verhoeff(digits: str) -> bool:
    """Whether the last digit is the Verhoeff check digit of the others (SNOMED CT TIG, check-digit computation)."""
    check = 0
    for rank, digit in enumerate(reversed(digits)):
        number = int(digit)
        for _ in range(rank % 8):
            number = _VERHOEFF_PERMUTATION[1][number]
        check = _dihedral(check, number)
    return check == 0


_LOINC = re.compile(r"(\d{1,7})-(\d)")
_LOINC_OTHER = re.compile(r"L[ALP]\d{1,7}-\d")  # answers, lists, parts
_SNOMED_CT = re.compile(r"[1-9]\d{5,17}")
_OID = re.compile(r"[0-2](?:\.(?:0|[1-9]\d*))+")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


@lru_cache(maxsize=4096)
def _code_fault(system: str, code: str) -> str | None:
    """Rule broken by a code of a system whose codes carry a check digit, or None."""
    if system == facts.LOINC:
        if _LOINC_OTHER.fullmatch(code):
            return None
        shape = _LOINC.fullmatch(code)
        return None if shape and _luhn(shape[1] + shape[2]) else "CDA-LOINC"
    if system == facts.SNOMED_CT:
        return None if _SNOMED_CT.fullmatch(code) and _verhoeff(code) else "CDA-SNOMED"
    return None


@lru_cache(maxsize=1024)
def _are_sound_templates(given: tuple[str, ...]) -> bool:
    """Whether every template of one element is known and has its companions."""
    roots = frozenset(given)
    return roots <= facts.KNOWN_TEMPLATES and all(facts.ENTRY_TEMPLATES.get(root, roots) <= roots for root in roots)


@lru_cache(maxsize=4096)
def _is_sound_code(system: str | None, code: str) -> bool:
    """Whether nothing is to be said of a code, wherever it stands."""
    return (
        system is not None
        and not _blank(code)
        and code != facts.ECOG_DEATH
        and (system, code) not in facts.SCALES
        and _code_fault(system, code) is None
    )


# --- Times -----------------------------------------------------------------------------------------------------------

_TS = re.compile(r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.\d{1,4})?)?)?([+-]\d{4})?)?)?)?")


def _time_fault(text: str) -> str | None:
    """``CDA-TIME-FORMAT`` or ``CDA-TIME-REAL`` when `text` is no HL7 point in time of the real calendar, or None."""
    shape = _TS.fullmatch(text)
    if shape is None:
        return "CDA-TIME-FORMAT"
    year, month, day, hour, minute, second, zone = shape.groups()
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return "CDA-TIME-REAL"
    if int(hour or 0) > 23 or int(minute or 0) > 59 or int(second or 0) > 59:
        return "CDA-TIME-REAL"
    if zone is not None and (int(zone[1:3]) > 14 or int(zone[3:]) > 59):
        return "CDA-TIME-REAL"
    return None


def _has_hours_without_zone(text: str) -> bool:
    """Whether a well-formed time is told to the hour at least, and not where in the world."""
    return len(text) > 8 and text[-5] not in "+-"


def _is_after(low: str, high: str) -> bool:
    """Whether well-formed `low` comes after well-formed `high`, at the precision that both have."""
    low_digits, low_zone = _split_zone(low)
    high_digits, high_zone = _split_zone(high)
    if low_zone != high_zone and low_zone and high_zone and len(low_digits) >= 12 and len(high_digits) >= 12:
        return _instant(low_digits, low_zone) > _instant(high_digits, high_zone)
    length = min(len(low_digits), len(high_digits))
    return low_digits[:length] > high_digits[:length]


def _split_zone(text: str) -> tuple[str, str]:
    """Digits to the second at most, and zone or an empty text."""
    digits, zone = (text[:-5], text[-5:]) if len(text) > 8 and text[-5] in "+-" else (text, "")
    return digits[:14], zone


def _instant(digits: str, zone: str) -> datetime:
    """Aware moment of twelve or fourteen digits and a zone."""
    naive = datetime.strptime(digits.ljust(14, "0"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
    return naive.replace(tzinfo=timezone(-offset if zone[0] == "-" else offset))


# --- Quantities ------------------------------------------------------------------------------------------------------

_REAL = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_INTEGER = re.compile(r"[+-]?\d+")
_UNIT = re.compile(r"[!-~]+")
_RPPS = re.compile(r"8\d{11}")
_FINESS = re.compile(r"1\d[0-9AB]\d{7}")
_INS = re.compile(r"([1-478]\d{4}(?:\d{2}|2[AB])\d{6})(\d{2})")


@lru_cache(maxsize=512)
def _is_unit(unit: str) -> bool:
    """Whether `unit` can be a UCUM unit: printable ASCII, no space, braces and brackets closed."""
    return (
        _UNIT.fullmatch(unit) is not None
        and unit.count("{") == unit.count("}")
        and unit.count("[") == unit.count("]")
        and unit.count("(") == unit.count(")")
    )


_ALL_IDS = etree.XPath("//@ID", smart_strings=False)
_ALL_SYSTEMS = etree.XPath("//@codeSystem", smart_strings=False)
_ALL_NULL_FLAVORS = etree.XPath("//@nullFlavor", smart_strings=False)


class _Judge:
    """One reading of one document; findings pile up in it."""

    def __init__(self, root: etree._Element) -> None:
        self.root = root
        self.nodes = list(root.iter())  # lxml makes an object at each access unless one is alive: keep them all
        self.findings: list[Finding] = []
        self.in_body = False
        self.scale: tuple[etree._Element | None, facts.Scale] | None = None  # of the observation being read
        self.deceased = False
        self.document_time = ""
        self.references: list[tuple[etree._Element, str]] = []
        self.sound_times: set[str] = set()
        self.sound_roots: set[str] = set()
        self.section_codes: dict[tuple[etree._Element | None, str], etree._Element] = {}
        self.act_ids: dict[tuple[str, str | None], etree._Element] = {}
        self.told_templates: set[str] = set()

    def add(self, rule: str, element: etree._Element, message: str, severity: Severity | None = None) -> None:
        """Note one finding at `element`; its weight is the rule's own unless told otherwise."""
        text = RULES[rule]
        self.findings.append(Finding(rule, severity or text.severity, readable_path(element), message, text.source))

    # --- attributes that mean the same everywhere ---

    def check_attributes(self) -> None:
        """Code systems and null flavors, each distinct value once."""
        for system in _texts(_ALL_SYSTEMS, self.root):
            if _OID.fullmatch(system) is None:
                self.add("CDA-OID", self._holder("codeSystem", system), "L'attribut codeSystem n'est pas un OID.")
            elif system not in facts.KNOWN_SYSTEMS and not system.startswith(facts.KNOWN_SYSTEM_ARCS):
                self.add(
                    "CDA-SYSTEM-UNKNOWN",
                    self._holder("codeSystem", system),
                    f"Le système de codes {system} n'est pas de ceux que le CI-SIS emploie.",
                )
        for flavor in _texts(_ALL_NULL_FLAVORS, self.root):
            if flavor not in facts.NULL_FLAVORS:
                self.add(
                    "CDA-NULL-FLAVOR",
                    self._holder("nullFlavor", flavor),
                    "La valeur de nullFlavor n'est pas dans la liste HL7.",
                )

    def _holder(self, attribute: str, value: str) -> etree._Element:
        """First element that carries this attribute value."""
        return next(element for element in self.nodes if element.get(attribute) == value)

    # --- header ---

    def check_header(self) -> None:
        """Presence, cardinality and meaning of the header's elements."""
        counts: dict[str, int] = {}
        parts: dict[str, list[etree._Element]] = {}
        for element in self.root.iterchildren():
            name = _name(element)
            counts[name] = counts.get(name, 0) + 1
            parts.setdefault(name, []).append(element)
        for name, (least, most) in facts.HEADER_CARDINALITY.items():
            count = counts.get(name, 0)
            if count < least:
                self.add(
                    "CDA-HEADER-CARD", self.root, f"L'en-tête doit porter au moins {least} {name} ; il en a {count}."
                )
            elif most is not None and count > most:
                self.add("CDA-HEADER-CARD", parts[name][most], f"L'en-tête porte {count} {name} ; maximum {most}.")
        self._document_constants(parts)
        self._document_code(parts)
        self._document_version(parts)
        for target in parts.get("recordTarget", [])[:1]:
            self._patient(target)
        self._people(parts)
        for service in parts.get("documentationOf", [])[:1]:
            self._service(service)
        for encounter in parts.get("componentOf", [])[:1]:
            self._encounter(encounter)
        for component in parts.get("component", [])[:1]:
            self._body(component, parts.get("templateId", []))

    def _document_constants(self, parts: dict[str, list[etree._Element]]) -> None:
        """Values that are the same in every French document."""
        for realm in parts.get("realmCode", []):
            if realm.get("code") != "FR":
                self.add("CDA-REALM", realm, "Le code de realmCode doit être FR.")
        for type_id in parts.get("typeId", []):
            if (type_id.get("root"), type_id.get("extension")) != ("2.16.840.1.113883.1.3", "POCD_HD000040"):
                self.add("CDA-TYPE-ID", type_id, "typeId doit être 2.16.840.1.113883.1.3, POCD_HD000040.")
        templates = [template.get("root") for template in parts.get("templateId", [])]
        for needed in (facts.TEMPLATE_HL7_FRANCE, facts.TEMPLATE_CI_SIS):
            if templates.count(needed) != 1:
                self.add(
                    "CDA-TEMPLATE-HEADER", self.root, f"Le templateId {needed} doit figurer une fois dans l'en-tête."
                )
        if len(set(templates)) != len(templates):
            self.add("CDA-TEMPLATE-HEADER", self.root, "Un templateId figure deux fois dans l'en-tête.")
        for confidentiality in parts.get("confidentialityCode", []):
            known = confidentiality.get("code") in {"N", "R", "V"}
            if not known or confidentiality.get("codeSystem") != facts.CONFIDENTIALITY:
                self.add(
                    "CDA-CONFIDENTIALITY",
                    confidentiality,
                    "La confidentialité doit être N, R ou V (2.16.840.1.113883.5.25).",
                )
        for language in parts.get("languageCode", []):
            if language.get("code") != "fr-FR":
                self.add("CDA-LANGUAGE", language, "La langue du document doit être fr-FR.")
        for title in parts.get("title", []):
            if _blank(title.text):
                self.add("CDA-DOC-TITLE", title, "Le titre du document est vide.")

    def _document_code(self, parts: dict[str, list[etree._Element]]) -> None:
        """Type of document and time of writing."""
        for code in parts.get("code", []):
            value, system = code.get("code"), code.get("codeSystem")
            if not value or not code.get("displayName"):
                self.add("CDA-DOC-CODE", code, "Le type du document doit porter code et displayName.")
            elif bool(_LOINC.fullmatch(value)) != (system == facts.LOINC):
                self.add("CDA-DOC-CODE", code, "Le type du document et son système de codes ne vont pas ensemble.")
        for moment in parts.get("effectiveTime", []):
            text = moment.get("value") or ""
            if _time_fault(text) is not None:
                if not text:
                    self.add("CDA-DOC-TIME", moment, "La date du document est absente.")
                continue
            self.document_time = text
            if re.fullmatch(r"\d{14}[+-]\d{4}", text) is None:
                self.add(
                    "CDA-DOC-TIME", moment, "La date du document doit aller à la seconde, avec son décalage horaire."
                )

    def _document_version(self, parts: dict[str, list[etree._Element]]) -> None:
        """Identifier, set, version and replacement."""
        own = [_identity(element) for element in parts.get("id", [])]
        own_set = [_identity(element) for element in parts.get("setId", [])]
        if own and own_set and own[0] == own_set[0]:
            self.add("CDA-SET-ID", parts["setId"][0], "setId doit différer de l'identifiant du document.")
        version = 0
        for element in parts.get("versionNumber", []):
            text = element.get("value") or ""
            if _INTEGER.fullmatch(text) is None or int(text) < 1:
                self.add("CDA-VERSION", element, "Le numéro de version doit être un entier supérieur ou égal à 1.")
            else:
                version = int(text)
        related = parts.get("relatedDocument", [])
        if version > 1 and not related:
            self.add(
                "CDA-VERSION-ALONE",
                parts["versionNumber"][0],
                "Une version 2 ou plus doit dire quel document elle remplace.",
            )
        for link in related:
            if link.get("typeCode") != "RPLC":
                self.add("CDA-REPLACE", link, "Le lien entre documents doit être RPLC.")
            if version == 1:
                self.add("CDA-REPLACE", link, "Un document qui en remplace un autre porte une version 2 ou plus.")
            parent = _child(link, "parentDocument")
            parent_id = _descend(parent, "id")
            if parent is None or parent_id is None:
                self.add("CDA-REPLACE", link, "Le document remplacé doit être désigné par parentDocument/id.")
                continue
            if _identity(parent_id) in own:
                self.add("CDA-REPLACE", parent_id, "Un document ne peut pas se remplacer lui-même.")
            parent_set = _child(parent, "setId")
            if parent_set is not None and own_set and _identity(parent_set) != own_set[0]:
                self.add("CDA-REPLACE", parent_set, "Le document remplacé doit appartenir au même ensemble (setId).")
            parent_version = _child(parent, "versionNumber")
            text = parent_version.get("value") or "" if parent_version is not None else ""
            if parent_version is not None and _INTEGER.fullmatch(text) and version and int(text) >= version:
                self.add(
                    "CDA-REPLACE", parent_version, "La version remplacée doit être inférieure à celle du document."
                )

    def _patient(self, target: etree._Element) -> None:
        """Identity of the patient: INS, the five traits, birth and death."""
        role = _child(target, "patientRole")
        patient = _descend(role, "patient")
        if role is None or patient is None:
            self.add("CDA-PATIENT", target, "recordTarget doit porter patientRole et patient.")
            return
        deceased = next(iter(patient.iterchildren(_SDTC + "deceasedInd")), None)
        has_time = next(iter(patient.iterchildren(_SDTC + "deceasedTime")), None) is not None
        self.deceased = has_time or (deceased is not None and deceased.get("value") == "true")
        gender = _child(patient, "administrativeGenderCode")
        if gender is None or gender.get("code") not in {"M", "F", "UN"}:
            self.add("CDA-GENDER", gender if gender is not None else patient, "Le sexe doit être codé M, F ou UN.")
        birth = _child(patient, "birthTime")
        birth_text = birth.get("value") or "" if birth is not None else ""
        sound = birth is not None and birth_text and _time_fault(birth_text) is None
        if sound and self.document_time and _is_after(birth_text[:8], self.document_time[:8]):
            self.add("CDA-BIRTH", patient, "La date de naissance est postérieure à la date du document.")
        numbers = []
        for identifier in role.iterchildren(_HL7 + "id"):
            root = identifier.get("root") or ""
            if root in facts.INS_ROOTS:
                numbers.append(identifier)
            elif root.startswith(facts.INS_ARC):
                self.add("CDA-INS-ROOT", identifier, "Racine inconnue sous l'arc des matricules INS.")
        if not numbers:
            self.add("CDA-INS-NONE", role, "Aucun matricule INS : le document ne pourra pas être versé au DMP.")
        for identifier in numbers:
            self._ins(identifier, gender)
        if numbers:
            self._traits(patient, gender, birth_text)

    def _ins(self, identifier: etree._Element, gender: etree._Element | None) -> None:
        """Form and key of a matricule INS; the number itself is never quoted."""
        shape = _INS.fullmatch(identifier.get("extension") or "")
        if shape is None:
            self.add(
                "CDA-INS-FORMAT", identifier, "Un matricule INS compte treize caractères et une clé de deux chiffres."
            )
            return
        number = int(shape[1].replace("2A", "19").replace("2B", "18"))
        if 97 - number % 97 != int(shape[2]):
            production = identifier.get("root") in facts.INS_PRODUCTION
            weight = Severity.ERROR if production else Severity.WARNING
            self.add("CDA-INS-KEY", identifier, "La clé du matricule INS ne correspond pas au numéro.", weight)
        code = gender.get("code") if gender is not None else None
        if code in {"M", "F"} and facts.INS_SEX.get(shape[1][0]) != code:
            self.add(
                "CDA-INS-SEX", identifier, "Le premier chiffre du matricule INS ne correspond pas au sexe transmis."
            )

    def _traits(self, patient: etree._Element, gender: etree._Element | None, birth: str) -> None:
        """The identity traits that must stand beside a matricule INS."""
        name = _child(patient, "name")
        families = [] if name is None else list(name.iterchildren(_HL7 + "family"))
        givens = [] if name is None else list(name.iterchildren(_HL7 + "given"))
        where = name if name is not None else patient
        if not any(part.get("qualifier") == "BR" and not _blank(part.text) for part in families):
            self.add("CDA-INS-TRAITS", where, "Le nom de naissance (family, qualifier BR) manque.")
        if not any(part.get("qualifier") is None and not _blank(part.text) for part in givens):
            self.add("CDA-INS-TRAITS", where, "La liste des prénoms de naissance (given sans qualifier) manque.")
        if not any(part.get("qualifier") == "BR" and not _blank(part.text) for part in givens):
            self.add("CDA-INS-TRAITS", where, "Le premier prénom de naissance (given, qualifier BR) manque.")
        if len(birth) < 8:
            self.add("CDA-INS-TRAITS", patient, "La date de naissance complète manque.")
        if gender is None or gender.get("code") is None:
            self.add("CDA-INS-TRAITS", patient, "Le sexe manque.")
        county = _descend(patient, "birthplace", "place", "addr", "county")
        if county is None or re.fullmatch(r"\d[0-9AB]\d{3}", (county.text or "").strip()) is None:
            self.add("CDA-INS-TRAITS", patient, "Le code INSEE du lieu de naissance (birthplace, county) manque.")

    def _people(self, parts: dict[str, list[etree._Element]]) -> None:
        """Authors, authenticators, participants, carers and custodian."""
        for author in parts.get("author", []):
            assigned = _child(author, "assignedAuthor")
            if _child(author, "time") is None:
                self.add("CDA-AUTHOR", author, "L'auteur doit porter time.")
            if assigned is None or _child(assigned, "id") is None:
                self.add("CDA-AUTHOR", author, "L'auteur doit porter un identifiant.")
            elif (_child(assigned, "assignedPerson") is None) == (_child(assigned, "assignedAuthoringDevice") is None):
                self.add("CDA-AUTHOR", assigned, "L'auteur est une personne ou un dispositif, l'un ou l'autre.")
        for legal in parts.get("legalAuthenticator", []):
            signature = _child(legal, "signatureCode")
            identifier = _descend(legal, "assignedEntity", "id")
            if _child(legal, "time") is None:
                self.add("CDA-LEGAL", legal, "Le responsable légal doit porter time.")
            if signature is None or signature.get("code") != "S":
                self.add("CDA-LEGAL", legal, "Le responsable légal doit porter signatureCode S.")
            if identifier is None or not identifier.get("root") or not identifier.get("extension"):
                self.add("CDA-LEGAL", legal, "Le responsable légal doit porter un identifiant complet.")
        for authenticator in parts.get("authenticator", []):
            identifier = _descend(authenticator, "assignedEntity", "id")
            if identifier is None or identifier.get("root") != facts.PROFESSIONAL_ROOT:
                self.add(
                    "CDA-AUTHENTICATOR",
                    authenticator,
                    "Le validateur doit porter un identifiant national de professionnel.",
                )
        for participant in parts.get("participant", []):
            if _child(participant, "time") is None:
                self.add("CDA-PARTICIPANT", participant, "Un participant doit porter time.")
            if _child(participant, "associatedEntity") is None:
                self.add("CDA-PARTICIPANT", participant, "Un participant doit porter associatedEntity.")
        for informant in parts.get("informant", []):
            related = _child(informant, "relatedEntity")
            if related is None:
                if _child(informant, "assignedEntity") is None:
                    self.add(
                        "CDA-RELATION", informant, "Un informant est un proche ou un professionnel.", Severity.ERROR
                    )
                continue
            if related.get("classCode") not in {"ECON", "NOK", "CAREGIVER", "CON", "PAT"}:
                self.add(
                    "CDA-RELATION", related, "Le rôle du proche n'est pas dans la liste du CI-SIS.", Severity.ERROR
                )
            if _child(related, "code") is None:
                self.add("CDA-RELATION", related, "Le lien du proche avec le patient n'est pas codé.")
        for custodian in parts.get("custodian", []):
            identifier = _descend(custodian, "assignedCustodian", "representedCustodianOrganization", "id")
            if identifier is None or identifier.get("root") not in {facts.STRUCTURE_ROOT, facts.PATIENT_MADE_ROOT}:
                self.add("CDA-CUSTODIAN", custodian, "La structure conservatrice doit porter son identifiant national.")

    def _service(self, first: etree._Element) -> None:
        """The act that the document reports, told by the first documentationOf."""
        event = _child(first, "serviceEvent")
        performers = [] if event is None else list(event.iterchildren(_HL7 + "performer"))
        if event is None or len(performers) != 1 or performers[0].get("typeCode") != "PRF":
            self.add("CDA-SERVICE-EVENT", first, "Le premier documentationOf doit porter un exécutant PRF, et un seul.")
        if _descend(event, "effectiveTime", "low") is None:
            self.add("CDA-SERVICE-EVENT", first, "Le premier documentationOf doit porter le début de l'acte.")
        if performers:
            setting = _descend(performers[0], "assignedEntity", "representedOrganization", "standardIndustryClassCode")
            if setting is None or not setting.get("code"):
                self.add("CDA-SERVICE-EVENT", performers[0], "Le cadre d'exercice de l'exécutant manque.")

    def _encounter(self, component: etree._Element) -> None:
        """The encounter around the act."""
        encounter = _child(component, "encompassingEncounter")
        if _descend(encounter, "effectiveTime") is None:
            self.add("CDA-ENCOUNTER", component, "La prise en charge doit porter effectiveTime.")
        facility = _descend(encounter, "location", "healthCareFacility", "code")
        if facility is None or not facility.get("code"):
            self.add("CDA-ENCOUNTER", component, "La modalité d'exercice (healthCareFacility/code) manque.")

    def _body(self, component: etree._Element, templates: list[etree._Element]) -> None:
        """Structured or not, and what the unstructured form asks for."""
        roots = {template.get("root") for template in templates}
        plain = _child(component, "nonXMLBody")
        structured = _child(component, "structuredBody")
        if (plain is None) == (structured is None):
            self.add("CDA-BODY", component, "Le corps est structuré ou non structuré, l'un ou l'autre.")
        if structured is not None:
            if _descend(structured, "component", "section") is None:
                self.add("CDA-BODY", structured, "Le corps structuré ne contient aucune section.")
            if facts.TEMPLATE_N1 in roots:
                self.add(
                    "CDA-N1", structured, "Le modèle de document non structuré est déclaré avec un corps structuré."
                )
        if plain is None:
            return
        if len(templates) != 3 or facts.TEMPLATE_N1 not in roots:
            self.add("CDA-N1", plain, f"Un corps non structuré demande trois templateId, dont {facts.TEMPLATE_N1}.")
        text = _child(plain, "text")
        if text is None or text.get("mediaType") not in facts.N1_MEDIA_TYPES:
            self.add("CDA-N1", plain, "Le format du corps non structuré n'est pas admis.")
        elif text.get("representation") != "B64":
            self.add("CDA-N1", text, "Le corps non structuré doit être en base 64 (representation B64).")

    # --- body ---

    def check_children(self) -> None:
        """Children that their class does not have, or not at that place."""
        for element in self.root.iter(*ORDERED):
            for child, unknown in misplaced(element):
                said = "n'a pas sa place dans" if unknown else "vient trop tard dans"
                self.add("CDA-CHILD", child, f"L'élément {_name(child)} {said} {_name(element)}.")

    def walk(self) -> None:
        """Every element that some rule looks at, once, in document order."""
        for element in self.root.iter(*_HANDLERS):
            _HANDLERS[element.tag](self, element)

    def component(self, element: etree._Element) -> None:
        """Where the header ends."""
        if element.getparent() is self.root:
            self.in_body = True

    def section(self, section: etree._Element) -> None:
        """Code, title, readable text, templates and uniqueness of a section."""
        parts: dict[str, etree._Element] = {}
        roots: list[str] = []
        for part in section:
            if part.tag == _TEMPLATE:
                roots.append(part.get("root") or "")
            else:
                parts.setdefault(part.tag, part)
        self._templates(section, roots)
        code, title, text = parts.get(_CODE), parts.get(_TITLE), parts.get(_TEXT)
        value = code.get("code") if code is not None else None
        if value is None:
            self.add("CDA-SECTION-CODE", section, "La section n'a pas de code.")
        if title is None or _blank(title.text):
            self.add("CDA-SECTION-TITLE", section, "La section n'a pas de titre.")
        if (text is None or not _readable(text)) and (_COMPONENT not in parts or _ENTRY in parts):
            # a section that only holds sections is read through them
            where = section if text is None else text
            self.add("CDA-SECTION-TEXT", where, "La section n'a pas de texte lisible.")
        if value is None:
            return
        component = section.getparent()
        level = component.getparent() if component is not None else None
        if value not in facts.REPEATABLE_SECTIONS:
            if (level, value) in self.section_codes:
                self.add("CDA-SECTION-TWICE", section, "Cette section figure déjà au même niveau.")
            self.section_codes[level, value] = section
        models = facts.SECTION_TEMPLATES.get(value)
        if models is None:
            return
        french = models.keys() & set(roots)
        for model in sorted(french):
            if missing := models[model].difference(roots):
                self.add(
                    "CDA-SECTION-TEMPLATE", section, f"Le modèle {model} demande aussi {', '.join(sorted(missing))}."
                )
        if not french and any(others and others.issubset(roots) for others in models.values()):
            self.add(
                "CDA-SECTION-FRENCH",
                section,
                "La section porte les modèles internationaux, mais pas le modèle français qui les précise.",
            )

    def coded(self, element: etree._Element) -> None:
        """A code and its system, or the reason why there is none."""
        code = element.get("code")
        if code and element.get("nullFlavor") is None and _is_sound_code(element.get("codeSystem"), code):
            return  # nearly all of them; the codes of known scales are not
        flavor = element.get("nullFlavor")
        if code is None:
            if flavor is None and len(element) == 0:
                self.add("CDA-CODE-EMPTY", element, "Ni code, ni nullFlavor.")
            return
        if flavor is not None:
            self.add("CDA-CODE-NULL", element, "Un code et un nullFlavor ne peuvent pas être donnés ensemble.")
        if _blank(code):
            self.add("CDA-CODE-EMPTY", element, "Le code est vide.")
            return
        system = element.get("codeSystem")
        if element.tag == _CODE and (scale := facts.SCALES.get((system or "", code))):
            self.scale = (element.getparent(), scale)
        if system is None:
            self.add("CDA-CODE-SYSTEM", element, "Le code n'a pas de système de codes.")
        elif fault := _code_fault(system, code):
            self.add(fault, element, "La clé de contrôle du code est fausse.")
        if code == facts.ECOG_DEATH and system == facts.LOINC and not self.deceased:
            self.add("CDA-SCALE-DEATH", element, "Ce code signifie le décès ; le patient n'est pas dit décédé.")

    def status(self, element: etree._Element) -> None:
        """A code that has no system, since its type fixes the list it is from."""
        code = element.get("code")
        if code is None or _blank(code):
            self.coded(element)
        elif element.get("nullFlavor") is not None:
            self.add("CDA-CODE-NULL", element, "Un code et un nullFlavor ne peuvent pas être donnés ensemble.")

    def value(self, element: etree._Element) -> None:
        """The value of an observation: typed, well formed and within the bounds of its scale."""
        kind = _xsi_type(element)
        parent = element.getparent()
        if kind is None:
            holder = _name(parent) if parent is not None else ""
            if holder in {"observation", "observationRange", "criterion"}:
                self.add("CDA-VALUE-TYPE", element, "La valeur n'a pas de type (xsi:type).")
            elif holder == "observationMedia":
                self.encapsulated(element)
            return
        if kind in {"CD", "CE", "CV", "CO", "CS"}:
            self.coded(element)
        elif kind in {"PQ", "INT", "REAL", "IVL_PQ", "IVL_INT", "IVL_REAL"}:
            self.quantity(element, integer=kind.endswith("INT"))
        elif kind in {"TS", "IVL_TS", "PIVL_TS"}:
            self.time(element)
        elif kind == "BL":
            if element.get("value") not in {"true", "false"} and element.get("nullFlavor") is None:
                self.add("CDA-VALUE-TYPE", element, "Une valeur booléenne est true ou false.")
        elif kind == "ED":
            self.encapsulated(element)
        if self.scale is not None and parent is self.scale[0]:
            self._scale(self.scale[1], element, kind)

    def _scale(self, scale: facts.Scale, value: etree._Element, kind: str) -> None:
        """Bounds of a scale this judge knows."""
        if kind in {"CD", "CE", "CO"}:
            answer = (value.get("codeSystem") or "", value.get("code") or "")
            if scale.codes and answer[1] and answer not in scale.codes and answer[1] != facts.ECOG_DEATH:
                self.add("CDA-SCALE", value, "La réponse codée n'appartient pas à l'échelle.")
            return
        if kind not in {"INT", "REAL", "PQ"}:
            return
        text = value.get("value") or ""
        if _REAL.fullmatch(text) is None:
            return
        number = float(text)
        factor = 10 if value.get("unit") == "mm" else 1
        outside = not scale.low * factor <= number <= scale.high * factor
        if outside or (scale.step and number % scale.step):
            asked = f"de {scale.low} à {scale.high}" + (f", de {scale.step} en {scale.step}" if scale.step else "")
            self.add("CDA-SCALE", value, f"La valeur sort de l'échelle ({asked}).")

    def quantity(self, element: etree._Element, integer: bool = False) -> None:
        """Numbers and units of a quantity, bounds of an interval included."""
        bounds = [part for part in element if _name(part) in {"low", "high", "center", "width"}]
        numbers: list[float | None] = [None, None]
        for part in bounds or [element]:
            text = part.get("value")
            if text is None:
                if part.get("nullFlavor") is None and len(part) == 0:
                    self.add("CDA-QUANTITY", part, "Quantité sans valeur ni nullFlavor.")
            elif (_INTEGER if integer else _REAL).fullmatch(text) is None:
                self.add("CDA-QUANTITY", part, "La valeur n'est pas un nombre décimal écrit avec un point.")
            elif _name(part) in {"low", "high"}:
                numbers[_name(part) == "high"] = float(text)
            unit = part.get("unit")
            if unit is not None and not _is_unit(unit):
                self.add("CDA-UNIT", part, "L'unité n'est pas une unité UCUM.")
        low, high = numbers
        if low is not None and high is not None and low > high:
            self.add("CDA-QUANTITY", element, "La borne basse dépasse la borne haute.")

    def ratio(self, element: etree._Element) -> None:
        """A quantity that may be a ratio, whose parts are judged one by one."""
        if _child(element, "numerator") is None and element.get("nullFlavor") is None:
            self.quantity(element)

    def time(self, element: etree._Element) -> None:
        """A point or an interval in time."""
        text = element.get("value")
        if text is not None:
            if text in self.sound_times and len(element) == 0:
                return
            self._moment(element, text)
        elif _xsi_type(element) == "EIVL_TS":
            return
        low = high = ""
        for part in element:
            bound = part.get("value")
            tag = part.tag
            if bound is None or tag not in _BOUNDS or not self._moment(part, bound):
                continue
            if tag == _LOW:
                low = bound
            elif tag == _HIGH:
                high = bound
        if low and high and _is_after(low, high):
            self.add("CDA-TIME-ORDER", element, "Le début est postérieur à la fin.")
        if text is None and len(element) == 0 and element.get("nullFlavor") is None:
            self.add("CDA-TIME-EMPTY", element, "Date sans valeur, sans bornes et sans nullFlavor.")

    def _moment(self, element: etree._Element, text: str) -> bool:
        """Whether `text` is a real point in time; zones are told on the way."""
        if text not in self.sound_times:
            fault = _time_fault(text)
            if fault == "CDA-TIME-FORMAT":
                self.add(fault, element, "La date n'a pas la forme AAAAMMJJhhmmss+zzzz, ni un début de cette forme.")
                return False
            if fault is not None:
                self.add(fault, element, "Cette date n'existe pas au calendrier.")
                return False
            if not _has_hours_without_zone(text):
                self.sound_times.add(text)
                return True
        else:
            return True
        parent = element.getparent()
        signed = parent is not None and _name(parent) in {"author", "legalAuthenticator"}
        weight = Severity.ERROR if signed or not self.in_body else Severity.WARNING
        self.add("CDA-TIME-ZONE", element, "Une heure est donnée sans son décalage horaire.", weight)
        return True

    def identifier(self, element: etree._Element) -> None:
        """Root and extension of an identifier, national forms, and acts told twice."""
        root = element.get("root")
        if root is None:
            if element.get("nullFlavor") is None:
                self.add("CDA-ID-ROOT", element, "L'identifiant n'a pas de racine.")
            return
        if root not in self.sound_roots:
            if _OID.fullmatch(root) is None and _UUID.fullmatch(root) is None:
                self.add("CDA-ID-ROOT", element, "La racine n'est ni un OID ni un UUID.")
            else:
                self.sound_roots.add(root)
        if root == facts.PROFESSIONAL_ROOT:
            self._professional(element)
        elif root == facts.STRUCTURE_ROOT:
            self._structure(element)
        if not self.in_body:
            return
        key = (root, element.get("extension"))
        first = self.act_ids.setdefault(key, element)
        if first is element or not _is_of_act(element):
            return
        if not _is_of_act(first):
            self.act_ids[key] = element
            return
        parent = element.getparent()
        if parent is None or facts.INTERNAL_REFERENCE not in _template_roots(parent):
            self.add("CDA-ENTRY-TWICE", element, "Deux entrées ou sections portent le même identifiant.")

    def _professional(self, identifier: etree._Element) -> None:
        """National identifier of a professional; the number is never quoted."""
        number = identifier.get("extension") or ""
        if number.startswith("8"):
            if _RPPS.fullmatch(number) is None:
                self.add("CDA-RPPS-FORMAT", identifier, "Un identifiant RPPS s'écrit 8 suivi de onze chiffres.")
            elif not _luhn(number[1:]):
                self.add("CDA-RPPS-KEY", identifier, "La clé de contrôle du numéro RPPS est fausse.")
        elif re.fullmatch(r"0[0-9A-B]\d{8}|[1-6][0-9A-Z]{5,}(?:/.+)?", number) is None:
            self.add("CDA-RPPS-FORMAT", identifier, "L'identifiant national du professionnel n'a pas une forme connue.")

    def _structure(self, identifier: etree._Element) -> None:
        """National identifier of a structure; the number is never quoted."""
        number = identifier.get("extension") or ""
        if number.startswith("1"):
            if _FINESS.fullmatch(number) is None:
                self.add("CDA-FINESS-FORMAT", identifier, "Un identifiant FINESS s'écrit 1 suivi de neuf caractères.")
            elif number.isdigit() and not _luhn(number[1:]):
                self.add("CDA-FINESS-KEY", identifier, "La clé de contrôle du numéro FINESS est fausse.")
        elif re.fullmatch(r"3\d{14}|[0245].+", number) is None:
            self.add(
                "CDA-FINESS-FORMAT", identifier, "L'identifiant national de la structure n'a pas une forme connue."
            )

    def template(self, element: etree._Element) -> None:
        """Templates of an act or of what takes part in it."""
        if self.in_body:
            self._templates(element, _template_roots(element))

    def _templates(self, element: etree._Element, roots: list[str]) -> None:
        """Companions that a template asks for, and templates nobody knows."""
        if not roots or _are_sound_templates(tuple(roots)):
            return
        for root in sorted(set(roots)):
            if missing := facts.ENTRY_TEMPLATES.get(root, frozenset()).difference(roots):
                self.add("CDA-ENTRY-TEMPLATE", element, f"Le modèle {root} demande aussi {', '.join(sorted(missing))}.")
            elif root not in facts.KNOWN_TEMPLATES and root not in self.told_templates:
                self.told_templates.add(root)
                if _OID.fullmatch(root) is None:
                    self.add("CDA-OID", element, "Un templateId n'est pas un OID.")
                else:
                    self.add("CDA-TEMPLATE-UNKNOWN", element, f"Le modèle {root} est inconnu de ce contrôle.")

    def reference(self, element: etree._Element) -> None:
        """A pointer from an entry to the narrative; answered once every ID is known."""
        target = element.get("value")
        if target is None:
            if element.get("typeCode") is None and element.get("nullFlavor") is None:
                self.add("CDA-REF-FORM", element, "La référence est vide.")
        elif target.startswith("#"):
            self.references.append((element, target[1:]))
        elif ":" not in target:
            self.add("CDA-REF-FORM", element, "La référence au texte doit commencer par le signe #.")

    def media(self, element: etree._Element) -> None:
        """The media shown by the narrative."""
        for target in (element.get("referencedObject") or "").split() or [""]:
            self.references.append((element, target))

    def footnote(self, element: etree._Element) -> None:
        """The footnote that the narrative calls."""
        self.references.append((element, element.get("IDREF") or ""))

    def link(self, element: etree._Element) -> None:
        """A link inside the document."""
        target = element.get("href") or ""
        if target.startswith("#"):
            self.references.append((element, target[1:]))

    def check_references(self) -> None:
        """IDs are unique and every pointer has its answer."""
        ids = _values(_ALL_IDS, self.root)
        known = set(ids)
        if len(known) != len(ids):
            self._twice()
        for element, target in self.references:
            if target not in known:
                self.add("CDA-REF-DANGLING", element, "La référence ne répond à aucun ID du document.")

    def _twice(self) -> None:
        """Tell every element whose ID was already given."""
        seen: set[str] = set()
        for element in self.nodes:
            identity = element.get("ID")
            if identity is not None:
                if identity in seen:
                    self.add("CDA-ID-TWICE", element, "Cet ID est déjà donné à un autre élément.")
                seen.add(identity)

    def encapsulated(self, element: etree._Element) -> None:
        """Embedded content: it decodes, and it is what its media type says."""
        if element.get("representation") != "B64":
            return
        try:
            content = binascii.a2b_base64("".join("".join(_strings(element)).split()), strict_mode=True)
        except (binascii.Error, ValueError):
            self.add("CDA-BASE64", element, "Le contenu n'est pas en base 64 correcte.")
            return
        if not content:
            self.add("CDA-BASE64", element, "Le contenu en base 64 est vide.")
            return
        media_type = element.get("mediaType")
        if media_type is None:
            self.add("CDA-MEDIA-TYPE", element, "Le contenu n'a pas de type de média.")
            return
        signatures = facts.MAGIC.get(media_type)
        if signatures is not None and not content.startswith(signatures):
            self.add("CDA-MEDIA-TYPE", element, "Le contenu ne correspond pas au type de média annoncé.")

    def telecom(self, element: etree._Element) -> None:
        """A way to reach somebody; the number or address is never quoted."""
        value = element.get("value")
        if value is None:
            if element.get("nullFlavor") is None:
                self.add("CDA-TELECOM", element, "Coordonnée sans valeur ni nullFlavor.")
            return
        prefix, colon, rest = value.partition(":")
        if not colon or prefix not in facts.TELECOM_PREFIXES:
            self.add(
                "CDA-TELECOM", element, "La coordonnée doit commencer par tel:, fax:, mailto:, http:, ftp: ou mllp:."
            )
        elif _blank(rest) or (prefix == "mailto" and "@" not in rest):
            self.add("CDA-TELECOM", element, "La coordonnée est incomplète.")
        elif prefix in {"tel", "fax"} and facts.TELECOM_NUMBER.fullmatch(rest) is None:
            self.add("CDA-TELECOM", element, "Le numéro contient autre chose que des chiffres.", Severity.WARNING)

    def address(self, element: etree._Element) -> None:
        """An address in lines or in parts, not both."""
        names = {_name(part) for part in element}
        if "streetAddressLine" in names and len(names) > 1:
            self.add("CDA-ADDRESS", element, "Une adresse est donnée en lignes ou en éléments, jamais les deux.")


def _texts(query: etree.XPath, root: etree._Element) -> list[str]:
    """Distinct attribute values of a query, sorted so that findings come in a stable order."""
    found = query(root)
    return sorted({str(value) for value in set(found)}) if isinstance(found, list) else []


def _values(query: etree.XPath, root: etree._Element) -> list[str]:
    """Attribute values of a query, in document order."""
    found = query(root)
    return [value for value in found if isinstance(value, str)] if isinstance(found, list) else []


def _identity(element: etree._Element) -> tuple[str, str]:
    """Root and extension of an identifier, root in lower case since a UUID may be written either way."""
    return (element.get("root") or "").lower(), element.get("extension") or ""


def _is_of_act(identifier: etree._Element) -> bool:
    """Whether an identifier names a section or an act, and not a person or a product."""
    parent = identifier.getparent()
    return parent is not None and parent.tag in _ACTS


def _readable(text: etree._Element) -> bool:
    """Whether a narrative shows something: a word or a media."""
    if not _blank(text.text):
        return True
    return any(not part.isspace() for part in _strings(text)) or any(True for _ in text.iter(_HL7 + "renderMultiMedia"))


def _strings(element: etree._Element) -> Iterator[str]:
    """Texts of an element and of what it contains, stopping where the reader stops."""
    for part in element.itertext():
        yield str(part)


_ACTS = frozenset(
    _HL7 + name
    for name in (
        "act",
        "encounter",
        "observation",
        "observationMedia",
        "organizer",
        "procedure",
        "section",
        "substanceAdministration",
        "supply",
    )
)

_Handler = Callable[[_Judge, etree._Element], None]


def _handlers() -> dict[str, _Handler]:
    """Which check looks at which element."""
    by_check: dict[_Handler, str] = {
        _Judge.component: "component",
        _Judge.section: "section",
        _Judge.value: "value",
        _Judge.identifier: "id setId",
        _Judge.template: (
            "act encounter observation observationMedia organizer procedure substanceAdministration supply"
            " manufacturedProduct participant participantRole consumable"
        ),
        _Judge.reference: "reference",
        _Judge.media: "renderMultiMedia",
        _Judge.footnote: "footnoteRef",
        _Judge.link: "linkHtml",
        _Judge.encapsulated: "text thumbnail",
        _Judge.telecom: "telecom",
        _Judge.address: "addr",
        _Judge.time: "effectiveTime time birthTime",
        _Judge.quantity: "doseQuantity rateQuantity numerator denominator period",
        _Judge.ratio: "quantity",
        _Judge.status: "languageCode statusCode signatureCode realmCode",
        _Judge.coded: (
            "code translation functionCode confidentialityCode"
            " administrativeGenderCode maritalStatusCode standardIndustryClassCode routeCode approachSiteCode"
            " methodCode targetSiteCode interpretationCode priorityCode administrationUnitCode"
            " dischargeDispositionCode modeCode"
        ),
    }
    handlers = {_HL7 + name: check for check, names in by_check.items() for name in names.split()}
    handlers[_SDTC + "deceasedTime"] = _Judge.time
    return handlers


_HANDLERS = _handlers()
