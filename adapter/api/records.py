"""What a DMP holds for one patient, looked at and changed, with a trace of every look left first."""

from __future__ import annotations

from typing import Any, Final, Literal

from adapter.api.sending import DmpServer
from adapter.dmp import Dmp, FoundEntry, Mask, PatientStatus
from adapter.errors import Finding, Severity, VisitInvalid
from adapter.model.document import Identifier
from adapter.model.identifiers import INS_ROOTS, IdentifierError, MatriculeIns
from adapter.outbox import Disclosure, Outbox

Change = Literal[
    "mask",
    "unmask",
    "hide-from-patient",
    "show-to-patient",
    "hide-from-guardians",
    "show-to-guardians",
    "archive",
    "unarchive",
]

__all__ = ["CHANGES", "INS_ROOTS", "Change", "FoundEntry", "Identifier", "PatientStatus", "Records", "patient"]

CHANGES: Final[dict[Change, tuple[Mask | None, bool]]] = {
    "mask": ("MASQUE_PS", True),
    "unmask": ("MASQUE_PS", False),
    "hide-from-patient": ("INVISIBLE_PATIENT", True),
    "show-to-patient": ("INVISIBLE_PATIENT", False),
    "hide-from-guardians": ("INVISIBLE_REPRESENTANTS_LEGAUX", True),
    "show-to-guardians": ("INVISIBLE_REPRESENTANTS_LEGAUX", False),
    "archive": (None, True),
    "unarchive": (None, False),
}


def patient(root: str, value: str, path: str = "$.ins") -> Identifier:
    """Identifier of a patient, its form checked, and its key when the number is no test.

    Raises:
        VisitInvalid: it is no INS; the finding stands at `path`.
    """
    try:
        parsed = MatriculeIns.parse(value, root.removeprefix("urn:oid:"))
    except IdentifierError as fault:
        raise VisitInvalid([Finding(fault.rule, Severity.ERROR, path, fault.message)]) from None
    found = parsed.check(path)
    if any(one.severity is Severity.ERROR for one in found):
        raise VisitInvalid(found)
    return Identifier(parsed.root, parsed.value)


class Records:
    """The records of one DMP; serves all the threads of a process.

    Args:
        outbox: where searches and reads leave their trace, before anything is given to the caller.
    """

    def __init__(self, server: DmpServer, outbox: Outbox) -> None:
        self._recipient = server.base_url
        self._outbox = outbox
        self._dmp: Dmp = server.connect()

    def status(self, patient: Identifier) -> PatientStatus:
        """Whether the DMP of the patient is open to the caller (TD0.2)."""
        return self._dmp.patient_status(patient)

    def search(self, patient: Identifier, **filters: str) -> list[FoundEntry]:
        """Documents of the patient (TD3.1a)."""
        found = list(self._dmp.search(patient, **filters))
        self._trace(patient, Disclosure("search", ()))
        return found

    def find(self, patient: Identifier, unique_id: str) -> list[FoundEntry]:
        """Documents under one identifier (TD3.1b)."""
        found = list(self._dmp.find(patient, unique_id))
        self._trace(patient, Disclosure("search", (unique_id,)))
        return found

    def read(self, patient: Identifier, unique_id: str) -> tuple[FoundEntry, bytes] | None:
        """One document and its content, hash and size checked (TD3.2); None when the DMP shows none."""
        found = self.find(patient, unique_id)
        if not found:
            return None
        content = self._dmp.read(found[0])
        self._trace(patient, Disclosure("read", (unique_id,)))
        return found[0], content

    def change(self, patient: Identifier, unique_id: str, change: Change) -> FoundEntry:
        """The document as it is after the change (TD3.3a, b, d)."""
        mask, on = CHANGES[change]
        if mask is None:
            return self._dmp.set_archived(patient, unique_id, on)
        return self._dmp.set_mask(patient, unique_id, mask, on)

    def delete(self, patient: Identifier, unique_id: str) -> None:
        """Deletes a document, which only its author may (TD3.3c)."""
        self._dmp.delete(patient, unique_id)

    def _trace(self, patient: Identifier, *disclosures: Disclosure) -> None:
        self._outbox.record_exchanges(patient, disclosures, recipient=self._recipient)


def as_dict(one: FoundEntry) -> dict[str, Any]:
    """Document for a program; its title, which may name the patient, is left out."""
    return {
        "unique_id": one.unique_id,
        "entry_uuid": one.entry_uuid,
        "location": one.location,
        "version": one.version,
        "status": one.status,
        "archived": one.archived,
        "masks": list(one.masks),
        "type": one.type,
        "class": one.class_,
        "format": one.format,
        "mime_type": one.mime_type,
        "confidentiality": [coding.code for coding in one.confidentiality],
        "created": one.created.isoformat() if one.created else None,
        "service_start": one.service_start.isoformat() if one.service_start else None,
        "hash_sha1": one.hash_sha1.hex(),
        "size_bytes": one.size_bytes,
        "replaces": one.replaces,
    }
