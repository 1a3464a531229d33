"""What a receiver demands of a DocumentReference and of a List, before any state is looked at.

Base R4 shapes come from ``adapter.validation``; the PDSm rules are told here in words of our own.
Source: PDSm 3.1.1 (ANS) on IHE MHD 4.2.3: profiles comprehensive-document-reference, simplified-publish,
submissionset-comprehensive, folder-comprehensive.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

from adapter.dmp.simulator.codes import is_known
from adapter.dmp.simulator.outcomes import MISSING, WRONG, Issue, Issues
from adapter.errors import Severity
from adapter.validation.fhir_rules.elements import codings, dicts, extensions, text_of
from adapter.validation.fhir_rules.report import Report
from adapter.validation.fhir_rules.shapes import PRIMITIVES, Field, Shape
from adapter.validation.fhir_rules.texts import RULES
from adapter.validation.fhir_rules.walk import resource as walk_resource
from adapter.validation.fhir_rules.walk import shapes, walk

Element = dict[str, Any]

PDSM: Final = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/"
MHD: Final = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/"
IS_ARCHIVED: Final = PDSM + "pdsm-ext-is-archived"
INTENDED_RECIPIENT: Final = PDSM + "pdsm-ext-intended-recipient"
DESIGNATION: Final = MHD + "ihe-designationType"
SOURCE_ID: Final = MHD + "ihe-sourceId"
AUTHOR_ORG: Final = MHD + "ihe-authorOrg"
LIST_TYPES: Final = "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes"
URI: Final = "urn:ietf:rfc:3986"
CONFIDENTIALITY: Final = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"

OID_URN: Final = re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+")
UUID_URN: Final = re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
OID_MAX: Final = 64
_BARE_SUBJECT: Final = (
    "Bundle.subject.identifier.type"  # a logical reference needs no type, an identifier of a Patient does
)

AUTHORS: Final = frozenset(("Practitioner", "PractitionerRole", "Device", "Patient"))
AUTHENTICATORS: Final = frozenset(("Practitioner", "PractitionerRole", "Organization"))
SOURCES: Final = frozenset(("PractitionerRole", "Device", "Patient"))
RECIPIENTS: Final = frozenset(("Practitioner", "PractitionerRole", "Organization"))


def check_shape(issues: Issues, value: Element, at: str) -> None:
    """Base R4 rules of one resource with its contained ones; `at` is its FHIRPath."""
    report = Report(RULES)
    if value.get("resourceType") == "List":
        for index, one in enumerate(dicts(value.get("contained"))):
            walk_resource(report, one, (None, "contained", index), contained=True)
        walk(report, value, _list_shape(), None)
    else:
        walk_resource(report, value, None)
    for finding in report.findings:
        if finding.severity is Severity.ERROR and finding.path != _BARE_SUBJECT:
            path = at + finding.path.removeprefix("Bundle")
            code = MISSING if finding.rule == "FHIR-REQUIRED" else WRONG
            issues.found.append(Issue(finding.message, code, "structure", path))


@cache
def _list_shape() -> Shape:
    """Members of List in R4."""
    types, example = shapes().types, shapes().resources["DocumentReference"].fields
    entry = Shape("List.entry", required=("item",))
    entry.fields.update(
        id=Field(False, PRIMITIVES["string"]),
        extension=example["extension"],
        modifierExtension=example["extension"],
        flag=Field(False, shape=types["CodeableConcept"]),
        deleted=Field(False, PRIMITIVES["boolean"]),
        date=Field(False, PRIMITIVES["dateTime"]),
        item=Field(False, shape=types["Reference"]),
    )
    inherited = ("resourceType", "id", "meta", "implicitRules", "language", "text", "contained", "extension")
    shape = Shape("List", {name: example[name] for name in (*inherited, "modifierExtension")}, ("status", "mode"))
    shape.fields.update(
        identifier=Field(True, shape=types["Identifier"]),
        status=Field(False, PRIMITIVES["code"]),
        mode=Field(False, PRIMITIVES["code"]),
        title=Field(False, PRIMITIVES["string"]),
        code=Field(False, shape=types["CodeableConcept"]),
        subject=Field(False, shape=types["Reference"]),
        encounter=Field(False, shape=types["Reference"]),
        date=Field(False, PRIMITIVES["dateTime"]),
        source=Field(False, shape=types["Reference"]),
        orderedBy=Field(False, shape=types["CodeableConcept"]),
        note=Field(True, shape=types["Annotation"]),
        entry=Field(True, shape=entry),
        emptyReason=Field(False, shape=types["CodeableConcept"]),
    )
    return shape


def check_document_reference(issues: Issues, value: Element, at: str, *, simplified: bool = False) -> None:
    """PDSm rules of one DocumentReference to deposit; `simplified` is the form of ITI-105."""
    check_shape(issues, value, at)
    _forbidden(issues, value, at, ("modifierExtension", "docStatus"))
    _required(issues, value, at, ("masterIdentifier", "status", "subject", "date", "author", "custodian", "content"))
    check_archived(issues, value, at)
    _master_identifier(issues, value.get("masterIdentifier"), f"{at}.masterIdentifier", simplified=simplified)
    if simplified:
        if "identifier" in value:
            issues.wrong(
                f"{at}.identifier", "En publication simplifiée, identifier est interdit : le registre l'attribue."
            )
        if isinstance(value.get("context"), dict) and len(value["context"].get("event") or ()) > 1:
            issues.wrong(f"{at}.context.event", "En publication simplifiée, un seul événement au plus.")
    else:
        _required(issues, value, at, ("contained", "type", "category", "securityLabel", "context"))
        check_entry_uuids(issues, value, at)
        _contained(issues, value, at)
        _held(issues, value, "author", AUTHORS, at)
        _held(issues, value, "authenticator", AUTHENTICATORS, at)
        _context(issues, value.get("context"), value, f"{at}.context")
    if value.get("status") not in (None, "current"):
        issues.wrong(f"{at}.status", "Un document se dépose avec le statut current.")
    if len(value.get("category") or ()) > 1:
        issues.wrong(f"{at}.category", "Un document porte une seule classe.")
    check_code(issues, value.get("type"), "type", f"{at}.type", "le type de document")
    for index, concept in enumerate(dicts(value.get("category"))):
        check_code(issues, concept, "category", f"{at}.category[{index}]", "la classe de document")
    check_labels(issues, value, at)
    related = list(dicts(value.get("relatesTo")))
    for index, one in enumerate(related):
        if one.get("code") != "replaces":
            issues.wrong(f"{at}.relatesTo[{index}].code", "La seule relation admise est replaces.")
    if len(related) > 1:
        issues.wrong(f"{at}.relatesTo", "Un document en remplace un seul.")
    _content(issues, value, at, simplified=simplified)


def check_submission_set(issues: Issues, value: Element, at: str) -> None:
    """PDSm rules of the List that is the submission set."""
    check_shape(issues, value, at)
    _required(issues, value, at, ("contained", "status", "mode", "code", "subject", "date", "source", "entry"))
    _forbidden(issues, value, at, ("modifierExtension", "encounter", "orderedBy", "emptyReason"))
    _designation(issues, value, at)
    held = extensions(value, SOURCE_ID)
    if len(held) != 1 or not text_of(held[0].get("valueIdentifier"), "value"):
        issues.missing(
            f"{at}.extension", "L'extension ihe-sourceId (identifiant du système source) est exigée, une fois."
        )
    check_archived(issues, value, at)
    check_entry_uuids(issues, value, at)
    for index, one in enumerate(dicts(value.get("identifier"))):
        if one.get("use") == "usual":
            text = text_of(one, "value")
            if OID_URN.fullmatch(text) is None or len(text) > OID_MAX + 8:
                issues.wrong(f"{at}.identifier[{index}].value", "L'uniqueId d'un lot est un OID : urn:oid:…")
    _list_frame(issues, value, at)
    _contained(issues, value, at)
    _held(issues, value, "source", SOURCES, at)
    source = value.get("source")
    for index, one in enumerate(extensions(source, AUTHOR_ORG)):
        where = f"{at}.source.extension[{index}].valueReference"
        _points_inside(issues, one.get("valueReference"), value, frozenset(("Organization",)), where)
    for one in extensions(value, INTENDED_RECIPIENT):
        _points_inside(issues, one.get("valueReference"), value, RECIPIENTS, f"{at}.extension.valueReference")


def check_folder(issues: Issues, value: Element, at: str) -> None:
    """PDSm rules of the List that is a folder."""
    check_shape(issues, value, at)
    _required(issues, value, at, ("status", "mode", "code", "subject", "date", "title", "entry"))
    _forbidden(issues, value, at, ("source",))
    _designation(issues, value, at)
    check_archived(issues, value, at)
    check_entry_uuids(issues, value, at)
    _list_frame(issues, value, at)


def list_kind(value: Element) -> str:
    """``submissionset``, ``folder`` or an empty text."""
    kinds = [code for system, code in codings(value.get("code")) if system == LIST_TYPES]
    return kinds[0] if kinds else ""


def check_code(issues: Issues, concept: Any, element: str, at: str, named: str) -> None:
    """One coding at least of `concept` is known to the registry; nothing is said of an absent concept."""
    if not isinstance(concept, dict):
        return
    pairs = list(codings(concept)) if "coding" in concept else [(text_of(concept, "system"), text_of(concept, "code"))]
    if not any(is_known(element, system, code) for system, code in pairs):
        issues.wrong(at, f"Code inconnu du registre pour {named}.", kind="code-invalid")


def check_labels(issues: Issues, value: Element, at: str) -> None:
    """Confidentiality N, R or V once, then the masks, each once; all known."""
    concepts = list(dicts(value.get("securityLabel")))
    for index, concept in enumerate(concepts):
        check_code(issues, concept, "security-label", f"{at}.securityLabel[{index}]", "la confidentialité")
    levels = [1 for concept in concepts for system, _ in codings(concept) if system == CONFIDENTIALITY]
    if concepts and len(levels) != 1:
        issues.wrong(f"{at}.securityLabel", "La confidentialité porte un niveau et un seul, N, R ou V.")
    codes = [code for concept in concepts for _, code in codings(concept)]
    if len(set(codes)) != len(codes):
        issues.wrong(f"{at}.securityLabel", "Un code de confidentialité est répété.")


def check_archived(issues: Issues, value: Element, at: str) -> None:
    """The archive flag is one boolean at most."""
    held = extensions(value, IS_ARCHIVED)
    if len(held) > 1:
        issues.wrong(f"{at}.extension", "L'extension isArchived est donnée plusieurs fois.")
    for one in held:
        if type(one.get("valueBoolean")) is not bool or len(one) != 2:
            issues.wrong(f"{at}.extension", "L'extension isArchived porte valueBoolean, vrai ou faux sans guillemets.")


def check_entry_uuids(issues: Issues, value: Element, at: str) -> None:
    """Official identifiers are UUID URNs, one at most."""
    official = [
        (index, one) for index, one in enumerate(dicts(value.get("identifier"))) if one.get("use") == "official"
    ]
    if len(official) > 1:
        issues.wrong(f"{at}.identifier", "Un seul entryUUID (use official) par ressource.")
    for index, one in official:
        if one.get("system") != URI or UUID_URN.fullmatch(text_of(one, "value")) is None:
            issues.wrong(f"{at}.identifier[{index}]", f"entryUUID attendu : système {URI}, valeur urn:uuid:…")


def contained(value: Element, reference: str) -> Element | None:
    """Contained resource that ``#id`` names, or None."""
    name = reference.removeprefix("#")
    if not reference.startswith("#"):
        return None
    return next((one for one in dicts(value.get("contained")) if one.get("id") == name), None)


def references(value: Any) -> list[Element]:
    """Every object that holds a literal ``reference``; `place` tells where."""
    found: list[Element] = []
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if type(one) is dict:
            if type(one.get("reference")) is str:
                found.append(one)
            waiting += [child for child in one.values() if type(child) is dict or type(child) is list]
        else:
            waiting += [child for child in one if type(child) is dict or type(child) is list]
    return found


def place(value: Any, wanted: Any, at: str) -> str:
    """FHIRPath of the very object `wanted` in `value`, or an empty text."""
    if value is wanted:
        return at
    if isinstance(value, dict):
        steps = [place(child, wanted, f"{at}.{name}") for name, child in value.items()]
    elif isinstance(value, list):
        steps = [place(child, wanted, f"{at}[{index}]") for index, child in enumerate(value)]
    else:
        return ""
    return next(filter(None, steps), "")


def _required(issues: Issues, value: Element, at: str, names: tuple[str, ...]) -> None:
    for name in names:
        if not value.get(name):
            issues.missing(f"{at}.{name}", f"L'élément {name} est exigé.")


def _forbidden(issues: Issues, value: Element, at: str, names: tuple[str, ...]) -> None:
    for name in names:
        if name in value:
            issues.wrong(f"{at}.{name}", f"L'élément {name} est interdit ici.", kind="structure")


def _master_identifier(issues: Issues, value: Any, at: str, *, simplified: bool) -> None:
    if not isinstance(value, dict):
        return
    if not simplified:
        if "use" not in value:
            issues.missing(f"{at}.use", "masterIdentifier.use est exigé et vaut usual.")
        elif value["use"] != "usual":
            issues.wrong(f"{at}.use", "masterIdentifier.use vaut usual.")
    text = text_of(value, "value")
    if value.get("system") != URI:
        issues.wrong(f"{at}.system", f"Le système d'un uniqueId est {URI}.")
    if UUID_URN.fullmatch(text) is None and (OID_URN.fullmatch(text) is None or len(text) > OID_MAX + 8):
        issues.wrong(f"{at}.value", "L'uniqueId d'un document est un OID de 64 caractères au plus : urn:oid:…")


def _contained(issues: Issues, value: Element, at: str) -> None:
    """Every ``#id`` names a contained resource, and each of these is named (dom-3)."""
    ids = {text_of(one, "id") for one in dicts(value.get("contained"))}
    named = set()
    for holder in references(value):
        text = holder["reference"]
        if text.startswith("#"):
            named.add(text[1:])
            if text[1:] not in ids:
                where = f"{place(value, holder, at)}.reference"
                issues.wrong(where, "La référence ne désigne aucune ressource contenue.", kind="not-found")
    if ids - named:
        issues.wrong(f"{at}.contained", "Une ressource contenue n'est citée nulle part (dom-3).", kind="structure")


def _held(issues: Issues, value: Element, name: str, kinds: frozenset[str], at: str) -> None:
    """References of `name` point to contained resources of these types."""
    held = value.get(name)
    for index, one in enumerate(held if isinstance(held, list) else [held] if held else []):
        where = f"{at}.{name}[{index}]" if isinstance(held, list) else f"{at}.{name}"
        _points_inside(issues, one, value, kinds, where)


def _points_inside(issues: Issues, reference: Any, value: Element, kinds: frozenset[str], at: str) -> None:
    target = contained(value, text_of(reference, "reference"))
    if target is None:
        issues.wrong(at, "La ressource citée doit être contenue (référence #…).", kind="structure")
    elif target.get("resourceType") not in kinds:
        issues.wrong(at, f"Types admis ici : {', '.join(sorted(kinds))}.", kind="structure")


def _context(issues: Issues, value: Any, holder: Element, at: str) -> None:
    if not isinstance(value, dict):
        return
    _required(issues, value, at, ("period", "facilityType", "practiceSetting", "sourcePatientInfo"))
    period = value.get("period")
    if isinstance(period, dict) and not text_of(period, "start"):
        issues.missing(f"{at}.period.start", "Le début de l'acte est exigé.")
    check_code(issues, value.get("facilityType"), "facility", f"{at}.facilityType", "le secteur d'activité (JDV_J02)")
    check_code(
        issues, value.get("practiceSetting"), "setting", f"{at}.practiceSetting", "le cadre d'exercice (JDV_J04)"
    )
    if "sourcePatientInfo" in value:
        _points_inside(issues, value["sourcePatientInfo"], holder, frozenset(("Patient",)), f"{at}.sourcePatientInfo")


def _content(issues: Issues, value: Element, at: str, *, simplified: bool) -> None:
    contents = list(dicts(value.get("content")))
    if len(contents) > 1:
        issues.wrong(f"{at}.content", "Un seul contenu par DocumentReference.")
    for index, content in enumerate(contents):
        where = f"{at}.content[{index}]"
        attachment = content.get("attachment")
        if not isinstance(attachment, dict):
            continue
        if simplified:
            _required(issues, attachment, f"{where}.attachment", ("contentType", "data", "title"))
            if "url" in attachment:
                issues.wrong(
                    f"{where}.attachment.url", "En publication simplifiée, le contenu est dans data ; url est interdit."
                )
        else:
            names = ("contentType", "language", "url", "hash", "title", "creation")
            _required(issues, attachment, f"{where}.attachment", names)
            if "size" not in attachment:
                issues.missing(f"{where}.attachment.size", "L'élément size est exigé.")
            if "data" in attachment:
                issues.wrong(
                    f"{where}.attachment.data", "Le contenu voyage dans une ressource Binary ; data est interdit."
                )
            if not content.get("format"):
                issues.missing(f"{where}.format", "L'élément format est exigé.")
        check_code(issues, content.get("format"), "format", f"{where}.format", "le format")


def _designation(issues: Issues, value: Element, at: str) -> None:
    held = extensions(value, DESIGNATION)
    if len(held) != 1 or not any(code for _, code in codings(held[0].get("valueCodeableConcept"))):
        issues.missing(
            f"{at}.extension", "L'extension ihe-designationType (type de contenu) est exigée, une fois, codée."
        )


def _list_frame(issues: Issues, value: Element, at: str) -> None:
    if value.get("status") not in (None, "current"):
        issues.wrong(f"{at}.status", "Le statut d'une liste déposée est current.")
    if value.get("mode") not in (None, "working"):
        issues.wrong(f"{at}.mode", "Le mode d'une liste déposée est working.")
    for index, entry in enumerate(dicts(value.get("entry"))):
        _forbidden(issues, entry, f"{at}.entry[{index}]", ("flag", "deleted", "date"))
