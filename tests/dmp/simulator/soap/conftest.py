"""A simulator that serves both wires, and its users."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapter.dmp.pdsm import PdsmClient
from adapter.dmp.session import DmpSession, RetryPolicy
from adapter.dmp.simulator import serve
from adapter.dmp.simulator.serving import RunningSimulator
from adapter.dmp.simulator.soap.authority import Authority, make_authority
from adapter.dmp.xds.client import XdsClient
from tests.dmp.simulator.soap.users import Hand, client


@pytest.fixture(scope="session")
def authority() -> Authority:
    return make_authority()


@pytest.fixture
def running(authority: Authority, tmp_path: Path) -> Iterator[RunningSimulator]:
    with serve(tls=True, authority=authority, certificates=tmp_path / "cles", size_limit=200_000) as found:
        yield found


@pytest.fixture
def doctor(running: RunningSimulator) -> XdsClient:
    """By card: may do everything."""
    return client(running)


@pytest.fixture
def structure(running: RunningSimulator) -> XdsClient:
    """By the certificates of the structure: feeds, and finds what it fed."""
    return client(running, "indirect")


@pytest.fixture
def hand(running: RunningSimulator) -> Hand:
    return Hand(running)


@pytest.fixture
def pdsm(running: RunningSimulator) -> PdsmClient:
    actor = {"X-DMP-Actor": "professional;rpps=99700100003;structure=1990000010;mode=direct"}
    session = DmpSession(retry=RetryPolicy(attempts=1), headers=lambda: actor)
    return PdsmClient(running.base_url, session)
