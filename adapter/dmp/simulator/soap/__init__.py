"""The wire of production of the simulated DMP: SOAP, ebXML, VIHF, signed sets, over the same documents as PDSm."""
