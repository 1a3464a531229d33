"""The official profiles judge the Bundle of each shared document, and bite when one is planted wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.fhir import render
from tests.documents import (
    colleague_document,
    full_document,
    locum_document,
    minimal_document,
)
from tests.fhir.bundles import declared
from tests.judges import refused

pytestmark = pytest.mark.conformance


def test_every_bundle_meets_the_profiles_that_it_declares(shared_dir: Path, tmp_path: Path) -> None:
    files: list[Path] = []
    for make in (full_document, colleague_document, locum_document, minimal_document):
        file = tmp_path / f"{make.__name__}.json"
        file.write_bytes(render(declared(make())))
        files.append(file)
    assert refused(shared_dir, "check_fhir", files, "--profile", "fr-bundle-document") == ""


def test_the_judge_sees_a_missing_confidentiality(shared_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "planted.json"
    data = render(declared(minimal_document()))
    file.write_bytes(data.replace(b'"confidentiality":"N",', b""))
    assert "confidentiality" in refused(shared_dir, "check_fhir", [file])
