"""XML -> registry values; what is not known is kept as it came.

Not kept, because no reader may depend on it: comments, prefixes, white space between elements, and an order of
children other than that of the schema.
Source: OASIS ebXML RegRep 3.0, schemas ``rim.xsd`` and ``lcm.xsd``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from lxml import etree

from adapter.dmp.xds.ebxml.names import EBRS21, LCM, RIM, RS, XDSB, XML
from adapter.dmp.xds.ebxml.values import (
    AnyObject,
    Association,
    Classification,
    ExternalIdentifier,
    ExtrinsicObject,
    ObjectRef,
    Other,
    RegistryObject,
    RegistryPackage,
    Slot,
    SubmitObjects,
    Text,
    VersionInfo,
)
from adapter.errors import AdapterError

_R: Final = f"{{{RIM}}}"
_LIST: Final = f"{_R}RegistryObjectList"
_REQUEST: Final = f"{{{LCM}}}SubmitObjectsRequest"
_REQUEST_SLOTS: Final = f"{{{RS}}}RequestSlotList"
_LANG: Final = f"{{{XML}}}lang"


class EbxmlInvalid(AdapterError):
    """What was read is no ebRS 3.0 metadata; ``code`` is stable, the message French, without any content.

    Codes: ``ebrs-2.1`` (metadata of XDS.a), ``not-ebrs``, ``missing`` (an attribute without which nothing can be done).
    """

    def __init__(self, message: str, code: str) -> None:
        self.message = message
        self.code = code
        super().__init__(f"{message} [{code}]")


def parse(element: etree._Element) -> SubmitObjects:
    """Content of a SubmitObjectsRequest, or of the ProvideAndRegister request around one.

    Raises:
        EbxmlInvalid: something else.
    """
    if element.tag == f"{{{XDSB}}}ProvideAndRegisterDocumentSetRequest":
        inner = element.find(_REQUEST)
        if inner is None:
            raise EbxmlInvalid("La demande ne contient pas de métadonnées (SubmitObjectsRequest).", "missing")
        element = inner
    if element.tag != _REQUEST:
        if etree.QName(element).namespace == EBRS21:
            raise EbxmlInvalid("Métadonnées ebRS 2.1 (XDS.a) : seule la version 3.0 (XDS.b) est lue.", "ebrs-2.1")
        raise EbxmlInvalid("Ce ne sont pas des métadonnées ebRS 3.0.", "not-ebrs")
    held = element.find(_LIST)
    if held is None:
        raise EbxmlInvalid("Les métadonnées ne contiennent pas de RegistryObjectList.", "missing")
    asked = element.find(_REQUEST_SLOTS)
    return SubmitObjects(
        parse_list(held),
        None if asked is None else tuple(_slot(one) for one in asked.iterchildren(f"{_R}Slot")),
        _attributes(element, ()),
        _extensions(element, (_LIST, _REQUEST_SLOTS)),
    )


def parse_list(element: etree._Element) -> tuple[AnyObject, ...]:
    """Objects of a ``rim:RegistryObjectList``, in their order."""
    return tuple(parse_object(one) for one in element.iterchildren("*"))


def parse_object(element: etree._Element) -> AnyObject:
    """One object, whatever its kind."""
    reader = _READERS.get(str(element.tag))
    return reader(element) if reader else Other(_serialised(element))


def _document(element: etree._Element) -> ExtrinsicObject:
    content = element.find(f"{_R}ContentVersionInfo")
    return _object(
        ExtrinsicObject,
        element,
        {"mime_type": "mimeType", "is_opaque": "isOpaque"},
        content_version=None if content is None else _version(content),
    )


def _package(element: etree._Element) -> RegistryPackage:
    return _object(RegistryPackage, element, {})


def _classification(element: etree._Element) -> Classification:
    names = {
        "scheme": "classificationScheme",
        "node": "classificationNode",
        "classified_object": "classifiedObject",
        "representation": "nodeRepresentation",
    }
    return _object(Classification, element, names)


def _identifier(element: etree._Element) -> ExternalIdentifier:
    names = {"scheme": "identificationScheme", "registry_object": "registryObject", "value": "value"}
    return _object(ExternalIdentifier, element, names)


def _association(element: etree._Element) -> Association:
    names = {"type": "associationType", "source": "sourceObject", "target": "targetObject"}
    return _object(Association, element, names)


def _reference(element: etree._Element) -> ObjectRef:
    return ObjectRef(
        _want(element, "id"), element.get("home"), _attributes(element, ("id", "home")), _extensions(element, ())
    )


_READERS: Final[Mapping[str, Callable[[etree._Element], AnyObject]]] = {
    f"{_R}ExtrinsicObject": _document,
    f"{_R}RegistryPackage": _package,
    f"{_R}Association": _association,
    f"{_R}Classification": _classification,
    f"{_R}ExternalIdentifier": _identifier,
    f"{_R}ObjectRef": _reference,
}

_OWN: Final = {"lid": "lid", "object_type": "objectType", "status": "status", "home": "home"}
_CHILDREN: Final = (
    f"{_R}Slot", f"{_R}Name", f"{_R}Description", f"{_R}VersionInfo", f"{_R}Classification", f"{_R}ExternalIdentifier",
)  # fmt: skip
_Kind = TypeVar("_Kind", bound=RegistryObject)


def _object(kind: type[_Kind], element: etree._Element, names: Mapping[str, str], **more: Any) -> _Kind:
    """Object of `kind`; `names` are its own attributes, field -> XML name."""
    known = {**_OWN, **names}
    version = element.find(f"{_R}VersionInfo")
    children = (*_CHILDREN, f"{_R}ContentVersionInfo") if kind is ExtrinsicObject else _CHILDREN
    return kind(
        id=_want(element, "id"),
        slots=tuple(_slot(one) for one in element.iterchildren(f"{_R}Slot")),
        name=_international(element.find(f"{_R}Name")),
        description=_international(element.find(f"{_R}Description")),
        version=None if version is None else _version(version),
        classifications=tuple(_classification(one) for one in element.iterchildren(f"{_R}Classification")),
        external_identifiers=tuple(_identifier(one) for one in element.iterchildren(f"{_R}ExternalIdentifier")),
        attributes=_attributes(element, ("id", *known.values())),
        extensions=_extensions(element, children),
        **{field: element.get(name) for field, name in known.items()},
        **more,
    )


def _want(element: etree._Element, name: str) -> str:
    found = element.get(name)
    if found is None:
        kind = etree.QName(element).localname
        raise EbxmlInvalid(f"Un élément {kind} n'a pas d'attribut {name}.", "missing")
    return found


def _slot(element: etree._Element) -> Slot:
    held = element.find(f"{_R}ValueList")
    return Slot(
        _want(element, "name"),
        None if held is None else tuple(one.text or "" for one in held.iterchildren(f"{_R}Value")),
        element.get("slotType"),
        _attributes(element, ("name", "slotType")),
        _extensions(element, (f"{_R}ValueList",)),
    )


def _international(element: etree._Element | None) -> tuple[Text, ...] | None:
    if element is None:
        return None
    return tuple(
        Text(
            _want(one, "value"), one.get(_LANG), one.get("charset"), _attributes(one, (_LANG, "charset", "value"))
        )
        for one in element.iterchildren(f"{_R}LocalizedString")
    )  # fmt: skip


def _version(element: etree._Element) -> VersionInfo:
    return VersionInfo(
        element.get("versionName"), element.get("comment"), _attributes(element, ("versionName", "comment"))
    )


def _attributes(element: etree._Element, known: Iterable[str]) -> tuple[tuple[str, str], ...]:
    left = set(map(str, element.attrib)) - set(known)
    return tuple((name, str(element.attrib[name])) for name in sorted(left)) if left else ()


def _extensions(element: etree._Element, known: Iterable[str]) -> tuple[bytes, ...]:
    names = set(known)
    return tuple(_serialised(one) for one in element.iterchildren("*") if one.tag not in names)


def _serialised(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
