"""The official rules judge every sample's outputs, freshly made in this run, and what the kept goldens say."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from adapter.api import convert, render_cda_n1
from tests.judges import refused
from tests.samples_kept import VISITS

pytestmark = pytest.mark.conformance

PDF = b"%PDF-1.4\n%fictitious\n%%EOF\n"


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of all forms of all samples."""
    folder = tmp_path_factory.mktemp("outputs")
    for visit in VISITS:
        done = convert(visit.read_bytes())
        name = visit.name.removesuffix(".json")
        (folder / f"{name}.xml").write_bytes(done.cda)
        (folder / f"{name}.json").write_bytes(done.bundle)
        (folder / f"{name}.n1.xml").write_bytes(render_cda_n1(done.document, PDF))
    return folder


def test_every_cda_passes_schema_and_schematrons(outputs: Path, shared_dir: Path) -> None:
    files = sorted(outputs.glob("*.xml"))
    assert len(files) == 2 * len(VISITS)
    assert refused(shared_dir, "check_cda", files, "--profile", "generic") == ""


def test_a_section_of_words_alone_claims_no_model_that_wants_entries(shared_dir: Path, tmp_path: Path) -> None:
    visit = orjson.loads(next(v for v in VISITS if v.name == "s1.required.json").read_bytes())
    visit["nutrition"] = {"comment": "Mange peu, boit bien."}
    done = convert(orjson.dumps(visit))
    (symptoms,) = (section for section in done.document.sections if section.key == "symptoms")
    assert symptoms.blocks
    assert not symptoms.entries
    file = tmp_path / "words.xml"
    file.write_bytes(done.cda)
    assert refused(shared_dir, "check_cda", [file], "--profile", "generic") == ""


def test_every_bundle_passes_the_profiles_that_it_declares(outputs: Path, shared_dir: Path) -> None:
    files = sorted(outputs.glob("*.json"))
    assert len(files) == len(VISITS)
    assert refused(shared_dir, "check_fhir", files, "--profile", "fr-bundle-document") == ""


def test_the_judges_bite(outputs: Path, shared_dir: Path, tmp_path: Path) -> None:
    cda = (outputs / "s1.exhaustive.xml").read_text("utf-8")
    broken = tmp_path / "broken.xml"
    broken.write_text(cda.replace('typeCode="PRF"', 'typeCode="PRX"'), "utf-8")
    assert "error" in refused(shared_dir, "check_cda", [broken], "--profile", "generic")
    bundle = (outputs / "s1.exhaustive.json").read_text("utf-8")
    broken = tmp_path / "broken.json"
    broken.write_text(bundle.replace('"confidentiality":"N",', ""), "utf-8")
    assert "error" in refused(shared_dir, "check_fhir", [broken])
