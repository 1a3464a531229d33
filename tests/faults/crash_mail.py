"""A worker killed with SIGKILL at random points while it posts mails to an operator of its own, under TLS.

A mail cannot be searched: what may have left is never sent again by itself, and a person is told.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from pathlib import Path
from random import Random
from typing import Final

from adapter.dmp.xdm import smtp
from adapter.dmp.xdm.client import MailClient
from adapter.dmp.xdm.mail import Sending
from adapter.outbox import Outbox, State
from adapter.submission import Submission
from tests.dmp.xdm import letters
from tests.dmp.xdm.operator import AUTHORITY, Operator, operator
from tests.faults.crash import DESTINATION, fork, killed, work

MAILS: Final = 12
_REPLIES: Final = ("450 later", "421 going", "250 OK", "250 OK")


@dataclass(slots=True)
class MailRun:
    """What one run met and what it left.

    Attributes:
        kills: workers killed. ``doubts``: mails left to a person.
        wrong: one sentence for each thing that is not as it must be.
    """

    seed: int
    kills: int = 0
    doubts: int = 0
    wrong: list[str] = field(default_factory=list)


def mails() -> list[Submission]:
    """One document, for as many recipients."""
    letter = letters.letter()
    assert letter.mail is not None
    return [
        replace(
            letter,
            mail=replace(letter.mail, recipient=f"soignant{n}@test.mssante.fr", message_id=f"<{n}@test.mssante.fr>"),
        )
        for n in range(MAILS)
    ]


def run_once(seed: int, folder: Path, submissions: list[Submission]) -> MailRun:
    """One queue of `submissions`, its worker killed one to three times, left to finish, its doubts then sent again."""
    random, run = Random(seed), MailRun(seed)
    taken, url = folder / f"recus-{seed}", f"sqlite:///{folder / f'run-{seed}.db'}"
    taken.touch()
    process, port = _operator(taken, Random(seed + 1))
    server = smtp.MailServer("127.0.0.1", port, AUTHORITY, timeout_s=5.0)

    def connect() -> MailClient:
        return MailClient(server, Sending("123456"), letters.SOFTWARE)

    try:
        with Outbox.open(url, key="") as outbox:
            rows = [outbox.enqueue(one, destination=DESTINATION, form="xdm") for one in submissions]
        generation = 0
        for generation in range(random.randint(1, 3)):
            run.kills += killed(random, url, connect, generation, seed)
        _finish(run, url, connect, generation + 1)
        with Outbox.open(url, key="") as outbox:
            _judge_first(run, outbox, dict(zip(rows, submissions, strict=True)), _counts(taken))
            for row_id in [row.id for row in outbox.rows() if row.state is State.UNKNOWN]:
                outbox.retry(row_id)
                run.doubts += 1
        _finish(run, url, connect, generation + 2)
        with Outbox.open(url, key="") as outbox:
            _judge_last(run, outbox, submissions, _counts(taken))
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
    return run


def _finish(run: MailRun, url: str, connect: Callable[[], MailClient], generation: int) -> None:
    if os.waitpid(fork(lambda: work(url, connect, generation, run.seed)), 0)[1] != 0:
        run.wrong.append("the last worker did not finish")


def _judge_first(run: MailRun, outbox: Outbox, queued: dict[int, Submission], taken: Counter[str]) -> None:
    """Nothing left by itself twice, and only what may have left is in doubt."""
    for row_id, submission in queued.items():
        row, copies = outbox.row(row_id), taken[_message_id(submission)]
        if copies > 1:
            run.wrong.append(f"row {row_id} was sent {copies} times")
        if row.state is State.ACCEPTED and copies != 1:
            run.wrong.append(f"row {row_id} is lost")
        if row.state is not State.ACCEPTED and not (row.state is State.UNKNOWN and row.dead):
            run.wrong.append(f"row {row_id} is {row.state}, dead: {row.dead}")


def _judge_last(run: MailRun, outbox: Outbox, submissions: list[Submission], taken: Counter[str]) -> None:
    """Every mail arrived, under one Message-ID."""
    if {row.state for row in outbox.rows()} != {State.ACCEPTED}:
        run.wrong.append("a doubt that a person sent again did not leave")
    if set(taken) != {_message_id(one) for one in submissions}:
        run.wrong.append("a mail is missing, or another one arrived")
    if sum(taken.values()) > len(submissions) + run.doubts:
        run.wrong.append("a mail arrived once more than a person asked for")
    if not outbox.verify().sound:
        run.wrong.append("the audit chain is broken")


def _message_id(submission: Submission) -> str:
    assert submission.mail is not None
    return submission.mail.message_id


def _counts(taken: Path) -> Counter[str]:
    return Counter(taken.read_text("ascii").split())


class _Kept(list[bytes]):
    """Messages received, whose identifiers another process reads in a file."""

    def __init__(self, taken: Path) -> None:
        super().__init__()
        self._taken = taken

    def append(self, message: bytes) -> None:
        """Writes the identifier before the operator answers."""
        with self._taken.open("a", encoding="ascii") as file:
            file.write(f"{message_from_bytes(message)['Message-ID']}\n")


def _operator(taken: Path, random: Random) -> tuple[int, int]:
    """Process number and port of an operator that puts some messages off."""
    reading, writing = os.pipe()

    def serve_for_ever() -> None:
        os.close(reading)
        with operator() as running:
            _configure(running, taken, random)
            os.write(writing, str(running.port).encode())
            os.close(writing)
            while True:
                signal.pause()

    process = fork(serve_for_ever)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        return process, int(told.read())


def _configure(running: Operator, taken: Path, random: Random) -> None:
    running.received = _Kept(taken)
    running.silent_after_data_s = 0.02  # taken, and not told yet: when a death matters most
    for command in ("RCPT", "DATA"):
        running.says(command, *(random.choice(_REPLIES) for _ in range(random.randint(0, 6))))
