"""The page of the HTTP service: its curl lines run against the real process, its snippets call what exists."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Client

from adapter.dmp.simulator import serve as simulator
from adapter.settings import read_settings
from tests.cli.runs import ROOT, environment
from tests.service.processes import Running, serve

PAGE = (ROOT / "docs" / "service.md").read_text("utf-8")
COLLECTION = (ROOT / "docs" / "service.http").read_text("utf-8")
BLOCKS = dict(re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
DEFAULT = "http://127.0.0.1:8765"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The service and a DMP, each on a port of its own."""
    with simulator() as dmp, serve(tmp_path_factory.mktemp("service"), dmp=dmp.base_url) as found:
        yield found


def _needs(program: str) -> str:
    """Path of a program; without it the test is skipped loudly, and fails on the CI."""
    found = shutil.which(program)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{program} manque : l'installer avant les tests.")
        pytest.skip(f"ATTENTION : {program} absent, ses exemples ne sont pas joués.")
    return found


def test_the_blocks_are_found() -> None:
    assert set(BLOCKS) == {"console", "sh", "toml", "csharp", "pascal", "java", "php"}


def test_the_curl_lines_run(running: Running, tmp_path: Path) -> None:
    _needs("curl")
    bash = _needs("bash")
    shutil.copytree(ROOT / "samples" / "visits", tmp_path / "samples" / "visits")
    lines = BLOCKS["sh"]
    assert lines.startswith(f"SERVICE={DEFAULT}\n")
    run = subprocess.run(
        [bash, "-euo", "pipefail", "-c", lines.replace(DEFAULT, running.address)],
        cwd=tmp_path,
        env=environment(no_proxy="127.0.0.1"),
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, (run.stdout, run.stderr)
    told: dict[str, Any] = {path.name: json.loads(path.read_bytes()) for path in tmp_path.glob("*.json")}
    assert told["depot.json"]["state"] == "confirmed"
    assert told["recu.json"]["unique_ids"] == [one["unique_id"] for one in told["documents-dmp.json"]["documents"]]
    assert set(told["documents.json"]["forms"]) == {"cda", "fhir", "sheet"}
    assert told["apercu.json"]["may_be_sent"] is True
    assert (tmp_path / "synthese.xml").read_text("utf-8") == told["documents.json"]["forms"]["cda"]["content"]
    assert (tmp_path / "fiche.html").read_bytes().lower().startswith(b"<!doctype html")


def test_the_java_program_runs(running: Running, tmp_path: Path) -> None:
    java = _needs("java")
    (tmp_path / "Deposer.java").write_text(BLOCKS["java"], "utf-8")
    for visit, code, said in (("s7.required", 0, "En file : /v1/submissions/"), ("s4.required", 1, "Refus 422")):
        run = subprocess.run(
            [java, "-Xshare:auto", "Deposer.java", str(ROOT / "samples" / "visits" / f"{visit}.json"), running.address],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        assert (run.returncode, said in run.stdout) == (code, True), (run.stdout, run.stderr)


def test_every_snippet_and_request_calls_what_exists(running: Running) -> None:
    with Client(base_url=running.address, trust_env=False) as client:
        paths = client.get("/openapi.json").json()["paths"]
    known = {
        (method.upper(), re.compile(re.sub(r"\{\w+\}", r"[^/:]+", path.replace(".", r"\."))))
        for path, methods in paths.items()
        for method in methods
    }
    asked = [
        (method, address.partition("?")[0])
        for method, address in re.findall(r"^(GET|POST) \{\{service\}\}(\S+)$", COLLECTION, re.MULTILINE)
    ]
    assert len(asked) >= 20
    for language in ("csharp", "pascal", "java", "php"):
        (path,) = re.findall(r"/v1/[\w:/]+", BLOCKS[language])
        asked.append(("POST", path))
    for method, path in asked:
        plain = path.replace("{{depot}}", "1").replace("{{document}}", "1.2")
        assert any(verb == method and shape.fullmatch(plain) for verb, shape in known), (method, path)
    for file in re.findall(r"^< \.\./(\S+)$", COLLECTION, re.MULTILINE):
        assert (ROOT / file).exists()


def test_the_settings_shown_are_accepted(tmp_path: Path) -> None:
    (tmp_path / "reglages.toml").write_text(BLOCKS["toml"], "utf-8")
    read = read_settings(tmp_path / "reglages.toml", environment={}).service
    assert (read.port, set(read.clients)) == (8765, {"cabinet"})


def test_the_links_of_the_page_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / target).exists(), target
