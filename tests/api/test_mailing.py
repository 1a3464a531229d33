"""A visit to a mailbox, whole: converted, judged, queued, sent to a real server, corrected."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from adapter import (
    MissingExtra,
    MssMailbox,
    RecipientRefused,
    SubmissionRefused,
    TrustSpace,
    VisitInvalid,
    deliver,
    mail,
    open_outbox,
    package_xdm,
    read_package,
)
from adapter.api import mailing
from adapter.model.destination import KeySource
from adapter.model.document import Document, Identifier
from adapter.outbox import Outbox, Reason, State
from adapter.submission import Submission, prepare
from tests.cli.conftest import sample
from tests.dmp.xdm.operator import AUTHORITY, Operator, operator
from tests.dmp.xds import pki
from tests.private_texts import texts_to_keep

S1, S4, S5, S6 = (sample(f"{name}.exhaustive").read_bytes() for name in ("s1", "s4", "s5", "s6"))
S7 = sample("s7.required").read_bytes()
NURSE, EMSP = "infirmier@test.mssante.fr", "emsp@hopital.mssante.fr"
PDF = b"%PDF-1.7 made up"


@pytest.fixture
def running() -> Iterator[Operator]:
    with operator() as found:
        yield found


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with open_outbox(f"sqlite:///{tmp_path / 'envois.db'}", key="") as opened:
        yield opened


@pytest.fixture(autouse=True)
def _no_printing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailing, "render_pdf", lambda document: PDF)


def _mailbox(running: Operator, **changes: Any) -> MssMailbox:
    made = MssMailbox("127.0.0.1", "dr.eveno@test.mssante.fr", "123456", port=running.port, ca_bundle=AUTHORITY)
    return replace(made, **changes)


def _messages(running: Operator) -> list[Any]:
    return [message_from_bytes(one, policy=policy.default) for one in running.received]


def _state(outbox: Outbox, row_id: int) -> tuple[State, Reason]:
    row = outbox.row(row_id)
    return row.state, row.reason


def test_a_visit_reaches_each_recipient_once(running: Operator, outbox: Outbox) -> None:
    box = _mailbox(running)
    mailed = mail(S1, outbox, box, [NURSE, "patient"])
    rows = deliver(outbox, [box], [row.id for row in mailed.rows])
    assert {(row.state, row.reason) for row in rows} == {(State.ACCEPTED, Reason.POSTED)}
    assert [row.recipient for row in rows] == [NURSE, "patient"]
    assert [to for _, (to,) in running.envelopes] == [NURSE, "252034410921797@patient.mssante.fr"]
    for message in _messages(running):
        package, pdf = message.iter_attachments()
        (document,) = read_package(package.get_content()).documents
        assert document.unique_id == mailed.document_id
        assert pdf.get_content() == PDF
        assert "Bonjour," in message.get_body().get_content()
    again = mail(S1, outbox, box, [EMSP, NURSE])
    assert again.already == {rows[0].id}
    deliver(outbox, [box], [row.id for row in again.rows])
    assert len(running.received) == 3


def test_metadata_of_another_document_go_into_no_mail_and_no_package(
    running: Operator, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(document: Document, **more: Any) -> Submission:
        made = prepare(document, **more)
        return replace(made, entries=tuple(replace(one, title="Autre") for one in made.entries))

    monkeypatch.setattr(mailing, "prepare_submission", wrong)
    for ask in (lambda: mail(S7, outbox, _mailbox(running), [NURSE]), lambda: package_xdm(S7)):
        with pytest.raises(SubmissionRefused) as refused:
            ask()
        assert [finding.rule for finding in refused.value.findings] == ["SUB-ENTRY"]
    assert not list(outbox.rows())


def test_each_recipient_has_a_message_of_his_own(running: Operator, outbox: Outbox) -> None:
    box = _mailbox(running, reply_barred=True)
    mailed = mail(S1, outbox, box, [NURSE, EMSP, "patient"])
    deliver(outbox, [box], [row.id for row in mailed.rows])
    messages = _messages(running)
    assert len({message["Message-ID"] for message in messages}) == 3
    assert [len(message["To"].addresses) for message in messages] == [1, 1, 1]
    assert [message["X-MSS-MES"] for message in messages] == [None, None, "FIN"]
    bodies = [message.get_body().get_content() for message in messages]
    assert bodies[0] == bodies[1] != bodies[2]
    assert "vous concernant" in bodies[2]


def test_the_text_of_a_message_says_nothing_of_the_patient(running: Operator, outbox: Outbox) -> None:
    box = _mailbox(running)
    mailed = mail(S1, outbox, box, [NURSE])
    deliver(outbox, [box], [row.id for row in mailed.rows])
    body = _messages(running)[0].get_body().get_content()
    visit = json.loads(S1)
    for private in texts_to_keep(visit["patient"]):
        assert private not in body


def test_a_correction_replaces_in_the_thread_of_who_had_the_first(running: Operator, outbox: Outbox) -> None:
    box = _mailbox(running)
    first = mail(S1, outbox, box, [NURSE])
    second = mail(S6, outbox, box, [NURSE, EMSP])
    deliver(outbox, [box], [row.id for row in (*first.rows, *second.rows)])
    before, after, elsewhere = _messages(running)
    assert before["In-Reply-To"] is None
    assert after["In-Reply-To"] == before["Message-ID"]
    assert elsewhere["In-Reply-To"] is None
    for message in (after, elsewhere):
        assert message["Subject"].startswith("[Annule et remplace] XDM/1.0/DDM+")
        assert "annule et remplace" in message.get_body().get_content()


def test_an_opposition_to_the_dmp_is_a_warning_and_stays_noted(running: Operator, outbox: Outbox) -> None:
    box = _mailbox(running)
    mailed = mail(S4, outbox, box, [EMSP])
    assert "MSS-OPPOSITION" in [one.rule for one in mailed.findings]
    deliver(outbox, [box], [row.id for row in mailed.rows])
    assert _state(outbox, mailed.rows[0].id) == (State.ACCEPTED, Reason.POSTED)
    patient = read_package(package_xdm(S4)).patient
    assert outbox.opposed(Identifier("1.2.250.1.213.1.4.10", patient.partition("^")[0]))


def test_a_document_hidden_from_the_patient_never_goes_to_the_patient(running: Operator, outbox: Outbox) -> None:
    box = _mailbox(running)
    with pytest.raises(RecipientRefused) as caught:
        mail(S5, outbox, box, ["patient", NURSE])
    assert [one.rule for one in caught.value.findings] == ["MSS-VISIBILITY"]
    assert list(outbox.rows()) == []
    assert len(mail(S5, outbox, box, [NURSE]).rows) == 1


def test_an_identity_that_is_not_qualified_goes_nowhere(running: Operator, outbox: Outbox) -> None:
    visit = json.loads(S7)
    visit["patient"]["ins"]["status"] = "provisional"
    data = json.dumps(visit)
    with pytest.raises(SubmissionRefused):
        mail(data, outbox, _mailbox(running), [NURSE])
    with pytest.raises(SubmissionRefused):
        package_xdm(data)
    with pytest.raises(VisitInvalid):
        package_xdm(b"{}")
    assert list(outbox.rows()) == []


def test_a_message_too_large_is_refused_before_the_queue(running: Operator, outbox: Outbox) -> None:
    with pytest.raises(RecipientRefused) as caught:
        mail(S1, outbox, _mailbox(running, max_bytes=10_000), [NURSE])
    assert [one.rule for one in caught.value.findings] == ["MSS-SIZE"]
    assert list(outbox.rows()) == []


def test_without_the_package_that_prints_the_message_leaves_and_says_so(
    running: Operator, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(document: object) -> bytes:
        raise MissingExtra("installer dmp-adapter[pdf].")

    monkeypatch.setattr(mailing, "render_pdf", missing)
    box = _mailbox(running)
    mailed = mail(S7, outbox, box, [NURSE])
    assert "MSS-PDF" in [one.rule for one in mailed.findings]
    deliver(outbox, [box], [row.id for row in mailed.rows])
    (message,) = _messages(running)
    assert [one.get_filename() for one in message.iter_attachments()] == ["IHE_XDM.ZIP"]
    assert "PDF" not in message.get_body().get_content()


def test_the_domain_of_patients_is_a_setting(running: Operator, outbox: Outbox) -> None:
    box = _mailbox(running, space=TrustSpace(("mssante.fr",), "patient.formation.mssante.fr"))
    mailed = mail(S7, outbox, box, ["patient"])
    deliver(outbox, [box], [row.id for row in mailed.rows])
    assert running.envelopes[0][1][0].endswith("@patient.formation.mssante.fr")


def test_a_mailbox_that_moved_waits_for_a_person(running: Operator, outbox: Outbox) -> None:
    mailed = mail(S7, outbox, _mailbox(running, port=1), [NURSE])
    (row,) = deliver(outbox, [_mailbox(running)], [mailed.rows[0].id])
    assert (row.state, row.reason) == (State.BLOCKED, Reason.DESTINATION_CHANGED)
    outbox.retry(row.id)
    (row,) = deliver(outbox, [_mailbox(running)], [row.id])
    assert row.state is State.ACCEPTED


def test_a_server_that_is_away_loses_nothing(running: Operator, outbox: Outbox) -> None:
    running.says("RCPT", "450 later")
    box = _mailbox(running)
    mailed = mail(S7, outbox, box, [NURSE])
    (row,) = deliver(outbox, [box], [mailed.rows[0].id])
    assert row.state is State.ACCEPTED
    assert len(running.received) == 1


def test_the_package_of_a_visit_is_the_same_every_time() -> None:
    assert package_xdm(S1) == package_xdm(S1)


def test_nothing_of_a_visit_goes_to_a_log(running: Operator, outbox: Outbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    box = _mailbox(running)
    mailed = mail(S1, outbox, box, ["patient", NURSE])
    running.says("RCPT", "550 252034410921797@patient.mssante.fr unknown")
    deliver(outbox, [box], [row.id for row in mailed.rows])
    assert _state(outbox, mailed.rows[0].id) == (State.REJECTED, Reason.REFUSED)
    told = "\n".join(one.getMessage() for one in caplog.records if not one.name.startswith("mail."))  # the server's own
    for private in texts_to_keep(json.loads(S1)):
        assert private not in told
    trail = b"".join(outbox.export_audit()).decode()
    for private in texts_to_keep(json.loads(S1)["patient"]):
        assert private not in trail


def test_the_real_pdf_is_enclosed(running: Operator, outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    box = _mailbox(running)
    mailed = mail(S7, outbox, box, [NURSE])
    deliver(outbox, [box], [row.id for row in mailed.rows])
    _, pdf = _messages(running)[0].iter_attachments()
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf.get_content())).pages)
    assert "BERNARD" in text
    assert pdf.get_filename().startswith("20261030_")


def test_a_key_of_the_mailbox_under_password_is_used(outbox: Outbox, tmp_path: Path) -> None:
    own = pki.issued("server")
    (tmp_path / "server.pem").write_bytes(own.pem + own.key_pem())
    (tmp_path / "authority.pem").write_bytes(pki.authority().pem)
    (tmp_path / "client.p12").write_bytes(pki.issued("client").p12(b"secret"))
    authority = tmp_path / "authority.pem"
    with operator(certificate=str(tmp_path / "server.pem"), client_certificates=authority) as strict:
        key = KeySource(tmp_path / "client.p12")
        box = _mailbox(strict, ca_bundle=authority, key=key, secret=lambda source, use: "secret")
        mailed = mail(S7, outbox, box, [NURSE])
        (row,) = deliver(outbox, [box], [mailed.rows[0].id])
        assert row.state is State.ACCEPTED
        wrong = replace(box, secret=lambda source, use: "faux")
        again = mail(S7, outbox, wrong, [EMSP])
        (row,) = deliver(outbox, [wrong], [again.rows[0].id], timeout_s=0.5)
        assert (row.state, row.reason) == (State.QUEUED, Reason.UNREACHABLE)
        assert "mot de passe" in row.explanation
