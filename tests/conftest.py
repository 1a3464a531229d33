"""What every test lives under: no network, fixed seeds, goldens moved on demand only, official rules never skipped."""

from __future__ import annotations

import difflib
import ipaddress
import itertools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

PROJECT_ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("DMP_ADAPTER_SHARED") or PROJECT_ROOT.parent / "shared")

# Same examples on every run and no stopwatch: a red run can be run again, on a busy machine too.
hypothesis.settings.register_profile(
    "project",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("project")

# --- No network -------------------------------------------------------------------------------------------------

# Position of the address among the arguments of each audit event that leaves the machine or asks a name server.
_ADDRESS_OF = {
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
    "socket.gethostbyaddr": 0,
    "socket.getnameinfo": 0,
}
_refused: list[str] = []


class NetworkRefused(RuntimeError):
    """A test reached for the network; deliberately not an OSError, which clients under test may handle."""


def _is_local(address: object) -> bool:
    host = address[0] if isinstance(address, tuple) and address else address
    if isinstance(host, bytes):
        host = host.decode("utf-8", "replace")
    if not isinstance(host, str) or host in {"", "localhost"} or host.startswith(("/", "\0")):
        return True  # no address of its own, the machine itself, or a Unix socket
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False  # any other name needs a name server


def _refuse_network(event: str, args: tuple[Any, ...]) -> None:
    position = _ADDRESS_OF.get(event)
    if position is not None and not _is_local(args[position]):
        _refused.append(f"{event} {args[position]!r}")
        raise NetworkRefused(f"pas de réseau dans les tests : {_refused[-1]}")


def pytest_configure() -> None:
    # An audit hook sees every socket, whatever library opened it, and cannot be patched away.
    sys.addaudithook(_refuse_network)


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test that swallowed the refusal of its network call."""
    _refused.clear()
    yield
    refused = tuple(_refused)
    _refused.clear()
    if refused and request.node.get_closest_marker("plants_network_fault") is None:
        pytest.fail("pas de réseau dans les tests : " + ", ".join(refused))


# --- Goldens ----------------------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-goldens", action="store_true", help="write expected files anew instead of comparing")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, bytes], None]:
    """Compares bytes with an expected file; a missing one fails. ``--update-goldens`` writes it instead."""
    update = bool(request.config.getoption("--update-goldens"))

    def compare(expected: Path, actual: bytes) -> None:
        name = expected.relative_to(PROJECT_ROOT) if expected.is_relative_to(PROJECT_ROOT) else expected
        if update:
            expected.parent.mkdir(parents=True, exist_ok=True)
            expected.write_bytes(actual)
        elif not expected.is_file():
            pytest.fail(f"{name} manque : relire puis écrire avec --update-goldens")
        elif expected.read_bytes() != actual:
            before, after = (data.decode("utf-8", "replace").splitlines() for data in (expected.read_bytes(), actual))
            changes = difflib.unified_diff(before, after, "attendu", "obtenu", n=1, lineterm="")
            shown = [line[:300] for line in itertools.islice(changes, 40)]
            pytest.fail("\n".join([f"{name} a changé (relire, puis --update-goldens) :", *shown]))

    return compare


# --- Official rules ---------------------------------------------------------------------------------------------

_skipped_conformance: list[str] = []


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Folder of the official rules; skips the test when it is not there."""
    if not SHARED.is_dir():
        pytest.skip(f"règles officielles absentes : {SHARED}")
    return SHARED


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if SHARED.is_dir():
        return
    for item in items:
        if item.get_closest_marker("conformance"):
            item.add_marker(pytest.mark.skip(reason=f"règles officielles absentes : {SHARED}"))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and "conformance" in report.keywords:
        _skipped_conformance.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _skipped_conformance and SHARED.is_dir() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _skipped_conformance:
        return
    count = len(_skipped_conformance)
    if SHARED.is_dir():
        terminalreporter.write_line(
            f"ÉCHEC : {count} TEST(S) DE CONFORMITÉ SAUTÉ(S) ALORS QUE LES RÈGLES OFFICIELLES SONT LÀ ({SHARED}) :",
            red=True,
        )
        for nodeid in _skipped_conformance:
            terminalreporter.write_line(f"  {nodeid}")
    else:
        terminalreporter.write_line(
            f"ATTENTION : {count} TEST(S) DE CONFORMITÉ SAUTÉ(S), RÈGLES OFFICIELLES ABSENTES ({SHARED}).",
            yellow=True,
        )
