"""XDS.b, the wire of the DMP in production: SOAP, ebXML metadata, VIHF and signed submission sets."""
