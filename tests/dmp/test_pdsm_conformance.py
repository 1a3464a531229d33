"""Every resource that the client can send, for every sample visit, before the official profiles."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapter.api import convert
from adapter.dmp.pdsm.resources import simplified, transaction
from adapter.submission import Submission, SubmissionRefused, prepare
from tests.judges import refused

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
VISITS = sorted((Path(__file__).resolve().parents[2] / "samples" / "visits").glob("*.json"))


def _submissions(visit: Path) -> Iterator[tuple[str, Submission]]:
    done = convert(visit.read_bytes(), self_check=False)
    for name, cda, bundle in (("cda", done.cda, None), ("fhir", None, done.bundle), ("both", done.cda, done.bundle)):
        yield (
            f"{visit.stem}.{name}",
            prepare(done.document, cda=cda, bundle=bundle, submission_time=NOW, opposition=False),
        )


def _resources(submission: Submission) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "transaction", transaction(submission)
    if len(submission.entries) == 1:
        entry, content = submission.entries[0], submission.contents[0]
        yield "publication", simplified(entry, content, submission.set.submission_time, "DocumentReference/1")


@pytest.mark.conformance
def test_all_that_we_send_satisfies_the_profiles(shared_dir: Path, tmp_path: Path) -> None:
    files: list[Path] = []
    for visit in VISITS:
        for name, submission in _submissions(visit):
            for kind, resource in _resources(submission):
                file = tmp_path / f"{name}.{kind}.json"
                file.write_bytes(orjson.dumps(resource))
                files.append(file)
    assert len(files) == 5 * len(VISITS) > 0
    assert not refused(shared_dir, "check_fhir", files)


@pytest.mark.conformance
def test_the_judge_sees_a_missing_custodian(shared_dir: Path, tmp_path: Path) -> None:
    _, submission = next(_submissions(VISITS[0]))
    bundle = transaction(submission)
    del bundle["entry"][1]["resource"]["custodian"]
    file = tmp_path / "planted.json"
    file.write_bytes(orjson.dumps(bundle))
    assert "custodian" in refused(shared_dir, "check_fhir", [file])


def test_both_forms_of_every_sample_have_their_own_identifiers() -> None:
    seen: set[str] = set()
    for visit in VISITS:
        *_, (_, both) = _submissions(visit)
        ids = {both.set.unique_id, *(e.unique_id for e in both.entries), *(e.entry_uuid for e in both.entries)}
        assert len(ids) == 5
        assert not ids & seen
        seen |= ids


def test_a_patient_who_objects_is_never_prepared() -> None:
    visit = next(v for v in VISITS if v.stem == "s4.exhaustive")
    assert orjson.loads(visit.read_bytes())["sharing"]["opposition"] is True
    done = convert(visit.read_bytes(), self_check=False)
    with pytest.raises(SubmissionRefused):
        prepare(done.document, cda=done.cda, bundle=None, submission_time=NOW, opposition=True)
