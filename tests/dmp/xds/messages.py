"""What the tests of XDS share: examples published elsewhere, schemas, comparison of XML whatever its prefixes."""

from __future__ import annotations

import zipfile
from pathlib import Path

from lxml import etree

from adapter.dmp.xds import mtom
from adapter.dmp.xds.received_xml import read_xml

SOAP_SPACES = ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")


def schema(shared: Path, name: str = "XDS.b_DocumentRepository.xsd") -> etree.XMLSchema:
    """Published schema of this name."""
    return etree.XMLSchema(etree.parse(str(shared / "xds" / "schema" / "nist" / name)))


def payload(root: etree._Element) -> etree._Element:
    """First element of the body of an envelope, or the root itself when it is no envelope."""
    for space in SOAP_SPACES:
        body = root.find(f"{{{space}}}Body")
        if body is not None:
            return body[0]
    return root


def example(shared: Path, name: str) -> etree._Element:
    """Payload of a published example; a multipart dump is read without its header."""
    data = (shared / "xds" / "examples" / name).read_bytes()
    if name.endswith(".multipart"):
        boundary = data.split(b"\n", 1)[0].strip()[2:].decode()
        data = bytes(mtom.read(data, f'multipart/related; boundary="{boundary}"').root)
    return payload(read_xml(data))


def media(shared: Path) -> dict[str, bytes]:
    """METADATA.XML of the published media, by name of the zip."""
    found = {}
    for path in sorted((shared / "xds" / "examples" / "nist").glob("*.zip")):
        with zipfile.ZipFile(path) as held:
            for name in held.namelist():
                if name.upper().endswith("METADATA.XML") and "MACOSX" not in name and ".SVN" not in name.upper():
                    found[f"{path.name}:{name}"] = held.read(name)
    return found


def plain(element: etree._Element, *, drop: tuple[str, ...] = ()) -> object:
    """Tree as nested tuples: names, attributes, text; no prefix, no comment, no white space between elements.

    Args:
        drop: names of attributes that are left out (those that point to a schema).
    """
    children = tuple(plain(one, drop=drop) for one in element.iterchildren("*"))
    text = element.text or ""
    if children:
        text = text.strip()
    attributes = tuple(sorted((str(n), str(v)) for n, v in element.attrib.items() if n not in drop))
    return (str(element.tag), attributes, text, children)


def canonical(element: etree._Element) -> bytes:
    """Canonical form."""
    return etree.tostring(element, method="c14n")
