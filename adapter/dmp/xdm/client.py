"""A mailbox of secure health mail as a place that the queue sends to: package, message and transport in one."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapter.dmp import EntryReceipt, Receipt
from adapter.dmp.xdm import mail, package, smtp
from adapter.errors import DmpRejected
from adapter.submission.values import Submission


@dataclass(frozen=True, slots=True)
class MailClient:
    """Satisfies ``Mailbox``.

    Attributes:
        max_bytes: largest message that the operator admits; 10 MB are common, Mon espace santé takes 25.
    """

    server: smtp.MailServer
    sending: mail.Sending
    software: package.Software
    max_bytes: int = field(default=10_000_000)

    def message(self, submission: Submission) -> bytes:
        """The whole message of a submission that holds a mail."""
        return mail.write(submission, package.build(submission, self.software), self.sending)

    def submit(self, submission: Submission) -> Receipt:
        """Sends the message; the receipt says that the operator took it, not that anybody has it.

        Raises:
            DmpUnreachable, OutcomeUnknown, DmpRejected, DmpAccessDenied: as ``smtp.post`` tells.
        """
        told = submission.mail
        if told is None:
            raise DmpRejected("Ce dépôt n'est pas un message.", code="no-mail")
        message = self.message(submission)
        if len(message) > self.max_bytes:
            raise DmpRejected(f"Le message dépasse {self.max_bytes} octets.", code="size")
        smtp.post(self.server, told.sender, told.recipient, message)
        return Receipt(submission.set.unique_id, tuple(EntryReceipt(one.unique_id) for one in submission.entries))
