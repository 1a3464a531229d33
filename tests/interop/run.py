"""Second opinions: everything that we make, before programs that nobody here wrote. Prints one table."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from adapter.api import convert
from tests.interop import cda_readers, fhir_documents, hapi, hapi_server, ipf_endpoints, maven, planted_table
from tests.interop.opinions import Accepted, Opinion, read_accepted, stale, table, unlisted
from tests.samples_kept import VISITS

Judge = Callable[[Path, Path], list[Opinion]]
ROOT: Final = Path(__file__).resolve().parents[2]
ACCEPTED: Final = Path(__file__).with_name("accepted.toml")
PAGE: Final = ROOT / "docs" / "interop.md"
SHOWN: Final = 20
_CANNOT: Final = (RuntimeError, OSError, subprocess.SubprocessError)


def main(
    argv: Sequence[str] | None = None, *, judges: Mapping[str, Judge] | None = None, accepted: Path = ACCEPTED
) -> int:
    """Exit code: 0 when every error and warning is listed with its reason, 1 otherwise, 2 when a judge cannot run.

    Args:
        argv: of the command line. ``judges``: those to ask, by name; all of them otherwise.
    """
    start = time.monotonic()
    known = JUDGES if judges is None else judges
    asked = _parser(known).parse_args(argv)
    absent = [*maven.missing(), *([] if asked.shared.is_dir() else [f"les règles officielles ({asked.shared})"])]
    if absent:
        print(f"ATTENTION : seconds avis impossibles, il manque : {', '.join(absent)}.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        if asked.planted:
            code = _plant(asked.shared, Path(folder))
        else:
            names = asked.only or list(known)
            code = _ask({name: known[name] for name in names}, asked.shared, Path(folder), read_accepted(accepted))
    print(f"En tout : {time.monotonic() - start:.0f} s.")
    return code


def _parser(known: Mapping[str, Judge]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/interop", description="Seconds avis de programmes étrangers.")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared", help="dossier des règles officielles")
    parser.add_argument("--only", action="append", choices=list(known), help="un seul juge (répétable)")
    parser.add_argument(
        "--planted", action="store_true", help="montre à chaque juge des fautes semées, et réécrit docs/interop.md"
    )
    return parser


def _ask(judges: Mapping[str, Judge], shared: Path, folder: Path, accepted: Sequence[Accepted]) -> int:
    opinions: list[Opinion] = []
    silent = False
    for rank, (name, ask) in enumerate(judges.items(), 1):
        _progress(f"[{rank}/{len(judges)}] {name}…")
        try:
            opinions += ask(shared, folder)
        except _CANNOT as fault:
            silent = True
            _progress(f"ATTENTION : le juge {name} n'a pas pu se prononcer ({type(fault).__name__}) : {fault}")
    print(table(opinions, accepted))
    failed = _told(opinions, accepted)
    return 2 if silent else int(failed)


def _told(opinions: Sequence[Opinion], accepted: Sequence[Accepted]) -> bool:
    """Prints what is open; True when anything is."""
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
    return failed


def _plant(shared: Path, folder: Path) -> int:
    from tests.interop.planted_judges import foreign_columns
    from tests.interop.planted_own import own_columns

    columns = own_columns()
    unseen = planted_table.unseen_by_ours(columns)
    try:
        hapi.PROGRAM.build()
        ipf_endpoints.PROGRAM.build()
        for one in foreign_columns(shared, folder):
            _progress(f"{one.family} {one.judge} : {len(one.seen)} fautes vues, {len(one.unseen)} non vues")
            columns.append(one)
    except _CANNOT as fault:
        _progress(f"ATTENTION : un juge n'a pas pu se prononcer ({type(fault).__name__}) : {fault}")
        return 2
    text = planted_table.tables(columns)
    print(text)
    PAGE.write_text(planted_table.within(PAGE.read_text("utf-8"), text), "utf-8")
    for name in unseen:
        print(f"Faute vue d'aucun de nos juges : {name}.")
    return int(bool(unseen))


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _hapi(shared: Path, folder: Path) -> list[Opinion]:
    hapi.PROGRAM.build()
    files = [file for write in fhir_documents.WRITERS for file in write(folder)]
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


JUDGES: Final[Mapping[str, Judge]] = {"hapi": _hapi, "hapi-jpa": _hapi_server, "ipf": _ipf, "cda": _cda}

if __name__ == "__main__":
    sys.exit(main())
