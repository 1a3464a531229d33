"""The DMP, whatever the wire: one port, typed outcomes, errors that tell whether anything may have happened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from adapter.errors import DmpRejected, DmpUnreachable
from adapter.model.coded import Coding
from adapter.model.document import Identifier, Professional
from adapter.submission.values import Submission

EntryStatus = Literal["current", "superseded"]
Mask = Literal["MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"]


@dataclass(frozen=True, slots=True)
class PatientStatus:
    """Answer of TD0.2.

    Attributes:
        state: ``absent`` (no DMP), ``active`` or ``closed``.
        reason: code of the closure or of the refusal, kept whole; empty when there is none.
        attending_physician: the caller is médecin traitant DMP of this patient; None when not told.
        authorised: the caller may act on this DMP; False when the patient blocked him or her.
    """

    state: Literal["absent", "active", "closed"]
    reason: str = ""
    attending_physician: bool | None = None
    authorised: bool = True


@dataclass(frozen=True, slots=True)
class EntryReceipt:
    """One document accepted: where it stands."""

    unique_id: str
    location: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A deposit accepted whole."""

    set_unique_id: str
    entries: tuple[EntryReceipt, ...]


@dataclass(frozen=True, slots=True)
class FoundEntry:
    """One document as the DMP describes it.

    Attributes:
        unique_id, entry_uuid: identifiers (OID; UUID text without prefix).
        location: logical id on the server (``DocumentReference/…``). ``version``: its version (ETag), kept whole.
        status: current or superseded. ``archived``: put away.
        masks: masks of TRE_A07 in force.
        hash_sha1, size_bytes: as the DMP has them; hash empty and size -1 when it does not tell.
        url: where the content is (attachment.url, kept whole).
        replaces: unique_id or reference of the document that it replaces, or empty.
    """

    unique_id: str
    entry_uuid: str
    location: str
    version: str
    status: EntryStatus
    archived: bool
    title: str
    type: str
    class_: str
    mime_type: str
    format: str
    confidentiality: tuple[Coding, ...]
    masks: tuple[str, ...]
    created: datetime | None
    service_start: datetime | None
    hash_sha1: bytes
    size_bytes: int
    url: str
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class FoundSet:
    """One deposit as the DMP describes it (ITI-66).

    Attributes:
        unique_id, entry_uuid: identifiers (OID; UUID text without prefix), empty when not told.
        location: logical id on the server (``List/…``). ``source_id``: OID of the sending system.
        entries: references of its documents, as the server writes them.
    """

    unique_id: str
    entry_uuid: str
    location: str
    status: str
    title: str
    submitted: datetime | None
    source_id: str
    entries: tuple[str, ...]


class ContentAltered(DmpRejected):
    """What was read is not what the DMP describes: size or SHA-1 differ."""


class DepositBusy(DmpUnreachable):
    """This one cannot be taken now (a recipient away, no room for it); the server that was asked takes others."""


class Mailbox(Protocol):
    """What sends mails; nothing that was sent can be searched there."""

    def submit(self, submission: Submission) -> Receipt:
        """Hands one mail to the operator; raises the same errors as ``Dmp.submit``."""
        ...


class Dmp(Protocol):
    """What any wire offers; each method is one transaction and raises ``DmpError`` kinds only.

    ``submit`` raises ``DmpUnreachable`` when nothing was done for sure, ``OutcomeUnknown`` when it cannot tell.
    """

    def patient_status(self, patient: Identifier) -> PatientStatus:
        """TD0.2."""
        ...

    def submit(self, submission: Submission) -> Receipt:
        """TD2 and TD2.1: feed, or replace when an entry says so."""
        ...

    def find(self, patient: Identifier, unique_id: str) -> tuple[FoundEntry, ...]:
        """TD3.1b: entries bearing this uniqueId, none when the DMP has none; every status is searched."""
        ...

    def search(self, patient: Identifier, **filters: str) -> Iterator[FoundEntry]:
        """TD3.1a, page after page."""
        ...

    def read(self, entry: FoundEntry) -> bytes:
        """TD3.2: content, its hash and size checked."""
        ...

    def set_mask(self, patient: Identifier, unique_id: str, mask: Mask, on: bool) -> FoundEntry:
        """TD3.3a/b: put or lift one mask; the uniqueId does not change."""
        ...

    def set_archived(self, patient: Identifier, unique_id: str, archived: bool) -> FoundEntry:
        """TD3.3d."""
        ...

    def delete(self, patient: Identifier, unique_id: str) -> None:
        """TD3.3c: logical deletion by the author."""
        ...


@runtime_checkable
class ActsFor(Protocol):
    """A client that may call in the name of the author of what is sent, where its own settings name nobody."""

    def acting(self, author: Professional) -> Dmp:
        """The same client, for what this professional does."""
        ...
