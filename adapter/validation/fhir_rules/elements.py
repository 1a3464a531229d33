"""Checks of single elements: data types first, then the resources of the visit document.

Each check is given the whole element after its members were judged one by one; it must bear any JSON value.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from adapter.errors import Severity
from adapter.model.identifiers import INS_NIA, INS_NIR, INS_NIR_DEMO, INS_NIR_TEST, IdentifierError, MatriculeIns
from adapter.validation.fhir_rules.codes import (
    FR_0203,
    FR_0445,
    LOINC,
    SNOMED,
    UCUM,
    loinc_valid,
    snomed_valid,
    system_fault,
)
from adapter.validation.fhir_rules.narrative import narrative_fault
from adapter.validation.fhir_rules.report import At, Report
from adapter.validation.fhir_rules.shapes import BLANK, CODE, MOMENT, CodeSet, Quick, Rule, accept_string

Element = dict[str, Any]

PROFILE: Final = re.compile(r"https?://[^\s|/]+/(?:[^\s|]+/)?StructureDefinition/[A-Za-z0-9.\-_]+(?:\|[^\s|]+)?")
PHONE: Final = re.compile(r"\+?[0-9][0-9 .()\-]*[0-9]")
EMAIL: Final = re.compile(r"[^\s@:<>]+@[^\s@:<>]+\.[^\s@:<>.]+")
URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+")
UNIT: Final = re.compile(r"[!-~]+")
INSEE: Final = re.compile(r"(?:[0-9]{2}|2A|2B)[0-9]{3}")
MAGIC: Final[dict[str, tuple[bytes, ...]]] = {
    "application/pdf": (b"%PDF-",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/tiff": (b"II*\x00", b"MM\x00*"),
}
INS_TYPES: Final = {
    f"urn:oid:{INS_NIR}": "INS-NIR",
    f"urn:oid:{INS_NIA}": "INS-NIA",
    f"urn:oid:{INS_NIR_TEST}": "INS-NIR-TEST",
    f"urn:oid:{INS_NIR_DEMO}": "INS-NIR-DEMO",
}
FR_CORE: Final = "https://hl7.fr/ig/fhir/core/StructureDefinition/"
RELIABILITY: Final = FR_CORE + "fr-core-identity-reliability"
BIRTH_LIST: Final = FR_CORE + "fr-core-patient-birth-list-given-name"
INSEE_CODE: Final = FR_CORE + "fr-core-address-insee-code"
BIRTH_PLACE: Final = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
COMMUNES: Final = "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM"
RPPS: Final = "https://rpps.esante.gouv.fr"
PROFESSIONAL: Final = "urn:oid:1.2.250.1.71.4.2.1"
STRUCTURE: Final = "urn:oid:1.2.250.1.71.4.2.2"
NATIONAL: Final[dict[str, tuple[re.Pattern[str], str, tuple[str, ...]]]] = {
    RPPS: (re.compile(r"[0-9]{11}"), "un RPPS compte 11 chiffres", ("RPPS",)),
    PROFESSIONAL: (
        re.compile(r"8[0-9]{11}|0[0-9]{9}|[1-79][0-9A-Za-z/.\-]{3,}"),
        "un PS_IdNat est fait d'un chiffre de type puis de l'identifiant",
        ("IDNPS",),
    ),
    STRUCTURE: (
        re.compile(r"1[0-9][0-9AB][0-9]{7}|2[0-9]{9}|3[0-9]{14}|[04-9][0-9A-Za-z]{3,}"),
        "un Struct_IdNat est fait d'un chiffre de type puis de l'identifiant",
        ("IDNST",),
    ),
}


def dicts(value: Any) -> Iterator[Element]:
    """Objects of an array, whatever else it holds."""
    if isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                yield item


def text_of(value: Any, name: str) -> str:
    """Text member of an element, or an empty text."""
    held = value.get(name) if isinstance(value, dict) else None
    return held if isinstance(held, str) else ""


def codings(value: Any) -> Iterator[tuple[str, str]]:
    """System and code of each coding of a coded element."""
    if isinstance(value, dict):
        for coding in dicts(value.get("coding")):
            yield text_of(coding, "system"), text_of(coding, "code")


def extensions(value: Any, url: str) -> list[Element]:
    """Extensions of an element that bear `url`."""
    held = value.get("extension") if isinstance(value, dict) else None
    return [extension for extension in dicts(held) if extension.get("url") == url]


def profiles(value: Element) -> list[str]:
    """Declared profiles of a resource."""
    about = value.get("meta")
    urls = about.get("profile") if isinstance(about, dict) else None
    return [url for url in urls if isinstance(url, str)] if isinstance(urls, list) else []


def has(value: Element, stem: str) -> bool:
    """True when the choice `stem` is there under any of its names, or says why it is not (``_onsetDateTime``)."""
    start = len(stem)
    for name in value:
        plain = name.removeprefix("_")
        if plain.startswith(stem) and plain[start : start + 1].isupper():
            return True
    return False


def refer(targets: frozenset[str] | None) -> tuple[Rule, Quick]:
    """Check of one reference that may point to `targets`, and its short cut for a bare one."""

    def quick(report: Report, value: Element, at: At) -> bool:
        if len(value) != 1:
            return False
        text = value.get("reference")
        if type(text) is not str or not text:
            return False
        report.pointers.append((report.entry, text, targets, at))
        return True

    def check(report: Report, value: Element, at: At) -> None:
        text = value.get("reference")
        if isinstance(text, str):
            kind = text_of(value, "type")
            if kind and targets is not None and kind not in targets:
                report.add("FHIR-REFERENCE-TYPE", at, "le type annoncé n'est pas permis ici")
            report.pointers.append((report.entry, text, targets, at))
        elif "identifier" not in value and "display" not in value and "extension" not in value:
            report.add("FHIR-REFERENCE", at, "ni reference, ni identifier, ni display")

    return check, quick


def bind(codes: CodeSet) -> Rule:
    """Check of one coded element with a required value set."""
    pairs = codes.pairs

    def check(report: Report, value: Element, at: At) -> None:
        if not any(pair in pairs for pair in codings(value)):
            report.add("FHIR-CODE", at)

    return check


def coding(report: Report, value: Element, at: At) -> None:
    """Check the system and the code of one coding."""
    system = value.get("system")
    code = value.get("code")
    if type(system) is not str:
        if code is not None:
            report.add("FHIR-SYSTEM", at, "un code sans système ne veut rien dire")
        return
    if system not in report.systems:
        report.systems[system] = system_fault(system)
    fault = report.systems[system]
    if fault is not None:
        severity = None if fault[1] else Severity.WARNING
        report.add("FHIR-SYSTEM", (at, "system", -1), fault[0], severity=severity)
    elif type(code) is not str:
        return
    elif system == LOINC and not loinc_valid(code):
        report.add("FHIR-LOINC", (at, "code", -1))
    elif system == LOINC and code == "LA9627-6":
        report.add("FHIR-ECOG", (at, "code", -1))
    elif system == SNOMED and not snomed_valid(code):
        report.add("FHIR-SNOMED", (at, "code", -1))
    elif CODE.fullmatch(code) and not BLANK.search(system):
        report.sound.add((system, code))


def quick_coding(report: Report, value: Element, at: At) -> bool:
    """True for a coding met before, with or without display."""
    size = len(value)
    if size == 3:
        if accept_string(value.get("display")) is not None:
            return False
    elif size != 2:
        return False
    system, code = value.get("system"), value.get("code")
    return type(system) is str and type(code) is str and (system, code) in report.sound


def quick_concept(report: Report, value: Element, at: At) -> bool:
    """True for a concept whose codings were all met before, with or without text."""
    expected = 0
    if "text" in value:
        if accept_string(value["text"]) is not None:
            return False
        expected = 1
    if "coding" in value:
        held = value["coding"]
        if type(held) is not list or not held:
            return False
        for one in held:
            if type(one) is not dict or not quick_coding(report, one, at):
                return False
        expected += 1
    return len(value) == expected


def quick_meta(report: Report, value: Element, at: At) -> bool:
    """True for a list of profiles met before, alone."""
    urls = value.get("profile")
    if len(value) != 1 or type(urls) is not list or not urls:
        return False
    for url in urls:
        if type(url) is not str:
            return False
    return ("profile", *urls) in report.sound


def quick_narrative(report: Report, value: Element, at: At) -> bool:
    """True for a generated narrative, its XHTML being judged here."""
    if len(value) != 2 or value.get("status") != "generated" or type(value.get("div")) is not str or not value["div"]:
        return False
    narrative(report, value, at)
    return True


def quantity(report: Report, value: Element, at: At) -> None:
    """Check that a coded unit is a UCUM one."""
    code = value.get("code")
    if code is not None:
        system = value.get("system")
        if system is None:
            report.add("FHIR-UCUM", at, "le code d'unité n'a pas de système")
        elif system != UCUM:
            report.add("FHIR-UCUM", (at, "system", -1))
        elif type(code) is str and not UNIT.fullmatch(code):
            report.add("FHIR-UCUM", (at, "code", -1), "le code d'unité n'est pas de l'UCUM")


def later(start: Any, end: Any) -> bool:
    """True when `end` surely comes before `start`: both are whole moments, or days compared as days."""
    if type(start) is not str or type(end) is not str:
        return False
    if MOMENT.fullmatch(start) and MOMENT.fullmatch(end):
        try:
            return datetime.fromisoformat(end) < datetime.fromisoformat(start)
        except ValueError:
            return False
    size = min(len(start), len(end), 10)
    return end[:size] < start[:size]


def period(report: Report, value: Element, at: At) -> None:
    """Check that a period does not end before it starts."""
    if later(value.get("start"), value.get("end")):
        report.add("FHIR-PERIOD", at)


def value_range(report: Report, value: Element, at: At) -> None:
    """Check that a range is not upside down (rng-2)."""
    low, high = value.get("low"), value.get("high")
    if isinstance(low, dict) and isinstance(high, dict):
        bottom, top = low.get("value"), high.get("value")
        if isinstance(bottom, int | Decimal) and isinstance(top, int | Decimal) and top < bottom:
            report.add("FHIR-INVARIANT", at, "rng-2, la borne haute est sous la borne basse")


def ratio(report: Report, value: Element, at: At) -> None:
    """Check that a ratio is whole (rat-1)."""
    if ("numerator" in value) != ("denominator" in value) or ("numerator" not in value and "extension" not in value):
        report.add("FHIR-INVARIANT", at, "rat-1, numérateur et dénominateur vont ensemble")


def narrative(report: Report, value: Element, at: At) -> None:
    """Check the XHTML of a narrative."""
    div = value.get("div")
    if type(div) is str:
        fault = narrative_fault(div)
        if fault is not None:
            report.add(fault[0], (at, "div", -1), fault[1])


def telecom(report: Report, value: Element, at: At) -> None:
    """Check the form of a contact."""
    held = value.get("value")
    if type(held) is not str:
        return
    system = value.get("system")
    if system is None:
        report.add("FHIR-TELECOM", at, "cpt-2, le système manque")
    elif system in ("phone", "fax", "sms", "pager"):
        if not PHONE.fullmatch(held):
            report.add("FHIR-TELECOM", (at, "value", -1), "ce n'est pas un numéro")
    elif system == "email":
        if not EMAIL.fullmatch(held):
            report.add("FHIR-TELECOM", (at, "value", -1), "ce n'est pas une adresse électronique")
    elif system == "url" and not URL.fullmatch(held):
        report.add("FHIR-TELECOM", (at, "value", -1), "ce n'est pas une URL absolue")


def extension(report: Report, value: Element, at: At) -> None:
    """Check that an extension has a value or extensions, not both (ext-1)."""
    nested = "extension" in value
    valued = len(value) - nested - ("url" in value) - ("id" in value) > 0
    if nested == valued:
        report.add("FHIR-EXTENSION", at)


def meta(report: Report, value: Element, at: At) -> None:
    """Check the addresses of declared profiles."""
    urls = value.get("profile")
    if isinstance(urls, list):
        for index, url in enumerate(urls):
            if type(url) is not str:
                return
            if not PROFILE.fullmatch(url):
                report.add("FHIR-PROFILE", (at, "profile", index))
                return
        report.sound.add(("profile", *urls))


def decoded(report: Report, data: Any, at: At) -> bytes | None:
    """Bytes of a base64 text, or None after telling that it is none."""
    if type(data) is not str:
        return None
    try:
        return base64.b64decode("".join(data.split()).encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        report.add("FHIR-ATTACHMENT", (at, "data", -1), "ce n'est pas du base64")
        return None


def media(report: Report, content_type: Any, content: bytes, at: At) -> None:
    """Check the first bytes of a content against its declared type."""
    if type(content_type) is not str:
        return
    plain = content_type.partition(";")[0].strip().lower()
    marks = MAGIC.get(plain)
    if marks is not None:
        wrong = not content.startswith(marks)
    elif plain in ("text/xml", "application/xml", "application/xhtml+xml", "application/fhir+xml"):
        wrong = not content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")
    elif plain in ("application/json", "application/fhir+json"):
        wrong = not content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"{", b"["))
    elif plain.startswith("text/"):
        wrong = b"\x00" in content
    else:
        wrong = "/" not in plain
    if wrong:
        report.add("FHIR-MEDIA", (at, "contentType", -1))


def attachment(report: Report, value: Element, at: At) -> None:
    """Check the content of an attachment against what it says of itself."""
    if "data" not in value:
        size = value.get("size")
        if "url" not in value and isinstance(size, int):
            report.add("FHIR-ATTACHMENT", at, "une taille sans contenu ni adresse")
        return
    if "contentType" not in value:
        report.add("FHIR-ATTACHMENT", at, "att-1, contentType manque")
    content = decoded(report, value["data"], at)
    if content is None:
        return
    media(report, value.get("contentType"), content, at)
    if "size" in value and value["size"] != len(content):
        report.add("FHIR-ATTACHMENT", (at, "size", -1), "la taille n'est pas celle de data")
    digest = base64.b64encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode()
    if "hash" in value and value["hash"] != digest:
        report.add("FHIR-ATTACHMENT", (at, "hash", -1), "l'empreinte n'est pas le SHA-1 de data")


def binary(report: Report, value: Element, at: At) -> None:
    """Check the content of a Binary."""
    content = decoded(report, value.get("data"), at)
    if content is not None:
        media(report, value.get("contentType"), content, at)


def timing_repeat(report: Report, value: Element, at: At) -> None:
    """Check the pairs of a repeated timing (tim-1, tim-2, tim-9, tim-10)."""
    if "duration" in value and "durationUnit" not in value:
        report.add("FHIR-INVARIANT", at, "tim-1, une durée a une unité")
    if "period" in value and "periodUnit" not in value:
        report.add("FHIR-INVARIANT", at, "tim-2, une période a une unité")
    if "timeOfDay" in value and "when" in value:
        report.add("FHIR-INVARIANT", at, "tim-10, timeOfDay ou when")


def identifier(report: Report, value: Element, at: At) -> None:
    """Check national identifiers: INS with its root, type and key; RPPS and structures."""
    system = value.get("system")
    held = value.get("value")
    if type(system) is not str or type(held) is not str:
        return
    kind = INS_TYPES.get(system)
    if kind is not None:
        _ins(report, value, held, system, kind, at)
    elif system in NATIONAL:
        pattern, told, types = NATIONAL[system]
        if not pattern.fullmatch(held):
            report.add("FHIR-PROFESSIONAL", (at, "value", -1), told)
        stated = [code for where, code in codings(value.get("type")) if where == FR_0203]
        if not any(code in types for code in stated):
            report.add("FHIR-PROFESSIONAL", (at, "type", -1), f"le type {types[0]} est attendu")


def _ins(report: Report, value: Element, held: str, system: str, kind: str, at: At) -> None:
    """Check one number under an INS root; the type NH (insurance number) shares the root of the NIR."""
    types = {code for where, code in codings(value.get("type")) if where == FR_0203}
    if any(code == "NH" for _, code in codings(value.get("type"))):
        return
    if kind not in types:
        report.add("FHIR-INS-TYPE", (at, "type", -1), f"le type {kind} est attendu pour cette racine")
    if " " in held:
        report.add("FHIR-INS", (at, "value", -1), "sans espace")
        return
    try:
        number = MatriculeIns.parse(held, system.removeprefix("urn:oid:"))
    except IdentifierError:
        report.add("FHIR-INS", (at, "value", -1))
        return
    for fault in number.check(""):
        report.add("FHIR-INS-KEY", (at, "value", -1), severity=fault.severity)


def patient(report: Report, value: Element, at: At) -> None:
    """Check the identity of a patient: INS, status, five traits."""
    held = list(dicts(value.get("identifier")))
    ins = [one for one in held if text_of(one, "system") in INS_TYPES]
    official = [one for one in held if one.get("use") == "official"]
    status = ""
    for reliability in extensions(value, RELIABILITY):
        for inner in extensions(reliability, "identityStatus"):
            stated = inner.get("valueCoding")
            if text_of(stated, "system") == FR_0445:
                status = text_of(stated, "code") or status
    qualified = status == "VALI"
    strict = qualified or any("patient-ins" in url for url in profiles(value))
    if not qualified:
        report.add("FHIR-INS-QUALIFIED", at)
    if strict and (len(official) != 1 or not any(one in ins for one in official)):
        report.add("FHIR-INS-OFFICIAL", (at, "identifier", -1))
    if value.get("gender") == "other":
        report.add("FHIR-GENDER", (at, "gender", -1))
    if strict:
        _traits(report, value, at)
        _birth_place(report, value, at, qualified=qualified)
    for index, contact in enumerate(dicts(value.get("contact"))):
        if not any(name in contact for name in ("name", "telecom", "address", "organization")):
            report.add("FHIR-INVARIANT", (at, "contact", index), "pat-1, un contact a un nom ou une adresse")


def _traits(report: Report, value: Element, at: At) -> None:
    """Check official name, gender and birth date."""
    names = [(i, one) for i, one in enumerate(dicts(value.get("name"))) if one.get("use") == "official"]
    if len(names) != 1:
        report.add("FHIR-PATIENT", (at, "name", -1), "un seul nom d'usage official est attendu")
    for index, name in names:
        place: At = (at, "name", index)
        given = name.get("given")
        if "family" not in name:
            report.add("FHIR-PATIENT", place, "le nom de naissance manque")
        if not isinstance(given, list) or len(given) != 1:
            report.add("FHIR-PATIENT", place, "given porte le premier prénom, seul")
        if len(extensions(name, BIRTH_LIST)) != 1:
            report.add("FHIR-PATIENT", place, "la liste des prénoms de naissance manque")
    for trait in ("gender", "birthDate"):
        if trait not in value:
            report.add("FHIR-PATIENT", (at, trait, -1))


def _birth_place(report: Report, value: Element, at: At, *, qualified: bool) -> None:
    """Check the coded birth place."""
    places = extensions(value, BIRTH_PLACE)
    codes = [code for one in places for code in extensions(one.get("valueAddress"), INSEE_CODE)]
    if len(places) != 1 or len(codes) != 1:
        report.add("FHIR-BIRTHPLACE", (at, "extension", -1))
        return
    stated = codes[0].get("valueCoding")
    code = text_of(stated, "code")
    wrong = text_of(stated, "system") != COMMUNES or not INSEE.fullmatch(code)
    if wrong or (qualified and code == "99999"):
        report.add("FHIR-BIRTHPLACE", (at, "extension", -1), "le code officiel géographique n'est pas valable")


def observation(report: Report, value: Element, at: At) -> None:
    """Check that an observation has a value or says why not, and the scales."""
    valued = has(value, "value")
    absent = "dataAbsentReason" in value
    if (valued and absent) or not (valued or absent or "component" in value or "hasMember" in value):
        report.add("FHIR-OBSERVATION", at)
    codes = set(codings(value.get("code")))
    # The French list of pain words (TA_ASIP MED-601 to 605, 659) may answer too: "not assessable" has no number.
    if (LOINC, "38208-5") in codes and not absent and "valueCodeableConcept" not in value:
        score = value.get("valueInteger")
        if type(score) is not int or not 0 <= score <= 10:
            report.add("FHIR-PAIN", (at, "valueInteger", -1))
    if valued:
        for component in dicts(value.get("component")):
            if not codes.isdisjoint(codings(component.get("code"))):
                report.add("FHIR-INVARIANT", at, "obs-7, un composant répète le code de l'observation")


def component(report: Report, value: Element, at: At) -> None:
    """Check that a component has a value or says why not."""
    if has(value, "value") == ("dataAbsentReason" in value):
        report.add("FHIR-OBSERVATION", at)


def _only(name: str, allowed: frozenset[str], value: Element) -> bool:
    """True when coded member `name` holds one of `allowed`."""
    return any(code in allowed for _, code in codings(value.get(name)))


ENDED: Final = frozenset(("inactive", "resolved", "remission"))
WRONG: Final = frozenset(("entered-in-error",))


def condition(report: Report, value: Element, at: At) -> None:
    """Check con-3, con-4, con-5."""
    clinical = "clinicalStatus" in value
    mistaken = _only("verificationStatus", WRONG, value)
    categories = [code for one in dicts(value.get("category")) for _, code in codings(one)]
    if not clinical and not mistaken and "problem-list-item" in categories:
        report.add("FHIR-INVARIANT", at, "con-3, un problème a un statut clinique")
    if has(value, "abatement") and not _only("clinicalStatus", ENDED, value):
        report.add("FHIR-INVARIANT", at, "con-4, un problème fini n'est pas actif")
    if mistaken and clinical:
        report.add("FHIR-INVARIANT", at, "con-5, saisi par erreur : sans statut clinique")


def allergy(report: Report, value: Element, at: At) -> None:
    """Check ait-1, ait-2."""
    mistaken = _only("verificationStatus", WRONG, value)
    if mistaken == ("clinicalStatus" in value):
        report.add("FHIR-INVARIANT", at, "ait-1 et ait-2, statut clinique présent sauf saisie par erreur")


def consent(report: Report, value: Element, at: At) -> None:
    """Check ppc-1."""
    if "policy" not in value and "policyRule" not in value:
        report.add("FHIR-INVARIANT", at, "ppc-1, policy ou policyRule")


def care_plan_activity(report: Report, value: Element, at: At) -> None:
    """Check cpl-3."""
    if "detail" in value and "reference" in value:
        report.add("FHIR-INVARIANT", at, "cpl-3, detail ou reference")


def goal_target(report: Report, value: Element, at: At) -> None:
    """Check gol-1."""
    if has(value, "detail") and "measure" not in value:
        report.add("FHIR-INVARIANT", at, "gol-1, une cible chiffrée dit ce qu'elle mesure")


WITHOUT_DATES: Final = frozenset(("proposed", "cancelled", "waitlist"))


def appointment(report: Report, value: Element, at: At) -> None:
    """Check app-2, app-3, app-4 and that the end follows the start."""
    begun, ended, status = "start" in value, "end" in value, text_of(value, "status")
    if begun != ended:
        report.add("FHIR-INVARIANT", at, "app-2, début et fin vont ensemble")
    if not (begun and ended) and status not in WITHOUT_DATES:
        report.add("FHIR-INVARIANT", at, "app-3, sans dates seulement proposé, annulé ou en attente")
    if "cancelationReason" in value and status not in ("cancelled", "noshow"):
        report.add("FHIR-INVARIANT", at, "app-4, motif d'annulation sans annulation")
    period(report, value, at)


def appointment_participant(report: Report, value: Element, at: At) -> None:
    """Check app-1."""
    if "type" not in value and "actor" not in value:
        report.add("FHIR-INVARIANT", at, "app-1, type ou actor")


def service_request(report: Report, value: Element, at: At) -> None:
    """Check prr-1."""
    if "orderDetail" in value and "code" not in value:
        report.add("FHIR-INVARIANT", at, "prr-1, un détail sans code")


def organization(report: Report, value: Element, at: At) -> None:
    """Check org-1, org-2, org-3."""
    if "identifier" not in value and "name" not in value:
        report.add("FHIR-INVARIANT", at, "org-1, identifiant ou nom")
    for member in ("address", "telecom"):
        if any(one.get("use") == "home" for one in dicts(value.get(member))):
            report.add("FHIR-INVARIANT", (at, member, -1), "org-2 et org-3, une structure n'a pas de domicile")


def practitioner(report: Report, value: Element, at: At) -> None:
    """Check that names are shaped as the directory does."""
    if "identifier" not in value and "name" not in value:
        report.add("FHIR-HEADER", at, "un professionnel a un identifiant et un nom")


QUICK: Final[dict[str, Quick]] = {
    "Coding": quick_coding,
    "CodeableConcept": quick_concept,
    "Meta": quick_meta,
    "Narrative": quick_narrative,
}
ELEMENT_RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "Coding": (coding,),
    "Quantity": (quantity,),
    "Period": (period,),
    "Range": (value_range,),
    "Ratio": (ratio,),
    "Narrative": (narrative,),
    "ContactPoint": (telecom,),
    "Extension": (extension,),
    "Meta": (meta,),
    "Attachment": (attachment,),
    "Identifier": (identifier,),
    "Timing.repeat": (timing_repeat,),
    "Binary": (binary,),
    "Patient": (patient,),
    "Observation": (observation,),
    "Observation.component": (component,),
    "Condition": (condition,),
    "AllergyIntolerance": (allergy,),
    "Consent": (consent,),
    "CarePlan.activity": (care_plan_activity,),
    "Goal.target": (goal_target,),
    "Appointment": (appointment,),
    "Appointment.participant": (appointment_participant,),
    "ServiceRequest": (service_request,),
    "Organization": (organization,),
    "Practitioner": (practitioner,),
}
