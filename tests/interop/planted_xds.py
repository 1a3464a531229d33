"""Faults planted in a deposit, one at a time: in what describes its documents, or in the message that carries it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, Generic, TypeVar

from adapter.dmp.xds.ebxml import ExtrinsicObject, RegistryPackage, Slot, SubmitObjects, slot
from adapter.dmp.xds.metadata import names, submit_objects
from adapter.model.coded import Coding
from adapter.model.document import Identifier
from adapter.submission import Submission
from adapter.submission.values import DocumentEntry
from tests.dmp.xds.dialogue import Keyless

T = TypeVar("T")
OTHER_INS: Final = "279035121518989"
DOCUMENT: Final = "Document01"
SIGNATURE: Final = "Signature01"


@dataclass(frozen=True, slots=True)
class Changed(Generic[T]):
    """One fault: what it is in a few French words, and the value that holds it made from the sound one."""

    name: str
    change: Callable[[T], T]


def planted_submissions(sound: Submission) -> Iterator[tuple[str, Submission]]:
    """Name of each fault of values and a deposit that holds it."""
    return _planted(SUBMISSION_FAULTS, sound)


def planted_messages(sound: SubmitObjects) -> Iterator[tuple[str, SubmitObjects]]:
    """Name of each fault of the message and a message that holds it."""
    return _planted(MESSAGE_FAULTS, sound)


def message_of(submission: Submission, replaced: Mapping[str, str] | None = None) -> SubmitObjects:
    """Signed message of a deposit; its signature holds nothing."""
    return submit_objects(Keyless().signed(submission), replaced=replaced)


def _planted(faults: tuple[Changed[T], ...], sound: T) -> Iterator[tuple[str, T]]:
    for fault in faults:
        changed = fault.change(sound)
        if changed == sound:
            raise ValueError(f"nothing was planted: {fault.name}")
        yield fault.name, changed


# ---------------------------------------------------------------- values


def _entry(change: Callable[[DocumentEntry], DocumentEntry]) -> Callable[[Submission], Submission]:
    return lambda held: replace(held, entries=(change(held.entries[0]), *held.entries[1:]))


def _as(code: Coding, value: str, display: str = "Autre") -> Coding:
    return replace(code, code=value, display=display)


def _other(patient: Identifier) -> Identifier:
    return replace(patient, value=OTHER_INS)


def _everywhere(held: Submission) -> Submission:
    other = _other(held.set.patient_id)
    entries = tuple(replace(one, patient_id=other) for one in held.entries)
    return replace(held, set=replace(held.set, patient_id=other), entries=entries)


SUBMISSION_FAULTS: tuple[Changed[Submission], ...] = (
    Changed("l'empreinte d'un autre fichier", _entry(lambda e: replace(e, hash_sha1=bytes(20)))),
    Changed("une taille fausse", _entry(lambda e: replace(e, size_bytes=e.size_bytes + 1))),
    Changed("l'INS d'un autre patient dans la fiche", _entry(lambda e: replace(e, patient_id=_other(e.patient_id)))),
    Changed("l'INS d'un autre patient partout", _everywhere),
    Changed(
        "les traits d'un autre patient",
        _entry(lambda e: replace(e, patient=replace(e.patient, birth_family="TEST", birth_date=date(1901, 1, 1)))),
    ),
    Changed("un autre type de document", _entry(lambda e: replace(e, type=_as(e.type, "60591-5")))),
    Changed("une classe qui ne va pas avec le type", _entry(lambda e: replace(e, class_=_as(e.class_, "11")))),
    Changed("une classe hors de son jeu de valeurs", _entry(lambda e: replace(e, class_=_as(e.class_, "12")))),
    Changed(
        "un cadre d'exercice hors de son jeu",
        _entry(lambda e: replace(e, practice_setting=_as(e.practice_setting, "JARDIN"))),
    ),
    Changed(
        "le format N1 pour un document N3",
        _entry(lambda e: replace(e, format=_as(e.format, "urn:ihe:iti:xds-sd:pdf:2008"))),
    ),
    Changed("un type de fichier faux", _entry(lambda e: replace(e, mime_type="application/pdf"))),
    Changed(
        "un uniqueId deux fois dans le lot",
        lambda held: replace(held, set=replace(held.set, unique_id=held.entries[0].unique_id)),
    ),
    Changed(
        "l'heure locale donnée pour UTC",
        _entry(lambda e: replace(e, creation_time=e.creation_time + timedelta(hours=2))),
    ),
    Changed("un auteur sans identifiant", _entry(lambda e: replace(e, author=replace(e.author, identifier=None)))),
    Changed(
        "un autre responsable du document",
        _entry(
            lambda e: replace(
                e,
                legal_authenticator=replace(
                    e.legal_authenticator, identifier=Identifier("1.2.250.1.71.4.2.1", "899700100099")
                ),
            )
        ),
    ),
    Changed(
        "une autre confidentialité",
        _entry(lambda e: replace(e, confidentiality=(_as(e.confidentiality[0], "V"), *e.confidentiality[1:]))),
    ),
    Changed("le titre d'un autre document", _entry(lambda e: replace(e, title="Ordonnance"))),
)


# ---------------------------------------------------------------- message


def _document(
    change: Callable[[ExtrinsicObject], ExtrinsicObject], own: str = DOCUMENT
) -> Callable[[SubmitObjects], SubmitObjects]:
    def changed(held: SubmitObjects) -> SubmitObjects:
        objects = (change(one) if isinstance(one, ExtrinsicObject) and one.id == own else one for one in held.objects)
        return replace(held, objects=tuple(objects))

    return changed


def _package(change: Callable[[RegistryPackage], RegistryPackage]) -> Callable[[SubmitObjects], SubmitObjects]:
    return lambda held: replace(
        held, objects=tuple(change(one) if isinstance(one, RegistryPackage) else one for one in held.objects)
    )


def _without_slot(name: str) -> Callable[[SubmitObjects], SubmitObjects]:
    return _document(lambda d: replace(d, slots=tuple(one for one in d.slots if one.name != name)))


def _slot(name: str, *values: str) -> Callable[[SubmitObjects], SubmitObjects]:
    def told(one: Slot) -> Slot:
        return slot(name, *values) if one.name == name else one

    return _document(lambda d: replace(d, slots=tuple(told(one) for one in d.slots)))


def _without_code(scheme: str) -> Callable[[SubmitObjects], SubmitObjects]:
    return _document(
        lambda d: replace(d, classifications=tuple(one for one in d.classifications if one.scheme != scheme))
    )


def _code(kind: str, /, **changes: object) -> Callable[[SubmitObjects], SubmitObjects]:
    def changed(document: ExtrinsicObject) -> ExtrinsicObject:
        held = (
            replace(one, **changes) if one.scheme == kind else one  # type: ignore[arg-type]  # fields by name
            for one in document.classifications
        )
        return replace(document, classifications=tuple(held))

    return _document(changed)


def _identifier(scheme: str, value: str | None) -> Callable[[SubmitObjects], SubmitObjects]:
    def changed(document: ExtrinsicObject) -> ExtrinsicObject:
        held = (
            replace(one, value=value) if one.scheme == scheme else one
            for one in document.external_identifiers
            if value is not None or one.scheme != scheme
        )
        return replace(document, external_identifiers=tuple(held))

    return _document(changed)


def _without_relation(kind: str, end: str) -> Callable[[SubmitObjects], SubmitObjects]:
    def changed(held: SubmitObjects) -> SubmitObjects:
        gone = [one for one in held.associations if one.type == kind and end in (one.source, one.target)]
        return replace(held, objects=tuple(one for one in held.objects if one not in gone))

    return changed


def _replaces_itself(held: SubmitObjects) -> SubmitObjects:
    member = held.associations[0]
    return replace(
        held,
        objects=(
            *held.objects,
            replace(member, id="Association99", type=names.REPLACES, source=DOCUMENT, target=DOCUMENT, slots=()),
        ),
    )


def _twice(document: ExtrinsicObject) -> ExtrinsicObject:
    (kind,) = document.classified(names.TYPE)
    return replace(document, classifications=(*document.classifications, replace(kind, id=f"{document.id}-c99")))


MESSAGE_FAULTS: tuple[Changed[SubmitObjects], ...] = (
    Changed("l'auteur ne dit pas qui il est", _code(names.AUTHOR, slots=())),
    Changed("le responsable manque", _without_slot("legalAuthenticator")),
    Changed("l'uniqueId manque", _identifier(names.UNIQUE, None)),
    Changed("la date de création manque", _without_slot("creationTime")),
    Changed("les traits du patient manquent", _without_slot("sourcePatientInfo")),
    Changed("la classe manque", _without_code(names.CLASS)),
    Changed("deux types de document", _document(_twice)),
    Changed(
        "un schéma de classement inconnu", _code(names.TYPE, scheme="urn:uuid:00000000-0000-4000-8000-000000000000")
    ),
    Changed("un code sans son système", _code(names.FORMAT, slots=())),
    Changed("un code qui désigne un autre objet", _code(names.FORMAT, classified_object="SubmissionSet01")),
    Changed("un code qui ne désigne aucun objet", _code(names.FORMAT, classified_object=None)),
    Changed("un OID mal formé", _identifier(names.UNIQUE, "2.25.007")),
    Changed("un INS sans autorité", _identifier(names.PATIENT, OTHER_INS)),
    Changed("une date impossible", _slot("creationTime", "20261301000000")),
    Changed("une date avec son décalage", _slot("creationTime", "20261012123000+0200")),
    Changed("une empreinte mal formée", _slot("hash", "zz")),
    Changed("un objet d'une autre nature", _document(lambda d: replace(d, object_type=names.SET_NODE))),
    Changed("un document qui se remplace lui-même", _replaces_itself),
    Changed("un document hors du lot (sans HasMember)", _without_relation(names.HAS_MEMBER, DOCUMENT)),
    Changed("une signature qui ne signe rien", _without_relation(names.SIGNS, SIGNATURE)),
    Changed(
        "le lot ne dit pas comment il a été produit",
        _package(
            lambda p: replace(
                p, classifications=tuple(one for one in p.classifications if one.scheme != names.SET_CONTENT_TYPE)
            )
        ),
    ),
)
