from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from adapter.dmp.simulator.soap.authority import make_authority
from tests.faults.crash import deposits, run_once

RUNS = {"pdsm": 200, "xds": 12}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="le système ne sait pas dupliquer un processus")
@pytest.mark.parametrize("wire", RUNS)
def test_a_worker_killed_at_random_points_loses_nothing_and_doubles_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, wire: str
) -> None:
    runs, authority = RUNS[wire], make_authority() if wire == "xds" else None
    caplog.set_level(logging.CRITICAL, "adapter.outbox.worker")  # the faults are asked for; put back at the end
    submissions, ins = deposits(10)
    assert len(submissions) == 20
    kills = sends = 0
    for seed in range(runs):
        run = run_once(seed, tmp_path, submissions, ins, authority)
        assert run.wrong == [], f"seed {seed}"
        kills += run.kills
        sends += run.sends
        for file in tmp_path.glob("run-*"):
            file.unlink()
    assert kills >= runs / 2, "too few workers died for the test to tell anything"
    assert sends > runs * 20, "no send was ever cut: the kills come at the wrong moments"
