from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from tests.faults.crash_mail import mails, run_once

RUNS = 10


@pytest.mark.skipif(not hasattr(os, "fork"), reason="le système ne sait pas dupliquer un processus")
def test_a_worker_killed_while_it_posts_loses_no_mail_and_sends_none_twice_by_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "adapter.outbox.worker")  # the faults are asked for; put back at the end
    submissions = mails()
    kills = doubts = 0
    for seed in range(RUNS):
        run = run_once(seed, tmp_path, submissions)
        assert run.wrong == [], f"seed {seed}"
        kills += run.kills
        doubts += run.doubts
    assert kills >= RUNS / 2, "too few workers died for the test to tell anything"
    assert doubts > 0, "no send was ever cut: the kills come at the wrong moments"
