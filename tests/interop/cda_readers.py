"""Independent readers of CDA on our documents: every sentence of the sheet must be found by one of them.

Both were written for the C-CDA of the United States: entries under French and IHE templates alone are not theirs.
"""

from __future__ import annotations

import subprocess
import time
import venv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from lxml import etree, html

from tests.interop.opinions import Opinion, Remark

HERE: Final = Path(__file__).resolve().parent
MEDPLUM: Final = HERE / "medplum"
CCDA_TO_FHIR: Final = "0.3"
LIMIT_S: Final = 600
_HEADER: Final = frozenset(
    {"Composition", "Patient", "Practitioner", "PractitionerRole", "Organization", "RelatedPerson", "Encounter"}
)


@dataclass(frozen=True, slots=True)
class Reader:
    """An installed reader: its name, its version, the command that reads the files named after it."""

    name: str
    version: str
    command: tuple[str, ...]


def medplum() -> Reader:
    """@medplum/ccda, from npm."""
    wanted, stamp = (MEDPLUM / "package.json").read_bytes(), MEDPLUM / "node_modules" / "installed-from.json"
    if not stamp.is_file() or stamp.read_bytes() != wanted:
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"]
        subprocess.run(command, cwd=MEDPLUM, check=True, timeout=LIMIT_S)
        stamp.write_bytes(wanted)
    version = orjson.loads(wanted)["dependencies"]["@medplum/ccda"]
    return Reader("medplum", version, ("node", str(MEDPLUM / "read.mjs")))


def ccda_to_fhir() -> Reader:
    """ccda-to-fhir, from PyPI, in an environment of its own."""
    folder = HERE / "target" / "ccda-to-fhir"
    python, stamp = folder / "bin" / "python", folder / "installed"
    wanted = [f"ccda-to-fhir=={CCDA_TO_FHIR}", "orjson"]
    if not stamp.is_file() or stamp.read_text("utf-8").split() != wanted:
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *wanted], check=True, timeout=LIMIT_S)
        stamp.write_text(" ".join(wanted), "utf-8")
    return Reader("ccda-to-fhir", CCDA_TO_FHIR, (str(python), "-I", str(HERE / "read_with_ccda_to_fhir.py")))


def judge(readers: Sequence[Reader], documents: Mapping[Path, bytes]) -> list[Opinion]:
    """One opinion a reader, and one on the sentences of the sheets that none of them found.

    Args:
        documents: CDA files, each with the sheet of the same visit.
    """
    wanted = {file: sentences(sheet) for file, sheet in documents.items()}
    missing = {file: set(told) for file, told in wanted.items()}
    opinions: list[Opinion] = []
    for reader in readers:
        start = time.monotonic()
        read = _read(reader, list(documents))
        lost = 0
        for file, told in wanted.items():
            text = _narrative(read[file].get("bundle", {}))
            unread = {one for one in told if one not in text}
            missing[file] &= unread
            lost += len(unread)
        said = f"{lost} des {sum(map(len, wanted.values()))} phrases du récit perdues ; {_entries(read)}"
        faults = tuple(
            Remark(file.name, "error", "", "exception", one["fault"]) for file, one in read.items() if "fault" in one
        )
        seconds = time.monotonic() - start
        opinions.append(Opinion(reader.name, reader.version, len(documents), seconds, faults, (said,)))
    unfound = tuple(
        Remark(file.name, "error", "", "sentences", f"{len(told)} sentences of the sheet were found by no reader")
        for file, told in missing.items()
        if told
    )
    return [*opinions, Opinion("lecture CDA", "", len(documents), 0.0, unfound)]


def sentences(sheet: bytes) -> set[str]:
    """Words of the clinical sections of a sheet, text by text; what only serves to click is left out."""
    found: set[str] = set()
    for section in html.fromstring(sheet.decode()).iterfind(".//main/section"):
        for link in section.findall(".//a"):
            link.text = None
        found.update(filter(None, (_plain(text) for text in section.itertext() if isinstance(text, str))))
    return found


def _read(reader: Reader, files: Sequence[Path]) -> dict[Path, dict[str, Any]]:
    run = subprocess.run([*reader.command, *map(str, files)], capture_output=True, check=True, timeout=LIMIT_S)
    return {Path(one["file"]): one for one in map(orjson.loads, run.stdout.splitlines())}


def _entries(read: Mapping[Path, dict[str, Any]]) -> str:
    kinds = Counter(
        entry["resource"]["resourceType"] for one in read.values() for entry in one.get("bundle", {}).get("entry", [])
    )
    return f"{sum(count for kind, count in kinds.items() if kind not in _HEADER)} ressources cliniques comprises."


def _narrative(bundle: dict[str, Any]) -> str:
    resources = (entry["resource"] for entry in bundle.get("entry", []))
    composition: dict[str, Any] = next((one for one in resources if one["resourceType"] == "Composition"), {})
    parts: list[str] = []
    parser = etree.XMLParser(recover=True, resolve_entities=False)
    for section in _sections(composition):
        parts.append(section["title"])
        if "text" in section:
            root = etree.fromstring(section["text"]["div"].encode(), parser)
            parts += (text for text in root.itertext() if isinstance(text, str))
    return _plain(" ".join(parts))


def _sections(holder: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for section in holder.get("section", []):
        yield section
        yield from _sections(section)


def _plain(text: str) -> str:
    return " ".join(text.split()).removesuffix(" :")
