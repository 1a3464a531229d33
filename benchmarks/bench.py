#!/usr/bin/env python3
"""Figures of the main job, as ratios to the floor measured in the same run.

    python benchmarks/bench.py [--floor DIR] [--visits 10000] [--markdown]

The floor is ``bench_floor.py`` of the reference folder (what one visit costs at the least on one core); without it the
figures stand alone and say so. Nothing here is a test: a slow machine fails nothing.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "samples" / "visits" / "s1.exhaustive.json"
FLOOR_LINE = re.compile(
    r"^(FLOOR all-template|FLOOR dict FHIR|self-check: reparse)[^\d]*?.*?([\d.]+)\s*ms", re.MULTILINE
)


def median_ms(work: Callable[[], object], seconds: float = 2.0) -> float:
    """Median duration of `work` in milliseconds, collector off, after a warm-up."""
    for _ in range(20):
        work()
    gc.collect()
    gc.disable()
    spent: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    gc.enable()
    return statistics.median(spent) * 1e3


def floor_figures(folder: Path) -> dict[str, float]:
    """Lines of the floor that we compare with, in milliseconds."""
    run = subprocess.run(
        [sys.executable, str(folder / "bench_floor.py")], capture_output=True, text=True, check=True, cwd=folder
    )
    print(run.stdout, file=sys.stderr)
    return {name: float(value) for name, value in FLOOR_LINE.findall(run.stdout)}


def process_ms(command: list[str], runs: int = 15) -> float:
    """Median duration of a whole process in milliseconds."""
    spent = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        spent.append(time.perf_counter() - start)
    return statistics.median(spent) * 1e3


def stream(count: int) -> tuple[float, float, float]:
    """Visits per second, and peak resident memory in MB after a tenth and after all of `count` visits."""
    from adapter.api import convert

    raw = SAMPLE.read_bytes()
    peak_early = 0.0
    start = time.perf_counter()
    for number in range(count):
        convert(raw.replace(b'"visite-s1"', b'"visite-%d"' % number))
        if number == count // 10:
            peak_early = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    elapsed = time.perf_counter() - start
    return count / elapsed, peak_early, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--floor", type=Path, default=ROOT.parent / "shared" / "tools" / "floor")
    parser.add_argument("--visits", type=int, default=10_000)
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from adapter import api
    from adapter.mapping import load
    from adapter.model.reader import check_visit

    floors = floor_figures(options.floor) if options.floor.is_dir() else {}
    floor = floors.get("FLOOR dict FHIR")
    raw = SAMPLE.read_bytes()
    mappings = load()
    visit = api.read_visit(raw)
    document = api.compose(visit, mappings=mappings)
    cda, bundle = api.render_cda(document), api.render_bundle(document)

    def whole() -> tuple[bytes, bytes]:
        made = api.compose(api.read_visit(raw), mappings=mappings)
        return api.render_cda(made), api.render_bundle(made)

    rows: list[tuple[str, float]] = [
        ("read (JSON, types, rules)", median_ms(lambda: check_visit(raw))),
        ("compose", median_ms(lambda: api.compose(visit, mappings=mappings))),
        ("CDA bytes", median_ms(lambda: api.render_cda(document))),
        ("FHIR bytes", median_ms(lambda: api.render_bundle(document))),
        ("sheet", median_ms(lambda: api.render_sheet(document))),
        ("visit JSON -> CDA + Bundle", median_ms(whole)),
        ("self-check (rules of both, agreement)", median_ms(lambda: api.check_outputs(cda, bundle))),
        ("convert, all forms, self-check", median_ms(lambda: api.convert(raw, mappings=mappings))),
    ]
    python = f"{platform.python_implementation()} {platform.python_version()}"
    print(f"# {python}, {os.cpu_count()} cores, {platform.machine()}")
    sizes = f"visit {len(raw)} B, CDA {len(cda)} B, Bundle {len(bundle)} B"
    print(f"# {sizes}; floor (dict FHIR): {floor or 'not measured'} ms\n")
    print("| step (S1 exhaustive, one core, warm) | ms | ratio to the floor |\n|---|---|---|")
    for name, ms in rows:
        print(f"| {name} | {ms:.2f} | {f'{ms / floor:.1f}' if floor else '-'} |")
    with tempfile.TemporaryDirectory() as out:
        start = process_ms([sys.executable, "-c", "pass"])
        command = [sys.executable, "-m", "adapter", "convert", str(SAMPLE), "--to", "all", "--out", out]
        print(f"| python start | {start:.0f} | |\n| whole process, convert one visit | {process_ms(command):.0f} | |")
    rate, early, late = stream(options.visits)
    print(f"\n{options.visits} visits streamed: {rate:.0f}/s, peak {early:.0f} MB at a tenth, {late:.0f} MB at the end")


if __name__ == "__main__":
    main()
