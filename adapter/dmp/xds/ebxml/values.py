"""Registry objects of ebRIM 3.0 as values.

What a value leaves out (None) is absent from the XML; an empty string or an empty tuple is an attribute or an element
that is there and empty. What this module does not know is kept in ``attributes`` and ``extensions`` and printed again.
No value shows its content in ``repr``: metadata name the patient.
Source: OASIS ebXML RegRep 3.0, ebRIM (schema ``rim.xsd``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar


@dataclass(frozen=True, slots=True, repr=False)
class Text:
    """One LocalizedString."""

    value: str
    lang: str | None = None
    charset: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Slot:
    """Named list of values, in their order; ``values`` is None when there is no ValueList at all."""

    name: str
    values: tuple[str, ...] | None = ()
    slot_type: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    extensions: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class VersionInfo:
    """Version of an object: a number that the registry counts, and a comment."""

    name: str | None = None
    comment: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RegistryObject:
    """What every registry object has.

    Attributes:
        id: symbolic in a request (``Document01``), ``urn:uuid:`` once registered.
        lid: logical id, shared by the versions of an object.
        status: availability (``urn:…:StatusType:Approved``).
        name, description: None when absent, empty when there is an element without text.
        attributes: attributes of other names, by qualified name (``{uri}local``).
        extensions: child elements of other names, serialised.
    """

    id: str
    lid: str | None = None
    object_type: str | None = None
    status: str | None = None
    home: str | None = None
    slots: tuple[Slot, ...] = ()
    name: tuple[Text, ...] | None = None
    description: tuple[Text, ...] | None = None
    version: VersionInfo | None = None
    classifications: tuple[Classification, ...] = ()
    external_identifiers: tuple[ExternalIdentifier, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    extensions: tuple[bytes, ...] = ()

    def slot(self, name: str) -> tuple[str, ...]:
        """Values of the slot of this name, none when there is no such slot."""
        return next((one.values or () for one in self.slots if one.name == name), ())

    def slot_value(self, name: str) -> str:
        """First value of a slot, empty when there is none."""
        return next(iter(self.slot(name)), "")

    def classified(self, scheme: str) -> tuple[Classification, ...]:
        """Classifications in this scheme."""
        return tuple(one for one in self.classifications if one.scheme == scheme)

    def identifier(self, scheme: str) -> str:
        """Value of the external identifier in this scheme, empty when there is none."""
        return next((one.value or "" for one in self.external_identifiers if one.scheme == scheme), "")

    @property
    def label(self) -> str:
        """First text of the name, empty when there is none."""
        return self.name[0].value if self.name else ""

    @property
    def logical_id(self) -> str:
        """``lid``, or ``id`` for an object that never changed."""
        return self.lid or self.id


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Classification(RegistryObject):
    """Code or author of an object: ``node`` for a node, ``scheme`` and ``representation`` for a code."""

    classified_object: str | None = None
    scheme: str | None = None
    node: str | None = None
    representation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ExternalIdentifier(RegistryObject):
    """Identifier of an object in a scheme."""

    registry_object: str | None = None
    scheme: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ExtrinsicObject(RegistryObject):
    """Metadata of one document."""

    mime_type: str | None = None
    is_opaque: str | None = None
    content_version: VersionInfo | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RegistryPackage(RegistryObject):
    """Submission set or folder."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Association(RegistryObject):
    """Relation of two objects."""

    type: str | None = None
    source: str | None = None
    target: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class ObjectRef:
    """Reference of a registered object."""

    id: str
    home: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    extensions: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Other:
    """An object of a kind that XDS does not use, serialised."""

    xml: bytes


AnyObject = RegistryObject | ObjectRef | Other
_Kind = TypeVar("_Kind", bound=RegistryObject)


@dataclass(frozen=True, slots=True, repr=False)
class SubmitObjects:
    """Content of a SubmitObjectsRequest: objects in the order in which they stand.

    ``slots``: those of the request itself (RequestSlotList), None without the list.
    """

    objects: tuple[AnyObject, ...]
    slots: tuple[Slot, ...] | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    extensions: tuple[bytes, ...] = ()

    @property
    def packages(self) -> tuple[RegistryPackage, ...]:
        """Submission sets and folders."""
        return tuple(self._of(RegistryPackage))

    @property
    def documents(self) -> tuple[ExtrinsicObject, ...]:
        """Document entries."""
        return tuple(self._of(ExtrinsicObject))

    @property
    def associations(self) -> tuple[Association, ...]:
        """Relations."""
        return tuple(self._of(Association))

    def _of(self, kind: type[_Kind]) -> Iterator[_Kind]:
        return (one for one in self.objects if isinstance(one, kind))


def slot(name: str, *values: str) -> Slot:
    """Slot of these values."""
    return Slot(name, values)


def text(value: str) -> tuple[Text, ...]:
    """One French text, as the DMP writes them. Source: GIE SESAM-Vitale, DMP vendor package, TD2.1."""
    return (Text(value, "FR", "UTF-8"),)
