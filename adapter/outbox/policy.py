"""How long to wait, how often to try, and when to stop trying."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Policy:
    """Durations in seconds.

    Attributes:
        lease_s: how long a worker may keep a row without a sign; it covers the longest exchange by far.
        exchange_s: longest single exchange (connect and read time-outs together); a lease shorter than this is
            renewed before a send.
        base_s, cap_s: back-off: a delay drawn between 0 and ``min(cap_s, base_s * 2 ** (attempt - 1))``.
        grace_s: how long after a send without answer the search waits, so that a slow DMP has settled.
        retry_after_cap_s: longest wait that a DMP may ask for; beyond, it is asked again all the same.
        status_s: how long an answer about the DMP of a patient (TD0.2) holds.
        max_attempts: attempts without a step forward after which a row becomes a dead letter. With the defaults the
            last one comes after about two days, so that a week-end outage loses nothing: while a destination is
            unreachable the worker pauses it and the rows behind do not use up attempts.
    """

    lease_s: float = 420.0
    exchange_s: float = 330.0
    base_s: float = 2.0
    cap_s: float = 3600.0
    grace_s: float = 5.0
    retry_after_cap_s: float = 86_400.0
    status_s: float = 60.0
    max_attempts: int = 100

    def delay_s(self, attempt: int, random: Random, retry_after_s: float | None = None) -> float:
        """Seconds before the next attempt: full jitter, and never before what the DMP asked for."""
        ceiling = min(self.cap_s, self.base_s * 2.0 ** min(attempt - 1, 40))
        return max(random.uniform(0.0, ceiling), self.asked_s(retry_after_s))

    def asked_s(self, retry_after_s: float | None) -> float:
        """Seconds that the DMP asked to wait, within ``retry_after_cap_s``; 0 when it asked for none."""
        return min(retry_after_s or 0.0, self.retry_after_cap_s)
