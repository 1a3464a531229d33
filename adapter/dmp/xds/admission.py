"""Whether a DMP is open to the caller (TD0.2), and the caller's own authorisation on it (TD0.3).

Source: GIE SESAM-Vitale, DMP vendor package (PRPA_IN201307UV02, service of habilitations).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

from adapter.dmp import PatientStatus
from adapter.dmp.xds import hl7v3, outcome, redaction
from adapter.dmp.xds.exchange import Call, Exchange
from adapter.dmp.xds.registry import unexpected
from adapter.model.document import Identifier

EXISTENCE: Final = "urn:hl7-org:v3:PRPA_IN201307UV02"
AUTHORISE: Final = "urn:si-dmp-habilitations:HabilitationsEndPoint:setAuthorization"


class Admission:
    """Questions and changes of one DMP; rights are looked at by who calls.

    Args:
        exchange: how it is reached. ``patients``, ``habilitations``: where.
        sender: OID and name of the software.
        processing: code of processing of TD0.2.
    """

    def __init__(
        self,
        exchange: Exchange,
        patients: str,
        habilitations: str,
        sender: hl7v3.Sender,
        processing: str,
        *,
        clock: Callable[[], datetime],
        new_uuid: Callable[[], UUID],
    ) -> None:
        self._exchange = exchange
        self._patients = patients
        self._habilitations = habilitations
        self._sender = sender
        self._processing = processing
        self._clock = clock
        self._new_uuid = new_uuid

    def status(self, patient: Identifier) -> PatientStatus:
        """State of the DMP of this patient, and whether the caller may act on it."""
        query = hl7v3.ExistenceQuery(patient, self._own_id(), self._own_id())
        payload = hl7v3.existence_query(query, self._sender, self._clock(), self._processing)
        reply = self._exchange.call(Call("TD0.2", self._patients, EXISTENCE, payload, patient))
        found = hl7v3.read_status(reply.payload)
        if found is None:
            raise unexpected(reply, patient, safe=True)
        return found

    def change(self, patient: Identifier, action: str) -> str:
        """Code of the DMP once the authorisation is changed.

        Raises:
            DmpError: it is not.
        """
        payload = hl7v3.authorisation_request(action)
        reply = self._exchange.call(Call("TD0.3", self._habilitations, AUTHORISE, payload, patient, safe=False))
        found = hl7v3.read_authorisation_answer(reply.payload)
        if found is None:
            raise unexpected(reply, patient, safe=False)
        code, context = found
        if code != hl7v3.OK:
            raise outcome.by_codes(
                (outcome.told(code, (patient.value,)),), details=(redaction.cut(context, (patient.value,)),)
            )
        return code

    def _own_id(self) -> Identifier:
        return Identifier(self._sender.oid, str(self._new_uuid()))
