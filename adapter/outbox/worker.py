"""A worker: takes one row at a time, does the next thing it needs, and writes down what came of it.

Never two copies: a row that may have left is searched by uniqueId before anything is sent again, and a refusal is
searched too, as the document may have arrived by an earlier attempt that looked lost. A mail cannot be searched: one
that may have left is never sent again by itself.
"""

from __future__ import annotations

import hashlib
import logging
import random as random_module
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeGuard

from adapter.dmp import ActsFor, DepositBusy, Dmp, FoundEntry, Mailbox, PatientStatus
from adapter.errors import DmpAccessDenied, DmpError, DmpRejected, DmpUnreachable, OutboxError, OutcomeUnknown
from adapter.outbox.errors import LeaseLost, OutboxBusy
from adapter.outbox.policy import Policy
from adapter.outbox.quiet_log import QuietLog
from adapter.outbox.store import Outbox
from adapter.outbox.values import Claim, Disclosure, Reason, Settlement, State, explain

_STATUSES_MAX: Final = 1000


@dataclass(frozen=True, slots=True)
class Destination:
    """One DMP or mailbox that a worker serves.

    Attributes:
        connect: gives the client; called once a worker, when a row first needs it. A mailbox takes rows that hold a
            mail, a DMP takes the others.
        endpoint: its address; a row queued for another address waits for a person. Empty: any.
    """

    connect: Callable[[], Dmp | Mailbox]
    endpoint: str = ""


@dataclass(slots=True)
class _Pause:
    """A destination that did not answer: left alone until `until`."""

    failures: int
    until: datetime


def _now() -> datetime:
    return datetime.now(UTC)


class Worker:
    """Serves the rows of some destinations. One value a thread; as many threads, processes and hosts as wanted.

    Args:
        destinations: name -> ``Destination``, or the function that gives the client.
        clock: aware time, the same as the queue's.
        random: draws the delays.
        sleep: waits between two looks at the queue; replaced in tests.
        log: where failures are told; one value may serve several workers.
    """

    def __init__(
        self,
        outbox: Outbox,
        destinations: Mapping[str, Callable[[], Dmp | Mailbox] | Destination],
        *,
        policy: Policy | None = None,
        clock: Callable[[], datetime] = _now,
        random: random_module.Random | None = None,
        sleep: Callable[[float], object] = time.sleep,
        log: QuietLog | None = None,
    ) -> None:
        self._outbox = outbox
        self._destinations = {
            name: one if isinstance(one, Destination) else Destination(one) for name, one in destinations.items()
        }
        self._policy = policy or Policy()
        self._clock = clock
        self._random = random or random_module.Random()  # noqa: S311  # spreads the load, guards nothing
        self._sleep = sleep
        self._log = log or QuietLog(logging.getLogger(__name__))
        self._clients: dict[str, Dmp | Mailbox] = {}
        self._pauses: dict[str, _Pause] = {}
        self._reached = State.QUEUED  # how far the row in hand came, and what the audit trail does not know yet
        self._told: list[Disclosure] = []
        self._statuses: OrderedDict[tuple[str, str, str], tuple[datetime, PatientStatus]] = OrderedDict()

    def run(self, stop: threading.Event, poll_s: float = 1.0) -> None:
        """Works until `stop` is set; the row in hand is finished first.

        A queue that is busy or a server that is away is waited for; any other fault of the queue ends the worker.
        """
        try:
            while not stop.is_set():
                try:
                    worked = self.step()
                except OutboxBusy as fault:
                    self._log.tell(logging.WARNING, "file d'envoi", str(fault))
                    worked = False
                if not worked:
                    stop.wait(poll_s)
        finally:
            self._log.flush()

    def drain(self, timeout_s: float | None = None) -> bool:
        """True when nothing is left to do by itself, False when the time is over.

        Rows that wait for a person (blocked, rejected, dead letters) do not count.
        """
        end = None if timeout_s is None else self._clock() + timedelta(seconds=timeout_s)
        try:
            while True:
                while self.step():
                    if end is not None and self._clock() >= end:
                        return False
                wake = self._wake()
                if wake is None:
                    return True
                if end is not None and wake > end:
                    return False
                self._sleep(min(max((wake - self._clock()).total_seconds(), 0.02), 5.0))
        finally:
            self._log.flush()

    def step(self) -> bool:
        """True when a row was worked on, False when nothing is due now."""
        now = self._clock()
        names = [name for name in self._destinations if not self._pausing(name, now)]
        claim = self._outbox.claim(names, self._policy.lease_s)
        if claim is None:
            return False
        try:
            self._serve(claim)
        except LeaseLost:
            self._log.tell(logging.WARNING, claim.destination, "ligne reprise par un autre programme")
        return True

    def _wake(self) -> datetime | None:
        """When something may be due; None when nothing will be."""
        moments, now = [], self._clock()
        for name in self._destinations:
            due = self._outbox.next_due((name,))
            if due is not None:
                moments.append(max(due, self._pauses[name].until) if self._pausing(name, now) else due)
        return min(moments, default=None)

    # ------------------------------------------------------------------ one row

    def _serve(self, claim: Claim) -> None:
        """Does the next thing; a row that something unforeseen interrupts is given back, to be searched first."""
        settled = False
        self._reached = State.QUEUED if claim.state is State.SENDING else claim.state
        self._told.clear()
        try:
            self._advance(claim)
            settled = True
        except LeaseLost:
            settled = True
            raise
        finally:
            if not settled:
                self._give_back(claim)

    def _advance(self, claim: Claim) -> None:
        destination = self._destinations[claim.destination]
        if claim.endpoint and destination.endpoint and claim.endpoint != destination.endpoint:
            self._set_aside(claim)
            return
        match claim.state:
            case State.SENDING if claim.submission.mail is not None:
                self._post(claim)
            case State.SENDING:
                self._send(claim)
            case State.UNKNOWN:
                self._search(claim)
            case _:
                self._read_back(claim, ())

    def _set_aside(self, claim: Claim) -> None:
        """The address changed: what did not leave is blocked, what may have left is kept for a person."""
        if claim.state is State.SENDING:
            self._settle(claim, Settlement(State.BLOCKED, Reason.DESTINATION_CHANGED))
        else:
            self._settle(claim, Settlement(claim.state, Reason.DESTINATION_CHANGED, dead=True))

    def _give_back(self, claim: Claim) -> None:
        state = self._reached
        if state is State.SENDING:
            state = State.UNKNOWN
            self._tell_deposit(claim, "4")
        dead = claim.attempts >= self._policy.max_attempts
        due = None if dead else self._policy.grace_s
        reason = Reason.INTERRUPTED
        if claim.submission.mail is not None and state is not State.QUEUED:
            due, dead = None, state is State.UNKNOWN
            reason = reason if dead else Reason.POSTED
        try:
            self._outbox.settle(
                claim, Settlement(state, reason, due_in_s=due, dead=dead, disclosures=tuple(self._told))
            )
        except OutboxError:
            return  # the end of the lease brings the row back, and the first fault is the one to tell

    def _post(self, claim: Claim) -> None:
        """Hands a mail to its operator; a doubt is left to a person, as nobody can be asked."""
        try:
            mailbox = self._mailbox(claim.destination)
            self._keep_lease(claim)
            self._reached = State.SENDING
            mailbox.submit(claim.submission)
        except OutcomeUnknown as fault:
            self._tell_deposit(claim, "4")
            self._settle(claim, Settlement(State.UNKNOWN, Reason.NO_ANSWER, fault.code, fault.details, dead=True))
        except DmpUnreachable as fault:
            self._not_sent(claim, fault)
        except DmpAccessDenied as fault:
            self._settle(claim, Settlement(State.BLOCKED, Reason.ACCESS_DENIED, fault.code, fault.details))
        except DmpRejected as fault:
            self._tell_deposit(claim, "8")
            self._settle(claim, Settlement(State.REJECTED, Reason.REFUSED, fault.code, fault.details))
        else:
            self._answered(claim.destination)
            self._tell_deposit(claim, "0")
            self._reached = State.ACCEPTED
            self._settle(claim, Settlement(State.ACCEPTED, Reason.POSTED, forward=True))

    def _send(self, claim: Claim) -> None:
        try:
            dmp = self._dmp(claim)
            status = self._status(claim, dmp)
        except DmpError as fault:
            self._not_sent(claim, fault)
            return
        stop = _stopped_by(status)
        if stop is not None:
            self._settle(claim, Settlement(State.BLOCKED, stop, status.reason))
            return
        self._keep_lease(claim)
        if not self._outbox.may_send(claim):
            self._settle(claim, Settlement(State.BLOCKED, Reason.OPPOSITION))
            return
        self._reached = State.SENDING
        try:
            dmp.submit(claim.submission)
        except OutcomeUnknown as fault:
            self._paused(claim.destination, fault, silent=True)
            self._tell_deposit(claim, "4")
            due = max(self._policy.grace_s, self._policy.asked_s(fault.retry_after_s))
            self._fail(claim, State.UNKNOWN, Reason.NO_ANSWER, fault, due)
        except DmpUnreachable as fault:
            self._not_sent(claim, fault)
        except DmpAccessDenied as fault:
            self._tell_deposit(claim, "8")
            self._settle(claim, Settlement(State.BLOCKED, Reason.ACCESS_DENIED, fault.code, fault.details))
        except DmpRejected as fault:
            self._tell_deposit(claim, "8")
            self._refused(claim, dmp, fault)
        else:
            # Written down with what the read-back finds: a death in between costs one search, not a commit each time.
            self._answered(claim.destination)
            self._tell_deposit(claim, "0")
            self._reached = State.ACCEPTED
            self._read_back(claim, ())

    def _keep_lease(self, claim: Claim) -> None:
        """Renews a lease that the exchange to come could outlast."""
        if claim.until - self._clock() < timedelta(seconds=self._policy.exchange_s):
            self._outbox.renew(claim, self._policy.lease_s)

    def _not_sent(self, claim: Claim, fault: DmpError) -> None:
        """No document left."""
        if isinstance(fault, DmpAccessDenied):
            self._settle(claim, Settlement(State.BLOCKED, Reason.ACCESS_DENIED, fault.code, fault.details))
        elif isinstance(fault, DmpRejected):
            self._settle(claim, Settlement(State.REJECTED, Reason.REFUSED, fault.code, fault.details))
        else:
            self._paused(claim.destination, fault, silent=isinstance(fault, DepositBusy))
            delay = self._policy.delay_s(claim.attempts, self._random, fault.retry_after_s)
            self._fail(claim, State.QUEUED, Reason.UNREACHABLE, fault, delay)

    def _refused(self, claim: Claim, dmp: Dmp, fault: DmpRejected) -> None:
        """The DMP refused: perhaps because it has the documents already, from an attempt that looked lost."""
        self._reached = State.UNKNOWN
        try:
            found = self._find(claim, dmp)
        except DmpError as second:
            # Not known whether an earlier attempt arrived: search later, and refuse then.
            delay = self._policy.delay_s(claim.attempts, self._random, second.retry_after_s)
            self._fail(claim, State.UNKNOWN, Reason.NO_ANSWER, fault, delay)
            return
        if _all_ours(claim, found):
            self._reached = State.ACCEPTED
            self._read_back(claim, found)
        else:
            self._settle(claim, Settlement(State.REJECTED, Reason.REFUSED, fault.code, fault.details))

    def _search(self, claim: Claim) -> None:
        """Finds out whether the documents arrived; only when none did may they be sent again."""
        try:
            found = self._find(claim, self._dmp(claim))
        except DmpError as fault:
            self._paused(claim.destination, fault, silent=not isinstance(fault, DmpUnreachable))
            delay = self._policy.delay_s(claim.attempts, self._random, fault.retry_after_s)
            self._fail(claim, State.UNKNOWN, Reason.NO_ANSWER, fault, delay)
            return
        self._answered(claim.destination)
        if not any(found):
            self._fail(claim, State.QUEUED, Reason.NOT_FOUND, None, 0.0)
        elif not all(found):
            self._settle(claim, Settlement(State.REJECTED, Reason.PARTLY_FOUND))
        else:
            self._read_back(claim, found)

    def _read_back(self, claim: Claim, found: Sequence[Sequence[FoundEntry]]) -> None:
        """Compares what the DMP holds with what was sent.

        Args:
            found: what a search just gave, empty to search now.
        """
        try:
            dmp = self._dmp(claim)
            found = found or self._find(claim, dmp)
            if not all(found):
                delay = self._policy.delay_s(claim.attempts, self._random)
                self._fail(claim, State.ACCEPTED, Reason.NOT_FOUND, None, delay)
                return
            same = [self._same(claim, position, dmp, entries) for position, entries in enumerate(found)]
        except DmpAccessDenied as fault:
            self._settle(
                claim, Settlement(State.ACCEPTED, Reason.READ_BACK_DENIED, fault.code, fault.details, forward=True)
            )
        except DmpError as fault:
            self._paused(claim.destination, fault, silent=not isinstance(fault, DmpUnreachable))
            delay = self._policy.delay_s(claim.attempts, self._random, fault.retry_after_s)
            self._fail(claim, State.ACCEPTED, Reason.NO_ANSWER, fault, delay)
        else:
            self._answered(claim.destination)
            if all(same):
                self._settle(claim, Settlement(State.CONFIRMED, forward=True))
            else:
                self._settle(claim, Settlement(State.REJECTED, Reason.OTHER_CONTENT))

    def _same(self, claim: Claim, position: int, dmp: Dmp, entries: Sequence[FoundEntry]) -> bool:
        """True when the DMP holds our bytes, by the hash it tells or by the content itself."""
        entry = claim.submission.entries[position]
        if any(_tells(one) and _same_hash(entry.hash_sha1, entry.size_bytes, one) for one in entries):
            return True
        for one in entries:
            if _tells(one):
                continue
            content = dmp.read(one)
            self._told.append(Disclosure("read", (entry.unique_id,)))
            if hashlib.sha1(content, usedforsecurity=False).digest() == entry.hash_sha1:
                return True
        return False

    # ------------------------------------------------------------------ the DMP

    def _dmp(self, claim: Claim) -> Dmp:
        """Client of a DMP, in the name of the author of the deposit where the client names nobody.

        Raises:
            DmpRejected: a mailbox bears this name now.
        """
        client = self._client(claim.destination)
        if not _is_dmp(client):
            raise DmpRejected("Cette destination est une messagerie, pas un DMP.", code="mailbox")
        return client.acting(claim.submission.set.author) if isinstance(client, ActsFor) else client

    def _mailbox(self, name: str) -> Mailbox:
        """Client of a mailbox.

        Raises:
            DmpRejected: a DMP bears this name now.
        """
        client = self._client(name)
        if _is_dmp(client):
            raise DmpRejected("Cette destination est un DMP, pas une messagerie.", code="dmp")
        return client

    def _client(self, name: str) -> Dmp | Mailbox:
        client = self._clients.get(name)
        if client is None:
            client = self._clients[name] = self._destinations[name].connect()
        return client

    def _status(self, claim: Claim, dmp: Dmp) -> PatientStatus:
        """TD0.2, asked again when the answer is older than ``status_s`` or was not a plain yes."""
        now = self._clock()
        name = (claim.destination, claim.patient, claim.submission.set.author.role_key)
        kept = self._statuses.get(name)
        if kept is not None and 0 <= (now - kept[0]).total_seconds() < self._policy.status_s:
            return kept[1]
        status = dmp.patient_status(claim.submission.set.patient_id)
        if _stopped_by(status) is None:
            self._statuses[name] = (now, status)
            self._statuses.move_to_end(name)
            if len(self._statuses) > _STATUSES_MAX:
                self._statuses.popitem(last=False)
        return status

    def _find(self, claim: Claim, dmp: Dmp) -> list[tuple[FoundEntry, ...]]:
        """What the DMP has under each uniqueId."""
        found = []
        for unique_id in _ids(claim):
            found.append(tuple(dmp.find(claim.submission.set.patient_id, unique_id)))
            self._told.append(Disclosure("search", (unique_id,)))
        return found

    # ------------------------------------------------------------------ outcomes

    def _tell_deposit(self, claim: Claim, outcome: Literal["0", "4", "8"]) -> None:
        """Keeps one deposit for the audit trail; it is written with the next state of the row."""
        self._told.append(Disclosure("submit", _ids(claim), outcome))

    def _fail(self, claim: Claim, state: State, reason: Reason, fault: DmpError | None, delay_s: float) -> None:
        """Tries again later, or leaves a dead letter when the attempts are used up."""
        dead = claim.attempts >= self._policy.max_attempts
        code, said = (fault.code, fault.details) if fault is not None else ("", ())
        self._settle(claim, Settlement(state, reason, code, said, due_in_s=None if dead else delay_s, dead=dead))

    def _settle(self, claim: Claim, settlement: Settlement) -> None:
        state = self._reached = self._outbox.settle(claim, replace(settlement, disclosures=tuple(self._told)))
        self._told.clear()
        if settlement.dead and settlement.state is State.UNKNOWN and claim.submission.mail is not None:
            self._log.tell(logging.ERROR, claim.destination, self._explained(claim, settlement))
        elif settlement.dead:
            self._log.tell(logging.ERROR, claim.destination, "essais épuisés, dépôt mis de côté")
        elif state in (State.REJECTED, State.BLOCKED):
            self._log.tell(logging.WARNING, claim.destination, self._explained(claim, settlement) or "dépôt bloqué")
        elif settlement.reason in (Reason.UNREACHABLE, Reason.NO_ANSWER):
            self._log.tell(logging.WARNING, claim.destination, self._explained(claim, settlement))

    def _explained(self, claim: Claim, settlement: Settlement) -> str:
        return explain(settlement.reason, settlement.dmp_code, mail=claim.submission.mail is not None)

    def _paused(self, name: str, fault: DmpError, *, silent: bool = False) -> None:
        """Leaves a destination that is away alone for a while, so that the rows behind keep their attempts.

        Args:
            silent: the destination may be there: pause only when it asked for it.
        """
        if silent and fault.retry_after_s is None:
            return
        failures = self._pauses[name].failures + 1 if name in self._pauses else 1
        delay = self._policy.delay_s(failures, self._random, fault.retry_after_s)
        self._pauses[name] = _Pause(failures, self._clock() + timedelta(seconds=delay))

    def _pausing(self, name: str, now: datetime) -> bool:
        """True while a destination is left alone; one longer than any of ours was made by a clock ahead."""
        if name not in self._pauses:
            return False
        left = (self._pauses[name].until - now).total_seconds()
        return 0 < left <= max(self._policy.cap_s, self._policy.retry_after_cap_s)

    def _answered(self, name: str) -> None:
        self._pauses.pop(name, None)


def _ids(claim: Claim) -> tuple[str, ...]:
    return tuple(entry.unique_id for entry in claim.submission.entries)


def _is_dmp(client: Dmp | Mailbox) -> TypeGuard[Dmp]:
    return hasattr(client, "find")


def _stopped_by(status: PatientStatus) -> Reason | None:
    if status.state == "absent":
        return Reason.DMP_ABSENT
    if status.state == "closed":
        return Reason.DMP_CLOSED
    return None if status.authorised else Reason.DMP_FORBIDDEN


def _tells(entry: FoundEntry) -> bool:
    return bool(entry.hash_sha1)


def _same_hash(hash_sha1: bytes, size_bytes: int, entry: FoundEntry) -> bool:
    return entry.hash_sha1 == hash_sha1 and entry.size_bytes in (-1, size_bytes)


def _all_ours(claim: Claim, found: Sequence[Sequence[FoundEntry]]) -> bool:
    """True when every document is there, none of them with another hash than ours."""
    return all(
        any(not _tells(one) or _same_hash(entry.hash_sha1, entry.size_bytes, one) for one in entries)
        for entry, entries in zip(claim.submission.entries, found, strict=True)
    )
