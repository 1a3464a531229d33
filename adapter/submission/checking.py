"""A submission held against the bytes that it describes, and against what every registry asks of metadata.

It trusts neither the composed document nor what prepared the submission: the bytes alone say what they are.
Source: IHE ITI TF-3, 4.2.3 (attributes of entries and sets); ANS, correspondance entre l'en-tête CDA et les métadonnées
XDS; PDSm 3.1.1.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha1
from typing import Final

from adapter.errors import Finding
from adapter.model.coded import Coding
from adapter.model.document import Identifier, Professional
from adapter.model.identifiers import INS_ROOTS
from adapter.submission.checking_texts import CHECKED
from adapter.submission.headers import Header, HeaderIllegible, bundle_header, cda_header
from adapter.submission.prepare import (
    CDA_MIME,
    FHIR_FORMAT,
    FHIR_MIME,
    HIDDEN_FROM_PATIENT,
    MASKED_TO_PROFESSIONALS,
    N1_FORMAT,
    fhir_oid,
)
from adapter.submission.values import DocumentEntry, Submission
from adapter.terminology import is_oid

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LANGUAGE: Final = re.compile(r"[a-z]{2}(-[A-Z]{2})?")
_OID_MAX: Final = 64
_SCANNED: Final = "urn:ihe:iti:xds-sd:"
_READERS: Final[dict[str, Callable[[bytes], Header]]] = {CDA_MIME: cda_header, FHIR_MIME: bundle_header}

# Classes of TRE_A03 in use by the DMP, and the class of the types that a visit may have. Source: ANS, ASS_X04, ASS_X16.
_CLASSES: Final = frozenset({"10", "11", "31", "42", "43", "44", "45", "52", "60", "90", "95", "99"})
_CLASS_SYSTEM: Final = "1.2.250.1.213.1.1.4.1"
_CLASS_OF: Final = {
    "11488-4": "10",
    "SYNTH": "11",
    "60591-5": "11",
    "34133-9": "11",
    "74207-2": "11",
    "18776-5": "44",
    "80788-3": "44",
    "EXPPAT_3": "90",
}
_LEVELS: Final = frozenset({"N", "R", "V"})
_MASK_SYSTEM: Final = "1.2.250.1.213.1.1.4.13"
_MASKS: Final = frozenset({MASKED_TO_PROFESSIONALS, HIDDEN_FROM_PATIENT, "INVISIBLE_REPRESENTANTS_LEGAUX"})


def check_submission(submission: Submission) -> list[Finding]:
    """Every fault of the metadata, none when they fit the documents; no finding names anybody."""
    found = [*_of_set(submission)]
    if len(submission.entries) != len(submission.contents):
        return [*found, _finding("SUB-HASH", "lot", "Il n'y a pas autant de fichiers que de descriptions.")]
    for rank, (entry, content) in enumerate(zip(submission.entries, submission.contents, strict=True)):
        found += _Check(entry, content, f"entrées[{rank}]").findings()
    return found


def _finding(rule: str, path: str, message: str) -> Finding:
    text = CHECKED[rule]
    return Finding(rule, text.severity, path, message, text.source)


def _of_set(submission: Submission) -> Iterator[Finding]:
    deposit, entries = submission.set, submission.entries
    for name, oid in (("uniqueId", deposit.unique_id), ("sourceId", deposit.source_id)):
        yield from _oid(oid, f"lot.{name}")
    yield from _uuid(deposit.entry_uuid, "lot.entryUUID")
    yield from _utc(deposit.submission_time, "lot.submissionTime")
    yield from _person(deposit.author, "lot.authorPerson")
    if not (deposit.content_type.code and deposit.content_type.system.oid):
        yield _finding("SUB-MISSING", "lot.contentTypeCode", "Le lot ne dit pas comment il a été produit.")
    if not entries:
        yield _finding("SUB-MISSING", "lot", "Le lot ne contient aucun document.")
    ids = Counter([deposit.unique_id, *(one.unique_id for one in entries)])
    ids.update([deposit.entry_uuid, *(one.entry_uuid for one in entries)])
    if max(ids.values()) > 1:
        yield _finding("SUB-ID", "lot", "Deux objets du lot portent le même identifiant.")
    if any(one.patient_id != deposit.patient_id for one in entries):
        yield _finding("SUB-PATIENT", "lot.patientId", "Le lot et ses documents ne désignent pas le même patient.")


@dataclass(frozen=True, slots=True, repr=False)
class _Check:
    """One entry and its bytes."""

    entry: DocumentEntry
    content: bytes
    at: str

    def findings(self) -> Iterator[Finding]:
        """Findings on the entry alone, then against the bytes."""
        entry, content = self.entry, self.content
        if entry.hash_sha1 != sha1(content, usedforsecurity=False).digest():
            yield self._found("SUB-HASH", "hash", "L'empreinte n'est pas celle du fichier.")
        if entry.size_bytes != len(content):
            yield self._found("SUB-HASH", "size", "La taille n'est pas celle du fichier.")
        yield from self._alone()
        read = _READERS.get(entry.mime_type)
        if read is None:
            yield self._found("SUB-MIME", "mimeType", "Ce type de fichier n'est ni text/xml ni application/fhir+json.")
            return
        try:
            header = read(content)
        except HeaderIllegible:
            yield self._found("SUB-MIME", "mimeType", "Le fichier n'est pas un document du type annoncé.")
            return
        yield from self._identity(header)
        yield from self._patient(header)
        yield from self._said(header)
        yield from self._format(header)

    def _found(self, rule: str, name: str, message: str) -> Finding:
        return _finding(rule, f"{self.at}.{name}", message)

    def _differs(self, name: str) -> Finding:
        return self._found("SUB-ENTRY", name, f"La métadonnée {name} n'est pas celle que dit le document.")

    def _alone(self) -> Iterator[Finding]:
        entry = self.entry
        for name, oid in (("uniqueId", entry.unique_id), ("setId", entry.set_id)):
            yield from _oid(oid, f"{self.at}.{name}")
        yield from _uuid(entry.entry_uuid, f"{self.at}.entryUUID")
        moments = (("creationTime", entry.creation_time), ("serviceStartTime", entry.service_start))
        for name, moment in (*moments, ("serviceStopTime", entry.service_stop)):
            yield from _utc(moment, f"{self.at}.{name}")
        yield from _person(entry.author, f"{self.at}.authorPerson")
        yield from _person(entry.legal_authenticator, f"{self.at}.legalAuthenticator")
        for name, text in (("title", entry.title), ("languageCode", entry.language)):
            if not text.strip():
                yield self._found("SUB-MISSING", name, f"L'attribut obligatoire {name} est vide.")
        if entry.language.strip() and _LANGUAGE.fullmatch(entry.language) is None:
            yield self._found("SUB-CODE", "languageCode", "La langue s'écrit comme dans fr-FR.")
        yield from self._codes()
        if entry.replaces:
            yield from _oid(entry.replaces, f"{self.at}.replaces")
            if entry.replaces == entry.unique_id:
                yield self._found("SUB-REPLACES", "replaces", "Un document ne se remplace pas lui-même.")

    def _codes(self) -> Iterator[Finding]:
        entry = self.entry
        required: tuple[tuple[str, Coding], ...] = (
            ("typeCode", entry.type),
            ("classCode", entry.class_),
            ("formatCode", entry.format),
            ("healthcareFacilityTypeCode", entry.facility),
            ("practiceSettingCode", entry.practice_setting),
        )
        for name, code in required:
            if not (code.code and code.system.oid):
                yield self._found("SUB-MISSING", name, f"L'attribut obligatoire {name} est vide.")
        if entry.class_.code not in _CLASSES or entry.class_.system.oid != _CLASS_SYSTEM:
            yield self._found("SUB-CODE", "classCode", "Cette classe n'est pas de celles du DMP (TRE_A03).")
        elif _CLASS_OF.get(entry.type.code, entry.class_.code) != entry.class_.code:
            yield self._found("SUB-CODE", "classCode", "Ce type de document appartient à une autre classe.")
        levels = [one.code for one in entry.confidentiality if one.system.oid != _MASK_SYSTEM]
        masks = [one.code for one in entry.confidentiality if one.system.oid == _MASK_SYSTEM]
        if len(levels) != 1 or not _LEVELS.issuperset(levels):
            yield self._found("SUB-CODE", "confidentialityCode", "La confidentialité a un seul niveau, N, R ou V.")
        if len(set(masks)) != len(masks) or not _MASKS.issuperset(masks):
            yield self._found("SUB-CODE", "confidentialityCode", "Un masque est inconnu (TRE_A07) ou répété.")
        if {MASKED_TO_PROFESSIONALS, HIDDEN_FROM_PATIENT} <= set(masks):
            yield self._found("SUB-CODE", "confidentialityCode", "Ces deux masques ne vont pas ensemble.")

    def _identity(self, header: Header) -> Iterator[Finding]:
        own = fhir_oid if self.entry.mime_type == FHIR_MIME else str
        entry, texts = self.entry, header.texts
        told = (("uniqueId", entry.unique_id), ("setId", entry.set_id))
        for name, value in told:
            if not texts[name] or own(texts[name]) != value:
                yield self._found("SUB-ID", name, f"L'identifiant {name} n'est pas celui du document.")
        if entry.replaces and own(texts["replaces"]) != entry.replaces:
            yield self._found("SUB-REPLACES", "replaces", "Le document ne dit pas qu'il remplace celui-là.")
        if texts["version"] and texts["version"] != str(entry.version):
            yield self._differs("version")

    def _patient(self, header: Header) -> Iterator[Finding]:
        entry, known = self.entry, header.people["patientId"]
        if entry.patient_id.root not in INS_ROOTS or _pair(entry.patient_id) not in known:
            yield self._found("SUB-PATIENT", "patientId", "L'INS n'est pas celui du document.")
        if _pair(entry.source_patient_id) not in known:
            yield self._found("SUB-PATIENT", "sourcePatientId", "L'identifiant local n'est pas celui du document.")
        same = (
            entry.patient.birth_family in header.families,
            header.born is None or entry.patient.birth_date == header.born,
            not header.sex or entry.patient.gender.code == header.sex,
        )
        if not all(same):
            yield self._found("SUB-PATIENT", "sourcePatientInfo", "Les traits d'identité ne sont pas ceux du document.")

    def _said(self, header: Header) -> Iterator[Finding]:
        entry = self.entry
        codes = {
            "typeCode": (entry.type,),
            "classCode": (entry.class_,),
            "healthcareFacilityTypeCode": (entry.facility,),
            "practiceSettingCode": (entry.practice_setting,),
            "eventCodeList": entry.events,
        }
        for name, (system, code) in header.codes.items():
            if all((one.code, system) not in ((code, one.system.oid), (code, one.system.uri)) for one in codes[name]):
                yield self._differs(name)
        texts = {"title": " ".join(entry.title.split()), "languageCode": entry.language}
        for name, value in texts.items():
            if header.texts[name] and header.texts[name] != value:
                yield self._differs(name)
        if header.texts["confidentiality"] not in {"", *(one.code for one in entry.confidentiality)}:
            yield self._differs("confidentialityCode")
        times = {
            "creationTime": entry.creation_time,
            "serviceStartTime": entry.service_start,
            "serviceStopTime": entry.service_stop,
        }
        for name, moment in header.times.items():
            if times[name].tzinfo is None or times[name].replace(microsecond=0) != moment:
                yield self._differs(name)
        people = {
            "authorPerson": entry.author.identifier,
            "legalAuthenticator": entry.legal_authenticator.identifier,
            "authorInstitution": entry.custodian.identifier,
        }
        for name, held in people.items():
            known = header.people[name]
            if known and (held is None or _pair(held) not in known):
                yield self._differs(name)

    def _format(self, header: Header) -> Iterator[Finding]:
        told = self.entry.format.code
        if self.entry.mime_type == FHIR_MIME:
            right = told == FHIR_FORMAT.code
        elif header.body == "pdf":
            right = told == N1_FORMAT.code
        else:
            right = header.body == "structured" and not told.startswith(_SCANNED) and told != FHIR_FORMAT.code
        if not right:
            yield self._found("SUB-FORMAT", "formatCode", "Le format annoncé n'est pas celui de ce fichier.")


def _pair(value: Identifier) -> tuple[str, str]:
    return value.root, value.value


def _oid(text: str, path: str) -> Iterator[Finding]:
    if not is_oid(text) or len(text) > _OID_MAX:
        yield _finding("SUB-ID", path, "Un OID de 64 caractères au plus est attendu.")


def _uuid(text: str, path: str) -> Iterator[Finding]:
    if _UUID.fullmatch(text) is None:
        yield _finding("SUB-ID", path, "Un UUID en minuscules, sans préfixe, est attendu.")


def _utc(moment: datetime, path: str) -> Iterator[Finding]:
    if moment.utcoffset() != timedelta(0):
        yield _finding("SUB-TIME", path, "Les dates des métadonnées sont en temps universel (UTC).")


def _person(value: Professional, path: str) -> Iterator[Finding]:
    if value.identifier is None or not value.identifier.value or not value.name.family.strip():
        yield _finding("SUB-MISSING", path, "Une personne se désigne par son identifiant et son nom.")


__all__ = ["check_submission"]
