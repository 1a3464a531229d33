"""The thread that delivers what is queued, for as long as the service runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Final

from adapter.api.sending import Server, destinations
from adapter.errors import AdapterError
from adapter.outbox import Outbox, Worker

POLL_S: Final = 0.25
PAUSE_S: Final = 10.0  # after a fault, before it is tried again

_log = logging.getLogger("adapter.service")


class Delivery:
    """A worker on the queue, started and stopped with the service."""

    def __init__(self, outbox: Outbox, servers: Sequence[Server]) -> None:
        self._worker = Worker(outbox, destinations(servers))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)
        self._fault = ""

    def start(self) -> None:
        """Starts to deliver."""
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """True when the deposit in hand is finished; False when time is over.

        What was left in the middle is searched in the DMP by the next worker before anything is sent again.
        """
        self._stop.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        """True while deposits are being delivered."""
        return self._thread.is_alive() and not self._fault

    def _run(self) -> None:
        while not self._stop.is_set():
            self._fault = ""
            try:
                self._worker.run(self._stop, POLL_S)
            except AdapterError as fault:  # of the queue, or of the keys that open a DMP
                self._fault = str(fault)
                _log.error("envois arrêtés : %s", fault)
                self._stop.wait(PAUSE_S)
                continue
            return
