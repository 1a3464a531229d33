"""A log that ten thousand failures do not flood: the first of its kind at once, then one line a minute."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_KINDS_MAX: Final = 200


@dataclass(slots=True)
class _Kind:
    last: float
    kept_back: int = 0


class QuietLog:
    """Counts what repeats itself.

    Args:
        every_s: seconds between two lines of one kind. monotonic: seconds that never go back.
    """

    def __init__(
        self, logger: logging.Logger, every_s: float = 60.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._logger = logger
        self._every_s = every_s
        self._monotonic = monotonic
        self._kinds: dict[tuple[int, str, str], _Kind] = {}
        self._lock = threading.Lock()

    def tell(self, level: int, destination: str, sentence: str) -> None:
        """One event of the kind (destination, sentence); the sentence is one of ours, without any value."""
        now = self._monotonic()
        name = (level, destination, sentence)
        with self._lock:
            kind = self._kinds.get(name)
            if kind is None:
                if len(self._kinds) >= _KINDS_MAX:
                    return
                self._kinds[name] = _Kind(now)
                count = 1
            elif now - kind.last < self._every_s:
                kind.kept_back += 1
                return
            else:
                count, kind.last, kind.kept_back = kind.kept_back + 1, now, 0
        self._write(name, count)

    def flush(self) -> None:
        """Writes what was kept back."""
        with self._lock:
            kept = [(name, kind.kept_back) for name, kind in self._kinds.items() if kind.kept_back]
            self._kinds.clear()
        for name, count in kept:
            self._write(name, count)

    def _write(self, name: tuple[int, str, str], count: int) -> None:
        level, destination, sentence = name
        if count == 1:
            self._logger.log(level, "%s : %s", destination, sentence)
        else:
            self._logger.log(level, "%s : %s (%d fois)", destination, sentence, count)
