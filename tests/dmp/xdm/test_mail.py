from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.dmp.xdm import mail
from adapter.dmp.xdm.mail import Sending
from adapter.dmp.xdm.reading import read_package
from adapter.errors import DmpRejected, OutcomeUnknown
from adapter.model.coded import CodeSystem, Coding
from adapter.model.document import Identifier
from adapter.submission.values import Mail, Submission
from tests.dmp import wire
from tests.dmp.xdm.letters import BOX, NURSE, PDF, SENDER, TEXT, client, letter
from tests.dmp.xdm.operator import Operator, operator

ENTRY = letter().entries[0]
PATIENT = ENTRY.patient


@pytest.fixture
def running() -> Iterator[Operator]:
    with operator() as found:
        yield found


def _read(submission: Submission, sending: Sending | None = None) -> EmailMessage:
    data = mail.write(submission, b"PK", sending or Sending("123456"))
    found = message_from_bytes(data, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def _mail(submission: Submission) -> Mail:
    assert submission.mail is not None
    return submission.mail


def test_the_message_that_an_operator_receives(running: Operator) -> None:
    sent = letter()
    receipt = client(running).submit(sent)
    assert receipt.set_unique_id == sent.set.unique_id
    assert running.envelopes == [(SENDER, [NURSE])]
    found = running.message()
    assert found["Subject"] == (
        "XDM/1.0/DDM+Synthèse de visite soins palliatifs - 12/10/2026 ROUSSEL HELENE 14/03/1952"
    )
    assert found["From"] == f"Cabinet des Tanneurs <{SENDER}>"
    assert found["To"] == NURSE
    assert found["Disposition-Notification-To"] == SENDER
    assert found["X-MSS-CODECDA"] == "11488-4"
    assert (found["X-MSS-INS"], found["X-MSS-NIL"], found["X-MSS-MES"]) == ("O", "123456", None)
    assert found["Message-ID"] == _mail(sent).message_id
    assert found["Date"].datetime == sent.set.submission_time
    assert (found["In-Reply-To"], found["References"]) == (None, None)
    body = found.get_body()
    assert body is not None
    assert body.get_content_charset() == "utf-8"
    assert body.get_content() == TEXT.replace("\n", "\r\n")
    package, pdf = found.iter_attachments()
    assert (package.get_filename(), package.get_content_type()) == ("IHE_XDM.ZIP", "application/zip")
    (document,) = read_package(package.get_content()).documents
    assert document.content == sent.contents[0]
    assert pdf.get_filename() == "20261012_CR ou fiche de consultation ou de visite_ROUSSEL_HELENE_PAT-0001.pdf"
    assert (pdf.get_content_type(), pdf.get_content()) == ("application/pdf", PDF)


def test_the_same_deposit_gives_the_same_bytes_at_every_attempt(running: Operator) -> None:
    first, second = client(running).message(letter()), client(running).message(letter())
    assert first == second
    assert b"\n" not in first.replace(b"\r\n", b"")
    assert max(map(len, first.split(b"\r\n"))) <= 998


def test_a_replacement_says_so_and_follows_the_first_message() -> None:
    found = _read(letter(replaces=True))
    assert found["Subject"].startswith("[Annule et remplace] XDM/1.0/DDM+")
    assert found["In-Reply-To"] == found["References"] == _mail(letter(replaces=True)).in_reply_to


def test_long_addresses_and_identifiers_are_not_cut() -> None:
    sent = letter(replaces=True)
    domain = f"{'cabinet-' * 7}medical.{'secteur-' * 7}ouest.mssante.fr"
    sender, first, second = f"{'prenom.' * 8}nom@{domain}", f"<{'a' * 40}@{domain}>", f"<{'b' * 40}@{domain}>"
    long = replace(_mail(sent), sender=sender, message_id=first, in_reply_to=second)
    data = mail.write(replace(sent, mail=long), b"PK", Sending("1", name="É" * 60)).replace(b"\r\n ", b" ")
    for name, value in (("Message-ID", first), ("In-Reply-To", second), ("References", second)):
        assert f"{name}: {value}".encode() in data.replace(b":  ", b": ")
    found = message_from_bytes(data, policy=policy.default)
    assert found["From"].addresses[0].addr_spec == sender
    assert sender in found["Disposition-Notification-To"]


@pytest.mark.parametrize(
    ("to", "barred", "told"), [(BOX, True, "FIN"), (BOX, False, None), (NURSE, True, None), (NURSE, False, None)]
)
def test_only_a_patient_is_told_not_to_answer(to: str, barred: bool, told: str | None) -> None:
    assert _read(letter(to=to, barred=barred))["X-MSS-MES"] == told


def test_no_receipt_is_asked_when_the_settings_do_not_want_one() -> None:
    assert _read(letter(), Sending("1", notify=False))["Disposition-Notification-To"] is None


def test_a_message_without_a_pdf_has_one_attachment() -> None:
    assert [one.get_filename() for one in _read(letter(pdf=b"")).iter_attachments()] == ["IHE_XDM.ZIP"]


@pytest.mark.parametrize(
    "changes",
    [{"ins_qualified": False}, {"ins": None}, {"birth_family": ""}, {"gender": Coding(ENTRY.type.system, "")}],
)
def test_an_incomplete_identity_is_told(changes: dict[str, object]) -> None:
    sent = letter()
    patient = replace(PATIENT, **changes)  # type: ignore[arg-type]  # named fields
    entries = tuple(replace(one, patient=patient) for one in sent.entries)
    assert _read(replace(sent, entries=entries))["X-MSS-INS"] == "N"


def test_the_day_in_the_name_of_the_pdf_is_that_of_the_visit_where_it_took_place() -> None:
    entry = replace(ENTRY, service_start=datetime(2026, 10, 11, 22, 30, tzinfo=UTC))
    assert mail.pdf_name(entry, _mail(letter())).startswith("20261012_")


@pytest.mark.parametrize(
    ("family", "given", "local", "told"),
    [
        ("LE GOFF", "JEAN-PIERRE", "A/12", "LE GOFF_JEAN-PIERRE_A 12"),
        ("D'ÉTÉ", "..", 'x:"<>|?*', "D'ÉTÉ_x"),
        ("A_B", "C\r\nX: y", "..\\..\\z", "A B_C X y_z"),
    ],
)
def test_a_name_that_no_file_may_bear_is_made_harmless(family: str, given: str, local: str, told: str) -> None:
    patient = replace(PATIENT, birth_family=family, birth_given=(given,), local_id=Identifier("1.2", local))
    system = CodeSystem("s", "1.2", "urn:s", "S")
    entry = replace(ENTRY, patient=patient, type=Coding(system, "1", "Type"))
    assert mail.pdf_name(entry, _mail(letter())) == f"20261012_Type_{told}.pdf"


@given(
    st.text(max_size=200),
    st.text(min_size=1, max_size=60),
    st.text(max_size=60),
)
def test_no_text_of_a_visit_starts_another_header(title: str, family: str, name: str) -> None:
    sent = letter()
    patient = replace(PATIENT, birth_family=family)
    entries = tuple(replace(one, title=title, patient=patient) for one in sent.entries)
    found = _read(replace(sent, entries=entries), Sending("1", name=name))
    assert set(found.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Disposition-Notification-To", "X-MSS-CODECDA", "X-MSS-INS",
        "X-MSS-NIL", "MIME-Version", "Content-Type",
    }  # fmt: skip
    assert len(list(found.iter_attachments())) == 2


def test_a_message_above_the_limit_does_not_leave(running: Operator) -> None:
    with pytest.raises(DmpRejected) as caught:
        client(running, max_bytes=1000).submit(letter())
    assert caught.value.code == "size"
    assert running.received == []


def test_a_deposit_for_a_dmp_is_no_mail(running: Operator) -> None:
    with pytest.raises(DmpRejected):
        client(running).submit(wire.submission())


def test_a_long_document_with_every_byte_arrives_unchanged(running: Operator) -> None:
    pdf = bytes(range(256)) * 8000 + b"\r\n.\r\n..\r\n"
    client(running).submit(letter(pdf=pdf))
    assert list(running.message().iter_attachments())[1].get_content() == pdf


def test_nothing_of_a_patient_goes_to_a_log(running: Operator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "adapter")
    running.hang_up_after_data = True
    with pytest.raises(OutcomeUnknown):
        client(running).submit(letter(to=BOX))
    for private in (*wire.PRIVATE, "HELENE"):
        assert private not in "".join(one.getMessage() for one in caplog.records if one.name.startswith("adapter"))
