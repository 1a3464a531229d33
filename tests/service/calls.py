"""How tests call the service."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from httpx import Client, Response

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLES = ROOT / "samples" / "visits"
JSON = {"Content-Type": "application/json"}
INS = {"root": "1.2.250.1.213.1.4.10", "value": "252034410921797"}  # of S1, fictitious


def sample(name: str) -> bytes:
    """Bytes of a sample visit."""
    return (SAMPLES / f"{name}.json").read_bytes()


S1, S4, S5, S7 = sample("s1.exhaustive"), sample("s4.exhaustive"), sample("s5.exhaustive"), sample("s7.required")


def changed(visit: bytes, **changes: Any) -> bytes:
    """A visit with other values for some of its fields."""
    return json.dumps({**json.loads(visit), **changes}).encode()


def post(client: Client, path: str, body: bytes | dict[str, Any], **headers: str) -> Response:
    """Answer to a body of JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(path, content=content, headers={**JSON, **headers})


def problem(answer: Response, status: int, name: str) -> Any:
    """The problem of an answer, which is of this kind."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    told = answer.json()
    assert told["type"] == f"urn:dmp-adapter:problem:{name}", told
    assert told["status"] == status
    return told


def settled(client: Client, number: int) -> Any:
    """A deposit, once nothing more happens to it by itself."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        told = client.get(f"/v1/submissions/{number}").json()
        if told["settled"]:
            return told
        time.sleep(0.05)
    raise AssertionError(f"deposit {number} is still {told['state']}")
