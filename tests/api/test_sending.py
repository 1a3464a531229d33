"""The way to the DMP in Python: typed results, never None for a failure, and nothing of the patient said anywhere."""

from __future__ import annotations

import json
import logging
import sys
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from lxml import etree

import adapter
from adapter.api import sending
from adapter.api.sending import DmpServer, Forms, deliver, open_outbox, send
from adapter.dmp.simulator import serve
from adapter.dmp.simulator.faults import Fault
from adapter.dmp.simulator.serving import RunningSimulator
from adapter.errors import MissingExtra, Severity
from adapter.model.document import Document
from adapter.outbox import Outbox, Policy, Reason, State
from adapter.submission import Limits, Submission, SubmissionRefused, n1_oid
from adapter.submission import prepare as prepare_submission
from adapter.validation.cda_rules import check_cda
from tests.private_texts import texts_to_keep

SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "visits"
AUTHOR = "professional;rpps=99700100003"
QUICK = Policy(base_s=0.01, grace_s=0.05)


def _visit(name: str, **changes: Any) -> bytes:
    return json.dumps({**json.loads((SAMPLES / f"{name}.json").read_bytes()), **changes}).encode()


@pytest.fixture
def running() -> Iterator[RunningSimulator]:
    with serve() as found:
        yield found


@pytest.fixture
def server(running: RunningSimulator) -> DmpServer:
    return DmpServer(running.base_url, actor=AUTHOR, read_timeout_s=2)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with open_outbox(f"sqlite:///{tmp_path / 'envois.db'}", key="") as found:
        yield found


def test_five_lines_convert_send_and_tell(running: RunningSimulator, tmp_path: Path) -> None:
    data = _visit("s7.required")
    with adapter.open_outbox(f"sqlite:///{tmp_path / 'five.db'}", key="") as outbox:
        server = adapter.DmpServer(running.base_url, actor=AUTHOR)
        sent = adapter.send(data, outbox, server)
        (row,) = adapter.deliver(outbox, [server], [sent.row.id])
    assert (row.state, row.explanation, sent.already) == (adapter.State.CONFIRMED, "", False)


def test_failures_are_types_with_their_findings(outbox: Outbox, server: DmpServer) -> None:
    with pytest.raises(adapter.VisitInvalid):
        send(b"{}", outbox, server)
    with pytest.raises(adapter.SubmissionRefused) as refused:
        send(_visit("s4.exhaustive"), outbox, server)
    assert [finding.rule for finding in refused.value.findings] == ["SUB-OPPOSITION"]
    send(_visit("s7.required"), outbox, server)
    with pytest.raises(adapter.OutboxError):
        send(_visit("s7.required", conclusions="Autre chose."), outbox, server)


def test_metadata_of_another_document_are_refused_before_anything_is_queued(
    outbox: Outbox, server: DmpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(document: Document, **more: Any) -> Submission:
        made = prepare_submission(document, **more)
        return replace(made, entries=tuple(replace(one, hash_sha1=bytes(20)) for one in made.entries))

    monkeypatch.setattr(sending, "prepare_submission", wrong)
    with pytest.raises(SubmissionRefused) as refused:
        send(_visit("s7.required"), outbox, server)
    assert [finding.rule for finding in refused.value.findings] == ["SUB-HASH"]
    assert not list(outbox.rows())


def test_an_opposition_is_noted_even_before_anything_was_sent(outbox: Outbox, server: DmpServer) -> None:
    with pytest.raises(SubmissionRefused):
        send(_visit("s4.required"), outbox, server)
    later = send(_visit("s4.required", sharing={"opposition": False}), outbox, server)
    assert (later.row.state, later.row.reason) == (State.BLOCKED, Reason.OPPOSITION)


def test_what_a_dmp_does_not_accept_is_refused_before(outbox: Outbox, running: RunningSimulator) -> None:
    small = DmpServer(running.base_url, limits=Limits(max_bytes=100))
    with pytest.raises(SubmissionRefused) as refused:
        send(_visit("s7.required"), outbox, small)
    assert [finding.rule for finding in refused.value.findings] == ["SUB-SIZE"]


def test_delivery_tells_how_many_are_settled(outbox: Outbox, server: DmpServer) -> None:
    ids = [send(_visit(name), outbox, server).row.id for name in ("s1.required", "s2.required", "s7.required")]
    told: list[int] = []
    rows = deliver(outbox, [server], ids, on_settled=told.append, policy=QUICK)
    assert ([row.state for row in rows], told) == ([State.CONFIRMED] * 3, [1, 2, 3])


@pytest.mark.parametrize(
    "fault",
    [
        Fault("reset-after-commit", method="POST", path="/"),
        Fault("reset-before-commit", method="POST", path="/"),
        Fault("status", status=503, method="POST", path="/", times=3),
        Fault("html-answer", method="POST", path="/", after_commit=True),
        Fault("missing-location", method="POST", path="/"),
    ],
    ids=lambda fault: fault.name,
)
def test_an_accident_ends_in_one_document(
    outbox: Outbox, server: DmpServer, running: RunningSimulator, fault: Fault
) -> None:
    running.app.state.faults.queue.append(fault)
    sent = send(_visit("s7.required"), outbox, server, forms="both")
    (row,) = deliver(outbox, [server], [sent.row.id], policy=QUICK)
    assert row.state is State.CONFIRMED
    assert running.app.state.registry.store.counts()["current"] == 2
    assert outbox.verify().sound


def test_the_sheet_as_a_pdf_goes_to_the_dmp_under_a_cda_header(
    outbox: Outbox, server: DmpServer, running: RunningSimulator
) -> None:
    sent = send(_visit("s7.required"), outbox, server, forms="cda-n1")
    (row,) = deliver(outbox, [server], [sent.row.id], policy=QUICK)
    assert (row.state, row.form, row.unique_ids) == (State.CONFIRMED, "cda-n1", (n1_oid(sent.document_id),))
    submission = outbox.submission(row.id)
    (entry,) = submission.entries
    assert (entry.mime_type, entry.format.code) == ("text/xml", "urn:ihe:iti:xds-sd:pdf:2008")
    (document,) = submission.contents
    assert not [one for one in check_cda(document) if one.severity is Severity.ERROR]
    body = etree.fromstring(document).findtext(".//{*}nonXMLBody/{*}text")
    assert body is not None
    assert b64decode(body).startswith(b"%PDF-1.4")


def test_a_correction_of_the_pdf_replaces_the_pdf(outbox: Outbox, server: DmpServer, running: RunningSimulator) -> None:
    for name in ("s1.exhaustive", "s6.exhaustive"):
        sent = send(_visit(name), outbox, server, forms="cda-n1")
        (row,) = deliver(outbox, [server], [sent.row.id], policy=QUICK)
        assert row.state is State.CONFIRMED
    assert running.app.state.registry.store.counts()["current"] == 1


def test_a_correction_in_another_form_warns_of_the_one_that_stays(outbox: Outbox, server: DmpServer) -> None:
    send(_visit("s1.exhaustive"), outbox, server)
    told = [one.rule for one in send(_visit("s6.exhaustive"), outbox, server, forms="cda-n1").findings]
    assert "SUB-REPLACED-FORM" in told
    both: tuple[Forms, ...] = ("cda", "cda-n1")
    for forms in both:  # the second time, the structured correction is there too
        told = [one.rule for one in send(_visit("s6.exhaustive"), outbox, server, forms=forms).findings]
        assert "SUB-REPLACED-FORM" not in told


def test_without_what_prints_it_the_pdf_is_not_queued(
    outbox: Outbox, server: DmpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(MissingExtra, match="pdf"):
        send(_visit("s7.required"), outbox, server, forms="cda-n1")
    assert not list(outbox.rows())


@pytest.mark.parametrize("forms", ["fhir", "both"])
def test_the_wire_of_production_takes_no_fhir_document(outbox: Outbox, forms: Forms) -> None:
    production = DmpServer("https://dmp.example", wire="xds")
    with pytest.raises(SubmissionRefused) as refused:
        send(_visit("s7.required"), outbox, production, forms=forms)
    assert [(one.rule, one.path) for one in refused.value.findings] == [("SUB-FORM", "FHIR")]
    assert not list(outbox.rows())


def test_a_delivery_without_time_leaves_the_row_where_it_is(outbox: Outbox) -> None:
    away = DmpServer("http://127.0.0.1:9", connect_timeout_s=1)
    sent = send(_visit("s7.required"), outbox, away)
    (row,) = deliver(outbox, [away], [sent.row.id], timeout_s=0.5, policy=QUICK)
    assert (row.state, row.reason) == (State.QUEUED, Reason.UNREACHABLE)


def test_prepare_describes_the_documents_without_a_queue() -> None:
    done = adapter.convert(_visit("s7.required"))
    submission = adapter.prepare(done.document, cda=done.cda, bundle=done.bundle)
    assert [entry.size_bytes for entry in submission.entries] == [len(done.cda), len(done.bundle)]
    with pytest.raises(adapter.SubmissionRefused):
        adapter.prepare(done.document, cda=done.cda, opposition=True)


def test_secrets_stay_out_of_what_is_shown() -> None:
    server = DmpServer("https://dmp.example", token=lambda: "jeton", actor="patient;ins=1", proxy="http://u:p@proxy")
    assert not any(secret in repr(server) for secret in ("jeton", "ins=1", "u:p"))


class _Heard(logging.Handler):
    """Every line of every logger, formatted, with its traceback."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def test_no_log_error_url_or_name_of_file_holds_anything_of_the_patient(
    running: RunningSimulator,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    urls: list[str] = []
    really = requests.Session.send

    def listened(session: requests.Session, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        urls.append(str(request.url))
        return really(session, request, **more)

    monkeypatch.setattr(requests.Session, "send", listened)
    heard, root = _Heard(), logging.getLogger()
    before = root.level
    root.addHandler(heard)
    root.setLevel(logging.DEBUG)
    for name in ("uvicorn.error", "uvicorn.access", "asyncio", "urllib3", "adapter"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    said: list[str] = []
    visits = {path.name: path.read_bytes() for path in sorted(SAMPLES.glob("*.exhaustive.json"))}
    faults = running.app.state.faults.queue
    try:
        with open_outbox(f"sqlite:///{tmp_path / 'envois.db'}", key="") as outbox:
            server = DmpServer(running.base_url, actor=AUTHOR, read_timeout_s=2)
            for number, data in enumerate(visits.values()):
                faults.append(
                    Fault(("reset-after-commit", "html-answer", "truncated-answer")[number % 3], method="POST")
                )
                try:
                    sent = send(data, outbox, server, forms="both")
                except (adapter.AdapterError, adapter.SubmissionRefused) as fault:
                    said += [str(fault), repr(fault)]
                    continue
                (row,) = deliver(outbox, [server], [sent.row.id], policy=QUICK, timeout_s=20)
                said += [repr(row), row.explanation, repr(sent.row), repr(sent.findings)]
            faults.clear()
            _changes(visits["s5.exhaustive.json"], server, said)
            away = DmpServer("http://127.0.0.1:9", name="away", connect_timeout_s=1)
            lost = send(visits["s7.exhaustive.json"], outbox, away)
            deliver(outbox, [away], [lost.row.id], timeout_s=0.3, policy=QUICK)
            exported = b"".join(outbox.export_audit()).decode()
            assert outbox.verify().sound
    finally:
        root.removeHandler(heard)
        root.setLevel(before)
        for name in ("uvicorn.error", "uvicorn.access", "asyncio", "urllib3", "adapter"):
            logging.getLogger(name).setLevel(logging.NOTSET)
    printed = capfd.readouterr()
    files = [path.name for path in tmp_path.iterdir()]
    everything = "\n".join([*heard.lines, *urls, *said, exported, printed.out, printed.err, *files])
    assert min(len(heard.lines), len(urls)) > 50
    secrets = {secret for data in visits.values() for secret in texts_to_keep(json.loads(data))}
    assert len(secrets) > 200
    assert {secret for secret in secrets if secret in everything} == set()


def _changes(visit: bytes, server: DmpServer, said: list[str]) -> None:
    """What is changed and refused at the DMP, and what the errors say."""
    from adapter.errors import DmpError
    from adapter.model.document import Identifier

    done = adapter.convert(visit)
    patient = done.document.patient.ins
    assert isinstance(patient, Identifier)
    dmp = server.connect()
    said.append(repr(dmp.patient_status(patient).state))
    dmp.set_mask(patient, done.document.oid, "INVISIBLE_PATIENT", False)
    list(dmp.search(patient))
    for act in (
        lambda: dmp.set_archived(patient, "1.2.3", True),
        lambda: dmp.delete(patient, "1.2.3"),
        lambda: dmp.submit(adapter.prepare(done.document, cda=done.cda)),
    ):
        with pytest.raises(DmpError) as refused:
            act()
        said += [str(refused.value), repr(refused.value)]
