"""The thread that delivers: it outlives the faults of the queue and of the keys, and says when it does not work."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from httpx import Client

from adapter.api.mailing import MssMailbox, mail
from adapter.api.sending import DmpServer, open_outbox
from adapter.errors import AdapterError
from adapter.outbox import OutboxFull, Worker
from adapter.service import delivery
from adapter.service.delivery import Delivery
from tests.dmp.xdm.operator import AUTHORITY, operator
from tests.service.calls import S7, post, problem, settled
from tests.service.conftest import Opening
from tests.service.processes import serve

AWAY = DmpServer("http://127.0.0.1:9", name="essai")


@pytest.mark.parametrize("fault", [OutboxFull("Le disque est plein."), AdapterError("La clé est illisible.")])
def test_it_pauses_after_a_fault_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: AdapterError, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[bool] = []
    again = threading.Event()

    def run(worker: Worker, stop: threading.Event, poll_s: float) -> None:
        tries.append(found.alive)
        if len(tries) == 1:
            raise fault
        again.set()
        stop.wait()

    monkeypatch.setattr(Worker, "run", run)
    monkeypatch.setattr(delivery, "PAUSE_S", 0.05)
    with open_outbox(f"sqlite:///{tmp_path / 'q.db'}", key="") as outbox:
        found = Delivery(outbox, [AWAY])
        found.start()
        assert again.wait(30)
        assert found.alive
        assert found.stop(30)
    assert tries == [True, True]
    assert str(fault) in caplog.text
    assert not found.alive


def test_a_service_whose_deliveries_stopped_is_not_ready(opened: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(worker: Worker, stop: threading.Event, poll_s: float) -> None:
        raise OutboxFull("Le disque est plein.")

    monkeypatch.setattr(Worker, "run", full)
    client = opened(AWAY)
    end = time.monotonic() + 20
    while client.get("/readyz").status_code == 200 and time.monotonic() < end:
        time.sleep(0.02)
    told = problem(client.get("/readyz"), 503, "not-ready")
    assert told["checks"] == {"queue": True, "delivery": False}
    assert "dmp_adapter_delivery_up 0" in client.get("/metrics").text
    assert client.get("/healthz").status_code == 200
    assert post(client, "/v1/visits:validate", b"{}").status_code == 200


def test_a_stop_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leave = threading.Event()
    monkeypatch.setattr(Worker, "run", lambda worker, stop, poll_s: leave.wait(30))
    with open_outbox(f"sqlite:///{tmp_path / 'q.db'}", key="") as outbox:
        found = Delivery(outbox, [AWAY])
        found.start()
        assert not found.stop(0.05)
        leave.set()
        assert found.stop(30)


def test_a_mail_in_the_queue_leaves_too(tmp_path: Path) -> None:
    with operator() as post_office:
        box = MssMailbox(
            "127.0.0.1", "dr.eveno@test.mssante.fr", "123456", post_office.port, "cabinet", ca_bundle=AUTHORITY
        )
        table = (
            f'[mailboxes.cabinet]\nhost = "{box.host}"\nport = {box.port}\naddress = "{box.address}"\n'
            f'nil = "{box.nil}"\nca_bundle = "{box.ca_bundle}"'
        )
        with serve(tmp_path, table) as running, Client(base_url=running.address, trust_env=False) as client:
            with open_outbox(f"sqlite:///{tmp_path / 'envois.db'}", key="") as outbox:
                mailed = mail(S7, outbox, box, ["infirmier@test.mssante.fr"])
            told = settled(client, mailed.rows[0].id)
            assert (told["state"], told["form"], told["destination"]) == ("accepted", "xdm", "cabinet")
            assert len(post_office.received) == 1
            assert client.get("/readyz").json()["checks"] == {"queue": True, "delivery": True}
