"""Submission values as JSON and back: what a row keeps beside the bytes of the documents."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import orjson

from adapter.outbox.errors import OutboxDamaged
from adapter.submission.values import DocumentEntry, Mail, Submission, SubmissionSet

Reader = Callable[[Any], Any]


def to_json(submission: Submission) -> bytes:
    """The set, the entries and the mail; what `bodies` gives travels beside, as it is."""
    values: dict[str, Any] = {"set": submission.set, "entries": submission.entries}
    if submission.mail is not None:
        values["mail"] = dataclasses.replace(submission.mail, pdf=b"")
        values["pdf"] = bool(submission.mail.pdf)
    return orjson.dumps(values, default=bytes.hex)


def bodies(submission: Submission) -> tuple[bytes, ...]:
    """The documents, then the PDF of a mail when there is one."""
    pdf = submission.mail.pdf if submission.mail is not None else b""
    return (*submission.contents, pdf) if pdf else submission.contents


def from_json(text: bytes, contents: tuple[bytes, ...]) -> Submission:
    """The submission that `to_json` wrote, with its documents.

    Fields that an older version did not write take their default.

    Args:
        contents: what `bodies` gave.

    Raises:
        OutboxDamaged: not written by `to_json`, or by a newer version.
    """
    try:
        values = orjson.loads(text)
        entries = tuple(_reader(DocumentEntry)(entry) for entry in values["entries"])
        mail = _reader(Mail)(values["mail"]) if "mail" in values else None
        if mail is not None and values["pdf"] and contents:
            mail, contents = dataclasses.replace(mail, pdf=contents[-1]), contents[:-1]
        submission = Submission(_reader(SubmissionSet)(values["set"]), entries, contents, mail)
    except (KeyError, TypeError, ValueError) as fault:
        raise OutboxDamaged("Une ligne de la file d'envoi est illisible.") from fault
    if len(entries) != len(contents):
        raise OutboxDamaged("Une ligne de la file d'envoi a perdu une partie de ses documents.")
    return submission


@cache
def _reader(kind: Any) -> Reader:
    """Function from JSON to a value of `kind`."""
    origin, arguments = get_origin(kind), get_args(kind)
    if dataclasses.is_dataclass(kind):
        return _dataclass_reader(kind)
    if origin is tuple:  # only tuple[X, ...] stands in the values
        item = _reader(arguments[0])
        return lambda value: tuple(item(one) for one in value)
    if origin in (Union, types.UnionType):  # only X | None
        (some,) = (_reader(one) for one in arguments if one is not type(None))
        return lambda value: None if value is None else some(value)
    if origin is Literal or kind in (str, int, bool):
        return _checked(type(arguments[0]) if arguments else kind)
    return {datetime: datetime.fromisoformat, date: date.fromisoformat, bytes: bytes.fromhex}[kind]


def _dataclass_reader(kind: Any) -> Reader:
    readers = {name: _reader(hint) for name, hint in get_type_hints(kind).items()}

    def read(value: Any) -> Any:
        return kind(**{name: readers[name](one) for name, one in value.items()})

    return read


def _checked(kind: type) -> Reader:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(kind.__name__)
        return value

    return read
