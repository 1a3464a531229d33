"""Notices as the mailboxes of recipients and their operators send them back; everything in them is made up."""

from __future__ import annotations

from typing import Final

OURS: Final = "<b94d27b9934d3e08a52e52d7da7dabfa@test.mssante.fr>"
_HEAD: Final = "From: emsp@hopital.mssante.fr\r\nTo: dr.eveno@test.mssante.fr\r\nMIME-Version: 1.0\r\n"


def mdn(disposition: str, more: str = "", about: str = OURS) -> bytes:
    """A disposition notification (RFC 8098)."""
    fields = (
        "Final-Recipient: rfc822; emsp@hopital.mssante.fr\r\n"
        f"Original-Message-ID: {about}\r\nDisposition: {disposition}\r\n{more}"
    )
    return _report("disposition-notification", f"Content-Type: message/disposition-notification\r\n\r\n{fields}", about)


def bounce(action: str, status: str, returned: str = "text/rfc822-headers", about: str = OURS) -> bytes:
    """A delivery report (RFC 3464)."""
    fields = (
        "Reporting-MTA: dns; operateur.example\r\n\r\n"
        f"Final-Recipient: rfc822; emsp@hopital.mssante.fr\r\nAction: {action}\r\nStatus: {status}\r\n"
    )
    return _report("delivery-status", f"Content-Type: message/delivery-status\r\n\r\n{fields}", about, returned)


def _report(kind: str, fields: str, about: str, returned: str = "text/rfc822-headers") -> bytes:
    ours = f"Subject: XDM/1.0/DDM+\r\nMessage-ID: {about}\r\n"
    parts = (
        "Content-Type: text/plain; charset=utf-8\r\n\r\nVotre message a été traité.\r\n",
        fields,
        f"Content-Type: {returned}\r\n\r\n{ours}\r\n",
    )
    body = "".join(f"--limite\r\n{part}\r\n" for part in parts)
    head = f'{_HEAD}Content-Type: multipart/report; report-type={kind}; boundary="limite"\r\n'
    return f"{head}\r\n{body}--limite--\r\n".encode()
