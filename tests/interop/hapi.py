"""HAPI FHIR's validator on all that we make in FHIR."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.interop.maven import Program
from tests.interop.opinions import Opinion, Remark

JUDGE: Final = "HAPI"
PROGRAM: Final = Program("fhir", "judge.FhirJudge", "hapi.version")


def judge(packages: Path, files: Sequence[Path]) -> Opinion:
    """What HAPI says of `files`, with the profiles of `packages`.

    Raises:
        RuntimeError: a file was not judged.
    """
    start = time.monotonic()
    said = PROGRAM.run([str(packages), *map(str, files)])
    judged = {line.partition("\t")[0] for line in said if line.endswith("\tjudged")}
    if missing := {str(f) for f in files} - judged:
        raise RuntimeError(f"{len(missing)} files were not judged")
    remarks = tuple(_remark(line) for line in said if line.count("\t") == 4 and "\tinformation\t" not in line)
    return Opinion(JUDGE, PROGRAM.version, len(judged), time.monotonic() - start, remarks)


def _remark(line: str) -> Remark:
    file, severity, place, rule, text = line.split("\t")
    return Remark(Path(file).name, "warning" if severity == "warning" else "error", place, rule, text)


__all__ = ["JUDGE", "PROGRAM", "judge"]
