"""CDA R2 printer: a composed `Document` as the XML that the DMP stores."""

from __future__ import annotations

from base64 import b64encode

from adapter.cda.fragments import Markup, around
from adapter.cda.header import header
from adapter.cda.sections import body
from adapter.model.document import Document

_DOCUMENT = around("""
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  {content}
</ClinicalDocument>
""")
_NON_XML_BODY = around("""
<component>
  <nonXMLBody><text mediaType="application/pdf" representation="B64">{data}</text></nonXMLBody>
</component>
""")
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

# Level 1 document: HL7 France, CI-SIS, and IHE XDS-SD; exactly these three.
# Source: CI-SIS Volet Structuration minimale (document non structuré); IHE ITI XDS-SD.
N1_TEMPLATES = ("2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1", "1.3.6.1.4.1.19376.1.2.20")


def render(document: Document) -> bytes:
    """Complete CDA R2 level 3 document, UTF-8 with its declaration.

    Raises:
        ValueError: a text of the document holds a character that XML cannot carry.
    """
    return _bytes(header(document, document.template_ids), body(document.sections, document.oid))


def render_n1(document: Document, pdf: bytes) -> bytes:
    """Complete CDA R2 level 1 document: the same header around `pdf`."""
    data = Markup(b64encode(pdf).decode("ascii"))
    return _bytes(header(document, N1_TEMPLATES), [_NON_XML_BODY.opening, data, _NON_XML_BODY.closing])


def _bytes(head: Markup, content: list[Markup]) -> bytes:
    # Part by part: one rare character makes a whole string slow to encode.
    parts = [_DECLARATION, _DOCUMENT.opening, head, *content, _DOCUMENT.closing]
    return b"".join([part.encode() for part in parts])
