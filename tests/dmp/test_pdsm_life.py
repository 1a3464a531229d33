"""The client against the simulator, on a real socket: the whole life of a synthesis, and the faults on its way."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import requests

from adapter.api import Conversion, convert
from adapter.dmp import Dmp
from adapter.dmp.pdsm import PdsmClient
from adapter.dmp.session import DmpSession, RetryPolicy
from adapter.dmp.simulator import serve
from adapter.errors import DmpAccessDenied, DmpError, DmpRejected, DmpUnreachable, OutcomeUnknown
from adapter.model.document import Identifier
from adapter.submission import Form, Submission, prepare

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "visits"
OTHER = "10101010101"
BOTH: tuple[Form, ...] = ("cda", "fhir")


@cache
def _converted(name: str) -> Conversion:
    return convert((SAMPLES / f"{name}.json").read_bytes(), self_check=False)


def _submission(name: str, *forms: Form) -> Submission:
    done = _converted(name)
    return prepare(
        done.document,
        cda=done.cda if "cda" in forms else None,
        bundle=done.bundle if "fhir" in forms else None,
        submission_time=NOW,
        opposition=False,
        replaced_forms=forms,
    )


def _ins(name: str) -> Identifier:
    found = _converted(name).document.patient.ins
    assert found is not None
    return found


def _author(name: str = "s1.exhaustive") -> str:
    found = _converted(name).document.author.identifier
    assert found is not None
    return found.value[1:]


class Place:
    """A running simulator, and clients of it for different callers."""

    def __init__(self, base: str) -> None:
        self.base = base

    def knows(self, patient: Identifier, **more: Any) -> None:
        told = requests.put(
            f"{self.base}/admin/patients", json={"ins": patient.value, "root": patient.root, **more}, timeout=5
        )
        assert told.status_code == 200, told.text

    def breaks(self, **fault: Any) -> None:
        told = requests.post(f"{self.base}/admin/faults", json=fault, timeout=5)
        assert told.status_code == 201, told.text

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = requests.get(f"{self.base}/admin/state", timeout=5).json()
        return found

    def client(self, actor: str = "", **more: Any) -> PdsmClient:
        who = actor or f"professional;rpps={_author()}"
        session = DmpSession(
            headers=lambda: {"X-DMP-Actor": who}, read_timeout_s=1, retry=RetryPolicy(attempts=2, first_wait_s=0)
        )
        return PdsmClient(self.base, session, caller_rpps=_author(), **more)


@pytest.fixture
def place() -> Iterator[Place]:
    with serve(clock=lambda: NOW) as running:
        yield Place(running.base_url)


def test_the_client_is_what_the_port_wants(place: Place) -> None:
    port: Dmp = place.client()
    place.knows(_ins("s1.exhaustive"), state="absent")
    assert port.patient_status(_ins("s1.exhaustive")).state == "absent"


def test_the_state_of_a_dmp_is_told(place: Place) -> None:
    patient, client = _ins("s1.exhaustive"), place.client()
    place.knows(patient, attending=_author())
    status = client.patient_status(patient)
    assert (status.state, status.attending_physician, status.authorised) == ("active", True, True)
    place.knows(patient, state="closed", reason="DMPClosed")
    assert (client.patient_status(patient).state, client.patient_status(patient).reason) == ("closed", "DMPClosed")
    place.knows(patient, blocked=[_author()])
    assert client.patient_status(patient).authorised is False


@pytest.mark.parametrize("forms", [("cda",), ("fhir",), BOTH])
@pytest.mark.parametrize("name", ["s1.exhaustive", "s2.required", "s3-hidden-from-guardians.exhaustive", "s7.required"])
def test_what_is_fed_comes_back_as_it_left(place: Place, name: str, forms: tuple[Form, ...]) -> None:
    patient, client, deposit = _ins(name), place.client(f"professional;rpps={_author(name)}"), _submission(name, *forms)
    place.knows(patient)
    receipt = client.submit(deposit)
    assert [e.unique_id for e in receipt.entries] == [e.unique_id for e in deposit.entries]
    for entry, content, told in zip(deposit.entries, deposit.contents, receipt.entries, strict=True):
        (found,) = client.find(patient, entry.unique_id)
        assert (found.location, found.version, found.status) == (told.location, told.version, "current")
        assert (found.hash_sha1, found.size_bytes) == (entry.hash_sha1, entry.size_bytes)
        assert found.confidentiality[0].code == "N"
        assert found.masks == tuple(mask.code for mask in entry.confidentiality[1:])
        assert client.read(found) == content
    (held,) = client.submission_sets(patient)
    assert held.unique_id == deposit.set.unique_id
    assert len(held.entries) == len(deposit.entries)


@pytest.mark.parametrize("publishes", [False, True])
def test_every_sample_is_accepted(place: Place, publishes: bool) -> None:
    sent: set[str] = set()
    for name in sorted(file.stem for file in SAMPLES.glob("*.json")):
        done, client = _converted(name), place.client(f"professional;rpps={_author(name)}")
        place.knows(_ins(name))
        replaced = BOTH if done.document.replaces_oid in sent else ()
        for cda, bundle in ((done.cda, None), (None, done.bundle)) if publishes else ((done.cda, done.bundle),):
            deposit = prepare(
                done.document, cda=cda, bundle=bundle, submission_time=NOW, opposition=False, replaced_forms=replaced
            )
            receipt = client.publish(deposit) if publishes else client.submit(deposit)
            assert len(receipt.entries) == len(deposit.entries)
        sent.add(done.document.oid)


def test_a_correction_supersedes_each_form(place: Place) -> None:
    patient, client = _ins("s1.exhaustive"), place.client()
    place.knows(patient)
    first, second = _submission("s1.exhaustive", *BOTH), _submission("s6.exhaustive", *BOTH)
    client.submit(first)
    client.submit(second)
    for old, new in zip(first.entries, second.entries, strict=True):
        assert new.replaces == old.unique_id
        assert client.find(patient, old.unique_id)[0].status == "superseded"
        assert client.find(patient, new.unique_id)[0].status == "current"
    assert {e.unique_id for e in client.search(patient)} == {e.unique_id for e in second.entries}


def test_a_correction_of_what_is_not_there_leaves_nothing(place: Place) -> None:
    patient, client = _ins("s1.exhaustive"), place.client()
    place.knows(patient)
    with pytest.raises(DmpRejected):
        client.submit(_submission("s6.exhaustive", "cda"))
    assert place.state()["documents"] == []


def test_a_published_correction_supersedes_too(place: Place) -> None:
    patient, client = _ins("s1.exhaustive"), place.client()
    place.knows(patient)
    first, second = _submission("s1.exhaustive", "cda"), _submission("s6.exhaustive", "cda")
    told = client.publish(first)
    assert client.find(patient, told.entries[0].unique_id)[0].location == told.entries[0].location
    client.publish(second)
    assert client.find(patient, first.entries[0].unique_id)[0].status == "superseded"
    (found,) = client.find(patient, second.entries[0].unique_id)
    assert client.read(found) == second.contents[0]


def test_hiding_and_showing_keep_the_identifier(place: Place) -> None:
    patient, client, deposit = _ins("s1.exhaustive"), place.client(), _submission("s1.exhaustive", "cda")
    holder = place.client(f"patient;ins={patient.value}")
    place.knows(patient)
    client.submit(deposit)
    oid = deposit.entries[0].unique_id
    before = client.find(patient, oid)[0]
    hidden = client.set_mask(patient, oid, "INVISIBLE_PATIENT", True)
    assert hidden.masks == ("INVISIBLE_PATIENT",)
    assert hidden.version != before.version
    assert holder.find(patient, oid) == ()
    assert client.set_mask(patient, oid, "INVISIBLE_PATIENT", False).masks == ()
    assert len(holder.find(patient, oid)) == 1
    assert client.set_mask(patient, oid, "MASQUE_PS", True).masks == ("MASQUE_PS",)
    assert place.client(f"professional;rpps={OTHER}").find(patient, oid) == ()


def test_a_document_hidden_at_birth_is_shown_later(place: Place) -> None:
    patient, deposit = _ins("s5.exhaustive"), _submission("s5.exhaustive", *BOTH)
    client = place.client(f"professional;rpps={_author('s5.exhaustive')}")
    place.knows(patient)
    client.submit(deposit)
    for entry in deposit.entries:
        assert client.find(patient, entry.unique_id)[0].masks == ("INVISIBLE_PATIENT",)
        assert client.set_mask(patient, entry.unique_id, "INVISIBLE_PATIENT", False).masks == ()


def test_archiving_and_back(place: Place) -> None:
    patient, client, deposit = _ins("s1.exhaustive"), place.client(), _submission("s1.exhaustive", "cda")
    place.knows(patient)
    client.submit(deposit)
    oid = deposit.entries[0].unique_id
    assert client.set_archived(patient, oid, True).archived
    assert [e.unique_id for e in client.search(patient, archived="true")] == [oid]
    assert list(client.search(patient, archived="false")) == []
    assert not client.set_archived(patient, oid, False).archived


def test_only_the_author_deletes(place: Place) -> None:
    patient, client, deposit = _ins("s1.exhaustive"), place.client(), _submission("s1.exhaustive", "cda")
    place.knows(patient)
    client.submit(deposit)
    oid = deposit.entries[0].unique_id
    found = client.find(patient, oid)[0]
    with pytest.raises(DmpAccessDenied):
        place.client(f"professional;rpps={OTHER}").delete(patient, oid)
    client.delete(patient, oid)
    assert client.find(patient, oid) == ()
    with pytest.raises(DmpRejected):
        client.read(found)
    with pytest.raises(DmpRejected) as fault:
        client.delete(patient, oid)
    assert fault.value.code == "not-found"


def test_every_search_filter_is_understood_and_pages_follow(place: Place) -> None:
    patient, client = _ins("s1.exhaustive"), place.client(page_size=1)
    place.knows(patient)
    deposit = _submission("s1.exhaustive", *BOTH)
    client.submit(deposit)
    entry = deposit.entries[0]
    assert len(list(client.search(patient))) == 2
    day, name = NOW.date().isoformat(), entry.author.name
    filters = {
        "type": "11488-4", "class_": "10", "format": entry.format.code, "facility": entry.facility.code,
        "practice_setting": entry.practice_setting.code, "confidentiality": "N", "unique_id": entry.unique_id,
        "author_family": name.family, "author_given": name.given, "archived": "false", "deposited_from": day,
        "deposited_to": day, "created_from": "2026-01-01", "created_to": "2027", "service_from": "2026-01-01",
        "service_to": "2027", "period_from": "2026-01-01", "period_to": "2027",
    }  # fmt: skip
    assert [e.unique_id for e in client.search(patient, **filters)] == [entry.unique_id]
    assert list(client.search(patient, class_="11")) == []
    assert len(list(client.submission_sets(patient, content_type="07", submitted_from=day, title=entry.title))) == 1
    assert [e.unique_id for e in place.client(post_search=False).search(patient, **filters)] == [entry.unique_id]


def test_rights_by_way_of_authentication(place: Place) -> None:
    patient, deposit = _ins("s1.exhaustive"), _submission("s1.exhaustive", "cda")
    place.knows(patient)
    with pytest.raises(DmpAccessDenied):
        place.client(f"professional;rpps={_author()};mode=air").submit(deposit)
    structure = deposit.entries[0].custodian.identifier
    assert structure is not None
    indirect = place.client(f"professional;rpps={_author()};structure={structure.value};mode=indirect")
    indirect.submit(deposit)
    (found,) = indirect.find(patient, deposit.entries[0].unique_id)
    with pytest.raises(DmpAccessDenied):
        indirect.read(found)


def test_a_double_deposit_is_refused_with_its_code(place: Place) -> None:
    patient, client, deposit = _ins("s1.exhaustive"), place.client(), _submission("s1.exhaustive", "cda")
    place.knows(patient)
    client.submit(deposit)
    with pytest.raises(DmpRejected) as fault:
        client.submit(deposit)
    assert "XDSDuplicateUniqueIdInRegistry" in fault.value.code
    assert len(place.state()["documents"]) == 1


@pytest.mark.parametrize("state", ["absent", "closed"])
def test_no_open_dmp_takes_nothing(place: Place, state: str) -> None:
    place.knows(_ins("s1.exhaustive"), state=state)
    with pytest.raises(DmpAccessDenied):
        place.client().submit(_submission("s1.exhaustive", "cda"))
    assert place.state()["documents"] == []


@pytest.mark.parametrize(
    ("fault", "kind", "kept"),
    [
        ({"name": "status", "status": 503, "retry_after_s": 7}, DmpUnreachable, 0),
        ({"name": "status", "status": 500}, OutcomeUnknown, 0),
        ({"name": "status", "status": 504, "after_commit": True}, OutcomeUnknown, 1),
        ({"name": "reset-before-commit"}, OutcomeUnknown, 0),
        ({"name": "reset-after-commit"}, OutcomeUnknown, 1),
        ({"name": "truncated-answer"}, OutcomeUnknown, 1),
        ({"name": "slow-body", "latency_ms": 15_000}, OutcomeUnknown, 1),
        ({"name": "html-answer"}, OutcomeUnknown, 0),
        ({"name": "html-answer", "after_commit": True}, OutcomeUnknown, 1),
        ({"name": "missing-location"}, OutcomeUnknown, 1),
        ({"name": "partial-response"}, OutcomeUnknown, 1),
    ],
)
def test_faults_leave_an_outcome_that_a_search_settles(
    place: Place, fault: dict[str, Any], kind: type[Exception], kept: int
) -> None:
    patient, client, deposit = _ins("s1.exhaustive"), place.client(), _submission("s1.exhaustive", "cda")
    place.knows(patient)
    place.breaks(**fault, method="POST", path="/")
    with pytest.raises(kind):
        client.submit(deposit)
    found = client.find(patient, deposit.entries[0].unique_id)
    assert len(found) == kept
    if not kept:
        client.submit(deposit)
        (only,) = client.find(patient, deposit.entries[0].unique_id)
        assert client.read(only) == deposit.contents[0]


def test_nothing_of_the_patient_stands_in_a_log_a_url_or_an_error(
    place: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls: list[str] = []
    send = requests.Session.send

    def spied(self: requests.Session, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        urls.append(request.url or "")
        return send(self, request, **more)

    document = _converted("s1.exhaustive").document
    patient, client, deposit = _ins("s1.exhaustive"), place.client(page_size=1), _submission("s1.exhaustive", *BOTH)
    place.knows(patient)
    oid = deposit.entries[0].unique_id
    errors: list[str] = []
    monkeypatch.setattr(requests.Session, "send", spied)
    with caplog.at_level(logging.DEBUG):
        client.patient_status(patient)
        client.submit(deposit)
        assert len(list(client.search(patient))) == 2
        client.set_mask(patient, oid, "INVISIBLE_PATIENT", True)
        client.set_archived(patient, oid, True)
        client.read(client.find(patient, oid)[0])
        client.delete(patient, oid)
        for fails in (
            lambda: client.submit(deposit),
            lambda: client.delete(patient, oid),
            lambda: client.submit(_submission("s6.exhaustive", *BOTH)),
        ):
            with pytest.raises(DmpError) as fault:
                fails()
            errors += [str(fault.value), repr(fault.value), "".join(traceback.format_exception(fault.value))]
    assert len(urls) >= 15
    assert "adapter.dmp.session" in {record.name for record in caplog.records}
    told = "\n".join([*urls, caplog.text, *errors]).casefold()
    names = (document.patient.birth_family, document.patient.used_family, *document.patient.birth_given)
    for private in (patient.value, document.author.name.family, *names):
        assert not private or private.casefold() not in told
