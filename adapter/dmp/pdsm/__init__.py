"""The DMP over PDSm 3.1.1 (FHIR R4): a client of the port ``Dmp``."""

from adapter.dmp.pdsm.client import DOCUMENT_FILTERS, SET_FILTERS, PdsmClient

__all__ = ["DOCUMENT_FILTERS", "SET_FILTERS", "PdsmClient"]
