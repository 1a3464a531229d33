"""The queue itself: every method is one transaction, and the audit trail moves in the same one."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from adapter.model.document import Identifier
from adapter.outbox import audit, payload, requests, schema, statements, trail
from adapter.outbox.database import Database, Session, retried
from adapter.outbox.errors import LeaseLost, OutboxConflict, OutboxContended, OutboxDamaged, OutboxRefusal
from adapter.outbox.opening import find_database, unlock
from adapter.outbox.rows import milliseconds, read_page, read_row, read_state
from adapter.outbox.rows import moment as to_moment
from adapter.outbox.sealing import KEY_VARIABLE, Seal, parse_key, patient_digest
from adapter.outbox.values import PATIENT, ChainReport, Claim, Disclosure, Reason, Row, Settlement, State
from adapter.submission.values import Submission

_CODE_MAX: Final = 200
_SAID_MAX: Final = 1000
NO_ROW: Final = 0  # rows count from 1
_FAR: Final = timedelta(days=3)  # above every lease, back-off and Retry-After of ``Policy``
_MAIL: Final = "SELECT id FROM outbox_row WHERE message_id = :told AND recipient <> '' ORDER BY id DESC"
_AT_THE_DMP: Final = frozenset({Reason.PARTLY_FOUND, Reason.OTHER_CONTENT})


def _now() -> datetime:
    return datetime.now(UTC)


class Outbox:
    """The durable queue. One value serves all the threads of a process; open one a process.

    Use ``Outbox.open``.
    """

    def __init__(self, database: Database, seal: Seal, secret: bytes, clock: Callable[[], datetime], host: str) -> None:
        self._database = database
        self._seal = seal
        self._secret = secret
        self._clock = clock
        self._host = host

    @classmethod
    def open(
        cls, url: str, *, key: str | None = None, clock: Callable[[], datetime] = _now, host: str | None = None
    ) -> Self:
        """The queue at `url`, created or migrated when needed.

        Args:
            url: ``sqlite:///relative.db``, ``sqlite:////absolute.db`` or ``postgresql://...``.
            key: 32 bytes in base64 that encrypt what the rows hold; None reads ``DMP_ADAPTER_OUTBOX_KEY``; empty: no
                encryption. A queue keeps to what it was created with.
            clock: aware time.
            host: name of this system in the audit trail; None for the name of the machine.
        Raises:
            OutboxError: what is wrong with the place, the key or the content.
        """
        text = os.environ.get(KEY_VARIABLE, "") if key is None else key
        seal = Seal(parse_key(text) if text else None)
        database = find_database(url)
        try:
            schema.migrate(database, audit.GENESIS)
            secret = unlock(database, seal, bool(text))
        except BaseException:
            database.close()
            raise
        return cls(database, seal, secret, clock, host or socket.gethostname())

    def close(self) -> None:
        """Closes the connections of this process."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # ------------------------------------------------------------------ what callers do

    @retried
    def enqueue(
        self,
        submission: Submission,
        *,
        destination: str,
        form: str = "",
        endpoint: str = "",
        idempotency_key: str | None = None,
        mappings_digest: str = "",
    ) -> int:
        """Number of the row that holds this deposit, on the disk when the call returns.

        The same key and bytes give the same row, however often it is asked; for a mail the recipient is part of the
        key. A patient's opposition noted before leaves the row blocked; it is about the DMP and stops no mail.

        Args:
            destination: name of the DMP or mailbox among those the workers serve. endpoint: its address now; empty:
                any.
            form: form of the documents, for people.
            idempotency_key: None for the one derived from the uniqueIds of the documents.
            mappings_digest: digest of the tables that made the documents, kept for the trace; a deposit that is known
                keeps its first one.
        Raises:
            OutboxConflict: same key or same document with other bytes, or a newer version has left already.
            OutboxRefusal: the values contradict each other.
        """
        digest = _checked_digest(submission)
        ids = [entry.unique_id for entry in submission.entries]
        key = idempotency_key or hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()
        lane, recipient = destination, ""
        if submission.mail is not None:
            lane = f"{destination}/{self.recipient_digest(submission.mail.recipient)}"
            recipient = PATIENT if submission.mail.to_patient else submission.mail.recipient
            key = hashlib.sha256(f"{key}\n{lane}".encode()).hexdigest()
        patient = self.patient_digest(submission.set.patient_id)
        now = milliseconds(self._clock())
        with self._database.transaction() as session:
            known = session.run(
                "SELECT id, content_digest FROM outbox_row"
                " WHERE destination = :destination AND key = :key AND state <> 'withdrawn'",
                destination=destination,
                key=key,
            )
            if known:
                if known[0][1] != digest:
                    raise OutboxConflict("Ce dépôt est déjà en file avec un autre contenu : corriger par une version.")
                return int(known[0][0])
            self._refuse_conflicts(session, submission, lane, key)
            opposed = not recipient and self._opposed(session, patient)
            ((row_id,),) = session.run(
                "INSERT INTO outbox_row (key, destination, endpoint, form, patient, state, reason, due_at, created_at,"
                " updated_at, set_unique_id, content_digest, size_bytes, recipient, mappings_digest, message_id) VALUES"
                " (:key, :destination, :endpoint, :form, :patient, :state, :reason, :due, :now, :now, :set_id, :digest,"
                " :size, :recipient, :mappings_digest, :message_id) RETURNING id",
                key=key,
                destination=destination,
                endpoint=endpoint,
                form=form,
                patient=patient,
                state=State.BLOCKED.value if opposed else State.QUEUED.value,
                reason=Reason.OPPOSITION.value if opposed else "",
                due=None if opposed else now,
                now=now,
                set_id=submission.set.unique_id,
                digest=digest,
                size=sum(map(len, submission.contents)),
                recipient=recipient,
                mappings_digest=mappings_digest,
                message_id=submission.mail.message_id if submission.mail is not None else "",
            )
            session.run_many(
                "INSERT INTO outbox_document (row_id, position, destination, patient, set_id, version, unique_id,"
                " replaces) VALUES (:row_id, :position, :destination, :patient, :set_id, :version, :unique_id,"
                " :replaces)",
                [
                    {
                        "row_id": row_id,
                        "position": position,
                        "destination": lane,
                        "patient": patient,
                        "set_id": entry.set_id,
                        "version": entry.version,
                        "unique_id": entry.unique_id,
                        "replaces": entry.replaces,
                    }
                    for position, entry in enumerate(submission.entries, 1)
                ],
            )
            session.run_many(
                "INSERT INTO outbox_part (row_id, position, body) VALUES (:row_id, :position, :body)",
                [
                    {"row_id": row_id, "position": position, "body": self._seal.close(body, f"{key}/{position}")}
                    for position, body in enumerate((payload.to_json(submission), *payload.bodies(submission)))
                ],
            )
        return int(row_id)

    def row(self, row_id: int) -> Row:
        """One row.

        Raises:
            OutboxRefusal: there is none.
        """
        with self._database.reading() as session:
            return read_row(session, row_id)

    def submission(self, row_id: int) -> Submission:
        """What one row holds, unsealed: metadata and documents; for this practice only.

        Raises:
            OutboxRefusal: there is no such row.
            OutboxDamaged: it cannot be read, or it was purged.
        """
        with self._database.reading() as session:
            return self._load(session, row_id, read_row(session, row_id).key)

    def rows(
        self,
        *,
        state: State | None = None,
        destination: str | None = None,
        dead: bool | None = None,
        reason: Reason | None = None,
        patient: Identifier | None = None,
        after: int = 0,
    ) -> Iterator[Row]:
        """Rows in the order of arrival, page by page, those that meet every condition given.

        Args:
            after: number above which they begin.
        """
        conditions: dict[str, object] = {}
        if state is not None:
            conditions["state"] = state.value
        if destination is not None:
            conditions["destination"] = destination
        if dead is not None:
            conditions["dead"] = int(dead)
        if reason is not None:
            conditions["reason"] = reason.value
        if patient is not None:
            conditions["patient"] = self.patient_digest(patient)
        while True:
            with self._database.reading() as session:
                page = read_page(session, after, conditions)
            if not page:
                return
            yield from page
            after = page[-1].id

    def counts(self) -> Mapping[State, int]:
        """Rows in each state, states without rows left out; dead letters count in their state."""
        with self._database.reading() as session:
            return {
                read_state(state): count
                for state, count in session.run("SELECT state, count(*) FROM outbox_row GROUP BY state")
            }

    @retried
    def withdraw(self, row_id: int) -> None:
        """Takes back a row that did not leave; its documents may be queued again.

        Raises:
            OutboxRefusal: the row left, or may have left.
        """
        with self._database.transaction() as session:
            row = self._hold(session, row_id)
            if row.state not in (State.QUEUED, State.BLOCKED, State.REJECTED) or row.reason in _AT_THE_DMP:
                raise OutboxRefusal("Ce dépôt est parti, ou a pu partir : il ne peut plus être retiré de la file.")
            self._put(session, row_id, State.WITHDRAWN, Reason.NONE, None)
            session.run("UPDATE outbox_document SET live = 0 WHERE row_id = :id", id=row_id)
            requests.forget(session, row_id)

    @retried
    def retry(self, row_id: int) -> None:
        """Replays a row now: a dead letter, a blocked or rejected row, or one that waits for its next attempt.

        What may have left is searched first. A mail cannot be: a person who learnt from its recipient that it did not
        arrive has it sent again under the same Message-ID, even one that the operator took. An address that changed is
        taken as confirmed.

        Raises:
            OutboxRefusal: nothing to replay, content purged, or the patient's opposition stands.
        """
        with self._database.transaction() as session:
            row = self._hold(session, row_id)
            if row.purged:
                raise OutboxRefusal("Le contenu de ce dépôt a été purgé : convertir la visite de nouveau.")
            state = {
                State.QUEUED: State.QUEUED,
                State.BLOCKED: State.QUEUED,
                State.REJECTED: State.QUEUED,
                State.UNKNOWN: State.QUEUED if row.recipient else State.UNKNOWN,
                State.ACCEPTED: State.QUEUED if row.recipient else State.ACCEPTED,
            }.get(row.state)
            if state is None:
                raise OutboxRefusal("Ce dépôt est en cours ou terminé : il n'y a rien à rejouer.")
            if row.recipient and session.run(statements.OVERTAKEN, id=row_id):
                raise OutboxRefusal("Une version plus récente de ce document est partie vers ce destinataire.")
            ((patient, lease),) = session.run("SELECT patient, lease FROM outbox_row WHERE id = :id", id=row_id)
            if lease is not None:
                raise OutboxRefusal("Ce dépôt est entre les mains d'un autre programme : attendre qu'il ait fini.")
            if state is State.QUEUED and not row.recipient and self._opposed(session, patient):
                raise OutboxRefusal("L'opposition du patient est enregistrée : la lever avant de rejouer ce dépôt.")
            self._put(session, row_id, state, Reason.NONE, milliseconds(self._clock()))
            session.run("UPDATE outbox_row SET attempts = 0, dead = 0, endpoint = '' WHERE id = :id", id=row_id)

    def answered(self, request: str, digest: str) -> bytes | None:
        """Answer kept for this request, None when it is new.

        Args:
            request: name that its caller gives it. digest: of its content.
        Raises:
            OutboxConflict: the same name came with another content.
        """
        with self._database.reading() as session:
            return requests.find(session, self._request_name(request), digest)

    @retried
    def keep_answer(self, request: str, digest: str, row_id: int, answer: bytes) -> None:
        """Keeps what was answered to the request that made this row, until the row is withdrawn."""
        with self._database.transaction() as session:
            now = milliseconds(self._clock())
            requests.keep(session, self._request_name(request), digest, row_id, answer, now)

    def _request_name(self, request: str) -> str:
        return hmac.new(self._secret, request.encode(), hashlib.sha256).hexdigest()

    def find_mail(self, message_id: str) -> int | None:
        """Number of the row of this mail, None when the queue knows none."""
        with self._database.reading() as session:
            found = session.run(_MAIL, told=message_id)
        return int(found[0][0]) if found else None

    @retried
    def record_notice(self, message_id: str, *, taken: bool, code: str = "") -> int | None:
        """Number of the row of this mail, ``confirmed`` or ``rejected`` from now on; None when the queue knows none.

        A mail whose fate was not known, or that waited to be sent again, is settled by it.

        Args:
            taken: the recipient has it. code: why not.
        Raises:
            OutboxRefusal: the row never left, or is being sent.
        """
        with self._database.transaction() as session:
            found = session.run(_MAIL, told=message_id)
            if not found:
                return None
            row = self._hold(session, found[0][0])
            if row.state in (State.BLOCKED, State.WITHDRAWN, State.SENDING):
                raise OutboxRefusal("Ce message n'est pas parti, ou part en ce moment : l'avis n'est pas noté.")
            if taken:
                self._put(session, row.id, State.CONFIRMED, Reason.ACKNOWLEDGED, None, forward=True)
                session.run(statements.REPLACE, id=row.id, now=milliseconds(self._clock()))
            else:
                self._put(session, row.id, State.REJECTED, Reason.NOT_INTEGRATED, None, dmp_code=code)
        return row.id

    @retried
    def record_opposition(self, patient: Identifier) -> int:
        """How many rows of this patient were stopped; those not sent yet, and those queued later, are blocked.

        A row that may have left is still searched, and never sent again. Mails are not stopped: the opposition is about
        the DMP.
        """
        now = milliseconds(self._clock())
        digest = self.patient_digest(patient)
        with self._database.transaction() as session:
            session.run(
                "INSERT INTO outbox_opposition (patient, recorded_at) VALUES (:patient, :now)"
                " ON CONFLICT (patient) DO NOTHING",
                patient=digest,
                now=now,
            )
            stopped = session.run(
                "UPDATE outbox_row SET state = 'blocked', reason = :reason, due_at = NULL, updated_at = :now"
                " WHERE patient = :patient AND state = 'queued' AND recipient = '' RETURNING id",
                reason=Reason.OPPOSITION.value,
                patient=digest,
                now=now,
            )
        return len(stopped)

    @retried
    def lift_opposition(self, patient: Identifier) -> None:
        """Forgets the opposition; the rows that it stopped leave when they are retried."""
        with self._database.transaction() as session:
            session.run("DELETE FROM outbox_opposition WHERE patient = :p", p=self.patient_digest(patient))

    def opposed(self, patient: Identifier) -> bool:
        """True when the patient's opposition is recorded."""
        with self._database.reading() as session:
            return self._opposed(session, self.patient_digest(patient))

    @retried
    def purge(self, older_than: timedelta) -> int:
        """How many rows lost their content: those finished for longer than `older_than`.

        The trace stays (identifiers, states, audit): the same deposit asked again is still recognised. Rows that wait
        for a person (blocked, dead letters) keep their content.
        """
        with self._database.transaction() as session:
            ids = session.run(
                "UPDATE outbox_row SET purged = 1 WHERE purged = 0 AND dead = 0 AND updated_at < :before AND (state IN"
                " ('confirmed', 'replaced', 'rejected', 'withdrawn') OR (state = 'accepted' AND due_at IS NULL))"
                " RETURNING id",
                before=milliseconds(self._clock() - older_than),
            )
            session.run_many("DELETE FROM outbox_part WHERE row_id = :id", [{"id": row_id} for (row_id,) in ids])
        return len(ids)

    def verify(self) -> ChainReport:
        """What the check of the whole queue found: the pages of the file, then every link of the audit chain.

        Raises:
            OutboxDamaged: the file itself does not hold.
        """
        self._database.check()
        with self._database.reading() as session:
            return trail.check(session)

    def export_audit(self) -> Iterator[bytes]:
        """The audit trail as NDJSON: one FHIR AuditEvent a line, oldest first.

        Each line holds the SHA-256 of the line before (its line end left out), so that the export proves itself.
        """
        after = 0
        while True:  # a transaction a page: the caller may write to the queue between two lines
            with self._database.reading() as session:
                page = trail.page(session, after)
            yield from (event + b"\n" for _, event, _ in page)
            if not page:
                return
            after = page[-1][0]

    @retried
    def record_exchanges(self, patient: Identifier, disclosures: tuple[Disclosure, ...], *, recipient: str) -> None:
        """Adds to the audit trail the searches and reads of a patient's DMP that no row of the queue made.

        Args:
            recipient: address or name of the DMP.
        """
        digest = self.patient_digest(patient)
        with self._database.transaction() as session:
            trail.append(
                session,
                self._database.for_update,
                disclosures,
                row_id=NO_ROW,
                author=None,
                patient=digest,
                observer=self._host,
                recipient=recipient,
                recorded=self._clock(),
            )

    def patient_digest(self, patient: Identifier) -> str:
        """Keyed digest under which the rows and the audit events of this patient stand."""
        return patient_digest(self._secret, patient.root, patient.value)

    def recipient_digest(self, address: str) -> str:
        """Keyed digest of an address, which may hold an INS; its case does not count."""
        return patient_digest(self._secret, "mailto", address.lower())

    # ------------------------------------------------------------------ what workers do

    def claim(self, destinations: Sequence[str], lease_s: float) -> Claim | None:
        """The next row to work on, leased; None when nothing is due for these destinations.

        The row comes back to ``claim`` by itself when the lease ends. A row found ``sending`` was cut: it becomes
        ``unknown``, and the audit trail says that the documents may have left; a mail is then left for a person.
        """
        if not destinations:
            return None
        while True:
            claim = self._claim(tuple(destinations), lease_s)
            if not isinstance(claim, bool):
                return claim
            if not claim:
                return None

    @retried
    def _claim(self, destinations: tuple[str, ...], lease_s: float) -> Claim | bool:
        """One claim; False when nothing is due; True when a row was put aside and the next one must be looked at."""
        moment = self._clock()
        now, until = milliseconds(moment), moment + timedelta(seconds=lease_s)
        names = {f"name{number}": name for number, name in enumerate(destinations)}
        statement = (
            statements.DUE.format(names=", ".join(f":{name}" for name in names)) + " " + self._database.skip_locked
        )
        with self._database.transaction() as session:
            due = session.run(statement, now=now, **names)
            if not due:
                return self._pull_back(session, names, moment)
            row_id, key, destination, endpoint, before, patient, attempts, recipient = due[0]
            if before == State.QUEUED.value and not recipient:
                if self._opposed(session, patient):
                    self._put(session, row_id, State.BLOCKED, Reason.OPPOSITION, None)
                    return True
                if session.run(statements.PREDECESSOR_STOPPED, id=row_id):
                    self._put(session, row_id, State.BLOCKED, Reason.PREDECESSOR, None)
                    return True
            try:
                submission = self._load(session, row_id, key)
            except OutboxDamaged:
                held = State.UNKNOWN if before == State.SENDING.value else read_state(before)
                self._put(session, row_id, held, Reason.UNREADABLE, None, dead=True)
                return True
            state = {State.QUEUED.value: State.SENDING, State.SENDING.value: State.UNKNOWN}.get(before) or read_state(
                before
            )
            token = secrets.token_hex(16)
            session.run(
                "UPDATE outbox_row SET state = :state, lease = :token, due_at = :until, attempts = attempts + 1,"
                " reason = CASE WHEN state = 'sending' THEN :expired ELSE reason END, updated_at = :now WHERE id = :id",
                state=state.value,
                token=token,
                until=milliseconds(until),
                expired=Reason.LEASE_EXPIRED.value,
                now=now,
                id=row_id,
            )
            claim = Claim(row_id, token, state, destination, endpoint, patient, attempts + 1, until, submission)
            if before == State.SENDING.value:
                self._audit(session, claim, (Disclosure("submit", _ids(submission), "4"),))
                if recipient:
                    self._put(session, row_id, State.UNKNOWN, Reason.LEASE_EXPIRED, None, dead=True)
                    return True
        return claim

    def _pull_back(self, session: Session, names: dict[str, str], now: datetime) -> bool:
        """True when rows planned beyond any wait were made due: the clock was ahead when they were written."""
        listed = ", ".join(f":{name}" for name in names)
        return bool(
            session.run(
                f"UPDATE outbox_row SET due_at = :now WHERE due_at > :far AND destination IN ({listed}) RETURNING id",  # noqa: S608  # names of parameters from the line above
                now=milliseconds(now),
                far=milliseconds(now + _FAR),
                **names,
            )
        )

    @retried
    def may_send(self, claim: Claim) -> bool:
        """False when the patient's opposition was recorded since the claim.

        Raises:
            LeaseLost: another worker has the row.
        """
        with self._database.reading() as session:
            if not session.run(
                "SELECT 1 FROM outbox_row WHERE id = :id AND lease = :token", id=claim.row_id, token=claim.token
            ):
                raise LeaseLost("Un autre programme a repris cette ligne de la file d'envoi.")
            return claim.submission.mail is not None or not self._opposed(session, claim.patient)

    @retried
    def renew(self, claim: Claim, lease_s: float) -> datetime:
        """New end of the lease.

        Raises:
            LeaseLost: another worker has the row.
        """
        until = self._clock() + timedelta(seconds=lease_s)
        with self._database.transaction() as session:
            if not session.run(
                "UPDATE outbox_row SET due_at = :until WHERE id = :id AND lease = :token RETURNING id",
                until=milliseconds(until),
                id=claim.row_id,
                token=claim.token,
            ):
                raise LeaseLost("Un autre programme a repris cette ligne de la file d'envoi.")
        return until

    @retried
    def settle(self, claim: Claim, settlement: Settlement) -> State:
        """State in which the row now is: the one asked, or ``blocked`` when the patient's opposition stands.

        Raises:
            LeaseLost: another worker has the row; what was disclosed is in the audit trail all the same.
        """
        now = self._clock()
        state, reason, due_in_s = settlement.state, settlement.reason, settlement.due_in_s
        mail = claim.submission.mail is not None
        with self._database.transaction() as session:
            held = session.run(
                f"SELECT 1 FROM outbox_row WHERE id = :id AND lease = :token {self._database.for_update}",  # noqa: S608  # constant of the database
                id=claim.row_id,
                token=claim.token,
            )
            if held:
                if state is State.QUEUED and not mail and self._opposed(session, claim.patient):
                    state, reason, due_in_s = State.BLOCKED, Reason.OPPOSITION, None
                due = None if due_in_s is None else milliseconds(now + timedelta(seconds=due_in_s))
                self._put(
                    session,
                    claim.row_id,
                    state,
                    reason,
                    due,
                    dead=settlement.dead,
                    dmp_code=settlement.dmp_code,
                    dmp_said=" ; ".join(settlement.dmp_said),
                    forward=settlement.forward,
                )
                if state is State.CONFIRMED:
                    session.run(statements.REPLACE, id=claim.row_id, now=milliseconds(now))
                if state in (State.ACCEPTED, State.CONFIRMED):
                    session.run(statements.RELEASE_SUCCESSORS, id=claim.row_id, now=milliseconds(now))
            self._audit(session, claim, settlement.disclosures)
        if not held:
            raise LeaseLost("Un autre programme a repris cette ligne de la file d'envoi.")
        return state

    def next_due(self, destinations: Sequence[str]) -> datetime | None:
        """When the next row of these destinations is due or its lease ends; None when none is."""
        if not destinations:
            return None
        names = {f"name{number}": name for number, name in enumerate(destinations)}
        listed = ", ".join(f":{name}" for name in names)
        with self._database.reading() as session:
            ((due,),) = session.run(
                f"SELECT min(due_at) FROM outbox_row WHERE due_at IS NOT NULL AND destination IN ({listed})",  # noqa: S608  # names of parameters from the line above
                **names,
            )
        return None if due is None else to_moment(due)

    # ------------------------------------------------------------------ inside a transaction

    def _refuse_conflicts(self, session: Session, submission: Submission, destination: str, key: str) -> None:
        for entry in submission.entries:
            found = session.run(
                "SELECT q.key FROM outbox_document d JOIN outbox_row q ON q.id = d.row_id"
                " WHERE d.destination = :destination AND d.unique_id = :unique_id AND d.live = 1",
                destination=destination,
                unique_id=entry.unique_id,
            )
            if found and found[0][0] == key:
                # PostgreSQL shows each statement what was committed so far: the same deposit was queued just now.
                raise OutboxContended("Le même dépôt vient d'être mis en file.")
            if found:
                raise OutboxConflict("Un document de ce dépôt est déjà en file dans un autre dépôt.")
            if session.run(
                "SELECT 1 FROM outbox_document p JOIN outbox_row q ON q.id = p.row_id"
                " WHERE p.set_id = :set_id AND p.destination = :destination AND p.version > :version AND p.live = 1"
                " AND q.state IN ('sending', 'unknown', 'accepted', 'confirmed', 'replaced')",
                set_id=entry.set_id,
                destination=destination,
                version=entry.version,
            ):
                raise OutboxConflict("Une version plus récente de ce document est déjà partie.")

    def _opposed(self, session: Session, patient: str) -> bool:
        return bool(session.run("SELECT 1 FROM outbox_opposition WHERE patient = :patient", patient=patient))

    def _hold(self, session: Session, row_id: int) -> Row:
        session.run(f"SELECT 1 FROM outbox_row WHERE id = :id {self._database.for_update}", id=row_id)  # noqa: S608  # constant of the database
        return read_row(session, row_id)

    def _put(
        self,
        session: Session,
        row_id: int,
        state: State,
        reason: Reason,
        due: int | None,
        *,
        dead: bool = False,
        dmp_code: str = "",
        dmp_said: str = "",
        forward: bool = False,
    ) -> None:
        session.run(
            "UPDATE outbox_row SET state = :state, reason = :reason, dmp_code = :dmp_code, dmp_said = :dmp_said,"
            " due_at = :due, dead = :dead,"
            " attempts = CASE WHEN :forward = 1 THEN 0 ELSE attempts END, lease = NULL, updated_at = :now"
            " WHERE id = :id",
            state=state.value,
            reason=reason.value,
            dmp_code=dmp_code[:_CODE_MAX],
            dmp_said=dmp_said[:_SAID_MAX],
            due=due,
            dead=int(dead),
            forward=int(forward),
            now=milliseconds(self._clock()),
            id=row_id,
        )

    def _load(self, session: Session, row_id: int, key: str) -> Submission:
        parts = session.run("SELECT position, body FROM outbox_part WHERE row_id = :id ORDER BY position", id=row_id)
        bodies = [self._seal.open(bytes(body), f"{key}/{position}") for position, body in parts]
        if not bodies:
            raise OutboxDamaged("Une ligne de la file d'envoi a perdu son contenu.")
        return payload.from_json(bodies[0], tuple(bodies[1:]))

    def _audit(self, session: Session, claim: Claim, disclosures: tuple[Disclosure, ...]) -> None:
        mail = claim.submission.mail
        recipient = claim.endpoint or claim.destination
        if mail is not None:
            recipient = f"mailto:{PATIENT if mail.to_patient else mail.recipient}"
        tables = ""
        if any(one.kind == "submit" for one in disclosures):
            ((tables,),) = session.run("SELECT mappings_digest FROM outbox_row WHERE id = :id", id=claim.row_id)
        trail.append(
            session,
            self._database.for_update,
            disclosures,
            row_id=claim.row_id,
            author=claim.submission.set.author.identifier,
            patient=claim.patient,
            observer=self._host,
            recipient=recipient,
            recorded=self._clock(),
            mappings_digest=tables,
        )


def _checked_digest(submission: Submission) -> str:
    """Digest of the documents together.

    Raises:
        OutboxRefusal: a document without its bytes, a hash that is not theirs, or two patients.
    """
    if not submission.entries or len(submission.entries) != len(submission.contents):
        raise OutboxRefusal("Un dépôt compte au moins un document, et autant de contenus que de documents.")
    whole = hashlib.sha256()
    for entry, content in zip(submission.entries, submission.contents, strict=True):
        sha1 = hashlib.sha1(content, usedforsecurity=False).digest()
        if entry.hash_sha1 != sha1 or entry.size_bytes != len(content):
            raise OutboxRefusal("L'empreinte ou la taille annoncée n'est pas celle du document.")
        if entry.patient_id != submission.set.patient_id:
            raise OutboxRefusal("Les documents d'un dépôt sont tous ceux du même patient.")
        whole.update(sha1)
    return whole.hexdigest()


def _ids(submission: Submission) -> tuple[str, ...]:
    return tuple(entry.unique_id for entry in submission.entries)
