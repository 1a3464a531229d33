#!/usr/bin/env python3
"""Load on the HTTP service: clients that convert without a pause, beside the floor measured in the same run.

    python benchmarks/service.py [--clients 16] [--seconds 60] [--form all|cda]

The floor is the same visit converted in one process without HTTP, one after the other. Each client is a thread of a
process of its own beside the service, so that client and service do not share one interpreter. Nothing here is a test.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "samples" / "visits" / "s1.exhaustive.json"
FLOOR_S = 5.0


@dataclass
class Tally:
    """What one client saw."""

    seconds: list[float] = field(default_factory=list)
    errors: int = 0


def floor_per_s(form: str) -> float:
    """Conversions a second in this process, one thread, without HTTP."""
    sys.path.insert(0, str(ROOT))
    from adapter.api.forms import Form, make

    forms: dict[str, tuple[Form, ...]] = {"all": ("cda", "fhir", "sheet"), "cda": ("cda",)}
    raw, asked = SAMPLE.read_bytes(), forms[form]
    for _ in range(20):
        make(raw, asked)
    done, end = 0, time.perf_counter() + FLOOR_S
    while time.perf_counter() < end:
        make(raw, asked)
        done += 1
    return done / FLOOR_S


def resident_mib(process: int) -> float:
    """Resident memory of a process; 0 where the system does not tell."""
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        return 0.0
    (line,) = [one for one in status.read_text("ascii").splitlines() if one.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def convert(port: int, path: str, end: float, tally: Tally) -> None:
    """One client, until `end`."""
    body = SAMPLE.read_bytes()
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while time.perf_counter() < end:
        start = time.perf_counter()
        try:
            wire.request("POST", path, body, {"Content-Type": "application/json"})
            answer = wire.getresponse()
            answer.read()
            tally.errors += answer.status != 200
        except (OSError, http.client.HTTPException):
            tally.errors += 1
            wire.close()
        tally.seconds.append(time.perf_counter() - start)
    wire.close()


@contextlib.contextmanager
def service(folder: Path):  # type: ignore[no-untyped-def]  # a script
    """Process and port of a service without limits of rate."""
    settings = folder / "settings.toml"
    limits = "[service]\nport = 0\nrate_per_s = 1000000\nburst = 1000000\n"
    settings.write_text(f'outbox = "sqlite:///queue.db"\n{limits}', "utf-8")
    command = [sys.executable, "-m", "adapter", "serve", "--settings", str(settings)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, int(process.stdout.readline().split()[2].rpartition(":")[2])
    finally:
        process.terminate()
        process.wait(60)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--form", choices=("all", "cda"), default="all")
    options = parser.parse_args()
    path = "/v1/visits:convert" + ("?to=cda" if options.form == "cda" else "")
    floor = floor_per_s(options.form)
    with tempfile.TemporaryDirectory() as folder, service(Path(folder)) as (process, port):
        convert(port, path, time.perf_counter() + 2, Tally())  # warm
        before, middle = resident_mib(process.pid), 0.0
        tallies = [Tally() for _ in range(options.clients)]
        end = time.perf_counter() + options.seconds
        threads = [threading.Thread(target=convert, args=(port, path, end, tally)) for tally in tallies]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        time.sleep(options.seconds / 2)
        middle = resident_mib(process.pid)
        for thread in threads:
            thread.join()
        elapsed, after = time.perf_counter() - start, resident_mib(process.pid)
    spent = sorted(one for tally in tallies for one in tally.seconds)
    errors, rate = sum(tally.errors for tally in tallies), len(spent) / elapsed
    ms = [1e3 * spent[int(len(spent) * share)] for share in (0.5, 0.95, 0.99)]
    print(f"# Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}; S1 exhaustive")
    print(f"{options.clients} clients, {elapsed:.0f} s, {path}: {len(spent)} answers, {errors} errors")
    print(f"{rate:.0f} per second; floor {floor:.0f} per second without HTTP, ratio {rate / floor:.2f}")
    mean = 1e3 * statistics.mean(spent)
    print(f"answer: median {ms[0]:.0f} ms, 95 % {ms[1]:.0f} ms, 99 % {ms[2]:.0f} ms, mean {mean:.0f} ms")
    print(f"memory of the service: {before:.0f} MiB warm, {middle:.0f} MiB half way, {after:.0f} MiB at the end")


if __name__ == "__main__":
    main()
