"""Registry values -> XML, children in the order of the schema.

Source: OASIS ebXML RegRep 3.0, schemas ``rim.xsd`` and ``lcm.xsd``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from lxml import etree

from adapter.dmp.xds.ebxml.names import LCM, PREFIXES, RIM, RS, XML
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

_NSMAP: Final = {name: PREFIXES[name] for name in ("lcm", "rim")}
_R: Final = f"{{{RIM}}}"
_SLOT: Final = f"{_R}Slot"
_VALUE_LIST: Final = f"{_R}ValueList"
_VALUE: Final = f"{_R}Value"
_LOCALIZED: Final = f"{_R}LocalizedString"
_CLASSIFICATION: Final = f"{_R}Classification"
_IDENTIFIER: Final = f"{_R}ExternalIdentifier"
_LANG: Final = f"{{{XML}}}lang"
_TAGS: Final[Mapping[type[RegistryObject], str]] = {
    Classification: _CLASSIFICATION,
    ExternalIdentifier: _IDENTIFIER,
    ExtrinsicObject: f"{_R}ExtrinsicObject",
    RegistryPackage: f"{_R}RegistryPackage",
    Association: f"{_R}Association",
}


def build(value: SubmitObjects) -> etree._Element:
    """``lcm:SubmitObjectsRequest``, body of ITI-57 and content of METADATA.XML."""
    root = etree.Element(f"{{{LCM}}}SubmitObjectsRequest", dict(value.attributes), nsmap=_NSMAP)
    if value.slots is not None:
        asked = etree.SubElement(root, f"{{{RS}}}RequestSlotList", nsmap={"rs": RS})
        for one in value.slots:
            _slot(asked, one)
    root.append(build_list(value.objects))
    _extend(root, value.extensions)
    return root


def build_list(objects: Iterable[AnyObject]) -> etree._Element:
    """``rim:RegistryObjectList`` of these objects, in their order."""
    root = etree.Element(f"{_R}RegistryObjectList", nsmap={"rim": RIM})
    for one in objects:
        _append(root, one)
    return root


def build_object(value: AnyObject) -> etree._Element:
    """Element of one object."""
    return build_list((value,))[0]


def _append(parent: etree._Element, value: AnyObject) -> None:
    if isinstance(value, Other):
        _extend(parent, (value.xml,))
    elif isinstance(value, ObjectRef):
        found = etree.SubElement(parent, f"{_R}ObjectRef", _present({"id": value.id, "home": value.home}))
        _more_attributes(found, value.attributes)
        _extend(found, value.extensions)
    else:
        _object(parent, value)


def _object(parent: etree._Element, value: RegistryObject) -> None:
    found = etree.SubElement(parent, _TAGS[type(value)], _present(_attributes(value)))
    _more_attributes(found, value.attributes)
    for one in value.slots:
        _slot(found, one)
    _international(found, f"{_R}Name", value.name)
    _international(found, f"{_R}Description", value.description)
    _version(found, f"{_R}VersionInfo", value.version)
    for code in value.classifications:
        _object(found, code)
    for identifier in value.external_identifiers:
        _object(found, identifier)
    if isinstance(value, ExtrinsicObject):
        _version(found, f"{_R}ContentVersionInfo", value.content_version)
    _extend(found, value.extensions)


def _attributes(value: RegistryObject) -> dict[str, str | None]:
    found = {
        "id": value.id,
        "lid": value.lid,
        "home": value.home,
        "objectType": value.object_type,
        "status": value.status,
    }
    match value:
        case ExtrinsicObject():
            found |= {"mimeType": value.mime_type, "isOpaque": value.is_opaque}
        case Classification():
            found |= {
                "classificationScheme": value.scheme,
                "classificationNode": value.node,
                "classifiedObject": value.classified_object,
                "nodeRepresentation": value.representation,
            }
        case ExternalIdentifier():
            found |= {
                "identificationScheme": value.scheme,
                "registryObject": value.registry_object,
                "value": value.value,
            }
        case Association():
            found |= {
                "associationType": value.type,
                "sourceObject": value.source,
                "targetObject": value.target,
            }
    return found


def _present(found: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in found.items() if value is not None}


def _slot(parent: etree._Element, value: Slot) -> None:
    found = etree.SubElement(parent, _SLOT, _present({"name": value.name, "slotType": value.slot_type}))
    _more_attributes(found, value.attributes)
    if value.values is not None:
        held = etree.SubElement(found, _VALUE_LIST)
        for one in value.values:
            etree.SubElement(held, _VALUE).text = one
    _extend(found, value.extensions)


def _international(parent: etree._Element, tag: str, texts: tuple[Text, ...] | None) -> None:
    if texts is None:
        return
    found = etree.SubElement(parent, tag)
    for one in texts:
        held = etree.SubElement(
            found, _LOCALIZED, _present({_LANG: one.lang, "charset": one.charset, "value": one.value})
        )
        _more_attributes(held, one.attributes)


def _version(parent: etree._Element, tag: str, value: VersionInfo | None) -> None:
    if value is not None:
        found = etree.SubElement(parent, tag, _present({"versionName": value.name, "comment": value.comment}))
        _more_attributes(found, value.attributes)


def _more_attributes(element: etree._Element, more: tuple[tuple[str, str], ...]) -> None:
    for name, value in more:
        element.set(name, value)


def _extend(element: etree._Element, more: Iterable[bytes]) -> None:
    for one in more:
        element.append(etree.fromstring(one, _TRUSTED))


_TRUSTED: Final = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
