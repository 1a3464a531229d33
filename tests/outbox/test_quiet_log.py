from __future__ import annotations

import logging

import pytest

from adapter.outbox import QuietLog


def test_kinds_are_told_apart_and_what_was_kept_back_is_flushed(caplog: pytest.LogCaptureFixture) -> None:
    seconds = [0.0]
    log = QuietLog(logging.getLogger("quiet"), every_s=60, monotonic=lambda: seconds[0])
    for _ in range(3):
        log.tell(logging.WARNING, "dmp", "injoignable")
        log.tell(logging.ERROR, "dmp", "essais épuisés")
        log.tell(logging.WARNING, "autre", "injoignable")
    assert [record.getMessage() for record in caplog.records] == [
        "dmp : injoignable",
        "dmp : essais épuisés",
        "autre : injoignable",
    ]
    caplog.clear()
    seconds[0] = 61
    log.tell(logging.WARNING, "dmp", "injoignable")
    log.flush()
    log.flush()
    assert [record.getMessage() for record in caplog.records] == [
        "dmp : injoignable (3 fois)",
        "dmp : essais épuisés (2 fois)",
        "autre : injoignable (2 fois)",
    ]
    caplog.clear()
    log.tell(logging.WARNING, "dmp", "injoignable")
    assert len(caplog.records) == 1, "after a flush a kind is new again"


def test_the_memory_of_kinds_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    log = QuietLog(logging.getLogger("quiet"))
    for number in range(1000):
        log.tell(logging.WARNING, f"dmp-{number}", "injoignable")
    assert len(caplog.records) == 200
