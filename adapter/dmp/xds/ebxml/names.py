"""Namespaces of ebRS 3.0. Source: OASIS ebXML RegRep 3.0, schemas rim, rs, lcm, query."""

from __future__ import annotations

from typing import Final

RIM: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
RS: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
LCM: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
QUERY: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"
XDSB: Final = "urn:ihe:iti:xds-b:2007"
EBRS21: Final = "urn:oasis:names:tc:ebxml-regrep:registry:xsd:2.1"
XML: Final = "http://www.w3.org/XML/1998/namespace"

PREFIXES: Final = {"rim": RIM, "rs": RS, "lcm": LCM, "query": QUERY, "xds": XDSB}
