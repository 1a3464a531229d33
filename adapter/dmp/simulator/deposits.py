"""Deposits: a PDSm transaction (ITI-65) or one DocumentReference with its content (ITI-105), all or nothing.

Source: PDSm 3.1.1, flux 1 et 2; IHE MHD 4.2.3 (ITI-65, ITI-105); FHIR R4, transaction; IHE ITI TF-3 4.2.2 (RPLC).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import orjson

from adapter.dmp.simulator import actors, people
from adapter.dmp.simulator.actors import Actor
from adapter.dmp.simulator.contents import CDA_TYPES, Facts, Told, decode, examine, stated_hash
from adapter.dmp.simulator.outcomes import MISSING, WRONG, Issue, Issues, Refusal
from adapter.dmp.simulator.patches import changed
from adapter.dmp.simulator.pdsm_rules import (
    CONFIDENTIALITY,
    URI,
    check_document_reference,
    check_folder,
    check_submission_set,
    contained,
    list_kind,
    place,
    references,
)
from adapter.dmp.simulator.registry import Found, Registry
from adapter.dmp.simulator.store import DocumentRow, Event, ListRow, PatientRow
from adapter.validation.fhir_rules.elements import codings, dicts, text_of

Element = dict[str, Any]

JSON_PATCH: Final = "application/json-patch+json"
RESPONSE_PROFILE: Final = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.ProvideDocumentBundleResponse"


@dataclass(slots=True)
class Entry:
    """One entry of a transaction: what it is (slice of PDSm) and what became of it."""

    kind: str
    at: str
    resource: Element
    full_url: str
    url: str
    reference: str = ""
    version: int = 1
    status: str = "201 Created"


@dataclass(slots=True)
class Deposit:
    """A transaction on its way: the caller, the patient of the set, where each ``fullUrl`` ends up.

    Attributes:
        replaced: old documents by id, each with the place of the relation that names it.
        raw: exact bytes of contents that did not come in base64, by entry place.
        patched: the wire wants a replaced document to be patched (FHIR); on another one the relation is enough.
        way: transaction told in the history.
    """

    actor: Actor
    entries: list[Entry]
    patient: PatientRow | None = None
    references: dict[str, str] = field(default_factory=dict)
    replaced: dict[str, tuple[Found, str]] = field(default_factory=dict)
    raw: dict[str, bytes] = field(default_factory=dict)
    patched: bool = True
    way: str = "ITI-65"

    def of(self, *kinds: str) -> Iterator[Entry]:
        """Entries of these kinds, in order."""
        return (entry for entry in self.entries if entry.kind in kinds)


def transact(registry: Registry, actor: Actor, bundle: Any, body: bytes) -> Element:
    """Transaction-response for a deposit done whole.

    Args:
        registry: where it is deposited.
        actor: who asks.
        bundle: the parsed body.
        body: the bytes of the body, from which FHIR documents are kept as they were sent.
    Raises:
        Refusal: nothing was done.
    """
    actors.may_feed(actor)
    issues = Issues()
    entries = _classified(issues, bundle)
    issues.refuse()
    check_entries(entries)
    deposit = Deposit(_known_caller(actor, entries), entries)
    if any(deposit.of("fhir-document")):
        deposit.raw = {
            entry.at: data
            for entry, data in zip(entries, entry_resources(body), strict=True)
            if entry.kind == "fhir-document"
        }
    carry_out(registry, deposit)
    return _response(entries, registry.now())


def check_entries(entries: list[Entry]) -> None:
    """Pass when each entry is what its kind asks for, taken alone.

    Raises:
        Refusal: with every reason found.
    """
    issues = Issues()
    _check_entries(issues, entries)
    issues.refuse()


def carry_out(registry: Registry, deposit: Deposit) -> None:
    """Do a deposit whose entries were checked one by one: against the state, then whole.

    Raises:
        Refusal: nothing was done.
    """
    with registry.store.writing():
        _patient(registry, deposit)
        _check_duplicates(registry, deposit)
        for entry in deposit.of("document", "submission-set", "folder", "content", "fhir-document"):
            entry.reference = f"{entry.resource['resourceType']}/{uuid4()}"
            if entry.full_url:
                deposit.references[entry.full_url] = entry.reference
        facts = _check_contents(registry, deposit)
        _resolve(registry, deposit, facts)
        if deposit.patched:
            _check_patches(registry, deposit)
        _store(registry, deposit, facts)


def publish(registry: Registry, actor: Actor, value: Any) -> tuple[DocumentRow, Element]:
    """Row and resource of a document deposited alone (ITI-105); a replaced one becomes superseded.

    Raises:
        Refusal: nothing was done.
    """
    actors.may_feed(actor)
    if not isinstance(value, dict) or value.get("resourceType") != "DocumentReference":
        raise Refusal(422, Issue("Une ressource DocumentReference est attendue.", WRONG, "structure"))
    issues = Issues()
    check_document_reference(issues, value, "DocumentReference", simplified=True)
    issues.refuse()
    reference = text_of(value.get("subject"), "reference")
    if reference.startswith("Patient?"):
        text = "Une référence conditionnelle ne vaut que dans une transaction : donner subject.identifier."
        raise Refusal(422, Issue(text, WRONG, "value", "DocumentReference.subject"))
    entry = Entry("document", "DocumentReference", value, "", "DocumentReference")
    deposit = Deposit(_known_caller(actor, [entry]), [entry])
    attachment = value["content"][0]["attachment"]
    content = decode(attachment.pop("data"), "DocumentReference.content[0].attachment.data")
    with registry.store.writing():
        _patient(registry, deposit)
        _check_duplicates(registry, deposit)
        entry.reference = f"DocumentReference/{uuid4()}"
        attachment["url"] = url = f"Binary/{uuid4()}"
        told = _told(deposit, entry)
        facts = {entry.at: examine(content, text_of(attachment, "contentType"), told, registry.size_limit)}
        digest = hashlib.sha1(content, usedforsecurity=False).digest()
        attachment.setdefault("size", len(content))
        attachment.setdefault("hash", base64.b64encode(digest).decode())
        label = {"coding": [{"system": CONFIDENTIALITY, "code": "N", "display": "normal"}]}
        value.setdefault("securityLabel", [label])
        _resolve(registry, deposit, facts)
        for found, _ in deposit.replaced.values():
            registry.supersede(found.row)
        registry.store.add_content(url.removeprefix("Binary/"), "Binary", text_of(attachment, "contentType"), content)
        row = _store_document(registry, deposit, entry, facts[entry.at], url.removeprefix("Binary/"), "")
    stored: Element = orjson.loads(row.resource)
    return row, stored


# ---------------------------------------------------------------- what is asked


def _classified(issues: Issues, bundle: Any) -> list[Entry]:
    """Entries by slice of the PDSm profile, which is closed."""
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise Refusal(422, Issue("Un Bundle de type transaction est attendu.", WRONG, "structure"))
    if bundle.get("type") != "transaction":
        raise Refusal(422, Issue("Un dépôt est un Bundle de type transaction.", WRONG, "value", "Bundle.type"))
    about = bundle.get("meta")
    if not isinstance(about, dict) or not about.get("profile"):
        issues.missing(
            "Bundle.meta.profile", "Le profil du dépôt est exigé (pdsm-comprehensive-provide-document-bundle)."
        )
    held = bundle.get("entry")
    if not isinstance(held, list) or not held:
        raise Refusal(422, Issue("Le dépôt ne contient aucune entrée.", MISSING, "required", "Bundle.entry"))
    entries = [entry for index, one in enumerate(held) if (entry := _entry(issues, one, index)) is not None]
    kinds = [entry.kind for entry in entries]
    if kinds.count("submission-set") != 1:
        issues.missing("Bundle.entry", "Un lot de soumission (List de code submissionset) et un seul est exigé.")
    if kinds.count("patient") > 1:
        issues.wrong("Bundle.entry", "Un seul patient par dépôt.")
    urls = [entry.full_url for entry in entries if entry.full_url]
    if len(set(urls)) != len(urls):
        issues.wrong("Bundle.entry", "Deux entrées portent le même fullUrl.", kind="duplicate")
    return entries


def _entry(issues: Issues, one: Any, index: int) -> Entry | None:
    at = f"Bundle.entry[{index}]"
    resource = one.get("resource") if isinstance(one, dict) else None
    if not isinstance(resource, dict):
        issues.missing(f"{at}.resource", "Une entrée porte une ressource.")
        return None
    method, url = text_of(one.get("request"), "method"), text_of(one.get("request"), "url")
    if not method or not url:
        issues.missing(f"{at}.request", "Une entrée dit sa méthode et son adresse.")
        return None
    kind = _slice(resource, method)
    if kind is None:
        text = "Entrée non prévue par PDSm : les acteurs et structures sont contenus dans les ressources du dépôt."
        issues.wrong(at, text, kind="structure")
        return None
    if method == "POST" and url.strip("/") != resource["resourceType"]:
        issues.wrong(f"{at}.request.url", "L'adresse d'un POST est le type de sa ressource.")
    if kind != "patient" and "ifNoneExist" in one["request"]:
        issues.wrong(
            f"{at}.request.ifNoneExist", "La création conditionnelle ne vaut que pour Patient.", kind="not-supported"
        )
    return Entry(kind, f"{at}.resource", resource, text_of(one, "fullUrl"), url)


def _slice(resource: Element, method: str) -> str | None:
    kind = resource.get("resourceType")
    if method == "PATCH":
        patch = kind == "Parameters" or (kind == "Binary" and resource.get("contentType") == JSON_PATCH)
        return "patch" if patch else None
    if kind == "List" and method == "POST":
        return "folder" if list_kind(resource) == "folder" else "submission-set"
    if method != "POST":
        return None
    return {
        "DocumentReference": "document",
        "Binary": "content",
        "Bundle": "fhir-document",
        "Patient": "patient",
    }.get(str(kind))


def _check_entries(issues: Issues, entries: list[Entry]) -> None:
    for entry in entries:
        if entry.kind == "document":
            check_document_reference(issues, entry.resource, entry.at)
        elif entry.kind == "submission-set":
            if list_kind(entry.resource) != "submissionset":
                issues.wrong(f"{entry.at}.code", "Le code d'un lot est submissionset (MHDlistTypes).")
            check_submission_set(issues, entry.resource, entry.at)
        elif entry.kind == "folder":
            check_folder(issues, entry.resource, entry.at)


def _known_caller(actor: Actor, entries: list[Entry]) -> Actor:
    """The caller; without a header, the author of the deposit."""
    if actor.told:
        return actor
    for entry in entries:
        member = {"document": "author", "submission-set": "source"}.get(entry.kind)
        rpps = people.professionals(entry.resource, member) if member else ()
        if member and rpps:
            structures = people.structures(entry.resource, member)
            return Actor("professional", rpps[0], structures[0] if structures else "")
    return actor


# ---------------------------------------------------------------- against the state


def _patient(registry: Registry, deposit: Deposit) -> None:
    """Find the DMP that the deposit is for; one and only one."""
    for entry in deposit.of("patient"):
        pair = people.ins_of(entry.resource)
        if pair is None:
            text = "Le patient du dépôt n'a pas d'INS."
            raise Refusal(422, Issue(text, "XDSUnknownPatientId", "value", f"{entry.at}.identifier"))
        row = registry.patient(*pair)
        entry.reference, entry.status = f"Patient/{row.id}", "200 OK"
        deposit.references[entry.full_url] = entry.reference
    rows: dict[str, PatientRow] = {}
    for entry in deposit.of("submission-set", "document", "folder"):
        row = _subject(registry, deposit, entry)
        rows[row.system + row.value] = row
        told = _source_patient(entry.resource)
        if told is not None and told != (row.system, row.value):
            text = "L'INS de sourcePatientInfo n'est pas celui du DMP visé."
            where = f"{entry.at}.context.sourcePatientInfo"
            raise Refusal(422, Issue(text, "XDSPatientIdDoesNotMatch", "business-rule", where))
    if len(rows) != 1:
        text = "Le lot et ses documents ne désignent pas le même patient."
        raise Refusal(422, Issue(text, "XDSPatientIdDoesNotMatch", "business-rule", "Bundle.entry"))
    deposit.patient = next(iter(rows.values()))
    registry.open_patient(deposit.patient, deposit.actor)


def _subject(registry: Registry, deposit: Deposit, entry: Entry) -> PatientRow:
    """DMP that ``subject`` designates: by INS, by id on the server, or through an entry of the deposit."""
    subject = entry.resource.get("subject")
    at = f"{entry.at}.subject"
    reference = text_of(subject, "reference")
    pair = people.conditional(reference, "Patient")
    if pair is None and reference.startswith("#"):
        pair = people.ins_of(contained(entry.resource, reference) or {})
    if pair is None and reference:
        reference = deposit.references.get(reference, reference)
        row = registry.store.patient_by_id(reference.rpartition("Patient/")[2]) if "Patient/" in reference else None
        if row is not None:
            return row
    identifier = subject.get("identifier") if isinstance(subject, dict) else None
    if pair is None and text_of(identifier, "value"):
        pair = text_of(identifier, "system"), text_of(identifier, "value")
    if pair is None:
        text = "Le sujet ne désigne aucun DMP : Patient?identifier=<INS>, Patient/<id> ou subject.identifier."
        raise Refusal(422, Issue(text, "XDSUnknownPatientId", "not-found", at))
    try:
        return registry.patient(*pair)
    except Refusal as refused:
        issue = refused.issues[0]
        raise Refusal(422, Issue(issue.text, issue.code, issue.kind, at)) from None


def _source_patient(resource: Element) -> tuple[str, str] | None:
    """INS of the contained patient, None when it tells none."""
    context = resource.get("context")
    reference = text_of(context.get("sourcePatientInfo"), "reference") if isinstance(context, dict) else ""
    target = contained(resource, reference)
    return people.ins_of(target) if target else None


def _check_duplicates(registry: Registry, deposit: Deposit) -> None:
    """No uniqueId twice, in the message or in the registry, deleted documents included."""
    known, twice, seen = Issues(), Issues(), set()
    for entry in deposit.of("submission-set", "document"):
        if entry.kind == "document":
            unique_id, where = text_of(entry.resource.get("masterIdentifier"), "value"), "masterIdentifier"
            used = registry.store.is_used(unique_id)
        else:
            unique_id, where = _set_unique_id(entry.resource) or "", "identifier"
            used = bool(unique_id) and registry.store.is_set_used(unique_id)
        if unique_id and unique_id in seen:
            text = "Le même uniqueId figure deux fois dans le dépôt."
            code = "XDSRegistryDuplicateUniqueIdInMessage"
            twice.wrong(f"{entry.at}.{where}", text, code=code, kind="duplicate")
        seen.add(unique_id)
        if used:
            text = "Cet uniqueId est déjà dans le DMP."
            code = "XDSDuplicateUniqueIdInRegistry"
            known.wrong(f"{entry.at}.{where}", text, code=code, kind="duplicate")
    twice.refuse(422)
    known.refuse(409)
    uuids = set()
    for entry in deposit.of("submission-set", "document", "folder"):
        entry_uuid = _entry_uuid(entry.resource)
        if entry_uuid and (entry_uuid in uuids or registry.store.is_entry_uuid_used(entry_uuid)):
            known.wrong(f"{entry.at}.identifier", "Cet entryUUID est déjà employé.", kind="duplicate")
        uuids.add(entry_uuid)
    known.refuse(422)


def _set_unique_id(resource: Element) -> str | None:
    return next((text_of(one, "value") for one in dicts(resource.get("identifier")) if one.get("use") == "usual"), None)


def _entry_uuid(resource: Element) -> str:
    for one in dicts(resource.get("identifier")):
        if one.get("use") == "official":
            return text_of(one, "value").lower()
    return ""


def _told(deposit: Deposit, entry: Entry) -> Told:
    if deposit.patient is None:
        raise AssertionError("the patient is found first")
    attachment = entry.resource["content"][0]["attachment"]
    return Told(
        unique_id=text_of(entry.resource.get("masterIdentifier"), "value"),
        patient=(deposit.patient.system, deposit.patient.value),
        types=tuple(code for _, code in codings(entry.resource.get("type"))),
        size=attachment.get("size"),
        sha1=stated_hash(attachment.get("hash"), f"{entry.at}.content[0].attachment"),
        at=entry.at,
    )


def _check_contents(registry: Registry, deposit: Deposit) -> dict[str, Facts]:
    """Facts of each document's bytes, by the place of its DocumentReference."""
    contents = {entry.full_url: entry for entry in deposit.of("content", "fhir-document") if entry.full_url}
    used: set[str] = set()
    facts: dict[str, Facts] = {}
    for entry in deposit.of("document"):
        where = f"{entry.at}.content[0].attachment"
        attachment = entry.resource["content"][0]["attachment"]
        url = text_of(attachment, "url")
        target = contents.get(url)
        if target is None:
            text = "attachment.url ne désigne aucun Binary ni Bundle du dépôt."
            raise Refusal(422, Issue(text, "XDSMissingDocument", "not-found", f"{where}.url"))
        if url in used:
            text = "Deux documents désignent le même contenu."
            raise Refusal(422, Issue(text, WRONG, "duplicate", f"{where}.url"))
        used.add(url)
        mime = text_of(attachment, "contentType").partition(";")[0]
        stated = text_of(target.resource, "contentType").partition(";")[0] if target.kind == "content" else mime
        if mime != stated:
            text = "Le type de contenu annoncé n'est pas celui du Binary."
            raise Refusal(422, Issue(text, WRONG, "value", f"{where}.contentType"))
        facts[entry.at] = examine(_bytes(deposit, target), mime, _told(deposit, entry), registry.size_limit)
    for url, entry in contents.items():
        if url not in used:
            text = "Ce contenu n'est décrit par aucun DocumentReference."
            raise Refusal(422, Issue(text, MISSING, "business-rule", entry.at))
    if len(contents) != sum(1 for _ in deposit.of("content", "fhir-document")):
        raise Refusal(
            422, Issue("Un contenu n'a pas de fullUrl : rien ne peut le désigner.", MISSING, "required", "Bundle.entry")
        )
    return facts


def _bytes(deposit: Deposit, entry: Entry) -> bytes:
    if entry.kind == "content" and entry.at not in deposit.raw:
        return decode(entry.resource.get("data"), f"{entry.at}.data")
    return deposit.raw[entry.at]


def _resolve(registry: Registry, deposit: Deposit, facts: dict[str, Facts]) -> None:
    """Rewrite references of the deposit to ids of the server; find what is replaced."""
    patient = deposit.patient
    if patient is None:
        raise AssertionError("the patient is found first")
    subject = {"reference": f"Patient/{patient.id}", "identifier": {"system": patient.system, "value": patient.value}}
    for entry in deposit.of("document", "submission-set", "folder"):
        entry.resource["subject"] = subject
        for index, related in enumerate(dicts(entry.resource.get("relatesTo"))):
            _replace(registry, deposit, entry, related, f"{entry.at}.relatesTo[{index}]", facts[entry.at])
        attachments = [one["attachment"] for one in dicts(entry.resource.get("content"))]
        for attachment in attachments:
            attachment["url"] = deposit.references.get(attachment["url"], attachment["url"])
        for holder in references(entry.resource):
            text = holder["reference"]
            if text in deposit.references:
                holder["reference"] = deposit.references[text]
            elif text.startswith("urn:"):
                where = f"{place(entry.resource, holder, entry.at)}.reference"
                raise Refusal(422, Issue("La référence ne désigne aucune entrée du dépôt.", WRONG, "not-found", where))
    _check_lists(registry, deposit)


def _check_lists(registry: Registry, deposit: Deposit) -> None:
    """The set holds every document of the deposit, and nothing that is not in the DMP of the patient."""
    patient = deposit.patient
    if patient is None:
        raise AssertionError("the patient is found first")
    new = {entry.reference for entry in deposit.of("document", "folder")}
    for entry in deposit.of("submission-set", "folder"):
        items = [text_of(one.get("item"), "reference") for one in dicts(entry.resource.get("entry"))]
        for index, item in enumerate(items):
            row = registry.store.document(item.rpartition("DocumentReference/")[2]) if item not in new else None
            if item not in new and (row is None or row.patient_id != patient.id):
                where = f"{entry.at}.entry[{index}].item"
                raise Refusal(422, Issue("L'élément de la liste n'est pas dans ce DMP.", WRONG, "not-found", where))
        if entry.kind == "submission-set" and new - set(items):
            text = "Le lot ne cite pas tous les documents du dépôt."
            raise Refusal(422, Issue(text, MISSING, "business-rule", f"{entry.at}.entry"))


def _replace(registry: Registry, deposit: Deposit, entry: Entry, related: Element, at: str, facts: Facts) -> None:
    """Find the document that `related` replaces: current, of the same patient, of the same set of versions."""
    target = related.get("target")
    reference = text_of(target, "reference")
    url = reference or f"DocumentReference?identifier={URI}|{text_of((target or {}).get('identifier'), 'value')}"
    try:
        found = registry.find_by(deposit.actor, url)
    except Refusal as refused:
        if refused.status == 403:
            raise
        text = "Le document à remplacer n'est pas dans ce DMP."
        raise Refusal(422, Issue(text, "XDSReplaceFailed", "not-found", f"{at}.target")) from None
    if deposit.patient is None or found.patient.id != deposit.patient.id:
        text = "Le document à remplacer est celui d'un autre patient."
        raise Refusal(422, Issue(text, "XDSPatientIdDoesNotMatch", "business-rule", f"{at}.target"))
    if found.row.status != "current":
        text = "Le document à remplacer l'est déjà : seule la dernière version se remplace."
        raise Refusal(422, Issue(text, "XDSRegistryDeprecatedDocumentError", "business-rule", f"{at}.target"))
    if found.row.id in deposit.replaced:
        text = "Le même document est remplacé deux fois dans le dépôt."
        raise Refusal(422, Issue(text, "XDSReplaceFailed", "duplicate", f"{at}.target"))
    issues = Issues()
    if facts.set_id and found.row.set_id and facts.set_id != found.row.set_id:
        issues.wrong(at, "Le setId du document n'est pas celui du document remplacé.", code="XDSReplaceFailed")
    if facts.set_id and found.row.set_id and facts.version <= found.row.set_version:
        issues.wrong(
            at, "La version du document n'est pas supérieure à celle du document remplacé.", code="XDSReplaceFailed"
        )
    mime = text_of(entry.resource["content"][0]["attachment"], "contentType").partition(";")[0]
    if mime in CDA_TYPES and found.row.unique_id not in facts.replaces:
        text = "Le CDA ne cite pas le document remplacé (relatedDocument RPLC)."
        issues.wrong(at, text, code="XDSReplaceFailed")
    issues.refuse()
    deposit.replaced[found.row.id] = (found, at)
    related["target"] = {
        "reference": f"DocumentReference/{found.row.id}",
        "identifier": {"system": URI, "value": found.row.unique_id},
    }


def _check_patches(registry: Registry, deposit: Deposit) -> None:
    """Each replaced document has its PATCH to superseded, and nothing else is patched in a deposit."""
    patched = set()
    for entry in deposit.of("patch"):
        request = entry.at.replace(".resource", ".request.url")
        try:
            found = registry.find_by(deposit.actor, entry.url)
        except Refusal as refused:
            issue = refused.issues[0]
            raise Refusal(refused.status, Issue(issue.text, issue.code, issue.kind, request)) from None
        patch: Any = entry.resource
        if entry.resource["resourceType"] == "Binary":
            try:
                patch = orjson.loads(decode(entry.resource.get("data"), f"{entry.at}.data"))
            except orjson.JSONDecodeError:
                raise Refusal(422, Issue("La modification n'est pas du JSON.", WRONG, "structure", entry.at)) from None
        before = found.resource
        after = changed(before, patch, entry.at)
        if {**before, "status": "superseded"} != after or found.row.id not in deposit.replaced:
            text = "Dans un dépôt, une modification passe à superseded un document que le dépôt remplace, rien d'autre."
            raise Refusal(422, Issue(text, "XDSMetadataUpdateError", "business-rule", entry.at))
        patched.add(found.row.id)
        entry.reference, entry.status = f"DocumentReference/{found.row.id}", "200 OK"
        entry.version = found.row.version + 1
    for key, (_, at) in deposit.replaced.items():
        if key not in patched:
            text = "Le remplacement demande une entrée PATCH qui passe l'ancien document à superseded."
            raise Refusal(422, Issue(text, "XDSReplaceFailed", "business-rule", at))


def _store(registry: Registry, deposit: Deposit, facts: dict[str, Facts]) -> None:
    if deposit.patient is None:
        raise AssertionError("the patient is found first")
    submission = next(deposit.of("submission-set"))
    for found, _ in deposit.replaced.values():
        registry.supersede(found.row)
    mimes = {}
    for entry in deposit.of("document"):
        attachment = entry.resource["content"][0]["attachment"]
        mimes[attachment["url"]] = text_of(attachment, "contentType")
    for entry in deposit.of("content", "fhir-document"):
        kind, _, key = entry.reference.partition("/")
        registry.store.add_content(key, kind, mimes[entry.reference], _bytes(deposit, entry))
    for entry in deposit.of("document"):
        url = entry.resource["content"][0]["attachment"]["url"]
        _store_document(registry, deposit, entry, facts[entry.at], url.rpartition("/")[2], submission.reference)
    for entry in deposit.of("submission-set", "folder"):
        key = entry.reference.partition("/")[2]
        resource, entry_uuid = _versioned(registry, entry.resource, key)
        member = "source" if entry.kind == "submission-set" else "custodian"
        registry.store.add_list(
            ListRow(
                key,
                deposit.patient.id,
                "submissionset" if entry.kind == "submission-set" else "folder",
                _set_unique_id(entry.resource),
                entry_uuid,
                people.structures(entry.resource, member),
                orjson.dumps(resource),
            )
        )


def _store_document(
    registry: Registry, deposit: Deposit, entry: Entry, facts: Facts, content_id: str, submission: str
) -> DocumentRow:
    if deposit.patient is None:
        raise AssertionError("the patient is found first")
    key = entry.reference.partition("/")[2]
    resource, entry_uuid = _versioned(registry, entry.resource, key)
    row = DocumentRow(
        id=key,
        patient_id=deposit.patient.id,
        unique_id=text_of(resource["masterIdentifier"], "value"),
        entry_uuid=entry_uuid,
        version=1,
        status="current",
        deleted=False,
        authors=people.professionals(resource, "author"),
        structures=people.structures(resource, "author"),
        set_id=facts.set_id,
        set_version=facts.version,
        content_id=content_id,
        submission_id=submission.partition("/")[2],
        resource=orjson.dumps(resource, default=_decimal),
    )
    now = registry.now()
    registry.store.add_document(row, now)
    what = "remplacement (nouvelle version)" if resource.get("relatesTo") else "dépôt"
    registry.store.add_event(Event(now, what, row.patient_id, row.id, deposit.way if submission else "ITI-105"))
    return row


def _versioned(registry: Registry, resource: Element, key: str) -> tuple[Element, str]:
    """Resource as stored, with its id, its first version and its entryUUID, kept when given."""
    entry_uuid = _entry_uuid(resource)
    identifiers = resource.get("identifier") or []
    if not entry_uuid:
        entry_uuid = f"urn:uuid:{uuid4()}"
        identifiers = [*identifiers, {"use": "official", "system": URI, "value": entry_uuid}]
    about = {**resource.get("meta", {}), "versionId": "1", "lastUpdated": registry.now()}
    return {**resource, "id": key, "meta": about, "identifier": identifiers}, entry_uuid


def _decimal(value: Any) -> Any:
    """Digits of a decimal as they came."""
    return orjson.Fragment(str(value))


def _response(entries: list[Entry], now: str) -> Element:
    """Transaction-response, one entry per entry of the request, in its order."""
    told = []
    for entry in entries:
        response: Element = {"status": entry.status, "location": entry.reference}
        if entry.kind != "patient":
            response["location"] += f"/_history/{entry.version}"
            response["etag"] = f'W/"{entry.version}"'
            response["lastModified"] = now
        told.append({"response": response})
    about = {"profile": [RESPONSE_PROFILE], "lastUpdated": now}
    return {"resourceType": "Bundle", "id": str(uuid4()), "meta": about, "type": "transaction-response", "entry": told}


# ---------------------------------------------------------------- bytes as they were sent

_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}:,]', re.DOTALL)


def entry_resources(body: bytes) -> list[bytes]:
    """Exact bytes of ``entry[i].resource`` in a Bundle known to be sound JSON; empty when an entry has none.

    A FHIR document sent as a resource is hashed as it was printed by its sender, so it may not be printed again.
    """
    found: list[bytes] = []
    path: list[str] = []  # open containers: "{" or "["
    names: list[bytes] = []  # last member name of each open object
    last = b""
    start = -1
    for token in _TOKEN.finditer(body):
        text = token[0]
        if text in (b"{", b"["):
            if text == b"{" and path == ["{", "["] and names[0] == b'"entry"':
                found.append(b"")
            path.append(text.decode())
            names.append(b"")
            if path == ["{", "[", "{", "{"] and names[0] == b'"entry"' and names[2] == b'"resource"' and text == b"{":
                start = token.start()
        elif text in (b"}", b"]"):
            path.pop()
            names.pop()
            if start >= 0 and len(path) == 3:
                found[-1] = body[start : token.end()]
                start = -1
        elif text == b":":
            names[-1] = last
        elif text not in (b",",):
            last = text
    return found
