"""Counters for a monitoring system, by operation and status: nothing of a patient, of a visit or of an address.

Source: Prometheus text exposition format 0.0.4.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_UNKNOWN: Final = "unknown"

_log = logging.getLogger("adapter.service")


class Metrics:
    """Counts what was answered; safe between threads.

    Args:
        access_log: one line a request, with its operation, status, duration and number, and the client's name.
    """

    def __init__(self, access_log: bool = False) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._buckets: Counter[tuple[str, float]] = Counter()
        self._seconds: Counter[str] = Counter()
        self._access_log = access_log

    def count(self, scope: Mapping[str, Any], status: int, seconds: float) -> None:
        """Notes one request that ended."""
        operation = getattr(scope.get("route"), "operation_id", None) or _UNKNOWN
        with self._lock:
            self._requests[operation, status] += 1
            self._seconds[operation] += seconds  # type: ignore[assignment]  # a Counter adds floats as well
            for bound in _BOUNDS_S:
                if seconds <= bound:
                    self._buckets[operation, bound] += 1
        if self._access_log:
            state = scope.get("state", {})
            client, number = state.get("client", "-"), state.get("request_id", "-")
            _log.info("%s %s %d %.0f ms %s", client, operation, status, seconds * 1e3, number)

    def text(self, gauges: Iterable[tuple[str, str, Mapping[str, float]]]) -> str:
        """Everything in the text format.

        Args:
            gauges: name, help, and value by labels (``state="queued"``; empty for none).
        """
        with self._lock:
            requests, buckets, seconds = dict(self._requests), dict(self._buckets), dict(self._seconds)
        lines = ["# HELP dmp_adapter_requests_total Réponses par opération et code."]
        lines.append(_type("requests_total", "counter"))
        counts: Counter[str] = Counter()
        for (operation, status), count in sorted(requests.items()):
            counts[operation] += count
            lines.append(f'dmp_adapter_requests_total{{operation="{operation}",status="{status}"}} {count}')
        lines.append("# HELP dmp_adapter_request_seconds Durée des réponses.")
        lines.append(_type("request_seconds", "histogram"))
        for operation, count in sorted(counts.items()):
            for bound in _BOUNDS_S:
                value = buckets.get((operation, bound), 0)
                lines.append(f'dmp_adapter_request_seconds_bucket{{operation="{operation}",le="{bound:g}"}} {value}')
            lines.append(f'dmp_adapter_request_seconds_bucket{{operation="{operation}",le="+Inf"}} {count}')
            lines.append(f'dmp_adapter_request_seconds_sum{{operation="{operation}"}} {seconds[operation]:.6f}')
            lines.append(f'dmp_adapter_request_seconds_count{{operation="{operation}"}} {count}')
        for name, told, values in gauges:
            lines += [f"# HELP dmp_adapter_{name} {told}", _type(name, "gauge")]
            lines += [f"dmp_adapter_{name}{{{labels}}} {value:g}" for labels, value in sorted(values.items()) if labels]
            lines += [f"dmp_adapter_{name} {value:g}" for labels, value in values.items() if not labels]
        return "\n".join(lines) + "\n"


def _type(name: str, kind: str) -> str:
    return f"# TYPE dmp_adapter_{name} {kind}"
