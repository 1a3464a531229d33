"""Tables of ``mappings/`` as one value: ``load`` for those who look up, ``check`` for those who change a table."""

from __future__ import annotations

from adapter.mapping.checks import check, visit_vocabulary
from adapter.mapping.completeness import Needs, needs_of_the_package, visit_fields
from adapter.mapping.loader import Mappings, default_directory, load, load_files
from adapter.mapping.overlay import TableFiles, files_of, merged
from adapter.mapping.spec import DocumentSpec, FhirSectionSpec, SectionSpec

__all__ = [
    "DocumentSpec",
    "FhirSectionSpec",
    "Mappings",
    "Needs",
    "SectionSpec",
    "TableFiles",
    "check",
    "default_directory",
    "files_of",
    "load",
    "load_files",
    "merged",
    "needs_of_the_package",
    "visit_fields",
    "visit_vocabulary",
]
