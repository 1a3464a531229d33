"""Run in an environment of its own: what ccda-to-fhir makes of each CDA document named on the command line.

One line of JSON each, the file and the FHIR Bundle.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import orjson
from ccda_to_fhir import convert_document  # type: ignore[import-not-found]  # lives in its own environment

logging.disable(logging.CRITICAL)
for file in sys.argv[1:]:
    bundle = convert_document(Path(file).read_text("utf-8"))["bundle"]
    sys.stdout.buffer.write(orjson.dumps({"file": file, "bundle": bundle}, default=str) + b"\n")
