"""Runs the commands of the demo as a user would: the documents in one table, then their life in a DMP."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import demo_dmp  # beside this script, which is the folder that Python looks in first

SAMPLES = Path("samples/visits")
COLUMNS = "{:36} {:>9} {:>9} {:>9} {:>8} {:>14}  {}"
HEAD = COLUMNS.format("visite", "CDA", "FHIR", "fiche", "erreurs", "avertissements", "CDA = FHIR")


def main() -> int:
    """Exit code of the demo: 0 when every visit gave its three documents, all sound and in agreement.

    With ``--wire xds``: the life in a DMP only, over the wire of production.
    """
    parser = argparse.ArgumentParser(description="Démonstration de l'adaptateur.")
    parser.add_argument("--wire", choices=("pdsm", "xds"), default="pdsm", help="voie vers le DMP d'essai")
    wire = parser.parse_args().wire
    if wire == "xds":
        with tempfile.TemporaryDirectory() as folder:
            return demo_dmp.main(Path(folder), wire)
    visits = sorted(SAMPLES.glob("*.json"))
    if not visits:
        sys.stderr.write("ERREUR : aucune visite dans samples/visits.\n")
        return 1
    kept = os.environ.get("DEMO_OUT")
    with contextlib.nullcontext(kept) if kept else tempfile.TemporaryDirectory() as folder:
        code = _show(visits, Path(folder))
    if code:
        return code
    _say("")
    with tempfile.TemporaryDirectory() as folder:
        return demo_dmp.main(Path(folder))


def _show(visits: list[Path], out: Path) -> int:
    code, converted, took = _run("convert", *map(str, visits), "--to", "all", "--out", str(out))
    _say(f"Conversion : {len(visits)} visites en {took:.2f} s (processus compris), code de retour {code}.")
    written = [out / name for entry in converted["files"] for name in entry["written"]]
    documents = [path for path in written if path.suffix != ".html"]
    if not documents:
        _say("ÉCHEC : la conversion n'a rien produit.")
        for entry in converted["files"]:
            for found in entry["findings"]:
                _say(f"  {entry['file']} : {found['severity']} {found['rule']} {found['path']}")
        return code or 1
    validated, judged, took = _run("validate", *map(str, documents), "--agree")
    _say(f"Validation : {len(documents)} documents en {took:.2f} s, code de retour {validated}.\n")
    told = {entry["file"]: entry for entry in judged["files"]}
    _say(HEAD)
    sound = True
    for entry in converted["files"]:
        line, good = _line(entry, told, out)
        sound = sound and good
        _say(line)
    errors, warnings = (converted[key] + judged[key] for key in ("errors", "warnings"))
    _say(f"\n{len(written)} documents, {errors} erreur(s), {warnings} avertissement(s).")
    if os.environ.get("DEMO_OUT"):
        _say(f"Résultats dans {out}.")
    sound = sound and not (code or validated or errors)
    _say("Tout est conforme à nos règles et concordant." if sound else "ÉCHEC : voir ci-dessus.")
    return 0 if sound else (code or validated or 1)


def _line(entry: dict[str, Any], told: dict[str, Any], out: Path) -> tuple[str, bool]:
    """Line of one visit, and whether its three documents exist, are sound and agree."""
    paths = {name.partition(".")[2]: out / name for name in entry["written"]}
    sizes = [f"{paths[kind].stat().st_size / 1000:.1f} ko" if kind in paths else "-" for kind in KINDS]
    cda, bundle = (str(paths.get(kind, "")) for kind in KINDS[:2])
    judged = [told[name] for name in (cda, bundle, f"{cda} = {bundle}") if name in told]
    findings = [found for one in (entry, *judged) for found in one["findings"]]
    errors = sum(found["severity"] == "error" for found in findings)
    agree = len(judged) == 3 and judged[2]["valid"]
    name = Path(entry["file"]).stem
    line = COLUMNS.format(name, *sizes, errors, len(findings) - errors, "oui" if agree else "NON")
    return line, agree and not errors and len(paths) == len(KINDS)


KINDS = ("cda.xml", "bundle.json", "sheet.html")


def _run(*args: str) -> tuple[int, dict[str, Any], float]:
    """Exit code, JSON answer and seconds of one command; what it says on standard error is passed on."""
    started = time.perf_counter()
    run = subprocess.run(  # noqa: S603  # our own command on our own samples
        [sys.executable, "-m", "adapter", *args, "--format", "json"], stdout=subprocess.PIPE, check=False
    )
    took = time.perf_counter() - started
    return run.returncode, json.loads(run.stdout or b'{"files": [], "errors": 1, "warnings": 0}'), took


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
