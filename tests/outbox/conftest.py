"""Every test of the queue runs on both databases; without PostgreSQL the second half is skipped, and says so."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from adapter.outbox import Outbox, Policy, Worker
from tests.outbox import postgres_server
from tests.outbox.scripted_dmp import ScriptedDmp

_skipped: list[str] = []
_numbers = itertools.count(1)


class Clock:
    """Time that moves when it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a throw-away server."""
    why = postgres_server.missing()
    if why:
        pytest.skip(why)
    with postgres_server.server() as url:
        yield url


@pytest.fixture
def postgres_url(postgres: str) -> str:
    """URL of an empty schema of its own."""
    import psycopg

    name = f"queue_{next(_numbers)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
    return f"{postgres}&options=-csearch_path%3D{name}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'outbox.db'}"
    found = request.getfixturevalue("postgres_url")
    assert isinstance(found, str)
    return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outbox(url: str, clock: Clock) -> Iterator[Outbox]:
    with Outbox.open(url, key="", clock=clock, host="cabinet") as opened:
        yield opened


@pytest.fixture
def dmp() -> ScriptedDmp:
    return ScriptedDmp()


@pytest.fixture
def worker(outbox: Outbox, dmp: ScriptedDmp, clock: Clock) -> Worker:
    return new_worker(outbox, dmp, clock)


def new_worker(outbox: Outbox, dmp: ScriptedDmp, clock: Clock, policy: Policy | None = None) -> Worker:
    """A worker of the destination ``dmp`` whose time is `clock`."""
    connect: Callable[[], ScriptedDmp] = lambda: dmp  # noqa: E731  # typed on the way
    return Worker(outbox, {"dmp": connect}, policy=policy, clock=clock, sleep=clock.sleep, random=Random(7))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and "[postgresql" in report.nodeid:
        _skipped.append(report.nodeid)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _skipped:
        terminalreporter.write_line(
            f"ATTENTION : {len(_skipped)} TEST(S) DE LA FILE D'ENVOI SAUTÉ(S) : {postgres_server.missing()}",
            yellow=True,
        )
