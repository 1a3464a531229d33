#!/usr/bin/env python3
"""The crash test of ``tests/faults`` at length, with its figures.

    python benchmarks/crash.py [--kills 1000] [--seed 1000]

Workers are killed with SIGKILL at random points while they send to the simulator, whose faults are on; at the end of
each run every document must be there exactly once, after its original, with a sound audit chain. Exits with 1 when one
is not, and names the seed.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.faults.crash import deposits, run_once


def main() -> int:
    """Exit code: 0 when nothing was lost, doubled or out of order."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=1000, help="stop after this many workers were killed")
    parser.add_argument("--seed", type=int, default=1000, help="seed of the first run; the next ones follow")
    options = parser.parse_args()
    logging.getLogger("adapter.outbox.worker").setLevel(logging.CRITICAL)

    submissions, ins = deposits(10)
    runs = kills = sends = searches = 0
    wrong: list[str] = []
    start = time.perf_counter()
    while kills < options.kills:
        with tempfile.TemporaryDirectory() as folder:
            run = run_once(options.seed + runs, Path(folder), submissions, ins)
        runs += 1
        kills += run.kills
        sends += run.sends
        searches += run.searches
        wrong += [f"seed {run.seed}: {sentence}" for sentence in run.wrong]
        if runs % 50 == 0:
            print(f"{runs} runs, {kills} kills, {len(wrong)} faults", file=sys.stderr, flush=True)
    documents = runs * len(submissions)
    print(f"runs                      {runs}")
    print(f"workers killed            {kills}")
    print(f"documents                 {documents}, each there once: {'no' if wrong else 'yes'}")
    print(f"deposits that left        {sends} ({sends - documents} more than documents: cut or refused, then searched)")
    print(f"searches by uniqueId      {searches}")
    print(f"time                      {time.perf_counter() - start:.0f} s")
    for sentence in wrong:
        print(f"WRONG  {sentence}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
