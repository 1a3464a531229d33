"""A life of a document on a foreign server, step by step; a step that fails is a remark."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

from adapter.dmp import Dmp
from adapter.errors import DmpError
from adapter.model.document import Identifier
from adapter.submission import Submission
from tests.interop.opinions import Remark

Step = tuple[str, Callable[[], object]]
_VISIT: Final = "s1.exhaustive"


class Unexpected(AssertionError):
    """The server took the request, and does not tell afterwards what was asked."""


def live(steps: Iterable[Step]) -> tuple[int, tuple[Remark, ...]]:
    """Number of steps, and one remark for each that failed; the others are tried all the same."""
    remarks: list[Remark] = []
    count = 0
    for name, step in steps:
        count += 1
        try:
            step()
        except (DmpError, Unexpected) as fault:
            remarks.append(Remark(_VISIT, "error", name, type(fault).__name__, str(fault)))
    return count, tuple(remarks)


def deposited(client: Dmp, submission: Submission) -> Iterator[Step]:
    """A deposit, each of its documents found again by identifier and among all, and read back."""
    ins = submission.set.patient_id
    yield "TD2.1", lambda: client.submit(submission)
    for entry in submission.entries:
        told = {"status": "current", "hash_sha1": entry.hash_sha1, "size_bytes": entry.size_bytes}
        yield f"TD3.1b {entry.mime_type}", partial(expect, client, ins, entry.unique_id, **told)
    yield (
        "TD3.1a",
        lambda: equal({one.unique_id for one in client.search(ins)}, {one.unique_id for one in submission.entries}),
    )
    yield "TD3.2", lambda: equal(_contents(client, submission), list(submission.contents))


def deposited_beside(client: Dmp, submission: Submission) -> Iterator[Step]:
    """One more deposit of a patient who has some, found and read back."""
    (entry,) = submission.entries
    yield "TD2.1 N1", lambda: client.submit(submission)
    yield "TD3.1b N1", lambda: expect(client, submission.set.patient_id, entry.unique_id, format=entry.format.code)
    yield "TD3.2 N1", lambda: equal(_contents(client, submission), list(submission.contents))


def corrected(client: Dmp, first: Submission, correction: Submission) -> Iterator[Step]:
    """A correction: what it replaces is superseded, what replaces is current."""
    ins = first.set.patient_id
    yield "TD2.1 correction", lambda: client.submit(correction)
    yield "TD2.1 replaced", lambda: expect(client, ins, first.entries[0].unique_id, status="superseded")
    yield "TD2.1 replacing", lambda: expect(client, ins, correction.entries[0].unique_id, status="current")


def hidden_and_shown(client: Dmp, submission: Submission) -> Iterator[Step]:
    """A mask put, seen, and lifted."""
    ins, unique_id = submission.set.patient_id, submission.entries[0].unique_id
    yield "TD3.3b on", lambda: client.set_mask(ins, unique_id, "INVISIBLE_PATIENT", True)
    yield "TD3.3b seen", lambda: expect(client, ins, unique_id, masks=("INVISIBLE_PATIENT",))
    yield "TD3.3b off", lambda: client.set_mask(ins, unique_id, "INVISIBLE_PATIENT", False)


def expect(client: Dmp, ins: Identifier, unique_id: str, **told: object) -> None:
    """Nothing, when exactly one document bears this identifier and the server tells this of it.

    Raises:
        Unexpected: it does not.
    """
    found = client.find(ins, unique_id)
    if len(found) != 1:
        raise Unexpected(f"{len(found)} documents found")
    equal({name: getattr(found[0], name) for name in told}, told)


def equal(found: object, wanted: object) -> None:
    """Nothing, when both are equal.

    Raises:
        Unexpected: they are not.
    """
    if found != wanted:
        raise Unexpected("the server tells something else")


def _contents(client: Dmp, submission: Submission) -> list[bytes]:
    ins = submission.set.patient_id
    return [client.read(found) for entry in submission.entries for found in client.find(ins, entry.unique_id)]
