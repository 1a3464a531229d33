"""ebXML registry objects as values, built into XML and read from it without loss."""

from adapter.dmp.xds.ebxml.building import build, build_list, build_object
from adapter.dmp.xds.ebxml.names import LCM, RIM
from adapter.dmp.xds.ebxml.reading import EbxmlInvalid, parse, parse_list, parse_object
from adapter.dmp.xds.ebxml.values import (
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
    slot,
    text,
)

__all__ = [
    "LCM",
    "RIM",
    "Association",
    "Classification",
    "EbxmlInvalid",
    "ExternalIdentifier",
    "ExtrinsicObject",
    "ObjectRef",
    "Other",
    "RegistryObject",
    "RegistryPackage",
    "Slot",
    "SubmitObjects",
    "Text",
    "VersionInfo",
    "build",
    "build_list",
    "build_object",
    "parse",
    "parse_list",
    "parse_object",
    "slot",
    "text",
]
