from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

import orjson
import pytest

from adapter.model.coded import Concept
from adapter.model.document import Guardian, Identifier, PersonName
from adapter.outbox import OutboxDamaged
from adapter.outbox.payload import from_json, to_json
from tests.outbox.deposits import deposit


def test_a_submission_comes_back_equal() -> None:
    submission = deposit(forms=("cda", "fhir"), version=2)
    entry = submission.entries[0]
    guardian = Guardian("g", Concept("Tuteur"), name=PersonName("NOM"))
    patient = replace(entry.patient, guardians=(guardian,), local_id=Identifier("1.2", "é\u2028\n"))
    full = replace(
        submission,
        entries=(replace(entry, patient=patient, author_role=entry.type, events=(entry.type,)), submission.entries[1]),
    )
    for one in (submission, full):
        assert from_json(to_json(one), one.contents) == one


def test_fields_that_an_older_version_did_not_write_take_their_default() -> None:
    submission = deposit()
    values = orjson.loads(to_json(submission))
    for name in ("events", "author_role", "replaces"):
        del values["entries"][0][name]
    assert from_json(orjson.dumps(values), submission.contents) == submission


def _spoiled(change: str) -> bytes:
    values: dict[str, Any] = orjson.loads(to_json(deposit()))
    entry = values["entries"][0]
    match change:
        case "unknown field":
            entry["novelty"] = 1
        case "missing field":
            del entry["unique_id"]
        case "wrong type":
            entry["version"] = "1"
        case "bad date":
            entry["creation_time"] = "hier"
        case "bad hash":
            entry["hash_sha1"] = "zz"
        case "no set":
            del values["set"]
        case "too many":
            values["entries"].append(entry)
    return orjson.dumps(values)


@pytest.mark.parametrize(
    "change", ["unknown field", "missing field", "wrong type", "bad date", "bad hash", "no set", "too many"]
)
def test_what_was_not_written_by_us_is_refused(change: str) -> None:
    with pytest.raises(OutboxDamaged):
        from_json(_spoiled(change), deposit().contents)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"\xff"])
def test_what_is_no_json_is_refused(text: bytes) -> None:
    with pytest.raises(OutboxDamaged):
        from_json(text, ())


def test_every_value_of_a_submission_has_a_reader() -> None:
    from adapter.outbox import payload
    from adapter.submission.values import DocumentEntry, SubmissionSet

    for kind in (DocumentEntry, SubmissionSet):
        assert is_dataclass(kind)
        assert fields(kind)
        assert callable(payload._reader(kind))
