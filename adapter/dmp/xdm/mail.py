"""The message of secure health mail: one patient, one recipient, IHE_XDM.ZIP and the same document as a PDF.

The same deposit gives the same bytes at every attempt, Date and Message-ID included.
Source: MSSanté, Référentiel n° 2 (client) 1.0.1: ECO.2.1.1 to 2.1.6 (attachments, subject, name of the PDF), ECO.2.2
(threads, end of exchange), ECO.2.4.1 to 2.4.3 (headers); RFC 5322; RFC 8098 (disposition notifications).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.headerregistry import Address, HeaderRegistry, MessageIDHeader, UniqueSingleAddressHeader
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256
from typing import Final

from adapter.submission.values import DocumentEntry, Mail, Submission

ATTACHMENT: Final = "IHE_XDM.ZIP"
REPLACES: Final = "[Annule et remplace] "
_PREFIX: Final = "XDM/1.0/DDM+"
_TYPE_MAX: Final = 40
_NOT_A_LINE: Final = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]+")
_NOT_IN_A_NAME: Final = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*_]+')
# As free text, a long identifier or address would be cut into encoded words, which no receiver puts together again.
_HEADERS: Final = HeaderRegistry()
for _name, _kind in (
    ("in-reply-to", MessageIDHeader),
    ("references", MessageIDHeader),
    ("disposition-notification-to", UniqueSingleAddressHeader),
):
    _HEADERS.map_to_type(_name, _kind)  # type: ignore[arg-type]  # typeshed takes these mixins for no headers
_POLICY: Final = SMTP.clone(header_factory=_HEADERS)


@dataclass(frozen=True, slots=True)
class Sending:
    """What every message of one mailbox tells.

    Attributes:
        nil: number of this software (``X-MSS-NIL``), given when the product is declared.
        notify: asks the software of the recipient to tell what it did with the message.
        name: name shown beside the address of the sender; empty for none.
    """

    nil: str
    notify: bool = True
    name: str = ""


def write(submission: Submission, package: bytes, sending: Sending) -> bytes:
    """The whole message, lines ended by CRLF, ready for SMTP.

    Args:
        submission: it holds a mail.
        package: IHE_XDM.ZIP of its documents.
    """
    mail, first = _mail(submission), submission.entries[0]
    message = EmailMessage(_POLICY)
    message["From"] = Address(_line(sending.name), addr_spec=mail.sender)
    message["To"] = Address(addr_spec=mail.recipient)
    message["Subject"] = subject(first)
    message["Date"] = submission.set.submission_time
    message["Message-ID"] = mail.message_id
    if mail.in_reply_to:
        message["In-Reply-To"] = mail.in_reply_to
        message["References"] = mail.in_reply_to
    if sending.notify:
        message["Disposition-Notification-To"] = Address(addr_spec=mail.sender)
    message["X-MSS-CODECDA"] = ",".join(entry.type.code for entry in submission.entries)
    message["X-MSS-INS"] = "O" if _identified(first) else "N"
    message["X-MSS-NIL"] = sending.nil
    if mail.to_patient and mail.reply_barred:
        message["X-MSS-MES"] = "FIN"
    message.set_content(mail.text, charset="utf-8", cte="base64")
    message.add_attachment(package, "application", "zip", filename=ATTACHMENT)
    if mail.pdf:
        message.add_attachment(mail.pdf, "application", "pdf", filename=pdf_name(first, mail))
    message.set_boundary(f"={sha256(mail.message_id.encode()).hexdigest()[:40]}=")
    return message.as_bytes()


def subject(entry: DocumentEntry) -> str:
    """``XDM/1.0/DDM+<title> <NAME> <given name> <birth date>``, its prefix when the document replaces another one."""
    patient = entry.patient
    birth = f"{patient.birth_date:%d/%m/%Y}"
    told = _line(f"{_PREFIX}{entry.title} {patient.birth_family} {patient.birth_given[0]} {birth}")
    return f"{REPLACES}{told}" if entry.replaces else told


def pdf_name(entry: DocumentEntry, mail: Mail) -> str:
    """``<day of the act>_<type>_<NAME>_<given name>[_<file number>].pdf``.

    It names the patient, by national rule: it stands in the message only, never on a disk of ours nor in a log.
    Source: ECO.2.1.6.
    """
    patient = entry.patient
    parts = [
        f"{mail.act_on:%Y%m%d}",
        _part(entry.type.display or entry.type.code)[:_TYPE_MAX].strip(),
        _part(patient.birth_family),
        _part(patient.birth_given[0]),
    ]
    if patient.local_id is not None:
        parts.append(_part(patient.local_id.value))
    return "_".join(part for part in parts if part) + ".pdf"


def _mail(submission: Submission) -> Mail:
    if submission.mail is None:
        raise ValueError("this submission holds no mail")
    return submission.mail


def _identified(entry: DocumentEntry) -> bool:
    """True with a qualified INS: number, authority and the four traits. Source: ECO.2.4.2."""
    patient = entry.patient
    traits = (patient.birth_family, patient.birth_given[:1], patient.gender.code, patient.birth_date)
    return patient.ins_qualified and patient.ins is not None and all(traits)


def _line(text: str) -> str:
    """`text` on one line: no character of it can start another header."""
    return _NOT_A_LINE.sub(" ", text).strip()


def _part(text: str) -> str:
    """`text` as a part of a file name: the separator and what no system takes give way to a space."""
    return _NOT_A_LINE.sub(" ", _NOT_IN_A_NAME.sub(" ", text)).strip(" .")
