from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from tests.faults.crash import deposits, run_once

RUNS = 200


@pytest.mark.skipif(not hasattr(os, "fork"), reason="le système ne sait pas dupliquer un processus")
def test_a_worker_killed_at_random_points_loses_nothing_and_doubles_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "adapter.outbox.worker")  # the faults are asked for; put back at the end
    submissions, ins = deposits(10)
    assert len(submissions) == 20
    kills = sends = 0
    for seed in range(RUNS):
        run = run_once(seed, tmp_path, submissions, ins)
        assert run.wrong == [], f"seed {seed}"
        kills += run.kills
        sends += run.sends
        for file in tmp_path.iterdir():
            file.unlink()
    assert kills >= RUNS / 2, "too few workers died for the test to tell anything"
    assert sends > RUNS * 20, "no send was ever cut: the kills come at the wrong moments"
