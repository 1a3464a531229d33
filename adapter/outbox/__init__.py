"""The durable queue between a composed document and the DMP: nothing lost, nothing doubled, everything traced."""

from __future__ import annotations

from adapter.outbox.errors import (
    LeaseLost,
    OutboxBusy,
    OutboxConflict,
    OutboxDamaged,
    OutboxFull,
    OutboxKey,
    OutboxRefusal,
)
from adapter.outbox.policy import Policy
from adapter.outbox.quiet_log import QuietLog
from adapter.outbox.store import Outbox
from adapter.outbox.values import (
    PATIENT,
    REASON_TEXTS,
    ChainReport,
    Claim,
    Disclosure,
    Reason,
    Row,
    Settlement,
    State,
)
from adapter.outbox.worker import Destination, Worker

__all__ = [
    "PATIENT",
    "REASON_TEXTS",
    "ChainReport",
    "Claim",
    "Destination",
    "Disclosure",
    "LeaseLost",
    "Outbox",
    "OutboxBusy",
    "OutboxConflict",
    "OutboxDamaged",
    "OutboxFull",
    "OutboxKey",
    "OutboxRefusal",
    "Policy",
    "QuietLog",
    "Reason",
    "Row",
    "Settlement",
    "State",
    "Worker",
]
