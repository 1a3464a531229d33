"""What of a visit must never be said in a message, a log, a URL or the name of a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

PRIVATE = {"value", "local_id", "family", "birth_family_name", "used_family_name", "used_given_name", "given"}


def texts_to_keep(value: Any, key: str = "") -> Iterator[str]:
    """Names, numbers and sentences of a visit given as JSON."""
    if isinstance(value, dict):
        for name, child in value.items():
            yield from texts_to_keep(child, name)
    elif isinstance(value, list):
        for child in value:
            yield from texts_to_keep(child, key)
    elif isinstance(value, str) and len(value) >= 4 and (key in PRIVATE or value.count(" ") >= 2):
        yield value
