"""Mails in the queue: sent once, never searched, a doubt left to a person."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import replace
from datetime import date
from random import Random

import orjson
import pytest

from adapter.dmp import DepositBusy, Receipt
from adapter.errors import DmpAccessDenied, DmpError, DmpRejected, DmpUnreachable, OutcomeUnknown
from adapter.outbox import (
    PATIENT,
    Destination,
    Outbox,
    OutboxConflict,
    OutboxRefusal,
    Policy,
    Reason,
    Row,
    State,
    Worker,
)
from adapter.outbox.payload import bodies, from_json, to_json
from adapter.submission.values import Mail, Submission
from tests.outbox.conftest import Clock
from tests.outbox.deposits import FAMILY, deposit, ins, with_other_bytes
from tests.outbox.scripted_dmp import ScriptedDmp

NURSE, EMSP = "karim.bensaid@test.mssante.fr", "emsp@test.mssante.fr"
BOX = f"{ins().value}@patient.mssante.fr"


def mail(visit: int = 1, version: int = 1, *, to: str = NURSE, pdf: bytes = b"%PDF-1.7") -> Submission:
    submission = deposit(visit, version)
    told = Mail(
        sender="claire.eveno@test.mssante.fr",
        recipient=to,
        to_patient=to == BOX,
        message_id=f"<{visit}.{version}.{to.partition('.')[0]}@test.mssante.fr>",
        act_on=date(2026, 10, 12),
        text="Bonjour,\n\nUn document est joint.\n",
        pdf=pdf,
    )
    return replace(submission, mail=told)


class ScriptedMailbox:
    """Satisfies ``Mailbox``; `faults` are those of the next calls, in order (None: none)."""

    def __init__(self) -> None:
        self.faults: deque[BaseException | None] = deque()
        self.sent: list[Submission] = []

    def submit(self, submission: Submission) -> Receipt:
        fault = self.faults.popleft() if self.faults else None
        if fault is not None:
            raise fault
        self.sent.append(submission)
        return Receipt(submission.set.unique_id, ())

    @property
    def recipients(self) -> list[str]:
        return [one.mail.recipient for one in self.sent if one.mail is not None]


@pytest.fixture
def mailbox() -> ScriptedMailbox:
    return ScriptedMailbox()


@pytest.fixture
def poster(outbox: Outbox, mailbox: ScriptedMailbox, clock: Clock) -> Worker:
    return _poster(outbox, mailbox, clock)


def _poster(outbox: Outbox, mailbox: ScriptedMailbox, clock: Clock, policy: Policy | None = None) -> Worker:
    served = {"mss": Destination(lambda: mailbox, "smtp://127.0.0.1:587")}
    return Worker(outbox, served, policy=policy, clock=clock, sleep=clock.sleep, random=Random(7))


def _queue(outbox: Outbox, submission: Submission) -> int:
    return outbox.enqueue(submission, destination="mss", form="xdm", endpoint="smtp://127.0.0.1:587")


def _end(row: Row) -> tuple[State, Reason, bool]:
    return row.state, row.reason, row.dead


def test_a_mail_taken_by_the_operator_is_accepted_and_says_no_more(
    outbox: Outbox, poster: Worker, mailbox: ScriptedMailbox
) -> None:
    row_id = _queue(outbox, mail())
    assert poster.drain(10)
    row = outbox.row(row_id)
    assert _end(row) == (State.ACCEPTED, Reason.POSTED, False)
    assert (row.due_at, row.recipient) == (None, NURSE)
    assert "rien ne dit encore" in row.explanation
    assert mailbox.sent == [mail()]


def test_a_mail_that_its_recipient_never_saw_is_sent_again_by_a_person(
    outbox: Outbox, poster: Worker, mailbox: ScriptedMailbox
) -> None:
    row_id = _queue(outbox, mail())
    poster.drain(10)
    outbox.retry(row_id)
    poster.drain(10)
    assert mailbox.sent == [mail(), mail()]
    outbox.record_notice(_message_id(mail()), taken=True)
    with pytest.raises(OutboxRefusal):
        outbox.retry(row_id)


def test_a_document_goes_once_to_each_recipient(
    outbox: Outbox, poster: Worker, mailbox: ScriptedMailbox, dmp: ScriptedDmp, clock: Clock
) -> None:
    rows = [_queue(outbox, mail(to=to)) for to in (NURSE, EMSP, NURSE, NURSE.upper(), BOX)]
    assert rows[0] == rows[2] == rows[3]
    assert len(set(rows)) == 3
    outbox.enqueue(deposit(), destination="dmp")
    assert poster.drain(10)
    assert mailbox.recipients == [NURSE, EMSP, BOX]
    assert Worker(outbox, {"dmp": lambda: dmp}, clock=clock).drain(10)
    assert dmp.calls["submit"] == 1


def test_a_key_of_the_caller_does_not_lose_a_recipient(outbox: Outbox) -> None:
    rows = [outbox.enqueue(mail(to=to), destination="mss", idempotency_key="visite-1") for to in (NURSE, EMSP, NURSE)]
    assert rows[0] == rows[2] != rows[1]


def test_the_pdf_is_not_part_of_what_makes_a_deposit_the_same(outbox: Outbox) -> None:
    row_id = _queue(outbox, mail())
    assert _queue(outbox, mail(pdf=b"%PDF-1.7 printed later")) == row_id
    with pytest.raises(OutboxConflict):
        _queue(outbox, replace(with_other_bytes(deposit()), mail=mail().mail))


def test_the_address_of_a_patient_stands_in_no_column_and_in_no_trail(
    outbox: Outbox, poster: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    row_id = _queue(outbox, mail(to=BOX))
    poster.drain(10)
    row = outbox.row(row_id)
    assert row.recipient == PATIENT
    trail = b"".join(outbox.export_audit()).decode()
    assert "mailto:patient" in trail
    for private in (ins().value, FAMILY):
        assert private not in repr(row)
        assert private not in trail
        assert private not in caplog.text


def test_the_trail_names_the_professional_who_received(outbox: Outbox, poster: Worker) -> None:
    _queue(outbox, mail())
    poster.drain(10)
    (event,) = [orjson.loads(line) for line in outbox.export_audit()]
    assert f"mailto:{NURSE}" in [agent["who"].get("display") for agent in event["agent"]]
    assert event["outcome"] == "0"


@pytest.mark.parametrize(
    ("fault", "state", "reason"),
    [
        (DmpAccessDenied("refus", code="535"), State.BLOCKED, Reason.ACCESS_DENIED),
        (DmpRejected("refus", code="550"), State.REJECTED, Reason.REFUSED),
        (DmpUnreachable("absent", code="421"), State.QUEUED, Reason.UNREACHABLE),
        (OutcomeUnknown("silence", code="read-timeout"), State.UNKNOWN, Reason.NO_ANSWER),
    ],
)
def test_each_fault_has_its_end(
    outbox: Outbox, poster: Worker, mailbox: ScriptedMailbox, fault: DmpError, state: State, reason: Reason
) -> None:
    mailbox.faults.append(fault)
    row_id = _queue(outbox, mail())
    poster.step()
    row = outbox.row(row_id)
    assert (row.state, row.reason, row.dmp_code) == (state, reason, fault.code)
    assert row.dead is (state is State.UNKNOWN)
    assert "DMP" not in row.explanation


@pytest.mark.parametrize(
    ("reason", "code", "told"),
    [
        (Reason.REFUSED, "523", "taille"),
        (Reason.REFUSED, "599", "refusé le message"),
        (Reason.UNREACHABLE, "450", "à plus tard"),
        (Reason.UNREACHABLE, "dns", "injoignable"),
        (Reason.UNREACHABLE, "no-tls", "STARTTLS"),
        (Reason.UNREACHABLE, "certificate-expired", "a expiré"),
        (Reason.UNREACHABLE, "certificate-key", "Un certificat"),
        (Reason.NOT_INTEGRATED, "904", "traits"),
        (Reason.NOT_INTEGRATED, "5.1.1", "pas reçu ou pas intégré"),
    ],
)
def test_the_reply_of_the_server_is_told_in_our_words(outbox: Outbox, reason: Reason, code: str, told: str) -> None:
    row = replace(outbox.row(_queue(outbox, mail())), reason=reason, dmp_code=code)
    assert told in row.explanation
    assert "DMP" not in row.explanation


def test_a_mail_without_answer_is_sent_again_by_a_person_only_under_the_same_message_id(
    outbox: Outbox, poster: Worker, mailbox: ScriptedMailbox, clock: Clock
) -> None:
    mailbox.faults.append(OutcomeUnknown("silence"))
    row_id = _queue(outbox, mail())
    assert poster.drain(10)
    clock.sleep(86_400)
    assert poster.drain(10)
    assert _end(outbox.row(row_id)) == (State.UNKNOWN, Reason.NO_ANSWER, True)
    assert mailbox.sent == []
    with pytest.raises(OutboxRefusal):
        outbox.withdraw(row_id)
    outbox.retry(row_id)
    assert poster.drain(10)
    assert _end(outbox.row(row_id)) == (State.ACCEPTED, Reason.POSTED, False)
    assert [one.mail.message_id for one in mailbox.sent if one.mail] == [mail().mail.message_id]  # type: ignore[union-attr]  # made with a mail


def test_a_program_that_died_while_sending_leaves_the_mail_to_a_person(
    outbox: Outbox, poster: Worker, mailbox: ScriptedMailbox, clock: Clock
) -> None:
    row_id = _queue(outbox, mail())
    assert outbox.claim(("mss",), Policy().lease_s) is not None
    clock.sleep(Policy().lease_s + 1)
    assert poster.drain(10)
    assert _end(outbox.row(row_id)) == (State.UNKNOWN, Reason.LEASE_EXPIRED, True)
    assert mailbox.sent == []
    assert [orjson.loads(line)["outcome"] for line in outbox.export_audit()] == ["4"]


def test_a_worker_interrupted_while_sending_leaves_the_mail_to_a_person(
    outbox: Outbox, poster: Worker, mailbox: ScriptedMailbox
) -> None:
    row_id = _queue(outbox, mail())
    mailbox.faults.append(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        poster.step()
    assert _end(outbox.row(row_id)) == (State.UNKNOWN, Reason.INTERRUPTED, True)
    assert outbox.row(row_id).due_at is None


def test_a_busy_recipient_does_not_hold_the_others_up(outbox: Outbox, poster: Worker, mailbox: ScriptedMailbox) -> None:
    rows = [_queue(outbox, mail(to=to)) for to in (NURSE, EMSP)]
    mailbox.faults.append(DepositBusy("boîte occupée", code="450"))
    assert [poster.step(), poster.step()] == [True, True]
    assert [outbox.row(row_id).state for row_id in rows] == [State.QUEUED, State.ACCEPTED]
    assert poster.drain(60)
    assert mailbox.recipients == [EMSP, NURSE]


def test_a_server_that_is_away_holds_the_others_up(outbox: Outbox, poster: Worker, mailbox: ScriptedMailbox) -> None:
    rows = [_queue(outbox, mail(to=to)) for to in (NURSE, EMSP)]
    mailbox.faults.append(DmpUnreachable("absent"))
    assert [poster.step(), poster.step()] == [True, False]
    assert [outbox.row(row_id).attempts for row_id in rows] == [1, 0]


def test_an_opposition_to_the_dmp_stops_no_mail(outbox: Outbox, poster: Worker, mailbox: ScriptedMailbox) -> None:
    before = _queue(outbox, mail())
    deposited = outbox.enqueue(deposit(), destination="dmp")
    assert outbox.record_opposition(ins()) == 1
    after = _queue(outbox, mail(to=EMSP))
    mailbox.faults.append(DmpUnreachable("absent"))
    assert poster.drain(60)
    assert [outbox.row(row_id).state for row_id in (before, after)] == [State.ACCEPTED, State.ACCEPTED]
    assert _end(outbox.row(deposited)) == (State.BLOCKED, Reason.OPPOSITION, False)


def test_a_correction_follows_the_first_version_in_each_mailbox(
    outbox: Outbox, poster: Worker, mailbox: ScriptedMailbox, clock: Clock
) -> None:
    first, second, other = (_queue(outbox, one) for one in (mail(), mail(version=2), mail(version=2, to=EMSP)))
    mailbox.faults.append(DepositBusy("boîte occupée"))
    assert poster.drain(60)
    told = [(one.mail.recipient, one.entries[0].version) for one in mailbox.sent if one.mail]
    assert told == [(EMSP, 2), (NURSE, 1), (NURSE, 2)]
    assert {outbox.row(row_id).state for row_id in (first, second, other)} == {State.ACCEPTED}
    with pytest.raises(OutboxConflict):
        _queue(outbox, with_mail(deposit(version=1, text="autre"), mail(to=EMSP)))


def with_mail(submission: Submission, other: Submission) -> Submission:
    return replace(submission, mail=other.mail)


@pytest.mark.parametrize("fault", [DmpRejected("refus", code="550"), OutcomeUnknown("silence")])
def test_a_correction_leaves_even_when_the_first_version_did_not(
    outbox: Outbox, poster: Worker, mailbox: ScriptedMailbox, fault: DmpError
) -> None:
    mailbox.faults.append(fault)
    first, second = _queue(outbox, mail()), _queue(outbox, mail(version=2))
    assert poster.drain(60)
    assert outbox.row(second).state is State.ACCEPTED
    with pytest.raises(OutboxRefusal, match="plus récente"):
        outbox.retry(first)


def test_a_mail_and_its_pdf_come_back_equal() -> None:
    for one in (mail(), mail(pdf=b""), mail(to=BOX)):
        assert from_json(to_json(one), bodies(one)) == one
    assert from_json(to_json(deposit()), bodies(deposit())) == deposit()


def test_a_destination_that_changed_its_kind_takes_nothing(
    outbox: Outbox, dmp: ScriptedDmp, mailbox: ScriptedMailbox, clock: Clock
) -> None:
    posted = outbox.enqueue(mail(), destination="there")
    assert Worker(outbox, {"there": lambda: dmp}, clock=clock).drain(10)
    deposited = outbox.enqueue(deposit(2), destination="elsewhere")
    assert Worker(outbox, {"elsewhere": lambda: mailbox}, clock=clock).drain(10)
    assert [outbox.row(row_id).state for row_id in (posted, deposited)] == [State.REJECTED, State.REJECTED]
    assert (dmp.calls["submit"], mailbox.sent) == (0, [])


def test_many_workers_send_each_mail_once(outbox: Outbox, mailbox: ScriptedMailbox, clock: Clock) -> None:
    rows = [_queue(outbox, mail(visit)) for visit in range(1, 13)]
    threads = [threading.Thread(target=_poster(outbox, mailbox, clock).drain, args=(60,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {outbox.row(row_id).state for row_id in rows} == {State.ACCEPTED}
    assert len(mailbox.sent) == 12
    assert outbox.verify().sound


def _message_id(submission: Submission) -> str:
    assert submission.mail is not None
    return submission.mail.message_id


def test_a_notice_of_the_recipient_confirms_or_refuses(
    outbox: Outbox, poster: Worker, mailbox: ScriptedMailbox
) -> None:
    first, second = _queue(outbox, mail()), _queue(outbox, mail(to=EMSP))
    outbox.enqueue(deposit(), destination="dmp")
    poster.drain(10)
    assert outbox.record_notice(_message_id(mail()), taken=True) == first
    assert _end(outbox.row(first)) == (State.CONFIRMED, Reason.ACKNOWLEDGED, False)
    assert outbox.record_notice(_message_id(mail(to=EMSP)), taken=False, code="902") == second
    row = outbox.row(second)
    assert (row.state, row.reason, row.dmp_code) == (State.REJECTED, Reason.NOT_INTEGRATED, "902")
    assert "inconnu" in row.explanation
    assert outbox.record_notice("<autre@test.mssante.fr>", taken=True) is None
    assert outbox.record_notice("", taken=True) is None
    assert (outbox.find_mail(_message_id(mail())), outbox.find_mail("")) == (first, None)


def test_a_notice_settles_a_mail_of_unknown_fate_and_stops_it_from_leaving_twice(
    outbox: Outbox, poster: Worker, mailbox: ScriptedMailbox
) -> None:
    mailbox.faults.append(OutcomeUnknown("silence"))
    row_id = _queue(outbox, mail())
    poster.drain(10)
    outbox.retry(row_id)
    assert outbox.record_notice(_message_id(mail()), taken=True) == row_id
    assert poster.drain(10)
    assert _end(outbox.row(row_id)) == (State.CONFIRMED, Reason.ACKNOWLEDGED, False)
    assert mailbox.sent == []


def test_a_notice_about_a_mail_that_did_not_leave_is_refused(outbox: Outbox) -> None:
    row_id = _queue(outbox, mail())
    outbox.withdraw(row_id)
    with pytest.raises(OutboxRefusal):
        outbox.record_notice(_message_id(mail()), taken=True)
    _queue(outbox, mail())
    assert outbox.claim(("mss",), Policy().lease_s) is not None
    with pytest.raises(OutboxRefusal):
        outbox.record_notice(_message_id(mail()), taken=True)


def test_an_acknowledged_correction_replaces_the_first_version(
    outbox: Outbox, poster: Worker, mailbox: ScriptedMailbox
) -> None:
    first, second, other = (_queue(outbox, one) for one in (mail(), mail(version=2), mail(to=EMSP)))
    poster.drain(10)
    outbox.record_notice(_message_id(mail(version=2)), taken=True)
    states = [outbox.row(row_id).state for row_id in (first, second, other)]
    assert states == [State.REPLACED, State.CONFIRMED, State.ACCEPTED]
