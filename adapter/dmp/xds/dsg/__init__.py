"""The signature of a submission set: one more document, which signs the set and the others (IHE DSG).

Sources: CNAM, sample messages of the DMP v2.05 (TD2.1); IHE ITI, Document Digital Signature; XAdES 1.1.1.
"""

from adapter.dmp.xds.dsg.entry import is_signature
from adapter.dmp.xds.dsg.judging import DsgInvalid, DsgRead, verify
from adapter.dmp.xds.dsg.writing import sign

__all__ = ["DsgInvalid", "DsgRead", "is_signature", "sign", "verify"]
