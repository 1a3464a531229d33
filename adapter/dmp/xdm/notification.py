"""What comes back after a mail: notices that it was processed (RFC 8098) or could not be delivered (RFC 3464).

Only the Message-ID of our own mail, what was done and a code are taken out: the labels and the returned message may
speak of the patient.
Source: RFC 8098, 3.1 and 3.2; RFC 3464, 2; RFC 3462; ANS, volet Transmission d'un document CDA en HL7 v2, structure du
message MDN (``Disposition: …; processed/Error: 902^…``) and table of the errors of integration (900 and after).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from typing import Final, Literal

from adapter.dmp.xdm.rule_texts import finding
from adapter.errors import FindingsError

MAX_BYTES: Final = 64 * 1024 * 1024
_DEPTH_MAX: Final = 20
_MESSAGE_ID: Final = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{3,300}>")
_DISPOSITION: Final = re.compile(
    r"\s*(?:manual|automatic)-action\s*/\s*MDN-sent-(?:manually|automatically)\s*;\s*"
    r"(?P<kind>displayed|deleted|dispatched|processed|failed|denied)"
    r"(?:\s*/\s*(?P<modifier>[A-Za-z-]+)(?:\s*:\s*(?P<code>[0-9]{1,5}))?)?",
    re.IGNORECASE,
)
_CODE: Final = re.compile(r"\s*(?P<code>[0-9]{1,5})")
_STATUS: Final = re.compile(r"\s*(?P<code>[245]\.[0-9]{1,3}\.[0-9]{1,3})")


class NotificationInvalid(FindingsError):
    """A message that is no notice about a mail of ours."""


@dataclass(frozen=True, slots=True)
class Notification:
    """A notice about one mail.

    Attributes:
        message_id: of the mail.
        outcome: ``taken`` (processed, displayed or passed on), ``refused``, or ``none`` when it says neither (delayed,
            put in the box).
        code: why it was refused: error of integration (``902``), status of delivery (``5.1.1``) or the word of the
            notice (``deleted``); empty when it does not tell.
    """

    message_id: str
    outcome: Literal["taken", "refused", "none"]
    code: str = ""


def read_notification(data: bytes) -> Notification:
    """The notice in `data`, a whole message as a mailbox gives it.

    Raises:
        NotificationInvalid: too large, no notice, or one that does not tell which mail it is about.
    """
    if len(data) > MAX_BYTES:
        raise NotificationInvalid([finding("MSS-NOTICE", "/", f"Le message dépasse {MAX_BYTES} octets.")])
    try:
        parts = list(_parts(message_from_bytes(data), 0))
    except (ValueError, LookupError, RecursionError, AttributeError, TypeError, KeyError, IndexError):
        parts = []  # the parser of messages takes most damage, and stumbles over some
    read = _disposition(parts) or _delivery(parts)
    if read is None:
        message = "Ce message n'est pas un avis de traitement (MDN) ni de remise qui désigne l'un des nôtres."
        raise NotificationInvalid([finding("MSS-NOTICE", "/", message)])
    return read


def _parts(message: Message, depth: int) -> Iterator[Message]:
    """The message and what it holds, outermost first."""
    yield message
    payload = message.get_payload()
    if isinstance(payload, list) and depth < _DEPTH_MAX:
        for part in payload:
            if isinstance(part, Message):
                yield from _parts(part, depth + 1)


def _disposition(parts: list[Message]) -> Notification | None:
    for fields in _fields(parts, "message/disposition-notification"):
        about = _MESSAGE_ID.search(_text(fields, "Original-Message-ID"))
        told = _DISPOSITION.match(_text(fields, "Disposition"))
        if about is None or told is None:
            continue
        kind = told["kind"].lower()
        failed = (told["modifier"] or "").lower() in ("error", "failure") or kind in ("failed", "deleted", "denied")
        if not failed:
            return Notification(about[0], "taken")
        beside = _CODE.match(_text(fields, "Error") or _text(fields, "Failure"))
        code = told["code"] or (beside["code"] if beside else "") or (kind if kind != "processed" else "")
        return Notification(about[0], "refused", code)
    return None


def _delivery(parts: list[Message]) -> Notification | None:
    """What a delivery report says; our mail is known by the headers that it gives back."""
    about = ""
    for part in parts:
        if part.get_content_type() in ("message/rfc822", "message/rfc822-headers", "text/rfc822-headers"):
            about = about or _returned_id(part)
    statuses = [fields for fields in _fields(parts, "message/delivery-status") if _text(fields, "Action")]
    if not about or not statuses:
        return None
    for fields in statuses:
        if _text(fields, "Action").strip().lower() == "failed":
            told = _STATUS.match(_text(fields, "Status"))
            return Notification(about, "refused", told["code"] if told else "")
    return Notification(about, "none")


def _fields(parts: list[Message], kind: str) -> Iterator[Message]:
    """Groups of fields of the parts of this type."""
    for part in parts:
        payload = part.get_payload()
        if part.get_content_type() != kind:
            continue
        if isinstance(payload, list):
            yield from (one for one in payload if isinstance(one, Message))
        elif isinstance(payload, str):
            yield message_from_bytes(payload.encode("utf-8", "replace"))


def _returned_id(part: Message) -> str:
    payload = part.get_payload()
    if isinstance(payload, list) and payload and isinstance(payload[0], Message):
        headers = payload[0]
    else:
        headers = message_from_bytes(str(payload).encode("utf-8", "replace"))
    found = _MESSAGE_ID.search(_text(headers, "Message-ID"))
    return found[0] if found else ""


def _text(fields: Message, name: str) -> str:
    """Value of a field on one line, empty when there is none."""
    return " ".join(str(fields.get(name, "")).split())
