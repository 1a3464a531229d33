"""Registry objects of a request -> the values that they were made of; everything that is missing is told at once.

Source: IHE ITI TF-3, 4.2.3.2 and 4.2.3.3 (required attributes); GIE SESAM-Vitale, DMP vendor package v2.05.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TypeVar
from uuid import NAMESPACE_OID, NAMESPACE_URL, uuid5

from adapter.dmp.xds.ebxml import Classification, ExtrinsicObject, RegistryObject, RegistryPackage
from adapter.dmp.xds.metadata import hl7, names
from adapter.dmp.xds.metadata.found import coding
from adapter.errors import AdapterError
from adapter.model.coded import CodeSystem, Coding, Concept
from adapter.model.document import Identifier, Organization, Patient, PersonName, Professional
from adapter.submission.values import DocumentEntry, SubmissionSet

_NOTHING: Final = Coding(CodeSystem("", "", "", ""), "")
_NOBODY: Final = Identifier("", "")
_NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)
_Value = TypeVar("_Value")


class MetadataInvalid(AdapterError):
    """Metadata that lack what is required, or say it in another form.

    Attributes:
        object_id: object at fault, as the request names it.
        missing: names of the attributes, as XDS writes them (``sourcePatientInfo``).
    """

    def __init__(self, object_id: str, missing: tuple[str, ...]) -> None:
        self.object_id = object_id
        self.missing = missing
        super().__init__(f"Métadonnées absentes ou illisibles : {', '.join(missing)}.")


class _Reader:
    """Reads one object and remembers what it did not find."""

    def __init__(self, value: RegistryObject) -> None:
        self.value = value
        self.missing: list[str] = []

    def want(self, name: str, found: _Value | None, instead: _Value) -> _Value:
        if found is None or found == "":
            self.missing.append(name)
            return instead
        return found

    def slot(self, name: str) -> str:
        return self.want(name, self.value.slot_value(name), "")

    def moment(self, name: str) -> datetime:
        return self.want(name, hl7.read_dtm(self.value.slot_value(name)), _NEVER)

    def code(self, name: str, scheme: str) -> Coding:
        found = self.value.classified(scheme)
        return self.want(name, coding(found[0]) if found and found[0].representation else None, _NOTHING)

    def identifier(self, name: str, scheme: str) -> str:
        return self.want(name, self.value.identifier(scheme), "")

    def patient_id(self, scheme: str) -> Identifier:
        return self.want("patientId", hl7.read_cx(self.value.identifier(scheme)), _NOBODY)

    def author(self, scheme: str) -> tuple[Professional, Coding | None]:
        found = self.value.classified(scheme)
        held = found[0] if found else Classification(id="")
        name, identifier = hl7.read_xcn(self.want("authorPerson", held.slot_value("authorPerson"), ""))
        return _professional(held, name, identifier), _role(held.slot_value("authorRole"))

    def done(self, make: Callable[[], _Value]) -> _Value:
        """The value, when nothing is missing.

        Raises:
            MetadataInvalid: something is.
        """
        if self.missing:
            raise MetadataInvalid(self.value.id, tuple(self.missing))
        return make()


def submission_set(value: RegistryPackage) -> SubmissionSet:
    """The set that a request registers. Its patient is known by the identifier only: a set tells no more.

    Raises:
        MetadataInvalid: a required attribute is missing or illegible.
    """
    reader = _Reader(value)
    patient_id = reader.patient_id(names.SET_PATIENT)
    unique_id = reader.identifier("uniqueId", names.SET_UNIQUE)
    source_id = reader.identifier("sourceId", names.SET_SOURCE)
    submitted = reader.moment("submissionTime")
    content_type = reader.code("contentTypeCode", names.SET_CONTENT_TYPE)
    author, _ = reader.author(names.SET_AUTHOR)
    return reader.done(
        lambda: SubmissionSet(
            unique_id=unique_id,
            entry_uuid=_entry_uuid(value.id, unique_id),
            source_id=source_id,
            content_type=content_type,
            title=value.label,
            submission_time=submitted,
            author=author,
            patient=_unknown(patient_id),
            patient_id=patient_id,
        )
    )


def document_entry(value: ExtrinsicObject, *, replaces: str = "") -> DocumentEntry:
    """The entry that a request registers.

    Args:
        replaces: uniqueId of the replaced document, when a relation of the request tells one.

    A hash and a size that are not told are empty and -1: the repository counts them. ``set_id`` is the uniqueId and
    ``version`` 1: the metadata do not tell more.

    Raises:
        MetadataInvalid: a required attribute is missing or illegible.
    """
    reader = _Reader(value)
    patient_id = reader.patient_id(names.PATIENT)
    unique_id = reader.identifier("uniqueId", names.UNIQUE)
    mime_type = reader.want("mimeType", value.mime_type, "")
    type_, class_ = reader.code("typeCode", names.TYPE), reader.code("classCode", names.CLASS)
    format_ = reader.code("formatCode", names.FORMAT)
    facility = reader.code("healthcareFacilityTypeCode", names.FACILITY)
    setting = reader.code("practiceSettingCode", names.PRACTICE_SETTING)
    reader.code("confidentialityCode", names.CONFIDENTIALITY)
    title = reader.want("title", value.label, "")
    language, created = reader.slot("languageCode"), reader.moment("creationTime")
    start = reader.moment("serviceStartTime")
    author, role = reader.author(names.AUTHOR)
    authenticator, authenticator_id = hl7.read_xcn(reader.slot("legalAuthenticator"))
    source_id = reader.want("sourcePatientId", hl7.read_cx(value.slot_value("sourcePatientId")), _NOBODY)
    patient = _patient(reader, value, patient_id, source_id, class_)
    return reader.done(
        lambda: DocumentEntry(
            unique_id=unique_id,
            entry_uuid=_entry_uuid(value.id, unique_id),
            set_id=unique_id,
            version=1,
            mime_type=mime_type,
            type=type_,
            class_=class_,
            format=format_,
            facility=facility,
            practice_setting=setting,
            confidentiality=tuple(coding(one) for one in value.classified(names.CONFIDENTIALITY)),
            title=title,
            language=language,
            creation_time=created,
            service_start=start,
            service_stop=hl7.read_dtm(value.slot_value("serviceStopTime")) or start,
            hash_sha1=_bytes(value.slot_value("hash")),
            size_bytes=_number(value.slot_value("size")),
            author=author,
            author_role=role,
            legal_authenticator=_professional(Classification(id=""), authenticator, authenticator_id),
            custodian=author.organization or Organization(key=_key("structure"), name=""),
            patient=patient,
            patient_id=patient_id,
            source_patient_id=source_id,
            events=tuple(coding(one) for one in value.classified(names.EVENT)),
            replaces=replaces,
        )
    )


def _patient(
    reader: _Reader, value: ExtrinsicObject, patient_id: Identifier, source_id: Identifier, class_: Coding
) -> Patient:
    """Patient of an entry; a signature may tell the identifier only."""
    info = value.slot("sourcePatientInfo")
    if not info and class_.code == names.SIGNATURE_CLASS:
        return _unknown(patient_id)
    local_id = source_id if source_id != patient_id else None
    try:
        return hl7.read_patient(info, _key(patient_id.value), patient_id, local_id)
    except ValueError:
        reader.missing.append("sourcePatientInfo")
        return _unknown(patient_id)


def _unknown(patient_id: Identifier) -> Patient:
    return Patient(
        key=_key(patient_id.value),
        birth_family="",
        birth_given=(),
        gender=_NOTHING,
        birth_date=_NEVER.date(),
        ins=patient_id,
        ins_qualified=True,
    )


def _professional(held: Classification, person: PersonName, identifier: Identifier | None) -> Professional:
    key = _key(f"{identifier.root} {identifier.value}" if identifier else f"{person.family} {person.given}")
    specialty = held.slot_value("authorSpecialty")
    code = hl7.read_coded(specialty)
    institution = held.slot_value("authorInstitution")
    organization = None
    if institution:
        label, structure = hl7.read_xon(institution)
        organization = Organization(key=_key(institution), name=label, identifier=structure)
    return Professional(
        key=key,
        role_key=_key(f"{key} {institution} {specialty}"),
        name=person,
        identifier=identifier,
        profession=Concept(code.display, (code,) if code.code else ()) if specialty else None,
        organization=organization,
    )


def _role(label: str) -> Coding | None:
    return Coding(_NOTHING.system, "", label) if label else None


def _entry_uuid(object_id: str, unique_id: str) -> str:
    """UUID that the request proposes, or one derived from the uniqueId for a symbolic identifier."""
    if object_id.startswith("urn:uuid:"):
        return object_id.removeprefix("urn:uuid:")
    return str(uuid5(NAMESPACE_OID, unique_id))


def _key(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name))


def _bytes(value: str) -> bytes:
    try:
        return bytes.fromhex(value)
    except ValueError:
        return b""


def _number(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else -1
