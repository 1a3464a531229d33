"""The official judge on everything we print: XML Schema and every schematron layer of the ANS kit."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapter.cda import render, render_n1
from adapter.model.document import Bullets, Document, Item, Paragraph
from tests import documents

pytestmark = pytest.mark.conformance

# Templates that each section may claim when it has no entry; ../shared judges them below.
CCD = "2.16.840.1.113883.10.20.1"
PCC = "1.3.6.1.4.1.19376.1.5.3.1"
FR = "1.2.250.1.213.1.1.2"
TEXT_ONLY = {
    "problems": (f"{CCD}.11",),
    "history": (),
    "allergies": (f"{CCD}.2",),
    "treatments": (f"{CCD}.8",),
    "functional": (f"{CCD}.5", f"{PCC}.3.17"),
    "pain": (),
    "performance": (f"{PCC}.1.12.2.5", f"{FR}.115"),
    "symptoms": (f"{PCC}.1.21.2.9",),
    "vital-signs": (f"{CCD}.16", f"{PCC}.3.25"),
    "directives": (f"{CCD}.1", f"{PCC}.3.34"),
    "social": (f"{CCD}.15", f"{PCC}.3.16", f"{FR}.140"),
    "plan": (f"{CCD}.10", f"{PCC}.3.31", f"{FR}.154"),
}


def text_only_document() -> Document:
    """Every section as words alone; joined files have no such form."""
    document = documents.full_document()
    every = [*document.sections, *(child for section in document.sections for child in section.sections)]
    sections = tuple(
        replace(
            section,
            template_ids=TEXT_ONLY.get(section.key, section.template_ids),
            blocks=(Paragraph("Non renseigné."),),
            entries=(),
            sections=(),
        )
        for section in every
        if section.key != "attachments"
    )
    return replace(document, sections=sections)


def hostile_document() -> Document:
    """Words made to break a printer, in narrative, entries, names and titles."""
    words = "]]><script>alert(\"1\")</script> & 'x' \u0153\u2019 \U0001f600\r\n<!-- -->\t{slot} %s \\"
    document = documents.full_document()
    problem = documents.problems().entries[0]
    conclusions = replace(
        documents.conclusions(), blocks=(Paragraph(words, label=words), Bullets((Item(words, label=words),), words))
    )
    return replace(
        document,
        title=words,
        patient=replace(document.patient, used_family=words, birth_place_name=words),
        sections=(replace(documents.problems(), entries=(problem,)), conclusions),
    )


def check(shared: Path, paths: list[Path]) -> list[dict[str, Any]]:
    """Errors of the official judge on `paths`."""
    run = subprocess.run(
        [sys.executable, str(shared / "tools" / "check_cda.py"), "--json", *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode in (0, 1), run.stderr
    return [finding for finding in _findings(json.loads(run.stdout)) if finding["level"] == "error"]


def _findings(answer: Any) -> list[dict[str, Any]]:
    if isinstance(answer, dict):
        if "level" in answer:
            return [answer]
        return [finding for value in answer.values() for finding in _findings(value)]
    if isinstance(answer, list):
        return [finding for value in answer for finding in _findings(value)]
    return []


def test_the_official_rules_find_nothing(shared_dir: Path, tmp_path: Path) -> None:
    printed = {
        "full": render(documents.full_document()),
        "minimal": render(documents.minimal_document()),
        "colleague": render(documents.colleague_document()),
        "locum": render(documents.locum_document()),
        "text-only": render(text_only_document()),
        "hostile": render(hostile_document()),
        "n1": render_n1(documents.full_document(), documents.PDF),
        # Tries the judge itself: a document without title must not pass.
        "planted": render(documents.minimal_document()).replace(b"<title>", b"<!--", 1).replace(b"</title>", b"-->", 1),
    }
    paths = []
    for name, content in printed.items():
        path = tmp_path / f"{name}.xml"
        path.write_bytes(content)
        paths.append(path)
    errors = check(shared_dir, paths)
    assert {Path(error["file"]).stem for error in errors} <= {"planted"}, errors
    assert errors
