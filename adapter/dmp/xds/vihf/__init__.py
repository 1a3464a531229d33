"""The VIHF: a signed SAML 2.0 assertion that says who calls, from where, in which mode and for which patient.

Sources: CNAM, sample messages of the DMP v2.05; ANS, Volet Transmission d'un document CDA en HL7 v2 (page of the
correspondences); OASIS SAML 2.0 core.
"""

from adapter.dmp.xds.vihf.judging import require_patient, verify
from adapter.dmp.xds.vihf.reading import VihfInvalid, VihfRead, read
from adapter.dmp.xds.vihf.values import Caller, Software, acting, caller, roles
from adapter.dmp.xds.vihf.writing import assertion

__all__ = [
    "Caller",
    "Software",
    "VihfInvalid",
    "VihfRead",
    "acting",
    "assertion",
    "caller",
    "read",
    "require_patient",
    "roles",
    "verify",
]
