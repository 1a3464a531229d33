"""Second opinions: everything that we make, before programs that nobody here wrote. Prints one table."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from adapter.api import convert
from tests.interop import cda_readers, fhir_documents, hapi, hapi_server, ipf_endpoints, maven
from tests.interop.opinions import Opinion, read_accepted, stale, table, unlisted
from tests.samples_kept import VISITS

ROOT = Path(__file__).resolve().parents[2]
SHOWN = 20


def main() -> int:
    """Exit code: 0 when every error and warning is listed with its reason, 1 otherwise, 2 when a judge cannot run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared", help="folder of the official rules")
    shared: Path = parser.parse_args().shared
    absent = [*maven.missing(), *([] if shared.is_dir() else ["official rules"])]
    if absent:
        print(f"ATTENTION : seconds avis impossibles, il manque : {', '.join(absent)}.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        opinions = [one for ask in JUDGES for one in ask(shared, Path(folder))]
    accepted = read_accepted(Path(__file__).with_name("accepted.toml"))
    print(table(opinions, accepted))
    failed = False
    for opinion in opinions:
        for sentence in opinion.lost:
            print(f"{opinion.judge} : {sentence}")
        open_ones = unlisted(opinion, accepted)
        failed = failed or bool(open_ones)
        for remark in open_ones[:SHOWN]:
            print(f"{opinion.judge} {remark.severity} {remark.document} {remark.place} {remark.rule} {remark.text}")
    for entry in stale(opinions, accepted):
        failed = True
        print(f"{entry.judge} : entrée sans objet dans accepted.toml ({entry.rule.pattern}).")
    return int(failed)


def _hapi(shared: Path, folder: Path) -> list[Opinion]:
    hapi.PROGRAM.build()
    writers = (
        fhir_documents.write_documents,
        fhir_documents.write_requests,
        fhir_documents.write_terminology,
        fhir_documents.write_audit,
    )
    files = [file for write in writers for file in write(folder)]
    return [hapi.judge(shared / "fhir" / "packages", files)]


def _hapi_server(shared: Path, folder: Path) -> list[Opinion]:
    hapi_server.PROGRAM.build()
    return [hapi_server.judge()]


def _ipf(shared: Path, folder: Path) -> list[Opinion]:
    ipf_endpoints.PROGRAM.build()
    return [ipf_endpoints.judge()]


def _cda(shared: Path, folder: Path) -> list[Opinion]:
    documents: dict[Path, bytes] = {}
    for visit in VISITS:
        done = convert(visit.read_bytes(), self_check=False)
        file = folder / f"{visit.stem}.xml"
        file.write_bytes(done.cda)
        documents[file] = done.sheet
    return cda_readers.judge([cda_readers.medplum(), cda_readers.ccda_to_fhir()], documents)


JUDGES: tuple[Callable[[Path, Path], list[Opinion]], ...] = (_hapi, _hapi_server, _ipf, _cda)

if __name__ == "__main__":
    sys.exit(main())
