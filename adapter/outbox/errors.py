"""What the durable queue can refuse, as types; every message is for a person and holds no patient data."""

from __future__ import annotations

from adapter.errors import OutboxError


class OutboxConflict(OutboxError):
    """The same document was queued before with other bytes, in another row, or after a newer version left."""


class OutboxBusy(OutboxError):
    """Another process held the queue too long, or its server did not answer; nothing was changed: try again."""


class OutboxContended(OutboxBusy):
    """Two transactions met on the same rows; the store runs its own again, a caller seldom sees it."""


class OutboxFull(OutboxError):
    """No room left on the disk; nothing was changed."""


class OutboxDamaged(OutboxError):
    """The queue cannot be read: not ours, corrupt, or written by a newer version."""


class OutboxKey(OutboxError):
    """The encryption key is missing, malformed, or is not the one that the queue was made with."""


class OutboxRefusal(OutboxError):
    """This row cannot do that in the state it is in."""


class LeaseLost(OutboxError):
    """Another worker took the row over; whatever was done is found again by a search, not by this worker."""
